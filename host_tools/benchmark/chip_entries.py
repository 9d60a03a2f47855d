"""Where the time of a control tick goes on the emulated chip: by rate group, and by entry of the executive.

The run of chip_core again, with the time of every entry taken. That costs some 15 us an entry, which is in
the figures (`empty_us` of host_tools/chip/profile.py): their sums are above the ticks measured without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from host_tools.benchmark.chip_core import DEPTH_MM, ROCK, SEED
from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.chip import profile

RATES_HZ = (100, 20, 5, 1)


def measure(quick: bool) -> list[Figure]:
    """Each rate group, and each entry: a mechanism, a service, a driver that is polled."""
    result = profile.run(ROCK, SEED, 1 if quick else DEPTH_MM)
    if result["outcome"] != "SEALED":
        raise BenchmarkError(f"a profiled core ended {result['outcome']}: {result['reason_text']}")
    return figures_of(result["chip"]["entries"])


def figures_of(entries: Mapping[str, Any]) -> list[Figure]:
    """The figures in what profile.read() gives."""
    spent: dict[str, int] = {}
    ran: dict[str, int] = {}
    worst: dict[str, int] = {}
    ticks = 0
    for phase in entries["phases"].values():
        ticks += max(one["ran"] for one in phase.values())
        for name, one in phase.items():
            spent[name] = spent.get(name, 0) + one["mean"] * one["ran"]
            ran[name] = ran.get(name, 0) + one["ran"]
            worst[name] = max(worst.get(name, 0), one["worst"])
    rate = {name: _rate_hz(100 * ran[name] / ticks) for name in spent}
    figures = [Figure("taking an entry's time costs, in each figure below", entries["empty_us"], "us")]
    for hz in RATES_HZ:
        members = [name for name in spent if rate[name] == hz]
        if members:
            mean = sum(spent[name] / max(1, ran[name]) for name in members)
            figures.append(Figure(f"rate group {hz} Hz, all {len(members)} entries, mean", mean, "us"))
    for name in sorted(spent, key=lambda one: -spent[one]):
        figures.append(Figure(f"  {name}, {rate[name]} Hz, mean", spent[name] / max(1, ran[name]), "us"))
        figures.append(Figure(f"  {name}, {rate[name]} Hz, worst", worst[name], "us"))
    return figures


def _rate_hz(seen: float) -> int:
    """The rate of the executive that is nearest, by ratio."""
    return min(RATES_HZ, key=lambda hz: max(hz / seen, seen / hz) if seen else hz)
