"""The page of a bench session: steps, calibration, and each scenario's traces beside the emulator's."""

from __future__ import annotations

import html
import json
from pathlib import Path
from typing import Any

from host_tools.bench.plugin import Bench
from host_tools.bench.traces import CHANNELS, Heard, Trace
from host_tools.run.svg import nice_ticks, thin

_W, _H, _LEFT, _BOTTOM = 920, 150, 70, 22
_STYLE = """\
body{font-family:system-ui,sans-serif;max-width:960px;margin:2em auto;padding:0 1em;color:#111827}
table{border-collapse:collapse;width:100%}
td,th{border-bottom:1px solid #e5e7eb;padding:.3em .5em;text-align:left;vertical-align:top;font-size:.9em}
.passed{color:#047857}.failed{color:#b91c1c;font-weight:600}.skipped{color:#6b7280}
.known{color:#b45309}svg{width:100%;height:auto}small{color:#6b7280}
"""
_HERE, _EMULATED = "#1d4ed8", "#f97316"


def write_page(bench: Bench) -> Path:
    """Write bench.html and bench.json into the session's folder; gives the page."""
    page = bench.out / "bench.html"
    page.write_text(_page(bench), encoding="utf-8")
    (bench.out / "bench.json").write_text(json.dumps(as_data(bench), indent=1) + "\n", encoding="utf-8")
    return page


def as_data(bench: Bench) -> dict[str, Any]:
    """The session as data."""
    return {
        "board": bench.rig.board_name,
        "port": bench.rig.port,
        "fixture": bench.fixture.name,
        "stimulus": None
        if bench.stimulus is None
        else {"port": bench.stimulus.name, "heard": bench.stimulus.heard},
        "dead": bench.dead,
        "steps": [vars(step) for step in bench.steps],
        "calibration": bench.calibration.values,
        "traces": [
            {"name": t.name, "here": vars(t.here), "emulated": vars(t.emulated)} for t in bench.traces
        ],
    }


def _page(bench: Bench) -> str:
    counts = {
        kind: sum(s.outcome == kind for s in bench.steps) for kind in ("passed", "failed", "skipped", "known")
    }
    summary = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    parts = [
        "<!doctype html><html lang='en'><meta charset='utf-8'>",
        f"<title>Bench: {html.escape(bench.rig.board_name)}</title><style>{_STYLE}</style>",
        f"<h1>Bench: board {html.escape(bench.rig.board_name)}</h1>",
        f"<p>{summary} on {html.escape(bench.rig.port)}, fixture {html.escape(bench.fixture.name)}.</p>",
        f"<p>A stimulus board on {html.escape(bench.stimulus.name)} played and measured.</p>"
        if bench.stimulus is not None
        else "",
        f"<p class='failed'>The board is dead: {html.escape(bench.dead)}</p>" if bench.dead else "",
        "<h2>How it was wired</h2><ol>",
        *(f"<li>Connect: {html.escape(line)}</li>" for line in bench.fixture.connect),
        "</ol><h2>Steps</h2><table><tr><th>step</th><th>outcome</th><th>measured</th><th>s</th></tr>",
        *(_row(step) for step in bench.steps),
        "</table><h2>Calibration</h2>",
        _calibration(bench),
        *(_trace(trace) for trace in bench.traces),
        "</html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _row(step: Any) -> str:
    measured = "<br>".join(f"{html.escape(str(k))} {html.escape(str(v))}" for k, v in step.measured.items())
    text = f"<br><small>{html.escape(step.text)}</small>" if step.text else ""
    doc = f"<br><small>{html.escape(step.doc)}</small>" if step.doc else ""
    return (
        f"<tr><td>{html.escape(step.name)}{doc}</td><td class='{step.outcome}'>{step.outcome}{text}</td>"
        f"<td>{measured}</td><td>{step.seconds:.1f}</td></tr>"
    )


def _calibration(bench: Bench) -> str:
    if not bench.calibration.values:
        return "<p>Nothing was measured.</p>"
    rows = []
    for name, entry in bench.calibration.values.items():
        drift = bench.calibration.drift(name)
        since = "first time" if drift is None else f"{drift:+d}"
        rows.append(
            f"<tr><td>{html.escape(name)}</td><td>{entry['value']} "
            f"{html.escape(entry['unit'])}</td><td>{since}</td></tr>"
        )
    return f"<table><tr><th>value</th><th>now</th><th>since the last time</th></tr>{''.join(rows)}</table>"


def _trace(trace: Trace) -> str:
    panels = [
        _panel(name, unit, trace.here.series.get(name, []), trace.emulated.series.get(name, []))
        for name, unit in CHANNELS.items()
        if trace.here.series.get(name) or trace.emulated.series.get(name)
    ]
    return (
        f"<h2>Scenario: {html.escape(trace.name)}</h2><p>Ended here: {html.escape(trace.here.ended)}. On "
        f"the emulator: {html.escape(trace.emulated.ended)}. Seconds count from the actuators' coming on. "
        f"<span style='color:{_HERE}'>This board</span>, <span style='color:{_EMULATED}'>emulator</span>.</p>"
        f"{''.join(panels)}"
        f"{_events(trace.here, trace.emulated)}"
    )


def _events(here: Heard, emulated: Heard) -> str:
    only_here = sorted(set(here.events) - set(emulated.events))
    only_there = sorted(set(emulated.events) - set(here.events))
    if not only_here and not only_there:
        return "<p><small>The same kinds of events on both.</small></p>"
    return (
        f"<p><small>Events only here: {html.escape(', '.join(only_here) or 'none')}; only on the emulator: "
        f"{html.escape(', '.join(only_there) or 'none')}.</small></p>"
    )


def _panel(name: str, unit: str, here: list[tuple[float, float]], emulated: list[tuple[float, float]]) -> str:
    every = here + emulated
    x_low, x_high = min(x for x, _ in every), max(x for x, _ in every)
    if x_high == x_low:
        x_high = x_low + 1.0
    low, high = min(y for _, y in every), max(y for _, y in every)
    if high == low:
        high = low + 1

    def place(x: float, y: float) -> str:
        px = _LEFT + (x - x_low) / (x_high - x_low) * (_W - _LEFT - 10)
        py = 20 + (high - y) / (high - low) * (_H - 20 - _BOTTOM)
        return f"{px:.1f},{py:.1f}"

    lines = []
    for series, colour in ((emulated, _EMULATED), (here, _HERE)):
        if series:
            points = thin([x for x, _ in series], [y for _, y in series], _W)
            path = " ".join(place(x, y) for x, y in points)
            lines.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="{path}"/>')
    marks = "".join(
        f'<text x="{_LEFT - 6}" y="{place(x_low, y).split(",")[1]}" text-anchor="end" font-size="10">'
        f"{y:g}</text>"
        for y in nice_ticks(low, high, 3)
    )
    return (
        f'<svg viewBox="0 0 {_W} {_H}" font-family="system-ui,sans-serif">'
        f'<text x="{_LEFT}" y="13" font-size="12">'
        f"{html.escape(name)} ({unit})</text>{marks}{''.join(lines)}"
        f'<text x="{_LEFT}" y="{_H - 4}" font-size="10">{x_low:.0f} s</text>'
        f'<text x="{_W - 10}" y="{_H - 4}" text-anchor="end" font-size="10">{x_high:.0f} s</text></svg>'
    )
