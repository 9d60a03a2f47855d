"""Survival: down when the supply is low, up by hysteresis, everything counted; and nothing touched before the
supply was measured."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rochette import tables as t
from rochette.services.survival_record import SurvivalRecord
from tests.unit.survival_bench import BASE_S, Bench, Reset

AWAKE = t.SURVIVAL_STATE_AWAKE
DOWN = t.SURVIVAL_STATE_GOING_DOWN
ASLEEP = t.SURVIVAL_STATE_ASLEEP
LISTENING = t.SURVIVAL_STATE_LISTENING
LOW, GOOD = 10_500, 12_500
"""Below LISTEN_MV and ENTER_MV; above LEAVE_MV."""


def asleep(**values: int) -> Bench:
    """One that has just gone to sleep; its naps find a supply between the two limits, and no window is due
    for a year."""
    bench = Bench(CALL1_PERIOD_S=1_000_000, CALL2_AFTER_S=10_000_000, **values)
    bench.mv = LOW
    bench.nap_mv = [11_500] * 8
    bench.second(5 + 3)
    assert bench.survival.state == ASLEEP
    bench.nap_mv = []
    return bench


def kept(bench: Bench) -> SurvivalRecord:
    """What the memory says, as the next start reads it."""
    record = SurvivalRecord(bench.store)
    record.load()
    return record


# ---- down ----


def test_a_supply_below_the_limit_for_long_enough_and_not_shorter() -> None:
    bench = Bench()
    bench.mv = 10_999
    bench.second(4)
    bench.mv = 11_000
    bench.second()
    bench.mv = 10_999
    bench.second(4)
    assert bench.survival.state == AWAKE, "five in a row are needed"
    bench.second()
    assert (bench.survival.state, bench.locked) == (DOWN, True)
    assert bench.survival.reason == t.SURVIVAL_REASON_SUPPLY_LOW
    assert "down" in bench.log


def test_an_unmeasured_supply_is_no_low_one() -> None:
    bench = Bench()
    bench.mv = 0
    bench.measurable = False
    bench.second(60)
    assert bench.survival.state == AWAKE


def test_an_activity_gets_its_way_out_and_no_longer() -> None:
    bench = Bench(CALL1_PERIOD_S=1_000_000)
    bench.running = True
    bench.mv = LOW
    bench.second(5)
    limit_s = bench.values[t.P_SURVIVAL_GRACE_S] + bench.values[t.P_SYSTEM_ABORT_CLEANUP_MS] // 1000 + 1
    bench.second(limit_s - 1)
    assert bench.survival.state == DOWN, "it is still on its way"
    bench.nap_mv = [11_500] * 8
    bench.second()
    assert bench.survival.state == ASLEEP
    assert bench.log.count("down") == 2, "asked again at the end of its time"


def test_what_is_held_for_the_ground_is_paused_and_not_ended() -> None:
    bench = Bench()
    bench.running = True
    bench.mode.set(t.MODE_HOLD)
    bench.survival.enter(t.SURVIVAL_REASON_COMMAND)
    assert bench.paused and "down" not in bench.log
    bench.mv = GOOD
    bench.second(3)
    assert (bench.survival.state, bench.mode.value, bench.paused) == (AWAKE, t.MODE_HOLD, False)


# ---- each wake-up ----


@pytest.mark.parametrize("mv", [LOW, 11_500, GOOD])
def test_after_each_sleep_the_supply_is_measured_before_anything_else(mv: int) -> None:
    bench = asleep()
    bench.log.clear()
    bench.mv = mv
    bench.second(2)
    wakes = [n for n, name in enumerate(bench.log) if name == "nap"]
    assert wakes
    assert {bench.log[n + 1] for n in wakes} == {"measure"}


def test_a_start_measures_before_the_memory_is_read() -> None:
    bench = Bench()
    assert bench.log[:2] == ["check", "measure"]
    assert bench.log.index("measure") < bench.log.index("read")
    bench.log.clear()
    bench.mv = LOW
    bench.nap_mv = [LOW, LOW, 11_500]
    bench.restart()
    assert bench.log[: bench.log.index("read")] == ["check", "measure", *["nap", "check", "measure"] * 3]


def test_up_only_after_good_wakes_in_a_row() -> None:
    bench = asleep()
    bench.naps = []
    bench.nap_mv = [GOOD, 12_299, GOOD, GOOD]
    bench.second(2)
    assert bench.nap_mv == []
    assert (bench.survival.state, bench.mode.value, bench.locked) == (AWAKE, t.MODE_SAFE, False)
    assert bench.record.wakes == 8 + 4


def test_no_wake_up_brings_it_up_before_the_hours_of_a_command_are_over() -> None:
    bench = Bench(CALL1_PERIOD_S=1_000_000)
    bench.mv = GOOD
    bench.survival.command_enter(3)
    bench.second(3)
    bench.second(20)
    assert bench.survival.state == AWAKE
    assert bench.record.wakes == 7, "six of half an hour pass the three hours; the sixth and seventh count"


def test_leave_by_command_only_with_a_supply_that_would_not_send_it_back() -> None:
    bench = asleep()
    bench.bus_mv = 10_999
    assert not bench.survival.command_leave()
    assert t.EV_SURVIVAL_LEAVE_REFUSED in bench.ids()
    assert bench.locked
    bench.bus_mv = 11_000
    assert bench.survival.command_leave()
    assert (bench.survival.state, bench.locked) == (AWAKE, False)


@pytest.mark.parametrize(
    ("slept_s", "missed"), [(1800, 0), (1860, 0), (1861, 1), (3599, 1), (3600, 1), (5400, 2), (9000, 4)]
)
def test_a_late_wake_up_counts_those_it_has_missed(slept_s: int, missed: int) -> None:
    bench = asleep()
    bench.naps = [slept_s * 1000]
    bench.nap_mv = [11_500]
    bench.survival._sleep_once()
    assert bench.record.missed == missed
    assert (t.EV_SURVIVAL_OVERSLEPT in bench.ids()) == bool(missed)


def test_a_refused_sleep_is_tried_again_then_reset_then_given_up() -> None:
    bench = asleep()
    for resets in range(1, 3):
        bench.naps = [0, 0, 0]
        with pytest.raises(Reset):
            bench.second(3)
        assert bench.record.refused == 3 * resets + (resets - 1)
        bench.restart(cause=3)
        assert t.EV_SURVIVAL_RESET_FROM_SLEEP in bench.ids()
        assert (bench.record.resets, bench.survival.state) == (resets, LISTENING)
        bench.calling.open_s = 1
    bench.naps = [0, 0, 0]
    bench.second(3)
    assert bench.survival.state == LISTENING and bench.locked
    assert t.EV_SURVIVAL_STAYS_UP in bench.ids()
    bench.mv = GOOD
    bench.second(60)
    assert bench.survival.state == AWAKE, "the supply is back for a minute"


# ---- listening ----


def test_a_window_opens_when_it_is_due_and_closes_after_its_time() -> None:
    bench = Bench(CALL1_PERIOD_S=3600)
    bench.mv = LOW
    bench.nap_mv = [11_500] * 2
    bench.second(8)
    assert bench.survival.state == LISTENING
    window_s = bench.calling.open_s
    assert window_s == 30
    bench.second(window_s - 1)
    assert bench.survival.state == LISTENING
    bench.nap_mv = [11_500]
    bench.naps = [1_800_000, 0]
    bench.second()
    assert bench.survival.state == ASLEEP


def test_no_window_on_a_supply_that_does_not_carry_it() -> None:
    bench = Bench(CALL1_PERIOD_S=3600)
    bench.mv = LOW
    bench.nap_mv = [LOW] * 8
    bench.second(8)
    assert bench.survival.state == ASLEEP
    assert t.EV_SURVIVAL_LISTENING not in bench.ids()


def test_the_ground_that_is_heard_keeps_it_up_and_a_supply_that_gives_way_does_not() -> None:
    bench = Bench(CALL1_PERIOD_S=3600)
    bench.mv = LOW
    bench.nap_mv = [11_500] * 2
    bench.second(8)
    bench.taken += 1
    bench.second(200)
    assert bench.survival.state == LISTENING, "STAY_S are 300"
    bench.mv = 10_799
    bench.second(4)
    assert bench.survival.state == LISTENING
    bench.second()
    assert bench.survival.state == ASLEEP


# ---- energy and time ----


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(11_000, 16_000), st.integers(-500, 3_000)), max_size=60))
def test_energy_is_what_was_measured(seconds: list[tuple[int, int]]) -> None:
    bench = Bench()
    spent_mj = 0
    for mv, ma in seconds:
        bench.mv, bench.ma = mv, ma
        bench.second()
        spent_mj += mv * ma // 1000 if ma > 0 else 0
    assert bench.record.energy_mwh == spent_mj // 3600


def test_a_clock_that_jumps_is_invalid_over_a_restart_until_it_is_set() -> None:
    bench = Bench()
    bench.second(10)
    assert bench.time.valid
    bench.clock_off_s = -5_000
    bench.second(2)
    assert (bench.time.valid, bench.time.fault) == (False, t.CLOCK_FAULT_JUMPED)
    assert bench.record.time_invalid, "written down at once, not within the hour"
    bench.clock_off_s = 0
    bench.second(60)
    assert not bench.time.valid, "it does not come back by itself"
    bench.restart()
    assert (bench.time.valid, bench.time.fault) == (False, t.CLOCK_FAULT_KEPT)
    bench.time.set(BASE_S + 1000)
    bench.survival.time_was_set()
    bench.second()
    assert bench.time.valid
    bench.restart()
    assert bench.time.valid


@pytest.mark.parametrize(("off_s", "valid"), [(0, True), (-5, True), (-10_000, False)])
def test_a_clock_that_shows_less_than_was_written_down_is_not_believed(off_s: int, valid: bool) -> None:
    bench = Bench()
    bench.second(3600)
    bench.clock_off_s = off_s
    bench.restart()
    assert bench.time.valid == valid


def test_a_clock_that_jumps_in_the_night_is_no_night_overslept() -> None:
    bench = asleep()
    bench.naps = [1_800_000]
    bench.nap_mv = [11_500]
    bench.clock_off_s = 90_000
    bench.survival._sleep_once()
    assert not bench.time.valid
    assert bench.record.missed == 0


def test_a_day_without_supply_is_counted_by_the_clock_at_the_next_start() -> None:
    bench = asleep()
    written = kept(bench)
    bench.true_s += 86_400
    bench.mv = GOOD
    bench.restart()
    assert bench.survival.state == LISTENING and bench.locked
    assert bench.record.wakes == written.wakes + 1
    # It slept for half an hour when the supply went, so it was gone from the last writing on.
    assert bench.record.missed == written.missed + (86_400 + 1800) // 1800 - 1


def test_a_wake_up_by_the_latch_goes_on_where_it_slept() -> None:
    bench = asleep()
    written = kept(bench)
    bench.mv = GOOD
    bench.restart(latch=True)
    assert (bench.survival.state, bench.locked, bench.record.wakes) == (ASLEEP, True, written.wakes + 1)
    assert bench.record.missed == 0


# ---- whatever comes ----


class AnyNight(RuleBasedStateMachine):
    """Supply, sleep, clock and power do what they like; a second model counts."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(SLEEP_S=600, CALL1_PERIOD_S=7200, REFUSED_RESETS=3)

    def _second(self, times: int) -> None:
        for _ in range(times):
            before, low = self.bench.survival.state, self.bench.survival._low
            self.bench.log.clear()
            try:
                self.bench.second()
            except Reset:
                self.bench.restart(cause=3)
                return
            self._look(before, low)

    def _look(self, before: int, low: int) -> None:
        bench = self.bench
        log = bench.log
        for n, name in enumerate(log):
            if name == "nap":
                assert log[n + 1] == "measure", "something was touched before the supply was measured"
        if before == AWAKE and bench.survival.state != AWAKE:
            assert low + 1 >= bench.values[t.P_SURVIVAL_ENTER_COUNT]
        if before == ASLEEP and bench.survival.state == AWAKE:
            assert bench.bus_mv >= bench.values[t.P_SURVIVAL_LEAVE_MV]

    @rule(mv=st.sampled_from([0, LOW, 10_900, 11_500, GOOD, 14_000]), seconds=st.integers(1, 12))
    def supply(self, mv: int, seconds: int) -> None:
        self.bench.mv = mv
        self._second(seconds)

    @rule(naps=st.lists(st.sampled_from([0, 600_000, 601_000, 3_000_000]), min_size=1, max_size=6))
    def sleeps(self, naps: list[int]) -> None:
        self.bench.naps = naps
        self._second(2)

    @rule(works=st.booleans())
    def monitor(self, works: bool) -> None:
        self.bench.measurable = works
        self._second(1)

    @rule(off_s=st.integers(-100_000, 100_000))
    def clock(self, off_s: int) -> None:
        self.bench.clock_off_s = off_s
        self._second(3)

    @rule(gone_s=st.integers(0, 200_000), latch=st.booleans(), cause=st.sampled_from([1, 3]))
    def power_comes_back(self, gone_s: int, latch: bool, cause: int) -> None:
        bench = self.bench
        written = kept(bench)
        bench.true_s += gone_s
        bench.naps = []
        bench.log.clear()
        bench.restart(cause, latch)
        assert bench.log.index("check") < bench.log.index("read")
        record = bench.record
        for name in ("wakes", "missed", "refused", "asleep_s", "energy_mwh"):
            assert getattr(record, name) >= getattr(written, name), name
        if written.time_invalid:
            assert not bench.time.valid

    @rule(hours=st.integers(0, 4))
    def told_to_sleep(self, hours: int) -> None:
        bench = self.bench
        was = bench.survival.state
        bench.survival.command_enter(hours)
        if was == AWAKE:
            assert bench.survival.state == DOWN

    @precondition(lambda self: self.bench.survival.state != AWAKE)
    @rule()
    def told_to_wake(self) -> None:
        bench = self.bench
        enough = bench.bus_mv >= bench.values[t.P_SURVIVAL_ENTER_MV]
        assert bench.survival.command_leave() == enough

    @rule()
    def ground_speaks(self) -> None:
        self.bench.taken += 1
        self._second(1)

    @invariant()
    def locked_unless_awake(self) -> None:
        assert self.bench.locked == (self.bench.survival.state != AWAKE)

    @invariant()
    def nothing_runs_backwards(self) -> None:
        record = self.bench.record
        assert min(record.wakes, record.missed, record.refused, record.asleep_s, record.energy_mwh) >= 0


AnyNight.TestCase.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
TestAnyNight = AnyNight.TestCase
