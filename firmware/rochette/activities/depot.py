"""Depot: a tube leaves the payload through the hole, and what the ground sees of it.

A drop is commanded and armed; it ends with a picture of the ground below. Whether the tube lies or stands is
for people to see: their answer comes as DROP_SEEN. One that stands can be tipped over with the bit, with
bounded force.
"""

from rochette.activities.moves import raise_feed, touch_seat, turn_to, weigh
from rochette.activities.steps import finish, insist, power_up
from rochette.services.activities import Fault, Timeout, wait_until
from rochette.tables import (
    BREAK_OFF_RESULT_OK,
    CAMERA_RESULT_OK,
    CAROUSEL_STATION_DRILL,
    CLEARING_KIND_TIP,
    DROP_OUTCOME_LYING,
    DROP_OUTCOME_UNKNOWN,
    DROP_OUTCOME_UPRIGHT,
    EV_SAMPLE_CLEARED,
    EV_SAMPLE_CLEARING_TRY,
    EV_SAMPLE_DROP_OUTCOME,
    EV_SAMPLE_DROPPED,
    EV_SAMPLE_NOT_CLEARED,
    FEED_RESULT_OK,
    GATE_RESULT_OK,
    P_SAMPLE_ASSESS_LIMIT_MS,
    P_SAMPLE_CLEARING_TRIES,
    P_SAMPLE_EXPOSURE_US,
    P_SAMPLE_LED_PERMILLE,
    P_SAMPLE_MOVE_LIMIT_MS,
    P_SAMPLE_TIP_UM,
    P_SAMPLE_TUBE_MN,
    REASON_BREAK_OFF,
    REASON_CAMERA,
    REASON_CUSTODY,
    REASON_FEED,
    REASON_GATE,
    REASON_NOT_HOMED,
    REASON_NOT_TO_CLEAR,
    REASON_TUBE_NOT_DROPPED,
    REASON_TUBE_NOT_TAKEN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


class Drops:
    """The tube that was dropped last: `tube`, `outcome` (enum DropOutcome) and the picture it rests on."""

    def __init__(self) -> None:
        self.tube = 0
        self.outcome = DROP_OUTCOME_UNKNOWN
        self.picture = 0

    def seen(self, kit: "Kit", picture: int, outcome: int) -> bool:
        """Command DROP_SEEN. False when no tube was dropped."""
        if not self.tube:
            return False
        self.picture = picture
        self.outcome = outcome
        kit.events.emit(EV_SAMPLE_DROP_OUTCOME, self.tube, outcome, picture)
        return True


def drop_tube(kit: "Kit", drops: Drops, tube: int) -> "Generator[None, None, None]":
    """Take `tube` from its seat, let it fall through the hole, close the cover and look.

    Raises Fault: NOT_HOMED, CUSTODY (the record has no used tube there), TUBE_NOT_TAKEN, TUBE_NOT_DROPPED,
    and what the moves raise.
    """
    values = kit.values
    limit_ms = values[P_SAMPLE_MOVE_LIMIT_MS]
    if not kit.ready:
        raise Fault(REASON_NOT_HOMED)
    if kit.custody.tube_in_bit or not kit.custody.tube_in_seat(tube) or kit.custody.usable(tube):
        raise Fault(REASON_CUSTODY, tube)
    yield from power_up(kit)
    yield from raise_feed(kit)
    yield from turn_to(kit, tube, CAROUSEL_STATION_DRILL, True)
    empty_mn = yield from weigh(kit)
    kit.breakoff.centre()
    yield from insist(kit.breakoff, limit_ms, BREAK_OFF_RESULT_OK, REASON_BREAK_OFF)
    yield from touch_seat(kit)
    yield from raise_feed(kit)
    full_mn = yield from weigh(kit)
    if kit.carousel.tube_at_drill() or (empty_mn - full_mn) * 2 < values[P_SAMPLE_TUBE_MN]:
        raise Fault(REASON_TUBE_NOT_TAKEN, empty_mn - full_mn)
    yield from turn_to(kit, 0, CAROUSEL_STATION_DRILL, False, tube)
    kit.gate.open()
    yield from insist(kit.gate, limit_ms, GATE_RESULT_OK, REASON_GATE)
    kit.breakoff.release()
    yield from insist(kit.breakoff, limit_ms, BREAK_OFF_RESULT_OK, REASON_BREAK_OFF)
    light_mn = yield from weigh(kit)
    if (light_mn - full_mn) * 2 < values[P_SAMPLE_TUBE_MN]:
        raise Fault(REASON_TUBE_NOT_DROPPED, light_mn - full_mn)
    drops.tube = tube
    drops.outcome = DROP_OUTCOME_UNKNOWN
    kit.events.emit(EV_SAMPLE_DROPPED, tube, light_mn - full_mn)
    yield from kit.custody.dropped(tube, 1)
    yield from _look(kit, drops)
    yield from _close(kit)


def tip_over(kit: "Kit", drops: Drops) -> "Generator[None, None, None]":
    """Push a dropped tube that stands over with the bit and look again, a bounded number of times.

    Raises Fault(NOT_TO_CLEAR) unless the ground saw it standing, Fault(FEED) when the bit met too much.
    """
    values = kit.values
    if not kit.ready:
        raise Fault(REASON_NOT_HOMED)
    if drops.outcome != DROP_OUTCOME_UPRIGHT:
        raise Fault(REASON_NOT_TO_CLEAR, drops.outcome)
    most = values[P_SAMPLE_CLEARING_TRIES]
    yield from power_up(kit)
    yield from raise_feed(kit)
    yield from turn_to(kit, 0, CAROUSEL_STATION_DRILL, False)
    kit.gate.open()
    yield from insist(kit.gate, values[P_SAMPLE_MOVE_LIMIT_MS], GATE_RESULT_OK, REASON_GATE)
    for count in range(1, most + 1):
        kit.events.emit(EV_SAMPLE_CLEARING_TRY, CLEARING_KIND_TIP, count, most)
        # A free move: it stops by itself at the force that a free move allows.
        kit.feed.move_to(values[P_SAMPLE_TIP_UM])
        result = yield from finish(kit.feed, values[P_SAMPLE_MOVE_LIMIT_MS], REASON_FEED)
        if result != FEED_RESULT_OK:
            raise Fault(REASON_FEED, result)
        yield from raise_feed(kit)
        yield from _look(kit, drops)
        if drops.outcome == DROP_OUTCOME_LYING:
            kit.events.emit(EV_SAMPLE_CLEARED, CLEARING_KIND_TIP, count, drops.outcome)
            yield from _close(kit)
            return
    kit.events.emit(EV_SAMPLE_NOT_CLEARED, CLEARING_KIND_TIP, most, drops.outcome)
    yield from _close(kit)
    raise Fault(REASON_NOT_TO_CLEAR, drops.outcome)


def _look(kit: "Kit", drops: Drops) -> "Generator[None, None, None]":
    """A picture of the ground, and the answer to it; without one in time the outcome stays unknown."""
    values = kit.values
    drops.outcome = DROP_OUTCOME_UNKNOWN
    kit.camera.shoot(values[P_SAMPLE_EXPOSURE_US], values[P_SAMPLE_LED_PERMILLE])
    yield from insist(kit.camera, values[P_SAMPLE_MOVE_LIMIT_MS], CAMERA_RESULT_OK, REASON_CAMERA)

    def answered() -> bool:
        return drops.outcome != DROP_OUTCOME_UNKNOWN

    try:
        yield from wait_until(answered, values[P_SAMPLE_ASSESS_LIMIT_MS], 0)
    except Timeout:
        kit.events.emit(EV_SAMPLE_DROP_OUTCOME, drops.tube, drops.outcome, kit.camera.picture_no)


def _close(kit: "Kit") -> "Generator[None, None, None]":
    values = kit.values
    kit.gate.close()
    yield from insist(kit.gate, values[P_SAMPLE_MOVE_LIMIT_MS], GATE_RESULT_OK, REASON_GATE)
    kit.breakoff.centre()
    yield from insist(kit.breakoff, values[P_SAMPLE_MOVE_LIMIT_MS], BREAK_OFF_RESULT_OK, REASON_BREAK_OFF)
    kit.rail.off()
