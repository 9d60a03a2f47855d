"""Stock mpremote on the emulated chip: on a bare MicroPython, and on a payload that runs and moves."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools import paths
from host_tools.chip import uf2
from host_tools.run import runner
from tests.chip.served import Served

ROCHETTE = [sys.executable, "-m", "host_tools.cli"]


@pytest.fixture(scope="module")
def bare(stock: uf2.Image) -> Iterator[Served]:
    with Served() as served:
        yield served


def test_exec_and_the_file_system(bare: Served, tmp_path: Path) -> None:
    assert bare.mpremote("exec", "import sys; print(sys.platform)").strip() == "rp2"
    assert bare.mpremote("fs", "ls").strip() == "ls :"
    note = tmp_path / "note.md"
    note.write_text("what is written stays\n" * 40)
    bare.mpremote("fs", "cp", str(note), ":note.md")
    assert "note.md" in bare.mpremote("fs", "ls")
    assert bare.mpremote("fs", "cat", ":note.md").strip() == note.read_text().strip()
    bare.mpremote("fs", "rm", ":note.md")
    assert "note.md" not in bare.mpremote("fs", "ls")


@pytest.mark.chip
def test_run_and_mount(bare: Served, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text("ANSWER = 42\n")
    script = tmp_path / "script.py"
    script.write_text("print('from a file', 2**30)\n")
    assert bare.mpremote("run", str(script)).strip() == "from a file 1073741824"
    assert bare.mpremote("mount", str(tmp_path), "exec", "import module; print(module.ANSWER)").endswith(
        "42\n"
    )


@pytest.mark.chip
def test_reset_forgets_the_memory_and_keeps_the_files(bare: Served) -> None:
    bare.mpremote("exec", "kept = 1\nopen('kept', 'w').write('x')")
    assert bare.mpremote("resume", "exec", "print(kept)").strip() == "1"
    bare.mpremote("reset")
    said = bare.mpremote("exec", "import os; print('kept' in globals(), os.listdir())")
    assert said.strip() == "False ['kept']"


@pytest.mark.chip
def test_ctrl_c_ends_a_loop_in_the_repl_on_a_pseudo_terminal(stock: uf2.Image, tmp_path: Path) -> None:
    # mpremote's own terminal can't use socket://; on a pseudo-terminal its Ctrl-C goes to the chip.
    link = tmp_path / "pico"
    with Served("--pty", str(link)) as served:
        assert served.ports == [str(link)]
        assert served.mpremote("exec", "print(6 * 7)").strip() == "42"
        ours, theirs = pty.openpty()
        repl = subprocess.Popen(
            [sys.executable, "-m", "mpremote", "connect", str(link), "repl"],
            stdin=theirs, stdout=theirs, stderr=theirs,
        )  # fmt: skip
        os.close(theirs)

        def until(mark: bytes) -> bytes:
            said = b""
            end = time.monotonic() + 60
            while mark not in said:
                assert time.monotonic() < end, said
                said += os.read(ours, 1024)
            return said

        try:
            until(b"Ctrl-]")
            os.write(ours, b"\r\n")
            until(b">>> ")
            os.write(ours, b"while True: pass\r\r\r")
            until(b"pass")
            time.sleep(1)
            os.write(ours, b"\x03")
            assert b"KeyboardInterrupt" in until(b"Interrupt:")
            os.write(ours, b"\x1d")
            assert repl.wait(30) == 0
        finally:
            repl.kill()
            repl.wait()
            os.close(ours)
    assert not link.is_symlink()


PADS = """\
import machine
CTRL = 0x40014004  # IO_BANK0, GPIO0_CTRL; STATUS is before it
def drives(gp):
    # OETOPAD and OUTTOPAD (RP2040 data sheet 2.19.6.1)
    status = machine.mem32[CTRL - 4 + 8 * gp]
    return status >> 13 & 1 and status >> 9 & 1
print([gp for gp in {outputs} if drives(gp)])
print(machine.mem32[0x40058000] >> 30 & 1)
"""


def _send(port: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ROCHETTE, "send", "--port", port, *command],
        capture_output=True, text=True, timeout=120, cwd=paths.ROOT, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_payload_at_work_is_left_safe_when_a_person_breaks_in(frozen: uf2.Image) -> None:
    """Over its link it is told to home; mpremote breaks in while it moves; the watchdog leaves them alone."""
    pins = runner.board_data("emulated")["pins"]
    # A direction line powers nothing and may stay as it was.
    outputs = [pin["gp"] for name, pin in pins.items() if pin["dir"] == "out" and not name.endswith("_dir")]
    with Served("--firmware", "--link-tcp", "0", "--pace", "max") as served:
        _, link = served.ports
        end = time.monotonic() + 120
        while (sent := _send(link, "cmdDisp.CMD_NO_OP")).returncode:
            assert time.monotonic() < end, sent.stdout + sent.stderr
        sent = _send(link, "--arm", "sample.COMMISSION")
        assert sent.returncode == 0, sent.stdout + sent.stderr
        moving = subprocess.Popen(
            [*ROCHETTE, "send", "--port", link, "--arm", "sample.BRING_UP"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            text=True, cwd=paths.ROOT,
        )  # fmt: skip
        try:
            assert moving.stdout is not None
            for line in moving.stdout:
                if "HOMING" in line:
                    break
            # `resume`: no soft reset, so the pins are as the firmware left them.
            safe, watchdog = served.mpremote("resume", "exec", PADS.format(outputs=outputs)).splitlines()
        finally:
            moving.kill()
            moving.wait()
            moving.stdout.close()
        assert safe == "[]"
        assert watchdog == "0"
        # Longer than the watchdog's two seconds; it would start the payload again.
        assert (
            served.mpremote("resume", "exec", "import time; time.sleep(3); print(safe_at_last := 1)").strip()
            == "1"
        )
        assert sorted(served.mpremote("fs", "ls").split()[3::2]) == ["board.py", "boot.py", "main.py"]
