"""Calibrating the load cell with a known weight, in two points, and the check after. Nothing moves.

The first point is the zero: what hangs in the cell now is known, 0 with nothing in it. The second is another
known weight, which sets the gain. Pressing is positive, hanging negative. Both are kept as parameters; after
each the payload is brought up again, because the tare was taken with the old ones.
"""

from rochette.activities.steps import finish
from rochette.mechanisms.weigher import CalibrationError
from rochette.services.activities import Fault
from rochette.tables import (
    CALIBRATION_FAULT_OFF,
    CALIBRATION_POINT_CHECK,
    CALIBRATION_POINT_ZERO,
    EV_FEED_CALIBRATION_REFUSED,
    EV_FEED_CELL_CALIBRATED,
    EV_FEED_CELL_CHECKED,
    P_FEED_CELL_CHECK_MN,
    P_FEED_CELL_GAIN,
    P_FEED_CELL_ZERO,
    P_SAMPLE_MOVE_LIMIT_MS,
    P_SAMPLE_WEIGH_SAMPLES,
    REASON_LOAD_CELL,
    WEIGHER_RESULT_OK,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def calibrate(kit: "Kit", point: int, force_mn: int) -> "Generator[None, None, None]":
    """Weigh what is known to weigh `force_mn` (-150,000 to 150,000, hanging negative), and take it for
    `point` (enum CalibrationPoint).

    Raises Fault(LOAD_CELL): the cell was silent or unsteady, or what it says is refused; the event before
    says why, and nothing was changed.
    """
    weigher = kit.weigher
    values = kit.values
    weigher.weigh(values[P_SAMPLE_WEIGH_SAMPLES])
    result = yield from finish(weigher, values[P_SAMPLE_MOVE_LIMIT_MS], REASON_LOAD_CELL)
    if result != WEIGHER_RESULT_OK:
        raise Fault(REASON_LOAD_CELL, result)
    if point == CALIBRATION_POINT_CHECK:
        off_mn = weigher.mean_mn - force_mn
        most_mn = values[P_FEED_CELL_CHECK_MN]
        if abs(off_mn) > most_mn:
            kit.events.emit(EV_FEED_CALIBRATION_REFUSED, CALIBRATION_FAULT_OFF, off_mn, -most_mn, most_mn)
            raise Fault(REASON_LOAD_CELL, off_mn)
        kit.events.emit(EV_FEED_CELL_CHECKED, weigher.mean_mn, force_mn, off_mn)
        return
    try:
        if point == CALIBRATION_POINT_ZERO:
            weigher.calibrate_zero(force_mn)
        else:
            weigher.calibrate_span(force_mn)
    except CalibrationError as error:
        kit.events.emit(EV_FEED_CALIBRATION_REFUSED, error.fault, error.value, error.low, error.high)
        raise Fault(REASON_LOAD_CELL, error.fault)
    kit.ready = False
    kit.events.emit(EV_FEED_CELL_CALIBRATED, point, values[P_FEED_CELL_ZERO], values[P_FEED_CELL_GAIN])
