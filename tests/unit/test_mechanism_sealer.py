"""The sealer on the emulated payload: both steps believed only by force against travel."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools import rocks
from host_tools.emulator.faults import FaultInjector
from rochette.mechanisms.errors import MechanismBusy
from rochette.mechanisms.sealer import RECORD_POINTS, Record
from rochette.tables import (
    EV_SEALER_NOT_ACTIVATED,
    EV_SEALER_SEAL_ACTIVATED,
    P_SEALER_TIMEOUT_MS,
    SEALER_RESULT_HALTED,
    SEALER_RESULT_JAM,
    SEALER_RESULT_NO_CURRENT,
    SEALER_RESULT_NO_PULL_OUT,
    SEALER_RESULT_NO_SEAL,
    SEALER_RESULT_NOT_ACTIVATED,
    SEALER_RESULT_NOT_RETRACTED,
    SEALER_RESULT_OK,
    SEALER_RESULT_SEAL_IN_HAND,
    SEALER_RESULT_SENSOR,
    SEALER_RESULT_TIMEOUT,
    SEALER_RESULT_TOO_MUCH_RESISTANCE,
)
from tests.unit.ring_bench import RingBench

TUBE = 7
STATION_SEAL = 3


def make(seed: int) -> RingBench:
    bench = RingBench(rocks.load("sandstone"), seed)
    bench.carousel.home()
    bench.finish(bench.carousel)
    bench.carousel.go(TUBE, STATION_SEAL)
    assert bench.finish(bench.carousel)[0] == 0
    return bench


@pytest.fixture
def bench() -> Any:
    bench = make(2)
    yield bench
    bench.close()


def dispense(bench: RingBench) -> int:
    bench.sealer.dispense()
    return int(bench.finish(bench.sealer)[0])


def activate(bench: RingBench) -> int:
    bench.sealer.activate()
    return int(bench.finish(bench.sealer)[0])


def retract(bench: RingBench) -> int:
    bench.sealer.retract()
    return int(bench.finish(bench.sealer)[0])


def fault(bench: RingBench, after_ms: int, **fields: Any) -> None:
    fields["at_ms"] = bench.world.clock.now_us // 1000 + after_ms
    FaultInjector(bench.world, [fields])


def curve(record: Record) -> list[tuple[int, int]]:
    return list(zip(record.um, record.mn, strict=True))[: record.points]


@pytest.mark.parametrize("seed", range(1, 9))
def test_a_seal_is_dispensed_and_activated_whatever_the_seed(seed: int) -> None:
    bench = make(seed)
    left = bench.plant.sealer.left
    assert dispense(bench) == SEALER_RESULT_OK
    assert 24_000 <= bench.sealer.peak_mn <= 40_000
    assert (bench.sealer.seal_in_hand, bench.sealer.dispensed, bench.plant.sealer.left) == (True, 1, left - 1)
    assert activate(bench) == SEALER_RESULT_OK
    assert 110_000 <= bench.sealer.peak_mn <= 125_000
    assert bench.sealer.travel_um >= 1_500
    assert 29_800 <= bench.sealer.contact_um <= 30_500
    assert bench.sealer.activated and not bench.sealer.seal_in_hand
    assert retract(bench) == SEALER_RESULT_OK
    assert bench.sealer.retracted
    assert not bench.plant.sealer.carried  # the seal stayed on the tube
    bench.close()


def test_the_records_hold_peak_and_drop_of_both_steps(bench: RingBench) -> None:
    assert dispense(bench) == SEALER_RESULT_OK
    points = curve(bench.sealer.dispense_record)
    assert 20 <= len(points) <= RECORD_POINTS
    assert all(a[0] <= b[0] for a, b in zip(points, points[1:], strict=False))
    assert max(mn for _, mn in points) >= bench.sealer.peak_mn - 5_000
    assert points[-1][1] < 2_000
    assert activate(bench) == SEALER_RESULT_OK
    points = curve(bench.sealer.activate_record)
    assert max(mn for _, mn in points) >= bench.sealer.peak_mn - 5_000
    assert points[-1][1] < bench.sealer.peak_mn * 9 // 10


def test_a_record_is_bounded() -> None:
    record = Record(100)
    for n in range(200):
        record.note(n * 100, n)
    assert record.points == RECORD_POINTS
    record.clear()
    record.note(5, 6)
    assert curve(record) == [(5, 6)]


def test_an_empty_dispenser_gives_no_pull_out(bench: RingBench) -> None:
    bench.plant.fault("seal_missing", 1)
    assert dispense(bench) == SEALER_RESULT_NO_PULL_OUT
    assert not bench.sealer.seal_in_hand
    assert activate(bench) == SEALER_RESULT_NO_SEAL


def test_a_seal_that_sticks_in_its_dispenser_is_not_torn(bench: RingBench) -> None:
    bench.plant.fault("seal_stuck", 1)
    assert dispense(bench) == SEALER_RESULT_TOO_MUCH_RESISTANCE
    assert bench.sealer.peak_mn <= 47_000
    assert bench.plant.sealer_permille == 0
    assert not bench.sealer.seal_in_hand
    assert retract(bench) == SEALER_RESULT_OK


def test_a_count_switch_that_was_closed_before_counts_nothing(bench: RingBench) -> None:
    fault(bench, 10, target="pin.dispenser_count", kind="stuck", value=0)
    bench.wait(50)
    assert dispense(bench) == SEALER_RESULT_NO_PULL_OUT


def test_no_tube_is_not_activated(bench: RingBench) -> None:
    bench.plant.tubes.in_seat[TUBE] = 0
    bench.plant._look_at_stations()
    assert dispense(bench) == SEALER_RESULT_OK
    assert activate(bench) == SEALER_RESULT_NOT_ACTIVATED
    assert bench.seen()[-1][0] == EV_SEALER_NOT_ACTIVATED
    assert bench.sealer.seal_in_hand


def test_a_seal_lost_on_the_way_is_not_activated_by_the_bare_ram(bench: RingBench) -> None:
    assert dispense(bench) == SEALER_RESULT_OK
    bench.plant.sealer.carried = False
    bench.plant.sealer.left = 0
    assert activate(bench) in (SEALER_RESULT_TOO_MUCH_RESISTANCE, SEALER_RESULT_NOT_ACTIVATED)
    assert EV_SEALER_SEAL_ACTIVATED not in [e[0] for e in bench.seen()]
    assert bench.sealer.peak_mn <= 150_000


def test_an_overfull_tube_resists_before_the_seal_can_activate(bench: RingBench) -> None:
    assert dispense(bench) == SEALER_RESULT_OK
    bench.plant.sealer.over_um = 2_500
    assert activate(bench) == SEALER_RESULT_TOO_MUCH_RESISTANCE
    assert not bench.sealer.activated


def test_a_failed_activation_can_be_tried_again_with_the_same_seal(bench: RingBench) -> None:
    assert dispense(bench) == SEALER_RESULT_OK
    bench.sealer.activate()
    bench.wait(2000)
    bench.sealer.halt()
    assert bench.sealer.result == SEALER_RESULT_HALTED
    assert dispense(bench) == SEALER_RESULT_SEAL_IN_HAND
    assert retract(bench) == SEALER_RESULT_OK
    assert activate(bench) == SEALER_RESULT_OK


def test_steps_out_of_order_are_refused(bench: RingBench) -> None:
    assert activate(bench) == SEALER_RESULT_NO_SEAL
    bench.sealer.dispense()
    with pytest.raises(MechanismBusy):
        bench.sealer.retract()
    bench.wait(2000)
    bench.sealer.halt()
    assert dispense(bench) == SEALER_RESULT_NOT_RETRACTED


def test_a_rail_without_power_is_named(bench: RingBench) -> None:
    bench.drivers["actuator_enable"].off()
    assert dispense(bench) == SEALER_RESULT_NO_CURRENT


def test_a_position_that_stands_is_a_sensor_fault(bench: RingBench) -> None:
    frozen = bench.drivers["analogue"].mv[1]
    fault(bench, 300, target="register.analogue.0", kind="stuck", value=frozen << 3)
    assert dispense(bench) == SEALER_RESULT_SENSOR
    assert bench.plant.sealer_permille == 0


def test_a_ram_that_is_caught_is_a_jam(bench: RingBench) -> None:
    assert dispense(bench) == SEALER_RESULT_OK
    step = bench.plant.sealer.step

    def caught(permille: int) -> None:
        nm = bench.plant.sealer._nm
        step(permille)
        if permille < 0:
            bench.plant.sealer._nm = nm
            bench.plant.sealer.um = nm // 1000
            bench.plant.sealer.ma = 700

    bench.plant.sealer.step = caught
    assert retract(bench) == SEALER_RESULT_JAM


def test_deadline(bench: RingBench) -> None:
    bench.parameters.set(P_SEALER_TIMEOUT_MS, 5000)
    assert dispense(bench) == SEALER_RESULT_TIMEOUT


def pressed_to(bench: RingBench, mn: int) -> None:
    """Press until the force is `mn`."""
    bench.sealer.activate()
    while bench.sealer.force_mn < mn:
        bench.wait(10)
        assert bench.sealer.busy


@pytest.mark.parametrize("for_ms", (10, 30, 90))
def test_a_supply_that_drops_out_while_it_presses_is_no_ring_that_gave_way(
    bench: RingBench, for_ms: int
) -> None:
    assert dispense(bench) == SEALER_RESULT_OK
    pressed_to(bench, 106_000)  # more than an activated seal's least peak
    fault(bench, 1, target="supply.actuator", kind="off", for_ms=for_ms)
    bench.wait(for_ms + 30)
    assert bench.sealer.busy and not bench.plant.tubes.sealed[TUBE], "it goes on pressing"
    assert bench.finish(bench.sealer)[0] == SEALER_RESULT_OK
    assert bench.plant.tubes.sealed[TUBE]


@pytest.mark.parametrize("change_ma", (-300, -80, 80, 300))
def test_another_load_that_ends_or_begins_while_it_presses_never_makes_a_seal(
    bench: RingBench, change_ma: int
) -> None:
    """A servo on the same rail comes to rest, or begins to draw, just before the ring gives way."""
    assert dispense(bench) == SEALER_RESULT_OK
    if change_ma < 0:
        fault(bench, 1, target="sensor.aux_current", kind="wrong", value=-change_ma, for_ms=60_000)
        bench.wait(20)
    pressed_to(bench, 106_000)
    if change_ma < 0:
        bench.world.parts["aux_current"].plant = bench.plant  # the other load has ended
    else:
        fault(bench, 1, target="sensor.aux_current", kind="wrong", value=change_ma, for_ms=60_000)
    result = bench.finish(bench.sealer)[0]
    assert result != SEALER_RESULT_OK
    assert not bench.sealer.activated and bench.sealer.seal_in_hand
