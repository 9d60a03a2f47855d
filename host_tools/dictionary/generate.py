"""Writes what follows from the declarations: the board's tables, the reference page, F Prime's dictionary,
the registry of ids.

All output is deterministic: the same declarations give the same bytes. `check` compares instead of writing
and says in words what differs.
"""

from __future__ import annotations

import ast
import json
from pathlib import Path

from host_tools import paths
from host_tools.dictionary import fprime
from host_tools.dictionary.model import Argument, Dictionary, upper_snake
from host_tools.dictionary.read import DictionaryError

ROOT = paths.ROOT
TABLES = Path("firmware/rochette/tables.py")
REGISTRY = Path("firmware/dictionary/ids.json")
PAGE = Path("docs/dictionary.md")
GROUND = Path("dictionary.json")

Registry = dict[str, dict[str, int]]


def tables_text(words: Dictionary) -> str:
    """The text of firmware/rochette/tables.py."""
    out = [
        '"""Numbers of the dictionary, written by `make dictionary` from firmware/dictionary/: never edited.',
        "",
        "EV_ and CMD_ are global ids, P_ and CH_ are places in the arrays of parameters and telemetry. The",
        "tuples run in the order of ids: place n of each tuple of a kind belongs to the same entry.",
        '"""',
        "",
        f'DICTIONARY_DIGEST = "{words.digest[:16]}"',
        "",
    ]
    for enum in words.enums.values():
        out += [f"{enum.prefix}_{label} = {number}" for label, number, _ in enum.values]
        out.append("")
    out += [f"EV_{event.full_name} = 0x{event.id:X}" for event in words.event_list]
    out += _tuple("EVENT_IDS", [event.id for event in words.event_list])
    out += _bytes("EVENT_SEVERITIES", [event.severity_number for event in words.event_list])
    out += _bytes("EVENT_ARGUMENTS", [len(event.args) for event in words.event_list])
    out += _bytes("EVENT_WIDTHS", [_widths(words, event.args) for event in words.event_list])
    out.append("")
    out += [f"CH_{channel.full_name} = {channel.index}" for channel in words.channel_list]
    out += _tuple("CHANNEL_IDS", [channel.id for channel in words.channel_list])
    out += _bytes("CHANNEL_WIDTHS", [words.width(channel.type) for channel in words.channel_list])
    out.append("")
    out += _bytes("PACKET_IDS", [packet.id for packet in words.packet_list])
    out += _bytes("PACKET_PERIODS", [packet.period_ticks for packet in words.packet_list])
    out += _bytes("PACKET_SIZES", [len(packet.channels) for packet in words.packet_list])
    out += _tuple("PACKET_CHANNELS", [place for packet in words.packet_list for place in packet.channels])
    out.append("")
    out += [f"P_{parameter.full_name} = {parameter.index}" for parameter in words.parameter_list]
    out += _tuple("PARAMETER_IDS", [parameter.id for parameter in words.parameter_list])
    out += _bytes("PARAMETER_WIDTHS", [words.width(parameter.type) for parameter in words.parameter_list])
    out += [f"PARAMETER_SET = 0x{fprime.PARAMETER_SET:X}", f"PARAMETER_SAVE = 0x{fprime.PARAMETER_SAVE:X}"]
    out += _tuple("PARAMETER_DEFAULTS", [parameter.default for parameter in words.parameter_list])
    out += _tuple("PARAMETER_MINIMA", [parameter.minimum for parameter in words.parameter_list])
    out += _tuple("PARAMETER_MAXIMA", [parameter.maximum for parameter in words.parameter_list])
    out.append("")
    out += [f"CMD_{command.full_name} = 0x{command.id:X}" for command in words.command_list]
    modes = words.enums["Mode"] if "Mode" in words.enums else None
    every = sum(1 << number for _, number, _ in modes.values) if modes else 0
    masks = [
        sum(1 << modes.number(state) for state in command.states) if command.states and modes else every
        for command in words.command_list
    ]
    first, starts = 0, []
    for command in words.command_list:
        starts.append(first)
        first += len(command.args)
    arguments = [argument for command in words.command_list for argument in command.args]
    out += _tuple("COMMAND_OPCODES", [command.id for command in words.command_list])
    out += _tuple("COMMAND_MODES", masks)
    out += _bytes("COMMAND_HAZARDOUS", [int(command.hazardous) for command in words.command_list])
    out += _bytes("COMMAND_ARGUMENTS", [len(command.args) for command in words.command_list])
    out += _tuple("COMMAND_FIRST_ARGUMENT", starts)
    out += _bytes("ARGUMENT_WIDTHS", [words.width(argument.type) for argument in arguments])
    out += _tuple("ARGUMENT_MINIMA", [argument.minimum for argument in arguments])
    out += _tuple("ARGUMENT_MAXIMA", [argument.maximum for argument in arguments])
    rows = words.monitor_list
    if rows:
        out.append("")
        out += _bytes("ROW_WATCH", [row.watch for row in rows])
        out += _bytes("ROW_COMPARISON", [row.comparison for row in rows])
        out += _tuple("ROW_LIMIT", [row.limit for row in rows])
        out += _bytes("ROW_COUNT", [row.count for row in rows])
        out += _tuple("ROW_PHASES", [row.phases for row in rows])
        out += _bytes("ROW_RESPONSE", [row.response for row in rows])
        out += _bytes("ROW_SOURCE", [row.source for row in rows])
        out += _bytes("ROW_REASON", [row.reason for row in rows])
        out += _bytes("ROW_STALE", [row.stale for row in rows])
        out += _bytes("ROW_STATE", [row.state for row in rows])
        out += _bytes("ROW_FIXED", [int(row.fixed) for row in rows])
        out += _bytes("ROW_MODE", [row.mode for row in rows])
    return "\n".join(out) + "\n"


def _widths(words: Dictionary, args: tuple[Argument, ...]) -> int:
    """How each argument of an event goes on the wire, two bits each, the first lowest: 0 four bytes, 1 one
    byte, 2 a name."""
    kinds = {4: 0, 1: 1, 0: 2}
    return sum(kinds[words.width(argument.type)] << 2 * n for n, argument in enumerate(args))


def _wrapped(start: str, parts: list[str], end: str, joint: str = ", ") -> list[str]:
    """`parts` joined, broken into lines that fit."""
    whole = start + joint.join(parts) + end
    if len(whole) <= 110:
        return [whole]
    lines, line = [start], "   "
    for part in parts:
        if len(line) + len(part) + 3 > 108:
            lines.append(line)
            line = "   "
        line += " " + part + ","
    return [*lines, line, end]


def _tuple(name: str, numbers: list[int]) -> list[str]:
    if len(numbers) == 1:
        return [f"{name} = ({numbers[0]},)"]
    return _wrapped(f"{name} = (", [str(number) for number in numbers], ")")


def _bytes(name: str, numbers: list[int]) -> list[str]:
    """Small numbers as a bytes literal: no object a number on the board."""
    texts = [f"\\x{number:02x}" for number in numbers]
    lines = ["".join(texts[at : at + 24]) for at in range(0, len(texts), 24)]
    if len(lines) <= 1 and len(name) + 4 * len(texts) < 100:
        return [f'{name} = b"{"".join(lines)}"']
    return [f"{name} = (", *[f'    b"{line}"' for line in lines], ")"]


def registry_of(words: Dictionary) -> Registry:
    """Every id in use, by kind and full name."""
    return {
        "events": {event.full_name: event.id for event in words.event_list},
        "channels": {channel.full_name: channel.id for channel in words.channel_list},
        "parameters": {parameter.full_name: parameter.id for parameter in words.parameter_list},
        "commands": {command.full_name: command.id for command in words.command_list},
    }


def merge_registry(words: Dictionary, old: Registry) -> Registry:
    """The registry with what is new added. Raises DictionaryError when an id would change its meaning."""
    problems: list[str] = []
    merged: Registry = {}
    for kind, used in registry_of(words).items():
        known = dict(old.get(kind, {}))
        by_id = {number: name for name, number in known.items()}
        free = max([*by_id, *used.values(), 0]) + 1
        for name, number in used.items():
            if name in known and known[name] != number:
                problems.append(
                    f"{kind} {name}: its id is 0x{number:X}, but it was given 0x{known[name]:X} for ever"
                    f" ({REGISTRY}); put that id back, or choose another name"
                )
            elif number in by_id and by_id[number] != name:
                problems.append(
                    f"{kind} {name}: id 0x{number:X} was given to {by_id[number]} for ever ({REGISTRY});"
                    f" ids are never reused: take one that is free, such as 0x{free:X}"
                )
            else:
                known[name] = number
        merged[kind] = known
    if problems:
        raise DictionaryError(problems)
    return merged


def registry_text(registry: Registry) -> str:
    """The registry as JSON, in the order of ids."""
    ordered = {
        kind: dict(sorted(names.items(), key=lambda item: item[1]))
        for kind, names in sorted(registry.items())
    }
    return json.dumps(ordered, indent=1) + "\n"


def read_registry(path: Path) -> Registry:
    """The committed registry; empty when there is none yet. Raises DictionaryError when it cannot be read."""
    if not path.exists():
        return {}
    try:
        loaded = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise DictionaryError([f"{path}: not JSON ({error}); restore it from version control"]) from None
    if not isinstance(loaded, dict):
        raise DictionaryError([f"{path}: must hold one object; restore it from version control"])
    return loaded


def page_text(words: Dictionary) -> str:
    """The reference page docs/dictionary.md."""
    out = [
        "# Dictionary",
        "",
        "Every event, channel, parameter, command and enum of the payload. Written by `make dictionary` from",
        "`firmware/dictionary/`; change it there.",
        "",
        f"Digest `{words.digest[:16]}`: two sides with the same digest understand each other.",
        "",
    ]
    for component, base in words.components:
        title = f"## {component} (from 0x{base:X})"
        section: list[str] = []
        events = [event for event in words.event_list if event.component == component]
        if events:
            section += ["### Events", "", "| id | name | severity | text | cause | what to do |"]
            section.append("|---|---|---|---|---|---|")
            section += [
                f"| 0x{e.id:X} | {e.name} | {e.severity} | {_cell(e.format)} | {_cell(e.cause)} "
                f"| {_cell(e.action)} |"
                for e in events
            ]
            section.append("")
        commands = [command for command in words.command_list if command.component == component]
        if commands:
            section += ["### Commands", "", "| id | name | arguments | allowed in | doc |"]
            section.append("|---|---|---|---|---|")
            for c in commands:
                args = "; ".join(
                    f"{a.name} {a.type} {a.minimum} to {a.maximum} {a.unit}".rstrip() for a in c.args
                )
                modes = ", ".join(c.states) or "any mode"
                hazard = "**Moves or commits hardware.** " if c.hazardous else ""
                section.append(f"| 0x{c.id:X} | {c.name} | {args} | {modes} | {hazard}{_cell(c.doc)} |")
            section.append("")
        parameters = [parameter for parameter in words.parameter_list if parameter.component == component]
        if parameters:
            section += ["### Parameters", "", "| id | name | default | bounds | unit | doc |"]
            section.append("|---|---|---|---|---|---|")
            section += [
                f"| 0x{p.id:X} | {p.name} | {p.default} | {p.minimum} to {p.maximum} | {p.unit} "
                f"| {_cell(p.doc)} |"
                for p in parameters
            ]
            section.append("")
        channels = [channel for channel in words.channel_list if channel.component == component]
        if channels:
            section += [
                "### Channels",
                "",
                "| id | name | type | unit | yellow outside | red outside | doc |",
            ]
            section += ["|---|---|---|---|---|---|---|"]
            section += [
                f"| 0x{c.id:X} | {c.name} | {c.type} | {c.unit} | {_limits(c.yellow)} | {_limits(c.red)} "
                f"| {_cell(c.doc)} |"
                for c in channels
            ]
            section.append("")
        enums = [enum for enum in words.enums.values() if enum.component == component]
        for enum in enums:
            section += [f"### Enum {enum.name}", "", enum.doc, ""]
            section += ["| number | name | meaning |", "|---|---|---|"]
            section += [f"| {number} | {label} | {_cell(text)} |" for label, number, text in enum.values]
            section.append("")
        if section:
            out += [title, "", *section]
    return "\n".join([*out, *_packet_section(words)]).rstrip() + "\n"


def _packet_section(words: Dictionary) -> list[str]:
    """Which channels travel together."""
    out = ["## Telemetry packets", "", "| id | name | every | channels | doc |", "|---|---|---|---|---|"]
    for packet in words.packet_list:
        names = ", ".join(words.channel_list[place].full_name for place in packet.channels)
        out.append(
            f"| {packet.id} | {packet.name} | {packet.period_ticks * 10} ms | {names} | {_cell(packet.doc)} |"
        )
    return out


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _limits(limits: tuple[int, int] | None) -> str:
    return f"{limits[0]} to {limits[1]}" if limits else ""


def products(words: Dictionary, root: Path) -> dict[Path, str]:
    """What the declarations give: path below `root` -> text. Raises DictionaryError on a taken id."""
    clashes = _clashing_constants(words)
    if clashes:
        raise DictionaryError(clashes)
    merge_registry(words, read_registry(root / REGISTRY))
    return {TABLES: tables_text(words), PAGE: page_text(words), GROUND: fprime.text(words)}


def _clashing_constants(words: Dictionary) -> list[str]:
    """Two enums whose constants would have one name, such as A.B_C and AB.C."""
    owners: dict[str, str] = {}
    problems = []
    for enum in words.enums.values():
        for label, _, _ in enum.values:
            constant = f"{upper_snake(enum.name)}_{label}"
            if constant in owners:
                problems.append(
                    f"{enum.component} ENUMS {enum.name}: {constant} is also made by {owners[constant]}"
                )
            owners[constant] = enum.name
    return problems


def write(words: Dictionary, root: Path = ROOT) -> list[Path]:
    """Writes the products that differ; gives their paths."""
    written = []
    for path, text in products(words, root).items():
        target = root / path
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            written.append(path)
    return written


def settle(words: Dictionary, root: Path = ROOT) -> list[Path]:
    """Adds all ids in use to the registry: each belongs to its name for ever. Gives what was written."""
    text = registry_text(merge_registry(words, read_registry(root / REGISTRY)))
    target = root / REGISTRY
    if target.exists() and target.read_text(encoding="utf-8") == text:
        return []
    target.write_text(text, encoding="utf-8")
    return [REGISTRY]


def check(words: Dictionary, root: Path = ROOT) -> list[str]:
    """What is stale, in words; empty when all products are as the declarations say."""
    said: list[str] = []
    for path, text in products(words, root).items():
        target = root / path
        if not target.exists():
            said.append(f"{path} is missing")
            continue
        old = target.read_text(encoding="utf-8")
        if old != text:
            said += [f"{path}: {difference}" for difference in differences(path, old, text)]
    return said


def differences(path: Path, old: str, new: str) -> list[str]:
    """What separates two versions of a product, named by what a reader knows: constants, ids, lines."""
    if path.suffix == ".py":
        return _compare(_constants(old), _constants(new)) or [_first_line(old, new)]
    return [_first_line(old, new)]


def _compare(old: dict[str, object], new: dict[str, object]) -> list[str]:
    said = [f"lacks {name} = {value}" for name, value in new.items() if name not in old]
    said += [f"has {name} = {value}, not declared any more" for name, value in old.items() if name not in new]
    for name, value in new.items():
        if name in old and old[name] != value:
            said.append(f"says {name} = {old[name]}, declared is {value}")
    return said


def _constants(text: str) -> dict[str, object]:
    found: dict[str, object] = {}
    try:
        body = ast.parse(text).body
    except SyntaxError:
        return found
    for node in body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found[node.targets[0].id] = ast.literal_eval(node.value)
    return found


def _first_line(old: str, new: str) -> str:
    before, after = old.splitlines(), new.splitlines()
    for number, (was, now) in enumerate(zip(before, after, strict=False), 1):
        if was != now:
            return f"line {number} is {was!r}, should be {now!r}"
    return f"has {len(before)} lines, should have {len(after)}"
