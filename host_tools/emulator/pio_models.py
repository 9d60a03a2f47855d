"""What the project's own PIO programs do, seen from outside, exactly in counts and times.

A state machine is modelled by recognising its program by its assembled words and settings; any other program
raises EmulationError. The sentences that the models follow stand in `firmware/rochette/hal/pio_programs.py`.

Times are in units of 1/256 cycle of the 125 MHz system clock, in which a state machine's divider is whole:
32000 in a microsecond. Nothing here runs per pulse: what has happened by a time is worked out when someone
asks.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.devices.hx711 import Hx711
from host_tools.emulator.devices.stepper import StepperAxis
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from host_tools.emulator.clock import Event
    from host_tools.emulator.pins import Line
    from host_tools.emulator.pio_asm import Program
    from host_tools.emulator.world import World

SYS_HZ = 125_000_000
UNITS_PER_US = 32_000
UNITS_PER_NS = 32
# Longer than anything in the payload takes: a `put` or `get` that would wait longer waits for ever.
_FOR_EVER_US = 10_000_000

_STEPPER = (0x80A0, 0xA027, 0x80A0, 0xE001, 0xA047, 0x0085, 0xE000, 0xA047, 0x0088, 0x0043)
_HX711 = (0x2020, 0xE037, 0xE101, 0xE000, 0x4001, 0x0042, 0xE101, 0xE400)
_BEAT = (0xCF10,)
_QUADRATURE = (
    0x0013, 0x0010, 0x001E, 0x0013, 0x001E, 0x0013, 0x0013, 0x0010,
    0x0010, 0x0013, 0x0013, 0x001E, 0x0013, 0x001E, 0x0010, 0x0013,
    0xA029, 0x0052, 0xA029, 0x8080, 0xA047, 0x00B9, 0x4002, 0xA0E6,
    0x60A4, 0xA046, 0xA0C1, 0x8000, 0xA0C2, 0x0016, 0x0053, 0x0013,
)  # fmt: skip


class Model:
    """What `rp2.StateMachine` asks of a model. `put` and `get` are only called when they will not block."""

    def __init__(self, world: "World", number: int, divider: int) -> None:
        self.world = world
        self.clock = world.clock
        self.number = number
        self.divider = divider
        self.active = False

    def activate(self, on: bool) -> None:
        """Starts or freezes the state machine."""
        self.active = on

    def restart(self) -> None:
        """Back to the first instruction; the FIFOs keep their words."""
        raise EmulationError("restart is not modelled for this PIO program")

    def execute(self, word: int) -> None:
        """An instruction from outside."""
        raise EmulationError("the models know whole programs only: no exec for this PIO program")

    def on_irq(self, call: "Callable[[], None] | None") -> None:
        """Calls this at each interrupt that the program raises; None for nothing."""
        raise EmulationError("this PIO program raises no interrupt")

    @micropython.native
    def tx_level(self) -> int:
        """Words waiting in the TX FIFO now."""
        return 0

    @micropython.native
    def rx_level(self) -> int:
        """Words waiting in the RX FIFO now."""
        return 0

    def tx_depth(self) -> int:
        """How many words the TX FIFO holds."""
        return 4

    @micropython.native
    def put(self, word: int) -> None:
        """Takes a word."""
        raise EmulationError("this PIO program takes no words")

    @micropython.native
    def get(self) -> int:
        """Gives a word."""
        raise EmulationError("this PIO program gives no words")

    def stop_for_good(self) -> None:
        """The chip is reset or the state machine is set up anew."""
        self.activate(False)


class StepperModel(Model):
    """`stepper`: segments of (steps, half) from a four-word FIFO."""

    def __init__(self, world: "World", number: int, divider: int, axis: StepperAxis) -> None:
        Model.__init__(self, world, number, divider)
        self.axis = axis
        axis.generator = self
        self._words = [0, 0, 0, 0]
        self._times = [0, 0, 0, 0]
        self._head = 0
        self._n = 0
        self._have_first = False
        self._first_at = 0
        self._x = 0
        self._left = 0
        self._edge = 0
        self._step = 0
        self._free = 0
        self._frozen_at = 0

    @micropython.native
    def run_to(self, us: int) -> None:
        """Counts the rising edges up to and including this time into the axis."""
        if not self.active:
            return
        t = us * UNITS_PER_US
        while True:
            left = self._left
            if left:
                late = t - self._edge
                if late < 0:
                    return
                n = late // self._step + 1
                if n < left:
                    self._left = left - n
                    self._edge += n * self._step
                    self.axis.total += self.axis.sign * n
                    return
                self._left = 0
                self._free = self._edge + left * self._step
                self.axis.total += self.axis.sign * left
            if self._n == 0:
                # Stalled, unless the last step is still going on; nothing will be counted before the next
                # word.
                self.axis.busy = False
                return
            head = self._head
            at = self._times[head]
            if not self._have_first:
                if at < self._free:
                    at = self._free
                if at > t:
                    return
                self._have_first = True
                self._first_at = at
                self._x = self._words[head]
            else:
                ready = self._first_at + 2 * self.divider
                if at < ready:
                    at = ready
                if at > t:
                    return
                self._have_first = False
                self._left = self._x + 1
                self._step = (2 * (self._words[head] + 1) + 5) * self.divider
                self.axis.was_high((self._words[head] + 3) * self.divider // UNITS_PER_NS)
                self._edge = at + self.divider
            self._head = head + 1 & 3
            self._n -= 1

    def activate(self, on: bool) -> None:
        """Freezes in the middle of a segment, and goes on from there."""
        if on == self.active:
            return
        now = self.clock.now_us
        if on:
            self.active = True
            pause = now * UNITS_PER_US - self._frozen_at
            self._edge += pause
            self._first_at += pause
            self._free += pause
            self.axis.busy = self._n > 0 or self._left > 0
            # The state machine's first cycle after the start sees what already waits.
            if self._free < now * UNITS_PER_US and not self._left:
                self._free = now * UNITS_PER_US
        else:
            self.run_to(now)
            self.axis.run_to(now)
            self.active = False
            self.axis.busy = False
            self._frozen_at = now * UNITS_PER_US

    def restart(self) -> None:
        """Forgets the segment in progress."""
        now = self.clock.now_us
        self.run_to(now)
        self._left = 0
        self._have_first = False
        self._free = now * UNITS_PER_US
        if not self.active:
            self._frozen_at = self._free

    @micropython.native
    def tx_level(self) -> int:
        """Words that have not been pulled yet."""
        if self._n:
            self.run_to(self.clock.now_us)
        return self._n

    @micropython.native
    def put(self, word: int) -> None:
        """Takes a word: steps - 1 or half - 1, in turn."""
        if self._n == 4:
            raise EmulationError("the stepper's FIFO is full")
        at = self._head + self._n & 3
        self._words[at] = word
        # The state machine sees the word at its next cycle.
        t = self.clock.now_us * UNITS_PER_US
        self._times[at] = t + -t % self.divider
        self._n += 1
        if self.active:
            self.axis.busy = True

    def stop_for_good(self) -> None:
        """Counts what was done and lets go of the axis."""
        self.activate(False)
        if self.axis.generator is self:
            self.axis.generator = None


class QuadratureModel(Model):
    """`quadrature`: the count of the edges since the start, answered on request."""

    def __init__(self, world: "World", number: int, divider: int) -> None:
        Model.__init__(self, world, number, divider)
        self.plant = world.plant
        self._offset = world.plant.encoder_count
        self._stopped_at = self._offset
        self._answers = [0, 0, 0, 0]
        self._ready = [0, 0, 0, 0]
        self._head = 0
        self._n = 0
        self._delay_us = (16 * divider + UNITS_PER_US - 1) // UNITS_PER_US

    def activate(self, on: bool) -> None:
        """Edges while stopped are not counted."""
        if on == self.active:
            return
        self.world.sync()
        if on:
            self._offset += self.plant.encoder_count - self._stopped_at
        else:
            self._stopped_at = self.plant.encoder_count
        self.active = on

    def restart(self) -> None:
        """The count in X stays, as the data sheet says of a restart (section 2.6.6)."""

    @micropython.native
    def put(self, word: int) -> None:
        """A request: a word that differs from the count is answered. Raises EmulationError when not
        running.
        """
        if not self.active:
            raise EmulationError("the quadrature counter is asked while its state machine is stopped")
        world = self.world
        now = self.clock.now_us
        if now >= world.next_grid_us:
            world.sync()
        count = self.plant.encoder_count - self._offset & 0xFFFFFFFF
        if word == count or self._n == 4:
            # Not seen as a request, or the answer is dropped (push noblock).
            return
        at = self._head + self._n & 3
        self._answers[at] = count
        self._ready[at] = now + self._delay_us
        self._n += 1

    @micropython.native
    def rx_level(self) -> int:
        """Answers that are there by now."""
        n = 0
        now = self.clock.now_us
        while n < self._n and self._ready[self._head + n & 3] <= now:
            n += 1
        return n

    @micropython.native
    def get(self) -> int:
        """The count at the time of the request, 32 bits, two's complement."""
        value = self._answers[self._head]
        self._head = self._head + 1 & 3
        self._n -= 1
        return value


def _through(fault: "Callable[[int], int]", word: int) -> int:
    """The 24 bits of `word` as they come over a line with a fault."""
    seen = 0
    for bit in range(23, -1, -1):
        seen = seen << 1 | fault(word >> bit & 1)
    return seen


class Hx711Model(Model):
    """`hx711`: a word a conversion into a four-word FIFO; stalls with the clock low when it is full."""

    def __init__(self, world: "World", number: int, divider: int, part: Hx711, data: "Line") -> None:
        Model.__init__(self, world, number, divider)
        self.part = part
        self._data = data
        self._fifo = [0, 0, 0, 0]
        self._head = 0
        self._n = 0
        self._held = -1
        # 121 cycles from DOUT low to the push of the 24th bit.
        self._read_us = (121 * divider + UNITS_PER_US - 1) // UNITS_PER_US
        self._due = 0
        world.watchers.append(self)

    def activate(self, on: bool) -> None:
        """A stopped state machine leaves DOUT low, and the conversion that is ready is read when it
        starts.
        """
        if on and not self.active:
            now = self.clock.now_us
            if now < self.part.ready_us:
                now = self.part.ready_us
            self._due = now + self._read_us
        self.active = on

    def restart(self) -> None:
        """A reading in progress is dropped; the next conversion is read."""
        self._held = -1
        self._wait(self.clock.now_us)

    @micropython.native
    def _wait(self, us: int) -> None:
        self.part.ready_us = self.part.next_ready_us(us)
        self._due = self.part.ready_us + self._read_us

    @micropython.native
    def grid(self, us: int) -> None:
        """Called when the plant has moved a step: takes the conversions that have been read by then."""
        while self.active and self._held < 0 and us >= self._due:
            word = self.part.word()
            fault = self._data.fault
            if fault is not None:
                if fault(0):
                    # DOUT does not fall: the state machine waits, and looks again.
                    self._due = us + self.part.period_us
                    return
                word = _through(fault, word)
            if self._n < 4:
                self._fifo[self._head + self._n & 3] = word
                self._n += 1
                self._wait(self._due)
            else:
                self._held = word

    @micropython.native
    def rx_level(self) -> int:
        """Words that wait."""
        now = self.clock.now_us
        if now >= self._due:
            self.world.sync()
            self.grid(now)
        return self._n

    @micropython.native
    def get(self) -> int:
        """24 bits."""
        word = self._fifo[self._head]
        self._head = self._head + 1 & 3
        self._n -= 1
        if self._held >= 0:
            self._fifo[self._head + self._n & 3] = self._held
            self._n += 1
            self._held = -1
            self._wait(self.clock.now_us)
        return word

    def stop_for_good(self) -> None:
        """No more looking at the grid."""
        self.active = False
        if self in self.world.watchers:
            self.world.watchers.remove(self)


class BeatModel(Model):
    """`beat`: an interrupt every 16 cycles."""

    def __init__(self, world: "World", number: int, divider: int) -> None:
        Model.__init__(self, world, number, divider)
        # Rounded up to microseconds: at 3.2 kHz it is 5000 exactly.
        self._period_us = -(-16 * divider // UNITS_PER_US)
        self._left_us = 0
        self._call: "Callable[[], None] | None" = None
        self._event: "Event | None" = None

    def on_irq(self, call: "Callable[[], None] | None") -> None:
        """Calls this at each beat."""
        self._call = call

    def activate(self, on: bool) -> None:
        """Starts or freezes it; what is left of a period stays left."""
        if on == self.active:
            return
        self.active = on
        clock = self.clock
        if on:
            if self._event is None:
                self._event = clock.at(clock.now_us + self._left_us, self._fire, True)
            else:
                clock.queue(self._event, clock.now_us + self._left_us)
        elif self._event is not None:
            self._left_us = max(self._event.us - clock.now_us, 0) if self._event.queued else self._period_us
            clock.cancel(self._event)

    @micropython.native
    def _fire(self) -> None:
        event = self._event
        if event is not None and self.active:
            self.clock.queue(event, event.us + self._period_us)
            if self._call is not None:
                self._call()


def _plain(p: "Program", in_left: bool, autopush: bool) -> bool:
    """Whether the program's settings are those that the model is true for."""
    return (
        p.in_shiftdir == (0 if in_left else 1)
        and p.autopush == autopush
        and not p.autopull
        and p.push_thresh == (24 if autopush else 32)
        and p.fifo_join == 0
        and p.sideset_count == 0
    )


def model_for(
    world: "World", number: int, p: "Program", divider: int, in_line: "Line | None", set_line: "Line | None"
) -> "Model":
    """The model of a program on its pins. Raises EmulationError for an unknown program or a pin without the
    right part.
    """
    n = len(p.words) - 1
    part: "Any"
    if p.words == _STEPPER and p.wrap_target == 0 and p.wrap == n and not p.autopush and not p.autopull:
        part = None if set_line is None else set_line.axis
        if not isinstance(part, StepperAxis):
            raise EmulationError("PIO program stepper: its set pin is no stepper's step line on this board")
        return StepperModel(world, number, divider, part)
    if (
        p.words == _QUADRATURE
        and p.wrap_target == 19
        and p.wrap == n
        and _plain(p, True, False)
        and p.out_shiftdir == 1
    ):
        if in_line is None or in_line.name != "encoder_a":
            raise EmulationError("PIO program quadrature: its first input pin is not encoder_a")
        if number < 4 or world.pio_programs[1][0][1] != 0:
            raise EmulationError(
                "PIO program quadrature: its jump table has to be alone on PIO1, at address 0"
            )
        world.sync()
        return QuadratureModel(world, number, divider)
    if p.words == _HX711 and p.wrap_target == 0 and p.wrap == n and _plain(p, True, True):
        part = None if in_line is None else in_line.axis
        if (
            in_line is None
            or not isinstance(part, Hx711)
            or set_line is None
            or set_line.sink != part.clock_level
        ):
            raise EmulationError(
                "PIO program hx711: its pins are not an HX711's DOUT and PD_SCK on this board"
            )
        return Hx711Model(world, number, divider, part, in_line)
    if p.words == _BEAT and p.wrap_target == 0 and p.wrap == n:
        return BeatModel(world, number, divider)
    raise EmulationError(
        "PIO program "
        + p.name
        + " is not one that the emulator models: words "
        + " ".join(["%04x" % w for w in p.words])
    )
