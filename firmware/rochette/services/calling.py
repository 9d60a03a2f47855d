"""Calling home: what is tried, how often and how long, while nobody is heard.

A table of four rows in the parameters (CALL1_... to CALL4_...): from AFTER_S of silence on, a window of
WINDOW_S each PERIOD_S, with a strategy (enum CallStrategy). The row with the longest AFTER_S that has passed
applies. Row 1 is for a sleeping payload that has only just lost the ground; awake, which is listening
always, a row that only listens does nothing.

Time is counted in seconds of the executive's ticks, over sleep too: it needs no mission clock.
"""

from rochette.tables import (
    CALL_STRATEGY_LISTEN,
    CALL_STRATEGY_REOPEN,
    EV_SURVIVAL_CALLING,
    P_SURVIVAL_CALL1_AFTER_S,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.services.events import Events

ROWS = 4
_ROW_WORDS = 4
_LONGEST_S = 0x3FFFFFFF


class _Nobody:
    """Stands where no line is connected yet."""

    taken = 0


class Calling:
    """`silent_s` since a frame was heard, or since the start; `row` that applies (0 to 3); `open_s` left of a
    window."""

    def __init__(self, values: "Any", events: "Events") -> None:
        """`values`: the parameters."""
        self.silent_s = 0
        self.row = 0
        self.open_s = 0
        self._link: "Any" = _Nobody()
        self._values = values
        self._events = events
        self._taken = 0
        self._since_s = 0

    def connect(self, link: "Any") -> None:
        """`link`: taken (frames so far), beacon(), reopen()."""
        self._link = link

    def passed(self, seconds: int) -> bool:
        """So many seconds have passed, awake or asleep; True when the ground was heard in them. Allocates
        nothing."""
        self._since_s = min(self._since_s + seconds, _LONGEST_S)
        if self._link.taken != self._taken:
            self._taken = self._link.taken
            self.silent_s = 0
            self.row = 0
            return True
        self.silent_s = min(self.silent_s + seconds, _LONGEST_S)
        while self.row < ROWS - 1 and self.silent_s >= self._word(self.row + 1, 0):
            self.row += 1
        return False

    def _word(self, row: int, word: int) -> int:
        value: int = self._values[P_SURVIVAL_CALL1_AFTER_S + row * _ROW_WORDS + word]
        return value

    @property
    def row_number(self) -> int:
        """The row that applies, from 1, for a telemetry channel."""
        return self.row + 1

    @property
    def window_s(self) -> int:
        """Length of a window by the row that applies."""
        return self._word(self.row, 2)

    @property
    def strategy(self) -> int:
        """What is tried in it."""
        return self._word(self.row, 3)

    @property
    def due(self) -> bool:
        """Whether a window is to be opened now."""
        return self._since_s >= self._word(self.row, 1)

    def to_next_s(self) -> int:
        """Seconds until the next window is due; 0 when it is."""
        return max(0, self._word(self.row, 1) - self._since_s)

    def begin(self) -> None:
        """Open a window: what the strategy does once."""
        self._since_s = 0
        self.open_s = self.window_s
        strategy = self.strategy
        if strategy != CALL_STRATEGY_LISTEN:
            self._events.emit(EV_SURVIVAL_CALLING, self.silent_s, self.row + 1, strategy, self.open_s)
        if strategy == CALL_STRATEGY_REOPEN:
            self._link.reopen()

    def second(self) -> None:
        """One second of an open window: what the strategy does each second."""
        if self.open_s > 0:
            self.open_s -= 1
            if self.strategy != CALL_STRATEGY_LISTEN:
                self._link.beacon()

    def awake_second(self) -> None:
        """One second awake: windows open by themselves where there is something to be said."""
        if self.open_s:
            self.second()
        elif self.strategy != CALL_STRATEGY_LISTEN and self.due:
            self.begin()
