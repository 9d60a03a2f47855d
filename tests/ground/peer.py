"""A payload's end of the link, small, from docs/wire.md alone. It carries out commands by counting them."""

from __future__ import annotations

import struct
from binascii import crc32

DIGEST = bytes(range(8))


def _frame(content: bytes) -> bytes:
    body = content + struct.pack("<I", crc32(content))
    out = bytearray(b"\x7e")
    for octet in body:
        if octet in (0x03, 0x11, 0x13, 0x7D, 0x7E):
            out += bytes((0x7D, octet ^ 0x20))
        else:
            out.append(octet)
    return bytes(out) + b"\x7e"


class Peer:
    """Over a `reset()` it keeps what a board keeps in FRAM: boot, session and number of the last command."""

    def __init__(self, window: int = 4, digest: bytes = DIGEST) -> None:
        self.done: list[tuple[int, bytes]] = []
        self.urgents: list[int] = []
        self.digest = digest
        self.window = window
        self._boot = 0
        self._fram = (0, 0)  # session and number of the last command taken
        self.events: dict[int, bytes] = {}
        self.ring = 64
        self.reset()

    def reset(self) -> None:
        """Power off and on."""
        self._boot += 1
        self._opening = 0
        self.session = 0
        self._nonce = 0
        self._expected = 1
        self._answers: dict[tuple[int, int], bytes] = {}
        self._bytes = b""
        self._out: list[bytes] = []
        self._owe_ack = False
        self._status_ms = 0
        self.events = {}
        self._next = 1
        self._unacknowledged: list[tuple[int, bytes]] = []
        self._resend_ms = 0

    # What a test does

    def event(self, packet: bytes) -> None:
        """Something happens."""
        number = max(self.events, default=0) + 1
        self.events[number] = packet
        while len(self.events) > self.ring:
            del self.events[min(self.events)]
        if self.session:
            self._event(number)

    def send(self, packet: bytes) -> None:
        """A packet for the ground, reliably."""
        self._unacknowledged.append((self._next, packet))
        self._next += 1
        self._put_reliable(*self._unacknowledged[-1])

    def poll(self, now_ms: int) -> bytes:
        """The bytes that leave now."""
        if self.session:
            if self._owe_ack:
                self._owe_ack = False
                self._control(struct.pack(">BII", 2, self.session, self._expected), self._expected)
            if now_ms - self._status_ms >= 1000:
                self._status_ms = now_ms
                newest = max(self.events, default=0)
                body = struct.pack(">IIIBBBHBII", self.session, newest, 0, 1, 0, 0, 1, 0, now_ms // 1000, 0)
                self._control(b"\x82" + body)
            if self._unacknowledged and now_ms - self._resend_ms >= 400:
                self._resend_ms = now_ms
                for number, packet in self._unacknowledged:
                    self._put_reliable(number, packet)
        out, self._out = b"".join(self._out), []
        return out

    def receive(self, data: bytes) -> None:
        """Bytes off the line."""
        self._bytes += data
        *whole, self._bytes = self._bytes.split(b"\x7e")
        for between in whole:
            plain = bytearray()
            escaped = False
            for octet in between:
                if octet in (0x03, 0x11, 0x13):
                    continue
                if octet == 0x7D:
                    escaped = True
                    continue
                plain.append(octet ^ 0x20 if escaped else octet)
                escaped = False
            content, check = bytes(plain[:-4]), bytes(plain[-4:])
            if len(content) >= 4 and not escaped and struct.pack("<I", crc32(content)) == check:
                self._take(content)

    # The link

    def _put(self, channel: int, sequence: int, acknowledged: int, body: bytes) -> None:
        self._out.append(_frame(bytes((0x12, channel, sequence & 255, acknowledged & 255)) + body))

    def _control(self, body: bytes, acknowledged: int = 0) -> None:
        self._put(0, 0, acknowledged, body)

    def _event(self, number: int) -> None:
        self._put(2, number, 0, struct.pack(">HI", self._boot, number) + self.events[number])

    def _put_reliable(self, number: int, packet: bytes) -> None:
        body = struct.pack(">IHH", self.session, number >> 8, self._expected >> 8) + packet
        self._put(1, number, self._expected, body)

    def _take(self, content: bytes) -> None:
        version, channel, low, low_ack = content[:4]
        body = content[4:]
        if version & 0xF2 != 0x10:
            return
        if channel == 0:
            self._take_control(body, low_ack)
        elif channel == 5:
            kind, ident, _session = struct.unpack(">BHI", body)
            self.urgents.append(kind)
            self._put(5, 0, 0, struct.pack(">BHBB", kind, ident, 0, 1))
        elif channel == 1:
            session, high, high_ack = struct.unpack_from(">IHH", body)
            if session != self.session:
                self._control(struct.pack(">BI", 0x85, self.session))
                return
            self._acknowledge(high_ack << 8 | low_ack)
            self._owe_ack = True
            number = high << 8 | low
            if number == self._expected:
                self._expected += 1
                self._carry_out(number, body[8:])
            elif (self.session, number) in self._answers:
                self._control(self._answers[self.session, number])

    def _carry_out(self, number: int, packet: bytes) -> None:
        self._fram = (self.session, number)
        self.done.append((number, packet))
        (opcode,) = struct.unpack_from(">I", packet, 2) if len(packet) >= 6 else (0,)
        result = 2 if opcode == 0xBAD else 0
        answer = struct.pack(">BIIIBBBi", 0x83, self.session, number, opcode, 2, result, 0, 0)
        self._answers[self.session, number] = answer
        self._control(answer)

    def _acknowledge(self, expected: int) -> None:
        self._unacknowledged = [one for one in self._unacknowledged if one[0] >= expected]

    def _take_control(self, body: bytes, _low_ack: int) -> None:
        if body[0] == 1:
            _, version, nonce, going_on = struct.unpack(">BBII", body)
            assert version == 1
            if nonce != self._nonce or (going_on not in (0, self.session)):
                if not (nonce == self._nonce and self.session):
                    self._nonce = nonce
                    self._opening += 1
                    self.session = self._boot << 16 | self._opening
                    self._expected = self._next = 1
                    self._unacknowledged = []
            accepted = self._fram[1] if going_on and self._fram[0] == going_on else 0xFFFFFFFF
            if going_on and going_on == self.session:
                accepted = self._expected - 1
            newest = max(self.events, default=0)
            oldest = min(self.events, default=0)
            first = min((number for number, _ in self._unacknowledged), default=self._next)
            self._control(
                struct.pack(
                    ">BIIIIII8sHBHHIII", 0x81, nonce, self.session, going_on, accepted, self._expected, first,
                    self.digest, 1, self.window, 1024, 300, 5000, newest, oldest,
                )
            )  # fmt: skip
        elif body[0] == 2:
            session, expected = struct.unpack(">II", body[1:])
            if session == self.session:
                self._acknowledge(expected)
        elif body[0] == 3:
            boot, first, last = struct.unpack(">HII", body[1:])
            known = [n for n in range(first, last + 1) if n in self.events] if boot == self._boot else []
            if first not in known:
                gone = min(known, default=last + 1) - 1
                self._control(struct.pack(">BHII", 0x84, boot, first, gone))
            for number in known:
                self._event(number)
        elif body[0] == 4:
            session, number = struct.unpack(">II", body[1:])
            state = 3 if (session, number) <= self._fram and session == self._fram[0] else 0
            unknown = struct.pack(">BIIIBBBi", 0x83, session, number, 0, state, 0, 0, 0)
            self._control(self._answers.get((session, number), unknown))
