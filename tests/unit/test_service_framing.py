"""Framing: RFC 1662 with FCS-32. Nothing that comes in raises, nothing is accepted that was not sent."""

from __future__ import annotations

import binascii

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rochette.services import framing
from rochette.services.crc import Crc32
from tests.unit import wire_ground


def framed(content: bytes) -> bytes:
    out = bytearray(framing.worst(len(content)))
    end = framing.put(content, len(content), out, 0)
    return bytes(out[:end])


def read(data: bytes, pieces: int = 1 << 30) -> tuple[list[bytes], framing.Deframer]:
    """All frames in `data`, which comes in pieces of that many bytes."""
    deframer = framing.Deframer()
    found = []
    for start in range(0, len(data), pieces):
        piece = data[start : start + pieces]
        at = 0
        while at < len(piece):
            at = deframer.feed(piece, at, len(piece))
            if deframer.length:
                found.append(bytes(deframer.content[: deframer.length]))
    return found, deframer


def test_the_bytes_are_those_of_rfc_1662() -> None:
    # The FCS-32 goes least significant byte first.
    content = bytes((0x10, 0x00, 0x05, 0x00, 0x03, 0x7D, 0x7E))
    assert framed(content).startswith(
        bytes((0x7E, 0x10, 0x00, 0x05, 0x00, 0x7D, 0x23, 0x7D, 0x5D, 0x7D, 0x5E))
    )
    assert framed(content) == wire_ground.frame(content)
    assert wire_ground.frames(framed(content)) == [content]


@given(st.binary(min_size=1, max_size=380))
def test_what_is_framed_comes_out_and_never_holds_a_control_byte(content: bytes) -> None:
    data = framed(content)
    assert data == wire_ground.frame(content)
    assert not set(data) & {0x03, 0x11, 0x13}
    assert data.count(0x7E) == 2
    expected = [content] if len(content) >= 4 else []
    assert read(data)[0] == expected


@given(st.lists(st.binary(min_size=4, max_size=60), max_size=6), st.integers(1, 40))
def test_frames_come_in_any_pieces(contents: list[bytes], pieces: int) -> None:
    found, deframer = read(b"".join(framed(content) for content in contents), pieces)
    assert found == contents
    assert (deframer.bad, deframer.good) == (0, len(contents))


@given(st.lists(st.binary(min_size=4, max_size=40), min_size=2, max_size=5))
def test_one_flag_between_two_frames_is_enough(contents: list[bytes]) -> None:
    data = b"\x7e" + b"".join(framed(content)[1:] for content in contents)
    assert read(data)[0] == contents


@settings(max_examples=300)
@given(st.binary(max_size=1200))
def test_garbage_never_raises_and_the_next_frame_is_read(garbage: bytes) -> None:
    content = b"\x10\x01the one"
    found, deframer = read(garbage + b"\x7e" + framed(content))
    assert found[-1] == content
    assert all(len(one) >= 4 for one in found)
    assert deframer.good == len(found)


@settings(max_examples=300)
@given(
    st.lists(st.binary(min_size=4, max_size=50), min_size=3, max_size=8),
    st.integers(0, 10_000),
    st.integers(0, 255),
    st.sampled_from(["change", "drop", "add"]),
)
def test_a_hit_costs_a_frame_and_its_neighbour_and_nothing_else(
    contents: list[bytes], where: int, byte: int, harm: str
) -> None:
    data = bytearray(b"".join(framed(content) for content in contents))
    where %= len(data)
    if harm == "change":
        data[where] = byte
    elif harm == "drop":
        del data[where]
    else:
        data.insert(where, byte)
    found = read(bytes(data))[0]
    remaining = list(contents)
    for one in found:
        assert one in remaining, "accepted a frame that was not sent"
        del remaining[: remaining.index(one) + 1]
    assert len(found) >= len(contents) - 2


@given(st.text("abc >\r\n", max_size=100))
def test_text_between_frames_is_harmless(text: str) -> None:
    first, second = b"\x12\x00\x01\x00one", b"\x12\x00\x02\x00two"
    data = framed(first) + text.encode() + framed(second)
    found, deframer = read(data)
    assert found == [first, second]
    assert deframer.bad == (1 if text else 0)


def test_what_others_put_in_is_taken_out() -> None:
    content = b"\x10\x00\x01\x00content"
    data = framed(content)
    for byte in (0x03, 0x11, 0x13):
        for at in range(1, len(data)):
            assert read(data[:at] + bytes((byte,)) + data[at:])[0] == [content]


def test_a_frame_that_is_given_up_is_dropped_without_a_count() -> None:
    content = b"\x10\x00\x01\x00content"
    found, deframer = read(framed(content)[:-1] + b"\x7d\x7e" + framed(content))
    assert found == [content]
    assert (deframer.bad, deframer.given_up) == (0, 1)


def test_too_long_and_too_short_frames_are_passed_over() -> None:
    longest, longer = bytes(380), bytes(381)
    assert read(framed(longest))[0] == [longest]
    found, deframer = read(framed(longer) + framed(b"abcd") + framed(b"abc"))
    assert found == [b"abcd"]
    assert deframer.bad == 2


def test_empty_frames_mean_nothing() -> None:
    found, deframer = read(b"\x7e" * 50)
    assert (found, deframer.bad, deframer.good) == ([], 0, 0)


@given(st.binary(max_size=300), st.integers(0, 300))
def test_the_checksum_is_zlibs_in_any_pieces(data: bytes, cut: int) -> None:
    cut = min(cut, len(data))
    crc = Crc32()
    crc.add(data, 0, cut)
    crc.add(data, cut, len(data) - cut)
    assert crc.high << 16 | crc.low == binascii.crc32(data)
    crc.reset()
    assert crc.high << 16 | crc.low == 0


@pytest.mark.parametrize("length", [1, 100, 380])
def test_the_worst_case_is_the_worst(length: int) -> None:
    assert len(framed(bytes([0x7E]) * length)) <= framing.worst(length)
