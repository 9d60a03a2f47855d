"""ADS1115 four-channel analogue-to-digital converter (Texas Instruments SBAS444)."""

from array import array

from micropython import const

from rochette.drivers.i2c_part import I2cPart
from rochette.hal import clock
from rochette.hal.i2c import Bus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Sequence

_CONVERSION = const(0x00)
_CONFIG = const(0x01)
_LOW = const(0x02)
_HIGH = const(0x03)
# Section 8.6.3: after power-on; idle, so the OS bit reads 1.
_CONFIG_AFTER_RESET = const(0x8583)
# Start, single input against ground (channel in bits 12 and 13), 4.096 V, one conversion, 860 a second, no
# comparator.
_START = const(0xC3E3)
_CHANNEL_SHIFT = const(12)
# What of a configuration does not depend on the channel or on a conversion going on.
_KEPT = const(0x4FFF)
_LOW_AFTER_RESET = const(0x8000)
_HIGH_AFTER_RESET = const(0x7FFF)
# 1/860 s, ten percent for the part's own clock (section 7.5), and its waking up.
_CONVERSION_US = const(1400)
_CHANNELS = const(4)
# Ages stop counting here, long before the tick difference turns over.
_OLDEST_MS = const(60_000)


class Ads1115(I2cPart):
    """Four voltages, one conversion a poll in the order of `sequence`.

    mv: array of the last millivolts of each channel, 0 to 3300 (4.096 V range, 125 uV a count, rounded down).
    """

    MODEL = "ADS1115"

    def __init__(self, name: str, bus: Bus, address: int, sequence: "Sequence[int]" = (0, 1, 2, 3)) -> None:
        """sequence: channels in the order of conversion, each 0 to 3. Raises ValueError otherwise."""
        I2cPart.__init__(self, name, bus, address)
        if not sequence:
            raise ValueError("ADS1115 '{}': the sequence of channels is empty".format(name))
        for channel in sequence:
            if not 0 <= channel < _CHANNELS:
                raise ValueError(
                    "ADS1115 '{}': channel {} in the sequence; there are 0 to 3".format(name, channel)
                )
        self.mv = array("i", [0, 0, 0, 0])
        self._at_ms = array("i", [0, 0, 0, 0])
        self._age_ms = array("i", [_OLDEST_MS, _OLDEST_MS, _OLDEST_MS, _OLDEST_MS])
        self._sequence = bytes(sequence)
        self._next = 0
        self._running = -1
        self._started_us = 0
        self._buffer = bytearray(2)
        self._out = bytearray(3)

    def check(self) -> None:
        """Look that it is an ADS1115: untouched threshold registers, a configuration that is fresh or ours.

        Raises PartAbsent or PartWrong. Allocates.
        """
        found = self._register(_LOW)
        if found != _LOW_AFTER_RESET:
            raise self._wrong("low threshold", found, _LOW_AFTER_RESET)
        found = self._register(_HIGH)
        if found != _HIGH_AFTER_RESET:
            raise self._wrong("high threshold", found, _HIGH_AFTER_RESET)
        found = self._register(_CONFIG)
        if found != _CONFIG_AFTER_RESET and found & _KEPT != _START & _KEPT:
            raise self._wrong("configuration", found, _CONFIG_AFTER_RESET)

    def poll(self) -> None:
        """Fetch the conversion that was started and start the next. Does nothing while one is going on.

        0.25 ms of bus time. Does not allocate.
        """
        if self._running >= 0:
            if clock.diff(clock.ticks_us(), self._started_us) < _CONVERSION_US:
                return
            buffer = self._buffer
            if self._read(_CONVERSION, buffer):
                raw = buffer[0] << 8 | buffer[1]
                # Slightly below ground is noise around zero.
                self.mv[self._running] = 0 if raw & 0x8000 else raw >> 3
                self._at_ms[self._running] = clock.ticks_ms()
                self._age_ms[self._running] = 0
            self._running = -1
        out = self._out
        channel = self._sequence[self._next]
        value = _START | channel << _CHANNEL_SHIFT
        out[0] = _CONFIG
        out[1] = value >> 8
        out[2] = value & 0xFF
        if self._write(out):
            self._running = channel
            self._started_us = clock.ticks_us()
        self._next += 1
        if self._next == len(self._sequence):
            self._next = 0

    def age(self, channel: int) -> int:
        """Milliseconds since the channel's value was measured, 0 to 60_000 (also when it never was)."""
        if self._age_ms[channel] >= _OLDEST_MS:
            return _OLDEST_MS
        age = clock.diff(clock.ticks_ms(), self._at_ms[channel])
        if not 0 <= age < _OLDEST_MS:
            age = _OLDEST_MS
        self._age_ms[channel] = age
        return age

    def _register(self, register: int) -> int:
        self._must_read(register, self._buffer)
        return self._buffer[0] << 8 | self._buffer[1]
