"""Plugins that let JPL's ground system (fprime-gds) speak to a payload over the reliable link.

The adapter is the link: it owns the port, shakes hands, resends, and connects anew when the port went away.
Between it and the ground system's pipeline stand whole F Prime packets, each behind its length, which is what
the framing plugin writes and reads. A file packet counts as sent when the payload has acknowledged it, so the
ground system's file uplink, which has no acknowledgement of its own, goes at the payload's speed.

    fprime-gds -n --dictionary dictionary.json --communication-selection rochette --rochette-port PORT \\
               --framing-selection rochette

`rochette console` gives all of that. The page has no button that stops anything, and the port belongs to this
adapter alone: with --rochette-orders it takes stop, abort, pause and resume from a socket, past every queue.
"""

from __future__ import annotations

import contextlib
import logging
import math
import queue
import socket
import struct
import threading
import time
from pathlib import Path
from typing import Any

from fprime_gds.common.communication.adapters.base import BaseAdapter
from fprime_gds.common.communication.framing import FramerDeframer
from fprime_gds.common.communication.updown import Uplinker
from fprime_gds.plugin.definitions import gds_plugin

from host_tools.ground import wire
from host_tools.ground.client import Payload
from host_tools.ground.errors import GroundError
from host_tools.ground.files import END, START
from host_tools.ground.link import DROPPED, Sent
from host_tools.ground.packets import COMMAND, FILE
from host_tools.ground.schema import Names
from host_tools.ground.vision import Vision

NAME = "rochette"
_LOG = logging.getLogger("rochette")
_LENGTH = struct.Struct(">I")
_PACKET_MAX = 4096
_AGAIN_S = 1.0
_ACKNOWLEDGED_S = 15.0
_ECHO_S = 0.5
_ECHOES = 3
_END_S = 0.05


def with_length(packet: bytes) -> bytes:
    """A packet as it passes between adapter and framing."""
    return _LENGTH.pack(len(packet)) + packet


@gds_plugin(FramerDeframer)
class RochettePackets(FramerDeframer):
    """F Prime packets behind their lengths: the adapter has done everything else."""

    @classmethod
    def get_name(cls) -> str:
        """What --framing-selection calls it."""
        return NAME

    @classmethod
    def get_arguments(cls) -> dict[Any, Any]:
        """It has no options."""
        return {}

    def frame(self, data: bytes) -> bytes:
        """See FramerDeframer."""
        return with_length(data)

    def deframe(self, data: bytes, no_copy: bool = False) -> tuple[bytes | None, bytes, bytes]:
        """See FramerDeframer."""
        data = bytes(data)
        if len(data) < _LENGTH.size:
            return None, data, b""
        (size,) = _LENGTH.unpack_from(data)
        if size > _PACKET_MAX:
            return None, b"", data  # cannot be: start anew
        end = _LENGTH.size + size
        return (None, data, b"") if len(data) < end else (data[_LENGTH.size : end], data[end:], b"")


@gds_plugin(BaseAdapter)
class RochettePort(BaseAdapter):
    """The reliable link on a port, as an adapter of the ground system."""

    def __init__(
        self,
        rochette_port: str,
        rochette_key: str = "",
        rochette_pictures: str = "",
        rochette_arm: bool = False,
        rochette_orders: str = "",
    ) -> None:
        self._port = rochette_port
        self._key = rochette_key or None
        self._vision = Vision(Path(rochette_pictures)) if rochette_pictures else Vision()
        self._arm = rochette_arm
        self._orders = rochette_orders
        self._names = Names.load()
        self._packets: queue.Queue[bytes] = queue.Queue(100_000)
        self._payload: Payload | None = None
        self._ending = threading.Event()
        self._keeper: threading.Thread | None = None
        self._broken_file = False
        self._said = ""
        self._echo: tuple[float, int, bytes] | None = None

    @classmethod
    def get_name(cls) -> str:
        """What --communication-selection calls it."""
        return NAME

    @classmethod
    def get_arguments(cls) -> dict[Any, Any]:
        """Its options, for argparse."""
        return {
            ("--rochette-port",): {
                "type": str,
                "default": "auto",
                "help": "port of the payload: auto, a device, or socket://HOST:PORT [default: %(default)s]",
            },
            ("--rochette-key",): {"type": str, "default": "", "help": "file with the key of the link"},
            ("--rochette-pictures",): {
                "type": str,
                "default": "",
                "help": "folder for the pictures of an emulated payload",
            },
            ("--rochette-arm",): {
                "action": "store_true",
                "default": False,
                "help": "arm hazardous commands without being asked",
            },
            ("--rochette-orders",): {
                "type": str,
                "default": "",
                "help": "a socket is made here that takes stop, abort, pause and resume",
            },
        }

    def open(self) -> None:
        """Begin; a port that is not there yet is tried again every second."""
        self._ending.clear()
        self._keeper = threading.Thread(target=self._keep, name="rochette port", daemon=True)
        self._keeper.start()
        if self._orders:
            threading.Thread(target=self._take_orders, name="rochette orders", daemon=True).start()

    def close(self) -> None:
        """Leave on purpose."""
        self._ending.set()
        if self._keeper is not None:
            self._keeper.join(5.0)

    def _keep(self) -> None:
        """Hold the link up for as long as the adapter is open."""
        while not self._ending.is_set():
            try:
                self._hold()
            except GroundError as error:
                self._say(str(error))
            finally:
                payload, self._payload = self._payload, None
                if payload is not None:
                    payload.close()
            self._ending.wait(_AGAIN_S)

    def _hold(self) -> None:
        payload = Payload(self._names)
        payload.on_raw(self._heard)
        payload.on_noted(self._say)
        payload.look_at_pictures(self._vision, lambda seen: self._say(_about(seen)))
        payload.begin(self._port, self._key, history=True, rejoin_s=math.inf)
        self._payload = payload
        connection = payload.connection
        assert connection is not None
        while not self._ending.wait(0.2):
            if connection.failure is not None:
                raise connection.failure

    def _take_orders(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as orders:
            orders.bind(self._orders)
            orders.settimeout(0.2)
            while not self._ending.is_set():
                try:
                    word, sender = orders.recvfrom(64)
                except TimeoutError:
                    continue
                with contextlib.suppress(OSError):  # who asked has gone
                    orders.sendto(self._obey(word.decode(errors="replace")).encode(), sender)

    def _obey(self, word: str) -> str:
        payload, kind = self._payload, word.upper()
        if kind not in wire.URGENT_NAMES:
            return f"{word} is none of: {', '.join(wire.URGENT_NAMES).lower()}."
        if payload is None:
            return f"{kind}: no payload is there. Use the emergency stop."
        try:
            return payload.urgent(kind)
        except GroundError as error:
            return str(error)

    def _say(self, text: str) -> None:
        if text != self._said:
            self._said = text
            _LOG.warning("%s", text)

    def _heard(self, packet: bytes) -> None:
        try:
            self._packets.put_nowait(with_length(packet))
        except queue.Full:
            self._say("the ground system reads too slowly; a packet was dropped")

    def read(self, timeout: float = 0.5) -> bytes:
        """See BaseAdapter: packets behind their lengths."""
        self._echo_again()
        found: list[bytes] = []
        try:
            found.append(self._packets.get(timeout=timeout))
            while len(found) < 500:
                found.append(self._packets.get_nowait())
        except queue.Empty:
            return b"".join(found)
        return b"".join(found)

    def write(self, frame: bytes) -> bool:
        """See BaseAdapter: True when the payload has it."""
        packet = bytes(frame)[_LENGTH.size :]
        payload = self._payload
        if payload is None or payload.connection is None or not payload.connection.link.up:
            self._say("no payload is there: nothing was sent")
            time.sleep(0.2)
            return False
        if not payload.dictionary_checked:
            self._say("the payload has another dictionary: nothing was sent")
            return False
        (descriptor,) = struct.unpack_from(">H", packet) if len(packet) >= 2 else (None,)
        if descriptor == FILE:
            return self._write_file(payload, packet)
        if descriptor == COMMAND and self._arm and len(packet) >= 6:
            self._arm_first(payload, int.from_bytes(packet[2:6], "big"))
        payload.connection.send(packet)
        return True

    def _arm_first(self, payload: Payload, opcode: int) -> None:
        command = payload.names.schema.opcodes.get(opcode)
        if command is not None and payload.names.hazardous(command):
            payload.submit("link.ARM", opcode)

    def _write_file(self, payload: Payload, packet: bytes) -> bool:
        """A file packet waits for its acknowledgement; after a break nothing of that file goes on."""
        self._echo = None
        if len(packet) > 2 and packet[2] == START:
            self._broken_file = False
        if self._broken_file:
            return False
        assert payload.connection is not None
        sent: Sent = payload.connection.send(packet)
        try:
            payload.connection.wait_done(sent, _ACKNOWLEDGED_S)
        except GroundError as error:
            self._say(str(error))
            self._broken_file = True
            return False
        self._broken_file = sent.state == DROPPED
        if not self._broken_file:
            self._expect_more(packet)
        return not self._broken_file

    def _expect_more(self, packet: bytes) -> None:
        """The ground system writes down which echo it waits for after it has sent the packet
        (FileUplinker.send of fprime-gds 4.4): on a busy machine the echo is there first, is passed over, and
        the file hangs. So it is given again when nothing follows. After the last packet it must not come
        twice, for what is read then is a closed file: that one echo comes a moment later instead.
        """
        if len(packet) > 2 and packet[2] == END:
            time.sleep(_END_S)
        else:
            self._echo = time.monotonic() + _ECHO_S, _ECHOES, packet

    def _echo_again(self) -> None:
        waiting = self._echo
        if waiting is None or time.monotonic() < waiting[0]:
            return
        _, left, packet = waiting
        self._heard(Uplinker.get_handshake(packet))
        self._echo = (time.monotonic() + _ECHO_S, left - 1, packet) if left > 1 else None


def _about(seen: dict[str, Any]) -> str:
    kept = f", kept as {seen['file']}" if "file" in seen else ""
    return f"picture {seen['no']}: {seen['verdict']}, {seen['confidence_permille']} permille{kept}"
