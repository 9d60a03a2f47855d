"""Executive: order, rates and phases, slips, watchdog."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from rochette.services import executive as rooms
from rochette.services.events import FIELDS, Events
from rochette.services.executive import TICK_MASK, Executive
from rochette.tables import EV_SYSTEM_TICK_SLIPPED

WRAP = 1 << 30


class Clock:
    """Virtual microseconds that start just before the wrap."""

    def __init__(self) -> None:
        self.now = WRAP - 25_000

    def ticks_us(self) -> int:
        return self.now % WRAP

    def add(self, ticks: int, delta: int) -> int:
        return (ticks + delta) % WRAP

    def sleep_until_us(self, deadline: int) -> int:
        left = (deadline - self.now + WRAP // 2) % WRAP - WRAP // 2
        self.now += max(left, 0)
        return left


def noted(log: list[str], name: str) -> Callable[[], None]:
    return lambda: log.append(name)


def test_rooms_run_in_their_order_whatever_the_order_of_adding() -> None:
    executive, log = Executive(Clock()), []
    for room, name in (
        (rooms.LINK, "link"),
        (rooms.INPUTS, "in 1"),
        (rooms.ACTIVITIES, "act"),
        (rooms.INPUTS, "in 2"),
    ):
        executive.add(room, name, noted(log, name))
    executive.step()
    assert log == ["in 1", "in 2", "act", "link"]


def test_ticks_come_every_10_ms_over_the_wrap() -> None:
    clock = Clock()
    executive, times = Executive(clock), []
    executive.add(rooms.INPUTS, "time", lambda: times.append(clock.now))
    begun = clock.now
    for _ in range(10):
        executive.step()
    assert times == [begun + 10_000 * n for n in range(1, 11)]
    assert list(executive.slips) == [0, 0, 0, 0]


@pytest.mark.parametrize(("rate_hz", "period"), [(100, 1), (20, 5), (5, 20), (1, 100)])
def test_each_rate_runs_once_a_period_in_its_phase(rate_hz: int, period: int) -> None:
    executive, ran = Executive(Clock()), []
    executive.add(rooms.INPUTS, "entry", lambda: ran.append(executive.tick), rate_hz)
    for _ in range(300):
        executive.step()
    phase = executive.phase_of("entry")
    assert ran == list(range(phase, 300, period))


def test_slow_entries_are_spread_over_the_ticks() -> None:
    executive = Executive(Clock())
    for n in range(5):
        executive.add(rooms.TELEMETRY, f"entry {n}", lambda: None, 20)
    assert sorted(executive.phase_of(f"entry {n}") for n in range(5)) == [0, 1, 2, 3, 4]


def test_a_late_tick_counts_a_slip_for_each_group_that_ran_in_it() -> None:
    clock = Clock()
    executive = Executive(clock)
    work = [0]

    def spend() -> None:
        clock.now += work[0]

    executive.add(rooms.INPUTS, "slow", spend, 100)
    executive.add(rooms.INPUTS, "at 20", lambda: None, 20)
    while executive.tick % 5 != executive.phase_of("at 20"):
        executive.step()
    work[0] = 12_000
    executive.step()
    work[0] = 0
    executive.step()
    assert list(executive.slips) == [1, 1, 0, 0]
    assert executive.missed == 0
    work[0] = 12_000
    executive.step()
    work[0] = 0
    executive.step()
    assert list(executive.slips) == [2, 1, 0, 0]
    assert executive.total_slips() == 2


def test_ticks_that_are_gone_are_not_made_up_for_but_counted_as_time() -> None:
    clock = Clock()
    executive = Executive(clock)
    work = [35_000]
    times: list[int] = []

    def spend() -> None:
        times.append(clock.now)
        clock.now += work[0]
        work[0] = 0

    executive.add(rooms.INPUTS, "slow", spend)
    begun = clock.now
    for _ in range(4):
        executive.step()
    assert executive.missed == 2
    assert executive.tick == 6
    assert times == [begun + 10_000, begun + 45_000, begun + 50_000, begun + 60_000]


def test_the_tick_counter_wraps() -> None:
    executive = Executive(Clock())
    executive.tick = TICK_MASK
    executive.step()
    assert executive.tick == 0


def test_the_watchdog_is_fed_once_a_tick_and_only_when_all_rooms_have_ticked() -> None:
    executive, fed, saved, broken = Executive(Clock()), [], [], [False]

    def mechanism() -> None:
        if broken[0]:
            raise RuntimeError("broken")

    executive.add(rooms.MECHANISMS, "mechanism", mechanism)
    executive.add(rooms.OUTPUTS, "outputs", lambda: None, 20)
    executive.set_watchdog(lambda: fed.append(executive.tick))
    executive.set_failure(lambda: saved.append(executive.tick))
    for _ in range(7):
        executive.step()
    assert fed == list(range(7))
    broken[0] = True
    for _ in range(3):
        with pytest.raises(RuntimeError, match="broken"):
            executive.step()
    assert fed == list(range(7)), "no feeding while a room does not tick"
    assert len(saved) == 3
    broken[0] = False
    executive.step()
    assert fed == [*range(7), 10]


def test_slips_are_reported_once_each_time_they_grow() -> None:
    executive, events = Executive(Clock()), Events(16)
    executive.set_events(events)
    executive.report_slips()
    assert events.count == 0
    executive.slips[0] = 4
    executive.report_slips()
    executive.report_slips()
    row = [0] * FIELDS
    assert events.count == 1
    assert events.read(1, row)
    assert row == [EV_SYSTEM_TICK_SLIPPED, 0, 0, 4, 0, 0]


def test_wrong_entries_are_refused() -> None:
    executive = Executive(Clock())
    with pytest.raises(ValueError, match="0 to 7"):
        executive.add(8, "x", lambda: None)
    with pytest.raises(ValueError, match="100, 20, 5 and 1"):
        executive.add(0, "x", lambda: None, 50)
    executive.step()
    with pytest.raises(ValueError, match="before the first tick"):
        executive.add(0, "x", lambda: None)


def test_an_idle_tick_costs_little() -> None:
    executive = Executive(Clock())
    for n in range(16):
        executive.add(n % 8, f"entry {n}", str)
    executive.step()
    best = 1.0
    for _ in range(5):
        begun = time.perf_counter()
        for _ in range(2000):
            executive.step()
        best = min(best, (time.perf_counter() - begun) / 2000)
    assert best < 20e-6, f"{best * 1e6:.1f} us a tick with 16 entries; about 3 us is usual on a free core"
