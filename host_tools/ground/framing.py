"""Frames on the wire: asynchronous HDLC as in RFC 1662, with its 32-bit check.

    7E | escaped(content, then CRC-32 of it, least significant byte first) | 7E

An octet that must not cross the wire as itself goes as 7D and the octet XOR 20: the flag and the escape
themselves, 03 (Ctrl-C breaks into a MicroPython board), 11 and 13 (XON, XOFF), and, from the ground, every
other octet below 20, so that a frame that meets a prompt instead of a payload does nothing there. What stands
between two frames is console text and does no harm. The check of RFC 1662 (C.3, "FCS-32") is `crc32`.
"""

from __future__ import annotations

import re
from binascii import crc32

FLAG = 0x7E
ESCAPE = 0x7D
FLIP = 0x20
NEVER_RAW = (*range(0x20), ESCAPE, FLAG)
CHECK_BYTES = 4
FRAME_MAX = 4096
"""Octets between two flags, escaped, that are still looked at; more is taken for console text. The link's own
frames are shorter (wire.CONTENT_MAX); the emulator's bench has longer ones."""

_FLAG = bytes((FLAG,))
_TO_ESCAPE = re.compile(b"[" + re.escape(bytes(NEVER_RAW)) + b"]")
_ESCAPED = re.compile(bytes((ESCAPE,)) + b"(.)", re.DOTALL)
# Raw in a stream, these were put there by a modem or a terminal and are not part of a frame (RFC 1662, 4.2).
_DROPPED = bytes((0x03, 0x11, 0x13))


def frame(content: bytes) -> bytes:
    """`content` as it crosses the wire, flags included."""
    checked = content + crc32(content).to_bytes(CHECK_BYTES, "little")
    return _FLAG + _TO_ESCAPE.sub(lambda m: bytes((ESCAPE, m[0][0] ^ FLIP)), checked) + _FLAG


def content_of(between: bytes) -> bytes | None:
    """What stands between two flags as content, or None when it is no whole frame. Never raises."""
    plain = between.translate(None, _DROPPED)
    body = _ESCAPED.sub(lambda m: bytes((m[1][0] ^ FLIP,)), plain)
    if len(body) <= CHECK_BYTES:
        return None
    content, check = body[:-CHECK_BYTES], body[-CHECK_BYTES:]
    return content if crc32(content) == int.from_bytes(check, "little") else None


class Deframer:
    """Finds frames in a stream of bytes. `bad` counts what stood between flags and was none."""

    TEXT_MAX = 8192

    def __init__(self) -> None:
        self._pool = b""
        self.bad = 0
        self.text = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes as they came; give the contents of the frames that they complete."""
        *whole, self._pool = (self._pool + data).split(_FLAG)
        found = []
        for between in whole:
            if not between or between[-1] == ESCAPE:
                continue  # nothing, or given up by its sender (RFC 1662, 4.2)
            content = content_of(between) if len(between) <= FRAME_MAX else None
            if content is None:
                self._discard(between)
            else:
                found.append(content)
        if len(self._pool) > FRAME_MAX:
            self._discard(self._pool)
            self._pool = b""
        return found

    def _discard(self, between: bytes) -> None:
        self.bad += 1
        self.text += between
        del self.text[: -self.TEXT_MAX]

    def take_text(self) -> bytes:
        """What stood between frames since the last call: console text, or frames that were damaged."""
        text = bytes(self.text)
        self.text.clear()
        return text
