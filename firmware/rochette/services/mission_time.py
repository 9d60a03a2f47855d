"""Mission time to a hundredth of a second: the mission clock's seconds, divided by the executive's ticks.

The two check each other. A clock that has stopped, that holds no time, that shows less than what was last
written down, or that leaves the ticks' count by more than JUMP_S makes mission time invalid, with an event,
and it stays so, over resets too, until set() is called by command: a clock that came back by itself may show
anything. Meanwhile nothing that waits for a time runs, and time tags count from the start of the payload.

F Prime's time tag has 11 bytes: time base, context, seconds, microseconds. While mission time is valid its
base is 2 and the seconds count from 1970; else the base is 1 and they count from the start of the payload.
Seconds since 1970 do not fit an int of the board, so they are kept as two halves.
"""

from rochette.services.wire import put16, put32
from rochette.tables import (
    CLOCK_FAULT_BEHIND,
    CLOCK_FAULT_JUMPED,
    CLOCK_FAULT_KEPT,
    CLOCK_FAULT_NO_ANSWER,
    CLOCK_FAULT_NO_TIME,
    CLOCK_FAULT_NONE,
    CLOCK_FAULT_STOPPED,
    EV_SURVIVAL_TIME_INVALID,
    EV_SURVIVAL_TIME_SET,
    P_SURVIVAL_JUMP_S,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

TAG_BYTES = 11
BASE_START = 1
BASE_MISSION = 2

_TICK_MASK = 0x3FFFFFFF
_HALF = 0x20000000
_DAY_S = 86400
# Two crystals of 30 and 2 ppm part by less than this; so much of a long time without a look is no jump.
_DRIFT_DIVISOR = 10_000
_NO_ANSWER_POLLS = 5


def _days_since_1970(year: int) -> int:
    """Days from 1970-01-01 to the first day of `year`, 1970 to 2100."""
    return (year - 1970) * 365 + (year - 1969) // 4


class MissionTime:
    """Time of a tick. `clock` is the mission clock's driver: poll(), epoch_s, valid, stopped, ok.

    `valid`: mission time is known. `fault` (ClockFault): why not. `latched`: it stays so until set().
    """

    def __init__(
        self, executive: "Any", clock: "Any", epoch_year: int, events: "Any" = None, values: "Any" = None
    ) -> None:
        """epoch_year: the year whose first second is the clock's second 0. `values`: the parameters."""
        base_s = _days_since_1970(epoch_year) * _DAY_S
        self.base_high = base_s >> 16
        self.base_low = base_s & 0xFFFF
        self.valid = False
        self.fault = CLOCK_FAULT_NO_ANSWER
        self._executive = executive
        self._clock = clock
        self._events = events
        self._values = values
        self._anchor_tick = 0
        self._anchor_s = 0
        self._anchored = False
        self.latched = False
        self._told = False
        self._polls = 0
        self._floor_s = 0

    def trust_from(self, last_s: int, invalid: bool) -> None:
        """What was written down before this start: the last second that was sure, and whether mission time
        was invalid then."""
        self._floor_s = last_s
        self._anchor_s = last_s
        if invalid:
            self._latch(CLOCK_FAULT_KEPT)

    def poll(self) -> None:
        """1 Hz, in the input room: read the clock and compare it with the ticks.

        Allocates nothing.
        """
        clock = self._clock
        clock.poll()
        if self.latched:
            self._tell()
            return
        if not clock.ok:
            # The ticks go on alone; what it shows when it answers again is compared like any reading.
            self._polls += 1
            if not self._anchored and self._polls >= _NO_ANSWER_POLLS:
                self._latch(CLOCK_FAULT_NO_ANSWER)
                self._tell()
            return
        if not clock.valid:
            self._latch(CLOCK_FAULT_STOPPED if clock.stopped else CLOCK_FAULT_NO_TIME)
            self._tell()
            return
        self._compare(clock.epoch_s)

    def _compare(self, shown_s: int) -> None:
        tick = self._executive.tick
        bound = 5 if self._values is None else self._values[P_SURVIVAL_JUMP_S]
        if not self._anchored:
            if shown_s < self._floor_s - bound:
                self._anchor_s = self._floor_s
                self._latch(CLOCK_FAULT_BEHIND)
                self._tell()
                return
            self._anchor(tick, shown_s)
            self.valid = True
            self.fault = CLOCK_FAULT_NONE
            return
        off = shown_s - self.estimate(tick)
        if -1 <= off <= 1:
            return
        bound += (self._since(tick) // 100) // _DRIFT_DIVISOR
        if -bound <= off <= bound:
            self._anchor(tick, shown_s)
            return
        self._latch(CLOCK_FAULT_JUMPED)
        self._tell()

    def _anchor(self, tick: int, seconds: int) -> None:
        self._anchor_tick = tick
        self._anchor_s = seconds
        self._anchored = True

    def _latch(self, fault: int) -> None:
        self.valid = False
        self.fault = fault
        self.latched = True

    def _tell(self) -> None:
        if not self._told and self._events is not None:
            self._told = True
            self._events.emit(
                EV_SURVIVAL_TIME_INVALID, self.fault, self._clock.epoch_s, self.estimate(self._executive.tick)
            )

    def set(self, seconds: int) -> None:
        """Set the clock by command; mission time is valid from now on. Raises PartAbsent. Allocates."""
        before = self.estimate(self._executive.tick)
        self._clock.set_epoch(seconds)
        self._anchor(self._executive.tick, seconds)
        self.valid = True
        self.fault = CLOCK_FAULT_NONE
        self.latched = False
        self._told = False
        self._polls = 0
        if self._events is not None:
            self._events.emit(EV_SURVIVAL_TIME_SET, seconds, before)

    def estimate(self, tick: int) -> int:
        """Mission seconds by the ticks alone, from the last time that was sure; what was written down before
        this start when there was none. Never jumps."""
        if not self._anchored:
            return self._anchor_s
        return self._anchor_s + self._since(tick) // 100

    def clock_s(self) -> int:
        """What the clock showed last, right or wrong."""
        seconds: int = self._clock.epoch_s
        return seconds

    def now_s(self) -> int:
        """The best there is, for records: the clock's seconds while they can be trusted, else estimate()."""
        if self.latched:
            return self.estimate(self._executive.tick)
        return self.clock_s()

    def seconds(self, tick: int) -> int:
        """Mission seconds at `tick` (within 62 days of now); seconds since start while mission time is not
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
