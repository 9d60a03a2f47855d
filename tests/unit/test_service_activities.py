"""Activities: owners, deadlines, aborts, and exactly one result whatever happens."""

from __future__ import annotations

from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rochette.services.activities import Abort, Activities, Fault, Timeout, pause_ms, wait_until
from rochette.services.events import FIELDS, Events
from rochette.services.parameters import Parameters
from rochette.tables import (
    ACTIVITY_NAME_ACQUIRE,
    ACTIVITY_NAME_BRING_UP,
    ACTIVITY_NAME_NONE,
    ACTIVITY_RESULT_ABORTED,
    ACTIVITY_RESULT_CRASHED,
    ACTIVITY_RESULT_FAULT,
    ACTIVITY_RESULT_OK,
    ACTIVITY_RESULT_STUCK,
    ACTIVITY_RESULT_TIMEOUT,
    EV_SYSTEM_ACTIVITY_ENDED,
    EV_SYSTEM_ACTIVITY_FAULT,
    EV_SYSTEM_ACTIVITY_REFUSED,
    EV_SYSTEM_ACTIVITY_STARTED,
    EV_SYSTEM_ACTIVITY_TIMEOUT,
    P_SYSTEM_ABORT_CLEANUP_MS,
)

Steps = Generator[None, None, None]


class Executive:
    tick = 0


class Bench:
    def __init__(self) -> None:
        self.executive = Executive()
        self.events = Events(4096, self.executive)
        self.parameters = Parameters()
        self.activities = Activities(self.executive, self.events, self.parameters)

    def tick(self, times: int = 1) -> None:
        for _ in range(times):
            self.activities.tick()
            self.executive.tick += 1

    def rows(self, event_id: int) -> list[list[int]]:
        found = []
        for number in range(1, self.events.count + 1):
            row = [0] * FIELDS
            assert self.events.read(number, row)
            if row[0] == event_id:
                found.append(row[2:])
        return found

    def results(self) -> list[list[int]]:
        return self.rows(EV_SYSTEM_ACTIVITY_ENDED)


def test_it_starts_runs_a_step_a_tick_and_ends_ok() -> None:
    bench = Bench()
    assert bench.activities.start(ACTIVITY_NAME_ACQUIRE, pause_ms(50), 3)
    assert bench.activities.owner(1) == ACTIVITY_NAME_ACQUIRE
    bench.tick(5)
    assert bench.results() == []
    bench.tick()
    assert bench.rows(EV_SYSTEM_ACTIVITY_STARTED) == [[ACTIVITY_NAME_ACQUIRE, 0, 0, 0]]
    assert bench.results() == [[ACTIVITY_NAME_ACQUIRE, ACTIVITY_RESULT_OK, 0, 50]]
    assert bench.activities.owner(3) == ACTIVITY_NAME_NONE


def test_a_taken_resource_is_refused_and_names_its_owner() -> None:
    bench, closed = Bench(), []

    def other() -> Steps:
        try:
            yield
        finally:
            closed.append(True)

    bench.activities.start(ACTIVITY_NAME_ACQUIRE, pause_ms(50), 0b011)
    assert not bench.activities.start(ACTIVITY_NAME_BRING_UP, other(), 0b110)
    assert bench.rows(EV_SYSTEM_ACTIVITY_REFUSED) == [[ACTIVITY_NAME_BRING_UP, ACTIVITY_NAME_ACQUIRE, 0, 0]]
    assert bench.activities.start(ACTIVITY_NAME_BRING_UP, other(), 0b100), "a free resource is not refused"
    bench.tick(2)
    assert closed == [True]


def test_nested_generators_and_their_values() -> None:
    bench, got = Bench(), []

    def inner() -> Generator[None, None, int]:
        yield
        return 42

    def outer() -> Steps:
        got.append((yield from inner()))

    bench.activities.start(ACTIVITY_NAME_ACQUIRE, outer(), 1)
    bench.tick(2)
    assert got == [42]


def test_a_wait_ends_when_its_condition_holds_or_at_its_deadline() -> None:
    bench, ready = Bench(), []
    bench.activities.start(ACTIVITY_NAME_ACQUIRE, wait_until(lambda: ready, 1000), 1)
    bench.tick(50)
    ready.append(True)
    bench.tick()
    assert bench.results()[0][1] == ACTIVITY_RESULT_OK
    bench.activities.start(ACTIVITY_NAME_ACQUIRE, wait_until(lambda: False, 95, 7), 1)
    bench.tick(10)
    assert len(bench.results()) == 1, "95 ms are not over after 9 ticks of waiting"
    bench.tick()
    assert bench.results()[1][:3] == [ACTIVITY_NAME_ACQUIRE, ACTIVITY_RESULT_TIMEOUT, 7]
    assert bench.rows(EV_SYSTEM_ACTIVITY_TIMEOUT) == [[ACTIVITY_NAME_ACQUIRE, 7, 0, 0]]


def test_a_fault_is_told_with_its_details() -> None:
    bench = Bench()

    def faulty() -> Steps:
        yield
        raise Fault(9, -4, 5)

    bench.activities.start(ACTIVITY_NAME_ACQUIRE, faulty(), 1)
    bench.tick(2)
    assert bench.rows(EV_SYSTEM_ACTIVITY_FAULT) == [[ACTIVITY_NAME_ACQUIRE, 9, -4, 5]]
    assert bench.results()[0][:3] == [ACTIVITY_NAME_ACQUIRE, ACTIVITY_RESULT_FAULT, 9]


def test_abort_lets_it_clean_up_over_some_ticks() -> None:
    bench, cleaned = Bench(), []

    def tidy() -> Steps:
        try:
            yield from pause_ms(10_000)
        finally:
            yield from pause_ms(30)
            cleaned.append(bench.executive.tick)

    bench.activities.start(ACTIVITY_NAME_ACQUIRE, tidy(), 1)
    bench.tick(3)
    assert bench.activities.abort(reason=6) == 1
    assert bench.activities.abort() == 0, "told once is enough"
    bench.tick(4)
    assert bench.activities.abort() == 0
    assert cleaned == [6]
    assert bench.results() == [[ACTIVITY_NAME_ACQUIRE, ACTIVITY_RESULT_ABORTED, 6, 60]]


def test_an_endless_way_out_is_cut_off() -> None:
    bench, closed = Bench(), []
    bench.parameters.set(P_SYSTEM_ABORT_CLEANUP_MS, 200)

    def stubborn() -> Steps:
        while True:
            try:
                yield
            except Abort:
                pass
            except GeneratorExit:
                if closed:
                    raise
                closed.append(True)  # yields once more although it is being closed

    bench.activities.start(ACTIVITY_NAME_ACQUIRE, stubborn(), 1)
    bench.tick()
    bench.activities.abort()
    bench.tick(22)
    assert [row[1] for row in bench.results()] == [ACTIVITY_RESULT_STUCK]
    assert bench.activities.owner(1) == ACTIVITY_NAME_NONE
    assert isinstance(bench.activities.error, RuntimeError)
    bench.tick(3)
    assert len(bench.results()) == 1


def test_an_abort_asked_for_by_the_activity_itself_comes_with_the_next_tick() -> None:
    bench = Bench()

    def own() -> Steps:
        bench.activities.abort()
        yield
        raise AssertionError("not reached")

    bench.activities.start(ACTIVITY_NAME_ACQUIRE, own(), 1)
    bench.tick(2)
    assert [row[1] for row in bench.results()] == [ACTIVITY_RESULT_ABORTED]


def test_an_error_in_the_program_ends_it_as_crashed_and_is_raised_when_strict() -> None:
    bench, crashed = Bench(), []
    bench.activities.on_crash = lambda: crashed.append(True)

    def wrong() -> Steps:
        yield
        raise KeyError("a defect")

    bench.activities.start(ACTIVITY_NAME_ACQUIRE, wrong(), 1)
    bench.tick(2)
    assert isinstance(bench.activities.error, KeyError)
    bench.activities.strict = True
    bench.activities.start(ACTIVITY_NAME_ACQUIRE, wrong(), 1)
    bench.tick()
    with pytest.raises(KeyError, match="a defect"):
        bench.tick()
    assert [row[1] for row in bench.results()] == [ACTIVITY_RESULT_CRASHED, ACTIVITY_RESULT_CRASHED]
    assert crashed == [True, True]


def ending(how: str, steps: int, clean: int) -> Steps:
    try:
        for _ in range(steps):
            yield
        if how == "fault":
            raise Fault(1)
        if how == "timeout":
            raise Timeout(1)
        if how == "crash":
            raise ZeroDivisionError
        if how == "abort":
            raise Abort(1)
    finally:
        for _ in range(clean):
            yield
        if how == "crash in cleanup":
            raise ZeroDivisionError


@given(
    how=st.sampled_from(["ok", "fault", "timeout", "crash", "abort", "crash in cleanup"]),
    steps=st.integers(0, 6),
    clean=st.integers(0, 6),
    aborts=st.sets(st.integers(0, 12)),
    limit_ms=st.sampled_from([0, 10, 30, 1000]),
)
def test_exactly_one_result_whatever_happens(
    how: str, steps: int, clean: int, aborts: set[int], limit_ms: int
) -> None:
    bench = Bench()
    bench.parameters.set(P_SYSTEM_ABORT_CLEANUP_MS, limit_ms)
    ended: list[int] = []
    bench.activities.on_end = lambda name, result, reason: ended.append(result)
    assert bench.activities.start(ACTIVITY_NAME_ACQUIRE, ending(how, steps, clean), 1)
    for tick in range(40):
        if tick in aborts:
            bench.activities.abort()
        bench.tick()
    assert len(bench.results()) == 1
    assert ended == [bench.results()[0][1]]
    assert bench.activities.running == 0
    assert bench.activities.start(ACTIVITY_NAME_ACQUIRE, pause_ms(0), 1), "its resources are free again"
