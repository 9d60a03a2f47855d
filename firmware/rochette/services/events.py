"""Events: what happened, as an id and up to four integers, in a ring that readers follow by number.

An event never blocks and never allocates. Events are numbered from 1 on; a reader that comes too late for a
number is told so and can say how many it lost.
"""

from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FIELDS = 6
"""What read() copies: event id, tick, a, b, c, d."""


class Events:
    """A ring of `ring` events (a power of two, 16 to 4096). Each costs 24 bytes."""

    def __init__(self, ring: int = 256, executive: "Any" = None) -> None:
        """`executive` gives the tick of each event; it may be given later by stamp_from(). Raises
        ValueError."""
        if ring < 16 or ring > 4096 or ring & (ring - 1):
            raise ValueError("event ring of " + str(ring) + ": a power of two from 16 to 4096 is possible")
        self.tick = 0
        self.count = 0
        self.ring = ring
        self._mask = ring - 1
        self._source = self if executive is None else executive
        self._store = array("i", [0] * (ring * FIELDS))

    def stamp_from(self, executive: "Any") -> None:
        """Take the tick of each event from `executive.tick`."""
        self._source = executive

    def emit(self, event_id: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> None:
        """Note that `event_id` (an EV_ constant) happened. Integers from -2**31 to 2**31 - 1.

        Allocates nothing. Not for interrupts: one that comes in the middle of an emit() would mix two events.
        """
        count = self.count
        at = (count & self._mask) * FIELDS
        store = self._store
        store[at] = event_id
        store[at + 1] = self._source.tick
        store[at + 2] = a
        store[at + 3] = b
        store[at + 4] = c
        store[at + 5] = d
        self.count = count + 1

    @property
    def oldest(self) -> int:
        """Number of the oldest event still in the ring; 1 when none was overwritten."""
        return 1 if self.count <= self.ring else self.count - self.ring + 1

    def read(self, number: int, into: "Any") -> bool:
        """Copy event `number` (1 to count) into `into`, an array of at least FIELDS integers. Allocates
        nothing.

        False when there is no such event yet, or when it was overwritten: `oldest` tells which.
        """
        if number > self.count or number < self.oldest:
            return False
        at = ((number - 1) & self._mask) * FIELDS
        for field in range(FIELDS):
            into[field] = self._store[at + field]
        return True
