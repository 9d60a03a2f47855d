"""What the other targets are told of the chip, against the chip: the same lines of Python run on the
emulated modules and on MicroPython on the emulated RP2040, where the PIO programs are executed instruction
by instruction.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from host_tools import inline
from host_tools.chip import uf2
from host_tools.chip.probe import Probe
from host_tools.chip.process import EDGES
from tests.chip.both import OnChip, OnHost

COMMON = "import rp2\nfrom machine import Pin\nfrom array import array\nfrom rochette.hal import clock\n"


@pytest.fixture(scope="module")
def chip(frozen: uf2.Image) -> Iterator[OnChip]:
    made = OnChip(frozen)
    yield made
    made.close()


STEPPER = """
from rochette.hal.pio_programs import stepper
way = Pin(9, Pin.OUT, value=1)
sm = rp2.StateMachine(0, stepper, freq=2000000, set_base=Pin(8))
said = [sm.tx_fifo()]
# 100 steps of 1005 cycles, 50 ms; then one of 2005. The FIFO holds both; the machine takes the first.
for word in (99, 499, 0, 999): sm.put(word)
said.append(sm.tx_fifo())
clock.sleep_us(2000)
said.append(sm.tx_fifo())
sm.active(1)
clock.sleep_us(2000)
said.append(sm.tx_fifo())
clock.sleep_us(60000)
said.append(sm.tx_fifo())
for word in (9, 24, 9, 24, 9, 24): sm.put(word)
clock.sleep_us(5000)
said.append(sm.tx_fifo())
# A single word is pulled and waits for the other one.
sm.put(4)
clock.sleep_us(1000)
said.append(sm.tx_fifo())
sm.put(99)
clock.sleep_us(5000)
said.append(sm.tx_fifo())
way(0)
sm.put(6)
sm.put(99)
clock.sleep_us(5000)
# Stopped, it keeps what it is given and moves nothing.
sm.active(0)
sm.put(49)
sm.put(99)
clock.sleep_us(5000)
said.append(sm.tx_fifo())
print(said)
"""


def test_the_stepper_model_has_the_fifo_and_the_counts_of_the_program(chip: OnChip) -> None:
    with OnHost() as host:
        expected = host.run(COMMON + STEPPER)
        host.world.sync()
        axis = host.world.parts["feed"]
        axis.run_to(host.world.clock.now_us)
        total = axis.total
    before = chip.world.parts["feed"].total
    assert chip.run(COMMON + STEPPER) == expected
    assert chip.world.parts["feed"].total - before == total != 0


# Words for the stepper, as StepGenerator puts them: steps - 1 and half - 1.
SEGMENTS = ((3, 5), (1, 1), (40, 24), (2, 100), (5, 13))
TIMED = """
from rochette.hal.pio_programs import stepper
sm = rp2.StateMachine(0, stepper, freq=2000000, set_base=Pin(8))
for word in {first}: sm.put(word)
sm.active(1)
for word in {rest}: sm.put(word)
"""


def test_every_step_of_the_model_comes_at_the_time_of_the_programs(frozen: uf2.Image) -> None:
    """Rising edges to the microsecond, from the first one on; over segments that end and begin."""
    words = [word for steps, half in SEGMENTS for word in (steps - 1, half - 1)]
    code = COMMON + TIMED.format(first=words[:4], rest=words[4:])
    steps = sum(steps for steps, _ in SEGMENTS)
    with OnHost() as host:
        host.run("from machine import Pin\nway = Pin(9, Pin.OUT, value=1)")
        axis = host.world.parts["feed"]
        # On the host a put that has to wait lets time pass: the steps are counted from a watch on each step.
        times: list[int] = []
        start = axis.total
        host.run(code)
        while len(times) < steps and host.world.clock.now_us < 2_000_000:
            host.world.clock.advance(1)
            axis.run_to(host.world.clock.now_us)
            while start + len(times) < axis.total:
                times.append(host.world.clock.now_us)
        expected = [at - times[-1] for at in times]
    probe = Probe(frozen.flash)
    try:
        probe.start(code)
        seen: list[float] = []
        while len(seen) < steps and probe.ns < 5e9:
            for event in probe.go(1000):
                if event.kind == EDGES and event.data[0] == 8:
                    seen += [probe.ns / 1000] * event.data[1]
        probe.end()
    finally:
        probe.close()
    assert len(seen) == steps
    # The last ones: the host's watch begins only when the lines have run, by when the first steps are over.
    late = len([at for at in times if at == times[0]])
    for ours, theirs in zip(expected[late:], [at - seen[-1] for at in seen][late:], strict=True):
        assert abs(ours - theirs) <= 2, (expected, seen)


QUADRATURE = """
from rochette.hal.pio_programs import quadrature
Pin(7, Pin.IN, Pin.PULL_UP)
q = rp2.StateMachine(4, quadrature, freq=10000000, in_base=Pin(6, Pin.IN, Pin.PULL_UP))
q.active(1)
word = array("i", [0])
def take():
    q.get(word)
    return word[0]
said = []
q.put(1 << 29)
clock.sleep_us(1000)
said.append(q.rx_fifo())
zero = take()
# Four answers wait, the others are dropped.
for n in range(6):
    q.put((1 << 29) + n)
    clock.sleep_us(100)
said.append((q.rx_fifo(), q.tx_fifo()))
said.append([take() - zero for n in range(4)])
# The count itself is no request.
q.put(zero)
clock.sleep_us(1000)
said.append((q.rx_fifo(), q.tx_fifo()))
print(said)
"""


def test_the_quadrature_model_answers_as_the_program(chip: OnChip) -> None:
    with OnHost() as host:
        expected = host.run(COMMON + QUADRATURE)
    assert chip.run(COMMON + QUADRATURE) == expected == "[1, (4, 0), [0, 0, 0, 0], (0, 0)]"


HX711 = """
from rochette.hal.pio_programs import hx711
cell = rp2.StateMachine(2, hx711, freq=1000000, in_base=Pin(26, Pin.IN, Pin.PULL_UP), set_base=Pin(27))
cell.active(1)
said = [cell.rx_fifo()]
clock.sleep_us(400000)
said.append(cell.rx_fifo())
# It is stalled with a fifth word: that one follows when there is room.
first = cell.get()
clock.sleep_us(2000)
said.append(cell.rx_fifo())
words = [first] + [cell.get() for n in range(4)]
said.append(cell.rx_fifo())
clock.sleep_us(200000)
said.append(cell.rx_fifo())
print(said)
print(words)
"""


def test_the_converters_model_fills_and_stalls_as_the_program(chip: OnChip) -> None:
    with OnHost() as host:
        levels, words = host.run(COMMON + HX711).split("\n")
    levels_there, words_there = chip.run(COMMON + HX711).split("\n")
    assert levels_there == levels
    ours, theirs = eval(words), eval(words_there)
    assert all(abs(one - other) < 5_000 for one, other in zip(ours, theirs, strict=True)), (ours, theirs)


DRIVERS = """
import board
from rochette.drivers.fit import fit
from rochette.drivers.errors import PartError
drivers = fit(board.BOARD)
"""
ONE = """
driver = drivers[{name!r}]
told = "checked"
try:
    driver.check()
except PartError as error:
    told = type(error).__name__
print(told)
for n in range(12):
    clock.sleep_us(20000)
    if hasattr(driver, "poll"): driver.poll()
"""


def test_every_driver_says_the_same_on_both_buses(frozen: uf2.Image) -> None:
    """Its self-test, then twelve polls 20 ms apart: every byte written, every number of bytes read."""
    from board import BOARD

    chip = OnChip(frozen)
    try:
        with OnHost() as host:
            assert host.run(COMMON + DRIVERS) == chip.run(COMMON + DRIVERS) == ""
            talked = 0
            for name in sorted(BOARD["parts"]):
                host.traffic.clear()
                chip.traffic.clear()
                assert chip.run(ONE.format(name=name)) == host.run(ONE.format(name=name)), name
                assert chip.traffic == host.traffic, name
                talked += bool(host.traffic)
            assert talked >= 8
    finally:
        chip.close()


def test_the_chips_temperature_is_that_of_the_place(chip: OnChip) -> None:
    code = "from machine import ADC\nprint(ADC(4).read_u16())"
    with OnHost() as host:
        expected = int(host.run(code))
    assert abs(int(chip.run(code)) - expected) <= 32
    assert 10_000 < expected < 20_000


INTEGERS = """
import struct
from rochette.services.executive import MECHANISMS, Executive
P = 1 << 30
print([clock.diff(5, P - 5), clock.diff(P - 5, 5), clock.diff(0, P >> 1), clock.diff(P >> 1, 0)])
print([clock.add(P - 1, 1), clock.add(0, -1), clock.add(P - 3, 10), clock.add(7, 1 - (1 << 29))])
edges = (P - 1, P, P + 1, -P, -P - 1, 2 * P - 1, -2 * P)
print([n + 1 for n in edges], [n * 2 for n in edges], [n // 3 for n in edges], [n % 7 for n in edges])
print([n >> 3 for n in edges], [n & 0x3FFFFFFF for n in edges])
print([n ^ 0x55555555 for n in edges], [-n for n in edges])
print(list(array("i", edges)), [struct.unpack("<i", struct.pack("<i", n))[0] for n in edges])
for delta in (1 << 29, -(1 << 29)):
    try: clock.add(0, delta)
    except OverflowError: print("too far", delta)
class Still:
    def __init__(self): self.now = P - 25000
    def ticks_us(self): return self.now
    def add(self, ticks, us): return clock.add(ticks, us)
    def diff(self, later, earlier): return clock.diff(later, earlier)
    def sleep_until_us(self, due):
        left = clock.diff(due, self.now)
        self.now = due
        return left
ran = []
executive = Executive(Still())
executive.add(MECHANISMS, "one", lambda: ran.append(executive.tick), 100)
executive.add(MECHANISMS, "other", lambda: ran.append(-1), 20)
executive.start()
executive.tick = P - 3
for n in range(6): executive.step()
print(ran, executive.tick, list(executive.slips), executive.missed)
"""


def test_integers_at_the_edge_and_the_ticks_wrap(chip: OnChip) -> None:
    with OnHost() as host:
        expected = host.run(COMMON + INTEGERS)
    # In an image the executive's numbers have no names.
    assert chip.run(COMMON + inline.inline(INTEGERS, inline.all_numbers())) == expected
    assert "536870912" in expected and "1073741824" in expected
