"""`rochette campaign`: which campaign the arguments ask for, and how it ended, in words."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from host_tools.run.errors import UsageError

SAMPLE = 0.05
"""Share of the fault matrix that is run unless asked for: one cell of each part and kind and a few more,
about 300; four minutes of two idle cores, twenty of two busy ones."""
CUTS_MAX = 100_000
RUNS_MAX = 1_000_000


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"'{text}' is not a share above 0 and up to 1")
    return value


def register(
    commands: Any,
    parser_class: type[argparse.ArgumentParser],
    whole: Callable[[int, int], Callable[[str], int]],
) -> None:
    """Add `campaign` to the parser of `rochette`."""
    parser = commands.add_parser(
        "campaign",
        help="many seeded runs with their faults and power cuts, judged",
        description="Many independent seeded runs of the emulated payload, judged by what must hold whatever "
        "happens. One of --faults, --power-cuts or --runs says which campaign. An interrupted one goes on "
        "where it was when the same command is given again.",
        epilog="Exit status: 0 all as it must be, 1 something falls short, 2 wrong usage, 4 not completed, "
        "130 interrupted.",
        allow_abbrev=False,
    )
    parser.add_argument("--faults", action="store_true", help="the fault matrix: part x kind x phase")
    parser.add_argument(
        "--sample",
        type=_share,
        default=None,
        metavar="SHARE",
        help=f"with --faults: a seeded share of the cells ({SAMPLE})",
    )
    parser.add_argument("--all", action="store_true", help="with --faults: every cell (hours)")
    parser.add_argument(
        "--power-cuts",
        type=whole(0, CUTS_MAX),
        default=None,
        metavar="N",
        help="N power cuts at random instants while one payload fills all its tubes",
    )
    parser.add_argument(
        "--tubes", type=whole(1, 64), default=None, metavar="N", help="with --power-cuts: tubes to fill (43)"
    )
    parser.add_argument(
        "--runs",
        type=whole(1, RUNS_MAX),
        default=None,
        metavar="N",
        help="N acquisitions of random rocks, each with random faults",
    )
    parser.add_argument("--seed", type=whole(0, 2**30 - 1), default=1, metavar="N", help="the campaign's (1)")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="results and page go here")
    parser.add_argument(
        "--workers", type=whole(1, 1024), default=None, metavar="N", help="processes (one for each core)"
    )
    parser.add_argument(
        "--dask", default=None, metavar="ADDRESS", help="on the Dask cluster at tcp://HOST:PORT"
    )
    parser.add_argument("--only", default=None, metavar="ID", help="one run of the campaign, once more")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the end")
    parser.set_defaults(call=_campaign)


def _campaign(args: argparse.Namespace) -> int:
    _check(args)
    name = "faults" if args.faults else "cuts" if args.power_cuts is not None else "randomly"
    kind = importlib.import_module("host_tools.campaign." + name)
    if args.only is not None:
        return int(kind.repeat(args))
    from host_tools.campaign import campaign, pools

    began = time.monotonic()
    plan = kind.plan(args)
    ended = campaign.run(
        plan, args.out, lambda: pools.choose(args.dask, args.workers), sys.stderr, args.quiet
    )
    page = kind.page(args, plan, ended)
    _tell(args, plan, ended, page, time.monotonic() - began)
    return int(ended.exit_status)


def _check(args: argparse.Namespace) -> None:
    asked = [args.faults, args.power_cuts is not None, args.runs is not None]
    if sum(asked) != 1:
        raise UsageError(
            "campaign: say which one: --faults, --power-cuts N or --runs N.\nTry 'rochette campaign --help'."
        )
    for option, given, belongs, name in (
        ("--sample", args.sample is not None, args.faults, "--faults"),
        ("--all", args.all, args.faults, "--faults"),
        ("--tubes", args.tubes is not None, args.power_cuts is not None, "--power-cuts"),
    ):
        if given and not belongs:
            raise UsageError(f"campaign: {option} goes with {name}.")
    if args.all and args.sample is not None:
        raise UsageError("campaign: --all is every cell, --sample a share of them. Give one of the two.")
    if args.dask is not None and args.workers is not None:
        raise UsageError("campaign: --workers is for this machine's cores, --dask for a cluster. Give one.")
    if args.out.exists() and not args.out.is_dir():
        raise UsageError(f"--out {args.out}: is no folder. Nothing was run.")


def base_command(args: argparse.Namespace) -> str:
    """The command line of this campaign, without where and how it is run."""
    words = ["rochette", "campaign"]
    if args.faults:
        words += ["--faults"]
    elif args.power_cuts is not None:
        words += ["--power-cuts", str(args.power_cuts), "--tubes", str(args.tubes or 43)]
    else:
        words += ["--runs", str(args.runs)]
    return shlex.join([*words, "--seed", str(args.seed), "--out", str(args.out)])


def _tell(args: argparse.Namespace, plan: Any, ended: Any, page: Path | None, wall_s: float) -> None:
    total = len(ended.records) + ended.missing
    for record in ended.failed[:20]:
        print(f"FALLS SHORT  {record['id']}: {'; '.join(record['why'])}")
        print(f"    again: {plan.again(record['id'])}")
    if len(ended.failed) > 20:
        print(f"... and {len(ended.failed) - 20} more, in the page")
    for complaint in ended.complaints:
        print(f"FALLS SHORT  {complaint}")
    if ended.stopped:
        print(f"Not complete: {ended.stopped}")
    short = len(ended.failed)
    print(f"{plan.title}: {len(ended.records)} of {total} runs, {short} fall short, {wall_s:.0f} s")
    print(f"results {ended.digest[:16]} in {args.out / 'results.jsonl'}")
    if page is not None:
        print(f"page: {page}")
