"""H-bridge with two PWM inputs: one side switched, the other low."""

from rochette.hal.pwm import Pwm

FULL = 1000


class HBridge:
    """A brushed motor. permille: the drive, -1000 to 1000, positive forward. Nothing but the constructor
    allocates.
    """

    def __init__(self, name: str, forward: Pwm, reverse: Pwm) -> None:
        """Both outputs low: the motor coasts."""
        self.name = name
        self.permille = 0
        self._forward = forward
        self._reverse = reverse

    def drive(self, permille: int) -> None:
        """Drive with -1000 to 1000; more is cut to that. The side that goes low does so first."""
        if permille > FULL:
            permille = FULL
        elif permille < -FULL:
            permille = -FULL
        if permille == self.permille:
            return
        if permille >= 0:
            if self.permille < 0:
                self._reverse.off()
            self._forward.set_permille(permille)
        else:
            if self.permille > 0:
                self._forward.off()
            self._reverse.set_permille(-permille)
        self.permille = permille

    def stop(self) -> None:
        """Both sides low, whatever was thought before. May be used in an interrupt."""
        self._forward.off()
        self._reverse.off()
        self.permille = 0

    def check(self) -> None:
        """A bridge has no identity to ask for: this puts it at rest, and bring-up proves it by moving it."""
        self.stop()
