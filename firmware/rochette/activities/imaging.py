"""Imaging: take a picture, hand it to the ground for judgement, note what it says.

The payload triggers the camera and never sees a pixel. It knows whether the light was enough (light sensor,
LED ring, exposure) and whether a frame was taken; what the picture shows comes back as an assessment.
"""

from rochette.activities.steps import enter_phase, insist, power_on
from rochette.services.activities import Timeout, wait_until
from rochette.tables import (
    CAMERA_RESULT_OK,
    EV_SAMPLE_IMAGED,
    P_SAMPLE_ASSESS_LIMIT_MS,
    P_SAMPLE_CONFIDENCE_PERMILLE,
    P_SAMPLE_EXPOSURE_US,
    P_SAMPLE_LED_PERMILLE,
    P_SAMPLE_MOVE_LIMIT_MS,
    PHASE_IMAGE_AGAIN,
    PHASE_IMAGE_BIT,
    REASON_CAMERA,
    VERDICT_INCONCLUSIVE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def image(kit: "Kit", phase: int) -> "Generator[None, None, int]":
    """Take one picture in `phase`; note one of the open tube in the bit as evidence. Returns what it shows.

    That is a value of the enum Verdict; too little light, too little confidence or no assessment within its
    time count as INCONCLUSIVE. Raises Fault(CAMERA) when no frame was taken.
    """
    values = kit.values
    camera = kit.camera
    enter_phase(kit, phase)
    power_on(kit)
    camera.shoot(values[P_SAMPLE_EXPOSURE_US], values[P_SAMPLE_LED_PERMILLE])
    yield from insist(camera, values[P_SAMPLE_MOVE_LIMIT_MS], CAMERA_RESULT_OK, REASON_CAMERA)
    picture = camera.picture_no

    def assessed() -> bool:
        return camera.assessment_of(picture) != 0

    verdict = VERDICT_INCONCLUSIVE
    confidence_permille = 0
    try:
        yield from wait_until(assessed, values[P_SAMPLE_ASSESS_LIMIT_MS], 0)
        verdict = camera.assessment_of(picture)
        confidence_permille = camera.confidence_of(picture)
    except Timeout:
        pass  # nobody looked at it in time: it stays INCONCLUSIVE, and a later assessment comes with a retake
    kit.events.emit(EV_SAMPLE_IMAGED, picture, verdict, confidence_permille, int(camera.light_ok))
    if phase in (PHASE_IMAGE_BIT, PHASE_IMAGE_AGAIN):
        kit.sample.evidence.note_image(
            picture,
            verdict,
            confidence_permille,
            camera.light_ok,
            camera.lux_before,
            values[P_SAMPLE_CONFIDENCE_PERMILLE],
        )
    if not camera.light_ok or confidence_permille < values[P_SAMPLE_CONFIDENCE_PERMILLE]:
        return VERDICT_INCONCLUSIVE
    return verdict
