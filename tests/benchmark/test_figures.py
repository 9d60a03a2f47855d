"""What a figure says about its gate and goal, how the table reads, and how the MicroPython programs are
understood.
"""

from __future__ import annotations

import pytest

from host_tools.benchmark import allocation, tick
from host_tools.benchmark.figures import Figure, shown, table
from host_tools.run.protocol import TARGETS
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
    text = "Feed HOLDING: 0 bytes in 1000 ticks\nnot this\nCorer CORING: 16 bytes in 1000 ticks\n"
    assert allocation.read_report(text) == [("Feed HOLDING", 0, 1000), ("Corer CORING", 16, 1000)]
