"""docs/performance.md is written from what was measured, and says on which version."""

from __future__ import annotations

import json
from pathlib import Path

from host_tools.benchmark import document
from host_tools.benchmark.__main__ import PARTS
from host_tools.benchmark.chip import NOTE
from host_tools.benchmark.figures import Figure


def test_what_was_measured_is_on_the_page_and_the_rest_is_said(tmp_path: Path) -> None:
    figures = [Figure("heap free", 130.5, "KB", 100, 150)]
    document.keep("chip", figures, NOTE.format(version="1.25.0"), False, tmp_path)
    document.keep("speed", figures, "", True, tmp_path)
    page = document.page(tmp_path)
    assert "| heap free |" in page and "holds" in page
    assert "no XIP cache misses" in page and "MicroPython 1.25.0" in page
    assert json.loads((tmp_path / "chip.json").read_text())["version"] in page
    # A quick look leaves no figures behind.
    assert "Not measured yet: `python -m host_tools.benchmark speed --document`" in page
    document.write(tmp_path, tmp_path / "page.md")
    assert (tmp_path / "page.md").read_text() == page


def test_every_part_has_its_place_on_the_page() -> None:
    assert set(document.TITLES) == set(PARTS)
