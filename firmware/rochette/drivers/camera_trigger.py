"""Camera by its remote-release socket: focus, shutter, and the frame-sync contact that says a picture was
taken.
"""

from rochette.drivers.digital import DigitalOut
from rochette.drivers.mcp23017 import Mcp23017


class CameraTrigger:
    """Nothing but the constructor and `check` allocates."""

    def __init__(
        self, name: str, shutter: DigitalOut, expander: Mcp23017, focus_bit: int, sync_bit: int
    ) -> None:
        """focus_bit: output of the expander; sync_bit: a latched input of it."""
        self.name = name
        self._shutter = shutter
        self._expander = expander
        self._focus_bit = focus_bit
        self._sync_bit = sync_bit

    def focus(self, on: bool) -> bool:
        """Close or open the focus contact. False when the expander did not answer."""
        return self._expander.set_output(self._focus_bit, on)

    def shutter(self, on: bool) -> None:
        """Close or open the shutter contact: the exposure lasts as long as it is closed."""
        self._shutter.set(on)

    @property
    def sync(self) -> bool:
        """The sync contact at the expander's last poll."""
        return self._expander.made(self._sync_bit)

    def took_latched(self) -> bool:
        """True when the sync contact has moved since this was last asked, however shortly; forgets it."""
        return self._expander.latched(self._sync_bit)

    def check(self) -> None:
        """Open both contacts; raises PartWrong for a shorted shutter line, PartAbsent for the expander.
        Allocates.
        """
        self._shutter.set(False)
        self._shutter.check()
        self._expander.check()
        self._expander.set_output(self._focus_bit, False)
