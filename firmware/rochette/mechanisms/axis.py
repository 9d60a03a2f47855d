"""Motion of one stepper axis: trapezoid profile and steady speed, in whole steps, with exact arrival.

Each tick commands a whole number of steps: the stepper is given a rate that is a multiple of 100 steps/s,
which is exactly rate / 100 steps in its 10 ms segment. Fractions are carried here, so the sum is exact
whatever the stepper does with fractions. Integers only; speeds up to 20,000 steps/s keep v * v below 2**30.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.stepper import Stepper

_TICKS_PER_S = 100
# The stepper queues two segments of 10 ms: the last step is over three ticks after the last order.
_ARRIVED_TICKS = 3


class Axis:
    """A stepper with a speed profile. Does not know micrometres, switches or loads.

    Attributes: moving (bool, True until the last step is over), speed (steps/s now, signed).
    """

    def __init__(self, stepper: "Stepper") -> None:
        self.stepper = stepper
        self.moving = False
        self.speed = 0
        self._gliding = False
        self._target = 0
        self._top = 0
        self._goal = 0
        self._fraction = 0
        self._settle = 0
        self._start_stop = 6400
        self._ramp = 192
        self._slope = 192
        self._twice_acceleration = 38400

    def limits(self, acceleration: int, start_stop: int) -> None:
        """Set acceleration (steps/s2, 100 to 200,000) and the rate that needs no ramp."""
        self._ramp = acceleration // _TICKS_PER_S
        self._twice_acceleration = 2 * acceleration
        self._start_stop = start_stop

    def go(self, target: int, top: int) -> None:
        """Go to `target` (steps) at up to `top` steps/s; `moving` ends when the last step is over."""
        self._gliding = False
        self._target = target
        self._top = top
        self._fraction = 0
        self._settle = _ARRIVED_TICKS
        self.speed = 0
        self.moving = True

    def glide(self, rate: int) -> None:
        """Go on at `rate` (steps/s, signed) until told otherwise; above the start-stop rate it is ramped."""
        if not self._gliding:
            self._gliding = True
            self._fraction = 0
            self.speed = 0
        self._goal = rate
        self._slope = self._ramp
        self.moving = True

    def stop(self) -> None:
        """No further step. Steps already queued (20 ms at most) are still given, so the count stays exact."""
        self.moving = False
        self.speed = 0
        self.stepper.set_rate(0)

    def brake(self) -> bool:
        """Stop at once when slow enough for that (returns True); else slow down five times as hard as usual.

        Then go on calling tick() until `moving` is False.
        """
        speed = self.speed
        if not self.moving or -self._start_stop <= speed <= self._start_stop:
            self.stop()
            return True
        self._gliding = True
        self._goal = 0
        self._fraction = 0
        self._slope = 5 * self._ramp
        return False

    def tick(self) -> None:
        """Order this tick's steps. 100 Hz, before the stepper's own tick. Allocates nothing."""
        if not self.moving:
            return
        if self._gliding:
            self._tick_glide()
        else:
            self._tick_go()

    def _tick_glide(self) -> None:
        goal = self._goal
        speed = self.speed
        if speed != goal:
            easy = self._start_stop
            if -easy <= goal <= easy and -easy <= speed <= easy:
                speed = goal
            elif goal > speed:
                speed += self._slope
                if speed > goal:
                    speed = goal
            else:
                speed -= self._slope
                if speed < goal:
                    speed = goal
            self.speed = speed
        due = self._fraction + speed
        steps = due // _TICKS_PER_S
        self._fraction = due - steps * _TICKS_PER_S
        self.stepper.set_rate(steps * _TICKS_PER_S)
        if speed == 0 and goal == 0:
            self.moving = False

    def _tick_go(self) -> None:
        stepper = self.stepper
        left = self._target - stepper.position
        away = left if left >= 0 else -left
        if away == 0:
            self.speed = 0
            stepper.set_rate(0)
            self._settle -= 1
            if self._settle <= 0:
                self.moving = False
            return
        top = self._top
        floor = self._start_stop
        if floor > top:
            floor = top
        speed = self.speed
        if speed < 0:
            speed = -speed
        if speed > floor and speed * speed // self._twice_acceleration + speed // _TICKS_PER_S >= away:
            speed -= self._ramp
        else:
            speed += self._ramp
        if speed < floor:
            speed = floor
        if speed > top:
            speed = top
        due = self._fraction + speed
        steps = due // _TICKS_PER_S
        self._fraction = due - steps * _TICKS_PER_S
        if steps >= away:
            steps = away
            self._fraction = 0
        if left < 0:
            stepper.set_rate(-steps * _TICKS_PER_S)
            self.speed = -speed
        else:
            stepper.set_rate(steps * _TICKS_PER_S)
            self.speed = speed
