"""Sealing: a seal is pulled from its dispenser, then pressed on; two steps, each verified by force against
travel.

The words are "seal activated". Nothing here measures tightness.
"""

from rochette.activities.imaging import image
from rochette.activities.moves import turn_to
from rochette.activities.steps import Ending, enter_phase, finish, insist
from rochette.activities.storing import store
from rochette.tables import (
    CAROUSEL_STATION_CAMERA,
    CAROUSEL_STATION_SEAL,
    EV_SAMPLE_SEAL_ACTIVATED,
    EV_SAMPLE_SEAL_DISPENSED,
    EV_SAMPLE_SEAL_FAILED,
    OUTCOME_UNSEALED_STORED,
    P_SAMPLE_MOVE_LIMIT_MS,
    P_SAMPLE_SEAL_TRIES,
    PHASE_ACTIVATE,
    PHASE_DISPENSE,
    PHASE_IMAGE_SEAL,
    REASON_NO_SEALS,
    REASON_SEAL_NOT_ACTIVATED,
    REASON_SEAL_NOT_DISPENSED,
    REASON_SEALER,
    SEAL_ACTIVATED,
    SEAL_FAILED,
    SEAL_NONE,
    SEALER_RESULT_OK,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def seal_tube(kit: "Kit") -> "Generator[None, None, None]":
    """Dispense a seal and press it on; verify both; take its picture.

    A seal that does not come is tried again a bounded number of times, and none is tried that the record does
    not have; one that came and did not activate is pressed again; then the tube is stored open and recorded
    so. Raises Ending(UNSEALED_STORED).
    """
    sample = kit.sample
    yield from turn_to(kit, sample.tube, CAROUSEL_STATION_SEAL, True)
    reason = REASON_SEAL_NOT_DISPENSED
    for attempt in range(1, kit.values[P_SAMPLE_SEAL_TRIES] + 1):
        hangs = reason == REASON_SEAL_NOT_ACTIVATED
        if not hangs and not kit.custody.seals_left:
            if attempt == 1:
                reason = REASON_NO_SEALS
            break
        yield from kit.custody.seal_intent(sample.number, sample.tube, attempt, hangs)
        if not hangs:
            dispensed = yield from dispense(kit, attempt)
            if not dispensed:
                continue
            reason = REASON_SEAL_NOT_ACTIVATED
        activated = yield from activate(kit, attempt)
        if activated:
            yield from turn_to(kit, sample.tube, CAROUSEL_STATION_CAMERA, True)
            yield from image(kit, PHASE_IMAGE_SEAL)
            return
    sample.seal = SEAL_NONE if reason == REASON_NO_SEALS else SEAL_FAILED
    yield from store(kit)
    raise Ending(OUTCOME_UNSEALED_STORED, reason)


def dispense(kit: "Kit", attempt: int) -> "Generator[None, None, bool]":
    """Pull one seal out of its dispenser. True when pull-out force and count switch agree."""
    sealer = kit.sealer
    limit_ms = kit.values[P_SAMPLE_MOVE_LIMIT_MS]
    enter_phase(kit, PHASE_DISPENSE)
    sealer.dispense()
    result = yield from finish(sealer, limit_ms, REASON_SEALER)
    if result == SEALER_RESULT_OK:
        kit.events.emit(EV_SAMPLE_SEAL_DISPENSED, sealer.peak_mn, attempt)
        return True
    yield from fail(kit, attempt)
    return False


def activate(kit: "Kit", attempt: int) -> "Generator[None, None, bool]":
    """Press the seal on. True when force and travel are those of an activated seal."""
    sample = kit.sample
    sealer = kit.sealer
    limit_ms = kit.values[P_SAMPLE_MOVE_LIMIT_MS]
    enter_phase(kit, PHASE_ACTIVATE)
    sealer.activate()
    result = yield from finish(sealer, limit_ms, REASON_SEALER)
    if result == SEALER_RESULT_OK:
        sample.seal_peak_mn = sealer.peak_mn
        sample.seal_travel_um = sealer.travel_um
        sample.seal = SEAL_ACTIVATED
        yield from kit.custody.seal_result(sample.number, sample.tube, True, sealer.peak_mn, sealer.travel_um)
        kit.events.emit(EV_SAMPLE_SEAL_ACTIVATED, sealer.peak_mn, sealer.travel_um)
        sealer.retract()
        yield from insist(sealer, limit_ms, SEALER_RESULT_OK, REASON_SEALER)
        return True
    yield from fail(kit, attempt)
    return False


def fail(kit: "Kit", attempt: int) -> "Generator[None, None, None]":
    """Write a failed try down and bring the sealer up again."""
    sample = kit.sample
    sealer = kit.sealer
    yield from kit.custody.seal_result(sample.number, sample.tube, False, sealer.peak_mn, sealer.travel_um)
    kit.events.emit(EV_SAMPLE_SEAL_FAILED, attempt, sealer.peak_mn, sealer.travel_um)
    sealer.retract()
    yield from insist(sealer, kit.values[P_SAMPLE_MOVE_LIMIT_MS], SEALER_RESULT_OK, REASON_SEALER)
