"""What each entry of the executive costs, in each phase: runs on the emulated chip, beside the firmware.

Every entry is called by way of a function that takes the time around it. So a tick takes some 15 us an entry
longer than without, and a figure has the cost of one empty call in it (`empty_us`); the sums of a tick are
made after its end.
"""

import time
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

PHASES = 32
_LONGEST_US = 65535


def _nothing() -> None:
    """Is called to see what calling costs."""


class TickProfile:
    """For each phase and entry: worst and sum of its times, how often it ran, its part in the worst tick."""

    def __init__(self, executive: "Any") -> None:
        """Before the executive's first tick."""
        count = len(executive.names())
        self.count = count
        self._now = array("i", bytes(4 * count))
        self._worst = array("H", bytes(2 * count * PHASES))
        self._sum = array("i", bytes(4 * count * PHASES))
        self._ran = array("H", bytes(2 * count * PHASES))
        self._share = array("H", bytes(2 * count * PHASES))
        self._worst_tick = array("i", bytes(4 * PHASES))
        timed = self._around(0, _nothing)
        timed()
        self.empty_us = self._now[0]
        self._now[0] = 0
        executive.wrap(self._around)

    def _around(self, number: int, entry: "Callable[[], Any]") -> "Callable[[], Any]":
        now = self._now
        ticks_us = time.ticks_us  # type: ignore[attr-defined]  # MicroPython
        diff = time.ticks_diff  # type: ignore[attr-defined]

        def timed() -> None:
            begun = ticks_us()
            entry()
            now[number] = diff(ticks_us(), begun)

        return timed

    def end_tick(self, phase: int) -> None:
        """Add what the entries of this tick took to `phase`. Allocates nothing."""
        now = self._now
        at = phase * self.count
        whole = 0
        for took in now:
            if took:
                if took > _LONGEST_US:
                    took = _LONGEST_US
                whole += took
                self._sum[at] += took
                self._ran[at] += 1
                if took > self._worst[at]:
                    self._worst[at] = took
            at += 1
        if whole > self._worst_tick[phase]:
            self._worst_tick[phase] = whole
            at = phase * self.count
            for took in now:
                self._share[at] = took if took < _LONGEST_US else _LONGEST_US
                at += 1
        for number in range(self.count):
            now[number] = 0

    def row(self, phase: int, number: int) -> "tuple[int, int, int, int]":
        """Worst and sum in microseconds, how often, and the part in the phase's worst tick. Allocates."""
        at = phase * self.count + number
        return self._worst[at], self._sum[at], self._ran[at], self._share[at]

    def rows(self, phase: int) -> "list[tuple[int, int, int, int]]":
        """row() of every entry; empty for a phase without ticks. Allocates."""
        if not self._worst_tick[phase]:
            return []
        return [self.row(phase, number) for number in range(self.count)]
