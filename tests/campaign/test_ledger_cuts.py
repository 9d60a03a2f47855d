"""Power cuts at every write of the custody memory, and damages to it: nothing that was acknowledged is lost,
nothing is invented, nothing that can't be read is touched."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from host_tools.ledger.verify import verify
from rochette.services.ledger import (
    BLANK,
    CHECKPOINT_BYTES,
    HEADER_BYTES,
    OPEN,
    RECORD_BYTES,
    UNREADABLE,
    CustodyError,
    Ledger,
    LedgerError,
)
from rochette.services.stores import MemoryStore
from tests.campaign.custody_script import FRACTIONS, FRAM_BYTES, SEATS, Told, cuts, steps

SHORT_BYTES = HEADER_BYTES + 2 * CHECKPOINT_BYTES + 170 * RECORD_BYTES
"""A memory with checkpoints and few places, for a script of one tube."""


def store_of(data: bytes) -> MemoryStore:
    store = MemoryStore(len(data))
    store.data[:] = data
    return store


def states(script: list) -> list[list[int]]:  # type: ignore[type-arg]
    """What the seats hold after each record of a script, from none on."""
    ledger = Ledger(MemoryStore(FRAM_BYTES))
    found = [[ledger.seat_state(seat) for seat in range(1, SEATS + 1)]]
    ledger.initialise(SEATS)
    found.append([ledger.seat_state(seat) for seat in range(1, SEATS + 1)])
    for step in script:
        ledger.elsewhere = ledger.count
        ledger.append(*step)
        found.append([ledger.seat_state(seat) for seat in range(1, SEATS + 1)])
    return found


def check_cut(
    name: str,
    data: bytes,
    acknowledged: int,
    script: list,  # type: ignore[type-arg]
    expected: list,  # type: ignore[type-arg]
    goes_on: bool = True,
) -> None:
    """What must hold after any cut: old or new, the same to both programs, and the work goes on."""
    ledger = Ledger(store_of(data))
    if ledger.state == BLANK:
        assert acknowledged == 0, name
        ledger.initialise(SEATS)
        return
    assert ledger.state == OPEN, f"{name}: not readable"
    assert acknowledged <= ledger.count <= acknowledged + 1, f"{name}: {ledger.count} of {acknowledged}"
    seats = [ledger.seat_state(seat) for seat in range(1, SEATS + 1)]
    assert seats == expected[ledger.count], name
    if not goes_on:
        return
    found = verify(data)
    assert found.good, f"{name}: {found.faults}"
    assert found.last_sequence == ledger.count, name
    if not ledger.initialised:
        ledger.initialise(SEATS)
    elif ledger.count <= len(script):
        ledger.elsewhere = ledger.count
        ledger.append(*script[ledger.count - 1])
        assert ledger.verify(), name
        assert Ledger(ledger._store).count == ledger.count, name


def test_a_spread_of_cuts_over_a_whole_campaign() -> None:
    script = steps(SEATS)
    expected = states(script)
    made = 0
    for name, data, acknowledged in cuts(script, every=5):
        check_cut(name, data, acknowledged, script, expected, goes_on=made % 8 == 0)
        made += 1
    assert made >= 2_300


@pytest.mark.soak
def test_a_cut_at_every_write_of_a_whole_campaign() -> None:
    script = steps(SEATS)
    expected = states(script)
    made = 0
    for name, data, acknowledged in cuts(script):
        check_cut(name, data, acknowledged, script, expected)
        made += 1
    assert made >= 11_500


def test_all_pairs_of_cuts_on_a_short_script() -> None:
    """A cut anywhere, and a second one anywhere while what the first left is written anew.

    These are all pairs: once it is written anew the memory is, byte for byte, what it were without the first
    cut (asserted here), so a second cut after that is a first one.
    """
    script = steps(1)
    expected = states(script)
    clean = images(script)
    made = 0
    for name, data, acknowledged in cuts(script, size=SHORT_BYTES):
        store = Told(SHORT_BYTES)
        store.data[:] = data
        first = Ledger(store)
        count = first.count
        assert acknowledged <= count <= acknowledged + 1, name
        if count > len(script):
            assert bytes(store.data) == clean[count], name
            continue
        if first.initialised:
            first.append(*script[count - 1])
        else:
            first.initialise(SEATS)
        assert bytes(store.data) == clean[count + 1], f"{name}: something of the cut is left"
        image = bytearray(data)
        for at, (offset, piece) in enumerate(store.journal):
            for permille in FRACTIONS:
                torn = bytearray(image)
                done = len(piece) * permille // 1000
                torn[offset : offset + done] = piece[:done]
                check_cut(f"{name}, then write {at}, {permille}", bytes(torn), count, script, expected)
                made += 1
            image[offset : offset + len(piece)] = piece
    assert made >= 3_500


def images(script: list) -> list[bytes]:  # type: ignore[type-arg]
    """The short script's memory after each record, from none on, when nothing is cut."""
    ledger = Ledger(MemoryStore(SHORT_BYTES))
    found = [bytes(ledger._store.data)]
    ledger.initialise(SEATS)
    found.append(bytes(ledger._store.data))
    for step in script:
        ledger.append(*step)
        found.append(bytes(ledger._store.data))
    return found


# ---- damages -----------------------------------------------------------------------------------------


def damaged(data: bytes, number: int) -> tuple[str, bytes]:
    """One of many ways in which a memory goes bad, by its number."""
    chance = random.Random(f"damage {number}")
    spoilt = bytearray(data)
    end = max(64, len(data.rstrip(b"\x00")))
    kind = chance.choice(("bit", "byte", "run", "zeros", "ones", "swap", "copy", "cut"))
    at = chance.randrange(end)
    length = chance.randrange(1, 200)
    if kind == "bit":
        spoilt[at] ^= 1 << chance.randrange(8)
    elif kind == "byte":
        spoilt[at] = chance.randrange(256)
    elif kind == "run":
        spoilt[at : at + length] = chance.randbytes(len(spoilt[at : at + length]))
    elif kind in ("zeros", "ones"):
        spoilt[at : at + length] = bytes([0 if kind == "zeros" else 255]) * len(spoilt[at : at + length])
    elif kind in ("swap", "copy"):
        a, b = chance.randrange(end // 64) * 64, chance.randrange(end // 64) * 64
        spoilt[b : b + 64] = data[a : a + 64]
        if kind == "swap":
            spoilt[a : a + 64] = data[b : b + 64]
    else:
        spoilt[at:] = bytes(len(spoilt) - at)
    return f"damage {number} ({kind} at {at})", bytes(spoilt)


DAMAGES = 10_000


def check_damage(number: int, whole: bytes, records: dict[int, bytes]) -> str:
    """Never formatted, bytes untouched, never another history. Gives what the ledger said."""
    name, data = damaged(whole, number)
    store = store_of(data)
    ledger = Ledger(store)
    assert bytes(store.data) == data, f"{name}: opening wrote something"
    last = max(records)
    if ledger.state == OPEN:
        # An old record that a checkpoint covers is not read at a start. Damage in it is seen when it is: by
        # both programs, and the ground's runs at each pull.
        if any(records.get(sequence) != raw for sequence, raw in offered(ledger)):
            assert not ledger.verify() and not verify(data).good, f"{name}: another history"
        if ledger.count < last:
            # Set back: only by the loss of the last records whole, and the ground's mirror has them.
            assert last - ledger.count <= 3 or "cut" in name or "zeros" in name or "ones" in name, name
    else:
        if ledger.state == BLANK:
            assert data[0] in (0, 255), name
        with pytest.raises((LedgerError, CustodyError)):
            ledger.append(2, 1, 1, 1000)
        if ledger.state == UNREADABLE:
            with pytest.raises((LedgerError, CustodyError)):
                ledger.initialise(SEATS)
        assert bytes(store.data) == data, f"{name}: something was written into what can't be read"
    return ("blank", "open", "unreadable", "absent", "failed")[ledger.state]


def offered(ledger: Ledger) -> Iterator[tuple[int, bytes]]:
    """Each record that the ledger says it has: number and bytes."""
    raw = bytearray(RECORD_BYTES)
    for sequence in range(ledger.oldest, ledger.count + 1):
        assert ledger.read_raw(sequence, raw)
        yield sequence, bytes(raw)


@pytest.fixture(scope="module")
def whole() -> bytes:
    """A memory after twenty tubes."""
    store = MemoryStore(FRAM_BYTES)
    ledger = Ledger(store)
    ledger.initialise(SEATS)
    for step in steps(20):
        ledger.append(*step)
        for _ in range(200):
            ledger.tick()
    return bytes(store.data)


def records_of(data: bytes) -> dict[int, bytes]:
    return {record.sequence: record.raw for record in verify(data).image.records}


def test_a_spread_of_damages(whole: bytes) -> None:
    known = records_of(whole)
    said = [check_damage(number, whole, known) for number in range(0, DAMAGES, 20)]
    assert said.count("unreadable") > 100 and said.count("open") > 100


@pytest.mark.soak
def test_ten_thousand_damages(whole: bytes) -> None:
    known = records_of(whole)
    said = [check_damage(number, whole, known) for number in range(DAMAGES)]
    assert said.count("unreadable") > 2_000 and said.count("open") > 2_000
