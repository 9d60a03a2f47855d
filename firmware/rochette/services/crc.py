"""CRC-32 (IEEE 802.3: the one of RFC 1662, zlib and binascii) without a number above 16 bits.

binascii.crc32 gives 32 bits, and on the board every integer from 2**30 on is an object on the heap. Here the
register is kept as two halves, so a checksum can be made in a tick. The inner loops are compiled to machine
code (viper); in CPython they run as they stand.
"""

from array import array

import micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_POLYNOMIAL_LOW = 0x8320  # 0xEDB88320, the polynomial with its bits reversed
_POLYNOMIAL_HIGH = 0xEDB8
START = 0xFFFF
"""Both halves of the register before the first byte."""
GOOD_LOW = 0x20E3
"""Lower half of the register after a message and its own checksum, least significant byte first."""
GOOD_HIGH = 0xDEBB
"""Upper half of it."""


def ptr8(buffer: "Any") -> "Any":
    """Viper's cast to bytes; outside of viper the buffer itself."""
    return buffer


def ptr16(buffer: "Any") -> "Any":
    """Viper's cast to unsigned 16-bit words; outside of viper the buffer itself."""
    return buffer


def ptr32(buffer: "Any") -> "Any":
    """Viper's cast to signed 32-bit words; outside of viper the buffer itself."""
    return buffer


def _make() -> "tuple[array[int], array[int]]":
    low = array("H", bytes(512))
    high = array("H", bytes(512))
    for byte in range(256):
        a = byte
        b = 0
        for _ in range(8):
            odd = a & 1
            a = a >> 1 | (b & 1) << 15
            b >>= 1
            if odd:
                a ^= _POLYNOMIAL_LOW
                b ^= _POLYNOMIAL_HIGH
        low[byte] = a
        high[byte] = b
    return low, high


TABLE_LOW, TABLE_HIGH = _make()
"""For each byte the lower and the upper half of its share of the sum."""


@micropython.viper
def _add(buffer, start: int, count: int, state, table_low, table_high):  # type: ignore[no-untyped-def]
    source = ptr8(buffer)
    low_of = ptr16(table_low)
    high_of = ptr16(table_high)
    register = ptr16(state)
    low = int(register[0])
    high = int(register[1])
    at = start
    end = start + count
    while at < end:
        place = (low ^ int(source[at])) & 0xFF
        low = ((low >> 8) | ((high & 0xFF) << 8)) ^ int(low_of[place])
        high = (high >> 8) ^ int(high_of[place])
        at += 1
    register[0] = low
    register[1] = high


class Crc32:
    """A checksum that is made piece by piece. Nothing allocates after the constructor."""

    def __init__(self) -> None:
        self._register = array("H", (START, START))

    def reset(self) -> None:
        """Before the first byte."""
        self._register[0] = START
        self._register[1] = START

    def add(self, buffer: "Any", start: int, count: int) -> None:
        """Take in buffer[start : start + count]; about 0.4 us a byte on the board."""
        _add(buffer, start, count, self._register, TABLE_LOW, TABLE_HIGH)

    @property
    def high(self) -> int:
        """Upper 16 bits of the sum of everything so far."""
        return self._register[1] ^ 0xFFFF

    @property
    def low(self) -> int:
        """Lower 16 bits of it."""
        return self._register[0] ^ 0xFFFF
