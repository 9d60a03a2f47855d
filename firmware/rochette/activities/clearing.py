"""Clearing: what is tried by command when something is stuck, loaded or in the way.

Each recovery is bounded in tries and in force, says each try, and ends with CLEARED or NOT_CLEARED. None
releases a tube; whatever fails leaves everything in place.
"""

from rochette.activities.moves import raise_feed, turn_to, weigh
from rochette.activities.record import record
from rochette.activities.steps import finish, insist, power_up
from rochette.services.activities import Fault, pause_ms
from rochette.tables import (
    CAROUSEL_RESULT_OK,
    CAROUSEL_STATION_DRILL,
    CAROUSEL_STATION_PROBE,
    CLEARING_KIND_BIT,
    CLEARING_KIND_BORE,
    CLEARING_KIND_COVER,
    CLEARING_KIND_RING,
    EV_SAMPLE_CLEARED,
    EV_SAMPLE_CLEARING_TRY,
    EV_SAMPLE_NOT_CLEARED,
    EV_SAMPLE_TUBE_REUSED,
    FEED_RESULT_OK,
    GATE_RESULT_OK,
    P_SAMPLE_BIT_LOAD_MN,
    P_SAMPLE_CLEARING_FORCE_MN,
    P_SAMPLE_CLEARING_PULSES,
    P_SAMPLE_CLEARING_TRIES,
    P_SAMPLE_CORE_MG_PER_MM,
    P_SAMPLE_DOCK_FORCE_MN,
    P_SAMPLE_DOCK_HIGH_UM,
    P_SAMPLE_DOCK_LOW_UM,
    P_SAMPLE_MOVE_LIMIT_MS,
    PERCUSSION_RESULT_OK,
    PROBE_RESULT_OK,
    REASON_BIT_NOT_FREED,
    REASON_CAROUSEL,
    REASON_CORING,
    REASON_EARLY_CONTACT,
    REASON_GATE,
    REASON_NOT_HOMED,
    REASON_NOT_TO_CLEAR,
    REASON_PROBE,
    TUBE_MARK_TRIED_AGAIN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def clear_ring(kit: "Kit") -> "Generator[None, None, None]":
    """Pebbles in the carousel: bit up, shake the ring, rotate it and come back, touch the seat again.

    Contact in its window means that the way is clear, and the record marks the tube in the bit as reused.
    Raises Fault: EARLY_CONTACT after the last try, CUSTODY when the mark was not kept.
    """
    if not kit.ready:
        raise Fault(REASON_NOT_HOMED)
    values = kit.values
    tube = kit.custody.tube_in_bit
    seat = tube or kit.sample.tube
    if not seat:
        raise Fault(REASON_NOT_TO_CLEAR)
    most = values[P_SAMPLE_CLEARING_TRIES]
    force_mn = min(values[P_SAMPLE_DOCK_FORCE_MN], values[P_SAMPLE_CLEARING_FORCE_MN])
    yield from power_up(kit)
    for count in range(1, most + 1):
        kit.events.emit(EV_SAMPLE_CLEARING_TRY, CLEARING_KIND_RING, count, most)
        yield from raise_feed(kit)
        kit.carousel.shake()
        yield from _ring(kit)
        kit.carousel.home()
        yield from _ring(kit)
        # Half a turn and back: what was shaken loose goes over the drop chute.
        kit.carousel.go((seat + kit.seats // 2) % (kit.seats + 1), CAROUSEL_STATION_DRILL)
        yield from _ring(kit)
        yield from turn_to(kit, seat, CAROUSEL_STATION_DRILL, not tube)
        kit.feed.seek_contact(values[P_SAMPLE_DOCK_LOW_UM], values[P_SAMPLE_DOCK_HIGH_UM], force_mn)
        result = yield from finish(kit.feed, values[P_SAMPLE_MOVE_LIMIT_MS], REASON_EARLY_CONTACT)
        contact_um = kit.feed.contact_um
        if result == FEED_RESULT_OK:
            yield from raise_feed(kit)
            kit.rail.off()
            kit.events.emit(EV_SAMPLE_CLEARED, CLEARING_KIND_RING, count, contact_um)
            if tube:
                yield from record(kit.custody.marked(tube, TUBE_MARK_TRIED_AGAIN))
                kit.events.emit(EV_SAMPLE_TUBE_REUSED, tube)
            return
    kit.events.emit(EV_SAMPLE_NOT_CLEARED, CLEARING_KIND_RING, most, kit.feed.contact_um)
    raise Fault(REASON_EARLY_CONTACT, kit.feed.contact_um)


def _ring(kit: "Kit") -> "Generator[None, None, None]":
    yield from insist(kit.carousel, kit.values[P_SAMPLE_MOVE_LIMIT_MS], CAROUSEL_RESULT_OK, REASON_CAROUSEL)


def shake_bit(kit: "Kit") -> "Generator[None, None, None]":
    """A rock hangs on the bit: hammer in the air until the load cell feels it gone.

    The bit has to be up. Raises Fault(BIT_NOT_FREED) after the last try.
    """
    if not kit.ready:
        raise Fault(REASON_NOT_HOMED)
    values = kit.values
    most = values[P_SAMPLE_CLEARING_TRIES]
    yield from power_up(kit)
    over_mn = 0
    for count in range(1, most + 1):
        kit.events.emit(EV_SAMPLE_CLEARING_TRY, CLEARING_KIND_BIT, count, most)
        kit.percussion.pulses(values[P_SAMPLE_CLEARING_PULSES])
        yield from insist(kit.percussion, values[P_SAMPLE_MOVE_LIMIT_MS], PERCUSSION_RESULT_OK, REASON_CORING)
        yield from pause_ms(500)
        over_mn = yield from _overload_mn(kit)
        if over_mn < values[P_SAMPLE_BIT_LOAD_MN]:
            kit.rail.off()
            kit.events.emit(EV_SAMPLE_CLEARED, CLEARING_KIND_BIT, count, over_mn)
            return
    kit.events.emit(EV_SAMPLE_NOT_CLEARED, CLEARING_KIND_BIT, most, over_mn)
    raise Fault(REASON_BIT_NOT_FREED, over_mn)


def _overload_mn(kit: "Kit") -> "Generator[None, None, int]":
    """How much heavier the bit hangs than with its tube and the core that was asked for."""
    sample = kit.sample
    loaded_mn = yield from weigh(kit)
    core_mn = sample.depth_um // 100 * kit.values[P_SAMPLE_CORE_MG_PER_MM] // 10 * 981 // 100_000
    return sample.tare_mn - loaded_mn - core_mn


def sweep_bore(kit: "Kit", tube: int) -> "Generator[None, None, None]":
    """Go through the bore of the tube in seat `tube` with the probe, a bounded number of times, so that
    dust leaves the place where a seal goes. Raises Fault(PROBE)."""
    if not kit.ready:
        raise Fault(REASON_NOT_HOMED)
    values = kit.values
    most = values[P_SAMPLE_CLEARING_TRIES]
    yield from power_up(kit)
    yield from turn_to(kit, tube, CAROUSEL_STATION_PROBE, True)
    for count in range(1, most + 1):
        kit.events.emit(EV_SAMPLE_CLEARING_TRY, CLEARING_KIND_BORE, count, most)
        kit.probe.measure()
        yield from insist(kit.probe, values[P_SAMPLE_MOVE_LIMIT_MS], PROBE_RESULT_OK, REASON_PROBE)
    kit.rail.off()
    kit.events.emit(EV_SAMPLE_CLEARED, CLEARING_KIND_BORE, most, kit.probe.fill_um)


def drive_cover(kit: "Kit") -> "Generator[None, None, None]":
    """Drive a cover that is stuck to and fro; ends with it closed. Raises Fault(GATE) after the last try."""
    values = kit.values
    most = values[P_SAMPLE_CLEARING_TRIES]
    limit_ms = values[P_SAMPLE_MOVE_LIMIT_MS]
    yield from power_up(kit)
    for count in range(1, most + 1):
        kit.events.emit(EV_SAMPLE_CLEARING_TRY, CLEARING_KIND_COVER, count, most)
        kit.gate.open()
        opened = yield from finish(kit.gate, limit_ms, REASON_GATE)
        kit.gate.close()
        closed = yield from finish(kit.gate, limit_ms, REASON_GATE)
        if opened == GATE_RESULT_OK and closed == GATE_RESULT_OK:
            kit.rail.off()
            kit.events.emit(EV_SAMPLE_CLEARED, CLEARING_KIND_COVER, count, kit.gate.position)
            return
    kit.events.emit(EV_SAMPLE_NOT_CLEARED, CLEARING_KIND_COVER, most, kit.gate.position)
    raise Fault(REASON_GATE, kit.gate.result)
