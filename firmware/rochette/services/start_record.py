"""The record of starts: how many there were, how many in a row ended early, how far the next is trusted.

Two copies of 32 bytes (two_copies.py), numbers with their lower bytes first:

    0  format 1     1  quick: starts in a row that did not run for SETTLE_S     2  tier (enum Tier)
    4  serial u32   8  starts u32   12 zeros   28 crc u32 over bytes 0 to 27

After QUICK_1 early ends in a row the tier is NO_ACTIVITY, after QUICK_2 it is BARE. It never rises by itself.
"""

from struct import pack_into, unpack_from

from rochette.services.two_copies import TwoCopies
from rochette.tables import TIER_BARE, TIER_FULL, TIER_NO_ACTIVITY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COPY_BYTES = 32
FORMAT = 1
QUICK_1 = 4
QUICK_2 = 8
"""Starts in a row that end early before a tier is given up."""
SETTLE_S = 10
"""A start that has run for so long is none that ended early."""


class StartRecord(TwoCopies):
    """The record, read and counted up when made. `kept` is False when the store does not answer.

    Without a store the tier is FULL and every start the first.
    """

    SERIAL_AT = 4
    LITTLE = True
    FORMAT = FORMAT

    def __init__(self, store: "Any") -> None:
        """`store`: read_into(offset, buffer), write(offset, buffer), 64 bytes. Allocates."""
        TwoCopies.__init__(self, store, COPY_BYTES)
        self.starts = 0
        self.quick = 0
        self.tier = TIER_FULL
        self.lowered = False
        self.kept = True
        self.settled = False
        try:
            for slot in (0, 1):
                if self._look(slot):
                    self._take()
            self._count()
        except OSError:
            self.kept = False

    def _take(self) -> None:
        copy = self._copy
        self.quick = copy[1]
        self.tier = min(copy[2], TIER_BARE)
        self.starts = unpack_from("<I", copy, 8)[0]

    def _count(self) -> None:
        self.starts += 1
        before = self.tier
        if self.quick >= QUICK_2:
            self.tier = TIER_BARE
        elif self.quick >= QUICK_1 and self.tier == TIER_FULL:
            self.tier = TIER_NO_ACTIVITY
        self.lowered = self.tier != before
        ended_early = self.quick
        self.quick = min(self.quick + 1, 255)  # until this start has settled
        self._save(self.tier)
        self.quick = ended_early

    def settle(self) -> bool:
        """This start has run long enough: none in a row any more. One write; False when it was not kept."""
        self.settled = True
        self.quick = 0
        return self._try(self.tier)

    def trust(self) -> bool:
        """The next start is to be a full one. False when it was not kept."""
        self.quick = 0
        return self._try(TIER_FULL)

    def _try(self, tier: int) -> bool:
        try:
            self._save(tier)
            return True
        except OSError:
            self.kept = False
            return False

    def _save(self, tier: int) -> None:
        copy = self._copy
        pack_into("BBBB", copy, 0, FORMAT, self.quick, tier, 0)
        pack_into("<IIIII", copy, 8, self.starts, 0, 0, 0, 0)
        self._write()
