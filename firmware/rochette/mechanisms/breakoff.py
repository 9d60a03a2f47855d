"""Break-off: the cam that moves the tube off the bit's axis, and lets it go over its seat.

Two switches tell the position: centred, offset; in the release position both are open. A turn counts only
when both agree for a while, whatever time has passed. While the cam turns to its offset the current of the
auxiliary rail is watched: a core that breaks shows a peak over the free cam's current and then a drop to it
within a short time, with the servo still under way; a drop to rest is only the arrival. That signature is
evidence, not proof. The current must be polled 100 times a second: from the snap to the end of the turn it
may be 40 ms.

`tick()` allocates nothing; nothing here may be called from an interrupt.
"""

from rochette.mechanisms.errors import MechanismBusy
from rochette.tables import (
    BREAK_OFF_RESULT_HALTED,
    BREAK_OFF_RESULT_NONE,
    BREAK_OFF_RESULT_NOT_CONFIRMED,
    BREAK_OFF_RESULT_OK,
    BREAK_OFF_STATE_DWELL,
    BREAK_OFF_STATE_IDLE,
    BREAK_OFF_STATE_TURNING,
    CAM_POSITION_CENTRED,
    CAM_POSITION_OFFSET,
    CAM_POSITION_RELEASE,
    CAM_POSITION_UNKNOWN,
    EV_CORER_BREAK_OFF_CONFIRMED,
    EV_CORER_BREAK_OFF_NOT_CONFIRMED,
    P_CORER_BREAK_OFF_CENTRE_US,
    P_CORER_BREAK_OFF_DWELL_MS,
    P_CORER_BREAK_OFF_MS,
    P_CORER_BREAK_OFF_OFFSET_US,
    P_CORER_BREAK_OFF_RELEASE_US,
    P_CORER_BREAK_OFF_STEADY_MS,
    P_CORER_BREAK_OFF_TRAVEL_MS,
    P_CORER_SNAP_DROP_MA,
    P_CORER_SNAP_MS,
    P_CORER_SNAP_RISE_MA,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.ina219 import Ina219
    from rochette.drivers.mcp23017 import Mcp23017
    from rochette.drivers.servo import Servo
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
_FREE_TICKS = 4  # the servo is under way after this time, and its current has been read


class BreakOff:
    """The break-off cam.

    Attributes: state (BreakOffState), busy, result (BreakOffResult of the last turn, NONE while it turns),
    position (CamPosition, UNKNOWN until confirmed), confirmed, peak_ma (highest auxiliary current of the
    turn), free_ma (lowest while under way), drop_ma (largest fall from a peak within the snap time),
    signature (a core's snap was seen in the last turn to the offset).
    """

    def __init__(
        self,
        servo: "Servo",
        switches: "Mcp23017",
        centred_bit: int,
        offset_bit: int,
        current: "Ina219",
        parameters: "Parameters",
        events: "Events",
    ) -> None:
        self.name = "breakoff"
        self._servo = servo
        self._switches = switches
        self._centred_bit = centred_bit
        self._offset_bit = offset_bit
        self._current = current
        self._values = parameters.values
        self._events = events
        self.state = BREAK_OFF_STATE_IDLE
        self.busy = False
        self.result = BREAK_OFF_RESULT_NONE
        self.position = CAM_POSITION_UNKNOWN
        self.confirmed = False
        self.peak_ma = 0
        self.free_ma = 0
        self.drop_ma = 0
        self.signature = False
        self._wanted = CAM_POSITION_UNKNOWN
        self._ticks = 0
        self._steady = 0
        self._crest = 0
        self._crest_age = 0

    @property
    def ends_made(self) -> int:
        """Which switches are made: 1 centred, 2 offset, 3 both, which cannot be."""
        switches = self._switches
        return int(switches.made(self._centred_bit)) | int(switches.made(self._offset_bit)) << 1

    def offset(self) -> None:
        """Turn the cam to its offset: it snaps the core and holds it. Results: OK, NOT_CONFIRMED. Raises
        MechanismBusy.
        """
        self._turn(CAM_POSITION_OFFSET, self._values[P_CORER_BREAK_OFF_OFFSET_US])

    def centre(self) -> None:
        """Turn the cam to its centre. Results: OK, NOT_CONFIRMED. Raises MechanismBusy."""
        self._turn(CAM_POSITION_CENTRED, self._values[P_CORER_BREAK_OFF_CENTRE_US])

    def release(self) -> None:
        """Turn the cam to where the tube is let go. Results: OK (both switches open after the travel time),
        NOT_CONFIRMED.

        Raises MechanismBusy.
        """
        self._turn(CAM_POSITION_RELEASE, self._values[P_CORER_BREAK_OFF_RELEASE_US])

    def halt(self) -> None:
        """Servo off now; the cam stays where it is by friction. Result HALTED when it was turning."""
        if self.busy:
            self._servo.off()
            self.state = BREAK_OFF_STATE_IDLE
            self.busy = False
            self.result = BREAK_OFF_RESULT_HALTED

    def tick(self) -> None:
        """Watch current and switches. 100 Hz, after the inputs were polled. Allocates nothing."""
        state = self.state
        if state == BREAK_OFF_STATE_IDLE:
            return
        values = self._values
        self._ticks += 1
        if state == BREAK_OFF_STATE_DWELL:
            if self._ticks * _TICK_MS >= values[P_CORER_BREAK_OFF_DWELL_MS]:
                self._servo.off()
                self._end(BREAK_OFF_RESULT_OK)
            return
        switches = self._switches
        centred = switches.made(self._centred_bit)
        offset = switches.made(self._offset_bit)
        self._watch_current(centred or offset)
        wanted = self._wanted
        if wanted == CAM_POSITION_CENTRED:
            there = centred and not offset
        elif wanted == CAM_POSITION_OFFSET:
            there = offset and not centred
        else:
            there = (
                not centred and not offset and self._ticks * _TICK_MS >= values[P_CORER_BREAK_OFF_TRAVEL_MS]
            )
        if there:
            self._steady += 1
            if self._steady * _TICK_MS >= values[P_CORER_BREAK_OFF_STEADY_MS]:
                self._confirm()
                return
        else:
            self._steady = 0
        if self._ticks * _TICK_MS >= values[P_CORER_BREAK_OFF_MS]:
            self._servo.off()
            self._events.emit(
                EV_CORER_BREAK_OFF_NOT_CONFIRMED, wanted, int(centred), int(offset), self.peak_ma
            )
            self._end(BREAK_OFF_RESULT_NOT_CONFIRMED)

    def _turn(self, position: int, pulse_us: int) -> None:
        if self.busy:
            raise MechanismBusy("breakoff", self.state, "turn the cam")
        self._wanted = position
        self.position = CAM_POSITION_UNKNOWN
        self.confirmed = False
        self.peak_ma = 0
        self.free_ma = 0
        self.drop_ma = 0
        self.signature = False
        self._ticks = 0
        self._steady = 0
        self._crest = 0
        self._crest_age = 0
        self._servo.set_pulse(pulse_us)
        self.state = BREAK_OFF_STATE_TURNING
        self.result = BREAK_OFF_RESULT_NONE
        self.busy = True

    def _watch_current(self, at_switch: bool) -> None:
        current = self._current.current_ma
        if current > self.peak_ma:
            self.peak_ma = current
        if self._ticks == _FREE_TICKS or (
            self._ticks > _FREE_TICKS and not at_switch and current < self.free_ma
        ):
            self.free_ma = current
        values = self._values
        # A crest that is older than the snap time is no snap any more: begin again from here.
        self._crest_age += 1
        if current >= self._crest or self._crest_age * _TICK_MS > values[P_CORER_SNAP_MS]:
            self._crest = current
            self._crest_age = 0
        drop = self._crest - current
        if drop > self.drop_ma:
            self.drop_ma = drop
        if (
            not self.signature
            and self._wanted == CAM_POSITION_OFFSET
            and self._ticks > _FREE_TICKS
            and drop >= values[P_CORER_SNAP_DROP_MA]
            and self._crest - self.free_ma >= values[P_CORER_SNAP_RISE_MA]
            and current * 2 > self.free_ma
        ):
            self.signature = True

    def _confirm(self) -> None:
        self.position = self._wanted
        self.confirmed = True
        self._events.emit(
            EV_CORER_BREAK_OFF_CONFIRMED, self._wanted, self.peak_ma, self.drop_ma, int(self.signature)
        )
        self._ticks = 0
        self.state = BREAK_OFF_STATE_DWELL

    def _end(self, result: int) -> None:
        self.state = BREAK_OFF_STATE_IDLE
        self.busy = False
        self.result = result
