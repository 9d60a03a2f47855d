"""The record of starts: how many there were, how many in a row ended early, how far the next is trusted.

Two copies of 32 bytes, written in turn, each with its CRC-32:

    0  format 1     1  quick: starts in a row that did not run for SETTLE_S     2  tier (enum Tier)
    4  serial u32   8  starts u32   12 zeros   28 crc u32 over bytes 0 to 27

After QUICK_1 early ends in a row the tier is NO_ACTIVITY, after QUICK_2 it is BARE. It never rises by itself.
"""

import struct

from rochette.services.crc import Crc32
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
_LAYOUT = "<BBBBII"
_LAYOUT_WHOLE = "<BBBBIIIIII"  # with the zeros, up to the sum


class StartRecord:
    """The record, read and counted up when made. `kept` is False when the store does not answer.

    Without a store the tier is FULL and every start the first.
    """

    def __init__(self, store: "Any") -> None:
        """`store`: read_into(offset, buffer), write(offset, buffer), 64 bytes. Allocates."""
        self.starts = 0
        self.quick = 0
        self.tier = TIER_FULL
        self.lowered = False
        self.kept = True
        self.settled = False
        self._store = store
        self._serial = 0
        self._copy = bytearray(COPY_BYTES)
        self._crc = Crc32()
        try:
            for slot in range(2):
                self._read(slot)
            self._count()
        except OSError:
            self.kept = False

    def _read(self, slot: int) -> None:
        copy = self._copy
        self._store.read_into(slot * COPY_BYTES, copy)
        if copy[0] != FORMAT or not self._sum_fits():
            return
        _, quick, tier, _, serial, starts = struct.unpack_from(_LAYOUT, copy, 0)
        if serial > self._serial:
            self._serial = serial
            self.quick = quick
            self.tier = min(tier, TIER_BARE)
            self.starts = starts

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
        self._serial += 1
        struct.pack_into(
            _LAYOUT_WHOLE, copy, 0, FORMAT, self.quick, tier, 0, self._serial, self.starts, 0, 0, 0, 0
        )
        crc = self._crc
        crc.reset()
        crc.add(copy, 0, COPY_BYTES - 4)
        copy[28] = crc.low & 255
        copy[29] = crc.low >> 8
        copy[30] = crc.high & 255
        copy[31] = crc.high >> 8
        self._store.write((self._serial & 1) * COPY_BYTES, copy)

    def _sum_fits(self) -> bool:
        copy = self._copy
        crc = self._crc
        crc.reset()
        crc.add(copy, 0, COPY_BYTES - 4)
        return crc.low == copy[28] | copy[29] << 8 and crc.high == copy[30] | copy[31] << 8
