"""Probe: a rod that goes down into a tube until it touches what is in it, and says how full the tube is.

Contact is seen by the rod's current and counts only inside a position window: above it is a jam, below it
there is no contact. The first touch is fast and only finds the place; three slow touches follow, the middle
one counts and their spread widens the uncertainty. A measurement ends with the rod retracted, so that the
carousel may turn.

Positions in micrometres from the retracted end; the fill is the tube's bottom less the contact. `tick()`
allocates nothing; nothing here may be called from an interrupt.
"""

from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.mechanisms.rod import Rod
from rochette.tables import (
    EV_PROBE_HALTED,
    EV_PROBE_JAM,
    EV_PROBE_JOGGED,
    EV_PROBE_MEASURED,
    EV_PROBE_NO_CONTACT,
    EV_PROBE_NO_CURRENT,
    EV_PROBE_NOT_RETRACTED,
    EV_PROBE_RETRACTED,
    EV_PROBE_SENSOR,
    EV_PROBE_TIMEOUT,
    EV_PROBE_TOUCHED,
    FILL_STATE_EMPTY,
    FILL_STATE_LOW,
    FILL_STATE_NOMINAL,
    FILL_STATE_OVERFILL,
    FILL_STATE_UNKNOWN,
    P_PROBE_BACK_OFF_UM,
    P_PROBE_CONTACT_MA,
    P_PROBE_EMPTY_MAX_UM,
    P_PROBE_FAST_PERMILLE,
    P_PROBE_INRUSH_MS,
    P_PROBE_LOW_PERMILLE,
    P_PROBE_MOVING_MIN_MA,
    P_PROBE_OVERFILL_UM,
    P_PROBE_REST_MS,
    P_PROBE_RETRACTED_UM,
    P_PROBE_SETTLE_MS,
    P_PROBE_SLOW_CONTACT_MA,
    P_PROBE_SLOW_PERMILLE,
    P_PROBE_STILL_MS,
    P_PROBE_STILL_UM,
    P_PROBE_TIMEOUT_MS,
    P_PROBE_UNCERTAINTY_UM,
    P_PROBE_WINDOW_HIGH_UM,
    P_PROBE_WINDOW_LOW_UM,
    PROBE_RESULT_HALTED,
    PROBE_RESULT_JAM,
    PROBE_RESULT_NO_CONTACT,
    PROBE_RESULT_NO_CURRENT,
    PROBE_RESULT_NOT_RETRACTED,
    PROBE_RESULT_OK,
    PROBE_RESULT_PENDING,
    PROBE_RESULT_SENSOR,
    PROBE_RESULT_TIMEOUT,
    PROBE_STATE_APPROACH,
    PROBE_STATE_BACK_OFF,
    PROBE_STATE_IDLE,
    PROBE_STATE_JOGGING,
    PROBE_STATE_REST,
    PROBE_STATE_RETRACTING,
    PROBE_STATE_SETTLE,
    PROBE_STATE_TOUCH,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any

    from rochette.drivers.analogue import Potentiometer
    from rochette.drivers.h_bridge import HBridge
    from rochette.drivers.ina219 import Ina219
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
_TOUCHES = 3
# A current must stay above its limit this long to be a contact; a spike is not one.
_CONTACT_TICKS = 2
# The rail must look dead for this long before it is called dead.
_DEAD_TICKS = 20


def classify(fill_um: int, depth_um: int, values: "array[int]") -> int:
    """How full a tube is (enum FillState). fill_um: -1 (not measured) to 90000; depth_um: drilled, 0 to
    90000.

    The probe's uncertainty counts against certainty: a tube that may be empty is EMPTY, one that may be too
    full is OVERFILL. `values` are the parameters. Allocates nothing.
    """
    if fill_um < 0:
        return FILL_STATE_UNKNOWN
    uncertainty = values[P_PROBE_UNCERTAINTY_UM]
    if fill_um + uncertainty > values[P_PROBE_OVERFILL_UM]:
        return FILL_STATE_OVERFILL
    if fill_um - uncertainty <= values[P_PROBE_EMPTY_MAX_UM]:
        return FILL_STATE_EMPTY
    # At most 90000 * 1000: within the board's 31-bit integers.
    if fill_um * 1000 < depth_um * values[P_PROBE_LOW_PERMILLE]:
        return FILL_STATE_LOW
    return FILL_STATE_NOMINAL


class Probe:
    """The fill probe.

    bridge, pot, aux: see `Rod`; mechanics: `probe_bottom_um` of `boards/README.md`; parameters, events:
    services.

    Attributes, read only: `state`, `busy`, `result` (enums ProbeState, ProbeResult), `position_um`,
    `contact_um`, `fill_um` (-1 until measured), `uncertainty_um`, `above_ma`, `retracted`.
    """

    def __init__(
        self,
        bridge: "HBridge",
        pot: "Potentiometer",
        aux: "Ina219",
        mechanics: "dict[str, Any]",
        parameters: "Parameters",
        events: "Events",
    ) -> None:
        self._rod = Rod(bridge, pot, aux)
        self._values: "array[int]" = parameters.values
        self._emit = events.emit
        self._bottom_um: int = mechanics["probe_bottom_um"]
        self.name = "probe"
        self.state = PROBE_STATE_IDLE
        self.busy = False
        self.result = PROBE_RESULT_PENDING
        self.contact_um = 0
        self.fill_um = -1
        self.uncertainty_um = 0
        self._ticks = 0
        self._wait = 0
        self._over = 0
        self._dead = 0
        self._touches = 0
        self._touch0 = 0
        self._touch1 = 0
        self._touch2 = 0
        self._after = PROBE_STATE_RETRACTING
        self._target_um = 0

    @property
    def position_um(self) -> int:
        """Rod position of the last reading, micrometres."""
        return self._rod.um

    @property
    def above_ma(self) -> int:
        """Rail current above rest of the last reading, milliamperes."""
        return self._rod.above_ma

    @property
    def retracted(self) -> bool:
        """True when the position sensor, read now, shows the rod out of the tube."""
        rod = self._rod
        rod.read()
        return rod.sensor_ok and rod.um <= self._values[P_PROBE_RETRACTED_UM]

    def measure(self) -> None:
        """Measure the fill of the tube at PROBE, then retract.

        Results: OK, NO_CONTACT, JAM, SENSOR, NO_CURRENT, NOT_RETRACTED, TIMEOUT; after any but OK the drive
        is off and the rod stays where it is. Raises MechanismBusy.
        """
        self._begin("measure")
        self.fill_um = -1
        self.uncertainty_um = 0
        rod = self._rod
        rod.read()
        if not rod.sensor_ok:
            self._sensor()
            return
        if rod.um > self._values[P_PROBE_RETRACTED_UM]:
            self._emit(EV_PROBE_NOT_RETRACTED, rod.um)
            self._finish(PROBE_RESULT_NOT_RETRACTED)
            return
        self._touches = 0
        self._rest(PROBE_STATE_APPROACH)

    def retract(self) -> None:
        """Pull the rod out of the tube.

        Results: OK, JAM, SENSOR, NO_CURRENT, TIMEOUT. Raises MechanismBusy.
        """
        self._begin("retract")
        self._rest(PROBE_STATE_RETRACTING)

    def jog(self, distance_um: int) -> None:
        """Move by `distance_um` (down positive), slowly, between 0 and the end of the window; stops at any
        force.

        Results: OK, JAM, SENSOR, NO_CURRENT, TIMEOUT. Raises MechanismBusy, MechanismRange.
        """
        rod = self._rod
        rod.read()
        target = rod.um + distance_um
        deepest = self._values[P_PROBE_WINDOW_HIGH_UM]
        if not 0 <= target <= deepest:
            raise MechanismRange("probe", "target_um", target, 0, deepest)
        self._begin("jog")
        if not rod.sensor_ok:
            self._sensor()
            return
        self._target_um = target
        self._rest(PROBE_STATE_JOGGING)

    def halt(self) -> None:
        """Stop now, in place. Allocates nothing."""
        if self.busy:
            self._rod.stop()
            self._emit(EV_PROBE_HALTED, self._rod.um, self.state)
            self._finish(PROBE_RESULT_HALTED)

    def tick(self) -> None:
        """One step of the state machine, 100 Hz, after the inputs were polled. Allocates nothing."""
        if not self.busy:
            return
        rod = self._rod
        rod.tick()
        self._ticks += 1
        if not rod.sensor_ok:
            self._sensor()
            return
        if self._ticks * _TICK_MS > self._values[P_PROBE_TIMEOUT_MS]:
            self._emit(EV_PROBE_TIMEOUT, rod.um, self._ticks * _TICK_MS, self.state)
            self._finish(PROBE_RESULT_TIMEOUT)
            return
        state = self.state
        if state == PROBE_STATE_APPROACH or state == PROBE_STATE_TOUCH:
            self._tick_down(state)
        elif state == PROBE_STATE_BACK_OFF:
            if rod.um <= self.contact_um - self._values[P_PROBE_BACK_OFF_UM] or self._out():
                self._down(PROBE_STATE_TOUCH, self._values[P_PROBE_SLOW_PERMILLE])
            elif self._rises():
                pass
        elif state == PROBE_STATE_SETTLE:
            self._wait -= 1
            if self._wait <= 0:
                self._note_touch()
        elif state == PROBE_STATE_RETRACTING:
            if self._out():
                self._end_retraction()
            elif self._rises():
                pass
        elif state == PROBE_STATE_JOGGING:
            self._tick_jogging()
        elif state == PROBE_STATE_REST:
            rod.rest()
            self._wait -= 1
            if self._wait <= 0:
                self._go_on()

    # -- strokes -----------------------------------------------------------------------------------

    def _rest(self, after: int) -> None:
        self._rod.begin_rest()
        self._wait = self._values[P_PROBE_REST_MS] // _TICK_MS
        self._after = after
        self.state = PROBE_STATE_REST

    def _go_on(self) -> None:
        """The rail rests: begin what was asked for."""
        values = self._values
        if self._after == PROBE_STATE_APPROACH:
            self._down(PROBE_STATE_APPROACH, values[P_PROBE_FAST_PERMILLE])
        elif self._after == PROBE_STATE_JOGGING:
            slow = values[P_PROBE_SLOW_PERMILLE]
            self._down(PROBE_STATE_JOGGING, slow if self._target_um > self._rod.um else -slow)
        elif self._out():
            self._end_retraction()
        else:
            self._up(PROBE_STATE_RETRACTING)

    def _down(self, state: int, permille: int) -> None:
        self._rod.drive(permille, self._values[P_PROBE_STILL_UM])
        self._over = 0
        self._dead = 0
        self.state = state

    def _up(self, state: int) -> None:
        self._rod.drive(-self._values[P_PROBE_FAST_PERMILLE], self._values[P_PROBE_STILL_UM])
        self._over = 0
        self._dead = 0
        self.state = state

    def _out(self) -> bool:
        return self._rod.um <= self._values[P_PROBE_RETRACTED_UM]

    def _tick_down(self, state: int) -> None:
        """Going down: contact, end of the window, or a fault of drive or sensor."""
        rod = self._rod
        values = self._values
        if rod.um >= values[P_PROBE_WINDOW_HIGH_UM]:
            self._emit(EV_PROBE_NO_CONTACT, rod.um)
            self._finish(PROBE_RESULT_NO_CONTACT)
            return
        if rod.driven_ticks * _TICK_MS <= values[P_PROBE_INRUSH_MS]:
            return
        limit = values[P_PROBE_CONTACT_MA if state == PROBE_STATE_APPROACH else P_PROBE_SLOW_CONTACT_MA]
        if rod.above_ma >= limit:
            self._over += 1
            if self._over >= _CONTACT_TICKS:
                self._contact()
            return
        self._over = 0
        self._moves()

    def _tick_jogging(self) -> None:
        """By hand, up or down: there, or stopped by what it meets."""
        rod = self._rod
        left = self._target_um - rod.um
        if rod.drive_permille < 0:
            if left >= 0:
                self._end_jog()
            else:
                self._rises()
            return
        if left <= 0:
            self._end_jog()
            return
        if rod.driven_ticks * _TICK_MS <= self._values[P_PROBE_INRUSH_MS]:
            return
        if rod.above_ma >= self._values[P_PROBE_SLOW_CONTACT_MA]:
            self._over += 1
            if self._over >= _CONTACT_TICKS:
                self._emit(EV_PROBE_JAM, rod.um, rod.above_ma, self.state)
                self._finish(PROBE_RESULT_JAM)
            return
        self._over = 0
        self._moves()

    def _contact(self) -> None:
        rod = self._rod
        rod.stop()
        if rod.um < self._values[P_PROBE_WINDOW_LOW_UM]:
            self._emit(EV_PROBE_JAM, rod.um, rod.above_ma, self.state)
            self._finish(PROBE_RESULT_JAM)
            return
        if self.state == PROBE_STATE_APPROACH:
            self.contact_um = rod.um
            self._up(PROBE_STATE_BACK_OFF)
            return
        self._emit(EV_PROBE_TOUCHED, self._touches + 1, rod.um, rod.above_ma)
        self._wait = self._values[P_PROBE_SETTLE_MS] // _TICK_MS
        self.state = PROBE_STATE_SETTLE

    def _note_touch(self) -> None:
        """The rod stands at a touch and its reading is fresh."""
        um = self._rod.um
        if self._touches == 0:
            self._touch0 = um
        elif self._touches == 1:
            self._touch1 = um
        else:
            self._touch2 = um
        self.contact_um = um
        self._touches += 1
        if self._touches < _TOUCHES:
            self._up(PROBE_STATE_BACK_OFF)
            return
        first = self._touch0
        second = self._touch1
        low = first if first < second else second
        high = second if first < second else first
        if um <= low:
            middle = low
            low = um
        elif um >= high:
            middle = high
            high = um
        else:
            middle = um
        self.contact_um = middle
        fill = self._bottom_um - middle
        self.fill_um = fill if fill > 0 else 0
        self.uncertainty_um = self._values[P_PROBE_UNCERTAINTY_UM] + (high - low) // 2
        self._emit(EV_PROBE_MEASURED, self.fill_um, self.uncertainty_um, middle)
        self._up(PROBE_STATE_RETRACTING)

    def _rises(self) -> bool:
        """Going up: False when the rod was stopped because it does not come."""
        rod = self._rod
        if rod.driven_ticks * _TICK_MS <= self._values[P_PROBE_INRUSH_MS]:
            return True
        if rod.above_ma >= self._values[P_PROBE_CONTACT_MA]:
            self._over += 1
            # Coming off a contact the rod is still pressed for a moment: it must stand as well.
            if rod.still_ticks * _TICK_MS >= self._values[P_PROBE_STILL_MS]:
                self._emit(EV_PROBE_JAM, rod.um, rod.above_ma, self.state)
                self._finish(PROBE_RESULT_JAM)
                return False
            return True
        self._over = 0
        return self._moves()

    def _moves(self) -> bool:
        """Free travel: False when the rod was stopped because it draws nothing, or its position stands."""
        rod = self._rod
        values = self._values
        if rod.above_ma < values[P_PROBE_MOVING_MIN_MA]:
            self._dead += 1
            if self._dead >= _DEAD_TICKS:
                self._emit(EV_PROBE_NO_CURRENT, rod.drive_permille, rod.above_ma)
                self._finish(PROBE_RESULT_NO_CURRENT)
                return False
        else:
            self._dead = 0
        if rod.still_ticks * _TICK_MS >= values[P_PROBE_STILL_MS]:
            self._sensor()
            return False
        return True

    # -- beginnings and ends -------------------------------------------------------------------------

    def _begin(self, asked: str) -> None:
        if self.busy:
            raise MechanismBusy("probe", self.state, asked)
        self.busy = True
        self.result = PROBE_RESULT_PENDING
        self._ticks = 0

    def _end_retraction(self) -> None:
        self._rod.stop()
        self._emit(EV_PROBE_RETRACTED, self._rod.um)
        self._finish(PROBE_RESULT_OK)

    def _end_jog(self) -> None:
        self._rod.stop()
        self._emit(EV_PROBE_JOGGED, self._rod.um)
        self._finish(PROBE_RESULT_OK)

    def _sensor(self) -> None:
        rod = self._rod
        self._emit(EV_PROBE_SENSOR, rod.um, rod.above_ma, self.state)
        self._finish(PROBE_RESULT_SENSOR)

    def _finish(self, result: int) -> None:
        self._rod.stop()
        self.state = PROBE_STATE_IDLE
        self.busy = False
        self.result = result
