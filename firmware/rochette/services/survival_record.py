"""What survival must remember over a reset: whether it was asleep, its counts, the last time that was sure.

Two copies of 36 bytes (two_copies.py). FRAM takes one in less than a millisecond.

    serial U16, state U8, flags U8, resets U8, zero U8, reason U16,
    wakes, missed, refused, asleep_s, energy_mwh, last_s: U32 each, CRC-32 (high, low U16)
"""

from rochette.services.two_copies import TwoCopies
from rochette.services.wire import put16, put32, u16, u32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COPY_BYTES = 36
RECORD_BYTES = 2 * COPY_BYTES
_TIME_INVALID = 1
_COUNT_MASK = 0x3FFFFFFF


class SurvivalRecord(TwoCopies):
    """The record: `state`, `reason`, `resets`, `time_invalid`, `wakes`, `missed`, `refused`, `asleep_s`,
    `energy_mwh`, `last_s`. `found` says whether a start before this one had written it. Writing allocates
    nothing.

    Without a store, or with one that fails, it lives in RAM: `volatile` says so.
    """

    def __init__(self, store: "Any") -> None:
        """`store`: read_into(offset, buffer), write(offset, buffer), at least 72 bytes; or None. Nothing is
        read yet: load() does."""
        TwoCopies.__init__(self, store, COPY_BYTES)
        self.error: "Exception | None" = None
        self.found = False
        self.volatile = store is None
        self.state = 0
        self.reason = 0
        self.resets = 0
        self.time_invalid = False
        self.wakes = 0
        self.missed = 0
        self.refused = 0
        self.asleep_s = 0
        self.energy_mwh = 0
        self.last_s = 0

    def load(self) -> bool:
        """Read what is there; True when there was a good copy. False for a blank or damaged memory, too."""
        if self.store is None:
            return False
        for slot in (0, 1):
            try:
                if self._look(slot):
                    self._take()
            except Exception as error:
                self.error = error
                self.volatile = True
        return self.found

    def _take(self) -> None:
        copy = self._copy
        self.found = True
        self.state = copy[2]
        self.time_invalid = copy[3] & _TIME_INVALID != 0
        self.resets = copy[4]
        self.reason = u16(copy, 6)
        self.wakes = u32(copy, 8)
        self.missed = u32(copy, 12)
        self.refused = u32(copy, 16)
        self.asleep_s = u32(copy, 20)
        self.energy_mwh = u32(copy, 24)
        self.last_s = u32(copy, 28)

    def save(self) -> bool:
        """Write it over its older copy. False when the store failed; `error` says how, and it is tried again
        with the next save. True without a store."""
        if self.store is None:
            return True
        copy = self._copy
        copy[2] = self.state
        copy[3] = _TIME_INVALID if self.time_invalid else 0
        copy[4] = min(self.resets, 255)
        copy[5] = 0
        put16(copy, 6, self.reason)
        put32(copy, 8, self.wakes & _COUNT_MASK)
        put32(copy, 12, self.missed & _COUNT_MASK)
        put32(copy, 16, self.refused & _COUNT_MASK)
        put32(copy, 20, self.asleep_s & _COUNT_MASK)
        put32(copy, 24, self.energy_mwh & _COUNT_MASK)
        put32(copy, 28, self.last_s & _COUNT_MASK)
        try:
            self._write()
        except Exception as error:
            self.error = error
            self.volatile = True
            return False
        self.volatile = False
        return True
