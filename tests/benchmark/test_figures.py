"""What a figure says about its gate and goal, how the table reads, and how the MicroPython programs are
understood.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from host_tools import paths
from host_tools.benchmark import allocation, tick
from host_tools.benchmark.figures import Figure, shown, table
from host_tools.run import targets
from host_tools.run.protocol import TARGETS
from host_tools.run.runner import Asked, make_spec
from host_tools.run.words import Words


@pytest.mark.parametrize(
    ("value", "less", "verdict"),
    [
        (99, False, "GATE MISSED"),
        (100, False, "holds"),
        (999, False, "holds"),
        (1000, False, "goal reached"),
        (1001, True, "GATE MISSED"),
        (1000, True, "holds"),
        (100, True, "goal reached"),
    ],
)
def test_gate_and_goal(value: int, less: bool, verdict: str) -> None:
    gate, goal = (1000, 100) if less else (100, 1000)
    figure = Figure("speed", value, "x", gate, goal, less_is_better=less)
    assert figure.verdict() == verdict
    assert figure.missed == (verdict == "GATE MISSED")


def test_a_figure_without_a_gate_is_never_missed() -> None:
    figure = Figure("length", 0, "s")
    assert not figure.missed
    assert figure.verdict() == ""


@pytest.mark.parametrize(
    ("number", "text"),
    [(None, "-"), (0.0, "0"), (3.0, "3"), (1234567.0, "1,234,567"), (0.12345, "0.123"), (99.94, "99.9")],
)
def test_numbers_as_people_read_them(number: float | None, text: str) -> None:
    assert shown(number) == text


def test_the_table_is_markdown() -> None:
    lines = table([Figure("speed", 120, "x", 100, 1000), Figure("length", 2.5, "s")]).splitlines()
    assert lines[0].startswith("| what ")
    assert set(lines[1]) <= set("|-")
    assert lines[2].split("|")[1:7] == [" speed  ", "    120 ", " x    ", "  100 ", " 1,000 ", " holds "]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("target", TARGETS)
def test_the_executive_is_measured_on_each_target(target: str) -> None:
    answer = tick.ask(target, 200, None)
    assert answer["executive_ns"] > 0
    assert "phases" not in answer


def test_the_dearest_phases_come_first() -> None:
    phases = [[1, 1000, 5000], [2, 100, 9000], [3, 10, 1000], [4, 10, 10]]
    figures = tick.phase_figures(phases, "cpython", Words.load())
    assert [round(figure.value, 1) for figure in figures] == [13.4, 90.0, 5.0, 100.0]
    assert "59 % of the run" in figures[1].what


def test_a_report_of_bytes_is_understood() -> None:
    text = "feed state 0: 0 bytes in 1000 ticks\nnot this\nfeed state 8: 16 bytes in 30 ticks\n"
    report = allocation.read_report(text)
    assert report == [("feed", 0, 0, 1000), ("feed", 8, 16, 30)]
    (figure,) = allocation.mechanism_figures(report)
    assert figure.value == 16
    assert figure.missed
    assert "1,030 ticks in 2 of " in figure.what
    assert "RETRACTING" in figure.what
    assert "HOLDING" not in figure.what


@pytest.mark.micropython
def test_no_mechanism_allocates_in_a_core_with_the_heap_locked() -> None:
    spec = make_spec(Asked(rock="sandstone", seed=1, release="auto", depth_mm=2))
    figures = allocation.mechanism_figures(allocation.read_report(allocation.run_program(1000, [spec])))
    assert len(figures) == 12
    assert not [figure.what for figure in figures if figure.value]


ALLOCATES = """
import sys
import vm_allocation


class Part:
    state = 3

    def tick(self):
        return [1, 2, 3]


try:
    vm_allocation.Watch("part").wrap(Part.tick)(Part())
except vm_allocation.Allocated as found:
    print("caught", found.args)
"""


@pytest.mark.micropython
def test_a_tick_that_allocates_is_caught(tmp_path: Path) -> None:
    program = tmp_path / "allocates.py"
    program.write_text(ALLOCATES)
    folder = paths.ROOT / "host_tools" / "benchmark"
    ran = subprocess.run(
        [str(paths.find_micropython()), "-X", f"heapsize={targets.HEAP}", str(program)],
        env=dict(os.environ, MICROPYPATH=f"{folder}:{targets.vm_path('emulated')}"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert "caught ('part', 3)" in ran.stdout
