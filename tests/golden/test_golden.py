"""The recorded runs come out as recorded; and a difference is told in words."""

from __future__ import annotations

import pytest

from host_tools import golden
from host_tools.run.protocol import TARGETS


@pytest.mark.parametrize("name", golden.names())
def test_a_golden_run_comes_out_as_recorded(name: str) -> None:
    """On one target; that the other leaves the same trace, test_same_trace.py shows with twenty others."""
    check(name, TARGETS[0])


@pytest.mark.soak
@pytest.mark.micropython
@pytest.mark.parametrize("target", TARGETS[1:])
@pytest.mark.parametrize("name", golden.names())
def test_a_golden_run_comes_out_the_same_on_the_others(name: str, target: str) -> None:
    check(name, target)


def check(name: str, target: str) -> None:
    recorded = golden.load(name)
    said = golden.differences(recorded, golden.play(recorded["asked"], target))
    assert not said, f"{name} on {target} (make golden records it anew):\n" + "\n".join(said)


def test_there_are_golden_runs_of_each_kind_of_end() -> None:
    assert {golden.load(name)["result"]["outcome"] for name in golden.names()} >= {"SEALED", "EMPTY", "HELD"}


RESULT = dict.fromkeys(golden.KEPT, 0)


def test_the_same_is_no_difference() -> None:
    was = {"result": RESULT, "events": ["1.00 s A: a"]}
    assert golden.differences(was, {"result": dict(RESULT), "events": ["1.00 s A: a"]}) == []


def test_differences_are_told_in_words() -> None:
    was = {"result": {**RESULT, "outcome": "SEALED"}, "events": ["1.00 s A: a", "2.00 s B: b", "3.00 s C: c"]}
    now = {"result": {**RESULT, "outcome": "FAULT"}, "events": ["1.00 s A: a", "2.50 s B: b"]}
    assert golden.differences(was, now) == [
        "outcome: was SEALED, is FAULT",
        "event 2: was '2.00 s B: b', is '2.50 s B: b'",
        "event 3: is gone, was '3.00 s C: c'",
    ]


def test_a_trace_that_differs_alone_is_told() -> None:
    was = {"result": RESULT, "events": []}
    said = golden.differences(was, {"result": {**RESULT, "trace_sha256": "f"}, "events": []})
    assert len(said) == 1
    assert "moves or measures otherwise" in said[0]


def test_many_differing_events_are_counted() -> None:
    was = {"result": RESULT, "events": [f"{n}" for n in range(20)]}
    said = golden.differences(was, {"result": RESULT, "events": [f"x{n}" for n in range(20)]})
    assert len(said) == golden.SHOWN + 1
    assert said[-1] == f"and {20 - golden.SHOWN} more events that differ"
