"""The serial line in trouble: each kind does what it says to the bytes of both directions."""

from __future__ import annotations

import pytest

from host_tools import rocks
from host_tools.emulator.devices.serial_line import SerialLine
from host_tools.emulator.errors import FaultError
from host_tools.emulator.faults import FaultInjector, Lcg
from host_tools.emulator.plant import Plant
from host_tools.emulator.world import World as Emulated
from host_tools.run.runner import board_data

MS = 1000
SAID = bytes(range(1, 101))


class Clock:
    now_us = 0


class World:
    def __init__(self) -> None:
        self.clock = Clock()


def opened(kind: str = "", value: int = 0) -> SerialLine:
    line = SerialLine(World(), 1, 4, 5)  # type: ignore[arg-type]
    line.open(921_600, 2048, 1024)
    if kind:
        line.disturb(kind, value, Lcg(1))
    return line


def wait(line: SerialLine, ms: int) -> None:
    line.clock.now_us += ms * MS


def heard(line: SerialLine) -> bytes:
    """What the chip has received."""
    buffer = bytearray(4096)
    return bytes(buffer[: line.read_into(buffer, 4096)])


def both(line: SerialLine, ms: int = 10) -> tuple[bytes, bytes]:
    """SAID is sent both ways; what has arrived at the chip and at the far end `ms` later."""
    line.host_write(SAID)
    assert line.send(SAID) == len(SAID)
    wait(line, ms)
    return heard(line), line.host_read()


def test_without_trouble_all_arrives() -> None:
    assert both(opened()) == (SAID, SAID)


def test_off_passes_nothing_and_ends() -> None:
    line = opened("off")
    assert both(line) == (b"", b"")
    line.disturb("", 0, None)
    assert both(line) == (SAID, SAID)


def test_a_wire_that_is_stuck_low_is_one_byte_of_zeros() -> None:
    line = opened("stuck")
    assert both(line) == (b"\0", b"\0")
    assert both(line) == (b"", b"")


def test_garbage_is_as_many_bytes_and_others() -> None:
    at_chip, at_host = both(opened("garbage"))
    assert len(at_chip) == len(at_host) == len(SAID)
    assert SAID not in (at_chip, at_host) and at_chip != at_host
    assert both(opened("garbage")) == (at_chip, at_host), "the seed decides"


def test_wires_that_touch_give_the_payload_its_own_words_back() -> None:
    at_chip, at_host = both(opened("wrong"))
    assert at_chip == SAID + SAID and at_host == SAID


def test_a_slow_line_lets_so_many_bytes_a_second_pass() -> None:
    line = opened("slow", 1000)
    at_chip, _ = both(line, 50)
    assert 40 <= len(at_chip) <= 50 and SAID.startswith(at_chip)
    wait(line, 200)
    assert at_chip + heard(line) == SAID
    for _ in range(3):
        line.host_write(SAID * 20)
    wait(line, 1000)
    first = heard(line)
    assert 950 <= len(first) <= 1000
    for _ in range(20):
        wait(line, 1000)
        first += heard(line)
    assert len(first) == 4096, "more than waits at most is lost"


def test_a_delayed_line_gives_all_of_it_late() -> None:
    line = opened("delayed", 300)
    assert both(line, 200) == (b"", b"")
    assert line.waiting() == 0
    wait(line, 101)
    assert heard(line) == SAID
    wait(line, 200)
    assert line.host_read() == SAID


def test_an_intermittent_line_loses_a_share_of_the_pieces_of_time() -> None:
    def pieces(looks_ms: int) -> list[bool]:
        line = opened("intermittent", 300)
        through = []
        for n in range(400 * 20 // looks_ms):
            line.host_write(b"x")
            wait(line, looks_ms)
            came = heard(line) == b"x"
            if n * looks_ms % 20 == 0:
                through.append(came)
        return through

    rare = pieces(20)
    assert 90 < rare.count(False) < 150, "three of ten"
    assert pieces(5) == rare, "how often one looks does not matter"


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"kind": "slow"}, "kind slow needs a value"),
        ({"kind": "slow", "value": 0}, "value is bytes a second, or milliseconds, 1 to 60000"),
        ({"kind": "delayed", "value": 60_001}, "1 to 60000"),
        ({"kind": "intermittent", "value": 1001}, "pieces of 1000 that are gone, 0 to 1000"),
        ({"kind": "louder"}, "unknown kind 'louder'"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(fault: dict[str, object], says: str) -> None:
    board = board_data("emulated")
    world = Emulated(board, Plant(rocks.load("sandstone"), 1, board["mechanics"]), 1)
    with pytest.raises(FaultError, match=says):
        FaultInjector(world, [{"target": "serial.line", "at_ms": 0, **fault}])
