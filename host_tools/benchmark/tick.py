"""What a tick costs on each target.

The executive alone, and the whole emulated payload in its dearest phases.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from host_tools import paths
from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import ROCK, SEED, BenchmarkError
from host_tools.run import targets
from host_tools.run.protocol import TARGETS
from host_tools.run.runner import Asked, make_spec
from host_tools.run.words import Words

STEPS = 50_000
DEAREST = 3
"""So many phases are shown, those whose ticks cost most of the run."""


def measure(quick: bool) -> list[Figure]:
    """Measure the executive's tick and the phases of a short core on each target."""
    spec = make_spec(Asked(rock=ROCK, seed=SEED, release="auto", depth_mm=3 if quick else 20))
    figures = []
    for target in TARGETS:
        answer = ask(target, STEPS // 50 if quick else STEPS, spec)
        what = f"tick of the executive, 32 empty entries, {target}"
        figures.append(Figure(what, answer["executive_ns"] / 1000, "us"))
        figures += phase_figures(answer["phases"], target, Words.load())
    return figures


def phase_figures(phases: Sequence[Sequence[int]], target: str, words: Words) -> list[Figure]:
    """Give the mean tick of all phases, and of the ones that took most of the time."""
    ticks, spent_us = sum(phase[1] for phase in phases), sum(phase[2] for phase in phases)
    figures = [Figure(f"tick of firmware and payload, mean, {target}", spent_us / max(ticks, 1), "us")]
    for phase, count, us in sorted(phases, key=lambda phase: -phase[2])[:DEAREST]:
        name = words.phase(phase) if phase >= 0 else "start"
        share = 100 * us // max(spent_us, 1)
        figures.append(Figure(f"  phase {name}, {share} % of the run, {target}", us / max(count, 1), "us"))
    return figures


def ask(target: str, steps: int, spec: dict[str, Any] | None) -> dict[str, Any]:
    """Run vm_tick.py on `target` and give its answer; BenchmarkError, with its words, when it has none."""
    script = paths.ROOT / "host_tools" / "benchmark" / "vm_tick.py"
    environment = dict(os.environ)
    if target == "micropython":
        command = [str(paths.find_micropython()), "-X", f"heapsize={targets.HEAP}", str(script)]
        environment["MICROPYPATH"] = targets.vm_path("emulated")
    else:
        command = [sys.executable, "-m", "host_tools.benchmark.vm_tick"]
    ran = subprocess.run(
        command,
        cwd=paths.ROOT,
        env=environment,
        input=json.dumps({"steps": steps, "spec": spec}) + "\n",
        capture_output=True,
        text=True,
    )
    try:
        answer: dict[str, Any] = json.loads(ran.stdout.strip().splitlines()[-1])
    except (ValueError, IndexError):
        raise BenchmarkError(f"the tick on {target} could not be measured: {ran.stderr[-500:]}") from None
    return answer
