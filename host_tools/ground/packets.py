"""F Prime's packets, from F Prime's dictionary: what goes into the link's frames and what comes out of them.

    command    U16 0, opcode U32, arguments
    channels   U16 1, then id U32, time, value, as often as the packet is long
    event      U16 2, id U32, time, arguments
    file       U16 3, kind U8, sequence U32, ...                      (files.py)
    telemetry  U16 4, packet id U16, time, the values of that packet's channels in the dictionary's order

Everything is big-endian. A time is base U16, context U8, seconds U32, microseconds U32. An enum goes as its
base type, a bool as FF or 00, a string as its length in U16 and then UTF-8.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.ground.errors import BadArgument, GroundError

COMMAND, CHANNELS, EVENT, FILE, TELEMETRY = 0, 1, 2, 3, 4
TIME_BYTES = 11
_FORMAT = re.compile(r"\{([^{}:]+)\}")
_INTEGERS = {(8, False): "B", (16, False): "H", (32, False): "I", (64, False): "Q"}
_INTEGERS |= {(8, True): "b", (16, True): "h", (32, True): "i", (64, True): "q"}


class PacketError(GroundError):
    """A packet that the dictionary cannot explain: too short, too long, or with an unknown number."""


@dataclass(frozen=True)
class Time:
    """A payload's time tag."""

    base: int
    context: int
    seconds: int
    microseconds: int

    @property
    def ms(self) -> int:
        """Whole milliseconds since the base's start."""
        return self.seconds * 1000 + self.microseconds // 1000


@dataclass(frozen=True)
class Told:
    """An event as it came. `name` is the dictionary's, with its component; `text` is its sentence."""

    id: int
    name: str
    severity: str
    time: Time
    values: dict[str, Any]
    text: str


@dataclass(frozen=True)
class Sampled:
    """One value of a channel as it came. `text` has the unit."""

    id: int
    name: str
    time: Time
    value: Any
    text: str


class Type:
    """How one type of the dictionary goes on the wire."""

    def __init__(self, name: str) -> None:
        self.name = name

    def pack(self, value: Any) -> bytes:
        """The value's bytes. Raises BadArgument, naming value and bounds."""
        raise BadArgument(f"{value!r} cannot be sent as {self.name}")

    def unpack(self, data: bytes, at: int) -> tuple[Any, int]:
        """The value at `at` and where the next one starts. Raises PacketError when bytes are missing."""
        raise PacketError(f"{self.name} cannot be received (at byte {at} of {len(data)})")

    def read(self, text: str) -> Any:
        """The value that a person typed. Raises BadArgument."""
        raise BadArgument(f"'{text}' cannot be read as {self.name}")

    def _cut(self, data: bytes, at: int, size: int) -> bytes:
        if at + size > len(data):
            raise PacketError(f"a packet ends in the middle of a {self.name}")
        return data[at : at + size]


class Integer(Type):
    """I8 to U64."""

    def __init__(self, name: str, bits: int, signed: bool) -> None:
        super().__init__(name)
        self.low = -(1 << (bits - 1)) if signed else 0
        self.high = (1 << (bits - int(signed))) - 1
        self._format = struct.Struct(">" + _INTEGERS[bits, signed])

    def pack(self, value: Any) -> bytes:
        if isinstance(value, bool) or not isinstance(value, int) or not self.low <= value <= self.high:
            raise BadArgument(f"{value!r} is not a whole number from {self.low} to {self.high}")
        return self._format.pack(value)

    def unpack(self, data: bytes, at: int) -> tuple[Any, int]:
        size = self._format.size
        return self._format.unpack(self._cut(data, at, size))[0], at + size

    def read(self, text: str) -> Any:
        try:
            value = int(text, 0)
        except ValueError:
            raise BadArgument(f"'{text}' is not a whole number from {self.low} to {self.high}") from None
        self.pack(value)
        return value


class Float(Type):
    """F32 and F64."""

    def __init__(self, name: str, bits: int) -> None:
        super().__init__(name)
        self._format = struct.Struct(">f" if bits == 32 else ">d")

    def pack(self, value: Any) -> bytes:
        try:
            return self._format.pack(value)
        except (struct.error, OverflowError):
            raise BadArgument(f"{value!r} is not a number that fits {self.name}") from None

    def unpack(self, data: bytes, at: int) -> tuple[Any, int]:
        size = self._format.size
        return self._format.unpack(self._cut(data, at, size))[0], at + size

    def read(self, text: str) -> Any:
        try:
            value = float(text)
        except ValueError:
            raise BadArgument(f"'{text}' is not a number") from None
        self.pack(value)
        return value


class Bool(Type):
    """FF is true, 00 is false."""

    _WORDS = {"true": True, "yes": True, "on": True, "1": True}
    _WORDS |= {"false": False, "no": False, "off": False, "0": False}

    def pack(self, value: Any) -> bytes:
        if not isinstance(value, bool):
            raise BadArgument(f"{value!r} is neither true nor false")
        return b"\xff" if value else b"\x00"

    def unpack(self, data: bytes, at: int) -> tuple[Any, int]:
        return self._cut(data, at, 1) != b"\x00", at + 1

    def read(self, text: str) -> Any:
        if text.lower() not in self._WORDS:
            raise BadArgument(f"'{text}' is neither true nor false")
        return self._WORDS[text.lower()]


class String(Type):
    """U16 length, then UTF-8."""

    def __init__(self, name: str, size: int) -> None:
        super().__init__(name)
        self.size = size

    def pack(self, value: Any) -> bytes:
        if not isinstance(value, str) or len(value.encode()) > self.size:
            raise BadArgument(f"{value!r} is not a text of at most {self.size} bytes")
        data = value.encode()
        return struct.pack(">H", len(data)) + data

    def unpack(self, data: bytes, at: int) -> tuple[Any, int]:
        (size,) = struct.unpack(">H", self._cut(data, at, 2))
        return self._cut(data, at + 2, size).decode(errors="replace"), at + 2 + size

    def read(self, text: str) -> Any:
        self.pack(text)
        return text


class Enumeration(Type):
    """Names for numbers. A number without a name is given as `Name(17)`."""

    def __init__(self, name: str, base: Type, values: Mapping[str, int]) -> None:
        super().__init__(name)
        self.base = base
        self.values = dict(values)
        self._labels = {number: label for label, number in values.items()}

    def pack(self, value: Any) -> bytes:
        if isinstance(value, str) and value in self.values:
            return self.base.pack(self.values[value])
        if isinstance(value, int) and value in self._labels:
            return self.base.pack(value)
        raise BadArgument(f"{value!r} is none of: {', '.join(self.values)}")

    def unpack(self, data: bytes, at: int) -> tuple[Any, int]:
        number, at = self.base.unpack(data, at)
        return self._labels.get(number, f"{self.name}({number})"), at

    def read(self, text: str) -> Any:
        if text.upper() in self.values:
            return text.upper()
        try:
            number = int(text, 0)
        except ValueError:
            number = None
        if number not in self._labels:
            raise BadArgument(f"'{text}' is none of: {', '.join(self.values)}")
        return self._labels[number]


@dataclass(frozen=True)
class Field:
    """A named argument."""

    name: str
    type: Type
    doc: str = ""


@dataclass(frozen=True)
class CommandShape:
    """A command as the wire knows it."""

    name: str
    opcode: int
    fields: tuple[Field, ...]
    doc: str


@dataclass(frozen=True)
class EventShape:
    """An event as the wire knows it."""

    name: str
    id: int
    severity: str
    format: str
    fields: tuple[Field, ...]


@dataclass(frozen=True)
class ChannelShape:
    """A channel as the wire knows it."""

    name: str
    id: int
    type: Type
    format: str


class Schema:
    """The packets of one dictionary.json: everything is looked up by number, or by qualified name."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self._definitions = {entry["qualifiedName"]: entry for entry in data["typeDefinitions"]}
        self._types: dict[str, Type] = {}
        self.commands = {c.name: c for c in map(self._command, data["commands"])}
        self.events = {e.id: e for e in map(self._event, data["events"])}
        self.channels = {c.id: c for c in map(self._channel, data["telemetryChannels"])}
        named = {channel.name: channel for channel in self.channels.values()}
        self.packets: dict[int, tuple[ChannelShape, ...]] = {}
        for one_set in data["telemetryPacketSets"]:
            for packet in one_set["members"]:
                self.packets[packet["id"]] = tuple(named[name] for name in packet["members"])
        self.event_named = {event.name: event for event in self.events.values()}
        self.channel_named = named
        self.opcodes = {command.opcode: command for command in self.commands.values()}

    @classmethod
    def load(cls, path: Path | str) -> Schema:
        """Read a dictionary.json. Raises GroundError when it is not one."""
        try:
            return cls(json.loads(Path(path).read_text(encoding="utf-8")))
        except OSError as error:
            raise GroundError(
                f"{path}: the dictionary cannot be read ({error.strerror or error})."
            ) from error
        except (ValueError, KeyError, TypeError) as error:
            raise GroundError(
                f"{path}: not a dictionary of F Prime ({type(error).__name__}: {error})."
            ) from error

    # Building

    def _type(self, entry: Mapping[str, Any]) -> Type:
        kind, name = entry["kind"], entry.get("name", "string")
        if kind == "integer":
            return Integer(name, entry["size"], entry["signed"])
        if kind == "float":
            return Float(name, entry["size"])
        if kind == "bool":
            return Bool("bool")
        if kind == "string":
            return String("string", entry["size"])
        if name not in self._types:
            definition = self._definitions[name]
            if definition["kind"] == "alias":
                self._types[name] = self._type(definition["underlyingType"])
            elif definition["kind"] == "enum":
                values = {one["name"]: one["value"] for one in definition["enumeratedConstants"]}
                base = self._type(definition["representationType"])
                self._types[name] = Enumeration(name.split(".")[-1], base, values)
            else:
                self._types[name] = Type(name)
        return self._types[name]

    def _fields(self, entries: list[Mapping[str, Any]]) -> tuple[Field, ...]:
        return tuple(Field(e["name"], self._type(e["type"]), e.get("annotation", "")) for e in entries)

    def _command(self, entry: Mapping[str, Any]) -> CommandShape:
        fields = self._fields(entry["formalParams"])
        return CommandShape(entry["name"], entry["opcode"], fields, entry.get("annotation", ""))

    def _event(self, entry: Mapping[str, Any]) -> EventShape:
        fields = self._fields(entry["formalParams"])
        words = _python_format(entry.get("format", ""))
        return EventShape(entry["name"], entry["id"], entry["severity"], words, fields)

    def _channel(self, entry: Mapping[str, Any]) -> ChannelShape:
        words = _python_format(entry.get("format", "{}"))
        return ChannelShape(entry["name"], entry["id"], self._type(entry["type"]), words)

    # Packets

    def command_packet(self, command: CommandShape, values: Any) -> bytes:
        """A command with its arguments, in the declared order. Raises BadArgument."""
        values = list(values)
        if len(values) != len(command.fields):
            raise BadArgument(
                f"{command.name} takes {count(len(command.fields), 'argument')} "
                f"({', '.join(field.name for field in command.fields) or 'none'}), {len(values)} came. "
                "Nothing was sent."
            )
        body = b""
        for number, (field, value) in enumerate(zip(command.fields, values, strict=True), 1):
            try:
                body += field.type.pack(value)
            except BadArgument as error:
                where = f"{command.name}, argument {number} ({field.name})"
                raise BadArgument(f"{where}: {error}. Nothing was sent.") from None
        return struct.pack(">HI", COMMAND, command.opcode) + body

    def event(self, packet: bytes) -> Told:
        """An event packet. Raises PacketError for one that the dictionary cannot explain."""
        self._at_least(packet, 6 + TIME_BYTES)
        (number,) = struct.unpack_from(">I", packet, 2)
        shape = self.events.get(number)
        if shape is None:
            raise PacketError(f"event {number:#x} is not in this dictionary")
        values: dict[str, Any] = {}
        at = 6 + TIME_BYTES
        for field in shape.fields:
            values[field.name], at = field.type.unpack(packet, at)
        if at != len(packet):
            raise PacketError(f"event {shape.name} came with {len(packet) - at} bytes too many")
        return Told(number, shape.name, shape.severity, _time(packet, 6), values, self._say(shape, values))

    def samples(self, packet: bytes) -> list[Sampled]:
        """A telemetry packet, or one of single channels. Raises PacketError."""
        self._at_least(packet, 4)
        (kind,) = struct.unpack_from(">H", packet, 0)
        return self._single(packet) if kind == CHANNELS else self._packed(packet)

    def _packed(self, packet: bytes) -> list[Sampled]:
        self._at_least(packet, 4 + TIME_BYTES)
        (number,) = struct.unpack_from(">H", packet, 2)
        if number not in self.packets:
            raise PacketError(f"telemetry packet {number} is not in this dictionary")
        time = _time(packet, 4)
        at = 4 + TIME_BYTES
        found = []
        for channel in self.packets[number]:
            value, at = channel.type.unpack(packet, at)
            found.append(_sampled(channel, time, value))
        if at != len(packet):
            raise PacketError(f"telemetry packet {number} came with {len(packet) - at} bytes too many")
        return found

    def _single(self, packet: bytes) -> list[Sampled]:
        at = 2
        found = []
        while at < len(packet):
            self._at_least(packet, at + 4 + TIME_BYTES)
            (number,) = struct.unpack_from(">I", packet, at)
            channel = self.channels.get(number)
            if channel is None:
                raise PacketError(f"channel {number:#x} is not in this dictionary")
            time = _time(packet, at + 4)
            value, at = channel.type.unpack(packet, at + 4 + TIME_BYTES)
            found.append(_sampled(channel, time, value))
        return found

    def _say(self, shape: EventShape, values: Mapping[str, Any]) -> str:
        shown = [self._word(name, value) for name, value in values.items()]
        for words in (shown, list(values.values())):  # a number that is asked for in hexadecimal stays one
            try:
                return shape.format.format(*words)
            except (ValueError, IndexError, KeyError):
                continue
        return f"{shape.format} {dict(values)}"

    def _word(self, name: str, value: Any) -> Any:
        command = self.opcodes.get(value) if name.lower() == "opcode" and isinstance(value, int) else None
        return command.name if command else value

    @staticmethod
    def _at_least(packet: bytes, size: int) -> None:
        if len(packet) < size:
            raise PacketError(f"a packet of {len(packet)} bytes is too short: {size} are needed")


def _python_format(words: str) -> str:
    """F Prime writes {.3f} and {x} where Python writes {:.3f} and {:x}."""
    return _FORMAT.sub(r"{:\1}", words)


def _time(packet: bytes, at: int) -> Time:
    return Time(*struct.unpack_from(">HBII", packet, at))


def _sampled(channel: ChannelShape, time: Time, value: Any) -> Sampled:
    try:
        text = channel.format.format(value)
    except (ValueError, IndexError):
        text = str(value)
    return Sampled(channel.id, channel.name, time, value, text)


def count(number: int, noun: str) -> str:
    """'no arguments', '1 argument', '2 arguments'."""
    return f"{number or 'no'} {noun}" + ("" if number == 1 else "s")
