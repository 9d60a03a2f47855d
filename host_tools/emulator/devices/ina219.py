"""INA219 current and power monitor (Texas Instruments SBOS448G, section 8.5 and 8.6).

The shunt register counts 10 uV, limited by the gain set in PGA; the bus register 4 mV, left-aligned by three
bits, with CNVR and OVF below. Current = shunt * calibration / 4096, power = current * bus / 5000, both from
whole registers. A conversion's result stands until the next one is finished, as the ADC settings say.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.devices.base import I2cPart, word
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.world import World

_RESET_CONFIG = 0x399F
# Table 5: conversion time in us by the four ADC bits; 4 to 7 read as 0 to 3 do.
_TIMES = (84, 148, 276, 532, 84, 148, 276, 532, 532, 1060, 2130, 4260, 8510, 17020, 34050, 68100)


class Ina219(I2cPart):
    """Measures one of the plant's currents (mA, signed) through a shunt, and `bus_mv`."""

    reg_bytes = 2

    def __init__(self, world: "World", name: str, address: int, shunt_uohm: int, attribute: str) -> None:
        I2cPart.__init__(self, world, name, address)
        self.shunt_uohm = shunt_uohm
        self.attribute = attribute
        self.reset()

    def power_on(self) -> None:
        """As the reset bit."""
        I2cPart.power_on(self)
        self.reset()

    def reset(self) -> None:
        """Power-on values (section 8.6.1)."""
        self.config = _RESET_CONFIG
        self.calibration = 0
        self.shunt = 0
        self.bus = 0
        self.current = 0
        self.power = 0
        self.ready = False
        self.overflow = False
        self._ever = False
        self._shunt_due = False
        self._bus_due = False
        self._decode()

    def _decode(self) -> None:
        mode = self.config & 7
        time = 0
        if mode & 1:
            time += _TIMES[self.config >> 3 & 15]
        if mode & 2:
            time += _TIMES[self.config >> 7 & 15]
        self._period = time
        # Modes 0 (power down) and 4 (ADC off) measure nothing; 1 to 3 once; 5 to 7 on and on.
        self._due = self.clock.now_us + time if time else -1

    @micropython.native
    def _convert(self) -> None:
        """A conversion has finished: its two results are taken when they are first asked for.

        Nothing can tell the difference but the time it takes to run; a single conversion is taken at once.
        """
        mode = self.config & 7
        self._shunt_due = mode & 1 == 1
        self._bus_due = mode & 2 == 2
        self.ready = True
        self._ever = True
        if mode & 4:
            # In step with the conversion clock since the configuration was written.
            self._due += ((self.clock.now_us - self._due) // self._period + 1) * self._period
        else:
            self._due = -1
            self._take_shunt()
            self._take_bus()

    @micropython.native
    def _take_shunt(self) -> None:
        if not self._shunt_due:
            return
        self._shunt_due = False
        counts = getattr(self.plant, self.attribute) * self.shunt_uohm
        # mA * uohm is nV, a count is 10 uV; rounded to the nearest, away from zero in the middle.
        counts = (counts + 5000) // 10_000 if counts >= 0 else -((5000 - counts) // 10_000)
        limit = 4000 << (self.config >> 11 & 3)
        if counts > limit:
            counts = limit
        elif counts < -limit:
            counts = -limit
        self.shunt = counts

    @micropython.native
    def _take_bus(self) -> None:
        if not self._bus_due:
            return
        self._bus_due = False
        mv = self.plant.bus_mv
        full = 32000 if self.config & 0x2000 else 16000
        self.bus = (full if mv > full else 0 if mv < 0 else mv) // 4

    def _calculate(self) -> None:
        """Current and power from the registers, in whole numbers, truncated towards zero.

        Section 8.5.1; in the example of 8.5.3 119.8 W is 0x1766.
        """
        self._take_shunt()
        self._take_bus()
        product = self.shunt * self.calibration
        current = product // 4096 if product >= 0 else -(-product // 4096)
        self.overflow = current > 32767 or current < -32768
        self.current = current
        self.power = abs(current) * self.bus // 5000
        if self.power > 0xFFFF:
            self.overflow = True

    @micropython.native
    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Reads one 16-bit register, most significant byte first (two bytes, section 8.5.6.3)."""
        if 0 <= self._due <= self.clock.now_us:
            self._convert()
        self.pointer = reg
        if not self._ever and 1 <= reg <= 4:
            raise EmulationError(self.text() + " is read before its first conversion was finished")
        if reg == 1:
            self._take_shunt()
            value = self.shunt
        elif reg == 4:
            if self.calibration == 0:
                raise EmulationError(self.text() + ": current is read before the calibration was written")
            self._calculate()
            value = self.current
        elif reg == 2:
            if self.calibration:
                # OVF tells of the calculation, which needs both.
                self._calculate()
            else:
                self._take_bus()
            value = self.bus << 3 | (2 if self.ready else 0) | (1 if self.overflow else 0)
        elif reg == 3:
            if self.calibration == 0:
                raise EmulationError(self.text() + ": power is read before the calibration was written")
            self._calculate()
            value = self.power
            self.ready = False
        elif reg == 0:
            value = self.config
        elif reg == 5:
            value = self.calibration
        else:
            raise self.no_register(reg, "read")
        if len(buf) != 2:
            raise EmulationError(self.text() + ": a register is two bytes, not " + str(len(buf)))
        buf[0] = value >> 8 & 0xFF
        buf[1] = value & 0xFF

    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """Writes configuration or calibration; the others are read-only."""
        value = word(buf, self)
        self.pointer = reg
        if reg == 0:
            if value & 0x8000:
                self.reset()
                return
            if value & 0x4000:
                raise EmulationError(self.text() + ": configuration bit 14 is reserved")
            self.config = value
            self.ready = False
            self._decode()
        elif reg == 5:
            # Bit 0 is not used and reads as zero (section 8.6.4.1).
            self.calibration = value & 0xFFFE
        else:
            raise self.no_register(reg, "write")
