"""MCP23017 port expander (Microchip DS20001952C, section 3.5), registers in the order of IOCON.BANK = 0.

Inputs are looked at whenever the plant has moved a step, so a change that comes and goes between two polls is
caught by the interrupt-on-change registers, as on the part: INTF tells the pin, INTCAP holds the port as it
was at that moment until it or GPIO is read.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.devices.base import I2cPart
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from host_tools.emulator.world import World

_IODIR = 0x00
_IPOL = 0x02
_GPINTEN = 0x04
_DEFVAL = 0x06
_INTCON = 0x08
_IOCON = 0x0A
_GPPU = 0x0C
_INTF = 0x0E
_INTCAP = 0x10
_GPIO = 0x12
_OLAT = 0x14
_SEQOP = 0x20


class Mcp23017(I2cPart):
    """Sixteen pins: 0 to 7 are port A, 8 to 15 port B.

    `wire_input(bit, attribute, active, pull)` connects a switch to an attribute of the plant, `wire_output` a
    sink.
    """

    def __init__(self, world: "World", name: str, address: int) -> None:
        I2cPart.__init__(self, world, name, address)
        self.regs = bytearray(22)
        self.regs[0] = 0xFF
        self.regs[1] = 0xFF
        self._attributes: "list[str | None]" = [None] * 16
        self._active: "list[int]" = [0] * 16
        self._needs_pull = 0
        self._wired_in = 0
        self._sinks: "list[Callable[[int], None] | None]" = [None] * 16
        self.forced: "list[Callable[[int], int] | None]" = [None] * 16
        self._last = 0
        self._watched = 0
        # The watched pins as (attribute, mask, bit, what to turn over for an active-low switch).
        self._watch: "list[tuple[Any, int, int, int]]" = []
        # What reading a port takes, worked out when a setting changes: fixed levels, active-low switches as
        # (attribute, mask), other pins, and the pins whose high level would need a pull-up that is off.
        self._stale = [True, True]
        self._base = [0, 0]
        self._low: "list[list[tuple[Any, int]]]" = [[], []]
        self._other: "list[list[int]]" = [[], []]
        self._floats = [0, 0]

    def power_on(self) -> None:
        """All pins are inputs without pull-up again; what was driven lets go."""
        I2cPart.power_on(self)
        for bit in range(16):
            sink = self._sinks[bit]
            if sink is not None and self._driven(bit >> 3) >> (bit & 7) & 1:
                sink(0)
        for reg in range(22):
            self.regs[reg] = 0
        self.regs[0] = 0xFF
        self.regs[1] = 0xFF
        self._stale = [True, True]
        self._last = 0
        self._watched = 0
        self._watch = []

    def wire_input(self, bit: int, attribute: str, active: int, pull: bool) -> None:
        """Connects a switch: the pin is at `active` when the plant's attribute is true; open needs GPPU when
        `pull`.
        """
        self._attributes[bit] = attribute
        self._active[bit] = active
        self._wired_in |= 1 << bit
        if pull:
            self._needs_pull |= 1 << bit

    def wire_output(self, bit: int, sink: "Callable[[int], None]") -> None:
        """Connects what listens to the pin."""
        self._sinks[bit] = sink

    def _pin(self, bit: int) -> int:
        attribute = self._attributes[bit]
        level = self._active[bit]
        if not getattr(self.plant, attribute):  # type: ignore[arg-type]
            level ^= 1
        force = self.forced[bit]
        return level if force is None else force(level)

    @micropython.native
    def _port(self, port: int) -> int:
        """The electrical levels of a port's pins, inputs and outputs."""
        if self._stale[port]:
            self._plan(port)
        value = self._base[port]
        plant = self.plant
        for pin in self._low[port]:
            if not getattr(plant, pin[0]):
                value |= pin[1]
        for bit in self._other[port]:
            if self._pin(bit):
                value |= 1 << (bit & 7)
        floating = value & self._floats[port]
        if floating:
            raise EmulationError(self.text() + ": inputs 0x%02x float; their pull-ups are off" % floating)
        return value

    def _plan(self, port: int) -> None:
        """Sorts a port's pins by how their level comes about, so that reading the port is short."""
        regs = self.regs
        inputs = regs[_IODIR + port]
        pulled = regs[_GPPU + port]
        self._base[port] = regs[_OLAT + port] & ~inputs & 0xFF
        self._low[port] = []
        self._other[port] = []
        self._floats[port] = (self._needs_pull >> 8 * port) & inputs & ~pulled & 0xFF
        for bit in range(8 * port, 8 * port + 8):
            mask = 1 << (bit & 7)
            if not inputs & mask:
                continue
            if self._wired_in >> bit & 1:
                if self._active[bit] == 0 and self.forced[bit] is None:
                    self._low[port].append((self._attributes[bit], mask))
                else:
                    self._other[port].append(bit)
            elif pulled & mask:
                self._base[port] |= mask
            elif self._sinks[bit] is None:
                raise EmulationError(
                    self.text()
                    + ": pin "
                    + str(bit)
                    + " is not wired and floats; make it an output or pull it up"
                )
        self._stale[port] = False

    def level(self, bit: int) -> int:
        """Where an input stands now, 0 or 1, with the fault that is on it."""
        return self._pin(bit)

    def force(self, bit: int, level: "Callable[[int], int] | None") -> None:
        """Puts a fault on a pin (a function from the true level to the level there is), or takes it away."""
        self.forced[bit] = level
        self._stale[bit >> 3] = True

    # --- interrupt on change

    @micropython.native
    def grid(self, us: int) -> None:
        """Called when the plant has moved a step: catches changes of the pins that GPINTEN selects."""
        changed = 0
        for entry in self._watch:
            mask = entry[1]
            if self.forced[entry[2]] is None:
                level = mask if getattr(self.plant, entry[0]) else 0
                level ^= entry[3]
            else:
                level = mask if self._pin(entry[2]) else 0
            if (self._last ^ level) & mask:
                self._last ^= mask
                changed |= mask
        if changed:
            if changed & 0xFF and self.regs[_INTF] == 0:
                self.regs[_INTF] = changed & 0xFF
                self.regs[_INTCAP] = self._port(0) ^ self.regs[_IPOL]
            if changed >> 8 and self.regs[_INTF + 1] == 0:
                self.regs[_INTF + 1] = changed >> 8
                self.regs[_INTCAP + 1] = self._port(1) ^ self.regs[_IPOL + 1]

    def _rewatch(self) -> None:
        regs = self.regs
        inputs = regs[_IODIR] | regs[_IODIR + 1] << 8
        self._watched = (regs[_GPINTEN] | regs[_GPINTEN + 1] << 8) & inputs
        if self._watched & ~self._wired_in:
            raise EmulationError(self.text() + ": interrupt on change is enabled on a pin that is not wired")
        self._last = 0
        self._watch = []
        for bit in range(16):
            mask = 1 << bit
            if self._watched & mask:
                self._watch.append((self._attributes[bit], mask, bit, 0 if self._active[bit] else mask))
                if self._pin(bit):
                    self._last |= mask

    # --- registers

    @micropython.native
    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Reads from a register on; the address steps by one unless IOCON.SEQOP stops it within a pair."""
        i = 0
        n = len(buf)
        while i < n:
            if reg > 0x15:
                raise self.no_register(reg, "read")
            port = reg & 1
            if reg & 0xFE == _GPIO:
                buf[i] = self._port(port) ^ self.regs[_IPOL + port]
                self.regs[_INTF + port] = 0
            else:
                buf[i] = self.regs[reg]
                if reg & 0xFE == _INTCAP:
                    self.regs[_INTF + port] = 0
            i += 1
            if self.regs[_IOCON] & _SEQOP:
                reg ^= 1
            elif i < n:
                reg += 1
        self.pointer = reg

    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """Writes from a register on. Raises EmulationError for read-only registers and what is not
        modelled.
        """
        for value in buf:
            self._write(reg, value)
            if self.regs[_IOCON] & _SEQOP:
                reg ^= 1
            else:
                reg += 1
        self.pointer = reg

    def _write(self, reg: int, value: int) -> None:
        if reg > 0x15:
            raise self.no_register(reg, "write")
        pair = reg & 0xFE
        port = reg & 1
        if pair in (_INTF, _INTCAP):
            raise EmulationError(self.text() + ": register 0x%02x is read-only" % reg)
        if pair == _IOCON:
            if value & 0x80:
                raise EmulationError(self.text() + ": IOCON.BANK = 1 is not modelled")
            if value & 0x01:
                raise EmulationError(self.text() + ": IOCON bit 0 is not implemented on the part")
            # One register, seen at two addresses.
            self.regs[_IOCON] = value
            self.regs[_IOCON + 1] = value
            return
        if pair == _INTCON and value:
            raise EmulationError(self.text() + ": comparison with DEFVAL is not modelled; leave INTCON at 0")
        if pair == _GPIO:
            pair = _OLAT
        before = self._driven(port)
        self.regs[pair + port] = value
        self._stale[port] = True
        if pair in (_OLAT, _IODIR):
            self._drive(port, before)
        if pair in (_IODIR, _GPINTEN):
            self._rewatch()

    def _driven(self, port: int) -> int:
        return self.regs[_OLAT + port] & ~self.regs[_IODIR + port] & 0xFF

    def _drive(self, port: int, before: int) -> None:
        after = self._driven(port)
        outputs = ~self.regs[_IODIR + port] & 0xFF
        bit = 0
        while bit < 8:
            pin = 8 * port + bit
            if outputs >> bit & 1 and self._wired_in >> pin & 1:
                raise EmulationError(
                    self.text() + ": pin " + str(pin) + " drives against the switch that is wired to it"
                )
            if (before ^ after) >> bit & 1:
                sink = self._sinks[pin]
                if sink is None:
                    raise EmulationError(
                        self.text() + ": pin " + str(pin) + " is driven, but nothing is wired to it"
                    )
                sink(after >> bit & 1)
            bit += 1
