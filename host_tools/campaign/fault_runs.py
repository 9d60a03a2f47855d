"""Runs cells of the fault matrix.

All cells share the run up to the moment when their fault begins, so a unit runs it once and forks a child at
each of these moments: the child has the fault and goes on to the end, the parent goes on without. That the
child's run is the one that a run from the start gives is tested by the trace.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from host_tools.campaign import fault_matrix, truths
from host_tools.campaign.fault_matrix import Cell
from host_tools.campaign.ground_sink import GroundSink
from host_tools.campaign.plan import Record, Unit
from host_tools.run.words import Words

ROCK = "mudstone"
DEPTH_UM = 3_000
TUBE = 1
MAX_S = 1_800
_TICK_US = 10_000
_ORPHAN_TICKS = 1_000  # how often a child looks whether its parent is still there
_HELD_TICKS = 400
"""Longer than any fault of the table holds the supply's switch on."""
_seen: dict[str, dict[str, Any]] = {}
"""What this process's runs saw in their pictures: most cells take the same ones (GroundSink)."""
_LIMITS = [
    {"never_together": ["SPINDLE", "CAROUSEL", "SEALER"]},
    {"never_together": ["PROBE", "CAROUSEL"]},
]


def specification(seed: int, faults: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The run that is made to fail: a short core, released when PRESENT."""
    from host_tools import rocks

    return {
        "rock": ROCK,
        "rock_data": rocks.load(ROCK),
        "seed": seed,
        "tube": TUBE,
        "depth_um": DEPTH_UM,
        "release": "auto",
        "board": "emulated",
        "faults": faults or [],
        "limits": _LIMITS,
        "max_s": MAX_S,
        "telemetry_hz": 1,
    }


def _session(
    seed: int, linked: bool = False, faults: list[dict[str, Any]] | None = None
) -> tuple[Any, GroundSink]:
    """A session and its sink; `linked`: its ground is at the other end of the line."""
    from host_tools.emulator import loader

    loader.install("emulated")
    from host_tools.emulator.session import Session
    from rochette import tables

    sink = GroundSink(tables.VERDICT_PRESENT, _seen)
    specified = specification(seed, faults)
    if linked:
        from host_tools.campaign.linked import LinkedSession

        return LinkedSession(specified, sink), sink
    return Session(specified, sink), sink


def timeline(seed: int) -> dict[str, list[int]]:
    """Start and end of every phase of the run without a fault, in milliseconds; under "link:PHASE" those of
    the run whose ground is at the other end of the line."""
    alone, linked = _phases(seed, False), _phases(seed, True)
    return {**alone, **{f"link:{phase}": times for phase, times in linked.items()}}


def _phases(seed: int, linked: bool) -> dict[str, list[int]]:
    session, sink = _session(seed, linked)
    session.run()
    from rochette import tables

    names = {getattr(tables, "PHASE_" + name): name for name in fault_matrix.PHASES}
    starts = [
        (e["ms"], names.get(e["args"][0], "")) for e in sink.events if e["id"] == tables.EV_SAMPLE_PHASE
    ]
    ends = [ms for ms, _ in starts[1:]] + [starts[-1][0]]
    return {name: [ms, end] for (ms, name), end in zip(starts, ends, strict=True) if name}


def run(unit: Unit) -> Iterator[Record]:
    """Run the cells of a unit: those of the link, then the others, each in the order of their moments."""
    cells = [Cell(*name.split(".")) for name in unit.ids]
    for linked in (True, False):
        those = [cell for cell in cells if fault_matrix.is_link(cell) == linked]
        if those:
            yield from _run(those, linked, unit.data["seed"], unit.data["timeline"])


def _run(cells: list[Cell], linked: bool, seed: int, times: dict[str, list[int]]) -> Iterator[Record]:
    planned = sorted((fault_matrix.begins_ms(cell, seed, times), cell.id, cell) for cell in cells)
    session, sink = _session(seed, linked)
    Words.load()  # what is read before the forks, no child reads again
    session.begin()
    try:
        for at_ms, _, cell in planned:
            # The fault begins within the next tick, as one that was planned at the start does.
            while session.world.clock.now_us + 2 * _TICK_US < at_ms * 1000 and not session.ended:
                session.step()
            yield _forked(session, sink, cell, at_ms)
    finally:
        session.end()


def run_whole(cell: Cell, seed: int, at_ms: int) -> Record:
    """Run one cell from the start, without a fork: what a person repeats."""
    return run_told(cell, seed, at_ms)[0]


def run_told(cell: Cell, seed: int, at_ms: int) -> tuple[Record, list[dict[str, Any]]]:
    """The same, with the payload's events in words."""
    session, sink = _session(seed, fault_matrix.is_link(cell), fault_matrix.table().faults(cell, at_ms))
    session.begin()
    try:
        record = _finish(session, cell, at_ms)
    finally:
        session.end()
    words = Words.load()
    return record, [words.event(event) for event in sink.events]


def _forked(session: Any, sink: GroundSink, cell: Cell, at_ms: int) -> Record:
    began = time.monotonic()
    read_end, write_end = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        status = 1
        try:
            sink.learned.clear()
            session.add_faults(fault_matrix.table().faults(cell, at_ms))
            record = _finish(session, cell, at_ms, parent)
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(json.dumps([record, sink.learned]).encode())
            status = 0
        finally:
            # Without the handlers and buffers of the parent: this is its copy.
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if status or not said:
        record = _record(cell, at_ms, why=[f"the run's process ended with status {status}"])
    else:
        record, learned = json.loads(said)
        _seen.update(learned)
    record["wall_s"] = round(time.monotonic() - began, 2)
    return record


def _record(cell: Cell, at_ms: int, why: list[str], **more: Any) -> Record:
    return {
        "id": cell.id,
        "ok": not why,
        "why": why,
        "part": cell.part,
        "kind": cell.kind,
        "phase": cell.phase,
        "at_ms": at_ms,
        **more,
    }


def _finish(session: Any, cell: Cell, at_ms: int, parent: int = 0) -> Record:
    """Run to the end and judge."""
    from host_tools.emulator.errors import MachineReset, PowerLoss, WatchdogReset

    crash = ""
    ticks = 0
    try:
        while not session.ended:
            session.step()
            ticks += 1
            if parent and ticks % _ORPHAN_TICKS == 0 and os.getppid() != parent:
                os._exit(1)
    except (Exception, PowerLoss, WatchdogReset, MachineReset) as error:
        frames = []
        trace = error.__traceback__
        while trace is not None:
            frames.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
            trace = trace.tb_next
        crash = f"{type(error).__name__}: {error} ({' '.join(frames[-3:])})"
    return _judged(session, cell, at_ms, crash)


def _let_go(session: Any) -> None:
    """A pin that a fault holds on comes off when that ends; one that the firmware left on does not."""
    for _ in range(_HELD_TICKS):
        if not session.world.actuator_enable:
            return
        session.payload.executive.step()


def _judged(session: Any, cell: Cell, at_ms: int, crash: str) -> Record:
    words = Words.load()
    plant, world = session.plant, session.world
    why = []
    outcome, reason = "CRASH", ""
    if crash:
        why.append(f"crashed: {crash}")
        session.payload.stop()
    else:
        # Not session.result(): it lists the custody record, and the memory may be what fails.
        sample = session.payload.sample
        outcome = words.label("Outcome", sample.outcome)
        reason = words.label("Reason", sample.reason)
        if not sample.number:
            # It was stopped before a sample was begun.
            outcome, reason = "FAULT", words.label("Reason", session.payload.activities.last_reason)
        # A drive that does not do what it is told is energised against the firmware's will.
        why += [f"limit broken: {one}" for one in session.limits.broken if cell.part.upper() not in one]
    expectation = fault_matrix.table().expectation(cell)
    if expectation is None:
        why.append("no expectation in the table")
    elif not crash:
        complaint = expectation.complaint(outcome, reason)
        if complaint:
            why.append(complaint)
    if not crash:
        _let_go(session)
    world.sync()
    why += truths.end_is_safe(plant, world)
    why += truths.custody_is_true(
        plant, truths.ledger_of(world), TUBE if outcome in ("FAULT", "CRASH") else 0
    )
    return _record(
        cell, at_ms, why, outcome=outcome, reason=reason, emulated_ms=world.clock.now_us // 1000,
        trace_sha256=session.trace(),
    )  # fmt: skip
