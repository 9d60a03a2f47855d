"""The campaign of independent random runs: its units, its page, one run again."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from host_tools.campaign import random_runs
from host_tools.campaign.campaign import Ended, Plan
from host_tools.campaign.commands import base_command
from host_tools.campaign.plan import Unit, run_unit
from host_tools.run.errors import UsageError

CHUNK = 4


def plan(args: argparse.Namespace) -> Plan:
    """The runs, a few a unit."""
    ids = [random_runs.name(number) for number in range(1, args.runs + 1)]
    units = [Unit("runs", ids[at : at + CHUNK], {"seed": args.seed}) for at in range(0, len(ids), CHUNK)]
    about = {"campaign": "random runs", "seed": args.seed, "runs": args.runs}
    return Plan(about, units, lambda name: f"{base_command(args)} --only {name}", "random runs")


def repeat(args: argparse.Namespace) -> int:
    """One run again."""
    if args.only not in [random_runs.name(number) for number in range(1, args.runs + 1)]:
        raise UsageError(
            f"--only {args.only}: no such run; there are run-00001 to {random_runs.name(args.runs)}."
        )
    (record,) = run_unit(Unit("runs", [args.only], {"seed": args.seed}))
    print(
        f"{args.only}: {record.get('outcome')} ({record.get('reason')}); {'; '.join(record.get('notes', ()))}"
    )
    for why in record["why"]:
        print(f"FALLS SHORT  {why}")
    return 0 if record["ok"] else 1


def page(args: argparse.Namespace, made: Plan, ended: Ended) -> Path | None:
    """The page: how the runs ended, and each of them."""
    from host_tools.campaign import page as pages

    records = list(ended.records.values())
    outcomes = Counter(str(record.get("outcome")) for record in records)
    facts: list[tuple[str, Any]] = [
        ("runs", len(records)),
        ("fall short", len(ended.failed)),
        *[(name.lower().replace("_", " "), count) for name, count in outcomes.most_common()],
    ]
    body = [
        pages.bars("How the runs ended", outcomes),
        pages.bars(
            "Reasons given for a stop", Counter(r["reason"] for r in records if r.get("outcome") == "FAULT")
        ),
        pages.histogram("Length, emulated seconds", [r.get("emulated_ms", 0) / 1000 for r in records]),
        pages.runs(records, made.again),
    ]
    lead = "Random rocks, parts that fail at random times, now and then a power cut."
    return pages.write(args.out, "Random runs", lead, made, ended, facts, body)
