"""VEML7700 ambient light sensor (Vishay 84286, "Register" and application note 84323).

Command codes 0 to 7 hold 16 bits, least significant byte first. Lux a count at gain 2 and 800 ms is 0.0042
and grows with shorter time and smaller gain; the counter stops at 65535. The first result is there one
integration time (and 2.5 ms of waking up) after the shutdown bit was cleared.
"""

from host_tools.emulator.devices.base import I2cPart
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.world import World

_WAKE_US = 2_500


class Veml7700(I2cPart):
    """Measures `lux`."""

    reg_bytes = 2
    little_endian = True

    def __init__(self, world: "World", name: str, address: int) -> None:
        I2cPart.__init__(self, world, name, address)
        self._start()

    def power_on(self) -> None:
        """Shut down until it is configured."""
        I2cPart.power_on(self)
        self._start()

    def _start(self) -> None:
        self.config = 0x0001
        self.high = 0
        self.low = 0
        self.saving = 0
        self.counts = 0
        self._due = -1
        self._ever = False

    def resolution(self) -> "tuple[int, int]":
        """(tenths of a millilux a count at this setting, integration time in us). Raises EmulationError for
        reserved bits.
        """
        it = self.config >> 6 & 15
        if it == 12:
            ms = 25
        elif it == 8:
            ms = 50
        elif it <= 3:
            ms = 100 << it
        else:
            raise EmulationError(self.text() + ": integration time code " + str(it) + " is reserved")
        # 42 tenths of a millilux at gain 2 and 800 ms; gain codes 1, 2, 1/8, 1/4.
        factor = (2, 1, 16, 8)[self.config >> 11 & 3]
        return 42 * factor * (800 // ms), ms * 1000

    def _update(self) -> None:
        now = self.clock.now_us
        if not 0 <= self._due <= now:
            return
        unit, period = self.resolution()
        counts = self.plant.lux * 10_000 // unit
        self.counts = 65535 if counts > 65535 else counts
        self._ever = True
        self._due += ((now - self._due) // period + 1) * period

    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Reads a 16-bit register. Raises EmulationError for light before the first measurement."""
        self._update()
        if reg in (4, 5):
            if not self._ever:
                raise EmulationError(
                    self.text() + " is read before its first measurement; clear ALS_SD and wait"
                )
            # The white channel sees the same light here; it is not calibrated on the part either.
            value = self.counts
        elif reg == 0:
            value = self.config
        elif reg == 7:
            # Device ID: 0x81, and 0xC4 for the part at address 0x10.
            value = 0xC481
        elif reg == 1:
            value = self.high
        elif reg == 2:
            value = self.low
        elif reg == 3:
            value = self.saving
        elif reg == 6:
            raise EmulationError(self.text() + ": the interrupt status is not modelled (ALS_INT_EN stays 0)")
        else:
            raise self.no_register(reg, "read")
        if len(buf) != 2:
            raise EmulationError(self.text() + ": a register is two bytes, not " + str(len(buf)))
        buf[0] = value & 0xFF
        buf[1] = value >> 8

    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """Writes configuration, thresholds or power saving."""
        if len(buf) != 2:
            raise EmulationError(self.text() + ": a register takes two bytes, not " + str(len(buf)))
        value = buf[0] | buf[1] << 8
        if reg == 0:
            if value & 0xE40C:
                raise EmulationError(self.text() + ": reserved configuration bits are set")
            if value & 0x0002:
                raise EmulationError(self.text() + ": the interrupt is not modelled; leave ALS_INT_EN at 0")
            self.config = value
            _, period = self.resolution()
            self._ever = False
            self._due = -1 if value & 1 else self.clock.now_us + _WAKE_US + period
        elif reg == 1:
            self.high = value
        elif reg == 2:
            self.low = value
        elif reg == 3:
            if value & 1:
                raise EmulationError(self.text() + ": power saving is not modelled; leave PSM_EN at 0")
            self.saving = value
        else:
            raise self.no_register(reg, "write")
