"""Custody at the edges of its numbers: first and last seats, large rings, records that a forger made fit."""

from __future__ import annotations

import struct

import pytest

from rochette import tables as t
from rochette.services import ledger as ledgers
from rochette.services.events import Events
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
from tests.unit.record_bytes import sealed, told

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
    sealed(raw)
    assert Record(raw).sequence == sequence and list(words) == [Record(raw).a, Record(raw).b][: len(words)]
    return raw


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
        sealed(raw)
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
    odd = begun(records=2)
    odd._store.data[at(4) + 5] = 0x77
    Ledger(odd._store, events=events)
    assert told(events, t.EV_LEDGER_TORN_RECORD_DROPPED)[-1][0] == 4
    assert len(told(events, t.EV_LEDGER_INITIALISED)) == 1 and not told(events, t.EV_LEDGER_UNREADABLE)


def test_only_what_cannot_be_read_is_told_as_unreadable() -> None:
    events = Events(64)
    store = MemoryStore(RING)
    assert Ledger(store, events=events).state == BLANK
    assert not told(events, t.EV_LEDGER_UNREADABLE)
    store.data[at(1)] = ledgers.MARK
    assert Ledger(store, events=events).state == UNREADABLE
    assert len(told(events, t.EV_LEDGER_UNREADABLE)) == 1


@pytest.mark.parametrize(("fill", "torn"), [(0, 0), (255, 0), (0x55, 1), (1, 1), (254, 1)])
def test_what_a_cut_off_write_left_is_told_though_all_its_bytes_are_alike(fill: int, torn: int) -> None:
    events = Events(64)
    ledger = begun(records=2)
    ledger._store.data[at(4) : at(5)] = bytes([fill]) * RECORD_BYTES
    assert Ledger(ledger._store, events=events).state == OPEN
    assert len(told(events, t.EV_LEDGER_TORN_RECORD_DROPPED)) == torn


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
    assert ledger.checkpoint_fails == 1 and not ledger.checkpoint
    for _ in range(100):
        ledger.tick()
    assert ledger.checkpoint_fails == 1 and ledger.checkpoint == ledger.count, "the next try holds"
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


# ---- what stands in the memory


def test_a_header_has_no_chain_and_a_reopened_ledger_is_the_same() -> None:
    ledger = begun(records=3)
    assert not any(ledger._store.data[52:60])
    chain, count = ledger.chain, ledger.count
    assert ledger.open() == OPEN and (ledger.chain, ledger.count) == (chain, count)
    assert ledger.open() == OPEN and ledger.verify()


def test_every_number_of_a_record_comes_from_its_own_place_in_the_queue() -> None:
    ledger = begun()
    raw = bytearray(RECORD_BYTES)
    for n in range(3 * ledgers.QUEUE):
        sequence = ledger.append(t.RECORD_KIND_MARKED, 1 + n % 5, n, 1 + n % 2, 1000 + n, 2000 + n)
        assert ledger.read_raw(sequence, raw)
        record = Record(raw)
        assert (record.kind, record.tube) == (t.RECORD_KIND_MARKED, 1 + n % 5)
        assert (record.a, record.b, record.c, record.d) == (n, 1 + n % 2, 1000 + n, 2000 + n)


def test_a_checkpoint_holds_large_numbers_and_zeros_where_there_is_no_tube() -> None:
    ledger = begun(seats=64)
    ledger.count = 0x01_2345
    ledger.elsewhere = 0x06_789A
    ledger._back[:] = b"\xff" * len(ledger._back)
    ledger._build_checkpoint()
    assert struct.unpack_from("<I", ledger._raw, 4)[0] == 0x01_2345
    assert int.from_bytes(ledger._raw[48:51], "little") == 0x06_789A
    ledger = begun(records=CHECKPOINT_EVERY - 2)
    ledger._back[:] = b"\xff" * len(ledger._back)
    ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    while not ledger.checkpoint:
        ledger.tick()
    tubes = 64 + 65 * 16  # the head, then tubes 0 to 64
    assert not any(ledger._store.data[HEADER_BYTES + tubes : HEADER_BYTES + CHECKPOINT_BYTES])


def test_a_checkpoint_whose_record_has_lost_its_mark_does_not_count() -> None:
    ledger = begun(records=CHECKPOINT_EVERY - 1)
    while not ledger.checkpoint:
        ledger.tick()
    ledger._store.data[at(ledger.checkpoint)] = 0
    assert Ledger(ledger._store).checkpoint == 0


def checkpointed(records: int = CHECKPOINT_EVERY + 3) -> Ledger:
    ledger = begun(records=records)
    while not ledger.checkpoint:
        ledger.tick()
    return ledger


@pytest.mark.parametrize("change", (1, -1))
@pytest.mark.parametrize("sequence", (1, 2, 9, 23, 40))
def test_a_verification_sees_chains_above_and_below_the_right_one(sequence: int, change: int) -> None:
    ledger = checkpointed()
    data = ledger._store.data
    raw = bytearray(data[at(sequence) : at(sequence + 1)])
    raw[52] = raw[52] + change if 0 < raw[52] < 255 else raw[52] ^ 1
    sealed(raw)
    data[at(sequence) : at(sequence + 1)] = raw
    assert Ledger(ledger._store).state == OPEN, "a start leaves it to the checkpoint"
    assert not ledger.verify()


@pytest.mark.parametrize("place", (60, 61, 62, 63))
def test_a_verification_sees_a_sum_that_does_not_fit(place: int) -> None:
    ledger = checkpointed()
    ledger._store.data[at(9) + place] ^= 1
    assert Ledger(ledger._store).state == OPEN and not ledger.verify()


def test_a_verification_sees_a_record_where_none_belongs() -> None:
    """Number and chain of the last record are as they were; the memory is not."""
    ledger = begun(records=9)
    ledger._store.data[at(60) : at(61)] = ledger._store.data[at(4) : at(5)]
    assert not ledger.verify()


def test_what_a_checkpoint_covers_has_to_stand_where_it_belongs() -> None:
    ledger = checkpointed(PLACES - 1)
    ledger.elsewhere = 1000
    old = bytes(ledger._store.data[at(30) : at(31)])
    for n in range(80):
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1 + n % 2)
        for _ in range(100):
            ledger.tick()
    store = ledger._store
    assert ledger.checkpoint > PLACES + 30 and Ledger(store).state == OPEN
    kept = bytes(store.data)
    store.data[at(PLACES + 30) : at(PLACES + 31)] = old  # of the lap before, where its successor belongs
    assert Ledger(store).state == UNREADABLE
    store.data[:] = kept
    store.data[at(PLACES + 30)] = 0
    assert Ledger(store).state == UNREADABLE


def test_the_last_place_of_an_odd_number_of_places_is_looked_at_too() -> None:
    store = MemoryStore(RING + RECORD_BYTES)
    ledger = Ledger(store)
    assert ledger.places == PLACES + 1 and ledger.state == BLANK
    store.data[FIRST + PLACES * RECORD_BYTES] = ledgers.MARK
    assert Ledger(store).state == UNREADABLE


def test_the_last_tube_of_the_largest_carousel_is_in_a_checkpoint() -> None:
    ledger = begun(seats=64)
    ledger.append(t.RECORD_KIND_LOADED, 64, 0, 4711, 1)
    for n in range(CHECKPOINT_EVERY):
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1 + n % 2)
    while not ledger.checkpoint:
        ledger.tick()
    again = Ledger(ledger._store)
    assert again.checkpoint and (again.inventory.serial_of(64), again.inventory.is_witness(64)) == (
        4711,
        True,
    )


def test_after_a_start_the_next_checkpoint_goes_over_the_older_one() -> None:
    ledger = begun()
    for n in range(2 * CHECKPOINT_EVERY - 1):
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1 + n % 2)
        for _ in range(100):
            ledger.tick()
    again = Ledger(ledger._store)
    assert again.checkpoint == 2 * CHECKPOINT_EVERY
    for n in range(CHECKPOINT_EVERY):
        again.append(t.RECORD_KIND_MARKED, 1, 0, 1 + n % 2)
        for _ in range(100):
            again.tick()
    slots = (HEADER_BYTES, HEADER_BYTES + CHECKPOINT_BYTES)
    numbers = [int.from_bytes(again._store.data[slot + 4 : slot + 8], "little") for slot in slots]
    assert numbers == [3 * CHECKPOINT_EVERY, 2 * CHECKPOINT_EVERY]


# ---- what is not written


def test_a_record_after_a_start_leaves_the_header_alone() -> None:
    ledger = begun(records=2)
    before = bytes(ledger._store.data)
    again = Ledger(ledger._store)
    wrote: list[int] = []
    write = again._store.write
    again._store.write = lambda offset, buffer: (wrote.append(offset), write(offset, buffer))
    again.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    assert wrote and min(wrote) == at(4) and again._store.data[: at(4)] == before[: at(4)]


def test_a_ledger_that_is_not_trusted_writes_no_checkpoint() -> None:
    ledger = begun(records=CHECKPOINT_EVERY + 5)
    assert not ledger.checkpoint
    ledger.distrust()
    before = bytes(ledger._store.data)
    for _ in range(300):
        ledger.tick()
    assert ledger._store.data == before


def test_a_given_first_record_does_not_open_what_cannot_be_read() -> None:
    first = bytearray(RECORD_BYTES)
    assert begun().read_raw(1, first)
    ledger = Ledger(MemoryStore(RING))
    ledger.distrust()
    with pytest.raises(LedgerError):
        ledger.queue_given(first)
    assert ledger.state == UNREADABLE and not any(ledger._store.data)


def test_a_write_that_fails_names_the_record() -> None:
    events = Events(64)
    ledger = begun(records=4, events=events)

    def fails(_offset: int, _buffer: bytes) -> None:
        raise OSError(5)

    ledger._store.write = fails
    with pytest.raises(LedgerError, match="does not answer"):
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    assert told(events, t.EV_LEDGER_WRITE_FAILED) == [[6, 0, 0, 0]]


def test_what_a_checkpoint_keeps_of_the_inventory_is_laid_out_so() -> None:
    """Numbers that differ from each other, in a buffer that had something else in it."""
    inventory = Inventory()
    inventory.apply(t.RECORD_KIND_INITIALISED, 0, 9, 77)
    inventory.apply(t.RECORD_KIND_MOVED, 2, 0, 8)
    inventory.apply(t.RECORD_KIND_BIT, 6)
    inventory.apply(t.RECORD_KIND_TAKEN, 2, 5)
    inventory.apply(t.RECORD_KIND_DROPPED, 3, 0)
    assert (inventory.bit_tube, inventory.bit_seat()) == (2, 8)
    raw = bytearray(b"\xee" * RECORD_BYTES)
    inventory.put_head(raw, 16)
    assert raw[16:20] == bytes([9, 2, 8, 2]) and not any(raw[16 + 32 : 16 + 44])
    assert raw[:16] == b"\xee" * 16 and raw[60:] == b"\xee" * 4
    back = Inventory()
    back.take_head(raw, 16)
    assert (back.bit_tube, back.bit_seat(), back.working_tube, back.payload) == (2, 8, 2, 77)
    assert (back.bit_number, back.last_sample) == (6, 5)
    inventory.put_tube(3, raw, 0)
    assert struct.unpack_from("<i", raw, 0)[0] == NOWHERE == -1


# ---- marks


def test_a_seat_that_is_marked_as_reused_twice_is_no_witness() -> None:
    ledger = begun()
    for _ in range(3):
        ledger.append(t.RECORD_KIND_MARKED, 3, 0, t.TUBE_MARK_REUSED)
        assert ledger.inventory.usable(3) and not ledger.inventory.is_witness(3)


def test_a_reused_tube_that_was_not_taken_after_all_is_in_nobodys_hand() -> None:
    ledger = begun()
    ledger.append(t.RECORD_KIND_MARKED, 3, 0, t.TUBE_MARK_REUSED)
    ledger.append(t.RECORD_KIND_TAKE_INTENT, 3, 1)
    assert ledger.inventory.in_hand() == 3 and not ledger.inventory.usable(3)
    ledger.append(t.RECORD_KIND_MOVED, 3, 0, 4 - 1)
    assert ledger.inventory.in_hand() == 0 and ledger.inventory.usable(3)


def test_the_largest_serial_number_is_taken_and_none_above() -> None:
    ledger = begun()
    check = ledger.inventory.check
    assert check(t.RECORD_KIND_LOADED, 3, 0, 0x3FFF_FFFF) == t.CUSTODY_RULE_NONE
    assert check(t.RECORD_KIND_LOADED, 3, 0, 0x4000_0000) == t.CUSTODY_RULE_NO_SUCH_TUBE
    assert check(t.RECORD_KIND_LOADED, 3, 0, 0) == t.CUSTODY_RULE_NO_SUCH_TUBE


def test_a_damaged_tube_that_was_used_is_still_an_open_one() -> None:
    ledger = begun()
    ledger.append(t.RECORD_KIND_TAKE_INTENT, 3, 1)
    ledger.append(t.RECORD_KIND_TAKEN, 3, 1)
    ledger.append(t.RECORD_KIND_MARKED, 3, 0, t.TUBE_MARK_DAMAGED)
    assert ledger.inventory.is_open(3) and ledger.inventory.step_of(3) == t.STEP_HANGING


@pytest.mark.parametrize("mark", (0, ledgers.MARK - 1, ledgers.MARK + 1, 255))
def test_a_record_without_its_mark_is_not_taken(mark: int) -> None:
    ledger = begun(records=2)
    raw = made(ledger.chain, 4, t.RECORD_KIND_MARKED, 1, 0, 1)
    raw[0] = mark
    assert not ledger.is_record(raw)
    with pytest.raises(LedgerError, match="damaged"):
        ledger.queue_given(raw)


# ---- the bit and the verdict


def test_only_one_tube_is_in_the_bit_and_its_seat_is_kept() -> None:
    inventory = Inventory()
    inventory.apply(t.RECORD_KIND_INITIALISED, 0, 5)
    inventory.apply(t.RECORD_KIND_TAKEN, 3, 1)
    assert [inventory.check(t.RECORD_KIND_MOVED, tube, 1, IN_BIT) for tube in (2, 3, 4)] == [
        t.CUSTODY_RULE_BIT_OCCUPIED,
        t.CUSTODY_RULE_NONE,
        t.CUSTODY_RULE_BIT_OCCUPIED,
    ]
    inventory.apply(t.RECORD_KIND_MOVED, 3, 1, IN_BIT)  # found where it was
    assert (inventory.bit_tube, inventory.bit_seat()) == (3, 3)


def test_a_verdict_that_says_nothing_is_inconclusive() -> None:
    inventory = Inventory()
    inventory.apply(t.RECORD_KIND_INITIALISED, 0, 5)
    inventory.apply(t.RECORD_KIND_TAKEN, 3, 1)
    inventory.apply(t.RECORD_KIND_CORED, 3, 1)
    for said, kept in (
        (t.VERDICT_NONE, t.VERDICT_INCONCLUSIVE),
        (t.VERDICT_ABSENT, t.VERDICT_ABSENT),
        (t.VERDICT_INCONCLUSIVE, t.VERDICT_INCONCLUSIVE),
        (t.VERDICT_PRESENT, t.VERDICT_PRESENT),
    ):
        inventory.apply(t.RECORD_KIND_VERDICT, 3, 1, said)
        assert inventory.verdict_of(3) == kept


def test_a_dispenser_holds_at_most_254_seals() -> None:
    check = begun().inventory.check
    assert check(t.RECORD_KIND_SEALS, 1, 0, 254) == t.CUSTODY_RULE_NONE
    for impossible in (-1, 255, 256):
        assert check(t.RECORD_KIND_SEALS, 1, 0, impossible) == t.CUSTODY_RULE_NO_SEALS
