"""The hold: the payload has its evidence and waits for a person on the ground.

After break-off and ingestion the payload never goes on by itself. It shows the evidence; a release names the
sample and the tube. `auto` stands for a careful person: it releases only on PRESENT, and not what is held for
another reason, such as a low fill. `never` looks and says nothing.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from host_tools.run.custody import NOT_WEIGHED
from host_tools.run.measures import label, show

if TYPE_CHECKING:
    from collections.abc import Mapping

    from host_tools.run.display import Display
    from host_tools.run.interrupts import InterruptGate

RELEASE = "release"
HOLD = "hold"
LOOK = "look"
WAITING = "WAITING_FOR_RELEASE"

QUESTION = "Release this core for sealing? [r]elease, [h]old, [l]ook again: "
_ANSWERS = {"r": RELEASE, "release": RELEASE, "h": HOLD, "hold": HOLD, "l": LOOK, "look": LOOK}
_LOOKS_MAX = 20


_SAYS = {"PRESENT": "speaks for a core", "ABSENT": "speaks against a core", "UNKNOWN": "says nothing"}


def _weighed_rows(seen: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """The four independent witnesses of a sample, one row each; a witness that was not heard yet says so."""

    def says(key: str) -> str:
        vote = str(seen.get(key, "UNKNOWN"))
        return _SAYS.get(vote, vote)

    grams, expected = (f"{int(seen.get(key, 0)) / 9.80665:.1f} g" for key in ("core_mn", "expected_mn"))
    mass = f"{grams} of {expected} expected"
    if seen.get("core_mn") == NOT_WEIGHED:
        mass = "not weighed: the load cell is out of use"
    light = "enough light" if seen.get("light_ok") else "not enough light"
    picture = (
        f"picture {seen.get('picture', 0)}, confidence "
        f"{show('confidence_permille', seen.get('confidence_permille', 0))}"
    )
    fill = str(seen.get("fill", "NONE"))
    probed = fill not in ("NONE", "UNKNOWN")
    measured = (
        f"{show('fill_um', seen.get('fill_um'))} \N{PLUS-MINUS SIGN} "
        f"{show('fill_um', seen.get('fill_uncertainty_um', 0))}"
        if probed
        else "not probed yet"
    )
    return [
        ("break-off", f"peak {show('peak_ma', seen.get('peak_ma', 0))}", "snap: " + says("snap")),
        ("mass", mass, says("mass")),
        ("picture", f"{picture}, {light} ({seen.get('lux', 0)} lux)", says("image")),
        ("probe", measured, f"fill {fill}" if probed else "says nothing"),
    ]


def evidence_rows(evidence: Mapping[str, Any] | list[Any]) -> list[tuple[str, str, str]]:
    """Evidence as rows of (what, measured, what it says).

    Understands a dict of values and a list of dicts; in a dict, `x` and `x_says` belong to one row, and a
    nested dict may bring `value`, `says` and `unit` of its own.
    """
    if isinstance(evidence, list):
        rows = []
        for one in evidence:
            if isinstance(one, dict):
                what = str(one.get("what", one.get("name", one.get("source", ""))))
                value = one.get("value", one.get("measured", ""))
                rows.append(
                    (what.replace("_", " "), show(str(one.get("key", what)), value), str(one.get("says", "")))
                )
            else:
                rows.append(("", str(one), ""))
        return rows
    if "snap" in evidence and "mass" in evidence and "image" in evidence:
        return _weighed_rows(evidence)
    rows = []
    for key in evidence:
        if key.endswith("_says"):
            continue
        value = evidence[key]
        says = str(evidence.get(key + "_says", ""))
        if isinstance(value, dict) and ("value" in value or "says" in value):
            rows.append((label(key), show(key, value.get("value")), str(value.get("says", says))))
        else:
            rows.append((label(key), show(key, value), says))
    return rows


def _careful(evidence: Mapping[str, Any], verdict: str) -> tuple[str, str]:
    """What `auto` answers: a core that is there, held for nothing but the release itself."""
    reason = str(evidence.get("reason", WAITING))
    if verdict == "PRESENT" and reason == WAITING:
        return RELEASE, "auto releases on PRESENT"
    if verdict == "PRESENT":
        return HOLD, f"auto does not release what is held for {reason}"
    return HOLD, "auto releases only on PRESENT"


class Hold:
    """Answers a hold: `release` is ask, auto or never."""

    def __init__(self, release: str, display: Display, gate: InterruptGate) -> None:
        self._release = release
        self._display = display
        self._gate = gate
        self._looks = 0
        self.log: list[dict[str, Any]] = []

    def answer(self, evidence: Mapping[str, Any]) -> dict[str, Any]:
        """Show the evidence and say what the ground decides. Raises Interrupted while a person is asked."""
        verdict = str(evidence.get("verdict", ""))
        self._display.evidence(evidence_rows(evidence), verdict)
        if self._release == "auto":
            choice, why = _careful(evidence, verdict)
        elif self._release == "never":
            choice, why = HOLD, "never releases"
        else:
            choice, why = self._ask()
        self._display.line(f"ground: {choice} (verdict {verdict or 'none'}; {why})")
        reply: dict[str, Any] = {"answer": choice}
        for key in ("sample", "tube"):
            if key in evidence:
                reply[key] = evidence[key]
        self.log.append({"evidence": dict(evidence), "answer": choice, "why": why})
        return reply

    def _ask(self) -> tuple[str, str]:
        while True:
            with self._display.paused(), self._gate.waiting():
                print(QUESTION, end="", file=sys.stderr, flush=True)
                line = sys.stdin.readline()
            if not line:
                print("", file=sys.stderr)
                return HOLD, "nobody there to ask: the input has ended"
            choice = _ANSWERS.get(line.strip().lower())
            if choice == LOOK:
                self._looks += 1
                if self._looks > _LOOKS_MAX:
                    return HOLD, f"looked {_LOOKS_MAX} times"
            if choice is not None:
                return choice, "a person decided"
            print(f"'{line.strip()}' is none of: release, hold, look.", file=sys.stderr)
