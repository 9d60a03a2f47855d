"""The firmware's numbers in words: events, phases, reasons and limits, from the dictionary that both sides
share.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from host_tools.run.custody import in_words
from host_tools.run.measures import show

if TYPE_CHECKING:
    from host_tools.dictionary import Dictionary

_QUANTITY = re.compile(
    r"(?<![\w.])(?:(-?\d+)( to | of | and ))?(-?\d+) (um/s|um|mN|mA|mV|mdeg|permille|mg|ms)\b"
)
_ENDINGS = {
    "um/s": "_um_s",
    "um": "_um",
    "mN": "_mn",
    "mA": "_ma",
    "mV": "_mv",
    "mdeg": "_mdeg",
    "permille": "_permille",
    "mg": "_mass_mg",
    "ms": "_ms",
}
# Result and evidence fields that may come as the number of an enum's value.
_ENUM_OF = {
    "mode": "Mode",
    "survival": "SurvivalState",
    "clock_fault": "ClockFault",
    "outcome": "Outcome",
    "verdict": "Verdict",
    "seal": "Seal",
    "reason": "Reason",
    "fill": "FillState",
    "snap": "Vote",
    "mass": "Vote",
    "image": "Vote",
}
# Which parameters are lines in the plot of which column: (column, parameter, words, kind).
_LINES = (
    ("weight_mn", "CORER_WEIGHT_MAX_MN", "most weight", "aim"),
    ("weight_mn", "CORER_WEIGHT_MIN_MN", "least weight", "aim"),
    ("weight_mn", "FEED_FORCE_LIMIT_MN", "feed stops", "limit"),
    ("spindle_ma", "CORER_SPINDLE_TRIP_MA", "trip", "limit"),
    ("spindle_ma", "CORER_PECK_MA", "peck", "aim"),
    ("rop_um_s", "CORER_ROP_HIGH_UM_S", "level down", "aim"),
    ("rop_um_s", "CORER_ROP_LOW_UM_S", "level up", "aim"),
    ("rop_um_s", "CORER_TOO_HARD_UM_S", "too hard", "limit"),
    ("seal_mn", "SEALER_ACTIVATE_MIN_MN", "activated", "aim"),
    ("seal_mn", "SEALER_ACTIVATE_MAX_MN", "at most", "limit"),
    ("seal_mn", "SEALER_PULL_MIN_MN", "pull-out", "aim"),
)


def in_units_of_people(text: str) -> str:
    """'Contact at 50013 um, weight 8123 mN' -> 'Contact at 50.01 mm, weight 8.12 N'."""

    def turn(found: re.Match[str]) -> str:
        ending = _ENDINGS[found[4]]
        before = show(ending, int(found[1])) + found[2] if found[1] else ""
        return before + show(ending, int(found[3]))

    return _QUANTITY.sub(turn, text)


class Words:
    """Speaks for one dictionary."""

    def __init__(self, dictionary: Dictionary) -> None:
        self._dictionary = dictionary
        self._events = dictionary.events
        self._enums = dictionary.enums

    @classmethod
    def load(cls) -> Words:
        """The words of the firmware beside this project."""
        from host_tools import dictionary

        return cls(dictionary.load())

    def event_names(self) -> list[str]:
        """Every event's full name, such as SAMPLE_HOLD."""
        return [event.full_name for event in self._dictionary.event_list]

    def command_names(self) -> list[str]:
        """Every command's full name, such as SAMPLE_ACQUIRE."""
        return [command.full_name for command in self._dictionary.command_list]

    def event(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event with name, severity and text; one that the dictionary does not know is shown as such."""
        number = int(event["id"])
        args = list(event.get("args", ()))
        full: dict[str, Any] = {"tick": event.get("tick", 0), "ms": event.get("ms", 0), "id": number}
        known = self._events.get(number)
        full["name"] = known.full_name if known else f"UNKNOWN_{number:#x}"
        full["severity"] = known.severity if known else "WARNING_HI"
        full["args"] = args
        if known:
            full["values"] = {
                argument.name: self.label(argument.type, value) if argument.type in self._enums else value
                for argument, value in zip(known.args, args, strict=False)
            }
        full["text"] = in_units_of_people(self._dictionary.say(number, args))
        if (
            known
            and known.action not in ("", "none")
            and known.severity in ("FATAL", "WARNING_HI", "WARNING_LO")
        ):
            full["action"] = known.action
        return full

    def phase(self, number: object) -> str:
        """A phase as words: 10 -> "core"; words stay as they are."""
        return self.label("Phase", number).lower().replace("_", " ")

    def reason(self, name: str) -> str:
        """A reason in words: NO_CORE -> "drilling ran without a fault, but ..."; words of another kind as
        they are.
        """
        enum = self._enums.get("Reason")
        if enum is not None:
            for label, _, words in enum.values:
                if label == name:
                    return words
        return name

    def value_words(self, enum_name: str, label: str) -> str:
        """What a value of an enum means, "" when it has no such value."""
        enum = self._enums.get(enum_name)
        if enum is None:
            return ""
        return next((words for name, _, words in enum.values if name == label), "")

    def values_of(self, enum_name: str) -> list[str]:
        """The names of an enum's values, in the order of their numbers."""
        enum = self._enums.get(enum_name)
        return [name for name, _, _ in enum.values] if enum else []

    def labels(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A copy in which outcome, verdict, seal, reason and fill are names and not numbers."""
        named = dict(fields)
        for key, enum in _ENUM_OF.items():
            if named.get(key) is not None:
                named[key] = self.label(enum, named[key])
        if isinstance(named.get("evidence"), Mapping):
            named["evidence"] = self.labels(named["evidence"])
        if isinstance(named.get("custody"), list):
            named["custody"] = [in_words(record, self) for record in named["custody"]]
        return named

    evidence = labels

    def limit_lines(self) -> list[dict[str, Any]]:
        """The lines that a plot shows: column, value in the column's unit, words, and kind (limit or aim)."""
        defaults = {parameter.full_name: parameter.default for parameter in self._dictionary.parameter_list}
        return [
            {"column": column, "value": defaults[name], "label": label, "kind": kind}
            for column, name, label, kind in _LINES
            if name in defaults
        ]

    def label(self, enum_name: str, value: object) -> str:
        """The name of an enum's value; what is no number of it stays as it is."""
        enum = self._enums.get(enum_name)
        if enum is None or isinstance(value, bool) or not isinstance(value, int):
            return str(value)
        return enum.label(value)
