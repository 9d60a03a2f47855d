"""Monitors: one table of values against limits; few responses.

The table is the dictionary's (ROW_ tuples of tables.py), the values one array that `rochette/watch.py` fills,
the limits parameters. Rows are spread over the ticks, so that each is checked ten times a second and no tick
carries them all; of a phase only the rows that are in force are looked at.

A row trips when its value breaks its limit in `count` checks one after the other, and only then; one good
value begins the count anew. It trips once: after that it says nothing until the value was good for `count`
checks, which arms it again. A value whose source is not fresh is neither good nor bad: after the row's
staleness it says that it protects nothing, and when values come again it counts from nothing, so that leaving
staleness is never an edge. A response that has not helped after ESCALATE_CHECKS more is followed by the next.
A row that names a degraded mode (ROW_MODE) asks for it once, when it goes stale: its part is lost.
"""

from array import array

from rochette.services.commands import CommandError
from rochette.tables import (
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_VALIDATION,
    COMPARISON_ABOVE,
    COMPARISON_BELOW,
    EV_MONITOR_CLEARED,
    EV_MONITOR_ESCALATED,
    EV_MONITOR_FRESH,
    EV_MONITOR_STALE,
    EV_MONITOR_STATE,
    EV_MONITOR_TRIPPED,
    MONITOR_STATE_ACTIVE,
    MONITOR_STATE_DISABLED,
    RESPONSE_KIND_CUT,
    RESPONSE_KIND_DEGRADE,
    RESPONSE_KIND_NONE,
    ROW_COMPARISON,
    ROW_COUNT,
    ROW_FIXED,
    ROW_LIMIT,
    ROW_MODE,
    ROW_PHASES,
    ROW_REASON,
    ROW_RESPONSE,
    ROW_SOURCE,
    ROW_STALE,
    ROW_STATE,
    ROW_WATCH,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from rochette.services.events import Events

SPREAD = 10
"""Ticks over which the rows are spread: each is checked once in a tenth of a second."""
ESCALATE_CHECKS = 30
"""Checks that a response is given to help; three seconds."""

_ROWS = len(ROW_WATCH)


class Monitors:
    """The table. Rows are numbered from 0; in events and commands from 1 (enum Monitor).

    values: what is watched, by the numbers of the enum Watch. ages: of each source (enum Source), in checks.
    respond(response, reason, row) does what a tripped row asks for.
    """

    def __init__(
        self,
        events: "Events",
        limits: "array[int]",
        values: "array[int]",
        ages: "array[int]",
        respond: "Callable[[int, int, int], None]",
    ) -> None:
        self.tripped = bytearray(_ROWS)
        self.states = bytearray(ROW_STATE)
        self._events = events
        self._limits = limits
        self._values = values
        self._ages = ages
        self._respond = respond
        self._bad = bytearray(_ROWS)
        self._stale = bytearray(_ROWS)
        self._since = bytearray(_ROWS)
        self._done = bytearray(_ROWS)
        self._active = bytearray(_ROWS)
        self._count = 0
        self._turn = 0
        self._phase = -1
        self.enter(0)

    def enter(self, phase: int) -> None:
        """From now on the rows of `phase` (enum Phase) are in force. One that leaves force forgets what it
        has counted. Allocates nothing."""
        if phase == self._phase:
            return
        self._phase = phase
        bit = 1 << phase
        n = 0
        for row in range(_ROWS):
            mask = ROW_PHASES[row]
            if mask == 0 or mask & bit:
                self._active[n] = row
                n += 1
            elif self.tripped[row] or self._bad[row]:
                self.rearm(row)
        self._count = n

    def rearm(self, row: int) -> None:
        """Forget what the row has counted; it can trip again at once."""
        self._bad[row] = 0
        self._since[row] = 0
        self._done[row] = RESPONSE_KIND_NONE
        self.tripped[row] = 0

    def set_state(self, monitor: int, state: int) -> None:
        """Command SET_STATE. Raises CommandError for none, or one that may not be disabled."""
        row = monitor - 1
        if not 0 <= row < _ROWS:
            raise CommandError(COMMAND_RESULT_VALIDATION, 1, monitor)
        if ROW_FIXED[row] and state != MONITOR_STATE_ACTIVE:
            raise CommandError(COMMAND_RESULT_EXECUTION, 1, monitor)
        self.states[row] = state
        self.rearm(row)
        self._events.emit(EV_MONITOR_STATE, monitor, state)

    def tick(self) -> None:
        """Check this tick's share of the rows in force. 100 Hz. Allocates nothing of its own."""
        turn = self._turn
        self._turn = turn + 1 if turn + 1 < SPREAD else 0
        active = self._active
        states = self.states
        count = self._count
        while turn < count:
            row = active[turn]
            if states[row] != MONITOR_STATE_DISABLED:
                self.check(row)
            turn += SPREAD

    def check(self, row: int) -> None:
        """One check of one row."""
        age = self._ages[ROW_SOURCE[row]]
        if age:
            self._note_stale(row, age)
            return
        if self._stale[row]:
            self._stale[row] = 0
            self._bad[row] = 0
            self._events.emit(EV_MONITOR_FRESH, row + 1)
        value = self._values[ROW_WATCH[row]]
        limit = self._limits[ROW_LIMIT[row]]
        comparison = ROW_COMPARISON[row]
        if comparison == COMPARISON_ABOVE:
            bad = value > limit
        elif comparison == COMPARISON_BELOW:
            bad = value < limit
        else:
            bad = value != limit
        tripped = self.tripped[row]
        if bad == bool(tripped):  # nothing that speaks for a change: the count of such checks begins anew
            self._bad[row] = 0
            if tripped:
                self._escalate(row)
            return
        counted = self._bad[row] + 1
        if counted < ROW_COUNT[row]:
            self._bad[row] = counted
            return
        if tripped:
            self.rearm(row)
            self._events.emit(EV_MONITOR_CLEARED, row + 1, value, limit)
            return
        self._bad[row] = 0
        self.tripped[row] = 1
        response = ROW_RESPONSE[row] if self.states[row] == MONITOR_STATE_ACTIVE else RESPONSE_KIND_NONE
        self._events.emit(EV_MONITOR_TRIPPED, row + 1, value, limit, response)
        self._since[row] = 0
        self._done[row] = response
        if response != RESPONSE_KIND_NONE:
            self._respond(response, ROW_REASON[row], row)

    def _escalate(self, row: int) -> None:
        """The value is still bad: after a while the next response, the last being the guard's latch."""
        done = self._done[row]
        if done == RESPONSE_KIND_NONE or done >= RESPONSE_KIND_CUT:
            return
        since = self._since[row] + 1
        self._since[row] = since
        if since < ESCALATE_CHECKS:
            return
        self._since[row] = 0
        self._done[row] = done + 1
        self._events.emit(EV_MONITOR_ESCALATED, row + 1, done, done + 1)
        self._respond(done + 1, ROW_REASON[row], row)

    def _note_stale(self, row: int, age: int) -> None:
        limit = ROW_STALE[row]
        if limit and age >= limit and not self._stale[row]:
            self._stale[row] = 1
            self._bad[row] = 0
            self._events.emit(EV_MONITOR_STALE, row + 1, age * 100)
            if ROW_MODE[row] and self.states[row] == MONITOR_STATE_ACTIVE:
                self._respond(RESPONSE_KIND_DEGRADE, ROW_REASON[row], row)
