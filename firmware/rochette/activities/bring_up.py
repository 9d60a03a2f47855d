"""Bring-up: every part answers, every axis knows where it is, every tube is where the record says.

Nothing is assumed from the last power-on: a payload that has not been brought up refuses to acquire.
"""

from rochette.activities.steps import enter_phase, finish, insist, power_up
from rochette.services.activities import Fault
from rochette.tables import (
    BREAK_OFF_RESULT_OK,
    CAROUSEL_RESULT_OK,
    EV_SAMPLE_FOUND,
    EV_SAMPLE_PART_CHECKED,
    EV_SAMPLE_READY,
    EV_SAMPLE_SEAT_MISMATCH,
    EV_SAMPLE_TUBES_COUNTED,
    EV_SAMPLE_WIRE_STILL_WRONG,
    FEED_RESULT_OK,
    GATE_RESULT_OK,
    P_SAMPLE_MOVE_LIMIT_MS,
    PHASE_COUNT_TUBES,
    PHASE_HOMING,
    PHASE_IDLE,
    PHASE_SELF_TEST,
    PROBE_RESULT_OK,
    REASON_BREAK_OFF,
    REASON_CAROUSEL,
    REASON_FEED,
    REASON_GATE,
    REASON_NOT_COMMISSIONED,
    REASON_PROBE,
    REASON_SEALER,
    REASON_SELF_TEST,
    REASON_TUBE_IN_BIT,
    REASON_TUBE_MISSING,
    REASON_TUBE_UNEXPECTED,
    SEALER_RESULT_OK,
    STEP_DOCKING,
    STEP_TAKING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def bring_up(kit: "Kit") -> "Generator[None, None, None]":
    """Self-test of every part, homing of every axis, count of the tubes against the record.

    Raises Fault with the reason that names what failed; the caller stops everything in place.
    """
    begun_ms = kit.now_ms()
    kit.ready = False
    if kit.custody.tube_in_bit:
        raise Fault(REASON_TUBE_IN_BIT, kit.custody.tube_in_bit)
    if kit.wire:
        kit.events.emit(EV_SAMPLE_WIRE_STILL_WRONG, kit.wire)
        raise Fault(REASON_SELF_TEST, kit.wire)
    yield from test_parts(kit)
    yield from power_up(kit)
    yield from home_axes(kit)
    yield from count_tubes(kit)
    kit.rail.off()
    kit.ready = True
    kit.sample.phase = PHASE_IDLE
    kit.events.emit(EV_SAMPLE_READY, kit.now_ms() - begun_ms)


def test_parts(kit: "Kit") -> "Generator[None, None, None]":
    """Every part on a bus says who it is. Raises Fault(SELF_TEST) naming the first that does not."""
    enter_phase(kit, PHASE_SELF_TEST)
    failed = yield from kit.check_parts()
    if failed:
        raise Fault(REASON_SELF_TEST, failed)
    kit.events.emit(EV_SAMPLE_PART_CHECKED, kit.parts)
    yield


def home_axes(kit: "Kit") -> "Generator[None, None, None]":
    """Home every axis, the feed first: nothing turns under a bit that may be down."""
    limit_ms = kit.values[P_SAMPLE_MOVE_LIMIT_MS]
    enter_phase(kit, PHASE_HOMING)
    kit.feed.home()
    yield from insist(kit.feed, limit_ms, FEED_RESULT_OK, REASON_FEED)
    kit.breakoff.centre()
    yield from insist(kit.breakoff, limit_ms, BREAK_OFF_RESULT_OK, REASON_BREAK_OFF)
    yield from home_ring(kit)


def home_ring(kit: "Kit") -> "Generator[None, None, None]":
    """With the bit up: close the cover, take both rods out of the tubes, then home the ring below them.

    Raises Fault with the reason of the first that fails.
    """
    limit_ms = kit.values[P_SAMPLE_MOVE_LIMIT_MS]
    kit.gate.close()
    yield from insist(kit.gate, limit_ms, GATE_RESULT_OK, REASON_GATE)
    kit.probe.retract()
    yield from insist(kit.probe, limit_ms, PROBE_RESULT_OK, REASON_PROBE)
    kit.sealer.retract()
    yield from insist(kit.sealer, limit_ms, SEALER_RESULT_OK, REASON_SEALER)
    kit.carousel.home()
    yield from insist(kit.carousel, limit_ms, CAROUSEL_RESULT_OK, REASON_CAROUSEL)


def count_tubes(kit: "Kit") -> "Generator[None, None, None]":
    """Turn the carousel once and hold what the sensor sees against the record, seat by seat.

    Raises Fault(TUBE_MISSING or TUBE_UNEXPECTED, seat) at the first seat that disagrees.
    """
    if not kit.custody.commissioned:
        raise Fault(REASON_NOT_COMMISSIONED)
    enter_phase(kit, PHASE_COUNT_TUBES)
    kit.carousel.count()
    result = yield from finish(kit.carousel, 4 * kit.values[P_SAMPLE_MOVE_LIMIT_MS], REASON_CAROUSEL)
    if result != CAROUSEL_RESULT_OK:
        raise Fault(REASON_CAROUSEL, result)
    yield from find_uncertain(kit)
    seen = 0
    recorded = 0
    wrong = 0
    for seat in range(1, kit.seats + 1):
        sensed = kit.carousel.tubes_seen[seat]
        expected = int(kit.custody.tube_in_seat(seat))
        seen += sensed
        recorded += expected
        if sensed != expected and not wrong:
            wrong = seat
        yield  # a seat a tick: the record of all of them at once takes longer than a tick may
    kit.events.emit(EV_SAMPLE_TUBES_COUNTED, seen, recorded)
    if wrong:
        sensed = kit.carousel.tubes_seen[wrong]
        kit.events.emit(EV_SAMPLE_SEAT_MISMATCH, wrong, sensed, 1 - sensed)
        raise Fault(REASON_TUBE_UNEXPECTED if sensed else REASON_TUBE_MISSING, wrong)


def find_uncertain(kit: "Kit") -> "Generator[None, None, None]":
    """After a count: a tube that the record has between seat and bit is where the sensor says."""
    custody = kit.custody
    tube = custody.in_hand
    if not tube:
        return
    step = custody.step_of(tube)
    if step not in (STEP_TAKING, STEP_DOCKING):
        return
    seat = custody.seat_of(tube)
    there = bool(kit.carousel.tubes_seen[seat])
    number = custody.sample_of(tube)
    if there:
        kit.events.emit(EV_SAMPLE_FOUND, tube, seat)
        yield from custody.moved(number, tube, seat, False)
    elif step == STEP_TAKING:
        kit.events.emit(EV_SAMPLE_FOUND, tube, 0)
        yield from custody.moved(number, tube, 0, False)
