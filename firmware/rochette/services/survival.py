"""Survival: when the supply is low everything goes off but the mission clock, and comes up again by itself.

    AWAKE       the supply below ENTER_MV for ENTER_COUNT seconds, a command or a response: GOING_DOWN
    GOING_DOWN  actuators off and locked, activities ended (one that holds for the ground stays, paused),
                a few seconds for the last words: ASLEEP
    ASLEEP      SLEEP_S of sleep; then the supply is measured before anything else is touched. LEAVE_MV at
                LEAVE_WAKES wake-ups in a row: AWAKE, in mode SAFE. A listening window that is due, with
                LISTEN_MV: LISTENING. Otherwise asleep again
    LISTENING   the executive runs for the window, and STAY_S longer when the ground is heard: ASLEEP

A wake-up that comes late is counted with those it has missed. A sleep that the controller refuses is tried
again, then the controller is reset, then sleep is given up: the payload stays in LISTENING, locked. The
counts stand in a record (services/survival_record.py) that is written before each sleep.

tick() runs at 1 Hz, in the idle room. Awake it allocates nothing. A sleep is taken inside of it; the
executive is told (slept()).
"""

from rochette.tables import (
    EV_SURVIVAL_ENTERED,
    EV_SURVIVAL_KEPT,
    EV_SURVIVAL_LEAVE_REFUSED,
    EV_SURVIVAL_LEFT,
    EV_SURVIVAL_LISTENING,
    EV_SURVIVAL_OVERSLEPT,
    EV_SURVIVAL_RESET_FROM_SLEEP,
    EV_SURVIVAL_SLEEP_REFUSED,
    EV_SURVIVAL_STARTED_LOW,
    EV_SURVIVAL_STAYS_UP,
    MODE_HOLD,
    MODE_SAFE,
    MODE_SURVIVAL,
    P_SURVIVAL_ENTER_COUNT,
    P_SURVIVAL_ENTER_MV,
    P_SURVIVAL_GRACE_S,
    P_SURVIVAL_LATE_S,
    P_SURVIVAL_LEAVE_MV,
    P_SURVIVAL_LEAVE_WAKES,
    P_SURVIVAL_LISTEN_MV,
    P_SURVIVAL_REFUSED_RESETS,
    P_SURVIVAL_REFUSED_TRIES,
    P_SURVIVAL_SLEEP_S,
    P_SURVIVAL_STAY_S,
    P_SYSTEM_ABORT_CLEANUP_MS,
    SURVIVAL_REASON_COMMAND,
    SURVIVAL_REASON_KEPT,
    SURVIVAL_REASON_NONE,
    SURVIVAL_REASON_START,
    SURVIVAL_REASON_SUPPLY_LOW,
    SURVIVAL_STATE_ASLEEP,
    SURVIVAL_STATE_AWAKE,
    SURVIVAL_STATE_GOING_DOWN,
    SURVIVAL_STATE_LISTENING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.calling import Calling
    from rochette.services.events import Events
    from rochette.services.heater import Heater
    from rochette.services.mission_time import MissionTime
    from rochette.services.mode import ModeKeeper
    from rochette.services.survival_record import SurvivalRecord

_MJ_PER_MWH = 3600
_SAVE_S = 3600  # awake, the record is written once an hour, so that the time in it is never older
_NAPS_A_TICK = 8  # wake-ups in a row before the executive runs for a second
_NAPS_AT_START = 48  # a low supply at the start is waited for so long (a day of SLEEP_S) at most
_COUNT_MASK = 0x3FFFFFFF


class Survival:
    """`state` (SurvivalState), `reason` (SurvivalReason); the counts stand in `record`."""

    def __init__(
        self,
        executive: "Any",
        events: "Events",
        values: "Any",
        bus: "Any",
        time: "MissionTime",
        mode: "ModeKeeper",
        record: "SurvivalRecord",
        heater: "Heater",
        calling: "Calling",
        nap: "Callable[[int], int]",
        reset: "Callable[[], Any]",
    ) -> None:
        """`bus`: check(), measure(), bus_mv, current_ma, ok. `nap(ms)` sleeps and returns the milliseconds
        that passed; `reset()` starts the controller anew."""
        self.state = SURVIVAL_STATE_AWAKE
        self.reason = SURVIVAL_REASON_NONE
        self.record = record
        self.lock: "Callable[[bool], Any]" = _nobody
        self.busy: "Callable[[], Any]" = _nobody
        self.pause: "Callable[[bool], Any]" = _nobody
        self._executive = executive
        self._events = events
        self._values = values
        self._bus = bus
        self._time = time
        self._mode = mode
        self._heater = heater
        self._calling = calling
        self._nap = nap
        self._reset = reset
        self._down: "list[Callable[[], Any]]" = []
        self._mode_after = MODE_SAFE
        self._low = 0
        self._good = 0
        self._left_s = 0
        self._limit_s = 0
        self._not_before_s = 0
        self._tries = 0
        self._given_up = False
        self._energy_mj = 0
        self._unsaved_s = 0
        self._was_invalid = False

    def add_down(self, step: "Callable[[], Any]") -> None:
        """`step()` is done on the way down: switch off, end, stop. It must be harmless when repeated."""
        self._down.append(step)

    # Start

    def measure_first(self, naps: int) -> int:
        """At the start, before any other part is touched: measure the supply, and sleep while it is too low
        to listen. `naps` is how often it has slept in this start already; returns how often by now.
        Allocates."""
        bus = self._bus
        while naps < _NAPS_AT_START:
            try:
                bus.check()
            except Exception:
                break  # without a measurement: up, in the hope that somebody can be told
            self._measure()
            if not self._too_low():
                break
            if self._nap(self._values[P_SURVIVAL_SLEEP_S] * 1000) < 1000:
                break
            naps += 1
        return naps

    def wait_for_supply(self, naps: int) -> int:
        """As measure_first(), once the limits that the ground has set are known: where the supply just
        measured is enough for them too, nothing is measured again."""
        return self.measure_first(naps) if self._too_low() else naps

    def _too_low(self) -> bool:
        """Whether the supply was measured and is too low to listen."""
        bus = self._bus
        return bus.ok and bus.bus_mv < self._values[P_SURVIVAL_LISTEN_MV]

    def begin(self, naps: int, cause: int, watchdog_cause: int, latch: bool) -> None:
        """Once at the start, when everything is built: go on where the record says that it was. `naps`: what
        measure_first() gave; `cause`: of the start; `watchdog_cause`: the one that is a reset; `latch`: the
        board sleeps by switching its supply off, so a power-on may be a wake-up. Allocates."""
        record = self.record
        record.load()
        self._time.trust_from(record.last_s, record.time_invalid)
        self._time.poll()
        self._was_invalid = record.time_invalid
        asleep = record.found and record.state != SURVIVAL_STATE_AWAKE
        if record.found and (asleep or naps):
            self._events.emit(EV_SURVIVAL_KEPT, record.wakes, record.missed, record.asleep_s // 60)
        if naps:
            limit = self._values[P_SURVIVAL_LISTEN_MV]
            self._events.emit(EV_SURVIVAL_STARTED_LOW, self._bus.bus_mv, limit, naps)
        if asleep and record.state == SURVIVAL_STATE_ASLEEP and cause == watchdog_cause:
            record.resets += 1
            record.refused = (record.refused + 1) & _COUNT_MASK
            self._events.emit(EV_SURVIVAL_RESET_FROM_SLEEP, record.resets, cause)
        elif not asleep:
            record.resets = 0
        self._count_since_record(asleep, naps)
        if asleep and latch and cause != watchdog_cause and record.state == SURVIVAL_STATE_ASLEEP:
            self._wake_by_latch()
        elif asleep or naps:
            self._start_again(SURVIVAL_REASON_KEPT if asleep else SURVIVAL_REASON_START)

    def _count_since_record(self, asleep: bool, naps: int) -> None:
        """What has passed since the record was written: one wake-up is this start, `naps` were slept in it,
        and for the rest nobody woke."""
        if not asleep and not naps:
            return
        record = self.record
        period_s = self._values[P_SURVIVAL_SLEEP_S]
        passed_s = naps * period_s
        if asleep and self._time.valid:
            passed_s = max(passed_s, self._time.clock_s() - record.last_s)
            self._calling.passed(passed_s)
            self._count_missed(period_s, passed_s - naps * period_s)
        record.wakes = (record.wakes + naps + int(asleep)) & _COUNT_MASK
        record.asleep_s = (record.asleep_s + passed_s) & _COUNT_MASK

    def _wake_by_latch(self) -> None:
        record = self.record
        self.reason = record.reason
        self.state = SURVIVAL_STATE_ASLEEP
        self.lock(True)
        if self.busy():
            self._mode_after = MODE_HOLD
            self.pause(True)
        self._mode.set(MODE_SURVIVAL)
        self._look_around()

    def _start_again(self, reason: int) -> None:
        """Up for a listening window, locked; then asleep again unless the supply is back."""
        # What the record says was held is held again from the start; it waits, paused.
        self._mode_after = MODE_HOLD if self.busy() else MODE_SAFE
        self._enter(reason)
        self._mode.set(MODE_SURVIVAL)
        if self.record.resets > self._values[P_SURVIVAL_REFUSED_RESETS]:
            self._give_up()
        else:
            self._listen()

    # In and out

    def enter(self, reason: int) -> None:
        """Go down, for `reason` (SurvivalReason). Nothing when it is on its way already."""
        if self.state != SURVIVAL_STATE_AWAKE:
            return
        self._mode_after = MODE_HOLD if self._mode.value == MODE_HOLD else MODE_SAFE
        self._enter(reason)
        self.state = SURVIVAL_STATE_GOING_DOWN
        self._left_s = self._values[P_SURVIVAL_GRACE_S]
        # An activity's way out has its own limit; longer than that nobody waits.
        self._limit_s = self._left_s + self._values[P_SYSTEM_ABORT_CLEANUP_MS] // 1000 + 1

    def _enter(self, reason: int) -> None:
        self.reason = reason
        self.record.reason = reason
        self._low = 0
        self._good = 0
        self._tries = 0
        self._given_up = False
        self.lock(True)
        self._events.emit(EV_SURVIVAL_ENTERED, reason, self._bus.bus_mv)
        self._go_down()

    def _go_down(self) -> None:
        if self._mode_after == MODE_HOLD:
            self.pause(True)
            return
        for step in self._down:
            step()

    def command_enter(self, hours: int) -> None:
        """Command ENTER: not up before so many hours."""
        self._not_before_s = hours * 3600
        self._given_up = False
        if self.state == SURVIVAL_STATE_AWAKE:
            self.enter(SURVIVAL_REASON_COMMAND)
        else:
            self._calling.open_s = 0
            self._left_s = 0

    def command_leave(self) -> bool:
        """Command LEAVE. False, with an event, while the supply is below ENTER_MV."""
        limit = self._values[P_SURVIVAL_ENTER_MV]
        if self._bus.bus_mv < limit:
            self._events.emit(EV_SURVIVAL_LEAVE_REFUSED, self._bus.bus_mv, limit)
            return False
        self._leave()
        return True

    def _leave(self) -> None:
        record = self.record
        self.state = SURVIVAL_STATE_AWAKE
        self.reason = SURVIVAL_REASON_NONE
        self._not_before_s = 0
        self._calling.open_s = 0
        record.resets = 0
        self.lock(False)
        self._save()
        self._events.emit(
            EV_SURVIVAL_LEFT, self._bus.bus_mv, record.wakes, record.missed, record.asleep_s // 60
        )
        if self._mode_after == MODE_HOLD:
            self.pause(False)
            if not self.busy():
                self._mode_after = MODE_SAFE  # what was held has ended meanwhile
        self._mode.set(self._mode_after)

    def time_was_set(self) -> None:
        """Command SET_TIME was carried out: what was written down before is no floor any more."""
        self.record.last_s = 0
        self._save()

    # One second

    def tick(self) -> None:
        """1 Hz, in the idle room."""
        heard = self._calling.passed(1)
        self._count_energy()
        state = self.state
        if state == SURVIVAL_STATE_AWAKE:
            self._awake()
        elif state == SURVIVAL_STATE_GOING_DOWN:
            self._going_down()
        elif state == SURVIVAL_STATE_LISTENING:
            self._listening(heard)
        else:
            self._sleep()

    def _awake(self) -> None:
        self._heater.judge(False)
        self._calling.awake_second()
        invalid = not self._time.valid and self._time.latched
        self._unsaved_s += 1
        if self._unsaved_s >= _SAVE_S or invalid != self._was_invalid:
            self._save()
        bus = self._bus
        if bus.ok and bus.bus_mv < self._values[P_SURVIVAL_ENTER_MV]:
            self._low += 1
            if self._low >= self._values[P_SURVIVAL_ENTER_COUNT]:
                self.enter(SURVIVAL_REASON_SUPPLY_LOW)
        else:
            self._low = 0

    def _going_down(self) -> None:
        self._limit_s -= 1
        if self._left_s > 0:
            self._left_s -= 1
        if self._mode_after != MODE_HOLD and self.busy():
            if self._limit_s > 0:
                return
            self._go_down()
        if self._left_s > 0:
            return
        self._mode.set(MODE_SURVIVAL)
        self.state = SURVIVAL_STATE_ASLEEP
        self._sleep()

    def _listening(self, heard: bool) -> None:
        calling = self._calling
        bus = self._bus
        self._heater.judge(True)
        if heard:
            self._left_s = self._values[P_SURVIVAL_STAY_S]
        if calling.open_s:
            calling.second()
        if self._left_s > 0:
            self._left_s -= 1
        if self._given_up:
            self._up_again(bus.ok and bus.bus_mv >= self._values[P_SURVIVAL_LEAVE_MV], 60)
            if calling.due:
                calling.begin()
            return
        # A supply that gives way under the window ends it, with the same patience as awake.
        if bus.ok and bus.bus_mv < self._values[P_SURVIVAL_LISTEN_MV]:
            self._low += 1
        else:
            self._low = 0
        if (not calling.open_s and not self._left_s) or self._low >= self._values[P_SURVIVAL_ENTER_COUNT]:
            calling.open_s = 0
            self._left_s = 0
            self.state = SURVIVAL_STATE_ASLEEP
            self._sleep()

    def _count_energy(self) -> None:
        bus = self._bus
        if bus.ok and bus.current_ma > 0:
            self._energy_mj += bus.bus_mv * bus.current_ma // 1000
            if self._energy_mj >= _MJ_PER_MWH:
                drawn = self.record.energy_mwh + self._energy_mj // _MJ_PER_MWH
                self.record.energy_mwh = drawn & _COUNT_MASK
                self._energy_mj %= _MJ_PER_MWH

    # Asleep

    def _sleep(self) -> None:
        for _ in range(_NAPS_A_TICK):
            if not self._sleep_once() or self.state != SURVIVAL_STATE_ASLEEP:
                return

    def _sleep_once(self) -> bool:
        """One sleep and what the wake-up finds. False when the controller did not sleep."""
        record = self.record
        wish_s = self._values[P_SURVIVAL_SLEEP_S]
        record.state = SURVIVAL_STATE_ASLEEP
        self._save()
        clock_s = self._time.clock_s()
        slept_ms = self._nap(wish_s * 1000)
        self._executive.slept(slept_ms)
        slept_s = slept_ms // 1000
        # Before anything else is touched.
        self._measure()
        self._time.poll()
        record.asleep_s = (record.asleep_s + slept_s) & _COUNT_MASK
        self._calling.passed(slept_s)
        self._not_before_s = max(0, self._not_before_s - slept_s)
        if slept_s < wish_s // 2:
            self._refused(wish_s, slept_s)
            return False
        self._tries = 0
        record.resets = 0
        record.wakes = (record.wakes + 1) & _COUNT_MASK
        self._count_missed(wish_s, max(slept_s, self._time.clock_s() - clock_s if self._time.valid else 0))
        self._heater.judge(True)
        self._look_around()
        return True

    def _measure(self) -> None:
        bus = self._bus
        bus.measure()
        if not bus.ok:
            try:
                bus.check()  # it may have lost its settings with its supply
                bus.measure()
            except Exception:
                return

    def _count_missed(self, wish_s: int, passed_s: int) -> None:
        late_s = passed_s - wish_s
        if late_s <= self._values[P_SURVIVAL_LATE_S]:
            return
        record = self.record
        missed = max(1, late_s // wish_s)
        record.missed = (record.missed + missed) & _COUNT_MASK
        self._events.emit(EV_SURVIVAL_OVERSLEPT, late_s, missed, record.missed)

    def _look_around(self) -> None:
        bus = self._bus
        values = self._values
        good = bus.ok and bus.bus_mv >= values[P_SURVIVAL_LEAVE_MV]
        if self._up_again(good, values[P_SURVIVAL_LEAVE_WAKES]):
            return
        # A supply that can't be measured must not keep the payload silent for ever.
        if self._calling.due and (not bus.ok or bus.bus_mv >= values[P_SURVIVAL_LISTEN_MV]):
            self._listen()

    def _up_again(self, good: bool, needed: int) -> bool:
        """Count measurements that are good enough to come up; True when it did."""
        self._good = self._good + 1 if good and not self._not_before_s else 0
        if self._good < needed:
            return False
        self._leave()
        return True

    def _listen(self) -> None:
        self.state = SURVIVAL_STATE_LISTENING
        self._save()
        self._low = 0
        self._left_s = 0
        self._calling.begin()
        self._events.emit(
            EV_SURVIVAL_LISTENING,
            self._calling.window_s,
            self._calling.strategy,
            self.record.wakes,
            self._bus.bus_mv,
        )

    def _refused(self, wish_s: int, slept_s: int) -> None:
        record = self.record
        record.refused = (record.refused + 1) & _COUNT_MASK
        self._tries += 1
        self._events.emit(EV_SURVIVAL_SLEEP_REFUSED, wish_s, slept_s, self._tries)
        if self._tries < self._values[P_SURVIVAL_REFUSED_TRIES]:
            return
        if record.resets >= self._values[P_SURVIVAL_REFUSED_RESETS]:
            self._give_up()
            return
        self._save()
        self._reset()

    def _give_up(self) -> None:
        """It can't be put to sleep: up, locked, listening, until the supply is back."""
        self._given_up = True
        self.state = SURVIVAL_STATE_LISTENING
        self.record.state = SURVIVAL_STATE_LISTENING
        self._events.emit(EV_SURVIVAL_STAYS_UP, self.record.resets)
        self._save()

    def _save(self) -> None:
        record = self.record
        time = self._time
        self._unsaved_s = 0
        if self.state != SURVIVAL_STATE_ASLEEP:
            record.state = self.state
        self._was_invalid = record.time_invalid = not time.valid and time.latched
        record.last_s = max(record.last_s if record.time_invalid else 0, time.now_s())
        record.save()


def _nobody(*_unused: "Any") -> int:
    """Stands where nobody has connected himself yet."""
    return 0
