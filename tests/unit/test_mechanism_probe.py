"""The fill probe on the emulated payload: what it measures, and every way in which it must not."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools import rocks
from host_tools.emulator.faults import FaultInjector
from rochette.mechanisms.errors import MechanismBusy
from rochette.mechanisms.probe import classify
from rochette.services.parameters import Parameters
from rochette.tables import (
    EV_PROBE_MEASURED,
    EV_PROBE_NO_CONTACT,
    FILL_STATE_EMPTY,
    FILL_STATE_LOW,
    FILL_STATE_NOMINAL,
    FILL_STATE_OVERFILL,
    FILL_STATE_UNKNOWN,
    P_PROBE_TIMEOUT_MS,
    PROBE_RESULT_HALTED,
    PROBE_RESULT_JAM,
    PROBE_RESULT_NO_CONTACT,
    PROBE_RESULT_NO_CURRENT,
    PROBE_RESULT_NOT_RETRACTED,
    PROBE_RESULT_OK,
    PROBE_RESULT_SENSOR,
    PROBE_RESULT_TIMEOUT,
)
from tests.unit.ring_bench import RingBench

TUBE = 7
STATION_PROBE = 2


@pytest.fixture
def bench() -> Any:
    bench = RingBench(rocks.load("sandstone"), 3)
    bench.carousel.home()
    bench.finish(bench.carousel)
    bench.carousel.go(TUBE, STATION_PROBE)
    assert bench.finish(bench.carousel)[0] == 0
    yield bench
    bench.close()


def fill(bench: RingBench, um: int) -> None:
    """Puts a core of `um` into the tube at the probe, as the plant's own docking leaves it."""
    bench.plant.tubes.fill_um[TUBE] = um
    bench.plant.tubes.kind[TUBE] = 1
    bench.plant._look_at_stations()


def measure(bench: RingBench) -> int:
    bench.probe.measure()
    return int(bench.finish(bench.probe)[0])


def fault(bench: RingBench, after_ms: int, **fields: Any) -> None:
    fields["at_ms"] = bench.world.clock.now_us // 1000 + after_ms
    FaultInjector(bench.world, [fields])


@pytest.mark.parametrize("um", [0, 5_000, 33_000, 66_000, 76_000])
def test_fill_is_measured_within_its_uncertainty(bench: RingBench, um: int) -> None:
    fill(bench, um)
    assert measure(bench) == PROBE_RESULT_OK
    assert abs(bench.probe.fill_um - um) <= bench.probe.uncertainty_um <= 250
    assert bench.probe.retracted
    assert bench.plant.probe.um < 1000
    assert [e[0] for e in bench.seen()].count(EV_PROBE_MEASURED) == 1


def test_no_tube_under_the_rod_is_no_contact(bench: RingBench) -> None:
    bench.plant.tubes.in_seat[TUBE] = 0
    bench.plant._look_at_stations()
    assert measure(bench) == PROBE_RESULT_NO_CONTACT
    assert bench.probe.fill_um == -1
    assert bench.seen()[-1][0] == EV_PROBE_NO_CONTACT
    assert bench.plant.probe_permille == 0
    bench.probe.retract()
    assert bench.finish(bench.probe)[0] == PROBE_RESULT_OK


def test_a_clamped_rod_is_a_jam_and_gets_no_more_force(bench: RingBench) -> None:
    bench.plant.fault("probe_jam", 1)
    assert measure(bench) == PROBE_RESULT_JAM
    assert bench.plant.probe_permille == 0


def test_a_rod_that_will_not_come_back_is_a_jam(bench: RingBench) -> None:
    bench.probe.measure()
    bench.wait(3000)
    bench.probe.halt()
    assert bench.probe.result == PROBE_RESULT_HALTED
    bench.plant.fault("probe_jam", 1)
    bench.probe.retract()
    assert bench.finish(bench.probe)[0] == PROBE_RESULT_JAM
    assert not bench.probe.retracted


def test_what_stands_above_the_window_is_a_jam(bench: RingBench) -> None:
    bench.plant.probe.touch_um = 2_000
    assert measure(bench) == PROBE_RESULT_JAM


def test_halt_stops_in_place_and_a_measurement_then_wants_a_retraction(bench: RingBench) -> None:
    bench.probe.measure()
    bench.wait(2000)
    bench.probe.halt()
    stands = bench.plant.probe.um
    bench.wait(500)
    assert bench.plant.probe.um - stands <= 100
    assert measure(bench) == PROBE_RESULT_NOT_RETRACTED
    bench.probe.retract()
    assert bench.finish(bench.probe)[0] == PROBE_RESULT_OK
    assert measure(bench) == PROBE_RESULT_OK


def test_a_rail_without_power_is_named(bench: RingBench) -> None:
    bench.drivers["actuator_enable"].off()
    bench.probe.measure()
    assert bench.finish(bench.probe)[0] == PROBE_RESULT_NO_CURRENT


def test_a_position_that_stands_while_current_flows_is_a_sensor_fault(bench: RingBench) -> None:
    frozen = bench.drivers["analogue"].mv[0]
    fault(bench, 500, target="register.analogue.0", kind="stuck", value=frozen << 3)
    assert measure(bench) == PROBE_RESULT_SENSOR


def test_a_potentiometer_out_of_range_refuses_to_start(bench: RingBench) -> None:
    fault(bench, 10, target="register.analogue.0", kind="stuck", value=0)
    bench.wait(200)
    assert measure(bench) == PROBE_RESULT_SENSOR
    assert bench.plant.probe.um == 0


def test_a_converter_that_falls_silent_stops_the_rod(bench: RingBench) -> None:
    bench.probe.measure()
    bench.wait(1000)
    fault(bench, 10, target="bus.analogue", kind="off")
    assert bench.finish(bench.probe)[0] == PROBE_RESULT_SENSOR
    assert bench.plant.probe_permille == 0


def test_deadline(bench: RingBench) -> None:
    bench.parameters.set(P_PROBE_TIMEOUT_MS, 5000)
    assert measure(bench) == PROBE_RESULT_TIMEOUT


def test_busy_is_refused(bench: RingBench) -> None:
    bench.probe.measure()
    with pytest.raises(MechanismBusy):
        bench.probe.retract()


@pytest.mark.parametrize(
    ("fill_um", "depth_um", "state"),
    [
        (-1, 66_000, FILL_STATE_UNKNOWN),
        (0, 66_000, FILL_STATE_EMPTY),
        (2_100, 66_000, FILL_STATE_EMPTY),
        (2_200, 66_000, FILL_STATE_LOW),
        (39_599, 66_000, FILL_STATE_LOW),
        (39_600, 66_000, FILL_STATE_NOMINAL),
        (66_000, 66_000, FILL_STATE_NOMINAL),
        (76_849, 76_000, FILL_STATE_NOMINAL),
        (76_851, 76_000, FILL_STATE_OVERFILL),
    ],
)
def test_classes_of_fill(fill_um: int, depth_um: int, state: int) -> None:
    assert classify(fill_um, depth_um, Parameters().values) == state
