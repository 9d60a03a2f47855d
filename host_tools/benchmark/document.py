"""docs/performance.md, written from what was measured last: `python -m host_tools.benchmark --document`.

Each part that is measured leaves its figures in build/benchmark, with the version that it was measured on;
the page shows them all, so one part can be measured anew without the others.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from host_tools import paths
from host_tools.benchmark.figures import Figure, table

FOLDER = paths.ROOT / "build" / "benchmark"
PAGE = paths.ROOT / "docs" / "performance.md"

HEAD = """\
# Performance

Written by `make performance` from what `make benchmark` measures: do not edit. A gate is what must hold, a
goal what we are after; a "naive way" is what one would write first, measured in the same run. Figures of the
emulated chip are the same on every machine; the others are one machine's, and their ratios are worth more
than their values.
"""

TITLES = {
    "speed": "Emulated time against the wall clock",
    "tick": "A tick on the host",
    "allocation": "Bytes allocated in the hot path",
    "link": "The line to the ground",
    "chip": "On the emulated chip",
    "deploy": "Deployment onto the emulated chip",
}


def version() -> str:
    """The commit that is checked out, with a mark when files differ from it; the version where there is no
    git.
    """
    from importlib.metadata import version as installed

    number = installed("rochette")
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=paths.ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return f"{number}, commit {said.stdout.strip()}" if said.returncode == 0 else number


def keep(part: str, figures: Sequence[Figure], note: str, quick: bool, folder: Path = FOLDER) -> None:
    """Remember a part's figures for the page. A quick look is not kept: it has no figures."""
    if quick:
        return
    folder.mkdir(parents=True, exist_ok=True)
    data = {
        "version": version(),
        "date": time.strftime("%Y-%m-%d"),
        "note": note,
        "figures": [asdict(figure) for figure in figures],
    }
    (folder / f"{part}.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def page(folder: Path = FOLDER) -> str:
    """The whole page, of every part that was ever measured here."""
    text = HEAD
    for part, title in TITLES.items():
        path = folder / f"{part}.json"
        text += f"\n## {title}\n\n"
        if not path.exists():
            text += f"Not measured yet: `python -m host_tools.benchmark {part} --document`.\n"
            continue
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        text += f"Measured on {data['date']}, version {data['version']}."
        text += f" {data['note']}\n\n" if data["note"] else "\n\n"
        text += table([Figure(**figure) for figure in data["figures"]]) + "\n"
    return text


def write(folder: Path = FOLDER, target: Path = PAGE) -> None:
    """Write the page."""
    target.write_text(page(folder), encoding="utf-8")
