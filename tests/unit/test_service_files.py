"""Files to and from the ground: nothing with a hole is ever a file, and each refusal has its own word."""

from __future__ import annotations

import binascii
import copy
import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rochette.ground import PARAMETERS_FILE
from rochette.services import file_store
from rochette.services.file_store import OsFiles, RamFiles
from rochette.services.files import CfdpSum
from rochette.tables import (
    CMD_FILES_CANCEL,
    CMD_FILES_LIST,
    CMD_FILES_REMOVE,
    CMD_FILES_SEND,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_OK,
    COMMAND_RESULT_VALIDATION,
    EV_FILES_LIST_END,
    EV_FILES_LISTED,
    EV_FILES_NOT_RECEIVED,
    EV_FILES_NOT_SENT,
    EV_FILES_RECEIVED,
    EV_FILES_REFUSED,
    EV_FILES_REMOVED,
    EV_FILES_SENT,
    EV_FILES_STORED,
    EV_START_FILES_VOLATILE,
    FILE_REASON_BUSY,
    FILE_REASON_CANCELLED,
    FILE_REASON_EXISTS,
    FILE_REASON_GAP,
    FILE_REASON_LINK,
    FILE_REASON_MISSING,
    FILE_REASON_NAME,
    FILE_REASON_NOT_STARTED,
    FILE_REASON_READ_ONLY,
    FILE_REASON_SIZE,
    FILE_REASON_SPACE,
    FILE_REASON_STORE,
    FILE_REASON_SUM,
    PARAMETER_DEFAULTS,
    PARAMETER_IDS,
)
from tests.unit.ground_bench import BOARD, Bench
from tests.unit.wire_ground import Ground


def cfdp(data: bytes) -> int:
    """CFDP's sum, as plainly as it can be said: zero-padded words, added."""
    padded = data + bytes(-len(data) % 4)
    return sum(struct.unpack(f">{len(padded) // 4}I", padded)) & 0xFFFFFFFF


def start(size: int, name: str | bytes, source: bytes = b"host") -> bytes:
    name = name.encode() if isinstance(name, str) else name
    return struct.pack(">HBIIB", 3, 0, 0, size, len(source)) + source + bytes((len(name),)) + name


def data(number: int, offset: int, piece: bytes) -> bytes:
    return struct.pack(">HBIIH", 3, 1, number, offset, len(piece)) + piece


def end(number: int, total: int) -> bytes:
    return struct.pack(">HBII", 3, 2, number, total)


CANCEL = struct.pack(">HBI", 3, 3, 0)


def packets(content: bytes, name: str = "file.bin", piece: int = 200) -> list[bytes]:
    out = [start(len(content), name)]
    for number, offset in enumerate(range(0, len(content), piece), 1):
        out.append(data(number, offset, content[offset : offset + piece]))
    return [*out, end(len(out), cfdp(content))]


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ground(bench: Bench) -> Ground:
    ground = Ground(bench)
    ground.connect()
    return ground


def upload(ground: Ground, parts: list[bytes]) -> None:
    for part in parts:
        ground.reliable(part)
        ground.hear()
    ground.hear()


def why_not(bench: Bench) -> list[int]:
    return [row[2] for row in bench.seen(EV_FILES_NOT_RECEIVED)]


# ---- up


@pytest.mark.parametrize("size", [0, 1, 3, 200, 201, 1000, 4096])
def test_a_file_is_stored_and_told_with_its_crc(bench: Bench, ground: Ground, size: int) -> None:
    content = random.Random(size).randbytes(size)
    upload(ground, packets(content))
    crc = binascii.crc32(content)
    assert [row[2:] for row in bench.seen(EV_FILES_STORED)] == [[size, crc >> 16, crc & 0xFFFF]]
    assert len(bench.seen(EV_FILES_RECEIVED)) == 1 and why_not(bench) == []
    assert bench.ground.files.store._files["file.bin"] == content
    told = next(
        packet for _, _, packet in ground.events if packet[2:6] == EV_FILES_RECEIVED.to_bytes(4, "big")
    )
    assert told[17:] == b"\x00\x08file.bin"


@pytest.mark.parametrize(
    ("name", "size", "reason"),
    [
        ("../boot.py", 10, FILE_REASON_NAME),
        ("/etc/x", 10, FILE_REASON_NAME),
        ("", 10, FILE_REASON_NAME),
        (".x", 10, FILE_REASON_NAME),
        ("x" * 25, 10, FILE_REASON_NAME),
        (b"\xff\x00", 10, FILE_REASON_NAME),
        ("there", 10, FILE_REASON_EXISTS),
        (PARAMETERS_FILE, 10, FILE_REASON_READ_ONLY),
        ("big", 4097, FILE_REASON_SPACE),
        ("big", 0xFFFFFFFF, FILE_REASON_SPACE),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_by_name_at_once(
    bench: Bench, ground: Ground, name: str | bytes, size: int, reason: int
) -> None:
    bench.ground.files.store.save("there", b"abc", 3)
    upload(ground, [start(size, name), data(1, 0, bytes(10)), end(2, 0)])
    assert why_not(bench) == [reason], "once, and not for each piece"
    assert bench.ground.files.store.names() == ["there"]
    upload(ground, packets(b"after it", "next"))
    assert bench.ground.files.store.size("next") == 8


def test_a_full_store_is_told(bench: Bench, ground: Ground) -> None:
    bench.ground.files.store.capacity = 100
    upload(ground, packets(bytes(101)))
    assert why_not(bench) == [FILE_REASON_SPACE]


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda parts: [*parts[:2], *parts[3:]], FILE_REASON_GAP),
        (lambda parts: [*parts[:2], parts[1], *parts[2:]], FILE_REASON_GAP),
        (lambda parts: [parts[0], parts[2], parts[1], *parts[3:]], FILE_REASON_GAP),
        (lambda parts: [*parts[:-2], parts[-1]], FILE_REASON_GAP),
        (lambda parts: [*parts[:3], end(3, 0)], FILE_REASON_SIZE),
        (lambda parts: [parts[0], data(1, 0, bytes(300)) + b"x", *parts[2:]], FILE_REASON_SIZE),
        (lambda parts: [*parts[:-1], end(6, 5)], FILE_REASON_SUM),
        (lambda parts: [*parts[:3], CANCEL], FILE_REASON_CANCELLED),
        (lambda parts: parts[1:], FILE_REASON_NOT_STARTED),
        (lambda parts: [start(500, "file.bin"), *parts[1:]], FILE_REASON_SIZE),
    ],
)
def test_a_hole_is_never_a_file(bench: Bench, ground: Ground, spoil, reason: int) -> None:
    content = random.Random(1).randbytes(1000)
    upload(ground, spoil(packets(content)))
    assert why_not(bench) == [reason]
    assert bench.seen(EV_FILES_RECEIVED, EV_FILES_STORED) == []
    assert bench.ground.files.store.names() == []
    upload(ground, packets(content))
    assert bench.ground.files.store._files["file.bin"] == content, "the next try is a file"


def test_another_file_in_the_middle_of_one_is_refused(bench: Bench, ground: Ground) -> None:
    parts = packets(bytes(500), "one")
    upload(ground, [*parts[:2], start(5, "two"), *parts[2:]])
    assert why_not(bench) == [FILE_REASON_BUSY]
    assert bench.ground.files.store.names() == ["one"]


def test_nothing_is_written_while_something_moves(bench: Bench, ground: Ground) -> None:
    bench.payload.rail.is_on = True
    upload(ground, packets(b"sequence"))
    ground.hear(50)
    assert bench.ground.files.store.names() == [] and bench.seen(EV_FILES_RECEIVED) == []
    upload(ground, [start(3, "two")])
    assert why_not(bench) == [FILE_REASON_BUSY]
    bench.payload.rail.is_on = False
    ground.hear()
    assert bench.ground.files.store.names() == ["file.bin"]
    assert len(bench.seen(EV_FILES_RECEIVED)) == 1


def test_a_new_session_ends_a_transfer(bench: Bench, ground: Ground) -> None:
    upload(ground, packets(bytes(1000))[:3])
    Ground(bench, nonce=3).connect()
    assert why_not(bench) == [FILE_REASON_LINK]


class Failing(RamFiles):
    """A store that fails when it is touched."""

    def save(self, name: str, buffer: object, count: int) -> None:
        raise OSError(5)

    def remove(self, name: str) -> None:
        raise OSError(5)

    def read_into(self, name: str, offset: int, buffer: object, count: int) -> int:
        raise OSError(5)


def test_a_store_that_fails_is_named(bench: Bench, ground: Ground) -> None:
    bench.ground.files.store = Failing()
    bench.ground.files.store._files["old"] = b"1"
    upload(ground, packets(b"abc"))
    assert why_not(bench) == [FILE_REASON_STORE]
    ground.command(CMD_FILES_SEND, "old")
    ground.hear(3)
    assert [row[2] for row in bench.seen(EV_FILES_NOT_SENT)] == [FILE_REASON_STORE]
    assert ground.packets[-1] == struct.pack(">HBI", 3, 3, 1), "the ground is told to give up as well"
    ground.command(CMD_FILES_REMOVE, "old")
    ground.hear(3)
    ground.command(CMD_FILES_LIST)
    ground.hear(5)
    assert [row[2] for row in bench.seen(EV_FILES_REFUSED)] == [FILE_REASON_STORE] * 2


# ---- down


def received(ground: Ground) -> bytes:
    """Put the file packets that came together."""
    parts = ground.packets
    size = int.from_bytes(parts[0][7:11], "big")
    content = b""
    for number, part in enumerate(parts[1:-1], 1):
        kind, got, offset, length = struct.unpack(">BIIH", part[2:13])
        assert (kind, got, offset) == (1, number, len(content))
        content += part[13 : 13 + length]
    assert parts[-1][2] == 2 and int.from_bytes(parts[-1][7:], "big") == cfdp(content)
    assert len(content) == size
    return content


def fetch(ground: Ground, name: str, ticks: int = 200) -> None:
    ground.command(CMD_FILES_SEND, name)
    for _ in range(ticks):
        ground.hear()
        ground.ack()


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 5000])
def test_a_file_is_sent_and_its_command_ends_when_all_of_it_has_arrived(
    bench: Bench, ground: Ground, size: int
) -> None:
    content = random.Random(size).randbytes(size)
    bench.ground.files.store.save("core.log", content, size)
    ground.command(CMD_FILES_SEND, "core.log")
    ground.hear(30)
    assert bench.seen(EV_FILES_SENT) == [], "nothing is acknowledged yet"
    for _ in range(60):
        ground.ack()
        ground.hear()
    assert received(ground) == content
    crc = binascii.crc32(content)
    assert [row[2:] for row in bench.seen(EV_FILES_SENT)] == [[size, crc >> 16, crc & 0xFFFF]]
    assert [(a.state, a.result) for a in ground.answers] == [(1, 0), (2, COMMAND_RESULT_OK)]


def test_parameters_are_a_file(bench: Bench, ground: Ground) -> None:
    fetch(ground, PARAMETERS_FILE)
    content = received(ground)
    rows = [struct.unpack_from(">Ii", content, at) for at in range(0, len(content), 8)]
    assert rows == list(zip(PARAMETER_IDS, PARAMETER_DEFAULTS, strict=True))


def test_an_offered_file_is_sent_as_it_is(bench: Bench, ground: Ground) -> None:
    content = random.Random(3).randbytes(3000)

    def read_into(offset: int, buffer: bytearray, count: int) -> int:
        piece = content[offset : offset + min(count, 100)]
        buffer[: len(piece)] = piece
        return len(piece)

    bench.ground.files.offer("picture-1.png", lambda: len(content), read_into)
    fetch(ground, "picture-1.png")
    assert received(ground) == content
    with pytest.raises(ValueError, match="no name for a file"):
        bench.ground.files.offer("a/b", lambda: 0, read_into)


def test_a_file_that_shrinks_while_it_is_sent_is_given_up(bench: Bench, ground: Ground) -> None:
    bench.ground.files.store.save("log", bytes(5000), 5000)
    ground.command(CMD_FILES_SEND, "log")
    ground.hear(3)
    bench.ground.files.store._files["log"] = bytes(600)
    for _ in range(20):
        ground.ack()
        ground.hear()
    assert [row[2] for row in bench.seen(EV_FILES_NOT_SENT)] == [FILE_REASON_SIZE]
    assert ground.packets[-1][2] == 3


@pytest.mark.parametrize(
    ("opcode", "name", "result", "reason"),
    [
        (CMD_FILES_SEND, "nothing", COMMAND_RESULT_EXECUTION, FILE_REASON_MISSING),
        (CMD_FILES_REMOVE, "nothing", COMMAND_RESULT_EXECUTION, FILE_REASON_MISSING),
        (CMD_FILES_REMOVE, PARAMETERS_FILE, COMMAND_RESULT_EXECUTION, FILE_REASON_READ_ONLY),
        (CMD_FILES_SEND, "../x", COMMAND_RESULT_VALIDATION, FILE_REASON_NAME),
        (CMD_FILES_REMOVE, "a/b", COMMAND_RESULT_VALIDATION, FILE_REASON_NAME),
    ],
)
def test_a_wrong_name_has_its_own_answer(
    bench: Bench, ground: Ground, opcode: int, name: str, result: int, reason: int
) -> None:
    ground.command(opcode, name)
    ground.hear(2)
    answer = ground.answers[-1]
    assert (answer.result, answer.argument, answer.value) == (result, 1, reason)
    said = [row[2] for row in bench.seen(EV_FILES_REFUSED)]
    assert said == ([reason] if result == COMMAND_RESULT_EXECUTION else [])


def test_one_file_at_a_time_and_it_can_be_cancelled(bench: Bench, ground: Ground) -> None:
    bench.ground.files.store.save("log", bytes(5000), 5000)
    ground.command(CMD_FILES_SEND, "log")
    ground.command(CMD_FILES_SEND, "log")
    ground.hear(4)
    assert ground.answers[-1].result == COMMAND_RESULT_BUSY
    ground.command(CMD_FILES_CANCEL)
    ground.hear(3)
    ground.ack()
    ground.hear(2)
    assert [row[2] for row in bench.seen(EV_FILES_NOT_SENT)] == [FILE_REASON_CANCELLED]
    assert ground.packets[-1][2] == 3


def test_cancel_ends_an_upload_too(bench: Bench, ground: Ground) -> None:
    upload(ground, packets(bytes(1000))[:3])
    ground.command(CMD_FILES_CANCEL)
    ground.hear()
    assert why_not(bench) == [FILE_REASON_CANCELLED]


def test_a_new_session_ends_a_download(bench: Bench, ground: Ground) -> None:
    bench.ground.files.store.save("log", bytes(5000), 5000)
    ground.command(CMD_FILES_SEND, "log")
    ground.hear(3)
    other = Ground(bench, nonce=3)
    other.connect()
    assert [row[2] for row in bench.seen(EV_FILES_NOT_SENT)] == [FILE_REASON_LINK]
    fetch(other, "log")
    assert received(other) == bytes(5000)


# ---- list, remove


def test_all_files_are_listed_with_size_and_crc(bench: Bench, ground: Ground) -> None:
    store = bench.ground.files.store
    store.save("b", b"123456789", 9)
    store.save("a", bytes(700), 700)
    ground.command(CMD_FILES_LIST)
    ground.hear(40)
    rows = bench.seen(EV_FILES_LISTED)
    assert [row[2] for row in rows] == [700, 9, 8 * len(PARAMETER_IDS)]
    assert rows[1][3] << 16 | rows[1][4] == 0xCBF43926
    assert bench.seen(EV_FILES_LIST_END)[0][1:3] == [3, 16384 - 709]
    assert [(a.state, a.result) for a in ground.answers] == [(1, 0), (2, 0)]


def test_a_file_is_removed_when_nothing_moves(bench: Bench, ground: Ground) -> None:
    bench.ground.files.store.save("a", b"1", 1)
    bench.payload.rail.is_on = True
    ground.command(CMD_FILES_REMOVE, "a")
    ground.hear(10)
    assert bench.ground.files.store.names() == ["a"]
    bench.payload.rail.is_on = False
    ground.hear(3)
    assert bench.ground.files.store.names() == []
    assert len(bench.seen(EV_FILES_REMOVED)) == 1 and ground.answers[-1].state == 2


# ---- parts


@given(st.binary(max_size=300), st.integers(1, 50))
def test_the_checksum_is_cfdps_in_any_pieces(content: bytes, piece: int) -> None:
    total = CfdpSum()
    for offset in range(0, len(content), piece):
        total.add(content, offset, min(piece, len(content) - offset), offset)
    assert total.high << 16 | total.low == cfdp(content)


@settings(max_examples=200)
@given(st.lists(st.binary(max_size=40), max_size=10))
def test_no_packet_raises_or_makes_a_file(junk: list[bytes]) -> None:
    bench = Bench()
    files = bench.ground.files
    for one in junk:
        packet = b"\x00\x03" + one
        files.take(packet, 0, len(packet))
        files.tick()
    assert [name for name in files.store.names() if files.store.size(name)] == []


@pytest.mark.parametrize(
    "make", [lambda folder: RamFiles(4000), lambda folder: OsFiles(str(folder / "files"))]
)
def test_both_stores_keep_the_same_promises(make, tmp_path) -> None:
    store = make(tmp_path)
    assert store.names() == [] and store.size("a") == -1
    store.save("b", bytearray(b"hello world"), 5)
    store.save("a", b"", 0)
    assert store.names() == ["a", "b"] and store.size("b") == 5
    buffer = bytearray(8)
    assert store.read_into("b", 1, buffer, 3) == 3 and bytes(buffer[:3]) == b"ell"
    assert store.read_into("b", 4, buffer, 8) == 1
    assert store.read_into("b", 5, buffer, 8) == 0
    store.save("b", b"new", 3)
    assert store.size("b") == 3
    store.remove("b")
    assert store.names() == ["a"] and store.free() > 0
    for call in (lambda: store.remove("b"), lambda: store.read_into("b", 0, buffer, 1)):
        with pytest.raises(OSError):
            call()


def test_a_draft_that_a_power_cut_left_is_gone_at_the_next_start(tmp_path) -> None:
    store = OsFiles(str(tmp_path / "files"))
    store.save("a", b"1", 1)
    (tmp_path / "files" / ".a").write_bytes(b"half")
    assert store.names() == ["a"]
    assert OsFiles(str(tmp_path / "files")).names() == ["a"]
    assert not (tmp_path / "files" / ".a").exists()


@pytest.mark.parametrize("why", ("no such place", "a file stands there", "no list"))
def test_where_the_flash_cannot_be_used_files_are_in_ram_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    folder = tmp_path / "files"
    if why == "no such place":
        folder = tmp_path / "missing" / "files"
    elif why == "a file stands there":
        folder.write_bytes(b"somebody's own")
    else:
        folder.mkdir()

        def fails(_path: str) -> list[str]:
            raise OSError(5)

        monkeypatch.setattr(file_store.os, "listdir", fails)
    board = copy.deepcopy(BOARD)
    board["link"]["files"]["folder"] = str(folder)
    one = Bench(board)
    store = one.ground.files.store
    assert len(one.seen(EV_START_FILES_VOLATILE)) == 1 and isinstance(store, RamFiles)
    store.save("notes", b"kept in RAM", 11)
    assert store.size("notes") == 11
    monkeypatch.undo()
    if why == "a file stands there":
        assert folder.read_bytes() == b"somebody's own"
    else:
        assert not folder.exists() or not list(folder.iterdir())


def test_where_the_flash_can_be_used_nothing_is_said(tmp_path: Path) -> None:
    board = copy.deepcopy(BOARD)
    board["link"]["files"]["folder"] = str(tmp_path / "files")
    one = Bench(board)
    assert one.seen(EV_START_FILES_VOLATILE) == [] and isinstance(one.ground.files.store, OsFiles)
    one.ground.files.store.save("notes", b"kept in flash", 13)
    assert (tmp_path / "files" / "notes").read_bytes() == b"kept in flash"
