"""The executive: one loop at a fixed rate that runs everything in one fixed order.

A tick is 10 ms. In a tick the rooms come in the order inputs, monitors, mechanisms, activities, outputs,
telemetry, link, idle work; in a room the entries come in the order they were added. An entry runs at 100, 20,
5 or 1 Hz; slower entries are spread over the ticks so that no tick carries them all. An entry with an owner
is passed over while its owner is not busy: that costs a tenth of a call.

A tick that ends after its time is a slip, counted for each rate group that ran in it. Ticks that were missed
altogether are not made up for (a burst of late ticks would help nobody); `tick` counts them, so it stays the
time in units of a tick.

What can't be done in a piece of a tick (a collection of garbage, 20 ms; a page of flash, 50 ms) is still
work: it is asked for by when_still(), and is done between two ticks, one piece at a time, while nothing is
energised and no activity runs. It is no part of a tick, and the ticks that pass meanwhile are no slips; both
are counted apart.
"""

from array import array

from rochette.tables import (
    EV_SYSTEM_TICK_SLIPPED,
    RATE_GROUP_HZ_1,
    RATE_GROUP_HZ_5,
    RATE_GROUP_HZ_20,
    RATE_GROUP_HZ_100,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.events import Events

INPUTS = 0
MONITORS = 1
MECHANISMS = 2
ACTIVITIES = 3
OUTPUTS = 4
TELEMETRY = 5
LINK = 6
IDLE = 7

TICK_MASK = 0x3FFFFFFF
"""The tick counter wraps at 2**30 (124 days): the range of small integers on the board."""

_ROOMS = 8
_STILL_WORK = 8
_CYCLE = 100  # ticks until the pattern of slower entries repeats
_RATES = (100, 20, 5, 1)
_GROUPS = (RATE_GROUP_HZ_100, RATE_GROUP_HZ_20, RATE_GROUP_HZ_5, RATE_GROUP_HZ_1)


def _nothing() -> None:
    """Stands where nothing is to be called."""


def _never() -> bool:
    """Stands where nobody tells whether all is still."""
    return False


class _Always:
    """The owner of an entry that has none."""

    busy = True


class Executive:
    """Runs entries at fixed rates. `clock` is `rochette.hal.clock`, or anything with ticks_us(), add(),
    diff() and sleep_until_us(deadline_us), which returns the microseconds that were left (negative: how
    late).

    tick: ticks since start. slips: late ticks, by rate group. missed: ticks that were gone altogether.
    still_count, still_ticks, still_worst_us, still_us: pieces of still work done, ticks that passed
    meanwhile, the longest piece, and the piece that the last step() did (0: none).
    """

    def __init__(self, clock: "Any", tick_us: int = 10_000) -> None:
        self.tick_us = tick_us
        self.tick = 0
        self.slips = array("i", (0, 0, 0, 0))
        self.missed = 0
        self.still_count = 0
        self.still_ticks = 0
        self.still_worst_us = 0
        self.still_us = 0
        self._ticks_us = clock.ticks_us
        self._add_us = clock.add
        self._diff_us = clock.diff
        self._sleep_until = clock.sleep_until_us
        self._feed = _nothing
        self._heart = array("i", (0,))
        self._heart_at = 0
        self._trail = bytearray(2)
        self._trail_place = 0
        self._trail_slot = 1
        self._trail_still = 0
        self._on_failure = _nothing
        self._events: "Events | None" = None
        self._reported = array("i", (0, 0, 0, 0))
        self._entries: "list[tuple[int, str, Callable[[], Any], int, int, Any]]" = []
        self._load = bytearray(_CYCLE)
        self._started = False
        self._slot = 0
        self._due_us = 0
        self._groups = 0
        self._schedule: "tuple[tuple[tuple[Any, Callable[[], Any]], ...], ...]" = ()
        self._slot_groups = bytearray(_CYCLE)
        self._is_still: "Callable[[], bool]" = _never
        self._still_work: "list[Callable[[], Any]]" = []

    # Building

    def add(
        self,
        room: int,
        name: str,
        entry: "Callable[[], Any]",
        rate_hz: int = 100,
        owner: "Any" = None,
    ) -> None:
        """Have `entry()` run in `room` (INPUTS to IDLE) at `rate_hz` (100, 20, 5 or 1). Before the first tick
        only.

        `entry` should be a function or a method bound once; `name` is for reports. With an `owner` it runs
        only while `owner.busy`. Raises ValueError.
        """
        if self._started:
            raise ValueError("executive runs already: add " + name + " before the first tick")
        if not 0 <= room < _ROOMS:
            raise ValueError("no room " + str(room) + " for " + name + ": 0 to 7 are possible")
        if rate_hz not in _RATES:
            raise ValueError(str(rate_hz) + " Hz for " + name + ": 100, 20, 5 and 1 are possible")
        period = 100 // rate_hz
        phase = 0
        for candidate in range(1, period):
            if self._load[candidate] < self._load[phase]:
                phase = candidate
        for slot in range(phase, _CYCLE, period):
            self._load[slot] += 1
        self._entries.append((room, name, entry, period, phase, _Always if owner is None else owner))

    def set_watchdog(self, feed: "Callable[[], Any]") -> None:
        """`feed()` is called at the end of each tick in which every room that was due has ticked; nowhere
        else."""
        self._feed = feed

    def set_heart(self, state: "array[int]", at: int) -> None:
        """`state[at]` becomes 0 where the watchdog is fed: the sign of life that the guard looks for."""
        self._heart = state
        self._heart_at = at

    def set_trail(self, trail: bytearray, place: int, slot: int, still: int) -> None:
        """Before the first tick: have `trail[place]` say which entry of its tick runs, counted from 1, 0
        between ticks and `still` at still work; `trail[slot]` which tick of the cycle. One store an entry:
        where these bytes outlive a reset, they name who did not come back (at_trail())."""
        self._trail = trail
        self._trail_place = place
        self._trail_slot = slot
        self._trail_still = still

    def at_trail(self, slot: int, position: int) -> int:
        """The place in names(), counted from 1, of the entry that a trail tells of; 0 when it tells of none.
        Allocates."""
        order = self._in_order(self._members(slot))
        return order[position - 1] + 1 if 0 < position <= len(order) else 0

    def set_events(self, events: "Events") -> None:
        """Where report_slips() emits."""
        self._events = events

    def set_failure(self, on_failure: "Callable[[], Any]") -> None:
        """`on_failure()` is called when an entry raises, before the error leaves step(): take the power
        away."""
        self._on_failure = on_failure

    def phase_of(self, name: str) -> int:
        """In which tick of its period the entry `name` runs first. Raises ValueError when there is none."""
        for entry in self._entries:
            if entry[1] == name:
                return entry[4]
        raise ValueError("no entry " + name)

    def names(self) -> "list[str]":
        """What the entries are called, in the order they were added. Allocates."""
        return [entry[1] for entry in self._entries]

    def wrap(self, around: "Callable[[int, Callable[[], Any]], Callable[[], Any]]") -> None:
        """Before the first tick: have around(number, entry) run in the place of each entry, for measuring.

        `number` is the entry's place in names(). Raises ValueError once it runs. Allocates.
        """
        if self._started:
            raise ValueError("executive runs already: wrap its entries before the first tick")
        for number in range(len(self._entries)):
            room, name, entry, period, phase, owner = self._entries[number]
            self._entries[number] = (room, name, around(number, entry), period, phase, owner)

    def start(self) -> None:
        """Build the schedule and set the first tick one period from now. step() calls it when nobody has."""
        shared: "list[tuple[list[int], int]]" = []
        # One pair an entry, in all the tables that it stands in: a pair for each of them would cost 2 kB.
        pairs = [(entry[5], entry[2]) for entry in self._entries]
        schedule: "list[tuple[tuple[Any, Callable[[], Any]], ...]]" = []
        for slot in range(_CYCLE):
            members = self._members(slot)
            for known, at in shared:
                if known == members:  # ticks that do the same share one table: 100 of them would cost 10 kB
                    schedule.append(schedule[at])
                    self._slot_groups[slot] = self._slot_groups[at]
                    break
            else:
                shared.append((members, slot))
                schedule.append(tuple([pairs[n] for n in self._in_order(members)]))
                self._slot_groups[slot] = self._groups_of(members)
        self._schedule = tuple(schedule)
        self._load = bytearray(0)
        self._started = True
        self._due_us = self._add_us(self._ticks_us(), self.tick_us)

    def _members(self, slot: int) -> "list[int]":
        """The entries, by their places in names(), that are due in tick `slot` of the cycle."""
        return [n for n, entry in enumerate(self._entries) if slot % entry[3] == entry[4]]

    def _in_order(self, members: "list[int]") -> "list[int]":
        """The same in the order in which they run: room after room."""
        return [n for room in range(_ROOMS) for n in members if self._entries[n][0] == room]

    def _groups_of(self, members: "list[int]") -> int:
        """The rate groups of these entries, a bit each."""
        groups = 1 << RATE_GROUP_HZ_100
        for n in members:
            groups |= 1 << _GROUPS[_RATES.index(100 // self._entries[n][3])]
        return groups

    # Running

    def step(self) -> None:
        """Wait for the next tick and run what is due. Allocates nothing.

        An error in an entry leaves step() after on_failure() was called; the rest of that tick does not run
        and the watchdog is not fed.
        """
        if not self._started:
            self.start()
        left_us = self._sleep_until(self._due_us)
        if left_us < 0:
            self._late(-left_us)
        slot = self._slot
        self._groups = self._slot_groups[slot]
        self._trail[self._trail_slot] = slot
        done = False
        try:
            self._run_slot(self._schedule[slot])
            done = True
        finally:
            slot += 1
            self._slot = slot if slot < _CYCLE else 0
            self.tick = (self.tick + 1) & TICK_MASK
            self._due_us = self._add_us(self._due_us, self.tick_us)
            if not done:
                self._on_failure()
        self.still_us = 0
        if self._still_work:
            self._do_still_work()

    def _run_slot(self, table: "tuple[tuple[Any, Callable[[], Any]], ...]") -> None:
        """All that is due in this tick; the watchdog is fed when it has all been done."""
        trail = self._trail
        place = self._trail_place
        position = 0
        for owner, entry in table:
            position += 1
            if owner.busy:
                trail[place] = position
                entry()
        trail[place] = 0
        self._heart[self._heart_at] = 0
        self._feed()

    def when_still(self, work: "Callable[[], Any]") -> bool:
        """Have `work()` done once, as soon as all is still; at most a second's work, the watchdog waits for
        it. False when eight pieces wait already. Asking again for what waits changes nothing."""
        waiting = self._still_work
        if work in waiting:
            return True
        if len(waiting) >= _STILL_WORK:
            return False
        waiting.append(work)
        return True

    def set_still(self, is_still: "Callable[[], bool]") -> None:
        """`is_still()` tells whether nothing is energised and nothing goes on."""
        self._is_still = is_still

    def _do_still_work(self) -> None:
        """One piece, when all is still; then the time goes on from where it is."""
        if not self._is_still():
            return
        begun = self._ticks_us()
        self._trail[self._trail_place] = self._trail_still
        self._still_work.pop(0)()
        self._trail[self._trail_place] = 0
        now = self._ticks_us()
        took = self._diff_us(now, begun)
        self.still_us = took
        self.still_count = (self.still_count + 1) & TICK_MASK
        if took > self.still_worst_us:
            self.still_worst_us = took
        late_us = self._diff_us(now, self._due_us)
        if late_us >= 0:
            gone = late_us // self.tick_us + 1
            self.still_ticks = (self.still_ticks + gone) & TICK_MASK
            self.tick = (self.tick + gone) & TICK_MASK
            self._due_us = self._add_us(self._due_us, gone * self.tick_us)

    def _late(self, late_us: int) -> None:
        """The tick before ended after its time. Count it; pass over ticks that are gone altogether."""
        groups = self._groups
        for group in range(4):
            if groups & (1 << group):
                self.slips[group] += 1
        gone = late_us // self.tick_us
        if gone:
            self.missed += gone
            self.tick = (self.tick + gone) & TICK_MASK
            self._due_us = self._add_us(self._due_us, gone * self.tick_us)

    def slept(self, duration_ms: int) -> None:
        """An entry has stood still for `duration_ms` on purpose: the ticks count it, and it is no slip."""
        self.tick = (self.tick + duration_ms // (self.tick_us // 1000)) & TICK_MASK
        self._due_us = self._ticks_us()

    def run(self) -> None:
        """Step for ever."""
        step = self.step
        while True:
            step()

    # Reporting

    def total_slips(self) -> int:
        """Slips of the 100 Hz group: each late tick counts there once."""
        return self.slips[RATE_GROUP_HZ_100]

    def report_slips(self) -> None:
        """Emit an event for each rate group whose count has grown since the last call. Add it at 1 Hz."""
        events = self._events
        if events is None:
            return
        for group in range(4):
            count = self.slips[group]
            if count != self._reported[group]:
                self._reported[group] = count
                events.emit(EV_SYSTEM_TICK_SLIPPED, group, count)
