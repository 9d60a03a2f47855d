"""Where boards are: in the folder of the team that works here first, then the ones that come along.

A board is named by its folder under `boards/`, or by a path to such a folder.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from host_tools import paths
from host_tools.run.errors import UsageError

STIMULUS = "stimulus"
"""The board of the stimulus Pico, and the role that stands in its board.py."""


def folders() -> list[Path]:
    """The folders that hold boards: the team's, where there is one, then the project's own."""
    own = paths.team_folder("boards")
    return [one for one in (own, paths.BOARDS) if one is not None and one.is_dir()]


def names() -> list[str]:
    """The payload's boards by name, without doubles."""
    return [name for name in every() if name != STIMULUS]


def every() -> list[str]:
    """The same, with the stimulus board."""
    return sorted({file.parent.name for folder in folders() for file in folder.glob("*/board.py")})


def is_stimulus(board: Mapping[str, Any]) -> bool:
    """Whether a board carries no payload."""
    return board.get("role") == STIMULUS


def folder_of(name: str) -> Path:
    """The folder of a board. Raises UsageError, with those that there are, for one that is not there."""
    if "/" in name or name in (".", ".."):
        path = Path(name)
        if (path / "board.py").is_file():
            return path.resolve()
        raise UsageError(f"--board {name}: there is no board.py in that folder.")
    for folder in folders():
        if (folder / name / "board.py").is_file():
            return folder / name
    near = difflib.get_close_matches(name, names(), 1)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise UsageError(f"--board {name}: unknown board. Allowed: {', '.join(names()) or 'none is here'}.{hint}")


def data(name: str) -> dict[str, Any]:
    """The BOARD literal of a board. The file is read, never run. Raises UsageError for one that is no board.
    """
    file = folder_of(name) / "board.py"
    try:
        tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
        for node in tree.body:
            if isinstance(node, ast.AnnAssign | ast.Assign) and node.value is not None:
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                if isinstance(target, ast.Name) and target.id == "BOARD":
                    found = ast.literal_eval(node.value)
                    if isinstance(found, dict):
                        return found
                    raise UsageError(f"{file}: BOARD is a {type(found).__name__}; it has to be a dictionary.")
    except SyntaxError as error:
        raise UsageError(
            f"{file}, line {error.lineno}: {error.msg}. A board is one Python literal, {{...}}."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{file}: cannot be read ({error}).") from error
    except ValueError as error:
        raise UsageError(
            f"{file}: BOARD holds something else than data ({error}). A board imports nothing and calls "
            "nothing: numbers, words, lists and dictionaries."
        ) from error
    raise UsageError(f"{file}: it has no BOARD. A board is one literal, BOARD = {{...}}.")
