"""Yamcs on an emulated payload, over the CCSDS bridge: a command goes up, its events and a value come back.

Yamcs is no part of the project's environment: `make test-yamcs` makes one that has it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from host_tools import paths

PYTHON = os.environ.get("ROCHETTE_YAMCS_PYTHON", "")
INSTANCE = "fprime-project"


def ask(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Yamcs's HTTP interface."""
    request = urllib.request.Request("http://127.0.0.1:8090/api" + path)
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)


def until(what: Callable[[], bool], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        try:
            if what():
                return True
        except urllib.error.URLError:
            pass  # not there yet
        time.sleep(0.5)
    return False


def messages() -> list[str]:
    found = ask(f"/archive/{INSTANCE}/events").get("events", [])
    return [event["message"] for event in found]


@pytest.mark.ground
@pytest.mark.skipif(not PYTHON, reason="needs Yamcs: make test-yamcs")
def test_yamcs_commands_and_hears() -> None:
    command = [PYTHON, "-m", "host_tools.cli", "console", "--emulated", "--yamcs", "--pace", "1"]
    process = subprocess.Popen(
        command, cwd=paths.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("console: http://127.0.0.1:8090/"):
                break
        else:
            pytest.fail("the console ended without an address")
        assert until(lambda: bool(ask(f"/mdb/{INSTANCE}/commands/Rochette/link/TELL_DICTIONARY")), 60)

        def heard() -> bool:
            # Yamcs answers before its own data link is up: what is sent until then is lost, above our link.
            ask(f"/processors/{INSTANCE}/realtime/commands/Rochette/link/TELL_DICTIONARY", {})
            time.sleep(2.0)
            return any("[DICTIONARY]" in message for message in messages())

        assert until(heard, 60)
        assert any("[OpCodeCompleted]" in message for message in messages())
        value = f"/processors/{INSTANCE}/realtime/parameters/Rochette/power/BUS_VOLTAGE"

        def millivolts() -> int:
            found = ask(value)["engValue"]
            return int(
                next((found[key] for key in ("sint32Value", "uint32Value", "sint64Value") if key in found), 0)
            )

        assert until(lambda: millivolts() > 9000, 30)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
