"""Custody records in words: what each kind's four numbers mean, for the report and the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from host_tools.run.words import Words

NOT_WEIGHED = -1_000_000_000
"""Stands in a record where nothing was weighed (firmware/rochette/activities/moves.py)."""

# The meaning of b, c and d of each kind (a is the sample, but for INITIALISED);
# firmware/dictionary/ledger.py declares it.
_SAYS = {
    "INITIALISED": "{a} seats, each with a clean, empty tube",
    "TAKE_INTENT": "about to be taken, for a core of {b} um",
    "TAKEN": "hangs in the bit: {hanging}",
    "CORED": "cored {b} um, highest level {c}, {corer_result}",
    "VERDICT": "{verdict} on {core} and picture {d}",
    "RELEASED": "released by the ground on {verdict}",
    "DOCKED": "back in seat {b}, contact at {c} um",
    "FILL": "{fill}: {c} um, give or take {d} um",
    "SEAL_INTENT": "{seal_step}, try {b}",
    "SEAL_RESULT": "seal {activated}: {c} mN over {d} um",
    "STORED": "stored in seat {b}, seal {seal}",
    "MARKED": "{mark}",
    "LOADED": "tube with serial number {b}, {tube_kind}",
    "SEALS": "{b} seals are in this dispenser",
    "BIT": "this bit is on the spindle",
    "CORE_INTENT": "about to go down to the rock",
    "BROKEN_OFF": "core broken off, snap {snap}, peak {c} mA",
    "RETRACTED": "bit out of the hole, feed at {b} um",
    "DOCK_INTENT": "about to go back into seat {b}",
    "MOVED": "stands in seat {b} (0 the bit), {how}",
    "DROPPED": "left the payload: {where}",
    "RECOVERED": "cut off while {step}; goes on by {continuation}",
    "BREAK_INTENT": "about to be moved off the axis",
}


def in_words(record: Mapping[str, Any], words: Words) -> dict[str, Any]:
    """sequence, tube, sample, kind (its name), says (one sentence), epoch_s and chain of one record."""
    kind = words.label("RecordKind", record.get("kind"))
    b, c, d = record.get("b", 0), record.get("c", 0), record.get("d", 0)
    says = _SAYS.get(kind, "{a} {b} {c} {d}").format(
        a=record.get("a", 0),
        b=b,
        c=c,
        d=d,
        hanging="not weighed" if b == NOT_WEIGHED else f"{b} mN",
        core="no weight of the core" if c == NOT_WEIGHED else f"{c} mN of core",
        corer_result=words.label("CorerResult", d),
        verdict=words.label("Verdict", b),
        fill=words.label("FillState", b),
        activated="activated" if b else "did not activate",
        seal_step="the seal on the rod is about to be pressed again" if c else "a seal is about to be set",
        seal=words.label("Seal", c),
        mark=words.label("TubeMark", b),
        tube_kind=words.label("TubeKind", c),
        snap=words.label("Vote", b),
        how="moved by hand" if c else "found there",
        where="at a depot" if b else "lost",
        step=words.label("Step", b),
        continuation=words.label("Continuation", c),
    )
    return {
        "sequence": record.get("sequence"),
        "tube": record.get("tube") or "",
        "sample": "" if kind == "INITIALISED" else record.get("a"),
        "kind": kind,
        "says": says,
        "epoch_s": record.get("epoch_s"),
        "chain": record.get("chain"),
    }
