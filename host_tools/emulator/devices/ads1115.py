"""ADS1115 four-channel 16-bit converter (Texas Instruments SBAS444E, sections 8.5 and 8.6).

Single shot: writing the configuration with OS set starts a conversion of what the inputs are then; OS reads 0
until it is finished, after 1 / data rate and about 25 us of waking up. Continuous: a result every 1 / data
rate.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.devices.base import I2cPart, word
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from host_tools.emulator.world import World

_RESET_CONFIG = 0x8583
_FULL_MV = (6144, 4096, 2048, 1024, 512, 256, 256, 256)
# Data rates 8, 16, 32, 64, 128, 250, 475, 860 a second as periods in us, rounded up.
_PERIOD_US = (125_000, 62_500, 31_250, 15_625, 7_813, 4_000, 2_106, 1_163)
_WAKE_US = 25
# The inputs may go 0.3 V beyond the supply (section 6.1); more would flow through the clamp diodes.
_SUPPLY_MV = 3300


class Ads1115(I2cPart):
    """Measures what is wired to AIN0 to AIN3: functions that give microvolts, or None where nothing is
    wired.
    """

    reg_bytes = 2

    def __init__(self, world: "World", name: str, address: int) -> None:
        I2cPart.__init__(self, world, name, address)
        self.inputs: "list[Callable[[], int] | None]" = [None] * 4
        self._clear()

    def power_on(self) -> None:
        """Registers as after power-on; nothing converts."""
        I2cPart.power_on(self)
        self._clear()

    def _clear(self) -> None:
        self.config = _RESET_CONFIG
        self.low = 0x8000
        self.high = 0x7FFF
        self.result = 0
        self._pending = 0
        self._done_us = -1
        self._converted = False

    @micropython.native
    def _input(self, channel: int) -> int:
        source = self.inputs[channel]
        if source is None:
            raise EmulationError(
                self.text() + ": AIN" + str(channel) + " is converted, but nothing is wired to it"
            )
        uv = source()
        if not -300_000 <= uv <= (_SUPPLY_MV + 300) * 1000:
            raise EmulationError(self.text() + ": AIN" + str(channel) + " is beyond its supply")
        return uv

    @micropython.native
    def _sample(self) -> int:
        mux = self.config >> 12 & 7
        if mux >= 4:
            uv = self._input(mux - 4)
        elif mux == 0:
            uv = self._input(0) - self._input(1)
        else:
            uv = self._input(mux - 1) - self._input(3)
        full = _FULL_MV[self.config >> 9 & 7]
        # Section 8.5.4: full scale is 2**15 codes; rounded to the nearest, clipped at the ends.
        code = (uv * 32768 + full * 500) // (full * 1000)
        return 32767 if code > 32767 else -32768 if code < -32768 else code

    @micropython.native
    def _start(self) -> None:
        self._pending = self._sample()
        self._done_us = self.clock.now_us + _WAKE_US + _PERIOD_US[self.config >> 5 & 7]

    @micropython.native
    def _update(self) -> None:
        if 0 <= self._done_us <= self.clock.now_us:
            self.result = self._pending
            self._converted = True
            if self.config & 0x100:
                self._done_us = -1
            else:
                period = _PERIOD_US[self.config >> 5 & 7]
                self._pending = self._sample()
                self._done_us += ((self.clock.now_us - self._done_us) // period + 1) * period

    @micropython.native
    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Reads a 16-bit register. Raises EmulationError for a result before the first conversion has
        finished.
        """
        self._update()
        self.pointer = reg
        if reg == 0:
            if not self._converted:
                raise EmulationError(self.text() + " is read before its first conversion was finished")
            value = self.result
        elif reg == 1:
            # In single shot OS reads 1 when no conversion is going on; in continuous mode always 0.
            value = self.config & 0x7FFF
            if self.config & 0x100 and self._done_us < 0:
                value |= 0x8000
        elif reg == 2:
            value = self.low
        elif reg == 3:
            value = self.high
        else:
            raise self.no_register(reg, "read")
        if len(buf) != 2:
            raise EmulationError(self.text() + ": a register is two bytes, not " + str(len(buf)))
        buf[0] = value >> 8 & 0xFF
        buf[1] = value & 0xFF

    @micropython.native
    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """Writes configuration or thresholds. A start during a conversion is ignored by the part, so it
        raises.
        """
        value = word(buf, self)
        self._update()
        self.pointer = reg
        if reg == 1:
            if value & 3 != 3:
                raise EmulationError(
                    self.text() + ": the comparator is not modelled; write COMP_QUE = 3 (off)"
                )
            if value & 0x100:
                if value & 0x8000:
                    if self._done_us >= 0 and self.config & 0x100:
                        raise EmulationError(self.text() + ": a conversion is started while one is going on")
                    self.config = value & 0x7FFF
                    self._start()
                else:
                    self.config = value
                    self._done_us = -1
            else:
                self.config = value & 0x7FFF
                self._start()
        elif reg == 2:
            self.low = value
        elif reg == 3:
            self.high = value
        else:
            raise self.no_register(reg, "write")


class LinearSensor:
    """A sensor whose voltage is a straight line over one attribute of the plant: potentiometer, MCP9700A."""

    def __init__(self, world: "World", attribute: str, uv_at_zero: int, uv_num: int, uv_den: int) -> None:
        self.plant = world.plant
        self.attribute = attribute
        self.uv_at_zero = uv_at_zero
        self.num = uv_num
        self.den = uv_den

    def uv(self) -> int:
        """The voltage now, in microvolts; the part has no negative supply."""
        uv = self.uv_at_zero + getattr(self.plant, self.attribute) * self.num // self.den
        return uv if uv > 0 else 0
