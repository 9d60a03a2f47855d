"""The `rochette` command.

Only what an option check needs is imported here; the emulator, Pillow and rich are loaded when there is
something to run or to draw, so that help and errors come at once.

Exit status: 0 sealed, or held by design; 2 wrong usage; 3 no core; 4 fault; 130 interrupted. `scenario run`
gives 1 when a scenario falls short.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from host_tools.bench import commands as bench_commands
from host_tools.boards import commands as board_commands
from host_tools.campaign import commands as campaign_commands
from host_tools.chip import commands as chip_commands
from host_tools.deploy import commands as deploy_commands
from host_tools.ground import commands as ground
from host_tools.ledger import commands as ledger_commands
from host_tools.run.errors import UsageError
from host_tools.run.protocol import EXIT_FAULT, EXIT_INTERRUPTED, EXIT_USAGE, RELEASES, RUN_TARGETS, TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from host_tools.run.runner import Done

DEBUG = "ROCHETTE_DEBUG"


class _Parser(argparse.ArgumentParser):
    """Usage errors as one sentence and a hint, without the whole usage text."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}\nTry '{self.prog} --help'.")


def _whole(low: int, high: int) -> Callable[[str], int]:
    def convert(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"'{text}' is not a whole number from {low} to {high}")
        return value

    return convert


def _depth(text: str) -> float:
    from host_tools.run.runner import DEPTH_MAX_MM, DEPTH_MIN_MM

    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not DEPTH_MIN_MM <= value <= DEPTH_MAX_MM:
        raise argparse.ArgumentTypeError(f"'{text}' is not a depth from {DEPTH_MIN_MM} to {DEPTH_MAX_MM} mm")
    return value


def _pace(text: str) -> float | None:
    if text == "max":
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.01 <= value <= 1e6:
        raise argparse.ArgumentTypeError(
            f"'{text}' is neither 'max' nor a number of emulated seconds a second from 0.01 to 1000000"
        )
    return value


def _one_of(allowed: Sequence[str], what: str) -> Callable[[str], str]:
    def convert(text: str) -> str:
        if text not in allowed:
            raise argparse.ArgumentTypeError(f"unknown {what} '{text}'. Allowed: {', '.join(allowed)}")
        return text

    return convert


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="rochette", description="A rock-core sampling payload, emulated.", allow_abbrev=False
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    run = commands.add_parser(
        "run",
        help="take one core, from rock to sealed tube",
        allow_abbrev=False,
        description="Take one core on the emulated payload, show it, and leave a run folder with a report.",
        epilog="Exit status: 0 sealed or held by design, 3 no core, 4 fault, 2 wrong usage, 130 interrupted.",
    )
    run.add_argument(
        "--rock",
        default=None,
        metavar="NAME",
        help="a rock of 'rochette rocks', or a rock file (sandstone)",
    )
    run.add_argument(
        "--seed", default=None, type=_whole(0, 2**30 - 1), metavar="N", help="seed of noise and chance (1)"
    )
    run.add_argument(
        "--tube", default=1, type=_whole(-(2**31), 2**31 - 1), metavar="N", help="tube, and its seat (1)"
    )
    run.add_argument("--depth", default=66.0, type=_depth, metavar="MM", help="depth of the core (66)")
    run.add_argument(
        "--target",
        default=None,
        type=_one_of(RUN_TARGETS, "target"),
        metavar="|".join(RUN_TARGETS),
        help="where the firmware runs (cpython)",
    )
    run.add_argument(
        "--release",
        default="ask",
        type=_one_of(RELEASES, "release"),
        metavar="|".join(RELEASES),
        help="who answers the hold: a person, only PRESENT released, or nobody (ask)",
    )
    run.add_argument("--board", default="emulated", metavar="NAME", help="a folder of boards/ (emulated)")
    run.add_argument(
        "--payload",
        default=None,
        type=Path,
        metavar="FILE",
        help="keep the payload's tubes and record in FILE from run to run (each run a new payload)",
    )
    run.add_argument("--out", default="runs", metavar="DIR", help="the run folder is made in here (runs)")
    run.add_argument(
        "--pace",
        default=None,
        type=_pace,
        metavar="max|N",
        help="emulated seconds a second for the display; changes nothing else (max)",
    )
    run.add_argument(
        "--json",
        action="store_true",
        help="one JSON object on standard output, the display on standard error",
    )
    run.add_argument("--quiet", action="store_true", help="no display, only the result")
    run.add_argument("--port", default=None, metavar="auto|DEV|URL", help="on the payload behind this port")
    run.add_argument("--key", default=None, metavar="FILE", help="with --port: the key of its link")
    run.set_defaults(call=_run)

    rocks = commands.add_parser("rocks", help="list the rocks", allow_abbrev=False)
    rocks.set_defaults(call=_rocks)

    scenario = commands.add_parser(
        "scenario", help="list or run scenarios: what goes wrong, as data", allow_abbrev=False
    )
    scenario.set_defaults(call=lambda _args: scenario.error("say what: 'list' or 'run'"))
    verbs = scenario.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    listing = verbs.add_parser("list", help="list the scenarios", allow_abbrev=False)
    listing.set_defaults(call=_scenario_list)
    running = verbs.add_parser(
        "run",
        help="run scenarios",
        allow_abbrev=False,
        epilog="Exit status: 0 all as expected, 1 one falls short, 2 wrong usage, 130 interrupted.",
    )
    running.add_argument(
        "names", nargs="*", metavar="NAME", help="name or id (X1) of a scenario, or a scenario file (.toml)"
    )
    running.add_argument("--all", action="store_true", help="every scenario of tests/scenarios")
    running.add_argument(
        "--target",
        action="append",
        type=_one_of((*RUN_TARGETS, "all"), "target"),
        metavar="|".join((*RUN_TARGETS, "all")),
        help="where to run; may be given more than once (cpython); all: every one but the chip",
    )
    running.add_argument(
        "--out", default=None, metavar="DIR", help="keep a run folder with a report for each, in here"
    )
    running.add_argument("--json", action="store_true", help="one JSON object on standard output")
    running.set_defaults(call=_scenario_run)
    board_commands.register(commands, _Parser)
    deploy_commands.register(commands)
    bench_commands.register(commands)
    ground.register(commands, _Parser, _pace, _whole)
    ledger_commands.register(commands, _Parser)
    campaign_commands.register(commands, _Parser, _whole)
    chip_commands.register(commands, _one_of(RUN_TARGETS, "target"), _pace, _whole)
    return parser


def _run(args: argparse.Namespace) -> int:
    if args.port is None:
        if args.key is not None:
            raise UsageError("run: --key goes with --port, the link that it is the key of.")
        return _run_on(args, None)
    for option in ("target", "payload"):
        if getattr(args, option) is not None:
            raise UsageError(f"run: --{option} says how to emulate a payload; with --port there is one.")
    return ground.guarded(_run_over_the_link)(args)


def _run_over_the_link(args: argparse.Namespace) -> int:
    from host_tools.ground.job import Job

    with Job(args.port, args.key, args.rock is not None or args.seed is not None) as job:
        return _run_on(args, job)


def _run_on(args: argparse.Namespace, session: Callable[..., dict[str, Any]] | None) -> int:
    from host_tools.run import display, runner

    done = runner.run(
        runner.Asked(
            rock=args.rock or "sandstone",
            seed=1 if args.seed is None else args.seed,
            tube=args.tube,
            depth_mm=args.depth,
            release=args.release,
            board=args.board,
            target=args.target or TARGETS[0] if args.port is None else str(args.port),
            payload=args.payload,
        ),
        out=Path(args.out),
        display=display.choose(args.quiet, args.json),
        pace=args.pace,
        session=session,
    )
    if args.json:
        print(json.dumps(done.result, ensure_ascii=False))
    else:
        _tell(done, args.quiet)
    refused = done.result.get("refused")
    if refused:
        print(f"rochette run: the payload refused: {refused}", file=sys.stderr)
        return EXIT_USAGE
    return done.exit_status


def _tell(done: Done, quiet: bool) -> None:
    """The result for a person: outcome, why, what is in the tube, where to look."""
    from rich.console import Console

    from host_tools.run.display import OUTCOME_STYLE
    from host_tools.run.measures import clock, show

    result = done.result
    console = Console(highlight=False, soft_wrap=True)
    outcome = str(result["outcome"] or "INTERRUPTED")
    console.print(f"[{OUTCOME_STYLE.get(outcome, 'bold')}]{outcome}[/]: ", end="")
    console.print(str(result["reason_text"]), markup=False)
    if not quiet and result["outcome"]:
        console.print(
            f"tube {result['tube']}: core {result['verdict']}, fill {result['fill']} "
            f"({show('fill_um', result['fill_um'])}), seal {result['seal']}; cored "
            f"{show('depth_um', result['depth_um'])}, "
            f"highest level {result['max_level']}",
            markup=False,
        )
        console.print(
            f"{clock(result['emulated_s'] * 1000)} emulated in {result['wall_s']:.1f} s on "
            f"{result['target']}, "
            f"trace {str(result['trace_sha256'])[:16]}",
            markup=False,
        )
    where = result.get("report") or result.get("folder")
    if where:
        console.print(f"{'report' if result.get('report') else 'folder'}: {where}", markup=False)


def _rocks(_args: argparse.Namespace) -> int:
    from host_tools import rocks

    table = [(name, rocks.load(name)) for name in rocks.names()]
    width = max(len(name) for name, _ in table)
    for name, rock in table:
        expected = rock.get("expected", {})
        outcome = expected.get("outcome", "") if isinstance(expected, dict) else ""
        doc = " ".join(str(rock.get("doc", "")).split())
        print(f"{name:<{width}}  {outcome or '-':<16} {doc}".rstrip())
    return 0


def _scenario_list(_args: argparse.Namespace) -> int:
    from host_tools import scenarios

    found = scenarios.load_all()
    width = max((len(one.name) for one in found), default=0)
    for one in found:
        print(f"{one.id or '-':<5} {one.name:<{width}}  {one.doc}")
    return 0


def _scenario_run(args: argparse.Namespace) -> int:
    from host_tools import scenarios
    from host_tools.run import targets

    if args.all == bool(args.names):
        raise UsageError(
            "scenario run: give either names, ids or files, or --all.\nTry 'rochette scenario list'."
        )
    chosen = scenarios.load_all() if args.all else [scenarios.find(name) for name in args.names]
    wanted = args.target or ["cpython"]
    places = list(TARGETS) if "all" in wanted else list(dict.fromkeys(wanted))
    for place in places:
        targets.require(place)
    report = scenarios.run_all(
        chosen,
        places,
        out=Path(args.out) if args.out else None,
        stream=sys.stderr if args.json else sys.stdout,
    )
    if args.json:
        print(json.dumps(report.as_data(), ensure_ascii=False))
    return report.exit_status


def _dispatch(argv: Sequence[str] | None) -> int:
    parser = _parser()
    ground.complete(parser)
    args = parser.parse_args(argv)
    if args.command is None:
        parser.print_help(sys.stderr)
        return EXIT_USAGE
    call: Callable[[Any], int] = args.call
    return call(args)


def main(argv: Sequence[str] | None = None) -> int:
    """The console script: run the command line, give its exit status. No traceback leaves it, unless
    ROCHETTE_DEBUG is set.
    """
    try:
        return _dispatch(argv)
    except UsageError as error:
        print(f"rochette: {error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        print("rochette: interrupted.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away; Python would complain again when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else EXIT_USAGE
    except Exception as error:
        if os.environ.get(DEBUG):
            raise
        print(
            f"rochette: an error of its own, not of the payload: {type(error).__name__}: {error}\n"
            f"Nothing is running any more. {DEBUG}=1 in the environment shows where it happened.",
            file=sys.stderr,
        )
        return EXIT_FAULT


if __name__ == "__main__":
    sys.exit(main())
