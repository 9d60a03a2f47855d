"""Custody records made by command: commissioning, and what hands did. Nothing moves."""

from rochette.activities.custody import NOT_RECORDED
from rochette.services.activities import Fault
from rochette.services.inventory import Inventory
from rochette.services.ledger import MARK, OPEN, RECORD_BYTES, Record, link_of
from rochette.tables import (
    EV_LEDGER_RESTORE_REFUSED,
    EV_LEDGER_RESTORED,
    REASON_CUSTODY,
    RECORD_KIND_INITIALISED,
    RESTORE_REASON_CHAIN,
    RESTORE_REASON_DIFFERS,
    RESTORE_REASON_FILE,
    RESTORE_REASON_NOT_KEPT,
    RESTORE_REASON_PAYLOAD,
    RESTORE_REASON_RECORD,
    RESTORE_REASON_RULE,
    RESTORE_REASON_SEATS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def commission(kit: "Kit") -> "Generator[None, None, None]":
    """Begin the record: every seat holds a clean, empty tube. Raises Fault(CUSTODY) when it was not kept."""
    yield from record(kit.custody.commission())


def record(step: "Generator[None, None, None]") -> "Generator[None, None, None]":
    """Have one step of `Custody` recorded. Raises Fault(CUSTODY) when it cannot be, or was not kept."""
    try:
        yield from step
    except NOT_RECORDED:
        raise Fault(REASON_CUSTODY)


RESTORE_FILE = "restore.ledger"
_MIRROR_TICKS = 60_000  # 3,000 records, 10 ticks each, twice


def restore(kit: "Kit") -> "Generator[None, None, None]":
    """Take the records of RESTORE_FILE (an export, or pieces of one in order) that go on from those here.

    All of the file is tried first, against everything that is asked of a record; so a file that is refused
    changes nothing. Raises Fault(CUSTODY, n) naming the record that cannot be taken.
    """
    ledger = kit.ledger
    size = kit.files.size(RESTORE_FILE)
    raw = bytearray(RECORD_BYTES)
    had = ledger.count
    if size < RECORD_BYTES and kit.mirror.count > ledger.count:
        yield from _from_mirror(kit)
        return
    if size < RECORD_BYTES or size % RECORD_BYTES:
        raise _refusal(kit, 0, RESTORE_REASON_FILE)
    if ledger.state != OPEN and not ledger.can_begin:
        raise _refusal(kit, 0, RESTORE_REASON_NOT_KEPT)
    here = yield from _try_out(kit, size, raw)
    for at in range(0, size, RECORD_BYTES):
        yield
        sequence = _read(kit, at, raw)
        if sequence <= ledger.count:
            continue
        try:
            yield from kit.custody.wait(ledger.queue_given(raw))
        except NOT_RECORDED:
            raise _refusal(kit, sequence, RESTORE_REASON_NOT_KEPT)
    kit.hold.flagged = kit.custody.debris_on_bit
    kit.events.emit(EV_LEDGER_RESTORED, ledger.count - had, here, ledger.count)


def _try_out(kit: "Kit", size: int, raw: bytearray) -> "Generator[None, None, int]":
    """Go through the file as if it were taken, on a copy of the inventory. How many of its records are here.
    Raises the refusal of the first one that cannot be."""
    ledger = kit.ledger
    trial = Inventory()
    ledger.inventory.put_head(raw, 0)
    trial.take_head(raw, 0)
    for tube in range(ledger.inventory.seats + 1):  # 0 is the bit itself
        ledger.inventory.put_tube(tube, raw, 0)
        trial.take_tube(tube, raw, 0)
        yield
    last = ledger.count
    chain = ledger.chain
    here = 0
    for at in range(0, size, RECORD_BYTES):
        yield
        sequence = _read(kit, at, raw)
        if not sequence:
            continue  # the header of an export
        if not ledger.is_record(raw):
            raise _refusal(kit, sequence, RESTORE_REASON_RECORD)
        if sequence <= ledger.count:
            if sequence >= ledger.oldest and not ledger.has(raw):
                raise _refusal(kit, sequence, _why_other(kit, Record(raw), RESTORE_REASON_DIFFERS))
            here += 1
            continue
        if sequence != last + 1:
            raise _refusal(kit, sequence, RESTORE_REASON_RECORD)
        record = Record(raw)
        if record.chain != link_of(chain, raw):
            raise _refusal(kit, sequence, RESTORE_REASON_CHAIN)
        reason = _why_other(kit, record, 0)
        if not reason and trial.check(record.kind, record.tube, record.a, record.b, record.c, record.d):
            reason = RESTORE_REASON_RULE
        if reason:
            raise _refusal(kit, sequence, reason)
        trial.apply(record.kind, record.tube, record.a, record.b, record.c, record.d)
        last = sequence
        chain = record.chain
    return here


def _why_other(kit: "Kit", record: Record, otherwise: int) -> int:
    """Whose ledger a first record begins, when it is not this payload's (enum RestoreReason)."""
    ledger = kit.ledger
    if record.kind == RECORD_KIND_INITIALISED:
        if ledger.payload and record.b != ledger.payload:
            return RESTORE_REASON_PAYLOAD
        if ledger.seats and record.a != ledger.seats:
            return RESTORE_REASON_SEATS
    return otherwise


def _read(kit: "Kit", at: int, raw: bytearray) -> int:
    """Fill `raw` from RESTORE_FILE; the record's number, 0 for an export's header. Raises the refusal."""
    try:
        count = kit.files.read_into(RESTORE_FILE, at, raw, RECORD_BYTES)
    except OSError:
        count = 0
    if count != RECORD_BYTES:
        raise _refusal(kit, 0, RESTORE_REASON_FILE)
    if at == 0 and raw[0] != MARK:
        return 0
    return max(1, raw[4] | raw[5] << 8 | raw[6] << 16 | raw[7] << 24)


def _from_mirror(kit: "Kit") -> "Generator[None, None, None]":
    """Take what the mirror in flash has and the ledger has not."""
    kit.mirror.wanted = True
    before = kit.ledger.count
    for _ in range(_MIRROR_TICKS):
        if not kit.mirror.wanted and not kit.ledger.busy:
            break
        yield
    if kit.ledger.count < kit.mirror.count:
        raise _refusal(kit, kit.ledger.count + 1, RESTORE_REASON_RECORD)
    kit.hold.flagged = kit.custody.debris_on_bit
    kit.events.emit(EV_LEDGER_RESTORED, kit.ledger.count - before, before, kit.ledger.count)


def _refusal(kit: "Kit", sequence: int, reason: int) -> Fault:
    kit.events.emit(EV_LEDGER_RESTORE_REFUSED, sequence, reason)
    return Fault(REASON_CUSTODY, sequence)
