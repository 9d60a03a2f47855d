"""Same rock, same seed.

The same trace on CPython and on MicroPython, byte for byte, over many seeds and every rock.
"""

from __future__ import annotations

from typing import Any

import pytest

from host_tools import rocks
from host_tools.run.runner import Asked, run

SEEDS = 20
SEEDS_SOAK = 1000
DEPTH_MM = 1
"""Shallow: the whole procedure runs, and twenty of them fit into a test run."""


def play(seed: int, target: str) -> dict[str, Any]:
    """Run one shallow core; the seed chooses the rock too, so that every rock has its turn."""
    names = list(rocks.names())
    asked = Asked(rock=names[seed % len(names)], seed=seed, depth_mm=DEPTH_MM, release="auto", target=target)
    return run(asked).result


def assert_same(seed: int) -> None:
    """Hold the traces of both targets against each other."""
    here, there = play(seed, "cpython"), play(seed, "micropython")
    assert here["reason"] != "TARGET_FAILED", here["reason_text"]
    assert there["reason"] != "TARGET_FAILED", there["reason_text"]
    assert len(here["trace_sha256"]) == 64
    differing = [key for key in here if key not in ("target", "wall_s") and here[key] != there.get(key)]
    shown = [(key, here[key], there.get(key)) for key in differing]
    assert not differing, f"seed {seed}, {here['rock']}: {shown}"


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_the_same_trace_on_both_targets(seed: int) -> None:
    assert_same(seed)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(SEEDS + 1, SEEDS_SOAK + 1))
def test_the_same_trace_on_both_targets_for_a_thousand_seeds(seed: int) -> None:
    assert_same(seed)


def test_the_same_trace_twice_and_another_for_another_seed() -> None:
    first = play(SEEDS, "cpython")
    assert play(SEEDS, "cpython")["trace_sha256"] == first["trace_sha256"]
    other = run(Asked(rock=first["rock"], seed=SEEDS + 1, depth_mm=DEPTH_MM, release="auto")).result
    assert other["trace_sha256"] != first["trace_sha256"]
