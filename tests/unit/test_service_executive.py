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

    def diff(self, later: int, earlier: int) -> int:
        return (later - earlier + WRAP // 2) % WRAP - WRAP // 2

    def sleep_until_us(self, deadline: int) -> int:
        left = self.diff(deadline, self.now)
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


class Owner:
    """Says whether its entry has anything to do."""

    busy = False


def test_an_entry_with_an_owner_runs_only_while_that_is_busy() -> None:
    executive, log, owner = Executive(Clock()), [], Owner()
    executive.add(rooms.MECHANISMS, "starts it", lambda: setattr(owner, "busy", executive.tick == 2))
    executive.add(rooms.MECHANISMS, "owned", lambda: log.append(executive.tick), 100, owner)
    for _ in range(5):
        executive.step()
    assert log == [2]  # in the very tick in which it became busy


def test_entries_can_be_wrapped_for_measuring_but_not_once_they_run() -> None:
    executive, log = Executive(Clock()), []
    executive.add(rooms.INPUTS, "first", noted(log, "first"))
    executive.add(rooms.LINK, "second", noted(log, "second"))

    def around(number: int, entry: Callable[[], None]) -> Callable[[], None]:
        def timed() -> None:
            log.append(str(number))
            entry()

        return timed

    executive.wrap(around)
    executive.step()
    assert log == ["0", "first", "1", "second"]
    assert executive.names() == ["first", "second"]
    with pytest.raises(ValueError, match="runs already"):
        executive.wrap(around)


class StillWork:
    """An executive with work that takes 32 ms, and a switch that says whether all is still."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.executive = Executive(self.clock)
        self.still = False
        self.done: list[int] = []
        self.fed = 0
        self.executive.set_still(lambda: self.still)
        self.executive.set_watchdog(self.feed)

    def feed(self) -> None:
        self.fed += 1

    def work(self) -> None:
        self.done.append(self.executive.tick)
        self.clock.now += 32_000

    def more(self) -> None:
        self.done.append(-self.executive.tick)


def test_still_work_waits_until_all_is_still_and_is_done_once() -> None:
    bench = StillWork()
    executive = bench.executive
    assert executive.when_still(bench.work) and executive.when_still(bench.work)
    for _ in range(5):
        executive.step()
    assert bench.done == [] and executive.still_us == 0
    bench.still = True
    executive.step()
    assert (bench.done, executive.still_us, executive.still_count) == ([6], 32_000, 1)
    executive.step()
    assert bench.done == [6] and executive.still_us == 0
    assert executive.still_worst_us == 32_000


def test_ticks_that_pass_during_still_work_are_time_and_no_slips() -> None:
    bench = StillWork()
    executive, clock = bench.executive, bench.clock
    bench.still = True
    executive.when_still(bench.work)
    executive.step()
    begun = clock.now - 32_000
    times = []
    executive.step()
    times.append(clock.now)
    executive.step()
    times.append(clock.now)
    assert times == [begun + 40_000, begun + 50_000]
    assert executive.tick == 6 and executive.still_ticks == 3
    assert list(executive.slips) == [0, 0, 0, 0] and executive.missed == 0
    assert bench.fed == 3


def test_one_piece_of_still_work_a_tick_and_no_more_than_eight_wait() -> None:
    bench = StillWork()
    executive = bench.executive
    executive.when_still(bench.more)
    executive.when_still(bench.work)
    for n in range(6):
        assert executive.when_still(lambda n=n: None)
    assert not executive.when_still(lambda: None)
    bench.still = True
    executive.step()
    assert bench.done == [-1]
    executive.step()
    assert bench.done == [-1, 2]
