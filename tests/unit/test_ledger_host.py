"""The host's own verification of a ledger, held against the firmware's: two programs, one text."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host_tools.cli import main
from host_tools.ledger import records, verify
from host_tools.ledger.rules import BIT, GONE, Book, Broken, in_seat
from rochette.services.inventory import Inventory
from rochette.services.ledger import CustodyError, Ledger
from rochette.services.stores import MemoryStore
from rochette.tables import (
    CUSTODY_RULE_NONE,
    FILL_STATE_NOMINAL,
    RECORD_KIND_CORED,
    RECORD_KIND_DOCKED,
    RECORD_KIND_FILL,
    RECORD_KIND_INITIALISED,
    RECORD_KIND_MARKED,
    RECORD_KIND_RELEASED,
    RECORD_KIND_SEAL_INTENT,
    RECORD_KIND_SEAL_RESULT,
    RECORD_KIND_SEALS,
    RECORD_KIND_STORED,
    RECORD_KIND_TAKE_INTENT,
    RECORD_KIND_TAKEN,
    RECORD_KIND_VERDICT,
    SEAL_ACTIVATED,
    VERDICT_PRESENT,
)

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


def ledger(steps: int = len(STORY), seats: int = 5, epoch: int = 7) -> bytes:
    """A ledger as the firmware writes it."""
    store = MemoryStore(4096)
    written = Ledger(store, epoch_s=lambda: epoch)
    written.initialise(seats)
    for step in STORY[:steps]:
        written.append(*step)
    return bytes(store.data)


def test_a_good_ledger_is_good_and_told_by_tube() -> None:
    found = verify.verify(ledger())
    assert found.good and not found.notes
    assert found.summary() == "good: 11 records, chain unbroken; 5 tubes: 4 clean, 1 sealed, stored"
    assert found.tubes[2].sample == 1
    assert verify.verify(ledger(8)).tubes[2].state == "seal half pressed, perhaps"


def test_every_changed_byte_is_seen() -> None:
    data = ledger()
    end = (len(STORY) + 2) * records.SIZE
    whole = len(verify.verify(data).image.records)
    for at in range(end - records.SIZE):
        changed = bytearray(data)
        changed[at] ^= 0x10
        found = verify.verify(bytes(changed))
        # The last record's mark alone says whether it counts: without it the record was never finished.
        if at == (whole * records.SIZE):
            assert found.good and found.image.torn == whole
        else:
            assert not found.good, f"byte {at} of record {at // records.SIZE} changed"


def test_a_forged_record_breaks_the_chain_or_a_rule() -> None:
    data = bytearray(ledger(3))
    raw = bytearray(data[3 * 64 : 4 * 64])
    struct.pack_into("<i", raw, 24, 391)
    raw[60:64] = zlib.crc32(raw[1:60]).to_bytes(4, "little")
    data[3 * 64 : 4 * 64] = raw
    found = verify.verify(bytes(data))
    assert "chain is broken" in found.faults[0]
    assert "2 records before it are whole" in found.faults[1]


def test_a_record_in_the_middle_that_is_gone_is_seen() -> None:
    data = bytearray(ledger())
    data[4 * 64 : 5 * 64] = bytes(64)
    assert "record 4 is not there, but 11 is" in verify.verify(bytes(data)).faults[0]


def test_a_cut_off_record_is_told_and_is_no_fault() -> None:
    data = bytearray(ledger(3))
    data[5 * 64 + 1 : 5 * 64 + 20] = b"x" * 19
    found = verify.verify(bytes(data))
    assert found.good
    assert found.notes == ["the writing of record 5 was cut off; it never counted"]


@pytest.mark.parametrize("blank", [bytes(4096), b"\xff" * 4096])
def test_blank_is_no_ledger_and_no_damage(blank: bytes) -> None:
    assert verify.verify(blank).summary() == "blank: no ledger was begun"
    assert "no custody ledger" in verify.verify(b"x" * 4096).faults[0]


def test_continuation_another_payload_and_rewritten_history() -> None:
    assert verify.follows(ledger(4), ledger(7)) == ""
    assert verify.follows(b"", ledger()) == ""
    assert "set back" in verify.follows(ledger(7), ledger(4))
    assert "another payload's" in verify.follows(ledger(4, epoch=1), ledger(4, epoch=2))
    assert "wiped" in verify.follows(ledger(4), bytes(4096))
    other = MemoryStore(4096)
    written = Ledger(other, epoch_s=lambda: 7)
    written.initialise(5)
    written.append(RECORD_KIND_TAKE_INTENT, 3, 1, 1000)
    assert "rewritten" in verify.follows(ledger(4), bytes(other.data))


KINDS = st.sampled_from((*sorted(verify._dictionary()[0]), 99))
SMALL = st.integers(-1, 4)


STEPS = st.lists(st.tuples(KINDS, SMALL, st.integers(1, 4), SMALL, SMALL), max_size=40)


@settings(max_examples=400, deadline=None)
@given(STEPS, st.integers(0, len(STORY)))
def test_both_programs_allow_the_same(steps: list[tuple[int, ...]], start: int) -> None:
    names, values = verify._dictionary()
    inventory, book = Inventory(), Book(names, values)
    given_steps = [(RECORD_KIND_INITIALISED, 0, 4, 0, 0), *(step[:5] for step in STORY[:start]), *steps]
    for kind, tube, a, b, c in given_steps:
        rule = inventory.check(kind, tube, a, b, c, 0)
        record = records.Record(0, kind, tube, 0, 0, 0, 0, a, b, c, 0, b"")
        if rule == CUSTODY_RULE_NONE:
            inventory.apply(kind, tube, a, b, c, 0)
            book.take_in(record)
        else:
            with pytest.raises(Broken):
                book.take_in(record)
    for number, tube in book.tubes.items():
        place = inventory.place_of(number)
        assert tube.place == {0: BIT, -1: GONE}.get(place, in_seat(place))
        if tube.place != GONE:
            assert (tube.sample, tube.serial) == (inventory.sample_of(number), inventory.serial_of(number))
            assert (tube.witness, tube.used and not tube.sealed) == (
                inventory.is_witness(number),
                inventory.is_open(number),
            )
    assert book.in_hand == inventory.in_hand()


def test_the_commands_say_it(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    good, bad, kept = tmp_path / "good", tmp_path / "bad", tmp_path / "kept.json"
    good.write_bytes(ledger())
    changed = bytearray(ledger())
    changed[200] ^= 1
    bad.write_bytes(changed)
    kept.write_text(json.dumps({"fram": ledger(4).hex()}))
    assert main(["ledger", "verify", str(good), str(kept)]) == 0
    assert capsys.readouterr().out.count(": good: ") == 2
    assert main(["ledger", "verify", str(bad)]) == 1
    assert "record 3: its CRC is wrong" in capsys.readouterr().out
    assert main(["ledger", "verify", "--follows", str(kept), str(good)]) == 0
    assert main(["ledger", "verify", "--follows", str(good), str(kept)]) == 1
    assert "set back" in capsys.readouterr().out
    assert main(["ledger", "show", "--tube", "2", str(good)]) == 0
    assert "stored in seat 2, seal ACTIVATED" in capsys.readouterr().out
    assert main(["ledger", "show", "--json", str(good)]) == 0
    assert json.loads(capsys.readouterr().out)["tubes"][1]["state"] == "sealed, stored"
    for wrong in (["verify", str(tmp_path / "none")], ["show", "--tube", "9", str(good)], ["show"], []):
        assert main(["ledger", *wrong]) == 2
        assert "Traceback" not in capsys.readouterr().err


def test_a_mirror_grows_beyond_the_memory_it_comes_from() -> None:
    store = MemoryStore(13_000)
    written = Ledger(store)
    written.initialise(5)
    mirror = b""
    for number in range(1, 400):
        # Marks may be made again and again: records enough to go round the ring more than twice.
        written.append(RECORD_KIND_MARKED, 1 + number % 5, 0, 1 + number % 2)
        for _ in range(300):
            written.tick()
        if number % 20 == 0:
            data = bytes(store.data)
            assert verify.verify(data).good, verify.verify(data).faults
            assert verify.follows(mirror, data) == ""
            mirror = verify.joined(mirror, data)
            last = records.read(mirror).records[-1]
            assert written.mirrored(last.sequence, int.from_bytes(last.chain[:4], "big") >> 2)
    found = verify.verify(mirror)
    assert len(mirror) > len(store.data) and found.good and found.image.first == 1
    assert records.read(bytes(store.data)).first > 100
    assert found.last_sequence == 381 and len(found.tubes) == 5
    assert "mirror ends with" in verify.follows(ledger_of_first(mirror, 9), bytes(store.data))


def ledger_of_first(mirror: bytes, count: int) -> bytes:
    return mirror[: (count + 1) * records.SIZE]


def test_the_firmware_refuses_what_the_book_refuses_after_a_seal() -> None:
    written = Ledger(MemoryStore(4096))
    written.initialise(5)
    for step in STORY:
        written.append(*step)
    with pytest.raises(CustodyError):
        written.append(*STORY[7])


@pytest.mark.parametrize(("again", "good"), [(1, True), (0, False)])
def test_a_seal_that_is_pressed_again_is_not_a_second_one(again: int, good: bool) -> None:
    """The host counts as the firmware does; a record of a seal that the dispenser had not is seen."""
    store = MemoryStore(4096)
    written = Ledger(store)
    written.initialise(5)
    written.inventory.check = lambda *_: 0
    written.inventory.apply = lambda *_: None
    written.append(RECORD_KIND_SEALS, 1, 0, 1)
    failed = (RECORD_KIND_SEAL_RESULT, 2, 1, 0, 90_000, 1_200)
    for step in (*STORY[:-2], failed, (RECORD_KIND_SEAL_INTENT, 2, 1, 2, again, 0), *STORY[-2:]):
        written.append(*step)
    assert verify.verify(bytes(store.data)).good == good
