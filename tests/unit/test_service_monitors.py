"""The table of monitors: complete; each row trips at its count, not before; responses, each alone."""

from __future__ import annotations

from array import array

import pytest

from host_tools import dictionary
from rochette import tables as t
from rochette.services.commands import CommandError
from rochette.services.events import FIELDS, Events
from rochette.services.monitors import ESCALATE_CHECKS, SPREAD, Monitors
from rochette.services.parameters import Parameters
from rochette.services.responses import HELD, NOMINAL, SAFED, Responses

WORDS = dictionary.load()
ROWS = WORDS.monitor_list
NAMES = [row.name for row in ROWS]
ACTUATORS = ("SPINDLE", "HAMMER", "FEED", "RING", "CAM", "GATE", "PROBE", "SEALER")
SENSORS = (
    "BUS_MV",
    "BUS_MA",
    "AUX_MA",
    "SPINDLE_MA",
    "WEIGHT_MN",
    "TILT_MDEG",
    "LUX",
    "MOTOR_MC",
    "AMBIENT_MC",
    "RPM",
    "PROBE_UM",
    "SEALER_UM",
    "CLOCK_VALID",
)


class Bench:
    def __init__(self) -> None:
        self.events = Events(1024)
        self.parameters = Parameters()
        self.values = array("i", [0] * t.WATCH_COUNT)
        self.ages = array("i", [0] * 11)
        self.responded: list[tuple[int, int, int]] = []
        self.monitors = Monitors(
            self.events,
            self.parameters.values,
            self.values,
            self.ages,
            lambda response, reason, row: self.responded.append((response, reason, row)),
        )
        self._heard = 0

    def limit(self, row: int) -> int:
        return self.parameters.values[ROWS[row].limit]

    def good(self, row: int) -> None:
        self.values[ROWS[row].watch] = self.limit(row)

    def bad(self, row: int) -> None:
        below = ROWS[row].comparison == t.COMPARISON_BELOW
        self.values[ROWS[row].watch] = self.limit(row) + (-1 if below else 1)

    def checks(self, row: int, count: int) -> None:
        for _ in range(count):
            self.monitors.check(row)

    def heard(self) -> list[tuple[int, ...]]:
        found, record = [], [0] * FIELDS
        while self._heard < self.events.count:
            self._heard += 1
            assert self.events.read(self._heard, record)
            found.append((record[0], record[2], record[3], record[4], record[5]))
        return found


# ---- complete ----


def test_there_are_sixty_monitors_and_few_responses() -> None:
    assert len(ROWS) >= 60
    assert len(WORDS.enums["ResponseKind"].values) <= 12
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("of", ACTUATORS)
def test_every_actuator_has_its_four(of: str) -> None:
    kinds = {row.kind for row in ROWS if row.of == of}
    assert kinds >= {"over_current", "no_motion", "position", "time"}


@pytest.mark.parametrize("of", SENSORS)
def test_every_sensor_has_a_range_and_goes_stale(of: str) -> None:
    watch = WORDS.enums["Watch"].number(of)
    rows = [row for row in ROWS if row.watch == watch and row.kind == "range"]
    assert rows and all(row.stale and row.source for row in rows)


@pytest.mark.parametrize("phase", ["PRELOAD", "CORE", "RETRACT", "DOCK", "ACTIVATE"])
def test_the_phases_have_limit_sets_of_their_own(phase: str) -> None:
    bit = 1 << WORDS.enums["Phase"].number(phase)
    assert [row for row in ROWS if row.phases & bit]


def test_each_watched_value_has_a_row() -> None:
    watched = {row.watch for row in ROWS}
    left = [
        name for name, number, _ in WORDS.enums["Watch"].values if number not in watched and name != "COUNT"
    ]
    assert not left


# ---- generated from the table ----


@pytest.mark.parametrize("row", range(len(ROWS)), ids=NAMES)
def test_it_trips_at_its_count_and_not_before(row: int) -> None:
    bench, want = Bench(), ROWS[row]
    bench.good(row)
    bench.checks(row, 300)
    assert not bench.heard(), "a value at the limit is good"
    bench.bad(row)
    bench.checks(row, want.count - 1)
    assert not bench.heard() and not bench.responded
    bench.good(row)
    bench.checks(row, 1)
    bench.bad(row)
    bench.checks(row, want.count - 1)
    assert not bench.heard(), "one good value begins the count anew"
    bench.checks(row, 1)
    value, limit = bench.values[want.watch], bench.limit(row)
    assert bench.heard() == [(t.EV_MONITOR_TRIPPED, row + 1, value, limit, want.response)]
    expected = [(want.response, want.reason, row)] if want.response else []
    assert bench.responded == expected
    bench.good(row)
    bench.checks(row, want.count - 1)
    assert not bench.heard()
    bench.checks(row, 1)
    assert [one[0] for one in bench.heard()] == [t.EV_MONITOR_CLEARED]


@pytest.mark.parametrize("row", [n for n, row in enumerate(ROWS) if row.stale], ids=lambda n: NAMES[n])
def test_leaving_staleness_is_never_an_edge(row: int) -> None:
    bench, want = Bench(), ROWS[row]
    bench.bad(row)
    bench.checks(row, want.count - 1)
    bench.ages[want.source] = want.stale
    bench.checks(row, 5)
    assert [one[0] for one in bench.heard()] == [t.EV_MONITOR_STALE]
    bench.ages[want.source] = 0
    bench.checks(row, 1)
    events = [one[0] for one in bench.heard()]
    if want.count > 1:
        assert events == [t.EV_MONITOR_FRESH]
        bench.checks(row, want.count - 1)
        events = [one[0] for one in bench.heard()]
    assert events[-1] == t.EV_MONITOR_TRIPPED


def test_a_passive_row_says_it_and_does_nothing() -> None:
    bench, row = Bench(), NAMES.index("TILT_RANGE")
    bench.monitors.set_state(row + 1, t.MONITOR_STATE_PASSIVE)
    bench.bad(row)
    bench.checks(row, 200)
    assert [one[0] for one in bench.heard()] == [t.EV_MONITOR_STATE, t.EV_MONITOR_TRIPPED]
    assert not bench.responded


def test_a_disabled_row_is_not_checked() -> None:
    bench, row = Bench(), NAMES.index("TILT_RANGE")
    bench.monitors.set_state(row + 1, t.MONITOR_STATE_DISABLED)
    bench.heard()
    bench.bad(row)
    for _ in range(SPREAD * 50):
        bench.monitors.tick()
    assert (t.EV_MONITOR_TRIPPED, row + 1) not in [one[:2] for one in bench.heard()]


@pytest.mark.parametrize("name", [row.name for row in ROWS if row.fixed])
def test_some_may_not_be_disabled(name: str) -> None:
    bench = Bench()
    with pytest.raises(CommandError):
        bench.monitors.set_state(NAMES.index(name) + 1, t.MONITOR_STATE_DISABLED)
    assert bench.monitors.states[NAMES.index(name)] == t.MONITOR_STATE_ACTIVE


@pytest.mark.parametrize("monitor", [0, len(ROWS) + 1])
def test_a_monitor_that_is_none(monitor: int) -> None:
    with pytest.raises(CommandError):
        Bench().monitors.set_state(monitor, t.MONITOR_STATE_PASSIVE)


def test_escalation_when_a_response_does_not_help() -> None:
    bench, row = Bench(), NAMES.index("SPINDLE_TIME")
    bench.bad(row)
    bench.checks(row, 1 + 5 * ESCALATE_CHECKS)
    assert [one[0] for one in bench.responded] == [
        t.RESPONSE_KIND_AXIS,
        t.RESPONSE_KIND_HOLD,
        t.RESPONSE_KIND_SAFE,
        t.RESPONSE_KIND_CUT,
    ]


def test_a_phase_brings_its_rows_and_takes_them_away() -> None:
    bench, row = Bench(), NAMES.index("CORING_TILT")
    other = NAMES.index("TILT_RANGE")
    bench.parameters.set(ROWS[other].limit, 20_000)
    bench.values[ROWS[row].watch] = 5_000
    bench.values[t.WATCH_BUS_MV] = 12_000
    bench.values[t.WATCH_CLOCK_VALID] = 1
    for _ in range(SPREAD * 20):
        bench.monitors.tick()
    assert not bench.heard()
    bench.monitors.enter(t.PHASE_CORE)
    for _ in range(SPREAD * ROWS[row].count):
        bench.monitors.tick()
    assert [one[:2] for one in bench.heard()] == [(t.EV_MONITOR_TRIPPED, row + 1)]
    bench.monitors.enter(t.PHASE_IDLE)
    assert not bench.monitors.tripped[row]


def test_each_row_in_force_is_checked_ten_times_a_second() -> None:
    bench = Bench()
    seen: list[int] = []
    bench.monitors.check = seen.append  # type: ignore[method-assign]
    for _ in range(SPREAD):
        bench.monitors.tick()
    in_force = sum(row.phases == 0 or row.phases & 1 << t.PHASE_IDLE != 0 for row in ROWS)
    assert len(seen) == len(set(seen)) == in_force


# ---- responses ----


class Steps:
    def __init__(self) -> None:
        self.done: list[str] = []
        self.events = Events(64)
        self.responses = Responses(self.events)
        for name in ("halt", "off", "abort"):
            self.responses.add_hold(lambda name=name: self.done.append(name))  # type: ignore[misc]
            self.responses.add_safe(lambda name=name: self.done.append("safe " + name))  # type: ignore[misc]


def test_hold_runs_its_steps_in_their_order() -> None:
    steps = Steps()
    steps.responses.hold(t.REASON_SAFED)
    assert steps.done == ["halt", "off", "abort"] and steps.responses.level == HELD


def test_safe_runs_its_own() -> None:
    steps = Steps()
    steps.responses.safe(t.REASON_SAFED)
    assert steps.done == ["safe halt", "safe off", "safe abort"] and steps.responses.level == SAFED


def test_each_step_runs_even_when_one_before_it_failed() -> None:
    events = Events(64)
    responses = Responses(events)
    done: list[int] = []

    def fails() -> None:
        raise OSError(5)

    responses.add_hold(fails)
    responses.add_hold(lambda: done.append(1))
    responses.hold(t.REASON_SAFED)
    assert done == [1] and responses.failures == 1
    record = [0] * FIELDS
    assert events.read(2, record) and record[0] == t.EV_SYSTEM_RESPONSE_STEP_FAILED


def test_the_level_falls_by_command_only() -> None:
    steps = Steps()
    steps.responses.safe(t.REASON_SAFED)
    steps.responses.hold(t.REASON_SAFED)
    assert steps.responses.level == SAFED
    steps.responses.clear()
    assert steps.responses.level == NOMINAL


# ---- degraded modes ----

LOST = [row for row in range(len(ROWS)) if ROWS[row].mode]


def test_each_mode_that_a_part_can_cause_has_one_row() -> None:
    modes = [ROWS[row].mode - 1 for row in LOST]
    by_themselves = {
        t.DEGRADED_ROTARY_ONLY,
        t.DEGRADED_RAM_ONLY,
        t.DEGRADED_NO_LIGHT_SENSOR,
        t.DEGRADED_NO_LOAD_CELL,
    }
    assert sorted(modes) == sorted(by_themselves)


@pytest.mark.parametrize("row", [row for row in LOST if ROWS[row].stale], ids=lambda row: NAMES[row])
def test_a_part_that_stays_silent_asks_for_its_mode_once(row: int) -> None:
    bench = Bench()
    bench.good(row)
    bench.ages[ROWS[row].source] = ROWS[row].stale - 1
    bench.checks(row, 3)
    assert bench.responded == []
    bench.ages[ROWS[row].source] = ROWS[row].stale
    bench.checks(row, 3 * ESCALATE_CHECKS)
    assert bench.responded == [(t.RESPONSE_KIND_DEGRADE, ROWS[row].reason, row)]
    passive = Bench()
    passive.monitors.set_state(row + 1, t.MONITOR_STATE_PASSIVE)
    passive.ages[ROWS[row].source] = ROWS[row].stale
    passive.checks(row, 3)
    assert passive.responded == []


def test_a_record_that_is_lost_asks_for_its_mode_and_nothing_follows() -> None:
    row = NAMES.index("RECORD_LOST")
    bench = Bench()
    bench.bad(row)
    bench.checks(row, ROWS[row].count + 3 * ESCALATE_CHECKS)
    assert bench.responded == [(t.RESPONSE_KIND_DEGRADE, t.REASON_CUSTODY, row)]
