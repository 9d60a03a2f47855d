"""Nothing is done twice, whatever the line does: both ends of the link over a line that loses, doubles,
swaps, damages and replays frames, while either end is reset now and then.

Each command sets a parameter to a number of its own, so what was carried out can be counted. Every frame that
an end takes is held against those that were sent, and every frame that arrives unharmed has to be taken,
whatever came before it.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable

import pytest

from host_tools.ground.framing import content_of
from host_tools.ground.link import DROPPED, OVER, UNKNOWN, Ears, Link, Sent
from rochette.tables import CMD_SYSTEM_PARAMETER_SET, P_LINK_LOSS_MS
from tests.unit.ground_bench import Bench

_STEP_TICKS = 2


class Line:
    """One direction. Remembers what crossed and brings any of it back, however old."""

    def __init__(self, draw: random.Random, permille: int) -> None:
        self._draw = draw
        self._permille = permille
        self._flying: list[tuple[int, int, bytes]] = []
        self._old: list[bytes] = []
        self._count = 0
        self.frames = 0
        self.harmed = 0
        self.sent: set[bytes] = set()
        """Content of every frame that was put on the line."""

    def _hit(self) -> bool:
        hit = self._draw.randrange(1000) < self._permille
        self.harmed += hit
        return hit

    def write(self, data: bytes, now_ms: int) -> None:
        for part in data.split(b"\x7e"):
            if part:
                self._mistreat(b"\x7e" + part + b"\x7e", now_ms)

    def _mistreat(self, frame: bytes, now_ms: int) -> None:
        draw = self._draw
        self.frames += 1
        content = content_of(frame[1:-1])
        assert content is not None, "an end sends what is no frame"
        self.sent.add(content)
        if len(self._old) < 4000:
            self._old.append(frame)
        else:
            self._old[draw.randrange(4000)] = frame
        copies = [] if self._hit() else [frame]
        if self._hit():
            copies = copies * 2
        if self._hit():
            damaged = bytearray(frame)
            for _ in range(draw.randrange(1, 4)):
                damaged[draw.randrange(len(damaged))] = draw.randrange(256)
            copies = [bytes(damaged)]
        if self._hit():
            copies.append(draw.choice(self._old))
        if self._hit():
            copies.append(b"\r\nTraceback (most recent call last):\r\n")
        for copy in copies:
            delay = draw.randrange(200) if self._hit() else 0
            self._count += 1
            self._flying.append((now_ms + delay, self._count, copy))

    def read(self, now_ms: int) -> bytes:
        due = sorted(entry for entry in self._flying if entry[0] <= now_ms)
        self._flying = [entry for entry in self._flying if entry[0] > now_ms]
        return b"".join(entry[2] for entry in due)


class Watch:
    """What one end has to take, and what it takes."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._due: list[bytes] = []
        self._begun = b""
        self.taken = 0
        self.invented = 0
        self.missed = 0

    def arrives(self, data: bytes) -> None:
        """These bytes reach the end; those of them that are whole frames have to be taken."""
        *parts, self._begun = (self._begun + data).split(b"\x7e")
        for part in parts:
            content = content_of(part)
            if content is not None and content in self._line.sent:
                self._due.append(content)

    def takes(self, content: bytes) -> None:
        """The end takes this for a frame."""
        self.taken += 1
        self.invented += content not in self._line.sent
        if content in self._due:
            self._due.remove(content)

    def all_read(self) -> None:
        """The end has read everything that arrived."""
        self.missed += len(self._due)
        self._due.clear()

    def forget(self) -> None:
        """The end was restarted; what it had not read yet is gone."""
        self._due.clear()
        self._begun = b""


class Heard(Ears):
    """Events by number: none twice, none out of order."""

    def __init__(self) -> None:
        self.boot = -1
        self.number = 0
        self.count = 0

    def on_event(self, boot: int, number: int, packet: bytes) -> None:
        assert boot != self.boot or number > self.number
        self.boot, self.number = boot, number
        self.count += 1


class Trial:
    """Both ends. `carried` counts each command that the payload carried out, over all its restarts."""

    def __init__(self, seed: int, permille: int) -> None:
        self.draw = random.Random(seed)
        self.bench = Bench(tick=self.draw.randrange(1 << 30))
        self.up, self.down = Line(self.draw, permille), Line(self.draw, permille)
        self.payload_end, self.ground_end = Watch(self.up), Watch(self.down)
        self.now_ms = 0
        self.serial = 0
        self.carried: dict[int, int] = {}
        self.order: list[int] = []
        self.given: dict[int, Sent] = {}
        self.orphans: set[int] = set()
        self.restarts = 0
        self.host_restarts = 0
        self.ears: list[Heard] = []
        self._new_host()
        self._watch_payload()

    def _new_host(self) -> None:
        self.ears.append(Heard())
        self.ground_end.forget()
        self.link = Link(self.ears[-1], self.draw.randrange(1 << 32))
        take = self.link._take

        def watched(content: bytes) -> None:
            self.ground_end.takes(content)
            take(content)

        self.link._take = watched  # type: ignore[method-assign]

    def _watch_payload(self) -> None:
        take: Callable[[bytearray, int], None] = self.bench.link._take

        def watched(frame: bytearray, length: int) -> None:
            self.payload_end.takes(bytes(frame[:length]))
            take(frame, length)

        self.bench.link._take = watched

    @property
    def frames(self) -> int:
        return self.up.frames + self.down.frames

    def step(self) -> None:
        self.up.write(self.link.poll(self.now_ms), self.now_ms)
        data = self.up.read(self.now_ms)
        self.payload_end.arrives(data)
        self.bench.put(data)
        self.bench.tick(_STEP_TICKS)
        if not self.bench.port.incoming:
            self.payload_end.all_read()
        self._count()
        self.down.write(self.bench.take(), self.now_ms)
        data = self.down.read(self.now_ms)
        self.ground_end.arrives(data)
        self.link.receive(data, self.now_ms)
        self.ground_end.all_read()
        self.now_ms += 10 * _STEP_TICKS

    def _count(self) -> None:
        for entry in self.bench.payload.done:
            if entry[1] == P_LINK_LOSS_MS:
                self.carried[entry[2]] = self.carried.get(entry[2], 0) + 1
                self.order.append(entry[2])
        self.bench.payload.done.clear()

    def give(self) -> None:
        self.serial += 1
        packet = struct.pack(">HIii", 0, CMD_SYSTEM_PARAMETER_SET, P_LINK_LOSS_MS, self.serial)
        self.given[self.serial] = self.link.send(packet)

    def restart_payload(self) -> None:
        self.restarts += 1
        self.bench.start(self.draw.randrange(1 << 30))
        self.payload_end.forget()
        self._watch_payload()

    def restart_host(self) -> None:
        """The host's program is gone, and what it knew with it."""
        self.host_restarts += 1
        self.orphans |= {serial for serial, sent in self.given.items() if not sent.done}
        self._new_host()

    def run(self, frames: int, resets_permille: int) -> None:
        draw = self.draw
        while self.frames < frames:
            waiting = sum(not sent.done for serial, sent in self.given.items() if serial not in self.orphans)
            if waiting < 12 and draw.randrange(100) < 40:
                self.give()
            if draw.randrange(1000) < resets_permille:
                if draw.randrange(2):
                    self.restart_payload()
                else:
                    self.restart_host()
            self.step()
            if len(self.given) > 400:
                self._judge_some()
        for _ in range(3000):
            if all(sent.done for serial, sent in self.given.items() if serial not in self.orphans):
                break
            self.step()
        self.judge(self.given)

    def _judge_some(self) -> None:
        """Commands that are over can be forgotten here; their counts stand."""
        over = {n: sent for n, sent in self.given.items() if sent.done or n in self.orphans}
        self.judge(over)
        for serial in over:
            del self.given[serial]

    def judge(self, given: dict[int, Sent]) -> None:
        for serial, sent in given.items():
            times = self.carried.get(serial, 0)
            assert times <= 1, f"command {serial} was carried out {times} times"
            if serial in self.orphans:
                continue
            if sent.state == OVER:
                assert times == 1 and sent.result == 0, f"command {serial} is said to be done"
            elif sent.state == DROPPED:
                assert times == 0, f"command {serial} is said to be dropped"
            else:
                assert sent.state == UNKNOWN, f"command {serial} is still {sent.state}"
        assert max(self.carried.values(), default=0) <= 1
        for end in (self.payload_end, self.ground_end):
            assert end.invented == 0, "a frame was taken that nobody sent"
            assert end.missed == 0, "a whole frame was not taken: the harm before it went on"

    @property
    def counts(self) -> dict[str, int]:
        """What a report wants to know."""
        ends = (self.payload_end, self.ground_end)
        return {
            "frames": self.frames,
            "hits": self.up.harmed + self.down.harmed,
            "restarts": self.restarts + self.host_restarts,
            "commands": self.serial,
            "carried out": len(self.order),
            "carried out twice": len(self.order) - len(self.carried),
            "frames taken": sum(end.taken for end in ends),
            "taken and not sent": sum(end.invented for end in ends),
            "whole and not taken": sum(end.missed for end in ends),
        }


@pytest.mark.parametrize(
    ("seed", "permille", "resets"), [(1, 0, 0), (2, 30, 0), (3, 120, 0), (4, 60, 8), (5, 170, 4)]
)
def test_no_command_is_carried_out_twice(seed: int, permille: int, resets: int) -> None:
    trial = Trial(seed, permille)
    trial.run(2_500, resets)
    assert trial.order == sorted(trial.order), "commands are carried out in the order they were given"
    assert len(trial.order) > 100
    assert sum(ears.count for ears in trial.ears) > len(trial.order), "events came, each once"
    assert trial.bench.link.dropped > 0 or not permille
    if resets:
        assert trial.restarts and trial.host_restarts
    elif permille < 100:
        assert len(trial.order) == trial.serial, "without resets each one is carried out"


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(20))
def test_no_command_is_carried_out_twice_in_a_million_frames(
    seed: int, record_property: Callable[[str, object], None]
) -> None:
    draw = random.Random(seed)
    trial = Trial(seed + 100, draw.randrange(5, 250))
    trial.run(50_000, draw.randrange(0, 10))
    for name, count in trial.counts.items():
        record_property(name, count)
    assert len(trial.order) > 100


def _replayed(trial: Trial, times: int) -> None:
    """Bring everything that ever went up back, in any order."""
    frames = list(trial.up._old)
    for _ in range(times):
        trial.bench.put(trial.draw.choice(frames))
        trial.bench.tick()
        trial._count()


def test_everything_that_ever_crossed_comes_back_and_nothing_happens() -> None:
    trial = Trial(9, 20)
    trial.run(1_500, 5)
    done = len(trial.order)
    _replayed(trial, 1_500)
    trial.restart_payload()
    _replayed(trial, 1_500)
    assert len(trial.order) == done
    trial.judge(trial.given)
