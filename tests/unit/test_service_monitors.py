"""Monitors and responses: persistence, one-shot, staleness, enable states; every step of a response runs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rochette.services import monitors as m
from rochette.services.events import FIELDS, Events
from rochette.services.monitors import Monitors
from rochette.services.parameters import Parameters
from rochette.services.responses import HELD, NOMINAL, SAFED, Responses
from rochette.tables import (
    EV_POWER_BUS_OVER_CURRENT,
    EV_SYSTEM_MONITOR_STALE,
    EV_SYSTEM_RESPONSE_HOLD,
    EV_SYSTEM_RESPONSE_SAFE,
    EV_SYSTEM_RESPONSE_STEP_FAILED,
    P_POWER_BUS_MAX_MA,
)

LIMIT = 9000


class Bench:
    def __init__(self, count: int = 3, **options: object) -> None:
        self.events = Events(256)
        self.parameters = Parameters()
        self.parameters.set(P_POWER_BUS_MAX_MA, LIMIT)
        self.monitors = Monitors(self.events, self.parameters)
        self.value = 0
        self.fresh = True
        self.responded: list[int] = []
        self.row = self.monitors.add(
            lambda: self.value,
            options.pop("comparison", m.ABOVE),  # type: ignore[arg-type]
            P_POWER_BUS_MAX_MA,
            count,
            EV_POWER_BUS_OVER_CURRENT,
            self.responded.append,
            6,
            fresh=lambda: self.fresh,
            **options,  # type: ignore[arg-type]
        )

    def feed(self, *values: int) -> None:
        for self.value in values:
            self.monitors.tick()

    def seen(self) -> list[list[int]]:
        rows = []
        for number in range(1, self.events.count + 1):
            row = [0] * FIELDS
            assert self.events.read(number, row)
            rows.append([row[0], row[2], row[3]])
        return rows


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_no_trip_at_one_less_and_a_trip_at_the_count(count: int) -> None:
    bench = Bench(count)
    bench.feed(*[9001] * (count - 1), 9000, *[9001] * (count - 1))
    assert bench.responded == []
    bench.feed(9001)
    assert bench.responded == [6]
    assert bench.seen() == [[EV_POWER_BUS_OVER_CURRENT, 9001, LIMIT]]


def test_it_trips_once_and_is_armed_by_as_many_good_values() -> None:
    bench = Bench(3)
    bench.feed(*[9999] * 20)
    assert bench.responded == [6]
    bench.feed(0, 0, 9999, 0, 0)
    assert bench.monitors.tripped(bench.row)
    bench.feed(0)
    assert not bench.monitors.tripped(bench.row)
    bench.feed(9999, 9999, 9999)
    assert bench.responded == [6, 6]


@given(st.lists(st.sampled_from([0, LIMIT, LIMIT + 1, 20000]), max_size=60), st.integers(1, 5))
def test_trips_agree_with_a_plain_model(values: list[int], count: int) -> None:
    bench = Bench(count)
    tripped, run, trips = False, 0, 0
    for value in values:
        run = run + 1 if (value > LIMIT) != tripped else 0
        if run == count:
            run = 0
            tripped = not tripped
            trips += tripped
        bench.feed(value)
        assert bench.monitors.tripped(bench.row) == tripped
    assert len(bench.responded) == trips


@pytest.mark.parametrize(
    ("comparison", "good", "bad"),
    [(m.ABOVE, LIMIT, LIMIT + 1), (m.BELOW, LIMIT, LIMIT - 1), (m.DIFFERS, LIMIT, LIMIT + 1)],
)
def test_comparisons_at_the_limit(comparison: int, good: int, bad: int) -> None:
    bench = Bench(1, comparison=comparison)
    bench.feed(good)
    assert bench.responded == []
    bench.feed(bad)
    assert bench.responded == [6]


def test_a_changed_limit_holds_at_once() -> None:
    bench = Bench(1)
    bench.feed(8000)
    bench.parameters.set(P_POWER_BUS_MAX_MA, 7000)
    bench.feed(8000)
    assert bench.seen() == [[EV_POWER_BUS_OVER_CURRENT, 8000, 7000]]


def test_passive_says_and_does_nothing_disabled_says_nothing() -> None:
    bench = Bench(1)
    bench.monitors.set_state(bench.row, m.DISABLED)
    bench.feed(9999)
    assert bench.seen() == []
    bench.monitors.set_state(bench.row, m.PASSIVE)
    bench.feed(9999)
    assert len(bench.seen()) == 1
    assert bench.responded == []
    with pytest.raises(ValueError, match="DISABLED, PASSIVE and ACTIVE"):
        bench.monitors.set_state(bench.row, 7)


def test_a_stale_value_never_trips_but_is_told() -> None:
    bench = Bench(1, stale_count=5)
    bench.fresh = False
    bench.feed(*[9999] * 20)
    assert bench.responded == []
    assert bench.seen() == [[EV_SYSTEM_MONITOR_STALE, bench.row, 5]]
    bench.fresh = True
    bench.feed(9999)
    assert bench.responded == [6]


def test_staleness_can_be_answered_like_a_trip() -> None:
    bench = Bench(1, stale_count=5, stale_trips=True)
    bench.fresh = False
    bench.feed(*[0] * 4)
    assert bench.responded == []
    bench.feed(*[0] * 16)
    assert bench.responded == [6]


def test_wrong_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="1 to 32767"):
        Bench(0)
    with pytest.raises(ValueError, match="ABOVE, BELOW and DIFFERS"):
        Bench(1, comparison=9)


def test_every_step_of_a_response_runs_although_one_fails() -> None:
    events, done = Events(16), []

    def failing() -> None:
        raise RuntimeError("defect")

    responses = Responses(events)
    responses.add_hold(lambda: done.append("hold"))
    responses.add_safe(lambda: done.append("first"))
    responses.add_safe(failing)
    responses.add_safe(lambda: done.append("last"))
    responses.hold(3)
    responses.safe(4)
    responses.safe(5)
    responses.hold(5)
    assert done == ["hold", "first", "last", "first", "last", "hold"]
    assert (responses.level, responses.reason, responses.failures) == (SAFED, 4, 2)
    row = [0] * FIELDS
    heads = []
    for number in range(1, events.count + 1):
        events.read(number, row)
        heads.append((row[0], row[2]))
    assert heads == [
        (EV_SYSTEM_RESPONSE_HOLD, 3),
        (EV_SYSTEM_RESPONSE_SAFE, 4),
        (EV_SYSTEM_RESPONSE_STEP_FAILED, 2),
        (EV_SYSTEM_RESPONSE_STEP_FAILED, 2),
    ]
    assert HELD < SAFED
    responses.clear()
    assert responses.level == NOMINAL
