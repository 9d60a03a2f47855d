"""The ledger where memories misbehave: each way in which it refuses, gives up or tries again."""

from __future__ import annotations

import binascii
from collections.abc import Callable

import pytest

from rochette import tables as t
from rochette.services import ledger as ledgers
from rochette.services.events import Events
from rochette.services.ledger import (
    BLANK,
    CHECKPOINT_BYTES,
    CHECKPOINT_EVERY,
    CHECKPOINT_MARK,
    FORMAT,
    HEADER_BYTES,
    MARK,
    OPEN,
    QUEUE,
    RECORD_BYTES,
    UNREADABLE,
    CustodyError,
    Ledger,
    LedgerError,
)
from rochette.services.stores import MemoryStore
from tests.unit.record_bytes import sealed, told

PLACES = 200
FIRST = HEADER_BYTES + 2 * CHECKPOINT_BYTES
RING = FIRST + PLACES * RECORD_BYTES


class Spoiling(MemoryStore):
    """A memory that spoils what is written or read, as told: spoil(offset, length) says whether."""

    def __init__(self, size: int = RING) -> None:
        super().__init__(size)
        self.writing: Callable[[int, int], bool] = lambda _offset, _length: False
        self.reading: Callable[[int, int], bool] = lambda _offset, _length: False
        self.writes: list[tuple[int, int]] = []

    def write(self, offset: int, buffer: bytes) -> None:
        self.writes.append((offset, len(buffer)))
        super().write(offset, buffer)
        if self.writing(offset, len(buffer)):
            self.data[offset + len(buffer) - 1] ^= 0x10

    def read_into(self, offset: int, buffer: bytearray) -> None:
        super().read_into(offset, buffer)
        if self.reading(offset, len(buffer)):
            buffer[-1] ^= 0x10


def begun(store: MemoryStore | None = None, records: int = 0) -> Ledger:
    ledger = Ledger(store or Spoiling())
    ledger.initialise(5)
    remark(ledger, records)
    return ledger


def remark(ledger: Ledger, records: int, ticks: int = 100) -> None:
    for n in range(records):
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1 + n % 2)
        for _ in range(ticks):
            ledger.tick()


def at(sequence: int) -> int:
    return FIRST + (sequence - 1) % PLACES * RECORD_BYTES


def raw_of(ledger: Ledger, sequence: int) -> bytearray:
    raw = bytearray(RECORD_BYTES)
    assert ledger.read_raw(sequence, raw)
    return raw


# ---- opening


def test_records_without_a_header_are_not_taken_for_a_blank_memory() -> None:
    for sequence in (1, PLACES):
        store = MemoryStore(RING)
        store.data[at(sequence)] = MARK
        before = bytes(store.data)
        ledger = Ledger(store)
        assert ledger.state == UNREADABLE and not ledger.can_begin
        with pytest.raises(LedgerError, match="kept as it is"):
            ledger.initialise(5)
        assert bytes(store.data) == before
    assert Ledger(MemoryStore(RING)).state == BLANK


@pytest.mark.parametrize(
    ("offset", "value", "state"),
    [(0, 0, BLANK), (0, 255, BLANK), (0, 1, UNREADABLE), (0, 254, UNREADABLE), (7, 0x33, UNREADABLE)],
)
def test_a_header_that_was_begun_is_no_blank_memory(offset: int, value: int, state: int) -> None:
    store = MemoryStore(RING)
    Ledger(store).initialise(5)
    store.data[FIRST:] = bytes(len(store.data) - FIRST)
    store.data[offset] = value
    assert Ledger(store).state == state


def test_a_memory_of_another_layout_is_left_as_it_is() -> None:
    store = MemoryStore(RING)
    Ledger(store).initialise(5)
    header = bytearray(store.data[:HEADER_BYTES])
    header[8:12] = (PLACES + 1).to_bytes(4, "little")
    store.data[:HEADER_BYTES] = sealed(header)
    assert Ledger(store).state == UNREADABLE


def test_small_memories_have_no_checkpoints() -> None:
    fits = 2 * CHECKPOINT_EVERY + 2 * CHECKPOINT_BYTES // RECORD_BYTES
    assert Ledger(MemoryStore(HEADER_BYTES + fits * RECORD_BYTES)).places == fits
    larger = Ledger(MemoryStore(HEADER_BYTES + (fits + 1) * RECORD_BYTES))
    assert larger.places == fits + 1 - 2 * CHECKPOINT_BYTES // RECORD_BYTES
    # A place that is cut off at the end is none.
    assert Ledger(MemoryStore(HEADER_BYTES + 5 * RECORD_BYTES + 63)).places == 5


def forged(change: Callable[[Ledger], None]) -> Ledger:
    """A memory whose writer lied, with CRC and chain as they should be."""
    lying = Ledger(MemoryStore(RING))
    lying.initialise(5)
    change(lying)
    return Ledger(lying._store)


def test_what_breaks_a_rule_is_unreadable_though_its_chain_is_whole() -> None:
    def twice(lying: Ledger) -> None:
        lying.inventory.check = lambda *_: t.CUSTODY_RULE_NONE
        lying.append(t.RECORD_KIND_TAKEN, 1, 1)
        lying.append(t.RECORD_KIND_TAKEN, 2, 2)

    assert forged(twice).state == UNREADABLE
    assert forged(lambda lying: remark(lying, 3)).state == OPEN


@pytest.mark.parametrize("spoil", ("format", "sequence", "later", "gap", "behind"))
def test_a_record_that_does_not_belong_where_it_stands_is_not_passed_over(spoil: str) -> None:
    ledger = begun(records=9)
    data = ledger._store.data
    if spoil == "format":
        raw = bytearray(data[at(5) : at(6)])
        raw[1] = FORMAT + 1
        data[at(5) : at(6)] = sealed(raw)
    elif spoil == "sequence":
        data[at(5) : at(6)] = data[at(4) : at(5)]
    elif spoil == "later":
        data[at(60) : at(61)] = data[at(4) : at(5)]
    elif spoil == "gap":
        data[at(5)] = 0
    else:
        data[at(11) : at(12)] = data[at(10) : at(11)]
    assert Ledger(ledger._store).state == UNREADABLE


def test_a_place_that_reads_otherwise_a_second_time_is_not_trusted() -> None:
    """The next place holds the record of the lap before; a bus that garbles its second reading is seen."""
    store = Spoiling()
    ledger = begun(store, records=PLACES - 1)
    ledger.elsewhere = PLACES
    remark(ledger, 20)
    assert Ledger(store).state == OPEN
    store.reading = lambda offset, length: (offset, length) == (at(ledger.count + 1), 8)
    assert Ledger(store).state == UNREADABLE
    store.reading = lambda offset, length: (offset, length) == (at(3), 8)
    assert Ledger(store).state == UNREADABLE
    store.reading = lambda offset, length: (offset, length) == (at(ledger.count + 9), 8)
    assert Ledger(store).state == UNREADABLE


# ---- checkpoints


@pytest.mark.parametrize("part", ("head", "tubes", "mark"))
def test_a_checkpoint_that_does_not_hold_is_tried_three_times_and_the_ledger_goes_on(part: str) -> None:
    store = Spoiling()
    ledger = begun(store)
    base = HEADER_BYTES
    store.writing = {
        "head": lambda offset, length: offset == base and length == 32,
        "tubes": lambda offset, length: base + 64 <= offset < FIRST,
        "mark": lambda offset, length: base <= offset < FIRST and length == 1,
    }[part]
    remark(ledger, CHECKPOINT_EVERY - 2, ticks=0)
    remark(ledger, 1, ticks=400)
    assert (ledger.count, ledger.checkpoint, ledger.checkpoint_fails) == (CHECKPOINT_EVERY, 0, 3)
    assert [length for offset, length in store.writes if base <= offset < FIRST].count(32) == 3 * 35
    remark(ledger, 2 * CHECKPOINT_EVERY, ticks=1)
    assert ledger.checkpoint == 0 and ledger.verify()
    assert Ledger(store).count == ledger.count == 3 * CHECKPOINT_EVERY


def test_checkpoints_alternate_and_the_newest_good_one_counts() -> None:
    store = MemoryStore(RING)
    ledger = begun(store, records=2 * CHECKPOINT_EVERY - 1)
    assert ledger.checkpoint == ledger.count == 2 * CHECKPOINT_EVERY
    slots = [HEADER_BYTES, HEADER_BYTES + CHECKPOINT_BYTES]
    assert [store.data[slot] for slot in slots] == [CHECKPOINT_MARK] * 2
    numbers = [int.from_bytes(store.data[slot + 4 : slot + 8], "little") for slot in slots]
    assert numbers == [CHECKPOINT_EVERY, 2 * CHECKPOINT_EVERY]
    assert Ledger(store).checkpoint == 2 * CHECKPOINT_EVERY
    store.data[slots[1]] = 0
    older = Ledger(store)
    assert (older.checkpoint, older.count) == (CHECKPOINT_EVERY, 2 * CHECKPOINT_EVERY)
    # The next one goes where the bad one stands, so the good one stays.
    remark(older, CHECKPOINT_EVERY)
    numbers = [int.from_bytes(store.data[slot + 4 : slot + 8], "little") for slot in slots]
    assert numbers == [CHECKPOINT_EVERY, older.checkpoint]
    store.data[slots[0] + 1] = FORMAT + 1
    assert Ledger(store).checkpoint == older.checkpoint
    store.data[slots[1] + 700] ^= 4
    without = Ledger(store)
    assert (without.state, without.checkpoint, without.count) == (OPEN, 0, older.count)


@pytest.mark.parametrize("place", (0, 1, 4, 8, 15, 16, 48, 59, 60, 63, 64, 1000, 1119))
def test_no_byte_of_a_checkpoint_can_change_and_it_still_counts(place: int) -> None:
    store = MemoryStore(RING)
    ledger = begun(store, records=CHECKPOINT_EVERY - 1)
    store.data[HEADER_BYTES + place] ^= 1
    again = Ledger(store)
    assert (again.state, again.checkpoint, again.count) == (OPEN, 0, ledger.count)


def test_a_checkpoint_whose_record_is_another_does_not_count() -> None:
    store = MemoryStore(RING)
    ledger = begun(store, records=CHECKPOINT_EVERY - 1)
    other = begun(MemoryStore(RING))
    remark(other, 3)
    other.append(t.RECORD_KIND_MARKED, 2, 0, t.TUBE_MARK_DAMAGED)
    remark(other, CHECKPOINT_EVERY - 5, ticks=0)
    assert other.count == ledger.count
    other._store.data[HEADER_BYTES:FIRST] = store.data[HEADER_BYTES:FIRST]
    again = Ledger(other._store)
    assert (again.state, again.checkpoint, again.count) == (OPEN, 0, other.count)
    assert not again.inventory.usable(2)


def test_one_is_due_between_records_only_when_late() -> None:
    ledger = begun(records=CHECKPOINT_EVERY - 2)
    assert ledger.checkpoint == 0
    while ledger.count < 2 * CHECKPOINT_EVERY - 1:
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    assert ledger.checkpoint == 0, "records that wait come first"
    ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    assert ledger.checkpoint == 2 * CHECKPOINT_EVERY, "not for ever"


def test_what_stands_elsewhere_is_kept_by_a_checkpoint() -> None:
    ledger = begun()
    ledger.elsewhere = 0x012345
    remark(ledger, CHECKPOINT_EVERY - 1)
    assert Ledger(ledger._store).elsewhere == 0x012345


# ---- writing


@pytest.mark.parametrize(("times", "kept"), [(1, True), (2, True), (3, False)])
def test_a_mark_that_reads_back_wrong_is_set_again_with_the_record(times: int, kept: bool) -> None:
    store = Spoiling()
    ledger = begun(store)
    left = [times]

    def spoil(offset: int, length: int) -> bool:
        hit = length == 1 and offset == at(2) and left[0] > 0
        left[0] -= hit
        return hit

    store.writing = spoil
    if kept:
        assert ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1) == 2
        assert ledger.verify() and ledger.append(t.RECORD_KIND_MARKED, 1, 0, 2) == 3
    else:
        with pytest.raises(LedgerError, match="record 2 is not kept: it read back different"):
            ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
        assert ledger.state == ledgers.FAILED and ledger.count == 1
        assert ledger.export_bytes() == 2 * RECORD_BYTES, "what was kept can still be read out"


def test_tries_are_counted_anew_for_each_record() -> None:
    store = Spoiling()
    ledger = begun(store)
    for sequence in range(2, 8):
        left = [2]

        def spoil(offset: int, length: int, sequence: int = sequence, left: list[int] = left) -> bool:
            hit = offset == at(sequence) and length == 32 and left[0] > 0
            left[0] -= hit
            return hit

        store.writing = spoil
        assert ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1) == sequence
    assert ledger.verify()


def test_a_header_that_reads_back_wrong_is_written_again() -> None:
    store = Spoiling()
    left = [2]

    def spoil(offset: int, length: int) -> bool:
        hit = offset == 0 and left[0] > 0
        left[0] -= hit
        return hit

    store.writing = spoil
    Ledger(store).initialise(5)
    assert Ledger(store).initialised


def test_tickets_are_judged_one_by_one() -> None:
    ledger = begun()
    asked = [ledger.queue(t.RECORD_KIND_MARKED, 1, 0, 1) for _ in range(QUEUE)]
    assert not any(ledger.ended(ticket) for ticket in asked) and ledger.busy
    assert [ledger.outcome(ticket) for ticket in asked] == [ledgers.PENDING] * QUEUE
    while not ledger.ended(asked[0]):
        ledger.tick()
    assert ledger.outcome(asked[0]) == ledgers.KEPT and ledger.judge(asked[0]) == 2
    assert not ledger.ended(asked[1])
    assert ledger.queue(t.RECORD_KIND_MARKED, 9, 0, 1) == asked[-1] + 1
    while ledger.busy:
        ledger.tick()
    with pytest.raises(CustodyError) as caught:
        ledger.judge(asked[-1] + 1)
    assert (caught.value.kind, caught.value.tube) == (t.RECORD_KIND_MARKED, 9)
    assert caught.value.rule == t.CUSTODY_RULE_NO_SUCH_TUBE
    assert ledger.count == QUEUE + 1 == ledger.records_kept()


def test_what_is_taken_in_at_once_is_what_was_asked_for_in_every_place_of_the_queue() -> None:
    ledger = begun()
    for n in range(3 * QUEUE):
        tube = 1 + n % 5
        ledger.append(t.RECORD_KIND_LOADED, tube, 0, 100 + n, n % 2)
        inventory = ledger.inventory
        assert (inventory.serial_of(tube), inventory.is_witness(tube)) == (100 + n, bool(n % 2))
        ledger.append(t.RECORD_KIND_SEALS, 1 + n % 7, 0, n)
        assert inventory.seals_in(1 + n % 7) == n
    again = Ledger(ledger._store).inventory
    assert [again.serial_of(n) for n in range(1, 6)] == [ledger.inventory.serial_of(n) for n in range(1, 6)]


@pytest.mark.parametrize("seats", (0, 65, -1))
def test_an_impossible_number_of_seats_begins_nothing(seats: int) -> None:
    ledger = Ledger(MemoryStore(RING))
    with pytest.raises(CustodyError) as caught:
        ledger.initialise(seats)
    assert (caught.value.rule, caught.value.kind) == (
        t.CUSTODY_RULE_NO_SUCH_SEAT,
        t.RECORD_KIND_INITIALISED,
    )
    assert ledger.state == BLANK and not any(ledger._store.data)
    for good in (1, 64):
        ledger = Ledger(MemoryStore(RING))
        ledger.initialise(good)
        assert ledger.inventory.seats == good


# ---- records that were kept elsewhere


def test_a_given_record_waits_for_its_turn_and_may_come_after_the_header() -> None:
    given = raw_of(begun(), 1)
    store = MemoryStore(RING)
    Ledger(store).initialise(5)
    store.data[FIRST : FIRST + RECORD_BYTES] = bytes(RECORD_BYTES)  # the power went after the header
    ledger = Ledger(store)
    assert ledger.state == OPEN and ledger.can_begin and ledger.count == 0
    ticket = ledger.queue_given(given)
    with pytest.raises(LedgerError, match="waits to be written"):
        ledger.queue_given(given)
    while not ledger.ended(ticket):
        ledger.tick()
    assert ledger.judge(ticket) == 1 and ledger.initialised and not ledger.can_begin
    assert raw_of(ledger, 1) == given and ledger.has(given)


def test_a_given_record_that_breaks_a_rule_is_refused_and_the_next_one_is_not_it() -> None:
    lying = begun()
    lying.inventory.check = lambda *_: t.CUSTODY_RULE_NONE
    lying.append(t.RECORD_KIND_CORED, 3, 1)
    ledger = begun()
    ticket = ledger.queue_given(raw_of(lying, 2))
    while not ledger.ended(ticket):
        ledger.tick()
    with pytest.raises(CustodyError):
        ledger.judge(ticket)
    assert ledger.append(t.RECORD_KIND_MARKED, 1, 0, 2) == 2
    assert raw_of(ledger, 2)[2] == t.RECORD_KIND_MARKED


@pytest.mark.parametrize(
    ("payload", "seats", "taken"), [(7, 5, True), (0, 0, True), (8, 5, False), (7, 4, False)]
)
def test_the_first_record_names_whose_it_is(payload: int, seats: int, taken: bool) -> None:
    origin = Ledger(MemoryStore(RING), payload=7)
    origin.initialise(5)
    ledger = Ledger(MemoryStore(RING), payload=payload, seats=seats)
    if taken:
        ledger.queue_given(raw_of(origin, 1))
        while ledger.busy:
            ledger.tick()
        assert ledger.initialised
        return
    with pytest.raises(LedgerError, match="another payload"):
        ledger.queue_given(raw_of(origin, 1))
    assert ledger.state == BLANK and not any(ledger._store.data)


def test_a_payload_that_has_no_name_fits_any() -> None:
    store = MemoryStore(RING)
    Ledger(store).initialise(5)
    assert Ledger(store, payload=9, seats=5).state == OPEN
    assert Ledger(store, payload=9, seats=6).state == ledgers.FOREIGN


def test_what_is_a_record_and_what_is_mirrored() -> None:
    ledger = begun(records=3)
    raw = raw_of(ledger, 3)
    assert ledger.is_record(raw) and ledger.has(raw)
    for place in (0, 1, 30, 62):
        other = bytearray(raw)
        other[place] ^= 2
        assert not ledger.is_record(other) and not ledger.has(other)
    other = bytearray(raw)
    other[1] = FORMAT + 1
    assert not ledger.is_record(sealed(other))
    chain = int.from_bytes(raw[52:56], "big") >> 2
    for sequence, claimed in ((3, chain ^ 1), (0, chain), (5, chain), (4, chain), (3, chain ^ 1 << 29)):
        assert not ledger.mirrored(sequence, claimed) and ledger.elsewhere == 0
    assert ledger.mirrored(3, chain) and ledger.elsewhere == 3
    first = raw_of(ledger, 1)
    assert ledger.mirrored(1, int.from_bytes(first[52:56], "big") >> 2) and ledger.elsewhere == 3


# ---- reading out


def test_an_export_has_what_can_be_trusted() -> None:
    assert Ledger(MemoryStore(RING)).export_bytes() == 0
    ledger = begun(records=3)
    whole = bytearray(ledger.export_bytes())
    assert ledger.export_into(0, whole, len(whole)) == len(whole) == 5 * RECORD_BYTES
    assert whole[:HEADER_BYTES] == ledger._store.data[:HEADER_BYTES]
    for offset, count in ((0, 10), (60, 10), (100, 200), (319, 50), (320, 5), (64, 64)):
        piece = bytearray(count)
        done = ledger.export_into(offset, piece, count)
        assert done == max(0, min(count, len(whole) - offset))
        assert piece[:done] == whole[offset : offset + done]
    ledger.distrust()
    assert ledger.export_bytes() == 0 and ledger.state == UNREADABLE


def test_an_export_ends_where_its_older_part_cannot_be_read() -> None:
    class Gone:
        count = 300

        def read_raw(self, sequence: int, _buffer: bytearray) -> bool:
            return False

    ledger = begun(records=PLACES - 1)
    ledger.elsewhere = 1000
    remark(ledger, 60)
    alone = ledger.export_bytes()
    assert alone == (PLACES + 1) * RECORD_BYTES
    ledger.archive = Gone()
    assert ledger.export_bytes() == (ledger.count + 1) * RECORD_BYTES
    piece = bytearray(200)
    assert ledger.export_into(0, piece, 200) == HEADER_BYTES
    assert not ledger.read_raw(ledger.oldest - 1, bytearray(RECORD_BYTES))
    assert ledger.read_raw(ledger.oldest, bytearray(RECORD_BYTES))
    assert not ledger.read_raw(ledger.count + 1, bytearray(RECORD_BYTES))
    assert [record.sequence for record in ledger.records()] == list(range(ledger.oldest, ledger.count + 1))


def test_a_verification_reads_what_a_start_leaves_to_a_checkpoint() -> None:
    ledger = begun(records=CHECKPOINT_EVERY + 3)
    assert ledger.verify()
    store = ledger._store
    kept = bytes(store.data)
    raw = raw_of(ledger, 5)
    for place, refit in ((30, False), (1, True), (24, True), (52, True)):
        store.data[:] = kept
        other = bytearray(raw)
        other[place] ^= 1
        store.data[at(5) : at(6)] = sealed(other) if refit else other
        assert Ledger(store).state == OPEN and not ledger.verify(), place
    store.data[:] = kept
    assert ledger.verify()
    other = Ledger(store)
    remark(other, 1)
    assert not ledger.verify(), "it was written by somebody else"


def test_a_full_ring_waits_for_both_a_copy_and_a_checkpoint() -> None:
    ledger = begun(records=PLACES - 2)
    assert not ledger.full
    ledger.append(t.RECORD_KIND_MARKED, 1, 0, 1)
    assert ledger.count == PLACES and ledger.full and ledger.oldest == 1
    ledger.elsewhere = 1
    assert not ledger.full, "one record may be written over"
    covered = ledger.checkpoint
    ledger.checkpoint = 0
    assert ledger.full, "no checkpoint covers it"
    ledger.checkpoint = covered
    ledger.append(t.RECORD_KIND_MARKED, 1, 0, 2)
    assert ledger.full and ledger.oldest == 2


# ---- what an older or newer firmware, or a forger, may have left there


def test_a_checkpoint_of_another_format_does_not_count_though_its_sum_is_good() -> None:
    for other in (FORMAT - 1, FORMAT + 1):
        store = MemoryStore(RING)
        ledger = begun(store, records=CHECKPOINT_EVERY - 1)
        whole = store.data[HEADER_BYTES:FIRST]
        assert whole[0] == 0xC5, "the mark is on the memories that are out there: it cannot change"
        whole[1] = other
        summed = whole[1:60] + whole[64:CHECKPOINT_BYTES]
        whole[60:64] = binascii.crc32(summed).to_bytes(4, "little")
        store.data[HEADER_BYTES:FIRST] = whole
        again = Ledger(store)
        assert (again.state, again.checkpoint, again.count) == (OPEN, 0, ledger.count)


def test_verify_reads_the_first_record_that_a_checkpoint_covers() -> None:
    ledger = begun(records=CHECKPOINT_EVERY + 3)
    assert ledger.checkpoint and ledger.verify()
    data = ledger._store.data
    raw = bytearray(data[at(1) : at(2)])
    raw[8] ^= 1  # another tick; the sum is made good, the chain is as it was
    data[at(1) : at(2)] = sealed(raw)
    assert Ledger(ledger._store).state == OPEN, "opening reads on from the checkpoint"
    assert not ledger.verify()


@pytest.mark.parametrize("other", (FORMAT - 1, FORMAT + 1))
def test_verify_asks_each_record_for_its_format(other: int) -> None:
    ledger = begun(records=PLACES - 1)
    ledger.elsewhere = PLACES
    remark(ledger, 5)
    assert ledger.oldest == 6 and ledger.verify()
    data = ledger._store.data
    # The oldest: nothing that stands before it could be chained to it.
    raw = bytearray(data[at(6) : at(7)])
    raw[1] = other
    data[at(6) : at(7)] = sealed(raw)
    assert not ledger.verify()


def test_verify_sees_another_ledger_of_the_same_length() -> None:
    ledger, other = begun(records=3), begun(records=2)
    other.append(t.RECORD_KIND_MARKED, 2, 0, 1)
    assert other.count == ledger.count
    ledger._store.data[:] = other._store.data
    assert Ledger(ledger._store).verify() and not ledger.verify()


def test_what_a_cut_leaves_behind_an_erased_byte_is_said() -> None:
    """A memory whose blank places are 255, as some are when they leave the factory."""
    events = Events(16)
    ledger = begun(records=3)
    data = ledger._store.data
    for place in range(ledger.count + 1, PLACES + 1):
        data[at(place) : at(place) + RECORD_BYTES] = b"\xff" * RECORD_BYTES
    assert Ledger(ledger._store, events).state == OPEN
    assert not told(events, t.EV_LEDGER_TORN_RECORD_DROPPED)
    data[at(ledger.count + 1) + 9] = 7
    assert Ledger(ledger._store, events).state == OPEN
    assert told(events, t.EV_LEDGER_TORN_RECORD_DROPPED)[0][0] == ledger.count + 1


def test_a_cut_while_the_second_lap_is_written_takes_only_what_was_not_finished() -> None:
    store = MemoryStore(RING)
    ledger = begun(store, records=PLACES - 1)
    ledger.elsewhere = 2 * PLACES + 50
    remark(ledger, PLACES + 20)
    assert ledger.count == 2 * PLACES + 20
    store.data[at(ledger.count + 1)] = 0  # the mark of the lap before is taken away first
    again = Ledger(store)
    assert (again.state, again.count) == (OPEN, ledger.count)
