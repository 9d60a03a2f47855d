"""Frames on a line of bytes: RFC 1662 asynchronous HDLC framing with FCS-32. docs/wire.md has the bytes.

Control map: 03 11 13 7D 7E are escaped. So byte 03 never crosses, Ctrl-C always breaks in, and text between
two frames is harmless. Nothing here allocates after the constructors, and nothing raises, whatever comes in.
The loops over bytes are compiled to machine code (viper); in CPython they run as they stand.
"""

from array import array

import micropython

from rochette.services.crc import TABLE_HIGH, TABLE_LOW, ptr8, ptr16, ptr32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CONTENT_MAX = 384
"""Longest content of a frame: header, body, trailer and check."""
CHECK_BYTES = 4
CONTENT_MIN = 8
"""Shortest content: a header and its check."""

# Places in a Deframer's state: flags, bytes so far, register, place in the input, length of a finished frame,
# dropped frames, frames given up by their sender. Constants of a module are not seen by viper: numbers below.
_STATE_WORDS = 8


@micropython.viper
def _take(  # type: ignore[no-untyped-def]
    buffer, start: int, end: int, frame, limit: int, state, table_low, table_high
):
    source = ptr8(buffer)
    content = ptr8(frame)
    s = ptr32(state)
    low_of = ptr16(table_low)
    high_of = ptr16(table_high)
    flags = int(s[0])  # bit 0: after an escape, bit 1: too long, passing over the rest
    length = int(s[1])
    low = int(s[2])
    high = int(s[3])
    at = start
    s[5] = 0
    while at < end:
        c = int(source[at])
        at += 1
        if c == 0x7E:
            done = 0
            if flags & 1:
                s[7] = int(s[7]) + 1
            elif flags & 2:
                s[6] = int(s[6]) + 1
            elif length:
                if length >= 8 and low == 0x20E3 and high == 0xDEBB:
                    done = length
                else:
                    s[6] = int(s[6]) + 1
            flags = 0
            length = 0
            low = 0xFFFF
            high = 0xFFFF
            if done:
                s[5] = done
                break
        elif c == 0x7D and not flags & 1:
            flags |= 1
        elif c == 0x03 or c == 0x11 or c == 0x13:
            continue  # put in by something on the way
        else:
            if flags & 1:
                flags &= 2
                c ^= 0x20
            if length < limit:
                content[length] = c
                length += 1
                place = (low ^ c) & 0xFF
                low = ((low >> 8) | ((high & 0xFF) << 8)) ^ int(low_of[place])
                high = (high >> 8) ^ int(high_of[place])
            else:
                flags |= 2
    s[0] = flags
    s[1] = length
    s[2] = low
    s[3] = high
    s[4] = at


@micropython.viper
def _put(  # type: ignore[no-untyped-def]
    content, count: int, out, start: int, table_low, table_high
) -> int:
    source = ptr8(content)
    line = ptr8(out)
    low_of = ptr16(table_low)
    high_of = ptr16(table_high)
    low = 0xFFFF
    high = 0xFFFF
    at = start
    line[at] = 0x7E
    at += 1
    n = 0
    while n < count + 4:
        if n < count:
            c = int(source[n])
            place = (low ^ c) & 0xFF
            low = ((low >> 8) | ((high & 0xFF) << 8)) ^ int(low_of[place])
            high = (high >> 8) ^ int(high_of[place])
        elif n == count:
            c = (low ^ 0xFFFF) & 0xFF
        elif n == count + 1:
            c = (low ^ 0xFFFF) >> 8
        elif n == count + 2:
            c = (high ^ 0xFFFF) & 0xFF
        else:
            c = (high ^ 0xFFFF) >> 8
        if c == 0x7E or c == 0x7D or c == 0x03 or c == 0x11 or c == 0x13:
            line[at] = 0x7D
            at += 1
            c ^= 0x20
        line[at] = c
        at += 1
        n += 1
    line[at] = 0x7E
    return at + 1


class Deframer:
    """Finds frames in a stream of bytes. `content` holds the last good one, `length` its bytes without the
    check."""

    def __init__(self) -> None:
        self.content = bytearray(CONTENT_MAX)
        self.length = 0
        self.good = 0
        self._state = array("i", bytes(4 * _STATE_WORDS))
        self.reset()

    def reset(self) -> None:
        """As if a flag had just come."""
        state = self._state
        state[0] = 0
        state[1] = 0
        state[2] = 0xFFFF
        state[3] = 0xFFFF

    def feed(self, buffer: "Any", start: int, end: int) -> int:
        """Read buffer[start : end] up to the end of the next good frame. Gives the place after the last byte
        read.

        `length` is then that frame's, or 0 when none was finished. The frame stands until the next feed().
        """
        state = self._state
        _take(buffer, start, end, self.content, CONTENT_MAX, state, TABLE_LOW, TABLE_HIGH)
        length = state[5]
        self.length = length - CHECK_BYTES if length else 0
        if length:
            self.good = (self.good + 1) & 0x3FFFFFFF
        return state[4]

    @property
    def bad(self) -> int:
        """Frames dropped so far: wrong check, too short, too long; text between frames counts as one."""
        return self._state[6]

    @property
    def given_up(self) -> int:
        """Frames that their sender gave up."""
        return self._state[7]


def worst(length: int) -> int:
    """Bytes that a frame of `length` bytes of content, without check, takes on the line at most."""
    return 2 * (length + CHECK_BYTES) + 2


def put(content: "Any", length: int, out: "Any", at: int) -> int:
    """Write the frame of content[:length] into `out` from `at` on; gives the place after it.

    `out` needs worst(length) bytes there; about 0.5 us a byte on the board.
    """
    return _put(content, length, out, at, TABLE_LOW, TABLE_HIGH)
