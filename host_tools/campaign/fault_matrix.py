"""The fault matrix: every part of the payload, seven ways to fail, every phase of an acquisition.

A cell is one run: the named part begins to fail in the named way in the named phase, and stays so. What may
come of it stands in `expectations.toml`, by part and kind; a cell that no row speaks of has no expectation,
and that is a failure too.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

KINDS = ("off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")
PHASES = (
    "CHECK",
    "TAKE_TUBE",
    "TO_HOLE",
    "TARE",
    "CONTACT",
    "PRELOAD",
    "CORE",
    "BREAK_OFF",
    "RETRACT",
    "IMAGE_BIT",
    "INGEST",
    "WEIGH",
    "IMAGE_AGAIN",
    "HOLD",
    "DOCK",
    "IMAGE_TUBE",
    "PROBE",
    "DISPENSE",
    "ACTIVATE",
    "IMAGE_SEAL",
    "STORE",
)
"""The phases of `acquire`, in the order of the procedure."""
LINK = "link"
"""The part whose cells are run over the line."""
TABLE = Path(__file__).with_name("expectations.toml")
ENDS = {
    "completes": ("SEALED",),
    "withholds": ("HELD", "EMPTY", "UNSEALED_STORED", "TARGET_TOO_HARD"),
    "stops": ("FAULT",),
}
"""Ways to end well -> outcomes: as if nothing had been; in good order without a sealed core; stopped in place
with a reason."""

Fault = dict[str, Any]


class TableError(ValueError):
    """The table of expectations can't be used; the text says where and why."""


@dataclass(frozen=True)
class Cell:
    """One place in the matrix."""

    part: str
    kind: str
    phase: str

    @property
    def id(self) -> str:
        """part.kind.PHASE"""
        return f"{self.part}.{self.kind}.{self.phase}"


@dataclass(frozen=True)
class Expectation:
    """What a cell may end in: outcomes, and for a stop the reasons."""

    ends: tuple[str, ...]
    reasons: frozenset[str]
    why: str

    def complaint(self, outcome: str, reason: str) -> str:
        """What is not as expected; "" when it is."""
        allowed = [one for end in self.ends for one in ENDS[end]]
        if outcome not in allowed:
            return f"ended {outcome} ({reason}), expected {' or '.join(allowed)}: {self.why}"
        if outcome in ENDS["stops"] and reason not in self.reasons:
            return f"stopped for {reason}, expected {' or '.join(sorted(self.reasons))}: {self.why}"
        return ""


class Table:
    """The table of expectations and of how each part is made to fail."""

    def __init__(self, data: dict[str, Any], where: str = "expectations.toml") -> None:
        """Raises TableError for a key, phase, kind or end that there is none of."""
        self._where = where
        self.parts: dict[str, dict[str, Any]] = data.get("part", {})
        self.common = frozenset(data.get("common_reasons", ()))
        for name, part in self.parts.items():
            self._check(name, part)

    def _check(self, name: str, part: dict[str, Any]) -> None:
        for key in part:
            if key not in ("doc", "used", "reasons", "watched", "fault", "expect", "unused", "free", "late"):
                raise TableError(f"{self._where}: part {name}: unknown key '{key}'")
        for phase in part.get("used", ()):
            if phase not in PHASES:
                raise TableError(f"{self._where}: part {name}: unknown phase '{phase}'")
        for kind in (*part.get("fault", {}), *part.get("expect", {}), *part.get("late", ())):
            if kind not in KINDS:
                raise TableError(f"{self._where}: part {name}: unknown kind '{kind}'")
        for ends in part.get("expect", {}).values():
            for end in ends:
                if end not in ENDS:
                    raise TableError(f"{self._where}: part {name}: unknown end '{end}'")
        for kind, ends in part.get("expect", {}).items():
            if set(ends) == set(ENDS) and not part.get("free"):
                raise TableError(
                    f"{self._where}: part {name}: any end is allowed for '{kind}', and 'free' does not "
                    "say why"
                )

    def cells(self) -> list[Cell]:
        """Every cell there is, in the order of the table."""
        return [Cell(part, kind, phase) for part in self.parts for kind in KINDS for phase in PHASES]

    def faults(self, cell: Cell, at_ms: int) -> list[Fault]:
        """The faults that make a cell's part fail, from `at_ms` on."""
        given = self.parts[cell.part]["fault"].get(cell.kind)
        if given is None:
            raise TableError(f"{self._where}: part {cell.part} does not say how it is '{cell.kind}'")
        faults: list[Fault] = []
        for one in given if isinstance(given, list) else [given]:
            fault = {key: value for key, value in one.items() if key not in ("every_ms", "times", "after_ms")}
            for n in range(one.get("times", 1)):
                start = at_ms + one.get("after_ms", 0) + n * one.get("every_ms", 0)
                faults.append({**fault, "at_ms": start})
        return faults

    def expectation(self, cell: Cell) -> Expectation | None:
        """What the cell may end in, None when the table does not say."""
        part = self.parts[cell.part]
        ends = part.get("expect", {}).get(cell.kind)
        if ends is None:
            return None
        reasons = frozenset(part.get("reasons", ())) | self.common
        later = PHASES[PHASES.index(cell.phase) :]
        used = part.get("used", ())
        if not used or any(phase in used for phase in later):
            if cell.kind in part.get("late", ()) and not any(phase in used for phase in later[1:]):
                ends = [*ends, "completes"]
            return Expectation(tuple(ends), reasons, part["doc"])
        # Nobody uses the part any more: its failure must not matter, unless fault protection watches it
        # anyway.
        left = tuple(part.get("unused", ("completes",))) + (("stops",) if part.get("watched") else ())
        return Expectation(left, reasons, f"nothing uses it after {cell.phase}")


@lru_cache(1)
def table() -> Table:
    """The project's table. Raises TableError."""
    try:
        return Table(tomllib.loads(TABLE.read_text(encoding="utf-8")))
    except tomllib.TOMLDecodeError as error:
        raise TableError(f"{TABLE.name}: {error}") from error


def sampled(cells: Sequence[Cell], fraction: float, seed: int) -> list[Cell]:
    """A seeded share of the cells, at least one of each part and kind when there is room for it."""
    if fraction >= 1:
        return list(cells)
    chance = random.Random(f"matrix {seed}")
    wanted = max(1, round(len(cells) * fraction))
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.part, cell.kind), []).append(cell)
    queues = [chance.sample(group, len(group)) for group in groups.values()]
    chance.shuffle(queues)
    # One of each part and kind, then a second one of each, and so on.
    turns = [queue[turn] for turn in range(len(PHASES)) for queue in queues if turn < len(queue)]
    chosen = set(turns[:wanted])
    return [cell for cell in cells if cell in chosen]


def is_link(cell: Cell) -> bool:
    """Whether the cell's run has its ground at the other end of the line (linked.py)."""
    return cell.part == LINK


def begins_ms(cell: Cell, seed: int, timeline: dict[str, list[int]]) -> int:
    """When the fault of a cell begins: at a seeded place in its phase. `timeline`: phase -> start and end,
    ms (fault_runs.timeline())."""
    start, end = timeline[f"link:{cell.phase}" if is_link(cell) else cell.phase]
    return start + (end - start) * random.Random(f"{seed} {cell.id}").randrange(90) // 100 // 10 * 10
