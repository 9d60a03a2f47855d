"""The line to the ground: bytes a telemetry sample, and how long a command takes to be answered.

A core is drilled on the emulated payload and the twelve channels of the packet CORING are recorded five times
a second; the same rows are then written in each form and framed as they would cross the line. A command's
time is emulated time, from its first byte to the last byte of its answer, at every phase of the tick.
"""

from __future__ import annotations

import binascii
import struct
from array import array
from collections.abc import Callable
from typing import Any

from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.emulator import loader
from host_tools.run.runner import Asked, make_spec

ROCK = "sandstone"
SEED = 1
HEADER_BYTES = 4
PACKED_HEAD_BYTES = 10
SAMPLE_TICKS = 20
COMMANDS = 200
_ANSWER_US = 1_000_000


class _Deaf:
    """Takes what a run tells, and releases nothing."""

    def columns(self, names: list[str]) -> None:
        """Not needed."""
        return None

    def event(self, event: dict[str, Any]) -> None:
        """Not needed."""
        return None

    def telemetry(self, row: list[int]) -> None:
        """Not needed."""
        return None


def measure(quick: bool) -> list[Figure]:
    """Bytes a sample in each form, and the time of a command."""
    loader.install("emulated")
    rows, channels = record(3 if quick else 20)
    figures = [
        Figure(f"12 channels, packed, {n} samples a frame", packed(rows, channels, n), "bytes", 60, 8, True)
        for n in (5, 10, 20)
    ]
    figures += [
        Figure("  the same rows as one packet of F Prime's a sample", plain(rows, channels), "bytes"),
        Figure("  as F Prime's one packet a channel", one_by_one(rows, channels), "bytes"),
        Figure("  as a CBOR array a sample", cbor(rows, channels), "bytes"),
        Figure("  rows recorded while coring", len(rows), "samples"),
    ]
    mean_ms, worst_ms = round_trip(20 if quick else COMMANDS)
    figures.append(Figure("command to its answer on the emulated line, mean", mean_ms, "ms", 20, 5, True))
    figures.append(Figure("  worst", worst_ms, "ms", 20, 5, True))
    return figures


def _session() -> Any:
    from host_tools.emulator.session import Session

    return Session(make_spec(Asked(rock=ROCK, seed=SEED)), _Deaf())


def record(depth_mm: int) -> tuple[list[array[int]], list[int]]:
    """Telemetry rows every 200 ms while a core is drilled, and the places of CORING's channels in them."""
    from rochette import tables as t

    session = _session()
    session._boot()
    payload = session.payload
    step = payload.executive.step
    orders = [
        (t.CMD_SAMPLE_COMMISSION, ()),
        (t.CMD_SAMPLE_BRING_UP, ()),
        (t.CMD_SAMPLE_ACQUIRE, (1, depth_mm * 1000)),
    ]
    rows: list[array[int]] = []
    try:
        while orders or payload.activities.running:
            if not payload.activities.running:
                payload.commands.submit(*orders.pop(0))
            step()
            if payload.sample.phase > t.PHASE_CORE:
                break
            if payload.sample.phase == t.PHASE_CORE and not payload.executive.tick % SAMPLE_TICKS:
                payload.telemetry.sample_all()
                rows.append(array("i", payload.telemetry.values))
    finally:
        payload.stop()
        session.world.detach()
    return rows, list(t.PACKET_CHANNELS[: t.PACKET_SIZES[0]])


def _framed(content: bytes) -> int:
    """Bytes of a frame on the line, one flag of it: the other belongs to its neighbour."""
    whole = content + struct.pack("<I", binascii.crc32(content))
    return 1 + len(whole) + sum(byte in (0x03, 0x11, 0x13, 0x7D, 0x7E) for byte in whole)


def packed(rows: list[array[int]], channels: list[int], samples: int) -> float:
    """Bytes a sample of the payload's own packing, key frames included."""
    from rochette.services.packing import Packer

    packer = Packer(bytes(channels), 240)
    total = frames = 0
    for n, row in enumerate(rows):
        packer.add(row)
        if packer.samples == samples or packer.full or n == len(rows) - 1:
            head = struct.pack(
                ">BBBBIBBBBIB", 0x12, 4, frames & 255, 0, 0x6B00EB0E, 1, 2, frames & 255, 5, 20, 7
            )
            total += _framed(head[: HEADER_BYTES + PACKED_HEAD_BYTES] + bytes(packer.bits[: packer.length]))
            packer.clear()
            frames += 1
            if frames % 16 == 0:
                packer.want_key()
    return total / len(rows)


def _each(rows: list[array[int]], content: Callable[[list[int]], bytes], channels: list[int]) -> float:
    return sum(_framed(content([row[place] for place in channels])) for row in rows) / len(rows)


_HEAD = bytes((0x12, 3, 0, 0))
_TAG = bytes.fromhex("0002006b00eb0e0001d4c0")


def plain(rows: list[array[int]], channels: list[int]) -> float:
    """Bytes a sample as one packetized telemetry packet of F Prime's."""
    from rochette.tables import CHANNEL_WIDTHS

    def content(values: list[int]) -> bytes:
        out = _HEAD + struct.pack(">HH", 4, 1) + _TAG
        for place, value in zip(channels, values, strict=True):
            out += struct.pack(">i", value) if CHANNEL_WIDTHS[place] == 4 else bytes((value & 0xFF,))
        return out

    return _each(rows, content, channels)


def one_by_one(rows: list[array[int]], channels: list[int]) -> float:
    """Bytes a sample as one channel packet of F Prime's a channel."""

    def one(value: int) -> int:
        return _framed(_HEAD + struct.pack(">HI", 1, 0x201) + _TAG + struct.pack(">i", value))

    return sum(one(row[place]) for row in rows for place in channels) / len(rows)


def cbor(rows: list[array[int]], channels: list[int]) -> float:
    """Bytes a sample as a CBOR array: packet, seconds, hundredths, then the values (RFC 8949)."""

    def whole(value: int) -> bytes:
        kind, size = (0x00, value) if value >= 0 else (0x20, -1 - value)
        if size < 24:
            return bytes((kind | size,))
        for bits, layout in ((24, ">BB"), (25, ">BH"), (26, ">BI")):
            if size < 1 << (8 << (bits - 24)):
                return struct.pack(layout, kind | bits, size)
        raise ValueError(f"{value} has more than 32 bits")

    def content(values: list[int]) -> bytes:
        items = [1, 0x6B00EB0E, 7, *values]
        return _HEAD + bytes((0x80 | len(items),)) + b"".join(whole(item) for item in items)

    return _each(rows, content, channels)


def round_trip(commands: int) -> tuple[float, float]:
    """Mean and worst time of a NO_OP, in emulated milliseconds, over commands at every phase of a tick."""
    from rochette import tables as t
    from rochette.services import framing

    session = _session()
    session._boot()
    payload, clock, line = session.payload, session.world.clock, session.world.serial

    def frame(content: bytes) -> bytes:
        out = bytearray(framing.worst(len(content)))
        return bytes(out[: framing.put(content, len(content), out, 0)])

    times: list[int] = []
    try:
        for _ in range(20):
            payload.executive.step()
        line.host_write(frame(struct.pack(">BBBBBBII", 0x10, 0, 0, 0, 1, 1, 7, 0)))
        for _ in range(20):
            payload.executive.step()
        for number in range(1, commands + 1):
            body = bytes(payload.ground.link.session) + struct.pack(
                ">HHHI", number >> 8, 0, 0, t.CMD_SYSTEM_NO_OP
            )
            data = frame(bytes((0x10, 1, number & 0xFF, 1)) + body)
            begun = clock.now_us + number * 10_000 // commands + 20_000
            clock.at(begun, lambda data=data: line.host_write(data))
            done = payload.events.count + 2
            while payload.events.count < done:
                payload.executive.step()
                if clock.now_us > begun + _ANSWER_US:
                    raise BenchmarkError("a command over the emulated line was not answered")
            times.append(line.all_sent_us() - begun)
            for _ in range(3):
                payload.executive.step()
    finally:
        payload.stop()
        session.world.detach()
    return sum(times) / len(times) / 1000, max(times) / 1000
