"""The page of a campaign: one HTML file that needs no network."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from host_tools.campaign.campaign import Ended, Plan
from host_tools.campaign.plan import Record

NAME = "report.html"
_CSS = Path(__file__).parents[1] / "run" / "report.css"
_STYLE = """
.grid td, .grid th { padding: 2px; border: none; font-size: 11px; }
.grid th.up span { writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap; }
.grid th.part { text-align: right; padding-right: 8px; white-space: nowrap; color: var(--ink); }
.grid td.cells { white-space: nowrap; line-height: 0; }
.grid a, .grid i { display: inline-block; width: 8px; height: 14px; margin: 0 1px 1px 0; border-radius: 1px; }
.grid i { background: var(--rule); opacity: .45; }
.completes { background: #2c6e49; } .withholds { background: #d09a2d; } .stops { background: #3d6fa5; }
.short { background: #d01c1c; outline: 2px solid #d01c1c; }
.legend span { display: inline-block; width: 12px; height: 12px; margin: 0 .3rem 0 1rem; vertical-align:
-1px; } .bar { fill: var(--line); } tr:target { background: var(--area); } .again { font: .8em ui-monospace,
Menlo, monospace; color: var(--soft); user-select: all; }
"""
_CLASS = {"SEALED": "completes", "FAULT": "stops"}


def _text(value: Any) -> str:
    return html.escape(str(value))


def _anchor(name: str) -> str:
    return "run-" + name.replace(" ", "_")


def matrix(
    records: Sequence[Record], parts: Sequence[str], kinds: Sequence[str], phases: Sequence[str]
) -> str:
    """Rows are parts, columns phases; in each place the seven kinds side by side, each a link to its run."""
    by_id = {record["id"]: record for record in records}
    rows = [
        "<tr><th></th>"
        + "".join(f'<th class="up"><span>{_text(p.lower().replace("_", " "))}</span></th>' for p in phases)
        + "</tr>"
    ]
    for part in parts:
        places = []
        for phase in phases:
            marks = []
            for kind in kinds:
                record = by_id.get(f"{part}.{kind}.{phase}")
                if record is None:
                    marks.append(f'<i title="{part} {kind} in {phase}: not run"></i>')
                    continue
                style = _CLASS.get(record.get("outcome", ""), "withholds") if record["ok"] else "short"
                says = f"{part} {kind} in {phase}: {record.get('outcome')} {record.get('reason', '')}"
                marks.append(f'<a class="{style}" href="#{_anchor(record["id"])}" title="{_text(says)}"></a>')
            places.append(f'<td class="cells">{"".join(marks)}</td>')
        rows.append(f'<tr><th class="part">{_text(part.replace("_", " "))}</th>{"".join(places)}</tr>')
    legend = "".join(
        f'<span class="{style}"></span>{words}'
        for style, words in (
            ("completes", "as if nothing had been"),
            ("withholds", "ends in good order, nothing sealed"),
            ("stops", "stops in place with a reason"),
            ("short", "falls short"),
        )
    )
    kinds_words = ", ".join(kinds)
    return (
        f'<section><h2>The matrix</h2><p class="legend">{legend}</p><p class="why">In each place, from left '
        f"to right: {kinds_words}. Grey: not run this time.</p>"
        f'<div class="scroll"><table class="grid">{"".join(rows)}</table></div></section>'
    )


def bars(title: str, counts: Mapping[str, int]) -> str:
    """A bar for each name, longest first."""
    most = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    if not most:
        return ""
    longest = most[0][1]
    lines = []
    for row, (name, count) in enumerate(most):
        y = row * 20
        lines.append(
            f'<text x="210" y="{y + 14}" text-anchor="end">{_text(name)}</text>'
            f'<rect class="bar" x="220" y="{y + 3}" width="{max(2, 640 * count // longest)}" height="14"/>'
            f'<text x="{230 + max(2, 640 * count // longest)}" y="{y + 14}">{count}</text>'
        )
    return (
        f"<section><h2>{_text(title)}</h2>"
        f'<svg class="plot" viewBox="0 0 920 {len(most) * 20 + 4}">{"".join(lines)}</svg></section>'
    )


def histogram(title: str, values: Sequence[float], bins: int = 40) -> str:
    """How often which value came."""
    if not values:
        return ""
    low, high = min(values), max(values)
    width = (high - low) / bins or 1.0
    counts = Counter(min(bins - 1, int((value - low) / width)) for value in values)
    most = max(counts.values())
    drawn = "".join(
        f'<rect class="bar" x="{20 + at * 22}" y="{160 - 150 * count // most}" width="20" '
        f'height="{150 * count // most}"><title>{low + at * width:.1f} to {low + (at + 1) * width:.1f}: '
        f"{count}</title></rect>"
        for at, count in sorted(counts.items())
    )
    marks = "".join(
        f'<text x="{20 + at * 22}" y="176">{low + at * width:.0f}</text>' for at in range(0, bins + 1, 5)
    )
    return (
        f'<section><h2>{_text(title)}</h2><svg class="plot" viewBox="0 0 920 184">{drawn}{marks}</svg>'
        "</section>"
    )


def runs(records: Sequence[Record], again: Callable[[str], str]) -> str:
    """Every run: what came of it, and how to repeat it."""
    rows = []
    for record in sorted(records, key=lambda one: (one["ok"], one["id"])):
        style, mark = ("good", "ok") if record["ok"] else ("bad", "falls short")
        says = " ".join(str(record.get(key, "")) for key in ("outcome", "reason"))
        rows.append(
            f'<tr id="{_anchor(record["id"])}"><td class="name">{_text(record["id"])}</td>'
            f'<td class="{style}">{mark}</td><td>{_text(says)}{_details(record)}</td>'
            f'<td class="again">{_text(again(record["id"]))}</td></tr>'
        )
    return (
        "<section><h2>Every run</h2><div class='scroll'><table><tr><th>run</th><th></th><th>came of it</th>"
        f"<th>once more</th></tr>{''.join(rows)}</table></div></section>"
    )


def _details(record: Record) -> str:
    said = "".join(f"<br><span class='bad'>{_text(why)}</span>" for why in record["why"])
    notes = "".join(f"<br>{_text(note)}" for note in record.get("notes", ()))
    at = f"<br>fault from {record['at_ms'] / 1000:.2f} s on" if "at_ms" in record else ""
    end = f", ended at {record['emulated_ms'] / 1000:.2f} s" if "emulated_ms" in record else ""
    return f"{said}{notes}{at}{end}"


def write(
    out: Path,
    title: str,
    lead: str,
    plan: Plan,
    ended: Ended,
    facts: Sequence[tuple[str, Any]],
    body: Sequence[str],
) -> Path:
    """Write the page whole and give its path."""
    good = not ended.exit_status
    short = "NOT COMPLETE" if ended.stopped else "FALLS SHORT"
    badge = ("good", "ALL AS IT MUST BE") if good else ("bad", short)
    shown = "".join(f"<div><dt>{_text(name)}</dt><dd>{_text(value)}</dd></div>" for name, value in facts)
    said = [one for one in (*ended.complaints, ended.stopped) if one]
    complaints = "".join(f'<p class="bad">{_text(one)}</p>' for one in said)
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)}</title><style>{_CSS.read_text(encoding='utf-8')}{_STYLE}</style></head>"
        f'<body><main><header><p class="over">Rochette campaign, seed {_text(plan.about.get("seed"))}</p>'
        f"<h1>{_text(title)}"
        f'<span class="badge {badge[0]}">{badge[1]}</span></h1><p class="lead">{_text(lead)}</p>{complaints}'
        f'<dl class="facts">{shown}</dl></header>{"".join(body)}'
        f"<footer>{_text(json.dumps(plan.about))}; results {ended.digest}</footer></main></body></html>\n"
    )
    path = out / NAME
    fresh = path.with_name(NAME + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return path
