"""Power cuts at every write of the custody memory, and damages to it: nothing that was acknowledged is lost,
nothing is invented, nothing that can't be read is touched."""

from __future__ import annotations

import random

import pytest

from host_tools.ledger.verify import verify
from rochette.services.ledger import BLANK, OPEN, UNREADABLE, CustodyError, Ledger, LedgerError
from rochette.services.stores import MemoryStore
from tests.campaign.custody_script import FRAM_BYTES, SEATS, cuts, steps


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


@pytest.mark.soak
def test_a_spread_of_cuts_over_a_whole_campaign() -> None:
    script = steps(SEATS)
    expected = states(script)
    made = 0
    for name, data, acknowledged in cuts(script, every=6):
        check_cut(name, data, acknowledged, script, expected, goes_on=made % 8 == 0)
        made += 1
    assert made >= 1_900


@pytest.mark.soak
@pytest.mark.parametrize("tubes", [SEATS])
def test_a_cut_at_every_write_of_a_whole_campaign(tubes: int) -> None:
    script = steps(tubes)
    expected = states(script)
    made = 0
    for name, data, acknowledged in cuts(script):
        check_cut(name, data, acknowledged, script, expected)
        made += 1
    assert made >= 10_000


def pairs(fractions: tuple[int, ...], every: int) -> int:
    """A cut, and a second one while what the first left is written anew."""
    script = steps(1)
    expected = states(script)
    made = 0
    for name, data, acknowledged in cuts(script, every=every, fractions=fractions):
        first = Ledger(store_of(data))
        if first.state != OPEN or not first.initialised:
            continue
        journal: list[tuple[int, bytes]] = []
        store = first._store
        plain = store.write

        def write(offset: int, buffer: bytes, journal=journal, plain=plain) -> None:  # type: ignore[no-untyped-def]
            journal.append((offset, bytes(buffer)))
            plain(offset, buffer)

        before, count = bytes(store.data), first.count
        if count > len(script):
            continue
        store.write = write
        first.append(*script[count - 1])
        image = bytearray(before)
        for at, (offset, piece) in enumerate(journal):
            for permille in fractions:
                torn = bytearray(image)
                done = len(piece) * permille // 1000
                torn[offset : offset + done] = piece[:done]
                check_cut(f"{name}, then write {at}, {permille}", bytes(torn), count, script, expected)
                made += 1
            image[offset : offset + len(piece)] = piece
        assert acknowledged <= count
    return made


@pytest.mark.soak
def test_pairs_of_cuts() -> None:
    assert pairs((0, 500), 3) > 200


@pytest.mark.soak
def test_all_pairs_of_cuts() -> None:
    assert pairs((0, 250, 500, 750, 1000), 1) > 5_000


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


def check_damage(number: int, whole: bytes, records: dict[int, bytes]) -> str:
    """Never formatted, bytes untouched, never another history. Gives what the ledger said."""
    name, data = damaged(whole, number)
    store = store_of(data)
    ledger = Ledger(store)
    assert bytes(store.data) == data, f"{name}: opening wrote something"
    last = max(records)
    if ledger.state == OPEN:
        for record in ledger.records():
            assert records.get(record.sequence, b"")[52:60] == record.chain, f"{name}: another history"
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


@pytest.mark.soak
def test_a_spread_of_damages(whole: bytes) -> None:
    said = [check_damage(number, whole, records_of(whole)) for number in range(400)]
    assert said.count("unreadable") > 100


@pytest.mark.soak
def test_ten_thousand_damages(whole: bytes) -> None:
    known = records_of(whole)
    said = [check_damage(number, whole, known) for number in range(10_000)]
    assert said.count("unreadable") > 2_000
