"""Ticks over their wrap."""

import pytest

from rochette.hal import clock
from tests.unit.driver_rig import bench


def test_ticks_wrap_and_differences_do_not():
    with bench(start_ticks_us=2**30 - 1000) as b:
        before = clock.ticks_us()
        assert before > 2**30 - 1000
        b.wait(5000)
        after = clock.ticks_us()
        assert 0 <= after < 5000
        assert 5000 <= clock.diff(after, before) <= 5002
        assert -5002 <= clock.diff(before, after) <= -5000


def test_add_wraps_and_refuses_half_a_period():
    with bench():
        assert clock.add(2**30 - 1, 2) == 1
        assert clock.add(1, -2) == 2**30 - 1
        with pytest.raises(OverflowError):
            clock.add(0, 2**29)


def test_sleep_until_wakes_at_its_time_over_the_wrap():
    with bench(start_ticks_us=2**30 - 2000):
        start = clock.ticks_us()
        deadline = clock.add(start, 10_000)
        left = clock.sleep_until_us(deadline)
        assert 9_990 <= left <= 10_000
        assert 0 <= clock.diff(clock.ticks_us(), deadline) <= 3


def test_sleep_until_a_time_that_has_passed_returns_at_once_and_says_how_late():
    with bench() as b:
        deadline = clock.add(clock.ticks_us(), 100)
        b.wait(600)
        before = b.world.clock.now_us
        assert -505 <= clock.sleep_until_us(deadline) <= -495
        assert b.world.clock.now_us - before <= 2


def test_milliseconds_pass_with_microseconds():
    with bench() as b:
        before = clock.ticks_ms()
        b.wait(7_000_000)
        assert clock.diff(clock.ticks_ms(), before) in (7000, 7001)
