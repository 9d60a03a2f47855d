"""The story of one core, in sentences, from the events that the payload sent: what a friend would want to
be told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from host_tools.run.custody import NOT_WEIGHED
from host_tools.run.measures import show

Values = Mapping[str, Any]

_PROBED = {
    "EMPTY": "met nothing but the bottom of the tube",
    "LOW": "met less core than was asked for",
    "NOMINAL": "met the core where it should be",
    "OVERFILL": "met core above the rim where a seal has to go",
}


def _mm(name: str, values: Values) -> str:
    return show("_um", values.get(name, 0))


def _newton(name: str, values: Values) -> str:
    return show("_mn", values.get(name, 0))


def _weighs(name: str, values: Values) -> str:
    if values.get(name) == NOT_WEIGHED:
        return "was not weighed, the sensor at its seat says so"
    return f"weighs {_newton(name, values)} on the load cell"


def _gram(name: str, values: Values) -> str:
    return f"{int(values.get(name, 0)) / 9.80665:.1f} g"


_SNAP = {
    "PRESENT": "and the current fell as it does when rock snaps",
    "ABSENT": "but no snap was felt",
    "UNKNOWN": "though the current told nothing about a snap",
}
_MASS = {
    "PRESENT": "So something of the right weight is in there.",
    "ABSENT": "That is the weight of an empty tube.",
    "UNKNOWN": "That decides nothing.",
}
_SEEN = {
    "PRESENT": "it shows a core",
    "ABSENT": "it shows an empty tube",
    "INCONCLUSIVE": "it does not let one tell whether there is a core",
}

_TELL: dict[str, Callable[[Values], str]] = {
    "SAMPLE_TUBES_COUNTED": lambda v: (
        f"The carousel turned once and counted {v['seen']} tubes; the record has {v['recorded']}."
    ),
    "SAMPLE_STARTED": lambda v: (
        f"Sample {v['sample']} began: a core {_mm('depth_um', v)} deep, for tube {v['tube']}."
    ),
    "SAMPLE_TUBE_TAKEN": lambda v: (
        f"The bit took tube {v['tube']} from its seat; it {_weighs('hanging_mn', v)}."
    ),
    "SAMPLE_NOT_WEIGHED": lambda v: "Nothing was weighed: the load cell is out of use.",
    "SAMPLE_CONTACT": lambda v: (
        f"It met rock {_mm('contact_um', v)} down, inside the window where rock is allowed to be."
    ),
    "SAMPLE_CORED": lambda v: (
        f"It cored {_mm('depth_um', v)} deep, with percussion up to level {v['level']} of 20, and pecked "
        f"{v['pecks']} times. "
        "This says nothing about a core yet."
    ),
    "SAMPLE_BROKEN_OFF": lambda v: (
        f"The tube moved aside to break the core off, confirmed by both switches, {_SNAP.get(v['vote'], '')}."
    ),
    "SAMPLE_WEIGHED": lambda v: (
        f"What hangs in the tube weighs {_gram('core_mn', v)}; a whole core would be "
        f"{_gram('expected_mn', v)}. {_MASS.get(v['vote'], '')}"
    ),
    "SAMPLE_IMAGED": lambda v: (
        f"Picture {v['picture']} was taken: {_SEEN.get(v['verdict'], 'it was not judged')}."
    ),
    "SAMPLE_VERDICT": lambda v: (
        f"The verdict was {v['verdict']}: {v['present']} of the witnesses for a core, {v['absent']} "
        f"against, {v['unknown']} silent."
    ),
    "SAMPLE_HOLD": lambda v: "The payload stood still, its rail off, and held for the ground.",
    "SAMPLE_RELEASED": lambda v: f"The ground released sample {v['sample']} in tube {v['tube']}.",
    "SAMPLE_RETAKE_PLANNED": lambda v: (
        f"There was too little light to judge: {v['lux']} lux, {v['needed_lux']} needed. It planned to "
        f"look again."
    ),
    "SAMPLE_DOCKED": lambda v: f"Tube {v['tube']} went back to seat {v['seat']}.",
    "SAMPLE_FILL": lambda v: (
        f"The probe {_PROBED.get(v['fill'], 'measured')}: {_mm('fill_um', v)}, give or take "
        f"{_mm('uncertainty_um', v)}."
    ),
    "SAMPLE_SEAL_DISPENSED": lambda v: f"A seal came out of its dispenser at {_newton('peak_mn', v)}.",
    "SAMPLE_SEAL_ACTIVATED": lambda v: (
        f"Pressed with {_newton('peak_mn', v)} over {_mm('travel_um', v)}, the seal activated."
    ),
    "SAMPLE_SEAL_FAILED": lambda v: (
        f"Seal {v['attempt']} failed at {_newton('peak_mn', v)} after {_mm('travel_um', v)}: the tube "
        f"stays open."
    ),
    "SAMPLE_STORED": lambda v: f"Tube {v['tube']} is stored in seat {v['seat']}.",
}
_ALWAYS = ("SAMPLE_STOPPED", "SAMPLE_SEAT_MISMATCH", "SAMPLE_PART_FAILED")


def tell(events: Sequence[Mapping[str, Any]]) -> list[tuple[int, str, str]]:
    """(mission time in ms, sentence, severity) of each event that belongs to the story.

    Events without a sentence of their own are told in the dictionary's words when they are warnings.
    """
    told: list[tuple[int, str, str]] = []
    for event in events:
        name, severity = str(event.get("name", "")), str(event.get("severity", ""))
        sentence = _TELL.get(name)
        if sentence is not None:
            try:
                words = sentence(event.get("values", {}))
            except KeyError:
                # An older recording may lack an argument: the dictionary's own words are still right.
                words = str(event["text"])
            told.append((int(event["ms"]), words, severity))
        elif severity in ("FATAL", "WARNING_HI") or name in _ALWAYS:
            told.append((int(event["ms"]), str(event["text"]).rstrip(".") + ".", severity))
    return told


_ENDINGS = {
    "SEALED": "There is a core in the tube, and the seal is activated.",
    "HELD": "The sample is held for the ground. Nothing moves, and nothing is sealed.",
    "EMPTY": "There is no core in the tube. It is open, and held; it was not sealed as rock.",
    "UNSEALED_STORED": "The tube is stored open.",
    "TARGET_TOO_HARD": "The rock was too hard to core. The bit is out of the hole and nothing was taken.",
    "FAULT": "The payload stopped in place. Nothing was released and nothing was sealed after that.",
    "ABORTED": "The acquisition was ended by command.",
}


def headline(outcome: object) -> str:
    """One sentence for an outcome; None stands for a run that did not come to its end."""
    if outcome is None:
        return "The run was interrupted before its end. The payload was made safe."
    return _ENDINGS.get(str(outcome), str(outcome))
