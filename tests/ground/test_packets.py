"""Frames, packets, packed telemetry, files and sequences, byte for byte."""

from __future__ import annotations

import random
import struct
import subprocess
import sys
from binascii import crc32
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.ground import bench, files, sequence
from host_tools.ground.errors import BadArgument, SequenceError
from host_tools.ground.framing import FRAME_MAX, Deframer, frame
from host_tools.ground.packed import Unpacker
from host_tools.ground.packets import PacketError, Schema, Time
from host_tools.ground.schema import DICTIONARY, Names

# ---- frames --------------------------------------------------------------------------------------------


def test_a_frame_byte_for_byte() -> None:
    """RFC 1662's own check value: the FCS-32 of "123456789" is CBF43926, least significant byte first."""
    assert frame(b"123456789") == b"\x7e123456789" + bytes.fromhex("2639f4cb") + b"\x7e"
    assert frame(b"\x03\x7d\x7e\x11\x13\x00\x20")[:14] == bytes.fromhex("7e7d237d5d7d5e7d317d337d2020")


@given(st.binary(min_size=1, max_size=300), st.binary(max_size=40), st.integers(1, 50))
def test_frames_come_through_whatever_stands_between_them(content: bytes, text: bytes, piece: int) -> None:
    stream = frame(content) + text.replace(b"\x7e", b"") + frame(content)
    assert 3 not in frame(content)
    deframer = Deframer()
    found = []
    for at in range(0, len(stream), piece):
        found += deframer.feed(stream[at : at + piece])
    assert found == [content, content]


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_bytes_are_a_frame_by_chance_or_raise(chunks: list[bytes]) -> None:
    deframer = Deframer()
    for chunk in chunks:
        assert deframer.feed(chunk) == []


def test_one_wrong_bit_costs_one_frame() -> None:
    contents = [bytes([n]) * 20 for n in range(1, 30)]
    stream = bytearray(b"".join(frame(content) for content in contents))
    stream[100] ^= 0x40
    found = Deframer().feed(bytes(stream))
    assert len(found) >= 27
    assert all(content in contents for content in found)


def test_endless_text_does_not_pile_up() -> None:
    deframer = Deframer()
    for _ in range(100):
        assert deframer.feed(b"x" * 1000) == []
    assert len(deframer.take_text()) <= Deframer.TEXT_MAX
    assert deframer.feed(b"\x7e" + frame(b"hello")) == [b"hello"]
    assert FRAME_MAX < 8192


# ---- F Prime's packets ---------------------------------------------------------------------------------

_U8 = {"name": "U8", "kind": "integer", "size": 8, "signed": False}
_U32 = {"name": "U32", "kind": "integer", "size": 32, "signed": False}
_F32 = {"name": "F32", "kind": "float", "size": 32}


def small_dictionary() -> Schema:
    """A dictionary of three channels, an event and a command, as F Prime writes them."""
    channels = [("t.State", 0x200, _U8), ("t.Torque", 0x201, _F32), ("t.Depth", 0x202, _F32)]
    text = {"kind": "string", "name": "string", "size": 20}
    return Schema(
        {
            "typeDefinitions": [],
            "commands": [
                {"name": "t.NO_OP", "opcode": 0x100, "formalParams": []},
                {"name": "t.SAY", "opcode": 0x101, "formalParams": [{"name": "words", "type": text}]},
            ],
            "events": [
                {
                    "name": "cmdDisp.OpCodeCompleted",
                    "id": 0x101,
                    "severity": "COMMAND",
                    "format": "Opcode 0x{x} completed",
                    "formalParams": [{"name": "opcode", "type": _U32}],
                }
            ],
            "telemetryChannels": [
                {"name": name, "id": number, "type": kind, "format": "{.1f}" if kind is _F32 else "{}"}
                for name, number, kind in channels
            ],
            "telemetryPacketSets": [
                {"name": "s", "members": [{"name": "p", "id": 1, "members": [one[0] for one in channels]}]}
            ],
        }
    )


WHEN = Time(2, 0, 0x6B00EB0E, 123_456)


def test_golden_vectors_of_the_ground_system() -> None:
    """Recorded from fprime-gds 4.4.1."""
    schema = small_dictionary()
    assert schema.command_packet(schema.commands["t.NO_OP"], []).hex() == "000000000100"
    assert schema.command_packet(schema.commands["t.SAY"], ["hi"]).hex() == "00000000010100026869"
    (one,) = schema.samples(bytes.fromhex("0001000002010002006b00eb0e0001e2403f4978d5"))
    assert (one.name, round(one.value, 3), one.time, one.text) == ("t.Torque", 0.787, WHEN, "0.8")
    told = schema.event(bytes.fromhex("0002000001010002006b00eb0e0001e24000000200"))
    assert (told.name, told.values, told.time) == ("cmdDisp.OpCodeCompleted", {"opcode": 0x200}, WHEN)
    assert told.text == "Opcode 0x200 completed"
    packet = bytes.fromhex("000400010002006b00eb0e0001e240013f4978d541dccccd")
    assert [round(sample.value, 3) for sample in schema.samples(packet)] == [1, 0.787, 27.6]


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\x00\x04",
        bytes.fromhex("000400090002006b00eb0e0001e24001"),
        bytes.fromhex("000400010002006b00eb0e0001e240013f4978d541dccccd00"),
        bytes.fromhex("000400010002006b00eb0e0001e240013f4978"),
        bytes.fromhex("0001000009990002006b00eb0e0001e2403f4978d5"),
    ],
)
def test_packets_that_the_dictionary_cannot_explain(packet: bytes) -> None:
    with pytest.raises(PacketError):
        small_dictionary().samples(packet)


@given(st.binary(max_size=80))
def test_any_packet_is_explained_or_refused(packet: bytes) -> None:
    schema = small_dictionary()
    for read in (schema.samples, schema.event):
        try:
            explained = bool(read(packet))
        except PacketError as error:
            explained = bool(str(error))
        assert explained or packet == b"\x00\x01\x00\x00" or len(packet) < 4


def test_the_projects_dictionary_is_whole() -> None:
    names = Names.load()
    assert set(names.words.events) == set(names.schema.events)
    assert set(names.words.channels) == set(names.schema.channels)
    assert set(names.words.commands) <= set(names.schema.opcodes)
    held = [channel.id for packet in names.schema.packets.values() for channel in packet]
    assert sorted(held) == sorted(names.schema.channels), "each channel travels in exactly one packet"
    for command in names.schema.commands.values():
        assert command.name in names.usage(command)


# ---- packed telemetry -------------------------------------------------------------------------------------


class _Writer:
    """The sender's half, written from docs/wire.md."""

    def __init__(self, count: int) -> None:
        self.bits: list[int] = []
        self.last = [0] * count
        self.mean = [0] * count
        self.chain = 0

    def _put(self, value: int, width: int) -> None:
        self.bits += [value >> bit & 1 for bit in range(width - 1, -1, -1)]

    def _whole(self, z: int) -> None:
        self._put(z.bit_length(), 6)
        self._put(z, z.bit_length())

    def frame(self, number: int, rows: list[list[int]], key: bool) -> bytes:
        self.bits = []
        for place, row in enumerate(rows):
            for at, value in enumerate(row):
                if key and place == 0:
                    z = 2 * value if value >= 0 else -2 * value - 1
                    self._whole(z)
                    self.mean[at] = 0
                else:
                    d = value - self.last[at]
                    z = 2 * d if d >= 0 else -2 * d - 1
                    k = (self.mean[at] >> 4).bit_length()
                    if z >> k < 10:
                        self._put((1 << (z >> k)) - 1, z >> k)
                        self._put(0, 1)
                        self._put(z & ((1 << k) - 1), k)
                    else:
                        self._put(0b1111111111, 10)
                        self._whole(z)
                    self.mean[at] += min(z, 8191) - (self.mean[at] >> 3)
                self.last[at] = value
        bits = self.bits + [0] * (-len(self.bits) % 8)
        packed = bytes(
            sum(bit << 7 - n for n, bit in enumerate(bits[i : i + 8])) for i in range(0, len(bits), 8)
        )
        head = struct.pack(">BBBBBIB", number, int(key), self.chain, len(rows), 20, 100, 90)
        self.chain = (self.chain + 1) & 0xFF
        return head + packed


def packed_schema() -> Schema:
    signed = {"name": "I32", "kind": "integer", "size": 32, "signed": True}
    channels = [("a.X", 1, signed), ("a.Y", 2, signed), ("a.Z", 3, _U8)]
    data: dict[str, Any] = {"typeDefinitions": [], "commands": [], "events": []}
    data["telemetryChannels"] = [{"name": n, "id": i, "type": t} for n, i, t in channels]
    packet = {"name": "p", "id": 7, "members": [one[0] for one in channels]}
    data["telemetryPacketSets"] = [{"name": "s", "members": [packet]}]
    return Schema(data)


def test_packed_telemetry_comes_out_as_it_went_in() -> None:
    schema, chance = packed_schema(), random.Random(3)
    writer, unpacker = _Writer(3), Unpacker(schema)
    x = y = 0
    for turn in range(40):
        rows = []
        for _ in range(5):
            x += chance.randrange(-40, 41)
            y = chance.randrange(-(2**31), 2**31) if chance.randrange(9) == 0 else y
            rows.append([x, y, chance.randrange(256)])
        packets = unpacker.unpack(writer.frame(7, rows, turn % 16 == 0))
        assert packets is not None
        samples = [schema.samples(packet) for packet in packets]
        assert [[one.value for one in sample] for sample in samples] == rows
        assert [sample[0].time.ms for sample in samples] == [100_900 + 200 * n for n in range(5)]
        assert samples[0][0].time.base == 1


def test_a_lost_frame_of_packed_telemetry_is_noticed() -> None:
    writer, unpacker = _Writer(3), Unpacker(packed_schema())
    assert unpacker.unpack(writer.frame(7, [[1, 2, 3]], False)) is None
    assert unpacker.unpack(writer.frame(7, [[1, 2, 3]], True)) is not None
    writer.frame(7, [[2, 2, 3]], False)
    assert unpacker.unpack(writer.frame(7, [[3, 2, 3]], False)) is None
    assert unpacker.unpack(writer.frame(7, [[4, 2, 3]], False)) is None, "not before a KEY"
    assert unpacker.unpack(writer.frame(7, [[5, 2, 3]], True)) is not None


@given(st.binary(max_size=60))
def test_packed_nonsense_is_refused(body: bytes) -> None:
    unpacker = Unpacker(packed_schema())
    try:
        unpacker.unpack(body)
    except PacketError as error:
        assert str(error)


# ---- files ------------------------------------------------------------------------------------------------


@given(st.binary(max_size=2000), st.integers(40, 300))
def test_a_file_goes_through_its_packets(data: bytes, packet_max: int) -> None:
    receiver = files.Receiver()
    for packet in files.packets_of(data, "here.bin", "there.bin", packet_max):
        assert len(packet) <= max(packet_max, 40)
        receiver.take(packet)
    assert receiver.done and receiver.data == data and receiver.source == "here.bin"


def test_a_hole_is_never_a_file() -> None:
    packets = list(files.packets_of(bytes(range(200)), "a", "b", 60))
    for missing in range(1, len(packets)):
        receiver = files.Receiver()
        for at, packet in enumerate(packets):
            if at != missing:
                receiver.take(packet)
        assert not receiver.done
        assert receiver.failure or missing == len(packets) - 1
    changed = bytearray(packets[2])
    changed[-1] ^= 1
    receiver = files.Receiver()
    for packet in [*packets[:2], bytes(changed), *packets[3:]]:
        receiver.take(packet)
    assert receiver.failure == "its sum is wrong"


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 25, "sp ace", "caf\u00e9"])
def test_names_that_no_payload_takes(name: str) -> None:
    with pytest.raises(BadArgument, match="cannot be a file's name"):
        files.check_name(name)


# ---- sequences --------------------------------------------------------------------------------------------

GOOD = """; four commands
R00:00:00 system.NO_OP
R00:00:01.5 link.ARM {acquire}
R00:00:01.5 sample.ACQUIRE 3, 66000
A2027-123T12:00:00 camera.ASSESS 1, PRESENT, 900
"""
ACQUIRE = Names.load().command("sample.ACQUIRE").opcode


def test_a_sequence_is_what_the_ground_systems_own_compiler_makes(tmp_path: Path) -> None:
    text = tmp_path / "three.seq"
    text.write_text(GOOD.format(acquire=ACQUIRE))
    ours = sequence.compiled(sequence.read(text, Names.load()))
    theirs = tmp_path / "three.bin"
    tool = Path(sys.executable).with_name("fprime-seqgen")
    command = [tool, "--dictionary", DICTIONARY, text, theirs]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ours[11:][:-4] == theirs.read_bytes()[11:][:-4]
    size, count = struct.unpack_from(">II", ours)
    assert (size, count) == (len(ours) - 11, 4)
    assert struct.unpack(">I", ours[-4:])[0] == crc32(ours[:-4])


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("R00:00:00 link.ARM sample.ACQUIRE\nR00:00:05 sample.ACQUIRE 1, 5000\n", ""),
        ("R00:00:05 sample.ACQUIRE 1, 5000\n", "the line before it must be link.ARM sample.ACQUIRE"),
        ("R00:00:00 link.ARM feed.JOG\nR00:00:05 sample.ACQUIRE 1, 5000\n", "the line before it must be"),
        ("R00:00:00 link.ARM sample.ACQUIRE\nR00:10:00 sample.ACQUIRE 1, 5000\n", "within 30 s"),
        ("R00:00:00 link.ARM sample.AQUIRE\n", "near it: sample.ACQUIRE"),
    ],
)
def test_a_hazardous_step_needs_its_arming_before_it(tmp_path: Path, lines: str, words: str) -> None:
    text = tmp_path / "armed.seq"
    text.write_text(lines)
    if not words:
        assert len(sequence.read(text, Names.load())) == 2
        return
    with pytest.raises(SequenceError, match=words):
        sequence.read(text, Names.load())


def test_every_wrong_line_of_a_sequence_is_named(tmp_path: Path) -> None:
    text = tmp_path / "bad.seq"
    text.write_text(
        "R00:00:00 system.NOOP\nnow system.NO_OP\nR00:00:01 sample.ACQUIRE 3\nR00:61:00 system.NO_OP\n"
    )
    with pytest.raises(SequenceError) as wrong:
        sequence.read(text, Names.load())
    lines = str(wrong.value).splitlines()
    assert [f"line {n}" in line for n, line in enumerate(lines[:4], 1)] == [True] * 4
    assert "near it: system.NO_OP" in lines[0] and lines[4] == "Nothing was sent."
    text.write_text("; nothing\n")
    with pytest.raises(SequenceError, match="no command in it"):
        sequence.read(text, Names.load())


# ---- the bench --------------------------------------------------------------------------------------------


def test_the_benchs_frames_do_not_reach_the_payload() -> None:
    message = {"t": "fresh", "rock": "basalt", "seed": 5}
    link = frame(b"\x10\x00\x00\x00link")
    stream = b"\x03" + link + bench.frame_of(message, bench.TO_BENCH) + link + link
    for piece in (1, 2, 3, 7, 1000):
        splitter = bench.Splitter()
        rest, messages = b"", []
        for at in range(0, len(stream), piece):
            passed, found = splitter.feed(stream[at : at + piece])
            rest += passed
            messages += found
        assert messages == [message]
        assert Deframer().feed(rest) == [b"\x10\x00\x00\x00link"] * 3
        assert rest.startswith(b"\x03") and rest.endswith(b"\x7e"), "nothing of the payload's is held back"


@given(st.lists(st.binary(max_size=30), max_size=12))
def test_what_is_not_for_the_bench_passes_unchanged(chunks: list[bytes]) -> None:
    splitter = bench.Splitter()
    chunks = [chunk.replace(b"\xb0", b"\xb1") for chunk in chunks]
    assert b"".join(splitter.feed(chunk)[0] for chunk in chunks) == b"".join(chunks)
