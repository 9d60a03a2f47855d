"""Feed: the carriage that lowers the bit. Homing, free moves, contact, weight on bit, retract.

Positions are micrometres below the edge of the home switch, counted in steps from there. Weights are
millinewtons on the load cell, less the reading with the tool hanging free (`tare_mn`): pressing is positive,
pulling negative. A spring stands between carriage and bit, so the bit is at z - weight / spring rate: contact
and depth are always given for the bit, not the carriage.

The feed has no encoder. What it is told is compared with four witnesses: home switch, bottom switch, the
driver's stall output and the load cell. A stall without load is a BRAKE; switches that contradict the steps
without a stall are an ENCODER fault; a stall or a pull while rising is the rock's grip, STALLED, and holds
everything. It never releases anything by itself.

`tick()` (100 Hz) allocates nothing; nothing here may be called from an interrupt. Parameters are read when an
action starts.
"""

from array import array

from rochette.mechanisms.axis import Axis
from rochette.mechanisms.errors import MechanismBusy
from rochette.tables import (
    DEGRADED_NO_LOAD_CELL,
    EV_FEED_BRAKE,
    EV_FEED_CONTACT_EARLY,
    EV_FEED_CONTACT_FOUND,
    EV_FEED_CONTACT_NONE,
    EV_FEED_DRILL_LOADED,
    EV_FEED_HOME_SWITCH_STUCK,
    EV_FEED_HOMED,
    EV_FEED_LIMIT_REACHED,
    EV_FEED_LOAD_CELL_SILENT,
    EV_FEED_OBSTRUCTED,
    EV_FEED_OVERLOAD,
    EV_FEED_SENSORS_DISAGREE,
    EV_FEED_STALLED,
    EV_FEED_STEPS_LOST,
    EV_FEED_TARE_REFUSED,
    EV_FEED_TARED,
    EV_FEED_TIMED_OUT,
    FEED_RESULT_BRAKE,
    FEED_RESULT_DRILL_LOADED,
    FEED_RESULT_EARLY_CONTACT,
    FEED_RESULT_ENCODER,
    FEED_RESULT_HALTED,
    FEED_RESULT_HOME_SWITCH,
    FEED_RESULT_LIMIT,
    FEED_RESULT_NO_CONTACT,
    FEED_RESULT_NONE,
    FEED_RESULT_NOT_HOMED,
    FEED_RESULT_OBSTRUCTED,
    FEED_RESULT_OK,
    FEED_RESULT_OVERLOAD,
    FEED_RESULT_SENSOR,
    FEED_RESULT_STALLED,
    FEED_RESULT_TIMEOUT,
    FEED_STATE_HALTING,
    FEED_STATE_HOLDING,
    FEED_STATE_HOMING_BACK,
    FEED_STATE_HOMING_FAST,
    FEED_STATE_HOMING_PROBE,
    FEED_STATE_HOMING_SETTLE,
    FEED_STATE_HOMING_SLOW,
    FEED_STATE_IDLE,
    FEED_STATE_MOVING,
    FEED_STATE_RETRACTING,
    FEED_STATE_SEEKING,
    FEED_STATE_SETTLING,
    FEED_STATE_TARING,
    P_FEED_ACCELERATION_UM_S2,
    P_FEED_DEADLINE_EXTRA_MS,
    P_FEED_DEADLINE_PERMILLE,
    P_FEED_EARLY_MN,
    P_FEED_FEEL_MAX_MN,
    P_FEED_FEEL_SAMPLES,
    P_FEED_FORCE_LIMIT_MN,
    P_FEED_FREE_LIMIT_MN,
    P_FEED_GRIP_MN,
    P_FEED_HOLD_GAIN_UM_S_N,
    P_FEED_HOLD_UM_S,
    P_FEED_HOME_BACK_OFF_UM,
    P_FEED_HOME_FAST_UM_S,
    P_FEED_HOME_RELEASE_UM,
    P_FEED_HOME_SLOW_UM_S,
    P_FEED_LOADED_MN,
    P_FEED_PROBE_UM,
    P_FEED_PULL_LIMIT_MN,
    P_FEED_RETRACT_UM_S,
    P_FEED_SEEK_FAST_UM_S,
    P_FEED_SEEK_MARGIN_UM,
    P_FEED_SEEK_SLOW_UM_S,
    P_FEED_SETTLE_MS,
    P_FEED_SILENT_MS,
    P_FEED_STALL_MS,
    P_FEED_START_STOP_UM_S,
    P_FEED_SWITCH_MARGIN_UM,
    P_FEED_TARE_LIMIT_MN,
    P_FEED_TARE_SAMPLES,
    P_FEED_TRAVEL_UM_S,
    P_FEED_WITNESS_MS,
    P_FEED_WITNESS_UM,
    P_SYSTEM_DEGRADED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.drivers.digital import DigitalIn
    from rochette.drivers.hx711 import Hx711
    from rochette.drivers.mcp23017 import Mcp23017
    from rochette.drivers.stepper import Stepper
    from rochette.mechanisms.current_force import CurrentForce
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
_RING = 4  # bit positions a quarter of a second apart: the oldest is one second old
_RING_TICKS = 25
_RISE_MN = 3000  # a change of weight that is no noise
_FELT_RISE_MN = 12000  # the same by the spindle's current, of which speed and cuttings take their share
_LOADED_MN = 4000  # a weight that must go when the carriage rises
_NO_CELL = 1 << DEGRADED_NO_LOAD_CELL
_SWITCH_TICKS = 7  # while a weight is held the two end switches are read every 80 ms: 0.12 mm at most


class Feed:
    """The feed axis.

    Attributes: state (FeedState), busy, result (FeedResult of the last action, NONE while it runs), homed,
    contact_um (carriage position at which the bit touched without force; -1 when unknown), tare_mn, and while
    a weight is held: bit_um (position of the bit), progress_um_s (its speed over the last second), proven
    (see prove). `felt`, set from outside: what stands for the load cell in the degraded mode NO_LOAD_CELL,
    from the next action on; the change of it costs the datum. No method allocates, except that starting a
    busy feed raises.
    """

    def __init__(
        self,
        stepper: "Stepper",
        home: "DigitalIn",
        bottom: "DigitalIn",
        switches: "Mcp23017",
        stall_bit: int,
        load_cell: "Hx711",
        mechanics: "dict[str, int]",
        parameters: "Parameters",
        events: "Events",
    ) -> None:
        """mechanics: the board's feed_nm_per_step, feed_travel_um and feed_spring_mn_per_um. stall_bit: the
        bit of `switches`.
        """
        self.name = "feed"
        self._stepper = stepper
        self._home = home
        self._bottom = bottom
        self._switches = switches
        self._stall_bit = stall_bit
        self._weighed = load_cell
        self._cell: "Any" = load_cell
        self.felt: "CurrentForce | None" = None
        self._events = events
        self._values = parameters.values
        self._nm = mechanics["feed_nm_per_step"]
        self._travel_um = mechanics["feed_travel_um"]
        self._spring = mechanics["feed_spring_mn_per_um"]
        self._axis = Axis(stepper)
        self.state = FEED_STATE_IDLE
        self.busy = False
        self.result = FEED_RESULT_NONE
        self.homed = False
        self.contact_um = -1
        self.tare_mn = 0
        self.bit_um = 0
        self.progress_um_s = 0
        self.proven = False
        self._home_tare_mn = 0
        self._was_homed = False
        self._pending = FEED_RESULT_NONE
        self._left = 0
        self._stall = 0
        self._stall_max = 5
        self._silent = 0
        self._silent_max = 20
        self._samples = 0
        self._edge = 0
        self._released = False
        self._from_home = False
        self._start_mn = 0
        self._free_um = 0
        self._witness = 0
        self._witness_mn = 0
        self._witness_um = 600
        self._witness_ticks = 100
        self._saturated = 0
        self._saturated_mn = 0
        self._start = 0
        self._rising = False
        self._target_um = 0
        self._low_um = 0
        self._high_um = 0
        self._force_mn = 0
        self._weight_set_mn = 0
        self._gain = 150
        self._hold_max = 1500
        self._force_limit = 130000
        self._margin = 500
        self._tare_sum = 0
        self._tare_count = 0
        self._tare_wanted = 16
        self._tare_then = FEED_STATE_IDLE
        self._switch_wait = 0
        self._ring = array("i", [0] * _RING)
        self._ring_at = 0
        self._ring_wait = 0

    # -- what it knows -------------------------------------------------------------------------------

    @property
    def z_um(self) -> int:
        """Carriage position from the counted steps, micrometres below the home switch."""
        return self._stepper.position * self._nm // 1000

    @property
    def load_mn(self) -> int:
        """Load cell as it reads; the tool that hangs in it pulls it below 0."""
        return self._cell.weight_mn

    @property
    def ends_made(self) -> int:
        """Which end switches are made: 1 the home switch, 2 the bottom one, 3 both."""
        return int(self._home.made()) | int(self._bottom.made()) << 1

    @property
    def weight_mn(self) -> int:
        """Load cell less its reading with the tool hanging free; pressing is positive."""
        return self._cell.weight_mn - self.tare_mn

    # -- actions -------------------------------------------------------------------------------------

    def home(self) -> None:
        """Find the home switch fast, back off until it releases, find its edge slowly, take datum and tare
        there.

        Results: OK, HOME_SWITCH (never releases: polarity), BRAKE, ENCODER (end of travel without the
        switch), SENSOR, TIMEOUT. Raises MechanismBusy.
        """
        self._begin("home")
        values = self._values
        self._was_homed = self.homed
        self.homed = False
        self.contact_um = -1
        self._start = self._stepper.position
        if self._home.made():
            self._back_off()
            return
        speed = values[P_FEED_HOME_FAST_UM_S]
        self._deadline(self._travel_um + 10000, speed)
        self._axis.glide(-self._rate(speed))
        self._rising = True
        self.state = FEED_STATE_HOMING_FAST

    def move_to(self, z_um: int, speed_um_s: int = 0) -> None:
        """Move free of the rock to `z_um` (0 to the travel) at up to `speed_um_s` (0: the travel speed;
        bounded by it).

        Results: OK, OBSTRUCTED (force on the way down), STALLED (pull or stall on the way up), BRAKE,
        ENCODER, LIMIT, NOT_HOMED, SENSOR, TIMEOUT. Raises MechanismBusy.
        """
        self._begin("move")
        if not self._may_go(z_um):
            return
        top = self._values[P_FEED_TRAVEL_UM_S]
        if speed_um_s <= 0 or speed_um_s > top:
            speed_um_s = top
        self._go(z_um, speed_um_s, FEED_STATE_MOVING)

    def jog(self, distance_um: int, speed_um_s: int) -> None:
        """Move by `distance_um` (down positive), also before homing; stops at any switch, force or stall.
        Results as move_to.
        """
        self._begin("jog")
        z_um = self.z_um + distance_um
        if self.homed and not self._may_go(z_um):
            return
        top = self._values[P_FEED_START_STOP_UM_S]
        if speed_um_s <= 0 or speed_um_s > top:
            speed_um_s = top
        self._go(z_um, speed_um_s, FEED_STATE_MOVING)

    def seek_contact(self, low_um: int, high_um: int, force_mn: int) -> None:
        """Take the zero of weight, then go down until the weight reaches `force_mn`.

        `contact_um` is where the bit touched, the spring's compression taken off. Results: OK (low_um <=
        contact_um <= high_um), EARLY_CONTACT (touched above the window; stopped at the early-contact force,
        no more is put on), NO_CONTACT, OBSTRUCTED (the zero of weight was refused: it touches already),
        BRAKE, ENCODER, LIMIT, NOT_HOMED, SENSOR, TIMEOUT. Raises MechanismBusy.
        """
        self._begin("seek contact")
        if not self._may_go(low_um) or not self._may_go(high_um):
            return
        values = self._values
        self.contact_um = -1
        self._low_um = low_um
        self._high_um = high_um
        self._force_mn = force_mn
        self._tare(FEED_STATE_SEEKING)
        fast_um = low_um - self.z_um
        if fast_um < 0:
            fast_um = 0
        self._deadline(fast_um, values[P_FEED_SEEK_FAST_UM_S])
        fast = self._left
        self._deadline(high_um - low_um + force_mn // self._spring + 3000, values[P_FEED_SEEK_SLOW_UM_S])
        self._left += fast

    def hold_weight(self, weight_mn: int) -> None:
        """Hold `weight_mn` on the bit: closed loop at the load cell's rate, busy until halted or a fault.

        While it holds, another call only changes the weight. Results: HALTED, OVERLOAD, LIMIT, BRAKE,
        ENCODER, SENSOR, NOT_HOMED. Raises MechanismBusy while another action runs.
        """
        if self._cell is self.felt and weight_mn > self._values[P_FEED_FEEL_MAX_MN]:
            weight_mn = self._values[P_FEED_FEEL_MAX_MN]
        self._weight_set_mn = weight_mn
        if self.state == FEED_STATE_HOLDING:
            return
        self._begin("hold a weight")
        if not self.homed:
            self._end(FEED_RESULT_NOT_HOMED)
            return
        values = self._values
        self._gain = values[P_FEED_HOLD_GAIN_UM_S_N]
        self._hold_max = values[P_FEED_HOLD_UM_S]
        self._force_limit = values[P_FEED_FORCE_LIMIT_MN]
        self._witness_ticks = values[P_FEED_WITNESS_MS] // _TICK_MS
        self._witness = 0
        self.proven = False
        self._saturated = 0
        self._saturated_mn = self.weight_mn
        self._rising = False
        self.bit_um = self.z_um - self.weight_mn // self._spring
        self.progress_um_s = 0
        for index in range(_RING):
            self._ring[index] = self.bit_um
        self._ring_wait = _RING_TICKS
        self._switch_wait = 0
        self.state = FEED_STATE_HOLDING

    def prove(self) -> None:
        """Witness move: does the carriage follow? While a weight is held, goes up a little once; `proven`
        becomes True when the weight falls, else the action ends with BRAKE. Without a weight there is no
        telling and nothing is done.
        """
        weight = self.weight_mn
        least = _FELT_RISE_MN if self._cell is self.felt else _RISE_MN
        if self.state != FEED_STATE_HOLDING or self._witness or weight <= least:
            return
        self.proven = False
        self._witness = self._witness_um * 100 // self._hold_max + 5
        self._witness_mn = weight
        self._saturated = 0

    def retract_to(self, z_um: int, speed_um_s: int = 0) -> None:
        """Pull the bit up to `z_um` with force and stall watched (0: the retract speed).

        Results: OK, STALLED (stall or pull above the limit: everything stays where it is), DRILL_LOADED
        (risen, but a force remains), BRAKE, ENCODER, LIMIT, NOT_HOMED, SENSOR, TIMEOUT. Raises MechanismBusy.
        """
        self._begin("retract")
        if not self._may_go(z_um):
            return
        values = self._values
        top = values[P_FEED_START_STOP_UM_S]
        if speed_um_s <= 0:
            speed_um_s = values[P_FEED_RETRACT_UM_S]
        if speed_um_s > top:
            speed_um_s = top
        self._go(z_um, speed_um_s, FEED_STATE_RETRACTING)

    def halt(self) -> None:
        """Stop now, in place: result HALTED. Above the start-stop speed the carriage first slows down, busy
        for 0.2 s at most.
        """
        if self.busy and self.state != FEED_STATE_HALTING:
            self._end(FEED_RESULT_HALTED)

    def forget_position(self) -> None:
        """The stepper lost its power: what the steps say is no longer true. Stops; a new home() is needed."""
        if self.busy:
            self._axis.stop()
            self._finish(FEED_RESULT_HALTED)
        self.homed = False
        self.contact_um = -1

    # -- 100 Hz --------------------------------------------------------------------------------------

    def tick(self) -> None:
        """One step of what it is doing. 100 Hz, after the inputs were polled and before the stepper's tick.
        Allocates nothing.
        """
        state = self.state
        if state == FEED_STATE_IDLE:
            return
        if state == FEED_STATE_HOLDING:
            self._tick_holding()
            return
        if state == FEED_STATE_HALTING:
            self._axis.tick()
            if not self._axis.moving:
                self._finish(self._pending)
            return
        self._left -= 1
        if self._left < 0:
            self._events.emit(EV_FEED_TIMED_OUT, state, self.z_um)
            self._end(FEED_RESULT_TIMEOUT)
            return
        if self._cell_silent() or self._stalled(state):
            return
        if state == FEED_STATE_MOVING or state == FEED_STATE_RETRACTING:
            self._tick_moving(state)
        elif state == FEED_STATE_SEEKING:
            self._tick_seeking()
        elif state == FEED_STATE_TARING:
            self._tick_taring()
        elif state == FEED_STATE_SETTLING:
            if self._left <= self._edge:
                self._judge_load()
        else:
            self._tick_homing(state)

    def _tick_holding(self) -> None:
        if self._stalled(FEED_STATE_HOLDING):
            return
        cell = self._cell
        if cell.samples == self._samples:
            if self._cell_silent():
                return
        else:
            self._samples = cell.samples
            self._silent = 0
            weight = cell.weight_mn - self.tare_mn
            z_um = self._stepper.position * self._nm // 1000
            self.bit_um = z_um - weight // self._spring
            if weight > self._force_limit:
                self._events.emit(EV_FEED_OVERLOAD, weight, self._force_limit)
                self._end(FEED_RESULT_OVERLOAD)
                return
            speed = self.progress_um_s
            if speed < 0:
                speed = 0
            speed += (self._weight_set_mn - weight) * self._gain // 1000
            limit = self._hold_max
            if speed > limit:
                speed = limit
            elif speed < -limit:
                speed = -limit
            if self._witness:
                if self._judge_witness(weight):
                    return
                speed = -limit
            elif speed < limit or weight > self._saturated_mn + _RISE_MN:
                self._saturated = 0
                self._saturated_mn = weight
            else:
                self._saturated += 1
                if self._saturated >= self._witness_ticks and weight > _RISE_MN:
                    self.prove()
            self._axis.glide(speed * 1000 // self._nm)
        self._switch_wait -= 1
        if self._switch_wait < 0:
            self._switch_wait = _SWITCH_TICKS
            if self._switch_stops(False):
                return
        self._ring_wait -= 1
        if self._ring_wait == 0:
            self._ring_wait = _RING_TICKS
            at = self._ring_at
            self.progress_um_s = self.bit_um - self._ring[at]
            self._ring[at] = self.bit_um
            self._ring_at = (at + 1) % _RING
        self._axis.tick()

    def _judge_witness(self, weight: int) -> bool:
        """Counts the witness move down; at its end the weight must have fallen. True: it has not, brake."""
        self._witness -= 1
        if self._witness or self._witness_mn - weight > _RISE_MN:
            if self._witness_mn - weight > _RISE_MN:
                self._witness = 0
                self._saturated_mn = weight
                self.proven = True
            return False
        self._braked(weight)
        return True

    def _tick_moving(self, state: int) -> None:
        weight = self.weight_mn
        rising = self._rising
        if rising and -weight > self._values[P_FEED_PULL_LIMIT_MN]:
            self._held(weight)
            return
        if not rising and weight > self._values[P_FEED_FREE_LIMIT_MN]:
            self._events.emit(EV_FEED_OBSTRUCTED, weight, self.z_um)
            self._end(FEED_RESULT_OBSTRUCTED)
            return
        if self._from_home and not self._home.made():
            self._from_home = False
        if self._switch_stops(rising):
            return
        if rising and self._start_mn > _LOADED_MN and self.z_um < self._free_um:
            if weight * 2 > self._start_mn:
                # The spring ought to be relaxed by now.
                self._braked(weight)
                return
            self._start_mn = 0
        self._axis.tick()
        if self._axis.moving:
            return
        if state == FEED_STATE_MOVING:
            self._end(FEED_RESULT_OK)
            return
        self._left = 100 + self._values[P_FEED_SETTLE_MS] // _TICK_MS
        self._edge = 100
        self.state = FEED_STATE_SETTLING

    def _judge_load(self) -> None:
        weight = self.weight_mn
        limit = self._values[P_FEED_LOADED_MN]
        if -limit <= weight <= limit:
            self._end(FEED_RESULT_OK)
            return
        self._events.emit(EV_FEED_DRILL_LOADED, self.z_um, weight)
        self._end(FEED_RESULT_DRILL_LOADED)

    def _tick_seeking(self) -> None:
        values = self._values
        weight = self.weight_mn
        z_um = self.z_um
        bit_um = z_um - weight // self._spring
        early = values[P_FEED_EARLY_MN]
        if early > self._force_mn:
            early = self._force_mn
        if weight >= early and bit_um < self._low_um:
            self.contact_um = bit_um
            self._events.emit(EV_FEED_CONTACT_EARLY, bit_um, weight, self._low_um)
            self._end(FEED_RESULT_EARLY_CONTACT)
            return
        if weight >= self._force_mn:
            self.contact_um = bit_um
            self._events.emit(EV_FEED_CONTACT_FOUND, bit_um, weight)
            self._end(FEED_RESULT_OK)
            return
        if bit_um > self._high_um:
            self._events.emit(EV_FEED_CONTACT_NONE, self._high_um, weight)
            self._end(FEED_RESULT_NO_CONTACT)
            return
        if self._switch_stops(False):
            return
        slow = values[P_FEED_SEEK_SLOW_UM_S]
        speed = slow
        if weight < early // 2 and z_um < self._low_um - values[P_FEED_SEEK_MARGIN_UM]:
            speed = values[P_FEED_SEEK_FAST_UM_S]
        self._axis.glide(self._rate(speed))
        self._axis.tick()

    def _tick_taring(self) -> None:
        cell = self._cell
        self._axis.tick()
        if self._silent or self._axis.moving:
            return
        self._tare_count += 1
        self._tare_sum += cell.weight_mn
        if self._tare_count < self._tare_wanted:
            return
        tare = self._tare_sum // self._tare_count
        if self.felt is not None and cell is self.felt:
            # The current of turning in the air; at homing nothing turns, and it is 0.
            self.felt.take_zero(tare)
            tare = 0
        if self._tare_then == FEED_STATE_IDLE:
            self._home_tare_mn = tare
        limit = self._values[P_FEED_TARE_LIMIT_MN]
        change = tare - self._home_tare_mn
        if change > limit or change < -limit:
            self._events.emit(EV_FEED_TARE_REFUSED, change, limit)
            self._end(FEED_RESULT_OBSTRUCTED)
            return
        self.tare_mn = tare
        self._events.emit(EV_FEED_TARED, tare)
        if self._tare_then == FEED_STATE_IDLE:
            self._end(FEED_RESULT_OK)
        else:
            self.state = self._tare_then

    def _tick_homing(self, state: int) -> None:
        axis = self._axis
        made = self._home.made()
        position = self._stepper.position
        if state == FEED_STATE_HOMING_FAST:
            if made:
                self._back_off()
            elif (self._start - position) * self._nm // 1000 > self._travel_um + 5000:
                # Neither the switch nor a stall at the end stop behind it: the carriage never moved.
                self._braked(self.weight_mn)
                return
        elif state == FEED_STATE_HOMING_BACK:
            if not self._released:
                if not made:
                    # Released: this much further, then slowly back.
                    self._released = True
                    self._edge = position + self._steps(self._values[P_FEED_HOME_BACK_OFF_UM])
                elif (position - self._start) * self._nm // 1000 > self._values[P_FEED_HOME_RELEASE_UM]:
                    self._events.emit(EV_FEED_HOME_SWITCH_STUCK, (position - self._start) * self._nm // 1000)
                    self._end(FEED_RESULT_HOME_SWITCH)
                    return
            elif position >= self._edge:
                if made:
                    # It released and closed again on the way down: it chatters or it is not this switch.
                    self._disagree()
                    return
                axis.stop()
                axis.glide(-self._rate(self._values[P_FEED_HOME_SLOW_UM_S]))
                self._start = position
                self._rising = True
                self.state = FEED_STATE_HOMING_SLOW
        elif state == FEED_STATE_HOMING_SLOW:
            if made:
                self._edge = position
                axis.go(position, 1000)
                self.state = FEED_STATE_HOMING_SETTLE
            elif (self._start - position) * self._nm // 1000 > 2 * self._values[
                P_FEED_HOME_BACK_OFF_UM
            ] + self._margin:
                self._disagree()
                return
        elif state == FEED_STATE_HOMING_SETTLE:
            if not axis.moving:
                self._take_datum(position)
                return
        elif not axis.moving:
            # HOMING_PROBE: it stalled at the top but moves down, so no brake; the switch there was not seen.
            self._disagree()
            return
        axis.tick()

    def _take_datum(self, position: int) -> None:
        drift_um = self._edge * self._nm // 1000
        self._stepper.reset_position(position - self._edge)
        self.homed = True
        if self._was_homed and (drift_um > self._margin or drift_um < -self._margin):
            self._events.emit(EV_FEED_STEPS_LOST, drift_um)
        self._events.emit(EV_FEED_HOMED, drift_um if self._was_homed else 0)
        self._left = 500
        self._tare(FEED_STATE_IDLE)

    # -- beginnings, guards, ends --------------------------------------------------------------------

    def _begin(self, asked: str) -> None:
        if self.busy:
            raise MechanismBusy("feed", self.state, asked)
        values = self._values
        self._choose_cell()
        self._axis.limits(
            self._rate(values[P_FEED_ACCELERATION_UM_S2]), self._rate(values[P_FEED_START_STOP_UM_S])
        )
        self._stall_max = values[P_FEED_STALL_MS] // _TICK_MS
        self._silent_max = values[P_FEED_SILENT_MS] // _TICK_MS
        self._margin = values[P_FEED_SWITCH_MARGIN_UM]
        self._witness_um = values[P_FEED_WITNESS_UM]
        self._from_home = self.homed and self.z_um <= self._margin and self._home.made()
        self._stall = 0
        self._silent = 0
        self.busy = True
        self.result = FEED_RESULT_NONE

    def _choose_cell(self) -> None:
        """The load cell, or what stands for it. Its tare is not the other's: only home() and jog() go on."""
        cell: "Any" = self._weighed
        if self.felt is not None and self._values[P_SYSTEM_DEGRADED] & _NO_CELL:
            cell = self.felt
        if cell is not self._cell:
            self._cell = cell
            self._samples = cell.samples
            self.homed = False
            self.tare_mn = 0

    def _may_go(self, z_um: int) -> bool:
        if not self.homed:
            self._end(FEED_RESULT_NOT_HOMED)
            return False
        if z_um < 0 or z_um > self._travel_um:
            self._events.emit(EV_FEED_LIMIT_REACHED, self.z_um, z_um)
            self._end(FEED_RESULT_LIMIT)
            return False
        return True

    def _go(self, z_um: int, speed_um_s: int, state: int) -> None:
        now_um = self.z_um
        away = z_um - now_um
        self._rising = away < 0
        self._start_mn = self.weight_mn
        self._free_um = now_um - self._start_mn // self._spring - self._witness_um
        self._target_um = z_um
        self._deadline(-away if away < 0 else away, speed_um_s)
        self._axis.go(self._steps(z_um), self._rate(speed_um_s))
        self.state = state

    def _back_off(self) -> None:
        """Down until the home switch releases. Called at once with the switch made."""
        speed = self._values[P_FEED_HOME_SLOW_UM_S]
        self._start = self._stepper.position
        self._released = False
        self._rising = False
        self._deadline(
            self._values[P_FEED_HOME_RELEASE_UM] + 3 * self._values[P_FEED_HOME_BACK_OFF_UM], speed
        )
        self._axis.stop()
        self._axis.glide(self._rate(speed))
        self.state = FEED_STATE_HOMING_BACK

    def _tare(self, then: int) -> None:
        self._tare_sum = 0
        self._tare_count = 0
        felt = self._cell is self.felt
        self._tare_wanted = self._values[P_FEED_FEEL_SAMPLES if felt else P_FEED_TARE_SAMPLES]
        self._tare_then = then
        self.state = FEED_STATE_TARING

    def _rate(self, um_s: int) -> int:
        return um_s * 1000 // self._nm

    def _steps(self, um: int) -> int:
        return um * 1000 // self._nm

    def _deadline(self, distance_um: int, speed_um_s: int) -> None:
        values = self._values
        ticks = distance_um * 100 // speed_um_s
        self._left = (
            ticks * values[P_FEED_DEADLINE_PERMILLE] // 1000 + values[P_FEED_DEADLINE_EXTRA_MS] // _TICK_MS
        )

    def _cell_silent(self) -> bool:
        samples = self._cell.samples
        if samples != self._samples:
            self._samples = samples
            self._silent = 0
            return False
        self._silent += 1
        if self._silent <= self._silent_max:
            return False
        self._events.emit(EV_FEED_LOAD_CELL_SILENT, self._silent * _TICK_MS)
        self._end(FEED_RESULT_SENSOR)
        return True

    def _stalled(self, state: int) -> bool:
        """True when the driver's stall output has stood long enough; the action has then ended, or goes on to
        the probe.
        """
        if not self._switches.made(self._stall_bit):
            self._stall = 0
            return False
        self._stall += 1
        if self._stall < self._stall_max or state == FEED_STATE_SETTLING or state == FEED_STATE_TARING:
            return False
        weight = self.weight_mn
        if state == FEED_STATE_HOMING_FAST or state == FEED_STATE_HOMING_SLOW:
            # The top end stop behind a dead switch, or a brake: try the other way.
            self._axis.stop()
            self._stall = -self._stall_max
            self._rising = False
            probe_um = self._values[P_FEED_PROBE_UM]
            self._axis.go(
                self._stepper.position + self._steps(probe_um),
                self._rate(self._values[P_FEED_HOME_SLOW_UM_S]),
            )
            self._deadline(probe_um, self._values[P_FEED_HOME_SLOW_UM_S])
            self.state = FEED_STATE_HOMING_PROBE
            return True
        if self._rising and -weight > self._values[P_FEED_GRIP_MN]:
            self._held(weight)
            return True
        self._braked(weight)
        return True

    def _braked(self, weight_mn: int) -> None:
        self._axis.stop()
        self._events.emit(EV_FEED_BRAKE, self.z_um, weight_mn)
        self.homed = False
        self._end(FEED_RESULT_BRAKE)

    def _held(self, weight_mn: int) -> None:
        self._axis.stop()
        self._events.emit(EV_FEED_STALLED, self.z_um, -weight_mn)
        self._end(FEED_RESULT_STALLED)

    def _switch_stops(self, rising: bool) -> bool:
        """Hold the two end switches against the counted steps; True when that ended the action."""
        z_um = self.z_um
        if self._bottom.made():
            if self.homed and z_um < self._travel_um - self._margin:
                self._disagree()
                return True
            if not rising:
                self._limit()
                return True
        elif self._home.made():
            if self.homed and z_um > self._margin:
                if self._from_home:
                    # Started on the switch and never left it.
                    self._braked(self.weight_mn)
                else:
                    self._disagree()
                return True
            if rising and not self.homed:
                self._limit()
                return True
        return False

    def _limit(self) -> None:
        self._events.emit(EV_FEED_LIMIT_REACHED, self.z_um, self._target_um)
        self._end(FEED_RESULT_LIMIT)

    def _disagree(self) -> None:
        self._events.emit(
            EV_FEED_SENSORS_DISAGREE, self.z_um, int(self._home.made()), int(self._bottom.made())
        )
        self.homed = False
        self._end(FEED_RESULT_ENCODER)

    def _end(self, result: int) -> None:
        if self._axis.brake():
            self._finish(result)
        else:
            self._pending = result
            self.state = FEED_STATE_HALTING

    def _finish(self, result: int) -> None:
        self.state = FEED_STATE_IDLE
        self.busy = False
        self.result = result
