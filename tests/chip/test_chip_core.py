"""A short core on the chip: the same story as on CPython, and the same trace every time. Minutes: `make
test-chip`.
"""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.chip import uf2
from host_tools.run import runner

# Events that tell of the machine and not of the work, and one whose number depends on when a level is
# looked at.
_OWN = ("SYSTEM_TICK_SLIPPED", "CORER_LEVEL_CHANGED")

pytestmark = pytest.mark.chip


def _run(target: str) -> runner.Done:
    return runner.run(runner.Asked(rock="sandstone", seed=3, depth_mm=3, release="auto", target=target))


def _story(done: runner.Done) -> list[Any]:
    return [event["name"] for event in done.events if event["name"] not in _OWN]


def test_a_core_is_sealed_as_on_cpython_and_the_same_twice(stock: uf2.Image) -> None:
    first = _run("chip")
    assert first.result["outcome"] == "SEALED", first.result["reason_text"]
    assert _story(first) == _story(_run("cpython"))
    second = _run("chip")
    assert first.result["trace_sha256"] == second.result["trace_sha256"] != ""
    assert first.result["chip"]["heap_free"] >= 100_000
