"""The camera on the emulated payload: a picture is proved by its sync, its light by the sensor."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools import rocks
from host_tools.emulator.faults import FaultInjector
from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.tables import (
    ASSESS_RESULT_ACCEPTED,
    ASSESS_RESULT_BAD_VALUE,
    ASSESS_RESULT_LIGHT_DOWNGRADE,
    ASSESS_RESULT_STALE,
    ASSESS_RESULT_UNKNOWN_PICTURE,
    CAMERA_RESULT_HALTED,
    CAMERA_RESULT_NO_LIGHT_SENSOR,
    CAMERA_RESULT_NO_SYNC,
    CAMERA_RESULT_OK,
    CAMERA_RESULT_STUCK_SYNC,
    EV_CAMERA_PICTURE_TAKEN,
    EV_CAMERA_TOO_DARK,
    VERDICT_ABSENT,
    VERDICT_INCONCLUSIVE,
    VERDICT_NONE,
    VERDICT_PRESENT,
)
from tests.unit.ring_bench import RingBench


@pytest.fixture
def bench() -> Any:
    bench = RingBench(rocks.load("sandstone"), 3)
    yield bench
    bench.close()


def shoot(bench: RingBench, exposure_us: int = 40_000, led_permille: int = 500) -> int:
    bench.camera.shoot(exposure_us, led_permille)
    return int(bench.finish(bench.camera)[0])


def fault(bench: RingBench, **fields: Any) -> None:
    fields["at_ms"] = bench.world.clock.now_us // 1000 + 10
    FaultInjector(bench.world, [fields])
    bench.wait(50)


@pytest.mark.parametrize(("asked_us", "made_us"), [(5_000, 10_000), (40_000, 40_000), (2_000_000, 2_000_000)])
def test_one_picture_one_number_one_scene(bench: RingBench, asked_us: int, made_us: int) -> None:
    assert shoot(bench, asked_us) == CAMERA_RESULT_OK
    assert bench.camera.picture_no == 1 == len(bench.plant.pictures)
    scene = bench.plant.pictures[0]
    assert abs(scene["exposure_us"] - made_us) <= 5_000
    assert scene["focused"] == 1
    assert scene["led_permille"] == 500
    assert (bench.plant.led_permille, bench.plant.focus, bench.plant.shutter) == (0, False, False)
    assert bench.seen()[-1][:2] == (EV_CAMERA_PICTURE_TAKEN, 1)


def test_light_is_judged_from_sensor_ring_light_and_exposure(bench: RingBench) -> None:
    bench.plant.fault("no_sun", 1)
    bench.wait(1200)  # the light moves once a second
    assert shoot(bench, 40_000, 1000) == CAMERA_RESULT_OK
    assert bench.camera.lux_before <= 4
    assert 14_000 <= bench.camera.light_score <= 16_200  # 400 lux for 40 ms
    assert bench.camera.light_ok
    assert shoot(bench, 40_000, 0) == CAMERA_RESULT_OK
    assert not bench.camera.light_ok
    assert bench.seen()[-1][0] == EV_CAMERA_TOO_DARK


def test_a_dead_ring_light_does_not_count_as_light(bench: RingBench) -> None:
    bench.plant.fault("no_sun", 1)
    bench.plant.fault("led_dead", 1)
    bench.wait(1200)
    assert shoot(bench, 40_000, 1000) == CAMERA_RESULT_OK
    assert not bench.camera.light_ok
    assert bench.camera.light_score < 500


def test_no_sync_is_no_picture(bench: RingBench) -> None:
    bench.plant.fault("camera_dead", 1)
    assert shoot(bench) == CAMERA_RESULT_NO_SYNC
    assert bench.camera.picture_no == 0
    assert not bench.camera.light_ok


def test_a_sync_line_that_is_stuck_proves_nothing(bench: RingBench) -> None:
    fault(bench, target="pin.camera_sync", kind="stuck", value=0)
    assert shoot(bench) == CAMERA_RESULT_STUCK_SYNC
    assert bench.plant.pictures == []


def test_without_the_light_sensor_no_verdict_could_stand(bench: RingBench) -> None:
    fault(bench, target="bus.light", kind="off")
    assert shoot(bench) == CAMERA_RESULT_NO_LIGHT_SENSOR
    assert bench.camera.lux == -1


def test_halt_switches_everything_off(bench: RingBench) -> None:
    bench.camera.shoot(1_000_000, 700)
    bench.wait(1000)
    assert bench.plant.shutter
    with pytest.raises(MechanismBusy):
        bench.camera.shoot(40_000, 0)
    bench.camera.halt()
    assert bench.camera.result == CAMERA_RESULT_HALTED
    assert (bench.plant.led_permille, bench.plant.focus, bench.plant.shutter) == (0, False, False)
    bench.wait(500)
    assert shoot(bench) == CAMERA_RESULT_OK  # the sync of the halted exposure is not taken for this one's
    assert bench.camera.picture_no == 1


def test_orders_out_of_range(bench: RingBench) -> None:
    for exposure_us, led in ((4_999, 0), (2_000_001, 0), (40_000, 1001), (40_000, -1)):
        with pytest.raises(MechanismRange):
            bench.camera.shoot(exposure_us, led)


def test_assessments_are_taken_for_the_last_four_pictures_only(bench: RingBench) -> None:
    camera = bench.camera
    assert camera.assess(1, VERDICT_PRESENT, 900) == ASSESS_RESULT_UNKNOWN_PICTURE
    for _ in range(5):
        assert shoot(bench) == CAMERA_RESULT_OK
    assert camera.assess(1, VERDICT_PRESENT, 900) == ASSESS_RESULT_STALE
    assert camera.assess(6, VERDICT_PRESENT, 900) == ASSESS_RESULT_UNKNOWN_PICTURE
    assert camera.assess(0, VERDICT_PRESENT, 900) == ASSESS_RESULT_UNKNOWN_PICTURE
    assert camera.assess(5, VERDICT_NONE, 900) == ASSESS_RESULT_BAD_VALUE
    assert camera.assess(5, VERDICT_PRESENT, 1001) == ASSESS_RESULT_BAD_VALUE
    assert camera.assessment_of(5) == VERDICT_NONE
    assert camera.assess(5, VERDICT_PRESENT, 900) == ASSESS_RESULT_ACCEPTED
    assert camera.assess(2, VERDICT_ABSENT, 700) == ASSESS_RESULT_ACCEPTED
    assert (camera.assessment_of(5), camera.confidence_of(5)) == (VERDICT_PRESENT, 900)
    assert (camera.assessment_of(2), camera.confidence_of(2)) == (VERDICT_ABSENT, 700)
    assert shoot(bench) == CAMERA_RESULT_OK
    assert camera.assessment_of(6) == VERDICT_NONE  # a new picture starts without a verdict
    assert camera.assessment_of(2) == VERDICT_NONE  # and pushes the oldest out


def test_a_dark_picture_is_inconclusive_whatever_it_is_said_to_show(bench: RingBench) -> None:
    bench.plant.fault("no_sun", 1)
    bench.wait(1200)
    assert shoot(bench, 40_000, 0) == CAMERA_RESULT_OK
    assert bench.camera.assess(1, VERDICT_PRESENT, 1000) == ASSESS_RESULT_LIGHT_DOWNGRADE
    assert bench.camera.assessment_of(1) == VERDICT_INCONCLUSIVE


def test_numbers_go_on_after_a_restart(bench: RingBench) -> None:
    bench.camera.continue_from(41)
    assert shoot(bench) == CAMERA_RESULT_OK
    assert bench.camera.picture_no == 42
    bench.camera.continue_from(7)
    assert bench.camera.picture_no == 42
    assert bench.camera.assess(41, VERDICT_PRESENT, 900) == ASSESS_RESULT_STALE
