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
from tests.unit.record_bytes import sealed, told

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


# ---- the file system: full, read-only, missing, failing while it is read


def fill_up(fs) -> None:
    """Files until nothing goes in any more, as the ground may send them."""
    with pytest.raises(OSError) as caught:
        for number in range(10_000):
            with fs.open(f"/fill{number}", "wb") as file:
                file.write(bytes(60_000))
    assert caught.value.args[0] == 28


def test_a_full_file_system_is_said_once_and_the_fram_goes_on(fs) -> None:
    ledger = begun()
    remark(ledger, 70)
    mirror, still, events = mirror_of(fs, ledger)
    run(mirror, still)
    assert mirror.count == 71
    fill_up(fs)
    remark(ledger, 100)
    run(mirror, still, 1200)
    assert mirror.state == ledger_mirror.FAILED
    assert ids(events).count(t.EV_LEDGER_MIRROR_FAILED) == 1
    kept = mirror.count
    assert 71 <= kept < ledger.count == 171
    remark(ledger, 5)  # the record goes on
    # After the next start, with room again, so does the mirror; what it had was not touched.
    number = 0
    for name, *_ in list(fs.ilistdir("/")):
        if name.startswith("fill"):
            fs.remove("/" + name)
            number += 1
    assert number > 10
    again, still, events = mirror_of(fs, Ledger(ledger._store))
    assert (again.state, again.count) == (ledger_mirror.GOOD, kept)
    run(again, still, 1200)
    assert again.count == 176 and ids(events) == [t.EV_LEDGER_MIRROR_OPENED]


def read_only(monkeypatch) -> None:
    """The flash's write protection: every program and erase is refused."""
    import rp2

    def refuse(*_: object) -> None:
        raise OSError(30)

    ioctl = rp2.Flash.ioctl
    monkeypatch.setattr(rp2.Flash, "writeblocks", refuse)
    monkeypatch.setattr(
        rp2.Flash, "ioctl", lambda self, op, arg: refuse() if op == 6 else ioctl(self, op, arg)
    )


@pytest.mark.parametrize("records", (0, 5))
def test_a_read_only_flash_is_said_and_its_bytes_stay(fs, monkeypatch, records: int) -> None:
    from host_tools.emulator.world import current

    ledger = begun()
    if records:
        remark(ledger, records)
        run(*mirror_of(fs, ledger)[:2])
    read_only(monkeypatch)
    before = [None if one is None else bytes(one) for one in current().flash.sectors]
    mirror, still, events = mirror_of(fs, Ledger(ledger._store))
    assert (mirror.state, mirror.count) == (ledger_mirror.GOOD, records and ledger.count)
    remark(mirror._ledger, 3)
    run(mirror, still)
    assert mirror.state == ledger_mirror.FAILED
    assert ids(events).count(t.EV_LEDGER_MIRROR_FAILED) == 1
    assert [None if one is None else bytes(one) for one in current().flash.sectors] == before
    assert mirror._ledger.append(t.RECORD_KIND_MARKED, 1, 0, t.TUBE_MARK_DEBRIS_SEEN) == ledger.count + 4


class Failing:
    """A file system that fails where it is told to: `call` names the method, `error` its number."""

    def __init__(self, fs, call: str, error: int = 5) -> None:
        self._fs, self._call, self._error = fs, call, error

    def __getattr__(self, name: str):
        if name == self._call:
            raise OSError(self._error)
        return getattr(self._fs, name)


@pytest.mark.parametrize("call", ("ilistdir", "stat", "open"))
def test_a_flash_that_cannot_be_read_at_the_start_is_left_alone(fs, call: str) -> None:
    ledger = begun()
    remark(ledger, 3)
    run(*mirror_of(fs, ledger)[:2])
    mirror, still, events = mirror_of(Failing(fs, call), Ledger(ledger._store))
    assert mirror.state == ledger_mirror.FAILED and ids(events) == [t.EV_LEDGER_MIRROR_FAILED]
    assert mirror._ledger.state == OPEN and mirror._ledger.archive is None
    run(mirror, still)
    assert fs.stat(ledger_mirror.name_of(1))[6] == 4 * RECORD_BYTES


def test_a_folder_that_cannot_be_made_is_said(fs) -> None:
    mirror, still, events = mirror_of(Failing(fs, "mkdir"), begun())
    run(mirror, still)
    assert mirror.state == ledger_mirror.FAILED and mirror.count == 0
    fs.mkdir(ledger_mirror.FOLDER)  # the power went before the first file
    mirror, still, events = mirror_of(fs, begun())
    run(mirror, still)
    assert mirror.state == ledger_mirror.GOOD and mirror.count == 1


def test_an_empty_last_file_is_what_a_power_cut_leaves(fs) -> None:
    ledger = begun()
    remark(ledger, 63)
    run(*mirror_of(fs, ledger)[:2])
    fs.open(ledger_mirror.name_of(2), "ab").close()
    remark(ledger, 3)
    mirror, still, _ = mirror_of(fs, Ledger(ledger._store))
    assert (mirror.state, mirror.count) == (ledger_mirror.GOOD, 64)
    run(mirror, still)
    assert mirror.count == 67
    fs.open(ledger_mirror.name_of(3), "ab").close()  # this one is out of order: the second is not full
    assert mirror_of(fs, Ledger(ledger._store))[0].state == ledger_mirror.UNREADABLE


def test_what_was_written_is_read_back(fs) -> None:
    ledger = begun()
    remark(ledger, 10)
    mirror, still, events = mirror_of(fs, ledger)
    run(mirror, still)
    from host_tools.emulator.world import current

    current().flash.spoiling = True
    remark(ledger, 4)
    run(mirror, still)
    assert mirror.state == ledger_mirror.FAILED and mirror.count == 11
    assert ids(events)[-1] == t.EV_LEDGER_MIRROR_FAILED and ledger.elsewhere == 11


def test_bytes_that_come_back_otherwise_do_not_count(fs) -> None:
    class Other:
        """An open file whose bytes are not those that were written."""

        def __init__(self, inner) -> None:
            self._inner = inner

        def __enter__(self) -> Other:
            return self

        def __exit__(self, *_: object) -> None:
            self._inner.close()

        def __getattr__(self, name: str):
            return getattr(self._inner, name)

        def write(self, data) -> int:
            return self._inner.write(bytes(byte ^ (n == 70) for n, byte in enumerate(bytes(data))))

    class Changing(Failing):
        def open(self, path: str, mode: str) -> Other:
            return Other(self._fs.open(path, mode))

    ledger = begun()
    remark(ledger, 3)
    mirror, still, events = mirror_of(Changing(fs, ""), ledger)
    run(mirror, still)
    assert mirror.state == ledger_mirror.FAILED and mirror.count == 0
    assert ids(events)[-1] == t.EV_LEDGER_MIRROR_FAILED and ledger.elsewhere == 0


def test_a_file_that_has_less_than_it_says_is_not_trusted(fs) -> None:
    class Lying(Failing):
        def stat(self, path: str) -> tuple[int, ...]:
            found = list(self._fs.stat(path))
            found[6] += RECORD_BYTES
            return tuple(found)

    ledger = begun()
    remark(ledger, 3)
    mirror, still, _ = mirror_of(fs, ledger)
    run(mirror, still)
    raw = bytearray(RECORD_BYTES)
    assert [mirror.read_raw(sequence, raw) for sequence in (0, 1, 4, 5)] == [False, True, True, False]
    mirror, still, events = mirror_of(Lying(fs, ""), Ledger(ledger._store))
    assert mirror.state == ledger_mirror.UNREADABLE and t.EV_LEDGER_MIRROR_DIFFERS in ids(events)


# ---- one store that is behind the other


def long(count: int) -> Ledger:
    """A ledger that has gone round."""
    ledger = begun()
    ledger.elsewhere = 10_000
    remark(ledger, count - 1)
    return ledger


def test_a_mirror_that_ends_where_the_memory_begins_goes_on(fs) -> None:
    ledger = begun()
    remark(ledger, 59)
    run(*mirror_of(fs, ledger)[:2])
    ledger.elsewhere = 10_000
    remark(ledger, 200)  # the oldest in the memory is 61, the mirror's last is 60
    assert ledger.oldest == 61
    opened = Ledger(ledger._store)
    mirror, still, _ = mirror_of(fs, opened)
    assert mirror.state == ledger_mirror.GOOD and not mirror.wanted
    run(mirror, still, 1500)
    assert mirror.count == opened.count == 260
    remark(ledger, 1)


def test_a_mirror_that_misses_one_record_is_behind(fs) -> None:
    ledger = begun()
    remark(ledger, 58)
    run(*mirror_of(fs, ledger)[:2])
    ledger.elsewhere = 10_000
    remark(ledger, 201)
    assert ledger.oldest == 61
    mirror, still, events = mirror_of(fs, Ledger(ledger._store))
    assert (mirror.state, mirror.count) == (ledger_mirror.BEHIND, 59)
    assert ids(events) == [t.EV_LEDGER_MIRROR_OPENED] and mirror._ledger.archive is None
    run(mirror, still)
    assert mirror.count == 59


def test_a_mirror_that_is_overtaken_while_things_move_falls_behind(fs) -> None:
    ledger = begun()
    mirror, still, _ = mirror_of(fs, ledger)
    run(mirror, still)
    still.still = False
    ledger.elsewhere = 10_000  # the ground has them
    remark(ledger, 300)
    still.still = True
    run(mirror, still)
    assert mirror.state == ledger_mirror.BEHIND and mirror.count == 1


def test_records_of_another_payload_are_not_given_to_a_blank_memory(fs) -> None:
    theirs = Ledger(MemoryStore(RING), payload=7)
    theirs.initialise(5)
    remark(theirs, 3)
    run(*mirror_of(fs, theirs)[:2])
    blank = Ledger(MemoryStore(RING), payload=8)
    mirror, still, events = mirror_of(fs, blank)
    mirror.wanted = True
    run(mirror, still)
    assert (blank.state, blank.count, mirror.wanted) == (BLANK, 0, False)
    assert mirror.state == ledger_mirror.UNREADABLE and t.EV_LEDGER_MIRROR_DIFFERS in ids(events)
    assert not any(blank._store.data)


def test_a_memory_that_takes_nothing_ends_the_giving(fs) -> None:
    ledger = begun()
    remark(ledger, 3)
    run(*mirror_of(fs, ledger)[:2])
    failed = Ledger(MemoryStore(RING))
    mirror, still, events = mirror_of(fs, failed)
    failed.state = 3  # ABSENT: it went away after the start
    mirror.wanted = True
    run(mirror, still)
    assert not mirror.wanted and failed.count == 0 and mirror.state == ledger_mirror.GOOD


def test_without_a_file_system_there_is_only_the_fram() -> None:
    ledger = begun()
    mirror, still, events = mirror_of(None, ledger)
    run(mirror, still)
    assert mirror.state == ledger_mirror.NONE and ids(events) == []
    assert mirror.count == 0 and ledger.elsewhere == 0


def test_a_whole_run_is_mirrored_and_nothing_is_written_while_anything_moves() -> None:
    rig = Rig("sandstone", depth_um=2000, flash="formatted", hold_s=30, answer="hold")
    result = rig.run()  # the emulated flash raises when it is written while an actuator is energised
    payload = rig.session.payload
    assert result["outcome"] == t.OUTCOME_HELD
    assert payload.mirror.state == ledger_mirror.GOOD
    assert payload.mirror.count == payload.ledger.count > 5


@pytest.mark.parametrize("begin", (0, 5000, 0x3FFF_FFFF - 50))
def test_nothing_is_written_before_everything_has_been_still_for_a_second(fs, begin: int) -> None:
    """From the first tick on, after a move, and where the tick begins anew."""
    ledger = begun()
    remark(ledger, 3)
    mirror, still, _ = mirror_of(fs, ledger)
    still.tick = begin

    def ticks_to_the_first_step() -> int:
        filled = mirror._filled
        for n in range(1000):
            still.tick = (still.tick + 1) & 0x3FFF_FFFF
            mirror.tick()
            if mirror._filled != filled:
                return n
        raise AssertionError("it never begins")

    assert ticks_to_the_first_step() == ledger_mirror.QUIET_TICKS == 100
    still.still = False
    mirror.tick()
    still.still = True
    assert ticks_to_the_first_step() == ledger_mirror.QUIET_TICKS


def test_what_is_collected_stays_in_its_buffer(fs) -> None:
    ledger = begun()
    mirror, still, _ = mirror_of(fs, ledger)
    room = len(mirror._batch)
    assert room == ledger_mirror.BATCH * RECORD_BYTES
    remark(ledger, 30)
    run(mirror, still)
    assert mirror.count == 31 and mirror._filled == 0 and len(mirror._batch) == room


@pytest.mark.parametrize("step", (-1, 1, 256, 0x01_0000))
def test_a_last_record_of_another_number_is_not_trusted(fs, step: int) -> None:
    ledger = begun()
    remark(ledger, 4)
    run(*mirror_of(fs, ledger)[:2])
    with fs.open(ledger_mirror.name_of(1), "rb") as file:
        data = bytearray(file.read())
    assert len(data) == 5 * RECORD_BYTES
    data[-60:-56] = (5 + step).to_bytes(4, "little")
    sealed(data, 4 * RECORD_BYTES)
    with fs.open(ledger_mirror.name_of(1), "wb") as file:
        file.write(bytes(data))
    again, _, events = mirror_of(fs, Ledger(MemoryStore(RING)))
    assert again.state == ledger_mirror.UNREADABLE
    assert told(events, t.EV_LEDGER_MIRROR_DIFFERS)[0][:2] == [5, 0]


def test_files_out_of_order_are_told_with_no_record(fs) -> None:
    run(*mirror_of(fs, begun())[:2])
    with fs.open(ledger_mirror.name_of(1), "ab") as file:
        file.write(b"x")
    again, _, events = mirror_of(fs, Ledger(MemoryStore(RING)))
    assert (again.state, again.count) == (ledger_mirror.UNREADABLE, 0)
    assert told(events, t.EV_LEDGER_MIRROR_DIFFERS)[0][:2] == [0, 0]


@pytest.mark.parametrize(("errno", "state"), [(1, "FAILED"), (2, "GOOD"), (5, "FAILED"), (13, "FAILED")])
def test_only_a_folder_that_is_not_there_is_an_empty_mirror(fs, errno: int, state: str) -> None:
    class Refusing:
        def __getattr__(self, name: str):
            return getattr(fs, name)

        def ilistdir(self, _folder: str):
            raise OSError(errno)

    mirror, _, _ = mirror_of(Refusing(), begun())
    assert mirror.state == getattr(ledger_mirror, state)


def test_a_file_that_is_not_the_mirrors_is_not_passed_over(fs) -> None:
    run(*mirror_of(fs, begun())[:2])
    with fs.open(ledger_mirror.FOLDER + "/0", "wb") as file:
        file.write(b"")
    again, _, _ = mirror_of(fs, Ledger(MemoryStore(RING)))
    assert again.state == ledger_mirror.UNREADABLE


def test_with_nothing_new_the_flash_is_left_alone(fs) -> None:
    class Counting:
        opened = 0

        def __getattr__(self, name: str):
            return getattr(fs, name)

        def open(self, *args):
            Counting.opened += 1
            return fs.open(*args)

    ledger = begun()
    mirror, still, _ = mirror_of(Counting(), ledger)
    run(mirror, still)
    assert mirror.count == 1
    before = Counting.opened
    run(mirror, still, 1000)
    assert Counting.opened == before


def test_what_a_mirror_can_be_is_told_apart() -> None:
    states = [getattr(ledger_mirror, name) for name in ("NONE", "GOOD", "BEHIND", "UNREADABLE", "FAILED")]
    assert sorted(states) == list(range(5))
    mirror, _, _ = mirror_of(None, begun())
    assert mirror.state == states[0] == 0, "what a payload without a file system sends"


def test_a_mirror_of_several_hundred_records_is_trusted(fs) -> None:
    """The number of its last record does not fit one byte."""
    ledger = begun(64 + 2 * 1120 + 400 * RECORD_BYTES)
    mirror, still, _ = mirror_of(fs, ledger)
    remark(ledger, 299)
    run(mirror, still, 1000)
    assert mirror.count == 300
    again, _, events = mirror_of(fs, Ledger(ledger._store))
    assert (again.state, again.count) == (ledger_mirror.GOOD, 300)
    assert ids(events) == [t.EV_LEDGER_MIRROR_OPENED]


def test_two_that_are_equal_take_nothing_from_each_other(fs) -> None:
    ledger = begun()
    remark(ledger, 4)
    run(*mirror_of(fs, ledger)[:2])
    mirror, still, events = mirror_of(fs, Ledger(ledger._store))
    run(mirror, still)
    assert ids(events) == [t.EV_LEDGER_MIRROR_OPENED] and not mirror.wanted


def test_a_file_whose_name_comes_before_all_others_is_not_passed_over(fs) -> None:
    run(*mirror_of(fs, begun())[:2])
    fs.rename(ledger_mirror.name_of(1), ledger_mirror.FOLDER + "/0000")
    again, _, events = mirror_of(fs, Ledger(MemoryStore(RING)))
    assert again.state == ledger_mirror.UNREADABLE
    assert ids(events) == [t.EV_LEDGER_MIRROR_DIFFERS]


@pytest.mark.parametrize("records", (3, 250))
def test_beside_a_memory_that_cannot_be_read_the_mirror_stays_as_it_is(fs, records: int) -> None:
    """It may be the only history that is left: it is offered, and compared with nothing."""
    ledger = begun()
    ledger.elsewhere = 10_000
    remark(ledger, records)
    store = ledger._store
    place = len(store.data) - RING + 64 + 2 * 1120 + (ledger.count + 9) % 200 * RECORD_BYTES
    store.data[place : place + 8] = b"\xa5\x01\x07\x01" + (9).to_bytes(4, "little")
    unreadable = Ledger(store)
    assert unreadable.state == UNREADABLE and unreadable.count == ledger.count
    mirror, _, events = mirror_of(fs, unreadable)
    assert (mirror.state, mirror.count, ids(events)) == (
        ledger_mirror.GOOD,
        0,
        [t.EV_LEDGER_MIRROR_OPENED],
    )
    other = begun()
    remark(other, 1)
    run(*mirror_of(fs, other)[:2])
    mirror, _, events = mirror_of(fs, Ledger(store))
    assert (mirror.state, mirror.count, mirror.wanted) == (ledger_mirror.GOOD, 2, False)
    assert ids(events) == [t.EV_LEDGER_MIRROR_OPENED]


def test_a_file_that_was_cut_short_since_the_start_gives_no_record_and_is_not_made_longer(fs) -> None:
    ledger = begun()
    old = MemoryStore(RING)
    old.data[:] = ledger._store.data
    remark(ledger, 3)
    run(*mirror_of(fs, ledger)[:2])
    behind = Ledger(old)
    mirror, still, _ = mirror_of(fs, behind)
    assert mirror.wanted and behind.count == 1
    with fs.open(ledger_mirror.name_of(1), "rb") as file:
        data = file.read(RECORD_BYTES + 20)
    with fs.open(ledger_mirror.name_of(1), "wb") as file:
        file.write(data)
    assert not mirror.read_raw(2, bytearray(RECORD_BYTES))
    run(mirror, still)
    assert (behind.count, mirror.wanted) == (1, False)
    assert fs.stat(ledger_mirror.name_of(1))[6] == RECORD_BYTES + 20
    writes = []

    class Watched(Failing):
        def open(self, path: str, mode: str):
            writes.append(mode)
            return self._fs.open(path, mode)

    mirror._fs = Watched(fs, "")
    run(mirror, still)
    assert not writes, "nothing to give and nothing to keep"
