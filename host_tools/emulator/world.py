"""One emulated payload: the clock, the plant, the pins, the buses and the parts on them.

The world keeps the plant up with the clock. The plant moves on a grid of 5 ms; `sync` brings it to the last
grid point that has passed and hands it the steps that each stepper has made by then, whoever asks and however
seldom: what is asked between two grid points never changes what happens at them.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.clock import Clock
from host_tools.emulator.errors import EmulationError, PowerLoss

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, NoReturn

    from host_tools.emulator.clock import Event
    from host_tools.emulator.devices.serial_line import SerialLine
    from host_tools.emulator.devices.stepper import StepperAxis
    from host_tools.emulator.pins import Line

GRID_US = 5000
# With nothing powered the plant may cross a longer time in one leap; shorter gaps are walked, so that a pulse
# of the
# camera's sync is seen by the expander.
_LEAP_US = 100_000
_DARK_US = 60_000_000  # asleep or without supply, the plant is looked at once a minute
_AWAKE_US = 2000  # between two pieces of one sleep
_DARKEST_US = 200 * 88_775 * 1_000_000  # a supply that is away for longer does not come back
PINS = 30

PWRON_RESET = 1
WDT_RESET = 3

_current: "World | None" = None
_hooks: "list[Callable[[World | None], None]]" = []


def current() -> "World":
    """The attached world. Raises EmulationError when there is none."""
    if _current is None:
        raise EmulationError("no World is attached: call World(...).attach() first")
    return _current


def attached() -> "World | None":
    """The attached world, or None."""
    return _current


def when_attached(hook: "Callable[[World | None], None]") -> None:
    """Calls the hook now and whenever a world is attached (or None is, on detach)."""
    _hooks.append(hook)
    hook(_current)


class Bus:
    """One I2C bus: what answers at each address, and the pins it needs."""

    def __init__(self, name: str, number: int, sda: int, scl: int, freq: int) -> None:
        self.name = name
        self.number = number
        self.sda = sda
        self.scl = scl
        self.freq = freq
        self.timeout_us = 50_000
        self.devices: "list[Any]" = [None] * 128


class World:
    """Builds every part that `board` names, on `plant`. `seed` drives intermittent faults and garbage
    only.
    """

    def __init__(
        self, board: "dict[str, Any]", plant: "Any", seed: int, start_ticks_us: int = 2**30 - 5_000_000
    ) -> None:
        # Imported here: the parts import this module for the grid.
        from host_tools.emulator import wiring

        self.board = board
        self.plant = plant
        self.seed = seed
        self.clock = Clock(start_ticks_us)
        self.reset_cause = PWRON_RESET
        self.lines: "list[Line | None]" = [None] * PINS
        self.line_by_name: "dict[str, Line]" = {}
        self.buses: "list[Bus]" = []
        self.serial: "SerialLine | None" = None
        self.parts: "dict[str, Any]" = {}
        self.sensors: "dict[str, Any]" = {}
        self.steppers: "list[StepperAxis]" = []
        self.watchers: "list[Any]" = []
        # The lines of another board that this one's pins are wired to, by GPIO number (stimulus_bench.py).
        self.wired: "dict[int, Line | None]" = {}
        self.interrupt_lines: "list[Line]" = []
        self.moved_lines: "list[Line]" = []  # those of them that the plant or a fault can move
        self.timers: "list[Any]" = []
        self.machines: "list[Any]" = [None] * 8
        self.lock_heap_in_interrupts = False
        self.pio_programs: "list[list[Any]]" = [[], []]
        self.slice_freq: "list[int]" = [0] * 8
        self.slice_users: "list[int]" = [0] * 8
        self.scratch = bytearray(8)
        """The watchdog's scratch registers 0 and 1: they outlive its resets."""
        self.watchdog: "Any" = None
        self.flash: "Any" = None
        self.supply_on = True
        # The chip's sleep: does not come, does not end, ends late (once); slept until when, as far as the
        # plant does not know of it yet.
        self.sleep_refused = False
        self.sleep_hangs = False
        self.oversleep_ms = 0
        self._asleep_to_us = 0
        # A planned power cut in the middle of a write to a memory: how many writes are left until then, and
        # which share of that write is done. `off_us`: how long the power stays away.
        self.cut_left = 0
        self.cut_permille = 0
        self.memory_writes = 0
        self.off_us = 1_000_000
        # Whether this payload has a file system on its flash (flash_files.py).
        self.flash_wanted = False
        self.estop_closed = True
        self.actuator_enable = False
        self.next_grid_us = 0
        self._grid_event: "Event | None" = None
        wiring.build(self)
        self.set_enable()

    # --- attach

    def attach(self) -> "World":
        """Makes this the world that `machine`, `time` and `rp2` act on."""
        global _current
        _current = self
        for hook in _hooks:
            hook(self)
        return self

    def detach(self) -> None:
        """Takes the world away; `machine`, `time` and `rp2` raise until another is attached."""
        global _current
        if _current is self:
            _current = None
            for hook in _hooks:
                hook(None)

    # --- plant

    @micropython.native
    def sync(self) -> None:
        """Brings the plant to the last grid point that has passed. One comparison when it is there."""
        if self.clock.now_us >= self.next_grid_us:
            self._walk(self.clock.now_us)

    @micropython.native
    def _walk(self, now: int) -> None:
        g = self.next_grid_us
        self.next_grid_us = now - now % GRID_US + GRID_US
        plant = self.plant
        if self._asleep_to_us:
            # What was slept through draws what a sleeper draws, whoever asks for it when.
            plant.asleep = True
            plant.advance(self._asleep_to_us)
            plant.asleep = False
            self._asleep_to_us = 0
        last = now - now % GRID_US
        # Quiet time passes at once, and while only the corer works the plant takes its steps in one call.
        if g < last and (
            not plant.others_awake() if now - g < _LEAP_US else not plant.energised and not plant.shutter
        ):
            g = last
        while g <= now:
            for axis in self.steppers:
                if axis.busy:
                    axis.run_to(g)
            plant.advance(g)
            for watcher in self.watchers:
                watcher.grid(g)
            g += GRID_US
        if plant.logic_off and not plant.unpowered:
            raise PowerLoss("the bus is too low for the electronics")
        if self.moved_lines:
            self._edges(self.moved_lines)

    def set_enable(self) -> None:
        """Works out anew whether the actuators have power: enable line, e-stop loop, supply."""
        self.plant.enable = self.actuator_enable and self.estop_closed and self.supply_on

    def set_estop(self, closed: bool) -> None:
        """Opens or closes the e-stop loop, as a hand on the button does."""
        self.sync()
        self.estop_closed = closed
        self.set_enable()
        if self.interrupt_lines:
            self._edges(self.interrupt_lines)

    # --- pin interrupts

    def watch_line(self, line: "Line") -> None:
        """From now on the line's interrupt handler is called at the grid point where its level changes."""
        if line not in self.interrupt_lines:
            self.interrupt_lines.append(line)
        self.watch_grid()

    def watch_grid(self) -> None:
        """Visits each grid point while an interrupt waits for a line that the plant or a fault can move."""
        needed = False
        self.moved_lines = [n for n in self.interrupt_lines if n.of_plant or n.fault is not None]
        for line in self.interrupt_lines:
            if line.of_plant and not line.unhurried or line.fault is not None:
                needed = True
        if needed and self._grid_event is None:
            self._grid_event = self.clock.at(self.next_grid_us, self._at_grid)
        elif not needed and self._grid_event is not None:
            self.clock.cancel(self._grid_event)
            self._grid_event = None

    def unwatch_line(self, line: "Line") -> None:
        """No more interrupts from this line."""
        if line in self.interrupt_lines:
            self.interrupt_lines.remove(line)
        self.watch_grid()

    def _at_grid(self) -> None:
        event = self._grid_event
        if event is not None:
            self.clock.queue(event, event.us + GRID_US)
        self.sync()

    @micropython.native
    def _edges(self, lines: "list[Line]") -> None:
        found = False
        for line in lines:
            if line.edge():
                found = True
        if found:
            self.clock.run_due()

    # --- sleep

    def sleep_ms(self, ms: int) -> None:
        """The chip's lightsleep: its timer wakes it, and nothing else runs (no timer, no pin interrupt, no
        UART).

        Raises EmulationError for what would go wrong on the chip: actuators that have power, a timer that
        would make up for all the calls it missed, a hang that no watchdog ends.
        """
        if self.actuator_enable:
            raise EmulationError("lightsleep() while ACTUATOR_ENABLE is on: nobody would watch the actuators")
        for timer in self.timers:
            if timer.running:
                raise EmulationError("lightsleep() with a Timer running: it would make up for what it missed")
        if self.sleep_refused:
            self.clock.advance(100)
            return
        if self.oversleep_ms:
            # The alarm is missed, and the watchdog rests too: on an RP2040 it would have ended the sleep.
            ms += self.oversleep_ms
            if self.watchdog is not None:
                self.watchdog.rest(self.oversleep_ms * 1000)
            self.oversleep_ms = 0
        if self._asleep_to_us == 0 or self.clock.now_us - self._asleep_to_us > _AWAKE_US:
            self.sync()
        if self.serial is not None:
            self.serial.deaf = True
        grid = self._grid_event
        if grid is not None:
            self.clock.cancel(grid)
        try:
            if self.sleep_hangs:
                self.hang()
            self._pass(ms * 1000)
        finally:
            self._asleep_to_us = self.clock.now_us
            if self.serial is not None:
                self.serial.deaf = False
            if grid is not None and grid is self._grid_event and not grid.queued:
                self.clock.queue(grid, self.clock.now_us - self.clock.now_us % GRID_US + GRID_US)

    def _pass(self, us: int) -> None:
        clock = self.clock
        while us > 0:
            piece = us if us < _DARK_US else _DARK_US
            clock.advance(piece)
            if clock.now_us - self.next_grid_us >= _DARK_US:
                self._asleep_to_us = clock.now_us
                self.sync()
            us -= piece

    def hang(self) -> None:
        """The chip waits for something that never comes: time passes, interrupts run, until the watchdog."""
        if self.watchdog is None:
            raise EmulationError("the chip hangs, and no watchdog was started")
        while True:
            self.clock.advance(GRID_US)
            self.watchdog.check()

    # --- power cuts in the middle of a write

    def torn(self, n: int) -> int:
        """A memory is about to write `n` bytes: how many of them are done before the planned cut; -1 for
        all."""
        self.cut_left -= 1
        return n * self.cut_permille // 1000 if self.cut_left == 0 else -1

    def cut_off(self) -> "NoReturn":
        """The planned cut. Raises PowerLoss."""
        raise PowerLoss("the power went in the middle of a write (fault supply.logic, cut_at_write)")

    # --- reset

    def power_cycle(self) -> None:
        """The power is away for `off_us`, and until the battery carries the electronics, and comes back: the
        chip is reset and every part starts anew. What has a battery or needs none (clock, memories,
        mechanics) is as it was. Raises EmulationError when the battery does not come back in 200 sols.
        """
        self.reset_chip(PWRON_RESET)
        self.cut_left = 0
        for name in sorted(self.parts.keys()):
            start = getattr(self.parts[name], "power_on", None)
            if start is not None:
                start()
        self.plant.unpowered = True
        self.clock.advance(self.off_us)
        self.sync()
        darkest_us = self.clock.now_us + _DARKEST_US
        while self.plant.logic_off:
            if self.clock.now_us > darkest_us:
                raise EmulationError("the battery is empty, and the sun does not charge it")
            self.clock.advance(_DARK_US)
            self.sync()
        self.plant.unpowered = False
        self.off_us = 1_000_000
        for name in sorted(self.parts.keys()):
            start = getattr(self.parts[name], "power_on", None)
            if start is not None:
                start()

    def reset_chip(self, cause: int) -> None:
        """What a reset of the RP2040 does: pins float, PWM, PIO, timers and watchdog stop; parts and plant
        live on.
        """
        self.sync()
        for timer in self.timers:
            timer.stop()
        self.timers = []
        if self.watchdog is not None:
            self.watchdog.stop()
            self.watchdog = None
        if cause == PWRON_RESET:
            for i in range(len(self.scratch)):
                self.scratch[i] = 0
        for i in range(len(self.machines)):
            if self.machines[i] is not None:
                self.machines[i].model.stop_for_good()
                self.machines[i] = None
        self.pio_programs = [[], []]
        if self.serial is not None:
            self.serial.close()
        while self.interrupt_lines:
            self.unwatch_line(self.interrupt_lines[0])
        for line in self.lines:
            if line is not None:
                line.float()
        for i in range(8):
            self.slice_freq[i] = 0
            self.slice_users[i] = 0
        self.clock.held = 0
        self.reset_cause = cause
