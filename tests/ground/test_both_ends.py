"""The firmware's link and the host's against each other in one process: a line that does harm, and resets.

Each command sets another parameter, so that the payload's own events tell which were carried out, how often.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest

from host_tools.emulator.world import WDT_RESET
from host_tools.ground import wire
from host_tools.ground.link import DROPPED, OVER, UNKNOWN, Ears, Link
from host_tools.ground.packed import Unpacker
from host_tools.ground.schema import SET, Names
from host_tools.ground.served import Served
from host_tools.run import runner
from tests.ground.lossy import Line


@pytest.fixture(scope="module")
def names() -> Names:
    return Names.load()


class Heard(Ears):
    """Counts events by name, in order; reads all telemetry."""

    def __init__(self, names: Names) -> None:
        self.names = names
        self.numbers: list[tuple[int, int]] = []
        self.told: list[str] = []
        self.samples = 0
        self.lost = 0
        self.unpacker = Unpacker(names.schema)
        self.link: Link | None = None

    def on_up(self, welcome: wire.Welcome, fresh: bool) -> None:
        if fresh:
            self.unpacker.forget()

    def on_event(self, boot: int, number: int, packet: bytes) -> None:
        self.numbers.append((boot, number))
        self.told.append(self.names.schema.event(packet).name)

    def on_events_lost(self, boot: int, first: int, last: int) -> None:
        self.lost += last - first + 1

    def on_telemetry(self, packet: bytes) -> None:
        self.samples += len(self.names.schema.samples(packet))

    def on_packed(self, body: bytes) -> None:
        packets = self.unpacker.unpack(body)
        if packets is None:
            assert self.link is not None
            self.link.ask_key()
        for packet in packets or ():
            self.on_telemetry(packet)


class Done:
    """What the payload says it has carried out, heard beside the link."""

    def __init__(self, names: Names) -> None:
        self._completed = names.schema.event_named["cmdDisp.OpCodeCompleted"].id
        self.opcodes: list[int] = []

    def event(self, event: dict[str, Any]) -> None:
        if event["id"] == self._completed:
            self.opcodes.append(event["args"][0])


class Both:
    """An emulated payload and a ground, and the line between them, on the payload's time."""

    def __init__(self, names: Names, seed: int, permille: int) -> None:
        spec = runner.make_spec(runner.Asked(rock="sandstone", seed=seed))
        self.served = Served(spec)
        self.done = Done(names)
        self.served._sink = self.done
        self.served.start()
        self.heard = Heard(names)
        self.ground = self.heard.link = Link(self.heard, nonce=seed, history=True)
        self.up = Line(seed, permille)
        self.down = Line(seed + 1, permille, text=True)
        self.ms = 0

    def run(self, ms: int) -> None:
        for _ in range(0, ms, 10):
            told = self.served.slice(1, self.up.read(self.ms))
            self.ms += 10
            self.down.write(told["tx"], self.ms)
            self.ground.receive(self.down.read(self.ms), self.ms)
            self.up.write(self.ground.poll(self.ms), self.ms)


def settings(names: Names, count: int) -> list[bytes]:
    """Commands that each set another parameter to its default, and nothing else."""
    found = []
    for one in names.words.parameter_list:
        command = names.command(f"{one.component}.{one.name}{SET}")
        default = one.default
        found.append(names.packet(command, [default]))
    return found[:count]


def opcode_of(packet: bytes) -> int:
    (opcode,) = struct.unpack_from(">I", packet, 2)
    return int(opcode)


def test_a_clear_line_resends_nothing(names: Names) -> None:
    both = Both(names, 1, 0)
    sent = [both.ground.send(packet) for packet in settings(names, 20)]
    both.run(4000)
    both.served.stop()
    assert {(one.state, one.result) for one in sent} == {(OVER, 0)}
    assert both.done.opcodes == [opcode_of(one.packet) for one in sent]
    assert both.ground.counts.resent == 0
    assert both.heard.samples > 100
    assert both.heard.told.count("cmdDisp.OpCodeCompleted") == 20


@pytest.mark.parametrize("seed", [3, 4])
def test_on_a_bad_line_with_resets_nothing_is_done_twice(names: Names, seed: int) -> None:
    check_a_bad_line(names, seed, 60)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(1000, 2000))
def test_on_a_thousand_bad_lines_nothing_is_done_twice(names: Names, seed: int) -> None:
    check_a_bad_line(names, seed, seed % 20 * 10)


def check_a_bad_line(names: Names, seed: int, permille: int) -> None:
    both = Both(names, seed, permille)
    sent = []
    for number, packet in enumerate(settings(names, 40)):
        sent.append(both.ground.send(packet))
        both.run(150)
        if number % 13 == 8:
            both.served._restart(WDT_RESET)
    both.run(45_000 + permille * 400)
    both.served.stop()
    done = both.done.opcodes
    assert not permille or (both.up.harmed > 5 and both.down.harmed > 5)
    assert len(done) == len(set(done)), "a command was carried out twice"
    order = [opcode_of(one.packet) for one in sent]
    assert done == [opcode for opcode in order if opcode in done], "out of order"
    states = {OVER: 0, DROPPED: 0, UNKNOWN: 0}
    for one in sent:
        assert one.done, "a command without an end"
        states[one.state] += 1
        if one.state == OVER:
            assert opcode_of(one.packet) in done and one.result == 0
        elif one.state == DROPPED:
            assert opcode_of(one.packet) not in done
    assert permille > 60 or states[OVER] >= 30
    numbers = both.heard.numbers
    assert numbers == sorted(set(numbers)), "events doubled or out of order"
    assert both.heard.samples > 100


def test_stop_reaches_the_payload_through_a_bad_line(names: Names) -> None:
    both = Both(names, 5, 300)
    one = both.ground.urgent(wire.STOP)
    both.run(5000)
    both.served.stop()
    assert one.result in (0, 1)
    assert "link.URGENT" in both.heard.told


def test_a_line_that_is_pulled_and_plugged_again_keeps_its_session(names: Names) -> None:
    both = Both(names, 6, 0)
    both.run(1000)
    session = both.ground.session
    line = both.served.world.serial
    assert both.ground.up and line is not None
    line.unplug()
    late = both.ground.send(settings(names, 1)[0])
    both.run(8000)
    assert not both.ground.up and not late.done
    line.plug()
    both.run(3000)
    both.served.stop()
    assert both.ground.up and both.ground.session == session
    assert late.state == OVER and len(both.done.opcodes) == 1
    assert "link.LOST" in both.heard.told and "link.BACK" in both.heard.told
    assert both.heard.lost == 0
