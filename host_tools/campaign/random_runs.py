"""Independent runs at random: a rock, a seed, up to three parts that fail at some time, perhaps a power cut.

Nothing is expected of one run but what must hold always (truths.py): it ends, safe, with a true custody
record.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import Any

from host_tools.campaign import fault_matrix, fault_runs, truths
from host_tools.campaign.fault_matrix import Cell
from host_tools.campaign.ground_sink import GroundSink
from host_tools.campaign.plan import Record, Unit

FROM_MS, TO_MS = 34_000, 260_000
"""Faults begin between the end of bring-up and the end of a short core."""


def name(number: int) -> str:
    """The id of a run."""
    return f"run-{number:05d}"


def specification(seed: int, number: int) -> dict[str, Any]:
    """Everything about one run, from the campaign's seed and the run's number alone."""
    from host_tools import rocks

    chance = random.Random(f"run {seed} {number}")
    table = fault_matrix.table()
    faults = []
    parts = []
    for _ in range(chance.choice((0, 1, 1, 1, 2, 3))):
        cell = Cell(chance.choice(list(table.parts)), chance.choice(fault_matrix.KINDS), "CORE")
        parts.append(f"{cell.part} {cell.kind}")
        faults += table.faults(cell, chance.randrange(FROM_MS, TO_MS))
    if chance.random() < 0.25:
        parts.append("power cut")
        faults.append({"target": "supply.logic", "kind": "off", "at_ms": chance.randrange(200, TO_MS)})
    rock = chance.choice(list(rocks.names()))
    return {
        **fault_runs.specification(chance.randrange(2**29), faults),
        "rock": rock,
        "rock_data": rocks.load(rock),
        "depth_um": chance.randrange(1_500, 5_000),
        "tube": chance.randrange(1, 44),
        "failing": parts,
    }


def run(unit: Unit) -> Iterator[Record]:
    """The runs of a unit."""
    for one in unit.ids:
        began = time.monotonic()
        record = judged(one, specification(unit.data["seed"], int(one.split("-")[1])))
        record["wall_s"] = round(time.monotonic() - began, 2)
        yield record


def judged(one: str, spec: dict[str, Any]) -> Record:
    """Run a specification and judge it."""
    from host_tools.emulator import loader

    loader.install("emulated")
    from host_tools.emulator.session import Session, SessionError
    from host_tools.run.words import Words
    from rochette import tables

    words = Words.load()
    session = Session(spec, GroundSink(tables.VERDICT_PRESENT))
    why: list[str] = []
    outcome, reason = "CRASH", ""
    session.begin()
    try:
        while not session.ended:
            session.step()
        result = session.result()
        outcome = words.label("Outcome", result["outcome"])
        reason = words.label("Reason", result["reason"])
        why += [f"limit broken: {broken}" for broken in result["limits_broken"]]
    except SessionError as error:
        why.append(f"did not end: {error}")
    except Exception as error:
        why.append(f"crashed: {type(error).__name__}: {error}")
    finally:
        session.end()
    session.world.sync()
    why += truths.end_is_safe(session.plant, session.world)
    whole = outcome in ("SEALED", "EMPTY", "UNSEALED_STORED", "HELD")
    why += truths.custody_is_true(
        session.plant, truths.ledger_of(session.world), 0 if whole else int(spec["tube"])
    )
    return {
        "id": one,
        "ok": not why,
        "why": why,
        "outcome": outcome,
        "reason": reason,
        "notes": [f"{spec['rock']}, tube {spec['tube']}: {', '.join(spec['failing']) or 'nothing fails'}"],
        "emulated_ms": session.world.clock.now_us // 1000,
        "trace_sha256": session.trace(),
    }
