"""A reset at every event of an acquisition: by watchdog, power and soft reset. Outputs first, then the
record.

One run goes on without a reset. At each of its events a child process is forked in which the chip is reset
right there, in the middle of the tick; the child starts anew, is held against the plant, and is gone.
"""

from __future__ import annotations

import gc
import json
import os
from array import array
from typing import Any

import pytest

from host_tools import rocks
from host_tools.campaign import operated, truths
from host_tools.emulator.errors import PowerLoss, SoftReset, WatchdogReset
from rochette.services.events import FIELDS

KINDS = (WatchdogReset, PowerLoss, SoftReset)
UNCERTAIN = ("taking", "coring", "breaking", "docking")
QUIET_TICKS = 30


class Quiet:
    """Nobody at the console: the run's own commands, and none after a reset."""

    def __init__(self) -> None:
        self.steps = 0

    def idle(self, session: Any) -> None:
        self.steps += 1
        payload = session.payload
        if session.resets or self.steps > 3:
            session.over()
        elif self.steps == 1:
            session.command("SAMPLE_COMMISSION")
        elif self.steps == 2:
            session.command("SAMPLE_BRING_UP")
        elif payload.ready:
            session.command("SAMPLE_ACQUIRE", session._tube, session._depth_um)

    def held(self, session: Any) -> None:
        session.over()

    def started(self, session: Any) -> None:
        assert not session.plant.energised, "actuators have power after the start"
        assert not session.world.actuator_enable


def session_of(rock: str, seed: int, depth_um: int) -> Any:
    spec = {
        "rock": rock,
        "rock_data": rocks.load(rock),
        "seed": seed,
        "tube": 1 + seed % 43,
        "depth_um": depth_um,
        "release": "auto",
        "board": "emulated",
        "telemetry_hz": 1,
        "flash": "formatted",
    }
    return operated.make(spec, Quiet())


class Forking(array):  # type: ignore[type-arg]
    """The memory of the event ring of a run that goes on: as the last number of an event is written, a child
    is forked in which the chip is reset right there. `kind`: by what; `wrong`: what the children said."""

    def begin(self, name: str, every: int) -> None:
        """Start counting. Reset at every `every`th event."""
        self.name = name
        self.every = every
        self.number = self.made = 0
        self.wrong: list[str] = []
        self.report = -1

    def __setitem__(self, at: Any, value: Any) -> None:
        super().__setitem__(at, value)
        if at % FIELDS == FIELDS - 1 and self.report < 0:
            self.number += 1
            if self.number % self.every == 0:
                self.made += 1
                self._fork(KINDS[self.made % len(KINDS)])

    def _fork(self, kind: type[BaseException]) -> None:
        read_end, write_end = os.pipe()
        pid = os.fork()
        if pid == 0:
            self.report = write_end
            raise kind("at an event")
        os.close(write_end)
        with os.fdopen(read_end, "rb") as pipe:
            heard = pipe.read()
        os.waitpid(pid, 0)
        said = json.loads(heard) if heard else ["the child did not come to its end"]
        self.wrong += [f"{self.name}, event {self.number}, {kind.__name__}: {w}" for w in said]


def resets(rock: str, seed: int, every: int = 1, depth_um: int = 3_000) -> tuple[int, list[str]]:
    """Reset at every `every`th event of one run. How many there were, and what was wrong, in words."""
    session = session_of(rock, seed, depth_um)
    session.begin()
    truths.ledger_of(session.world)  # reads the dictionary once, not in each child
    memory = Forking("i", session.payload.events._store)
    memory.begin(f"{rock} {seed}", every)
    session.payload.events._store = memory
    gc.collect()
    gc.freeze()  # what stands is not copied into each child by its collections
    try:
        while not session.ended:
            session.step()
            if memory.report >= 0:
                child_ends(memory.report, found_wrong(session))
    except BaseException as error:
        if memory.report >= 0:
            child_ends(memory.report, [f"{type(error).__name__}: {error}"])
        raise
    finally:
        gc.unfreeze()
        memory.report = 0  # what the end of the run tells, and its generators when collected, forks no more
        session.end()
    return memory.made, memory.wrong


def child_ends(report: int, said: list[str]) -> None:
    """Tell the parent and be gone, with nothing of the test run cleaned up twice."""
    os.write(report, json.dumps(said).encode())
    os._exit(0)


def found_wrong(session: Any) -> list[str]:
    """In the child: the firmware has just started again. What does not hold."""
    session.sink.hold = lambda _evidence: {"answer": "hold"}  # nobody releases what is held again
    if session.resets != 1:
        return [f"{session.resets} resets"]
    wrong = []
    for _ in range(QUIET_TICKS):
        session.step()
        if session.plant.energised or session.world.actuator_enable:
            wrong.append("something was given power by itself after the start")
            break
    found = truths.ledger_of(session.world)
    in_hand = found.tubes.get(found.in_hand)
    uncertain = in_hand is not None and (in_hand.doing in UNCERTAIN or in_hand.sealing)
    wrong += truths.custody_is_true(session.plant, found, found.in_hand if uncertain else 0)
    names = [event["id"] for event in session.sink.events]
    if in_hand is not None and session.tables.EV_SAMPLE_CUT_OFF not in names:
        wrong.append(f"tube {in_hand.number} is in hand ({in_hand.doing}) and nobody was told")
    if session.payload.activities.running and not session.payload.hold.active:
        wrong.append("an activity runs by itself")
    return wrong


@pytest.mark.parametrize(
    ("rock", "seed", "least"), [("sandstone", 1, 140), ("powdery", 2, 85), ("too-hard", 3, 75)]
)
def test_a_reset_at_every_event_of_an_acquisition(rock: str, seed: int, least: int) -> None:
    made, wrong = resets(rock, seed)
    assert not wrong, "\n".join(wrong[:20])
    assert made >= least  # the three: 300


@pytest.mark.soak
@pytest.mark.parametrize("rock", rocks.names())
def test_a_reset_at_every_event(rock: str) -> None:
    made = 0
    for seed in range(1, 8):
        count, wrong = resets(rock, seed)
        assert not wrong, "\n".join(wrong[:20])
        made += count
    assert made >= 560  # nine rocks: more than 5,000
