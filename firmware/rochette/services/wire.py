"""Numbers of the link, and numbers in buffers. docs/wire.md says what each frame holds.

Everything is big-endian. Reading allocates only for what does not fit an int of the board (2**30 and beyond),
writing never.
"""

from struct import pack_into

import micropython

from rochette.services.crc import ptr8

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = 1
FROM_GROUND = 0x10
FROM_PAYLOAD = 0x12
TAGGED = 1
HEADER_BYTES = 4

CONTROL = 0
RELIABLE = 1
EVENT = 2
TELEMETRY = 3
PACKED = 4
URGENT = 5
CHANNELS = 6

HELLO = 0x01
ACK = 0x02
EVENTS_AGAIN = 0x03
QUERY = 0x04
BYE = 0x05
KEY = 0x06
WELCOME = 0x81
STATUS = 0x82
ANSWER = 0x83
GONE = 0x84
NO_SESSION = 0x85
REFUSED = 0x86

RELIABLE_AT = 12
"""Where the packet of a RELIABLE frame begins: header, session, two upper halves."""
PACKET_MAX = 320
"""Longest F Prime packet."""
NUMBER_MAX = 0xFFFFFF
UNKNOWN = -1
"""A number that is not known; FFFFFFFF on the wire."""

PACKET_COMMAND = 0
PACKET_EVENT = 2
PACKET_FILE = 3
PACKET_TELEMETRY = 4


def u16(buffer: "Any", at: int) -> int:
    """Two bytes as a number."""
    return buffer[at] << 8 | buffer[at + 1]


def u24(buffer: "Any", at: int) -> int:
    """Three bytes as a number."""
    return buffer[at] << 16 | buffer[at + 1] << 8 | buffer[at + 2]


def u32(buffer: "Any", at: int) -> int:
    """Four bytes as a number."""
    return buffer[at] << 24 | buffer[at + 1] << 16 | buffer[at + 2] << 8 | buffer[at + 3]


def i32(buffer: "Any", at: int) -> int:
    """Four bytes as a number with a sign."""
    high = buffer[at]
    if high >= 0x80:
        high -= 0x100
    return high << 24 | buffer[at + 1] << 16 | buffer[at + 2] << 8 | buffer[at + 3]


def put16(buffer: "Any", at: int, value: int) -> int:
    """Write two bytes; gives the place after them."""
    buffer[at] = value >> 8 & 0xFF
    buffer[at + 1] = value & 0xFF
    return at + 2


def put32(buffer: "Any", at: int, value: int) -> int:
    """Write four bytes, -2**31 to 2**31 - 1; gives the place after them."""
    pack_into(">i", buffer, at, value)
    return at + 4


@micropython.viper
def _copy(source, start: int, target, at: int, count: int):  # type: ignore[no-untyped-def]
    read = ptr8(source)
    written = ptr8(target)
    n = 0
    while n < count:
        written[at + n] = read[start + n]
        n += 1


@micropython.viper
def _same(first, start: int, second, at: int, count: int) -> int:  # type: ignore[no-untyped-def]
    one = ptr8(first)
    other = ptr8(second)
    n = 0
    while n < count:
        if int(one[start + n]) != int(other[at + n]):
            return 0
        n += 1
    return 1


def copy(source: "Any", start: int, target: "Any", at: int, count: int) -> int:
    """Copy `count` bytes; gives the place after them in `target`. Allocates nothing.

    The bytes have to be there: outside of CPython nobody looks.
    """
    _copy(source, start, target, at, count)
    return at + count


def same(first: "Any", start: int, second: "Any", at: int, count: int) -> bool:
    """Whether first[start : start + count] and second[at : at + count] are alike.

    The bytes have to be there: outside of CPython nobody looks.
    """
    return _same(first, start, second, at, count) != 0
