"""A measured figure with its gate and its goal, and the table of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One measured figure. `gate` is what must hold, `goal` what we are after; None where there is none."""

    what: str
    value: float
    unit: str
    gate: float | None = None
    goal: float | None = None
    less_is_better: bool = False

    @property
    def missed(self) -> bool:
        """Whether the gate does not hold."""
        return self.gate is not None and not self.reaches(self.gate)

    def reaches(self, bound: float) -> bool:
        """Tell whether the figure is as good as `bound`, or better."""
        return self.value <= bound if self.less_is_better else self.value >= bound

    def verdict(self) -> str:
        """The figure against gate and goal, in a word or two."""
        if self.missed:
            return "GATE MISSED"
        if self.goal is not None and self.reaches(self.goal):
            return "goal reached"
        return "holds" if self.gate is not None else ""


def shown(number: float | None) -> str:
    """A number as people read it: three digits that matter, no more."""
    if number is None:
        return "-"
    if number == int(number) or abs(number) >= 100:
        return f"{number:,.0f}"
    return f"{number:.3g}"


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table, so that it can be pasted into a note as it is."""
    rows = [("what", "figure", "unit", "gate", "goal", "")]
    rows += [(f.what, shown(f.value), f.unit, shown(f.gate), shown(f.goal), f.verdict()) for f in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = []
    for number, row in enumerate(rows):
        cells = [
            text.rjust(width) if column in (1, 3, 4) else text.ljust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("| " + " | ".join(cells) + " |")
        if number == 0:
            lines.append("|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)
