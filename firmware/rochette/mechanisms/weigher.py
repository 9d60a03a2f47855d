"""Weigher: the load cell averaged while the tool hangs free and the carriage stands still.

Gives the cell's own reading, hanging being negative; a mass is the difference of two weighings, so no zero is
needed here. `tick()` allocates nothing; nothing here may be called from an interrupt.
"""

from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.tables import (
    CALIBRATION_FAULT_NOT_ZEROED,
    CALIBRATION_FAULT_SPAN_FAR,
    CALIBRATION_FAULT_WEIGHTS_CLOSE,
    CALIBRATION_FAULT_ZERO_FAR,
    EV_CORER_WEIGH_FAILED,
    EV_CORER_WEIGHED,
    P_CORER_WEIGH_SETTLE_MS,
    P_CORER_WEIGH_SPREAD_MN,
    P_FEED_CELL_GAIN,
    P_FEED_CELL_ZERO,
    PARAMETER_MAXIMA,
    PARAMETER_MINIMA,
    WEIGHER_RESULT_HALTED,
    WEIGHER_RESULT_MOVED,
    WEIGHER_RESULT_NONE,
    WEIGHER_RESULT_OK,
    WEIGHER_RESULT_SENSOR,
    WEIGHER_RESULT_UNSTEADY,
    WEIGHER_STATE_AVERAGING,
    WEIGHER_STATE_IDLE,
    WEIGHER_STATE_SETTLING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.hx711 import Hx711
    from rochette.mechanisms.feed import Feed
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
_SILENT_TICKS = 20
_MAX_SAMPLES = 1024  # so many readings of up to 1,000 N keep the sum below 2**30
_MAX_MN = 1_000_000


_SPAN_LEAST_MN = 2000  # two weights closer than this tell little of the gain
_MAX_RAW = 0x1FFFFFFF


class CalibrationError(Exception):
    """A calibration that would be wrong; nothing was changed. `fault` (enum CalibrationFault), `value`, and
    the bounds `low` and `high` that it breaks."""

    def __init__(self, fault: int, value: int, low: int, high: int) -> None:
        super().__init__("calibration fault {}: {} is not between {} and {}".format(fault, value, low, high))
        self.fault = fault
        self.value = value
        self.low = low
        self.high = high


class Weigher:
    """The weigher. Attributes: state (WeigherState), busy, result (WeigherResult), mean_mn, spread_mn
    (highest less lowest reading) of the last weighing.
    """

    def __init__(self, load_cell: "Hx711", feed: "Feed", parameters: "Parameters", events: "Events") -> None:
        self.name = "weigher"
        self._cell = load_cell
        self._feed = feed
        self._parameters = parameters
        self._values = parameters.values
        self._zero_mn = 0
        self._zeroed = False
        self._use()
        self._events = events
        self.state = WEIGHER_STATE_IDLE
        self.busy = False
        self.result = WEIGHER_RESULT_NONE
        self.mean_mn = 0
        self.spread_mn = 0
        self._wanted = 0
        self._count = 0
        self._sum = 0
        self._low = 0
        self._high = 0
        self._settle = 0
        self._samples = 0
        self._silent = 0
        self._z_um = 0

    def weigh(self, samples: int) -> None:
        """Wait for the swing to die, then average `samples` (2 to 1024) readings.

        Results: OK, UNSTEADY, SENSOR (no reading for 0.2 s), MOVED (the feed moved meanwhile). Raises
        MechanismBusy, MechanismRange.
        """
        if self.busy:
            raise MechanismBusy("weigher", self.state, "weigh")
        if not 2 <= samples <= _MAX_SAMPLES:
            raise MechanismRange("weigher", "samples", samples, 2, _MAX_SAMPLES)
        self._wanted = samples
        self._count = 0
        self._sum = 0
        self._low = _MAX_MN
        self._high = -_MAX_MN
        self._settle = self._values[P_CORER_WEIGH_SETTLE_MS] // _TICK_MS
        self._samples = self._cell.samples
        self._silent = 0
        self._z_um = self._feed.z_um
        self.state = WEIGHER_STATE_SETTLING
        self.result = WEIGHER_RESULT_NONE
        self.busy = True

    def calibrate_zero(self, force_mn: int) -> None:
        """The last weighing was of this force: shift the zero by what it was off. Kept as a parameter. Raises
        CalibrationError and changes nothing when the zero would lie out of bounds. Allocates."""
        zero = self._values[P_FEED_CELL_ZERO] + self._counts(self.mean_mn - force_mn)
        self._keep(P_FEED_CELL_ZERO, zero, CALIBRATION_FAULT_ZERO_FAR)
        self._zero_mn = force_mn
        self._zeroed = True

    def calibrate_span(self, force_mn: int) -> None:
        """The last weighing was of this force, and calibrate_zero() has had another: set the gain by the two.
        Kept as parameters. Raises CalibrationError and changes nothing when there was no other, when the two
        are too close, or when the gain would lie out of bounds. Allocates."""
        if not self._zeroed:
            raise CalibrationError(CALIBRATION_FAULT_NOT_ZEROED, force_mn, 0, 0)
        known = force_mn - self._zero_mn
        if abs(known) < _SPAN_LEAST_MN:
            raise CalibrationError(CALIBRATION_FAULT_WEIGHTS_CLOSE, known, -_SPAN_LEAST_MN, _SPAN_LEAST_MN)
        read = self.mean_mn - self._zero_mn
        # No change at all, or one the other way: not this weight, or two wires swapped.
        gain = self._values[P_FEED_CELL_GAIN]
        zero = self._values[P_FEED_CELL_ZERO] + self._counts(self._zero_mn)
        self._keep(P_FEED_CELL_GAIN, gain * known // read if read else 0, CALIBRATION_FAULT_SPAN_FAR)
        try:
            # The first weight goes on reading what it weighs.
            self._keep(P_FEED_CELL_ZERO, zero - self._counts(self._zero_mn), CALIBRATION_FAULT_ZERO_FAR)
        except CalibrationError:
            self._parameters.set(P_FEED_CELL_GAIN, gain)
            self._use()
            raise

    def _counts(self, force_mn: int) -> int:
        return force_mn * self._cell.mn_den // self._cell.mn_num

    def _keep(self, index: int, value: int, fault: int) -> None:
        low = PARAMETER_MINIMA[index]
        high = PARAMETER_MAXIMA[index]
        if not low <= value <= high:
            raise CalibrationError(fault, max(-_MAX_RAW, min(_MAX_RAW, value)), low, high)
        self._parameters.set(index, value)
        self._use()

    def _use(self) -> None:
        self._cell.calibrate(self._values[P_FEED_CELL_ZERO], self._values[P_FEED_CELL_GAIN])

    def halt(self) -> None:
        """Give the weighing up: result HALTED."""
        if self.busy:
            self._finish(WEIGHER_RESULT_HALTED)

    def tick(self) -> None:
        """Take a reading when there is a new one. 100 Hz, after the inputs were polled. Allocates nothing."""
        state = self.state
        if state == WEIGHER_STATE_IDLE:
            return
        if self._feed.z_um != self._z_um:
            self._fail(WEIGHER_RESULT_MOVED)
            return
        cell = self._cell
        if cell.samples == self._samples:
            self._silent += 1
            if self._silent > _SILENT_TICKS:
                self._fail(WEIGHER_RESULT_SENSOR)
                return
        if state == WEIGHER_STATE_SETTLING:
            if cell.samples != self._samples:
                self._samples = cell.samples
                self._silent = 0
            self._settle -= 1
            if self._settle <= 0:
                self.state = WEIGHER_STATE_AVERAGING
            return
        if cell.samples == self._samples:
            return
        self._samples = cell.samples
        self._silent = 0
        weight = cell.weight_mn
        if weight > _MAX_MN:
            weight = _MAX_MN
        elif weight < -_MAX_MN:
            weight = -_MAX_MN
        self._sum += weight
        if weight < self._low:
            self._low = weight
        if weight > self._high:
            self._high = weight
        self._count += 1
        if self._count < self._wanted:
            return
        self.mean_mn = self._sum // self._count
        self.spread_mn = self._high - self._low
        if self.spread_mn > self._values[P_CORER_WEIGH_SPREAD_MN]:
            self._fail(WEIGHER_RESULT_UNSTEADY)
            return
        self._events.emit(EV_CORER_WEIGHED, self.mean_mn, self.spread_mn, self._count)
        self._finish(WEIGHER_RESULT_OK)

    def _fail(self, result: int) -> None:
        self._events.emit(EV_CORER_WEIGH_FAILED, result, self.spread_mn)
        self._finish(result)

    def _finish(self, result: int) -> None:
        self.state = WEIGHER_STATE_IDLE
        self.busy = False
        self.result = result
