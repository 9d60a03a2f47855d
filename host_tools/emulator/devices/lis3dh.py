"""LIS3DH accelerometer (STMicroelectronics DocID17530, chapters 6 to 8).

Registers 0x20 to 0x27 and the outputs; a burst needs bit 7 of the sub-address (section 6.1.1). The 12-bit
value of high-resolution mode stands left-justified in 16 bits (section 3.2.1: 1, 2, 4 and 12 mg a digit for
2, 4, 8 and 16 g).
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.devices.base import I2cPart
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.world import World

_MG = (1, 2, 4, 12)
_PERIOD_US = (0, 1_000_000, 100_000, 40_000, 20_000, 10_000, 5_000, 2_500, 625, 744)
_WRITABLE = (0x1E, 0x1F, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x2E)


class Lis3dh(I2cPart):
    """Measures `tilt_x_mg`, `tilt_y_mg`, `tilt_z_mg`."""

    def __init__(self, world: "World", name: str, address: int) -> None:
        I2cPart.__init__(self, world, name, address)
        self._start()

    def power_on(self) -> None:
        """Registers as after power-on (table 24)."""
        I2cPart.power_on(self)
        self._start()

    def _start(self) -> None:
        self.regs = bytearray(0x40)
        self.regs[0x0F] = 0x33
        self.regs[0x1E] = 0x10
        self.regs[0x20] = 0x07
        self._due = -1
        self._out = bytearray(6)
        self._fresh = False
        self._overrun = False
        self._ever = False

    def _configure(self) -> None:
        rate = self.regs[0x20] >> 4
        if rate > 9:
            raise EmulationError(self.text() + ": CTRL_REG1 data rate " + str(rate) + " does not exist")
        if self.regs[0x20] & 8 and self.regs[0x23] & 8:
            raise EmulationError(
                self.text() + ": low power and high resolution together are not allowed (table 4)"
            )
        self._due = self.clock.now_us + _PERIOD_US[rate] if rate else -1

    @micropython.native
    def _update(self) -> None:
        now = self.clock.now_us
        if not 0 <= self._due <= now:
            return
        if self._fresh:
            self._overrun = True
        self._fresh = True
        self._ever = True
        regs = self.regs
        mg = _MG[regs[0x23] >> 4 & 3]
        if regs[0x23] & 8:
            shift = 4
        elif regs[0x20] & 8:
            shift = 8
            mg *= 16
        else:
            shift = 6
            mg *= 4
        plant = self.plant
        self._put(0, plant.tilt_x_mg if regs[0x20] & 1 else 0, mg, shift)
        self._put(2, plant.tilt_y_mg if regs[0x20] & 2 else 0, mg, shift)
        self._put(4, plant.tilt_z_mg if regs[0x20] & 4 else 0, mg, shift)
        period = _PERIOD_US[regs[0x20] >> 4]
        self._due += ((now - self._due) // period + 1) * period

    @micropython.native
    def _put(self, at: int, value_mg: int, mg: int, shift: int) -> None:
        digits = (2 * value_mg + mg) // (2 * mg)
        limit = 1 << (15 - shift)
        if digits >= limit:
            digits = limit - 1
        elif digits < -limit:
            digits = -limit
        digits = digits << shift
        self._out[at] = digits & 0xFF
        self._out[at + 1] = digits >> 8 & 0xFF

    @micropython.native
    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Reads a register, or several with bit 7 set. Raises EmulationError for outputs that were never
        measured.
        """
        self._update()
        burst = reg & 0x80
        reg &= 0x7F
        n = len(buf)
        if n > 1 and not burst:
            raise EmulationError(self.text() + ": several bytes are read without the sub-address's bit 7")
        i = 0
        while i < n:
            buf[i] = self._read(reg)
            reg += 1
            i += 1

    @micropython.native
    def _read(self, reg: int) -> int:
        if 0x28 <= reg <= 0x2D:
            if not self._ever:
                raise EmulationError(
                    self.text() + ": acceleration is read before the first measurement; see CTRL_REG1"
                )
            if reg == 0x2D:
                self._fresh = False
                self._overrun = False
            return self._out[reg - 0x28]
        if reg == 0x27:
            # Three axes together: bits 0 to 3 new data, 4 to 7 overrun.
            return (0x0F if self._fresh else 0) | (0xF0 if self._overrun else 0)
        if reg == 0x0F or reg in _WRITABLE:
            return self.regs[reg]
        raise self.no_register(reg, "read")

    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """Writes control registers."""
        if len(buf) > 1 and not reg & 0x80:
            raise EmulationError(self.text() + ": several bytes are written without the sub-address's bit 7")
        reg &= 0x7F
        for value in buf:
            if reg not in _WRITABLE:
                raise self.no_register(reg, "write")
            if reg in (0x21, 0x22, 0x25, 0x26, 0x2E, 0x1F) and value:
                raise EmulationError(
                    self.text() + ": register 0x%02x is modelled at its reset value 0 only" % reg
                )
            if reg == 0x24 and value & 0x7F:
                raise EmulationError(self.text() + ": CTRL_REG5 is modelled for BOOT only")
            if reg == 0x23 and value & 0x07:
                raise EmulationError(self.text() + ": self test and SPI mode of CTRL_REG4 are not modelled")
            self.regs[reg] = value & 0x7F if reg == 0x24 else value
            if reg in (0x20, 0x23):
                self._configure()
            reg += 1
