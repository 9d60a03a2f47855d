"""Tilt watch: the angle between gravity now and gravity at the baseline.

Integer geometry. With a the filtered acceleration now and b the baseline (both in 1/8 mg), the angle is
asin(|a x b| / (|a| |b|)). For the small angles that matter here (below 10 degrees) asin(x) = x within 0.5 %,
and |a| = |b| within the vibration that the filter leaves; so change_mdeg = 57296 x |a x b| / |b|**2. The
cross product is divided by |b| before it is squared, which keeps every product below 2**30 for accelerations
up to 2 g. The square root is Newton's in integers, bounded.

The filter takes the mean of five ticks (50 ms) and lets it in with a quarter, so that two thirds of a step
are seen after 200 ms while the hammer's vibration averages out. `tick()` allocates nothing; nothing here may
be called from an interrupt.
"""

from rochette.tables import P_CORER_TILT_SETTLE_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.lis3dh import Lis3dh
    from rochette.services.parameters import Parameters

_TICKS = 5  # ticks of 10 ms averaged into one reading
_SCALE = 8  # readings are kept in 1/8 mg
_MDEG_PER_RADIAN = 57296
_BOUND = 16000  # 2 g in 1/8 mg
# A baseline is gravity, that of Mars (0.38 g) or of a bench; what a sensor makes up is not.
_LEAST = 2000
_MOST = 12000


def square_root(number: int, guess: int) -> int:
    """Integer square root of 0 <= number < 2**30, rounded down, from any guess >= 1; at most 20 steps of
    Newton. Allocates nothing.
    """
    if number <= 0:
        return 0
    root = guess if guess * guess >= number else 32768
    for _ in range(20):
        better = (root + number // root) // 2
        if better >= root:
            return root
        root = better
    return root


class Tilt:
    """The tilt watch.

    Attributes: busy (a baseline is being averaged), ready (there is a baseline), ok (the sensor answers, and
    what it said for the last baseline was gravity: 0.25 to 1.5 g), change_mdeg (angle to the baseline,
    millidegrees, 0 to about 90,000 and only exact below 10,000; 0 without a baseline).
    """

    def __init__(self, sensor: "Lis3dh", parameters: "Parameters") -> None:
        self.name = "tilt"
        self._sensor = sensor
        self._values = parameters.values
        self.busy = False
        self.ready = False
        self.ok = True
        self.change_mdeg = 0
        self._count = 0
        self._x_sum = 0
        self._y_sum = 0
        self._z_sum = 0
        self._x = 0
        self._y = 0
        self._z = 0
        self._base_x = 0
        self._base_y = 0
        self._base_z = 0
        self._length = 0
        self._settle = 0
        self._averaged = 0
        self._root = 1

    def baseline(self) -> None:
        """Average the gravity of the next TILT_SETTLE_MS as the baseline; busy meanwhile, change_mdeg is 0
        until then.
        """
        self._settle = self._values[P_CORER_TILT_SETTLE_MS] // (10 * _TICKS)
        self._averaged = 0
        self._base_x = self._base_y = self._base_z = 0
        self.change_mdeg = 0
        self.ready = False
        self.busy = True

    def halt(self) -> None:
        """Give up a baseline that is being averaged; one that stands is kept."""
        self.busy = False

    def tick(self) -> None:
        """Collect; every fifth tick filter and compare. 100 Hz. Returns at once without a baseline. Allocates
        nothing.
        """
        if not self.ready and not self.busy:
            return
        sensor = self._sensor
        self._x_sum += sensor.x_mg
        self._y_sum += sensor.y_mg
        self._z_sum += sensor.z_mg
        self._count += 1
        if self._count < _TICKS:
            return
        self.ok = sensor.ok
        x = self._x_sum * _SCALE // _TICKS
        y = self._y_sum * _SCALE // _TICKS
        z = self._z_sum * _SCALE // _TICKS
        self._count = self._x_sum = self._y_sum = self._z_sum = 0
        if self.busy:
            self._average(x, y, z)
            return
        self._x += (x - self._x) // 4
        self._y += (y - self._y) // 4
        self._z += (z - self._z) // 4
        self._compare()

    def _average(self, x: int, y: int, z: int) -> None:
        self._base_x += x
        self._base_y += y
        self._base_z += z
        self._averaged += 1
        count = self._averaged
        if count < self._settle:
            return
        self._base_x = self._x = _bounded(self._base_x // count)
        self._base_y = self._y = _bounded(self._base_y // count)
        self._base_z = self._z = _bounded(self._base_z // count)
        self._length = square_root(
            self._base_x * self._base_x + self._base_y * self._base_y + self._base_z * self._base_z, 8000
        )
        self.busy = False
        self.ready = _LEAST <= self._length <= _MOST
        if not self.ready:
            self.ok = False

    def _compare(self) -> None:
        length = self._length
        x = _bounded(self._x)
        y = _bounded(self._y)
        z = _bounded(self._z)
        cross_x = (y * self._base_z - z * self._base_y) // length
        cross_y = (z * self._base_x - x * self._base_z) // length
        cross_z = (x * self._base_y - y * self._base_x) // length
        cross_x = _bounded(cross_x)
        cross_y = _bounded(cross_y)
        cross_z = _bounded(cross_z)
        root = square_root(cross_x * cross_x + cross_y * cross_y + cross_z * cross_z, self._root + 64)
        self._root = root
        self.change_mdeg = _MDEG_PER_RADIAN * root // length


def _bounded(value: int) -> int:
    if value > _BOUND:
        return _BOUND
    if value < -_BOUND:
        return -_BOUND
    return value
