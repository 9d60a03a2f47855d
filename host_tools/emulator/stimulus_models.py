"""What the stimulus board's PIO programs do, seen from outside, on the lines of the payload that its pins are
wired to.

As `pio_models.py` for the payload's own programs; the sentences that the models follow stand in
`firmware/stimulus/hal/pio_programs.py`. Times are in units of 1/256 cycle of the 125 MHz system clock.
"""

from host_tools.emulator.devices.hx711 import Hx711
from host_tools.emulator.devices.stepper import StepperAxis
from host_tools.emulator.errors import EmulationError
from host_tools.emulator.pio_models import UNITS_PER_US, Model

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from host_tools.emulator.pins import Line
    from host_tools.emulator.pio_asm import Program
    from host_tools.emulator.world import World

_COUNT_STEPS = (0x2020, 0x20A0, 0x00C5, 0x0080, 0x0000, 0x0040, 0x0000)
_SHORTEST_HIGH = (0x2020, 0xA047, 0xA02B, 0x20A0, 0x0086, 0x0000, 0x0047, 0x00C4, 0xA0E9)
_PLAY_STATES = (0x80A0, 0xA027, 0x80A0, 0x6002, 0xA041, 0x0085, 0x00E3)
_PLAY_HX711 = (0x80A0, 0xE000, 0xE057, 0x20A0, 0x6001, 0x2020, 0x0083, 0x20A0, 0xE001, 0x2020)
_MEASURE_DUTY = (
    0x2020, 0xA02B, 0x20A0, 0x0044, 0x00C3, 0xA0C9, 0x8000, 0xA02B, 0x00CA, 0x0048, 0xA0C9, 0x8000,
)  # fmt: skip

_SET_X_0, _SET_Y_0 = 0xE020, 0xE040
_MOV_ISR_X, _MOV_ISR_Y, _MOV_ISR_OSR = 0xA0C1, 0xA0C2, 0xA0C7
_MOV_OSR_ONES = 0xA0EB
_PUSH_NOBLOCK = 0x8000
_MASK = 0xFFFFFFFF
_CYCLE_NS = 8
# Level of A in bit 0, of B in bit 1 -> place in the order that counts up (wiring.py has the same code).
_PLACE = (0, 1, 3, 2)


class _Asked(Model):
    """A program whose registers are read by `exec`: MOV to ISR, then PUSH."""

    def __init__(self, world: "World", number: int, divider: int) -> None:
        Model.__init__(self, world, number, divider)
        self._isr = 0
        self._rx: "list[int]" = []

    def execute(self, word: int) -> None:
        """One of the instructions that read and set the registers."""
        if word == _PUSH_NOBLOCK:
            if len(self._rx) < 4:
                self._rx.append(self._isr & _MASK)
            self._isr = 0
        elif not self._moved(word):
            raise EmulationError("exec of " + hex(word) + " is not modelled for this PIO program")

    def _moved(self, word: int) -> bool:
        return False

    def rx_level(self) -> int:
        """Words that were pushed."""
        return len(self._rx)

    def get(self) -> int:
        """The oldest of them."""
        return self._rx.pop(0)


class CountModel(_Asked):
    """`count_steps` on the step line of an axis of the payload."""

    def __init__(self, world: "World", number: int, divider: int, axis: StepperAxis) -> None:
        _Asked.__init__(self, world, number, divider)
        self._axis = axis
        self._zero = [0, 0]

    def _moved(self, word: int) -> bool:
        level = 1 if word in (_SET_X_0, _MOV_ISR_X) else 0
        if word in (_SET_X_0, _SET_Y_0):
            self._zero[level] = self._axis.pulses(level)
        elif word in (_MOV_ISR_X, _MOV_ISR_Y):
            self._isr = self._zero[level] - self._axis.pulses(level)
        else:
            return False
        return True


class ShortestModel(_Asked):
    """`shortest_high` on the step line of an axis of the payload."""

    def __init__(self, world: "World", number: int, divider: int, axis: StepperAxis) -> None:
        _Asked.__init__(self, world, number, divider)
        self._axis = axis

    def _moved(self, word: int) -> bool:
        if word == _MOV_OSR_ONES:
            self._axis.shortest_ns = 0
        elif word == _MOV_ISR_OSR:
            ns = self._axis.shortest_ns
            self._isr = (ns // _CYCLE_NS + 2) // 3 if ns else _MASK
        else:
            return False
        return True


class PlayModel(Model):
    """`play_states`: `count` follows the states as an encoder's count does."""

    def __init__(self, world: "World", number: int, divider: int) -> None:
        Model.__init__(self, world, number, divider)
        self.count = 0
        self.state = 0
        self._hold = -1
        self._words: "list[int]" = []
        self._place = 0
        self._next = 0

    def restart(self) -> None:
        """The next word is how long a state lasts; what is left of the one in progress is not played. Words
        that wait stay.
        """
        self.run_to(self.clock.now_us)
        self._hold = -1
        if self._place:
            self._place = 0
            self._words.pop(0)
        self._next = self.clock.now_us * UNITS_PER_US

    def run_to(self, us: int) -> None:
        """Plays what is due by then."""
        end = us * UNITS_PER_US
        while self._words and self.active:
            if self._hold < 0:
                self._hold = self._words.pop(0)
                continue
            if self._next > end:
                return
            state = self._words[0] >> 2 * self._place & 3
            way = _PLACE[state] - _PLACE[self.state] & 3
            if way == 2:
                raise EmulationError("the encoder that is played jumps over a state")
            self.count += -1 if way == 3 else way
            self.state = state
            self._next += (self._hold + 4) * self.divider
            self._place += 1
            if self._place == 12:
                self._place = 0
                self._next += self.divider
                self._words.pop(0)

    def put(self, word: int) -> None:
        """Takes a word; one that finds none before it begins at once."""
        now = self.clock.now_us
        self.run_to(now)
        if not self._words and self._next < now * UNITS_PER_US:
            self._next = now * UNITS_PER_US
        self._words.append(word)
        self.run_to(now)

    def tx_level(self) -> int:
        """Words that have not begun."""
        self.run_to(self.clock.now_us)
        return len(self._words) - (1 if self._place else 0)


class LoadModel(Model):
    """`play_hx711`: in the place of the payload's part while it runs.

    The payload's side takes a conversion when one is due, as from the part itself; a word is taken as soon as
    it is put, and is what is read until the next one.
    """

    def __init__(self, world: "World", number: int, divider: int, part: Hx711) -> None:
        Model.__init__(self, world, number, divider)
        self._part = part
        self._word = 0

    def activate(self, on: bool) -> None:
        """Plays, or lets the part itself be seen."""
        self.active = on
        self._part.played = self._now if on else None

    def _now(self) -> int:
        return self._word

    def put(self, word: int) -> None:
        """The next conversion, in the upper 24 bits."""
        self._word = word >> 8


class DutyModel(Model):
    """`measure_duty` on a line of the payload that is a PWM, or stands still."""

    def __init__(self, world: "World", number: int, divider: int, line: "Line | None") -> None:
        Model.__init__(self, world, number, divider)
        self._line = line
        self._began_us = 0
        self._rx: "list[int]" = []

    def activate(self, on: bool) -> None:
        """The first period that is whole is measured."""
        if on and not self.active:
            self._began_us = self.clock.now_us
        self.active = on

    def rx_level(self) -> int:
        """High and low time, once two periods have passed."""
        line = self._line
        if not self._rx and self.active and line is not None and line.duty_ns and line.pwm_freq:
            period_ns = 1_000_000_000 // line.pwm_freq
            passed_us = self.clock.now_us - self._began_us
            if line.duty_ns < period_ns and passed_us * 1000 >= 2 * period_ns:
                high = line.duty_ns // (2 * _CYCLE_NS)
                self._rx = [high, max(0, period_ns // (2 * _CYCLE_NS) - high - 2)]
        return len(self._rx)

    def get(self) -> int:
        """The next of the two."""
        return self._rx.pop(0)


def _axis_of(line: "Line | None") -> StepperAxis:
    axis = None if line is None else line.axis
    if not isinstance(axis, StepperAxis):
        raise EmulationError("the stimulus board's pin is wired to no step line of the payload")
    return axis


def model_for(
    world: "World",
    number: int,
    p: "Program",
    divider: int,
    in_line: "Line | None",
    jmp_line: "Line | None",
    out_line: "Line | None",
) -> Model:
    """The model of a program on its pins. Raises EmulationError for an unknown one, or a pin that is wired to
    the wrong part.
    """
    far = None if in_line is None else world.wired.get(in_line.gp)
    if p.words == _COUNT_STEPS:
        axis = _axis_of(far)
        if jmp_line is None or world.wired.get(jmp_line.gp) is not axis.direction:
            raise EmulationError("PIO program count_steps: its jump pin is not the axis' direction line")
        return CountModel(world, number, divider, axis)
    if p.words == _SHORTEST_HIGH and jmp_line is in_line:
        return ShortestModel(world, number, divider, _axis_of(far))
    if p.words == _MEASURE_DUTY and jmp_line is in_line:
        return DutyModel(world, number, divider, far)
    if p.words == _PLAY_STATES and p.out_shiftdir == 1 and p.pull_thresh == 24 and out_line is not None:
        for gp in (out_line.gp, out_line.gp + 1):
            line = world.lines[gp]
            if line is None:
                raise EmulationError("PIO program play_states: GP" + str(gp) + " is wired to nothing")
            line.to_pio()
        return PlayModel(world, number, divider)
    if p.words == _PLAY_HX711 and p.out_shiftdir == 0 and out_line is not None:
        data = world.wired.get(out_line.gp)
        part: "Any" = None if data is None else data.axis
        if not isinstance(part, Hx711):
            raise EmulationError("PIO program play_hx711: its pin is wired to no HX711's data line")
        return LoadModel(world, number, divider, part)
    raise EmulationError("PIO program " + p.name + " has no model, or not with these pins and settings")
