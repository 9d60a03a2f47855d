"""The mode: one word for what the payload as a whole is doing (enum Mode)."""

from rochette.tables import EV_SYSTEM_MODE_CHANGED, MODE_DEGRADED, MODE_IDLE, MODE_STARTING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from rochette.services.events import Events


def _whole() -> int:
    """Stands where nobody tells of hardware that is out of use."""
    return 0


class ModeKeeper:
    """`value` is the present mode; set() changes it and says so. While `degraded()` is not 0, what would be
    IDLE is DEGRADED."""

    def __init__(self, events: "Events") -> None:
        self.value = MODE_STARTING
        self.degraded: "Callable[[], int]" = _whole
        self._events = events

    def get(self) -> int:
        """The present mode, for a telemetry channel."""
        return self.value

    def set(self, mode: int) -> None:
        """Change to `mode` (a MODE_ constant); one event for each change. Allocates nothing."""
        if mode == MODE_IDLE and self.degraded():
            mode = MODE_DEGRADED
        if mode != self.value:
            before = self.value
            self.value = mode
            self._events.emit(EV_SYSTEM_MODE_CHANGED, before, mode)
