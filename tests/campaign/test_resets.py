"""A reset at every event of an acquisition: by watchdog, power and soft reset. Outputs first, then the
record.

One run is made without a reset. At each of its events a child process is forked in which the chip is reset
right there, in the middle of the tick; the child starts anew, is held against the plant, and is gone.
"""

from __future__ import annotations

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


def session_of(rock: str, seed: int) -> Any:
    spec = {
        "rock": rock,
        "rock_data": rocks.load(rock),
        "seed": seed,
        "tube": 1 + seed % 43,
        "depth_um": 3_000,
        "release": "auto",
        "board": "emulated",
        "telemetry_hz": 1,
        "flash": "formatted",
    }
    return operated.make(spec, Quiet())


def boundaries(rock: str, seed: int) -> list[tuple[int, int]]:
    """(tick, how many events in it) of the run without a reset."""
    session = session_of(rock, seed)
    session.begin()
    found = []
    try:
        while not session.ended:
            before = session.payload.events.count
            session.step()
            if session.payload.events.count > before:
                found.append((session.payload.executive.tick, session.payload.events.count - before))
    finally:
        session.end()
    return found


def resets(rock: str, seed: int, every: int) -> tuple[int, list[str]]:
    """Reset at every `every`th event. How many there were, and what was wrong, in words."""
    planned = boundaries(rock, seed)
    session = session_of(rock, seed)
    session.begin()
    number = made = 0
    wrong: list[str] = []
    try:
        for tick, events in planned:
            while session.payload.executive.tick < tick - 1:
                session.step()
            for nth in range(1, events + 1):
                number += 1
                if number % every == 0:
                    made += 1
                    kind = KINDS[made % len(KINDS)]
                    wrong += [
                        f"{rock} {seed}, event {number}, {kind.__name__}: {w}"
                        for w in child(session, nth, kind)
                    ]
            session.step()
    finally:
        session.end()
    return made, wrong


def child(session: Any, nth: int, kind: type[BaseException]) -> list[str]:
    """Fork, reset at the `nth` event of the next tick, and hear what was wrong."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        said = ["the child did not come to its end"]
        try:
            said = reset_here(session, nth, kind)
        except BaseException as error:
            said = [f"{type(error).__name__}: {error}"]
        finally:
            os.write(write_end, json.dumps(said).encode())
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        heard = pipe.read()
    os.waitpid(pid, 0)
    return json.loads(heard)


def reset_here(session: Any, nth: int, kind: type[BaseException]) -> list[str]:
    events = session.payload.events
    left = [nth]
    session.sink.hold = lambda _evidence: {"answer": "hold"}  # nobody releases what is held again

    class Trap(array):  # type: ignore[type-arg]
        """The ring's memory: the chip is reset as the last number of the event is written."""

        def __setitem__(self, at: Any, value: Any) -> None:
            super().__setitem__(at, value)
            if at % FIELDS == FIELDS - 1:
                left[0] -= 1
                if left[0] == 0:
                    raise kind("at an event")

    events._store = Trap("i", events._store)
    session.step()
    if session.resets != 1:
        return [f"no reset: {left[0]} events did not come"]
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


@pytest.mark.soak
@pytest.mark.parametrize(("rock", "seed"), [("sandstone", 1), ("powdery", 2), ("basalt", 3)])
def test_a_reset_at_events_of_an_acquisition(rock: str, seed: int) -> None:
    made, wrong = resets(rock, seed, every=1)
    assert not wrong, "\n".join(wrong[:20])
    assert made >= 50


@pytest.mark.soak
@pytest.mark.parametrize("rock", rocks.names())
def test_a_reset_at_every_event(rock: str) -> None:
    made = 0
    for seed in range(1, 7):
        count, wrong = resets(rock, seed, every=1)
        assert not wrong, "\n".join(wrong[:20])
        made += count
    assert made >= 560  # nine rocks: more than 5,000
