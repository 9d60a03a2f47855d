"""What pytest has to know of a bench: who is on it, what is wired, how long a step may take, what is known to
fail.
"""

from __future__ import annotations

import signal
import time
import tomllib
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from host_tools import paths
from host_tools.bench.calibration import Calibration
from host_tools.bench.fixture import Fixture
from host_tools.bench.rig import DeadBoard, Rig
from host_tools.bench.stimulus import Stimulus
from host_tools.bench.traces import Trace
from host_tools.run.errors import UsageError

STEP_S = 600
LOOK_S = 0.5
EXPECTED_KEYS = ("board", "step", "reason", "date")


class StepTimeout(Exception):
    """A step took longer than it may."""


class Limit:
    """How long a step may take: so many seconds of the board's own, which are as many of ours on a real one;
    an emulated one has them however busy the machine is. A board that tells none of its own for as many of
    ours is given up, too.
    """

    def __init__(self, rig: Rig, seconds: int) -> None:
        self._rig = rig
        self._seconds = seconds
        self._began = self._told = rig.own_s
        self._told_at = time.monotonic()

    def look(self, _number: int, _frame: FrameType | None) -> None:
        """Called now and then. Raises StepTimeout when it is over."""
        own, now = self._rig.own_s, time.monotonic()
        if own != self._told:
            self._told, self._told_at = own, now
        if own - self._began > self._seconds:
            raise StepTimeout(f"not done after {self._seconds} s of the board's own time")
        if now - self._told_at >= self._seconds:
            raise StepTimeout(f"not done after {self._seconds} s in which the board told nothing")


@dataclass
class Step:
    """What became of one step."""

    name: str
    doc: str
    outcome: str = ""
    text: str = ""
    seconds: float = 0.0
    measured: dict[str, Any] = field(default_factory=dict)


@dataclass
class Bench:
    """Everything that a session is about; the plugin fills it, the report reads it."""

    rig: Rig
    fixture: Fixture
    calibration: Calibration
    out: Path
    steps: list[Step] = field(default_factory=list)
    traces: list[Trace] = field(default_factory=list)
    expected: list[dict[str, str]] = field(default_factory=list)
    dead: str = ""
    stimulus: Stimulus | None = None


def expected_failures(board: str) -> list[dict[str, str]]:
    """Failures that are known for a board, with reason and date. Raises UsageError for a bad entry."""
    found = []
    own = paths.team_folder("expected.toml")
    for file in (own, paths.ROOT / "tests" / "bench" / "expected.toml"):
        if file is None or not file.is_file():
            continue
        for entry in tomllib.loads(file.read_text(encoding="utf-8")).get("expected", []):
            for key in EXPECTED_KEYS:
                if not str(entry.get(key, "")).strip():
                    raise UsageError(
                        f"{file}: an expected failure has to have {', '.join(EXPECTED_KEYS)}; {key} is "
                        "missing"
                    )
            if entry["board"] == board:
                found.append({key: str(entry[key]) for key in EXPECTED_KEYS})
    return found


class Plugin:
    """Registered with pytest by the command; the steps' conftest asks it."""

    def __init__(self, bench: Bench, say: Any) -> None:
        self.bench = bench
        self._say = say
        self._step = Step("", "")

    # What is run

    def pytest_configure(self, config: pytest.Config) -> None:
        """Known to the conftest by this, and to pytest by their names."""
        config.stash[BENCH] = self.bench
        config.addinivalue_line("markers", "needs(*capabilities): skipped where they are not wired")
        config.addinivalue_line(
            "markers", f"limit_s(seconds): how long it may take, in the board's time ({STEP_S})"
        )

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Skip what is not wired, expect what is known to fail."""
        for item in items:
            needed = tuple(one for mark in item.iter_markers("needs") for one in mark.args)
            missing = self.bench.fixture.missing(needed)
            if missing:
                item.add_marker(pytest.mark.skip(reason=f"not wired: {', '.join(missing)}"))
            for entry in self.bench.expected:
                if entry["step"] == item.name:
                    why = f"{entry['reason']} (since {entry['date']})"
                    item.add_marker(pytest.mark.xfail(reason=why, strict=True))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, object, object]:
        """A step has its time."""
        mark = item.get_closest_marker("limit_s")
        limit = Limit(self.bench.rig, int(mark.args[0]) if mark else STEP_S)
        before = signal.signal(signal.SIGALRM, limit.look)
        signal.setitimer(signal.ITIMER_REAL, LOOK_S, LOOK_S)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)

    # What came out

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Collect steps for the report."""
        if report.when == "setup" and not report.skipped and not report.failed:
            return
        if report.when == "teardown" and report.passed:
            return
        step = Step(report.nodeid.split("::")[-1], str(dict(report.user_properties).get("doc", "")))
        step.seconds = report.duration
        step.measured = {k: v for k, v in report.user_properties if k != "doc"}
        step.outcome = report.outcome
        if hasattr(report, "wasxfail"):
            step.outcome, step.text = ("known", report.wasxfail)
        elif report.skipped and isinstance(report.longrepr, tuple):
            step.text = str(report.longrepr[2]).removeprefix("Skipped: ")
        elif report.failed:
            step.text = _last(report)
        self.bench.steps.append(step)
        mark = {"passed": "ok", "failed": "FAILED", "skipped": "skipped", "known": "known to fail"}[
            step.outcome
        ]
        shown = "".join(f"  {key} {value}" for key, value in step.measured.items())
        self._say(
            f"{mark:<8} {step.name}{shown}{'  ' + step.text if step.text else ''}  {step.seconds:.1f} s"
        )

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A dead board ends the session: the rest would only wait."""
        report = yield
        if call.excinfo is not None and call.excinfo.errisinstance(DeadBoard):
            self.bench.dead = str(call.excinfo.value)
            item.session.shouldstop = f"the board is dead: {self.bench.dead}"
        return report


BENCH = pytest.StashKey[Bench]()


def _last(report: pytest.TestReport) -> str:
    text = str(report.longrepr).strip().splitlines()
    errors = [line[1:].strip() for line in text if line.startswith("E ")]
    return errors[0] if errors else (text[-1] if text else "failed")


def now() -> str:
    """A name for a folder."""
    return time.strftime("%Y%m%dT%H%M%S")
