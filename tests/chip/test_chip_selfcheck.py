"""The emulated chip on its own, and the command that serves it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from host_tools import paths
from host_tools.chip import process, uf2

HERE = Path(__file__).resolve().parent
EMULATE = [sys.executable, "-m", "host_tools.cli", "emulate", "--target", "chip"]


def test_selfcheck(stock: uf2.Image) -> None:
    done = subprocess.run(
        [process.node(), str(HERE / "selfcheck.mjs"), str(stock.path)],
        capture_output=True,
        text=True,
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(results) >= 13, done.stderr
    assert [one for one in results if not one["ok"]] == []
    assert done.returncode == 0


def _say(*arguments: str, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [*EMULATE, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=paths.ROOT,
        env=dict(os.environ, **environment),
        stdin=subprocess.DEVNULL,
    )
    return done.returncode, done.stdout + done.stderr


def test_bad_input_is_said_in_words(stock: uf2.Image, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        number = str(taken.getsockname()[1])
        status, said = _say("--tcp", number)
        assert status == 2 and number in said and "Traceback" not in said
    status, said = _say("--tcp", "0", PATH=str(tmp_path))
    assert status == 2 and "Node.js" in said
    status, said = _say("--tcp", "0", "--image", str(HERE / "README.md"))
    assert status == 2 and "UF2" in said
    short = tmp_path / "flash.bin"
    short.write_bytes(b"x" * 1000)
    status, said = _say("--tcp", "0", "--flash", str(short))
    assert status == 2 and "2097152" in said
    status, said = _say()
    assert status == 2 and "--tcp" in said


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_mpremote_works_and_nothing_is_left(stock: uf2.Image, tmp_path: Path, number: int) -> None:
    flash = tmp_path / "flash.bin"
    served = subprocess.Popen(
        [*EMULATE, "--tcp", "0", "--flash", str(flash)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=paths.ROOT,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert served.stdout is not None
        port = served.stdout.readline().split("--port ")[1].strip()

        def mpremote(*arguments: str) -> str:
            done = subprocess.run(
                [sys.executable, "-m", "mpremote", "connect", port, *arguments],
                capture_output=True,
                text=True,
                timeout=60,
                stdin=subprocess.DEVNULL,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        assert mpremote("exec", "import sys; print(sys.platform)").strip() == "rp2"
        mpremote("fs", "cp", str(HERE / "README.md"), ":note.md")
        assert "note.md" in mpremote("fs", "ls")
        children = Path(f"/proc/{served.pid}/task/{served.pid}/children").read_text().split()
    finally:
        served.send_signal(number)
        status = served.wait(20)
        assert served.stdout is not None
        served.stdout.close()
    assert status == 0
    assert children and not any(Path(f"/proc/{child}").exists() for child in children)
    assert flash.stat().st_size == uf2.FLASH_BYTES
    assert b"Tests of the chip target" in flash.read_bytes()
