"""Names, bounds and prose of commands, for people: what is checked here before anything is sent.

Two views of one dictionary are joined by their numbers: F Prime's (`packets.Schema`: the wire) and the
declarations (`host_tools.dictionary`: bounds, units, modes, what is dangerous).
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from host_tools import dictionary, paths
from host_tools.ground.errors import BadArgument, UnknownName
from host_tools.ground.packets import CommandShape, Integer, Schema

DICTIONARY = paths.ROOT / "dictionary.json"
ARM = "link.ARM"
"""The first of a hazardous command's two steps; its argument may be written as that command's name."""
SET = "_PRM_SET"
"""How F Prime names the command that sets a parameter."""
_ALIASES = {"cmddisp.cmd_no_op": "system.no_op"}
"""Names of F Prime's own components that its users have in their fingers."""


class Names:
    """The dictionary as a person uses it."""

    def __init__(self, schema: Schema, words: dictionary.Dictionary) -> None:
        self.schema = schema
        self.words = words
        self.firmware_version = _firmware_version()

    @classmethod
    def load(cls, path: Path | str = DICTIONARY) -> Names:
        """The project's dictionary."""
        return cls(Schema.load(path), dictionary.load())

    @property
    def digest(self) -> bytes:
        """What a payload with the same dictionary says of itself in WELCOME."""
        return bytes.fromhex(self.words.digest[:16])

    @cached_property
    def _by_name(self) -> dict[str, CommandShape]:
        """Each command by its names, in small letters: sample.acquire, and sample_acquire as in tables.py."""
        found = {}
        for command in self.schema.commands.values():
            found[command.name.lower()] = command
            declared = self.words.commands.get(command.opcode)
            if declared is not None:
                found[declared.full_name.lower()] = command
                found[f"{declared.component}.{declared.name}".lower()] = command
        return found

    def command_names(self) -> list[str]:
        """Every command's name, in the order of opcodes."""
        return [c.name for c in sorted(self.schema.commands.values(), key=lambda c: c.opcode)]

    def command(self, name: str) -> CommandShape:
        """The command of that name. Raises UnknownName with near ones."""
        found = self._by_name.get(_ALIASES.get(name.lower(), name.lower()))
        if found is None:
            others = near(name, self.command_names(), "'rochette send --list'")
            raise UnknownName(f"no command is called {name}{others} Nothing was sent.")
        return found

    def hazardous(self, command: CommandShape) -> bool:
        """Whether it moves or commits hardware."""
        declared = self.words.commands.get(command.opcode)
        return declared is not None and declared.hazardous

    def usage(self, command: CommandShape) -> str:
        """A command as it is typed: `sample.ACQUIRE tube depth_um`, with bounds."""
        parts = [command.name]
        for at, field in enumerate(command.fields):
            low, high, unit = self._bounds(command, at)
            bounds = f"={low}..{high}{unit}" if low is not None else ""
            parts.append(f"<{field.name}{bounds}>")
        return " ".join(parts)

    def _bounds(self, command: CommandShape, at: int) -> tuple[int | None, int | None, str]:
        """Lowest and highest value and the unit; None for what is no plain number."""
        if not isinstance(command.fields[at].type, Integer):
            return None, None, ""
        declared = self.words.commands.get(command.opcode)
        if declared is not None and at < len(declared.args):
            argument = declared.args[at]
            return argument.minimum, argument.maximum, f" {argument.unit}" if argument.unit else ""
        parameter = self._set_by.get(command.name)
        if parameter is not None and at == 0:
            return parameter.minimum, parameter.maximum, f" {parameter.unit}" if parameter.unit else ""
        return None, None, ""

    @cached_property
    def _set_by(self) -> dict[str, dictionary.Parameter]:
        """The parameter that each of F Prime's set commands sets."""
        return {f"{p.component}.{p.name}{SET}": p for p in self.words.parameter_list}

    def parameter(self, name: str) -> dictionary.Parameter:
        """The parameter of that name: feed.TRAVEL_UM_S or FEED_TRAVEL_UM_S. Raises UnknownName."""
        wanted = name.lower()
        for one in self.words.parameter_list:
            if wanted in (f"{one.component}.{one.name}".lower(), one.full_name.lower()):
                return one
        known = [f"{p.component}.{p.name}" for p in self.words.parameter_list]
        others = near(name, known, "'rochette params'")
        raise UnknownName(f"no parameter is called {name}{others} Nothing was sent.")

    def packet(self, command: CommandShape, values: Sequence[Any]) -> bytes:
        """The command's packet. `values` are texts as typed, or Python values. Raises BadArgument."""
        if len(values) != len(command.fields):
            takes = f"takes {len(command.fields) or 'no'} argument{'' if len(command.fields) == 1 else 's'}"
            raise BadArgument(
                f"{command.name} {takes}, {len(values)} came: {self.usage(command)}. Nothing was sent."
            )
        if command.name == ARM and isinstance(values[0], str) and "." in values[0]:
            values = [self.command(values[0]).opcode]
        read = [self._value(command, at, value) for at, value in enumerate(values)]
        return self.schema.command_packet(command, read)

    def _value(self, command: CommandShape, at: int, value: Any) -> Any:
        field = command.fields[at]
        low, high, unit = self._bounds(command, at)
        try:
            if low is not None and isinstance(value, str) and not _whole(value):
                raise BadArgument(f"'{value}' is not a whole number from {low} to {high}{unit}")
            got = field.type.read(value) if isinstance(value, str) else value
            if low is not None and high is not None and isinstance(got, int) and not low <= got <= high:
                raise BadArgument(f"{got} is out of bounds; allowed are {low} to {high}{unit}")
        except BadArgument as error:
            where = f"{command.name}: argument {at + 1}, {field.name}"
            raise BadArgument(f"{where}: {error}. Nothing was sent.") from None
        return got

    def channel_names(self) -> list[str]:
        """Every channel's name."""
        return sorted(self.schema.channel_named)

    def channel(self, name: str) -> str:
        """The full name of a channel, written in any case. Raises UnknownName with near ones."""
        for known in self.schema.channel_named:
            if known.lower() == name.lower():
                return known
        others = near(name, self.channel_names(), "'rochette watch --list'")
        raise UnknownName(f"no channel is called {name}{others} Nothing was sent.")


def _whole(text: str) -> bool:
    try:
        int(text, 0)
    except ValueError:
        return False
    return True


def near(name: str, names: Iterable[str], listing: str) -> str:
    """Names like `name`, by letters or by their last part; where there are none, what lists all."""
    wanted = name.lower().split(".")[-1]
    by_end = {one.lower().split(".")[-1]: one for one in names}
    whole = {one.lower(): one for one in by_end.values()}
    found = [whole[match] for match in difflib.get_close_matches(name.lower(), whole, 3, 0.6)]
    found += [by_end[match] for match in difflib.get_close_matches(wanted, by_end, 3, 0.6)]
    found += [one for end, one in by_end.items() if wanted and wanted in end]
    unique = list(dict.fromkeys(found))[:4]
    return f"; near it: {', '.join(unique)}." if unique else f"; {listing} names them all."


def _firmware_version() -> int:
    """FIRMWARE_VERSION of the firmware beside this host, read without running it; 0 when it has none."""
    for node in ast.parse((paths.FIRMWARE / "rochette" / "payload.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "FIRMWARE_VERSION":
            return int(ast.literal_eval(node.value))
    return 0
