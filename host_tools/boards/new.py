"""A new board: the template's folder under another name, in the team's `boards/`, else in the project's."""

from __future__ import annotations

import re
from pathlib import Path

from host_tools import paths
from host_tools.boards import find, wiring
from host_tools.run.errors import UsageError

TEMPLATE = "template"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,30}")


def where() -> Path:
    """The folder that a new board is made in: the team's; else the clone's; else `boards` here."""
    own = paths.team_folder("boards")
    if own is not None:
        return own
    return paths.BOARDS if paths.ROOT == paths.HOST else Path.cwd() / "boards"


def make(name: str, source: str = TEMPLATE) -> Path:
    """Copy the board `source` to a new one. Raises UsageError for a name that is none or is taken."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"board new {name}: a board's name is 1 to 31 of a-z, 0-9, '-' and '_', a letter first. Nothing "
            "was made."
        )
    target = where() / name
    if target.exists() or name in find.names():
        raise UsageError(f"board new {name}: there is one of that name already. Nothing was made.")
    text = (find.folder_of(source) / "board.py").read_text(encoding="utf-8")
    fresh = re.sub(r'("name": )"[^"]*"', rf'\1"{name}"', text, count=1)
    try:
        target.mkdir(parents=True)
        (target / "board.py").write_text(fresh, encoding="utf-8")
        (target / "README.md").write_text(
            f"# {name}\n\nWhat differs from the board '{source}', and why: say it here.\n", encoding="utf-8"
        )
        wiring.write(target, find.data(str(target)))
    except OSError as error:
        raise UsageError(f"board new {name}: {target}: {error.strerror or error}.") from error
    return target
