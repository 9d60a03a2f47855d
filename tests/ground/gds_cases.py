"""Cases on the ground system's own test API (fixture `fprime_test_api`).

test_gds.py runs this file in a pytest of its own, beside a running ground system and an emulated payload.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fprime_gds.common.testing_fw import predicates
from fprime_gds.common.utils.event_severity import EventSeverity

FILES = Path(os.environ["ROCHETTE_TEST_FILES"])


def until(what: Callable[[], bool], seconds: float = 10.0) -> bool:
    limit = time.monotonic() + seconds
    while not what() and time.monotonic() < limit:
        time.sleep(0.05)
    return what()


@pytest.fixture(autouse=True)
def somebody_there(fprime_test_api: Any) -> None:
    """The ground system begins before its link is up: a command that is sent until then is lost, above it."""
    assert fprime_test_api.await_telemetry("power.BUS_VOLTAGE", start=0, timeout=90) is not None


def test_a_no_op_is_dispatched_and_completed(fprime_test_api: Any) -> None:
    results = fprime_test_api.send_and_assert_command("system.NO_OP", timeout=10)
    assert len(results) == 2


def test_an_argument_out_of_its_bounds_is_refused_by_the_payload(fprime_test_api: Any) -> None:
    api = fprime_test_api
    refused = api.get_event_pred("cmdDisp.OpCodeError", [None, "VALIDATION_ERROR"])
    detail = api.get_event_pred("system.COMMAND_DETAIL")
    command = ("feed.TRAVEL_UM_S_PRM_SET", [999_999_999])
    results = api.send_and_assert_event(*command, [detail, refused], timeout=10)
    assert len(results) == 2


def test_telemetry_comes(fprime_test_api: Any) -> None:
    api = fprime_test_api
    assert api.await_telemetry("power.BUS_VOLTAGE", start=api.NOW, timeout=10) is not None
    volts = api.get_telemetry_pred("power.BUS_VOLTAGE", predicates.greater_than(9000))
    assert api.await_telemetry(volts, timeout=10) is not None


def test_bring_up_runs_and_completes(fprime_test_api: Any) -> None:
    api = fprime_test_api
    api.send_and_assert_command("sample.COMMISSION", timeout=10)
    api.send_command("sample.BRING_UP")
    working = api.get_telemetry_pred("system.MODE", "WORKING")
    assert api.await_telemetry(working, start=0, timeout=30) is not None
    assert api.await_event("sample.READY", start=0, timeout=90) is not None
    completed = api.get_event_pred("cmdDisp.OpCodeCompleted", [api.translate_command_name("sample.BRING_UP")])
    assert api.await_event(completed, start=0, timeout=10) is not None
    api.assert_event_count(0, api.get_event_pred(severity=EventSeverity.FATAL))


def test_a_file_goes_up_and_comes_down_the_same(fprime_test_api: Any) -> None:
    api = fprime_test_api
    source = FILES / "up.bin"
    source.write_bytes(random.Random(4).randbytes(2500))
    assert api.uplink_file_and_await_completion(str(source), "up.bin", timeout=30)
    api.send_and_assert_command("files.SEND", ["up.bin"], timeout=30)
    down = FILES / "fprime-downlink" / "up.bin"
    assert until(lambda: down.exists() and down.read_bytes() == source.read_bytes())


def test_a_sequence_is_uplinked_and_runs(fprime_test_api: Any) -> None:
    api = fprime_test_api
    text = FILES / "two.seq"
    text.write_text("R00:00:00 system.NO_OP\nR00:00:01 gate.HALT\n")
    assert api.uplink_sequence_and_await_completion(str(text), "two.bin", timeout=30)
    ends = ["sequence.STARTED", "sequence.ENDED"]
    assert len(api.send_and_assert_event("sequence.RUN", ["two.bin"], ends, timeout=30)) == 2
