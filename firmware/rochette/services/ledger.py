"""The custody ledger: append-only, each record chained to the one before.

A record is 64 bytes, little-endian:

0  mark 0xA5        written last: a record without it was never finished and does not count 1  format 1 2
kind (enum RecordKind)      3  tube 4  sequence u32     from 1 8  tick u32         executive ticks since start
12 epoch u32, mission clock seconds 16 firmware u16     18 parameters u16              versions at that moment
20 a, b, c, d       four i32, meaning by kind      36 zeros 52 chain            first 8 bytes of SHA-256 over
the chain before and bytes 1 to 51 60 crc u32          CRC-32 over bytes 1 to 59

A 64-byte header comes before them, its first byte written last. Opening reads records until the first that
has no mark. What has a mark and cannot be read, or stands after that place, makes the ledger unreadable: it
is kept as it is and not written.
"""

import binascii
import hashlib
import struct

from rochette.services.inventory import SEATS_MAX, Inventory
from rochette.tables import (
    CUSTODY_RULE_NO_SUCH_SEAT,
    CUSTODY_RULE_NONE,
    EV_LEDGER_CUSTODY_REFUSED,
    EV_LEDGER_FULL,
    EV_LEDGER_INITIALISED,
    EV_LEDGER_OPENED,
    EV_LEDGER_TORN_RECORD_DROPPED,
    EV_LEDGER_UNREADABLE,
    EV_LEDGER_WRITE_FAILED,
    RECORD_KIND_INITIALISED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator

    from rochette.services.events import Events

RECORD_BYTES = 64
MARK = 0xA5
FORMAT = 1

BLANK = 0
"""Nothing was ever written, or the header is not there: initialise() can begin."""
OPEN = 1
"""Read and whole; records can be appended."""
UNREADABLE = 2
"""Something stands there that cannot be trusted; it is not written."""
ABSENT = 3
"""The memory does not answer."""

_MAGIC = b"RCHLEDG1"
_LAYOUT = "<BBBBIIIHHiiii"
_BODY_END = 52
_CHAIN_END = 60


class LedgerError(Exception):
    """The record could not be kept: the ledger is not open, full, or read back wrong. Nothing counts as
    done."""


class CustodyError(Exception):
    """A custody step that cannot be; nothing was written. `rule` (enum CustodyRule), `kind`, `tube`."""

    def __init__(self, rule: int, kind: int, tube: int) -> None:
        super().__init__("record kind {} for tube {} refused by custody rule {}".format(kind, tube, rule))
        self.rule = rule
        self.kind = kind
        self.tube = tube


class Record:
    """One record as it was read back."""

    def __init__(self, raw: "bytes | bytearray") -> None:
        fields = struct.unpack_from(_LAYOUT, raw, 0)
        self.kind = fields[2]
        self.tube = fields[3]
        self.sequence = fields[4]
        self.tick = fields[5]
        self.epoch_s = fields[6]
        self.firmware = fields[7]
        self.parameters = fields[8]
        self.a = fields[9]
        self.b = fields[10]
        self.c = fields[11]
        self.d = fields[12]
        self.chain = bytes(raw[_BODY_END:_CHAIN_END])

    def as_dict(self) -> "dict[str, Any]":
        """All fields by name, the chain as hexadecimal text."""
        return {
            "sequence": self.sequence,
            "kind": self.kind,
            "tube": self.tube,
            "tick": self.tick,
            "epoch_s": self.epoch_s,
            "firmware": self.firmware,
            "parameters": self.parameters,
            "a": self.a,
            "b": self.b,
            "c": self.c,
            "d": self.d,
            "chain": binascii.hexlify(self.chain).decode(),
        }


class _NoClock:
    """Stands where the ledger was given no executive."""

    tick = 0


class Ledger:
    """Custody records in a store, and the inventory derived from them. Opened when made.

    `executive` stamps the tick, epoch_s() the mission clock, `parameters` its version, `firmware` 0 to 65535.
    """

    def __init__(
        self,
        store: "Any",
        events: "Events | None" = None,
        executive: "Any" = None,
        epoch_s: "Callable[[], int] | None" = None,
        parameters: "Any" = None,
        firmware: int = 0,
    ) -> None:
        self.state = BLANK
        self.count = 0
        self.inventory = Inventory()
        self.capacity = store.size // RECORD_BYTES - 1
        self._store = store
        self._events = events
        self._executive = _NoClock() if executive is None else executive
        self._epoch_s = epoch_s
        self._parameters = parameters
        self._firmware = firmware
        self._raw = bytearray(RECORD_BYTES)
        self._back = bytearray(RECORD_BYTES)
        self._chain = bytes(8)
        self.open()

    # Questions

    @property
    def initialised(self) -> bool:
        """Whether the ledger is open and has its first record."""
        return self.state == OPEN and self.inventory.initialised

    @property
    def last_sample(self) -> int:
        """The highest sample number on record; 0 when there is none."""
        return self.inventory.last_sample

    def place_of(self, tube: int) -> int:
        """Seat of `tube`, IN_BIT (0) or NOWHERE (-1)."""
        return self.inventory.place_of(tube)

    def seat_state(self, seat: int) -> int:
        """What `seat` holds (enum SeatState)."""
        return self.inventory.seat_state(seat)

    def records_kept(self) -> int:
        """How many records there are; for a telemetry channel."""
        return self.count

    # Opening

    def open(self) -> int:
        """Read the store anew. Returns the state: BLANK, OPEN, UNREADABLE or ABSENT. Raises nothing."""
        self.count = 0
        self.inventory.clear()
        self._chain = bytes(8)
        try:
            self.state = self._read_all()
        except OSError:
            self.state = ABSENT
        if self.state == OPEN:
            self._emit(EV_LEDGER_OPENED, self.count)
        elif self.state == UNREADABLE:
            self._emit(EV_LEDGER_UNREADABLE, self.count)
        return self.state

    def _read_all(self) -> int:
        raw = self._raw
        self._store.read_into(0, raw)
        if not self._is_header(raw):
            begun = raw[0] not in (0, 255)  # the header's first byte is written last
            return UNREADABLE if begun or self._marked_after(0) else BLANK
        while self.count < self.capacity:
            self._store.read_into((self.count + 1) * RECORD_BYTES, raw)
            if raw[0] != MARK:
                break
            if not self._take_in(raw):
                return UNREADABLE
        if self._marked_after(self.count):
            return UNREADABLE
        if self.count < self.capacity and not _is_blank(raw):
            self._emit(EV_LEDGER_TORN_RECORD_DROPPED, self.count + 1)
        return OPEN

    def _take_in(self, raw: bytearray) -> bool:
        """Check one record against its CRC, the chain and the custody rules; take it in when it is good."""
        if raw[1] != FORMAT or not _crc_fits(raw):
            return False
        record = Record(raw)
        if record.sequence != self.count + 1 or record.chain != self._link(raw):
            return False
        inventory = self.inventory
        if inventory.check(record.kind, record.tube, record.a, record.b, record.c, record.d):
            return False
        inventory.apply(record.kind, record.tube, record.a, record.b, record.c, record.d)
        self._chain = record.chain
        self.count += 1
        return True

    def _marked_after(self, count: int) -> bool:
        """Whether a finished record stands beyond place `count`."""
        one = bytearray(1)
        for place in range(count + 1, self.capacity + 1):
            self._store.read_into(place * RECORD_BYTES, one)
            if one[0] == MARK:
                return True
        return False

    def _is_header(self, raw: bytearray) -> bool:
        return raw[0:8] == _MAGIC and _crc_fits(raw)

    def _link(self, raw: "bytes | bytearray") -> bytes:
        """The chain value of a record whose body is filled in."""
        digest = hashlib.sha256(self._chain)
        digest.update(bytes(raw[1:_BODY_END]))
        return digest.digest()[:8]

    # Writing

    def initialise(self, seats: int) -> None:
        """Begin a blank ledger: `seats` (1 to 64) seats, each with a clean, empty tube.

        Raises LedgerError when something stands in the store already, CustodyError for an impossible number.
        """
        if not 1 <= seats <= SEATS_MAX:
            raise CustodyError(CUSTODY_RULE_NO_SUCH_SEAT, RECORD_KIND_INITIALISED, 0)
        if self.state == BLANK:
            try:
                self._write_header()
            except OSError:
                self.state = ABSENT
                raise LedgerError("custody ledger does not answer; nothing was begun")
            self.state = OPEN
        self.append(RECORD_KIND_INITIALISED, 0, seats)
        self._emit(EV_LEDGER_INITIALISED, seats)

    def _write_header(self) -> None:
        raw = self._raw
        for at in range(RECORD_BYTES):
            raw[at] = 0
        raw[0:8] = _MAGIC
        struct.pack_into("<I", raw, 8, self.capacity)
        struct.pack_into("<I", raw, _CHAIN_END, _crc_of(raw))
        raw[0] = 0
        self._store.write(0, raw)
        raw[0] = _MAGIC[0]
        self._store.write(0, bytes((_MAGIC[0],)))
        self._verify_written(0, 0)

    def append(self, kind: int, tube: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
        """Keep one custody step; returns its sequence number. The mark is written last, when all else reads
        back.

        May be called while motors run when the store is FRAM. Raises CustodyError when the step cannot be,
        LedgerError when it could not be kept; in both cases nothing counts as done. Allocates.
        """
        self._check_writable()
        rule = self.inventory.check(kind, tube, a, b, c, d)
        if rule != CUSTODY_RULE_NONE:
            self._emit(EV_LEDGER_CUSTODY_REFUSED, kind, max(0, min(tube, 0xFFFF)), rule)
            raise CustodyError(rule, kind, tube)
        sequence = self.count + 1
        raw = self._raw
        for at in range(RECORD_BYTES):
            raw[at] = 0
        epoch_s = 0 if self._epoch_s is None else self._epoch_s()
        version = 0 if self._parameters is None else self._parameters.version
        struct.pack_into(
            _LAYOUT,
            raw,
            0,
            0,
            FORMAT,
            kind,
            tube,
            sequence,
            self._executive.tick,
            epoch_s,
            self._firmware,
            version,
            a,
            b,
            c,
            d,
        )
        chain = self._link(raw)
        raw[_BODY_END:_CHAIN_END] = chain
        struct.pack_into("<I", raw, _CHAIN_END, _crc_of(raw))
        self._commit(sequence)
        self._chain = chain
        self.count = sequence
        self.inventory.apply(kind, tube, a, b, c, d)
        return sequence

    def _check_writable(self) -> None:
        if self.state != OPEN:
            words = ("begun: initialise it first", "", "readable: it is kept as it is", "there: no answer")
            raise LedgerError("custody ledger is not " + words[self.state] + "; nothing was recorded")
        if self.count >= self.capacity:
            self._emit(EV_LEDGER_FULL, self.count)
            raise LedgerError("custody ledger is full; nothing was recorded: read it out and begin a new one")

    def _commit(self, sequence: int) -> None:
        """Write the record, read it back, then write its mark: until then it does not count."""
        offset = sequence * RECORD_BYTES
        raw = self._raw
        try:
            self._store.write(offset, raw)
            self._verify_written(offset, sequence)
            raw[0] = MARK
            self._store.write(offset, bytes((MARK,)))
            self._verify_written(offset, sequence)
        except OSError:
            self.state = ABSENT
            self._emit(EV_LEDGER_WRITE_FAILED, sequence)
            raise LedgerError("custody ledger does not answer; record {} is not kept".format(sequence))

    def _verify_written(self, offset: int, sequence: int) -> None:
        self._store.read_into(offset, self._back)
        if self._back != self._raw:
            self.state = UNREADABLE
            self._emit(EV_LEDGER_WRITE_FAILED, sequence)
            raise LedgerError("custody record {} read back different; it is not kept".format(sequence))

    # Reading

    def size(self) -> int:
        """Bytes of the header and of every record that counts; of the whole store when it can't be trusted,
        for the ground to look at."""
        return self._store.size if self.state == UNREADABLE else (self.count + 1) * RECORD_BYTES

    def read_into(self, offset: int, buffer: "Any", count: int) -> int:
        """Fill buffer[:count] from byte `offset` of the ledger on; how many bytes there were. Raises
        OSError."""
        count = min(count, self.size() - offset)
        if count > 0:
            self._store.read_into(offset, memoryview(buffer)[:count])
        return max(count, 0)

    def records(self) -> "Generator[Record, None, None]":
        """Each record from the first, read from the store. Allocates; for reports."""
        raw = bytearray(RECORD_BYTES)
        for place in range(1, self.count + 1):
            self._store.read_into(place * RECORD_BYTES, raw)
            yield Record(raw)

    def verify(self) -> bool:
        """Read everything again, apart from what is in memory: True when all is whole and says the same."""
        again = Ledger(self._store)
        return again.state == self.state and again.count == self.count and again._chain == self._chain

    def _emit(self, event_id: int, a: int = 0, b: int = 0, c: int = 0) -> None:
        if self._events is not None:
            self._events.emit(event_id, a, b, c)


def _crc_of(raw: "bytes | bytearray") -> int:
    return binascii.crc32(bytes(raw[1:_CHAIN_END])) & 0xFFFFFFFF


def _crc_fits(raw: "bytes | bytearray") -> bool:
    return struct.unpack_from("<I", raw, _CHAIN_END)[0] == _crc_of(raw)


def _is_blank(raw: "bytes | bytearray") -> bool:
    """All 0 or all 255: never written. What a cut-off write left behind is not blank."""
    first = raw[0]
    if first != 0 and first != 255:
        return False
    for byte in raw:
        if byte != first:
            return False
    return True
