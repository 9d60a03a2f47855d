"""The README's picture is drawn from what a run folder holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from host_tools import docs_pictures


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run folder of ten samples and two pictures."""
    (tmp_path / "pictures").mkdir()
    pictures = []
    for number, (subject, colour) in enumerate((("BIT", "#ff0000"), ("TUBE", "#00ff00")), 1):
        name = f"pictures/{number:03d}.png"
        Image.new("RGB", (320, 240), colour).save(tmp_path / name)
        pictures.append({"file": name, "scene": {"subject": subject}, "assessment": {"verdict": "PRESENT"}})
    record = {
        "outcome": "SEALED", "rock": "sandstone", "seed": 1, "tube": 1, "depth_um": 66000,
        "verdict": "PRESENT",
        "fill": "NOMINAL", "fill_um": 64000, "seal": "ACTIVATED", "emulated_s": 1800, "wall_s": 4.5,
        "target": "cpython", "pictures": pictures,
    }  # fmt: skip
    (tmp_path / "run.json").write_text(json.dumps(record))
    rows = [f"{n * 200},{n * 1000},{n * 5000},{n * 100},{n}" for n in range(10)]
    (tmp_path / "telemetry.csv").write_text(
        "\n".join(["time_ms,depth_um,weight_mn,spindle_ma,level", *rows]) + "\n"
    )
    return tmp_path


def colours(image: Image.Image) -> set[str]:
    found = image.getcolors(maxcolors=image.width * image.height) or []
    return {"#{:02x}{:02x}{:02x}".format(*colour) for _, colour in found if isinstance(colour, tuple)}


def test_plots_and_pictures_are_in_it(folder: Path) -> None:
    image = docs_pictures.draw(folder)
    assert image.size == docs_pictures.SIZE
    assert {"#ff0000", "#00ff00", docs_pictures.PAPER, docs_pictures.GOOD, *docs_pictures.CURVES} <= colours(
        image
    )


def test_an_end_without_a_seal_is_not_green(folder: Path) -> None:
    record = json.loads((folder / "run.json").read_text())
    (folder / "run.json").write_text(json.dumps({**record, "outcome": "EMPTY"}))
    seen = colours(docs_pictures.draw(folder))
    assert docs_pictures.BAD in seen
    assert docs_pictures.GOOD not in seen


def test_depth_goes_down(folder: Path) -> None:
    image = docs_pictures.draw(folder)
    wanted = tuple(int(docs_pictures.CURVES[0][i : i + 2], 16) for i in (1, 3, 5))
    found = [
        (x, y) for x in range(image.width) for y in range(image.height) if image.getpixel((x, y)) == wanted
    ]
    first, last = min(found), max(found)
    assert first[1] < last[1]
