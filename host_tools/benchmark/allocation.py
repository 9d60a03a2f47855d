"""Bytes that the hot path allocates on the MicroPython VM, for each mechanism in each of its states.

The programs are the tests' own, tests/unit/mp_no_alloc_*.py: they take a number of ticks, hold each mechanism
in each state that long, and print one line a state, `NAME: N bytes in M ticks`. Here they run for a million
ticks.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from host_tools import paths
from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.run import targets

TICKS = 1_000_000
PROGRAMS = "mp_no_alloc_*.py"

LINE = re.compile(r"^(.+?): (-?\d+) bytes in (\d+) ticks$", re.MULTILINE)


def measure(quick: bool) -> list[Figure]:
    """Run every program for TICKS ticks a state; gate and goal are none, not even a byte."""
    ticks = TICKS // 100 if quick else TICKS
    figures = []
    for program in sorted((paths.ROOT / "tests" / "unit").glob(PROGRAMS)):
        for name, allocated, counted in read_report(run_program(program, ticks)):
            what = f"allocated in {counted:,} ticks, {name}"
            figures.append(Figure(what, allocated, "bytes", 0, 0, less_is_better=True))
    if not figures:
        raise BenchmarkError(f"no program tests/unit/{PROGRAMS} said what it allocates")
    return figures


def read_report(text: str) -> list[tuple[str, int, int]]:
    """Read what such a program prints: name, bytes, ticks of each line."""
    return [(name, int(allocated), int(ticks)) for name, allocated, ticks in LINE.findall(text)]


def run_program(program: Path, ticks: int) -> str:
    """Run one program on the VM and give what it printed.

    BenchmarkError when it failed or said nothing of use.
    """
    ran = subprocess.run(
        [str(paths.find_micropython()), "-X", f"heapsize={targets.HEAP}", str(program), str(ticks)],
        cwd=paths.ROOT,
        env=dict(os.environ, MICROPYPATH=targets.vm_path("emulated")),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    if ran.returncode or not read_report(ran.stdout):
        said = (ran.stdout + ran.stderr)[-500:]
        raise BenchmarkError(f"{program.name} ended with status {ran.returncode}: {said}")
    return ran.stdout
