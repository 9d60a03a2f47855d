"""Sealer: pulls a seal out of its dispenser, then presses it on a tube. Two steps, each seen by force against
travel.

Dispensing is believed when the force rises to the pull-out value, falls again, and the dispenser's switch
counts a seal. Activation is believed when the seal meets the tube where the tube stands, the force rises to
the activation value, gives way and stays low, the travel after contact is long enough, and the rail rests
where it rested before. For the force is a current on a rail that others share: a supply that drops out for a
moment, or a servo that comes to rest, looks like a ring that gives way. What is claimed is "seal activated":
force against travel is no leak test. After any failure the drive is off and the ram stays where it is.

Forces in millinewtons, from the rail's current above rest and above the free current; positions in
micrometres from the retracted end. `tick()` allocates nothing; nothing here may be called from an interrupt.
"""

from array import array

from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.mechanisms.rod import Rod
from rochette.tables import (
    EV_SEALER_DISPENSED,
    EV_SEALER_HALTED,
    EV_SEALER_JAM,
    EV_SEALER_JOGGED,
    EV_SEALER_NO_CURRENT,
    EV_SEALER_NO_PULL_OUT,
    EV_SEALER_NOT_ACTIVATED,
    EV_SEALER_REFUSED,
    EV_SEALER_RETRACTED,
    EV_SEALER_SEAL_ACTIVATED,
    EV_SEALER_SEAL_CONTACT,
    EV_SEALER_SENSOR,
    EV_SEALER_TIMEOUT,
    EV_SEALER_TOO_MUCH_RESISTANCE,
    P_SEALER_ACTIVATE_DROP_PERMILLE,
    P_SEALER_ACTIVATE_MAX_MN,
    P_SEALER_ACTIVATE_MIN_MN,
    P_SEALER_ACTIVATE_TRAVEL_UM,
    P_SEALER_CONTACT_HIGH_UM,
    P_SEALER_CONTACT_LOW_UM,
    P_SEALER_CONTACT_MN,
    P_SEALER_DESCEND_PERMILLE,
    P_SEALER_DISPENSE_PERMILLE,
    P_SEALER_FREE_MA,
    P_SEALER_INRUSH_MS,
    P_SEALER_MN_PER_MA,
    P_SEALER_MOVING_MIN_MA,
    P_SEALER_PRESS_FROM_UM,
    P_SEALER_PRESS_PERMILLE,
    P_SEALER_PRESS_TO_UM,
    P_SEALER_PULL_DROP_PERMILLE,
    P_SEALER_PULL_FROM_UM,
    P_SEALER_PULL_MAX_MN,
    P_SEALER_PULL_MIN_MN,
    P_SEALER_PULL_TO_UM,
    P_SEALER_REST_MS,
    P_SEALER_RETRACT_PERMILLE,
    P_SEALER_RETRACTED_UM,
    P_SEALER_STILL_MS,
    P_SEALER_STILL_UM,
    P_SEALER_TIMEOUT_MS,
    SEALER_RESULT_HALTED,
    SEALER_RESULT_JAM,
    SEALER_RESULT_NO_CURRENT,
    SEALER_RESULT_NO_PULL_OUT,
    SEALER_RESULT_NO_SEAL,
    SEALER_RESULT_NOT_ACTIVATED,
    SEALER_RESULT_NOT_RETRACTED,
    SEALER_RESULT_OK,
    SEALER_RESULT_PENDING,
    SEALER_RESULT_SEAL_IN_HAND,
    SEALER_RESULT_SENSOR,
    SEALER_RESULT_TIMEOUT,
    SEALER_RESULT_TOO_MUCH_RESISTANCE,
    SEALER_STATE_DESCENDING,
    SEALER_STATE_DISPENSING,
    SEALER_STATE_IDLE,
    SEALER_STATE_JOGGING,
    SEALER_STATE_PRESSING,
    SEALER_STATE_REST,
    SEALER_STATE_RETRACTING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.analogue import Potentiometer
    from rochette.drivers.digital import ExpanderIn
    from rochette.drivers.h_bridge import HBridge
    from rochette.drivers.ina219 import Ina219
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
_DEAD_TICKS = 20
# A ram that stands with this much above the free current while it is lifted is caught.
_CAUGHT_MA = 150
# Ticks for which the force has to stay low. It is pressed on, and the force soon rises anew.
_LOW_TICKS = 3
# The resting current afterwards may differ by so much: 6 N, half of the least fall that counts.
_REST_MA = 40

RECORD_POINTS = 64
_RECORD_MN = 5000


class Record:
    """Force against travel of one step, for the report: `um` and `mn`, the first `points` of them valid.

    A point is kept at each `pitch_um` of travel and at each change of force by 5 N, so peak and drop stay in
    it; when the room is used up, the rest is left out.
    """

    def __init__(self, pitch_um: int) -> None:
        self.um = array("i", [0] * RECORD_POINTS)
        self.mn = array("i", [0] * RECORD_POINTS)
        self.points = 0
        self._pitch_um = pitch_um

    def clear(self) -> None:
        """Forget all points. Allocates nothing."""
        self.points = 0

    def note(self, um: int, mn: int) -> None:
        """Offer one point. Allocates nothing."""
        count = self.points
        if count == RECORD_POINTS:
            return
        if count:
            change = mn - self.mn[count - 1]
            if um - self.um[count - 1] < self._pitch_um and -_RECORD_MN < change < _RECORD_MN:
                return
        self.um[count] = um
        self.mn[count] = mn
        self.points = count + 1


class Sealer:
    """Seal dispensing and activation.

    bridge, pot, aux: see `Rod`; count: the dispenser's count switch;
    parameters, events: services.

    Attributes, read only: `state`, `busy`, `result` (enums SealerState, SealerResult), `position_um`,
    `force_mn`, `peak_mn`, `peak_um`, `contact_um`, `travel_um` (after contact) of the last step,
    `seal_in_hand`, `activated`, `dispensed` (seals since power-on), `dispense_record` and `activate_record`
    (class Record).
    """

    def __init__(
        self,
        bridge: "HBridge",
        pot: "Potentiometer",
        aux: "Ina219",
        count: "ExpanderIn",
        parameters: "Parameters",
        events: "Events",
    ) -> None:
        self._rod = Rod(bridge, pot, aux)
        self._count_made = count.made
        self._values: "array[int]" = parameters.values
        self._emit = events.emit
        self.name = "sealer"
        self.state = SEALER_STATE_IDLE
        self.busy = False
        self.result = SEALER_RESULT_PENDING
        self.force_mn = 0
        self.peak_mn = 0
        self.peak_um = 0
        self.contact_um = 0
        self.travel_um = 0
        self.seal_in_hand = False
        self.activated = False
        self.dispensed = 0
        # 9.5 mm of dispensing, and 8.5 mm of pressing with 140 N of rise, fit into the points.
        self.dispense_record = Record(200)
        self.activate_record = Record(250)
        self._next = SEALER_STATE_IDLE
        self._target_um = 0
        self._ticks = 0
        self._wait = 0
        self._dead = 0
        self._lowest_mn = 0
        self._low_ticks = 0
        self._rested_ma = 0
        self._counted = 0
        self._count_before = False

    @property
    def position_um(self) -> int:
        """Ram position of the last reading, micrometres."""
        return self._rod.um

    @property
    def above_ma(self) -> int:
        """Current above rest at the last reading, milliamperes."""
        return self._rod.above_ma

    @property
    def still_ms(self) -> int:
        """How long the ram has been driven without travel."""
        return self._rod.still_ticks * 10

    @property
    def retracted(self) -> bool:
        """True when the position sensor, read now, shows the ram clear of the tubes."""
        rod = self._rod
        rod.read()
        return rod.sensor_ok and rod.um <= self._values[P_SEALER_RETRACTED_UM]

    def dispense(self) -> None:
        """Pull one seal out of the dispenser, from the retracted end; the ram then stands just below it.

        Results: OK, NO_PULL_OUT, TOO_MUCH_RESISTANCE, SENSOR, NO_CURRENT, NOT_RETRACTED, SEAL_IN_HAND,
        TIMEOUT. Raises MechanismBusy.
        """
        self._begin("dispense")
        if self.seal_in_hand:
            self._refuse(SEALER_RESULT_SEAL_IN_HAND)
            return
        if not self._ready():
            return
        if self._rod.um > self._values[P_SEALER_RETRACTED_UM]:
            self._refuse(SEALER_RESULT_NOT_RETRACTED)
            return
        self.activated = False
        self._clear_measures()
        self.dispense_record.clear()
        self._counted = 0
        self._count_before = self._count_made()
        self._rest(SEALER_STATE_DISPENSING)

    def activate(self) -> None:
        """Press the dispensed seal on the tube at SEAL until it activates. The ram stays down: retract it
        then.

        Results: OK, NOT_ACTIVATED, TOO_MUCH_RESISTANCE, NO_SEAL, SENSOR, NO_CURRENT, TIMEOUT. Raises
        MechanismBusy.
        """
        self._begin("activate")
        if not self.seal_in_hand:
            self._refuse(SEALER_RESULT_NO_SEAL)
            return
        if not self._ready():
            return
        self.activated = False
        self._clear_measures()
        self.activate_record.clear()
        self._rest(SEALER_STATE_DESCENDING)

    def retract(self) -> None:
        """Lift the ram. Results: OK, JAM, SENSOR, NO_CURRENT, TIMEOUT. Raises MechanismBusy."""
        self._begin("retract")
        self._rest(SEALER_STATE_RETRACTING)

    def jog(self, distance_um: int) -> None:
        """Move by `distance_um` (down positive), slowly; stops at any force.

        Downwards no further than the dispenser, or with a seal in hand than the tube: a seal is never taken
        uncounted, and never pressed. Results: OK, TOO_MUCH_RESISTANCE, SENSOR, NO_CURRENT, TIMEOUT. Raises
        MechanismBusy, MechanismRange.
        """
        rod = self._rod
        rod.read()
        target = rod.um + distance_um
        deepest = self._values[P_SEALER_PRESS_FROM_UM if self.seal_in_hand else P_SEALER_PULL_FROM_UM]
        if deepest < rod.um:
            deepest = rod.um
        if not 0 <= target <= deepest:
            raise MechanismRange("sealer", "target_um", target, 0, deepest)
        self._begin("jog")
        if self._ready():
            self._target_um = target
            self._rest(SEALER_STATE_JOGGING)

    def halt(self) -> None:
        """Stop now, in place. Allocates nothing."""
        if self.busy:
            self._rod.stop()
            self._emit(EV_SEALER_HALTED, self._rod.um, self.state)
            self._finish(SEALER_RESULT_HALTED)

    def tick(self) -> None:
        """One step of the state machine, 100 Hz, after the inputs were polled. Allocates nothing."""
        if not self.busy:
            return
        rod = self._rod
        rod.tick()
        values = self._values
        self._ticks += 1
        if not rod.sensor_ok:
            self._sensor()
            return
        if self._ticks * _TICK_MS > values[P_SEALER_TIMEOUT_MS]:
            self._emit(EV_SEALER_TIMEOUT, rod.um, self._ticks * _TICK_MS, self.state)
            self._finish(SEALER_RESULT_TIMEOUT)
            return
        state = self.state
        if state == SEALER_STATE_REST:
            rod.rest()
            self._wait -= 1
            if self._wait <= 0:
                self._start(self._next)
            return
        if state == SEALER_STATE_RETRACTING:
            self._tick_retracting()
            return
        if state == SEALER_STATE_JOGGING and self._there():
            return
        if rod.driven_ticks * _TICK_MS <= values[P_SEALER_INRUSH_MS]:
            return
        # Rail currents stay below 2 A: times 1000 mN/mA within the board's 31-bit integers.
        force = (rod.above_ma - values[P_SEALER_FREE_MA]) * values[P_SEALER_MN_PER_MA]
        self.force_mn = force
        if force < values[P_SEALER_CONTACT_MN] and self._dead_drive():
            return
        if state == SEALER_STATE_DISPENSING:
            self._tick_dispensing(rod.um, force)
        elif state == SEALER_STATE_DESCENDING:
            self._tick_descending(rod.um, force)
        elif state == SEALER_STATE_PRESSING:
            self._tick_pressing(rod.um, force)
        elif force > values[P_SEALER_CONTACT_MN]:
            self._resist(rod.um, force, values[P_SEALER_CONTACT_MN])
        elif rod.still_ticks * _TICK_MS >= values[P_SEALER_STILL_MS]:
            self._sensor()

    def _there(self) -> bool:
        """True when a jog has come to its end."""
        rod = self._rod
        left = self._target_um - rod.um
        if left > 0 if rod.drive_permille > 0 else left < 0:
            return False
        rod.stop()
        self._emit(EV_SEALER_JOGGED, rod.um)
        self._finish(SEALER_RESULT_OK)
        return True

    # -- the two steps -----------------------------------------------------------------------------

    def _tick_dispensing(self, um: int, force: int) -> None:
        values = self._values
        if not self._count_before and self._count_made():
            self._counted = 1
        if force > values[P_SEALER_PULL_MAX_MN]:
            self._resist(um, force, values[P_SEALER_PULL_MAX_MN])
            return
        if um >= values[P_SEALER_PULL_FROM_UM]:
            self.dispense_record.note(um, force)
            self._note_force(um, force)
        if um < values[P_SEALER_PULL_TO_UM]:
            if self._rod.still_ticks * _TICK_MS >= values[P_SEALER_STILL_MS]:
                # Standing short of the pull-out: pushed against something, or the reading stands.
                if force >= values[P_SEALER_CONTACT_MN]:
                    self._resist(um, force, values[P_SEALER_PULL_MAX_MN])
                else:
                    self._sensor()
            return
        peak = self.peak_mn
        after = self._lowest_mn
        if (
            peak >= values[P_SEALER_PULL_MIN_MN]
            and after * 100 <= peak // 10 * values[P_SEALER_PULL_DROP_PERMILLE]
            and self._counted
        ):
            self.seal_in_hand = True
            self.dispensed += 1
            self._emit(EV_SEALER_DISPENSED, peak, self.peak_um, after, self.dispensed)
            self._finish(SEALER_RESULT_OK)
            return
        self._emit(EV_SEALER_NO_PULL_OUT, peak, self.peak_um, after, self._counted)
        self._finish(SEALER_RESULT_NO_PULL_OUT)

    def _tick_descending(self, um: int, force: int) -> None:
        values = self._values
        if um >= values[P_SEALER_PRESS_FROM_UM]:
            self.state = SEALER_STATE_PRESSING
            self._drive(values[P_SEALER_PRESS_PERMILLE])
            return
        # Past the dispenser nothing may resist; in it another seal may brush by.
        limit = values[P_SEALER_PULL_MAX_MN]
        if um > values[P_SEALER_PULL_TO_UM]:
            limit = values[P_SEALER_CONTACT_MN]
        if force > limit:
            self._resist(um, force, limit)
        elif self._rod.still_ticks * _TICK_MS >= values[P_SEALER_STILL_MS]:
            self._sensor()

    def _tick_pressing(self, um: int, force: int) -> None:
        values = self._values
        self.activate_record.note(um, force)
        self._note_force(um, force)
        if self.contact_um == 0:
            if force >= values[P_SEALER_CONTACT_MN]:
                if um < values[P_SEALER_CONTACT_LOW_UM]:
                    self._resist(um, force, values[P_SEALER_CONTACT_MN])
                    return
                self.contact_um = um
                self._emit(EV_SEALER_SEAL_CONTACT, um)
            elif um >= values[P_SEALER_CONTACT_HIGH_UM]:
                self._not_activated()
                return
            elif self._rod.still_ticks * _TICK_MS >= values[P_SEALER_STILL_MS]:
                self._sensor()
                return
        elif not self._low_ticks:
            self.travel_um = um - self.contact_um
        peak = self.peak_mn
        long_enough = self.travel_um >= values[P_SEALER_ACTIVATE_TRAVEL_UM]
        gave_way = force * 100 <= peak // 10 * values[P_SEALER_ACTIVATE_DROP_PERMILLE]
        if self._rod.above_ma < values[P_SEALER_MOVING_MIN_MA]:
            return  # nobody presses: a supply that dropped out, and no fall of force
        if not gave_way:
            self._low_ticks = 0
        elif peak >= values[P_SEALER_ACTIVATE_MIN_MN] and long_enough:
            self._low_ticks += 1
            if self._low_ticks == _LOW_TICKS:
                self._rested_ma = self._rod.rest_ma
                self._rest(SEALER_STATE_PRESSING)
            return
        if force >= values[P_SEALER_ACTIVATE_MAX_MN] and not long_enough:
            self._resist(um, force, values[P_SEALER_ACTIVATE_MAX_MN])
            return
        if (
            force >= values[P_SEALER_ACTIVATE_MAX_MN]
            or um >= values[P_SEALER_PRESS_TO_UM]
            or self._rod.still_ticks * _TICK_MS >= values[P_SEALER_STILL_MS]
        ):
            self._not_activated()

    def _rested(self) -> None:
        """The ring gave way, and the drive has been off since: what was force was force if the rail rests as
        before."""
        change_ma = self._rod.rest_ma - self._rested_ma
        if change_ma > _REST_MA or change_ma < -_REST_MA:
            self._not_activated()
            return
        self.activated = True
        self.seal_in_hand = False
        self._emit(EV_SEALER_SEAL_ACTIVATED, self.peak_mn, self.travel_um, self.contact_um)
        self._finish(SEALER_RESULT_OK)

    def _note_force(self, um: int, force: int) -> None:
        """Keep the highest force, and the lowest after it."""
        if force > self.peak_mn:
            self.peak_mn = force
            self.peak_um = um
            self._lowest_mn = force
        elif force < self._lowest_mn:
            self._lowest_mn = force

    def _tick_retracting(self) -> None:
        rod = self._rod
        values = self._values
        if rod.um <= values[P_SEALER_RETRACTED_UM]:
            self._emit(EV_SEALER_RETRACTED, rod.um)
            self._finish(SEALER_RESULT_OK)
            return
        if rod.driven_ticks * _TICK_MS <= values[P_SEALER_INRUSH_MS] or self._dead_drive():
            return
        if rod.still_ticks * _TICK_MS >= values[P_SEALER_STILL_MS]:
            if rod.above_ma >= values[P_SEALER_FREE_MA] + _CAUGHT_MA:
                self._emit(EV_SEALER_JAM, rod.um, rod.above_ma)
                self._finish(SEALER_RESULT_JAM)
            else:
                self._sensor()

    def _dead_drive(self) -> bool:
        """True when the ram was stopped because it draws nothing."""
        rod = self._rod
        if rod.above_ma >= self._values[P_SEALER_MOVING_MIN_MA]:
            self._dead = 0
            return False
        self._dead += 1
        if self._dead < _DEAD_TICKS:
            return False
        self._emit(EV_SEALER_NO_CURRENT, rod.drive_permille, rod.above_ma)
        self._finish(SEALER_RESULT_NO_CURRENT)
        return True

    # -- beginnings and ends -------------------------------------------------------------------------

    def _begin(self, asked: str) -> None:
        if self.busy:
            raise MechanismBusy("sealer", self.state, asked)
        self.busy = True
        self.result = SEALER_RESULT_PENDING
        self._ticks = 0
        self._rod.read()

    def _ready(self) -> bool:
        if self._rod.sensor_ok:
            return True
        self._sensor()
        return False

    def _clear_measures(self) -> None:
        self.force_mn = 0
        self.peak_mn = 0
        self.peak_um = 0
        self.contact_um = 0
        self.travel_um = 0
        self._lowest_mn = 0
        self._low_ticks = 0

    def _rest(self, after: int) -> None:
        self._rod.begin_rest()
        self._wait = self._values[P_SEALER_REST_MS] // _TICK_MS
        self._next = after
        self.state = SEALER_STATE_REST

    def _start(self, state: int) -> None:
        values = self._values
        self.state = state
        if state == SEALER_STATE_DISPENSING:
            self._drive(values[P_SEALER_DISPENSE_PERMILLE])
        elif state == SEALER_STATE_DESCENDING:
            self._drive(values[P_SEALER_DESCEND_PERMILLE])
        elif state == SEALER_STATE_PRESSING:
            self._rested()
        elif state == SEALER_STATE_JOGGING:
            slow = values[P_SEALER_PRESS_PERMILLE]
            self._drive(slow if self._target_um > self._rod.um else -slow)
        elif self._rod.um > values[P_SEALER_RETRACTED_UM]:
            self._drive(-values[P_SEALER_RETRACT_PERMILLE])

    def _drive(self, permille: int) -> None:
        self._dead = 0
        self._rod.drive(permille, self._values[P_SEALER_STILL_UM])

    def _refuse(self, result: int) -> None:
        self._emit(EV_SEALER_REFUSED, result, self._rod.um, 1 if self.seal_in_hand else 0)
        self._finish(result)

    def _resist(self, um: int, force: int, limit: int) -> None:
        self._emit(EV_SEALER_TOO_MUCH_RESISTANCE, um, force, limit, self.state)
        self._finish(SEALER_RESULT_TOO_MUCH_RESISTANCE)

    def _not_activated(self) -> None:
        self._emit(EV_SEALER_NOT_ACTIVATED, self.peak_mn, self.travel_um, self.contact_um)
        self._finish(SEALER_RESULT_NOT_ACTIVATED)

    def _sensor(self) -> None:
        rod = self._rod
        self._emit(EV_SEALER_SENSOR, rod.um, rod.above_ma, self.state)
        self._finish(SEALER_RESULT_SENSOR)

    def _finish(self, result: int) -> None:
        self._rod.stop()
        self.state = SEALER_STATE_IDLE
        self.busy = False
        self.result = result
