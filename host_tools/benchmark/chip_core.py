"""A short core on the emulated chip: what a control tick takes in each phase, the heap, what came late."""

from __future__ import annotations

from typing import Any

from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.run import runner
from host_tools.run.protocol import CHIP
from host_tools.run.words import Words

ROCK = "sandstone"
SEED = 3
DEPTH_MM = 3


def measure(quick: bool) -> list[Figure]:
    """Worst control tick of all (P3) and of each phase, heap (P8), slips."""
    asked = runner.Asked(
        rock=ROCK, seed=SEED, release="auto", depth_mm=1 if quick else DEPTH_MM, target=CHIP
    )
    result = runner.run(asked).result
    if result["outcome"] != "SEALED":
        raise BenchmarkError(f"a core on the chip ended {result['outcome']}: {result['reason_text']}")
    return figures_of(result, Words.load())


def figures_of(result: dict[str, Any], words: Words) -> list[Figure]:
    """The figures in a run's result."""
    chip = result["chip"]
    ticks = {int(phase): tick for phase, tick in chip["tick_us"].items()}
    worst = max(tick["worst"] for tick in ticks.values())
    figures = [
        Figure("control tick, worst of a whole core (P3)", worst / 1000, "ms", 5, 2, less_is_better=True),
        Figure("heap free after start, everything built (P8)", chip["heap_free"] / 1024, "KB", 100, 150),
        Figure("ticks that ended late", result["slips"], f"of {result['emulated_s'] * 100:.0f}"),
    ]
    for phase, tick in sorted(ticks.items()):
        name = words.phase(phase)
        figures.append(Figure(f"  tick in phase {name}, worst", tick["worst"] / 1000, "ms"))
        figures.append(Figure(f"  tick in phase {name}, mean", tick["mean"] / 1000, "ms"))
    return figures
