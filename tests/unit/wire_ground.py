"""docs/wire.md as a ground speaks it, as plainly as can be: for tests of the payload's side, frame by frame.

Written from the page alone, with binascii and hmac; nothing of the firmware or of host_tools is used.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
import struct
from typing import Any, NamedTuple

CONTROL, RELIABLE, EVENT, TELEMETRY, PACKED, URGENT = range(6)
HELLO, ACK, EVENTS_AGAIN, QUERY, BYE, KEY = range(1, 7)
WELCOME, STATUS, ANSWER, GONE, NO_SESSION, REFUSED = range(0x81, 0x87)
STOP, ABORT, PAUSE, RESUME = range(1, 5)


def frame(content: bytes) -> bytes:
    """Flag, escaped content and FCS, flag."""
    content += struct.pack("<I", binascii.crc32(content))
    out = bytearray()
    for byte in content:
        if byte in (0x03, 0x11, 0x13, 0x7D, 0x7E):
            out += bytes((0x7D, byte ^ 0x20))
        else:
            out.append(byte)
    return b"\x7e" + bytes(out) + b"\x7e"


def frames(data: bytes) -> list[bytes]:
    """The contents, without FCS, of the good frames in a piece of the line. A bad one is an error here."""
    found = []
    for part in data.split(b"\x7e"):
        if not part:
            continue
        content = bytearray()
        escaped = False
        for byte in part:
            if byte == 0x7D:
                escaped = True
            else:
                content.append(byte ^ 0x20 if escaped else byte)
                escaped = False
        assert len(content) >= 8 and not escaped, f"no frame: {part.hex()}"
        assert binascii.crc32(content[:-4]) == int.from_bytes(content[-4:], "little"), part.hex()
        found.append(bytes(content[:-4]))
    return found


class Welcome(NamedTuple):
    nonce: int
    session: int
    about: int
    accepted: int
    expected: int
    next: int
    digest: bytes
    firmware: int
    window: int
    line: int
    packet: int
    loss: int
    newest: int
    oldest: int


class Answer(NamedTuple):
    session: int
    number: int
    opcode: int
    state: int
    result: int
    argument: int
    value: int


class Ground:
    """Speaks to a bench. `hear()` ticks it and sorts what came into lists that the caller empties."""

    def __init__(self, bench: Any, key: bytes | None = None, nonce: int = 0xA1B2C3D4) -> None:
        self.bench = bench
        self.key = key
        self.counter = 0
        self.nonce = nonce
        self.session = 0
        self.number = 0
        self.expected = 1
        self.sequence = 0
        self.welcomes: list[Welcome] = []
        self.answers: list[Answer] = []
        self.statuses: list[bytes] = []
        self.acks: list[int] = []
        self.no_sessions: list[int] = []
        self.refused: list[tuple[int, int, bytes]] = []
        self.urgents: list[tuple[int, int, int, int]] = []
        self.events: list[tuple[int, int, bytes]] = []
        self.gone: list[tuple[int, int, int]] = []
        self.packets: list[bytes] = []
        self.telemetry: list[bytes] = []
        self.packed: list[bytes] = []
        self.lengths: list[tuple[int, int]] = []

    # Sending

    def content(self, channel: int, body: bytes, sequence: int = 0, acknowledged: int = 0) -> bytes:
        first = 0x11 if self.key else 0x10
        content = bytes((first, channel, sequence & 0xFF, acknowledged & 0xFF)) + body
        if self.key:
            self.counter += 1
            content += self.counter.to_bytes(6, "big")
            content += hmac.new(self.key, content, hashlib.sha256).digest()[:8]
        return content

    def send(self, channel: int, body: bytes, sequence: int = 0, acknowledged: int = 0) -> bytes:
        data = frame(self.content(channel, body, sequence, acknowledged))
        self.bench.put(data)
        return data

    def control(self, kind: int, body: bytes = b"") -> bytes:
        return self.send(CONTROL, bytes((kind,)) + body)

    def hello(self, resume: int = 0, version: int = 1) -> bytes:
        return self.control(HELLO, struct.pack(">BII", version, self.nonce, resume))

    def connect(self, resume: int = 0) -> Welcome:
        """HELLO and WELCOME; numbers as the payload says."""
        self.hello(resume)
        self.hear()
        welcome = self.welcomes[-1]
        if welcome.session != self.session:
            self.number = 0
            self.expected = 1
        self.session = welcome.session
        return welcome

    def reliable(self, packet: bytes, number: int | None = None, session: int | None = None) -> bytes:
        if number is None:
            self.number += 1
            number = self.number
        session = self.session if session is None else session
        body = struct.pack(">IHH", session, number >> 8, self.expected >> 8) + packet
        return self.send(RELIABLE, body, number, self.expected)

    def command(self, opcode: int, *args: int | str, widths: str = "") -> bytes:
        """A command packet; `widths` gives the letter of struct for each argument, I32 where left out."""
        packet = struct.pack(">HI", 0, opcode)
        for n, value in enumerate(args):
            if isinstance(value, str):
                packet += struct.pack(">H", len(value)) + value.encode()
            else:
                packet += struct.pack(">" + (widths[n] if n < len(widths) else "i"), value)
        return self.reliable(packet)

    def ack(self, expected: int | None = None) -> bytes:
        number = self.expected if expected is None else expected
        return self.control(ACK, struct.pack(">II", self.session, number))

    def query(self, number: int, session: int | None = None) -> bytes:
        return self.control(QUERY, struct.pack(">II", self.session if session is None else session, number))

    def urgent(self, kind: int, ident: int, session: int | None = None) -> bytes:
        return self.send(
            URGENT, struct.pack(">BHI", kind, ident, self.session if session is None else session)
        )

    def again(self, boot: int, first: int, last: int) -> bytes:
        return self.control(EVENTS_AGAIN, struct.pack(">HII", boot, first, last))

    # Hearing

    def hear(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.bench.tick()
            for content in frames(self.bench.take()):
                self._sort(content)

    def _sort(self, content: bytes) -> None:
        self.lengths.append((content[1], len(content)))
        if self.key:
            assert content[0] == 0x13
            tag = hmac.new(self.key, content[:-8], hashlib.sha256).digest()[:8]
            assert tag == content[-8:], "a tag of the payload's is wrong"
            content = content[:-14]
        else:
            assert content[0] == 0x12, "the payload's first byte"
        channel, body = content[1], content[4:]
        if channel == EVENT:
            boot, number = struct.unpack_from(">HI", body)
            self.events.append((boot, number, body[6:]))
        elif channel == TELEMETRY:
            self.telemetry.append(body)
        elif channel == PACKED:
            self.packed.append(body)
        elif channel == URGENT:
            self.urgents.append(struct.unpack(">BHBB", body))
        elif channel == RELIABLE:
            session, high, _ = struct.unpack_from(">IHH", body)
            assert session == self.session
            if high << 8 | content[2] == self.expected:
                self.expected += 1
                self.packets.append(body[8:])
        else:
            assert channel == CONTROL
            self._control(body[0], body[1:])

    def _control(self, kind: int, body: bytes) -> None:
        if kind == WELCOME:
            self.welcomes.append(Welcome(*struct.unpack(">IIIIII8sHBHHIII", body)))
        elif kind == STATUS:
            self.statuses.append(body)
        elif kind == ANSWER:
            self.answers.append(Answer(*struct.unpack(">IIIBBBi", body)))
        elif kind == GONE:
            self.gone.append(struct.unpack(">HII", body))
        elif kind == NO_SESSION:
            self.no_sessions.append(int.from_bytes(body, "big"))
        elif kind == REFUSED:
            self.refused.append((body[0], body[1], body[2:]))
        else:
            assert kind == ACK
            session, expected = struct.unpack(">II", body)
            if session == self.session:
                self.acks.append(expected)
