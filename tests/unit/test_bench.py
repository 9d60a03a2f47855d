"""The bench's own machinery, without a board: fixtures, skips in words, time-outs, a dead board, known
failures.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from host_tools.bench import fixture, plugin, report, stimulus, traces
from host_tools.bench.calibration import Calibration
from host_tools.bench.rig import DeadBoard, Rig
from host_tools.bench.traces import Heard, Trace
from host_tools.deploy import raw
from host_tools.deploy.errors import DeployError
from host_tools.run.errors import UsageError

STEPS = """
import time
import pytest
from host_tools.bench.plugin import BENCH
from host_tools.bench.rig import DeadBoard

def test_fine(record_property):
    record_property("doc", "It is fine.")
    record_property("volts", 12)

@pytest.mark.needs("spindle", "rail")
def test_not_wired():
    raise AssertionError("it was run")

@pytest.mark.limit_s(1)
def test_slow():
    time.sleep(20)

def test_known():
    assert False, "as ever"

def test_dies():
    raise DeadBoard("it smokes")

def test_never_reached():
    raise AssertionError("it was run")
"""


def bench_of(tmp_path: Path, wired: tuple[str, ...] = ("i2c",)) -> plugin.Bench:
    one = fixture.Fixture("some", "Some parts.", ("the USB",), frozenset(wired))
    expected = [{"board": "pico", "step": "test_known", "reason": "no shunt yet", "date": "2026-11-25"}]
    rig = Rig("socket://127.0.0.1:1", "pico", None, None)
    return plugin.Bench(rig, one, Calibration("pico"), tmp_path, expected=expected)


def run(tmp_path: Path) -> tuple[plugin.Bench, list[str]]:
    (tmp_path / "test_steps.py").write_text(STEPS)
    (tmp_path / "bench.ini").write_text("[pytest]\nxfail_strict = true\n")
    bench = bench_of(tmp_path)
    said: list[str] = []
    arguments = [str(tmp_path), "-c", str(tmp_path / "bench.ini"), "--rootdir", str(tmp_path)]
    arguments += ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "no:xdist", "--import-mode=importlib"]
    pytest.main(arguments, plugins=[plugin.Plugin(bench, said.append)])
    return bench, said


def test_a_session_skips_times_out_expects_and_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bench, said = run(tmp_path)
    outcomes = {step.name: step.outcome for step in bench.steps}
    assert outcomes == {
        "test_fine": "passed",
        "test_not_wired": "skipped",
        "test_slow": "failed",
        "test_known": "known",
        "test_dies": "failed",
    }
    text = {step.name: step.text for step in bench.steps}
    assert text["test_not_wired"].endswith(
        "spindle motor, bridge and encoder, the switched actuator rail, with its supply"
    )
    assert "not done after 1 s" in text["test_slow"]
    assert text["test_known"] == "no shunt yet (since 2026-11-25)"
    assert bench.dead == "it smokes"
    assert said[0].startswith("ok       test_fine  volts 12")
    bench.traces.append(
        Trace(
            "bring_up",
            Heard({"feed.POSITION": [(0.0, 1.0), (1.0, 5.0)]}, ["a"], "OK"),
            Heard({}, ["b"], "OK"),
        )
    )
    page = report.write_page(bench).read_text(encoding="utf-8")
    for words in (
        "not wired:",
        "Connect: the USB",
        "it smokes",
        "<polyline",
        "Events only here: a",
        "no shunt yet",
    ):
        assert words in page
    assert json.loads((tmp_path / "bench.json").read_text())["steps"][0]["measured"] == {"volts": 12}


@pytest.mark.parametrize("name", ["bare", "full", "sensors"])
def test_fixtures_say_what_to_connect(name: str) -> None:
    one = fixture.load(name)
    assert one.connect and one.doc and one.wired <= set(fixture.CAPABILITIES)
    assert name != "full" or len(one.connect) == 11
    assert not [line for line in one.connect if "Connect" in line], "the word stands before each line already"


def test_bad_fixtures_are_refused_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "rochette.toml").touch()
    (tmp_path / "fixtures").mkdir()
    monkeypatch.chdir(tmp_path)
    for text, says in (
        ("wired = ['warp']", "warp"),
        ("wire = []", "wire is not a key"),
        ("wired = [", "not TOML"),
    ):
        (tmp_path / "fixtures" / "mine.toml").write_text(text)
        with pytest.raises(UsageError, match=says):
            fixture.load("mine")
    with pytest.raises(UsageError, match="Allowed: bare, full, mine, sensors"):
        fixture.load("theirs")


def test_calibration_is_kept_and_drift_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = Calibration("pico")
    first.put("tilt.z", 1000, "mg")
    assert first.drift("tilt.z") is None
    first.keep()
    second = Calibration("pico")
    second.put("tilt.z", 990, "mg")
    assert second.drift("tilt.z") == -10
    first.file.write_text("{")
    with pytest.raises(UsageError, match="is no calibration"):
        Calibration("pico")


def test_a_known_failure_has_reason_and_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rochette.toml").touch()
    (tmp_path / "expected.toml").write_text('[[expected]]\nboard = "pico"\nstep = "test_x"\nreason = "r"\n')
    with pytest.raises(UsageError, match="date is missing"):
        plugin.expected_failures("pico")


class Told:
    """A board that tells seconds of its own."""

    own_s = 0


def test_a_step_has_the_boards_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = 0.0
    monkeypatch.setattr(plugin.time, "monotonic", lambda: ours)
    board = Told()
    limit = plugin.Limit(board, 10)  # type: ignore[arg-type]
    for _ in range(10):
        # Eight of ours for one of its own: an emulated board on a busy machine.
        ours += 8.0
        board.own_s += 1
        limit.look(0, None)
    board.own_s += 1
    with pytest.raises(plugin.StepTimeout, match="not done after 10 s of the board's own time"):
        limit.look(0, None)
    board = Told()
    limit = plugin.Limit(board, 10)  # type: ignore[arg-type]
    ours += 9.9
    limit.look(0, None)
    ours += 0.1
    with pytest.raises(plugin.StepTimeout, match="10 s in which the board told nothing"):
        limit.look(0, None)


def test_beats_of_a_step_are_counted_and_left_out() -> None:
    def exec_raw(code: str, timeout: float, data_consumer: Any) -> tuple[bytes, bytes]:
        for one in b"\x05\x05[1, \x052]\r\n\x04":
            data_consumer(bytes((one,)))
        return b"", code.encode()

    board = raw.Raw.__new__(raw.Raw)
    board._transport = SimpleNamespace(exec_raw=exec_raw)  # type: ignore[assignment]
    beats: list[int] = []
    assert board.ask("", beat=lambda: beats.append(1)) == "[1, 2]"
    assert len(beats) == 3
    with pytest.raises(DeployError, match="in the middle of a step: OSError: 5"):
        board.ask("OSError: 5")


class Unplugged:
    """A prompt whose line goes away in the middle of a step."""

    closed = 0

    def ask(self, *_: Any, **__: Any) -> str:
        raise raw.LineGone("the board stopped answering in the middle of a step (gone)")

    def reset(self) -> None:
        raise raw.LineGone("the board stopped answering while it was reset (gone)")

    def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize(
    ("command", "kind", "words"),
    [
        (None, DeadBoard, "With --power-cycle COMMAND the bench can switch its supply"),
        ("echo no relay >&2; exit 3", DeadBoard, "--power-cycle ended with status 3: no relay"),
        ("touch cycled", DeployError, "after a power cycle it is back. This step was not repeated"),
    ],
)
def test_a_board_that_goes_away_is_power_cycled_where_that_is_possible(
    command: str | None, kind: type[Exception], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    rig, prompt = Rig("socket://127.0.0.1:1", "pico", None, command), Unplugged()
    rig._raw = prompt  # type: ignore[assignment]
    rig._reset = True
    asked: list[bool] = []
    monkeypatch.setattr(rig, "_connect", lambda: asked.append(True))
    with pytest.raises(kind, match=words):
        rig.run("return 1")
    assert prompt.closed == 1, "the port is let go"
    assert (tmp_path / "cycled").exists() == (kind is DeployError) == bool(asked)


def all_steps() -> Any:
    return sorted(Path(fixture.paths.ROOT, "tests", "bench").glob("test_*.py"))


def test_the_steps_come_in_the_order_of_bring_up() -> None:
    names = [file.stem for file in all_steps()]
    assert names == [
        "test_1_alive",
        "test_2_parts",
        "test_2_stimulus",
        "test_3_motion",
        "test_4_calibration",
        "test_5_scenarios",
    ]


def test_a_stimulus_board_is_wired_when_it_is_given() -> None:
    bare = fixture.load("bare")
    assert bare.missing(("stimulus",)) == ["a stimulus board on the payload's pins (--stimulus PORT)"]
    assert bare.with_stimulus().missing(("stimulus",)) == []
    for name in fixture.names():
        assert "stimulus" not in fixture.load(name).wired


def test_the_report_has_what_a_stimulus_board_heard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    bench = bench_of(tmp_path)
    assert report.as_data(bench)["stimulus"] is None
    player = stimulus.Stimulus.__new__(stimulus.Stimulus)
    player.name = "socket://127.0.0.1:2"
    player.heard = {"count feed": "count feed high 7 low 0 shortest_ns 2504"}
    bench.stimulus = player
    page = report.write_page(bench)
    assert "A stimulus board on socket://127.0.0.1:2 played and measured." in page.read_text(encoding="utf-8")
    found = json.loads((tmp_path / "bench.json").read_text())["stimulus"]
    assert found == {"port": player.name, "heard": player.heard}


class Teller:
    """A payload that only tells."""

    def __init__(self) -> None:
        self.told: Any = None
        self.sampled: Any = None

    def on_told(self, call: Any) -> None:
        self.told = call

    def on_sampled(self, call: Any) -> None:
        self.sampled = call


def sampled(ms: int, value: int) -> Any:
    return SimpleNamespace(name="feed.POSITION", time=SimpleNamespace(ms=ms), value=value)


def test_a_scenario_is_heard_until_its_end_and_no_longer() -> None:
    payload, heard = Teller(), Heard()
    with traces.hearing(payload, heard):  # type: ignore[arg-type]
        payload.sampled([sampled(5000, 7), sampled(8500, 8)])
        payload.told(SimpleNamespace(name="power.ACTUATORS_ON", time=SimpleNamespace(ms=9000)))
        payload.sampled([sampled(9500, 9)])
    payload.told(SimpleNamespace(name="sample.READY"))
    payload.sampled([sampled(9600, 10)])
    assert heard.events == ["power.ACTUATORS_ON"]
    # Both payloads' series begin where their actuators came on, and what is old is left out.
    assert heard.series == {"feed.POSITION": [(-0.5, 8.0), (0.5, 9.0)]}


def test_a_scenario_without_actuators_is_counted_from_its_first_value() -> None:
    payload, heard = Teller(), Heard()
    with traces.hearing(payload, heard):  # type: ignore[arg-type]
        payload.sampled([sampled(5000, 7), sampled(5250, 8)])
    assert heard.series == {"feed.POSITION": [(0.0, 7.0), (0.25, 8.0)]}
