"""The custody ledger: append-only, each record chained to the one before.

A record is 64 bytes, little-endian:

    0  mark 0xA5        written last: a record without it was never finished and does not count
    1  format 1         2  kind (enum RecordKind)      3  tube
    4  sequence u32     from 1
    8  tick u32         executive ticks since start
    12 epoch u32        mission clock, seconds
    16 firmware u16     18 parameters u16              versions at that moment
    20 a, b, c, d       four i32, meaning by kind
    36 zeros
    52 chain            first 8 bytes of SHA-256 over the chain before and bytes 1 to 51
    60 crc u32          CRC-32 over bytes 1 to 59

The store: a header of 64 bytes, two checkpoints, then a ring of records, record n in place (n - 1) % places.
A checkpoint is the whole inventory after some record, so that opening need not read all of them, and a record
that stands elsewhere too (`elsewhere`) may be written over. Checkpoints alternate; each has its mark last.

Opening takes the newest good checkpoint and reads on to the first place that has no mark or a record of
the lap before. What has a mark and cannot be read, or stands where it must not, makes the ledger unreadable:
it is kept as it is and not written.

Writing is spread over ticks: queue() takes a record into RAM, each tick() does one step of the oldest (check,
hash, or one transfer of at most 32 bytes), and it counts once its mark has read back. Whoever asked waits for
that with ended() and outcome().
"""

import binascii
import hashlib
import struct
from array import array

from rochette.services.crc import Crc32
from rochette.services.inventory import SEATS_MAX, TUBE_BYTES, Inventory
from rochette.tables import (
    CUSTODY_RULE_NO_SUCH_SEAT,
    CUSTODY_RULE_NONE,
    EV_LEDGER_CUSTODY_REFUSED,
    EV_LEDGER_FOREIGN,
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

_MAGIC = b"RCHLEDG2"
_LAYOUT = "<BBBBIIIHHiiii"
_BODY_BYTES = 36
_BODY_END = 52
_CHAIN_END = 60


FOREIGN = 5
"""Whole, but of another payload, or of one with another number of seats; not written."""
FAILED = 4
"""What is kept is whole, but the store took no record; nothing more is written until the next start."""

QUEUE = 8
"""Records that wait in RAM at most."""

PENDING = -1
"""outcome() of a record that still waits."""
KEPT = 0
"""outcome() of a record that stands in the store; a positive outcome is the rule (CustodyRule) it broke."""
LOST = -2
"""outcome() of a record that the store did not take."""

_PIECE = 32  # bytes a tick: 0.9 ms on a bus of 400 kHz
_TRIES = 3  # a record that reads back wrong is written anew this often before the store is given up
_FIELDS = 6

# Steps of the entry at the head of the queue.
_CHECK = 0
_HASH = 1
_BODY_1 = 2
_BODY_2 = 3
_BACK_1 = 4
_BACK_2 = 5
_MARK = 6
_MARK_BACK = 7

HEADER_BYTES = 64
CHECKPOINT_BYTES = 64 + (SEATS_MAX + 1 + 1) * TUBE_BYTES
CHECKPOINT_EVERY = 64
"""A checkpoint is due after so many records: what opening reads at most, beside them."""
CHECKPOINT_MARK = 0xC5
_PIECES = CHECKPOINT_BYTES // _PIECE
_TUBES_A_PIECE = _PIECE // TUBE_BYTES


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
        payload: int = 0,
        seats: int = 0,
    ) -> None:
        """`payload` (0 to 2**30 - 1) and `seats` are this payload's own; 0 takes any."""
        self.state = BLANK
        self.count = 0
        self.inventory = Inventory()
        self.archive: "Any" = None
        self.elsewhere = 0
        self.checkpoint = 0
        self.places = (store.size - HEADER_BYTES) // RECORD_BYTES
        self._ring = HEADER_BYTES
        if self.places > 2 * CHECKPOINT_EVERY + 2 * CHECKPOINT_BYTES // RECORD_BYTES:
            self._ring += 2 * CHECKPOINT_BYTES
            self.places = (store.size - self._ring) // RECORD_BYTES
        self._store = store
        self._events = events
        self._executive = _NoClock() if executive is None else executive
        self._epoch_s = epoch_s
        self._parameters = parameters
        self._firmware = firmware
        self.payload = payload
        """This payload, and its seats; 0 for any."""
        self.seats = seats
        self._given: "bytearray | None" = None
        self._raw = bytearray(RECORD_BYTES)
        self._back = bytearray(RECORD_BYTES)
        raw = memoryview(self._raw)
        back = memoryview(self._back)
        self._first = raw[:_PIECE]
        self._second = raw[_PIECE:]
        self._chained = raw[1:_BODY_END]
        self._link_part = raw[_BODY_END:_CHAIN_END]
        self._back_first = back[:_PIECE]
        self._back_second = back[_PIECE:]
        self._export = bytearray(RECORD_BYTES)
        self._mark = bytearray(1)
        self._mark_back = bytearray(1)
        self._chain = bytearray(8)
        self._crc = Crc32()
        self._queue = array("i", [0] * (QUEUE * _FIELDS))
        self._outcomes = array("i", [KEPT] * QUEUE)
        self._header_due = False
        self._saving = -1
        self._save_slot = 0
        self._asked = 0
        self._done = 0
        self._step = _CHECK
        self._tries = 0
        self.open()

    # Questions

    @property
    def initialised(self) -> bool:
        """Whether the ledger is open and has its first record."""
        return self.state == OPEN and self.inventory.initialised

    @property
    def lost(self) -> bool:
        """Whether the store takes nothing, because it failed or does not answer."""
        return self.state == FAILED or self.state == ABSENT

    @property
    def full(self) -> bool:
        """Whether the next record has no place: what stands there is nowhere else, or no checkpoint covers
        it."""
        over = self.count + 1 - self.places
        return over > 0 and (over > self.elsewhere or over > self.checkpoint)

    @property
    def oldest(self) -> int:
        """Sequence of the oldest record in the store, 1 when there is none."""
        return max(1, self.count + 1 - self.places)

    @property
    def chain(self) -> bytes:
        """The chain value of the last record, 8 bytes. Allocates."""
        return bytes(self._chain)

    @property
    def can_begin(self) -> bool:
        """Whether the store is there, blank, and waits for its first record."""
        return self.state == BLANK or (self.state == OPEN and not self.inventory.initialised)

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
        self.elsewhere = 0
        self.checkpoint = 0
        self.checkpoint_fails = 0
        self._saving = -1
        self.inventory.clear()
        for at in range(len(self._chain)):
            self._chain[at] = 0
        try:
            self.state = self._read_all()
        except OSError:
            self.state = ABSENT
        if self.state == OPEN and self._is_foreign():
            self.state = FOREIGN
            self._emit(EV_LEDGER_FOREIGN, self.inventory.payload, self.payload, self.inventory.seats)
        if self.state == OPEN:
            self._emit(EV_LEDGER_OPENED, self.count)
        elif self.state == UNREADABLE:
            self._emit(EV_LEDGER_UNREADABLE, self.count)
        return self.state

    def _is_foreign(self) -> bool:
        """Whether the first record names another payload, or another number of seats."""
        inventory = self.inventory
        if not inventory.initialised:
            return False
        other = self.payload and inventory.payload and inventory.payload != self.payload
        return bool(other) or bool(self.seats and inventory.seats != self.seats)

    def _read_all(self) -> int:
        raw = self._raw
        self._store.read_into(0, raw)
        if not self._is_header(raw):
            begun = raw[0] not in (0, 255)  # the header's first byte is written last
            return UNREADABLE if begun or self._anything_marked() else BLANK
        if struct.unpack_from("<I", raw, 8)[0] != self.places:
            return UNREADABLE  # written by a payload whose memory is laid out differently
        self._take_checkpoint()
        while True:
            self._store.read_into(self._offset(self.count + 1), raw)
            if raw[0] != MARK:
                break
            sequence = struct.unpack_from("<I", raw, 4)[0]
            if self.count >= self.places and sequence == self.count + 1 - self.places and _crc_fits(raw):
                break  # of the lap before
            if not self._take_in(raw):
                return UNREADABLE
            if self.count == self.places and self.checkpoint == 0:
                break  # every place is taken, and nothing could be written over
        torn = raw[0] != MARK and not _is_blank(raw)
        if not self._all_in_place():
            return UNREADABLE
        if torn:
            self._emit(EV_LEDGER_TORN_RECORD_DROPPED, self.count + 1)
        return OPEN

    def _offset(self, sequence: int) -> int:
        """Where record `sequence` stands, or would."""
        return self._ring + (sequence - 1) % self.places * RECORD_BYTES

    def _anything_marked(self) -> bool:
        one = bytearray(1)
        for place in range(1, self.places + 1):
            self._store.read_into(self._offset(place), one)
            if one[0] == MARK:
                return True
        return False

    def _all_in_place(self) -> bool:
        """Whether each place holds the record that belongs there, the next one to be written apart."""
        head = bytearray(8)
        count = self.count
        places = self.places
        for place in range(places):
            self._store.read_into(self._ring + place * RECORD_BYTES, head)
            lap = (count - 1 - place) // places if count > place else -1
            belongs = lap * places + place + 1 if lap >= 0 else 0
            marked = head[0] == MARK
            if place == count % places:
                # The next place: empty, cut off in the middle, or the lap before.
                if marked and struct.unpack_from("<I", head, 4)[0] != belongs:
                    return False
            elif marked != (belongs > 0):
                return False
            elif marked and struct.unpack_from("<I", head, 4)[0] != belongs:
                return False
        return True

    # Checkpoints

    def _take_checkpoint(self) -> None:
        """The newest good one, whose record (where it is still there) has the chain it names."""
        if self._ring == HEADER_BYTES:
            return
        best = 0
        slot = -1
        for n in range(2):
            sequence = self._checkpoint_at(n, False)
            if sequence > best:
                best = sequence
                slot = n
        if slot >= 0 and self._checkpoint_at(slot, True):
            self.count = best
            self.checkpoint = best
            self._save_slot = 1 - slot

    def _checkpoint_at(self, slot: int, take: bool) -> int:
        """Sequence of the checkpoint in `slot`, 0 when there is no good one; with `take` it is taken in."""
        raw = self._raw
        crc = self._crc
        base = HEADER_BYTES + slot * CHECKPOINT_BYTES
        self._store.read_into(base, raw)
        if raw[0] != CHECKPOINT_MARK or raw[1] != FORMAT:
            return 0
        sequence = struct.unpack_from("<I", raw, 4)[0]
        wanted = bytes(raw[60:64])
        chain = bytes(raw[8:16])
        if take:
            self.inventory.take_head(raw, 16)
            self.elsewhere = raw[48] | raw[49] << 8 | raw[50] << 16
            self._chain[:] = chain
        crc.reset()
        crc.add(raw, 1, 59)
        for piece in range(2, _PIECES):
            self._store.read_into(base + piece * _PIECE, self._back_first)
            crc.add(self._back, 0, _PIECE)
            if take:
                for n in range(_TUBES_A_PIECE):
                    tube = (piece - 2) * _TUBES_A_PIECE + n
                    if tube <= SEATS_MAX:
                        self.inventory.take_tube(tube, self._back, n * TUBE_BYTES)
        if wanted != struct.pack("<HH", crc.low, crc.high):
            return 0
        self._store.read_into(self._offset(sequence), raw)
        same = raw[0] == MARK and struct.unpack_from("<I", raw, 4)[0] == sequence
        return sequence if same and bytes(raw[_BODY_END:_CHAIN_END]) == chain else 0

    def _save_step(self) -> None:
        """One transfer of a checkpoint: head, tubes, then all of it read back, then its mark."""
        piece = self._saving
        base = HEADER_BYTES + self._save_slot * CHECKPOINT_BYTES
        raw = self._raw
        if piece < _PIECES:
            if piece == 0:
                self._build_checkpoint()
            if piece < 2:
                self._store.write(base + piece * _PIECE, self._first if piece == 0 else self._second)
            else:
                self._put_tubes(piece)
                self._store.write(base + piece * _PIECE, self._back_first)
        elif piece < 2 * _PIECES:
            at = piece - _PIECES
            self._store.read_into(base + at * _PIECE, self._back_first)
            if at == 0:
                self._crc.reset()
            if at != 1:
                self._crc.add(self._back, 1 if at == 0 else 0, _PIECE - 1 if at == 0 else _PIECE)
            else:
                self._crc.add(self._back, 0, _PIECE - 4)
        elif piece == 2 * _PIECES:
            good = self._crc.low == raw[60] | raw[61] << 8 and self._crc.high == raw[62] | raw[63] << 8
            if not good:
                self._saving = -1
                self.checkpoint_fails += 1
                return
            self._mark[0] = CHECKPOINT_MARK
            self._store.write(base, self._mark)
        else:
            self._store.read_into(base, self._mark_back)
            self._saving = -1
            if self._mark_back == self._mark:
                self.checkpoint = self.count
                self._save_slot = 1 - self._save_slot
            else:
                self.checkpoint_fails += 1
            return
        self._saving = piece + 1

    def _build_checkpoint(self) -> None:
        raw = self._raw
        for at in range(RECORD_BYTES):
            raw[at] = 0
        raw[1] = FORMAT
        count = self.count
        raw[4] = count & 255
        raw[5] = count >> 8 & 255
        raw[6] = count >> 16 & 255
        for at in range(8):
            raw[8 + at] = self._chain[at]
        self.inventory.put_head(raw, 16)
        for at in range(3):
            raw[48 + at] = self.elsewhere >> 8 * at & 255
        crc = self._crc
        crc.reset()
        crc.add(raw, 1, 59)
        for piece in range(2, _PIECES):
            self._put_tubes(piece)
            crc.add(self._back, 0, _PIECE)
        raw[60] = crc.low & 255
        raw[61] = crc.low >> 8
        raw[62] = crc.high & 255
        raw[63] = crc.high >> 8

    def _put_tubes(self, piece: int) -> None:
        for n in range(_TUBES_A_PIECE):
            tube = (piece - 2) * _TUBES_A_PIECE + n
            if tube <= SEATS_MAX:
                self.inventory.put_tube(tube, self._back, n * TUBE_BYTES)
            else:
                for at in range(TUBE_BYTES):
                    self._back[n * TUBE_BYTES + at] = 0

    # Reading a record

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
        self._chain[:] = record.chain
        self.count += 1
        return True

    def _is_header(self, raw: bytearray) -> bool:
        return raw[0:8] == _MAGIC and _crc_fits(raw)

    def _link(self, raw: "bytes | bytearray") -> bytes:
        """The chain value of a record whose body is filled in."""
        return link_of(self._chain, raw)

    # Writing

    def queue(self, kind: int, tube: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
        """Ask for a custody step to be kept; returns a ticket for ended() and outcome(). Does not allocate.

        Raises LedgerError when the ledger takes no records, or QUEUE of them wait already.
        """
        self._check_writable()
        ticket = self._asked + 1
        if ticket - self._done > QUEUE:
            raise LedgerError(
                "custody ledger: {} records wait to be written; nothing was taken".format(QUEUE)
            )
        at = (ticket % QUEUE) * _FIELDS
        queue = self._queue
        queue[at] = kind
        queue[at + 1] = tube
        queue[at + 2] = a
        queue[at + 3] = b
        queue[at + 4] = c
        queue[at + 5] = d
        self._outcomes[ticket % QUEUE] = PENDING
        self._asked = ticket
        return ticket

    def queue_initialise(self, seats: int) -> int:
        """Ask for a blank ledger to be begun for `seats` (1 to 64) seats, each with a clean, empty tube.

        Raises LedgerError when something stands in the store already, CustodyError for an impossible number.
        """
        if not 1 <= seats <= SEATS_MAX:
            raise CustodyError(CUSTODY_RULE_NO_SUCH_SEAT, RECORD_KIND_INITIALISED, 0)
        if self.state == BLANK:
            self.state = OPEN
            self._header_due = True
        return self.queue(RECORD_KIND_INITIALISED, 0, seats, self.payload)

    def queue_given(self, raw: "bytes | bytearray") -> int:
        """Ask for a record that was kept elsewhere (64 bytes, with its mark) to be kept here, as it is.

        Raises LedgerError for one that is damaged, not the next, of another payload, or does not chain; while
        a record waits; and as queue() and queue_initialise() do. Allocates.
        """
        if self.busy:
            raise LedgerError("custody ledger: a record waits to be written; nothing was taken")
        if raw[0] != MARK or raw[1] != FORMAT or not _crc_fits(raw):
            raise LedgerError("custody record to be restored is damaged; nothing was taken")
        record = Record(raw)
        if record.sequence != self.count + 1 or record.chain != self._link(raw):
            raise LedgerError("custody record to be restored does not go on from what is here")
        if record.kind == RECORD_KIND_INITIALISED:
            if (self.payload and record.b != self.payload) or (self.seats and record.a != self.seats):
                raise LedgerError("custody record to be restored is of another payload; nothing was taken")
            if self.state == BLANK:
                self.state = OPEN
                self._header_due = True
        ticket = self.queue(record.kind, record.tube, record.a, record.b, record.c, record.d)
        self._given = bytearray(raw)
        return ticket

    def distrust(self) -> None:
        """Another store tells another story, and nobody can say which is true: nothing is written now."""
        self.state = UNREADABLE
        self._emit(EV_LEDGER_UNREADABLE, self.count)

    def is_record(self, raw: "bytes | bytearray") -> bool:
        """Whether 64 bytes are a finished record: mark, format and CRC. Allocates."""
        return raw[0] == MARK and raw[1] == FORMAT and _crc_fits(raw)

    def has(self, raw: "bytes | bytearray") -> bool:
        """Whether the record `raw` is kept here already, byte for byte. Raises OSError. Allocates."""
        mine = bytearray(RECORD_BYTES)
        return self.read_raw(Record(raw).sequence, mine) and mine == bytearray(raw)

    def mirrored(self, sequence: int, chain: int) -> bool:
        """Somebody else keeps every record up to `sequence`; `chain`: the upper 30 bits of its first four
        chain bytes, most significant first. False, and nothing changes, when that is not so. Allocates.
        """
        raw = bytearray(RECORD_BYTES)
        if not self.read_raw(sequence, raw):
            return False
        if raw[52] << 22 | raw[53] << 14 | raw[54] << 6 | raw[55] >> 2 != chain:
            return False
        self.elsewhere = max(self.elsewhere, sequence)
        return True

    def ended(self, ticket: int) -> bool:
        """Whether the record of `ticket` is kept, refused or lost."""
        return ticket <= self._done

    def outcome(self, ticket: int) -> int:
        """KEPT, PENDING, LOST, or the rule (CustodyRule) that the record would have broken. Of the last
        QUEUE tickets only."""
        return self._outcomes[ticket % QUEUE]

    def judge(self, ticket: int) -> int:
        """The sequence number of a record that is kept; raises CustodyError or LedgerError for one that is
        not."""
        outcome = self._outcomes[ticket % QUEUE]
        if outcome == KEPT:
            return self.count
        at = (ticket % QUEUE) * _FIELDS
        if outcome > 0:
            raise CustodyError(outcome, self._queue[at], self._queue[at + 1])
        words = "still waits to be written" if outcome == PENDING else "is not kept: the ledger is full"
        if self.state == ABSENT:
            words = "is not kept: the memory does not answer"
        elif self.state == FAILED:
            words = "is not kept: it read back different"
        raise LedgerError("custody record {} {}".format(self.count + 1, words))

    @property
    def busy(self) -> bool:
        """Whether a record waits to be written."""
        return self._done != self._asked

    def tick(self) -> None:
        """One step of the oldest record that waits: at most one transfer of 32 bytes. To be called each
        tick.

        Allocates nothing but the hash of a record (about 300 bytes a record).
        """
        saving = self._saving >= 0
        if not saving:
            idle = self._done == self._asked
            since = self.count - self.checkpoint
            # Between two records, and not before the one that waits unless it is late.
            if since >= (CHECKPOINT_EVERY if idle else 2 * CHECKPOINT_EVERY) and self._may_save():
                self._saving = 0
                saving = True
            elif idle:
                return
        try:
            if saving:
                self._save_step()
            else:
                self._do_step()
        except OSError:
            self.state = ABSENT
            self._give_up()

    def _may_save(self) -> bool:
        return (
            self._step == _CHECK
            and self.state == OPEN
            and self._ring != HEADER_BYTES
            and self.checkpoint_fails < _TRIES
        )

    def _do_step(self) -> None:
        step = self._step
        offset = self._offset(self.count + 1)
        if self._header_due:
            offset = 0
        store = self._store
        if step == _CHECK:
            if not self._build():
                return
        elif step == _HASH:
            self._seal()
        elif step == _BODY_1:
            store.write(offset, self._first)
        elif step == _BODY_2:
            store.write(offset + _PIECE, self._second)
        elif step == _BACK_1:
            store.read_into(offset, self._back_first)
        elif step == _BACK_2:
            store.read_into(offset + _PIECE, self._back_second)
            if self._back != self._raw:
                self._again()
                return
        elif step == _MARK:
            self._mark[0] = MARK if offset else _MAGIC[0]
            store.write(offset, self._mark)
        else:
            store.read_into(offset, self._mark_back)
            if self._mark_back != self._mark:
                self._again()
                return
            self._kept()
            return
        self._step = step + 1

    def _build(self) -> bool:
        """Check the record against the custody rules and fill its body in; False when it was refused."""
        queue = self._queue
        at = ((self._done + 1) % QUEUE) * _FIELDS
        kind = queue[at]
        raw = self._raw
        for place in range(_BODY_BYTES, RECORD_BYTES):
            raw[place] = 0
        if self._header_due:
            for place in range(1, _BODY_BYTES):
                raw[place] = _MAGIC[place] if place < len(_MAGIC) else 0
            struct.pack_into("<I", raw, 8, self.places)
            raw[0] = 0
            return True
        rule = self.inventory.check(
            kind, queue[at + 1], queue[at + 2], queue[at + 3], queue[at + 4], queue[at + 5]
        )
        if rule != CUSTODY_RULE_NONE:
            self._emit(EV_LEDGER_CUSTODY_REFUSED, kind, max(0, min(queue[at + 1], 0xFFFF)), rule)
            self._given = None
            self._end(rule)
            return False
        if self._given is not None:
            for place in range(1, _BODY_BYTES):
                raw[place] = self._given[place]
            raw[0] = 0
            self._given = None
            return True
        struct.pack_into(
            _LAYOUT,
            raw,
            0,
            0,
            FORMAT,
            kind,
            queue[at + 1],
            self.count + 1,
            self._executive.tick,
            0 if self._epoch_s is None else self._epoch_s(),
            self._firmware,
            0 if self._parameters is None else self._parameters.version,
            queue[at + 2],
            queue[at + 3],
            queue[at + 4],
            queue[at + 5],
        )
        return True

    def _seal(self) -> None:
        """Chain and CRC. A header has no chain."""
        raw = self._raw
        if raw[1] == FORMAT:
            digest = hashlib.sha256(self._chain)
            digest.update(self._chained)
            link = digest.digest()
            for place in range(_CHAIN_END - _BODY_END):
                raw[_BODY_END + place] = link[place]
        crc = self._crc
        crc.reset()
        crc.add(raw, 1, _CHAIN_END - 1)
        raw[_CHAIN_END] = crc.low & 255
        raw[_CHAIN_END + 1] = crc.low >> 8
        raw[_CHAIN_END + 2] = crc.high & 255
        raw[_CHAIN_END + 3] = crc.high >> 8

    def _again(self) -> None:
        """It read back different. It has no mark, or not a good one: write it once more, or give up."""
        self._tries += 1
        if self._tries < _TRIES:
            self._step = _BODY_1
            return
        self.state = FAILED
        self._give_up()

    def _kept(self) -> None:
        """The mark has read back: from here on the record counts."""
        if self._header_due:
            self._header_due = False
            self._step = _CHECK
            self._tries = 0
            return
        queue = self._queue
        at = ((self._done + 1) % QUEUE) * _FIELDS
        kind = queue[at]
        self._chain[:] = self._link_part
        self.count += 1
        self.inventory.apply(kind, queue[at + 1], queue[at + 2], queue[at + 3], queue[at + 4], queue[at + 5])
        if kind == RECORD_KIND_INITIALISED:
            self._emit(EV_LEDGER_INITIALISED, queue[at + 2])
        self._end(KEPT)

    def _end(self, outcome: int) -> None:
        self._done += 1
        self._outcomes[self._done % QUEUE] = outcome
        self._step = _CHECK
        self._tries = 0
        if self._done != self._asked and self.full:
            self._emit(EV_LEDGER_FULL, self.count)
            self._lose_rest()

    def _give_up(self) -> None:
        """The store failed: say so, and let everybody who waits know."""
        self._emit(EV_LEDGER_WRITE_FAILED, self.count + 1)
        self._lose_rest()

    def _lose_rest(self) -> None:
        while self._done != self._asked:
            self._done += 1
            self._outcomes[self._done % QUEUE] = LOST
        self._step = _CHECK
        self._tries = 0

    def _check_writable(self) -> None:
        if self.state != OPEN:
            words = (
                "begun: initialise it first",
                "",
                "readable: it is kept as it is",
                "there: no answer",
                "writable: the memory did not take a record",
                "of this payload: it is kept as it is",
            )
            raise LedgerError("custody ledger is not " + words[self.state] + "; nothing was recorded")
        if self.full:
            self._emit(EV_LEDGER_FULL, self.count)
            raise LedgerError("custody ledger is full; nothing was recorded: read it out and begin a new one")

    # Writing at once, for tools and tests

    def initialise(self, seats: int) -> None:
        """queue_initialise(), and all steps at once: for where no tick runs. Raises as it and append() do."""
        ticket = self.queue_initialise(seats)
        while not self.ended(ticket):
            self.tick()
        self.judge(ticket)

    def append(self, kind: int, tube: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
        """queue(), and all steps at once (12 to 15 ms on an RP2040): for where no tick runs. Returns the
        sequence number.

        Raises CustodyError when the step cannot be, LedgerError when it could not be kept; in both cases
        nothing counts as done.
        """
        ticket = self.queue(kind, tube, a, b, c, d)
        while not self.ended(ticket):
            self.tick()
        return self.judge(ticket)

    # Reading

    def records(self) -> "Generator[Record, None, None]":
        """Each record that is in the store, from the oldest. Allocates; for reports."""
        raw = bytearray(RECORD_BYTES)
        for sequence in range(self.oldest, self.count + 1):
            self.read_raw(sequence, raw)
            yield Record(raw)

    def read_raw(self, sequence: int, buffer: "bytearray | memoryview") -> bool:
        """The 64 bytes of a record; False when it is not in the store. Raises OSError."""
        if not self.oldest <= sequence <= self.count:
            return False
        self._store.read_into(self._offset(sequence), buffer)
        return True

    def export_bytes(self) -> int:
        """Size of the export: the header, then the records that are in the store, from the oldest; 0 when
        there is nothing that can be trusted."""
        if self.state not in (OPEN, FAILED, FOREIGN):
            return 0
        first = self.oldest if self.archive is None or not self.archive.count else 1
        return (self.count + 2 - first) * RECORD_BYTES

    def export_into(self, offset: int, buffer: "Any", count: int) -> int:
        """Fill buffer[:count] with the export from `offset` on; how many bytes there were. Raises OSError."""
        count = min(count, self.export_bytes() - offset)
        done = 0
        while done < count:
            place = (offset + done) // RECORD_BYTES
            within = (offset + done) % RECORD_BYTES
            if place == 0:
                self._store.read_into(0, self._export)
            elif not self._read_anywhere(place, self._export):
                break
            length = min(count - done, RECORD_BYTES - within)
            buffer[done : done + length] = self._export[within : within + length]
            done += length
        return done

    def _read_anywhere(self, place: int, buffer: bytearray) -> bool:
        """Record number `place` of the export: from the FRAM, else from the mirror."""
        archive = self.archive
        if archive is None or not archive.count:
            return self.read_raw(self.oldest + place - 1, buffer)
        return self.read_raw(place, buffer) or bool(archive.read_raw(place, buffer))

    def verify(self) -> bool:
        """Read everything again, apart from what is in memory: True when all is whole and says the same."""
        again = Ledger(self._store)
        if again.state != self.state or again.count != self.count or again._chain != self._chain:
            return False
        raw = bytearray(RECORD_BYTES)
        before: "bytes | None" = None if self.oldest > 1 else bytes(8)
        for sequence in range(self.oldest, self.count + 1):
            self._store.read_into(self._offset(sequence), raw)
            if raw[1] != FORMAT or not _crc_fits(raw):
                return False
            chain = bytes(raw[_BODY_END:_CHAIN_END])
            if before is not None and link_of(before, raw) != chain:
                return False
            before = chain
        return True

    def _emit(self, event_id: int, a: int = 0, b: int = 0, c: int = 0) -> None:
        if self._events is not None:
            self._events.emit(event_id, a, b, c)


def link_of(before: "bytes | bytearray", raw: "bytes | bytearray") -> bytes:
    """The chain value of the record `raw` that comes after one with the chain value `before`. Allocates."""
    digest = hashlib.sha256(before)
    digest.update(bytes(raw[1:_BODY_END]))
    return digest.digest()[:8]


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
