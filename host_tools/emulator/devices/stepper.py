"""A step/dir motor driver: a rising edge on step is one microstep in the direction of dir."""

from host_tools.emulator import micropython_shim as micropython

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
        # Pulses by the level of dir until its last change, its level, and the total then.
        self._made = [0, 0]
        self._level = 0
        self._since = 0
        # The shortest time that step was high; 0 when it never was.
        self.shortest_ns = 0
        # Set by the step generator while pulses come; `run_to` is then called at each grid point.
        self.busy = False
        self.generator: "StepperModel | None" = None
        step.sink = self.step
        step.axis = self
        direction.sink = self.turn

    @micropython.native
    def run_to(self, us: int) -> None:
        """Takes the steps made by `us` from the generator and tells the plant."""
        if self.generator is not None:
            self.generator.run_to(us)
        setattr(self.plant, self.attribute, self.total)

    def turn(self, level: int) -> None:
        """The dir line changes: the steps until now count in the old direction."""
        if self.busy and self.generator is not None:
            self.generator.run_to(self.world.clock.now_us)
        self._made[self._level] += abs(self.total - self._since)
        self._since = self.total
        self._level = level
        self.sign = 1 if level == self.forward_level else -1

    def pulses(self, level: int) -> int:
        """How many rising edges there were on step with dir at this level."""
        now = abs(self.total - self._since) if level == self._level else 0
        return self._made[level] + now

    def was_high(self, ns: int) -> None:
        """A pulse on step was high for so long."""
        if self.shortest_ns == 0 or ns < self.shortest_ns:
            self.shortest_ns = ns

    def step(self, level: int) -> None:
        """The step line is moved by hand, as a plain output: a rising edge is a step."""
        if level:
            self.total += self.sign
            setattr(self.plant, self.attribute, self.total)

    def let_go(self) -> None:
        """The step line becomes a plain pin: the generator's pulses no longer reach the driver."""
        if self.generator is not None:
            self.generator.stop_for_good()
