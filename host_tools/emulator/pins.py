"""The board's pins as electrical lines: who drives them, and at what level they stand.

A line is wired to its part by `wiring.py`: an input has a source (a function that gives the level), an output
a sink (a function that is told the new level), a PWM line a sink for its duty.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from host_tools.emulator.clock import Event
    from host_tools.emulator.world import World

UNSET = -1
IN = 0
OUT = 1
OPEN_DRAIN = 2
ALT = 3
PULL_UP = 1
PULL_DOWN = 2
IRQ_FALLING = 4
IRQ_RISING = 8


class Line:
    """One pin. `gp` is the RP2040's number, `name` the board's."""

    def __init__(self, world: "World", gp: int, name: str) -> None:
        self.world = world
        self.gp = gp
        self.name = name
        self.mode = UNSET
        self.level = 0
        self.pull = 0
        # Whether the part only ever pulls one way, so that the other level needs the pin's own pull (1 up, 2
        # down).
        self.needs_pull = 0
        self.source: "Callable[[], int] | None" = None
        self.sink: "Callable[[int], None] | None" = None
        self.pwm_sink: "Callable[[], None] | None" = None
        self.pwm_freq = 0
        self.duty_ns = 0
        self.pwm_on = False
        self.fault: "Callable[[int], int] | None" = None
        # Whether the plant can move the line's level; the e-stop loop, for one, is moved by hand only.
        self.of_plant = True
        # Whether an edge of it is looked for whenever the plant is brought up to date, and not at each grid
        # point: nothing hangs on its microsecond, and at rest the plant may leap.
        self.unhurried = False
        self.handler: "Callable[..., None] | None" = None
        self.trigger = 0
        self.last = 0
        self.pin: "object | None" = None
        # The part whose state machine may drive the line.
        self.axis: "Any" = None
        self._call: "Event | None" = None

    def configure(self, mode: int, pull: int, value: int) -> None:
        """What `machine.Pin.init` does; `value` -1 leaves the output level as it was."""
        if mode == OPEN_DRAIN:
            raise EmulationError(self.text() + ": open drain is not modelled, no part of the board uses it")
        if mode == IN and self.source is None:
            raise EmulationError(self.text() + " is set as an input, but nothing on this board drives it")
        if mode == OUT and self.sink is None:
            raise EmulationError(
                self.text() + " is set as an output, but nothing on this board listens to it"
            )
        if value >= 0:
            if self.mode == OUT and mode == OUT:
                self.write(value)
            else:
                self.level = value
        was = self.mode
        self.pull = pull
        if self.pwm_on:
            self.pwm_off()
        if was == ALT and self.axis is not None:
            # A state machine had the line; now it moves nothing.
            self.axis.let_go()
        self.mode = mode
        if mode == OUT and was != OUT:
            self.world.sync()
            self._drive()

    @micropython.native
    def read(self) -> int:
        """The electrical level, 0 or 1. Reading takes a microsecond, so that a busy wait ends.

        Raises EmulationError for a pin whose mode was never set, or that floats.
        """
        c = self.world.clock
        t = c.now_us + 1
        c.now_us = t
        if t >= c.next_us:
            c.run_due()
        if self.mode == IN:
            self.world.sync()
            return self.input_level()
        if self.mode == OUT:
            return self.level if self.fault is None else self.fault(self.level)
        raise EmulationError(self.text() + " is read before its mode was set")

    @micropython.native
    def input_level(self) -> int:
        """The level that the parts put on the line, with the pull and any fault."""
        level = self.source()  # type: ignore[misc]
        if self.fault is not None:
            return self.fault(level)
        if self.needs_pull and self.pull != self.needs_pull and level == (self.needs_pull == PULL_UP):
            raise EmulationError(self.text() + " floats: its switch is open and the pin has no pull")
        return level

    @micropython.native
    def write(self, level: int) -> None:
        """Drives the line. Raises EmulationError unless it is an output."""
        if self.mode != OUT:
            raise EmulationError(self.text() + " is written but it is not an output")
        if level != self.level:
            self.world.sync()
            self.level = level
            self._drive()

    def _drive(self) -> None:
        self.sink(self.level if self.fault is None else self.fault(self.level))  # type: ignore[misc]

    def set_fault(self, fault: "Callable[[int], int] | None") -> None:
        """Puts a fault on the line (a function from the true level to the level there is), or takes it
        away.
        """
        self.fault = fault
        if self.sink is not None and self.mode in (UNSET, OUT):
            self.world.sync()
            self._drive()
        if self.handler is not None:
            self.world.watch_grid()

    def to_pio(self) -> None:
        """The line is driven by a state machine from now on."""
        if self.pwm_on:
            self.pwm_off()
        self.mode = ALT

    def duty(self, duty_ns: int, freq: int) -> None:
        """A new PWM setting: high time in nanoseconds, frequency in hertz."""
        self.world.sync()
        self.duty_ns = duty_ns
        self.pwm_freq = freq
        self.pwm_sink()  # type: ignore[misc]

    def pwm_off(self) -> None:
        """The PWM lets go of the line."""
        if self.pwm_on:
            self.pwm_on = False
            self.mode = UNSET
            world = self.world
            s = self.gp >> 1 & 7
            world.slice_users[s] -= 1
            if world.slice_users[s] == 0:
                world.slice_freq[s] = 0
            self.duty(0, self.pwm_freq)

    def pwm_take(self) -> None:
        """The PWM takes the line."""
        if not self.pwm_on:
            self.pwm_on = True
            self.mode = ALT
            self.world.slice_users[self.gp >> 1 & 7] += 1

    @micropython.native
    def duty_permille(self) -> int:
        """The share of the period that the line is high, 0 to 1000, rounded."""
        if self.duty_ns == 0:
            return 0
        return (self.duty_ns * self.pwm_freq + 500_000) // 1_000_000

    def float(self) -> None:
        """Chip reset: the pin is an input with its pull-down; the parts see a low level."""
        if self.pwm_on:
            self.pwm_off()
        self.handler = None
        self.trigger = 0
        if self.mode == OUT and self.level:
            self.write(0)
        self.mode = UNSET
        self.level = 0
        self.pull = 0
        if self.sink is not None and self.fault is not None:
            self._drive()

    # --- interrupts

    def on_edges(self, handler: "Callable[..., None] | None", trigger: int, pin: object) -> None:
        """Sets or removes the interrupt handler. Only inputs have one."""
        if handler is None or trigger == 0:
            self.handler = None
            self.trigger = 0
            self.world.unwatch_line(self)
            return
        if self.mode != IN:
            raise EmulationError(self.text() + " gets an interrupt handler but it is not an input")
        self.handler = handler
        self.trigger = trigger
        self.pin = pin
        self.world.sync()
        self.last = self.input_level()
        self.world.watch_line(self)

    @micropython.native
    def edge(self) -> bool:
        """Looks whether the level has changed; queues the handler when it is to be called."""
        level = self.input_level()
        if level == self.last:
            return False
        self.last = level
        if not self.trigger & (IRQ_RISING if level else IRQ_FALLING):
            return False
        clock = self.world.clock
        if self._call is None:
            self._call = clock.at(clock.now_us, self._fire, True)
        elif not self._call.queued:
            clock.queue(self._call, clock.now_us)
        return True

    def _fire(self) -> None:
        if self.handler is not None:
            self.handler(self.pin)

    def text(self) -> str:
        """`GP8 (feed_step)`, for messages."""
        return "GP" + str(self.gp) + " (" + self.name + ")"
