"""The dictionary as F Prime's ground systems read it: dictionary.json at the root of the project.

Names are `component.NAME`, except where F Prime's own tools fix one (`cmdDisp.OpCodeCompleted`). F Prime has
no field for units: they go into the format and the annotation. A parameter becomes a command `NAME_PRM_SET`.
"""

from __future__ import annotations

import json
import re
from typing import Any

from host_tools.dictionary.model import Argument, Channel, Command, Dictionary, Enum, Event, Parameter

PARAMETER_SET = 0x8000
"""Opcode of a parameter's PRM_SET less the parameter's id."""
PARAMETER_SAVE = 0xC000
"""Opcode of a parameter's PRM_SAVE less the parameter's id."""
RESPONSES = ("OK", "INVALID_OPCODE", "VALIDATION_ERROR", "FORMAT_ERROR", "EXECUTION_ERROR", "BUSY")
"""F Prime's own words for the first values of the enum CommandResult, which it knows as Fw.CmdResponse."""
NAME_SIZE = 24

_FRAMEWORK = "4.2.0"
_PACKETS = ("COMMAND", "TELEM", "LOG", "FILE", "PACKETIZED_TLM", "DP", "IDLE")


def _integer(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "integer", "size": int(name[1:]), "signed": name[0] == "I"}


def _reference(name: str) -> dict[str, Any]:
    return {"name": name, "kind": "qualifiedIdentifier"}


def _alias(name: str, target: str) -> dict[str, Any]:
    return {
        "kind": "alias",
        "qualifiedName": name,
        "type": _integer(target),
        "underlyingType": _integer(target),
    }


def _enum(name: str, width: str, values: list[tuple[str, int, str]]) -> dict[str, Any]:
    constants = []
    for label, number, text in values:
        entry: dict[str, Any] = {"name": label, "value": number}
        if text:
            entry["annotation"] = text
        constants.append(entry)
    return {
        "kind": "enum",
        "qualifiedName": name,
        "representationType": _integer(width),
        "enumeratedConstants": constants,
        "default": f"{name}.{values[0][0]}",
    }


def _own_types() -> list[dict[str, Any]]:
    """The types that F Prime's ground system wants in every dictionary."""
    members = (
        ("timeBase", _reference("TimeBase")),
        ("timeContext", _reference("FwTimeContextStoreType")),
        ("seconds", _integer("U32")),
        ("useconds", _integer("U32")),
    )
    bases = [("TB_NONE", 0), ("TB_PROC_TIME", 1), ("TB_WORKSTATION_TIME", 2), ("TB_SC_TIME", 3)]
    kinds = [(f"FW_PACKET_{name}", number) for number, name in enumerate(_PACKETS)]
    kinds += [("FW_PACKET_HAND", 254), ("FW_PACKET_UNKNOWN", 255), ("SPP_IDLE_PACKET", 2047)]
    return [
        _alias("FwPacketDescriptorType", "U16"),
        _alias("FwChanIdType", "U32"),
        _alias("FwEventIdType", "U32"),
        _alias("FwOpcodeType", "U32"),
        _alias("FwTlmPacketizeIdType", "U16"),
        _alias("FwSizeStoreType", "U16"),
        _alias("FwTimeContextStoreType", "U8"),
        _enum("TimeBase", "U16", [(name, n, "") for name, n in [*bases, ("TB_DONT_CARE", 0xFFFF)]]),
        _enum("ComCfg.Apid", "U16", [(name, n, "") for name, n in kinds]),
        {
            "kind": "struct",
            "qualifiedName": "Fw.TimeValue",
            "members": {name: {"type": kind, "index": n} for n, (name, kind) in enumerate(members)},
            "default": {"timeBase": "TimeBase.TB_NONE", "timeContext": 0, "seconds": 0, "useconds": 0},
        },
    ]


def _enum_name(name: str) -> str:
    return "Fw.CmdResponse" if name == "CommandResult" else f"Rochette.{name}"


def _enum_type(words: Dictionary, enum: Enum) -> dict[str, Any]:
    values = list(enum.values)
    if enum.name == "CommandResult":
        values = [(RESPONSES[n] if n < len(RESPONSES) else label, n, text) for label, n, text in values]
    # The default is the first constant: the lowest number reads best there.
    return _enum(
        _enum_name(enum.name),
        "U8" if words.width(enum.name) == 1 else "U32",
        sorted(values, key=lambda v: v[1]),
    )


def _type(words: Dictionary, name: str) -> dict[str, Any]:
    if name == "Name":
        return {"name": "string", "kind": "string", "size": NAME_SIZE}
    return _reference(_enum_name(name)) if name in words.enums else _integer(name)


def _parameter_entry(words: Dictionary, argument: Argument) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": argument.name, "type": _type(words, argument.type), "ref": False}
    notes = [argument.doc] if argument.doc else []
    if argument.type in ("I32", "U32") and (argument.unit or argument.maximum < 2**31 - 1):
        notes.append(f"{argument.minimum} to {argument.maximum} {argument.unit}".rstrip())
    if notes:
        entry["annotation"] = "; ".join(notes)
    return entry


def _format(event: Event) -> str:
    """F Prime's formats have no names; an opcode is read in hexadecimal."""
    return re.sub(r"\{(\w+)\}", lambda m: "0x{x}" if m.group(1) == "opcode" else "{}", event.format)


def _event(words: Dictionary, event: Event) -> dict[str, Any]:
    ground = event.ground_name
    entry: dict[str, Any] = {
        "name": ground if "." in ground else f"{event.component}.{ground}",
        "severity": event.severity,
        "id": event.id,
        "format": _format(event),
        "formalParams": [_parameter_entry(words, argument) for argument in event.args],
    }
    notes = [text for text in (event.cause, event.action) if text]
    if notes:
        entry["annotation"] = " ".join(notes)
    return entry


def _command(words: Dictionary, command: Command) -> dict[str, Any]:
    notes = [command.doc]
    if command.states:
        notes.append("Allowed in: " + ", ".join(command.states) + ".")
    if command.hazardous:
        notes.append(f"Hazardous: first link.ARM with opcode {command.id}.")
    return {
        "name": f"{command.component}.{command.name}",
        "commandKind": "async",
        "opcode": command.id,
        "formalParams": [_parameter_entry(words, argument) for argument in command.args],
        "annotation": " ".join(notes),
    }


def _set_command(words: Dictionary, parameter: Parameter) -> dict[str, Any]:
    bounds = f"{parameter.minimum} to {parameter.maximum} {parameter.unit}".rstrip()
    return {
        "name": f"{parameter.component}.{parameter.name}_PRM_SET",
        "commandKind": "set",
        "opcode": PARAMETER_SET + parameter.id,
        "formalParams": [
            {"name": "val", "type": _type(words, parameter.type), "ref": False, "annotation": bounds}
        ],
        "annotation": f"Sets: {parameter.doc}",
    }


def _parameter(words: Dictionary, parameter: Parameter) -> dict[str, Any]:
    default: object = parameter.default
    if parameter.type in words.enums:
        default = f"{_enum_name(parameter.type)}.{words.enums[parameter.type].label(parameter.default)}"
    notes = f"{parameter.doc}; {parameter.minimum} to {parameter.maximum} {parameter.unit}".rstrip()
    return {
        "name": f"{parameter.component}.{parameter.name}",
        "type": _type(words, parameter.type),
        "id": parameter.id,
        "default": default,
        "annotation": notes,
    }


def _channel(words: Dictionary, channel: Channel) -> dict[str, Any]:
    entry: dict[str, Any] = {
        "name": f"{channel.component}.{channel.name}",
        "type": _type(words, channel.type),
        "id": channel.id,
        "telemetryUpdate": "always",
        "annotation": f"{channel.doc} ({channel.unit})" if channel.unit else channel.doc,
    }
    if channel.type not in words.enums:
        entry["format"] = ("{} " + channel.unit).rstrip()
        limits: dict[str, dict[str, int]] = {}
        for colour, bounds in (("yellow", channel.yellow), ("red", channel.red)):
            if bounds:
                limits.setdefault("low", {})[colour] = bounds[0]
                limits.setdefault("high", {})[colour] = bounds[1]
        if limits:
            entry["limits"] = limits
    return entry


def _packets(words: Dictionary) -> dict[str, Any]:
    names = [f"{channel.component}.{channel.name}" for channel in words.channel_list]
    members = [
        {"name": p.name, "id": p.id, "group": 1, "members": [names[place] for place in p.channels]}
        for p in words.packet_list
    ]
    return {"name": "RochettePackets", "members": members, "omitted": []}


def _constant(name: str, kind: str, value: int) -> dict[str, Any]:
    return {"kind": "constant", "qualifiedName": name, "type": _integer(kind), "value": value}


def dictionary(words: Dictionary) -> dict[str, Any]:
    """The whole of it, as data."""
    return {
        "metadata": {
            "deploymentName": "Rochette",
            "projectVersion": words.digest[:16],
            "frameworkVersion": _FRAMEWORK,
            "libraryVersions": [],
            "dictionarySpecVersion": "1.0.0",
        },
        "typeDefinitions": _own_types() + [_enum_type(words, enum) for enum in words.enums.values()],
        "constants": [
            _constant("ComCfg.SpacecraftId", "U16", 68),
            _constant("ComCfg.TmFrameFixedSize", "U32", 1024),
        ],
        "commands": [_command(words, command) for command in words.command_list]
        + [_set_command(words, parameter) for parameter in words.parameter_list],
        "parameters": [_parameter(words, parameter) for parameter in words.parameter_list],
        "events": [_event(words, event) for event in words.event_list],
        "telemetryChannels": [_channel(words, channel) for channel in words.channel_list],
        "records": [],
        "containers": [],
        "telemetryPacketSets": [_packets(words)],
    }


def text(words: Dictionary) -> str:
    """The text of dictionary.json: one entry a line, so that a change reads as one."""
    out = ["{"]
    whole = dictionary(words)
    for at, (key, value) in enumerate(whole.items()):
        comma = "," if at < len(whole) - 1 else ""
        if isinstance(value, list) and value:
            out.append(f' "{key}": [')
            rows = [json.dumps(entry, ensure_ascii=False) for entry in value]
            out += [f"  {row}," for row in rows[:-1]] + [f"  {rows[-1]}", f" ]{comma}"]
        else:
            out.append(f' "{key}": {json.dumps(value)}{comma}')
    return "\n".join([*out, "}"]) + "\n"
