"""The CCSDS bridge against the ground system's own framers, and whole, over TCP."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path

import pytest
from fprime_gds.common.communication.ccsds.space_data_link import SpaceDataLinkFramerDeframer
from hypothesis import given
from hypothesis import strategies as st

from host_tools.ground.ccsds import FRAME_BYTES, SPACECRAFT, Bridge, Downward, Upward
from host_tools.ground.client import Payload
from host_tools.ground.schema import Names
from tests.ground.peer import Peer
from tests.ground.peer_port import on_a_port


def theirs() -> SpaceDataLinkFramerDeframer:
    return SpaceDataLinkFramerDeframer(SPACECRAFT, 1, FRAME_BYTES)


def unpacked(stream: bytes) -> list[bytes]:
    """Space Packets in a stream, idle ones left out; their data."""
    found = []
    while stream:
        apid = struct.unpack_from(">H", stream)[0] & 0x7FF
        end = 7 + struct.unpack_from(">H", stream, 4)[0]
        if apid != 0x7FF:
            found.append(stream[6:end])
        stream = stream[end:]
    return found


@given(st.lists(st.binary(min_size=7, max_size=300), min_size=1, max_size=30))
def test_the_ground_systems_deframer_reads_our_frames(bodies: list[bytes]) -> None:
    packets = [b"\x00\x04" + body for body in bodies]
    stream = Downward().frames(packets)
    assert len(stream) % FRAME_BYTES == 0
    frames, left, bad = theirs().deframe_all(stream, no_copy=True)
    assert (left, bad) == (b"", b"")
    assert unpacked(b"".join(frames)) == packets


@given(st.lists(st.binary(min_size=1, max_size=200), max_size=8), st.binary(max_size=30), st.integers(1, 99))
def test_we_read_the_ground_systems_frames(bodies: list[bytes], noise: bytes, piece: int) -> None:
    framer = theirs()
    stream = noise
    for number, body in enumerate(bodies):
        stream += framer.frame(struct.pack(">HHH", 0x1000, 0xC000 | number, len(body) - 1) + body)
    stream += framer.frame(struct.pack(">HHH", 0x1000, 0xC000, 3) + b"last")
    up = Upward()
    found = []
    for at in range(0, len(stream) + 1024, piece):
        found += up.feed((stream + bytes(1024))[at : at + piece])
    assert found == [*bodies, b"last"]


def test_a_command_goes_up_and_telemetry_comes_down_over_tcp(tmp_path: Path) -> None:
    names = Names.load()
    peer = Peer(digest=names.digest)
    with (
        on_a_port(peer, tmp_path / "tty") as lock,
        Payload.connect(str(tmp_path / "tty"), names=names) as payload,
    ):
        bridge = Bridge(payload)
        with socket.create_connection(("127.0.0.1", bridge.number), 5) as yamcs:
            command = names.schema.command_packet(names.command("system.NO_OP"), [])
            head = struct.pack(">HHH", 0x1000, 0xC000, len(command) - 1)
            yamcs.sendall(theirs().frame(head + command))
            limit = time.monotonic() + 5
            while not peer.done and time.monotonic() < limit:
                time.sleep(0.01)
            assert [packet for _, packet in peer.done] == [command]
            event = struct.pack(">HIHBII", 2, names.schema.event_named["gate.HALTED"].id, 1, 0, 5, 0)
            with lock:
                peer.event(event)
            yamcs.settimeout(5)
            stream = b""
            while len(stream) < FRAME_BYTES:
                stream += yamcs.recv(FRAME_BYTES)
            frames, _, _ = theirs().deframe_all(stream, no_copy=True)
            assert unpacked(b"".join(frames)) == [event]
        bridge.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", bridge.number), 1)
