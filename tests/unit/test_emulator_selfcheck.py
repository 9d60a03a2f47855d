"""The emulator's checks, on CPython one by one and on the MicroPython VM all together."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import emulator_selfcheck

from host_tools.paths import find_micropython

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
sys.path[:] = ["host_tools/emulator", "boards/emulated", "firmware", ".", "tests/unit", ".frozen"]
import emulator_selfcheck
print("checks", emulator_selfcheck.run())
"""


@pytest.mark.parametrize("name", emulator_selfcheck.CHECKS)
def test_on_cpython(name: str) -> None:
    getattr(emulator_selfcheck, name)()


def test_on_micropython(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [str(find_micropython()), str(script)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"checks {len(emulator_selfcheck.CHECKS)}" in done.stdout


def test_host_time_stays_real() -> None:
    import time

    import rochette.hal.clock as clock

    world, _ = emulator_selfcheck.fresh()
    before = time.monotonic()
    clock.sleep_us(10_000_000)
    assert world.clock.now_us == 10_000_000
    assert time.monotonic() - before < 5
    assert hasattr(time, "monotonic") and not hasattr(time, "ticks_us")
