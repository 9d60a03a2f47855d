"""HX711 load cell amplifier (Avia Semiconductor): weight as a signed count, 80 times a second."""

from micropython import const

from rochette.drivers.errors import PartAbsent
from rochette.hal import clock
from rochette.hal.hx711_reader import Hx711Reader

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

_HIGHEST = const(0x7FFFFF)
_LOWEST = const(-0x800000)
# Settling after power-on is four conversions at 80 a second (data sheet, "Output settling time": 50 ms).
_SETTLING = const(4)
# Four conversions' time without one: the amplifier has gone, or its wire.
_SILENCE_US = const(50_000)
# A check waits this long: power-on settling at ten a second, twice.
_CHECK_US = const(800_000)
_CHECK_STEP_US = const(5000)
_GAIN = const(10_000)
_MOST_NUM = const(60)


class Hx711:
    """Force on the load cell.

    weight_mn: force in millinewtons, (raw - zero_raw) * mn_num // mn_den. raw: -2**23 to 2**23 - 1. samples:
    readings since power-on, modulo 2**30. ok: readings come, have settled, and are not at an end of the
    range.
    """

    def __init__(self, name: str, reader: Hx711Reader, mn_num: int, mn_den: int, zero_raw: int) -> None:
        """mn_num, mn_den: millinewtons a count, 1 to 60 over 1 or more. Raises ValueError otherwise."""
        if not 1 <= mn_num <= 60 or mn_den < 1:
            raise ValueError(
                "HX711 '{}': {}/{} mN a count; 1 to 60 over 1 or more".format(name, mn_num, mn_den)
            )
        self.name = name
        self.mn_num = mn_num
        self.mn_den = mn_den
        self.zero_raw = zero_raw
        self._board = (mn_num, mn_den, zero_raw)
        self.raw = zero_raw
        self.weight_mn = 0
        self.samples = 0
        self.ok = False
        self._reader = reader
        self._last_us = clock.ticks_us()

    def poll(self) -> None:
        """Take what has been read since. Does not allocate."""
        reader = self._reader
        fresh = False
        for _ in range(reader.available()):
            self.raw = reader.read()
            self.samples = (self.samples + 1) & 0x3FFFFFFF or _SETTLING
            fresh = True
        if fresh:
            self._last_us = clock.ticks_us()
            self.weight_mn = (self.raw - self.zero_raw) * self.mn_num // self.mn_den
            self.ok = self.samples >= _SETTLING and _LOWEST < self.raw < _HIGHEST
        elif self.ok and clock.diff(clock.ticks_us(), self._last_us) > _SILENCE_US:
            self.ok = False

    def set_zero(self, raw: int) -> None:
        """Call `raw` no force. Does not allocate."""
        self.zero_raw = raw
        self.weight_mn = (self.raw - raw) * self.mn_num // self.mn_den

    def calibrate(self, zero_raw: int, gain_permyriad: int) -> None:
        """What was measured, on top of the board's data: `zero_raw` is added to its zero, its millinewtons a
        count are taken times `gain_permyriad` (5,000 to 20,000) over 10,000. Allocates."""
        num, den, zero = self._board
        if gain_permyriad != _GAIN:
            # In sixtieths: fine enough, and a reading times 60 stays within 31 bits.
            den = (_MOST_NUM * den * _GAIN + num * gain_permyriad // 2) // (num * gain_permyriad)
            num = _MOST_NUM
        self.mn_num = num
        self.mn_den = max(1, den)
        self.set_zero(zero + zero_raw)

    def check(self) -> None:
        """Wait, at most 0.8 s, until readings come. Raises PartAbsent. Allocates; the executive must not be
        running.
        """
        for _ in self.check_steps(_CHECK_STEP_US):
            clock.sleep_us(_CHECK_STEP_US)

    def check_steps(self, step_us: int) -> "Generator[None, None, None]":
        """check() in steps, each of which is over at once; the next comes `step_us` later. Raises PartAbsent
        after 0.8 s without readings. Allocates."""
        before = self.samples
        for _ in range(_CHECK_US // step_us):
            self.poll()
            if self.samples != before and self.samples >= _SETTLING:
                return
            yield
        raise PartAbsent(
            self.name,
            "HX711 '{}' gives no readings: "
            "check its supply, DOUT and PD_SCK, and that RATE is high (80 a second)".format(self.name),
        )
