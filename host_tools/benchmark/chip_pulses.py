"""Step pulses and encoder edges on the emulated chip: how fast, with every one counted.

The firmware's own step generator and quadrature counter, which are PIO programs, against a loop in bytecode
that sets a pin, and a pin interrupt that counts. A count that is not exact is no figure: the benchmark
fails.
"""

from __future__ import annotations

from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.chip.probe import MS, Edge, Probe
from host_tools.chip.process import EDGES

STEP_PINS = (8, 10, 12)
STEPS = 20_000
PIO_HZ = 2_000_000  # boards/emulated: of the steppers' state machines
HALF = 7
"""A step of 2 * HALF + 5 cycles at PIO_HZ: 105 thousand a second."""

A, B = 6, 7
EDGES_TRIED = 2000
SPACINGS_NS = (100_000, 50_000, 33_000, 25_000, 20_000, 16_000, 8000, 1600, 1400, 1200, 1000, 800)
"""Between two edges of the encoder, each tried until one is missed."""

_GENERATORS = """
from rochette.hal.stepper import StepGenerator
axes = [StepGenerator(number, {hz}, pin) for number, pin in enumerate({pins})]
for axis in axes: axis.queue({steps}, {half})
"""

_BYTECODE = """
from machine import Pin
def step(pins, steps):
    for n in range(steps):
        for pin in pins:
            pin(1)
            pin(0)
pins = [Pin(gp, Pin.OUT, value=0) for gp in {pins}]
import time
begun = time.ticks_us()
step(pins, {steps})
print(time.ticks_diff(time.ticks_us(), begun))
"""

_COUNTER = """
from rochette.hal.quadrature import QuadratureCounter
counter = QuadratureCounter(4, {hz}, {a}, {b})
def now():
    counter.read()
    return counter.count
"""

_INTERRUPTS = """
from machine import Pin
class Count:
    def __init__(self, a, b):
        self.count, self.a, self.b = 0, a.value, b.value
    def __call__(self, pin):
        self.count += 1
channels = Pin({a}, Pin.IN, Pin.PULL_UP), Pin({b}, Pin.IN, Pin.PULL_UP)
counter = Count(*channels)
for pin in channels: pin.irq(counter, Pin.IRQ_RISING | Pin.IRQ_FALLING, hard=True)
def now(): return counter.count
"""


def _counted(probe: Probe, ms: float) -> dict[int, int]:
    """Rising edges of each pin in the next `ms`."""
    counts: dict[int, int] = dict.fromkeys(STEP_PINS, 0)
    for event in probe.go(ms * MS):
        if event.kind == EDGES and event.data[0] in counts:
            counts[event.data[0]] += event.data[1]
    return counts


def steps_a_second(probe: Probe, axes: int) -> float:
    """By the firmware's generators on so many axes at once. BenchmarkError for a count that is not exact."""
    pins = STEP_PINS[:axes]
    probe.start(_GENERATORS.format(hz=PIO_HZ, pins=pins, steps=STEPS, half=HALF))
    totals: dict[int, int] = dict.fromkeys(STEP_PINS, 0)
    fastest = 0
    for _ in range(60):
        for pin, count in _counted(probe, 10).items():
            totals[pin] += count
            fastest = max(fastest, count)
    probe.end()
    wrong = {pin: totals[pin] for pin in pins if totals[pin] != STEPS}
    if wrong:
        raise BenchmarkError(f"{STEPS} steps were queued for each axis; counted by pin: {wrong}")
    return fastest * 100.0


def bytecode_a_second(probe: Probe, axes: int) -> float:
    """By a loop in bytecode, on each of so many axes."""
    steps = 500
    us = int(probe.run(_BYTECODE.format(pins=STEP_PINS[:axes], steps=steps)))
    return steps * 1e6 / us


def _turn(probe: Probe, spacing_ns: int, count: int) -> None:
    """So many edges, A leading, the channels starting where the last call left them (low)."""
    pins = (A, B, A, B)
    levels = (1, 1, 0, 0)
    edges: list[Edge] = [
        (pins[n % 4], levels[n % 4], probe.ns + MS + n * spacing_ns) for n in range(count)
    ]
    probe.go(2 * MS + count * spacing_ns, edges)


def edges_a_second(flash: bytes, code: str, count: int) -> float:
    """The fastest of SPACINGS_NS at which none is lost; 0 when none of them is slow enough."""
    best = 0.0
    for spacing in SPACINGS_NS:
        probe = Probe(flash)
        try:
            probe.go(MS, [(A, 0, probe.ns + 1), (B, 0, probe.ns + 2)])
            probe.run(code)
            before = int(probe.run("print(now())"))
            _turn(probe, spacing, count)
            if int(probe.run("print(now())")) - before != count:
                break
        finally:
            probe.close()
        best = 1e9 / spacing
    return best


def measure(flash: bytes, quick: bool) -> list[Figure]:
    """Steps on one and on three axes, and edges of the encoder, each against the naive way."""
    figures = []
    for axes in (1, 3):
        on = "one axis" if axes == 1 else f"each of {axes} axes at once"
        probe = Probe(flash)
        try:
            rate = steps_a_second(probe, axes)
            naive = bytecode_a_second(probe, axes)
        finally:
            probe.close()
        figures.append(
            Figure(f"step pulses, {on}, {STEPS:,} counted exactly (P7)", rate, "steps/s", 20_000, 100_000)
        )
        figures.append(Figure("  the naive way: a loop in bytecode", naive, "steps/s"))
    count = EDGES_TRIED // 10 if quick else EDGES_TRIED
    pio = edges_a_second(flash, _COUNTER.format(hz=10_000_000, a=A, b=B), count)
    figures.append(Figure(f"encoder edges, {count:,} without a loss", pio, "edges/s"))
    naive = edges_a_second(flash, _INTERRUPTS.format(a=A, b=B), count)
    figures.append(Figure("  the naive way: hard pin interrupts", naive, "edges/s"))
    return figures
