"""Draw the README's picture from a real run: what was done, how it went, what the camera saw.

`python -m host_tools.docs_pictures` takes a core (or, with --run, a run folder that is there) and writes
docs/images/run.png. Nothing in it is drawn by hand: plots from telemetry.csv, pictures from pictures/, words
from run.json and events.jsonl.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from host_tools import paths

TARGET = paths.ROOT / "docs" / "images" / "run.png"
SIZE = (1600, 900)
MARGIN = 40
PICTURE = 250

PAPER, INK, FAINT, GRID = "#fbf8f4", "#2b2420", "#8a7f76", "#e6dfd6"
GOOD, BAD = "#2e7d4f", "#b3402a"
CURVES = ("#a4512f", "#31688e", "#5a7d2b", "#7a4f9a")


@dataclass(frozen=True)
class Curve:
    """A channel to plot: its column, its title, what its values are divided by, and which way is up."""

    column: str
    title: str
    divisor: float
    downward: bool = False


SHOWN = (
    Curve("depth_um", "depth, mm", 1000, downward=True),
    Curve("weight_mn", "weight on bit, N", 1000),
    Curve("spindle_ma", "spindle current, A", 1000),
    Curve("level", "level", 1),
)


def font(size: int) -> Any:
    """Pillow's own font, so that the picture is the same on every machine."""
    return ImageFont.load_default(size=size)


def draw(folder: Path) -> Image.Image:
    """Draw the picture of the run in `folder`."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    with (folder / "telemetry.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    page = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(page)
    _head(pen, record)
    bottom = SIZE[1] - MARGIN
    left = MARGIN + PICTURE + 40
    _pictures(page, pen, folder, record, 140, bottom)
    height = (bottom - 140) // len(SHOWN)
    for number, curve in enumerate(SHOWN):
        box = (left, 140 + number * height, SIZE[0] - MARGIN, 140 + (number + 1) * height - 26)
        _plot(pen, rows, curve, box, CURVES[number])
    minutes = (int(rows[-1]["time_ms"]) - int(rows[0]["time_ms"])) / 60_000
    for share in (0, 0.25, 0.5, 0.75, 1):
        x = left + share * (SIZE[0] - MARGIN - left)
        anchor = "la" if share == 0 else "ra" if share == 1 else "ma"
        pen.text((x, bottom + 4), f"{share * minutes:.0f} min", font=font(15), fill=FAINT, anchor=anchor)
    return page


def _head(pen: ImageDraw.ImageDraw, record: dict[str, Any]) -> None:
    outcome = str(record["outcome"])
    pen.text(
        (MARGIN, 28), outcome.replace("_", " "), font=font(44), fill=GOOD if outcome == "SEALED" else BAD
    )
    words = (
        f"{record['rock']}, seed {record['seed']}, tube {record['tube']}: {record['depth_um'] / 1000:.1f} mm "
        f"cored, verdict {record['verdict']}, fill {record['fill']} ({record['fill_um'] / 1000:.1f} mm), "
        f"seal {record['seal']}. {record['emulated_s'] / 60:.0f} emulated minutes in "
        f"{record['wall_s']:.1f} s on {record['target']}."
    )
    pen.text((MARGIN, 88), words, font=font(21), fill=INK)


def _pictures(
    page: Image.Image, pen: ImageDraw.ImageDraw, folder: Path, record: dict[str, Any], top: int, bottom: int
) -> None:
    """Stack the first pictures of each subject, as many as there is room for."""
    chosen: dict[str, dict[str, Any]] = {}
    for picture in record["pictures"]:
        chosen.setdefault(str(picture["scene"].get("subject", "")), picture)
    step = (bottom - top) // 3
    for number, (subject, picture) in enumerate(list(chosen.items())[:3]):
        with Image.open(folder / picture["file"]) as file:
            image = file.convert("RGB")
        image.thumbnail((PICTURE, step - 42))
        y = top + number * step
        page.paste(image, (MARGIN, y))
        seen = picture["assessment"]["verdict"]
        pen.text((MARGIN, y + image.height + 6), f"{subject.lower()}: {seen}", font=font(18), fill=FAINT)


def _plot(
    pen: ImageDraw.ImageDraw,
    rows: Sequence[dict[str, str]],
    curve: Curve,
    box: tuple[int, int, int, int],
    colour: str,
) -> None:
    """Plot one channel against time; of each pixel column the least and the greatest value is drawn."""
    left, top, right, bottom = box
    pen.text((left, top), curve.title, font=font(20), fill=INK)
    top += 30
    times = [int(row["time_ms"]) for row in rows]
    values = [int(row[curve.column]) / curve.divisor for row in rows]
    low, high = min(0.0, *values), max(*values, 1e-9)
    begin, span = times[0], max(1, times[-1] - times[0])

    def y_of(value: float) -> float:
        share = (value - low) / (high - low)
        return top + (share if curve.downward else 1 - share) * (bottom - top)

    for edge in (low, high):
        pen.line((left, y_of(edge), right, y_of(edge)), fill=GRID, width=2)
        shown = 0 if abs(edge) < (high - low) / 200 else edge
        pen.text((right - 4, y_of(edge) + 3), f"{shown:.3g}", font=font(15), fill=FAINT, anchor="ra")
    columns: dict[int, tuple[float, float]] = {}
    for time, value in zip(times, values, strict=True):
        x = left + (time - begin) * (right - left) // span
        least, most = columns.get(x, (value, value))
        columns[x] = (min(least, value), max(most, value))
    points = []
    for x, (least, most) in sorted(columns.items()):
        points += [(x, y_of(least)), (x, y_of(most))]
    pen.line(points, fill=colour, width=3, joint="curve")


def main(arguments: Sequence[str] | None = None) -> int:
    """Take a core and draw it.

    Exit status 1 when it did not end with a sealed tube, and nothing is drawn then.
    """
    parser = argparse.ArgumentParser(
        prog="python -m host_tools.docs_pictures", description="Draw the README's picture."
    )
    parser.add_argument(
        "--run", type=Path, metavar="DIR", help="a run folder that is there (default: take a core now)"
    )
    given = parser.parse_args(arguments)
    if given.run is not None:
        return _write(given.run)
    from host_tools.run.runner import Asked, run

    with tempfile.TemporaryDirectory() as out:
        done = run(Asked(rock="sandstone", seed=1, release="auto"), out=Path(out))
        if done.folder is None or done.result["outcome"] != "SEALED":
            print(
                f"The run ended {done.result['outcome']}: {done.result['reason']}. Nothing was drawn.",
                file=sys.stderr,
            )
            return 1
        return _write(done.folder)


def _write(folder: Path) -> int:
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    draw(folder).quantize(colors=128).save(TARGET, optimize=True)
    print(f"{TARGET.relative_to(paths.ROOT)}: {TARGET.stat().st_size // 1024} KB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
