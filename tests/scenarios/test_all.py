"""Every scenario on every target that it names; and both targets leave the same trace."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from host_tools import scenarios
from host_tools.run.protocol import TARGETS

NAMES = [path.stem for path in scenarios.files()]
ROCKS = [name for name in NAMES if name.startswith("rock-")]
"""On one target here: test_same_trace.py and the golden runs take every rock to both."""


@pytest.mark.micropython
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ROCKS])
def test_scenario(name: str) -> None:
    check(name, TARGETS)


@pytest.mark.parametrize("name", ROCKS)
def test_rock(name: str) -> None:
    check(name, TARGETS[:1])


@pytest.mark.soak
@pytest.mark.micropython
@pytest.mark.parametrize("name", ROCKS)
def test_rock_on_both(name: str) -> None:
    check(name, TARGETS)


def check(name: str, targets: Sequence[str]) -> None:
    scenario = scenarios.find(name)
    traces = {}
    for target in targets:
        verdict = scenarios.run_one(scenario, target)
        if verdict.state == scenarios.SKIPPED:
            continue
        assert verdict.state == scenarios.OK, f"{name} on {target}: {'; '.join(verdict.complaints)}"
        traces[target] = verdict.trace
    assert traces, f"{name} ran nowhere: its file names targets {scenario.targets}"
    assert len(set(traces.values())) == 1, f"{name}: the targets' traces differ: {traces}"
