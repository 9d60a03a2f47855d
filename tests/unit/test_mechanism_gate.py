"""The dust cover on the emulated payload."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools import rocks
from host_tools.emulator.faults import FaultInjector
from rochette.mechanisms.errors import MechanismBusy
from rochette.tables import (
    EV_GATE_CLOSED,
    EV_GATE_OPENED,
    EV_GATE_STUCK,
    GATE_POSITION_CLOSED,
    GATE_POSITION_OPEN,
    GATE_POSITION_UNKNOWN,
    GATE_RESULT_HALTED,
    GATE_RESULT_OK,
    GATE_RESULT_STUCK,
)
from tests.unit.ring_bench import RingBench


@pytest.fixture
def bench() -> Any:
    bench = RingBench(rocks.load("sandstone"), 3)
    yield bench
    bench.close()


def run(bench: RingBench, order: Any) -> int:
    order()
    return int(bench.finish(bench.gate)[0])


def test_opens_fully_and_closes_until_the_switch_makes(bench: RingBench) -> None:
    assert bench.gate.position == GATE_POSITION_UNKNOWN
    assert run(bench, bench.gate.open) == GATE_RESULT_OK
    assert bench.gate.position == GATE_POSITION_OPEN
    assert bench.plant.gate.pos_us == 2000
    assert run(bench, bench.gate.close) == GATE_RESULT_OK
    assert bench.gate.position == GATE_POSITION_CLOSED
    assert bench.plant.gate_closed
    assert bench.plant.gate_pulse_us == 0  # no pulses at rest
    assert [e[0] for e in bench.seen()] == [EV_GATE_OPENED, EV_GATE_CLOSED]


def test_a_stuck_cover_is_named_in_both_directions(bench: RingBench) -> None:
    bench.plant.fault("gate_stuck", 1)
    assert run(bench, bench.gate.open) == GATE_RESULT_STUCK
    assert bench.seen()[-1][0] == EV_GATE_STUCK
    assert bench.gate.position == GATE_POSITION_UNKNOWN
    assert bench.plant.gate_pulse_us == 0
    bench.plant.fault("gate_stuck", 0)
    assert run(bench, bench.gate.open) == GATE_RESULT_OK
    bench.plant.fault("gate_stuck", 1)
    assert run(bench, bench.gate.close) == GATE_RESULT_STUCK


def test_a_switch_stuck_open_never_passes_for_closed(bench: RingBench) -> None:
    now_ms = bench.world.clock.now_us // 1000
    FaultInjector(
        bench.world, [{"target": "pin.gate_closed", "kind": "stuck", "value": 1, "at_ms": now_ms + 10}]
    )
    bench.wait(50)
    assert run(bench, bench.gate.close) == GATE_RESULT_STUCK


def test_a_switch_that_is_made_while_the_cover_stands_open_is_not_believed(bench: RingBench) -> None:
    assert run(bench, bench.gate.open) == GATE_RESULT_OK
    now_ms = bench.world.clock.now_us // 1000
    FaultInjector(
        bench.world, [{"target": "pin.gate_closed", "kind": "stuck", "value": 0, "at_ms": now_ms + 10}]
    )
    bench.wait(50)
    assert run(bench, bench.gate.close) == GATE_RESULT_STUCK
    assert bench.seen()[-1][0] == EV_GATE_STUCK and bench.gate.position == GATE_POSITION_UNKNOWN
    assert not bench.plant.gate_closed and bench.plant.gate_pulse_us == 0
    # Where it stands is not known now: a switch that is made counts, as at the start of a day.
    assert run(bench, bench.gate.close) == GATE_RESULT_OK


def test_opening_takes_its_full_travel_time(bench: RingBench) -> None:
    bench.gate.open()
    _, took_ms = bench.finish(bench.gate)
    assert took_ms >= 800


def test_halt_and_busy(bench: RingBench) -> None:
    bench.gate.open()
    bench.wait(300)
    with pytest.raises(MechanismBusy):
        bench.gate.close()
    bench.gate.halt()
    assert (bench.gate.busy, bench.gate.result, bench.gate.position) == (
        False,
        GATE_RESULT_HALTED,
        GATE_POSITION_UNKNOWN,
    )
    stands = bench.plant.gate.pos_us
    bench.wait(300)
    assert abs(bench.plant.gate.pos_us - stands) <= 40  # what the pulse under way still moved
