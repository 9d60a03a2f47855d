"""What the link must remember over a reset: boot number, session, last command taken, floor of the tag's
counter.

Two copies of 24 bytes are written in turn, each with a CRC-32 and a serial number, so a power cut in the
middle of one leaves the other. FRAM takes a copy in less than a millisecond, while motors run.

    serial U16, boot U16, opening U16, command U24, floor 6 bytes, five zero bytes, CRC-32 (high, low U16)
"""

from rochette.services.crc import Crc32
from rochette.services.wire import UNKNOWN, put16, u16, u24

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COPY_BYTES = 24
RECORD_BYTES = 2 * COPY_BYTES
FLOOR_BYTES = 6
_CRC_AT = COPY_BYTES - 4
_PAST = 4


class LinkRecord:
    """The record. `boot` is one above that of the start before. Writing allocates nothing.

    Without a store, or with one that fails at the start, `boot` is `chance`, a number that is drawn anew at
    each start, and nothing is known of the session before.
    """

    def __init__(self, store: "Any", chance: int) -> None:
        """`store`: read_into(offset, buffer), write(offset, buffer), at least 48 bytes; or None."""
        self.store: "Any" = store
        self.error: "Exception | None" = None
        self.boot = chance & 0xFFFF
        self.opening = 0
        self.command = 0
        self.floor = bytearray(FLOOR_BYTES)
        self.before_boot = 0
        self.before_opening = 0
        self.before_command = UNKNOWN
        self._serial = 0
        self._copy = bytearray(COPY_BYTES)
        self._crc = Crc32()
        # The last sessions of this start: opening and command, in turn.
        self._past_opening = [0] * _PAST
        self._past_command = [UNKNOWN] * _PAST
        if store is not None and not self._load(store):
            self.store = None
        if self.boot == 0:
            self.boot = 1  # session 0 means none

    def _load(self, store: "Any") -> bool:
        found = False
        for at in (0, COPY_BYTES):
            try:
                store.read_into(at, self._copy)
            except Exception as error:
                self.error = error
                return False
            if self._is_good() and (not found or self._newer(u16(self._copy, 0))):
                found = True
                self._serial = u16(self._copy, 0)
                self.before_boot = u16(self._copy, 2)
                self.before_opening = u16(self._copy, 4)
                self.before_command = u24(self._copy, 6)
                for n in range(FLOOR_BYTES):
                    self.floor[n] = self._copy[9 + n]
        if found:
            self.boot = (self.before_boot + 1) & 0xFFFF or 1
        return self.save()

    def _newer(self, serial: int) -> bool:
        return 0 < (serial - self._serial) & 0xFFFF < 0x8000

    def _is_good(self) -> bool:
        copy = self._copy
        self._sum()
        # All zero is a blank memory, not a record: its sum is not zero.
        return u16(copy, _CRC_AT) == self._crc.high and u16(copy, _CRC_AT + 2) == self._crc.low

    def _sum(self) -> None:
        self._crc.reset()
        self._crc.add(self._copy, 0, _CRC_AT)

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
        self._serial = (self._serial + 1) & 0xFFFF
        put16(copy, 0, self._serial)
        put16(copy, 2, self.boot)
        put16(copy, 4, self.opening)
        copy[6] = self.command >> 16
        put16(copy, 7, self.command)
        for n in range(FLOOR_BYTES):
            copy[9 + n] = self.floor[n]
        for n in range(9 + FLOOR_BYTES, _CRC_AT):
            copy[n] = 0
        self._sum()
        put16(copy, _CRC_AT, self._crc.high)
        put16(copy, _CRC_AT + 2, self._crc.low)
        try:
            self.store.write(COPY_BYTES if self._serial & 1 else 0, copy)
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
