"""dictionary.json loads in F Prime's ground system and says there what the declarations say."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from host_tools import paths
from host_tools.dictionary import fprime, load
from rochette.tables import EV_SYSTEM_COMMAND_DISPATCHED, PARAMETER_IDS, PARAMETER_SAVE, PARAMETER_SET

FILE = paths.ROOT / "dictionary.json"

# In a process of its own: the loader keeps types and settings for the whole process.
PROGRAM = """
import json, sys
from fprime_gds.common.models.dictionaries import Dictionaries
from fprime_gds.common.decoders.event_decoder import EventDecoder
from fprime_gds.common.decoders.pkt_decoder import PktDecoder
from fprime_gds.common.encoders.cmd_encoder import CmdEncoder
from fprime_gds.common.data_types.cmd_data import CmdData
from fprime_gds.common.loaders.prm_json_loader import PrmJsonLoader

d = Dictionaries.load_dictionaries_into_config(sys.argv[1])
tag = bytes.fromhex("0002006b00eb0e0001e240")
event = lambda id, args: EventDecoder(d.event_id).decode_api(id.to_bytes(4, "big") + tag + args)[0]
dispatched = event(int(sys.argv[2]), bytes.fromhex("0000010100000001"))
packets = d.packet
values = PktDecoder(packets, d.channel_id).decode_api(b"\\0\\1" + tag + bytes(48))
command = CmdEncoder().encode_api(CmdData(("3", "2500"), d.command_name["sample.ACQUIRE"]))
stored = event(d.event_name["files.STORED"].get_id(), bytes.fromhex("0003612e62000000050000cbf400003926"))
print(json.dumps({
    "commands": sorted(d.command_id), "events": sorted(d.event_id), "channels": sorted(d.channel_id),
    "packets": sorted(packets), "parameters": sorted(PrmJsonLoader(sys.argv[1]).construct_dicts(None)[0]),
    "dispatched": [dispatched.get_template().get_full_name(), dispatched.get_display_text()],
    "stored": stored.get_display_text(),
    "values": [[v.get_template().get_full_name(), v.get_display_text()] for v in values],
    "command": command.hex(),
}))
"""


@pytest.fixture(scope="module")
def seen() -> dict[str, Any]:
    """What the ground system makes of the file."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(FILE), str(EV_SYSTEM_COMMAND_DISPATCHED)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    found: dict[str, Any] = json.loads(ran.stdout.splitlines()[-1])
    return found


def test_the_file_is_what_the_declarations_give() -> None:
    assert FILE.read_text(encoding="utf-8") == fprime.text(load()), "run `make dictionary`"


def test_everything_declared_is_there(seen: dict[str, Any]) -> None:
    words = load()
    sets = [PARAMETER_SET + number for number in PARAMETER_IDS]
    assert seen["commands"] == sorted([command.id for command in words.command_list] + sets)
    assert seen["events"] == [event.id for event in words.event_list]
    assert seen["channels"] == [channel.id for channel in words.channel_list]
    assert seen["packets"] == [packet.id for packet in words.packet_list]
    assert seen["parameters"] == list(PARAMETER_IDS)
    assert PARAMETER_SAVE == fprime.PARAMETER_SAVE


def test_names_that_f_primes_tools_fix_are_theirs(seen: dict[str, Any]) -> None:
    assert seen["dispatched"][0] == "cmdDisp.OpCodeDispatched"
    assert "0x101" in seen["dispatched"][1] and "port 1" in seen["dispatched"][1]
    assert seen["stored"].startswith("a.b: 5 bytes from the ground")
    names = {event["name"] for event in fprime.dictionary(load())["events"]}
    assert {"cmdDisp.OpCodeCompleted", "cmdDisp.OpCodeError", "files.FileReceived"} <= names


def test_a_packet_is_read_and_a_command_is_written(seen: dict[str, Any]) -> None:
    words = load()
    packet = words.packet_list[0]
    channels = [words.channel_list[place] for place in packet.channels]
    assert [name for name, _ in seen["values"]] == [f"{c.component}.{c.name}" for c in channels]
    assert dict(seen["values"])["corer.DEPTH"] == "0 um" and dict(seen["values"])["corer.STATE"] == "IDLE"
    acquire = words.command_named("SAMPLE_ACQUIRE").id
    assert seen["command"].endswith(f"0000{acquire:08x}00000003000009c4")


def test_limits_types_and_units_are_carried_over() -> None:
    data = fprime.dictionary(load())
    for channel in load().channel_list:
        entry = next(e for e in data["telemetryChannels"] if e["id"] == channel.id)
        if channel.yellow:
            assert entry["limits"]["low"]["yellow"] == channel.yellow[0]
            assert entry["limits"]["high"]["yellow"] == channel.yellow[1]
        if channel.unit and channel.type in ("I32", "U32"):
            assert entry["format"] == "{} " + channel.unit
    types = {entry["qualifiedName"]: entry for entry in data["typeDefinitions"]}
    assert [c["name"] for c in types["Fw.CmdResponse"]["enumeratedConstants"]][:6] == list(fprime.RESPONSES)
    assert set(types["Fw.TimeValue"]["members"]) == {"timeBase", "timeContext", "seconds", "useconds"}
    for entry in [*data["commands"], *data["events"]]:
        for parameter in entry["formalParams"]:
            kind = parameter["type"]
            assert kind["kind"] != "qualifiedIdentifier" or kind["name"] in types
