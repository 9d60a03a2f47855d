"""`rochette board new|check|wiring`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from host_tools.run.errors import UsageError


def register(commands: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """Add `board` to the parser of `rochette`."""
    board = commands.add_parser(
        "board", help="make, check and draw the wiring of a board", allow_abbrev=False
    )
    board.set_defaults(call=lambda _args: board.error("say what: 'new', 'check', 'wiring' or 'list'"))
    verbs = board.add_subparsers(dest="verb", metavar="VERB", parser_class=parser_class)
    new = verbs.add_parser("new", help="a new board, from the template", allow_abbrev=False)
    new.add_argument("name", metavar="NAME")
    new.add_argument(
        "--from", dest="source", default="template", metavar="BOARD", help="copy this one (template)"
    )
    new.set_defaults(call=_new)
    check = verbs.add_parser(
        "check",
        help="hold a board against the chip's data sheet and the firmware's needs",
        allow_abbrev=False,
        epilog="Exit status: 0 sound, 1 something is wrong with it, 2 no such board.",
    )
    check.add_argument("name", metavar="NAME", help="a board, or the path of its folder")
    check.add_argument("--json", action="store_true", help="one JSON object on standard output")
    check.set_defaults(call=_check)
    wiring = verbs.add_parser("wiring", help="print the wiring table", allow_abbrev=False)
    wiring.add_argument("name", metavar="NAME", help="a board, or the path of its folder")
    wiring.add_argument(
        "--write", action="store_true", help="write it and the picture into the board's folder"
    )
    wiring.add_argument("--svg", action="store_true", help="print the picture instead")
    wiring.set_defaults(call=_wiring)
    listing = verbs.add_parser("list", help="list the boards", allow_abbrev=False)
    listing.set_defaults(call=_list)


def _new(args: argparse.Namespace) -> int:
    from host_tools.boards import new

    folder = new.make(args.name, args.source)
    print(f"{folder}\nEdit its board.py, then: rochette board check {args.name}")
    return 0


def _check(args: argparse.Namespace) -> int:
    from host_tools.boards import check, find

    folder = find.folder_of(args.name)
    board = find.data(args.name)
    found = check.check(board, folder.name)
    if args.json:
        listed = [{"option": one.option, "value": one.value, "bound": one.bound} for one in found]
        print(json.dumps({"board": folder.name, "findings": listed}))
        return 1 if found else 0
    for one in found:
        print(f"{folder.name}: {one}")
    if found:
        print(
            f"{folder.name}: {len(found)} thing{'s' if len(found) > 1 else ''} to put right in "
            f"{folder / 'board.py'}"
        )
        return 1
    if find.is_stimulus(board):
        count, payload = len(board["pins"]), board["payload"]
        print(f"{folder.name}: sound. {count} wires to the payload's board '{payload}'.")
        return 0
    print(
        f"{folder.name}: sound. {len(board['pins'])} pins and {len(board['parts'])} parts on a "
        f"{board['mcu'].upper()}, {board['seats']} seats."
    )
    return 0


def _wiring(args: argparse.Namespace) -> int:
    from host_tools.boards import check, find, picture, wiring

    folder = find.folder_of(args.name)
    board = find.data(args.name)
    found = check.check(board, folder.name)
    if found:
        raise UsageError(
            f"board wiring {args.name}: the board has {len(found)} faults, the first: {found[0]}.\n"
            f"'rochette board check {args.name}' lists them."
        )
    if args.write:
        changed = wiring.write(folder, board)
        print(
            "\n".join(str(file) for file in changed)
            or f"{folder.name}: its table and picture are up to date."
        )
        return 0
    print(picture.draw(board) if args.svg else wiring.table(board), end="")
    return 0


def _list(_args: argparse.Namespace) -> int:
    from host_tools.boards import find

    for name in find.every():
        board = find.data(name)
        what = "stimulus" if find.is_stimulus(board) else f"{board.get('seats', '?'):>3} seats"
        print(f"{name:<12} {board.get('mcu', '?'):<8} {what:<9} {find.folder_of(name)}")
    return 0
