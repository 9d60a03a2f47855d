"""The subcommands `image` and `emulate` of `rochette`. Nothing heavy is imported before one of them runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host_tools.run.errors import UsageError
from host_tools.run.protocol import CHIP, RUN_TARGETS

if TYPE_CHECKING:
    Parsers = argparse._SubParsersAction[Any]
    Convert = Callable[[str], Any]


def register(commands: Parsers, target: Convert, pace: Convert, whole: Callable[[int, int], Convert]) -> None:
    """Add the subcommands. The converters are those of the other commands' options."""
    finder = commands.add_parser(
        "image", help="find the MicroPython image for the chip target", allow_abbrev=False
    )
    finder.add_argument("--image", type=Path, metavar="FILE", help="check this one")
    finder.add_argument("--no-download", action="store_true", help="do not ask MicroPython's site")
    finder.set_defaults(call=_image)

    emulate = commands.add_parser(
        "emulate",
        help="serve an emulated payload on a port",
        allow_abbrev=False,
        description="Serve an emulated payload on a TCP port or a pseudo-terminal, as a board on USB is.",
    )
    emulate.add_argument(
        "--target",
        default="cpython",
        type=target,
        metavar="|".join(RUN_TARGETS),
        help="where the firmware runs (cpython); chip: an emulated RP2040 with a stock MicroPython",
    )
    emulate.add_argument("--tcp", type=whole(0, 65535), metavar="PORT", help="on this TCP port; 0 takes any")
    emulate.add_argument("--pty", metavar="LINK", help="on a pseudo-terminal with this name")
    emulate.add_argument(
        "--pace", default=1.0, type=pace, metavar="max|N", help="emulated seconds a second at most (1)"
    )
    emulate.add_argument("--rock", default="sandstone", metavar="NAME", help="the rock under it (sandstone)")
    emulate.add_argument("--seed", default=1, type=whole(0, 2**30 - 1), metavar="N", help="seed (1)")
    emulate.add_argument(
        "--board", default=None, metavar="NAME", help="what hangs on the pins (emulated; chip: pico)"
    )
    emulate.add_argument(
        "--image",
        type=Path,
        metavar="FILE|stock",
        help="chip: this MicroPython image (the one with the firmware in it)",
    )
    emulate.add_argument(
        "--firmware",
        action="store_true",
        help="chip: with the firmware on it and running (without: a bare MicroPython)",
    )
    emulate.add_argument(
        "--link-tcp",
        type=whole(0, 65535),
        metavar="PORT",
        help="chip: the ground's line, a UART of the board, on this TCP port",
    )
    emulate.add_argument(
        "--link-pty", metavar="LINK", help="chip: the ground's line on a pseudo-terminal with this name"
    )
    emulate.add_argument(
        "--stimulus-tcp",
        type=whole(0, 65535),
        metavar="PORT",
        help="chip: a stimulus board on its pins, its port on this TCP port",
    )
    emulate.add_argument(
        "--flash", type=Path, metavar="FILE", help="chip: keep its file system in this file, made at the end"
    )
    emulate.add_argument(
        "--key",
        metavar="FILE",
        help="cpython, micropython: the line is a radio, and every frame needs a tag made with this key",
    )
    emulate.set_defaults(call=_emulate)


def _image(args: argparse.Namespace) -> int:
    from host_tools.chip import image
    from host_tools.chip.uf2 import ImageError

    try:
        return image.show(args.image, download=not args.no_download)
    except ImageError as error:
        raise UsageError(f"image: {error}") from error


def _emulate(args: argparse.Namespace) -> int:
    if (args.tcp is None) == (args.pty is None):
        raise UsageError("emulate: give --tcp PORT or --pty LINK, one of the two.")
    if args.target == CHIP:
        if args.key is not None:
            raise UsageError("emulate: --key goes with cpython or micropython, not with chip.")
        from host_tools.chip import emulate

        return emulate.main(args, args.pace)
    for option in ("image", "flash", "firmware", "link_tcp", "link_pty", "stimulus_tcp"):
        given = getattr(args, option)
        if given is not None and given is not False:
            name = "--" + option.replace("_", "-")
            raise UsageError(f"emulate: {name} goes with --target chip, not with {args.target}.")
    from host_tools.ground.errors import GroundError, PortError
    from host_tools.ground.serve import Line, PtyLine, TcpLine, serve
    from host_tools.ground.tag import read_key
    from host_tools.run import runner, targets

    targets.require(args.target)
    spec = runner.make_spec(runner.Asked(rock=args.rock, seed=args.seed, board=args.board or "emulated"))
    if args.key is not None:
        try:
            read_key(args.key)
        except GroundError as error:
            raise UsageError(f"emulate: --key {error}") from error
        spec["key_file"] = str(Path(args.key).resolve())
    try:
        line: Line = TcpLine(args.tcp) if args.tcp is not None else PtyLine(args.pty)
    except PortError as error:
        raise UsageError(f"emulate: {error}") from error
    return serve(spec, args.target, line, args.pace)
