"""Tags: who sent a frame, and that it is a new one. For every link that is not USB.

A trailer of 14 bytes stands between body and check: a counter of 6 bytes, then the first 8 bytes of
HMAC-SHA256(key, header, body, counter) (RFC 2104, FIPS 180-4). The header tells the direction, so no frame
can be sent back. The counter taken last is kept over a reset as a floor that is up to 4096 above it.

Hashing allocates (about half a kilobyte a frame): a link without a key pays nothing.
"""

from binascii import unhexlify
from hashlib import sha256

from rochette.services.link_record import FLOOR_BYTES, LinkRecord
from rochette.services.wire import put16, put32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COUNTER_BYTES = 6
TAG_BYTES = 8
TRAILER_BYTES = COUNTER_BYTES + TAG_BYTES
KEY_MIN = 16
KEY_MAX = 64
_BLOCK = 64

GOOD = 0
WRONG = 1
OLD = 2
"""What judge() finds."""


def read_key(path: str) -> bytes:
    """The key in a file on the board: hexadecimal digits, as the ground keeps it. Allocates.

    Raises OSError when there is no such file, ValueError when there is no key in it.
    """
    with open(path) as file:
        text = "".join(file.read(4 * KEY_MAX).split())
    key = unhexlify(text)
    if not KEY_MIN <= len(key) <= KEY_MAX:
        raise ValueError("link key of {} bytes: 16 to 64 are possible".format(len(key)))
    return key


class Tags:
    """Makes and judges the trailers of one link. Not for interrupts."""

    def __init__(self, key: bytes, record: LinkRecord) -> None:
        """`key`: 16 to 64 bytes, the same on both sides. Raises ValueError for another length."""
        if not KEY_MIN <= len(key) <= KEY_MAX:
            raise ValueError("link key of {} bytes: 16 to 64 are possible".format(len(key)))
        padded = key + bytes(_BLOCK - len(key))
        self._inner = bytes([byte ^ 0x36 for byte in padded])
        self._outer = bytes([byte ^ 0x5C for byte in padded])
        self._record = record
        self._taken = bytearray(record.floor)
        self._sent = 0

    def _tag(self, buffer: "Any", length: int) -> bytes:
        inner = sha256(self._inner)
        inner.update(memoryview(buffer)[:length])
        outer = sha256(self._outer)
        outer.update(inner.digest())
        return outer.digest()

    def put(self, buffer: "Any", length: int) -> int:
        """Write the trailer behind buffer[:length]; gives the length with it."""
        self._sent += 1
        at = put16(buffer, length, self._record.boot)
        at = put32(buffer, at, self._sent)
        tag = self._tag(buffer, at)
        for n in range(TAG_BYTES):
            buffer[at + n] = tag[n]
        return at + TAG_BYTES

    def judge(self, buffer: "Any", length: int) -> int:
        """GOOD, WRONG or OLD for a frame of `length` bytes with its trailer; a good one's counter is used
        up."""
        at = length - TAG_BYTES
        tag = self._tag(buffer, at)
        differs = 0
        for n in range(TAG_BYTES):
            differs |= tag[n] ^ buffer[at + n]
        if differs:
            return WRONG
        at -= COUNTER_BYTES
        if not self._above(buffer, at, self._taken):
            return OLD
        if self._above(buffer, at, self._record.floor) and not self._raise(buffer, at):
            # What can't be written down could be replayed after a reset.
            return OLD
        for n in range(COUNTER_BYTES):
            self._taken[n] = buffer[at + n]
        return GOOD

    def _above(self, buffer: "Any", at: int, other: bytearray) -> bool:
        for n in range(COUNTER_BYTES):
            if buffer[at + n] != other[n]:
                return buffer[at + n] > other[n]
        return False

    def _raise(self, buffer: "Any", at: int) -> bool:
        """Lift the floor above the counter at buffer[at]; False when the store failed."""
        floor = self._record.floor
        before = bytes(floor)
        for n in range(FLOOR_BYTES):
            floor[n] = buffer[at + n]
        floor[FLOOR_BYTES - 2] |= 0x0F
        floor[FLOOR_BYTES - 1] = 0xFF
        if self._record.save():
            return True
        for n in range(FLOOR_BYTES):
            floor[n] = before[n]
        return False
