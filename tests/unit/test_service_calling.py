"""Calling home: which row applies after how much silence, when a window opens, what is tried in it."""

from __future__ import annotations

from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rochette import tables as t
from rochette.services.calling import Calling
from rochette.services.events import Events
from rochette.tables import PARAMETER_DEFAULTS


class Line:
    taken = 0

    def __init__(self) -> None:
        self.did: list[str] = []

    def beacon(self) -> None:
        self.did.append("beacon")

    def reopen(self) -> None:
        self.did.append("reopen")


def made(**values: int) -> tuple[Calling, Line, Events, Any]:
    numbers = array("i", PARAMETER_DEFAULTS)
    for name, value in values.items():
        numbers[getattr(t, "P_SURVIVAL_" + name)] = value
    events, line = Events(64), Line()
    calling = Calling(numbers, events)
    calling.connect(line)
    return calling, line, events, numbers


@pytest.mark.parametrize(
    ("silent_s", "row", "strategy"),
    [
        (0, 1, t.CALL_STRATEGY_LISTEN),
        (86_399, 1, t.CALL_STRATEGY_LISTEN),
        (86_400, 2, t.CALL_STRATEGY_BEACON),
        (345_599, 2, t.CALL_STRATEGY_BEACON),
        (345_600, 3, t.CALL_STRATEGY_REOPEN),
        (1_728_000, 4, t.CALL_STRATEGY_REOPEN),
        (0x3FFFFFFF, 4, t.CALL_STRATEGY_REOPEN),
    ],
)
def test_the_row_with_the_longest_silence_that_has_passed_applies(
    silent_s: int, row: int, strategy: int
) -> None:
    calling, _, _, _ = made()
    calling.passed(silent_s)
    assert (calling.row_number, calling.strategy) == (row, strategy)


def test_a_frame_begins_anew() -> None:
    calling, line, _, _ = made()
    calling.passed(400_000)
    line.taken += 1
    assert calling.passed(1)
    assert (calling.silent_s, calling.row_number) == (0, 1)
    assert not calling.passed(1), "once a frame"


def test_a_window_each_strategy() -> None:
    calling, line, events, _ = made()
    calling.passed(14_399)
    assert not calling.due and calling.to_next_s() == 1
    calling.passed(1)
    assert calling.due and calling.to_next_s() == 0
    calling.begin()
    assert (calling.open_s, line.did, events.count) == (30, [], 0), "listening says nothing"
    for _ in range(30):
        calling.second()
    assert calling.open_s == 0 and line.did == []
    calling.passed(86_400)
    calling.begin()
    calling.second()
    assert line.did == ["beacon"] and events.count == 1
    calling.open_s = 0
    calling.passed(345_600)
    calling.begin()
    calling.second()
    assert line.did == ["beacon", "reopen", "beacon"]


def test_awake_a_row_that_only_listens_does_nothing() -> None:
    calling, line, _, _ = made()
    for _ in range(3):
        calling.passed(14_400)
        calling.awake_second()
    assert (calling.open_s, line.did) == (0, [])
    calling.passed(60_000)
    calling.awake_second()
    assert calling.open_s == 30
    calling.awake_second()
    assert line.did == ["beacon"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 500_000), st.booleans()), max_size=30))
def test_silence_and_windows_whatever_the_steps(steps: list[tuple[int, bool]]) -> None:
    calling, line, _, values = made()
    silent = 0
    for seconds, heard in steps:
        line.taken += heard
        assert calling.passed(seconds) == heard
        silent = 0 if heard else min(silent + seconds, 0x3FFFFFFF)
        assert calling.silent_s == silent
        after = [values[t.P_SURVIVAL_CALL1_AFTER_S + 4 * row] for row in range(4)]
        assert calling.row == max(row for row in range(4) if silent >= after[row])
        assert calling.due == (calling.to_next_s() == 0)
        if calling.due:
            calling.begin()
            assert calling.open_s == calling.window_s > 0
            assert not calling.due
