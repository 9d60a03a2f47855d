"""The guard: a hard interrupt that takes the power off the actuators without waiting for anybody.

The executive looks at limits once a tick; a tick can be late, a collection of garbage takes 20 ms on a Pico,
and a program can hang. This file does not wait: BEATS_PER_S times a second an interrupt looks at three things
and drops ACTUATOR_ENABLE when one is not as it must be:

* the executive's sign of life, `state[HEART]`, which the executive sets to 0 once a tick;
* an end stop that is made while its axis is still driven into it;
* the last current that was read. I2C cannot be read in an interrupt: a driver puts each new reading into
  `state`, with an age of 0, and the next beat looks at it. How old it can get is the heart's matter.

The emergency-stop loop and the end stops have hard pin interrupts besides. What tripped is latched in
`state[CAUSE]`, with value and limit, until `clear`, which refuses while the cause is there.

Beats come from a state machine of PIO (one instruction, BEAT_HZ), because MicroPython before 1.26 has no hard
timer on this chip; a board without a free one has a hard timer. A soft timer was measured at up to 10 ms late
under garbage collection, a hard one at 10 microseconds.

The interrupts read and write one array of integers and call methods that were bound beforehand: they allocate
nothing and use no floats. This file needs nothing but a stock image and `hal/pins.py`, so that it can be
measured alone.
"""

from array import array

import micropython
from micropython import const

from rochette.hal import beat
from rochette.hal.pins import Input, Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

NONE = 0
HEARTBEAT = 1
END_STOP_LOW = 2
END_STOP_HIGH = 3
OVER_CURRENT = 4  # and the numbers after it: one for each sensor, in the order of the constructor
E_STOP = 8
SILENT = 9
ORDERED = 10
"""Causes; the enum GuardCause of the dictionary has the same numbers."""

SENSORS = 3

# Places in `state`; a driver and the executive write into it, so they are no secret.
CAUSE = const(0)
VALUE = const(1)
LIMIT = const(2)
BEATS = const(3)
HEART = const(4)
HEART_MAX = const(5)
MOTION = const(6)
FRESH = const(7)
HIGH_BEATS = const(8)
HIGH_MAX = const(9)
CURRENT = const(10)  # four words a sensor: reading, its age in beats, limit, trips so far
_SENSOR_WORDS = const(4)

_NEVER_MA = const(0x3FFFFFFF)
_MASK = const(0x3FFFFFFF)
_BEATS_PER_S = const(200)
# A beat takes 5 ms; the executive looks every 10 ms and allows for two ticks that are late.
_SILENT_LOOKS = const(6)


class Guard:
    """One ACTUATOR_ENABLE line and what may take it away.

    state: array of integers, see the constants above. armed: whether the beats run. No method but the
    constructor, `arm` and `disarm` allocates.
    """

    def __init__(
        self,
        enable: Output,
        active: int,
        state_machine: int,
        heartbeat_ms: int,
        limits_ma: "tuple[int, ...]" = (),
        estop: "tuple[Input, int] | None" = None,
        low: "tuple[Input, int] | None" = None,
        high: "tuple[Input, int] | None" = None,
        high_grace_ms: int = 300,
    ) -> None:
        """enable, active: the line and the level that gives power. state_machine: 0 to 7, free, or -1 for a
        hard timer. heartbeat_ms: 20 to 1000, without a sign of life for longer the power goes. limits_ma: of
        the sensors 0 to 2, at once. estop, low, high: input and the level that means open or made; low is
        the end that the axis meets with growing position (MOTION above 0), high the other, which homing
        drives into: high_grace_ms is what stopping there may take. Raises ValueError.
        """
        if not 20 <= heartbeat_ms <= 1000:
            raise ValueError("guard: heartbeat of {} ms; 20 to 1000 are possible".format(heartbeat_ms))
        if len(limits_ma) > SENSORS or min(limits_ma or (1,)) < 1:
            raise ValueError("guard: limits {}; up to {} of 1 mA or more".format(limits_ma, SENSORS))
        self.armed = False
        state = self.state = array("i", [0] * (CURRENT + _SENSOR_WORDS * SENSORS))
        state[HEART_MAX] = heartbeat_ms * _BEATS_PER_S // 1000
        state[HIGH_MAX] = high_grace_ms * _BEATS_PER_S // 1000
        for sensor in range(SENSORS):
            at = CURRENT + _SENSOR_WORDS * sensor
            state[at + 1] = 1  # nothing read yet
            state[at + 2] = limits_ma[sensor] if sensor < len(limits_ma) else _NEVER_MA
        self._off_level = 1 - active
        self._set = enable.bound()
        self._estop = estop
        self._low = low
        self._high = high
        # Bound once: an interrupt that binds a method allocates.
        self._estop_read = _nothing_made if estop is None else estop[0].bound()
        self._estop_level = 1 if estop is None else estop[1]
        self._low_read = _nothing_made if low is None else low[0].bound()
        self._low_level = 1 if low is None else low[1]
        self._high_read = _nothing_made if high is None else high[0].bound()
        self._high_level = 1 if high is None else high[1]
        self._seen = 0
        self._looks = 0
        self._on_low = self._low_edge
        self._beats = beat.Beats(state_machine, self._beat)

    # -- armed while the rail is on ------------------------------------------------------------------

    def arm(self) -> bool:
        """Start to watch, before the rail is switched on. False, and nothing is watched, while latched."""
        state = self.state
        if state[CAUSE]:
            return False
        if not self.armed:
            state[HEART] = 0
            state[HIGH_BEATS] = 0
            state[FRESH] = 0
            for sensor in range(SENSORS):
                # A reading from before tells nothing about what is switched on now.
                state[CURRENT + _SENSOR_WORDS * sensor + 1] = 1
            self._looks = 0
            self._seen = state[BEATS]
            if self._low is not None:
                self._low[0].on_edge(self._low[1], self._on_low)
            self.armed = True
            self._beats.start()
        return True

    def disarm(self) -> None:
        """Watch no longer: the rail is off. A latched cause stays."""
        if self.armed:
            self._beats.stop()
            if self._low is not None:
                self._low[0].on_edge(self._low[1], None)
            self.armed = False

    # -- in interrupts -------------------------------------------------------------------------------

    @micropython.native
    def _beat(self, _source: "Any") -> None:
        """What is looked at 200 times a second. In a hard interrupt."""
        state = self.state
        state[BEATS] = (state[BEATS] + 1) & _MASK
        heart = state[HEART] + 1
        state[HEART] = heart
        if heart > state[HEART_MAX]:
            self.trip(HEARTBEAT, heart * 5, state[HEART_MAX] * 5)
        motion = state[MOTION]
        if motion > 0:
            if self._low_read() == self._low_level:
                self.trip(END_STOP_LOW, motion, 0)
        elif motion < 0:
            if self._high_read() == self._high_level:
                state[HIGH_BEATS] += 1
                if state[HIGH_BEATS] > state[HIGH_MAX]:
                    self.trip(END_STOP_HIGH, motion, 0)
            else:
                state[HIGH_BEATS] = 0
        if state[FRESH]:
            state[FRESH] = 0
            at = CURRENT
            while at < CURRENT + _SENSOR_WORDS * SENSORS:
                if state[at + 1] == 0:
                    state[at + 1] = 1
                    value = state[at]
                    limit = state[at + 2]
                    if value > limit or value < -limit:
                        state[at + 3] = (state[at + 3] + 1) & _MASK
                        self.trip(OVER_CURRENT + (at - CURRENT) // _SENSOR_WORDS, value, limit)
                at += _SENSOR_WORDS

    def _low_edge(self, _pin: "Any") -> None:
        """The end stop is made. In a hard pin interrupt."""
        if self.state[MOTION] > 0:
            self.trip(END_STOP_LOW, self.state[MOTION], 0)

    def trip(self, cause: int, value: int, limit: int) -> None:
        """Take the power off, now; remember the first cause. May be used in an interrupt."""
        self._set(self._off_level)
        state = self.state
        if state[CAUSE] == 0:
            state[VALUE] = value
            state[LIMIT] = limit
            state[CAUSE] = cause

    def estop_opened(self) -> None:
        """The emergency-stop loop has opened; called in its hard interrupt. Trips only what was on."""
        self._set(self._off_level)
        if self.armed:
            self.trip(E_STOP, 1, 0)

    # -- from the executive --------------------------------------------------------------------------

    def alive(self) -> None:
        """The executive's sign of life, once a tick, at its end."""
        self.state[HEART] = 0

    def look(self) -> None:
        """Does the guard itself live? Once a tick while armed: beats that stand still trip it (SILENT)."""
        beats = self.state[BEATS]
        if beats != self._seen:
            self._seen = beats
            self._looks = 0
            return
        self._looks += 1
        if self._looks > _SILENT_LOOKS:
            self.trip(SILENT, self._looks * 10, _SILENT_LOOKS * 10)

    @property
    def tripped(self) -> int:
        """The cause that is latched, NONE when there is none."""
        return self.state[CAUSE]

    def present(self, cause: int) -> bool:
        """Whether `cause` is still there, as far as it can be told with the power off."""
        state = self.state
        if cause == E_STOP:
            return self._estop_read() == self._estop_level and self._estop is not None
        if cause == END_STOP_LOW:
            return state[MOTION] > 0 and self._low_read() == self._low_level
        if cause == END_STOP_HIGH:
            return state[MOTION] < 0 and self._high_read() == self._high_level
        if OVER_CURRENT <= cause < OVER_CURRENT + SENSORS:
            at = CURRENT + _SENSOR_WORDS * (cause - OVER_CURRENT)
            value = state[at]
            return value > state[at + 2] or value < -state[at + 2]
        return False

    def clear(self) -> bool:
        """Forget the cause, by command only. False, and it stays latched, while the cause is there."""
        state = self.state
        if self.armed or self.present(state[CAUSE]):
            return False
        state[CAUSE] = NONE
        state[VALUE] = 0
        state[LIMIT] = 0
        return True


def _nothing_made() -> int:
    """Stands for an input that the board has not: never made."""
    return 0


def note(state: "array[int]", sensor: int, ma: int) -> None:
    """Give the guard a new reading of a sensor, milliamperes. Allocates nothing."""
    at = CURRENT + _SENSOR_WORDS * sensor
    state[at] = ma
    state[at + 1] = 0
    state[FRESH] = 1
