"""Recovery: how work goes on that a reset, a power cut or a stop has cut off.

At the start nothing moves. What was in hand follows from the record alone: `look_back` says it, with what is
not certain. A sample that was held is held again, for that moves nothing; everything else waits for one of
three commands, each naming sample and tube:

- RETRACT_BIT: move the tube off the axis if that was not confirmed, pull the bit up, close the cover;
- FINISH_STORING: bring the tube to its seat, wherever it is now, and write it down as it is;
- HOLD_AGAIN: look again, hold for the ground, and after a release go on as ever.

Where record and hardware may differ (a power cut between a step and its record), the sensors decide, and what
they say is recorded before anything is built on it.
"""

from rochette.activities.acquire import (
    break_off,
    decide,
    dock,
    image_down_tube,
    probe_fill,
    running,
)
from rochette.activities.bring_up import count_tubes, home_ring
from rochette.activities.hold_for_ground import hold_for_ground, judge_anew
from rochette.activities.imaging import image
from rochette.activities.moves import feed_reason
from rochette.activities.sealing import seal_tube
from rochette.activities.steps import Ending, enter_phase, finish, power_on
from rochette.activities.storing import store
from rochette.services.activities import Fault
from rochette.tables import (
    CONTINUATION_HOLD,
    CONTINUATION_RETRACT,
    CONTINUATION_STORE,
    EV_SAMPLE_CUT_OFF,
    EV_SAMPLE_GOES_ON,
    EV_SAMPLE_OPEN_TUBE,
    FEED_RESULT_OK,
    OUTCOME_HELD,
    OUTCOME_UNSEALED_STORED,
    PHASE_HOMING,
    PHASE_IMAGE_AGAIN,
    PHASE_RETRACT,
    REASON_BIT_RETRACTED,
    REASON_FEED,
    REASON_NOT_NOW,
    REASON_NOTHING_IN_HAND,
    REASON_STORED_BY_COMMAND,
    RECORD_KIND_BROKEN_OFF,
    RECORD_KIND_CORED,
    RECORD_KIND_VERDICT,
    SEAL_ACTIVATED,
    SEAL_FAILED,
    SEAL_NONE,
    STEP_BREAKING,
    STEP_CARRIED,
    STEP_CORING,
    STEP_DOCKING,
    STEP_IN_HOLE,
    STEP_NOTHING,
    STEP_OPEN_IN_SEAT,
    STEP_SEALED_IN_SEAT,
    STEP_SEALING,
    STEP_TAKING,
    VERDICT_NONE,
    VOTE_PRESENT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit

# From the bottom of the hole: 126 mm at the homing speed, with room.
_UP_LIMIT_MS = 240_000
# Steps of which the record alone cannot say on which side of them the power went.
_UNCERTAIN = (STEP_TAKING, STEP_CORING, STEP_BREAKING, STEP_DOCKING, STEP_SEALING)


def look_back(kit: "Kit") -> bool:
    """Say what the record has open, and fill `kit.sample` with it. Nothing moves. Allocates.

    True when a sample was held, and can be held again as it is.
    """
    custody = kit.custody
    for tube in range(1, kit.seats + 1):
        if custody.is_open(tube):
            kit.events.emit(EV_SAMPLE_OPEN_TUBE, tube, custody.sample_of(tube), custody.seat_of(tube))
    tube = custody.in_hand
    if not tube:
        return False
    step = custody.step_of(tube)
    recall(kit, tube)
    kit.events.emit(EV_SAMPLE_CUT_OFF, kit.sample.number, tube, step, int(step not in _UNCERTAIN))
    return step == STEP_CARRIED and kit.sample.verdict != VERDICT_NONE and not custody.is_released(tube)


def recall(kit: "Kit", tube: int) -> None:
    """Fill the working copy from the record: depth, verdict and votes that are written down. Allocates."""
    custody = kit.custody
    sample = kit.sample
    number = custody.sample_of(tube)
    sample.begin(number, tube, 0)
    sample.verdict = custody.verdict_of(tube)
    cored = custody.last_record(RECORD_KIND_CORED, tube, number)
    if cored is not None:
        sample.depth_um = cored.b
        sample.asked_um = cored.b
        sample.max_level = cored.c
    broken = custody.last_record(RECORD_KIND_BROKEN_OFF, tube, number)
    if broken is not None:
        sample.evidence.note_snap(broken.b == VOTE_PRESENT, broken.c)
    verdict = custody.last_record(RECORD_KIND_VERDICT, tube, number)
    if verdict is not None:
        sample.evidence.core_mn = verdict.c
        sample.evidence.picture = verdict.d
        sample.evidence.light_ok = True


def hold_again_at_start(kit: "Kit") -> "Generator[None, None, None]":
    """The hold that a reset cut off: still held, by the verdict on record. After a release it goes on."""
    yield from running(kit, _held(kit))


def _held(kit: "Kit") -> "Generator[None, None, None]":
    sample = kit.sample
    yield from hold_for_ground(kit, 0)
    yield from _goes_on(kit, STEP_CARRIED, CONTINUATION_HOLD)
    yield from home_around(kit, sample.tube)
    yield from to_the_end(kit)


def retract_bit(kit: "Kit", sample: int, tube: int) -> "Generator[None, None, None]":
    """Command RETRACT_BIT. Ends with the tube in the bit, above everything, and the rail off."""
    step = named(kit, sample, tube)
    if kit.custody.tube_in_bit != tube:
        raise Fault(REASON_NOT_NOW, step)
    yield from running(kit, _retract_bit(kit, step, tube))


def _retract_bit(kit: "Kit", step: int, tube: int) -> "Generator[None, None, None]":
    yield from _goes_on(kit, step, CONTINUATION_RETRACT)
    power_on(kit)
    yield from home_around(kit, tube)
    raise Ending(OUTCOME_HELD, REASON_BIT_RETRACTED)


def finish_storing(kit: "Kit", sample: int, tube: int) -> "Generator[None, None, None]":
    """Command FINISH_STORING: the tube in hand ends in its seat, written down as sealed or open."""
    step = named(kit, sample, tube)
    yield from running(kit, _finish_storing(kit, step, tube))


def _finish_storing(kit: "Kit", step: int, tube: int) -> "Generator[None, None, None]":
    yield from _goes_on(kit, step, CONTINUATION_STORE)
    power_on(kit)
    yield from home_around(kit, tube)
    yield from into_seat(kit, tube)
    if not kit.custody.in_hand:
        raise Ending(OUTCOME_HELD, REASON_NOTHING_IN_HAND)  # it was never taken: it stands clean in its seat
    step = kit.custody.step_of(tube)
    held = kit.sample
    held.seal = SEAL_ACTIVATED if step == STEP_SEALED_IN_SEAT else SEAL_NONE
    if step == STEP_SEALING:
        # Half set or not at all: it counts as not set.
        yield from kit.custody.seal_result(held.number, tube, False, 0, 0)
        held.seal = SEAL_FAILED
    yield from store(kit)
    if held.seal != SEAL_ACTIVATED:
        raise Ending(OUTCOME_UNSEALED_STORED, REASON_STORED_BY_COMMAND)


def hold_again(kit: "Kit", sample: int, tube: int) -> "Generator[None, None, None]":
    """Command HOLD_AGAIN: look, judge, hold; after a release dock, probe, seal and store."""
    step = named(kit, sample, tube)
    if step not in (STEP_CARRIED, STEP_OPEN_IN_SEAT, STEP_DOCKING):
        raise Fault(REASON_NOT_NOW, step)
    yield from running(kit, _hold_again(kit, step, tube))


def _hold_again(kit: "Kit", step: int, tube: int) -> "Generator[None, None, None]":
    yield from _goes_on(kit, step, CONTINUATION_HOLD)
    power_on(kit)
    yield from home_around(kit, tube)
    if kit.custody.tube_in_bit == tube and kit.custody.step_of(tube) == STEP_CARRIED:
        yield from image(kit, PHASE_IMAGE_AGAIN)
        if not kit.sample.verdict:
            yield from judge_anew(kit)
    yield from hold_for_ground(kit, 0)
    yield from to_the_end(kit)


def to_the_end(kit: "Kit") -> "Generator[None, None, None]":
    """From a release to a stored tube, as in acquire."""
    if kit.custody.tube_in_bit:
        yield from into_seat(kit, kit.sample.tube)
    yield from image_down_tube(kit)
    yield from probe_fill(kit)
    yield from decide(kit)
    yield from seal_tube(kit)
    yield from store(kit)


def named(kit: "Kit", sample: int, tube: int) -> int:
    """The step of the named tube (enum Step). Raises Fault when it is not the one in hand: a command that
    comes late or twice changes nothing, and ends no sample a second time."""
    custody = kit.custody
    step = custody.step_of(tube)
    if step == STEP_NOTHING or custody.sample_of(tube) != sample:
        raise Fault(REASON_NOTHING_IN_HAND, custody.in_hand)
    if kit.sample.number != sample or kit.sample.tube != tube:
        recall(kit, tube)  # the record was restored since the start
    return step


def home_around(kit: "Kit", tube: int) -> "Generator[None, None, None]":
    """Home every axis but the cam, which may hold a core: out of the hole first, by the feed alone.

    With a core that is not known to be held, the tube is moved off the axis before the bit comes up. Then the
    tubes are counted: what the record is not certain of is looked up and recorded.
    """
    custody = kit.custody
    step = custody.step_of(tube)
    power_on(kit)
    if step in (STEP_CORING, STEP_BREAKING):
        yield from break_off(kit)
    enter_phase(kit, PHASE_RETRACT if step in (STEP_CORING, STEP_BREAKING, STEP_IN_HOLE) else PHASE_HOMING)
    kit.feed.home()
    result = yield from finish(kit.feed, _UP_LIMIT_MS, REASON_FEED)
    if result != FEED_RESULT_OK:
        raise Fault(feed_reason(result), kit.feed.z_um)
    if step in (STEP_CORING, STEP_BREAKING, STEP_IN_HOLE):
        yield from custody.retracted(kit.sample.number, tube, kit.feed.z_um)
    yield from home_ring(kit)
    yield from count_tubes(kit)
    kit.ready = True


def into_seat(kit: "Kit", tube: int) -> "Generator[None, None, None]":
    """Put the tube into its seat, unless it stands there."""
    if kit.custody.tube_in_bit == tube:
        yield from dock(kit)


def _goes_on(kit: "Kit", step: int, how: int) -> "Generator[None, None, None]":
    sample = kit.sample
    kit.events.emit(EV_SAMPLE_GOES_ON, sample.number, sample.tube, step, how)
    yield from kit.custody.recovered(sample.number, sample.tube, step, how)

