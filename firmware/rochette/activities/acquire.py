"""Acquire: one core from rock to sealed tube, in the order of the procedure.

1 check, 2 take the tube, 3 tare, 4 contact and preload, 5 core, 6 break off, 7 retract, 8 image, 9 percuss to
ingest, 10 weigh, 11 image again, 12 judge, 13 hold for the ground, 14 dock, 15 image and probe, 16 seal, 17
store.

Whatever goes wrong ends in `stop_in_place`: everything halts, the rail goes off, nothing is released, nothing
is retracted by itself, and the record says what is known.
"""

from rochette.activities.custody import NOT_RECORDED
from rochette.activities.hold_for_ground import hold_for_ground
from rochette.activities.imaging import image
from rochette.activities.moves import (
    NOT_WEIGHED,
    begin_to_feel,
    by_current,
    feed_reason,
    finish_feed,
    lighter_mn,
    raise_feed,
    reason_for,
    touch_seat,
    turn_to,
    weigh,
)
from rochette.activities.sealing import seal_tube
from rochette.activities.steps import Ending, enter_phase, finish, insist, power_on, power_up
from rochette.activities.storing import store
from rochette.mechanisms.probe import classify
from rochette.services.activities import Abort, Fault, Timeout, pause_ms
from rochette.services.degraded import ROTARY_ONLY
from rochette.tables import (
    BREAK_OFF_RESULT_OK,
    CAROUSEL_STATION_CAMERA,
    CAROUSEL_STATION_DRILL,
    CAROUSEL_STATION_PROBE,
    CORER_RESULT_DEPTH_REACHED,
    CORER_RESULT_ENCODER,
    CORER_RESULT_FEED_BRAKE,
    CORER_RESULT_FEED_ENCODER,
    CORER_RESULT_OVER_CURRENT,
    CORER_RESULT_RUNAWAY_SOFT,
    CORER_RESULT_SLIP,
    CORER_RESULT_SPINDLE_JAM,
    CORER_RESULT_TARGET_TOO_HARD,
    CORER_RESULT_WEIGHT_LOST,
    EV_SAMPLE_BROKEN_OFF,
    EV_SAMPLE_CONTACT,
    EV_SAMPLE_CORED,
    EV_SAMPLE_DOCKED,
    EV_SAMPLE_ENDED,
    EV_SAMPLE_FILL,
    EV_SAMPLE_STARTED,
    EV_SAMPLE_STOPPED,
    EV_SAMPLE_TUBE_TAKEN,
    EV_SAMPLE_VERDICT,
    EV_SAMPLE_WEIGHED,
    FILL_STATE_EMPTY,
    FILL_STATE_LOW,
    FILL_STATE_OVERFILL,
    GATE_RESULT_OK,
    MODE_STOPPED,
    OUTCOME_ABORTED,
    OUTCOME_FAULT,
    OUTCOME_SEALED,
    OUTCOME_TARGET_TOO_HARD,
    OUTCOME_UNSEALED_STORED,
    P_FEED_FEEL_MAX_MN,
    P_SAMPLE_CLEAR_UM,
    P_SAMPLE_CORE_LIMIT_MS,
    P_SAMPLE_CORE_MG_PER_MM,
    P_SAMPLE_INGEST_PULSES,
    P_SAMPLE_MASS_ABSENT_PERMILLE,
    P_SAMPLE_MASS_PRESENT_PERMILLE,
    P_SAMPLE_MOVE_LIMIT_MS,
    P_SAMPLE_PRELOAD_BAND_MN,
    P_SAMPLE_PRELOAD_LIMIT_MS,
    P_SAMPLE_PRELOAD_MN,
    P_SAMPLE_PRELOAD_SETTLE_MS,
    P_SAMPLE_RETRACT_UM_S,
    P_SAMPLE_ROCK_FORCE_MN,
    P_SAMPLE_ROCK_HIGH_UM,
    P_SAMPLE_ROCK_LOW_UM,
    P_SAMPLE_TILT_LIMIT_MDEG,
    P_SAMPLE_TUBE_MN,
    P_SYSTEM_DEGRADED,
    PHASE_BREAK_OFF,
    PHASE_CHECK,
    PHASE_CONTACT,
    PHASE_CORE,
    PHASE_DOCK,
    PHASE_IMAGE_AGAIN,
    PHASE_IMAGE_BIT,
    PHASE_IMAGE_TUBE,
    PHASE_INGEST,
    PHASE_PRELOAD,
    PHASE_PROBE,
    PHASE_RETRACT,
    PHASE_SAFING,
    PHASE_STOWED,
    PHASE_TAKE_TUBE,
    PHASE_TARE,
    PHASE_TO_HOLE,
    PHASE_WEIGH,
    PROBE_RESULT_OK,
    REASON_ABORT_COMMANDED,
    REASON_BREAK_OFF,
    REASON_CORE_PRESENT_SEALED,
    REASON_CORING,
    REASON_CUSTODY,
    REASON_FEED_BRAKE,
    REASON_FEED_ENCODER,
    REASON_GATE,
    REASON_LOW_FILL,
    REASON_NONE,
    REASON_NOT_COMMISSIONED,
    REASON_NOT_HOMED,
    REASON_OVER_CURRENT,
    REASON_OVERFILL,
    REASON_PRELOAD,
    REASON_PROBE,
    REASON_PROBE_FOUND_EMPTY,
    REASON_SLIP,
    REASON_SPINDLE,
    REASON_TIMEOUT,
    REASON_TOO_HARD,
    REASON_TOO_SOFT,
    REASON_TUBE_NOT_RELEASED,
    REASON_TUBE_NOT_TAKEN,
    REASON_TUBE_NOT_USABLE,
    REASON_WEIGHT_LOST,
    VOTE_ABSENT,
    VOTE_PRESENT,
    VOTE_UNKNOWN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit

# A coring result that is a fault, and the reason it stands for.
_CORER_REASONS = (
    (CORER_RESULT_SLIP, REASON_SLIP),
    (CORER_RESULT_SPINDLE_JAM, REASON_SPINDLE),
    (CORER_RESULT_ENCODER, REASON_SPINDLE),
    (CORER_RESULT_OVER_CURRENT, REASON_OVER_CURRENT),
    (CORER_RESULT_WEIGHT_LOST, REASON_WEIGHT_LOST),
    (CORER_RESULT_FEED_BRAKE, REASON_FEED_BRAKE),
    (CORER_RESULT_FEED_ENCODER, REASON_FEED_ENCODER),
)

_RETRACT_LIMIT_MS = 120_000  # 126 mm at the slowest retract speed a team would set, 2 mm/s, and a minute


def acquire(kit: "Kit", tube: int, depth_um: int) -> "Generator[None, None, None]":
    """Take one core into `tube` (1 to seats), `depth_um` deep (1000 to 76000), from rock to stored tube.

    Ends with exactly one event ENDED; outcome and reason stand in `kit.sample`. Aborting stops in place.
    """
    sample = kit.sample
    sample.begin(kit.custody.next_sample, tube, depth_um)
    kit.events.emit(EV_SAMPLE_STARTED, sample.number, tube, depth_um)
    yield from running(kit, procedure(kit))


def running(kit: "Kit", steps: "Generator[None, None, None]") -> "Generator[None, None, None]":
    """Run `steps` on the sample in hand; whatever happens, end with one event ENDED and the rail off."""
    sample = kit.sample
    try:
        yield from steps
        sample.outcome = OUTCOME_SEALED
        sample.reason = REASON_CORE_PRESENT_SEALED
        enter_phase(kit, PHASE_STOWED)
    except Ending as ending:
        sample.outcome = ending.outcome
        sample.reason = ending.reason
        enter_phase(kit, PHASE_STOWED)
    except Fault as fault:
        stop_in_place(kit, OUTCOME_FAULT, fault.reason, fault.a)
    except NOT_RECORDED:
        stop_in_place(kit, OUTCOME_FAULT, REASON_CUSTODY, 0)
    except Timeout as late:
        stop_in_place(kit, OUTCOME_FAULT, REASON_TIMEOUT, late.reason)
    except Abort as abort:
        # Fault protection ends an activity by an abort too, and says why.
        if abort.reason in (REASON_NONE, REASON_ABORT_COMMANDED):
            stop_in_place(kit, OUTCOME_ABORTED, REASON_ABORT_COMMANDED, 0)
        else:
            stop_in_place(kit, OUTCOME_FAULT, abort.reason, 0)
        raise
    finally:
        kit.halt_all()
        kit.rail.off()
        kit.hold.leave()
        kit.events.emit(EV_SAMPLE_ENDED, sample.number, sample.outcome, sample.reason)


def procedure(kit: "Kit") -> "Generator[None, None, None]":
    """The numbered procedure. Returns when a sealed tube is stored; every other end is an exception."""
    check(kit)
    yield from power_up(kit)
    yield from take_tube(kit)
    yield from open_ground(kit)
    yield from tare(kit)
    yield from find_rock(kit)
    yield from preload(kit)
    too_soft = yield from core(kit)
    yield from break_off(kit)
    yield from retract(kit)
    yield from image(kit, PHASE_IMAGE_BIT)
    yield from ingest(kit)
    yield from weigh_core(kit)
    yield from image(kit, PHASE_IMAGE_AGAIN)
    yield from judge(kit)
    yield from hold_for_ground(kit, REASON_TOO_SOFT if too_soft else 0)
    yield from dock(kit)
    yield from image_down_tube(kit)
    yield from probe_fill(kit)
    yield from decide(kit)
    yield from seal_tube(kit)
    yield from store(kit)


def check(kit: "Kit") -> None:
    """Bring-up done, record commissioned, tube unused and in its seat. Raises Fault otherwise."""
    enter_phase(kit, PHASE_CHECK)
    if not kit.ready:
        raise Fault(REASON_NOT_HOMED)
    if not kit.custody.commissioned:
        raise Fault(REASON_NOT_COMMISSIONED)
    if not kit.custody.usable(kit.sample.tube):
        raise Fault(REASON_TUBE_NOT_USABLE, kit.sample.tube)


def take_tube(kit: "Kit") -> "Generator[None, None, None]":
    """The bit goes down on the seat and comes up with the tube: the seat is then empty and the cell feels
    its weight."""
    sample = kit.sample
    enter_phase(kit, PHASE_TAKE_TUBE)
    yield from raise_feed(kit)
    yield from turn_to(kit, sample.tube, CAROUSEL_STATION_DRILL, True)
    before_mn = yield from weigh(kit)
    kit.breakoff.centre()
    yield from insist(kit.breakoff, kit.values[P_SAMPLE_MOVE_LIMIT_MS], BREAK_OFF_RESULT_OK, REASON_BREAK_OFF)
    yield from kit.custody.intend_take(sample.number, sample.tube, sample.asked_um)
    yield from touch_seat(kit)
    yield from raise_feed(kit)
    after_mn = yield from weigh(kit)
    sample.hanging_mn = lighter_mn(after_mn, before_mn)
    if kit.carousel.tube_at_drill():
        raise Fault(REASON_TUBE_NOT_TAKEN, sample.hanging_mn)
    wrong_mn = abs(sample.hanging_mn - kit.values[P_SAMPLE_TUBE_MN])
    if sample.hanging_mn != NOT_WEIGHED and wrong_mn * 2 > kit.values[P_SAMPLE_TUBE_MN]:
        raise Fault(REASON_TUBE_NOT_TAKEN, sample.hanging_mn)
    yield from kit.custody.taken(sample.number, sample.tube, sample.hanging_mn)
    kit.events.emit(EV_SAMPLE_TUBE_TAKEN, sample.tube, sample.hanging_mn)


def open_ground(kit: "Kit") -> "Generator[None, None, None]":
    """The hole comes under the corer, the dust cover opens."""
    enter_phase(kit, PHASE_TO_HOLE)
    yield from turn_to(kit, 0, CAROUSEL_STATION_DRILL, False)
    kit.gate.open()
    yield from insist(kit.gate, kit.values[P_SAMPLE_MOVE_LIMIT_MS], GATE_RESULT_OK, REASON_GATE)


def tare(kit: "Kit") -> "Generator[None, None, None]":
    """Weigh tool and empty tube just before coring, so that drift of the cell does not become a core."""
    enter_phase(kit, PHASE_TARE)
    kit.sample.tare_mn = yield from weigh(kit)


def find_rock(kit: "Kit") -> "Generator[None, None, None]":
    """Go down until the rock is met inside its window; the contact is the datum of the depth."""
    enter_phase(kit, PHASE_CONTACT)
    values = kit.values
    low_um = values[P_SAMPLE_ROCK_LOW_UM]
    high_um = values[P_SAMPLE_ROCK_HIGH_UM]
    yield from kit.custody.core_intent(kit.sample.number, kit.sample.tube, kit.sample.asked_um)
    yield from begin_to_feel(kit)
    kit.feed.seek_contact(low_um, high_um, values[P_SAMPLE_ROCK_FORCE_MN])
    yield from finish_feed(kit, values[P_SAMPLE_MOVE_LIMIT_MS])
    kit.sample.contact_um = kit.feed.contact_um
    kit.events.emit(EV_SAMPLE_CONTACT, kit.feed.contact_um, low_um, high_um)


def preload(kit: "Kit") -> "Generator[None, None, None]":
    """Press on the rock until the weight on bit has stayed in its band and nothing has tilted."""
    enter_phase(kit, PHASE_PRELOAD)
    values = kit.values
    target_mn = values[P_SAMPLE_PRELOAD_MN]
    if by_current(kit):
        target_mn = min(target_mn, values[P_FEED_FEEL_MAX_MN])
    band_mn = values[P_SAMPLE_PRELOAD_BAND_MN]
    settle_ticks = values[P_SAMPLE_PRELOAD_SETTLE_MS] // 10
    feed = kit.feed
    kit.tilt.baseline()
    feed.hold_weight(target_mn)
    steady = 0
    for _ in range(values[P_SAMPLE_PRELOAD_LIMIT_MS] // 10):
        yield
        if not feed.busy:
            raise Fault(feed_reason(feed.result), feed.z_um)
        if kit.tilt.change_mdeg > values[P_SAMPLE_TILT_LIMIT_MDEG]:
            raise Fault(REASON_SLIP, kit.tilt.change_mdeg)
        steady = steady + 1 if abs(feed.weight_mn - target_mn) <= band_mn else 0
        if steady >= settle_ticks:
            return
    raise Fault(REASON_PRELOAD, feed.weight_mn)


def core(kit: "Kit") -> "Generator[None, None, bool]":
    """Core to depth in closed loop on rate of progress. Returns True when the ground ran away soft."""
    sample = kit.sample
    enter_phase(kit, PHASE_CORE)
    kit.corer.core(sample.asked_um)
    result = yield from finish(kit.corer, kit.values[P_SAMPLE_CORE_LIMIT_MS], REASON_CORING)
    sample.depth_um = kit.corer.depth_um
    sample.max_level = kit.corer.max_level
    if result == CORER_RESULT_TARGET_TOO_HARD:
        yield from leave_target(kit)
    if result not in (CORER_RESULT_DEPTH_REACHED, CORER_RESULT_RUNAWAY_SOFT):
        raise Fault(reason_for(_CORER_REASONS, result, REASON_CORING), result)
    yield from kit.custody.cored(sample.number, sample.tube, sample.depth_um, sample.max_level, result)
    kit.events.emit(EV_SAMPLE_CORED, sample.depth_um, sample.max_level, kit.corer.pecks)
    return result == CORER_RESULT_RUNAWAY_SOFT


def leave_target(kit: "Kit") -> "Generator[None, None, None]":
    """Too hard: pull out, close up, and hold the unused tube in the bit for the ground. Always raises
    Ending."""
    sample = kit.sample
    yield from kit.custody.cored(
        sample.number, sample.tube, sample.depth_um, sample.max_level, CORER_RESULT_TARGET_TOO_HARD
    )
    yield from retract(kit)
    raise Ending(OUTCOME_TARGET_TOO_HARD, REASON_TOO_HARD)


def break_off(kit: "Kit") -> "Generator[None, None, None]":
    """Move the tube off the bit's axis: it snaps the core and holds it. Nothing retracts before both
    switches agree."""
    enter_phase(kit, PHASE_BREAK_OFF)
    breakoff = kit.breakoff
    sample = kit.sample
    yield from kit.custody.break_intent(sample.number, sample.tube)
    breakoff.offset()
    yield from insist(breakoff, kit.values[P_SAMPLE_MOVE_LIMIT_MS], BREAK_OFF_RESULT_OK, REASON_BREAK_OFF)
    if not breakoff.confirmed:
        raise Fault(REASON_BREAK_OFF)
    kit.sample.evidence.note_snap(breakoff.signature, breakoff.peak_ma)
    kit.events.emit(EV_SAMPLE_BROKEN_OFF, breakoff.peak_ma, sample.evidence.snap)
    yield from kit.custody.broken_off(sample.number, sample.tube, sample.evidence.snap, breakoff.peak_ma)


def retract(kit: "Kit") -> "Generator[None, None, None]":
    """Pull the bit out and up; a stall in the hole holds everything. Then close the dust cover."""
    enter_phase(kit, PHASE_RETRACT)
    kit.feed.retract_to(kit.values[P_SAMPLE_CLEAR_UM], kit.values[P_SAMPLE_RETRACT_UM_S])
    yield from finish_feed(kit, _RETRACT_LIMIT_MS)
    yield from kit.custody.retracted(kit.sample.number, kit.sample.tube, kit.feed.z_um)
    kit.gate.close()
    yield from insist(kit.gate, kit.values[P_SAMPLE_MOVE_LIMIT_MS], GATE_RESULT_OK, REASON_GATE)


def ingest(kit: "Kit") -> "Generator[None, None, None]":
    """Hammer a few times with the tube hanging free: settles the core and clears the rim. Not without
    percussion: then the probe finds a core that stands above the rim, and nothing is sealed over it."""
    enter_phase(kit, PHASE_INGEST)
    if kit.values[P_SYSTEM_DEGRADED] & ROTARY_ONLY:
        return
    kit.percussion.pulses(kit.values[P_SAMPLE_INGEST_PULSES])
    yield from finish(kit.percussion, kit.values[P_SAMPLE_MOVE_LIMIT_MS], REASON_CORING)
    yield from pause_ms(500)


def weigh_core(kit: "Kit") -> "Generator[None, None, None]":
    """Weigh tool, tube and core; the difference to the tare is the core. Not weighed, the mass stays silent
    in the verdict, and the record says so."""
    sample = kit.sample
    values = kit.values
    enter_phase(kit, PHASE_WEIGH)
    loaded_mn = yield from weigh(kit)
    expected_mn = sample.depth_um // 100 * values[P_SAMPLE_CORE_MG_PER_MM] // 10 * 981 // 100_000
    evidence = sample.evidence
    core_mn = lighter_mn(loaded_mn, sample.tare_mn)
    if core_mn == NOT_WEIGHED:
        evidence.note_no_mass(NOT_WEIGHED, expected_mn)
        return
    evidence.note_mass(
        core_mn,
        expected_mn,
        values[P_SAMPLE_MASS_PRESENT_PERMILLE],
        values[P_SAMPLE_MASS_ABSENT_PERMILLE],
    )
    kit.events.emit(EV_SAMPLE_WEIGHED, evidence.core_mn, expected_mn, evidence.mass)


def judge(kit: "Kit") -> "Generator[None, None, None]":
    """Weigh the evidence and write the verdict down."""
    sample = kit.sample
    evidence = sample.evidence
    sample.verdict = evidence.judge()
    kit.events.emit(
        EV_SAMPLE_VERDICT,
        sample.verdict,
        evidence.count(VOTE_PRESENT),
        evidence.count(VOTE_ABSENT),
        evidence.count(VOTE_UNKNOWN),
    )
    yield from kit.custody.verdict(
        sample.number, sample.tube, sample.verdict, evidence.core_mn, evidence.picture
    )


def dock(kit: "Kit") -> "Generator[None, None, None]":
    """Put the tube back into its own seat: contact in its window, released, seen by the sensor, gone from
    the cell."""
    sample = kit.sample
    enter_phase(kit, PHASE_DOCK)
    power_on(kit)
    yield from turn_to(kit, sample.tube, CAROUSEL_STATION_DRILL, False)
    loaded_mn = yield from weigh(kit)
    yield from kit.custody.dock_intent(sample.number, sample.tube, sample.tube)
    yield from touch_seat(kit)
    contact_um = kit.feed.contact_um
    kit.breakoff.release()
    yield from insist(kit.breakoff, kit.values[P_SAMPLE_MOVE_LIMIT_MS], BREAK_OFF_RESULT_OK, REASON_BREAK_OFF)
    yield from raise_feed(kit)
    light_mn = yield from weigh(kit)
    given_mn = lighter_mn(loaded_mn, light_mn)
    stays = given_mn != NOT_WEIGHED and given_mn * 2 < kit.values[P_SAMPLE_TUBE_MN]
    if stays or not kit.carousel.tube_at_drill():
        raise Fault(REASON_TUBE_NOT_RELEASED, given_mn)
    yield from kit.custody.docked(sample.number, sample.tube, sample.tube, contact_um)
    kit.events.emit(EV_SAMPLE_DOCKED, sample.tube, sample.tube, contact_um)


def image_down_tube(kit: "Kit") -> "Generator[None, None, None]":
    """Turn the tube to the camera and look down it. For the record: the probe tells what is in it."""
    yield from turn_to(kit, kit.sample.tube, CAROUSEL_STATION_CAMERA, True)
    yield from image(kit, PHASE_IMAGE_TUBE)


def probe_fill(kit: "Kit") -> "Generator[None, None, None]":
    """Lower the probe into the tube until it meets the core or the bottom."""
    sample = kit.sample
    enter_phase(kit, PHASE_PROBE)
    yield from turn_to(kit, sample.tube, CAROUSEL_STATION_PROBE, True)
    kit.probe.measure()
    yield from insist(kit.probe, kit.values[P_SAMPLE_MOVE_LIMIT_MS], PROBE_RESULT_OK, REASON_PROBE)
    sample.fill_um = kit.probe.fill_um
    sample.fill_uncertainty_um = kit.probe.uncertainty_um
    sample.fill = classify(sample.fill_um, sample.depth_um, kit.values)
    yield from kit.custody.fill(
        sample.number, sample.tube, sample.fill, sample.fill_um, sample.fill_uncertainty_um
    )
    kit.events.emit(EV_SAMPLE_FILL, sample.fill, sample.fill_um, sample.fill_uncertainty_um, sample.depth_um)


def decide(kit: "Kit") -> "Generator[None, None, None]":
    """What the fill allows: an overfull tube is never sealed, an empty or low one waits for the ground."""
    fill = kit.sample.fill
    if fill == FILL_STATE_OVERFILL:
        yield from store(kit)
        raise Ending(OUTCOME_UNSEALED_STORED, REASON_OVERFILL)
    if fill == FILL_STATE_EMPTY:
        yield from hold_for_ground(kit, REASON_PROBE_FOUND_EMPTY)
    elif fill == FILL_STATE_LOW:
        yield from hold_for_ground(kit, REASON_LOW_FILL)


def stop_in_place(kit: "Kit", outcome: int, reason: int, detail: int) -> None:
    """Everything halts where it is and the rail goes off. Nothing is released, nothing is retracted."""
    kit.halt_all()
    kit.rail.off()
    sample = kit.sample
    kit.events.emit(EV_SAMPLE_STOPPED, sample.phase, reason, detail)
    enter_phase(kit, PHASE_SAFING)
    sample.outcome = outcome
    sample.reason = reason
    kit.mode.set(MODE_STOPPED)
