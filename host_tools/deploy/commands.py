"""`rochette deploy` and `rochette flash`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from host_tools.run.errors import UsageError
from host_tools.run.protocol import EXIT_FAULT

PORT = "ROCHETTE_PORT"


def register(commands: Any) -> None:
    """Add the two to the parser of `rochette`."""
    deploy = commands.add_parser(
        "deploy",
        help="put the firmware onto a board",
        allow_abbrev=False,
        description="Put the firmware onto a board: only what changed, compared, swapped in by one rename.",
        epilog="Exit status: 0 it runs there, 2 refused before anything was changed, 4 it did not work out.",
    )
    deploy.add_argument(
        "--port",
        default=os.environ.get(PORT, "auto"),
        metavar="auto|DEV|URL",
        help=f"the board's port (${PORT}, else the only board)",
    )
    deploy.add_argument("--board", metavar="NAME", help="which wiring (the last one; else pico or pico2)")
    form = deploy.add_mutually_exclusive_group()
    for name, text in (
        ("py", "as source, for a look inside (stock image, RP2350)"),
        ("mpy", "compiled (stock image, RP2350)"),
        ("frozen", "beside an image that has the firmware in it"),
    ):
        form.add_argument(f"--{name}", dest="form", action="store_const", const=name, help=text)
    deploy.add_argument("--key", metavar="FILE", help="the key of the payload's link")
    deploy.add_argument("--stop", action="store_true", help="stop what runs there, whatever it is")
    deploy.set_defaults(call=_deploy)
    flash = commands.add_parser(
        "flash",
        help="put MicroPython, or our image, onto a board in boot mode",
        allow_abbrev=False,
        description="Copy a UF2 image onto a board that shows its boot drive (hold BOOTSEL while plugging "
        "it in).",
    )
    flash.add_argument("--image", type=Path, metavar="FILE", help="this one")
    flash.add_argument("--frozen", action="store_true", help="ours, with the firmware in it (RP2040)")
    flash.add_argument(
        "--drive", type=Path, metavar="DIR", help="the boot drive, where it is not found by itself"
    )
    flash.add_argument("--port", metavar="DEV", help="send the board on this port into boot mode first")
    flash.set_defaults(call=_flash)


def _deploy(args: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    from host_tools.deploy import deploy
    from host_tools.deploy.errors import DeployError
    from host_tools.ground.errors import GroundError, PortError

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (TextColumn("copying"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    asked = deploy.Asked(args.port, args.board, args.form, args.key, args.stop)
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("copy", total=None, visible=False)
            done = deploy.deploy(
                asked,
                lambda text: console.print(text, markup=False),
                lambda gone, total: progress.update(task, completed=gone, total=total, visible=True),
            )
    except PortError as error:
        raise UsageError(f"deploy: {error}") from error
    except (DeployError, GroundError) as error:
        print(f"rochette deploy: {error}", file=sys.stderr)
        return EXIT_FAULT
    if done.nothing:
        print(f"nothing changed: slot {done.slot} of board '{done.board}' runs it. {done.seconds:.1f} s")
        return 0
    what = f"{len(done.sent)} files sent ({done.sent_bytes} bytes), {done.kept} were there"
    print(
        f"deployed board '{done.board}' ({done.form}) to slot {done.slot}: {what}. It runs. "
        f"{done.seconds:.1f} s"
    )
    return 0


def _flash(args: argparse.Namespace) -> int:
    from host_tools.chip.uf2 import ImageError
    from host_tools.deploy import flash
    from host_tools.deploy.errors import DeployError
    from host_tools.ground.errors import PortError

    try:
        said = flash.flash(args.image, args.frozen, args.drive, args.port)
    except (PortError, ImageError) as error:
        raise UsageError(f"flash: {error}") from error
    except DeployError as error:
        print(f"rochette flash: {error}", file=sys.stderr)
        return EXIT_FAULT
    print(said)
    return 0
