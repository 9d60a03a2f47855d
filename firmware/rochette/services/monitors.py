"""Monitors: many rows, each one value against one limit; few responses.

A row trips when its value breaks its limit in `count` checks one after the other, and only then; one good
value begins the count anew. It trips once: after that it says nothing until the value was good for `count`
checks, which arms it again. A value whose source is not fresh is neither good nor bad; after `stale_count`
such checks the row says that it protects nothing, and, where asked, responds as if it had tripped.
"""

from array import array

from rochette.tables import EV_SYSTEM_MONITOR_STALE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

ABOVE = 0
"""Breaks the limit when value > limit."""
BELOW = 1
"""Breaks the limit when value < limit."""
DIFFERS = 2
"""Breaks the limit when value != limit."""

DISABLED = 0
"""Not checked."""
PASSIVE = 1
"""Event only."""
ACTIVE = 2
"""Event and response."""


class Monitors:
    """The table of monitors; tick() checks every enabled row once."""

    def __init__(self, events: "Events", parameters: "Parameters") -> None:
        self._events = events
        self._values = parameters.values
        self._getters: "list[Callable[[], int]]" = []
        self._fresh: "list[Callable[[], Any] | None]" = []
        self._responses: "list[Callable[[int], Any] | None]" = []
        self._comparison = bytearray()
        self._limit = array("h")
        self._count = array("h")
        self._event = array("i")
        self._reason = array("i")
        self._stale_count = array("h")
        self._stale_trips = bytearray()
        self._state = bytearray()
        self._bad = array("h")
        self._stale = array("h")
        self._tripped = bytearray()

    def add(
        self,
        getter: "Callable[[], int]",
        comparison: int,
        limit_index: int,
        count: int,
        event_id: int,
        response: "Callable[[int], Any] | None" = None,
        reason: int = 0,
        fresh: "Callable[[], Any] | None" = None,
        stale_count: int = 0,
        stale_trips: bool = False,
        state: int = ACTIVE,
    ) -> int:
        """Add a row; returns its number.

        getter() gives the value, limit_index (a P_ constant) names the parameter that holds the limit,
        `count` (1 to 32767) checks trip it, event_id is emitted with value and limit, response(reason) is
        called. fresh() tells whether the value is new enough; 0 as stale_count never complains. Raises
        ValueError.
        """
        if comparison not in (ABOVE, BELOW, DIFFERS):
            raise ValueError("comparison " + str(comparison) + ": ABOVE, BELOW and DIFFERS are possible")
        if not 0 <= limit_index < len(self._values):
            raise ValueError("no parameter " + str(limit_index) + " can be a limit")
        if not 1 <= count <= 32767 or not 0 <= stale_count <= 32767:
            raise ValueError("monitor count " + str(count) + ": 1 to 32767 checks are possible")
        self._getters.append(getter)
        self._fresh.append(fresh)
        self._responses.append(response)
        self._comparison.append(comparison)
        self._limit.append(limit_index)
        self._count.append(count)
        self._event.append(event_id)
        self._reason.append(reason)
        self._stale_count.append(stale_count)
        self._stale_trips.append(1 if stale_trips else 0)
        self._state.append(state)
        self._bad.append(0)
        self._stale.append(0)
        self._tripped.append(0)
        return len(self._getters) - 1

    def set_state(self, row: int, state: int) -> None:
        """DISABLED, PASSIVE or ACTIVE. The row begins to count anew. Raises ValueError."""
        if state not in (DISABLED, PASSIVE, ACTIVE):
            raise ValueError("monitor state " + str(state) + ": DISABLED, PASSIVE and ACTIVE are possible")
        self._state[row] = state
        self.rearm(row)

    def state(self, row: int) -> int:
        """DISABLED, PASSIVE or ACTIVE."""
        return self._state[row]

    def tripped(self, row: int) -> bool:
        """Whether the row has tripped and is not armed again."""
        return bool(self._tripped[row])

    def rearm(self, row: int) -> None:
        """Forget what the row has counted; it can trip again at once."""
        self._bad[row] = 0
        self._stale[row] = 0
        self._tripped[row] = 0

    def tick(self) -> None:
        """Check every row. Allocates nothing but what getters and responses do."""
        for row in range(len(self._getters)):
            if self._state[row]:
                fresh = self._fresh[row]
                if fresh is None or fresh():
                    self._stale[row] = 0
                    self._check(row)
                else:
                    self._note_stale(row)

    def _check(self, row: int) -> None:
        value = self._getters[row]()
        limit = self._values[self._limit[row]]
        comparison = self._comparison[row]
        if comparison == ABOVE:
            bad = value > limit
        elif comparison == BELOW:
            bad = value < limit
        else:
            bad = value != limit
        tripped = self._tripped[row]
        if bad == bool(tripped):  # nothing that speaks for a change: the count of such checks begins anew
            self._bad[row] = 0
            return
        counted = self._bad[row] + 1
        if counted < self._count[row]:
            self._bad[row] = counted
            return
        self._bad[row] = 0
        self._tripped[row] = 0 if tripped else 1
        if not tripped:
            self._events.emit(self._event[row], value, limit)
            self._respond(row)

    def _note_stale(self, row: int) -> None:
        limit = self._stale_count[row]
        if limit and self._stale[row] < limit:
            self._stale[row] += 1
            if self._stale[row] == limit:
                self._events.emit(EV_SYSTEM_MONITOR_STALE, row, limit)
                if self._stale_trips[row]:
                    self._respond(row)

    def _respond(self, row: int) -> None:
        response = self._responses[row]
        if response is not None and self._state[row] == ACTIVE:
            response(self._reason[row])
