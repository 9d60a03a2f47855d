"""One leg of a power-cut campaign: the payload is switched on with what it kept, one tube is filled, the
power goes at random instants meanwhile, and after each cut the payload's own commands bring things in order
again.

Cuts come at a random time, or in the middle of a write to the memory (FRAM, flash program, flash erase) with
a random share of it done. Nothing here looks into the firmware but at what it tells: events, whether an
activity runs, and the custody record as the ground pulls it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from host_tools.campaign import operated, truths
from host_tools.campaign.plan import Record, Unit
from host_tools.ledger.rules import Tube
from host_tools.ledger.verify import Verified, follows, joined, verify

DEPTH_UM = 3_000
ROCKS = ("sandstone", "mudstone", "basalt")
LEG_MS = 200_000
"""About as long as a leg takes: a cut by time comes within it, or within what is left of it."""
BRING_UP_MS = 34_000
WRITES = 40
"""A cut by writes comes within so many of them: a record takes five, a leg has twenty records."""
COMMANDS_MAX = 120
TRIES = 2
"""How often a continuation is tried between two cuts before the tube is stored as it is."""
MIRRORED_EVERY = 16
TORN = (0, 250, 500, 750, 1000)
MAX_S = 6 * 3600


def leg(tube: int) -> str:
    """The id of a tube's leg."""
    return f"tube-{tube:02d}"


def plan_cuts(seed: int, tubes: int, cuts: int) -> list[list[dict[str, int | str]]]:
    """The cuts of every leg. By time: `after_ms` from the start before; by write: the how manyth from
    there."""
    chance = random.Random(f"cuts {seed}")
    legs: list[list[dict[str, int | str]]] = [[] for _ in range(tubes)]
    for number in range(cuts):
        if chance.random() < 0.5:
            cut: dict[str, int | str] = {"by": "time", "after_ms": chance.randrange(20, LEG_MS)}
        else:
            cut = {"by": "write", "nth": chance.randrange(1, WRITES), "torn_permille": chance.choice(TORN)}
        # Spread evenly, in an order that says nothing.
        legs[number % tubes].append(cut)
    chance.shuffle(legs)
    return legs


class Ground:
    """The people at the console of one leg: they fill the tube, and put things right after each cut."""

    def __init__(self, tube: int, cuts: list[dict[str, Any]], depth_um: int, mirror: bytes = b"") -> None:
        self.tube = tube
        self.waiting = list(cuts)
        self.made: list[dict[str, Any]] = []
        self.why: list[str] = []
        self.commands = 0
        self.told: list[str] = []
        self._depth_um = depth_um
        self._armed: dict[str, Any] | None = None
        self._acknowledged = 0
        self._tried: dict[str, int] = {}
        self._mirrored = 0
        self._restarting = False
        self.mirror = mirror

    # What the session asks

    def idle(self, session: Any) -> None:
        """Arm the next cut, then do what is next."""
        if self._armed is None and self.waiting:
            self._arm(session)
        if self.commands >= COMMANDS_MAX:
            self.why.append(
                f"not in order after {COMMANDS_MAX} commands; the last: {', '.join(self.told[-6:])}"
            )
            session.over()
            return
        found = self.pull(session, "before a command")
        self._tell_mirror(session, found)
        command = self._trust(session) or self._next(session, found)
        if command is None:
            session.over()
            return
        self.commands += 1
        self.told.append(" ".join(str(word) for word in command))
        session.command(command[0], *command[1:])

    def started(self, session: Any) -> None:
        """After a cut: outputs first, then the record."""
        world, plant = session.world, session.plant
        if self._restarting:
            # Asked for by command: no cut, and the one that is planned still comes.
            self._restarting = False
            return
        if self._armed is not None:
            self._armed["at_ms"] = world.clock.now_us // 1000
            self.made.append(self._armed)
            self._armed = None
        cut = f"cut {len(self.made)}"
        if plant.energised or world.actuator_enable:
            self.why.append(f"{cut}: actuators have power after the start")
        found = self.pull(session, cut)
        if found.last_sequence < self._acknowledged:
            self.why.append(
                f"{cut}: {self._acknowledged} records were acknowledged, {found.last_sequence} are there"
            )
        self._tried = {}
        self._arm_if_any(session)

    def after_tick(self, session: Any) -> None:
        """What the payload says it has on record, tick by tick: from here on it must not be lost."""
        self._acknowledged = max(self._acknowledged, session.payload.ledger.records_kept())

    def held(self, session: Any) -> None:
        """A hold that this ground does not release: end it, the tube is stored as it is."""
        self.told.append("SAMPLE_ABORT")
        session.command("SAMPLE_ABORT")

    def pull(self, session: Any, when: str) -> Verified:
        """Bring the mirror up to date from the payload's memory, and verify it whole."""
        data = bytes(session.world.parts["fram"].memory)
        here = verify(data)
        wrong = [*here.faults, *([lost] if (lost := follows(self.mirror, data)) else [])]
        self.why += [f"{when}: ledger: {fault}" for fault in wrong if fault not in " ".join(self.why)]
        if not wrong:
            self.mirror = joined(self.mirror, data)
        return verify(self.mirror) if self.mirror else here

    # Cuts

    def _arm_if_any(self, session: Any) -> None:
        if self._armed is None and self.waiting:
            self._arm(session)

    def _arm(self, session: Any) -> None:
        cut = dict(self.waiting.pop(0))
        now_ms = session.world.clock.now_us // 1000
        if cut["by"] == "time":
            fault = {"target": "supply.logic", "kind": "off", "at_ms": now_ms + int(cut["after_ms"])}
        else:
            fault = {
                "target": "supply.logic",
                "kind": "cut_at_write",
                "value": int(cut["nth"]),
                "torn_permille": int(cut["torn_permille"]),
                "at_ms": now_ms,
            }
        session.add_faults([fault])
        self._armed = cut

    def _sooner(self, session: Any) -> None:
        """The tube is done and a cut still waits: make it come while the payload is brought up again."""
        if self._armed is not None:
            chance = random.Random(f"{self.tube} {len(self.made)} {self._armed}")
            at_ms = session.world.clock.now_us // 1000 + chance.randrange(50, BRING_UP_MS)
            session.add_faults([{"target": "supply.logic", "kind": "off", "at_ms": at_ms}])
            self._armed = {**self._armed, "sooner": 1}

    # What to do next

    def _tell_mirror(self, session: Any, found: Verified) -> None:
        """Let the payload know what the ground keeps, so that its memory may be written over."""
        last = found.last_sequence
        if last - self._mirrored >= MIRRORED_EVERY and found.good:
            chain = int.from_bytes(found.image.records[-1].chain[:4], "big") >> 2
            session.command("LEDGER_MIRRORED", last, chain)
            self._mirrored = last

    def _trust(self, session: Any) -> tuple[Any, ...] | None:
        """After many quick starts the payload trusts less of what it kept; the way up again is by command."""
        tables = session.tables
        told = [e["args"] for e in session.sink.events if e["id"] == tables.EV_START_COUNTED]
        if not told or told[-1][2] == tables.TIER_FULL:
            return None
        if self.told[-1:] == ["START_TRUST"]:
            self._restarting = True
            return ("START_RESTART",)
        return ("START_TRUST",)

    def _next(self, session: Any, found: Verified) -> tuple[Any, ...] | None:
        """The next command by what the record says; None when the leg is over."""
        if found.image.blank or not found.tubes:
            return ("SAMPLE_COMMISSION",)
        if found.in_hand:
            return self._put_right(found.tubes[found.in_hand])
        if not session.payload.ready:
            return ("SAMPLE_BRING_UP",)
        if not found.tubes[self.tube].used:
            return ("SAMPLE_ACQUIRE", self.tube, self._depth_um)
        if self._armed is not None or self.waiting:
            self._sooner(session)
            return ("SAMPLE_BRING_UP",)
        return None

    def _put_right(self, tube: Tube) -> tuple[Any, ...]:
        """The payload's own command that goes on with the tube in hand. What it refuses or fails is not tried
        for ever: in the end the tube is stored as it is."""
        named = (tube.sample, tube.number)
        down = tube.doing in ("coring", "breaking", "in the hole")
        if down and self._try("retract"):
            return ("SAMPLE_RETRACT_BIT", *named)
        sound = (
            tube.core.verdict in ("", "PRESENT") and tube.core.cored and not tube.sealing and not tube.sealed
        )
        if sound and tube.doing in ("carried", "docking", "in its seat") and self._try("hold"):
            return ("SAMPLE_HOLD_AGAIN", *named)
        return ("SAMPLE_FINISH_STORING", *named)

    def _try(self, what: str) -> bool:
        self._tried[what] = self._tried.get(what, 0) + 1
        return self._tried[what] <= TRIES


def run(unit: Unit) -> Iterator[Record]:
    """One leg."""
    began = time.monotonic()
    data = unit.data
    tube = int(data["tube"])
    if unit.after and not data.get("state"):
        yield {"id": unit.ids[0], "ok": False, "why": ["the leg before left no payload to go on with"]}
        return
    state = operated.unpacked(data["state"]) if data.get("state") else {}
    ground = Ground(tube, data["cuts"], DEPTH_UM, bytes.fromhex(state.get("mirror", "")))
    session = operated.make(_specification(data, tube, state.get("kept")), ground)
    kept: dict[str, Any] = {}
    crash = ""
    session.begin()
    try:
        while not session.ended:
            session.step()
            ground.after_tick(session)
        kept = session.result()["kept"]
    except Exception as error:
        crash = f"crashed: {type(error).__name__}: {error}; after {', '.join(ground.told[-4:])}"
    finally:
        session.end()
    yield _record(unit.ids[0], session, ground, kept, crash, time.monotonic() - began)


def _specification(data: dict[str, Any], tube: int, kept: dict[str, Any] | None) -> dict[str, Any]:
    from host_tools import rocks

    chance = random.Random(f"rock {data['seed']} {tube}")
    rock = chance.choice(ROCKS)
    return {
        "rock": rock,
        "rock_data": rocks.load(rock),
        "seed": data["seed"] * 100 % 2**29 + tube,
        "tube": tube,
        "depth_um": DEPTH_UM,
        "release": "auto",
        "board": "emulated",
        "limits": [
            {"never_together": ["SPINDLE", "CAROUSEL", "SEALER"]},
            {"never_together": ["PROBE", "CAROUSEL"]},
        ],
        "max_s": MAX_S,
        "max_resets": 10_000,
        "telemetry_hz": 1,
        "flash": "formatted",
        "kept": kept,
    }


def _record(
    name: str, session: Any, ground: Ground, kept: dict[str, Any], crash: str, wall_s: float
) -> Record:
    why = [*ground.why, *([crash] if crash else [])]
    before = len(ground.why)
    found = ground.pull(session, "at the end")
    why += ground.why[before:]
    why += truths.end_is_safe(session.plant, session.world)
    why += truths.custody_is_true(session.plant, found)
    why += [f"limit broken: {one}" for one in session.limits.broken]
    tube = found.tubes.get(ground.tube)
    if tube is not None and not crash and not tube.done:
        why.append(f"tube {ground.tube} is left {tube.place}, {tube.state}")
    return {
        "id": name,
        "ok": not why,
        "why": why,
        "outcome": tube.state if tube is not None else "no record",
        "reason": "",
        "cuts": ground.made,
        "commands": ground.commands,
        "tubes": {str(n): f"{one.place}, {one.state}" for n, one in found.tubes.items()},
        "records": found.last_sequence,
        "notes": [f"{len(ground.made)} cuts, {ground.commands} commands, {found.last_sequence} records"],
        "emulated_ms": session.world.clock.now_us // 1000,
        "trace_sha256": session.trace(),
        "state": operated.packed({"kept": kept, "mirror": ground.mirror.hex()}) if kept else "",
        "wall_s": round(wall_s, 2),
    }
