"""What the link must remember over a reset: boot number, session, last command taken, floor of the tag's
counter.

Two copies of 24 bytes (two_copies.py). FRAM takes one in less than a millisecond, while motors run.

    serial U16, boot U16, opening U16, command U24, floor 6 bytes, five zero bytes, CRC-32 (high, low U16)
"""

from rochette.services.two_copies import TwoCopies
from rochette.services.wire import UNKNOWN, put16, u16, u24

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COPY_BYTES = 24
RECORD_BYTES = 2 * COPY_BYTES
FLOOR_BYTES = 6
_CRC_AT = COPY_BYTES - 4
_PAST = 4


class LinkRecord(TwoCopies):
    """The record. `boot` is one above that of the start before. Writing allocates nothing.

    Without a store, or with one that fails at the start, `boot` is `chance`, a number that is drawn anew at
    each start, and nothing is known of the session before.
    """

    def __init__(self, store: "Any", chance: int) -> None:
        """`store`: read_into(offset, buffer), write(offset, buffer), at least 48 bytes; or None."""
        TwoCopies.__init__(self, store, COPY_BYTES)
        self.error: "Exception | None" = None
        self.boot = chance & 0xFFFF
        self.opening = 0
        self.command = 0
        self.floor = bytearray(FLOOR_BYTES)
        self.before_boot = 0
        self.before_opening = 0
        self.before_command = UNKNOWN
        # The last sessions of this start: opening and command, in turn.
        self._past_opening = [0] * _PAST
        self._past_command = [UNKNOWN] * _PAST
        if store is not None and not self._load():
            self.store = None
        if self.boot == 0:
            self.boot = 1  # session 0 means none

    def _load(self) -> bool:
        try:
            for slot in (0, 1):
                if self._look(slot):
                    self._take()
        except Exception as error:
            self.error = error
            return False
        if self._any:
            self.boot = (self.before_boot + 1) & 0xFFFF or 1
        return self.save()

    def _take(self) -> None:
        copy = self._copy
        self.before_boot = u16(copy, 2)
        self.before_opening = u16(copy, 4)
        self.before_command = u24(copy, 6)
        for n in range(FLOOR_BYTES):
            self.floor[n] = copy[9 + n]

    def open(self) -> bool:
        """A new session of this boot; False when it could not be written down."""
        self._past_opening[self.opening % _PAST] = self.opening
        self._past_command[self.opening % _PAST] = self.command
        self.opening += 1
        if self.opening > 0xFFFF:
            # 65535 sessions in one start: the next boot number is as good, and never used before.
            self.opening = 1
            self.boot = (self.boot + 1) & 0xFFFF or 1
            for n in range(_PAST):
                self._past_opening[n] = 0
        self.command = 0
        return self.save()

    def note_command(self, number: int) -> bool:
        """The command of that number is about to be carried out; False when that could not be written
        down."""
        self.command = number
        return self.save()

    def save(self) -> bool:
        """Write the record over its older copy. False when the store failed; `error` says how. True without a
        store."""
        if self.store is None:
            return True
        copy = self._copy
        put16(copy, 2, self.boot)
        put16(copy, 4, self.opening)
        copy[6] = self.command >> 16
        put16(copy, 7, self.command)
        for n in range(FLOOR_BYTES):
            copy[9 + n] = self.floor[n]
        for n in range(9 + FLOOR_BYTES, _CRC_AT):
            copy[n] = 0
        try:
            self._write()
        except Exception as error:
            self.error = error
            return False
        return True

    def command_of(self, boot: int, opening: int) -> int:
        """The last command taken in one of the last sessions of this boot, or in the last one of the boot
        before; UNKNOWN when not known."""
        if boot == self.boot and opening:
            if opening == self.opening:
                return self.command
            if opening == self._past_opening[opening % _PAST]:
                return self._past_command[opening % _PAST]
        if boot == self.before_boot and opening == self.before_opening and opening:
            return self.before_command
        return UNKNOWN
