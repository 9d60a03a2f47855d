"""What a telemetry sample takes on the line in each form, counted on rows whose answer can be worked out."""

from __future__ import annotations

import struct
from array import array

import pytest

from host_tools.benchmark import link
from host_tools.emulator import loader

loader.install("emulated")

from rochette import tables as t  # noqa: E402

CHANNELS = list(t.PACKET_CHANNELS[: t.PACKET_SIZES[0]])


def rows(count: int, step: int) -> list[array[int]]:
    width = len(t.CHANNEL_IDS)
    return [array("i", [2560 + n * step + place for place in range(width)]) for n in range(count)]


def test_what_stands_still_costs_nearly_nothing_but_the_frame() -> None:
    still = link.packed(rows(200, 0), CHANNELS, 20)
    moving = link.packed(rows(200, 3), CHANNELS, 20)
    assert 2 < still < 4 < moving < 10


def test_forms_are_as_long_as_they_must_be() -> None:
    some = rows(50, 0)
    wide = sum(t.CHANNEL_WIDTHS[place] for place in CHANNELS)
    assert link.plain(some, CHANNELS) == pytest.approx(1 + 4 + 4 + 4 + 11 + wide, abs=4)
    assert link.one_by_one(some, CHANNELS) == pytest.approx(12 * (1 + 4 + 4 + 6 + 11 + 4), abs=16)
    assert link.cbor(some, CHANNELS) == pytest.approx(1 + 4 + 4 + 1 + 1 + 5 + 1 + 12 * 3, abs=4)


@pytest.mark.parametrize(
    ("value", "length"), [(0, 1), (23, 1), (24, 2), (-24, 1), (-25, 2), (256, 3), (65536, 5), (-(2**31), 5)]
)
def test_cbor_is_counted_as_rfc_8949_has_it(value: int, length: int) -> None:
    row = array("i", [value] * len(t.CHANNEL_IDS))
    one = link.cbor([row], CHANNELS[:1])
    assert one - link._framed(bytes(4) + bytes((0x84, 1)) + b"\x1a" + bytes(4) + b"\x07") == pytest.approx(
        length, abs=4
    )


def test_escapes_are_counted() -> None:
    assert link._framed(b"\x7e" * 4) - link._framed(b"\x20" * 4) >= 3
    assert struct.calcsize(">I") == link.HEADER_BYTES


def test_a_command_is_answered_within_two_ticks() -> None:
    mean_ms, worst_ms = link.round_trip(8)
    assert 0 < mean_ms <= worst_ms < 20
