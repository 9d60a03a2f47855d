"""Plots as inline SVG: small, sharp in print, and coloured by the page's own style, so that they fit light
and dark.

Written by hand and not with a plotting library: a run has thousands of samples, and the plot keeps of each
pixel column the least and the greatest one, so no spike is lost and the page stays small.
"""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

WIDTH = 960
LEFT, RIGHT = 62, 112
TOP, BOTTOM = 22, 26
_PLOT_W = WIDTH - LEFT - RIGHT


@dataclass(frozen=True)
class Limit:
    """A line that the values should stay on one side of, or aim at. `kind` is "limit", "aim" or "target"."""

    value: float
    label: str
    kind: str = "limit"


@dataclass(frozen=True)
class Band:
    """A stretch of the x axis with a name: a phase of the procedure."""

    start: float
    end: float
    name: str


@dataclass
class Plot:
    """One panel. Units are in `unit`; x values must not fall when `trace` is false."""

    name: str
    title: str
    unit: str
    xs: Sequence[float]
    ys: Sequence[float]
    x_label: str = ""
    x_unit: str = ""
    height: int = 150
    limits: list[Limit] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    downward: bool = False
    """Greater values lie lower: depth."""
    filled: bool = False
    steps: bool = False
    trace: bool = False
    """x is a value of its own (travel), not a time: every point is drawn, in its order."""
    x_range: tuple[float, float] | None = None
    whole: bool = False
    """Values are whole numbers: so are the ticks."""


def nice_ticks(low: float, high: float, about: int, whole: bool = False) -> list[float]:
    """Round numbers that cover low..high in about so many steps."""
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    raw = span / max(1, about)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * k for k in (1, 2, 2.5, 5, 10) if power * k >= raw * 0.999)
    if whole:
        step = max(1.0, float(round(step)))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(i * step, 10) for i in range(int(first), int(last) + 1)]


def thin(xs: Sequence[float], ys: Sequence[float], columns: int) -> list[tuple[float, float]]:
    """Of each of `columns` stretches of x keep the first, least, greatest and last point, in their order."""
    if len(xs) <= columns * 4:
        return list(zip(xs, ys, strict=False))
    low, span = xs[0], (xs[-1] - xs[0]) or 1.0
    kept: list[tuple[float, float]] = []
    i, n = 0, len(xs)
    while i < n:
        column = int((xs[i] - low) / span * columns)
        j = i
        least = most = i
        while j < n and int((xs[j] - low) / span * columns) == column:
            if ys[j] < ys[least]:
                least = j
            if ys[j] > ys[most]:
                most = j
            j += 1
        for k in sorted({i, least, most, j - 1}):
            kept.append((xs[k], ys[k]))
        i = j
    return kept


def _number(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")


def _label(value: float) -> str:
    text = f"{value:.10g}"
    return text.replace("-", "\N{MINUS SIGN}")


def render(plot: Plot) -> str:
    """The <svg> element of a plot. Its ids start with the plot's name, which must be unique on the page."""
    x_low, x_high = plot.x_range or ((min(plot.xs), max(plot.xs)) if plot.xs else (0.0, 1.0))
    if x_high <= x_low:
        x_high = x_low + 1
    values = [*plot.ys, *(limit.value for limit in plot.limits)]
    y_low, y_high = min([0.0, *values]), max([*values, 0.0])
    if y_high <= y_low:
        y_high = y_low + 1
    pad = (y_high - y_low) * 0.06
    y_low, y_high = (y_low - pad if y_low < 0 else y_low), y_high + pad
    plot_h = plot.height - TOP - BOTTOM

    def px(x: float) -> float:
        return LEFT + (x - x_low) / (x_high - x_low) * _PLOT_W

    def py(y: float) -> float:
        share = (y - y_low) / (y_high - y_low)
        return TOP + plot_h * (share if plot.downward else 1 - share)

    key = plot.name
    out = [
        f'<svg class="plot" id="{key}" viewBox="0 0 {WIDTH} {plot.height}" role="img" '
        f'aria-labelledby="{key}-t">',
        f'<title id="{key}-t">{html.escape(plot.title)}, {html.escape(plot.unit)}</title>',
        f'<clipPath id="{key}-c"><rect x="{LEFT}" y="{TOP - 1}" width="{_PLOT_W}" '
        f'height="{plot_h + 2}"/></clipPath>',
        f'<text class="head" x="{LEFT}" y="13">{html.escape(plot.title)}'
        f'<tspan class="unit" dx="6">{html.escape(plot.unit)}</tspan></text>',
    ]
    for number, band in enumerate(plot.bands):
        left, right = px(max(band.start, x_low)), px(min(band.end, x_high))
        if right > left:
            out.append(
                f'<rect class="band b{number % 2}" x="{_number(left)}" y="{TOP}" '
                f'width="{_number(right - left)}" '
                f'height="{plot_h}"><title>{html.escape(band.name)}</title></rect>'
            )
    for tick in nice_ticks(y_low, y_high, max(2, plot_h // 32), plot.whole):
        y = _number(py(tick))
        out.append(f'<line class="grid" x1="{LEFT}" x2="{LEFT + _PLOT_W}" y1="{y}" y2="{y}"/>')
        out.append(
            f'<text class="tick" x="{LEFT - 7}" y="{y}" dy=".34em" text-anchor="end">{_label(tick)}</text>'
        )
    for tick in nice_ticks(x_low, x_high, 10):
        x = _number(px(tick))
        out.append(f'<line class="grid" x1="{x}" x2="{x}" y1="{TOP}" y2="{TOP + plot_h}"/>')
        out.append(
            f'<text class="tick" x="{x}" y="{TOP + plot_h + 14}" text-anchor="middle">{_label(tick)}</text>'
        )
    out.append(
        f'<text class="tick" x="{LEFT + _PLOT_W + 8}" '
        f'y="{TOP + plot_h + 14}">{html.escape(plot.x_unit)}</text>'
    )
    out.extend(_curve(plot, px, py, py(max(0.0, y_low)), key))
    out.extend(_limit_lines(plot, py))
    if plot.x_label:
        out.append(
            f'<text class="tick" x="{LEFT + _PLOT_W}" y="{plot.height - 1}" '
            f'text-anchor="end">{html.escape(plot.x_label)}</text>'
        )
    if not plot.ys:
        out.append(f'<text class="tick" x="{LEFT + 10}" y="{TOP + plot_h / 2}">nothing was recorded</text>')
    out.append("</svg>")
    return "".join(out)


def _curve(plot: Plot, px, py, base: float, key: str) -> list[str]:  # type: ignore[no-untyped-def]
    if not plot.ys:
        return []
    points = list(zip(plot.xs, plot.ys, strict=False)) if plot.trace else thin(plot.xs, plot.ys, _PLOT_W)
    parts: list[str] = []
    before = ""
    for x, y in points:
        here_x, here_y = _number(px(x)), _number(py(y))
        if plot.steps and before:
            parts.append(f"H{here_x}V{here_y}")
        else:
            parts.append(f"{'L' if before else 'M'}{here_x} {here_y}")
        before = here_y
    line = "".join(parts)
    out = []
    if plot.filled:
        first, last = _number(px(points[0][0])), _number(px(points[-1][0]))
        out.append(
            f'<path class="area" clip-path="url(#{key}-c)" d="{line}L{last} {_number(base)}L{first} '
            f'{_number(base)}Z"/>'
        )
    out.append(f'<path class="line" clip-path="url(#{key}-c)" d="{line}"/>')
    return out


def _limit_lines(plot: Plot, py) -> list[str]:  # type: ignore[no-untyped-def]
    out = []
    taken: list[float] = []
    for limit in sorted(plot.limits, key=lambda one: py(one.value)):
        y = py(limit.value)
        # Labels of near lines move down, so that each can be read.
        text_y = max([y, *(other + 12 for other in taken if other + 12 > y)])
        taken.append(text_y)
        out.append(
            f'<line class="limit {limit.kind}" x1="{LEFT}" x2="{LEFT + _PLOT_W}" y1="{_number(y)}" '
            f'y2="{_number(y)}"/>'
        )
        out.append(
            f'<text class="limit {limit.kind}" x="{LEFT + _PLOT_W + 8}" y="{_number(text_y)}" dy=".34em">'
            f"{html.escape(limit.label)}</text>"
        )
    return out


def strip(name: str, bands: Sequence[Band], x_range: tuple[float, float]) -> str:
    """The phases as one bar over the plots: names where there is room, in the tooltip where not."""
    low, high = x_range
    span = (high - low) or 1.0
    height = 30
    out = [
        f'<svg class="plot strip" id="{name}" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-labelledby="{name}-t">'
        f'<title id="{name}-t">Phases of the procedure</title>'
    ]
    for number, band in enumerate(bands):
        left = LEFT + (band.start - low) / span * _PLOT_W
        width = (band.end - band.start) / span * _PLOT_W
        out.append(
            f"<g><title>{html.escape(band.name)}: {band.end - band.start:.1f} min</title>"
            f'<rect class="phase b{number % 2}" x="{_number(left)}" y="6" width="{_number(max(0.4, width))}" '
            f'height="20"/>'
        )
        if width > len(band.name) * 6.4 + 6:
            out.append(
                f'<text class="phase" x="{_number(left + width / 2)}" y="20" '
                f'text-anchor="middle">{html.escape(band.name)}</text>'
            )
        out.append("</g>")
    out.append("</svg>")
    return "".join(out)
