"""The ring group's ticks on the real MicroPython VM: no state allocates, and each idle tick is cheap on
CPython.
"""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import pytest

from host_tools import rocks
from host_tools.paths import find_micropython
from rochette import tables
from tests.unit.ring_bench import RingBench

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import sys
sys.path[:] = ["host_tools/emulator", "boards/emulated", "firmware", ".", "tests/unit", ".frozen"]
import mp_no_alloc_ring
"""


def states(name: str) -> set[int]:
    """Numbers of all states of a mechanism."""
    prefix = name.upper() + "_STATE_"
    return {value for key, value in vars(tables).items() if key.startswith(prefix)}


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[int]]:
    script = tmp_path_factory.mktemp("vm") / "run.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [str(find_micropython()), "-X", "heapsize=16m", str(script)],
        cwd=ROOT,
        input=json.dumps(rocks.load("sandstone")) + "\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    return {row[0]: [int(word) for word in row[1:]] for row in rows}


@pytest.mark.micropython
@pytest.mark.parametrize("name", ["carousel", "probe", "sealer", "gate", "camera"])
def test_every_state_was_ticked_with_the_heap_locked(lines: dict[str, list[int]], name: str) -> None:
    assert lines["lock"] == [1]
    assert set(lines[name]) == states(name)


@pytest.mark.micropython
def test_the_runs_ended_as_they_do_on_cpython(lines: dict[str, list[int]]) -> None:
    assert lines["good_run"] == [0] * 19
    assert lines["bad_run"] == [
        tables.CAROUSEL_RESULT_OK,
        tables.CAROUSEL_RESULT_LOST_STEPS,
        tables.GATE_RESULT_STUCK,
        tables.PROBE_RESULT_JAM,
        tables.SEALER_RESULT_TOO_MUCH_RESISTANCE,
        tables.CAMERA_RESULT_NO_SYNC,
    ]


def test_an_idle_tick_costs_next_to_nothing() -> None:
    bench = RingBench(rocks.load("sandstone"), 1)
    for mechanism in bench.mechanisms:
        tick = mechanism.tick
        best_ns = min(_time_ns(tick) for _ in range(5))
        # A tenth of this on a desktop machine; the bound only catches work that does not belong there.
        assert best_ns < 3_000, mechanism.name
    bench.close()


def _time_ns(tick: object) -> float:
    count = 2_000
    begun = time.perf_counter_ns()
    for _ in range(count):
        tick()  # type: ignore[operator]
    return (time.perf_counter_ns() - begun) / count
