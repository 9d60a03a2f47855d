# PYTHON_ARGCOMPLETE_OK
"""The subcommands of `rochette` that speak to a payload over its port."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host_tools.ground.errors import (
    BadArgument,
    BadKey,
    CommandFailed,
    GroundError,
    PortError,
    SequenceError,
    UnknownName,
    WrongDictionary,
)
from host_tools.run.errors import UsageError
from host_tools.run.protocol import EXIT_FAULT

if TYPE_CHECKING:
    from host_tools.ground.client import Payload
    from host_tools.ground.packets import Sampled, Told

PORT = "ROCHETTE_PORT"
"""Environment: the port when --port is not given."""
EXIT_REFUSED = 1
SECONDS_MAX = 10_000_000
_WRONG_USE = (UnknownName, BadArgument, BadKey, SequenceError, PortError, WrongDictionary)

Parsers = Any  # argparse's own type of a set of subparsers is private


def guarded(call: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """Errors of the ground in one sentence on standard error: 2 for what was never sent, 1 for the payload's
    no, 4 for the rest.
    """

    def run(args: argparse.Namespace) -> int:
        try:
            return call(args)
        except _WRONG_USE as error:
            raise UsageError(str(error)) from error
        except GroundError as error:
            print(f"rochette: {error}", file=sys.stderr)
            return EXIT_REFUSED if isinstance(error, CommandFailed) else EXIT_FAULT

    return run


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of seconds above 0, up to {SECONDS_MAX}")
    return value


def _network_port(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 65535:
        raise argparse.ArgumentTypeError(f"'{text}' is not a network port from 0 to 65535; 0 takes any")
    return value


def add_port(parser: argparse.ArgumentParser) -> None:
    """--port and --key, as all of these have them."""
    parser.add_argument(
        "--port",
        default=os.environ.get(PORT) or "auto",
        metavar="auto|DEV|URL",
        help=f"the payload's port: a device, socket://HOST:PORT, or the only board (${PORT}, else auto)",
    )
    parser.add_argument("--key", default=None, metavar="FILE", help="the key of a link that is not USB")


def register(
    commands: Parsers,
    parser_class: type[argparse.ArgumentParser],
    pace: Callable[[str], Any],
    whole: Callable[[int, int], Callable[[str], int]],
) -> None:
    """Add the subcommands to the parser of `rochette`. The converters are those of the other commands."""

    def add(name: str, help: str, call: Callable[[argparse.Namespace], int], **more: Any) -> Any:
        parser = commands.add_parser(name, help=help, description=help, allow_abbrev=False, **more)
        parser.set_defaults(call=guarded(call))
        return parser

    send = add(
        "send",
        "send one command and wait for its end",
        _send,
        epilog="Exit status: 0 done, 1 refused or failed there, 2 wrong use and nothing sent, 4 no answer.",
    )
    add_port(send)
    send.add_argument("--arm", action="store_true", help="arm a hazardous command without being asked")
    send.add_argument("--timeout", type=_seconds, metavar="S", help="give up waiting after this")
    send.add_argument("--json", action="store_true", help="the answer as one JSON object")
    send.add_argument("--list", action="store_true", help="list the commands with arguments and bounds")
    name = send.add_argument("name", nargs="?", metavar="COMMAND", help="as sample.ACQUIRE; in any case")
    name.completer = _complete_command
    given = send.add_argument("arguments", nargs="*", metavar="ARGUMENT", help="its arguments, in order")
    given.completer = _complete_argument
    watch = add("watch", "show events and values as they come", _watch)
    add_port(watch)
    watch.add_argument("--for", dest="seconds", type=_seconds, metavar="S", help="end after this")
    watch.add_argument("--list", action="store_true", help="list the channels")
    watch.add_argument("--history", action="store_true", help="begin with what the payload still has")
    watch.add_argument("--json", action="store_true", help="one JSON object a line")
    watch.add_argument(
        "--assess",
        choices=("auto", "off"),
        default="off",
        help="auto: judge the pictures of an emulated payload and tell it (off)",
    )
    channels = watch.add_argument(
        "channels", nargs="*", metavar="CHANNEL", help="also these values, as they change"
    )
    channels.completer = _complete_channel
    for kind, what in (
        ("stop", "actuators off now, everything halted"),
        ("abort", "end what runs, by its safe way out"),
        ("pause", "begin nothing new; coring lifts the bit and waits"),
        ("resume", "go on after a pause"),
    ):
        add_port(add(kind, what, _urgent))
    release = add("release", "let a held sample go on; it is named", _release)
    add_port(release)
    release.add_argument("sample", metavar="SAMPLE", help="number of the held sample")
    release.add_argument("tube", metavar="TUBE", help="number of the held tube")
    _sequence_parser(add("seq", "check, upload or run a sequence of commands", _sequence), parser_class)
    get = add("get", "fetch a file from the payload, whole", _get)
    add_port(get)
    get.add_argument("name", metavar="NAME", help="file on the payload")
    get.add_argument("file", nargs="?", metavar="FILE", help="where to (the same name here)")
    put = add("put", "send a file to the payload, whole", _put)
    add_port(put)
    put.add_argument("file", metavar="FILE", help="file here")
    put.add_argument("name", nargs="?", metavar="NAME", help="its name there (the same)")
    params = add("params", "list parameters; ask or set one", _params)
    add_port(params)
    parameter = params.add_argument(
        "name", nargs="?", metavar="NAME", help="as feed.TRAVEL_UM_S; or a component"
    )
    parameter.completer = _complete_parameter
    params.add_argument("value", nargs="?", metavar="VALUE", help="set it to this")
    add("ports", "list the boards that are plugged in", _ports)
    console = add("console", "F Prime's ground system on a payload, in the browser", _console)
    _console_parser(console, pace, whole(0, 2**30 - 1))
    key = add("key", "make a key for a link that is not USB", _key)
    key.add_argument("file", metavar="FILE", help="the new file; one that is there stays as it is")
    completion = add("completion", "print the lines that give a shell tab completion", _completion)
    completion.add_argument("shell", choices=("bash", "zsh", "fish"), nargs="?", default="bash")


def complete(parser: argparse.ArgumentParser) -> None:
    """Answer the shell when it asks for completions; else do nothing."""
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser)


def _complete_command(prefix: str, **_rest: Any) -> list[str]:
    names = _names().command_names()
    return [name for name in names if name.lower().startswith(prefix.lower())]


def _complete_argument(prefix: str, parsed_args: argparse.Namespace, **_rest: Any) -> list[str]:
    """The names that the next argument may be, where it is one of several."""
    from host_tools.ground.packets import Enumeration

    if parsed_args.name is None:
        return []
    fields = _names().command(parsed_args.name).fields
    at = len(parsed_args.arguments or ())
    kind = fields[at].type if at < len(fields) else None
    labels = kind.values if isinstance(kind, Enumeration) else ()
    return [label for label in labels if label.startswith(prefix.upper())]


def _complete_channel(prefix: str, **_rest: Any) -> list[str]:
    return [name for name in _names().channel_names() if name.lower().startswith(prefix.lower())]


def _complete_parameter(prefix: str, **_rest: Any) -> list[str]:
    known = [f"{one.component}.{one.name}" for one in _names().words.parameter_list]
    return [name for name in known if name.lower().startswith(prefix.lower())]


def _names() -> Any:
    from host_tools.ground.schema import Names

    return Names.load()


def _connect(args: argparse.Namespace, **more: Any) -> Payload:
    from host_tools.ground.client import Payload

    return Payload.connect(args.port, args.key, **more)


# ---- send, watch --------------------------------------------------------------------------------------


def _send(args: argparse.Namespace) -> int:
    names = _names()
    if args.list or args.name is None:
        if args.name is None and not args.list:
            raise UsageError("send: which command? 'rochette send --list' names them all.")
        wanted = (args.name or "").lower()
        found = [one for one in names.command_names() if one.lower().startswith(wanted)]
        if not found:
            raise UsageError(f"send --list: no command begins with '{args.name}'; --list names them all.")
        for one in found:
            print(names.usage(names.command(one)))
        return 0
    command = names.command(args.name)
    names.packet(command, args.arguments)  # everything that can be wrong is said before the port is opened
    if names.hazardous(command) and not args.arm:
        _ask_to_arm(command.name)
    from host_tools.ground.client import REJOIN_S

    with _connect(args, names=names, rejoin_s=REJOIN_S) as payload:
        payload.on_noted(_show_note)
        if not args.json:
            payload.on_told(_show_related)
        began = time.monotonic()
        try:
            payload.send(args.name, *args.arguments, timeout_s=args.timeout)
        except CommandFailed as failed:
            if args.json:
                print(json.dumps({"command": command.name, "result": failed.result, "text": str(failed)}))
            print(f"rochette: {failed}", file=sys.stderr)
            return EXIT_REFUSED
        took_ms = (time.monotonic() - began) * 1000
        if args.json:
            print(json.dumps({"command": command.name, "result": "OK", "ms": round(took_ms, 1)}))
        else:
            print(f"{command.name}: done in {took_ms:.0f} ms")
    return 0


def _ask_to_arm(name: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"{name} moves or commits hardware: add --arm to send it. Nothing was sent.")
    print(f"{name} moves or commits hardware. Arm and send it? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise UsageError("not armed. Nothing was sent.")


def _show_note(text: str) -> None:
    print(f"{'':9}  link         {text}", file=sys.stderr, flush=True)


def _show_related(told: Told) -> None:
    if told.severity != "COMMAND":
        print(_line_of(told), flush=True)


def _line_of(told: Told) -> str:
    from host_tools.run.measures import clock
    from host_tools.run.words import in_units_of_people

    when = clock(told.time.ms)
    if told.time.base != 1:
        when = time.strftime("%H:%M:%S", time.gmtime(told.time.seconds))
    return f"{when:>9}  {told.severity:<11}  {told.name}: {in_units_of_people(told.text)}"


def _watch(args: argparse.Namespace) -> int:
    names = _names()
    if args.list:
        print("\n".join(names.channel_names()))
        return 0
    wanted = {names.channel(name) for name in args.channels}
    shown: dict[str, str] = {}
    from host_tools.ground.client import Payload
    from host_tools.ground.vision import Vision

    def event(told: Told) -> None:
        if args.json:
            print(json.dumps({"event": told.name, "ms": told.time.ms, "values": told.values}), flush=True)
        else:
            print(_line_of(told), flush=True)

    def values(samples: list[Sampled]) -> None:
        for one in samples:
            if one.name in wanted and shown.get(one.name) != one.text:
                shown[one.name] = one.text
                if args.json:
                    print(
                        json.dumps({"channel": one.name, "ms": one.time.ms, "value": one.value}), flush=True
                    )
                else:
                    print(f"{'':9}  {'value':<11}  {one.name} = {one.text}", flush=True)

    payload = Payload(names)
    payload.on_told(event)
    payload.on_sampled(values)
    payload.on_noted(_show_note)
    if args.assess == "auto":
        payload.look_at_pictures(Vision())
    payload.begin(args.port, args.key, args.history, math.inf)
    try:
        payload.wait_up(check=False)
        limit = None if args.seconds is None else time.monotonic() + args.seconds
        connection = payload.connection
        assert connection is not None
        while limit is None or time.monotonic() < limit:
            connection.wait(lambda: None, 0.2)
    finally:
        payload.close()
    return 0


# ---- stop, abort, pause, resume, release --------------------------------------------------------------


def _urgent(args: argparse.Namespace) -> int:
    from host_tools.ground.client import Payload

    payload = Payload(_names())
    payload.begin(args.port, args.key)
    try:
        if args.command in ("pause", "resume"):
            # These two belong to a session; STOP and ABORT go out before there is one.
            payload.wait_up(check=False)
        print(payload.urgent(args.command.upper()))
    finally:
        payload.close()
    return 0


def _release(args: argparse.Namespace) -> int:
    args.name, args.arguments = "sample.RELEASE", [args.sample, args.tube]
    args.list, args.json, args.arm, args.timeout = False, False, False, 10.0
    return _send(args)


# ---- sequences, files, parameters ---------------------------------------------------------------------


def _sequence_parser(parser: argparse.ArgumentParser, parser_class: type[argparse.ArgumentParser]) -> None:
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True, parser_class=parser_class)
    for verb, what in (
        ("check", "read it, check every command and bound; sends nothing"),
        ("upload", "check, compile, send; the payload checks it again"),
        ("run", "upload and carry out; returns when it has ended"),
    ):
        one = verbs.add_parser(verb, help=what, description=what, allow_abbrev=False)
        if verb != "check":
            add_port(one)
            one.add_argument("--name", default=None, metavar="NAME", help="its name on the payload")
        if verb == "run":
            one.add_argument("--assess", choices=("auto", "off"), default="off", help="judge pictures (off)")
            one.add_argument(
                "--release",
                choices=("auto", "off"),
                default="off",
                help="auto: release each held sample whose core is PRESENT; nobody does else (off)",
            )
        one.add_argument("file", metavar="FILE", help="text file: a time and a command a line")


def _sequence(args: argparse.Namespace) -> int:
    from host_tools.ground import sequence
    from host_tools.ground.client import REJOIN_S
    from host_tools.ground.files import check_name
    from host_tools.ground.release import Releaser
    from host_tools.ground.vision import Vision

    names = _names()
    if args.verb != "check" and args.name is not None:
        check_name(args.name)
    steps = sequence.read(args.file, names)
    size = len(sequence.compiled(steps))
    print(f"{args.file}: {len(steps)} commands, {size} bytes compiled, all within their bounds")
    if args.verb == "check":
        return 0
    with _connect(args, names=names, rejoin_s=REJOIN_S) as payload:
        payload.on_noted(_show_note)
        try:
            name = payload.upload_sequence(args.file, args.name)
            print(f"{name}: on the payload, and found good there")
            if args.verb == "run":
                payload.on_told(lambda told: print(_line_of(told), flush=True))
                if args.assess == "auto":
                    payload.look_at_pictures(Vision())
                if args.release == "auto":
                    payload.on_told(Releaser(payload).hear)
                payload.run_sequence(name)
                print(f"{name}: ended")
        except CommandFailed as failed:
            print(f"rochette: {failed}", file=sys.stderr)
            return EXIT_REFUSED
    return 0


def _get(args: argparse.Namespace) -> int:
    from host_tools.ground.files import check_name

    check_name(args.name)
    path = Path(args.file or args.name)
    if path.is_dir() or not path.parent.is_dir():
        raise UsageError(f"get: {path} cannot be written: give a file in a folder that is there.")
    with _connect(args) as payload:
        data = payload.downlink(args.name, path)
    print(f"{path}: {len(data)} bytes, whole")
    return 0


def _put(args: argparse.Namespace) -> int:
    from host_tools.ground.files import check_name

    check_name(args.name or Path(args.file).name)
    try:
        Path(args.file).read_bytes()
    except OSError as error:
        raise UsageError(f"put: {args.file} cannot be read ({error.strerror}). Nothing was sent.") from error
    with _connect(args) as payload:
        crc = payload.uplink(args.file, args.name)
    print(f"{args.name or Path(args.file).name}: stored on the payload, CRC-32 {crc:08x}")
    return 0


def _params(args: argparse.Namespace) -> int:
    names = _names()
    every = names.words.parameter_list
    if args.name is None or args.name.lower() in {one.component for one in every}:
        for one in every:
            if args.name is None or one.component == args.name.lower():
                enum = names.words.enums.get(one.type)
                default = enum.label(one.default) if enum else one.default
                bounds = f"{one.minimum} to {one.maximum} {one.unit}".rstrip()
                if enum:
                    bounds = ", ".join(label for label, _number, _words in enum.values)
                print(f"{one.component}.{one.name:<24} default {default:>8}  ({bounds})  {one.doc}")
        return 0
    parameter = names.parameter(args.name)
    from host_tools.ground.schema import SET

    if args.value is not None:  # what can be wrong with it is said before the port is opened
        names.packet(names.command(f"{parameter.component}.{parameter.name}{SET}"), [args.value])

    with _connect(args, names=names) as payload:
        said: list[Any] = []

        def hear(told: Told) -> None:
            if told.name == "link.PARAMETER" and told.values["parameter"] == parameter.id:
                said.append(told.values["value"])

        payload.on_told(hear)
        try:
            if args.value is not None:
                payload.set_parameter(args.name, args.value)
            payload.send("link.PARAMETER_GET", parameter.id, timeout_s=10.0)
        except CommandFailed as failed:
            print(f"rochette: {failed}", file=sys.stderr)
            return EXIT_REFUSED
        assert payload.connection is not None
        payload.connection.wait(lambda: True if said else None, 3.0)
    if not said:
        raise GroundError("the payload did not tell the value.")
    enum = names.words.enums.get(parameter.type)
    value = enum.label(said[-1]) if enum else said[-1]
    print(f"{parameter.component}.{parameter.name} = {value} {parameter.unit}".rstrip())
    return 0


def _ports(_args: argparse.Namespace) -> int:
    from host_tools.ground.port import find_boards

    boards = find_boards()
    for board in boards:
        print(board)
    if not boards:
        print("no board with MicroPython on a USB port", file=sys.stderr)
    return 0 if boards else EXIT_REFUSED


# ---- console, completion ------------------------------------------------------------------------------


_FOR_EMULATED = {"rock": "sandstone", "seed": "1", "pace": "max"}
"""Options of the emulated payload that the console starts, and what they are when not given."""


def _checked(convert: Callable[[str], Any]) -> Callable[[str], str]:
    """The text itself, once it is one that `convert` takes: it is handed to another program."""

    def check(text: str) -> str:
        convert(text)
        return text

    return check


def _console_parser(
    parser: argparse.ArgumentParser, pace: Callable[[str], Any], seed: Callable[[str], Any]
) -> None:
    add_port(parser)
    parser.set_defaults(port=None)
    parser.add_argument("--emulated", action="store_true", help="on an emulated payload, started with it")
    parser.add_argument("--rock", metavar="NAME", help="with --emulated: what it drills (sandstone)")
    parser.add_argument("--seed", type=_checked(seed), metavar="N", help="with --emulated: its seed (1)")
    parser.add_argument(
        "--pace", type=_checked(pace), metavar="1|N|max", help="with --emulated: its pace (max)"
    )
    parser.add_argument(
        "--gui-port", type=_network_port, default=5000, metavar="N", help="of the web page (5000)"
    )
    parser.add_argument("--arm", action="store_true", help="arm hazardous commands without being asked")
    parser.add_argument("--yamcs", action="store_true", help="Yamcs instead, where it is installed")


def _console(args: argparse.Namespace) -> int:
    """Everything that can be wrong is said first: later a browser waits, and nobody looks at the terminal."""
    from host_tools.ground import console

    if args.key is not None:
        from host_tools.ground.tag import read_key

        read_key(args.key)
    emulate: list[str] = []
    port = args.port
    if args.emulated:
        if port is not None:
            raise UsageError("console: give --emulated or --port, one of the two.")
        emulate = _emulated_options(args)
    else:
        given = next((name for name in _FOR_EMULATED if getattr(args, name) is not None), None)
        if given is not None:
            raise UsageError(f"console: --{given} goes with --emulated.")
        from host_tools.ground.port import open_port

        port = port if port is not None else os.environ.get(PORT) or "auto"
        open_port(port).close()
    if args.yamcs:
        console.require_yamcs()
    return console.run(port, emulate, args.gui_port, args.key, args.arm, args.yamcs)


def _emulated_options(args: argparse.Namespace) -> list[str]:
    from host_tools.run import runner

    chosen = {name: getattr(args, name) or usual for name, usual in _FOR_EMULATED.items()}
    runner.make_spec(runner.Asked(rock=chosen["rock"], seed=int(chosen["seed"])))  # names a rock that is none
    options = [part for name, value in chosen.items() for part in ("--" + name, value)]
    return options + (["--key", args.key] if args.key is not None else [])


def _key(args: argparse.Namespace) -> int:
    from host_tools.ground.tag import new_key

    new_key(args.file)
    print(f"{args.file}: a new key. It never crosses the line it protects: put it on the board over USB.")
    return 0


def _completion(args: argparse.Namespace) -> int:
    from argcomplete.shell_integration import shellcode

    print(shellcode(["rochette"], shell=args.shell))
    return 0
