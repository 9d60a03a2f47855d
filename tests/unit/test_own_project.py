"""A team's own repository, with the wheel as a dependency and nothing of the clone within reach."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from host_tools import paths


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked as pip would."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
    ]
    done = subprocess.run(
        [*command, str(folder), str(paths.ROOT)], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("rochette-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture
def project(tmp_path: Path, installed: Path) -> Path:
    (tmp_path / "rochette.toml").touch()
    rock = (installed / "host_tools" / "rocks" / "mudstone.toml").read_text(encoding="utf-8")
    (tmp_path / "rocks").mkdir()
    (tmp_path / "rocks" / "quarry.toml").write_text(
        rock.replace('"mudstone"', '"quarry"', 1), encoding="utf-8"
    )
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios" / "short.toml").write_text(
        'doc = "A short core from our quarry."\nrock = "quarry"\nseed = 1\ndepth_mm = 3\n'
        '[expect]\noutcome = "SEALED"\nreason = "CORE_PRESENT_SEALED"\n',
        encoding="utf-8",
    )
    return tmp_path


def from_the_wheel(installed: Path, folder: Path, code: str, *more: str) -> subprocess.CompletedProcess[str]:
    """A Python that finds the wheel and not the clone, working in the team's folder."""
    start = (
        f"import sys; here = {str(installed)!r}; "
        f"sys.path[:] = [here, *(p for p in sys.path if p != {str(paths.ROOT)!r})]; "
        f"from host_tools import paths; assert str(paths.ROOT).startswith(here), paths.ROOT; {code}"
    )
    env = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "MICROPYPATH")}
    command = [sys.executable, "-c", start, *more]
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300)


def rochette(installed: Path, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command of the wheel."""
    return from_the_wheel(
        installed, folder, "from host_tools import cli; sys.exit(cli.main(sys.argv[1:]))", *arguments
    )


def boots(installed: Path, folder: Path) -> dict[str, Any]:
    """The wheel's firmware on the MicroPython VM, with the team's board and rock."""
    asked = from_the_wheel(
        installed,
        folder,
        "import json; from host_tools.run import runner, targets; "
        "print(json.dumps([runner.make_spec(runner.Asked('quarry', board='ours')), "
        "targets.vm_path('ours')]))",
    )
    assert asked.returncode == 0, asked.stderr
    spec, path = json.loads(asked.stdout)
    assert str(installed) in path and str(paths.FIRMWARE) not in path
    script = Path(__file__).with_name("board_boot.py")
    done = subprocess.run(
        [str(paths.find_micropython()), "-X", "heapsize=4M", str(script)],
        input=json.dumps(spec) + "\n",
        env=dict(os.environ, MICROPYPATH=path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return said


def test_boards_rocks_and_scenarios_of_a_team(installed: Path, project: Path) -> None:
    made = rochette(installed, project, "board", "new", "ours")
    assert made.returncode == 0, made.stderr
    assert (project / "boards" / "ours" / "wiring.svg").is_file()
    below = project / "boards" / "ours"
    assert rochette(installed, below, "board", "check", "ours").returncode == 0
    assert "quarry" in rochette(installed, below, "rocks").stdout
    said = boots(installed, below)
    assert (said["name"], said["failed"]) == ("ours", 0)
    listed = rochette(installed, project, "scenario", "list").stdout
    assert "short" in listed and "x01-roubion" in listed
    assert "full: The whole payload." in rochette(installed, project, "bench", "--list").stdout


def test_the_wheel_has_what_a_board_and_a_bench_need(installed: Path) -> None:
    # In the wheel itself: what the other tests ran from where it was unpacked may have left bytecode there.
    (wheel,) = installed.parent.glob("rochette-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        has = set(archive.namelist())
    for path in (
        "host_tools/_project/firmware/slots.py",
        "host_tools/_project/firmware/rochette/payload.py",
        "host_tools/_project/boards/template/board.py",
        "host_tools/_project/tests/bench/test_5_scenarios.py",
        "host_tools/_project/tests/bench/fixtures/full.toml",
        "host_tools/_project/dictionary.json",
        "host_tools/chip/chip.mjs",
    ):
        assert path in has, path
    assert not [path for path in has if "node_modules" in path or "__pycache__" in path]


def test_the_workflows_are_sound_and_run_what_is_there() -> None:
    ours = yaml.safe_load((paths.ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    steps = [step for job in ours["jobs"].values() for step in job["steps"]]
    runs = [step["run"] for step in steps if "run" in step]
    assert ".ci/run" in runs and "make test-chip" in runs
    makefile = (paths.ROOT / "Makefile").read_text(encoding="utf-8")
    for line in runs:
        if line.startswith("make "):
            assert f"\n{line.split()[1]}:" in makefile, line
    page = (paths.ROOT / "docs" / "use-in-your-project.md").read_text(encoding="utf-8")
    theirs = yaml.safe_load(page.split("```yaml\n")[1].split("```")[0])
    uploads = [
        step
        for flow in (ours, theirs)
        for job in flow["jobs"].values()
        for step in job["steps"]
        if "upload-artifact" in step.get("uses", "")
    ]
    assert len(uploads) == 3 and all(step["with"]["path"] == "runs/" for step in uploads)
