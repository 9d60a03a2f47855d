"""Where images and their build trees are kept: outside the project, never committed."""

from __future__ import annotations

import os
from pathlib import Path


def folder() -> Path:
    """$ROCHETTE_CACHE, else rochette/ in the user's cache folder. Not made here."""
    own = os.environ.get("ROCHETTE_CACHE")
    if own:
        return Path(own).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "rochette"
