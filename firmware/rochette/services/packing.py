"""Samples of telemetry as differences: a frame of several samples costs a few bytes a sample.

Each channel is coded as the difference to its last value by Golomb and Rice's code, whose parameter follows
the channel's own mean (R. F. Rice, "Some practical universal noiseless coding techniques", JPL 79-22, 1979).
docs/wire.md, "Telemetry", has every bit. The loop is compiled to machine code (viper); nothing allocates.

Values beyond +-2**29 are sent as that bound.
"""

from array import array

import micropython

from rochette.services.crc import ptr8, ptr32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SAMPLE_BYTES_MAX = 94
"""Most that a sample of 16 channels takes: 47 bits each."""


@micropython.viper
def _pack(values, places, count: int, last, mean, out, at: int, key: int) -> int:  # type: ignore[no-untyped-def]
    value_of = ptr32(values)
    place_of = ptr8(places)
    last_of = ptr32(last)
    mean_of = ptr32(mean)
    bits = ptr8(out)
    n = 0
    while n < count:
        value = int(value_of[int(place_of[n])])
        if value > 0x1FFFFFFF:
            value = 0x1FFFFFFF
        elif value < -0x20000000:
            value = -0x20000000
        d = value if key else value - int(last_of[n])
        last_of[n] = value
        z = 2 * d if d >= 0 else -2 * d - 1
        m = 0 if key else int(mean_of[n])
        # First piece: the unary part, or the escape and the length. Second piece: the bits themselves.
        width = 0
        rest = m >> 4
        while rest:
            width += 1
            rest >>= 1
        quotient = z >> width
        if key or quotient >= 10:
            width = 0
            rest = z
            while rest:
                width += 1
                rest >>= 1
            first = width
            first_width = 6
            if not key:
                first |= 0x3FF << 6
                first_width = 16
        else:
            first = ((1 << quotient) - 1) << 1
            first_width = quotient + 1
        while first_width:
            first_width -= 1
            if not at & 7:
                bits[at >> 3] = 0
            if (first >> first_width) & 1:
                bits[at >> 3] = int(bits[at >> 3]) | (0x80 >> (at & 7))
            at += 1
        while width:
            width -= 1
            if not at & 7:
                bits[at >> 3] = 0
            if (z >> width) & 1:
                bits[at >> 3] = int(bits[at >> 3]) | (0x80 >> (at & 7))
            at += 1
        if key:
            mean_of[n] = 0
        else:
            mean_of[n] = m - (m >> 3) + (z if z < 8191 else 8191)
        n += 1
    return at


class Packer:
    """The samples of one telemetry packet, packed one after the other into `bits`."""

    def __init__(self, places: bytes, bits: int) -> None:
        """`places` of the channels in a telemetry row, at most 16; `bits`: bytes for samples in a frame."""
        self.bits = bytearray(bits)
        self.samples = 0
        self.is_key = False
        self._places = places
        self._last = array("i", [0] * len(places))
        self._mean = array("i", [0] * len(places))
        self._at = 0
        self._want_key = True

    def want_key(self) -> None:
        """The next frame begins anew: its first sample stands by itself."""
        self._want_key = True

    @property
    def length(self) -> int:
        """Bytes of `bits` in use."""
        return (self._at + 7) >> 3

    @property
    def full(self) -> bool:
        """Whether another sample might not fit."""
        return self.length + SAMPLE_BYTES_MAX > len(self.bits)

    def add(self, values: "Any") -> None:
        """Pack a sample from the telemetry row `values`. Only while it is not full."""
        key = 0
        if self.samples == 0:
            self.is_key = self._want_key
            if self._want_key:
                key = 1
                self._want_key = False
        self._at = _pack(
            values, self._places, len(self._places), self._last, self._mean, self.bits, self._at, key
        )
        self.samples += 1

    def clear(self) -> None:
        """The frame has gone out, or was given up: begin the next."""
        self.samples = 0
        self._at = 0
