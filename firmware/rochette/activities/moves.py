"""Moves that several steps share: raise the feed, touch a seat, turn the carousel, weigh."""

from rochette.activities.steps import finish, insist
from rochette.services.activities import Fault
from rochette.services.degraded import NO_LOAD_CELL
from rochette.tables import (
    CAROUSEL_RESULT_OK,
    CAROUSEL_STATION_DRILL,
    EV_SAMPLE_NOT_WEIGHED,
    EV_SAMPLE_SEAT_MISMATCH,
    FEED_RESULT_BRAKE,
    FEED_RESULT_DRILL_LOADED,
    FEED_RESULT_EARLY_CONTACT,
    FEED_RESULT_ENCODER,
    FEED_RESULT_NO_CONTACT,
    FEED_RESULT_OK,
    FEED_RESULT_STALLED,
    P_FEED_FEEL_RPM,
    P_SAMPLE_CLEAR_UM,
    P_SAMPLE_DOCK_FORCE_MN,
    P_SAMPLE_DOCK_HIGH_UM,
    P_SAMPLE_DOCK_LOW_UM,
    P_SAMPLE_MOVE_LIMIT_MS,
    P_SAMPLE_TRAVEL_UM_S,
    P_SAMPLE_WEIGH_SAMPLES,
    P_SYSTEM_DEGRADED,
    REASON_CAROUSEL,
    REASON_CUSTODY,
    REASON_DRILL_LOADED,
    REASON_EARLY_CONTACT,
    REASON_FEED,
    REASON_FEED_BRAKE,
    REASON_FEED_ENCODER,
    REASON_LOAD_CELL,
    REASON_NO_CONTACT,
    REASON_RETRACT_STALLED,
    REASON_SPINDLE,
    REASON_TUBE_MISSING,
    REASON_TUBE_UNEXPECTED,
    SPINDLE_RESULT_OK,
    WEIGHER_RESULT_OK,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit

# A feed result that is a fault, and the reason it stands for.
_FEED_REASONS = (
    (FEED_RESULT_EARLY_CONTACT, REASON_EARLY_CONTACT),
    (FEED_RESULT_NO_CONTACT, REASON_NO_CONTACT),
    (FEED_RESULT_STALLED, REASON_RETRACT_STALLED),
    (FEED_RESULT_DRILL_LOADED, REASON_DRILL_LOADED),
    (FEED_RESULT_BRAKE, REASON_FEED_BRAKE),
    (FEED_RESULT_ENCODER, REASON_FEED_ENCODER),
)


NOT_WEIGHED = -1_000_000_000
"""Stands in millinewtons where nothing was weighed: no weight, and not 0."""


def raise_feed(kit: "Kit") -> "Generator[None, None, None]":
    """Bring the carriage up to where bit and tube clear the carousel."""
    kit.feed.move_to(kit.values[P_SAMPLE_CLEAR_UM], kit.values[P_SAMPLE_TRAVEL_UM_S])
    yield from finish_feed(kit, kit.values[P_SAMPLE_MOVE_LIMIT_MS])


def touch_seat(kit: "Kit") -> "Generator[None, None, None]":
    """Lower the bit on the seat under it; contact outside the window is a fault, and no more force is used.
    """
    values = kit.values
    yield from begin_to_feel(kit)
    kit.feed.seek_contact(
        values[P_SAMPLE_DOCK_LOW_UM], values[P_SAMPLE_DOCK_HIGH_UM], values[P_SAMPLE_DOCK_FORCE_MN]
    )
    yield from finish_feed(kit, values[P_SAMPLE_MOVE_LIMIT_MS])
    if by_current(kit):
        kit.spindle.stop()
        yield from insist(
            kit.spindle, values[P_SAMPLE_MOVE_LIMIT_MS], SPINDLE_RESULT_OK, REASON_SPINDLE
        )


def by_current(kit: "Kit") -> bool:
    """Whether the load cell is out of use, and the spindle's current tells what the bit touches."""
    return bool(kit.values[P_SYSTEM_DEGRADED] & NO_LOAD_CELL)


def begin_to_feel(kit: "Kit") -> "Generator[None, None, None]":
    """Without the load cell only a bit that turns feels what it touches: turn it slowly. Else nothing."""
    if by_current(kit):
        kit.spindle.run(kit.values[P_FEED_FEEL_RPM])
        yield from insist(
            kit.spindle, kit.values[P_SAMPLE_MOVE_LIMIT_MS], SPINDLE_RESULT_OK, REASON_SPINDLE
        )


def turn_to(
    kit: "Kit", position: int, station: int, with_tube: bool, away: int = 0
) -> "Generator[None, None, None]":
    """Bring `position` (0 the hole, 1.. a seat) to `station`; at DRILL the tube sensor must agree with
    `with_tube`.

    Commanded, sensed and recorded place are three things, compared before the move and after it; any mismatch
    stops the work and names the seat. `away`: a seat whose tube is in the bit though the record does not have
    it there.
    """
    carousel = kit.carousel
    if position and kit.custody.tube_in_seat(position) != with_tube:
        raise Fault(REASON_CUSTODY, position)
    here = carousel.sensed
    if here > 0 and here != away:
        _compare(kit, here, kit.custody.tube_in_seat(here))
    carousel.go(position, station)
    result = yield from finish(carousel, kit.values[P_SAMPLE_MOVE_LIMIT_MS], REASON_CAROUSEL)
    if result != CAROUSEL_RESULT_OK:
        raise Fault(REASON_CAROUSEL, result)
    if station == CAROUSEL_STATION_DRILL:
        _compare(kit, position, with_tube)


def _compare(kit: "Kit", position: int, recorded: bool) -> None:
    """The sensor at DRILL against the record, of the position that stands there. Raises Fault."""
    seen = kit.carousel.tube_at_drill()
    if seen != recorded:
        if position:
            kit.events.emit(EV_SAMPLE_SEAT_MISMATCH, position, int(seen), int(recorded))
        raise Fault(REASON_TUBE_UNEXPECTED if seen else REASON_TUBE_MISSING, position)


def weigh(kit: "Kit") -> "Generator[None, None, int]":
    """Average the load cell with everything still. Returns millinewtons; NOT_WEIGHED, with an event, while
    the load cell is out of use."""
    if by_current(kit):
        kit.events.emit(EV_SAMPLE_NOT_WEIGHED, kit.sample.phase)
        return NOT_WEIGHED
    weigher = kit.weigher
    weigher.weigh(kit.values[P_SAMPLE_WEIGH_SAMPLES])
    yield from insist(weigher, kit.values[P_SAMPLE_MOVE_LIMIT_MS], WEIGHER_RESULT_OK, REASON_LOAD_CELL)
    return weigher.mean_mn


def lighter_mn(heavy_mn: int, light_mn: int) -> int:
    """How much heavier the first weighing is than the second, as both read (a heavier bit reads lower);
    NOT_WEIGHED when one was none."""
    if heavy_mn == NOT_WEIGHED or light_mn == NOT_WEIGHED:
        return NOT_WEIGHED
    return light_mn - heavy_mn


def finish_feed(kit: "Kit", limit_ms: int) -> "Generator[None, None, None]":
    """Wait for the feed and name what it met."""
    result = yield from finish(kit.feed, limit_ms, REASON_FEED)
    if result != FEED_RESULT_OK:
        raise Fault(feed_reason(result), kit.feed.z_um)


def feed_reason(result: int) -> int:
    """The reason (enum Reason) that a feed result stands for."""
    return reason_for(_FEED_REASONS, result, REASON_FEED)


def reason_for(table: tuple, result: int, otherwise: int) -> int:
    """The reason that stands beside `result` in `table` of (result, reason), else `otherwise`."""
    for code, reason in table:
        if code == result:
            return reason
    return otherwise
