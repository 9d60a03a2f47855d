"""Custody at the edges of its numbers: first and last seats, large rings, records that a forger made fit."""

from __future__ import annotations

import struct
import zlib

import pytest

from rochette import tables as t
from rochette.services import ledger as ledgers
from rochette.services.events import FIELDS, Events
from rochette.services.inventory import IN_BIT, NOWHERE, SEALS_UNKNOWN, Inventory
from rochette.services.ledger import (
    BLANK,
    CHECKPOINT_BYTES,
    CHECKPOINT_EVERY,
    FORMAT,
    HEADER_BYTES,
    OPEN,
    RECORD_BYTES,
    UNREADABLE,
    Ledger,
    LedgerError,
    Record,
    link_of,
)
from rochette.services.stores import MemoryStore

PLACES = 200
FIRST = HEADER_BYTES + 2 * CHECKPOINT_BYTES
RING = FIRST + PLACES * RECORD_BYTES


def at(sequence: int) -> int:
    return FIRST + (sequence - 1) % PLACES * RECORD_BYTES


def made(before: bytes, sequence: int, kind: int, tube: int, *words: int, form: int = FORMAT) -> bytearray:
    """A record whose chain and CRC fit, whatever it says."""
    raw = bytearray(RECORD_BYTES)
    raw[0], raw[1], raw[2], raw[3] = ledgers.MARK, form, kind, tube
    struct.pack_into("<I", raw, 4, sequence)
    for n, word in enumerate(words):
        struct.pack_into("<i", raw, struct.calcsize("<BBBBIIIHH") + 4 * n, word)
    raw[52:60] = link_of(before, raw)
    raw[60:64] = zlib.crc32(raw[1:60]).to_bytes(4, "little")
    assert Record(raw).sequence == sequence and list(words) == [Record(raw).a, Record(raw).b][: len(words)]
    return raw


def told(events: Events, event_id: int) -> list[list[int]]:
    row = [0] * FIELDS
    return [row[2:] for n in range(1, events.count + 1) if events.read(n, row) and row[0] == event_id]


def begun(seats: int = 5, records: int = 0, events: Events | None = None, payload: int = 0) -> Ledger:
    ledger = Ledger(MemoryStore(RING), events=events, payload=payload)
    ledger.initialise(seats)
    for n in range(records):
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1 + n % 2)
    return ledger


# ---- what a forger or a fault made fit


@pytest.mark.parametrize("step", (-1, 1, 200))
def test_a_record_of_another_number_is_not_taken_though_chain_and_crc_fit(step: int) -> None:
    ledger = begun(records=2)
    raw = made(ledger.chain, 4 + step, t.RECORD_KIND_MARKED, 1, 0, 1)
    with pytest.raises(LedgerError, match="does not go on"):
        ledger.queue_given(raw)
    ledger._store.data[at(4) : at(4) + RECORD_BYTES] = raw
    assert Ledger(ledger._store).state == UNREADABLE


@pytest.mark.parametrize("before", (bytes(8), b"\xff" * 8))
def test_a_record_that_chains_to_another_is_not_taken(before: bytes) -> None:
    """Chain values on both sides of the right one: it has to be equal."""
    ledger = begun(records=2)
    raw = made(before, 4, t.RECORD_KIND_MARKED, 1, 0, 1)
    with pytest.raises(LedgerError, match="does not go on"):
        ledger.queue_given(raw)
    ledger._store.data[at(4) : at(4) + RECORD_BYTES] = raw
    assert Ledger(ledger._store).state == UNREADABLE


def test_chains_above_and_below_the_right_one_are_refused() -> None:
    ledger = begun(records=2)
    good = made(ledger.chain, 4, t.RECORD_KIND_MARKED, 1, 0, 1)
    for change in (-1, 1):
        raw = bytearray(good)
        raw[52] = (raw[52] + change) % 256 if 0 < raw[52] < 255 else raw[52] ^ 1
        raw[60:64] = zlib.crc32(raw[1:60]).to_bytes(4, "little")
        with pytest.raises(LedgerError, match="does not go on"):
            ledger.queue_given(raw)
        store = MemoryStore(RING)
        store.data[:] = ledger._store.data
        store.data[at(4) : at(4) + RECORD_BYTES] = raw
        assert Ledger(store).state == UNREADABLE
    ledger._store.data[at(4) : at(4) + RECORD_BYTES] = good
    assert Ledger(ledger._store).count == 4


@pytest.mark.parametrize("form", (0, FORMAT - 1, FORMAT + 1, 255))
def test_a_record_of_another_format_is_not_taken(form: int) -> None:
    ledger = begun(records=2)
    raw = made(ledger.chain, 4, t.RECORD_KIND_MARKED, 1, 0, 1, form=form)
    assert not ledger.is_record(raw)
    with pytest.raises(LedgerError, match="damaged"):
        ledger.queue_given(raw)
    ledger._store.data[at(4) : at(4) + RECORD_BYTES] = raw
    assert Ledger(ledger._store).state == UNREADABLE


@pytest.mark.parametrize("half", (60, 61, 62, 63))
def test_each_byte_of_a_crc_counts(half: int) -> None:
    ledger = begun(records=2)
    raw = made(ledger.chain, 4, t.RECORD_KIND_MARKED, 1, 0, 1)
    raw[half] ^= 0x40
    assert not ledger.is_record(raw)
    ledger._store.data[at(4) : at(4) + RECORD_BYTES] = raw
    assert Ledger(ledger._store).state == UNREADABLE


# ---- what is told


def test_events_name_seats_tube_rule_and_record() -> None:
    events = Events(64)
    ledger = begun(seats=7, events=events)
    assert told(events, t.EV_LEDGER_INITIALISED)[-1][0] == 7
    with pytest.raises(ledgers.CustodyError):
        ledger.append(t.RECORD_KIND_CORED, 6, 3)
    assert told(events, t.EV_LEDGER_CUSTODY_REFUSED)[-1][:3] == [
        t.RECORD_KIND_CORED,
        6,
        t.CUSTODY_RULE_NOT_CORED,
    ]
    ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    ledger._store.data[at(3)] = 0
    ledger._store.data[at(3) + 5] = 0x77  # cut off in the middle of record 3
    Ledger(ledger._store, events=events)
    assert told(events, t.EV_LEDGER_TORN_RECORD_DROPPED)[-1][0] == 3
    assert told(events, t.EV_LEDGER_OPENED)[-1][0] == 2


def test_a_foreign_ledger_is_told_with_both_names_and_its_seats() -> None:
    for own in (6, 8):  # above and below the one that wrote it
        events = Events(64)
        store = begun(payload=7)._store
        assert Ledger(store, events=events, payload=own).state == ledgers.FOREIGN
        assert told(events, t.EV_LEDGER_FOREIGN)[-1][:3] == [7, own, 5]
        assert Ledger(store, events=events, payload=7, seats=own).state == ledgers.FOREIGN


# ---- first and last


@pytest.mark.parametrize("seats", (1, 64))
def test_the_smallest_and_the_largest_carousel_are_begun(seats: int) -> None:
    ledger = begun(seats=seats)
    assert ledger.initialised and not ledger.can_begin
    again = Ledger(ledger._store)
    assert again.initialised and again.inventory.place_of(seats) == seats
    assert again.inventory.place_of(seats + 1) == again.inventory.place_of(0) == NOWHERE


def test_before_anything_there_is_nothing_of_anybody() -> None:
    inventory = Inventory()
    assert (inventory.seats, inventory.payload, inventory.last_sample, inventory.working_tube) == (0, 0, 0, 0)
    assert (inventory.bit_tube, inventory.bit_number, inventory.seals_taken, inventory.bit_seat()) == (0,) * 4
    assert [inventory.seals_in(n) for n in (0, 1, 7, 8)] == [0, SEALS_UNKNOWN, SEALS_UNKNOWN, 0]
    inventory.apply(t.RECORD_KIND_INITIALISED, 0, 3, 99)
    inventory.clear()
    assert not inventory.initialised and inventory.payload == 0
    assert [inventory.place_of(tube) for tube in range(5)] == [NOWHERE] * 5


def test_what_a_step_leaves_out_is_nothing() -> None:
    """The defaults of a record's numbers are zeros, in the memory as in the inventory."""
    ledger = begun()
    ledger.append(t.RECORD_KIND_LOADED, 2, b=3)
    ledger.append(t.RECORD_KIND_TAKE_INTENT, 4)
    raw = bytearray(RECORD_BYTES)
    assert ledger.read_raw(3, raw)
    record = Record(raw)
    assert (record.a, record.b, record.c, record.d) == (0, 0, 0, 0)
    assert ledger.read_raw(2, raw)
    record = Record(raw)
    assert (record.a, record.b, record.c, record.d) == (0, 3, 0, 0)
    ticket = ledger.queue(t.RECORD_KIND_TAKEN, 4)
    while not ledger.ended(ticket):
        ledger.tick()
    assert ledger.read_raw(4, raw)
    assert (Record(raw).a, Record(raw).b, Record(raw).c, Record(raw).d) == (0, 0, 0, 0)
    inventory = Inventory()
    inventory.apply(t.RECORD_KIND_INITIALISED, 0, 5)
    assert inventory.payload == 0
    inventory.apply(t.RECORD_KIND_LOADED, 2, b=3)
    assert not inventory.is_witness(2)
    inventory.apply(t.RECORD_KIND_MOVED, 2)
    assert inventory.place_of(2) == IN_BIT and inventory.sample_of(2) == 0


@pytest.mark.parametrize("why", ("damaged", "witness", "both"))
def test_neither_a_damaged_nor_a_witness_tube_is_taken(why: str) -> None:
    ledger = begun()
    if why != "witness":
        ledger.append(t.RECORD_KIND_MARKED, 3, 0, t.TUBE_MARK_DAMAGED)
    if why != "damaged":
        ledger.append(t.RECORD_KIND_LOADED, 3, 0, 17, 1)
    assert ledger.inventory.check(t.RECORD_KIND_TAKE_INTENT, 3, 1) == t.CUSTODY_RULE_DAMAGED
    assert not ledger.inventory.usable(3)
    assert ledger.inventory.usable(2) and ledger.inventory.usable(4)


def test_a_full_ring_asks_for_a_copy_and_a_checkpoint_of_the_very_record() -> None:
    ledger = begun(records=PLACES - 1)
    assert ledger.count == PLACES
    over = ledger.count + 1 - ledger.places
    for elsewhere, checkpoint, full in (
        (over, over, False),
        (over - 1, over, True),
        (over, over - 1, True),
        (over + 1, over + 1, False),
    ):
        ledger.elsewhere, ledger.checkpoint = elsewhere, checkpoint
        assert ledger.full == full, (elsewhere, checkpoint)


@pytest.mark.parametrize("half", (0, 1, 2, 3))
def test_a_checkpoint_whose_crc_fits_in_three_bytes_of_four_is_not_marked(half: int) -> None:
    """What reads back is held against the CRC that was made before: each byte of it."""
    ledger = begun(records=CHECKPOINT_EVERY - 2)
    ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    while ledger._saving < 36:  # written; the reading back comes next
        ledger.tick()
    ledger._raw[60 + half] ^= 1
    for _ in range(40):
        ledger.tick()
    assert ledger.checkpoint_fails == 1 or ledger.checkpoint == ledger.count
    assert Ledger(ledger._store).count == ledger.count


def test_a_ledger_with_a_mirror_reads_old_records_from_it_and_new_ones_from_its_own() -> None:
    class Mirror:
        """Keeps records 1 to 100."""

        count = 100

        def __init__(self, ledger: Ledger) -> None:
            self.raws = []
            for sequence in range(1, 101):
                raw = bytearray(RECORD_BYTES)
                assert ledger.read_raw(sequence, raw)
                self.raws.append(raw)

        def read_raw(self, sequence: int, buffer: bytearray) -> bool:
            if not 1 <= sequence <= self.count:
                return False
            buffer[:] = self.raws[sequence - 1]
            return True

    ledger = begun(records=PLACES - 1)
    ledger.archive = Mirror(ledger)
    ledger.elsewhere = 100
    for n in range(80):
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1 + n % 2)
    assert ledger.oldest == 81
    whole = bytearray(ledger.export_bytes())
    assert len(whole) == (ledger.count + 1) * RECORD_BYTES
    assert ledger.export_into(0, whole, len(whole)) == len(whole)
    numbers = [
        int.from_bytes(whole[n + 4 : n + 8], "little") for n in range(RECORD_BYTES, len(whole), RECORD_BYTES)
    ]
    assert numbers == list(range(1, ledger.count + 1))


# ---- the state of a blank memory


def test_a_memory_is_begun_only_when_it_is_blank() -> None:
    ledger = Ledger(MemoryStore(RING))
    assert ledger.state == BLANK and ledger.can_begin and not ledger.initialised
    ledger.initialise(5)
    assert ledger.state == OPEN
    ledger.distrust()
    assert not ledger.can_begin and not ledger.initialised
    with pytest.raises(LedgerError):
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
