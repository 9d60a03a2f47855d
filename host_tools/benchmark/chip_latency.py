"""How long an interrupt takes on the emulated chip while the garbage is being collected: worst of many.

The firmware's own e-stop and guard, called from pins, against what one would write first: a soft pin
interrupt, a soft timer, an asyncio task that looks at the pin. Meanwhile the main program does nothing but
collect garbage, with 3,000 live objects. The times at which the pins change come from a generator with a
fixed start, so that they fall everywhere in a collection.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from host_tools import inline, paths
from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.chip.probe import MS, Edge, Probe, driven

ENABLE, ASKED, AGAIN = 0, 1, 2
"""The pin that is to go low, the pin that asks for it, and the one that arms for the next trial."""

TRIALS = 1000
FEW = 100
"""Of the ways that need a whole collection a trial."""

_GARBAGE = """
import gc
live = [[n] for n in range(3000)]
"""
_COLLECT = "while True: gc.collect()\n"

_ARM = """
class Again:
    def __init__(self, output): self.set = output._pin.value
    def __call__(self, pin): self.set(1)
from rochette.hal.pins import Input, Output
enable = Output(0, 0)
again = Input(2, "down")
again.on_edge(1, Again(enable))
"""


@dataclass(frozen=True)
class Way:
    """A way to take the power off: what it is, the code, nanoseconds a trial, how many trials, gate and
    goal.
    """

    what: str
    code: str
    step_ns: float
    trials: int
    gate_us: float | None = None
    goal_us: float | None = None


_ESTOP = """
from rochette.drivers.estop import EStop
from rochette.drivers.actuator_enable import ActuatorEnable
rail = ActuatorEnable("enable", enable, 1, EStop("estop", Input(1, "down"), 1))
"""

_ASKED = 'asked = Input(1, "down")\n'

# The firmware's guard. Its sign of life and its latch are renewed by the pin that arms for the next trial.
_GUARD = """
from rochette.hal import guard
watch = guard.Guard(enable, 1, 7, 1000, {options})
class Again:
    def __init__(self): self.set, self.state = enable._pin.value, watch.state
    def __call__(self, pin):
        state = self.state
        state[guard.HEART] = 0
        state[guard.CAUSE] = 0
        state[guard.MOTION] = 1
        self.set(1)
again.on_edge(1, Again())
watch.arm()
"""

_OVER_CURRENT = """
class Reading:
    def __init__(self): self.state = watch.state
    def __call__(self, pin): guard.note(self.state, 0, 5000)
asked.on_edge(1, Reading())
"""

# The same shape without it: a reading that a hard interrupt 200 times a second looks at.
_BEAT = """
import rp2
from array import array
state = array("i", [0, 0])
@rp2.asm_pio()
def beat():
    irq(rel(0)) [15]
class Beat:
    def __init__(self): self.set, self.state = enable._pin.value, state
    def __call__(self, machine):
        if self.state[0] > 1000:
            self.state[0] = 0
            self.set(0)
class Reading:
    def __call__(self, pin): state[0] = 5000
asked.on_edge(1, Reading())
machine = rp2.StateMachine(7, beat, freq=3200)
machine.irq(Beat(), hard=True)
machine.active(1)
"""


def _guarded() -> tuple[Way, ...]:
    """Over-current and end stop to motor off, through the guard where the firmware has one."""
    current = "over-current reading to motor off"
    if not (paths.FIRMWARE / "rochette" / "hal" / "guard.py").exists():
        beat = _ARM + _ASKED + _BEAT
        return (Way(f"{current}, by a hard beat (P5)", beat, 12 * MS, TRIALS, 10_000, 5_000),)
    guarded = inline.inline(_GUARD, inline.all_numbers())  # in an image the guard's numbers have no names
    readings = _ARM + _ASKED + guarded.format(options="(1000,)") + _OVER_CURRENT
    stops = _ARM + _ASKED + guarded.format(options="low=(asked, 1)")
    return (
        Way(f"{current}, by the guard (P5)", readings, 12 * MS, TRIALS, 10_000, 5_000),
        Way("end stop to motor off, by the guard (P5)", stops, 1 * MS, TRIALS, 10_000, 5_000),
    )


WAYS = (
    Way("e-stop pin to ACTUATOR_ENABLE low (P4)", _ARM + _ESTOP, 1 * MS, TRIALS, 100, 20),
    Way(
        "  the naive way: a soft pin interrupt",
        _ARM + _ASKED + "asked._pin.irq(lambda pin: enable.set(0), 8)\n",
        60 * MS,
        FEW,
    ),
    Way(
        "  the naive way: a soft timer, 200 a second",
        _ARM
        + _ASKED
        + "from machine import Timer\n"
        + "def look(timer):\n    if asked.get(): enable.set(0)\n"
        + "timer = Timer(-1, freq=200, callback=look)\n",
        60 * MS,
        FEW,
    ),
    Way("  the naive way: asyncio, looking every millisecond", _ARM + _ASKED, 80 * MS, FEW),
)

_ASYNCIO = """
import asyncio
async def watch():
    while True:
        if asked.get(): enable.set(0)
        await asyncio.sleep_ms(1)
async def collect():
    while True:
        gc.collect()
        await asyncio.sleep_ms(0)
async def both():
    asyncio.create_task(watch())
    await collect()
asyncio.run(both())
"""


def _numbers() -> Iterator[int]:
    """0 to 65535, for ever, the same every time."""
    state = 12345
    while True:
        state = (state * 1103515245 + 12345) & 0x7FFFFFFF
        yield state >> 15


def worst_us(probe: Probe, way: Way, trials: int) -> tuple[float, float]:
    """Worst and mean of `trials`, microseconds. Raises BenchmarkError when the pin did not fall in time."""
    probe.run(_GARBAGE + way.code)
    loop = _ASYNCIO if "asyncio" in way.what else _COLLECT
    probe.start(loop)
    probe.go(50 * MS)
    numbers = _numbers()
    worst = total = 0.0
    for trial in range(trials):
        # Armed at the start of the step; asked somewhere in its second fifth.
        at = probe.ns + way.step_ns * (0.2 + 0.2 * next(numbers) / 65536)
        edges: list[Edge] = [
            (ASKED, 0, probe.ns + 1000),
            (AGAIN, 1, probe.ns + 20_000),
            (AGAIN, 0, probe.ns + 60_000),
            (ASKED, 1, at),
        ]
        low = driven([one for one in probe.go(way.step_ns, edges) if one.ns >= at], ENABLE, 0)
        if low is None:
            raise BenchmarkError(f"{way.what.strip()}: the line did not fall in trial {trial}")
        took = (low - at) / 1000
        worst = max(worst, took)
        total += took
    return worst, total / trials


def measure(flash: bytes, quick: bool) -> list[Figure]:
    """Each way, on a chip of its own."""
    figures = []
    for way in (*_guarded(), *WAYS):
        trials = way.trials // 20 if quick else way.trials
        probe = Probe(flash)
        try:
            worst, mean = worst_us(probe, way, trials)
        finally:
            probe.close()
        text = f"{way.what}, worst of {trials:,}"
        figures.append(Figure(text, worst, "us", way.gate_us, way.goal_us, less_is_better=True))
        figures.append(Figure("    mean", mean, "us"))
    return figures
