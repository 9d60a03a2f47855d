"""The campaign of the fault matrix: its units, its page, one cell again."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from pathlib import Path
from typing import Any

from host_tools.campaign import fault_matrix, fault_runs
from host_tools.campaign.campaign import Ended, Plan
from host_tools.campaign.commands import SAMPLE, base_command
from host_tools.campaign.plan import Unit
from host_tools.run.errors import UsageError

CHUNK = 12
"""Cells of a unit: they share one run up to their faults."""


def plan(args: argparse.Namespace) -> Plan:
    """The cells that are asked for, in units of neighbours in time."""
    table = _table()
    share = 1.0 if args.all else args.sample or SAMPLE
    cells = fault_matrix.sampled(table.cells(), share, args.seed)
    times = fault_runs.timeline(args.seed)
    cells.sort(key=lambda cell: (fault_matrix.begins_ms(cell, args.seed, times), cell.id))
    data = {"seed": args.seed, "timeline": times}
    ids = [cell.id for cell in cells]
    units = [Unit("faults", ids[at : at + CHUNK], data) for at in range(0, len(ids), CHUNK)]
    about = {"campaign": "faults", "seed": args.seed, "share": share}
    return Plan(about, units, lambda name: f"{base_command(args)} --only {name}", "fault matrix")


def _table() -> fault_matrix.Table:
    try:
        return fault_matrix.table()
    except fault_matrix.TableError as error:
        raise UsageError(f"campaign --faults: {error}. Nothing was run.") from error


def repeat(args: argparse.Namespace) -> int:
    """One cell again, from the start and with a run folder and its report, or its events."""
    table = _table()
    cell = next((one for one in table.cells() if one.id == args.only), None)
    if cell is None:
        raise UsageError(
            f"--only {args.only}: no such cell. A cell is PART.KIND.PHASE: parts {', '.join(table.parts)}; "
            f"kinds {', '.join(fault_matrix.KINDS)}; phases {', '.join(fault_matrix.PHASES)}."
        )
    at_ms = fault_matrix.begins_ms(cell, args.seed, fault_runs.timeline(args.seed))
    record, told = fault_runs.run_told(cell, args.seed, at_ms)
    where = _kept(args, told) if fault_matrix.is_link(cell) else _run_folder(args, table.faults(cell, at_ms))
    print(f"{cell.id}, fault from {at_ms / 1000:.2f} s on: {record['outcome']} ({record['reason']})")
    for why in record["why"]:
        print(f"FALLS SHORT  {why}")
    if where:
        print(where)
    return 0 if record["ok"] else 1


def _run_folder(args: argparse.Namespace, faults: list[fault_matrix.Fault]) -> str:
    """The run once more as `rochette run` does it: where its report is."""
    from host_tools.run import display, runner

    done = runner.run(
        runner.Asked(
            rock=fault_runs.ROCK,
            seed=args.seed,
            tube=fault_runs.TUBE,
            depth_mm=fault_runs.DEPTH_UM / 1000,
            release="auto",
            faults=faults,
            max_s=fault_runs.MAX_S,
        ),
        out=args.out,
        display=display.choose(args.quiet, False),
    )
    return f"report: {done.result['report']}" if done.result.get("report") else ""


def _kept(args: argparse.Namespace, told: list[dict[str, Any]]) -> str:
    """The events of a run whose ground is at the other end of the line: `rochette run` has it beside."""
    path = Path(args.out) / "events.jsonl"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(json.dumps(event) + "\n" for event in told), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"--out {args.out}: {error.strerror or error}. Nothing was written.") from error
    return f"events: {path}"


def page(args: argparse.Namespace, made: Plan, ended: Ended) -> Path | None:
    """The page: the matrix in colours, and every run behind its cell."""
    from host_tools.campaign import page as pages

    records = list(ended.records.values())
    outcomes = Counter(str(record.get("outcome")) for record in records)
    facts: list[tuple[str, Any]] = [
        ("cells run", f"{len(records)} of {len(_table().cells())}"),
        ("as expected", sum(record["ok"] for record in records)),
        ("fall short", len(ended.failed)),
        *[(name.lower().replace("_", " "), count) for name, count in outcomes.most_common()],
    ]
    body = [
        pages.matrix(records, list(_table().parts), fault_matrix.KINDS, fault_matrix.PHASES),
        pages.bars(
            "Reasons given for a stop", Counter(r["reason"] for r in records if r.get("outcome") == "FAULT")
        ),
        pages.histogram(
            "Time from the fault to the end, seconds",
            [(r["emulated_ms"] - r["at_ms"]) / 1000 for r in records if "emulated_ms" in r],
        ),
        pages.runs(records, made.again),
    ]
    lead = "Every part, failing in seven ways, in every phase of an acquisition; each cell is a run."
    return pages.write(args.out, "Fault matrix", lead, made, ended, facts, body)
