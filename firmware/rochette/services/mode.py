"""The mode: one word for what the payload as a whole is doing (enum Mode)."""

from rochette.tables import EV_SYSTEM_MODE_CHANGED, MODE_STARTING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.services.events import Events


class ModeKeeper:
    """`value` is the present mode; set() changes it and says so."""

    def __init__(self, events: "Events") -> None:
        self.value = MODE_STARTING
        self._events = events

    def get(self) -> int:
        """The present mode, for a telemetry channel."""
        return self.value

    def set(self, mode: int) -> None:
        """Change to `mode` (a MODE_ constant); one event for each change. Allocates nothing."""
        if mode != self.value:
            before = self.value
            self.value = mode
            self._events.emit(EV_SYSTEM_MODE_CHANGED, before, mode)
