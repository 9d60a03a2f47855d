"""The link on the whole emulated payload: stop, abort, pause and resume while a core is drilled."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rochette import tables as t
from tests.unit.payload_rig import Rig
from tests.unit.wire_ground import ABORT, PAUSE, RESUME, STOP, Ground, frames


class Line:
    """What wire_ground takes for a bench: the serial line of the emulated payload."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.session = rig.session
        self.payload = rig.boot()
        self.session._sink.columns([])

    def put(self, data: bytes) -> None:
        self.session.world.serial.host_write(data)

    def take(self) -> bytes:
        return self.session.world.serial.host_read()

    def tick(self) -> None:
        self.payload.executive.step()
        self.session._after_step()


class Drive:
    """A run with somebody on the line."""

    def __init__(self, **spec: object) -> None:
        self.rig = Rig(**spec)
        self.line = Line(self.rig)
        self.payload = self.line.payload
        self.ground = Ground(self.line)
        self._half = b""

    def step(self, talk: bool = True) -> None:
        """One tick; a sign of life a second. Frames come in pieces: whole ones are sorted."""
        self.line.tick()
        self._half += self.line.take()
        end = self._half.rfind(b"\x7e") + 1
        whole, self._half = self._half[:end], self._half[end:]
        for content in frames(whole):
            self.ground._sort(content)
        if talk and self.payload.executive.tick % 100 == 0 and self.ground.session:
            self.ground.ack()

    def until(self, done: Callable[[], object], limit_s: int = 900, talk: bool = True) -> None:
        for _ in range(limit_s * 100):
            if done():
                return
            self.step(talk)
        raise AssertionError("it did not come to that")

    def connect(self) -> None:
        self.ground.hello()
        self.until(lambda: self.ground.welcomes, 5)
        self.ground.session = self.ground.welcomes[-1].session

    def coring(self, depth_um: int = 700) -> None:
        corer = self.payload.corer
        self.until(lambda: corer.state == t.CORER_STATE_CORING and corer.depth_um > depth_um)

    def close(self) -> None:
        self.payload.stop()
        self.line.session.world.detach()


@pytest.fixture
def drive():
    drives = []

    def begin(**spec: object) -> Drive:
        one = Drive(**spec)
        drives.append(one)
        one.connect()
        return one

    yield begin
    for one in drives:
        one.close()


def test_a_pause_lifts_the_bit_and_a_resume_brings_the_core_home(drive) -> None:
    run = drive(depth_um=2000)
    run.coring()
    run.ground.urgent(PAUSE, 1)
    run.until(lambda: run.payload.corer.state == t.CORER_STATE_PAUSED, 30)
    run.until(lambda: not run.payload.spindle.busy and not run.payload.feed.busy, 30)
    depth, z = run.payload.corer.depth_um, run.line.session.plant.bit_z_um
    for _ in range(12_000):
        run.step()
    assert run.payload.corer.depth_um == depth and abs(run.line.session.plant.bit_z_um - z) < 50
    assert not run.payload.spindle.running and run.payload.activities.running == 1
    assert run.ground.statuses[-1][14] & 1
    run.ground.urgent(RESUME, 2)
    run.until(lambda: run.line.session._ended)
    assert run.payload.sample.outcome == t.OUTCOME_SEALED
    assert run.ground.urgents == [(PAUSE, 1, 0, 1), (RESUME, 2, 0, 1)]
    assert run.payload.executive.total_slips() == 0, "frames cost no tick its time"


@pytest.mark.parametrize("kind", [STOP, ABORT])
def test_a_stop_and_an_abort_end_it_in_place(drive, kind: int) -> None:
    run = drive(depth_um=2000)
    run.coring()
    run.ground.urgent(kind, 1)
    run.until(lambda: run.ground.urgents, 1)
    if kind == STOP:
        assert not run.payload.rail.is_on
    run.until(lambda: not run.payload.activities.running, 5)
    assert run.payload.sample.outcome == t.OUTCOME_ABORTED and not run.payload.rail.is_on
    assert run.payload.mode.value == t.MODE_STOPPED
    assert run.payload.feed.homed == (kind == ABORT), "steps without power are not counted on"
    plant = run.line.session.plant
    assert plant.spindle_permille == 0 and plant.percussion_mhz == 0


def test_a_link_that_is_lost_in_the_middle_lets_the_core_come_to_its_hold(drive) -> None:
    run = drive(depth_um=2000, verdict="PRESENT", answer="hold")
    run.coring()
    run.until(lambda: run.payload.hold.active, talk=False)
    assert run.payload.ground.link.lost
    silent = len(run.ground.events)
    run.ground.ack()
    for _ in range(300):
        run.step()
    numbers = [number for _, number, _ in run.ground.events]
    assert len(numbers) > silent
    assert numbers == list(range(numbers[0], numbers[-1] + 1)), "nothing that the ring holds is lost"
    ids = [int.from_bytes(packet[2:6], "big") for _, _, packet in run.ground.events]
    assert t.EV_LINK_LOST in ids and t.EV_LINK_BACK in ids and t.EV_SAMPLE_HOLD in ids
