"""Corer: adaptive drilling. Spindle, percussion and weight on bit follow one level, 0 to 20, in closed loop
on rate of progress.

The rule, all of it parameters: over a window the rate of progress is measured; slower than the band raises
the level, faster lowers it, by one, or by LEVEL_STEP when it is off by more than a factor of two. Levels 0 to
2 are rotary only with rising speed, 3 to 20 hammer harder and harder, and the weight on bit rises evenly from
level 0 to 20. The bit is raised to clear cuttings when the torque rises and every so much depth. It gives up
on a target too hard (no progress at level 20) and on a runaway (too fast at level 0), and stops in place,
moving nothing, on a slip (tilt or force jumps), a current spike or a fault of the feed.

Depth is feed position less contact datum less the spring's compression: Feed.bit_um - Feed.contact_um.
Reaching a depth says nothing about a core being there.

The corer owns feed, spindle and percussion while it is busy; they are ticked on their own. `tick()` allocates
nothing; nothing here may be called from an interrupt. Parameters are read when a coring starts.
"""

from array import array

from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.mechanisms.percussion import FIRST_LEVEL, TOP_LEVEL
from rochette.tables import (
    CORER_RESULT_DEPTH_REACHED,
    CORER_RESULT_ENCODER,
    CORER_RESULT_FEED_BRAKE,
    CORER_RESULT_FEED_ENCODER,
    CORER_RESULT_FEED_FAULT,
    CORER_RESULT_FEED_STALLED,
    CORER_RESULT_HALTED,
    CORER_RESULT_NONE,
    CORER_RESULT_NOT_READY,
    CORER_RESULT_OVER_CURRENT,
    CORER_RESULT_RUNAWAY_SOFT,
    CORER_RESULT_SHORT_DEPTH,
    CORER_RESULT_SLIP,
    CORER_RESULT_SPINDLE_FAULT,
    CORER_RESULT_SPINDLE_JAM,
    CORER_RESULT_TARGET_TOO_HARD,
    CORER_RESULT_TILT_SENSOR,
    CORER_RESULT_TIMEOUT,
    CORER_RESULT_WEIGHT_LOST,
    CORER_STATE_BACK_OFF,
    CORER_STATE_CORING,
    CORER_STATE_IDLE,
    CORER_STATE_PAUSED,
    CORER_STATE_PECK_CLEAR,
    CORER_STATE_PECK_DOWN,
    CORER_STATE_PECK_UP,
    CORER_STATE_PRELOAD,
    CORER_STATE_SPIN_UP,
    CORER_STATE_STOPPING,
    CORER_STATE_UNLOAD,
    DEGRADED_NO_LOAD_CELL,
    DEGRADED_ROTARY_ONLY,
    EV_CORER_CORING_ENDED,
    EV_CORER_CORING_STARTED,
    EV_CORER_DEPTH_REACHED,
    EV_CORER_JAM_RETRY,
    EV_CORER_LEVEL_CHANGED,
    EV_CORER_PECK,
    EV_CORER_RUNAWAY_SOFT,
    EV_CORER_SHORT_DEPTH,
    EV_CORER_SLIP,
    EV_CORER_TARGET_TOO_HARD,
    EV_CORER_WEIGHT_LOST,
    FEED_RESULT_BRAKE,
    FEED_RESULT_ENCODER,
    FEED_RESULT_LIMIT,
    FEED_RESULT_NONE,
    FEED_RESULT_OBSTRUCTED,
    FEED_RESULT_OK,
    FEED_RESULT_STALLED,
    P_CORER_DEADLINE_S,
    P_CORER_JAM_TRIES,
    P_CORER_JAM_UP_UM,
    P_CORER_JUMP_LIMIT_MN,
    P_CORER_LEVEL_START,
    P_CORER_LEVEL_STEP,
    P_CORER_LOST_MN,
    P_CORER_LOST_MS,
    P_CORER_PECK_CLEAR_MS,
    P_CORER_PECK_EVERY_UM,
    P_CORER_PECK_MA,
    P_CORER_PECK_MA_MS,
    P_CORER_PECK_PAUSE_MS,
    P_CORER_PECK_RISE_PERMILLE,
    P_CORER_PECK_UM_S,
    P_CORER_PECK_UP_UM,
    P_CORER_PRELOAD_MS,
    P_CORER_ROP_HIGH_UM_S,
    P_CORER_ROP_LOW_UM_S,
    P_CORER_RUNAWAY_MS,
    P_CORER_RUNAWAY_UM_S,
    P_CORER_SHORT_MIN_UM,
    P_CORER_SPEED_RPM,
    P_CORER_SPEED_SLOW_RPM,
    P_CORER_TILT_LIMIT_MDEG,
    P_CORER_TOO_HARD_MS,
    P_CORER_TOO_HARD_UM_S,
    P_CORER_TRAVEL_MARGIN_UM,
    P_CORER_UNLOAD_MN,
    P_CORER_WEIGHT_MAX_MN,
    P_CORER_WEIGHT_MIN_MN,
    P_CORER_WINDOW_MS,
    P_FEED_FEEL_MAX_MN,
    P_SYSTEM_DEGRADED,
    PECK_REASON_DISTANCE,
    PECK_REASON_NO_PROGRESS,
    PECK_REASON_PAUSE,
    PECK_REASON_TORQUE,
    SPINDLE_RESULT_ENCODER,
    SPINDLE_RESULT_JAM,
    SPINDLE_RESULT_OK,
    SPINDLE_RESULT_OVER_CURRENT,
    SPINDLE_STATE_RUNNING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.mechanisms.feed import Feed
    from rochette.mechanisms.percussion import Percussion
    from rochette.mechanisms.spindle import Spindle
    from rochette.mechanisms.tilt import Tilt
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
_TICKS_PER_S = 100
_ROTARY_LEVELS = 3  # below this level the speed rises with the level, there is no percussion
_JUMP_RING = 5  # weights 10 ms apart: the newest is compared with the one 50 ms older
_UNLOAD_TICKS = 500
_NEAR_UM = 500  # after a peck the bit goes fast down to here above the cut, then the weight loop takes it
_SUNK_UM = 500
_NO_LIMIT = 1 << 29


class Corer:
    """The coring rule.

    Attributes: state (CorerState), busy, result (CorerResult of the last coring, NONE while it runs),
    depth_um (of the bit under the contact), deepest_um, level, max_level, rop_um_s (of the last window),
    pecks, jams, weight_set_mn, feed_result (the feed's result when the coring ended because of it, else
    FeedResult NONE).

    `paused`, set from outside: the bit is lifted off the cut as for a peck, hammer and spindle stand still,
    and the time of coring with them, until it is cleared; then coring goes on where it was.
    """

    def __init__(
        self,
        feed: "Feed",
        spindle: "Spindle",
        percussion: "Percussion",
        tilt: "Tilt",
        mechanics: "dict[str, int]",
        parameters: "Parameters",
        events: "Events",
    ) -> None:
        """mechanics: the board's feed_travel_um, feed_spring_mn_per_um and depth_max_um."""
        self.name = "corer"
        self._feed = feed
        self._spindle = spindle
        self._percussion = percussion
        self._tilt = tilt
        self._values = parameters.values
        self._events = events
        self._travel_um = mechanics["feed_travel_um"]
        self._spring = mechanics["feed_spring_mn_per_um"]
        self._depth_max_um = mechanics["depth_max_um"]
        self.state = CORER_STATE_IDLE
        self.busy = False
        self.result = CORER_RESULT_NONE
        self.paused = False
        self.depth_um = 0
        self.deepest_um = 0
        self.level = 0
        self.max_level = 0
        self._top = TOP_LEVEL
        self.rop_um_s = 0
        self.pecks = 0
        self.jams = 0
        self.weight_set_mn = 0
        self.feed_result = FEED_RESULT_NONE
        self._target_um = 0
        self._contact_um = 0
        self._ticks = 0
        self._deadline = 0
        self._wait = 0
        self._lifted = False
        self._window = 0
        self._window_from_um = 0
        self._window_left = 0
        self._current_sum = 0
        self._clean_ma = 0
        self._since_peck = 0
        self._peck_at_um = 0
        self._hot = 0
        self._hard_ticks = 0
        self._hard_from_um = 0
        self._hard_pecked = False
        self._fast_ticks = 0
        self._lost_ticks = 0
        self._pending = CORER_RESULT_NONE
        self._weights = array("i", [0] * _JUMP_RING)
        self._weights_at = 0
        self._weights_known = 0
        # Parameters of the coring that runs.
        self._tilt_limit = 0
        self._weight_max_mn = 0
        self._jump_limit = 0
        self._lost_mn = 0
        self._lost_max = 0
        self._runaway = 0
        self._runaway_ticks = 0
        self._peck_ma = 0
        self._peck_ma_ticks = 0
        self._bottom_um = 0

    # -- actions -------------------------------------------------------------------------------------

    def core(self, depth_um: int) -> None:
        """Core to `depth_um` (1,000 to the board's depth_max_um) below the feed's contact; the feed may
        already hold a weight.

        Takes a tilt baseline when there is none. Results: see CorerResult. Raises MechanismBusy (also when
        the feed is busy with anything but holding a weight), MechanismRange. Allocates nothing otherwise.
        """
        if self.busy:
            raise MechanismBusy("corer", self.state, "core")
        if not 1000 <= depth_um <= self._depth_max_um:
            raise MechanismRange("corer", "depth_um", depth_um, 1000, self._depth_max_um)
        feed = self._feed
        values = self._values
        self.result = CORER_RESULT_NONE
        self.feed_result = FEED_RESULT_NONE
        self.depth_um = self.deepest_um = 0
        self.rop_um_s = 0
        self.pecks = self.jams = 0
        by_current = values[P_SYSTEM_DEGRADED] & 1 << DEGRADED_NO_LOAD_CELL
        # Blows shake the current, too.
        rotary_only = by_current or values[P_SYSTEM_DEGRADED] & 1 << DEGRADED_ROTARY_ONLY
        top = FIRST_LEVEL - 1 if rotary_only else TOP_LEVEL
        self._weight_max_mn = values[P_FEED_FEEL_MAX_MN] if by_current else values[P_CORER_WEIGHT_MAX_MN]
        self._top = top
        self.level = self.max_level = min(values[P_CORER_LEVEL_START], top)
        self._target_um = depth_um
        self._contact_um = feed.contact_um
        if not feed.homed or feed.contact_um < 0:
            self.result = CORER_RESULT_NOT_READY
            self._events.emit(EV_CORER_CORING_ENDED, self.result, 0, self.level, feed.result)
            return
        self._tilt_limit = values[P_CORER_TILT_LIMIT_MDEG]
        self._jump_limit = values[P_CORER_JUMP_LIMIT_MN]
        if by_current:
            # A jump of the current is a change of speed as well as of force: the tilt alone tells of a slip.
            self._jump_limit = _NO_LIMIT
            self._tilt_limit //= 2
        self._lost_mn = values[P_CORER_LOST_MN]
        self._lost_max = values[P_CORER_LOST_MS] // _TICK_MS
        self._runaway = values[P_CORER_RUNAWAY_UM_S]
        self._runaway_ticks = values[P_CORER_RUNAWAY_MS] // _TICK_MS
        self._peck_ma = values[P_CORER_PECK_MA]
        self._peck_ma_ticks = values[P_CORER_PECK_MA_MS] // _TICK_MS
        self._window = values[P_CORER_WINDOW_MS] // _TICK_MS
        self._bottom_um = self._travel_um - values[P_CORER_TRAVEL_MARGIN_UM]
        self._deadline = values[P_CORER_DEADLINE_S] * _TICKS_PER_S
        self._ticks = 0
        self._lifted = False
        self._clean_ma = 0
        self._since_peck = 0
        self._peck_at_um = 0
        self._hot = 0
        self._hard_ticks = 0
        self._hard_pecked = False
        self._fast_ticks = 0
        self._lost_ticks = 0
        self._weights_known = 0
        if not self._tilt.ready and not self._tilt.busy:
            self._tilt.baseline()
        self._set_weight()
        feed.hold_weight(values[P_CORER_UNLOAD_MN])
        self.busy = True
        self._events.emit(EV_CORER_CORING_STARTED, depth_um, self._contact_um, self.level)
        self._spin_up()

    def halt(self) -> None:
        """Stop now, in place: hammer and spindle off, feed halted. Result HALTED."""
        if self.busy:
            self._stop_all()
            self._finish(CORER_RESULT_HALTED)

    # -- 100 Hz --------------------------------------------------------------------------------------

    def tick(self) -> None:
        """Watch and rule. 100 Hz, after feed and spindle were ticked. Allocates nothing."""
        state = self.state
        if state == CORER_STATE_IDLE:
            return
        self._ticks += 1
        tilt = self._tilt
        if tilt.change_mdeg > self._tilt_limit:
            self._slip(0)
            return
        if state == CORER_STATE_CORING:
            self._tick_coring()
        elif state == CORER_STATE_STOPPING:
            if not self._spindle.busy and not self._feed.busy:
                self._finish(self._pending)
        elif not tilt.ok:
            self._fail(CORER_RESULT_TILT_SENSOR)
        elif self._ticks > self._deadline:
            self._out_of_time()
        elif state == CORER_STATE_SPIN_UP:
            self._tick_spin_up()
        elif state == CORER_STATE_BACK_OFF:
            self._tick_back_off()
        elif state == CORER_STATE_PAUSED:
            self._tick_paused()
        elif self._spindle_lost():
            return
        elif state == CORER_STATE_PRELOAD:
            self._tick_preload()
        elif state == CORER_STATE_UNLOAD:
            self._tick_unload()
        else:
            self._tick_peck(state)

    def _tick_coring(self) -> None:
        feed = self._feed
        if not feed.busy:
            self._feed_ended()
            return
        spindle = self._spindle
        if spindle.state != SPINDLE_STATE_RUNNING:
            self._spindle_lost()
            return
        depth = feed.bit_um - self._contact_um
        self.depth_um = depth
        if depth >= self._target_um:
            self._at_depth()
            return
        if self.paused:
            self._peck(PECK_REASON_PAUSE, spindle.current_ma)
            return
        # A force that jumps: the vehicle or the rock slipped.
        weight = feed.weight_mn
        weights = self._weights
        at = self._weights_at
        jump = weight - weights[at]
        weights[at] = weight
        self._weights_at = at + 1 if at < _JUMP_RING - 1 else 0
        limit = self._jump_limit
        if self._weights_known < _JUMP_RING:
            self._weights_known += 1
        elif jump > limit or jump < -limit:
            self._slip(jump)
            return
        if weight < self._lost_mn:
            self._lost_ticks += 1
            if self._lost_ticks > self._lost_max:
                self._events.emit(EV_CORER_WEIGHT_LOST, weight, depth)
                self._fail(CORER_RESULT_WEIGHT_LOST)
                return
        else:
            self._lost_ticks = 0
            if feed.progress_um_s > self._runaway:
                self._fast_ticks += 1
                if self._fast_ticks == self._runaway_ticks:
                    # Too fast, or steps are counted and the carriage does not follow: the feed proves it.
                    feed.prove()
                elif self._fast_ticks > self._runaway_ticks and feed.proven:
                    self._too_fast()
                    return
            else:
                self._fast_ticks = 0
        current = spindle.current_ma
        self._current_sum += current
        if current > self._peck_ma:
            self._hot += 1
            if self._hot >= self._peck_ma_ticks:
                self._peck(PECK_REASON_TORQUE, current)
                return
        else:
            self._hot = 0
        self._window_left -= 1
        if self._window_left == 0:
            self._judge_window()

    def _judge_window(self) -> None:
        """Once a window: level, torque, distance, travel, time."""
        values = self._values
        depth = self.depth_um
        if depth > self.deepest_um:
            self.deepest_um = depth
        rop = (depth - self._window_from_um) * _TICKS_PER_S // self._window
        self.rop_um_s = rop
        current = self._current_sum // self._window
        self._since_peck += self._window
        if self._ticks > self._deadline:
            self._out_of_time()
            return
        if not self._tilt.ok:
            self._fail(CORER_RESULT_TILT_SENSOR)
            return
        if self._feed.z_um >= self._bottom_um:
            self._short()
            return
        level = self._next_level(rop)
        if level != self.level:
            self.level = level
            if level > self.max_level:
                self.max_level = level
            self._hard_ticks = 0
            self._clean_ma = 0
            self._set_weight()
            self._apply_level()
            self._events.emit(EV_CORER_LEVEL_CHANGED, level, rop, self.weight_set_mn, depth)
        elif level == self._top and self._judge_hard(rop, current):
            return
        if depth - self._peck_at_um >= values[P_CORER_PECK_EVERY_UM]:
            self._peck(PECK_REASON_DISTANCE, current)
            return
        if self._clean_ma == 0 or current < self._clean_ma:
            self._clean_ma = current
        elif (
            current * 1000 > self._clean_ma * values[P_CORER_PECK_RISE_PERMILLE]
            and self._since_peck * _TICK_MS >= values[P_CORER_PECK_PAUSE_MS]
        ):
            self._peck(PECK_REASON_TORQUE, current)
            return
        self._open_window()

    def _next_level(self, rop: int) -> int:
        values = self._values
        low = values[P_CORER_ROP_LOW_UM_S]
        high = values[P_CORER_ROP_HIGH_UM_S]
        level = self.level
        if rop < low:
            level += values[P_CORER_LEVEL_STEP] if rop * 2 < low else 1
            return level if level < self._top else self._top
        if rop > high:
            level -= values[P_CORER_LEVEL_STEP] if rop > high * 2 else 1
            return level if level > 0 else 0
        return level

    def _judge_hard(self, rop: int, current: int) -> bool:
        """At the top level: is there progress over TOO_HARD_MS? True when that ended or interrupted the
        coring.
        """
        values = self._values
        if self._hard_ticks == 0:
            self._hard_from_um = self._window_from_um
            self._hard_pecked = False
        self._hard_ticks += self._window
        mean = (self.depth_um - self._hard_from_um) * _TICKS_PER_S // self._hard_ticks
        hard = mean < values[P_CORER_TOO_HARD_UM_S]
        if self._hard_ticks * _TICK_MS >= values[P_CORER_TOO_HARD_MS]:
            if hard:
                time_s = self._hard_ticks // _TICKS_PER_S
                self._events.emit(EV_CORER_TARGET_TOO_HARD, mean, self.level, time_s, self.depth_um)
                self._fail(CORER_RESULT_TARGET_TOO_HARD)
                return True
            self._hard_ticks = 0
        elif (
            hard and not self._hard_pecked and self._hard_ticks * _TICK_MS * 2 >= values[P_CORER_TOO_HARD_MS]
        ):
            # Perhaps it only stands in its own cuttings: clear them once before giving up.
            self._hard_pecked = True
            self._peck(PECK_REASON_NO_PROGRESS, current)
            return True
        return False

    def _too_fast(self) -> None:
        """Faster than the runaway limit for its time: down with the level, at level 0 stop."""
        feed = self._feed
        if self.level == 0:
            self._events.emit(EV_CORER_RUNAWAY_SOFT, feed.progress_um_s, 0, feed.weight_mn, self.depth_um)
            self._fail(CORER_RESULT_RUNAWAY_SOFT)
            return
        self._fast_ticks = 0
        self.level = 0
        self._clean_ma = 0
        self._set_weight()
        self._apply_level()
        self._events.emit(EV_CORER_LEVEL_CHANGED, 0, feed.progress_um_s, self.weight_set_mn, self.depth_um)
        self._open_window()

    # -- the other states ----------------------------------------------------------------------------

    def _spin_up(self) -> None:
        self._spindle.run(self._speed())
        self.state = CORER_STATE_SPIN_UP

    def _tick_spin_up(self) -> None:
        feed = self._feed
        spindle = self._spindle
        if not feed.busy and feed.result != FEED_RESULT_OK:
            self._feed_ended()
        elif spindle.busy:
            return
        elif spindle.result != SPINDLE_RESULT_OK:
            self._spindle_lost()
        elif self._tilt.busy:
            return
        elif self._lifted:
            self._lifted = False
            self._down_again()
        else:
            self._preload()

    def _preload(self) -> None:
        self._set_weight()
        self._percussion.set_level(self.level)
        self._feed.hold_weight(self.weight_set_mn)
        self._wait = self._values[P_CORER_PRELOAD_MS] // _TICK_MS
        self.state = CORER_STATE_PRELOAD

    def _tick_preload(self) -> None:
        feed = self._feed
        if not feed.busy:
            self._feed_ended()
            return
        self.depth_um = feed.bit_um - self._contact_um
        if self.depth_um >= self._target_um:
            self._at_depth()
            return
        self._wait -= 1
        if (
            feed.weight_mn * 10 < self.weight_set_mn * 9
            and self._wait > 0
            and self.depth_um < self.deepest_um + _SUNK_UM
        ):
            # Not loaded yet, nor past the cut, where the guards of coring have to be awake.
            return
        self._weights_known = 0
        self._lost_ticks = 0
        self._fast_ticks = 0
        self._hot = 0
        self.state = CORER_STATE_CORING
        self._open_window()

    def _peck(self, reason: int, current_ma: int) -> None:
        if self.depth_um > self.deepest_um:
            self.deepest_um = self.depth_um
        self.pecks += 1
        self._events.emit(EV_CORER_PECK, reason, self.depth_um, current_ma)
        self._lift(self._values[P_CORER_PECK_UP_UM])
        self.state = CORER_STATE_PECK_UP

    def _lift(self, clearance_um: int) -> None:
        """Raise the bit by `clearance_um` off the cut, not above the contact."""
        feed = self._feed
        self._percussion.off()
        feed.halt()
        z_um = self._contact_um + self.depth_um - clearance_um
        if z_um < self._contact_um - 1000:
            z_um = self._contact_um - 1000
        if z_um < 0:
            z_um = 0
        feed.move_to(z_um, self._values[P_CORER_PECK_UM_S])

    def _tick_peck(self, state: int) -> None:
        """PECK_UP, PECK_CLEAR and PECK_DOWN."""
        feed = self._feed
        if state == CORER_STATE_PECK_CLEAR:
            self._wait -= 1
            if self._wait <= 0:
                if self.paused:
                    self._spindle.stop()
                    self.state = CORER_STATE_PAUSED
                else:
                    self._down_again()
            return
        if feed.busy:
            return
        result = feed.result
        if state == CORER_STATE_PECK_DOWN:
            # Cuttings that fell back may be met before the cut: the weight loop takes it from there.
            if result != FEED_RESULT_OK and result != FEED_RESULT_OBSTRUCTED:
                self._feed_ended()
                return
            self._since_peck = 0
            self._peck_at_um = self.depth_um
            self._clean_ma = 0
            self._preload()
            return
        if result != FEED_RESULT_OK:
            self._feed_ended()
            return
        self._wait = self._values[P_CORER_PECK_CLEAR_MS] // _TICK_MS
        self.state = CORER_STATE_PECK_CLEAR

    def _down_again(self) -> None:
        self._feed.move_to(
            self._contact_um + self.depth_um - _NEAR_UM, self._values[P_CORER_PECK_UM_S]
        )
        self.state = CORER_STATE_PECK_DOWN

    def _tick_paused(self) -> None:
        """Lifted, everything still. A pause takes nothing of the time that coring may take."""
        self._ticks -= 1
        if not self.paused and not self._spindle.busy:
            self._lifted = True
            self._spin_up()

    def _tick_back_off(self) -> None:
        feed = self._feed
        if feed.busy:
            return
        if feed.result != FEED_RESULT_OK:
            self._feed_ended()
            return
        self._spin_up()

    def _at_depth(self) -> None:
        self.deepest_um = self.depth_um
        self._percussion.off()
        self._feed.hold_weight(self._values[P_CORER_UNLOAD_MN])
        self._wait = _UNLOAD_TICKS
        self.state = CORER_STATE_UNLOAD

    def _tick_unload(self) -> None:
        feed = self._feed
        if not feed.busy:
            self._feed_ended()
            return
        # The bit still cuts a little; it never comes up here, but going up takes the backlash first.
        depth = feed.bit_um - self._contact_um
        if depth > self.depth_um:
            self.depth_um = depth
        self._wait -= 1
        if feed.weight_mn > 2 * self._values[P_CORER_UNLOAD_MN] + 1000 and self._wait > 0:
            return
        self._events.emit(
            EV_CORER_DEPTH_REACHED, self.depth_um, self.max_level, self.pecks, self._ticks // _TICKS_PER_S
        )
        feed.halt()
        self._spindle.stop()
        self._pending = CORER_RESULT_DEPTH_REACHED
        self.state = CORER_STATE_STOPPING

    # -- endings -------------------------------------------------------------------------------------

    def _spindle_lost(self) -> bool:
        """True when the spindle is no longer running as it should; a jam is answered by backing off, a few
        times.
        """
        spindle = self._spindle
        if spindle.running:
            return False
        result = spindle.result
        if result == SPINDLE_RESULT_OVER_CURRENT:
            self._fail(CORER_RESULT_OVER_CURRENT)
            return True
        if result == SPINDLE_RESULT_ENCODER:
            self._fail(CORER_RESULT_ENCODER)
            return True
        if result != SPINDLE_RESULT_JAM:
            self._fail(CORER_RESULT_SPINDLE_FAULT)
            return True
        if self.jams >= self._values[P_CORER_JAM_TRIES]:
            self._fail(CORER_RESULT_SPINDLE_JAM)
            return True
        self.jams += 1
        self._events.emit(EV_CORER_JAM_RETRY, self.depth_um, self.jams)
        self._lift(self._values[P_CORER_JAM_UP_UM])
        self.state = CORER_STATE_BACK_OFF
        return True

    def _feed_ended(self) -> None:
        """The feed stopped by itself."""
        result = self._feed.result
        self.feed_result = result
        if result == FEED_RESULT_LIMIT:
            self._short()
        elif result == FEED_RESULT_BRAKE:
            self._fail(CORER_RESULT_FEED_BRAKE)
        elif result == FEED_RESULT_ENCODER:
            self._fail(CORER_RESULT_FEED_ENCODER)
        elif result == FEED_RESULT_STALLED:
            self._fail(CORER_RESULT_FEED_STALLED)
        else:
            self._fail(CORER_RESULT_FEED_FAULT)

    def _slip(self, jump_mn: int) -> None:
        self._stop_all()
        self._events.emit(EV_CORER_SLIP, self._tilt.change_mdeg, jump_mn, self.depth_um)
        self._fail(CORER_RESULT_SLIP)

    def _out_of_time(self) -> None:
        if self.depth_um >= self._values[P_CORER_SHORT_MIN_UM]:
            self._short()
        else:
            self._fail(CORER_RESULT_TIMEOUT)

    def _short(self) -> None:
        self._events.emit(EV_CORER_SHORT_DEPTH, self.depth_um, self._target_um)
        self._fail(CORER_RESULT_SHORT_DEPTH)

    def _fail(self, result: int) -> None:
        """End in place: nothing is raised, nothing is released."""
        feed_result = self.feed_result
        self._stop_all()
        self._events.emit(EV_CORER_CORING_ENDED, result, self.depth_um, self.level, feed_result)
        self._finish(result)

    def _stop_all(self) -> None:
        self._percussion.halt()
        self._spindle.halt()
        self._feed.halt()

    def _finish(self, result: int) -> None:
        self.state = CORER_STATE_IDLE
        self.busy = False
        self.result = result

    # -- the level -----------------------------------------------------------------------------------

    def _set_weight(self) -> None:
        values = self._values
        low = values[P_CORER_WEIGHT_MIN_MN]
        weight = low + (values[P_CORER_WEIGHT_MAX_MN] - low) * self.level // TOP_LEVEL
        self.weight_set_mn = min(weight, self._weight_max_mn)

    def _speed(self) -> int:
        values = self._values
        fast = values[P_CORER_SPEED_RPM]
        if self.level >= _ROTARY_LEVELS:
            return fast
        slow = values[P_CORER_SPEED_SLOW_RPM]
        return slow + (fast - slow) * self.level // _ROTARY_LEVELS

    def _apply_level(self) -> None:
        self._percussion.set_level(self.level)
        self._spindle.run(self._speed())
        self._feed.hold_weight(self.weight_set_mn)

    def _open_window(self) -> None:
        self._window_left = self._window
        self._window_from_um = self.depth_um
        self._current_sum = 0
