"""Sun, dust and what light reaches the payload's bay, all from the mission clock in integers.

Sine after Bhaskara I (7th century): sin x = 4x(180-x) / (40500 - x(180-x)) with x in degrees, within 0.17 %
of full scale. The sun stands on the equator (declination 0). Dust dims the direct light by exp(-optical
depth / sin elevation), Beer-Lambert; part of what is lost comes as sky light.
"""

from host_tools.emulator import micropython_shim as micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.plant.plant import Plant

# What a zenith sun without dust would lay on the sensor: of about 60 000 lux a hundredth gets into the bay.
BAY_LUX = 600
LED_LUX = 400  # the LED ring at full drive, on the camera's subject


def sin_permille(mdeg: int) -> int:
    """Sine of an angle in millidegrees, in thousandths (-1000..1000)."""
    a = mdeg % 360_000
    sign = 1
    if a >= 180_000:
        a -= 180_000
        sign = -1
    a //= 10  # hundredths of a degree
    p = a * (18_000 - a)
    return sign * (4 * p * 1000 // (405_000_000 - p))


def exp_neg_permille(x_permille: int) -> int:
    """exp(-x) in thousandths for x >= 0 in thousandths: 2**-(x / ln 2), the fraction between two powers
    drawn straight (error under 6 %).
    """
    k = x_permille * 1443 // 1000
    whole = k // 1000
    if whole > 20:
        return 0
    return (1000 - (k % 1000) // 2) >> whole


class Light:
    """Where the sun stands and how much of it comes through."""

    def __init__(self, plant: "Plant", geometry: dict, optical_depth_permille: int) -> None:
        self._plant = plant
        self._zero = geometry["sol_zero_epoch_s"]
        self._sol = geometry["sol_s"]
        self._cos_lat = sin_permille(geometry["latitude_mdeg"] + 90_000)
        self.optical_depth_permille = optical_depth_permille
        self.sun_gone = False
        # What lux() was last asked, and its answer: it is asked in every tick, and the sun moves by seconds.
        self._lux_at = (-1, 0, False)
        self._lux = 0

    def sun_sin_permille(self, epoch_s: int) -> int:
        """Sine of the sun's elevation in thousandths; negative below the horizon."""
        angle = ((epoch_s - self._zero) % self._sol) * 360_000 // self._sol
        return -self._cos_lat * sin_permille(angle + 90_000) // 1000

    def sun_mdeg(self, epoch_s: int) -> int:
        """The sun's elevation in millidegrees, -90000..90000, found by halving the interval (accurate to
        0.1 degree).
        """
        want = self.sun_sin_permille(epoch_s)
        low = -90_000
        high = 90_000
        while high - low > 100:
            mid = (low + high) // 2
            if sin_permille(mid) < want:
                low = mid
            else:
                high = mid
        return high

    def sun_permille(self, epoch_s: int) -> int:
        """Light on level ground against a zenith sun without dust, direct and from the sky, in
        thousandths.
        """
        s = self.sun_sin_permille(epoch_s)
        if self.sun_gone:
            return 0
        tau = self.optical_depth_permille
        if s <= 0:
            # Dusk: the sky glows on for about six degrees.
            return max(0, (100 + s) * 30 * exp_neg_permille(tau) // 100_000)
        direct = s * exp_neg_permille(tau * 1000 // max(s, 60)) // 1000
        return direct + (s - direct) * 450 * exp_neg_permille(tau // 4) // 1_000_000

    @micropython.native
    def lux(self, epoch_s: int) -> int:
        """Light at the sensor in the bay, lux."""
        at = (epoch_s, self.optical_depth_permille, self.sun_gone)
        if at != self._lux_at:
            self._lux_at = at
            self._lux = self.sun_permille(epoch_s) * BAY_LUX // 1000
        return self._lux
