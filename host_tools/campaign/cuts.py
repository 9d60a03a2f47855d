"""The campaign of power cuts: one payload, all its tubes, a leg for each."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from host_tools.campaign import power_cuts
from host_tools.campaign.campaign import Ended, Plan
from host_tools.campaign.commands import base_command
from host_tools.campaign.plan import Record, Unit, run_unit
from host_tools.run.errors import UsageError


def plan(args: argparse.Namespace) -> Plan:
    """A leg for each tube, each going on from the one before."""
    tubes = _tubes(args)
    legs = power_cuts.plan_cuts(args.seed, tubes, args.power_cuts)
    units = [
        Unit(
            "cuts",
            [power_cuts.leg(tube)],
            {"seed": args.seed, "tube": tube, "cuts": legs[tube - 1]},
            power_cuts.leg(tube - 1) if tube > 1 else "",
        )
        for tube in range(1, tubes + 1)
    ]
    about = {"campaign": "power cuts", "seed": args.seed, "tubes": tubes, "cuts": args.power_cuts}

    def judge(records: Mapping[str, Record]) -> list[str]:
        return _whole(records, tubes, args.power_cuts)

    return Plan(about, units, lambda name: f"{base_command(args)} --only {name}", "power-cut campaign", judge)


def _tubes(args: argparse.Namespace) -> int:
    from host_tools.run.runner import BOARD, board_data

    seats = int(board_data(BOARD)["seats"])
    tubes = seats if args.tubes is None else args.tubes
    if tubes > seats:
        raise UsageError(f"--tubes {tubes}: the emulated payload has {seats} tubes. Nothing was run.")
    return int(tubes)


def _whole(records: Mapping[str, Record], tubes: int, cuts: int) -> list[str]:
    """Every tube accounted for, every cut made."""
    last = records[power_cuts.leg(tubes)]
    complaints = []
    made = sum(len(record.get("cuts", ())) for record in records.values())
    if made != cuts:
        complaints.append(f"{made} power cuts were made, {cuts} asked for")
    for tube in range(1, tubes + 1):
        told = last.get("tubes", {}).get(str(tube))
        if told is None:
            complaints.append(f"tube {tube} is not in the record")
        elif "in the bit" in told or "clean" in told:
            complaints.append(f"tube {tube} is not done: {told}")
    return complaints


def repeat(args: argparse.Namespace) -> int:
    """One leg again, from the payload that the leg before left."""
    from host_tools.campaign.results import NAME, Results

    made = plan(args)
    unit = next((one for one in made.units if one.ids[0] == args.only), None)
    if unit is None:
        last = power_cuts.leg(len(made.units))
        raise UsageError(f"--only {args.only}: no such leg; there are tube-01 to {last}.")
    if unit.after:
        results = Results(args.out / NAME, made.about)
        results.close()
        before = results.records.get(unit.after)
        if before is None or not before.get("state"):
            raise UsageError(
                f"--only {args.only}: goes on from {unit.after}, which is not in {args.out}. Run the "
                f"campaign there first."
            )
        unit.data["state"] = before["state"]
    (record,) = run_unit(unit)
    for cut in record.get("cuts", ()):
        print(f"cut: {' '.join(f'{key} {value}' for key, value in cut.items())}")
    print(f"{args.only}: {record.get('outcome')}; {'; '.join(record.get('notes', ()))}")
    for why in record["why"]:
        print(f"FALLS SHORT  {why}")
    return 0 if record["ok"] else 1


def page(args: argparse.Namespace, made: Plan, ended: Ended) -> Path | None:
    """The page: every tube, every cut."""
    from host_tools.campaign import page as pages

    records = list(ended.records.values())
    cuts = [cut for record in records for cut in record.get("cuts", ())]
    states = Counter(str(record.get("outcome")) for record in records)
    facts: list[tuple[str, Any]] = [
        ("tubes filled", f"{len(records)} of {len(made.units)}"),
        ("power cuts", len(cuts)),
        (
            "of them in the middle of a write",
            sum(cut["by"] == "write" and not cut.get("sooner") for cut in cuts),
        ),
        ("custody records", max((record.get("records", 0) for record in records), default=0)),
        *[(name, count) for name, count in states.most_common()],
    ]
    torn = Counter(
        f"{cut['torn_permille'] // 10} % written"
        for cut in cuts
        if cut["by"] == "write" and not cut.get("sooner")
    )
    body = [
        pages.bars("Cuts in the middle of a write, by how much was done", torn),
        pages.bars("How the tubes ended", states),
        pages.histogram(
            "When the power went, seconds into the leg", [cut.get("at_ms", 0) / 1000 for cut in cuts]
        ),
        pages.runs(records, made.again),
    ]
    lead = "One payload fills its tubes while the power goes at random instants, in the middle of writes too."
    return pages.write(args.out, "Power-cut campaign", lead, made, ended, facts, body)
