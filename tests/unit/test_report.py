"""The report: one file, no network, everything escaped, and the story right."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from host_tools import dictionary
from host_tools.run import report, runner, story, svg, targets
from tests.unit.sample_session import SampleSession

IDS = {event.full_name: event.id for event in dictionary.load().event_list}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a made-up run."""
    patch = pytest.MonkeyPatch()
    patch.setattr(targets, "run_session", lambda _t, spec, sink, _g: SampleSession(spec, sink, IDS).run())
    done = runner.run(
        runner.Asked(rock="basalt", seed=7, tube=7, release="auto"), out=tmp_path_factory.mktemp("runs")
    )
    patch.undo()
    assert done.folder is not None
    return done.folder


@pytest.fixture(scope="module")
def html(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


class _Reader(HTMLParser):
    VOID = ("meta", "img", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.uses: list[str] = []
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href", "xlink:href"):
                self.links.append(value or "")
            if name in ("clip-path", "aria-labelledby"):
                self.uses.append((value or "").removeprefix("url(#").removesuffix(")"))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_it_is_whole_and_needs_no_network(html: str) -> None:
    reader = _Reader()
    reader.feed(html)
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    assert set(reader.uses) <= set(reader.ids)
    assert len(reader.links) == 4
    assert all(link.startswith("data:image/png;base64,") for link in reader.links)
    assert not re.findall(r'(?:src|href)=["\']?(?:https?:)?//', html)
    assert "url(http" not in html and "@import" not in html


def test_it_has_the_plots_the_pictures_and_their_lines(html: str) -> None:
    assert html.count("<svg") == 7
    for title in ("Depth", "Weight on bit", "Spindle current", "Drilling level", "Rate of progress"):
        assert f">{title}<" in html
    for limit in ("asked for 66", "least weight 40", "most weight 90", "trip 5.6", "top level 20"):
        assert limit in html
    assert "Force against travel" in html


def test_each_plot_is_well_formed(html: str) -> None:
    plots = re.findall(r"<svg.*?</svg>", html)
    for plot in plots:
        assert ElementTree.fromstring(plot).tag == "svg"


def test_it_tells_the_story_and_the_verdict(html: str) -> None:
    for words in (
        "There is a core in the tube, and the seal is activated.",
        "It cored 66.01 mm deep, with percussion up to level 14 of 20",
        "21.3 g; a whole core would be 21.8 g",
        "The ground released sample 1 in tube 7.",
        "speaks for a core",
        "COMMISSIONED",
        "Trace SHA-256 " + "5a" * 32,
    ):
        assert words in html


def test_it_can_be_made_again_from_the_folder(folder: Path, html: str) -> None:
    (folder / "report.html").unlink()
    assert report.write(folder).read_text(encoding="utf-8") == html


def record(**changes: Any) -> dict[str, Any]:
    return {
        "rock": "basalt",
        "seed": 1,
        "target": "cpython",
        "outcome": None,
        "reason_text": "why",
        **changes,
    }


def test_an_interrupted_run_has_a_report_too() -> None:
    page = report.page(record(), [], {}, lambda _name: b"")
    assert "INTERRUPTED" in page
    assert "The payload was made safe" in page


def test_nothing_from_outside_becomes_markup() -> None:
    event = {"ms": 1, "severity": "WARNING_HI", "name": "A<b>", "text": "<script>x</script>", "action": "<i>"}
    page = report.page(
        record(rock="<img src=x>", evidence={"a<b>": "<u>"}, custody=[{"kind<": "<s>"}], tube="<tube>"),
        [event],
        {},
        lambda _name: b"",
    )
    for markup in ("<script>", "<img", "<u>", "<s>", "<i>", "<tube>", "A<b>"):
        assert markup not in page


def test_a_row_that_was_cut_short_is_left_out(folder: Path, tmp_path: Path) -> None:
    for name in ("run.json", "events.jsonl", "telemetry.csv"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    data = json.loads((tmp_path / "run.json").read_text())
    data["pictures"] = []
    (tmp_path / "run.json").write_text(json.dumps(data))
    with (tmp_path / "telemetry.csv").open("a") as file:
        file.write("99999999,co")
    assert "<svg" in report.write(tmp_path).read_text()


# ---- the story ----


def test_warnings_without_a_sentence_are_told_in_the_dictionarys_words() -> None:
    events = [
        {
            "ms": 5,
            "name": "FEED_STALLED",
            "severity": "WARNING_HI",
            "text": "Stalled at 60.00 mm",
            "values": {},
        },
        {"ms": 6, "name": "FEED_TARED", "severity": "DIAGNOSTIC", "text": "Tared", "values": {}},
        {"ms": 7, "name": "SAMPLE_CORED", "severity": "ACTIVITY_HI", "text": "Cored.", "values": {}},
    ]
    assert story.tell(events) == [(5, "Stalled at 60.00 mm.", "WARNING_HI"), (7, "Cored.", "ACTIVITY_HI")]


def test_every_sentence_belongs_to_an_event_and_uses_its_arguments() -> None:
    events = {event.full_name: event for event in dictionary.load().event_list}
    for name, sentence in story._TELL.items():
        assert name in events, f"{name} is not in the dictionary"
        values = {argument.name: 7 for argument in events[name].args}
        assert sentence(values)


# ---- plots ----


def test_ticks_are_round_and_inside() -> None:
    assert svg.nice_ticks(0, 10, 5) == [0, 2, 4, 6, 8, 10]
    assert svg.nice_ticks(0, 3, 10, whole=True) == [0, 1, 2, 3]
    assert svg.nice_ticks(-0.3, 0.31, 3) == [-0.25, 0, 0.25]
    assert svg.nice_ticks(5, 5, 4) == [5]


def test_thinning_keeps_every_spike() -> None:
    xs = [float(i) for i in range(100_000)]
    ys = [0.0] * 100_000
    ys[54_321] = 99.0
    ys[77_777] = -5.0
    kept = svg.thin(xs, ys, 500)
    assert len(kept) <= 2_000
    assert (54_321.0, 99.0) in kept and (77_777.0, -5.0) in kept
    assert [x for x, _ in kept] == sorted(x for x, _ in kept)


@pytest.mark.parametrize(
    ("xs", "ys"), [([], []), ([1.0], [2.0]), ([0.0, 1.0], [0.0, 0.0]), ([0.0, 1.0], [-3.0, 4.0])]
)
def test_any_data_gives_a_plot_without_nan(xs: list[float], ys: list[float]) -> None:
    drawn = svg.render(svg.Plot(name="p", title="T", unit="u", xs=xs, ys=ys, limits=[svg.Limit(2, "two")]))
    ElementTree.fromstring(drawn)
    assert "nan" not in drawn and "inf" not in drawn
    assert ("nothing was recorded" in drawn) == (not ys)


def test_depth_grows_downwards() -> None:
    drawn = svg.render(svg.Plot(name="d", title="D", unit="mm", xs=[0, 1], ys=[0, 10], downward=True))
    first, last = re.findall(r'class="line"[^>]*d="M[\d.]+ ([\d.]+)L[\d.]+ ([\d.]+)"', drawn)[0]
    assert float(first) < float(last)
