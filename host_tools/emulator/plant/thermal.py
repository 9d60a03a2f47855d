"""Temperatures in millidegrees C: ambient by the time of the sol, and the spindle motor's winding.

The winding follows T += (T_end - T) / 600 once a second: 4 K for each watt of copper loss, a time constant
of ten minutes (a small gearmotor). Many seconds at once take the same step by squaring, so that a leap costs
the logarithm of its length.
"""

from host_tools.emulator.plant.light import sin_permille

KEEP = 1_046_828  # (1 - 1/600) in units of 2**-20
ONE = 1 << 20
K_PER_W = 4


class Thermal:
    """Ambient and winding temperature."""

    def __init__(self, geometry: dict, mean_mc: int, swing_mc: int) -> None:
        self._zero = geometry["sol_zero_epoch_s"]
        self._sol = geometry["sol_s"]
        self._mean = mean_mc
        self._swing = swing_mc
        self.motor_mc = 0

    def ambient_mc(self, epoch_s: int) -> int:
        """Ambient temperature: coldest about 02:00, warmest about 14:00 by the sun."""
        angle = ((epoch_s - self._zero) % self._sol) * 360_000 // self._sol
        return self._mean + self._swing * sin_permille(angle - 120_000) // 1000

    def advance(self, seconds: int, loss_mw: int, epoch_s: int) -> None:
        """Moves the winding's temperature on by whole seconds under a steady loss in milliwatts."""
        end = self.ambient_mc(epoch_s) + loss_mw * K_PER_W
        keep = ONE
        factor = KEEP
        n = seconds
        while n > 0:
            if n & 1:
                keep = (keep * factor) >> 20
            factor = (factor * factor) >> 20
            n >>= 1
        self.motor_mc = end + (((self.motor_mc - end) * keep) >> 20)
