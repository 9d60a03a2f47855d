"""Ring of white LEDs around the lens."""

from rochette.hal.pwm import Pwm


class LedRing:
    """permille: its light, 0 to 1000. Nothing but the constructor allocates."""

    def __init__(self, name: str, pwm: Pwm) -> None:
        self.name = name
        self.permille = 0
        self._pwm = pwm

    def set(self, permille: int) -> None:
        """Light it with 0 to 1000; beyond is cut to that."""
        if permille < 0:
            permille = 0
        elif permille > 1000:
            permille = 1000
        if permille != self.permille:
            self._pwm.set_permille(permille)
            self.permille = permille

    def check(self) -> None:
        """A lamp has no identity to ask for: this switches it off, and bring-up proves it by the light
        sensor.
        """
        self.set(0)
