"""Bytes that the hot path allocates on the MicroPython VM, in each state of each mechanism.

vm_allocation.py runs whole cores with the heap locked around every tick of every mechanism; here they run
until they have ticked a million times between them. What the states are called stands in the dictionary.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Sequence
from typing import Any

from host_tools import dictionary, paths
from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.run import targets
from host_tools.run.runner import Asked, make_spec

TICKS = 1_000_000

ROCKS = ("sandstone", "layered", "too-hard")
"""A core that goes well, one that goes through many levels, one that is given up.

Most states between them.
"""

LINE = re.compile(r"^(\w+) state (\d+): (\d+) bytes in (\d+) ticks$", re.MULTILINE)


def measure(quick: bool) -> list[Figure]:
    """Run until the mechanisms have ticked TICKS times between them; gate and goal are no byte at all."""
    depth_mm = 3 if quick else 66
    specs = [make_spec(Asked(rock=rock, seed=1, release="auto", depth_mm=depth_mm)) for rock in ROCKS]
    return mechanism_figures(read_report(run_program(TICKS // 100 if quick else TICKS, specs)))


def mechanism_figures(report: Sequence[tuple[str, int, int, int]]) -> list[Figure]:
    """Give one figure a mechanism, saying how many of its states were seen; and name those that were not."""
    enums = dictionary.load().enums
    figures = []
    for mechanism in dict.fromkeys(row[0] for row in report):
        rows = [row for row in report if row[0] == mechanism]
        enum = next((enums[name] for name in enums if name.lower() == mechanism + "state"), None)
        seen = {state for _, state, _, _ in rows}
        known = {number: name for name, number, _ in enum.values} if enum else dict.fromkeys(seen, "")
        ticks = sum(row[3] for row in rows)
        what = f"allocated, {mechanism}: {ticks:,} ticks in {len(seen)} of {len(known)} states"
        missing = [name for number, name in known.items() if number not in seen]
        if missing:
            what += f" (not {', '.join(missing)})"
        figures.append(Figure(what, sum(row[2] for row in rows), "bytes", 0, 0, less_is_better=True))
    return figures


def read_report(text: str) -> list[tuple[str, int, int, int]]:
    """Read what the program prints: mechanism, state, bytes, ticks of each line."""
    return [(name, int(state), int(size), int(ticks)) for name, state, size, ticks in LINE.findall(text)]


def run_program(ticks: int, specs: Sequence[dict[str, Any]]) -> str:
    """Run the program on the VM and give what it printed.

    BenchmarkError when a tick allocated, or it failed.
    """
    script = paths.ROOT / "host_tools" / "benchmark" / "vm_allocation.py"
    ran = subprocess.run(
        [str(paths.find_micropython()), "-X", f"heapsize={targets.HEAP}", str(script)],
        cwd=paths.ROOT,
        env=dict(os.environ, MICROPYPATH=targets.vm_path("emulated")),
        input=json.dumps({"ticks": ticks, "specs": specs}) + "\n",
        capture_output=True,
        text=True,
    )
    if ran.returncode or not read_report(ran.stdout):
        said = (ran.stdout + ran.stderr)[-800:]
        raise BenchmarkError(f"the hot path with the heap locked ended with status {ran.returncode}: {said}")
    return ran.stdout
