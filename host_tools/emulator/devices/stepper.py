"""A step/dir motor driver: a rising edge on step is one microstep in the direction of dir."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.pins import Line
    from host_tools.emulator.pio_models import StepperModel
    from host_tools.emulator.world import World


class StepperAxis:
    """Keeps the sum of the steps that the driver has been given, signed by dir at each step's time."""

    def __init__(
        self, world: "World", step: "Line", direction: "Line", forward_level: int, attribute: str
    ) -> None:
        self.world = world
        self.plant = world.plant
        self.attribute = attribute
        self.direction = direction
        self.forward_level = forward_level
        self.sign = 1 if forward_level == 0 else -1
        self.total = 0
        # Set by the step generator while pulses come; `run_to` is then called at each grid point.
        self.busy = False
        self.generator: "StepperModel | None" = None
        step.sink = self.step
        step.axis = self
        direction.sink = self.turn

    def run_to(self, us: int) -> None:
        """Takes the steps made by `us` from the generator and tells the plant."""
        if self.generator is not None:
            self.generator.run_to(us)
        setattr(self.plant, self.attribute, self.total)

    def turn(self, level: int) -> None:
        """The dir line changes: the steps until now count in the old direction."""
        if self.busy and self.generator is not None:
            self.generator.run_to(self.world.clock.now_us)
        self.sign = 1 if level == self.forward_level else -1

    def step(self, level: int) -> None:
        """The step line is moved by hand, as a plain output: a rising edge is a step."""
        if level:
            self.total += self.sign
            setattr(self.plant, self.attribute, self.total)

    def let_go(self) -> None:
        """The step line becomes a plain pin: the generator's pulses no longer reach the driver."""
        if self.generator is not None:
            self.generator.stop_for_good()
