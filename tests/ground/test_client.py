"""What a program on the ground can do and what it is told, against a payload's end on a pseudo-terminal."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools import cli, paths
from host_tools.ground import port
from host_tools.ground.client import Payload
from host_tools.ground.errors import (
    BadArgument,
    CommandFailed,
    LinkError,
    NoAnswer,
    PortError,
    UnknownName,
    WrongDictionary,
)
from host_tools.ground.packets import Told
from host_tools.ground.schema import Names
from host_tools.ground.serve import PtyLine
from tests.ground.peer import Peer
from tests.ground.peer_port import on_a_port


@pytest.fixture(scope="module")
def names() -> Names:
    return Names.load()


@pytest.fixture
def peer(names: Names, tmp_path: Path) -> Iterator[tuple[Peer, Path, threading.Lock]]:
    one = Peer(digest=names.digest)
    link = tmp_path / "tty"
    with on_a_port(one, link) as lock:
        yield one, link, lock


Served = tuple[Peer, Path, threading.Lock]


def test_a_command_and_its_answer(peer: Served, names: Names) -> None:
    with Payload.connect(str(peer[1]), names=names) as payload:
        payload.send("cmdDisp.CMD_NO_OP", timeout_s=5)
        payload.send("camera.ASSESS", 3, "PRESENT", 900, timeout_s=5)
    opcodes = [struct.unpack_from(">I", packet, 2)[0] for _, packet in peer[0].done]
    assert opcodes == [names.command("system.NO_OP").opcode, names.command("camera.assess").opcode]
    verdict = names.words.enums["Verdict"].number("PRESENT")
    assert peer[0].done[1][1][6:] == struct.pack(">IBI", 3, verdict, 900)


def test_what_moves_hardware_is_armed_first(peer: Served, names: Names) -> None:
    with Payload.connect(str(peer[1]), names=names) as payload:
        payload.send("sample.ACQUIRE", "4", "66000", timeout_s=5)
    arm, acquire = (packet for _, packet in peer[0].done)
    opcode = names.command("sample.ACQUIRE").opcode
    assert arm == struct.pack(">HII", 0, names.command("link.ARM").opcode, opcode)
    assert acquire == struct.pack(">HIII", 0, opcode, 4, 66000)


def test_the_payloads_no_is_a_failure_in_words(peer: Served, names: Names) -> None:
    with Payload.connect(str(peer[1]), names=names) as payload:
        command = names.command("system.NO_OP")
        sent = payload.connection.send(struct.pack(">HI", 0, 0xBAD))  # type: ignore[union-attr]
        with pytest.raises(CommandFailed, match="ended VALIDATION: an argument is missing") as failed:
            payload.finish(command, sent, 5)
    assert failed.value.result == "VALIDATION"


@pytest.mark.parametrize(
    ("name", "values", "kind", "words"),
    [
        ("sample.AQUIRE", (1, 66000), UnknownName, "near it: sample.ACQUIRE"),
        ("sample.ACQUIRE", (1,), BadArgument, "takes 2 arguments, 1 came"),
        ("sample.ACQUIRE", (1, 5), BadArgument, r"argument 2, depth_um: 5 is out of .* 1000 to 76000 um"),
        ("sample.ACQUIRE", ("one", 66000), BadArgument, "argument 1, tube: 'one' is not a whole number"),
        ("camera.ASSESS", (1, "MAYBE", 5), BadArgument, "argument 2, verdict: 'MAYBE' is none of: .*PRESENT"),
        ("feed.TRAVEL_UM_S_PRM_SET", (10**7,), BadArgument, "out of bounds"),
        ("files.SEND", ("a" * 30,), BadArgument, "at most 24 bytes"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_sent(
    peer: Served, names: Names, name: str, values: tuple[object, ...], kind: type[Exception], words: str
) -> None:
    with Payload.connect(str(peer[1]), names=names) as payload, pytest.raises(kind, match=words):
        payload.send(name, *values, timeout_s=5)
    assert peer[0].done == []


def test_another_dictionary_commands_nothing_but_stops(tmp_path: Path, names: Names) -> None:
    one = Peer(digest=b"whatever")
    with on_a_port(one, tmp_path / "tty"):
        with pytest.raises(WrongDictionary, match=r"No command was sent; stop, abort and pause still work"):
            Payload.connect(str(tmp_path / "tty"), names=names)
        with Payload.connect(str(tmp_path / "tty"), names=names, check=False) as payload:
            with pytest.raises(WrongDictionary):
                payload.send("system.NO_OP")
            assert "STOP: done" in payload.stop()
    assert one.done == [] and one.urgents == [1]


def test_events_come_in_order_and_in_words(peer: Served, names: Names) -> None:
    told: list[Told] = []
    with Payload.connect(str(peer[1]), names=names) as payload:
        payload.on_told(told.append)
        with peer[2]:
            for parts in range(1, 4):
                event = names.schema.event_named["system.SELF_TEST_PASSED"].id
                peer[0].event(struct.pack(">HIHBIII", 2, event, 1, 0, parts, 500_000, parts))
        limit = time.monotonic() + 5
        while len(told) < 3 and time.monotonic() < limit:
            time.sleep(0.01)
    assert [one.values for one in told] == [{"parts": n} for n in (1, 2, 3)]
    assert told[0].text == "Self-test: all 1 parts answer" and told[0].time.ms == 1500


def test_what_was_told_before_an_answer_is_heard_out(peer: Served, names: Names) -> None:
    told: list[Told] = []
    event = names.schema.event_named["system.SELF_TEST_PASSED"].id
    with Payload.connect(str(peer[1]), names=names) as payload:
        payload.on_told(told.append)
        with peer[2]:
            # It happened, and its frame was lost on the way.
            peer[0].events[1] = struct.pack(">HIHBIII", 2, event, 1, 0, 5, 0, 7)
        payload.send("system.NO_OP", timeout_s=5)
        assert told == []
        payload.hear_out()
        assert [one.values for one in told] == [{"parts": 7}]


class Hasty(Peer):
    """Forty seconds of its own in one of ours."""

    def poll(self, now_ms: int) -> bytes:
        return super().poll(now_ms * 40)


def test_a_wait_is_as_long_as_the_payload_says(names: Names, tmp_path: Path) -> None:
    link = tmp_path / "tty"
    with on_a_port(Hasty(digest=names.digest), link), Payload.connect(str(link), names=names) as payload:
        began = time.monotonic()
        assert payload.wait_own(lambda: None, 20) is None
        assert time.monotonic() - began < 20, "it was waited for in our own seconds"
        before = payload.own_s
        assert payload.wait_own(lambda: payload.own_s if payload.own_s >= before + 3 else None, 20)
        assert payload.send("system.NO_OP", own_s=60).result == 0


def test_a_payload_that_tells_nothing_is_not_waited_for(
    peer: Served, names: Names, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host_tools.ground.client.SILENT_S", 0.3)
    with Payload.connect(str(peer[1]), names=names) as payload, peer[2]:
        with pytest.raises(NoAnswer, match="has said nothing for 0 s"):
            payload.wait_own(lambda: None, 20)


def test_a_payload_that_restarts_is_found_again(peer: Served, names: Names) -> None:
    notes: list[str] = []
    with Payload.connect(str(peer[1]), names=names) as payload:
        payload.on_noted(notes.append)
        payload.send("system.NO_OP", timeout_s=5)
        with peer[2]:
            peer[0].reset()
        payload.send("system.NO_OP", timeout_s=15)
    assert len(peer[0].done) == 2
    assert any("down" in note for note in notes) and "the link is up" in notes


def test_a_port_that_goes_away_says_so(names: Names, tmp_path: Path) -> None:
    one = Peer(digest=names.digest)
    with on_a_port(one, tmp_path / "tty"):
        payload = Payload.connect(str(tmp_path / "tty"), names=names)
    with payload, pytest.raises(PortError, match="went away"):
        payload.send("system.NO_OP", timeout_s=5)


def test_a_held_port_names_its_holder(peer: Served, names: Names) -> None:
    program = (
        "import sys, time, serial; s = serial.Serial(sys.argv[1], exclusive=True); print('open', flush=True);"
        " time.sleep(60)"
    )
    other = subprocess.Popen([sys.executable, "-c", program, str(peer[1])], stdout=subprocess.PIPE)
    try:
        assert other.stdout is not None and other.stdout.readline() == b"open\n"
        with pytest.raises(PortError, match=rf"held by another program: .*\(process {other.pid}\)"):
            Payload.connect(str(peer[1]), names=names)
    finally:
        other.kill()
        other.communicate()


def test_ports_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(PortError, match="there is no such port"):
        port.open_port(str(tmp_path / "tty"))
    with pytest.raises(PortError, match="socket://HOST:PORT"):
        port.open_port("http://x")
    with pytest.raises(PortError, match="nobody answers"):
        port.open_port("socket://127.0.0.1:9")
    plain = tmp_path / "file"
    plain.write_text("x")
    with pytest.raises(PortError, match="does not open as a serial port"):
        port.open_port(str(plain))


def test_a_prompt_in_place_of_a_payload(names: Names, tmp_path: Path) -> None:
    line = PtyLine(str(tmp_path / "tty"))
    ending = threading.Event()

    def prompt() -> None:
        while not ending.is_set():
            if line.wait(0.01):
                line.send(b"\r\n>>> \x7e what?\r\n")

    thread = threading.Thread(target=prompt)
    thread.start()
    try:
        with pytest.raises(LinkError, match="only text came"):
            Payload.connect(str(tmp_path / "tty"), names=names, timeout_s=1.0)
    finally:
        ending.set()
        thread.join()
        line.close()


def test_nobody_there(names: Names, tmp_path: Path) -> None:
    line = PtyLine(str(tmp_path / "tty"))
    try:
        with pytest.raises(LinkError, match="no payload answered in 1 s"):
            Payload.connect(str(tmp_path / "tty"), names=names, timeout_s=1.0)
        assert (tmp_path / "tty").is_symlink()
    finally:
        line.close()
    assert not (tmp_path / "tty").is_symlink()


def test_stop_is_obeyed_before_any_handshake(peer: Served, names: Names) -> None:
    payload = Payload(names)
    payload.begin(str(peer[1]))
    with payload:
        assert payload.urgent("STOP") == "STOP: done; 1 activity was told."
    assert peer[0].urgents[0] == 1


def test_an_unanswered_stop_points_at_the_button(names: Names, tmp_path: Path) -> None:
    line = PtyLine(str(tmp_path / "tty"))
    payload = Payload(names)
    payload.begin(str(tmp_path / "tty"))
    try:
        with payload, pytest.raises(NoAnswer, match="emergency stop"):
            payload.urgent("STOP", timeout_s=0.5)
    finally:
        line.close()


def test_send_from_the_shell(peer: Served, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["send", "--port", str(peer[1]), "cmdDisp.CMD_NO_OP"]) == 0
    assert "system.NO_OP: done in" in capsys.readouterr().out
    assert cli.main(["send", "--port", str(peer[1]), "no.SUCH_COMMAND"]) == 2
    assert "no command is called no.SUCH_COMMAND" in capsys.readouterr().err
    assert cli.main(["stop", "--port", str(peer[1])]) == 0
    assert "STOP: done" in capsys.readouterr().out


def test_hazardous_from_the_shell_wants_arming(
    peer: Served, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert cli.main(["send", "--port", str(peer[1]), "sample.ACQUIRE", "1", "66000"]) == 2
    assert "add --arm" in capsys.readouterr().err
    assert peer[0].done == []
    assert cli.main(["send", "--port", str(peer[1]), "--arm", "sample.ACQUIRE", "1", "66000"]) == 0
    assert len(peer[0].done) == 2


def test_tab_completion_names_commands(tmp_path: Path) -> None:
    out = tmp_path / "said"
    program = (
        f"import os; os.dup2(os.open({str(out)!r}, os.O_WRONLY | os.O_CREAT), 8);"
        " from host_tools import cli; cli.main()"
    )
    for line, completed in (
        ("rochette send sample.AC", ["sample.ACQUIRE"]),
        ("rochette send camera.ASSESS 1 AB", ["ABSENT"]),
    ):
        env = {**os.environ, "_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "COMP_TYPE": "9"}
        env |= {"COMP_LINE": line, "COMP_POINT": str(len(line))}
        out.write_text("")
        subprocess.run([sys.executable, "-c", program], env=env, cwd=paths.ROOT, timeout=60, check=True)
        assert out.read_text().split() == completed
