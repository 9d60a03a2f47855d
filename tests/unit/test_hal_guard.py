"""The guard drops the power for each of its causes, in its time, on both targets; and what it must not do."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from host_tools import paths
from tests.unit import guard_cases
from tests.unit.payload_rig import Rig
from tests.unit.test_service_heap import micropython

SPEC = Rig("sandstone").session._spec


@pytest.mark.parametrize("name", guard_cases.CASES)
def test_on_cpython(name: str) -> None:
    getattr(guard_cases, name)(SPEC).close()


@pytest.mark.micropython
def test_on_micropython_with_a_heap_that_is_locked_in_interrupts() -> None:
    path = ":".join(
        str(paths.ROOT / part) for part in ("host_tools/emulator", "boards/emulated", "firmware", ".")
    )
    run = subprocess.run(
        [micropython(), "-X", "heapsize=8m", str(paths.ROOT / "tests/unit/guard_cases.py")],
        env={**os.environ, "MICROPYPATH": path},
        input=json.dumps(SPEC) + "\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines() == [*guard_cases.CASES, "done"]


def test_the_causes_have_the_numbers_of_the_dictionary() -> None:
    from rochette import tables
    from rochette.hal import guard

    for name, number in (
        ("HEARTBEAT", guard.HEARTBEAT),
        ("END_STOP_BOTTOM", guard.END_STOP_LOW),
        ("END_STOP_TOP", guard.END_STOP_HIGH),
        ("OVER_CURRENT_SPINDLE", guard.OVER_CURRENT),
        ("OVER_CURRENT_AUX", guard.OVER_CURRENT + 1),
        ("OVER_CURRENT_BUS", guard.OVER_CURRENT + 2),
        ("E_STOP", guard.E_STOP),
        ("SILENT", guard.SILENT),
        ("ORDERED", guard.ORDERED),
    ):
        assert getattr(tables, "GUARD_CAUSE_" + name) == number, name
