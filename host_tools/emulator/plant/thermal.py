"""Temperatures in millidegrees C: ambient by the time of the sol, and the spindle motor's winding.

The winding follows T += (T_end - T) / 600 once a second: 4 K for each watt of copper loss, a time constant
of ten minutes (a small gearmotor). Many seconds at once take the same step by squaring, so that a leap costs
the logarithm of its length.

The electronics' box is ambient and what its heater adds: BOX_K_PER_W for each watt, with a time constant of
an hour. `cold_mc` takes the whole to a colder place: so much off the mean, and half of it on the day's swing
(a bench at 12 degrees becomes a Martian site at -58, -15 by day and -101 by night, with 70 000).
"""

from host_tools.emulator.plant.light import sin_permille

KEEP = 1_046_828  # (1 - 1/600) in units of 2**-20
ONE = 1 << 20
K_PER_W = 4
BOX_K_PER_W = 20
BOX_KEEP = 1_048_285  # (1 - 1/3600) in units of 2**-20


class Thermal:
    """Ambient and winding temperature."""

    def __init__(self, geometry: dict, mean_mc: int, swing_mc: int) -> None:
        self._zero = geometry["sol_zero_epoch_s"]
        self._sol = geometry["sol_s"]
        self._mean = mean_mc
        self._swing = swing_mc
        self.motor_mc = 0
        self.cold_mc = 0
        self.box_rise_mc = 0

    def ambient_mc(self, epoch_s: int) -> int:
        """Ambient temperature: coldest about 02:00, warmest about 14:00 by the sun."""
        angle = ((epoch_s - self._zero) % self._sol) * 360_000 // self._sol
        if not self.cold_mc:
            return self._mean + self._swing * sin_permille(angle - 120_000) // 1000
        swing = self._swing + self.cold_mc // 2
        return self._mean - self.cold_mc + swing * sin_permille(angle - 120_000) // 1000

    def advance(self, seconds: int, loss_mw: int, epoch_s: int) -> None:
        """Moves the winding's temperature on by whole seconds under a steady loss in milliwatts."""
        end = self.ambient_mc(epoch_s) + loss_mw * K_PER_W
        self.motor_mc = end + (((self.motor_mc - end) * _kept(KEEP, seconds)) >> 20)

    def warm(self, seconds: int, heater_mw: int) -> None:
        """Moves the box's temperature on by whole seconds under a steady heater."""
        end = heater_mw * BOX_K_PER_W
        if end or self.box_rise_mc:
            self.box_rise_mc = end + (((self.box_rise_mc - end) * _kept(BOX_KEEP, seconds)) >> 20)


def _kept(factor: int, seconds: int) -> int:
    """What is left of a difference after so many seconds, in units of 2**-20."""
    keep = ONE
    while seconds > 0:
        if seconds & 1:
            keep = (keep * factor) >> 20
        factor = (factor * factor) >> 20
        seconds >>= 1
    return keep
