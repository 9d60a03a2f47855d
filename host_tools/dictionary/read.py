"""Reads firmware/dictionary/*.py and holds its rules. Complaints name component, entry, key, value and bound.

A file is data: it imports nothing, and a private helper that spells out entries is the most it may hold.
"""

from __future__ import annotations

import ast
import functools
import re
import string
from dataclasses import replace
from pathlib import Path
from typing import Any

from host_tools import paths
from host_tools.dictionary.model import (
    SEVERITIES,
    Argument,
    Channel,
    Command,
    Dictionary,
    Enum,
    Event,
    Monitor,
    Packet,
    Parameter,
    upper_snake,
)

FOLDER = paths.FIRMWARE / "dictionary"
"""Where the component files stand."""

I32_MIN, I32_MAX = -(2**31), 2**31 - 1
ARGUMENTS_MAX = 4
SCALARS = {"I32": (I32_MIN, I32_MAX), "U32": (0, I32_MAX)}
NAME = "Name"
"""Type of an argument that is a file's name; its bounds are those of its length."""
NAME_LENGTH = (1, 24)
TICK_MS = 10
CHANNELS_MAX = 16
"""Most channels of a telemetry packet: a sample of them has to fit a frame in the worst case."""
REST_FIRST_ID, REST_PERIOD_TICKS = 240, 100
"""Packets that are made for channels which no declared packet names."""
UPPER = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)*\Z")
LOWER = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
CAMEL = re.compile(r"[A-Z][A-Za-z0-9]*\Z")
SECTIONS = ("ENUMS", "EVENTS", "CHANNELS", "PARAMETERS", "COMMANDS", "PACKETS", "MONITORS")
EXPLAINED = ("FATAL", "WARNING_HI", "WARNING_LO")

# For each section: the keys that must stand, and those that may.
KEYS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ENUMS": (("name", "doc", "values"), ()),
    "EVENTS": (("name", "id", "severity", "format", "args"), ("cause", "action", "ground_name")),
    "CHANNELS": (("name", "id", "type", "unit", "doc"), ("show", "divide", "yellow", "red")),
    "PARAMETERS": (("name", "id", "unit", "default", "doc"), ("min", "max", "type")),
    "COMMANDS": (("name", "id", "args", "doc"), ("states", "hazardous")),
    "PACKETS": (("name", "id", "period_ms", "channels", "doc"), ()),
    "MONITORS": (
        ("name", "id", "watch", "comparison", "count", "phases", "response", "source", "reason"),
        ("stale", "state", "fixed", "kind", "of", "limit", "mode"),
    ),
    "ARGUMENT": (("name", "type"), ("min", "max", "unit", "doc")),
}


class DictionaryError(Exception):
    """The declarations break a rule. `problems` holds one sentence for each breach."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


def load(folder: Path | str | None = None) -> Dictionary:
    """Reads and checks all component files of a folder (by default the project's). Raises DictionaryError.

    Read once a process, and again when a file has changed: what is given back is shared, not to be changed.
    """
    where = Path(folder) if folder else FOLDER
    files = ((path.name, path.stat()) for path in sorted(where.glob("*.py")))
    return _load(where, tuple((name, found.st_mtime_ns, found.st_size) for name, found in files))


@functools.lru_cache(maxsize=4)
def _load(folder: Path, _files: tuple[tuple[str, int, int], ...]) -> Dictionary:
    return _Reader(folder).read()


class _Reader:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[str] = []
        self.components: list[tuple[str, int]] = []
        self.raw: list[tuple[str, int, dict[str, list[dict[str, Any]]]]] = []
        self.enums: dict[str, Enum] = {}
        self.where = ""

    def read(self) -> Dictionary:
        for path in sorted(self.folder.glob("*.py")):
            if path.name != "__init__.py":
                self._read_file(path)
        if not self.raw:
            self.problems.append(f"{self.folder}: no component file (*.py) stands there")
        self._check_bases()
        for component, _, sections in self.raw:
            for entry in sections["ENUMS"]:
                self._enum(component, entry)
        events: list[Event] = []
        channels: list[Channel] = []
        parameters: list[Parameter] = []
        commands: list[Command] = []
        for component, base, sections in self.raw:
            events += [e for e in (self._event(component, base, x) for x in sections["EVENTS"]) if e]
            channels += [c for c in (self._channel(component, base, x) for x in sections["CHANNELS"]) if c]
            parameters += [
                p for p in (self._parameter(component, base, x) for x in sections["PARAMETERS"]) if p
            ]
            commands += [c for c in (self._command(component, base, x) for x in sections["COMMANDS"]) if c]
        for kind, entries in (
            ("event", events),
            ("channel", channels),
            ("parameter", parameters),
            ("command", commands),
        ):
            self._check_unique(kind, entries)
        numbered = _numbered(channels)
        packets = self._packets(numbered)
        monitors = self._monitors([p.full_name for p in _numbered(parameters)])
        if self.problems:
            raise DictionaryError(self.problems)
        return Dictionary(
            components=tuple(sorted(self.components, key=lambda c: c[1])),
            enums=dict(sorted(self.enums.items())),
            event_list=tuple(sorted(events, key=lambda e: e.id)),
            channel_list=tuple(numbered),
            parameter_list=tuple(_numbered(parameters)),
            command_list=tuple(sorted(commands, key=lambda c: c.id)),
            packet_list=tuple(packets),
            monitor_list=tuple(monitors),
        )

    def bad(self, text: str) -> None:
        self.problems.append(f"{self.where}: {text}")

    def _monitors(self, parameters: list[str]) -> list[Monitor]:
        """The rows of the table of monitors, numbered from 1 on; each limit is the parameter of its name."""
        rows: list[Monitor] = []
        for component, _, sections in self.raw:
            for entry in sections["MONITORS"]:
                self.where = f"{component} MONITORS {entry['name']}"
                limit = entry.get("limit") or f"{upper_snake(component)}_{entry['name']}"
                if limit not in parameters:
                    self.bad(f"there is no parameter {limit} for its limit")
                    continue
                if entry["id"] != len(rows) + 1:
                    self.bad(f"id is {entry['id']}; rows are numbered in their order: {len(rows) + 1}")
                numbers = {}
                for key, enum in (
                    ("watch", "Watch"),
                    ("comparison", "Comparison"),
                    ("response", "ResponseKind"),
                    ("source", "Source"),
                    ("reason", "Reason"),
                    ("state", "MonitorState"),
                ):
                    numbers[key] = self._number_of(enum, entry.get(key, "ACTIVE"))
                mask = sum(1 << self._number_of("Phase", phase) for phase in entry["phases"])
                if not 1 <= entry["count"] <= 255 or not 0 <= entry.get("stale", 0) <= 255:
                    self.bad("count must be 1 to 255 and stale 0 to 255 checks")
                    continue
                rows.append(
                    Monitor(
                        name=entry["name"],
                        watch=numbers["watch"],
                        comparison=numbers["comparison"],
                        limit=parameters.index(limit),
                        count=entry["count"],
                        phases=mask,
                        response=numbers["response"],
                        source=numbers["source"],
                        reason=numbers["reason"],
                        stale=entry.get("stale", 0),
                        state=numbers["state"],
                        fixed=bool(entry.get("fixed", False)),
                        mode=self._number_of("Degraded", entry["mode"]) + 1 if entry.get("mode") else 0,
                        kind=entry.get("kind", "range"),
                        of=entry.get("of", ""),
                    )
                )
        return rows

    def _number_of(self, enum: str, label: str) -> int:
        if enum in self.enums:
            for name, number, _ in self.enums[enum].values:
                if name == label:
                    return number
        self.bad(f"{label!r} is no value of the enum {enum}")
        return 0

    # Files

    def _read_file(self, path: Path) -> None:
        self.where = path.name
        try:
            tree = ast.parse(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            self.bad(f"line {error.lineno}: not Python ({error.msg})")
            return
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.bad(f"line {node.lineno}: a component file imports nothing; it is data")
                return
        found: dict[str, Any] = {}
        try:
            exec(compile(tree, str(path), "exec"), found)
        except Exception as error:
            self.bad(f"could not be read: {type(error).__name__}: {error}")
            return
        for name in found:
            if not name.startswith("_") and name not in ("COMPONENT", "BASE", *SECTIONS):
                self.bad(f"{name} is unknown; a component file has COMPONENT, BASE, {', '.join(SECTIONS)}")
        component, base = found.get("COMPONENT"), found.get("BASE")
        if not isinstance(component, str) or not LOWER.match(component):
            self.bad(f"COMPONENT is {component!r}; it must be a lower_snake name")
            return
        if type(base) is not int or base <= 0 or base % 0x10:
            self.bad(f"BASE is {base!r}; it must be a positive multiple of 0x10")
            return
        sections: dict[str, list[dict[str, Any]]] = {}
        for section in SECTIONS:
            entries = found.get(section, [])
            if not isinstance(entries, list) or any(not isinstance(entry, dict) for entry in entries):
                self.bad(f"{section} must be a list of dicts")
                entries = []
            sections[section] = [entry for entry in entries if self._keys(component, section, entry)]
        if any(component == name for name, _ in self.components):
            self.bad(f"COMPONENT {component} stands in another file too")
        self.components.append((component, base))
        self.raw.append((component, base, sections))

    def _keys(self, component: str, section: str, entry: dict[str, Any]) -> bool:
        self.where = f"{component} {section} {entry.get('name', '(no name)')}"
        needed, optional = KEYS[section]
        good = True
        for key in needed:
            if key not in entry:
                self.bad(f"key {key!r} is missing; needed are {', '.join(needed)}")
                good = False
        for key in entry:
            if key not in needed and key not in optional:
                self.bad(f"key {key!r} is unknown; allowed are {', '.join(needed + optional)}")
                good = False
        return good

    def _check_bases(self) -> None:
        by_base: dict[int, str] = {}
        for component, base in self.components:
            if base in by_base:
                self.where = component
                self.bad(f"BASE 0x{base:X} belongs to {by_base[base]} already")
            by_base[base] = component

    def _check_unique(self, kind: str, entries: list[Any]) -> None:
        ids: dict[int, str] = {}
        names: set[str] = set()
        for entry in entries:
            self.where = f"{entry.component} {kind} {entry.name}"
            if entry.id in ids:
                self.bad(f"id 0x{entry.id:X} belongs to {ids[entry.id]} already; each id is given once")
            if entry.full_name in names:
                self.bad(f"the name {entry.full_name} is declared twice")
            ids.setdefault(entry.id, entry.full_name)
            names.add(entry.full_name)

    # Values

    def _text(self, entry: dict[str, Any], key: str, needed: bool = True) -> str:
        value = entry.get(key, "")
        if not isinstance(value, str) or (needed and not value.strip()):
            self.bad(f"key {key!r} is {value!r}; it must be {'a non-empty' if needed else 'a'} text")
            return ""
        return value

    def _name(self, entry: dict[str, Any], pattern: re.Pattern[str], kind: str) -> str:
        value = entry["name"]
        if not isinstance(value, str) or not pattern.match(value):
            self.bad(f"key 'name' is {value!r}; it must be {kind}")
            return str(value)
        return value

    def _whole(self, value: object, key: str, low: int, high: int) -> int | None:
        if type(value) is not int:
            self.bad(f"key {key!r} is {value!r}; it must be a whole number")
            return None
        if not low <= value <= high:
            self.bad(f"key {key!r} is {value}; its bounds are {low} to {high}")
            return None
        return value

    def _id(self, entry: dict[str, Any], base: int) -> int | None:
        above = [other for _, other in self.components if other > base]
        room = (min(above) if above else base + 0x100) - base
        value = self._whole(entry["id"], "id", 1, room - 1)
        return None if value is None else base + value

    def _type(self, value: object, key: str = "type", name: bool = False) -> str:
        """`value` when it is a type; with `name`, the type Name is one too."""
        if isinstance(value, str) and (value in SCALARS or value in self.enums or (name and value == NAME)):
            return value
        known = ", ".join(sorted(self.enums))
        self.bad(f"key {key!r} is {value!r}; it must be I32, U32 or a declared enum ({known})")
        return "I32"

    def _bounds(self, entry: dict[str, Any], type_name: str) -> tuple[int, int]:
        """Lowest and highest value: those declared, else those of the type."""
        if type_name == NAME:
            return NAME_LENGTH
        if type_name in self.enums:
            numbers = [value for _, value, _ in self.enums[type_name].values]
            low_type, high_type = min(numbers), max(numbers)
        else:
            low_type, high_type = SCALARS[type_name]
        low = self._whole(entry.get("min", low_type), "min", low_type, high_type)
        high = self._whole(entry.get("max", high_type), "max", low_type, high_type)
        if low is None or high is None:
            return low_type, high_type
        if low > high:
            self.bad(f"key 'min' is {low} and 'max' is {high}; min must not be above max")
        return low, high

    # Entries

    def _enum(self, component: str, entry: dict[str, Any]) -> None:
        self.where = f"{component} ENUMS {entry['name']}"
        name = self._name(entry, CAMEL, "a CamelCase name")
        values: list[tuple[str, int, str]] = []
        rows = entry["values"]
        if not isinstance(rows, list) or not rows:
            self.bad("key 'values' must be a list of (NAME, number, words)")
            rows = []
        for row in rows:
            if not isinstance(row, tuple) or len(row) != 3 or not isinstance(row[2], str):
                self.bad(f"value {row!r} must be (NAME, number, words)")
                continue
            label, number, words = row
            if not isinstance(label, str) or not UPPER.match(label):
                self.bad(f"value name {label!r} must be UPPER_SNAKE")
                continue
            if self._whole(number, f"values {label}", 0, 2**30 - 1) is None:
                continue
            if any(label == other[0] for other in values):
                self.bad(f"value name {label} stands twice")
            if any(number == other[1] for other in values):
                self.bad(f"value {label} is {number}, which has a name already")
            values.append((label, number, words))
        if name in self.enums:
            self.bad(f"declared in {self.enums[name].component} too; enum names are shared by all components")
            return
        self.enums[name] = Enum(name, self._text(entry, "doc", needed=False), component, tuple(values))

    def _event(self, component: str, base: int, entry: dict[str, Any]) -> Event | None:
        self.where = f"{component} EVENTS {entry['name']}"
        name = self._name(entry, UPPER, "UPPER_SNAKE")
        number = self._id(entry, base)
        severity = entry["severity"]
        if severity not in SEVERITIES:
            self.bad(f"key 'severity' is {severity!r}; allowed are {', '.join(SEVERITIES)}")
        args: list[Argument] = []
        rows = entry["args"]
        if not isinstance(rows, list):
            self.bad("key 'args' must be a list of (name, type)")
            rows = []
        if len(rows) > ARGUMENTS_MAX:
            self.bad(f"key 'args' has {len(rows)} entries; at most {ARGUMENTS_MAX} fit an event")
        for row in rows:
            shaped = isinstance(row, tuple) and len(row) == 2 and isinstance(row[0], str)
            if not shaped or not LOWER.match(row[0]):
                self.bad(f"argument {row!r} must be (lower_snake name, type)")
                continue
            args.append(Argument(row[0], self._type(row[1], f"args {row[0]}", name=True)))
        text = self._text(entry, "format")
        self._check_format(text, [argument.name for argument in args])
        explained = severity in EXPLAINED
        cause, action = self._text(entry, "cause", explained), self._text(entry, "action", explained)
        ground = self._text(entry, "ground_name", needed=False) or name
        if number is None or severity not in SEVERITIES:
            return None
        return Event(component, name, number, severity, text, tuple(args), cause, action, ground)

    def _check_format(self, text: str, names: list[str]) -> None:
        try:
            fields = [field for _, field, _, _ in string.Formatter().parse(text) if field is not None]
        except ValueError as error:
            self.bad(f"key 'format' is {text!r}: {error}")
            return
        if fields != names:
            self.bad(f"key 'format' names {fields}; it must name each of 'args' once, in order: {names}")

    def _channel(self, component: str, base: int, entry: dict[str, Any]) -> Channel | None:
        self.where = f"{component} CHANNELS {entry['name']}"
        name = self._name(entry, UPPER, "UPPER_SNAKE")
        number = self._id(entry, base)
        type_name = self._type(entry["type"])
        divide = self._whole(entry.get("divide", 1), "divide", 1, 1_000_000_000) or 1
        unit = self._text(entry, "unit", needed=False)
        show = self._text(entry, "show", needed=False) or ("{} " + unit).strip()
        sample: object = "LABEL" if type_name in self.enums else (1 if divide == 1 else 0.5)
        try:
            once = show.format(sample)
        except (ValueError, IndexError, KeyError) as error:
            self.bad(f"key 'show' is {show!r}; it must hold one {{}} that can show the value ({error})")
        else:
            if once == show:
                self.bad(f"key 'show' is {show!r}; it must hold one {{}} for the value")
        yellow, red = self._limits(entry, "yellow"), self._limits(entry, "red")
        if yellow and red and not (red[0] <= yellow[0] and yellow[1] <= red[1]):
            self.bad(f"key 'yellow' is {yellow}; it must lie inside 'red' {red}")
        doc = self._text(entry, "doc", needed=False)
        if number is None:
            return None
        return Channel(component, name, number, -1, type_name, unit, show, divide, yellow, red, doc)

    def _limits(self, entry: dict[str, Any], key: str) -> tuple[int, int] | None:
        value = entry.get(key)
        if value is None:
            return None
        if not isinstance(value, tuple) or len(value) != 2 or any(type(side) is not int for side in value):
            self.bad(f"key {key!r} is {value!r}; it must be (lowest, highest) in whole numbers, or None")
            return None
        if value[0] > value[1]:
            self.bad(f"key {key!r} is {value}; the lowest must not be above the highest")
        return value

    def _parameter(self, component: str, base: int, entry: dict[str, Any]) -> Parameter | None:
        self.where = f"{component} PARAMETERS {entry['name']}"
        name = self._name(entry, UPPER, "UPPER_SNAKE")
        number = self._id(entry, base)
        type_name = self._type(entry.get("type", "I32"))
        if type_name not in self.enums:
            for key in ("min", "max"):
                if key not in entry:
                    self.bad(f"key {key!r} is missing; a number without bounds cannot be checked")
        low, high = self._bounds(entry, type_name)
        default = self._whole(entry["default"], "default", low, high)
        doc, unit = self._text(entry, "doc", needed=False), self._text(entry, "unit", needed=False)
        if number is None or default is None:
            return None
        return Parameter(component, name, number, -1, type_name, unit, default, low, high, doc)

    def _command(self, component: str, base: int, entry: dict[str, Any]) -> Command | None:
        self.where = f"{component} COMMANDS {entry['name']}"
        name = self._name(entry, UPPER, "UPPER_SNAKE")
        number = self._id(entry, base)
        args: list[Argument] = []
        rows = entry["args"]
        if not isinstance(rows, list) or any(not isinstance(row, dict) for row in rows):
            self.bad("key 'args' must be a list of dicts")
            rows = []
        if len(rows) > ARGUMENTS_MAX:
            self.bad(f"key 'args' has {len(rows)} entries; at most {ARGUMENTS_MAX} fit a command")
        for row in rows:
            if not self._keys(component, "ARGUMENT", row):
                continue
            self.where = f"{component} COMMANDS {entry['name']} argument {row['name']}"
            label = self._name(row, LOWER, "lower_snake")
            type_name = self._type(row["type"], name=True)
            low, high = self._bounds(row, type_name)
            unit, doc = self._text(row, "unit", needed=False), self._text(row, "doc", needed=False)
            args.append(Argument(label, type_name, low, high, unit, doc))
        self.where = f"{component} COMMANDS {entry['name']}"
        if len({argument.name for argument in args}) != len(args):
            self.bad("two arguments have the same name")
        states = entry.get("states", [])
        if states == ["ANY"]:
            states = []
        modes = [label for label, _, _ in self.enums["Mode"].values] if "Mode" in self.enums else []
        if not isinstance(states, list):
            self.bad("key 'states' must be a list of names of modes")
            states = []
        for state in states:
            if state not in modes:
                self.bad(f"key 'states' has {state!r}; allowed are {', '.join(modes)}, or ANY alone")
        hazardous = entry.get("hazardous", False)
        if not isinstance(hazardous, bool):
            self.bad(f"key 'hazardous' is {hazardous!r}; it must be True or False")
        doc = self._text(entry, "doc")
        if number is None:
            return None
        return Command(component, name, number, tuple(args), tuple(states), bool(hazardous), doc)

    # Packets

    def _packets(self, channels: list[Channel]) -> list[Packet]:
        """The declared packets, and those that take the channels which are left over."""
        by_name = {channel.full_name: channel for channel in channels}
        packets: list[Packet] = []
        taken: dict[int, str] = {}
        for component, _, sections in self.raw:
            for entry in sections["PACKETS"]:
                self.where = f"{component} PACKETS {entry['name']}"
                packet = self._packet(entry, by_name, taken)
                if packet is None:
                    continue
                if any(packet.id == other.id for other in packets):
                    self.bad(f"id {packet.id} belongs to another packet already")
                packets.append(packet)
        rest = [channel.index for channel in channels if channel.index not in taken]
        for n in range(0, len(rest), CHANNELS_MAX):
            number = n // CHANNELS_MAX
            places = tuple(rest[n : n + CHANNELS_MAX])
            packets.append(
                Packet(
                    f"REST_{number + 1}",
                    REST_FIRST_ID + number,
                    REST_PERIOD_TICKS,
                    places,
                    "what is left over",
                )
            )
        return sorted(packets, key=lambda packet: packet.id)

    def _packet(
        self, entry: dict[str, Any], by_name: dict[str, Channel], taken: dict[int, str]
    ) -> Packet | None:
        name = self._name(entry, UPPER, "UPPER_SNAKE")
        number = self._whole(entry["id"], "id", 1, REST_FIRST_ID - 1)
        period = self._whole(entry["period_ms"], "period_ms", TICK_MS, 255 * TICK_MS)
        doc = self._text(entry, "doc")
        rows = entry["channels"]
        if not isinstance(rows, list) or not 1 <= len(rows) <= CHANNELS_MAX:
            self.bad(f"key 'channels' must be a list of 1 to {CHANNELS_MAX} full names of channels")
            return None
        if period is not None and period % TICK_MS:
            self.bad(f"key 'period_ms' is {period}; it must be a multiple of {TICK_MS}")
        places = []
        for row in rows:
            channel = by_name.get(row) if isinstance(row, str) else None
            if channel is None:
                self.bad(f"channel {row!r} is not declared")
            elif channel.index in taken:
                self.bad(f"channel {row} travels in packet {taken[channel.index]} already")
            else:
                taken[channel.index] = name
                places.append(channel.index)
        if number is None or period is None:
            return None
        return Packet(name, number, period // TICK_MS, tuple(places), doc)


def _numbered(entries: list[Any]) -> list[Any]:
    """The entries in the order of ids, each told its place."""
    ordered = sorted(entries, key=lambda entry: entry.id)
    return [replace(entry, index=index) for index, entry in enumerate(ordered)]
