"""Carousel: the ring with one hole and N tube seats. Brings any position to any station and says what is
true.

Position 0 is the hole, 1..N are the seats. Three truths are kept apart: `commanded` (ordered), `sensed`
(index, step count and detents agree), and the ledger's, which activities compare with these.

How it knows where it is. The index mark gives the reference: its two edges are measured in a slow pass and
the middle is step 0. From there two signals run independently: the steps that were ordered, and the detent
pulses that the ring itself makes at every position. Each pulse must come where the steps say; the index must
appear where the steps say; at the end a detent must be made. Whatever disagrees stops the ring at once, drops
the reference and has a name of its own.

Lengths are microsteps of the ring motor (16000 a turn in the reference payload), ticks are 10 ms. `tick()`
allocates nothing; nothing here may be called from an interrupt.
"""

from rochette.mechanisms.axis import Axis
from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.tables import (
    CAROUSEL_EXPECT_ANY,
    CAROUSEL_EXPECT_TUBE,
    CAROUSEL_RESULT_DETENT_MISMATCH,
    CAROUSEL_RESULT_DRAG,
    CAROUSEL_RESULT_HALTED,
    CAROUSEL_RESULT_INDEX_MISSING,
    CAROUSEL_RESULT_INTERLOCK,
    CAROUSEL_RESULT_LIMIT,
    CAROUSEL_RESULT_LOST_STEPS,
    CAROUSEL_RESULT_NOT_HOMED,
    CAROUSEL_RESULT_OK,
    CAROUSEL_RESULT_PENDING,
    CAROUSEL_RESULT_TIMEOUT,
    CAROUSEL_RESULT_TUBE_MISMATCH,
    CAROUSEL_STATE_COUNTING,
    CAROUSEL_STATE_HOME_BACK,
    CAROUSEL_STATE_HOME_CENTRE,
    CAROUSEL_STATE_HOME_LEAVE,
    CAROUSEL_STATE_HOME_SEARCH,
    CAROUSEL_STATE_HOME_SLOW,
    CAROUSEL_STATE_IDLE,
    CAROUSEL_STATE_JOGGING,
    CAROUSEL_STATE_MOVING,
    CAROUSEL_STATE_SETTLING,
    CAROUSEL_STATE_SHAKING,
    CAROUSEL_STATION_CAMERA,
    CAROUSEL_STATION_DRILL,
    CAROUSEL_STATION_DROP,
    CAROUSEL_STATION_PROBE,
    CAROUSEL_STATION_SEAL,
    EV_CAROUSEL_ARRIVED,
    EV_CAROUSEL_COUNTED,
    EV_CAROUSEL_DETENT_MISMATCH,
    EV_CAROUSEL_DRAG,
    EV_CAROUSEL_HALTED,
    EV_CAROUSEL_HOMED,
    EV_CAROUSEL_INDEX_MISSING,
    EV_CAROUSEL_INTERLOCK,
    EV_CAROUSEL_JOGGED,
    EV_CAROUSEL_LOST_STEPS,
    EV_CAROUSEL_MOVE_STARTED,
    EV_CAROUSEL_MOVED_BY_HAND,
    EV_CAROUSEL_NOT_HOMED,
    EV_CAROUSEL_SHAKE_LIMIT,
    EV_CAROUSEL_SHAKEN,
    EV_CAROUSEL_TIMEOUT,
    EV_CAROUSEL_TUBE_MISMATCH,
    P_CAROUSEL_ACCEL_STEPS_S2,
    P_CAROUSEL_COUNT_SPEED_STEPS_S,
    P_CAROUSEL_DRAG_LIMIT_STEPS,
    P_CAROUSEL_INDEX_TOLERANCE_STEPS,
    P_CAROUSEL_INDEX_WIDTH_MAX_STEPS,
    P_CAROUSEL_INDEX_WIDTH_MIN_STEPS,
    P_CAROUSEL_LAG_LIMIT_STEPS,
    P_CAROUSEL_SETTLE_MS,
    P_CAROUSEL_SHAKE_ATTEMPTS,
    P_CAROUSEL_SHAKE_CYCLES,
    P_CAROUSEL_SHAKE_STEPS,
    P_CAROUSEL_SLOW_SPEED_STEPS_S,
    P_CAROUSEL_SPEED_STEPS_S,
    P_CAROUSEL_TIMEOUT_MS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from typing import Any, Callable

    from rochette.drivers.digital import DigitalIn, ExpanderIn
    from rochette.drivers.stepper import Stepper
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

    Switch = DigitalIn | ExpanderIn

_TICK_MS = 10
_UNKNOWN = -1
# A level must be read twice before it counts: the index mark bounces on its edges.
_DEBOUNCE = 2
# Room beside the index mark from which the slow pass starts, and the longest slow pass.
_HOME_MARGIN_STEPS = 120
_HOME_PASS_STEPS = 700
# The ring is light: it starts and stops at this rate without a ramp.
_START_STOP_STEPS_S = 300
# At rest the switches are read five times a second; a ring turned by one seat is off its detent longer.
_AWAY_TICKS = 12
# A jog of a hand command stays within about one position.
_JOG_MAX_STEPS = 400


class Carousel:
    """The tube ring.

    stepper: ring motor, counts microsteps; index: hall index mark; detent: its switch is made in every
    position; tube: sensor at DRILL; seats: number of tube seats, 2 to 64; mechanics: see `boards/README.md`;
    parameters, events: services; clear: called before and during every move, True while the bit is clear of
    the ring.

    Attributes, all read only: `state`, `busy`, `result` (enums CarouselState, CarouselResult), `homed`,
    `commanded` and `sensed` (position at DRILL, -1 unknown), `position` and `station` of the last order,
    `detents` (counted in the last move), `lag_steps` (worst lateness of a detent pulse in it), `tube_present`
    (0 or 1, read after an arrival), `tubes_seen` (bytearray by position, filled by `count`), `tubes` (how
    many).
    """

    drill = CAROUSEL_STATION_DRILL
    camera = CAROUSEL_STATION_CAMERA
    probe = CAROUSEL_STATION_PROBE
    seal = CAROUSEL_STATION_SEAL
    drop = CAROUSEL_STATION_DROP

    def __init__(
        self,
        stepper: "Stepper",
        index: "Switch",
        detent: "Switch",
        tube: "Switch",
        seats: int,
        mechanics: "dict[str, Any]",
        parameters: "Parameters",
        events: "Events",
        clear: "Callable[[], bool]",
    ) -> None:
        self._stepper = stepper
        self._axis = Axis(stepper)
        self._index_made = index.made
        self._detent_made = detent.made
        self._tube_made = tube.made
        self._values: "array[int]" = parameters.values
        self._emit = events.emit
        self._clear = clear
        self.seats = seats
        self.positions = seats + 1
        self._turn: int = mechanics["carousel_steps_per_turn"]
        self._detent_half: int = mechanics["carousel_detent_steps"]
        self._index_half: int = mechanics["carousel_index_steps"]
        # Stations in whole positions of this ring; the board gives them for a ring of `stations_of`.
        self._stations = [
            self._pitches(mechanics["stations"][name], mechanics["stations_of"])
            for name in ("DRILL", "CAMERA", "PROBE", "SEAL", "DROP")
        ]
        self._half_pitch: int = self._turn // self.positions // 2

        self.name = "carousel"
        self.state = CAROUSEL_STATE_IDLE
        self.busy = False
        self.result = CAROUSEL_RESULT_PENDING
        self.homed = False
        self.commanded = _UNKNOWN
        self.sensed = _UNKNOWN
        self.position = 0
        self.station = CAROUSEL_STATION_DRILL
        self.tube_present = 0
        self.tubes_seen = bytearray(self.positions)
        self.tubes = 0
        self.detents = 0
        self.lag_steps = 0
        self.shakes = 0
        self.moved_by_hand = False  # since the last homing
        self._away = 0

        self._after_settle = CAROUSEL_STATE_MOVING
        self._expect = CAROUSEL_EXPECT_ANY
        self._offset = 0  # ring offset in whole positions, from the reference, unrolled
        self._target_offset = 0
        self._ticks = 0
        self._ticks_max = 0
        self._wait = 0
        self._direction = 1
        # Position history: what the inputs show now was made by the steps of three ticks ago (one tick in the
        # input room, one queued, one for the second equal reading).
        self._pos1 = 0
        self._pos2 = 0
        self._place = 0
        # Debounced levels and their edges of this tick: 1 made, -1 released.
        self._detent = False
        self._detent_changed = 0
        self._detent_edge = 0
        self._index = False
        self._index_changed = 0
        self._index_edge = 0
        # Bookkeeping of a tracked move.
        self._next = 0
        self._last = 0
        self._expected = 0
        self._index_due = 0
        self._index_shift = 0
        self._edge_place = 0
        self._lag_limit = 0
        self._drag_limit = 0
        self._tolerance = 0
        self._strokes = 0

    def _pitches(self, station: int, stations_of: int) -> int:
        return (station * self.positions + stations_of // 2) // stations_of % self.positions

    # -- orders ------------------------------------------------------------------------------------

    def home(self) -> None:
        """Find the index mark, fast and then slowly, and lay position 0 (the hole) at DRILL.

        Results: OK, INDEX_MISSING, DRAG, LOST_STEPS (no detent at the mark), INTERLOCK. Raises MechanismBusy.
        """
        self._begin("home")
        if not self._may_move():
            return
        self.homed = False
        self.moved_by_hand = False
        self.sensed = _UNKNOWN
        self.commanded = 0
        self.position = 0
        self.station = CAROUSEL_STATION_DRILL
        self._reset_tracking()
        self._strokes = 0
        if self._index:
            self.state = CAROUSEL_STATE_HOME_LEAVE
            self._stroke(-_HOME_PASS_STEPS, 2 * self._values[P_CAROUSEL_SLOW_SPEED_STEPS_S])
        else:
            self._search()

    def go(self, position: int, station: int, expect: int = CAROUSEL_EXPECT_ANY) -> None:
        """Bring `position` (0..seats) to `station` (enum CarouselStation) by the shorter way.

        expect: what the tube sensor must show after an arrival at DRILL (enum CarouselExpect; ignored
        elsewhere). Results: OK, NOT_HOMED, INTERLOCK, LOST_STEPS, INDEX_MISSING, DETENT_MISMATCH,
        TUBE_MISMATCH, DRAG, TIMEOUT. Raises MechanismRange for a position or station that does not exist,
        MechanismBusy while an action runs.
        """
        if not 0 <= position <= self.seats:
            raise MechanismRange("carousel", "position", position, 0, self.seats)
        if not 0 <= station < len(self._stations):
            raise MechanismRange("carousel", "station", station, 0, len(self._stations) - 1)
        self._begin("go")
        self.position = position
        self.station = station
        pitches = (self._stations[station] - position) % self.positions
        self.commanded = -pitches % self.positions
        self._expect = expect if station == CAROUSEL_STATION_DRILL else CAROUSEL_EXPECT_ANY
        if not self._may_move():
            return
        if not self.homed:
            self._emit(EV_CAROUSEL_NOT_HOMED, position)
            self._finish(CAROUSEL_RESULT_NOT_HOMED)
            return
        pitches = (pitches - self._offset) % self.positions
        if pitches * 2 > self.positions:
            pitches -= self.positions
        self._track(pitches, self._values[P_CAROUSEL_SPEED_STEPS_S])
        if self.busy:
            self._emit(
                EV_CAROUSEL_MOVE_STARTED,
                position,
                station,
                self._centre(self._target_offset) - self._centre(self._offset),
            )
            self.state = CAROUSEL_STATE_MOVING
            self._after_settle = CAROUSEL_STATE_MOVING

    def count(self) -> None:
        """Full turn self-test: every detent, the index, and a tube or none at each position.

        Fills `tubes_seen` (1 tube, 0 none, by position) and `tubes`. Results as for `go`, without
        TUBE_MISMATCH. Raises MechanismBusy.
        """
        self._begin("count")
        if not self._may_move():
            return
        if not self.homed:
            self._emit(EV_CAROUSEL_NOT_HOMED, _UNKNOWN)
            self._finish(CAROUSEL_RESULT_NOT_HOMED)
            return
        index = 0
        while index < self.positions:
            self.tubes_seen[index] = 0
            index += 1
        self.tubes = 0
        self._track(self.positions, self._values[P_CAROUSEL_COUNT_SPEED_STEPS_S])
        if self.busy:
            self.state = CAROUSEL_STATE_COUNTING
            self._after_settle = CAROUSEL_STATE_COUNTING

    def shake(self) -> None:
        """Shake the ring by small strokes so that debris falls: bounded recovery, by command only.

        Drops the reference. Results: OK, INTERLOCK, LIMIT (the bounded number of shakes is used up). Raises
        MechanismBusy.
        """
        self._begin("shake")
        if not self._may_move():
            return
        allowed = self._values[P_CAROUSEL_SHAKE_ATTEMPTS]
        if self.shakes >= allowed:
            self._emit(EV_CAROUSEL_SHAKE_LIMIT, self.shakes, allowed)
            self._finish(CAROUSEL_RESULT_LIMIT)
            return
        self.shakes += 1
        self._drop_reference()
        self._reset_tracking()
        self._strokes = 2 * self._values[P_CAROUSEL_SHAKE_CYCLES]
        self.state = CAROUSEL_STATE_SHAKING
        self._direction = 1
        self._stroke(self._values[P_CAROUSEL_SHAKE_STEPS], self._values[P_CAROUSEL_COUNT_SPEED_STEPS_S])

    def jog(self, steps: int) -> None:
        """Small slow move by hand command, -400 to 400 microsteps. Drops the reference.

        Results: OK, INTERLOCK. Raises MechanismRange outside the bounds, MechanismBusy while an action runs.
        """
        if not -_JOG_MAX_STEPS <= steps <= _JOG_MAX_STEPS:
            raise MechanismRange("carousel", "steps", steps, -_JOG_MAX_STEPS, _JOG_MAX_STEPS)
        self._begin("jog")
        if not self._may_move():
            return
        self._drop_reference()
        self._reset_tracking()
        self._strokes = steps
        self.state = CAROUSEL_STATE_JOGGING
        self._stroke(steps, self._values[P_CAROUSEL_SLOW_SPEED_STEPS_S])

    def halt(self) -> None:
        """Stop now, in place. A move that was under way drops the reference. Allocates nothing."""
        if self.busy:
            self._axis.stop()
            self._emit(EV_CAROUSEL_HALTED, self._stepper.position, self.state)
            self._drop_reference()
            self._finish(CAROUSEL_RESULT_HALTED)

    def tube_at_drill(self) -> bool:
        """True while the sensor at DRILL sees a tube."""
        return self._tube_made()

    def _watch_at_rest(self) -> None:
        """A ring that stands in a detent and leaves it was turned by a hand: what stands where is not known
        any more."""
        if self._detent_made():
            self._away = 0
            return
        self._away += 1
        if self._away >= _AWAY_TICKS:
            self._away = 0
            self.moved_by_hand = True
            self._emit(EV_CAROUSEL_MOVED_BY_HAND, self._stepper.position)
            self._drop_reference()

    # -- the tick ----------------------------------------------------------------------------------

    def tick(self) -> None:
        """One step of the state machine, 100 Hz, after the inputs were polled. Allocates nothing."""
        if not self.busy:
            if self.homed:
                self._watch_at_rest()
            return
        self._ticks += 1
        if self._ticks > self._ticks_max:
            self._emit(EV_CAROUSEL_TIMEOUT, self._ticks * _TICK_MS, self.state)
            self._fail(CAROUSEL_RESULT_TIMEOUT)
            return
        if not self._clear():
            self._emit(EV_CAROUSEL_INTERLOCK, self.state)
            self._fail(CAROUSEL_RESULT_INTERLOCK)
            return
        self._read()
        state = self.state
        if state == CAROUSEL_STATE_MOVING:
            if self._follow() and self._advance():
                self._settle()
        elif state == CAROUSEL_STATE_COUNTING:
            if self._follow():
                self._note_tube()
                if self._advance():
                    self._settle()
        elif state == CAROUSEL_STATE_SETTLING:
            self._tick_settling()
        elif state == CAROUSEL_STATE_HOME_SEARCH:
            self._tick_search()
        elif state == CAROUSEL_STATE_HOME_SLOW:
            self._tick_slow()
        elif state == CAROUSEL_STATE_HOME_LEAVE:
            self._tick_leave()
        elif state == CAROUSEL_STATE_HOME_BACK:
            self._tick_back()
        elif state == CAROUSEL_STATE_HOME_CENTRE:
            if self._advance():
                self._settle()
                self._after_settle = CAROUSEL_STATE_HOME_CENTRE
        elif state == CAROUSEL_STATE_SHAKING:
            self._tick_shaking()
        elif state == CAROUSEL_STATE_JOGGING:
            if self._advance():
                self._emit(EV_CAROUSEL_JOGGED, self._strokes)
                self._finish(CAROUSEL_RESULT_OK)

    def _read(self) -> None:
        """Debounce both signals and pair them with the step count that made them."""
        self._place = self._pos2
        self._pos2 = self._pos1
        self._pos1 = self._stepper.position
        self._detent_edge = 0
        made = self._detent_made()
        if made == self._detent:
            self._detent_changed = 0
        else:
            self._detent_changed += 1
            if self._detent_changed >= _DEBOUNCE:
                self._detent_changed = 0
                self._detent = made
                self._detent_edge = 1 if made else -1
        self._index_edge = 0
        made = self._index_made()
        if made == self._index:
            self._index_changed = 0
        else:
            self._index_changed += 1
            if self._index_changed >= _DEBOUNCE:
                self._index_changed = 0
                self._index = made
                self._index_edge = 1 if made else -1

    # -- strokes -------------------------------------------------------------------------------------

    def _stroke(self, steps: int, rate: int) -> None:
        """Begin a stroke of `steps` from the present step count, at up to `rate` microsteps/s."""
        axis = self._axis
        axis.limits(self._values[P_CAROUSEL_ACCEL_STEPS_S2], _START_STOP_STEPS_S)
        axis.go(self._stepper.position + steps, rate)

    def _advance(self) -> bool:
        """Order the steps of the next tick. True once the last of them is over."""
        self._axis.tick()
        return not self._axis.moving

    # -- tracked moves -----------------------------------------------------------------------------

    def _centre(self, offset: int) -> int:
        """Step count at which the ring stands `offset` positions from the reference."""
        return (offset * self._turn + self.positions // 2) // self.positions

    def _track(self, pitches: int, rate: int) -> None:
        """Begin a move by `pitches` positions, every pulse expected at its place."""
        values = self._values
        self._reset_tracking()
        if not self._detent:
            # The ring was turned by hand or slipped while it stood.
            self._emit(EV_CAROUSEL_LOST_STEPS, self._stepper.position, 0, 0, 0)
            self._fail(CAROUSEL_RESULT_LOST_STEPS)
            return
        self.sensed = _UNKNOWN
        self._target_offset = self._offset + pitches
        target = self._centre(self._target_offset)
        start = self._stepper.position
        direction = 1 if pitches >= 0 else -1
        self._direction = direction
        self._stroke(target - start, rate)
        self._expected = pitches * direction
        self._next = self._offset + direction
        self._last = self._target_offset
        self._lag_limit = values[P_CAROUSEL_LAG_LIMIT_STEPS]
        self._drag_limit = values[P_CAROUSEL_DRAG_LIMIT_STEPS]
        if self._drag_limit > self._half_pitch:
            self._drag_limit = self._half_pitch
        self._tolerance = values[P_CAROUSEL_INDEX_TOLERANCE_STEPS]
        # The next index crossing after the one that the ring may stand in now.
        turn = self._turn
        away = self._index_half + self._tolerance
        if direction > 0:
            self._index_due = ((start + away) // turn + 1) * turn
        else:
            self._index_due = -((-start + away) // turn + 1) * turn

    def _follow(self) -> bool:
        """Hold pulses and index against the step count. False when the ring was stopped by what they say."""
        direction = self._direction
        place = self._place
        if self._index_edge > 0:
            error = (place - self._index_due) * direction + self._index_half
            if error > self._tolerance or error < -self._tolerance:
                self._lost(error)
                return False
            self._index_shift = error
            self._index_due += self._turn * direction
        elif (place - self._index_due) * direction > self._index_half + self._tolerance:
            self._index_missing(0)
            return False
        if (self._last - self._next) * direction >= 0:
            late = (place - self._centre(self._next)) * direction + self._detent_half
            if self._detent_edge > 0:
                if late > self._lag_limit:
                    self.detents += 1
                    if self.lag_steps * 2 > self._lag_limit:
                        # Later from pulse to pulse: something holds the ring. At once: steps were lost.
                        self._drag(late)
                    else:
                        self._lost(late)
                    self.lag_steps = late
                    return False
                if late > self.lag_steps:
                    self.lag_steps = late
                if late < -self._lag_limit:
                    self._mismatch(-late)
                    return False
                self.detents += 1
                self._next += direction
            elif late > self._drag_limit:
                self._drag(late)
                return False
        elif self._detent_edge > 0:
            self.detents += 1
            self._mismatch(0)
            return False
        return True

    def _note_tube(self) -> None:
        """Self-test: write down a tube that is seen while the ring lies in a detent."""
        if self._detent and self._detent_changed == 0 and self._tube_made():
            at = (self._direction - self._next) % self.positions
            if not self.tubes_seen[at]:
                self.tubes_seen[at] = 1
                self.tubes += 1

    def _settle(self) -> None:
        self._wait = self._values[P_CAROUSEL_SETTLE_MS] // _TICK_MS
        self.state = CAROUSEL_STATE_SETTLING

    def _tick_settling(self) -> None:
        after = self._after_settle
        if after != CAROUSEL_STATE_HOME_CENTRE and not self._follow():
            return
        if after == CAROUSEL_STATE_COUNTING:
            self._note_tube()
        self._wait -= 1
        if self._wait > 0:
            return
        if after == CAROUSEL_STATE_HOME_CENTRE:
            self._end_homing()
        else:
            self._arrive(after)

    def _arrive(self, after: int) -> None:
        """The closing check: detent made, count right, index only where it belongs."""
        if not self._detent:
            self._lost((self._expected - self.detents) * self._half_pitch * 2)
            return
        if self.detents != self._expected:
            self._mismatch(0)
            return
        offset = self._target_offset % self.positions
        if self._index != (offset == 0):
            if offset == 0:
                self._index_missing(0)
            else:
                self._lost(0)
            return
        # Roll the step count back into one turn: it never grows without bound.
        self._offset = offset
        position = self._stepper.position - (self._target_offset - offset) // self.positions * self._turn
        self._stepper.reset_position(position)
        self.sensed = -offset % self.positions
        self.tube_present = 1 if self._tube_made() else 0
        self.shakes = 0
        if after == CAROUSEL_STATE_COUNTING:
            self._emit(EV_CAROUSEL_COUNTED, self.detents, self.tubes, self._index_shift)
            self._finish(CAROUSEL_RESULT_OK)
            return
        self._emit(EV_CAROUSEL_ARRIVED, self.position, self.station, self.detents, self.tube_present)
        expect = self._expect
        if expect != CAROUSEL_EXPECT_ANY and self.tube_present != (expect == CAROUSEL_EXPECT_TUBE):
            self._emit(EV_CAROUSEL_TUBE_MISMATCH, self.position, self.tube_present, expect)
            self._finish(CAROUSEL_RESULT_TUBE_MISMATCH)
            return
        self._finish(CAROUSEL_RESULT_OK)

    # -- homing ------------------------------------------------------------------------------------

    def _search(self) -> None:
        self.state = CAROUSEL_STATE_HOME_SEARCH
        # A whole turn, and as much again as the mark is wide with its margins.
        self._stroke(self._turn + _HOME_PASS_STEPS, self._values[P_CAROUSEL_COUNT_SPEED_STEPS_S])
        self._edge_place = self._stepper.position

    def _tick_leave(self) -> None:
        if self._index:
            if self._advance():
                self._index_missing(_HOME_PASS_STEPS)
            return
        if self._strokes == 0:
            self._strokes = 1
            self._axis.brake()
        if self._advance():
            self._search()

    def _tick_search(self) -> None:
        if self._index_edge > 0:
            self._axis.brake()
            self.state = CAROUSEL_STATE_HOME_BACK
            self._edge_place = self._place
            self._strokes = 0
            self._advance()
            return
        if self._detent_edge != 0:
            self._edge_place = self._place
            self.detents += 1
        elif self._place - self._edge_place > 3 * self._half_pitch + self._detent_half:
            # One and a half positions without the ring's own pulse.
            self._drag(self._place - self._edge_place)
            return
        if self._advance():
            self._index_missing(0)

    def _tick_back(self) -> None:
        if not self._advance():
            return
        if self._strokes == 0:
            # Standing just after the fast search: go back to before the edge that it saw.
            self._strokes = 1
            back = self._edge_place - _HOME_MARGIN_STEPS - self._stepper.position
            self._stroke(back, 4 * self._values[P_CAROUSEL_SLOW_SPEED_STEPS_S])
        elif self._index:
            self._index_missing(_HOME_PASS_STEPS)
        else:
            self.state = CAROUSEL_STATE_HOME_SLOW
            self._stroke(_HOME_PASS_STEPS, self._values[P_CAROUSEL_SLOW_SPEED_STEPS_S])
            self._edge_place = 0
            self._strokes = 0

    def _tick_slow(self) -> None:
        if self._index_edge > 0:
            if self._strokes == 0:
                self._edge_place = self._place
                self._strokes = 1
        elif self._index_edge < 0 and self._strokes == 1:
            width = self._place - self._edge_place
            values = self._values
            if (
                not values[P_CAROUSEL_INDEX_WIDTH_MIN_STEPS]
                <= width
                <= values[P_CAROUSEL_INDEX_WIDTH_MAX_STEPS]
            ):
                self._index_missing(width)
                return
            self._strokes = width
            self._edge_place += width // 2
            self.state = CAROUSEL_STATE_HOME_CENTRE
            self._stroke(self._edge_place - self._stepper.position, values[P_CAROUSEL_SLOW_SPEED_STEPS_S])
            return
        if self._advance():
            self._index_missing(0 if self._strokes == 0 else _HOME_PASS_STEPS)

    def _end_homing(self) -> None:
        if not self._index:
            self._index_missing(self._strokes)
            return
        if not self._detent:
            self._lost(0)
            return
        turn = self._turn
        shift = (self._edge_place + turn // 2) % turn - turn // 2
        self._stepper.reset_position(self._stepper.position - self._edge_place)
        self._offset = 0
        self.homed = True
        self.sensed = 0
        self.shakes = 0
        self.tube_present = 1 if self._tube_made() else 0
        self._emit(EV_CAROUSEL_HOMED, self._strokes, shift)
        self._finish(CAROUSEL_RESULT_OK)

    def _tick_shaking(self) -> None:
        if not self._advance():
            return
        values = self._values
        amplitude = values[P_CAROUSEL_SHAKE_STEPS]
        self._strokes -= 1
        if self._strokes < 0:
            cycles = values[P_CAROUSEL_SHAKE_CYCLES]
            self._emit(EV_CAROUSEL_SHAKEN, cycles, amplitude, self.shakes, values[P_CAROUSEL_SHAKE_ATTEMPTS])
            self._finish(CAROUSEL_RESULT_OK)
            return
        # The last stroke comes back to the middle.
        steps = amplitude if self._strokes == 0 else 2 * amplitude
        self._direction = -self._direction
        self._stroke(steps * self._direction, values[P_CAROUSEL_COUNT_SPEED_STEPS_S])

    # -- beginnings and ends -------------------------------------------------------------------------

    def _begin(self, asked: str) -> None:
        if self.busy:
            raise MechanismBusy("carousel", self.state, asked)
        self.result = CAROUSEL_RESULT_PENDING
        self.busy = True
        self._ticks = 0
        self._ticks_max = self._values[P_CAROUSEL_TIMEOUT_MS] // _TICK_MS

    def _may_move(self) -> bool:
        if self._clear():
            return True
        self._emit(EV_CAROUSEL_INTERLOCK, self.state)
        self._finish(CAROUSEL_RESULT_INTERLOCK)
        return False

    def _reset_tracking(self) -> None:
        self._pos1 = self._pos2 = self._place = self._stepper.position
        self._detent = self._detent_made()
        self._detent_changed = 0
        self._detent_edge = 0
        self._index = self._index_made()
        self._index_changed = 0
        self._index_edge = 0
        self.detents = 0
        self.lag_steps = 0
        self._index_shift = 0
        self._expected = 0

    def _drop_reference(self) -> None:
        self.homed = False
        self.sensed = _UNKNOWN

    def _lost(self, error: int) -> None:
        self._emit(EV_CAROUSEL_LOST_STEPS, self._place, error, self.detents, self._expected)
        self._fail(CAROUSEL_RESULT_LOST_STEPS)

    def _mismatch(self, error: int) -> None:
        self._emit(EV_CAROUSEL_DETENT_MISMATCH, self.detents, self._expected, self._place, error)
        self._fail(CAROUSEL_RESULT_DETENT_MISMATCH)

    def _drag(self, late: int) -> None:
        self._emit(EV_CAROUSEL_DRAG, late, self._place, self.detents, self._expected)
        self._fail(CAROUSEL_RESULT_DRAG)

    def _index_missing(self, width: int) -> None:
        self._emit(EV_CAROUSEL_INDEX_MISSING, self._place, width)
        self._fail(CAROUSEL_RESULT_INDEX_MISSING)

    def _fail(self, result: int) -> None:
        """Stop now, no more force, and give up the reference."""
        self._axis.stop()
        self._drop_reference()
        self._finish(result)

    def _finish(self, result: int) -> None:
        self.state = CAROUSEL_STATE_IDLE
        self.busy = False
        self.result = result
