"""Every scenario on every target that it names; and both targets leave the same trace."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pytest

from host_tools import golden, scenarios
from host_tools.run.protocol import TARGETS

NAMES = [path.stem for path in scenarios.files()]
LONG = r"x(02|03|05|05c|06|07|09|11|21)-"
ON_ONE = [name for name in NAMES if re.match(r"rock-|x\d+b-|" + LONG, name)]
"""On one target here, on both in the long tests: the rocks, which test_same_trace.py takes to both, second
variants of a fault whose first one runs on both, and the longest runs, whose causes are rock and light."""
GOLDEN = [f"rock-{name}" for name in golden.names()]
"""Rocks whose recorded run is held against byte for byte (tests/golden)."""


@pytest.mark.micropython
@pytest.mark.parametrize("name", [name for name in NAMES if name not in ON_ONE])
def test_scenario(name: str) -> None:
    check(name, TARGETS)


@pytest.mark.parametrize("name", [name for name in ON_ONE if name not in GOLDEN])
def test_on_one_target(name: str) -> None:
    check(name, TARGETS[:1])


@pytest.mark.soak
@pytest.mark.micropython
@pytest.mark.parametrize("name", ON_ONE)
def test_on_both_targets(name: str) -> None:
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
