"""Single pins, in and out."""

from machine import Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable


class Output:
    """A pin that is driven. `set` and `get` do not allocate and may be used in an interrupt."""

    def __init__(self, gp: int, level: int) -> None:
        """gp: GPIO number. level: 0 or 1, driven from the first moment."""
        self.gp = gp
        self._pin = Pin(gp, Pin.OUT, value=level)

    def set(self, level: int) -> None:
        """Drive the pin to 0 or 1."""
        self._pin.value(level)

    def get(self) -> int:
        """The level at the pad, 0 or 1: what is there, not what was asked for."""
        return self._pin.value()

    def bound(self) -> "Callable[..., Any]":
        """`set` without this class around it, for an interrupt: call it with a level."""
        return self._pin.value


class Input:
    """A pin that is read. get() gives the level, 0 or 1: allocates nothing, may be used in an interrupt."""

    get: "Callable[[], int]"

    def __init__(self, gp: int, pull: "str | None") -> None:
        """gp: GPIO number. pull: "up", "down" or None. Raises ValueError for another pull."""
        self.gp = gp
        if pull == "up":
            self._pin = Pin(gp, Pin.IN, Pin.PULL_UP)
        elif pull == "down":
            self._pin = Pin(gp, Pin.IN, Pin.PULL_DOWN)
        elif pull is None:
            # None switches a pull off that was there before; the stubs know integers only.
            self._pin = Pin(gp, Pin.IN, None)  # type: ignore[arg-type]
        else:
            raise ValueError("GP{}: pull is {!r}, it must be 'up', 'down' or None".format(gp, pull))
        # The pin's own method, bound once: a method around it would cost three times as much.
        self.get = self._pin.value

    def bound(self) -> "Callable[[], Any]":
        """`get` without this class around it, for an interrupt."""
        return self._pin.value

    def on_edge(self, level: int, handler: "Callable[[Pin], None] | None") -> None:
        """Call `handler(pin)` in a hard interrupt when the pin goes to `level`; None for no interrupt.

        The handler must not allocate: no floats, no strings, no new objects; bind methods beforehand.
        """
        trigger = Pin.IRQ_RISING if level else Pin.IRQ_FALLING
        self._pin.irq(handler=handler, trigger=trigger, hard=True)
