"""Emergency-stop loop: normally closed, so that a cut wire stops too."""

from rochette.hal.pins import Input

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable


class EStop:
    """The loop. The button itself also cuts the actuators' supply in hardware; this is how the firmware
    knows.

    opened: how often the loop has opened since power-on, modulo 2**30.
    """

    def __init__(self, name: str, pin: Input, active: int) -> None:
        """active: the level, 0 or 1, that means the loop is open."""
        self.name = name
        self.opened = 0
        self.pin = pin
        self.active = active
        self._action: "Callable[[], None] | None" = None

    def open(self) -> bool:
        """True while the loop is open: stop. Does not allocate; may be used in an interrupt."""
        return self.pin.get() == self.active

    def when_opened(self, action: "Callable[[], None]") -> None:
        """Call `action()` in a hard interrupt when the loop opens. It must not allocate. Replaces an earlier
        one.
        """
        self._action = action
        self.pin.on_edge(self.active, self._interrupt)

    def _interrupt(self, _pin: object) -> None:
        self.opened = (self.opened + 1) & 0x3FFFFFFF
        action = self._action
        if action is not None:
            action()

    def check(self) -> None:
        """The loop has no identity: an open loop is a state, not a fault. Reads it once."""
        self.pin.get()
