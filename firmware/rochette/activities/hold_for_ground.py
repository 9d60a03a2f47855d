"""Hold for the ground: stand still, rail off, until a release that names sample and tube.

Added to the procedure after Perseverance's first attempt. A picture that was too dark is taken again by
itself when the light allows, a bounded number of times: at night not before the sun is up by the mission
clock. A retake can also be commanded.
"""

from rochette.activities.imaging import image
from rochette.activities.steps import enter_phase, power_on
from rochette.tables import (
    EV_SAMPLE_HOLD,
    EV_SAMPLE_RELEASED,
    EV_SAMPLE_RETAKE_PLANNED,
    EV_SAMPLE_VERDICT,
    MODE_HOLD,
    MODE_WORKING,
    OUTCOME_EMPTY,
    OUTCOME_HELD,
    P_CAMERA_LIGHT_MIN_LUX,
    P_SAMPLE_RETAKE_LIMIT,
    P_SAMPLE_RETAKE_S,
    PHASE_HOLD,
    PHASE_IMAGE_AGAIN,
    REASON_EVIDENCE_DISAGREES,
    REASON_INSPECTION,
    REASON_LIGHT,
    REASON_NO_CORE,
    REASON_PROBE_FOUND_EMPTY,
    REASON_WAITING_FOR_RELEASE,
    VERDICT_ABSENT,
    VERDICT_PRESENT,
    VOTE_ABSENT,
    VOTE_PRESENT,
    VOTE_UNKNOWN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def hold_for_ground(kit: "Kit", reason: int) -> "Generator[None, None, None]":
    """Hold until released. `reason` (enum Reason), 0 to derive it from the verdict.

    There is no deadline: a hold ends by release or by abort, never because time went by.
    """
    sample = kit.sample
    hold = kit.hold
    retakes = 0
    while True:
        kit.rail.off()
        why = reason or reason_of(kit)
        enter_phase(kit, PHASE_HOLD)
        empty = sample.verdict == VERDICT_ABSENT or why == REASON_PROBE_FOUND_EMPTY
        sample.outcome = OUTCOME_EMPTY if empty else OUTCOME_HELD
        sample.reason = why
        hold.enter()
        kit.events.emit(EV_SAMPLE_HOLD, sample.number, sample.tube, why)
        wait_s = plan_retake(kit) if why == REASON_LIGHT else 0
        kit.mode.set(MODE_HOLD)
        while not hold.released and not hold.retake:
            if why == REASON_LIGHT and retakes < kit.values[P_SAMPLE_RETAKE_LIMIT]:
                yield from _wait(kit, wait_s)
                if hold.released or hold.retake:
                    break
                if kit.camera.lux >= kit.values[P_CAMERA_LIGHT_MIN_LUX]:
                    hold.retake = True
                else:
                    wait_s = retake_wait_s(kit)
            else:
                yield
        if hold.released:
            break
        retakes += 1
        hold.leave()
        kit.mode.set(MODE_WORKING)
        yield from retake(kit)
    hold.leave()
    kit.mode.set(MODE_WORKING)
    yield from kit.custody.released(sample.number, sample.tube, sample.verdict)
    kit.events.emit(EV_SAMPLE_RELEASED, sample.number, sample.tube)
    power_on(kit)


def reason_of(kit: "Kit") -> int:
    """Why the sample is held, by verdict and light."""
    sample = kit.sample
    if kit.hold.flagged:
        return REASON_INSPECTION
    if sample.verdict == VERDICT_PRESENT:
        return REASON_WAITING_FOR_RELEASE
    if sample.verdict == VERDICT_ABSENT:
        return REASON_NO_CORE
    if not sample.evidence.light_ok:
        return REASON_LIGHT
    return REASON_EVIDENCE_DISAGREES


def plan_retake(kit: "Kit") -> int:
    """Say what light there is, what is needed and in how many seconds it will be looked at; give these."""
    wait_s = retake_wait_s(kit)
    kit.events.emit(
        EV_SAMPLE_RETAKE_PLANNED,
        kit.sample.evidence.lux,
        kit.values[P_CAMERA_LIGHT_MIN_LUX],
        wait_s,
    )
    return wait_s


def retake_wait_s(kit: "Kit") -> int:
    """Until the next look at the light: RETAKE_S, at night until the sun table says that it is light enough.
    While mission time is not valid nobody knows when that is: RETAKE_S."""
    return max(kit.values[P_SAMPLE_RETAKE_S], kit.sun.until_s(kit.values[P_CAMERA_LIGHT_MIN_LUX]))


def _wait(kit: "Kit", wait_s: int) -> "Generator[None, None, None]":
    """Wait `wait_s` by the mission clock, which goes on while the payload sleeps, or by our own ticks while
    mission time is not valid; until a release or a retake, whichever comes first."""
    hold = kit.hold
    time = kit.mission_time
    begun_s = time.now_s()
    for _ in range(wait_s):
        if time.valid and time.now_s() - begun_s >= wait_s:
            return
        for _tick in range(100):
            yield
            if hold.released or hold.retake:
                return


def retake(kit: "Kit") -> "Generator[None, None, None]":
    """Take the picture again and judge anew; the record keeps both verdicts."""
    yield from image(kit, PHASE_IMAGE_AGAIN)
    yield from judge_anew(kit)


def judge_anew(kit: "Kit") -> "Generator[None, None, None]":
    """Weigh the evidence there is and write the verdict down."""
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
