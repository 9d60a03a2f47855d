"""`rochette emulate` and what speaks to it: the whole way from the shell to the firmware and back."""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from host_tools import cli, paths
from host_tools.ground.client import Payload
from host_tools.ground.console import emulated, rochette
from host_tools.ground.errors import CommandFailed, GroundError, PortError, TransferFailed
from host_tools.ground.packets import Told
from host_tools.ground.port import open_port
from host_tools.ground.schema import Names
from host_tools.ground.serve import PtyLine, TcpLine
from host_tools.ground.served import CARD_PICTURES, Served
from host_tools.pictures import HEIGHT, WIDTH
from tests.unit.ground_bench import Bench


@pytest.fixture(scope="module")
def names() -> Names:
    return Names.load()


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with emulated(tmp_path_factory.mktemp("emulated"), "--pace", "max", "--rock", "powdery") as link:
        yield link


def test_a_command_takes_milliseconds(port: str, names: Names) -> None:
    with Payload.connect(port, names=names) as payload:
        began = time.monotonic()
        for _ in range(20):
            payload.send("system.NO_OP", timeout_s=5)
        assert (time.monotonic() - began) / 20 < 0.1


def test_answers_name_mode_and_argument(port: str, names: Names) -> None:
    with Payload.connect(port, names=names) as payload:
        with pytest.raises(CommandFailed, match=r"WRONG_STATE.*The mode is IDLE; it is allowed in HOLD"):
            payload.release(1, 1)
        # Past the host's own check, to see the payload's.
        command = names.command("sequence.BY_HAND")
        packet = names.schema.command_packet(command, [7])
        assert payload.connection is not None
        with pytest.raises(CommandFailed, match="VALIDATION.*argument 1 is 7"):
            payload.finish(command, payload.connection.send(packet), 5)
        told: list[Told] = []
        payload.on_told(told.append)
        no_op = names.command("system.NO_OP")
        for packet, words in (
            (struct.pack(">HI", 0, 0x7ABC), "ended INVALID_OPCODE: no such command"),
            (struct.pack(">HIB", 0, no_op.opcode, 1), "ended FORMAT: "),
            (b"\x00\x00\x00", "ended FORMAT: "),
        ):
            with pytest.raises(CommandFailed, match=words):
                payload.finish(no_op, payload.connection.send(packet), 5)
        payload.connection.send(b"\x00\x07 what is this")
        payload.send("system.NO_OP", timeout_s=5)
        malformed = [one.text for one in told if one.name == "link.MALFORMED"]
        assert len(malformed) == 2
        assert malformed[1] == "Packet of 15 bytes with descriptor 7 is none that the payload takes"


def test_what_is_hazardous_is_refused_unless_armed(port: str, names: Names) -> None:
    with Payload.connect(port, names=names) as payload, pytest.raises(CommandFailed):
        payload.send("sample.ACQUIRE", 1, 2000, timeout_s=10, arm=False)


def test_files_go_up_and_come_down_the_same(port: str, names: Names, tmp_path: Path) -> None:
    data = random.Random(1).randbytes(2500)
    (tmp_path / "up.bin").write_bytes(data)
    with Payload.connect(port, names=names) as payload:
        payload.uplink(tmp_path / "up.bin")
        assert payload.downlink("up.bin", tmp_path / "down.bin") == data
        assert (tmp_path / "down.bin").read_bytes() == data
        with pytest.raises(TransferFailed, match="there is no file|MISSING"):
            payload.downlink("nothing.bin", tmp_path / "nothing")
        assert not (tmp_path / "nothing").exists()
        with pytest.raises(TransferFailed, match="EXISTS"):
            payload.uplink(tmp_path / "up.bin")
        payload.send("files.REMOVE", "up.bin", timeout_s=5)


@pytest.mark.parametrize("target", ["cpython", pytest.param("micropython", marks=pytest.mark.micropython)])
def test_a_picture_is_a_file_over_a_reset_too(target: str, names: Names, tmp_path: Path) -> None:
    def boot_of(payload: Payload) -> int:
        assert payload.connection is not None and payload.connection.link.welcome is not None
        return payload.connection.link.welcome.session >> 16

    with emulated(tmp_path, "--pace", "max", "--target", target) as port:
        with Payload.connect(port, names=names, timeout_s=20) as payload:
            with pytest.raises(TransferFailed, match="MISSING"):
                payload.downlink("picture-1.jpg")
            payload.send("camera.SHOOT", 20_000, 500, timeout_s=20)
            picture = payload.downlink("picture-1.jpg")
            with pytest.raises(CommandFailed, match="EXECUTION"):
                payload.send("files.REMOVE", "picture-1.jpg", timeout_s=5)
            boot = boot_of(payload)
            with contextlib.suppress(GroundError):
                payload.send("start.RESTART", timeout_s=0.5)
        with Payload.connect(port, names=names, timeout_s=20) as payload:
            assert boot_of(payload) == boot + 1
            assert payload.downlink("picture-1.jpg") == picture
    assert Image.open(io.BytesIO(picture)).size == (WIDTH, HEIGHT)


def test_the_emulated_cameras_card_keeps_its_newest_pictures() -> None:
    asked: list[int] = []

    def develop(scene: Mapping[str, Any]) -> bytes:
        asked.append(scene["no"])
        return b"picture %d, %s" % (scene["no"], scene["of"])

    served = Served({}, develop)
    served.payload = Bench()
    files = served.payload.ground.files
    for number in range(1, CARD_PICTURES + 3):
        served._keep({"no": number, "of": b"rock"})
    served._keep({"no": 5, "of": b"a tube, after a reset"})
    sizes = {number: files.size(f"picture-{number}.jpg") for number in range(1, CARD_PICTURES + 3)}
    assert [number for number, size in sizes.items() if size < 0] == [1, 2]
    buffer = bytearray(12)
    assert files.read_into("picture-5.jpg", 9, buffer, 12) == 12 and buffer == b", a tube, aft"[:12]
    assert files.read_into("picture-5.jpg", 28, buffer, 12) == 4
    assert sorted(asked) == list(range(3, CARD_PICTURES + 3)), "painted when asked for, and once"
    served._develop = None
    served._keep({"no": 20})
    assert files.size("picture-20.jpg") == -1


def test_the_payloads_no_at_the_shell(
    port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each in words and with a status of its own: 1 the payload's no, 4 a transfer that came to nothing."""
    (tmp_path / "taken.bin").write_bytes(b"1")
    (tmp_path / "big.bin").write_bytes(bytes(20_000))
    assert cli.main(["put", "--port", port, str(tmp_path / "taken.bin")]) == 0
    capsys.readouterr()
    for command, status, words in (
        (["release", "1", "1"], 1, "WRONG_STATE.*The mode is IDLE; it is allowed in HOLD"),
        (["send", "files.REMOVE", "nothing.bin"], 1, "files.REMOVE ended EXECUTION"),
        (["send", "sequence.RUN", "nothing.bin"], 1, "sequence.RUN ended"),
        (["put", str(tmp_path / "taken.bin")], 4, "taken.bin.*EXISTS.*Nothing of it was kept"),
        (["put", str(tmp_path / "big.bin")], 4, "big.bin.*SPACE.*Nothing of it was kept"),
        (["get", "nothing.bin", str(tmp_path / "nothing")], 4, "nothing.bin.*MISSING"),
    ):
        assert cli.main([command[0], "--port", port, *command[1:]]) == status, command
        assert re.search(words, capsys.readouterr().err), command
    assert not (tmp_path / "nothing").exists()
    assert cli.main(["send", "--port", port, "files.REMOVE", "taken.bin"]) == 0


def test_parameters_from_the_shell(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["params", "--port", port, "sample.RETAKE_S", "90"]) == 0
    assert capsys.readouterr().out.strip() == "sample.RETAKE_S = 90 s"
    assert cli.main(["params", "--port", port, "sample.RETAKE_S"]) == 0
    assert capsys.readouterr().out.strip() == "sample.RETAKE_S = 90 s", "asked anew, it is what was set"
    assert cli.main(["params", "--port", port, "link.RULE_PROCEDURE", "abort"]) == 0
    assert capsys.readouterr().out.strip() == "link.RULE_PROCEDURE = ABORT"
    assert cli.main(["params", "--port", port, "link.RULE_PROCEDURE", "FINISH"]) == 0
    assert cli.main(["params", "--port", port, "link.RULE_PROCEDURE", "LATER"]) == 2
    assert "'LATER' is none of: FINISH, PAUSE, ABORT, STOP" in capsys.readouterr().err
    assert cli.main(["params", "--port", port, "sample.RETAKE_S", "1"]) == 2
    assert "allowed are 5 to 86400 s" in capsys.readouterr().err


def test_a_sequence_from_the_shell(port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = tmp_path / "short.seq"
    text.write_text("R00:00:00 system.NO_OP\nR00:00:01 link.TELL_DICTIONARY\n")
    assert cli.main(["seq", "check", str(text)]) == 0
    assert cli.main(["seq", "run", "--port", port, str(text)]) == 0
    out = capsys.readouterr().out
    assert "short.bin: ended" in out and "link.DICTIONARY" in out


def test_watching_shows_events_and_values(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["watch", "--port", port, "--history", "--for", "3", "--json", "feed.STATE"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert any(line.get("event") == "system.BOOTED" for line in lines)
    assert any(line.get("channel") == "feed.STATE" and line["value"] == "IDLE" for line in lines)


def test_the_main_job_over_the_link(port: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another rock is put under the drill, a core is taken, looked at, released and sealed."""
    command = ["run", "--port", port, "--rock", "basalt", "--seed", "5", "--depth", "8"]
    assert cli.main([*command, "--tube", "3", "--release", "auto", "--json", "--out", str(tmp_path)]) == 0
    result = json.loads(capsys.readouterr().out)
    assert (result["rock"], result["seed"], result["tube"]) == ("basalt", 5, 3)
    assert (result["outcome"], result["verdict"], result["seal"]) == ("SEALED", "PRESENT", "ACTIVATED")
    assert result["depth_um"] >= 8000
    folder = Path(result["folder"])
    assert Path(result["report"]).exists()
    assert list((folder / "pictures").glob("*.png"))
    assert len((folder / "telemetry.csv").read_text().splitlines()) > 50
    names = [json.loads(line)["name"] for line in (folder / "events.jsonl").read_text().splitlines()]
    assert "SAMPLE_CORED" in names and names.count("SAMPLE_STARTED") == 1


def test_one_client_at_a_time(port: str, names: Names) -> None:
    with Payload.connect(port, names=names):
        command = [*rochette("send"), "--port", port, "system.NO_OP"]
        ran = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=paths.ROOT, check=False)
    assert ran.returncode == 2
    assert "held by another program" in ran.stderr and f"(process {os.getpid()})" in ran.stderr


def test_over_tcp_and_a_clean_end(tmp_path: Path, names: Names) -> None:
    command = [*rochette("emulate"), "--tcp", "0", "--pace", "5"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=paths.ROOT
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split("--port ")[1].strip()
        with Payload.connect(address, names=names) as payload:
            payload.send("system.NO_OP", timeout_s=5)
        number = int(address.rsplit(":", 1)[1])
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0 and "actuators off" in err
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", number), 1)


def test_idle_it_burns_no_core(tmp_path: Path) -> None:
    link = tmp_path / "tty"
    command = [sys.executable, "-m", "host_tools.cli", "emulate", "--pty", str(link), "--pace", "max"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=paths.ROOT)
    try:
        while not link.exists():
            assert process.poll() is None
            time.sleep(0.05)
        time.sleep(0.5)

        def used_s() -> float:
            fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

        before = used_s()
        time.sleep(2.0)
        assert used_s() - before < 0.5
    finally:
        process.terminate()
        process.wait(20)
    assert not link.is_symlink()


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "tty"
    link.write_text("mine")
    with pytest.raises(PortError, match="it is there already"):
        PtyLine(str(link))
    assert link.read_text() == "mine"
    dead = tmp_path / "dead"
    dead.symlink_to("/dev/pts/99999")
    line = PtyLine(str(dead))
    assert dead.exists()
    line.close()
    first = TcpLine(0)
    with pytest.raises(PortError, match="cannot be had"):
        TcpLine(int(first.name.rsplit(":", 1)[1]))
    first.close()


def test_bytes_are_dropped_while_nobody_has_the_port_open(tmp_path: Path) -> None:
    line = PtyLine(str(tmp_path / "tty"))
    line.send(b"nobody hears this")
    one = open_port(str(tmp_path / "tty"))
    assert one.read(0.05) == b""
    line.send(b"hello")
    assert one.read(1.0) == b"hello"
    one.write(b"back")
    assert line.wait(1.0) == b"back"
    one.close()
    line.close()
