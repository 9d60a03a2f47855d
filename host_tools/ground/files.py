"""Files over the link as F Prime's packets. No hole is ever taken for a file.

    START   U8 0, sequence U32 0, size U32, U8 n, source, U8 m, destination
    DATA    U8 1, sequence U32, offset U32, length U16, bytes
    END     U8 2, sequence U32, sum U32
    CANCEL  U8 3, sequence U32
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

from host_tools.ground.errors import BadArgument
from host_tools.ground.packets import FILE, PacketError

START, DATA, END, CANCEL = range(4)
DATA_HEAD = 13
NAME_MAX = 24
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,23}")
_HEAD = struct.Struct(">HBI")


def check_name(name: str) -> str:
    """The name, when a payload can hold a file of it. Raises BadArgument."""
    if not _NAME.fullmatch(name):
        raise BadArgument(
            f"'{name}' cannot be a file's name on the payload: 1 to {NAME_MAX} letters, digits, dots, dashes "
            "and underscores, not beginning with a dot, no path. Nothing was sent."
        )
    return name


def cfdp_sum(data: bytes) -> int:
    """CFDP's modular sum: big-endian words, the last filled with zeros, mod 2**32 (CCSDS 727.0-B, 4.2.2)."""
    padded = data + bytes(-len(data) % 4)
    return sum(word for (word,) in struct.iter_unpack(">I", padded)) & 0xFFFFFFFF


def packets_of(data: bytes, source: str, destination: str, packet_max: int) -> Iterator[bytes]:
    """A file as packets of at most `packet_max` bytes."""
    names = [part.encode() for part in (source[-NAME_MAX:], destination)]
    texts = b"".join(bytes((len(name),)) + name for name in names)
    yield _HEAD.pack(FILE, START, 0) + struct.pack(">I", len(data)) + texts
    piece = (packet_max - DATA_HEAD) // 4 * 4
    number = 1
    for offset in range(0, len(data), piece):
        chunk = data[offset : offset + piece]
        yield _HEAD.pack(FILE, DATA, number) + struct.pack(">IH", offset, len(chunk)) + chunk
        number += 1
    yield _HEAD.pack(FILE, END, number) + struct.pack(">I", cfdp_sum(data))


class Receiver:
    """Puts a file together as its packets come. `failure` says in words why there is none."""

    def __init__(self) -> None:
        self.source = ""
        self._begin()

    def _begin(self) -> None:
        self._data = bytearray()
        self._size = -1
        self._next = 0
        self.done = False
        self.failure = ""

    @property
    def data(self) -> bytes:
        """The whole file, once `done`."""
        return bytes(self._data)

    @property
    def share(self) -> float:
        """How much of it is there, 0 to 1."""
        return len(self._data) / self._size if self._size > 0 else float(self.done)

    def take(self, packet: bytes) -> None:
        """One file packet. Raises PacketError for one that is cut short."""
        if len(packet) < _HEAD.size:
            raise PacketError("a file packet without its head")
        _, kind, number = _HEAD.unpack_from(packet)
        body = packet[_HEAD.size :]
        if kind == START:
            self._begin()
            self._start(body)
        elif self.done or self.failure:
            return
        elif number != self._next:
            self.failure = f"packet {number} came where {self._next} belongs"
        elif kind == DATA:
            self._piece(body)
        elif kind == END:
            self._finish(body)
        elif kind == CANCEL:
            self.failure = "the payload gave the transfer up"
        self._next += 1

    def _start(self, body: bytes) -> None:
        if len(body) < 6 or len(body) < 5 + body[4]:
            raise PacketError("a file's START without its names")
        (self._size,) = struct.unpack_from(">I", body)
        self.source = body[5 : 5 + body[4]].decode(errors="replace")

    def _piece(self, body: bytes) -> None:
        if len(body) < 6:
            raise PacketError("a file's DATA without its head")
        offset, size = struct.unpack_from(">IH", body)
        if offset != len(self._data) or size != len(body) - 6 or offset + size > self._size:
            self.failure = f"a piece for byte {offset} came where byte {len(self._data)} belongs"
            return
        self._data += body[6:]

    def _finish(self, body: bytes) -> None:
        if len(body) != 4:
            raise PacketError("a file's END without its sum")
        if len(self._data) != self._size:
            self.failure = f"{len(self._data)} of {self._size} bytes came"
        elif int.from_bytes(body, "big") != cfdp_sum(self.data):
            self.failure = "its sum is wrong"
        else:
            self.done = True
