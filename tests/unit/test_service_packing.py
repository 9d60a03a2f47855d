"""Packed telemetry: what goes in comes out, bit for bit as docs/wire.md says, and it is short."""

from __future__ import annotations

import random
from array import array

from hypothesis import given, settings
from hypothesis import strategies as st

from rochette.services.packing import SAMPLE_BYTES_MAX, Packer

BOUND = 1 << 29


class Bits:
    """Reads bits, the most significant first."""

    def __init__(self, data: bytes) -> None:
        self.text = "".join(f"{byte:08b}" for byte in data)
        self.at = 0

    def take(self, count: int) -> int:
        piece = self.text[self.at : self.at + count]
        assert len(piece) == count, "the frame is too short for what it says"
        self.at += count
        return int(piece, 2) if count else 0


class Unpacker:
    """The other end, written from docs/wire.md."""

    def __init__(self, channels: int) -> None:
        self.last = [0] * channels
        self.mean = [0] * channels

    def read(self, data: bytes, samples: int, key: bool) -> list[list[int]]:
        bits = Bits(data)
        rows = []
        for n in range(samples):
            rows.append([self._value(bits, channel, key and n == 0) for channel in range(len(self.last))])
        assert set(bits.text[bits.at :]) <= {"0"} and len(bits.text) - bits.at < 8
        return rows

    def _value(self, bits: Bits, channel: int, key: bool) -> int:
        if key:
            self.last[channel] = _signed(bits.take(bits.take(6)))
            self.mean[channel] = 0
            return self.last[channel]
        mean = self.mean[channel]
        k = (mean >> 4).bit_length()
        ones = 0
        while ones < 10 and bits.take(1):
            ones += 1
        z = bits.take(bits.take(6)) if ones == 10 else ones << k | bits.take(k)
        self.mean[channel] = mean - (mean >> 3) + min(z, 8191)
        self.last[channel] += _signed(z)
        return self.last[channel]


def _signed(z: int) -> int:
    return -((z + 1) >> 1) if z & 1 else z >> 1


def clipped(rows: list[list[int]]) -> list[list[int]]:
    return [[max(-BOUND, min(value, BOUND - 1)) for value in row] for row in rows]


numbers = st.one_of(st.integers(-20, 20), st.integers(-5000, 5000), st.integers(-(2**31), 2**31 - 1))


@settings(max_examples=200)
@given(st.lists(st.lists(numbers, min_size=3, max_size=3), min_size=1, max_size=40), st.integers(1, 8))
def test_what_is_packed_comes_out(rows: list[list[int]], a_frame: int) -> None:
    packer, unpacker = Packer(bytes((2, 0, 1)), 240), Unpacker(3)
    read: list[list[int]] = []
    for n, row in enumerate(rows):
        packer.add(array("i", row))
        if packer.samples == a_frame or packer.full or n == len(rows) - 1:
            assert packer.is_key == (not read)
            read += unpacker.read(bytes(packer.bits[: packer.length]), packer.samples, packer.is_key)
            packer.clear()
    assert read == clipped([[row[2], row[0], row[1]] for row in rows])


def test_a_key_frame_can_be_read_without_any_before_it() -> None:
    packer = Packer(bytes((0, 1)), 240)
    for value in range(10):
        packer.add(array("i", [value, -value]))
    packer.clear()
    packer.want_key()
    packer.add(array("i", [1000, -1000]))
    packer.add(array("i", [1001, -1001]))
    assert packer.is_key
    rows = Unpacker(2).read(bytes(packer.bits[: packer.length]), 2, True)
    assert rows == [[1000, -1000], [1001, -1001]]


def test_a_frame_never_grows_over_its_bytes() -> None:
    draw = random.Random(5)
    packer = Packer(bytes(range(16)), 240)
    added = 0
    for _ in range(500):
        if packer.full:
            packer.clear()
        packer.add(array("i", [draw.choice((2**31 - 1, -(2**31), 0)) for _ in range(16)]))
        assert packer.length <= 240
        added += 1
    assert added == 500
    assert SAMPLE_BYTES_MAX == 16 * 47 // 8


def test_what_stands_still_costs_a_bit_a_channel() -> None:
    packer = Packer(bytes(range(12)), 240)
    row = array("i", range(1000, 1012))
    packer.add(row)
    packer.clear()
    for _ in range(20):
        packer.add(row)
    assert packer.length == (20 * 12 + 7) // 8


def test_noise_costs_what_its_size_is() -> None:
    draw = random.Random(7)
    packer = Packer(bytes(range(12)), 4000)
    for _ in range(400):
        packer.add(array("i", [1_000_000 + draw.randrange(-15, 16) for _ in range(12)]))
    bits = packer.length * 8 / (400 * 12)
    assert bits < 7, f"{bits:.2f} bits for a difference of some ten"
