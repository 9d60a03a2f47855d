"""Ledger and inventory: chained records, power cuts at any byte, one tube in one place whatever is asked."""

from __future__ import annotations

import binascii
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rochette.services import ledger as ledgers
from rochette.services.events import FIELDS, Events
from rochette.services.inventory import IN_BIT, NOWHERE
from rochette.services.ledger import BLANK, OPEN, RECORD_BYTES, UNREADABLE, CustodyError, Ledger, LedgerError
from rochette.services.stores import FramStore, MemoryStore, StoreError
from rochette.tables import (
    CUSTODY_RULE_ALREADY_INITIALISED,
    CUSTODY_RULE_ALREADY_SEALED,
    CUSTODY_RULE_BIT_OCCUPIED,
    CUSTODY_RULE_DEBRIS,
    CUSTODY_RULE_NO_FILL,
    CUSTODY_RULE_NO_SEAL_INTENT,
    CUSTODY_RULE_NO_SUCH_TUBE,
    CUSTODY_RULE_NOT_PRESENT,
    CUSTODY_RULE_NOT_RELEASED,
    CUSTODY_RULE_OVERFULL,
    CUSTODY_RULE_RELEASE_MISMATCH,
    CUSTODY_RULE_SEAL_DISAGREES,
    CUSTODY_RULE_SEAT_OCCUPIED,
    CUSTODY_RULE_TUBE_NOT_IN_SEAT,
    CUSTODY_RULE_TUBE_USED,
    CUSTODY_RULE_UNKNOWN_KIND,
    EV_LEDGER_CUSTODY_REFUSED,
    EV_LEDGER_FOREIGN,
    EV_LEDGER_OPENED,
    EV_LEDGER_TORN_RECORD_DROPPED,
    EV_LEDGER_UNREADABLE,
    EV_LEDGER_WRITE_FAILED,
    FILL_STATE_NOMINAL,
    FILL_STATE_OVERFILL,
    RECORD_KIND_BREAK_INTENT,
    RECORD_KIND_CORED,
    RECORD_KIND_DOCKED,
    RECORD_KIND_FILL,
    RECORD_KIND_INITIALISED,
    RECORD_KIND_LOADED,
    RECORD_KIND_MARKED,
    RECORD_KIND_RELEASED,
    RECORD_KIND_SEAL_INTENT,
    RECORD_KIND_SEAL_RESULT,
    RECORD_KIND_STORED,
    RECORD_KIND_TAKE_INTENT,
    RECORD_KIND_TAKEN,
    RECORD_KIND_VERDICT,
    SEAL_ACTIVATED,
    SEAL_FAILED,
    SEAL_NONE,
    SEAT_STATE_EMPTY_TUBE,
    SEAT_STATE_HELD_OPEN,
    SEAT_STATE_IN_BIT,
    SEAT_STATE_NO_TUBE,
    SEAT_STATE_SEALED,
    SEAT_STATE_UNSEALED,
    TUBE_MARK_DEBRIS_CLEARED,
    TUBE_MARK_DEBRIS_SEEN,
    VERDICT_INCONCLUSIVE,
    VERDICT_PRESENT,
)

SIZE = 4096

# One good sample, sample 1 in tube 2: kind, tube, a, b, c, d.
STORY = (
    (RECORD_KIND_TAKE_INTENT, 2, 1, 66_000, 0, 0),
    (RECORD_KIND_TAKEN, 2, 1, 392, 0, 0),
    (RECORD_KIND_CORED, 2, 1, 66_000, 9, 0),
    (RECORD_KIND_VERDICT, 2, 1, VERDICT_PRESENT, 200, 3),
    (RECORD_KIND_RELEASED, 2, 1, VERDICT_PRESENT, 0, 0),
    (RECORD_KIND_DOCKED, 2, 1, 2, 40_000, 0),
    (RECORD_KIND_FILL, 2, 1, FILL_STATE_NOMINAL, 61_000, 500),
    (RECORD_KIND_SEAL_INTENT, 2, 1, 1, 0, 0),
    (RECORD_KIND_SEAL_RESULT, 2, 1, 1, 120_000, 1_700),
    (RECORD_KIND_STORED, 2, 1, 2, SEAL_ACTIVATED, 0),
)


def begun(seats: int = 5) -> Ledger:
    ledger = Ledger(MemoryStore(SIZE))
    ledger.initialise(seats)
    return ledger


def told(ledger: Ledger, steps: int, **changed: tuple[int, ...]) -> Ledger:
    for step in STORY[:steps]:
        ledger.append(*step)
    return ledger


def refused(ledger: Ledger, *record: int) -> int:
    before = bytes(ledger._store.data)
    with pytest.raises(CustodyError) as caught:
        ledger.append(*record)
    assert bytes(ledger._store.data) == before, "a refused step writes nothing"
    return caught.value.rule


def kinds(events: Events) -> list[int]:
    row = [0] * FIELDS
    found = []
    for number in range(1, events.count + 1):
        events.read(number, row)
        found.append(row[0])
    return found


def test_a_whole_sample_ends_sealed_in_its_seat() -> None:
    ledger = begun()
    states = []
    for number, step in enumerate(STORY):
        assert ledger.append(*step) == number + 2
        states.append(ledger.seat_state(2))
    assert states[1:5] == [SEAT_STATE_IN_BIT] * 4
    assert states[5:8] == [SEAT_STATE_HELD_OPEN] * 3
    assert states[8:] == [SEAT_STATE_SEALED] * 2
    assert (ledger.place_of(2), ledger.last_sample, ledger.initialised) == (2, 1, True)
    assert ledger.seat_state(1) == SEAT_STATE_EMPTY_TUBE
    assert ledger.seat_state(6) == SEAT_STATE_NO_TUBE
    assert ledger.place_of(6) == NOWHERE
    assert ledger.verify()


def test_records_read_back_and_chain_as_documented() -> None:
    class Stamp:
        tick = 2**30 - 1
        version = 7

    store = MemoryStore(SIZE)
    ledger = Ledger(store, None, Stamp(), lambda: 1_900_000_000, Stamp(), 0x0102)
    ledger.initialise(5)
    ledger.append(RECORD_KIND_TAKEN, 2, 1, -5)
    chain = bytes(8)
    for place, record in enumerate(ledger.records(), 1):
        raw = bytes(store.data[place * RECORD_BYTES : (place + 1) * RECORD_BYTES])
        chain = hashlib.sha256(chain + raw[1:52]).digest()[:8]
        assert record.chain == chain == raw[52:60]
        assert int.from_bytes(raw[60:64], "little") == binascii.crc32(raw[1:60])
        assert raw[0] == ledgers.MARK
    last = record.as_dict()
    assert last["sequence"] == 2
    assert (last["kind"], last["tube"], last["a"], last["b"]) == (RECORD_KIND_TAKEN, 2, 1, -5)
    assert (last["tick"], last["epoch_s"]) == (2**30 - 1, 1_900_000_000)
    assert (last["firmware"], last["parameters"]) == (0x0102, 7)
    assert last["chain"] == chain.hex()


def test_opening_again_gives_the_same_inventory() -> None:
    ledger = told(begun(), len(STORY))
    events = Events(16)
    again = Ledger(ledger._store, events)
    assert (again.state, again.count) == (OPEN, len(STORY) + 1)
    assert [again.seat_state(n) for n in range(7)] == [ledger.seat_state(n) for n in range(7)]
    assert kinds(events) == [EV_LEDGER_OPENED]
    again.append(RECORD_KIND_TAKEN, 3, 2)
    assert Ledger(ledger._store).count == len(STORY) + 2


@pytest.mark.parametrize("fill", [0, 255])
def test_a_blank_store_can_be_begun_once(fill: int) -> None:
    ledger = Ledger(MemoryStore(SIZE, fill))
    assert ledger.state == BLANK
    assert not ledger.initialised
    with pytest.raises(LedgerError, match="initialise it first"):
        ledger.append(RECORD_KIND_TAKEN, 1, 1)
    ledger.initialise(43)
    with pytest.raises(CustodyError) as caught:
        ledger.initialise(43)
    assert caught.value.rule == CUSTODY_RULE_ALREADY_INITIALISED
    assert Ledger(ledger._store).initialised
    with pytest.raises(CustodyError):
        Ledger(MemoryStore(SIZE)).initialise(65)


@pytest.mark.parametrize(
    ("steps", "record", "rule"),
    [
        (0, (RECORD_KIND_TAKEN, 9, 1), CUSTODY_RULE_NO_SUCH_TUBE),
        (0, (99, 1, 1), CUSTODY_RULE_UNKNOWN_KIND),
        (2, (RECORD_KIND_TAKEN, 3, 2), CUSTODY_RULE_BIT_OCCUPIED),
        (2, (RECORD_KIND_DOCKED, 2, 1, 3), CUSTODY_RULE_SEAT_OCCUPIED),
        (3, (RECORD_KIND_RELEASED, 2, 1, VERDICT_PRESENT), CUSTODY_RULE_NOT_PRESENT),
        (4, (RECORD_KIND_RELEASED, 2, 7, VERDICT_PRESENT), CUSTODY_RULE_RELEASE_MISMATCH),
        (6, (RECORD_KIND_TAKEN, 2, 2), CUSTODY_RULE_TUBE_USED),
        (6, (RECORD_KIND_SEAL_INTENT, 2, 1), CUSTODY_RULE_NO_FILL),
        (7, (RECORD_KIND_SEAL_RESULT, 2, 1, 1), CUSTODY_RULE_NO_SEAL_INTENT),
        (7, (RECORD_KIND_STORED, 2, 1, 2, SEAL_ACTIVATED), CUSTODY_RULE_SEAL_DISAGREES),
        (7, (RECORD_KIND_STORED, 2, 1, 4, SEAL_NONE), CUSTODY_RULE_TUBE_NOT_IN_SEAT),
        (9, (RECORD_KIND_SEAL_INTENT, 2, 1), CUSTODY_RULE_ALREADY_SEALED),
        (9, (RECORD_KIND_STORED, 2, 1, 2, SEAL_FAILED), CUSTODY_RULE_SEAL_DISAGREES),
    ],
)
def test_impossible_steps_are_refused_by_rule(steps: int, record: tuple[int, ...], rule: int) -> None:
    assert refused(told(begun(), steps), *record) == rule


def test_an_unreleased_tube_is_never_sealed() -> None:
    ledger = begun()
    for step in STORY[:7]:
        if step[0] != RECORD_KIND_RELEASED:
            ledger.append(*step)
    assert refused(ledger, RECORD_KIND_SEAL_INTENT, 2, 1, 1) == CUSTODY_RULE_NOT_RELEASED


def test_a_verdict_that_falls_takes_the_release_with_it() -> None:
    ledger = told(begun(), 7)
    ledger.append(RECORD_KIND_VERDICT, 2, 1, VERDICT_INCONCLUSIVE)
    assert refused(ledger, RECORD_KIND_SEAL_INTENT, 2, 1, 1) == CUSTODY_RULE_NOT_PRESENT
    ledger.append(RECORD_KIND_VERDICT, 2, 1, VERDICT_PRESENT)
    assert refused(ledger, RECORD_KIND_SEAL_INTENT, 2, 1, 1) == CUSTODY_RULE_NOT_RELEASED


def test_an_overfull_tube_is_not_sealed_but_stored_open() -> None:
    ledger = told(begun(), 6)
    ledger.append(RECORD_KIND_FILL, 2, 1, FILL_STATE_OVERFILL, 79_000, 500)
    assert refused(ledger, RECORD_KIND_SEAL_INTENT, 2, 1, 1) == CUSTODY_RULE_OVERFULL
    ledger.append(RECORD_KIND_STORED, 2, 1, 2, SEAL_NONE)
    assert ledger.seat_state(2) == SEAT_STATE_UNSEALED


def test_debris_blocks_a_release_until_it_is_cleared() -> None:
    ledger = told(begun(), 4)
    ledger.append(RECORD_KIND_MARKED, 2, 1, TUBE_MARK_DEBRIS_SEEN)
    assert refused(ledger, *STORY[4]) == CUSTODY_RULE_DEBRIS
    ledger.append(RECORD_KIND_MARKED, 2, 1, TUBE_MARK_DEBRIS_CLEARED)
    ledger.append(*STORY[4])


def test_a_refusal_is_told() -> None:
    events = Events(16)
    ledger = Ledger(MemoryStore(SIZE), events)
    ledger.initialise(5)
    with pytest.raises(CustodyError):
        ledger.append(RECORD_KIND_TAKEN, 70_000, 1)
    assert kinds(events)[-1] == EV_LEDGER_CUSTODY_REFUSED


class CutStore(MemoryStore):
    """Loses power after a number of written bytes."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.left = -1

    def write(self, offset: int, buffer: bytes) -> None:
        if self.left < 0:
            super().write(offset, buffer)
            return
        kept = min(self.left, len(buffer))
        super().write(offset, bytes(buffer)[:kept])
        self.left -= kept
        if kept < len(buffer):
            raise InterruptedPower


class InterruptedPower(BaseException):
    pass


@pytest.mark.parametrize("written", range(RECORD_BYTES + 2))
def test_a_power_cut_at_any_byte_gives_old_or_new(written: int) -> None:
    store = CutStore(SIZE)
    ledger = Ledger(store)
    ledger.initialise(5)
    told(ledger, 2)
    store.left = written
    try:
        ledger.append(*STORY[2])
    except InterruptedPower:
        pass
    store.left = -1
    events = Events(16)
    again = Ledger(store, events)
    assert again.state == OPEN
    assert again.count == (4 if written > RECORD_BYTES else 3)
    assert EV_LEDGER_UNREADABLE not in kinds(events)
    assert (EV_LEDGER_TORN_RECORD_DROPPED in kinds(events)) == (1 < written <= RECORD_BYTES)
    if again.count == 3:
        again.append(*STORY[2])
    assert Ledger(store).count == 4


@pytest.mark.parametrize("written", range(2 * RECORD_BYTES + 3))
def test_a_power_cut_while_it_is_begun_can_be_begun_again(written: int) -> None:
    store = CutStore(SIZE)
    store.left = written
    try:
        Ledger(store).initialise(5)
    except InterruptedPower:
        pass
    store.left = -1
    again = Ledger(store)
    assert again.state in (BLANK, OPEN)
    if not again.initialised:
        again.initialise(5)
    assert Ledger(store).initialised


@settings(max_examples=200, deadline=None)
@given(place=st.integers(0, 3), byte=st.integers(0, RECORD_BYTES - 1), bit=st.integers(0, 7))
def test_damage_is_found_and_never_written_over(place: int, byte: int, bit: int) -> None:
    ledger = told(begun(), 4)
    store = ledger._store
    store.data[place * RECORD_BYTES + byte] ^= 1 << bit
    before = bytes(store.data)
    events = Events(16)
    again = Ledger(store, events)
    assert again.state == UNREADABLE
    assert EV_LEDGER_UNREADABLE in kinds(events)
    for attempt in (lambda: again.append(*STORY[4]), lambda: again.initialise(5)):
        with pytest.raises(LedgerError, match="kept as it is"):
            attempt()
    assert bytes(store.data) == before
    assert not ledger.verify()


def test_a_record_taken_out_breaks_the_chain() -> None:
    ledger = told(begun(), 5)
    data = ledger._store.data
    data[3 * RECORD_BYTES : 6 * RECORD_BYTES] = data[4 * RECORD_BYTES : 7 * RECORD_BYTES]
    assert Ledger(ledger._store).state == UNREADABLE


def test_a_memory_that_does_not_keep_is_noticed() -> None:
    class Worn(MemoryStore):
        worn = False

        def write(self, offset: int, buffer: bytes) -> None:
            super().write(offset, buffer)
            if self.worn:
                self.data[offset + 20] ^= 1

    store = Worn(SIZE)
    ledger = Ledger(store)
    ledger.initialise(5)
    store.worn = True
    with pytest.raises(LedgerError, match="read back different"):
        ledger.append(*STORY[0])
    assert ledger.count == 1


def test_a_memory_that_does_not_answer_is_no_crash() -> None:
    class Gone(MemoryStore):
        gone = True

        def read_into(self, offset: int, buffer: bytearray) -> None:
            if self.gone:
                raise OSError(5)
            super().read_into(offset, buffer)

    store = Gone(SIZE)
    ledger = Ledger(store)
    assert ledger.state == ledgers.ABSENT and ledger.lost
    with pytest.raises(LedgerError, match="no answer"):
        ledger.append(*STORY[0])
    store.gone = False
    assert ledger.open() == BLANK
    ledger.initialise(5)
    store.gone = True
    with pytest.raises(LedgerError, match="does not answer"):
        ledger.append(*STORY[0])


def test_a_full_ledger_says_so() -> None:
    ledger = Ledger(MemoryStore(5 * RECORD_BYTES))
    ledger.initialise(5)
    told(ledger, 3)
    with pytest.raises(LedgerError, match="full"):
        ledger.append(*STORY[3])
    assert Ledger(ledger._store).count == 4


def test_stores_keep_inside_their_piece() -> None:
    class Fram:
        def __init__(self) -> None:
            self.data = bytearray(1024)

        def read_into(self, address: int, buffer: bytearray) -> None:
            buffer[:] = self.data[address : address + len(buffer)]

        def write(self, address: int, buffer: bytes) -> None:
            self.data[address : address + len(buffer)] = buffer

    fram = Fram()
    store = FramStore(fram, 128, 512)
    store.write(0, b"abc")
    back = bytearray(3)
    store.read_into(0, back)
    assert bytes(back) == b"abc" == bytes(fram.data[128:131])
    for offset in (-1, 510):
        with pytest.raises(StoreError, match="outside its 512 bytes"):
            store.write(offset, b"abc")
        with pytest.raises(StoreError):
            store.read_into(offset, back)
    store.write(0, b"\0\0\0")
    Ledger(store).initialise(2)
    assert not any(fram.data[:128]) and not any(fram.data[640:])


class CountingStore(MemoryStore):
    """Notes every transfer: (kind, offset, bytes)."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self.transfers: list[tuple[str, int, int]] = []

    def read_into(self, offset: int, buffer: bytearray) -> None:
        self.transfers.append(("read", offset, len(buffer)))
        super().read_into(offset, buffer)

    def write(self, offset: int, buffer: bytes) -> None:
        self.transfers.append(("write", offset, len(buffer)))
        super().write(offset, buffer)


def test_a_record_takes_at_most_one_small_transfer_a_tick_and_its_mark_comes_last() -> None:
    store = CountingStore(SIZE)
    ledger = Ledger(store)
    ledger.initialise(5)
    store.transfers.clear()
    ticket = ledger.queue(*STORY[0])
    ticks = 0
    while not ledger.ended(ticket):
        before = len(store.transfers)
        assert ledger.outcome(ticket) == ledgers.PENDING
        assert ledger.busy and ledger.count == 1
        ledger.tick()
        assert len(store.transfers) - before <= 1
        ticks += 1
    assert ticks == 8
    assert ledger.outcome(ticket) == ledgers.KEPT and not ledger.busy
    at = 2 * RECORD_BYTES
    assert store.transfers == [
        ("write", at, 32),
        ("write", at + 32, 32),
        ("read", at, 32),
        ("read", at + 32, 32),
        ("write", at, 1),
        ("read", at, 1),
    ]
    store.transfers.clear()
    ledger.tick()
    assert store.transfers == [], "nothing waits, nothing is done"


def test_records_are_kept_in_the_order_in_which_they_were_asked_for() -> None:
    ledger = begun()
    tickets = [ledger.queue(*step) for step in STORY[: ledgers.QUEUE]]
    with pytest.raises(LedgerError, match="8 records wait"):
        ledger.queue(*STORY[8])
    with pytest.raises(LedgerError, match="still waits"):
        ledger.judge(tickets[0])
    for _ in range(8 * ledgers.QUEUE):
        ledger.tick()
    assert [ledger.outcome(ticket) for ticket in tickets] == [ledgers.KEPT] * ledgers.QUEUE
    assert [record.kind for record in ledger.records()][1:] == [step[0] for step in STORY[: ledgers.QUEUE]]
    assert ledger.verify()


def test_a_refused_step_does_not_stop_those_behind_it() -> None:
    ledger = begun()
    bad = ledger.queue(RECORD_KIND_CORED, 2, 1)
    good = ledger.queue(*STORY[0])
    while ledger.busy:
        ledger.tick()
    assert ledger.outcome(good) == ledgers.KEPT
    with pytest.raises(CustodyError) as caught:
        ledger.judge(bad)
    assert (caught.value.kind, caught.value.tube) == (RECORD_KIND_CORED, 2)


def test_a_transfer_that_reads_back_wrong_once_is_written_again() -> None:
    class Disturbed(MemoryStore):
        spoil = 0

        def write(self, offset: int, buffer: bytes) -> None:
            super().write(offset, buffer)
            if self.spoil:
                self.spoil -= 1
                self.data[offset] ^= 0x40

    for spoil, times in ((1, 2), (3, 3)):
        store = Disturbed(SIZE)
        ledger = Ledger(store)
        ledger.initialise(5)
        store.spoil = spoil
        assert ledger.append(*STORY[0]) == 2
        assert ledger.verify(), times


def test_when_the_memory_fails_everybody_who_waits_is_told() -> None:
    class Worn(MemoryStore):
        worn = False

        def write(self, offset: int, buffer: bytes) -> None:
            super().write(offset, buffer)
            if self.worn:
                self.data[offset] ^= 0x40

    store = Worn(SIZE)
    events = Events(16)
    ledger = Ledger(store, events)
    ledger.initialise(5)
    store.worn = True
    tickets = [ledger.queue(*step) for step in STORY[:3]]
    for _ in range(100):
        ledger.tick()
    assert [ledger.outcome(ticket) for ticket in tickets] == [ledgers.LOST] * 3
    assert ledger.lost and not Ledger(store).lost
    assert kinds(events)[-1] == EV_LEDGER_WRITE_FAILED
    assert kinds(events).count(EV_LEDGER_WRITE_FAILED) == 1
    for ticket in tickets:
        with pytest.raises(LedgerError, match="read back different"):
            ledger.judge(ticket)
    with pytest.raises(LedgerError, match="not writable"):
        ledger.queue(*STORY[0])
    assert Ledger(store).count == 1, "what was kept before is whole"


def test_records_that_wait_when_it_gets_full_are_lost_and_say_so() -> None:
    ledger = Ledger(MemoryStore(4 * RECORD_BYTES))
    ledger.initialise(5)
    tickets = [ledger.queue(*step) for step in STORY[:3]]
    while ledger.busy:
        ledger.tick()
    assert [ledger.outcome(ticket) for ticket in tickets] == [ledgers.KEPT, ledgers.KEPT, ledgers.LOST]
    with pytest.raises(LedgerError, match="full"):
        ledger.judge(tickets[2])


SEATS = 4
tubes = st.integers(1, SEATS)
samples = st.integers(1, 3)


class Custody(RuleBasedStateMachine):
    """Any stream of custody steps: one tube in one place, nothing unreleased is sealed."""

    def __init__(self) -> None:
        super().__init__()
        self.ledger = Ledger(MemoryStore(128 * RECORD_BYTES))
        self.ledger.initialise(SEATS)
        self.verdicts: dict[int, int] = {}
        self.releases: set[int] = set()
        self.sealed: set[int] = set()

    def attempt(self, *record: int) -> bool:
        if self.ledger.full:
            return False
        try:
            self.ledger.append(*record)
        except CustodyError:
            return False
        return True

    @rule(tube=tubes, sample=samples)
    def take(self, tube: int, sample: int) -> None:
        was = self.ledger.inventory.bit_tube
        if self.attempt(RECORD_KIND_TAKEN, tube, sample):
            assert was == 0

    @rule(tube=tubes, sample=samples)
    def core(self, tube: int, sample: int) -> None:
        if self.attempt(RECORD_KIND_CORED, tube, sample):
            assert self.ledger.place_of(tube) == IN_BIT
            self.verdicts.pop(tube, None)
            self.releases.discard(tube)

    @rule(tube=tubes, sample=samples, verdict=st.integers(0, 3))
    def judge(self, tube: int, sample: int, verdict: int) -> None:
        if self.attempt(RECORD_KIND_VERDICT, tube, sample, verdict):
            self.verdicts[tube] = verdict
            if verdict != VERDICT_PRESENT:
                self.releases.discard(tube)

    @rule(tube=tubes, sample=samples)
    def release(self, tube: int, sample: int) -> None:
        if self.attempt(RECORD_KIND_RELEASED, tube, sample, VERDICT_PRESENT):
            assert self.verdicts[tube] == VERDICT_PRESENT
            self.releases.add(tube)

    @rule(tube=tubes, sample=samples, seat=st.integers(0, SEATS + 1))
    def dock(self, tube: int, sample: int, seat: int) -> None:
        taken = self.ledger.inventory.tube_in(seat)
        if self.attempt(RECORD_KIND_DOCKED, tube, sample, seat):
            assert taken == 0
            assert self.ledger.place_of(tube) == seat

    @rule(tube=tubes, sample=samples, fill=st.integers(0, 4))
    def probe(self, tube: int, sample: int, fill: int) -> None:
        self.attempt(RECORD_KIND_FILL, tube, sample, fill, 1000, 10)

    @rule(tube=tubes, sample=samples, activated=st.booleans())
    def seal(self, tube: int, sample: int, activated: bool) -> None:
        if self.attempt(RECORD_KIND_SEAL_INTENT, tube, sample, 1):
            assert self.verdicts[tube] == VERDICT_PRESENT
            assert tube in self.releases
            assert self.attempt(RECORD_KIND_SEAL_RESULT, tube, sample, int(activated)) or self.full()
            if activated and not self.full():
                self.sealed.add(tube)

    def full(self) -> bool:
        return self.ledger.full

    @rule(tube=tubes, sample=samples, seat=st.integers(0, SEATS), seal=st.integers(0, 2))
    def store(self, tube: int, sample: int, seat: int, seal: int) -> None:
        if self.attempt(RECORD_KIND_STORED, tube, sample, seat, seal):
            assert (seal == SEAL_ACTIVATED) == (tube in self.sealed)

    @rule(kind=st.integers(-1, 40), tube=st.integers(-1, 300), a=st.integers(-9, 9), b=st.integers(-9, 9))
    def nonsense(self, kind: int, tube: int, a: int, b: int) -> None:
        if kind < RECORD_KIND_INITIALISED or kind > RECORD_KIND_BREAK_INTENT or not 1 <= tube <= SEATS:
            assert not self.attempt(kind, tube, a, b)

    @rule()
    def power_cycle(self) -> None:
        before = [self.ledger.seat_state(seat) for seat in range(SEATS + 1)]
        self.ledger = Ledger(self.ledger._store)
        assert self.ledger.state == OPEN
        assert [self.ledger.seat_state(seat) for seat in range(SEATS + 1)] == before

    @invariant()
    def one_tube_one_place(self) -> None:
        inventory = self.ledger.inventory
        places = [inventory.place_of(tube) for tube in range(1, SEATS + 1)]
        assert len(set(places)) == SEATS, "no two tubes in one place"
        assert all(0 <= place <= SEATS for place in places)
        assert (places.count(IN_BIT) == 1) == (inventory.bit_tube != 0)
        if inventory.bit_tube:
            assert inventory.place_of(inventory.bit_tube) == IN_BIT
        for tube in self.sealed:
            assert self.ledger.seat_state(inventory.place_of(tube)) == SEAT_STATE_SEALED


Custody.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestCustody = Custody.TestCase


RING = 64 + 2 * ledgers.CHECKPOINT_BYTES + 200 * RECORD_BYTES
"""A store with 200 places and checkpoints."""


def one_sample(ledger: Ledger, tube: int, sample: int) -> None:
    """The story with another tube and sample, stored open."""
    for kind, _, _, b, c, d in STORY[:6]:
        ledger.append(kind, tube, sample, tube if kind == RECORD_KIND_DOCKED else b, c, d)
    ledger.append(RECORD_KIND_STORED, tube, sample, tube, SEAL_NONE)


def facts(ledger: Ledger) -> list[object]:
    inventory = ledger.inventory
    told: list[object] = [inventory.seats, inventory.bit_tube, inventory.last_sample, inventory.working_tube]
    for tube in range(1, inventory.seats + 1):
        told += [inventory.place_of(tube), inventory.sample_of(tube), inventory.serial_of(tube)]
        told += [inventory.step_of(tube), inventory.seat_state(tube), inventory.verdict_of(tube)]
    return told


def fill(ledger: Ledger, records: int) -> None:
    """Remarks about tube 1, with the idle ticks between them that checkpoints need."""
    for n in range(records):
        ledger.append(RECORD_KIND_MARKED, 1, 0, TUBE_MARK_DEBRIS_SEEN if n % 2 else TUBE_MARK_DEBRIS_CLEARED)
        for _ in range(100):
            ledger.tick()


def test_a_checkpoint_says_the_same_as_all_records_before_it() -> None:
    store = MemoryStore(RING)
    ledger = Ledger(store)
    ledger.initialise(43)
    ledger.append(RECORD_KIND_LOADED, 40, 0, 4711, 1)
    for tube in range(1, 11):
        one_sample(ledger, tube, tube)
    told(ledger, 0)
    for _ in range(100):
        ledger.tick()
    assert ledger.checkpoint == ledger.count == 72
    again = Ledger(store)
    assert (again.state, again.count, again.checkpoint) == (OPEN, 72, 72)
    assert facts(again) == facts(ledger)
    plain = Ledger(MemoryStore(RING))
    for sequence in range(1, 73):
        raw = bytearray(RECORD_BYTES)
        assert ledger.read_raw(sequence, raw)
        ticket = plain.queue_given(raw)
        while not plain.ended(ticket):
            plain.tick()
        plain.judge(ticket)
    assert facts(plain) == facts(again) and plain.chain == again.chain


def test_a_full_ring_goes_on_only_over_what_stands_elsewhere() -> None:
    store = MemoryStore(RING)
    ledger = Ledger(store)
    ledger.initialise(5)
    fill(ledger, 199)
    assert ledger.count == ledger.places == 200
    with pytest.raises(LedgerError, match="full"):
        fill(ledger, 1)
    raw = bytearray(RECORD_BYTES)
    assert ledger.read_raw(120, raw)
    chain = int.from_bytes(raw[52:56], "big") >> 2
    assert not ledger.mirrored(120, chain ^ 1) and not ledger.mirrored(500, chain)
    assert ledger.mirrored(120, chain)
    fill(ledger, 120)
    assert (ledger.count, ledger.oldest) == (320, 121)
    with pytest.raises(LedgerError, match="full"):
        fill(ledger, 1)
    again = Ledger(store)
    assert (again.state, again.count) == (OPEN, 320)
    assert facts(again) == facts(ledger)
    assert again.verify()
    assert not again.read_raw(120, raw)


@pytest.mark.parametrize("written", [*range(0, 66, 5), 64, 65])
def test_a_power_cut_while_an_old_record_is_written_over_gives_old_or_new(written: int) -> None:
    store = CutStore(RING)
    ledger = Ledger(store)
    ledger.initialise(5)
    fill(ledger, 199)
    ledger.elsewhere = 200
    store.left = written
    try:
        ledger.append(RECORD_KIND_MARKED, 1, 0, TUBE_MARK_DEBRIS_SEEN)
    except InterruptedPower:
        pass
    store.left = -1
    again = Ledger(store)
    assert (again.state, again.count) == (OPEN, 201 if written > RECORD_BYTES else 200)


@pytest.mark.parametrize("written", [0, 1, 31, 32, 33, 64, 500, 1119, 1120])
def test_a_power_cut_in_a_checkpoint_leaves_the_one_before(written: int) -> None:
    store = CutStore(RING)
    ledger = Ledger(store)
    ledger.initialise(5)
    fill(ledger, 100)
    first = ledger.checkpoint
    for _ in range(200):
        if ledger.count - ledger.checkpoint == 63:
            break
        fill(ledger, 1)
    ledger.append(RECORD_KIND_MARKED, 1, 0, TUBE_MARK_DEBRIS_SEEN)
    store.left = written
    try:
        for _ in range(100):
            ledger.tick()
    except InterruptedPower:
        pass
    store.left = -1
    again = Ledger(store)
    assert again.state == OPEN and again.count == ledger.count
    assert again.checkpoint in (first, ledger.count)
    assert facts(again) == facts(ledger)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_damage_in_a_ring_is_never_silently_rolled_back(data: st.DataObject) -> None:
    ledger = SPOILED
    store = MemoryStore(RING)
    store.data[:] = ledger._store.data
    at = data.draw(st.integers(0, RING - 1))
    store.data[at] ^= 1 << data.draw(st.integers(0, 7))
    before = bytes(store.data)
    again = Ledger(store)
    whole = again.state == OPEN and again.verify()
    if whole:
        # Without harm is damage in a checkpoint, for the other one or all the records stand in for it, and in
        # a place where nothing was ever written.
        checkpoints = 64 + 2 * ledgers.CHECKPOINT_BYTES
        assert 64 <= at < checkpoints or at >= checkpoints + ledger.count * RECORD_BYTES
        assert again.count == ledger.count and facts(again) == facts(ledger)
    assert bytes(store.data) == before


def _spoiled() -> Ledger:
    ledger = Ledger(MemoryStore(RING))
    ledger.initialise(5)
    fill(ledger, 150)
    return ledger


SPOILED = _spoiled()


def test_another_payloads_ledger_or_other_seats_are_not_written() -> None:
    store = MemoryStore(SIZE)
    Ledger(store, payload=7, seats=5).initialise(5)
    before = bytes(store.data)
    for payload, seats in ((8, 5), (7, 6)):
        events = Events(16)
        ledger = Ledger(store, events, payload=payload, seats=seats)
        assert ledger.state == ledgers.FOREIGN and not ledger.initialised and not ledger.can_begin
        assert kinds(events) == [EV_LEDGER_FOREIGN]
        with pytest.raises(LedgerError, match="not of this payload"):
            ledger.append(*STORY[0])
    assert bytes(store.data) == before
    assert Ledger(store, payload=7, seats=5).state == OPEN


def test_an_export_is_the_header_and_the_records_and_restores_a_blank_memory() -> None:
    ledger = told(begun(), 4)
    data = bytearray(ledger.export_bytes())
    assert ledger.export_into(0, data, len(data)) == len(data) == 6 * RECORD_BYTES
    blank = Ledger(MemoryStore(SIZE))
    for at in range(64, len(data), 64):
        ticket = blank.queue_given(data[at : at + 64])
        while not blank.ended(ticket):
            blank.tick()
        blank.judge(ticket)
    assert blank.chain == ledger.chain and facts(blank) == facts(ledger)
    assert blank.has(data[64:128])
    broken = bytearray(data[128:192])
    for raw, words in ((data[128:192], "does not go on"), (bytearray(64), "damaged")):
        with pytest.raises(LedgerError, match=words):
            blank.queue_given(raw)
    broken[20] ^= 1
    with pytest.raises(LedgerError, match="damaged"):
        blank.queue_given(broken)
    other = Ledger(MemoryStore(SIZE), payload=9)
    with pytest.raises(LedgerError, match="another payload"):
        other.queue_given(data[64:128])
    assert other.state == BLANK
