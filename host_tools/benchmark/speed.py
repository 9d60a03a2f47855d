"""Emulated seconds a wall second: one whole core through the `rochette` command, as a person would run it."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from typing import Any

from host_tools import paths
from host_tools.benchmark.figures import Figure

ROCK = "basalt"
SEED = 11

# Gate and goal of each target: emulated seconds a wall second, on one core.
BOUNDS = {"cpython": (100.0, 1000.0), "micropython": (50.0, 300.0)}


class BenchmarkError(Exception):
    """A benchmark could not be measured; the text says what the measured program said."""


def measure(quick: bool) -> list[Figure]:
    """Run the same core on each target. The wall time is the run's own.

    Without start-up, without the report.
    """
    figures = []
    for target, (gate, goal) in BOUNDS.items():
        result = run_core(target, 20 if quick else 66)
        speed = result["emulated_s"] / max(result["wall_s"], 1e-9)
        what = f"{ROCK} core of {result['depth_um'] / 1000:.0f} mm, {target}"
        figures.append(Figure(what, speed, "emulated s / s", gate, goal))
        figures.append(Figure(f"  its length, {target}", result["emulated_s"], "emulated s"))
    return figures


def run_core(target: str, depth_mm: int) -> dict[str, Any]:
    """Run one core of `depth_mm` on `target` in a process of its own and give its result."""
    with tempfile.TemporaryDirectory() as out:
        command = [
            sys.executable, "-m", "host_tools.cli", "run", "--rock", ROCK, "--seed", str(SEED),
            "--depth", str(depth_mm), "--release", "auto",
            "--target", target, "--json", "--quiet", "--out", out,
        ]  # fmt: skip
        ran = subprocess.run(
            command, cwd=paths.ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    try:
        result: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        said = ran.stderr[-500:]
        raise BenchmarkError(
            f"the run on {target} gave no result (status {ran.returncode}): {said}"
        ) from None
    if result["outcome"] != "SEALED":
        ended = f"{result['outcome']} ({result['reason']})"
        raise BenchmarkError(f"rochette run on {target} ended {ended}: no whole core to measure")
    return result
