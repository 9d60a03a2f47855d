"""The carousel on the emulated payload: every seat to every station, and every way in which the ring can lie.
"""

from __future__ import annotations

from typing import Any

import pytest

from host_tools import rocks
from host_tools.emulator.faults import FaultInjector
from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.tables import (
    CAROUSEL_EXPECT_NO_TUBE,
    CAROUSEL_EXPECT_TUBE,
    CAROUSEL_RESULT_DETENT_MISMATCH,
    CAROUSEL_RESULT_DRAG,
    CAROUSEL_RESULT_HALTED,
    CAROUSEL_RESULT_INDEX_MISSING,
    CAROUSEL_RESULT_INTERLOCK,
    CAROUSEL_RESULT_LIMIT,
    CAROUSEL_RESULT_LOST_STEPS,
    CAROUSEL_RESULT_NOT_HOMED,
    CAROUSEL_RESULT_OK,
    CAROUSEL_RESULT_TIMEOUT,
    CAROUSEL_RESULT_TUBE_MISMATCH,
    CAROUSEL_STATION_CAMERA,
    CAROUSEL_STATION_DRILL,
    CAROUSEL_STATION_SEAL,
    EV_CAROUSEL_DETENT_MISMATCH,
    EV_CAROUSEL_DRAG,
    EV_CAROUSEL_HOMED,
    EV_CAROUSEL_INDEX_MISSING,
    EV_CAROUSEL_INTERLOCK,
    EV_CAROUSEL_SHAKEN,
    P_CAROUSEL_SHAKE_ATTEMPTS,
    P_CAROUSEL_TIMEOUT_MS,
)
from tests.unit.ring_bench import RingBench

STATIONS = ("DRILL", "CAMERA", "PROBE", "SEAL", "DROP")


@pytest.fixture
def bench() -> Any:
    bench = RingBench(rocks.load("sandstone"), 5)
    yield bench
    bench.close()


@pytest.fixture
def homed(bench: RingBench) -> RingBench:
    bench.carousel.home()
    assert bench.finish(bench.carousel)[0] == CAROUSEL_RESULT_OK
    return bench


def turn(bench: RingBench, position: int, station: int = CAROUSEL_STATION_DRILL, expect: int = 0) -> int:
    bench.carousel.go(position, station, expect)
    return int(bench.finish(bench.carousel)[0])


def last_event(bench: RingBench) -> int:
    return int(bench.seen(bench.events.count - 1)[0][0])


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_home_lays_the_hole_under_the_drill_from_wherever_the_ring_was_left(seed: int) -> None:
    bench = RingBench(rocks.load("sandstone"), seed)
    bench.carousel.home()
    assert bench.finish(bench.carousel)[0] == CAROUSEL_RESULT_OK
    assert bench.plant.ring.position_at(0) == 0
    assert abs(bench.plant.ring.off) <= 3
    assert (bench.carousel.sensed, bench.carousel.homed) == (0, True)
    assert bench.seen()[-1][0] == EV_CAROUSEL_HOMED
    bench.close()


def test_home_again_while_the_index_mark_is_under_the_sensor(homed: RingBench) -> None:
    homed.carousel.home()
    assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK
    event = homed.seen(homed.events.count - 1)[0]
    assert event[0] == EV_CAROUSEL_HOMED
    assert 78 <= event[1] <= 90  # the mark is 80 steps wide
    assert abs(event[2]) <= 2  # and stands where it stood


def test_positions_come_to_stations_by_the_shorter_way(homed: RingBench) -> None:
    ring = homed.plant.ring
    for position, station in ((7, 0), (43, 0), (1, 3), (22, 1), (22, 2), (0, 4), (30, 0), (8, 0)):
        before = homed.plant.carousel_steps
        assert turn(homed, position, station) == CAROUSEL_RESULT_OK
        assert ring.position_at(ring.pitch_of[STATIONS[station]]) == position
        assert abs(ring.off) <= 3
        assert abs(homed.plant.carousel_steps - before) <= 8010
        assert homed.carousel.sensed == ring.position_at(0) == homed.carousel.commanded
        assert homed.carousel.tube_present == (ring.position_at(0) != 0)


def test_going_where_it_is_turns_nothing(homed: RingBench) -> None:
    before = homed.plant.carousel_steps
    assert turn(homed, 0) == CAROUSEL_RESULT_OK
    assert homed.plant.carousel_steps == before


def test_count_sees_every_tube_and_every_gap(homed: RingBench) -> None:
    tubes = homed.plant.tubes
    for seat in (3, 17, 43):
        tubes.in_seat[seat] = 0
    homed.carousel.count()
    assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK
    seen = homed.carousel.tubes_seen
    assert [n for n in range(44) if not seen[n]] == [0, 3, 17, 43]
    assert (homed.carousel.tubes, homed.carousel.detents, homed.carousel.sensed) == (40, 44, 0)


def test_tube_at_the_drill_is_held_against_what_is_expected(homed: RingBench) -> None:
    homed.plant.tubes.in_seat[9] = 0
    assert turn(homed, 9, expect=CAROUSEL_EXPECT_TUBE) == CAROUSEL_RESULT_TUBE_MISMATCH
    assert homed.carousel.sensed == 9  # the ring is right: its reference is kept
    assert turn(homed, 9, expect=CAROUSEL_EXPECT_NO_TUBE) == CAROUSEL_RESULT_OK
    assert not homed.carousel.tube_at_drill()
    assert turn(homed, 10, expect=CAROUSEL_EXPECT_TUBE) == CAROUSEL_RESULT_OK


@pytest.mark.parametrize("lost", [64, 128, 400, 728, 1000])
def test_lost_steps_never_end_at_a_wrong_seat(homed: RingBench, lost: int) -> None:
    homed.plant.fault("carousel_lost_steps", lost)
    assert turn(homed, 12) in (CAROUSEL_RESULT_LOST_STEPS, CAROUSEL_RESULT_DRAG)
    assert (homed.carousel.sensed, homed.carousel.commanded, homed.carousel.homed) == (-1, 12, False)
    assert turn(homed, 12) == CAROUSEL_RESULT_NOT_HOMED
    homed.plant.fault("carousel_lost_steps", 0)
    homed.carousel.home()
    assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK
    assert turn(homed, 12) == CAROUSEL_RESULT_OK
    assert homed.plant.ring.position_at(0) == 12


def test_one_slip_of_the_motor_is_called_lost_steps(homed: RingBench) -> None:
    homed.plant.fault("carousel_lost_steps", 64)
    assert turn(homed, 12) == CAROUSEL_RESULT_LOST_STEPS


@pytest.mark.parametrize("drag_permille", [400, 600, 900])
def test_pebbles_under_the_ring_stop_it_without_more_force(homed: RingBench, drag_permille: int) -> None:
    homed.plant.ring.pebble_angle = 2000
    homed.plant.ring.drag_permille = drag_permille
    assert turn(homed, 12) == CAROUSEL_RESULT_DRAG
    assert last_event(homed) == EV_CAROUSEL_DRAG
    ordered = homed.stepper.position
    homed.wait(500)
    assert homed.stepper.position == ordered
    assert homed.carousel.sensed == -1


def test_ring_turned_by_hand_while_standing_is_noticed(homed: RingBench) -> None:
    assert turn(homed, 5) == CAROUSEL_RESULT_OK
    homed.plant.ring.angle += 180
    homed.wait(50)
    assert turn(homed, 6) == CAROUSEL_RESULT_LOST_STEPS


def test_seat_swapped_by_hand_while_standing_is_caught_at_the_index(homed: RingBench) -> None:
    assert turn(homed, 5) == CAROUSEL_RESULT_OK
    homed.plant.ring.angle += 364  # one whole position: the detents alone cannot tell
    assert turn(homed, 40) == CAROUSEL_RESULT_LOST_STEPS
    assert homed.carousel.sensed == -1


@pytest.mark.parametrize(
    ("level", "result"), [(1, CAROUSEL_RESULT_INDEX_MISSING), (0, CAROUSEL_RESULT_INDEX_MISSING)]
)
def test_index_sensor_stuck_while_homing(bench: RingBench, level: int, result: int) -> None:
    FaultInjector(
        bench.world, [{"target": "pin.carousel_index", "kind": "stuck", "value": level, "at_ms": 0}]
    )
    bench.wait(100)
    bench.carousel.home()
    assert bench.finish(bench.carousel)[0] == result
    assert last_event(bench) == EV_CAROUSEL_INDEX_MISSING
    assert not bench.carousel.homed


def test_index_lost_on_the_way(homed: RingBench) -> None:
    assert turn(homed, 40) == CAROUSEL_RESULT_OK
    now_ms = homed.world.clock.now_us // 1000
    FaultInjector(
        homed.world, [{"target": "pin.carousel_index", "kind": "stuck", "value": 1, "at_ms": now_ms + 20}]
    )
    homed.wait(50)
    assert turn(homed, 4) == CAROUSEL_RESULT_INDEX_MISSING


def test_index_that_appears_in_the_wrong_place(homed: RingBench) -> None:
    assert turn(homed, 10) == CAROUSEL_RESULT_OK
    now_ms = homed.world.clock.now_us // 1000
    fault = {
        "target": "pin.carousel_index",
        "kind": "stuck",
        "value": 0,
        "at_ms": now_ms + 500,
        "for_ms": 200,
    }
    FaultInjector(homed.world, [fault])
    assert turn(homed, 20) == CAROUSEL_RESULT_LOST_STEPS


def test_detent_switch_that_does_not_answer(homed: RingBench) -> None:
    now_ms = homed.world.clock.now_us // 1000
    FaultInjector(
        homed.world, [{"target": "pin.carousel_detent", "kind": "stuck", "value": 1, "at_ms": now_ms + 300}]
    )
    assert turn(homed, 12) == CAROUSEL_RESULT_DRAG


def test_detent_switch_that_pulses_too_early(homed: RingBench) -> None:
    made = homed.carousel._detent_made
    chatter = [0]

    def detent() -> bool:
        chatter[0] += 1
        return bool(made()) or 40 < chatter[0] < 46

    homed.carousel._detent_made = detent
    assert turn(homed, 12) == CAROUSEL_RESULT_DETENT_MISMATCH
    assert last_event(homed) == EV_CAROUSEL_DETENT_MISMATCH


def test_nothing_turns_under_a_bit_that_is_not_clear(homed: RingBench) -> None:
    before = homed.plant.carousel_steps
    homed.clear = False
    for order in (homed.carousel.home, homed.carousel.count, homed.carousel.shake):
        order()
        assert (homed.carousel.busy, homed.carousel.result) == (False, CAROUSEL_RESULT_INTERLOCK)
    homed.carousel.jog(20)
    assert homed.carousel.result == CAROUSEL_RESULT_INTERLOCK
    assert turn(homed, 3) == CAROUSEL_RESULT_INTERLOCK
    assert homed.plant.carousel_steps == before
    assert homed.carousel.homed
    assert last_event(homed) == EV_CAROUSEL_INTERLOCK


def test_a_bit_that_comes_down_stops_the_ring(homed: RingBench) -> None:
    homed.carousel.go(20, CAROUSEL_STATION_DRILL)
    homed.wait(500)
    homed.clear = False
    homed.wait(10)
    assert (homed.carousel.busy, homed.carousel.result) == (False, CAROUSEL_RESULT_INTERLOCK)
    homed.wait(50)
    stands = homed.plant.ring.angle
    homed.wait(200)
    assert homed.plant.ring.angle == stands


def test_halt_stops_in_place_and_asks_for_homing(homed: RingBench) -> None:
    homed.carousel.go(20, CAROUSEL_STATION_DRILL)
    homed.wait(500)
    homed.carousel.halt()
    assert homed.carousel.result == CAROUSEL_RESULT_HALTED
    ordered = homed.stepper.position
    homed.wait(200)
    assert homed.stepper.position == ordered
    assert turn(homed, 20) == CAROUSEL_RESULT_NOT_HOMED


def test_shake_is_bounded_and_ends_where_it_began(homed: RingBench) -> None:
    allowed = homed.parameters.values[P_CAROUSEL_SHAKE_ATTEMPTS]
    before = homed.plant.carousel_steps
    for _ in range(allowed):
        homed.carousel.shake()
        assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK
        assert last_event(homed) == EV_CAROUSEL_SHAKEN
        assert homed.plant.carousel_steps == before
    homed.carousel.shake()
    assert homed.carousel.result == CAROUSEL_RESULT_LIMIT
    homed.carousel.home()
    assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK
    homed.carousel.shake()
    assert homed.carousel.busy


def test_shake_clears_a_pebble_and_the_move_then_succeeds(homed: RingBench) -> None:
    homed.plant.ring.pebble_angle = 2000
    homed.plant.ring.drag_permille = 600
    assert turn(homed, 12) == CAROUSEL_RESULT_DRAG
    homed.carousel.shake()
    assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK
    assert homed.plant.ring.reversals >= 4
    homed.plant.ring.drag_permille = 0
    homed.carousel.home()
    assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK
    assert turn(homed, 12) == CAROUSEL_RESULT_OK


def test_jog_moves_exactly_and_drops_the_reference(homed: RingBench) -> None:
    before = homed.plant.carousel_steps
    homed.carousel.jog(-75)
    assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK
    assert homed.plant.carousel_steps == before - 75
    assert not homed.carousel.homed


def test_orders_out_of_range_or_while_busy_are_refused(homed: RingBench) -> None:
    for position, station in ((44, 0), (-1, 0), (1, 5), (1, -1)):
        with pytest.raises(MechanismRange):
            homed.carousel.go(position, station)
    with pytest.raises(MechanismRange):
        homed.carousel.jog(401)
    homed.carousel.go(2, CAROUSEL_STATION_CAMERA)
    for order in (homed.carousel.home, homed.carousel.count, homed.carousel.shake):
        with pytest.raises(MechanismBusy):
            order()
    assert homed.finish(homed.carousel)[0] == CAROUSEL_RESULT_OK


def test_a_step_generator_that_takes_nothing_ends_by_its_deadline(homed: RingBench) -> None:
    homed.parameters.set(P_CAROUSEL_TIMEOUT_MS, 5000)
    homed.stepper.set_rate = lambda rate: None
    assert turn(homed, 12) == CAROUSEL_RESULT_TIMEOUT


def test_many_moves_do_not_let_the_count_grow(homed: RingBench) -> None:
    for n in range(24):
        assert turn(homed, (n * 19) % 44, CAROUSEL_STATION_SEAL) == CAROUSEL_RESULT_OK
        assert -16000 < homed.stepper.position < 16000
