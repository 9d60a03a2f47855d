"""Gate: the dust cover over the hole, a servo with one microswitch that is made when the gate is closed.

Closing is believed when the switch makes. Opening is believed when the switch has released and the cover then
had its full travel time: there is no second switch, so a cover that jams half way is met by the feed's
contact window. The servo gets no pulses at rest. `tick()` allocates nothing; nothing here may be called from
an interrupt.
"""

from rochette.mechanisms.errors import MechanismBusy
from rochette.tables import (
    EV_GATE_CLOSED,
    EV_GATE_HALTED,
    EV_GATE_OPENED,
    EV_GATE_STUCK,
    GATE_POSITION_CLOSED,
    GATE_POSITION_OPEN,
    GATE_POSITION_UNKNOWN,
    GATE_RESULT_HALTED,
    GATE_RESULT_OK,
    GATE_RESULT_PENDING,
    GATE_RESULT_STUCK,
    GATE_STATE_CLOSING,
    GATE_STATE_IDLE,
    GATE_STATE_OPENING,
    P_GATE_CLOSED_PULSE_US,
    P_GATE_OPEN_PULSE_US,
    P_GATE_TIMEOUT_MS,
    P_GATE_TRAVEL_MS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array

    from rochette.drivers.digital import ExpanderIn
    from rochette.drivers.servo import Servo
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
# A switch must read the same this many times running.
_DEBOUNCE = 3


class Gate:
    """The dust cover.

    servo: its servo; closed: its switch; parameters, events: services.

    Attributes, read only: `state`, `busy`, `result`, `position` (enums GateState, GateResult, GatePosition).
    """

    def __init__(
        self, servo: "Servo", closed: "ExpanderIn", parameters: "Parameters", events: "Events"
    ) -> None:
        self._servo = servo
        self._closed_made = closed.made
        self._values: "array[int]" = parameters.values
        self._emit = events.emit
        self.name = "gate"
        self.state = GATE_STATE_IDLE
        self.busy = False
        self.result = GATE_RESULT_PENDING
        self.position = GATE_POSITION_UNKNOWN
        self._ticks = 0
        self._seen = 0
        self._seen_ms = 0
        self._from_open = False

    def open(self) -> None:
        """Open the gate. Results: OK, STUCK. Raises MechanismBusy."""
        self._begin("open", GATE_STATE_OPENING, P_GATE_OPEN_PULSE_US)

    def close(self) -> None:
        """Close the gate. Results: OK, STUCK: also when the switch is made before a cover that stood open can
        have moved. Raises MechanismBusy."""
        self._begin("close", GATE_STATE_CLOSING, P_GATE_CLOSED_PULSE_US)

    def halt(self) -> None:
        """Stop now, in place. Allocates nothing."""
        if self.busy:
            self._emit(EV_GATE_HALTED, self.state)
            self._finish(GATE_RESULT_HALTED, GATE_POSITION_UNKNOWN)

    def tick(self) -> None:
        """One step of the state machine, 100 Hz, after the inputs were polled. Allocates nothing."""
        if not self.busy:
            return
        self._ticks += 1
        elapsed_ms = self._ticks * _TICK_MS
        closing = self.state == GATE_STATE_CLOSING
        made = self._closed_made()
        if made == closing:
            self._seen += 1
            if self._seen == _DEBOUNCE:
                self._seen_ms = elapsed_ms
        else:
            self._seen = 0
        if self._seen >= _DEBOUNCE:
            if closing and self._from_open and self._seen_ms * 4 < self._values[P_GATE_TRAVEL_MS]:
                # No servo is so quick: the switch was made while the cover stood open.
                self._stuck(made, elapsed_ms)
                return
            if closing:
                self._emit(EV_GATE_CLOSED, self._seen_ms)
                self._finish(GATE_RESULT_OK, GATE_POSITION_CLOSED)
                return
            if elapsed_ms >= self._values[P_GATE_TRAVEL_MS]:
                self._emit(EV_GATE_OPENED, self._seen_ms)
                self._finish(GATE_RESULT_OK, GATE_POSITION_OPEN)
                return
        if elapsed_ms >= self._values[P_GATE_TIMEOUT_MS]:
            self._stuck(made, elapsed_ms)

    def _stuck(self, made: bool, elapsed_ms: int) -> None:
        self._emit(EV_GATE_STUCK, self.state, 1 if made else 0, elapsed_ms)
        self._finish(GATE_RESULT_STUCK, GATE_POSITION_UNKNOWN)

    def _begin(self, asked: str, state: int, pulse: int) -> None:
        if self.busy:
            raise MechanismBusy("gate", self.state, asked)
        self.busy = True
        self.state = state
        self.result = GATE_RESULT_PENDING
        self._from_open = self.position == GATE_POSITION_OPEN
        self.position = GATE_POSITION_UNKNOWN
        self._ticks = 0
        self._seen = 0
        self._servo.set_pulse(self._values[pulse])

    def _finish(self, result: int, position: int) -> None:
        self._servo.off()
        self.state = GATE_STATE_IDLE
        self.busy = False
        self.result = result
        self.position = position
