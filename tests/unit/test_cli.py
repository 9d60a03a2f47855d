"""The `rochette` command: what it prints, what it refuses, what it returns. The runs are made-up ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from host_tools import cli, dictionary, paths
from host_tools.run import runner, targets
from tests.unit.sample_session import SampleSession

IDS = {event.full_name: event.id for event in dictionary.load().event_list}


@pytest.fixture
def sample(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Sessions are made-up ones; `change` is laid over their results."""
    told: dict[str, Any] = {"change": {}, "specs": []}

    def run_session(_target: str, spec: Any, sink: Any, _gate: Any) -> dict[str, Any]:
        told["specs"].append(dict(spec))
        return {**SampleSession(dict(spec), sink, IDS).run(), **told["change"]}

    monkeypatch.setattr(targets, "run_session", run_session)
    return told


RUN = ["run", "--rock", "basalt", "--seed", "7", "--release", "auto"]


def test_json_is_one_object_on_standard_output(
    sample: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status = cli.main([*RUN, "--tube", "9", "--depth", "12", "--json", "--out", str(tmp_path)])
    out, err = capsys.readouterr()
    assert status == 0
    assert len(out.splitlines()) == 1
    result = json.loads(out)
    assert (result["outcome"], result["rock"], result["seed"], result["tube"]) == ("SEALED", "basalt", 7, 9)
    assert Path(result["report"]).exists()
    assert "HOLD" in err
    assert sample["specs"][0]["depth_um"] == 12_000


def test_quiet_says_only_how_it_ended(
    sample: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*RUN, "--quiet", "--out", str(tmp_path)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("SEALED: core present")
    assert len(out.splitlines()) == 2
    assert err == ""


def test_the_result_is_told_in_words(
    sample: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample["change"] = {"outcome": 3, "reason": 2, "verdict": 2, "seal": 0}
    assert cli.main([*RUN, "--out", str(tmp_path)]) == 3
    out = capsys.readouterr().out
    assert "EMPTY: drilling ran without a fault, but no independent evidence shows a core" in out
    assert "report: " in out


@pytest.mark.parametrize(
    ("outcome", "status"), [(1, 0), (2, 0), (3, 3), (4, 4), (5, 3), (6, 4), (7, 4), (0, 4)]
)
def test_exit_status_of_each_outcome(
    outcome: int, status: int, sample: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample["change"] = {"outcome": outcome}
    assert cli.main([*RUN, "--quiet", "--out", str(tmp_path)]) == status


def test_a_refused_command_is_wrong_usage(
    sample: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sample["change"] = {"refused": "tube 7 holds a sample", "outcome": 0}
    assert cli.main([*RUN, "--quiet", "--out", str(tmp_path)]) == 2
    assert "tube 7 holds a sample" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["run", "--rock", "nosuchrock"], ["--rock", "nosuchrock", "basalt", "sandstone"]),
        (["run", "--tube", "9999"], ["--tube", "9999", "1 to 43"]),
        (["run", "--tube", "x"], ["--tube", "'x'"]),
        (["run", "--target", "toaster"], ["--target", "toaster", "cpython, micropython"]),
        (["run", "--seed", "x"], ["--seed", "'x'", "whole number"]),
        (["run", "--seed", "-1"], ["--seed", "-1"]),
        (["run", "--depth", "99"], ["--depth", "'99'", "76"]),
        (["run", "--release", "maybe"], ["--release", "maybe", "ask, auto, never"]),
        (["run", "--pace", "fast"], ["--pace", "fast", "max"]),
        (["run", "--board", "nosuch"], ["--board", "nosuch", "emulated"]),
        (["run", "--frob"], ["--frob"]),
        (["frob"], ["frob", "run", "rocks", "scenario"]),
        (["scenario"], ["list", "run"]),
        (["scenario", "run"], ["--all"]),
        (["scenario", "run", "x01-roubion", "--all"], ["--all"]),
        (["scenario", "run", "nosuch"], ["nosuch", "x01-roubion"]),
        (["scenario", "run", "/nowhere/a.toml"], ["/nowhere/a.toml", "no such file"]),
        (["scenario", "run", "--all", "--target", "toaster"], ["toaster", "micropython"]),
    ],
)
def test_wrong_usage_is_named(argv: list[str], words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(argv) == 2
    out, err = capsys.readouterr()
    assert out == ""
    for word in words:
        assert word in err
    assert "Traceback" not in err


def test_out_that_cannot_be_written(
    sample: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "afile").write_text("x")
    assert cli.main([*RUN, "--out", str(tmp_path / "afile")]) == 2
    assert "--out" in capsys.readouterr().err
    assert sample["specs"] == []


def test_rocks_are_listed_with_what_they_end_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rocks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) >= 9
    assert any(line.startswith("powdery") and "EMPTY" in line for line in lines)


def test_scenarios_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["scenario", "list"]) == 0
    out = capsys.readouterr().out
    for number in (1, 2, 3, 8, 9, 10, 12, 13, 14):
        assert f"X{number} " in out


def test_help_and_no_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    assert "scenario" in capsys.readouterr().out
    assert cli.main([]) == 2
    assert "usage: rochette" in capsys.readouterr().err


def test_an_error_of_its_own_shows_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("something inside")

    monkeypatch.setattr(runner, "run", broken)
    assert cli.main(RUN) == 4
    err = capsys.readouterr().err
    assert "something inside" in err
    assert cli.DEBUG in err
    monkeypatch.setenv(cli.DEBUG, "1")
    with pytest.raises(RuntimeError):
        cli.main(RUN)


def test_ctrl_c_outside_of_a_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def pressed(*_args: Any, **_kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runner, "run", pressed)
    assert cli.main(RUN) == 130
    assert "interrupted" in capsys.readouterr().err


def test_help_loads_nothing_heavy() -> None:
    """What makes help quick; a time would depend on the machine."""
    program = (
        "import sys; from host_tools import cli; status = cli.main(['run', '--help']); "
        "heavy = {'rich', 'PIL', 'host_tools.emulator', 'rochette', 'hashlib'} & set(sys.modules); "
        "print(sorted(heavy), file=sys.stderr); sys.exit(status)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=paths.ROOT, capture_output=True, text=True, timeout=60
    )
    assert ran.returncode == 0
    assert "--release" in ran.stdout
    assert ran.stderr.strip() == "[]"
