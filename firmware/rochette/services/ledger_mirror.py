"""The ledger's second store: the same records in files of the flash, written only while nothing is energised.

Files of 64 records each, `/ledger/0001` and on, the records as they stand in the FRAM. Appending to a
littlefs file is all or nothing, so a file ends with a whole record.

Which one is true when they differ: the chain makes the last record stand for all before it. When the older of
the two ends is found in the other store, the longer chain is the truth: the mirror is brought up to date, or
a ledger that is behind takes what is missing. When it is not, nobody can say: UNREADABLE, said, neither is
written. A blank FRAM beside a mirror with records takes them by the command RESTORE only.
"""

from rochette.services.ledger import BLANK, OPEN, RECORD_BYTES, LedgerError
from rochette.tables import (
    EV_LEDGER_MIRROR_DIFFERS,
    EV_LEDGER_MIRROR_FAILED,
    EV_LEDGER_MIRROR_OPENED,
    EV_LEDGER_MIRROR_TAKEN,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.events import Events
    from rochette.services.ledger import Ledger

FOLDER = "/ledger"
FILE_RECORDS = 64
BATCH = 8
"""Records that are appended in one write at most."""
QUIET_TICKS = 100
"""Nothing is written before everything has been still for so long."""

NONE = 0
"""There is no file system: the FRAM is the only store."""
GOOD = 1
"""Its records are those of the ledger, as far as they go."""
BEHIND = 2
"""It misses records that are no longer in the FRAM; it is not written."""
UNREADABLE = 3
"""What stands there cannot be trusted, or differs; it is not written."""
FAILED = 4
"""The flash failed; it is not written until the next start."""


def name_of(number: int) -> str:
    """Path of file `number`, from 1."""
    return "{}/{:04d}".format(FOLDER, number)


class LedgerMirror:
    """Opened when made; tick() keeps it up to date. `count`: records in it. `state` as the constants here."""

    def __init__(
        self, fs: "Any", ledger: "Ledger", events: "Events", still: "Callable[[], bool]", tick_of: "Any"
    ) -> None:
        """`fs`: a VfsLfs2 or None. still(): nothing is energised. `tick_of.tick`: the executive's count."""
        self.count = 0
        self.state = NONE
        self.wanted = False
        self._fs = fs
        self._ledger = ledger
        self._events = events
        self._still = still
        self._time = tick_of
        self._quiet_since = 0
        self._was_still = False
        self._raw = bytearray(RECORD_BYTES)
        self._batch = bytearray(0 if fs is None else BATCH * RECORD_BYTES)
        self._filled = 0
        if fs is not None:
            self._open()

    # Opening

    def _open(self) -> None:
        try:
            self.count = self._measure()
            good = self.count >= 0 and (not self.count or self._last_is_whole())
        except OSError:
            self._fail()
            return
        ledger = self._ledger
        if not good:
            self.count = max(self.count, 0)
            self._differs()
            return
        self.state = GOOD
        if ledger.state == OPEN and ledger.count and self.count:
            self._compare()
        elif ledger.state == OPEN and ledger.oldest > 1:
            self.state = BEHIND
        if self.state == GOOD:
            ledger.archive = self
            ledger.elsewhere = max(ledger.elsewhere, min(self.count, ledger.count))
            self._events.emit(EV_LEDGER_MIRROR_OPENED, self.count, ledger.count)
        elif self.state == BEHIND:
            self._events.emit(EV_LEDGER_MIRROR_OPENED, self.count, ledger.count)

    def _measure(self) -> int:
        """Records in the files; -1 when they are not in order."""
        names = []
        try:
            for entry in self._fs.ilistdir(FOLDER):
                names.append(entry[0])
        except OSError as error:
            if error.args[0] == 2:  # there is no such folder: nothing was ever mirrored
                return 0
            raise
        names.sort()
        total = 0
        for n in range(len(names)):
            size = self._fs.stat(name_of(n + 1))[6] if names[n] == name_of(n + 1)[len(FOLDER) + 1 :] else -1
            full = size == FILE_RECORDS * RECORD_BYTES
            if size < 0 or size % RECORD_BYTES or size > FILE_RECORDS * RECORD_BYTES:
                return -1
            if not full and n != len(names) - 1:
                return -1  # the last may be empty too: littlefs makes a file before it has anything in it
            total += size // RECORD_BYTES
        return total

    def _last_is_whole(self) -> bool:
        raw = self._raw
        if not self.read_raw(self.count, raw):
            return False
        return self._ledger.is_record(raw) and (raw[4] | raw[5] << 8 | raw[6] << 16) == self.count

    def _compare(self) -> None:
        """Whether one of the two goes on from the other."""
        ledger = self._ledger
        if self.count < ledger.oldest - 1:
            self.state = BEHIND
            return
        common = min(self.count, ledger.count)
        if common < ledger.oldest:
            return  # the FRAM begins just where the mirror ends
        if not self.read_raw(common, self._raw) or not ledger.has(self._raw):
            self._differs()
            ledger.distrust()
            return
        self.wanted = self.count > ledger.count

    # Reading

    def read_raw(self, sequence: int, buffer: "Any") -> bool:
        """The 64 bytes of a record; False when it is not here. Raises OSError. Allocates."""
        if not 1 <= sequence <= self.count:
            return False
        with self._fs.open(name_of((sequence - 1) // FILE_RECORDS + 1), "rb") as file:
            file.seek((sequence - 1) % FILE_RECORDS * RECORD_BYTES)
            return file.readinto(buffer) == RECORD_BYTES

    # One tick

    def tick(self) -> None:
        """While everything is still: read one record, or append some. To be called each tick.

        A write of flash takes some 50 ms and allocates; it comes only when nothing moves.
        """
        if self.state != GOOD:
            return
        if not self._still():
            self._was_still = False
            return
        if not self._was_still:
            self._was_still = True
            self._quiet_since = self._time.tick
        if (self._time.tick - self._quiet_since) & 0x3FFFFFFF < QUIET_TICKS or self._ledger.busy:
            return
        try:
            if self.wanted:
                self._give()
            elif self._ledger.state == OPEN and (self._filled or self.count < self._ledger.count):
                self._keep()
        except OSError:
            self._fail()

    def _give(self) -> None:
        """The ledger takes the next record that it misses."""
        ledger = self._ledger
        if ledger.count >= self.count:
            self.wanted = False
            self._events.emit(EV_LEDGER_MIRROR_TAKEN, ledger.count)
            return
        if ledger.state not in (OPEN, BLANK) or not self.read_raw(ledger.count + 1, self._raw):
            self.wanted = False
            return
        ledger.elsewhere = max(ledger.elsewhere, ledger.count)
        try:
            ledger.queue_given(self._raw)
        except LedgerError:
            self.wanted = False
            self._differs()

    def _keep(self) -> None:
        """Collect the next record, or write what is collected."""
        last = self.count + self._filled
        room = FILE_RECORDS - self.count % FILE_RECORDS
        if self._filled < min(BATCH, room) and last < self._ledger.count:
            if not self._ledger.read_raw(last + 1, self._raw):
                self.state = BEHIND
                return
            at = self._filled * RECORD_BYTES
            self._batch[at : at + RECORD_BYTES] = self._raw
            self._filled += 1
            return
        self._write()

    def _write(self) -> None:
        number = self.count // FILE_RECORDS + 1
        if self.count == 0:
            try:
                self._fs.mkdir(FOLDER)
            except OSError as error:
                if error.args[0] != 17:  # it is there already
                    raise
        length = self._filled * RECORD_BYTES
        with self._fs.open(name_of(number), "ab") as file:
            file.write(memoryview(self._batch)[:length])
        first = self.count
        self.count += self._filled
        for n in range(self._filled):
            at = n * RECORD_BYTES
            same = self.read_raw(first + n + 1, self._raw)
            if not same or self._raw != self._batch[at : at + RECORD_BYTES]:
                self.count = first
                self._fail()
                return
        self._filled = 0
        self._ledger.elsewhere = max(self._ledger.elsewhere, self.count)

    def _fail(self) -> None:
        self.state = FAILED
        self._filled = 0
        self._events.emit(EV_LEDGER_MIRROR_FAILED, self.count)

    def _differs(self) -> None:
        self.state = UNREADABLE
        self._events.emit(EV_LEDGER_MIRROR_DIFFERS, self.count, self._ledger.count)
