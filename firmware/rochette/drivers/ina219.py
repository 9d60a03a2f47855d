"""INA219 current and voltage monitor (Texas Instruments SBOS448).

Current comes from the shunt-voltage register, 10 uV a count whatever the gain (section 8.6.3.1), and the
known shunt. The calibration and current registers are not used: they are lost in a brown-out, and would then
read zero current.
"""

from micropython import const

from rochette.drivers.i2c_part import I2cPart
from rochette.hal import clock
from rochette.hal.guard import note
from rochette.hal.i2c import Bus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

_CONFIG = const(0x00)
_SHUNT = const(0x01)
_BUS = const(0x02)
_RESET = const(0x8000)
# Section 8.6.2.1: what the configuration register holds after a reset.
_CONFIG_AFTER_RESET = const(0x399F)
# 32 V range, gain 1/8 (320 mV), bus 12 bits in 532 us, shunt the mean of 4 samples in 2.13 ms, continuous.
_CONFIG_USED = const(0x39D7)
# The voltage moves slowly: between two readings of it at least this passes.
_VOLTAGE_MS = const(100)
# Twice the time of a shunt and a bus conversion at these settings.
_CONVERSION_US = const(5400)
# A count of 10 uV over a shunt of r micro-ohms is 10_000_000 / r microamperes * 1000.
_MA_TIMES_UOHM = const(10_000)


class Ina219(I2cPart):
    """One supply's current and voltage.

    current_ma: through the shunt, signed, -32_000_000 // shunt_uohm * 10 at most; bus_mv: 0 to 32_000, in
    steps of 4.
    """

    MODEL = "INA219"

    def __init__(self, name: str, bus: Bus, address: int, shunt_uohm: int) -> None:
        """shunt_uohm: micro-ohms, 1000 to 1_000_000. Raises ValueError otherwise. Nothing is sent yet."""
        I2cPart.__init__(self, name, bus, address)
        if not 1000 <= shunt_uohm <= 1_000_000:
            raise ValueError(
                "INA219 '{}': a shunt of {} uohm; 1000 to 1000000 are allowed".format(name, shunt_uohm)
            )
        self.shunt_uohm = shunt_uohm
        self.current_ma = 0
        self.bus_mv = 0
        self._buffer = bytearray(2)
        self._out = bytearray(3)
        self._voltage_at_ms = 0
        self._voltage_known = False
        self._guard: "array[int] | None" = None
        self._sensor = 0

    def tell_guard(self, state: "array[int]", sensor: int) -> None:
        """Put each new current into the guard's `state` as that of `sensor` (hal/guard.py), 0 to 2."""
        self._guard = state
        self._sensor = sensor

    def check(self) -> None:
        """Reset the part, look that it is an INA219, configure it. Raises PartAbsent or PartWrong.
        Allocates.
        """
        self._configure(_RESET)
        found = self._register(_CONFIG)
        if found != _CONFIG_AFTER_RESET:
            raise self._wrong("configuration after reset", found, _CONFIG_AFTER_RESET)
        self._configure(_CONFIG_USED)
        found = self._register(_CONFIG)
        if found != _CONFIG_USED:
            raise self._wrong("configuration", found, _CONFIG_USED)
        self._voltage_known = False

    def poll(self) -> None:
        """Read the current, and the voltage ten times a second. 0.13 or 0.26 ms of bus time. Does not
        allocate.
        """
        buffer = self._buffer
        if self._read(_SHUNT, buffer):
            raw = buffer[0] << 8 | buffer[1]
            if raw & 0x8000:
                raw -= 0x10000
            self.current_ma = raw * _MA_TIMES_UOHM // self.shunt_uohm
            if self._guard is not None:
                note(self._guard, self._sensor, self.current_ma)
        now = clock.ticks_ms()
        # Out of both bounds after days without a poll, too, when the difference has turned over.
        if self._voltage_known and 0 <= clock.diff(now, self._voltage_at_ms) < _VOLTAGE_MS:
            return
        if self._read(_BUS, buffer):
            self._voltage_at_ms = now
            self._voltage_known = True
            self.bus_mv = (buffer[0] << 8 | buffer[1]) >> 3 << 2

    def measure(self) -> None:
        """Wait for a fresh conversion, then read current and voltage. 6 ms: for a start or a wake-up, not
        for a tick. Does not allocate.
        """
        clock.sleep_us(_CONVERSION_US)
        self._voltage_known = False
        self.poll()

    def _configure(self, value: int) -> None:
        self._out[0] = _CONFIG
        self._out[1] = value >> 8
        self._out[2] = value & 0xFF
        self._must_write(self._out)

    def _register(self, register: int) -> int:
        self._must_read(register, self._buffer)
        return self._buffer[0] << 8 | self._buffer[1]
