"""Parts that are driven by pulses: servos, the percussion solenoid, and the LED ring."""

from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.pins import Line
    from host_tools.emulator.world import World


class Servo:
    """A hobby servo: 50 Hz, the pulse width is the position; no pulses, no holding."""

    def __init__(self, world: "World", line: "Line", attribute: str) -> None:
        self.plant = world.plant
        self.line = line
        self.attribute = attribute
        line.pwm_sink = self.update
        line.sink = self.level

    def level(self, level: int) -> None:
        """A servo line that stands high is no pulse. Raises EmulationError."""
        if level:
            raise EmulationError(self.line.text() + ": a servo line must not stand high")

    def update(self) -> None:
        """Passes the pulse width on. Raises EmulationError for a frame rate or pulse that would harm a
        servo.
        """
        line = self.line
        us = (line.duty_ns + 500) // 1000
        if us:
            if not 40 <= line.pwm_freq <= 60:
                raise EmulationError(line.text() + ": a servo wants 40 to 60 Hz, not " + str(line.pwm_freq))
            if not 500 <= us <= 2500:
                raise EmulationError(line.text() + ": a servo pulse is 500 to 2500 us, not " + str(us))
        setattr(self.plant, self.attribute, us)


class Percussion:
    """The hammer's solenoid behind its MOSFET: a blow a pulse, its energy by the pulse's width."""

    def __init__(self, world: "World", line: "Line") -> None:
        self.plant = world.plant
        self.line = line
        line.pwm_sink = self.update
        line.sink = self.level

    def level(self, level: int) -> None:
        """A solenoid that is held on burns. Raises EmulationError."""
        if level:
            raise EmulationError(self.line.text() + ": the solenoid would be held on and burn")

    def update(self) -> None:
        """Passes rate and pulse width on. Raises EmulationError above 30 Hz or half the period."""
        line = self.line
        if line.duty_ns == 0:
            self.plant.percussion_mhz = 0
            self.plant.percussion_pulse_us = 0
            return
        if line.pwm_freq > 30:
            raise EmulationError(line.text() + ": the hammer strikes at most 30 times a second")
        if line.duty_permille() > 500:
            raise EmulationError(
                line.text() + ": the solenoid is on for more than half the time and would burn"
            )
        self.plant.percussion_mhz = line.pwm_freq * 1000
        self.plant.percussion_pulse_us = (line.duty_ns + 500) // 1000


class LedRing:
    """The ring of white LEDs: light in proportion to the duty."""

    def __init__(self, world: "World", line: "Line") -> None:
        self.plant = world.plant
        self.line = line
        line.pwm_sink = self.update
        line.sink = self.level

    def level(self, level: int) -> None:
        """A plain output lights it fully."""
        self.plant.led_permille = level * 1000

    def update(self) -> None:
        """Passes the light on."""
        self.plant.led_permille = self.line.duty_permille()
