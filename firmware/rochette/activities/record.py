"""Custody records made by command: commissioning, and what hands did. Nothing moves."""

from rochette.activities.custody import NOT_RECORDED
from rochette.services.activities import Fault
from rochette.services.ledger import MARK, OPEN, RECORD_BYTES
from rochette.tables import (
    EV_LEDGER_RESTORE_REFUSED,
    EV_LEDGER_RESTORED,
    REASON_CUSTODY,
    RESTORE_REASON_DIFFERS,
    RESTORE_REASON_FILE,
    RESTORE_REASON_NOT_KEPT,
    RESTORE_REASON_RECORD,
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

    A record that is here already must be the same; nothing that is here is changed. Raises Fault(CUSTODY, n)
    at the first record that cannot be taken; those before it are kept.
    """
    ledger = kit.ledger
    files = kit.files
    size = files.size(RESTORE_FILE)
    raw = bytearray(RECORD_BYTES)
    taken = 0
    had = 0
    if size < RECORD_BYTES and kit.mirror.count > ledger.count:
        yield from _from_mirror(kit)
        return
    if size < RECORD_BYTES:
        raise _refusal(kit, 0, RESTORE_REASON_FILE)
    for at in range(0, size - RECORD_BYTES + 1, RECORD_BYTES):
        yield
        try:
            files.read_into(RESTORE_FILE, at, raw, RECORD_BYTES)
        except OSError:
            raise _refusal(kit, 0, RESTORE_REASON_FILE)
        if at == 0 and raw[0] != MARK:
            continue  # the header of an export
        sequence = raw[4] | raw[5] << 8 | raw[6] << 16
        if sequence <= ledger.count and ledger.state == OPEN:
            if sequence >= ledger.oldest and not ledger.has(raw):
                raise _refusal(kit, sequence, RESTORE_REASON_DIFFERS)
            had += 1
            continue
        try:
            ticket = ledger.queue_given(raw)
        except NOT_RECORDED:
            raise _refusal(kit, sequence, RESTORE_REASON_RECORD)
        try:
            yield from kit.custody.wait(ticket)
        except NOT_RECORDED:
            raise _refusal(kit, sequence, RESTORE_REASON_NOT_KEPT)
        taken += 1
    kit.events.emit(EV_LEDGER_RESTORED, taken, had, ledger.count)


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
    kit.events.emit(EV_LEDGER_RESTORED, kit.ledger.count - before, before, kit.ledger.count)


def _refusal(kit: "Kit", sequence: int, reason: int) -> Fault:
    kit.events.emit(EV_LEDGER_RESTORE_REFUSED, sequence, reason)
    return Fault(REASON_CUSTODY, sequence)
