"""The ground's end of the link against a payload's end written from the page, over a line that does harm."""

from __future__ import annotations

import struct

import pytest

from host_tools.ground import wire
from host_tools.ground.link import DROPPED, OVER, UNKNOWN, Ears, Link
from host_tools.ground.tag import Tag
from tests.ground.lossy import Line
from tests.ground.peer import Peer


class Heard(Ears):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.events: list[tuple[int, int]] = []
        self.lost: list[tuple[int, int, int]] = []
        self.packets: list[bytes] = []
        self.ups: list[bool] = []
        self.refusals: list[int] = []

    def on_event(self, boot: int, number: int, packet: bytes) -> None:
        self.events.append((boot, number))

    def on_events_lost(self, boot: int, first: int, last: int) -> None:
        self.lost.append((boot, first, last))

    def on_packet(self, packet: bytes) -> None:
        self.packets.append(packet)

    def on_up(self, welcome: wire.Welcome, fresh: bool) -> None:
        self.ups.append(fresh)

    def on_refused(self, reason: int, version: int) -> None:
        self.refusals.append(reason)


def command(number: int) -> bytes:
    return struct.pack(">HII", 0, 0x100, number)


class Both:
    """Ground and payload, and the two directions between them, on a clock of milliseconds."""

    def __init__(self, seed: int = 1, permille: int = 0, history: bool = False) -> None:
        self.heard = Heard()
        self.ground = Link(self.heard, nonce=0x5EED0000 + seed, history=history)
        self.peer = Peer()
        self.up = Line(seed, permille)
        self.down = Line(seed + 1, permille, text=True)
        self.now_ms = 0

    def run(self, ms: int) -> None:
        for _ in range(0, ms, 10):
            self.now_ms += 10
            self.ground.receive(self.down.read(self.now_ms), self.now_ms)
            self.up.write(self.ground.poll(self.now_ms), self.now_ms)
            self.peer.receive(self.up.read(self.now_ms))
            self.down.write(self.peer.poll(self.now_ms), self.now_ms)


def test_a_command_is_carried_out_once_and_answered() -> None:
    both = Both()
    sent = [both.ground.send(command(n)) for n in range(10)]
    both.run(500)
    assert [packet for _, packet in both.peer.done] == [command(n) for n in range(10)]
    assert [one.state for one in sent] == [OVER] * 10
    assert both.ground.counts.resent == 0
    assert both.heard.ups == [True]


def test_a_refusal_is_the_commands_own() -> None:
    both = Both()
    good, bad = both.ground.send(command(1)), both.ground.send(struct.pack(">HI", 0, 0xBAD))
    both.run(300)
    assert (good.result, bad.result) == (0, 2)


@pytest.mark.parametrize("seed", range(1, 9))
def test_nothing_is_done_twice_or_out_of_order_on_a_bad_line(seed: int) -> None:
    """A tenth of the frames meets each kind of harm; none of the payload's or the ground's resets here."""
    both = Both(seed, permille=100)
    sent = []
    for n in range(60):
        sent.append(both.ground.send(command(n)))
        both.peer.event(b"\x00\x02" + bytes(20))
        both.run(50)
    for n in range(40):
        both.peer.send(struct.pack(">HI", 3, n))
    both.run(120_000)
    assert both.up.harmed > 20
    assert [packet for _, packet in both.peer.done] == [command(n) for n in range(60)]
    assert {one.state for one in sent} == {OVER}
    assert both.heard.packets == [struct.pack(">HI", 3, n) for n in range(40)]
    numbers = [number for _, number in both.heard.events]
    assert numbers == list(range(numbers[0], 61))


@pytest.mark.parametrize("seed", range(1, 13))
def test_resets_of_the_payload_double_nothing_and_hide_nothing(seed: int) -> None:
    both = Both(seed, permille=60)
    sent = {}
    for n in range(80):
        sent[n] = both.ground.send(command(n))
        both.run(70)
        if n % 16 == 9:
            both.peer.reset()
    both.run(120_000)
    done = [struct.unpack_from(">I", packet, 6)[0] for _, packet in both.peer.done]
    assert len(done) == len(set(done)), "a command was carried out twice"
    assert done == sorted(done), "out of order"
    for n, one in sent.items():
        assert one.done, f"command {n} has no end"
        if one.state == OVER:
            assert n in done
        elif one.state == DROPPED:
            assert n not in done
        else:
            assert one.state == UNKNOWN and one.why


class Slow(Peer):
    """As the firmware does it: a second after each HELLO comes the next STATUS. Its time runs `factor` times
    slower than ours: an emulated payload on a busy machine."""

    factor = 20

    def poll(self, now_ms: int) -> bytes:
        self._now_ms = now_ms // self.factor
        return super().poll(self._now_ms)

    def _take_control(self, body: bytes, low_ack: int) -> None:
        if body[0] == 1:
            self._status_ms = self._now_ms
        super()._take_control(body, low_ack)


def test_a_slow_payload_comes_to_tell_how_it_is() -> None:
    both = Both()
    both.peer = slow = Slow()
    both.run(90_000)
    assert len(both.heard.ups) > 2, "it was silent for longer than a payload is that runs as we do"
    assert both.ground.status is not None, "the handshakes kept it from ever telling"
    before = len(both.heard.ups)
    both.run(120_000)
    assert len(both.heard.ups) == before, "its pace is known, and it is not asked again"
    assert both.heard.ups == [True] + [False] * (before - 1), "one session"
    slow.factor = 1
    slow._status_ms = 0
    both.run(4_000)
    # Fast again: gone for as long as ever is gone.
    slow.poll = lambda now_ms: b""  # type: ignore[method-assign]
    both.run(4_000)
    assert not both.ground.up


def test_a_command_that_was_not_taken_is_sent_again_in_the_new_session() -> None:
    both = Both()
    both.run(100)
    both.peer.receive = lambda data: None  # type: ignore[method-assign]
    one = both.ground.send(command(7))
    both.run(200)
    del both.peer.receive
    both.peer._fram = (both.peer.session, 0)
    both.peer.reset()
    both.run(6000)
    assert one.state == OVER
    assert len(both.peer.done) == 1


def test_events_that_the_ring_has_lost_are_told_as_lost() -> None:
    both = Both(history=True)
    for _ in range(100):
        both.peer.event(b"\x00\x02" + bytes(20))
    both.run(2000)
    numbers = [number for _, number in both.heard.events]
    assert numbers == list(range(37, 101))
    both.peer.events.clear()
    both.peer.events[150] = b"\x00\x02"
    both.run(3000)
    assert both.heard.lost == [(1, 101, 149)]
    assert both.heard.events[-1] == (1, 150)


def test_stop_needs_no_session() -> None:
    both = Both()
    stop = both.ground.urgent(wire.STOP)
    both.run(50)
    assert both.peer.urgents == [wire.STOP]
    assert stop.result == 0 and stop.told == 1


def test_stop_is_repeated_until_it_is_answered() -> None:
    both = Both(seed=3, permille=500)
    stop = both.ground.urgent(wire.STOP)
    both.run(5000)
    assert wire.STOP in both.peer.urgents
    assert stop.result == 0


def test_a_lost_link_comes_back_with_the_same_session() -> None:
    both = Both()
    both.ground.send(command(1))
    both.run(200)
    session = both.ground.session
    both.now_ms += 10_000
    both.ground.poll(both.now_ms)
    assert not both.ground.up
    both.run(700)
    assert both.ground.up and both.ground.session == session
    assert both.heard.ups == [True, False]


def test_a_packet_too_long_for_the_payload_is_not_sent() -> None:
    both = Both()
    both.run(100)
    one = both.ground.send(b"\x00\x00" + bytes(400))
    both.run(100)
    assert one.state == DROPPED and "300 at most" in one.why


def test_any_bytes_are_survived() -> None:
    both = Both(seed=2)
    both.run(100)
    noise = __import__("random").Random(7)
    for _ in range(2000):
        both.ground.receive(noise.randbytes(noise.randrange(1, 40)) + b"\x7e", both.now_ms)
    both.ground.send(command(1))
    both.run(500)
    assert len(both.peer.done) == 1
    assert both.ground.up


def test_a_tagged_link_believes_only_its_key() -> None:
    key, other = bytes(range(16)), bytes(range(1, 17))
    mine, theirs, forger = Tag(key), Tag(key), Tag(other)
    content = b"\x11\x00\x00\x00hello"
    signed = mine.put(content)
    assert theirs.take(signed) == content
    assert theirs.take(signed) is None, "replayed"
    assert theirs.take(forger.put(content)) is None, "forged"
    assert theirs.take(content) is None, "unsigned"
    changed = bytearray(mine.put(content))
    changed[5] ^= 1
    assert theirs.take(bytes(changed)) is None, "changed"


def test_the_floor_of_the_payloads_counter_is_obeyed() -> None:
    heard = Heard()
    tag = Tag(bytes(16), counter=5)
    ground = Link(heard, nonce=1, tag=tag)
    ground.poll(0)
    payload = Tag(bytes(16), counter=0)
    refused = payload.put(bytes((0x13, 0, 0, 0, wire.REFUSED, 4, 1)) + (9000).to_bytes(6, "big"))
    from host_tools.ground.framing import content_of, frame

    ground.receive(frame(refused), 10)
    (again,) = [part for part in ground.poll(20).split(b"\x7e") if part]
    content = content_of(again)
    assert content is not None and int.from_bytes(content[-14:-8], "big") > 9000
    assert heard.refusals == []


