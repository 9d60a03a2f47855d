"""Sun table: how light it is at an hour of the local day, by the mission clock.

For a retake that waits for the sun, and for pictures while the light sensor is out of use. The table is the
share of the light at noon so many twenty-fourths of a day before or after it, on level ground near the
equator under a dusty sky; when midnight was, how long a day is and how light noon is are parameters.
"""

from rochette.tables import P_CAMERA_SUN_DAY_S, P_CAMERA_SUN_NOON_LUX, P_CAMERA_SUN_ZERO_S

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

# At noon, an hour from it, two: thousandths of the light at noon. Eight hours from noon it is night.
_PERMILLE = (1000, 960, 830, 630, 400, 180, 40, 10, 0)
_NIGHT_H = len(_PERMILLE) - 1
_HOURS = 24
_NOON_H = 12

UNKNOWN = -1
"""lux() and until_s() while mission time is not valid, or no hour is light enough."""


class Sun:
    """The table. `time` is the mission time (valid, now_s()). Nothing here allocates."""

    def __init__(self, time: "Any", values: "array[int]") -> None:
        self._time = time
        self._values = values

    def _second(self) -> int:
        """Seconds since local midnight, 0 to SUN_DAY_S - 1."""
        values = self._values
        second: int = (self._time.now_s() - values[P_CAMERA_SUN_ZERO_S]) % values[P_CAMERA_SUN_DAY_S]
        return second

    def lux(self) -> int:
        """Ambient light by the table, lux; UNKNOWN while mission time is not valid."""
        if not self._time.valid:
            return UNKNOWN
        day_s = self._values[P_CAMERA_SUN_DAY_S]
        # A day of up to 1,000,000 s keeps this inside 31 bits.
        share = self._second() * _HOURS
        off = abs(share // day_s * 1000 + share % day_s // (day_s // 1000 + 1) - _NOON_H * 1000)
        hour = off // 1000
        if hour >= _NIGHT_H:
            return 0
        low = _PERMILLE[hour + 1]
        permille = _PERMILLE[hour] - (_PERMILLE[hour] - low) * (off % 1000) // 1000
        return self._values[P_CAMERA_SUN_NOON_LUX] * permille // 1000

    def until_s(self, least_lux: int) -> int:
        """Seconds until the table gives `least_lux`, to an hour of the table; 0 while it does. UNKNOWN while
        mission time is not valid, or when not even noon is so light."""
        if not self._time.valid:
            return UNKNOWN
        if self.lux() >= least_lux:
            return 0
        noon_lux = self._values[P_CAMERA_SUN_NOON_LUX]
        for hour in range(_NIGHT_H, -1, -1):
            if noon_lux * _PERMILLE[hour] // 1000 >= least_lux:
                day_s = self._values[P_CAMERA_SUN_DAY_S]
                return ((_NOON_H - hour) * day_s // _HOURS + 1 - self._second()) % day_s
        return UNKNOWN
