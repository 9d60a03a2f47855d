"""An H-bridge with two PWM inputs (forward, reverse), as on DRV8871 or BTS7960 boards.

The drive is the difference of the two duties; both high brakes, which is a drive of zero.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.pins import Line
    from host_tools.emulator.world import World


class HBridge:
    """Writes -1000 to 1000 to one attribute of the plant."""

    def __init__(self, world: "World", forward: "Line", reverse: "Line", attribute: str) -> None:
        self.plant = world.plant
        self.forward = forward
        self.reverse = reverse
        self.attribute = attribute
        forward.pwm_sink = self.update
        reverse.pwm_sink = self.update
        forward.sink = self.level
        reverse.sink = self.level

    def level(self, level: int) -> None:
        """A pin that is a plain output drives fully or not at all."""
        self.update()

    def update(self) -> None:
        """Passes the drive on to the plant."""
        f = self.forward
        r = self.reverse
        drive = f.duty_permille() if f.pwm_on else f.level * 1000
        drive -= r.duty_permille() if r.pwm_on else r.level * 1000
        setattr(self.plant, self.attribute, drive)
