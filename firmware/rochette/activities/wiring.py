"""Wiring: once put together, does each switch, sensor and motor do what the board's data say?

Bring-up finds a part that is missing or dead. This finds one that is alive and the wrong way round: a switch
of the other polarity, a load cell or an encoder with two wires swapped, a carousel that turns the other way.
A ring that is mirrored cannot be told from one that is not while all seats look alike, so a person takes the
tube out of one seat first, and the ring is asked which one it misses.

The first that is wrong ends it, with an event that says which wire to look at. Until it has passed again the
payload is not brought up.
"""

from rochette.activities.steps import finish, power_up
from rochette.services.activities import Fault, pause_ms
from rochette.tables import (
    BREAK_OFF_RESULT_OK,
    CAROUSEL_RESULT_OK,
    EV_SAMPLE_WIRE_WRONG,
    EV_SAMPLE_WIRING_PASSED,
    FEED_RESULT_OK,
    GATE_RESULT_OK,
    P_SAMPLE_CHECK_HANGING_HIGH_MN,
    P_SAMPLE_CHECK_HANGING_LOW_MN,
    P_SAMPLE_CHECK_REST_MA,
    P_SAMPLE_CHECK_ZERO_MA,
    P_SAMPLE_MOVE_LIMIT_MS,
    REASON_BREAK_OFF,
    REASON_CAROUSEL,
    REASON_CORING,
    REASON_FEED,
    REASON_GATE,
    REASON_SELF_TEST,
    SPINDLE_RESULT_OK,
    WIRE_AUX_CURRENT,
    WIRE_BREAK_OFF_SWITCHES,
    WIRE_BUS_CURRENT,
    WIRE_CAROUSEL_DIRECTION,
    WIRE_CAROUSEL_INDEX,
    WIRE_ENCODER_DIRECTION,
    WIRE_FEED_HOME,
    WIRE_FEED_SWITCHES,
    WIRE_GATE_SWITCH,
    WIRE_LOAD_CELL,
    WIRE_NONE,
    WIRE_SPINDLE,
    WIRE_SPINDLE_CURRENT,
    WIRE_TUBE_SENSOR,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator

    from rochette.activities.kit import Kit

_SPIN_RPM = 60
_BACKWARDS_RPM_TENTHS = -50
_SETTLE_MS = 500
_JOG_UM = 3000
_JOG_UM_S = 2000


def check_wiring(kit: "Kit", empty_seat: int) -> "Generator[None, None, None]":
    """All checks, what stands still first. `empty_seat`: the one that a person has taken the tube from. The
    carriage stands off its bottom switch.

    Raises Fault(SELF_TEST, wire) at the first that is wrong; the rail is off at the end in any case. Whatever
    else ends it (the guard, a monitor) names the wire that was looked at: that is where to begin.
    """
    kit.ready = False
    kit.wiring_found = 0
    try:
        yield from _at_rest(kit)
        yield from power_up(kit)
        yield from _feed(kit)
        yield from _switches(kit)
        yield from _spindle(kit)
        yield from _ring(kit, empty_seat)
        kit.wire = WIRE_NONE
    finally:
        kit.halt_all()
        kit.rail.off()
        if kit.wire:
            kit.events.emit(EV_SAMPLE_WIRE_WRONG, kit.wire, kit.wiring_found)
    kit.events.emit(EV_SAMPLE_WIRING_PASSED)


def _wrong(kit: "Kit", wire: int, found: int) -> "Fault":
    kit.wire = wire
    kit.wiring_found = found
    return Fault(REASON_SELF_TEST, wire)


def _insist(kit: "Kit", mechanism: "Any", ok: int, reason: int, wire: int) -> "Generator[None, None, None]":
    kit.wire = wire
    result = yield from finish(mechanism, 4 * kit.values[P_SAMPLE_MOVE_LIMIT_MS], reason)
    if result != ok:
        raise _wrong(kit, wire, result)


def _at_rest(kit: "Kit") -> "Generator[None, None, None]":
    """Nothing has power: no current, the tool's own weight hangs in the load cell, no two ends at once."""
    values = kit.values
    cam = kit.breakoff.ends_made
    if cam == 3:  # first: a monitor would soon ask for a stop, and name no wire
        raise _wrong(kit, WIRE_BREAK_OFF_SWITCHES, cam)
    kit.wire = WIRE_FEED_SWITCHES
    yield from pause_ms(_SETTLE_MS)
    current = kit.spindle.current_ma
    if not -values[P_SAMPLE_CHECK_ZERO_MA] <= current <= values[P_SAMPLE_CHECK_ZERO_MA]:
        raise _wrong(kit, WIRE_SPINDLE_CURRENT, current)
    current = kit.aux.current_ma
    if not -values[P_SAMPLE_CHECK_ZERO_MA] <= current <= values[P_SAMPLE_CHECK_ZERO_MA]:
        raise _wrong(kit, WIRE_AUX_CURRENT, current)
    # What the electronics draw goes through this one.
    current = kit.bus.current_ma
    if not 0 < current <= values[P_SAMPLE_CHECK_REST_MA]:
        raise _wrong(kit, WIRE_BUS_CURRENT, current)
    hanging = kit.feed.load_mn
    if not values[P_SAMPLE_CHECK_HANGING_LOW_MN] <= hanging <= values[P_SAMPLE_CHECK_HANGING_HIGH_MN]:
        raise _wrong(kit, WIRE_LOAD_CELL, hanging)
    ends = kit.feed.ends_made
    if ends & 2:
        raise _wrong(kit, WIRE_FEED_SWITCHES, ends)


def _feed(kit: "Kit") -> "Generator[None, None, None]":
    """Up until the home switch is made, down until it is open: polarity, and which way the motor turns."""
    feed = kit.feed
    feed.home()
    yield from _insist(kit, feed, FEED_RESULT_OK, REASON_FEED, WIRE_FEED_HOME)
    feed.jog(_JOG_UM, _JOG_UM_S)
    yield from _insist(kit, feed, FEED_RESULT_OK, REASON_FEED, WIRE_FEED_HOME)
    if feed.ends_made:
        raise _wrong(kit, WIRE_FEED_HOME, feed.ends_made)
    feed.home()
    yield from _insist(kit, feed, FEED_RESULT_OK, REASON_FEED, WIRE_FEED_HOME)


def _switches(kit: "Kit") -> "Generator[None, None, None]":
    """Break-off and cover to each of their ends: their switches must agree there, and nowhere else."""
    cam = kit.breakoff
    gate = kit.gate
    for begin in (cam.centre, cam.offset, cam.centre):
        begin()
        yield from _insist(kit, cam, BREAK_OFF_RESULT_OK, REASON_BREAK_OFF, WIRE_BREAK_OFF_SWITCHES)
    for begin in (gate.close, gate.open, gate.close):
        begin()
        yield from _insist(kit, gate, GATE_RESULT_OK, REASON_GATE, WIRE_GATE_SWITCH)


def _spindle(kit: "Kit") -> "Generator[None, None, None]":
    """Forward: the encoder must count, and count up."""
    spindle = kit.spindle
    slowest = 0
    kit.wire = WIRE_SPINDLE
    spindle.run(_SPIN_RPM)
    while spindle.busy:
        slowest = min(slowest, spindle.rpm_tenths)
        if slowest < _BACKWARDS_RPM_TENTHS:
            spindle.halt()
            raise _wrong(kit, WIRE_ENCODER_DIRECTION, slowest)
        yield
    if spindle.result != SPINDLE_RESULT_OK:
        raise _wrong(kit, WIRE_SPINDLE, spindle.result)
    spindle.stop()
    yield from _insist(kit, spindle, SPINDLE_RESULT_OK, REASON_CORING, WIRE_SPINDLE)


def _ring(kit: "Kit", empty_seat: int) -> "Generator[None, None, None]":
    """Once round: index and steps agree, and the one seat without a tube is the one that was said."""
    ring = kit.carousel
    ring.home()
    yield from _insist(kit, ring, CAROUSEL_RESULT_OK, REASON_CAROUSEL, WIRE_CAROUSEL_INDEX)
    ring.count()
    yield from _insist(kit, ring, CAROUSEL_RESULT_OK, REASON_CAROUSEL, WIRE_CAROUSEL_INDEX)
    kit.wire = WIRE_TUBE_SENSOR
    seen = ring.tubes_seen
    missing = 0
    for seat in range(1, kit.seats + 1):
        if not seen[seat]:
            missing = seat if not missing else -1
        yield
    if missing == empty_seat:
        return
    # In a mirrored ring each seat goes by where the one opposite to it belongs.
    mirrored = missing == kit.seats + 1 - empty_seat
    raise _wrong(kit, WIRE_CAROUSEL_DIRECTION if mirrored else WIRE_TUBE_SENSOR, missing)
