"""The ledger's second store: files on a real littlefs, written only when still, never over what differs."""

from __future__ import annotations

import pytest

from rochette import tables as t
from rochette.services import ledger_mirror
from rochette.services.events import FIELDS, Events
from rochette.services.ledger import BLANK, OPEN, RECORD_BYTES, UNREADABLE, Ledger
from rochette.services.ledger_mirror import LedgerMirror
from rochette.services.stores import MemoryStore
from tests.unit.payload_rig import Rig

RING = 64 + 2 * 1120 + 200 * RECORD_BYTES


class Still:
    """Stands for rail and executive."""

    tick = 0
    still = True

    def __call__(self) -> bool:
        return self.still


@pytest.fixture
def fs():
    """A littlefs on an emulated flash."""
    import vfs

    rig = Rig("sandstone", flash="formatted")
    payload = rig.boot()
    payload.watchdog.let_go()  # nobody ticks the payload here: only its flash is used
    yield next(fs for fs, path in vfs.mount() if path == "/flash")
    rig.session.world.detach()


def begun(size: int = RING) -> Ledger:
    ledger = Ledger(MemoryStore(size))
    ledger.initialise(5)
    return ledger


def remark(ledger: Ledger, count: int) -> None:
    for n in range(count):
        mark = t.TUBE_MARK_DEBRIS_SEEN if n % 2 else t.TUBE_MARK_DEBRIS_CLEARED
        ledger.append(t.RECORD_KIND_MARKED, 1, 0, mark)
        for _ in range(100):
            ledger.tick()


def mirror_of(fs, ledger: Ledger):
    events = Events(64)
    still = Still()
    return LedgerMirror(fs, ledger, events, still, still), still, events


def run(mirror: LedgerMirror, still: Still, ticks: int = 600) -> None:
    for _ in range(ticks):
        still.tick += 1
        mirror.tick()
        mirror._ledger.tick()


def ids(events: Events) -> list[int]:
    row = [0] * FIELDS
    return [row[0] for number in range(1, events.count + 1) if events.read(number, row)]


def test_it_follows_the_ledger_while_everything_is_still(fs) -> None:
    ledger = begun()
    remark(ledger, 99)
    mirror, still, _ = mirror_of(fs, ledger)
    still.still = False
    run(mirror, still)
    assert mirror.count == 0
    still.still = True
    run(mirror, still)
    assert mirror.count == ledger.count == 100 == ledger.elsewhere
    assert [fs.stat(ledger_mirror.name_of(n))[6] for n in (1, 2)] == [4096, 36 * 64]
    again, _, events = mirror_of(fs, Ledger(ledger._store))
    assert (again.state, again.count) == (ledger_mirror.GOOD, 100)
    assert ids(events) == [t.EV_LEDGER_MIRROR_OPENED]


def test_with_it_the_ring_goes_on_and_the_export_has_everything(fs) -> None:
    ledger = begun()
    mirror, still, _ = mirror_of(fs, ledger)
    for _ in range(5):
        remark(ledger, 100)
        run(mirror, still, 1500)
    assert ledger.count == 501 and ledger.oldest == 302
    data = bytearray(ledger.export_bytes())
    for at in range(0, len(data), 256):
        piece = bytearray(256)
        count = ledger.export_into(at, piece, 256)
        data[at : at + count] = piece[:count]
    assert len(data) == 502 * RECORD_BYTES
    assert [int.from_bytes(data[at + 4 : at + 8], "little") for at in range(64, len(data), 64)] == list(
        range(1, 502)
    )


def test_a_blank_memory_takes_the_mirrors_records_only_when_told(fs) -> None:
    ledger = begun()
    remark(ledger, 20)
    run(*mirror_of(fs, ledger)[:2])
    blank = Ledger(MemoryStore(RING))
    mirror, still, events = mirror_of(fs, blank)
    run(mirror, still)
    assert blank.state == BLANK
    mirror.wanted = True
    run(mirror, still, 1000)
    assert (blank.state, blank.count, blank.chain) == (OPEN, 21, ledger.chain)
    assert t.EV_LEDGER_MIRROR_TAKEN in ids(events)


def test_a_ledger_that_is_behind_takes_what_is_missing(fs) -> None:
    ledger = begun()
    remark(ledger, 10)
    old = MemoryStore(RING)
    old.data[:] = ledger._store.data
    remark(ledger, 5)
    run(*mirror_of(fs, ledger)[:2])
    behind = Ledger(old)
    run(*mirror_of(fs, behind)[:2])
    assert behind.count == 16 and behind.chain == ledger.chain


def test_two_stories_are_both_left_as_they_are(fs) -> None:
    ledger = begun()
    remark(ledger, 10)
    run(*mirror_of(fs, ledger)[:2])
    other = begun()
    other.append(t.RECORD_KIND_MARKED, 3, 0, t.TUBE_MARK_DAMAGED)
    before = bytes(other._store.data)
    mirror, still, events = mirror_of(fs, other)
    run(mirror, still)
    assert (mirror.state, other.state) == (ledger_mirror.UNREADABLE, UNREADABLE)
    assert t.EV_LEDGER_MIRROR_DIFFERS in ids(events)
    assert bytes(other._store.data) == before
    assert fs.stat(ledger_mirror.name_of(1))[6] == 11 * 64


@pytest.mark.parametrize("spoil", ("short", "gap", "bytes"))
def test_files_that_are_not_in_order_are_not_written(fs, spoil) -> None:
    ledger = begun()
    remark(ledger, 70)
    run(*mirror_of(fs, ledger)[:2])
    if spoil == "short":
        with fs.open(ledger_mirror.name_of(2), "ab") as file:
            file.write(b"x" * 10)
    elif spoil == "gap":
        fs.rename(ledger_mirror.name_of(2), ledger_mirror.name_of(3))
    else:
        with fs.open(ledger_mirror.name_of(2), "rb") as file:
            data = bytearray(file.read(1024))
        data[-30] ^= 1
        fs.remove(ledger_mirror.name_of(2))
        with fs.open(ledger_mirror.name_of(2), "ab") as file:
            file.write(bytes(data))
    mirror, still, events = mirror_of(fs, ledger)
    assert mirror.state == ledger_mirror.UNREADABLE
    assert t.EV_LEDGER_MIRROR_DIFFERS in ids(events)
    assert ledger.state == OPEN


def test_a_mirror_that_was_lost_cannot_be_begun_in_the_middle(fs) -> None:
    ledger = begun()
    ledger.elsewhere = 10_000
    remark(ledger, 250)
    mirror, still, _ = mirror_of(fs, Ledger(ledger._store))
    run(mirror, still)
    assert mirror.state == ledger_mirror.BEHIND and mirror.count == 0


def test_a_flash_that_fails_leaves_the_record_to_the_fram(fs) -> None:
    from host_tools.emulator.world import current

    ledger = begun()
    remark(ledger, 3)
    mirror, still, events = mirror_of(fs, ledger)
    current().flash.failing = True
    run(mirror, still)
    assert mirror.state == ledger_mirror.FAILED and ids(events)[-1] == t.EV_LEDGER_MIRROR_FAILED
    remark(ledger, 1)
    assert ledger.count == 5


def test_without_a_file_system_there_is_only_the_fram() -> None:
    ledger = begun()
    mirror, still, events = mirror_of(None, ledger)
    run(mirror, still)
    assert mirror.state == ledger_mirror.NONE and ids(events) == []


def test_a_whole_run_is_mirrored_and_nothing_is_written_while_anything_moves() -> None:
    rig = Rig("sandstone", depth_um=2000, flash="formatted", hold_s=30, answer="hold")
    result = rig.run()  # the emulated flash raises when it is written while an actuator is energised
    payload = rig.session.payload
    assert result["outcome"] == t.OUTCOME_HELD
    assert payload.mirror.state == ledger_mirror.GOOD
    assert payload.mirror.count == payload.ledger.count > 5
