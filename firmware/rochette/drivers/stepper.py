"""Step/dir motor driver: whole steps, queued ten milliseconds at a time and counted exactly."""

from array import array

from micropython import const

from rochette.hal import clock
from rochette.hal.pins import Output
from rochette.hal.stepper import STEP_OVERHEAD, StepGenerator

# Ticks a second: each queues at most one segment.
_TICKS_PER_S = const(100)
FASTEST = 20_000
# A segment fills this share of a tick, in thousandths, so that a tick that comes a little early still finds
# the last segment finished and the queue does not grow.
_FILL_PERMILLE = const(995)


class Stepper:
    """One axis.

    position: steps made and queued, signed; at most two ticks ahead of the motor, exact once it stands.
    busy: tick() has something to do: a rate is asked for, or queued steps are still being made.
    rate: steps a second that were asked for. late: ticks whose segment found no room; their steps were not
    made. Nothing but the constructor allocates.
    """

    def __init__(
        self, name: str, generator: StepGenerator, direction: Output, forward_level: int, max_steps_per_s: int
    ) -> None:
        """forward_level: level of the direction pin for a growing position. max_steps_per_s: 1 to 20_000.

        Raises ValueError when that is out of range.
        """
        if not 1 <= max_steps_per_s <= FASTEST:
            raise ValueError(
                "stepper '{}': {} steps a second; 1 to {} are possible".format(name, max_steps_per_s, FASTEST)
            )
        self.name = name
        self.position = 0
        self.rate = 0
        self.busy = False
        self.late = 0
        self.max_steps_per_s = max_steps_per_s
        self._generator = generator
        self._direction = direction
        self._forward_level = forward_level
        self._forward = True
        self._part = 0
        self._cycles_per_tick = generator.freq_hz // _TICKS_PER_S * _FILL_PERMILLE // 1000
        self._cycles_per_ms = generator.freq_hz // 1000
        self._end_us = clock.ticks_us()
        self._moving = False
        # Where the rate is noted each tick, for the guard; nowhere in particular when it is not asked for.
        self._motion = array("i", (0,))
        self._motion_at = 0
        direction.set(forward_level)

    def tell_guard(self, state: "array[int]", at: int) -> None:
        """Note the rate, signed, in `state[at]` at each tick: which end stop the axis is driven towards."""
        self._motion = state
        self._motion_at = at

    def set_rate(self, steps_per_s: int) -> None:
        """Step at this rate from the next tick on; positive lets the position grow. Cut to max_steps_per_s.

        There is no ramp: the mechanism that owns the axis changes the rate in steps its motor can follow.
        """
        if steps_per_s > self.max_steps_per_s:
            steps_per_s = self.max_steps_per_s
        elif steps_per_s < -self.max_steps_per_s:
            steps_per_s = -self.max_steps_per_s
        self.rate = steps_per_s
        if steps_per_s:
            self.busy = True

    def stop(self) -> None:
        """Queue nothing more. What is queued, at most two ticks of steps, is still made, and is in
        `position`.
        """
        self.rate = 0
        self._part = 0

    def tick(self) -> None:
        """Queue the steps of the next ten milliseconds. To be called 100 times a second."""
        rate = self.rate
        self._motion[self._motion_at] = rate
        if rate == 0:
            if self._moving:
                # Noted in time: an end that lies 2**29 us or more in the past would look like the future.
                self._moving = clock.diff(self._end_us, clock.ticks_us()) > 0
            self.busy = self._moving
            return
        forward = rate > 0
        if forward != self._forward:
            # The direction holds for every step that is still queued: it may change only when the motor
            # stands.
            if self.moving:
                return
            self._forward = forward
            self._part = 0
            self._direction.set(self._forward_level if forward else 1 - self._forward_level)
        if not self._generator.room():
            self.late = (self.late + 1) & 0x3FFFFFFF
            return
        # Hundredths of a step that are left over go into the next tick, so that the mean rate is exact.
        part = self._part + (rate if forward else -rate)
        steps = part // _TICKS_PER_S
        self._part = part - steps * _TICKS_PER_S
        if steps == 0:
            return
        half = (self._cycles_per_tick // steps - STEP_OVERHEAD) // 2
        if half < 1:
            half = 1
        cycles = self._generator.queue(steps, half)
        now = clock.ticks_us()
        if not self._moving or clock.diff(self._end_us, now) < 0:
            self._end_us = now
        self._end_us = clock.add(self._end_us, cycles * 1000 // self._cycles_per_ms + 1)
        self._moving = True
        self.position += steps if forward else -steps

    @property
    def moving(self) -> bool:
        """True while queued steps are being made."""
        if self._moving and clock.diff(self._end_us, clock.ticks_us()) <= 0:
            self._moving = False
        return self._moving

    def reset_position(self, steps: int) -> None:
        """Call the present position `steps`; right only while not `moving`."""
        self.position = steps

    def check(self) -> None:
        """A step/dir driver has no identity to ask for: this stops it, and bring-up proves it by homing."""
        self.stop()
