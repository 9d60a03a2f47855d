"""RESTORE: a payload that lost its record gets it back, and nothing but its own, whole and allowed."""

from __future__ import annotations

from typing import Any

import pytest

from rochette import tables as t
from rochette.activities.record import RESTORE_FILE
from rochette.services import ledger_mirror
from rochette.services.ledger import CHECKPOINT_BYTES, HEADER_BYTES, RECORD_BYTES, Ledger
from rochette.services.stores import MemoryStore
from tests.unit.payload_rig import Rig
from tests.unit.record_bytes import sealed, told

RING = HEADER_BYTES + 2 * CHECKPOINT_BYTES + 200 * RECORD_BYTES
SEATS = 43
STORY = (
    (t.RECORD_KIND_LOADED, 7, 0, 4711, 0, 0),
    (t.RECORD_KIND_TAKE_INTENT, 2, 1, 66_000, 0, 0),
    (t.RECORD_KIND_TAKEN, 2, 1, 392, 0, 0),
    (t.RECORD_KIND_CORED, 2, 1, 66_000, 9, 0),
)


@pytest.fixture
def rig():
    one = Rig("sandstone", flash="formatted")
    yield one
    if one.session.payload is not None:
        one.session.end()


def export(payload: int, seats: int = SEATS, steps: tuple[tuple[int, ...], ...] = STORY) -> bytearray:
    """What such a payload would offer as custody.ledger."""
    ledger = Ledger(MemoryStore(RING), payload=payload)
    ledger.initialise(seats)
    for step in steps:
        ledger.append(*step)
    data = bytearray(ledger.export_bytes())
    assert ledger.export_into(0, data, len(data)) == len(data)
    return data


def give(payload: Any, data: bytes) -> None:
    store = payload.ground.files.store
    if store.size(RESTORE_FILE) >= 0:
        store.remove(RESTORE_FILE)
    store.save(RESTORE_FILE, data, len(data))


def do(payload: Any, opcode: int, *args: int) -> None:
    assert payload.commands.submit(opcode, args) == t.COMMAND_RESULT_OK
    for _ in range(3000):
        payload.executive.step()
        if not payload.activities.running:
            return
    raise AssertionError("it does not end")


def events(payload: Any, event_id: int) -> list[list[int]]:
    return told(payload.events, event_id)


def memory(rig: Any) -> bytes:
    """All of the FRAM that the ledger has."""
    return bytes(rig.session.world.parts["fram"].memory[: payload_of(rig).ledger._store.size])


def payload_of(rig: Any) -> Any:
    return rig.session.payload


def restored(payload: Any, data: bytes) -> list[int]:
    give(payload, data)
    do(payload, t.CMD_LEDGER_RESTORE)
    assert not events(payload, t.EV_LEDGER_RESTORE_REFUSED)
    return events(payload, t.EV_LEDGER_RESTORED)[-1][:3]


def refused(rig: Any, data: bytes | None) -> tuple[int, int]:
    """The record and the reason that were named; nothing was changed."""
    payload = payload_of(rig)
    if data is not None:
        give(payload, data)
    before, state, count = memory(rig), payload.ledger.state, payload.ledger.count
    do(payload, t.CMD_LEDGER_RESTORE)
    assert memory(rig) == before, "something was written"
    assert (payload.ledger.state, payload.ledger.count) == (state, count)
    assert not events(payload, t.EV_LEDGER_RESTORED)
    [told] = events(payload, t.EV_LEDGER_RESTORE_REFUSED)
    return told[0], told[1]


def test_a_blank_payload_gets_its_record_back_and_goes_on(rig) -> None:
    payload = rig.boot()
    data = export(payload.ledger.payload)
    assert restored(payload, data) == [5, 0, 5]
    inventory = payload.ledger.inventory
    assert (inventory.serial_of(7), inventory.step_of(2), inventory.bit_tube) == (4711, t.STEP_HANGING, 2)
    do(payload, t.CMD_LEDGER_LOAD, 9, 12, 0)
    assert payload.ledger.count == 6 and payload.ledger.verify()
    # The same once more: all of it is here, and nothing changes.
    assert restored(payload, data) == [0, 5, 6]


def test_pieces_in_order_are_as_good_as_the_whole(rig) -> None:
    payload = rig.boot()
    data = export(payload.ledger.payload)[HEADER_BYTES:]
    assert restored(payload, data[:128]) == [2, 0, 2]
    assert restored(payload, data[128:]) == [3, 0, 5]
    assert payload.ledger.verify()


def forged(data: bytearray, number: int) -> bytearray:
    """Another number in record `number`, its CRC made good; the chain is not."""
    at = number * RECORD_BYTES
    data[at + 24] ^= 1
    return sealed(data, at)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda own: export(own ^ 1), (1, t.RESTORE_REASON_PAYLOAD)),
        (lambda own: export(own, 42), (1, t.RESTORE_REASON_SEATS)),
        (lambda own: export(own, 44), (1, t.RESTORE_REASON_SEATS)),
        (lambda own: numbered(export(own), 1, 0), (1, t.RESTORE_REASON_CHAIN)),
        (lambda own: forged(export(own), 3), (3, t.RESTORE_REASON_CHAIN)),
        (lambda own: forged(export(own), 5), (5, t.RESTORE_REASON_CHAIN)),
        (lambda own: export(own)[:192] + export(own)[256:], (4, t.RESTORE_REASON_RECORD)),
        (lambda own: export(own)[:200] + b"\x55" + export(own)[201:], (3, t.RESTORE_REASON_RECORD)),
        (lambda own: export(own)[128:], (2, t.RESTORE_REASON_RECORD)),
        (lambda own: export(own)[:-1], (0, t.RESTORE_REASON_FILE)),
        (lambda own: b"x" * 10, (0, t.RESTORE_REASON_FILE)),
        (lambda own: None, (0, t.RESTORE_REASON_FILE)),
    ],
)
def test_what_is_not_its_own_whole_record_is_refused_and_changes_nothing(rig, spoil, told) -> None:
    payload = rig.boot()
    assert refused(rig, spoil(payload.ledger.payload)) == told
    # It can still be begun, or given the right one.
    assert restored_after(payload) == [5, 0, 5]


def restored_after(payload: Any) -> list[int]:
    give(payload, export(payload.ledger.payload))
    do(payload, t.CMD_LEDGER_RESTORE)
    return events(payload, t.EV_LEDGER_RESTORED)[-1][:3]


def test_a_step_that_no_rule_allows_is_refused_before_anything_is_written(rig) -> None:
    payload = rig.boot()
    own = payload.ledger.payload
    lying = Ledger(MemoryStore(RING), payload=own)
    lying.inventory.check = lambda *_: t.CUSTODY_RULE_NONE  # a forger's payload, whose chain is unbroken
    lying.initialise(SEATS)
    for step in (*STORY, (t.RECORD_KIND_TAKEN, 3, 2, 392, 0, 0)):  # two tubes in one bit
        lying.append(*step)
    data = bytearray(lying.export_bytes())
    lying.export_into(0, data, len(data))
    assert refused(rig, data) == (6, t.RESTORE_REASON_RULE)


def test_a_payload_with_a_record_takes_no_other_history(rig) -> None:
    payload = rig.commission()
    do(payload, t.CMD_LEDGER_LOAD, 7, 12, 0)
    assert refused(rig, export(payload.ledger.payload)) == (1, t.RESTORE_REASON_DIFFERS)


def test_a_payload_with_a_record_takes_no_other_payloads(rig) -> None:
    payload = rig.commission()
    assert refused(rig, export(payload.ledger.payload ^ 1)) == (1, t.RESTORE_REASON_PAYLOAD)


def test_a_memory_that_cannot_be_read_takes_nothing() -> None:
    def spoil(memory: bytearray) -> None:
        memory[HEADER_BYTES + 2 * CHECKPOINT_BYTES + 30] ^= 1

    kept = rig_kept(spoil)
    other = Rig("sandstone", kept=kept)
    payload = other.boot()
    assert refused(other, export(payload.ledger.payload)) == (0, t.RESTORE_REASON_NOT_KEPT)
    other.session.end()


def rig_kept(spoil: Any, ticks: int = 0, tubes: tuple[int, ...] = (7,)) -> dict[str, Any]:
    """What a commissioned payload keeps, with its custody memory spoilt while the power is off."""
    from host_tools.emulator.kept import keep

    rig = Rig("sandstone", flash="formatted")
    payload = rig.commission()
    for tube in tubes:
        do(payload, t.CMD_LEDGER_LOAD, tube, 4704 + tube, 0)
    for _ in range(ticks):
        payload.executive.step()
    kept = keep(rig.session.world, rig.session.plant)
    memory = bytearray.fromhex(kept["fram"])
    spoil(memory)
    kept["fram"] = memory.hex()
    rig.session.end()
    return kept


def test_an_erased_memory_takes_the_flash_mirrors_records_when_told() -> None:
    def erase(memory: bytearray) -> None:
        memory[:] = bytes(len(memory))

    rig = Rig("sandstone", flash="blank", kept=rig_kept(erase, ticks=400))
    payload = rig.boot()
    assert payload.mirror.count == 2
    for _ in range(300):
        payload.executive.step()
    assert payload.ledger.count == 0, "nothing is restored without a command"
    do(payload, t.CMD_LEDGER_RESTORE)
    assert events(payload, t.EV_LEDGER_RESTORED)[-1][:3] == [2, 0, 2]
    assert payload.ledger.inventory.serial_of(7) == 4711 and payload.mirror.state == ledger_mirror.GOOD
    rig.session.end()


def test_a_memory_that_fails_in_the_middle_says_so(rig) -> None:
    payload = rig.boot()
    give(payload, export(payload.ledger.payload))
    assert payload.commands.submit(t.CMD_LEDGER_RESTORE, ()) == t.COMMAND_RESULT_OK
    while payload.ledger.count < 2:
        payload.executive.step()
    rig.session.add_faults([{"target": "bus.fram", "kind": "off", "at_ms": 0}])
    for _ in range(2000):
        payload.executive.step()
        if not payload.activities.running:
            break
    [told] = events(payload, t.EV_LEDGER_RESTORE_REFUSED)
    assert told[1] == t.RESTORE_REASON_NOT_KEPT and 2 < told[0] <= 5
    assert not payload.ledger.initialised or payload.ledger.count == told[0] - 1


def numbered(data: bytearray, number: int, sequence: int) -> bytearray:
    """Record `number` says that it is another one; its CRC is made good."""
    at = number * RECORD_BYTES
    data[at + 4 : at + 8] = sequence.to_bytes(4, "little")
    return sealed(data, at)


@pytest.mark.parametrize("sequence", (0x0102, 0x01_0203, 0x0102_0304, 0x7F00_0000, 0x00FF_0000, 0x0000_FF00))
def test_the_record_that_cannot_be_taken_is_named_whatever_its_number(rig, sequence: int) -> None:
    payload = rig.boot()
    data = numbered(export(payload.ledger.payload), 3, sequence)
    assert refused(rig, data) == (sequence, t.RESTORE_REASON_RECORD)


@pytest.mark.parametrize("tube", (1, 2, SEATS - 1, SEATS))
def test_what_is_known_of_each_tube_counts_when_a_file_is_tried(rig, tube: int) -> None:
    """The file goes on where the payload stands: in the middle of the first tube, or of the last."""
    payload = rig.boot()
    steps = (
        (t.RECORD_KIND_TAKE_INTENT, tube, 1, 66_000, 0, 0),
        (t.RECORD_KIND_TAKEN, tube, 1, 392, 0, 0),
        (t.RECORD_KIND_CORED, tube, 1, 66_000, 9, 0),
        (t.RECORD_KIND_VERDICT, tube, 1, t.VERDICT_PRESENT, 0, 0),
    )
    data = export(payload.ledger.payload, steps=steps)[HEADER_BYTES:]
    taken = 3 * RECORD_BYTES
    assert restored(payload, data[:taken]) == [3, 0, 3]
    assert payload.ledger.inventory.bit_tube == tube
    assert restored(payload, data[taken:]) == [2, 0, 5]
    assert payload.ledger.inventory.verdict_of(tube) == t.VERDICT_PRESENT


def test_a_record_that_differs_in_the_middle_is_named(rig) -> None:
    """The file is of this payload, and one of the records that are here says something else in it."""
    payload = rig.commission()
    for tube in (5, 6, 7):
        do(payload, t.CMD_LEDGER_LOAD, tube, 4700 + tube, 0)
    data = bytearray(payload.ledger.export_bytes())
    payload.ledger.export_into(0, data, len(data))
    assert refused(rig, forged(data, 3)) == (3, t.RESTORE_REASON_DIFFERS)


def test_without_a_file_and_with_a_mirror_that_is_behind_nothing_is_taken(rig) -> None:
    payload = rig.commission()
    assert payload.mirror.count < payload.ledger.count
    assert refused(rig, None) == (0, t.RESTORE_REASON_FILE)


@pytest.mark.parametrize("fails_at", (0, 128))
@pytest.mark.parametrize("how", ("error", "short"))
def test_a_file_that_cannot_be_read_to_its_end_is_refused(rig, how: str, fails_at: int) -> None:
    payload = rig.boot()
    give(payload, export(payload.ledger.payload))
    store = payload.ground.files.store
    read = store.read_into

    def failing(name: str, offset: int, buffer: Any, count: int) -> int:
        if offset < fails_at:
            return int(read(name, offset, buffer, count))
        if how == "error":
            raise OSError(5)
        return count - 1

    store.read_into = failing
    assert refused(rig, None) == (0, t.RESTORE_REASON_FILE)


def erase(memory: bytearray) -> None:
    memory[:] = bytes(len(memory))


def test_a_memory_that_goes_away_while_the_mirror_gives_is_said_with_the_record() -> None:
    rig = Rig("sandstone", flash="blank", kept=rig_kept(erase, ticks=400))
    payload = rig.boot()
    assert payload.mirror.count == 2 and payload.ledger.count == 0
    rig.session.add_faults([{"target": "bus.fram", "kind": "off", "at_ms": 0}])
    payload.executive.step()
    do(payload, t.CMD_LEDGER_RESTORE)
    [told] = events(payload, t.EV_LEDGER_RESTORE_REFUSED)
    assert told[:2] == [1, t.RESTORE_REASON_RECORD]
    assert not events(payload, t.EV_LEDGER_RESTORED)
    rig.session.end()


def test_a_mirror_that_gives_nothing_in_time_is_said(monkeypatch) -> None:
    from rochette.activities import record

    monkeypatch.setattr(record, "_MIRROR_TICKS", 5)  # less than the second of quiet before the mirror reads
    rig = Rig("sandstone", flash="blank", kept=rig_kept(erase, ticks=400))
    payload = rig.boot()
    do(payload, t.CMD_LEDGER_RESTORE)
    [told] = events(payload, t.EV_LEDGER_RESTORE_REFUSED)
    assert told[:2] == [1, t.RESTORE_REASON_RECORD] and payload.ledger.count == 0
    rig.session.end()


def test_a_memory_that_is_behind_is_told_how_many_records_it_took() -> None:
    """Two of five records are there; the others come from the mirror, by command."""

    def behind(memory: bytearray) -> None:
        at = HEADER_BYTES + 2 * CHECKPOINT_BYTES
        memory[at + 2 * RECORD_BYTES : at + 5 * RECORD_BYTES] = bytes(3 * RECORD_BYTES)

    rig = Rig("sandstone", flash="blank", kept=rig_kept(behind, ticks=400, tubes=(7, 8, 9, 10)))
    payload = rig.boot()
    assert (payload.ledger.count, payload.mirror.count) == (2, 5)
    do(payload, t.CMD_LEDGER_RESTORE)
    assert events(payload, t.EV_LEDGER_RESTORED)[-1][:3] == [3, 2, 5]
    rig.session.end()


def test_a_sample_that_came_with_the_record_can_be_gone_on_with(rig) -> None:
    """What was in hand when the record was lost is in hand again: the working copy comes from the record."""
    payload = rig.boot()
    assert restored(payload, export(payload.ledger.payload)) == [5, 0, 5]
    assert (payload.sample.number, payload.custody.in_hand) == (0, 2)
    for other in ((1, 1), (2, 2), (1, 3)):
        assert payload.commands.submit(t.CMD_SAMPLE_RETRACT_BIT, other) == t.COMMAND_RESULT_OK
        while payload.activities.running:
            payload.executive.step()
        assert payload.activities.last_reason == t.REASON_NOTHING_IN_HAND and payload.sample.number == 0
    assert payload.commands.submit(t.CMD_SAMPLE_RETRACT_BIT, (1, 2)) == t.COMMAND_RESULT_OK
    while not events(payload, t.EV_SAMPLE_GOES_ON):
        payload.executive.step()
        assert payload.activities.running
    assert events(payload, t.EV_SAMPLE_GOES_ON)[0] == [1, 2, t.STEP_HANGING, t.CONTINUATION_RETRACT]
    sample = payload.sample
    assert (sample.number, sample.tube, sample.depth_um, sample.max_level) == (1, 2, 66_000, 9)
