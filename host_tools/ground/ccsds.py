"""CCSDS for Yamcs: the same F Prime packets in Space Packets, in TM frames down and TC frames up, over TCP.

    down   TM frame of a fixed size (CCSDS 132.0-B): 6 bytes head, whole Space Packets, an idle one to fill,
           CRC-16. One Space Packet (CCSDS 133.0-B) an F Prime packet; its APID is the packet's kind.
    up     TC frames (CCSDS 232.0-B): 5 bytes head, Space Packets, CRC-16

Yamcs's own retransmission is off (useCop1 false in fprime-yamcs): below this the link is reliable already.
"""

from __future__ import annotations

import logging
import queue
import socket
import struct
import threading
from binascii import crc_hqx
from collections.abc import Iterable

from spacepackets.ccsds.spacepacket import PacketType, SpacePacketHeader

from host_tools.ground.client import Payload
from host_tools.ground.errors import GroundError, PortError

SPACECRAFT = 68
CHANNEL = 1
FRAME_BYTES = 1024
IDLE_APID = 0x7FF
_LOG = logging.getLogger("rochette")
_TM_HEAD = struct.Struct(">HBBH")
_TC_HEAD = struct.Struct(">HHB")
_PACKET_HEAD = 6
_CRC = 2
_FIRST_PACKET_AT_0 = 0x1800  # no secondary header, no segments; a packet begins with the data field


def _crc(data: bytes) -> bytes:
    return crc_hqx(data, 0xFFFF).to_bytes(_CRC, "big")


class Downward:
    """Makes TM frames of F Prime packets."""

    def __init__(self, spacecraft: int = SPACECRAFT, channel: int = CHANNEL, size: int = FRAME_BYTES) -> None:
        self._id = spacecraft << 4 | channel << 1
        self._size = size
        self._count = 0
        self._counts: dict[int, int] = {}

    def frames(self, packets: Iterable[bytes]) -> bytes:
        """The frames that carry `packets`, whole, in order; each frame is filled up and left."""
        room = self._size - _TM_HEAD.size - _CRC
        out, body = b"", b""
        for packet in packets:
            one = self._space_packet(int.from_bytes(packet[:2], "big"), packet)
            if len(body) + len(one) > room - _PACKET_HEAD - 1 and len(body) + len(one) != room:
                out += self._frame(body, room)
                body = b""
            body += one
        return out + self._frame(body, room) if body else out

    def _space_packet(self, apid: int, data: bytes) -> bytes:
        number = self._counts.get(apid, 0)
        self._counts[apid] = (number + 1) & 0x3FFF
        head = SpacePacketHeader(PacketType.TM, apid & 0x7FF, number, len(data) - 1).pack()
        return bytes(head) + data

    def _frame(self, body: bytes, room: int) -> bytes:
        left = room - len(body)
        if left:
            idle = SpacePacketHeader(PacketType.TM, IDLE_APID, 0, left - _PACKET_HEAD - 1).pack()
            body += bytes(idle) + bytes(left - _PACKET_HEAD)
        head = _TM_HEAD.pack(self._id, self._count, self._count, _FIRST_PACKET_AT_0)
        self._count = (self._count + 1) & 0xFF
        return head + body + _crc(head + body)


class Upward:
    """Finds F Prime packets in a stream of TC frames. Never raises for what the bytes are."""

    def __init__(self, spacecraft: int = SPACECRAFT) -> None:
        self._spacecraft = spacecraft
        self._pool = b""
        self.bad = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take bytes; give the packets that they complete."""
        self._pool += data
        found: list[bytes] = []
        while len(self._pool) >= _TC_HEAD.size:
            ident, word, _ = _TC_HEAD.unpack_from(self._pool)
            size = (word & 0x3FF) + 1
            if ident & 0xC3FF != self._spacecraft or size <= _TC_HEAD.size + _CRC:
                self._skip()
                continue
            if len(self._pool) < size:
                break
            frame = self._pool[:size]
            if _crc(frame[:-_CRC]) != frame[-_CRC:]:
                self._skip()
                continue
            self._pool = self._pool[size:]
            found += self._packets(frame[_TC_HEAD.size : -_CRC])
        return found

    def _skip(self) -> None:
        """What begins here is no frame: look one byte further on."""
        self.bad += 1
        self._pool = self._pool[1:]

    @staticmethod
    def _packets(body: bytes) -> list[bytes]:
        found = []
        while len(body) > _PACKET_HEAD:
            head = SpacePacketHeader.unpack(body)
            end = _PACKET_HEAD + head.data_len + 1
            if end > len(body):
                break
            if head.apid != IDLE_APID:
                found.append(body[_PACKET_HEAD:end])
            body = body[end:]
        return found


class Bridge:
    """A payload's link on one side, a TCP port of this machine for one ground system on the other."""

    def __init__(self, payload: Payload, number: int = 0) -> None:
        self._payload = payload
        self._listener = socket.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            self._listener.bind(("127.0.0.1", number))
        except OSError as error:
            self._listener.close()
            why = f"port {number} cannot be had ({error.strerror}). Nothing was started."
            raise PortError(why) from error
        self._listener.listen(1)
        self._listener.settimeout(0.2)
        self.number = int(self._listener.getsockname()[1])
        self._packets: queue.Queue[bytes] = queue.Queue(100_000)
        self._ending = threading.Event()
        payload.on_raw(self._heard)
        self._thread = threading.Thread(target=self._serve, name="ccsds bridge", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End it; a second time does nothing."""
        self._ending.set()
        self._thread.join(5.0)
        self._listener.close()

    def _heard(self, packet: bytes) -> None:
        try:
            self._packets.put_nowait(packet)
        except queue.Full:
            _LOG.warning("the ground system reads too slowly; a packet was dropped")

    def _serve(self) -> None:
        while not self._ending.is_set():
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            except OSError:
                return
            with client:
                client.settimeout(0.05)
                try:
                    self._carry(client)
                except OSError as error:
                    _LOG.warning("the ground system went away: %s", error)

    def _carry(self, client: socket.socket) -> None:
        down, up = Downward(), Upward()
        while not self._ending.is_set():
            waiting = []
            while not self._packets.empty():
                waiting.append(self._packets.get_nowait())
            if waiting:
                client.settimeout(5.0)
                client.sendall(down.frames(waiting))
                client.settimeout(0.05)
            try:
                data = client.recv(4096)
            except TimeoutError:
                continue
            if not data:
                return
            for packet in up.feed(data):
                self._send(packet)

    def _send(self, packet: bytes) -> None:
        connection = self._payload.connection
        try:
            if connection is None or not self._payload.dictionary_checked:
                raise GroundError("no payload, or one with another dictionary: nothing was sent")
            connection.send(packet)
        except GroundError as error:
            _LOG.warning("%s", error)
