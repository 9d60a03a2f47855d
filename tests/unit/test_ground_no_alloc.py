"""The ground's side of a tick allocates nothing: run on the real MicroPython VM with the heap locked."""

from __future__ import annotations

import os
import subprocess

import pytest

from host_tools import paths
from tests.unit.test_service_heap import micropython


@pytest.mark.micropython
def test_the_links_room_allocates_nothing() -> None:
    path = ":".join(
        str(paths.ROOT / part) for part in ("host_tools/emulator", "boards/emulated", "firmware", ".")
    )
    run = subprocess.run(
        [micropython(), str(paths.ROOT / "tests/unit/mp_no_alloc_ground.py")],
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    assert lines[-1] == "done"
    sent = {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in lines[:-1]}
    for said in (
        "hello again",
        "packed telemetry and status",
        "plain telemetry",
        "events",
        "a file",
        "resending",
    ):
        assert said in sent
    assert sent["silent"] == 0, "before a session nothing is sent"
    assert sent["events"] > 5000 and sent["plain telemetry"] > 2000
