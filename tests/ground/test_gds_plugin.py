"""The adapter and the framing that the stock ground system loads, without the rest of it."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fprime_gds.common.communication.updown import Uplinker
from fprime_gds.plugin.system import Plugins

from host_tools.ground import files, gds_plugin
from host_tools.ground.console import give_order, orders_of
from host_tools.ground.gds_plugin import RochettePackets, RochettePort
from host_tools.ground.schema import Names
from tests.ground.peer import Peer
from tests.ground.peer_port import on_a_port


@pytest.fixture(scope="module")
def names() -> Names:
    return Names.load()


def until(what: Callable[[], object], seconds: float = 8.0) -> bool:
    limit = time.monotonic() + seconds
    while not what() and time.monotonic() < limit:
        time.sleep(0.01)
    return bool(what())


@pytest.fixture
def adapter(names: Names, tmp_path: Path) -> Iterator[tuple[RochettePort, Peer, threading.Lock]]:
    peer = Peer(digest=names.digest)
    one = RochettePort(str(tmp_path / "tty"), rochette_arm=True)
    with on_a_port(peer, tmp_path / "tty") as lock:
        one.open()
        assert until(lambda: one._payload is not None and one._payload.dictionary_checked)
        yield one, peer, lock
        one.close()


def test_the_ground_system_finds_both_plugins() -> None:
    plugins = Plugins(["communication", "framing"])
    for category in ("communication", "framing"):
        assert "rochette" in [plugin.get_name() for plugin in plugins.get_plugins(category)]


def test_packets_pass_between_framing_and_adapter() -> None:
    framing = RochettePackets()
    stream = framing.frame(b"one") + framing.frame(b"second")
    assert framing.deframe_all(stream + b"\x00\x00", no_copy=True) == ([b"one", b"second"], b"\x00\x00", b"")
    assert framing.deframe(b"\xff" * 9) == (None, b"", b"\xff" * 9)


def test_a_hazardous_command_is_armed_when_that_is_asked_for(
    adapter: tuple[RochettePort, Peer, threading.Lock], names: Names
) -> None:
    one, peer, _ = adapter
    command = names.command("sample.ACQUIRE")
    packet = names.schema.command_packet(command, [1, 66000])
    assert one.write(RochettePackets().frame(packet))
    assert until(lambda: len(peer.done) == 2)
    assert peer.done[0][1] == names.schema.command_packet(names.command("link.ARM"), [command.opcode])
    assert peer.done[1][1] == packet


def test_an_order_passes_by_the_page(names: Names, tmp_path: Path) -> None:
    one = RochettePort(str(tmp_path / "tty"), rochette_orders=str(orders_of(tmp_path)))
    assert give_order(tmp_path, "stop").startswith("STOP: the ground system did not answer")
    one.open()
    try:
        assert until(orders_of(tmp_path).exists)
        assert "no payload is there" in give_order(tmp_path, "stop")
        peer = Peer(digest=names.digest)
        with on_a_port(peer, tmp_path / "tty"):
            assert until(lambda: one._payload is not None and one._payload.dictionary_checked)
            for word in ("stop", "pause", "resume", "abort"):
                assert give_order(tmp_path, word) == f"{word.upper()}: done; 1 activity was told."
            assert give_order(tmp_path, "fly") == "fly is none of: stop, abort, pause, resume."
        assert list(dict.fromkeys(peer.urgents)) == [1, 3, 4, 2]
    finally:
        one.close()


def test_events_reach_the_ground_system(
    adapter: tuple[RochettePort, Peer, threading.Lock], names: Names
) -> None:
    one, peer, lock = adapter
    event = struct.pack(">HIHBII", 2, names.schema.event_named["gate.HALTED"].id, 1, 0, 5, 0)
    with lock:
        peer.event(event)
    assert RochettePackets().deframe_all(one.read(3.0), no_copy=True)[0] == [event]
    assert one.read(0.01) == b""


def test_a_file_packet_counts_as_sent_when_it_is_acknowledged(
    adapter: tuple[RochettePort, Peer, threading.Lock],
) -> None:
    one, peer, _ = adapter
    packets = list(files.packets_of(bytes(700), "a.bin", "a.bin", 200))
    for number, packet in enumerate(packets, 1):
        assert one.write(RochettePackets().frame(packet))
        assert len(peer.done) == number
    assert [packet for _, packet in peer.done] == packets


def test_an_echo_that_the_ground_system_missed_is_given_again(
    adapter: tuple[RochettePort, Peer, threading.Lock], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is missed when it comes before the ground system has written down that it waits for it."""
    monkeypatch.setattr(gds_plugin, "_ECHO_S", 0.05)
    one, _, _ = adapter
    while one.read(0.05):
        pass
    start, data, end = files.packets_of(bytes(100), "a.bin", "a.bin", 200)
    echo = bytes(RochettePackets().frame(Uplinker.get_handshake(start)))
    assert one.write(RochettePackets().frame(start))
    heard = b"".join(one.read(0.06) for _ in range(8))
    assert heard.count(echo) == gds_plugin._ECHOES, "so often, and no oftener"
    assert one.write(RochettePackets().frame(data))
    assert one.write(RochettePackets().frame(end))
    heard = b"".join(one.read(0.06) for _ in range(4))
    for packet in (start, data, end):
        assert Uplinker.get_handshake(packet) not in heard, "what was followed by the next was heard"


def test_without_a_payload_nothing_is_sent_until_it_comes(names: Names, tmp_path: Path) -> None:
    one = RochettePort(str(tmp_path / "tty"))
    packet = RochettePackets().frame(names.schema.command_packet(names.command("system.NO_OP"), []))
    one.open()
    try:
        assert not one.write(packet)
        peer = Peer(digest=names.digest)
        with on_a_port(peer, tmp_path / "tty"):
            assert until(lambda: one.write(packet))
            assert until(lambda: len(peer.done) >= 1)
        assert until(lambda: not one.write(packet))
        with on_a_port(peer, tmp_path / "tty"):
            assert until(lambda: one.write(packet))
    finally:
        one.close()


def test_another_dictionary_gets_no_command(names: Names, tmp_path: Path) -> None:
    peer = Peer(digest=b"another.")
    one = RochettePort(str(tmp_path / "tty"))
    with on_a_port(peer, tmp_path / "tty"):
        one.open()
        assert until(lambda: peer.session)
        packet = names.schema.command_packet(names.command("system.NO_OP"), [])
        assert not one.write(RochettePackets().frame(packet))
        one.close()
    assert peer.done == []
