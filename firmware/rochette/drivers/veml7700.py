"""VEML7700 ambient light sensor (Vishay 84286), at its widest range: full sunlight does not saturate it."""

from micropython import const

from rochette.drivers.i2c_part import I2cPart
from rochette.hal import clock
from rochette.hal.i2c import Bus

_CONF = const(0x00)
_SAVING = const(0x03)
_LIGHT = const(0x04)
_ID = const(0x07)
# Lower byte of the ID register.
_DEVICE = const(0x81)
# Gain 1/8 (bits 11 and 12 = 2), 25 ms (bits 6 to 9 = 12), no interrupt, on.
_CONF_USED = const(0x1300)
# 25 ms, 2.5 ms of waking up, and ten percent for the part's own clock.
_FIRST_US = const(40_000)
# 0.0042 lux a count at gain 2 and 800 ms; 16 times the gain and 32 times the time less: 2.1504 = 1344 / 625
# lux.
_LUX_NUM = const(1344)
_LUX_DEN = const(625)


class Veml7700(I2cPart):
    """Light on the subject: lux, 0 to 140_926 in steps of about 2, linear (the application note's correction
    for more than 1000 lux, below 10 percent, is left out: the light gate asks whether there is enough).
    """

    MODEL = "VEML7700"

    def __init__(self, name: str, bus: Bus, address: int) -> None:
        """address: 0x10, the part has no other. Nothing is sent yet."""
        I2cPart.__init__(self, name, bus, address)
        self.lux = 0
        # False until the first measurement after `check`.
        self.valid = False
        self._since_us = 0
        self._configured = False
        self._buffer = bytearray(2)
        self._out = bytearray(3)

    def check(self) -> None:
        """Look that it is a VEML7700 and switch it on. Raises PartAbsent or PartWrong. Allocates."""
        self._must_read(_ID, self._buffer)
        if self._buffer[0] != _DEVICE:
            raise self._wrong("device ID", self._buffer[0], _DEVICE)
        self._put(_SAVING, 0)
        self._put(_CONF, _CONF_USED)
        self._must_read(_CONF, self._buffer)
        found = self._buffer[0] | self._buffer[1] << 8
        if found != _CONF_USED:
            raise self._wrong("configuration", found, _CONF_USED)
        self.valid = False
        self._configured = True
        self._since_us = clock.ticks_us()

    def poll(self) -> None:
        """Read the light; not before 40 ms after `check`. 0.13 ms of bus time. Does not allocate."""
        if not self.valid:
            if not self._configured or clock.diff(clock.ticks_us(), self._since_us) < _FIRST_US:
                return
        buffer = self._buffer
        if self._read(_LIGHT, buffer):
            self.lux = (buffer[0] | buffer[1] << 8) * _LUX_NUM // _LUX_DEN
            self.valid = True

    def _put(self, register: int, value: int) -> None:
        self._out[0] = register
        self._out[1] = value & 0xFF
        self._out[2] = value >> 8
        self._must_write(self._out)
