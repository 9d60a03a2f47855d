"""`rochette ledger`: the host's mirror of a payload's custody record."""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from host_tools.ground.commands import add_port, guarded
from host_tools.run.errors import UsageError

EXIT_BAD = 1
ON_BOARD = "custody.ledger"
"""The file that the payload offers."""


def register(commands: Any, parser_class: type[argparse.ArgumentParser]) -> None:
    """Add `ledger` to the parser of `rochette`."""
    ledger = commands.add_parser(
        "ledger",
        help="the custody record on the host: pull, verify, show, restore",
        description="Keep a mirror of the payload's custody record on the host, and check it without the "
        "firmware's code: pull, verify, show, restore.",
        allow_abbrev=False,
    )
    ledger.set_defaults(call=lambda _args: ledger.error("say what: 'pull', 'verify', 'show' or 'restore'"))
    verbs = ledger.add_subparsers(dest="verb", metavar="VERB", parser_class=parser_class)
    status = "Exit status: 0 good, 1 not good, 2 wrong usage, 4 no answer."

    pull = verbs.add_parser(
        "pull", help="fetch it, verify it, bring the mirror up to date", allow_abbrev=False, epilog=status
    )
    add_port(pull)
    pull.add_argument("file", type=Path, metavar="MIRROR", help="the mirror's file; made when not there")
    pull.set_defaults(call=guarded(_pull))
    pull.add_argument(
        "--keep",
        action="store_true",
        help="do not tell the payload that the mirror has its records, so that it may write over old ones",
    )
    restore = verbs.add_parser(
        "restore",
        help="give a payload that lost its record the mirror's",
        description="Send a verified mirror to a payload whose record was lost. The payload takes only what "
        "goes on from what it has, checks chain and rules itself, and refuses another payload's.",
        allow_abbrev=False,
        epilog=status,
    )
    add_port(restore)
    restore.add_argument("file", type=Path, metavar="MIRROR", help="the mirror's file")
    restore.set_defaults(call=guarded(_restore))
    verify = verbs.add_parser(
        "verify", help="check bytes, chain and rules of ledgers", allow_abbrev=False, epilog=status
    )
    verify.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="a mirror, an FRAM's content, a kept payload"
    )
    verify.add_argument(
        "--follows", type=Path, default=None, metavar="MIRROR", help="it must also go on from this one"
    )
    verify.set_defaults(call=_verify)
    show = verbs.add_parser(
        "show", help="tell what it says: records and tubes, in words", allow_abbrev=False, epilog=status
    )
    show.add_argument("file", type=Path, metavar="FILE", help="a mirror, an FRAM's content, a kept payload")
    show.add_argument("--tube", type=int, default=None, metavar="N", help="only the records of this tube")
    show.add_argument("--json", action="store_true", help="one JSON object")
    show.set_defaults(call=_show)


def _pull(args: argparse.Namespace) -> int:
    from host_tools.ground.client import Payload
    from host_tools.ledger.verify import load, verify

    before = load(args.file) if args.file.exists() else b""
    if before and not verify(before).good:
        raise UsageError(
            f"{args.file}: this mirror is not good itself ({verify(before).summary()}). Nothing was fetched; "
            f"give another file."
        )
    with Payload.connect(args.port, args.key) as payload:
        return _bring_up_to_date(args, payload, before)


def _bring_up_to_date(args: argparse.Namespace, payload: Any, before: bytes) -> int:
    from host_tools.ledger import records
    from host_tools.ledger.verify import follows, joined, verify

    data = payload.downlink(ON_BOARD)
    if not data:
        print(
            "The payload offers no ledger: none was begun, or its memory cannot be read or trusted. "
            "The mirror was not changed."
        )
        return EXIT_BAD
    found = verify(data)
    if not found.good or found.image.blank:
        print(f"The payload's ledger is {found.summary()}. The mirror was not changed.")
        for fault in found.faults[1:]:
            print(f"  {fault}")
        return EXIT_BAD
    wrong = follows(before, data)
    if wrong:
        print(f"The payload's ledger does not go on from {args.file}: {wrong}. The mirror was not changed.")
        return EXIT_BAD
    if not before and found.image.first > 1:
        print(
            f"Records 1 to {found.image.first - 1} are not in the payload's memory any more, and there is no "
            f"mirror that has them: this one begins with record {found.image.first}."
        )
    mirror = joined(before, data)
    _write(args.file, mirror)
    new = len(records.read(mirror).records) - len(records.read(before).records)
    print(f"{args.file}: {verify(mirror).summary()}; {new} new.")
    if not args.keep:
        last = records.read(mirror).records[-1]
        payload.send("ledger.MIRRORED", last.sequence, int.from_bytes(last.chain[:4], "big") >> 2)
    return 0


RESTORE_FILE = "restore.ledger"
_PIECE = 39 * 64
"""Bytes of a piece: less than the longest file that a payload takes."""


def _restore(args: argparse.Namespace) -> int:
    from host_tools.ground.client import Payload
    from host_tools.ground.errors import CommandFailed
    from host_tools.ledger import records
    from host_tools.ledger.verify import load, verify

    data = load(args.file)
    found = verify(data)
    if not found.good or not found.image.records:
        print(f"{args.file}: {found.summary()}. Nothing was sent.")
        return EXIT_BAD
    export = found.image.export()[records.SIZE :]
    told: list[str] = []
    with Payload.connect(args.port, args.key) as payload:
        payload.on_told(lambda one: told.append(one.text) if one.name.startswith("ledger.REST") else None)
        for at in range(0, len(export), _PIECE):
            try:
                payload.send("files.REMOVE", RESTORE_FILE)
            except CommandFailed:
                pass  # there was none
            payload.uplink(args.file, RESTORE_FILE, export[at : at + _PIECE])
            try:
                payload.send("ledger.RESTORE")
            except CommandFailed as failed:
                print(f"The payload refused: {(told or [str(failed)])[-1]}")
                return EXIT_BAD
    print(f"{args.file}: {(told or ['restored'])[-1]}")
    return 0


def _write(path: Path, data: bytes) -> None:
    """The mirror whole or as it was."""
    fresh = path.with_name(path.name + ".new")
    try:
        with fresh.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise UsageError(
            f"{path}: cannot be written ({error.strerror or error}); it is as before."
        ) from error


def _verify(args: argparse.Namespace) -> int:
    from host_tools.ledger.verify import follows, load, verify

    before = load(args.follows) if args.follows is not None else b""
    bad = 0
    for path in args.files:
        data = load(path)
        found = verify(data)
        print(f"{path}: {found.summary()}")
        for text in found.faults[1:] + found.notes:
            print(f"  {text}")
        wrong = follows(before, data) if before and found.good else ""
        if wrong:
            print(f"  NOT good: does not go on from {args.follows}: {wrong}")
        bad += not found.good or bool(wrong)
    return EXIT_BAD if bad else 0


def _show(args: argparse.Namespace) -> int:
    from host_tools.ledger.verify import load, verify
    from host_tools.run.custody import in_words
    from host_tools.run.words import Words

    found = verify(load(args.file))
    if args.tube is not None and args.tube not in found.tubes:
        raise UsageError(f"--tube {args.tube}: the ledger has tubes 1 to {len(found.tubes)}.")
    words = Words.load()
    told = [
        in_words({**vars(record), "chain": record.chain.hex()}, words)
        for record in found.image.records
        if args.tube in (None, record.tube)
    ]
    if args.json:
        tubes = [{**asdict(tube), "state": tube.state} for tube in found.tubes.values()]
        told_all = {"good": found.good, "faults": found.faults, "records": told, "tubes": tubes}
        print(json.dumps({**told_all, "debris_on_bit": found.debris_on_bit}))
        return 0 if found.good else EXIT_BAD
    for record in told:
        whose = f"tube {record['tube']}" if record["tube"] else "bit" if record["kind"] == "MARKED" else ""
        print(f"{record['sequence']:>5}  {whose:<8} {record['kind']:<12} {record['says']}")
    for tube in found.tubes.values():
        if tube.used or tube.doing:
            sample = f"sample {tube.sample}" if tube.sample else ""
            print(f"tube {tube.number:<3} {tube.place:<12} {sample:<10} {tube.state}")
    if found.debris_on_bit:
        print("bit: debris seen on it and not cleared; nothing is released")
    print(f"{args.file}: {found.summary()}")
    for text in found.faults[1:] + found.notes:
        print(f"  {text}")
    return 0 if found.good else EXIT_BAD
