"""Power cuts in the ledger's mirror on a real littlefs: on CPython, and with MicroPython's own on the VM."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from host_tools.paths import find_micropython
from tests.campaign import flash_cuts

ROOT = Path(__file__).resolve().parents[2]
ON_VM = """
import sys
sys.path[:] = ["host_tools/emulator", "boards/emulated", "firmware", ".", ".frozen"]
from tests.campaign.flash_cuts import Cuts
print(Cuts({tubes}).run({every}, whole={whole}), Cuts(1).pairs({pairs}))
"""
TUBES = flash_cuts.SEATS


def on_vm(tmp_path: Path, **how: int) -> tuple[int, int]:
    """Cuts and pairs of cuts that were made on the VM."""
    script = tmp_path / "run.py"
    script.write_text(ON_VM.format(tubes=TUBES, **how))
    command = [str(find_micropython()), "-X", "heapsize=8m", str(script)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=3600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    cuts, pairs = done.stdout.split()
    return int(cuts), int(pairs)


def test_a_spread_of_cuts_in_the_mirror_of_a_whole_campaign() -> None:
    assert flash_cuts.Cuts(TUBES).run(every=6, whole=4) >= 600


def test_all_pairs_of_cuts_in_the_mirror_of_a_short_script() -> None:
    assert flash_cuts.Cuts(1).pairs() >= 2_500


@pytest.mark.micropython
def test_a_spread_of_cuts_with_the_file_system_of_the_vm(tmp_path: Path) -> None:
    cuts, pairs = on_vm(tmp_path, every=16, whole=8, pairs=5)
    assert cuts >= 240 and pairs >= 500


@pytest.mark.soak
def test_a_cut_at_every_operation_of_a_whole_campaign() -> None:
    assert flash_cuts.Cuts(TUBES).run() >= 3_900


@pytest.mark.soak
def test_more_pairs_of_cuts_in_the_mirror() -> None:
    assert flash_cuts.Cuts(5).pairs(every=3) >= 30_000


@pytest.mark.soak
@pytest.mark.micropython
def test_a_cut_at_every_operation_with_the_file_system_of_the_vm(tmp_path: Path) -> None:
    cuts, pairs = on_vm(tmp_path, every=1, whole=1, pairs=1)
    assert cuts >= 3_900 and pairs >= 2_500
