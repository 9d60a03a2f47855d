"""Switches and lines in their own sense: made or not, on or off, whatever the level on the wire."""

from rochette.drivers.errors import PartWrong
from rochette.drivers.mcp23017 import Mcp23017
from rochette.hal.pins import Input, Output


class DigitalIn:
    """A switch on a pin of the controller. `made` does not allocate and may be used in an interrupt."""

    def __init__(self, name: str, pin: Input, active: int) -> None:
        """active: the level, 0 or 1, that means made."""
        self.name = name
        self.pin = pin
        self.active = active

    def made(self) -> bool:
        """True when the switch is made now."""
        return self.pin.get() == self.active

    def check(self) -> None:
        """A switch cannot be told from its opposite: bring-up proves it, and its polarity, by moving."""
        self.pin.get()


class ExpanderIn:
    """A switch on the port expander, with the face of `DigitalIn`; as of the expander's last poll."""

    def __init__(self, name: str, expander: Mcp23017, bit: int) -> None:
        """bit: 0 to 15; the expander knows its polarity."""
        self.name = name
        self.bit = bit
        self._expander = expander

    def made(self) -> bool:
        """True when the switch was made at the last poll. Does not allocate."""
        return self._expander.made(self.bit)

    def changed(self) -> bool:
        """True when the pin has changed since this was last asked (pins that the board latches). Does not
        allocate.
        """
        return self._expander.latched(self.bit)

    def check(self) -> None:
        """Raises PartAbsent or PartWrong for an expander that has gone; it is set up by its own check.
        Allocates.
        """
        if not self._expander.ok:
            self._expander.check()


class ExpanderOut:
    """A line on a pin of the port expander, for what needs no microseconds."""

    def __init__(self, name: str, expander: Mcp23017, bit: int) -> None:
        """bit: an output of the expander, which knows its polarity and its safe level."""
        self.name = name
        self._expander = expander
        self._bit = bit

    def set(self, on: bool) -> bool:
        """Switch the line on or off, at once. False when the expander did not answer. Does not allocate."""
        return self._expander.set_output(self._bit, on)

    def check(self) -> None:
        """Raises PartAbsent or PartWrong for an expander that has gone; it is set up by its own check.
        Allocates.
        """
        if not self._expander.ok:
            self._expander.check()


class DigitalOut:
    """A line on a pin of the controller. `set` does not allocate and may be used in an interrupt."""

    def __init__(self, name: str, pin: Output, active: int) -> None:
        """active: the level, 0 or 1, that means on. The pin keeps the level it has."""
        self.name = name
        self.pin = pin
        self.active = active
        self.is_on = False

    def set(self, on: bool) -> None:
        """Switch the line on or off."""
        self.pin.set(self.active if on else 1 - self.active)
        self.is_on = on

    def check(self) -> None:
        """Raises PartWrong when the pad is not at the level it is driven to, as with a short. Allocates."""
        wanted = self.active if self.is_on else 1 - self.active
        found = self.pin.get()
        if found != wanted:
            raise PartWrong(
                self.name,
                "output '{}' on GP{} reads {} while it is driven to {}: it is shorted; it is not used".format(
                    self.name, self.pin.gp, found, wanted
                ),
            )
