"""P12: a deployment with nothing changed and with one file changed, beside `mpremote cp` of the same files.

On the emulated chip, over its USB port. The chip's own second takes longer than one of ours, so the times are
above those of a board; the peer is measured in the same run on the same chip. The restart of the payload,
which `mpremote cp` has not, is left out of the time of the copy and told apart.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from host_tools.bench.served import served_chip
from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.boards import find
from host_tools.chip.errors import ChipError
from host_tools.chip.uf2 import ImageError
from host_tools.deploy import deploy, files
from host_tools.deploy.errors import DeployError
from host_tools.ground.errors import GroundError, PortError


def measure(quick: bool) -> list[Figure]:
    """The figures of P12. `quick` changes nothing: it is short as it is."""
    try:
        with served_chip() as chip:
            return _measure(chip.port)
    except (RuntimeError, ChipError, ImageError, DeployError, GroundError, PortError) as error:
        raise BenchmarkError(f"deploy: {error}") from error


def _measure(port: str) -> list[Figure]:
    first = _deploy(port, "pico")
    unchanged = _deploy(port, "pico")
    if unchanged.sent:
        raise BenchmarkError(f"deploy: nothing had changed, and {', '.join(unchanged.sent)} was sent")
    with tempfile.TemporaryDirectory() as folder:
        other = Path(folder) / "pico"
        other.mkdir()
        text = (find.folder_of("pico") / "board.py").read_text(encoding="utf-8")
        (other / "board.py").write_text(
            text.replace('"watchdog_ms": 2000', '"watchdog_ms": 2500'), encoding="utf-8"
        )
        changed = _deploy(port, str(other))
    peer_s, count = _mpremote_cp(port)
    return [
        Figure("deploy, first, with the payload's start", first.seconds, "s"),
        Figure("deploy, nothing changed", unchanged.seconds, "s", 3, 1, less_is_better=True),
        Figure(
            "deploy, one file changed: until it is swapped in",
            changed.copied_s,
            "s",
            5,
            2,
            less_is_better=True,
        ),
        Figure("deploy, one file changed, with the payload's start", changed.seconds, "s"),
        Figure(f"mpremote cp of the same {count} files", peer_s, "s"),
    ]


def _deploy(port: str, board: str) -> deploy.Done:
    return deploy.deploy(deploy.Asked(port, board), lambda _text: None, lambda _gone, _total: None)


def _mpremote_cp(port: str) -> tuple[float, int]:
    """Seconds that stock mpremote takes to copy the files of a copy."""
    copy = files.make("pico", files.FROZEN)
    with tempfile.TemporaryDirectory() as folder:
        for name, data in copy.files.items():
            (Path(folder) / name).write_bytes(data)
        program = str(Path(sys.executable).parent / "mpremote")
        names = [str(Path(folder) / name) for name in sorted(copy.files)]
        began = time.monotonic()
        done = subprocess.run(
            [program, "connect", port, "resume", "cp", *names, ":/"],
            capture_output=True,
            text=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode:
            raise BenchmarkError(
                f"deploy: mpremote cp ended with {done.returncode}: {done.stderr.strip()[-300:]}"
            )
        return time.monotonic() - began, len(names)
