"""Mission time to a hundredth of a second: the mission clock's seconds, divided by the executive's ticks.

F Prime's time tag has 11 bytes: time base, context, seconds, microseconds. While the mission clock is valid
its base is 2 and the seconds count from 1970; else the base is 1 and they count from the start of the
payload. Seconds since 1970 do not fit an int of the board, so they are kept as two halves.
"""

from rochette.services.wire import put16, put32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TAG_BYTES = 11
BASE_START = 1
BASE_MISSION = 2

_TICK_MASK = 0x3FFFFFFF
_HALF = 0x20000000
_DAY_S = 86400


def _days_since_1970(year: int) -> int:
    """Days from 1970-01-01 to the first day of `year`, 1970 to 2100."""
    return (year - 1970) * 365 + (year - 1969) // 4


class MissionTime:
    """Time of a tick. `clock` is the mission clock's driver: poll(), epoch_s, valid."""

    def __init__(self, executive: "Any", clock: "Any", epoch_year: int) -> None:
        """epoch_year: the year whose first second is the clock's second 0."""
        base_s = _days_since_1970(epoch_year) * _DAY_S
        self.base_high = base_s >> 16
        self.base_low = base_s & 0xFFFF
        self.valid = False
        self._executive = executive
        self._clock = clock
        self._anchor_tick = 0
        self._anchor_s = 0

    def poll(self) -> None:
        """1 Hz, in the input room: read the clock, and hold on to it where the count has left it by more than
        a second.

        Allocates nothing.
        """
        clock = self._clock
        clock.poll()
        if not clock.valid:
            self.valid = False
            return
        tick = self._executive.tick
        if self.valid:
            off = clock.epoch_s - self.seconds(tick)
            if -1 <= off <= 1:
                return
        self._anchor_tick = tick
        self._anchor_s = clock.epoch_s
        self.valid = True

    def seconds(self, tick: int) -> int:
        """Mission seconds at `tick` (within 62 days of now); seconds since start while the clock is not
        valid."""
        if not self.valid:
            return tick // 100
        return self._anchor_s + self._since(tick) // 100

    def hundredths(self, tick: int) -> int:
        """Hundredths of a second at `tick`, 0 to 99."""
        return (self._since(tick) if self.valid else tick) % 100

    def _since(self, tick: int) -> int:
        return ((tick - self._anchor_tick + _HALF) & _TICK_MASK) - _HALF

    def put_seconds(self, buffer: "Any", at: int, tick: int) -> int:
        """Write the four bytes of seconds of a tag; gives the place after them."""
        seconds = self.seconds(tick)
        if not self.valid:
            return put32(buffer, at, seconds)
        low = (seconds & 0xFFFF) + self.base_low
        put16(buffer, at, (seconds >> 16) + self.base_high + (low >> 16))
        return put16(buffer, at + 2, low)

    def put_tag(self, buffer: "Any", at: int, tick: int) -> int:
        """Write the 11 bytes of F Prime's time tag; gives the place after them. Allocates nothing."""
        put16(buffer, at, BASE_MISSION if self.valid else BASE_START)
        buffer[at + 2] = 0
        at = self.put_seconds(buffer, at + 3, tick)
        return put32(buffer, at, self.hundredths(tick) * 10000)

    def from_tag_seconds(self, high: int, low: int) -> int:
        """Mission seconds of seconds since 1970, given as two halves of 16 bits; below 0 when before second
        0."""
        return ((high - self.base_high) << 16) + low - self.base_low
