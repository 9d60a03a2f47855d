"""MCP23017 port expander (Microchip DS20001952), for switches that need no microseconds."""

from micropython import const

from rochette.drivers.i2c_part import I2cPart
from rochette.hal.i2c import Bus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

# Table 3-1, IOCON.BANK = 0: port A, then port B.
_IODIR = const(0x00)
_GPINTEN = const(0x04)
_INTCON = const(0x08)
_GPPU = const(0x0C)
_INTF = const(0x0E)
_OLAT = const(0x14)
# After a reset all pins are inputs (table 3-1).
_IODIR_AFTER_RESET = const(0xFFFF)


class Mcp23017(I2cPart):
    """Sixteen pins, bit 0 to 7 port A, 8 to 15 port B.

    levels: logical level of each pin, a 16-bit mask after polarity: 1 is made (inputs) or on (outputs).
    """

    MODEL = "MCP23017"

    def __init__(
        self, name: str, bus: Bus, address: int, active_low: int, outputs: int, safe: int, latch: int
    ) -> None:
        """All four are 16-bit masks. active_low: pins whose low level means made or on. outputs: pins that
        are driven; all others are inputs with pull-up. safe: outputs that rest logically on. latch: inputs
        whose changes are kept by the part between polls. Raises ValueError when a mask does not fit. Nothing
        is sent yet.
        """
        I2cPart.__init__(self, name, bus, address)
        if latch & outputs or safe & ~outputs or (active_low | outputs | safe | latch) >> 16:
            raise ValueError("MCP23017 '{}': outputs, latch and safe do not go together".format(name))
        self._active_low = active_low
        self._outputs = outputs
        self._latch = latch
        self._on = safe
        self._latched = 0
        # A change in the part's memory from before this start is not news.
        self._stale = True
        self.levels = safe
        self._pair = bytearray(3)
        # INTF, INTCAP and GPIO of both ports stand in a row: one transfer reads them all.
        self._burst = bytearray(6)

    def check(self) -> None:
        """check_steps() at once: for before the first tick, it takes 4 ms. Raises PartAbsent or PartWrong."""
        for _ in self.check_steps(0):
            pass

    def check_steps(self, step_us: int) -> "Generator[None, None, None]":
        """Look that it is an MCP23017, fresh or as this driver left it; make outputs safe, then set all up.

        A yield, of whatever length, after each two registers: all of them take more than a tick may. Raises
        PartAbsent or PartWrong. Allocates.
        """
        wanted = ~self._outputs & 0xFFFF
        found = self._get(_IODIR)
        if found != _IODIR_AFTER_RESET and found != wanted:
            raise self._wrong("IODIR", found, _IODIR_AFTER_RESET)
        self._put(_OLAT, self._on ^ (self._active_low & self._outputs))
        yield
        self._put(_GPPU, wanted)
        self._put(_INTCON, 0)
        yield
        self._put(_IODIR, wanted)
        self._put(_GPINTEN, self._latch)
        for register, value in ((_IODIR, wanted), (_GPPU, wanted), (_GPINTEN, self._latch)):
            yield
            found = self._get(register)
            if found != value:
                raise self._wrong("register 0x{:02x}".format(register), found, value)
        self._stale = True

    def poll(self) -> None:
        """Read all pins and the changes that were kept. 0.22 ms of bus time. Does not allocate."""
        burst = self._burst
        if not self._read(_INTF, burst):
            return
        if self._stale:
            self._stale = False
        else:
            self._latched |= (burst[0] | burst[1] << 8) & self._latch
        self.levels = (burst[4] | burst[5] << 8) ^ self._active_low

    def made(self, bit: int) -> bool:
        """True when the pin's switch was made (or its output on) at the last poll."""
        return self.levels >> bit & 1 == 1

    def latched(self, bit: int) -> bool:
        """True when the pin has changed since this was last asked, and be it there and back; forgets it."""
        mask = 1 << bit
        if self._latched & mask:
            self._latched ^= mask
            return True
        return False

    def set_output(self, bit: int, on: bool) -> bool:
        """Switch an output logically on or off, at once. False when the part did not answer: the output is
        as it was.

        0.1 ms of bus time. Raises ValueError for a pin that is not an output. Does not allocate otherwise.
        """
        mask = 1 << bit
        if not self._outputs & mask:
            raise ValueError("MCP23017: the pin is not an output on this board")
        wish = self._on | mask if on else self._on & ~mask
        value = wish ^ (self._active_low & self._outputs)
        pair = self._pair
        pair[0] = _OLAT
        pair[1] = value & 0xFF
        pair[2] = value >> 8
        if not self._write(pair):
            return False
        self._on = wish
        return True

    def _put(self, register: int, value: int) -> None:
        self._pair[0] = register
        self._pair[1] = value & 0xFF
        self._pair[2] = value >> 8
        self._must_write(self._pair)

    def _get(self, register: int) -> int:
        pair = bytearray(2)
        self._must_read(register, pair)
        return pair[0] | pair[1] << 8
