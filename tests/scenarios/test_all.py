"""Every scenario on every target that it names; and both targets leave the same trace."""

from __future__ import annotations

import pytest

from host_tools import scenarios
from host_tools.run.protocol import TARGETS

NAMES = [path.stem for path in scenarios.files()]


@pytest.mark.micropython
@pytest.mark.parametrize("name", NAMES)
def test_scenario(name: str) -> None:
    scenario = scenarios.find(name)
    traces = {}
    for target in TARGETS:
        verdict = scenarios.run_one(scenario, target)
        if verdict.state == scenarios.SKIPPED:
            continue
        assert verdict.state == scenarios.OK, f"{name} on {target}: {'; '.join(verdict.complaints)}"
        traces[target] = verdict.trace
    assert traces, f"{name} ran nowhere: its file names targets {scenario.targets}"
    assert len(set(traces.values())) == 1, f"{name}: the targets' traces differ: {traces}"
