"""report.html: one file that opens without a network and tells what happened to one core.

Reads only the run folder, so it can be written again later (`python -m host_tools.run.report FOLDER`). Plots
are inline SVG, pictures are data: URIs, colours follow the reader's light or dark setting, and it prints.
"""

from __future__ import annotations

import base64
import csv
import html
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from host_tools.run import story, svg
from host_tools.run.hold import evidence_rows
from host_tools.run.measures import clock, label, show
from host_tools.run.words import in_units_of_people

STYLE = Path(__file__).with_name("report.css")
_MOOD = {
    "SEALED": "good",
    "PRESENT": "good",
    "ACTIVATED": "good",
    "NOMINAL": "good",
    "HELD": "doubt",
    "INCONCLUSIVE": "doubt",
    "LOW": "doubt",
    "OVERFILL": "doubt",
    "UNSEALED_STORED": "bad",
    "EMPTY": "bad",
    "ABSENT": "bad",
    "FAILED": "bad",
    "FAULT": "bad",
    "TARGET_TOO_HARD": "bad",
}
# A phase shorter than this share of the run is not worth a word in the strip.
_LOUD = ("FATAL", "WARNING_HI", "WARNING_LO", "ACTIVITY_HI", "COMMAND")

esc = html.escape


def write(folder: Path) -> Path:
    """Write report.html into a run folder and give its path."""
    record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
    text = page(
        record, _read_events(folder), _read_telemetry(folder), lambda name: (folder / name).read_bytes()
    )
    path = folder / "report.html"
    path.write_text(text, encoding="utf-8")
    return path


def _read_events(folder: Path) -> list[dict[str, Any]]:
    with (folder / "events.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.strip()]


def _read_telemetry(folder: Path) -> dict[str, list[Any]]:
    """Columns by name; `phase` as words, all others as integers."""
    with (folder / "telemetry.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        names = next(rows, [])
        columns: dict[str, list[Any]] = {name: [] for name in names}
        for row in rows:
            # The last row of a run that was killed may be cut short.
            if len(row) == len(names):
                for name, cell in zip(names, row, strict=True):
                    columns[name].append(cell if name == "phase" else int(cell))
    return columns


def page(
    record: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    telemetry: Mapping[str, Sequence[Any]],
    read: Callable[[str], bytes],
) -> str:
    """The whole page. `read` gives the bytes of a file of the run folder."""
    outcome = record.get("outcome")
    title = f"{record.get('rock', '?')}, seed {record.get('seed', '?')}: {outcome or 'interrupted'}"
    parts = [
        '<!doctype html><html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{esc(title)}</title><style>{STYLE.read_text(encoding='utf-8')}</style></head><body><main>",
        _head(record),
        _section("The story", _story(events)),
        _section("What the camera saw", _pictures(record.get("pictures") or (), read)),
        _section("Evidence", _evidence(record)),
        _section("Drilling", _plots(record, telemetry)),
        _section("Seal", _seal_plot(record)),
        _section("Custody", _custody(record.get("custody") or ())),
        _section("Events", _events(events)),
        _section("What was asked", _asked(record)),
        _foot(record),
        "</main></body></html>\n",
    ]
    return "".join(parts)


def _section(title: str, body: str) -> str:
    return f"<section><h2>{esc(title)}</h2>{body}</section>" if body else ""


def _mood(word: object) -> str:
    return _MOOD.get(str(word), "doubt" if word is None else "")


def _head(record: Mapping[str, Any]) -> str:
    outcome = record.get("outcome")
    facts = [
        ("core", record.get("verdict"), _mood(record.get("verdict"))),
        ("fill", _fill(record), _mood(record.get("fill"))),
        ("seal", record.get("seal"), _mood(record.get("seal"))),
        ("cored", show("depth_um", record.get("depth_um")), ""),
        ("highest level", f"{record.get('max_level', 0)} of 20", ""),
        ("tube", record.get("tube"), ""),
        ("mission time", clock(float(record.get("emulated_s") or 0) * 1000), ""),
        ("ran on", record.get("target"), ""),
    ]
    cells = "".join(
        f'<div><dt>{esc(k)}</dt><dd class="{mood}">{esc(_word(v))}</dd></div>' for k, v, mood in facts
    )
    why = str(record.get("reason_text") or record.get("reason") or "")
    started = str(record.get("started", "")).replace("T", " ")
    return (
        f'<header><p class="over">Rochette · one core · {esc(started)}</p>'
        f"<h1>{esc(str(record.get('rock', '?')).capitalize())}, seed {esc(str(record.get('seed', '?')))} "
        f'<span class="badge '
        f'{_mood(outcome)}">{esc(str(outcome or "INTERRUPTED").replace("_", " "))}</span></h1>'
        f'<p class="lead">{esc(story.headline(outcome))}</p>'
        f'<p class="why">{esc(why[:1].upper() + why[1:])}{"" if why.endswith(".") or not why else "."}</p>'
        f'<dl class="facts">{cells}</dl></header>'
    )


def _word(value: object) -> str:
    return "—" if value in (None, "", "NONE") else str(value)


def _fill(record: Mapping[str, Any]) -> str:
    fill = str(record.get("fill", "NONE"))
    if fill in ("NONE", "UNKNOWN", "None"):
        return "not probed"
    return f"{fill}, {show('fill_um', record.get('fill_um'))}"


def _story(events: Sequence[Mapping[str, Any]]) -> str:
    lines = story.tell(events)
    if not lines:
        return '<p class="none">Nothing was told: the run ended before the payload spoke.</p>'
    items = "".join(
        f'<li class="{"warn" if severity.startswith(("WARN", "FATAL")) else ""}"><time>{clock(ms)}</time>'
        f"<span>{esc(text)}</span></li>"
        for ms, text, severity in lines
    )
    return f'<ol class="story">{items}</ol>'


_SUBJECT = {"BIT": "the open tube in the bit", "TUBE": "down the tube", "SEAL": "the seal"}


def _pictures(pictures: Iterable[Mapping[str, Any]], read: Callable[[str], bytes]) -> str:
    figures = []
    for picture in pictures:
        scene, seen = picture.get("scene", {}), picture.get("assessment", {})
        data = base64.b64encode(read(str(picture["file"]))).decode()
        subject = _SUBJECT.get(str(scene.get("subject")), str(scene.get("subject", "")).lower())
        verdict = str(seen.get("verdict", "not judged"))
        sure = (
            f", {show('_permille', seen['confidence_permille'])} sure"
            if "confidence_permille" in seen
            else ""
        )
        light = f"{scene.get('lux', 0)} lux, {show('exposure_us', scene.get('exposure_us', 0))} exposure"
        figures.append(
            f'<figure><img alt="Picture {scene.get("no", "")}: {esc(subject)}" '
            f'src="data:image/png;base64,{data}">'
            f"<figcaption><b>Picture {scene.get('no', '')}: {esc(subject)}</b><br>"
            f'<span class="{_mood(verdict)}">{esc(verdict)}</span>{esc(sure)}<br>'
            f"{esc(clock(int(scene.get('t_us', 0)) / 1000))}, {esc(light)}</figcaption></figure>"
        )
    return f'<div class="pictures">{"".join(figures)}</div>' if figures else ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], classes: Sequence[str] = ()) -> str:
    """Cells are HTML already."""
    marks = [f' class="{c}"' if c else "" for c in (*classes, *[""] * len(head))]
    body = "".join(
        "<tr>" + "".join(f"<td{m}>{c}</td>" for m, c in zip(marks, row, strict=False)) + "</tr>"
        for row in rows
    )
    titles = "".join(f"<th>{esc(one)}</th>" for one in head)
    return f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>'


def _evidence(record: Mapping[str, Any]) -> str:
    evidence = record.get("evidence")
    holds = record.get("hold_log") or ()
    out = ""
    if evidence:
        rows = [(esc(a), esc(b), _says(c)) for a, b, c in evidence_rows(evidence)]
        out += _table(("witness", "measured", "says"), rows, ("name", "", ""))
        verdict = record.get("verdict")
        if verdict and verdict != "NONE":
            out += (
                f'<p>Verdict: <b class="{_mood(verdict)}">{esc(str(verdict))}</b>, from independent '
                f"witnesses, never from the fact that the steps ran.</p>"
            )
    for number, hold in enumerate(holds, 1):
        verdict = str(hold.get("evidence", {}).get("verdict", "none"))
        out += (
            f"<p>Hold {number}: the verdict was {esc(verdict)}; the ground said "
            f"<b>{esc(str(hold['answer']))}</b> ({esc(str(hold['why']))}).</p>"
        )
    return out


def _says(text: str) -> str:
    mood = (
        "good"
        if "speaks for" in text or "NOMINAL" in text
        else "bad"
        if "against" in text or "EMPTY" in text
        else ""
    )
    return f'<span class="{mood}">{esc(text)}</span>'


def _bands(minutes: Sequence[float], phases: Sequence[str]) -> list[svg.Band]:
    bands: list[svg.Band] = []
    start = 0
    for i in range(1, len(phases) + 1):
        if i == len(phases) or phases[i] != phases[start]:
            bands.append(svg.Band(minutes[start], minutes[min(i, len(phases) - 1)], str(phases[start])))
            start = i
    return bands


def _plots(record: Mapping[str, Any], telemetry: Mapping[str, Sequence[Any]]) -> str:
    if not telemetry.get("time_ms"):
        return ""
    minutes = [ms / 60_000 for ms in telemetry["time_ms"]]
    x_range = (0.0, max(minutes[-1], 0.01))
    bands = _bands(minutes, telemetry["phase"]) if "phase" in telemetry else []
    asked = int(record.get("spec", {}).get("depth_um", 0))
    lines = [*(record.get("limit_lines") or ())]
    if asked:
        lines.append({"column": "depth_um", "value": asked, "label": "asked for", "kind": "aim"})
    lines.append({"column": "level", "value": 20, "label": "top level", "kind": "limit"})

    panels: tuple[tuple[str, str, str, float, dict[str, bool]], ...] = (
        ("depth_um", "Depth", "mm", 1000.0, {"downward": True, "filled": True}),
        ("weight_mn", "Weight on bit", "N", 1000.0, {}),
        ("spindle_ma", "Spindle current", "A", 1000.0, {}),
        ("level", "Drilling level", "0 to 20", 1.0, {"steps": True, "filled": True, "whole": True}),
        ("rop_um_s", "Rate of progress", "mm/min", 1000 / 60, {}),
    )
    out = [svg.strip("phases", bands, x_range)] if bands else []
    for column, title, unit, divisor, extra in panels:
        if column not in telemetry:
            continue
        limits = [
            svg.Limit(line["value"] / divisor, _limit_words(line, divisor), line.get("kind", "limit"))
            for line in lines
            if line["column"] == column
        ]
        out.append(
            svg.render(
                svg.Plot(
                    name="plot-" + column.replace("_", "-"),
                    title=title,
                    unit=unit,
                    xs=minutes,
                    ys=[value / divisor for value in telemetry[column]],
                    x_unit="min",
                    x_range=x_range,
                    bands=bands,
                    limits=limits,
                    downward=extra.get("downward", False),
                    filled=extra.get("filled", False),
                    steps=extra.get("steps", False),
                    whole=extra.get("whole", False),
                )
            )
        )
    out.append(
        '<p class="why">Time is mission time in minutes. Dashed lines are what the payload aims for, full '
        "lines are limits.</p>"
    )
    return "".join(out)


def _limit_words(line: Mapping[str, Any], divisor: float) -> str:
    return f"{line['label']} {line['value'] / divisor:.3g}"


def _seal_plot(record: Mapping[str, Any]) -> str:
    curve = record.get("seal_curve") or ()
    pairs = [(int(a), int(b)) for a, b in curve]
    if len(pairs) < 2:
        return ""
    limits = [
        svg.Limit(line["value"] / 1000, _limit_words(line, 1000), line.get("kind", "limit"))
        for line in record.get("limit_lines") or ()
        if line["column"] == "seal_mn"
    ]
    travel = [a / 1000 for a, _ in pairs]
    plot = svg.render(
        svg.Plot(
            name="plot-seal",
            title="Force against travel",
            unit="N",
            xs=travel,
            ys=[b / 1000 for _, b in pairs],
            x_unit="mm",
            limits=limits,
            height=230,
            trace=True,
            x_range=(min(0.0, *travel), max(travel) * 1.02),
        )
    )
    seal = str(record.get("seal", "NONE"))
    words = {
        "ACTIVATED": (
            "Pull-out, contact and activation show in force against travel: the seal is "
            "activated. How tight it is, this can't tell."
        ),
        "FAILED": "Force against travel does not show a seal that activated.",
    }.get(seal, "")
    return plot + (f'<p class="why">{esc(words)}</p>' if words else "")


def _custody(records: Any) -> str:
    rows = [one for one in records if isinstance(one, dict)] if isinstance(records, (list, tuple)) else []
    if not rows:
        return ""
    body = [
        [
            esc(str(one.get("sequence", ""))),
            esc(str(one.get("tube", ""))),
            esc(str(one.get("kind", ""))),
            esc(in_units_of_people(str(one.get("says", "")))),
            f"<code>{esc(str(one.get('chain', '')))}</code>",
        ]
        for one in rows
    ]
    return _table(("record", "tube", "step", "says", "chain"), body) + _chained()


def _chained() -> str:
    return (
        '<p class="why">Each record holds the digest of the one before: none can be changed or left '
        "out unseen.</p>"
    )


def _events(events: Sequence[Mapping[str, Any]]) -> str:
    def rows(chosen: Iterable[Mapping[str, Any]]) -> list[list[str]]:
        return [
            [
                clock(one["ms"]),
                f'<span class="{_severity_mood(one)}">{esc(str(one["severity"]))}</span>',
                f"<code>{esc(str(one['name']))}</code>",
                esc(str(one["text"]))
                + (f'<br><span class="none">{esc(str(one["action"]))}</span>' if one.get("action") else ""),
            ]
            for one in chosen
        ]

    head, classes = ("time", "severity", "name", "text"), ("num", "name", "", "")
    loud = [one for one in events if one["severity"] in _LOUD]
    if not events:
        return ""
    out = _table(head, rows(loud), classes)
    if len(loud) < len(events):
        out += (
            f'<details class="quiet"><summary>All {len(events)} '
            f"events</summary>{_table(head, rows(events), classes)}</details>"
        )
    return out


def _severity_mood(event: Mapping[str, Any]) -> str:
    severity = str(event["severity"])
    return "bad" if severity in ("FATAL", "WARNING_HI") else "doubt" if severity == "WARNING_LO" else ""


def _asked(record: Mapping[str, Any]) -> str:
    spec = record.get("spec", {})
    rows = [
        [esc(label(key)), esc(show(key, spec[key]))]
        for key in ("rock", "seed", "tube", "depth_um", "release", "board", "max_s", "telemetry_hz")
        if key in spec
    ]
    for fault in spec.get("faults") or ():
        rows.append(["injected fault", esc(json.dumps(fault, sort_keys=True))])
    doc = spec.get("rock_data", {}).get("doc")
    if doc:
        rows.insert(1, ["about the rock", esc(" ".join(str(doc).split()))])
    broken = record.get("limits_broken") or ()
    rows.extend(["limit broken", f'<span class="bad">{esc(str(one))}</span>'] for one in broken)
    return _table(("", ""), rows, ("name", ""))


def _foot(record: Mapping[str, Any]) -> str:
    wall = float(record.get("wall_s") or 0)
    speed = f", {float(record.get('emulated_s') or 0) / wall:.0f} times real time" if wall else ""
    return (
        f"<footer>All of this happened in an emulated payload: it is claimed of the emulation, not of "
        f"hardware. "
        f"{wall:.1f} s on {esc(str(record.get('target')))}{speed}; {record.get('events', 0)} events, "
        f"{record.get('slips', 0)} slips. "
        f"Trace SHA-256 {esc(str(record.get('trace_sha256') or 'none'))}; the same rock and seed give the "
        f"same trace.</footer>"
    )


if __name__ == "__main__":
    print(write(Path(sys.argv[1])))
