"""`rochette bench`."""

from __future__ import annotations

import argparse
import os
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

from host_tools.run.errors import UsageError

PORT = "ROCHETTE_PORT"
STIMULUS_PORT = "ROCHETTE_STIMULUS"


def register(commands: Any) -> None:
    """Add `bench` to the parser of `rochette`."""
    bench = commands.add_parser(
        "bench",
        help="test a board, with its parts on it",
        allow_abbrev=False,
        description="Bring-up in order, calibration, and scenarios on a deployed board; leaves a report "
        "page.",
        epilog="Exit status: 0 all that is wired works, 1 a step failed, 2 wrong usage, 4 the board is dead.",
    )
    bench.add_argument(
        "--port", default=os.environ.get(PORT, "auto"), metavar="auto|DEV|URL", help="the board's port"
    )
    bench.add_argument(
        "--fixture", default="full", metavar="NAME", help="what is wired (full); --list names them"
    )
    bench.add_argument("--board", metavar="NAME", help="its wiring (the one that was deployed)")
    bench.add_argument("--power-cycle", metavar="COMMAND", help="switches the board's supply off and on")
    bench.add_argument("--key", metavar="FILE", help="the key of the payload's link")
    bench.add_argument(
        "--out", default="runs", metavar="DIR", help="the session's folder is made in here (runs)"
    )
    bench.add_argument("-k", dest="only", metavar="EXPRESSION", help="only these steps, as pytest has it")
    bench.add_argument(
        "--stimulus",
        default=os.environ.get(STIMULUS_PORT),
        metavar="DEV|URL",
        help="the port of a stimulus board on its pins (without one its steps are skipped)",
    )
    bench.add_argument("--list", action="store_true", help="list the fixtures and what to connect")
    bench.set_defaults(call=_bench)
    stimulus = commands.add_parser(
        "stimulus",
        help="put the stimulus board's program on it, or ask it something",
        allow_abbrev=False,
        description="The second Pico of the bench, which plays sensors and measures pulses "
        "(boards/stimulus/README.md).",
        epilog="Exit status: 0 done, 2 wrong usage, 4 the board said no, or nothing.",
    )
    stimulus.add_argument(
        "words",
        nargs="+",
        metavar="put|COMMAND",
        help="put: copy its program onto it; else a command of its own, as 'help' or 'count feed'",
    )
    stimulus.add_argument("--port", required=True, metavar="DEV|URL", help="its port")
    stimulus.set_defaults(call=_stimulus)


def _bench(args: argparse.Namespace) -> int:
    from host_tools.bench import fixture

    if args.list:
        for name in fixture.names():
            one = fixture.load(name)
            print(f"{name}: {one.doc}")
            for line in one.connect:
                print(f"    Connect: {line}")
        return 0
    from host_tools.bench import session
    from host_tools.deploy.errors import DeployError
    from host_tools.ground.errors import PortError

    try:
        return session.run(
            session.Asked(
                port=args.port,
                fixture=args.fixture,
                board=args.board,
                power_cycle=args.power_cycle,
                key=args.key,
                out=Path(args.out),
                only=args.only,
                stimulus=args.stimulus,
            )
        )
    except (PortError, DeployError) as error:
        raise UsageError(f"bench: {error}") from error


def _stimulus(args: argparse.Namespace) -> int:
    from host_tools.bench import stimulus
    from host_tools.deploy.errors import DeployError
    from host_tools.ground.errors import PortError
    from host_tools.run.protocol import EXIT_FAULT

    try:
        if args.words == ["put"]:
            count = stimulus.put(args.port)
            with closing(stimulus.waiting_for(args.port)) as board:
                hello = board.ask("hello")
            print(f"{count} bytes put onto the stimulus board on {args.port}; it runs: {hello}")
        else:
            with closing(stimulus.Stimulus(args.port)) as board:
                print(board.ask(" ".join(args.words)))
    except PortError as error:
        raise UsageError(f"stimulus: {error}") from error
    except (stimulus.StimulusError, DeployError) as error:
        print(f"rochette stimulus: {error}", file=sys.stderr)
        return EXIT_FAULT
    return 0
