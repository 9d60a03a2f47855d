"""What a declaration is once it has been read and found good: plain frozen records, and how they speak."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

SEVERITIES = ("FATAL", "WARNING_HI", "WARNING_LO", "COMMAND", "ACTIVITY_HI", "ACTIVITY_LO", "DIAGNOSTIC")
"""F Prime's severities, the worst first; the number of a severity is its place here, counted from 1."""


def upper_snake(camel: str) -> str:
    """FeedResult -> FEED_RESULT: how an enum's name stands in the constants of tables.py."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", camel).upper()


@dataclass(frozen=True)
class Enum:
    """Named numbers. `values` holds (NAME, number, words) in the order they are declared."""

    name: str
    doc: str
    component: str
    values: tuple[tuple[str, int, str], ...]

    @property
    def prefix(self) -> str:
        """The start of each of its constants, for instance FEED_RESULT."""
        return upper_snake(self.name)

    def label(self, number: int) -> str:
        """The name of a value; a number without a name is given as `FeedResult(17)`."""
        for label, value, _ in self.values:
            if value == number:
                return label
        return f"{self.name}({number})"

    def words(self, number: int) -> str:
        """What a value means, in words."""
        for _, value, words in self.values:
            if value == number:
                return words
        return f"unknown value {number}"

    def number(self, label: str) -> int:
        """The number of a name. Raises KeyError with the names there are."""
        for name, value, _ in self.values:
            if name == label:
                return value
        raise KeyError(f"{self.name} has no value {label}; it has {', '.join(v[0] for v in self.values)}")


@dataclass(frozen=True)
class Argument:
    """An argument of an event or a command."""

    name: str
    type: str
    """I32, U32, the name of an enum, or Name: a file's name, which the ring of events keeps as a number."""
    minimum: int = -(2**31)
    maximum: int = 2**31 - 1
    unit: str = ""
    doc: str = ""


@dataclass(frozen=True)
class Event:
    """Something that the payload can say has happened."""

    component: str
    name: str
    id: int
    severity: str
    format: str
    args: tuple[Argument, ...]
    cause: str
    action: str
    ground_name: str
    """The name that F Prime's ground system expects where it fixes one; else the same as `name`."""

    @property
    def full_name(self) -> str:
        """CORER_CONTACT_FOUND: its constant in tables.py without the EV_."""
        return f"{self.component.upper()}_{self.name}"

    @property
    def severity_number(self) -> int:
        """1 for FATAL to 7 for DIAGNOSTIC, as F Prime counts them."""
        return SEVERITIES.index(self.severity) + 1


@dataclass(frozen=True)
class Channel:
    """A number of the payload that is sampled over and over."""

    component: str
    name: str
    id: int
    index: int
    """Its place in a telemetry row: dense, in the order of ids."""
    type: str
    unit: str
    show: str
    divide: int
    yellow: tuple[int, int] | None
    red: tuple[int, int] | None
    doc: str

    @property
    def full_name(self) -> str:
        """Its constant in tables.py without the CH_."""
        return f"{self.component.upper()}_{self.name}"


@dataclass(frozen=True)
class Parameter:
    """A number that a team may change inside its bounds."""

    component: str
    name: str
    id: int
    index: int
    """Its place in the parameters' array on the board: dense, in the order of ids."""
    type: str
    unit: str
    default: int
    minimum: int
    maximum: int
    doc: str

    @property
    def full_name(self) -> str:
        """Its constant in tables.py without the P_."""
        return f"{self.component.upper()}_{self.name}"


@dataclass(frozen=True)
class Command:
    """Something that the ground can ask for."""

    component: str
    name: str
    id: int
    args: tuple[Argument, ...]
    states: tuple[str, ...]
    """Names of the modes it is allowed in; empty: in any."""
    hazardous: bool
    doc: str

    @property
    def full_name(self) -> str:
        """Its constant in tables.py without the CMD_."""
        return f"{self.component.upper()}_{self.name}"


@dataclass(frozen=True)
class Packet:
    """Channels that travel together."""

    name: str
    id: int
    period_ticks: int
    channels: tuple[int, ...]
    """Places of its channels in a telemetry row, in the order in which they travel."""
    doc: str


@dataclass(frozen=True)
class Monitor:
    """A row of the table of monitors, in numbers; `kind` and `of` say what it is for."""

    name: str
    watch: int
    comparison: int
    limit: int
    count: int
    phases: int
    response: int
    source: int
    reason: int
    stale: int
    state: int
    fixed: bool
    mode: int
    """Which degraded mode the row enters (enum Degraded), plus one; 0 for none."""
    kind: str
    of: str


@dataclass(frozen=True)
class Dictionary:
    """All declarations. Each tuple is in the order of ids."""

    components: tuple[tuple[str, int], ...]
    enums: dict[str, Enum]
    event_list: tuple[Event, ...]
    channel_list: tuple[Channel, ...]
    parameter_list: tuple[Parameter, ...]
    command_list: tuple[Command, ...]
    packet_list: tuple[Packet, ...] = ()
    monitor_list: tuple[Monitor, ...] = ()

    def width(self, type_name: str) -> int:
        """Bytes that a value takes on the wire; 0 for a name, which is as long as it is."""
        if type_name == "Name":
            return 0
        enum = self.enums.get(type_name)
        return 1 if enum and max(number for _, number, _ in enum.values) <= 255 else 4

    @cached_property
    def events(self) -> dict[int, Event]:
        """Global id -> event."""
        return {event.id: event for event in self.event_list}

    @cached_property
    def channels(self) -> dict[int, Channel]:
        """Global id -> channel."""
        return {channel.id: channel for channel in self.channel_list}

    @cached_property
    def parameters(self) -> dict[int, Parameter]:
        """Global id -> parameter."""
        return {parameter.id: parameter for parameter in self.parameter_list}

    @cached_property
    def commands(self) -> dict[int, Command]:
        """Global id -> command."""
        return {command.id: command for command in self.command_list}

    def event_named(self, full_name: str) -> Event:
        """The event CORER_CONTACT_FOUND; KeyError with near names when there is none."""
        return _named(self.event_list, full_name, "event")

    def channel_named(self, full_name: str) -> Channel:
        """The channel of that full name; KeyError with near names when there is none."""
        return _named(self.channel_list, full_name, "channel")

    def parameter_named(self, full_name: str) -> Parameter:
        """The parameter of that full name; KeyError with near names when there is none."""
        return _named(self.parameter_list, full_name, "parameter")

    def command_named(self, full_name: str) -> Command:
        """The command of that full name; KeyError with near names when there is none."""
        return _named(self.command_list, full_name, "command")

    def show(self, type_name: str, value: int) -> str:
        """A value in words: an enum's label, or the number."""
        enum = self.enums.get(type_name)
        return enum.label(value) if enum else str(value)

    def say(self, event_id: int, args: Sequence[int]) -> str:
        """An event as a sentence. `args` may be longer than what the event declares (the ring keeps four)."""
        event = self.events.get(event_id)
        if event is None:
            return f"Event 0x{event_id:X} that this dictionary does not know, numbers {tuple(args)}"
        words: dict[str, object] = {}
        for argument, value in zip(event.args, args, strict=False):
            words[argument.name] = self._event_word(argument, value)
        return event.format.format(**words)

    def _event_word(self, argument: Argument, value: int) -> object:
        if argument.name == "opcode":
            command = self.commands.get(value)
            return command.full_name if command else f"0x{value:X}"
        if argument.type in self.enums:
            return self.enums[argument.type].label(value)
        return value

    def show_channel(self, index: int, value: int) -> str:
        """A channel's value as a person sees it, with its unit, from its place in a telemetry row."""
        channel = self.channel_list[index]
        if channel.type in self.enums:
            return channel.show.format(self.enums[channel.type].label(value))
        return channel.show.format(value if channel.divide == 1 else value / channel.divide)

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over what two sides must agree on: ids, names, types, bounds.

        Prose, formats and colours are not in it: a reworded cause must not make board and ground disagree.
        """
        facts = {
            "enums": {name: [value[:2] for value in enum.values] for name, enum in self.enums.items()},
            "events": [
                [e.id, e.full_name, e.severity, [[a.name, a.type] for a in e.args]] for e in self.event_list
            ],
            "channels": [[c.id, c.full_name, c.type] for c in self.channel_list],
            "parameters": [
                [p.id, p.full_name, p.type, p.default, p.minimum, p.maximum] for p in self.parameter_list
            ],
            "commands": [
                [c.id, c.full_name, list(c.states), [[a.name, a.type, a.minimum, a.maximum] for a in c.args]]
                for c in self.command_list
            ],
            "packets": [[p.id, p.name, p.period_ticks, list(p.channels)] for p in self.packet_list],
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


_Named = TypeVar("_Named", Event, Channel, Parameter, Command)


def _named(entries: Sequence[_Named], full_name: str, kind: str) -> _Named:
    for entry in entries:
        if entry.full_name == full_name:
            return entry
    last = full_name.split("_")[-1]
    near = [entry.full_name for entry in entries if last in entry.full_name][:8]
    raise KeyError(f"no {kind} is called {full_name}" + (f"; near it: {', '.join(near)}" if near else ""))
