"""Scenarios: a rock, what is commanded, what breaks and when, and what must come out. Data in
tests/scenarios/*.toml.

`load` reads and checks one file: an unknown key, a wrong type or a value that does not exist is refused with
file, line, key and what is allowed. `run_all` runs them on any target and judges what came out; where a
scenario runs on more than one target, their traces must be the same too. The emulated chip has a trace of its
own, runs those that are marked for it (`chip = true`), and says which step it can't do. The keys are
described in tests/scenarios/README.md.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from host_tools import paths, scenario_ends
from host_tools.run.errors import Interrupted, UsageError
from host_tools.run.protocol import CHIP, EXIT_INTERRUPTED, OUTCOMES, TARGETS
from host_tools.run.runner import (
    BOARD,
    DEPTH_MAX_MM,
    DEPTH_MIN_MM,
    HOLD_S,
    MAX_S,
    SEED_MAX,
    TARGET_FAILED,
    Asked,
    Done,
    board_data,
    run,
)

if TYPE_CHECKING:
    from host_tools.run.words import Words

FOLDER = paths.ROOT / "tests" / "scenarios"

RESET = "RESET"
"""Stands for an event in after_event: the firmware has started again after a reset."""
RELEASES = ("auto", "never")  # nobody is there to ask
LONGEST_S = 40 * 88_775  # forty sols
FAULT_KEYS = ("target", "kind", "value", "torn_permille", "at_ms", "after_event", "delay_ms", "for_ms")
FAULT_PLACES = (
    *("plant", "pin", "sensor", "drive", "register", "bus", "supply", "estop", "chip", "flash"),
    *("clock", "sleep", "serial"),
)
LIMIT_KEYS = ("never_together",)
UNTIL_KEYS = ("event", "delay_ms")
COMMAND_KEYS = ("name", "args", "at_ms", "after_event", "delay_ms")
EXPECT_KEYS = (
    *("outcome", "reason", "must_events", "must_not_events", "within", "record", "result"),
    *("tube", "safe"),
)
WITHIN_KEYS = ("first", "then", "ms")
URGENT = ("URGENT_STOP", "URGENT_ABORT", "URGENT_PAUSE", "URGENT_RESUME")
"""What a scenario may give beside the dictionary's commands: the frames that pass by every queue."""
RESULT_FIELDS = (
    "verdict",
    "fill",
    "fill_um",
    "seal",
    "seal_peak_mn",
    "seal_travel_um",
    "depth_um",
    "contact_um",
    "max_level",
    "sample",
    "tube",
    "events",
    "slips",
    "resets",
    "emulated_s",
    "mode",
    "survival",
    "clock_fault",
    "wakes",
    "missed",
    "refused_sleeps",
)
TOP_KEYS = (
    "id",
    "doc",
    "rock",
    "seed",
    "tube",
    "depth_mm",
    "release",
    "max_s",
    "hold_s",
    "targets",
    "chip",
    "commands",
    "until",
    "fault",
    "limit",
    "expect",
)


class ScenarioError(UsageError):
    """A scenario file says something that cannot be: file, line, key and what is allowed."""


@dataclass
class Scenario:
    """One file, checked."""

    name: str
    path: Path
    id: str
    doc: str
    rock: str
    seed: int = 1
    tube: int = 1
    depth_mm: float = 8.0
    release: str = "auto"
    max_s: int = MAX_S
    hold_s: int = HOLD_S
    targets: list[str] = field(default_factory=lambda: list(TARGETS))
    chip: bool = False
    commands: list[dict[str, Any]] = field(default_factory=list)
    until: dict[str, Any] = field(default_factory=dict)
    faults: list[dict[str, Any]] = field(default_factory=list)
    limits: list[dict[str, Any]] = field(default_factory=list)
    expect: dict[str, Any] = field(default_factory=dict)

    def asked(self, target: str) -> Asked:
        """The run that this scenario asks for."""
        return Asked(
            rock=self.rock,
            seed=self.seed,
            tube=self.tube,
            depth_mm=self.depth_mm,
            release=self.release,
            target=target,
            faults=self.faults,
            commands=self.commands,
            limits=self.limits,
            until=self.until,
            max_s=self.max_s,
            hold_s=self.hold_s,
        )


# ---- reading ----


def files() -> list[Path]:
    """All scenario files, by name."""
    own = paths.team_folder("scenarios")
    here = [] if own is None else sorted(own.glob("*.toml"))
    return here + [file for file in sorted(FOLDER.glob("*.toml")) if file.name not in {f.name for f in here}]


def load_all() -> list[Scenario]:
    """Every scenario of tests/scenarios, by catalogue number and then by name."""
    found = [load(path) for path in files()]
    return sorted(found, key=lambda one: (_number(one.id), one.name))


def _number(identity: str) -> tuple[int, str]:
    digits = re.match(r"X(\d+)(.*)", identity)
    return (int(digits[1]), digits[2]) if digits else (0, "")


def find(name: str) -> Scenario:
    """A scenario by its name, its catalogue number (X1) or the path of a file; UsageError lists what there
    is.
    """
    path = Path(name)
    if path.suffix == ".toml" or "/" in name:
        if not path.is_file():
            raise UsageError(f"scenario {name}: there is no such file.")
        return load(path)
    for candidate in files():
        if candidate.stem == name:
            return load(candidate)
    known = load_all()
    for one in known:
        if one.id and one.id.lower() == name.lower():
            return one
    names = ", ".join(one.name for one in known) or "none"
    raise UsageError(
        f"scenario {name}: unknown. Allowed: {names}; an id such as X1; or the path of a .toml file."
    )


def load(path: Path) -> Scenario:
    """Read and check one file. Raises ScenarioError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read ({error}).") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: is not TOML: {error}.") from error
    return _Checker(path, text).scenario(data)


class _Checker:
    """Checks one file's data; each complaint names file, line and key."""

    def __init__(self, path: Path, text: str) -> None:
        self._path = path
        self._lines = dict(_key_lines(text))
        self._words: Words | None = None
        self._world: Any = None

    def scenario(self, data: Mapping[str, Any]) -> Scenario:
        self._known((), data, TOP_KEYS)
        for key in ("rock", "doc", "expect"):
            if key not in data:
                raise ScenarioError(
                    f"{self._path}: the key '{key}' is missing. A scenario needs rock, doc and [expect]."
                )
        scenario = Scenario(
            name=self._path.stem,
            path=self._path,
            id=self._text(("id",), data.get("id", "")),
            doc=" ".join(self._text(("doc",), data["doc"]).split()),
            rock=self._rock(data["rock"]),
            seed=self._whole(("seed",), data.get("seed", 1), 0, SEED_MAX),
            tube=self._whole(("tube",), data.get("tube", 1), 1, 64),
            depth_mm=self._number(("depth_mm",), data.get("depth_mm", 8), DEPTH_MIN_MM, DEPTH_MAX_MM),
            release=self._one_of(("release",), data.get("release", "auto"), RELEASES),
            max_s=self._whole(("max_s",), data.get("max_s", MAX_S), 1, LONGEST_S),
            hold_s=self._whole(("hold_s",), data.get("hold_s", HOLD_S), 1, MAX_S),
            targets=self._names(("targets",), data.get("targets", list(TARGETS)), TARGETS),
            chip=self._truth(("chip",), data.get("chip", False)),
            commands=self._tables("commands", data, COMMAND_KEYS, self._command),
            until=self._end(data.get("until", {})),
            faults=self._tables("fault", data, FAULT_KEYS, self._fault),
            limits=self._tables("limit", data, LIMIT_KEYS, self._limit),
            expect=self._expect(data["expect"]),
        )
        cause = scenario.expect.get("safe", {}).get("cause", 1)
        if cause > max(1, len(scenario.faults)):
            self._wrong(("expect", "safe", "cause"), cause, "the number of a [[fault]], from 1")
        if scenario.id and not re.fullmatch(r"X\d+[a-z]?|B\d+", scenario.id):
            self._wrong(
                ("id",),
                scenario.id,
                "X and the number of the fault catalogue, such as X1 or X14b, or B and that of a bench row",
            )
        return scenario

    # Complaints

    def _where(self, at: tuple[str | int, ...]) -> str:
        line = self._lines.get(at)
        return f"{self._path}, line {line}" if line else str(self._path)

    def _wrong(self, at: tuple[str | int, ...], value: object, allowed: str) -> None:
        raise ScenarioError(
            f"{self._where(at)}: {_dotted(at)} = {value!r} is not allowed. Allowed: {allowed}."
        )

    # Kinds of values

    def _known(self, at: tuple[str | int, ...], table: Mapping[str, Any], allowed: Sequence[str]) -> None:
        for key in table:
            if key not in allowed:
                inside = f" in [{_dotted(at)}]" if at else ""
                raise ScenarioError(
                    f"{self._where((*at, key))}: the key '{key}' is unknown{inside}. Allowed: "
                    f"{', '.join(allowed)}."
                )

    def _text(self, at: tuple[str | int, ...], value: Any) -> str:
        if not isinstance(value, str):
            self._wrong(at, value, "a text in quotes")
        return str(value)

    def _whole(self, at: tuple[str | int, ...], value: Any, low: int, high: int) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self._wrong(at, value, f"a whole number from {low} to {high}")
        return int(value)

    def _truth(self, at: tuple[str | int, ...], value: Any) -> bool:
        if not isinstance(value, bool):
            self._wrong(at, value, "true or false")
        return bool(value)

    def _number(self, at: tuple[str | int, ...], value: Any, low: float, high: float) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            self._wrong(at, value, f"a number from {low:g} to {high:g}")
        return float(value)

    def _one_of(self, at: tuple[str | int, ...], value: Any, allowed: Sequence[str]) -> str:
        if value not in allowed:
            self._wrong(at, value, ", ".join(allowed))
        return str(value)

    def _names(self, at: tuple[str | int, ...], value: Any, allowed: Sequence[str]) -> list[str]:
        if not isinstance(value, list) or not value:
            self._wrong(at, value, f"a list of {', '.join(allowed)}")
        return [self._one_of(at, one, allowed) for one in value]

    def _table(self, at: tuple[str | int, ...], value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            self._wrong(at, value, "a table")
        return dict(value)

    def _tables(
        self,
        key: str,
        data: Mapping[str, Any],
        allowed: Sequence[str],
        check: Callable[[tuple[str | int, ...], dict[str, Any]], dict[str, Any]],
    ) -> list[dict[str, Any]]:
        value = data.get(key, [])
        if not isinstance(value, list):
            self._wrong((key,), value, f"tables, each begun with [[{key}]]")
        checked = []
        for index, one in enumerate(value):
            at = (key, index)
            table = self._table(at, one)
            self._known(at, table, allowed)
            checked.append(check(at, table))
        return checked

    # The parts

    def _dictionary(self) -> Words:
        if self._words is None:
            from host_tools.run.words import Words

            self._words = Words.load()
        return self._words

    def _rock(self, value: Any) -> str:
        from host_tools import rocks

        return self._one_of(("rock",), value, list(rocks.names()))

    def _event(self, at: tuple[str | int, ...], value: Any) -> str:
        name = self._text(at, value)
        known = self._dictionary().event_names()
        if name not in known:
            part = name.split("_")[0]
            near = [one for one in known if one.startswith(part + "_")] or known
            self._wrong(at, name, "an event of the dictionary: " + ", ".join(near))
        return name

    def _when(self, at: tuple[str | int, ...], table: dict[str, Any]) -> None:
        for key in ("at_ms", "delay_ms", "for_ms"):
            if key in table:
                self._whole((*at, key), table[key], 0, 1000 * LONGEST_S)
        if "after_event" in table and table["after_event"] != RESET:
            self._event((*at, "after_event"), table["after_event"])
        if "at_ms" in table and "after_event" in table:
            raise ScenarioError(
                f"{self._where(at)}: {_dotted(at)} has both at_ms and after_event. Allowed: one of them."
            )
        if "delay_ms" in table and "after_event" not in table:
            raise ScenarioError(
                f"{self._where((*at, 'delay_ms'))}: delay_ms goes with after_event. Allowed: at_ms alone."
            )

    def _fault(self, at: tuple[str | int, ...], table: dict[str, Any]) -> dict[str, Any]:
        if "target" not in table:
            raise ScenarioError(
                f"{self._where(at)}: {_dotted(at)} has no target. Allowed: {', '.join(FAULT_PLACES)}.NAME."
            )
        target = self._text((*at, "target"), table["target"])
        if target != "flash" and (target.split(".")[0] not in FAULT_PLACES or "." not in target):
            self._wrong((*at, "target"), target, ", ".join(place + ".NAME" for place in FAULT_PLACES))
        if "value" in table:
            self._whole((*at, "value"), table["value"], -(2**31), 2**31 - 1)
        if "kind" in table:
            self._text((*at, "kind"), table["kind"])
        self._when(at, table)
        if "at_ms" not in table and "after_event" not in table:
            table["at_ms"] = 0
        self._ask_emulator(at, table)
        return table

    def _ask_emulator(self, at: tuple[str | int, ...], table: dict[str, Any]) -> None:
        """Let the emulator look the fault's place up now, so that a misspelt one fails before the run."""
        from host_tools import rocks
        from host_tools.emulator.errors import FaultError
        from host_tools.emulator.faults import FaultInjector
        from host_tools.emulator.plant import Plant
        from host_tools.emulator.plant.plant import FAULTS
        from host_tools.emulator.world import World

        place, _, name = str(table["target"]).partition(".")
        if place == "plant" and name not in FAULTS:
            self._wrong((*at, "target"), table["target"], ", ".join("plant." + one for one in FAULTS))
        if self._world is None:
            board = board_data(BOARD)
            self._world = World(board, Plant(rocks.load(rocks.names()[0]), 1, board["mechanics"]), 1)
        try:
            FaultInjector(self._world, [table])
        except FaultError as error:
            raise ScenarioError(f"{self._where(at)}: {str(error).removeprefix('fault 1 ')}.") from error

    def _command(self, at: tuple[str | int, ...], table: dict[str, Any]) -> dict[str, Any]:
        self._one_of((*at, "name"), table.get("name"), [*self._dictionary().command_names(), *URGENT])
        args = table.get("args", [])
        if not isinstance(args, list):
            self._wrong((*at, "args"), args, "a list of whole numbers")
        for one in args:
            self._whole((*at, "args"), one, -(2**31), 2**31 - 1)
        self._when(at, table)
        return table

    def _end(self, value: Any) -> dict[str, Any]:
        at: tuple[str | int, ...] = ("until",)
        table = self._table(at, value)
        self._known(at, table, UNTIL_KEYS)
        if table:
            self._event((*at, "event"), table.get("event"))
            self._whole((*at, "delay_ms"), table.get("delay_ms", 0), 0, 1000 * LONGEST_S)
        return table

    def _limit(self, at: tuple[str | int, ...], table: dict[str, Any]) -> dict[str, Any]:
        from host_tools.emulator.limits import ACTUATORS

        names = self._names((*at, "never_together"), table.get("never_together"), sorted(ACTUATORS))
        if len(set(names)) < 2:
            self._wrong((*at, "never_together"), names, "two or more different actuators")
        return {"never_together": names}

    def _expect(self, value: Any) -> dict[str, Any]:
        at: tuple[str | int, ...] = ("expect",)
        expect = self._table(at, value)
        self._known(at, expect, EXPECT_KEYS)
        if "outcome" not in expect:
            raise ScenarioError(
                f"{self._where(at)}: [expect] has no outcome. Allowed: {', '.join(OUTCOMES)}; NONE."
            )
        self._one_of((*at, "outcome"), expect["outcome"], (*OUTCOMES, "NONE"))
        if "reason" in expect:
            self._one_of((*at, "reason"), expect["reason"], self._dictionary().values_of("Reason"))
        for key in ("must_events", "must_not_events"):
            names = expect.get(key, [])
            if not isinstance(names, list):
                self._wrong((*at, key), names, "a list of events")
            for name in names:
                self._event((*at, key), name)
        for index, one in enumerate(expect.get("within", [])):
            place = (*at, "within", index)
            table = self._table(place, one)
            self._known(place, table, WITHIN_KEYS)
            self._event((*place, "first"), table.get("first"))
            self._event((*place, "then"), table.get("then"))
            self._whole((*place, "ms"), table.get("ms"), 0, 2**31 - 1)
        kinds = expect.get("record", [])
        if not isinstance(kinds, list):
            self._wrong((*at, "record"), kinds, "a list of kinds of custody records")
        for kind in kinds:
            self._one_of((*at, "record"), kind, self._dictionary().values_of("RecordKind"))
        fields = self._table((*at, "result"), expect.get("result", {}))
        self._known((*at, "result"), fields, RESULT_FIELDS)
        for name, wanted in fields.items():
            self._field((*at, "result", name), wanted)
        for index, one in enumerate(expect.get("tube", [])):
            self._expect_tube((*at, "tube", index), one)
        self._expect_safe((*at, "safe"), expect.get("safe", {}))
        return expect

    def _expect_tube(self, at: tuple[str | int, ...], value: Any) -> None:
        table = self._table(at, value)
        self._known(at, table, scenario_ends.TUBE_KEYS)
        self._whole((*at, "number"), table.get("number"), 1, 64)
        for key, allowed in (
            ("place", scenario_ends.PLACES),
            ("state", scenario_ends.STATES),
            ("doing", scenario_ends.DOINGS),
        ):
            if key in table:
                self._one_of((*at, key), table[key], allowed)
        for key in ("certain", "reused", "debris"):
            if key in table:
                self._truth((*at, key), table[key])
        self._whole((*at, "seal_tries"), table.get("seal_tries", 0), 0, 255)

    def _expect_safe(self, at: tuple[str | int, ...], value: Any) -> None:
        table = self._table(at, value)
        if not table:
            return
        self._known(at, table, scenario_ends.SAFE_KEYS)
        self._whole((*at, "cause"), table.get("cause", 1), 1, 99)
        self._event((*at, "detected"), table.get("detected"))
        self._event((*at, "by"), table.get("by"))
        self._whole((*at, "ms"), table.get("ms"), 0, 2**31 - 1)
        self._whole((*at, "found_ms"), table.get("found_ms", 0), 0, 2**31 - 1)

    def _field(self, at: tuple[str | int, ...], wanted: Any) -> None:
        if isinstance(wanted, dict):
            self._known(at, wanted, ("min", "max"))
            for key, bound in wanted.items():
                self._number((*at, key), bound, -(2**31), 2**31)
        elif isinstance(wanted, bool) or not isinstance(wanted, (int, float, str)):
            self._wrong(at, wanted, "a value, or { min = ..., max = ... }")


def _dotted(at: tuple[str | int, ...]) -> str:
    text = ""
    for part in at:
        text += f"[{part + 1}]" if isinstance(part, int) else ("." if text else "") + part
    return text


_HEADER = re.compile(r"\s*(\[\[?)\s*([A-Za-z0-9_.\- ]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z0-9_\-]+)\s*(?:\.\s*([A-Za-z0-9_\-]+)\s*)?=")


def _key_lines(text: str) -> Iterator[tuple[tuple[str | int, ...], int]]:
    """(path of a key, its line) for each key of a TOML text: the parser of the standard library gives no
    lines.

    Understands what scenario files use: tables, arrays of tables, bare keys; text in triple quotes is passed
    over.
    """
    table: tuple[str | int, ...] = ()
    counts: dict[str, int] = {}
    quoted = ""
    for number, line in enumerate(text.splitlines(), 1):
        if quoted:
            if quoted in line:
                quoted = ""
            continue
        header, key = _HEADER.match(line), _KEY.match(line)
        if header:
            parts: tuple[str | int, ...] = tuple(part.strip() for part in header[2].split("."))
            if header[1] == "[[":
                index = counts.get(header[2], 0)
                counts[header[2]] = index + 1
                parts = (*parts, index)
            table = parts
            yield table, number
        elif key:
            path = (*table, key[1])
            yield path, number
            if key[2]:
                yield (*path, key[2]), number
        for quote in ('"""', "'''"):
            if line.count(quote) % 2:
                quoted = quote


# ---- running ----


@dataclass
class Verdict:
    """What came of one scenario on one target: `complaints` is empty when all is as expected."""

    scenario: Scenario
    target: str
    state: str
    complaints: list[str]
    outcome: str = ""
    reason: str = ""
    wall_s: float = 0.0
    emulated_s: float = 0.0
    trace: str = ""
    folder: Path | None = None


OK, FALLS_SHORT, SKIPPED = "ok", "FALLS SHORT", "skipped"


@dataclass
class Campaign:
    """All verdicts of one call."""

    verdicts: list[Verdict]
    interrupted: bool = False

    @property
    def exit_status(self) -> int:
        """0 when nothing fell short, 1 when something did, 130 when it was interrupted."""
        if self.interrupted:
            return EXIT_INTERRUPTED
        return 1 if any(one.state == FALLS_SHORT for one in self.verdicts) else 0

    def as_data(self) -> dict[str, Any]:
        """For --json."""
        return {
            "exit_status": self.exit_status,
            "interrupted": self.interrupted,
            "scenarios": [
                {
                    "name": one.scenario.name,
                    "id": one.scenario.id,
                    "target": one.target,
                    "state": one.state,
                    "complaints": one.complaints,
                    "outcome": one.outcome,
                    "reason": one.reason,
                    "wall_s": one.wall_s,
                    "emulated_s": one.emulated_s,
                    "trace_sha256": one.trace,
                    "folder": str(one.folder) if one.folder else None,
                }
                for one in self.verdicts
            ],
        }


def judge(scenario: Scenario, done: Done) -> list[str]:
    """What is not as expected, in words; an empty list when all is."""
    result, expect = done.result, scenario.expect
    complaints: list[str] = []
    if result["reason"] == TARGET_FAILED:
        # A crash of the emulation must never pass as the fault that was expected.
        return [str(result["reason_text"])]
    if result.get("refused"):
        complaints.append(f"a command was refused: {result['refused']}")
    if result["outcome"] != expect["outcome"]:
        complaints.append(f"outcome {result['outcome']} ({result['reason']}), expected {expect['outcome']}")
    if "reason" in expect and result["reason"] != expect["reason"]:
        complaints.append(f"reason {result['reason']}, expected {expect['reason']}")
    for name, wanted in expect.get("result", {}).items():
        got = result.get(name)
        if isinstance(wanted, dict):
            fits = isinstance(got, (int, float)) and wanted.get("min", got) <= got <= wanted.get("max", got)
            words = " to ".join(str(wanted.get(key, "any")) for key in ("min", "max"))
        else:
            fits, words = got == wanted, str(wanted)
        if not fits:
            complaints.append(f"{name} is {got}, expected {words}")
    seen = {str(event["name"]) for event in done.events}
    complaints.extend(
        f"event {name} did not occur" for name in expect.get("must_events", ()) if name not in seen
    )
    complaints.extend(f"event {name} occurred" for name in expect.get("must_not_events", ()) if name in seen)
    complaints.extend(late for one in expect.get("within", ()) if (late := _too_late(one, done.events)))
    if "record" in expect:
        kinds = [str(one.get("kind")) for one in result.get("custody") or ()]
        if kinds != expect["record"]:
            complaints.append(f"the custody record holds {kinds}, expected {expect['record']}")
    complaints.extend(scenario_ends.custody_complaints(expect.get("tube", ()), done.ledger))
    complaints.extend(scenario_ends.safe_complaints(expect.get("safe", {}), scenario.faults, done.events))
    complaints.extend(f"limit broken: {broken}" for broken in result.get("limits_broken") or ())
    return complaints


def not_on_chip(scenario: Scenario) -> list[str]:
    """Why the emulated chip can't run it, a line a step; empty when it can."""
    if not scenario.chip:
        return ["its file is not marked for the chip (chip = true)"]
    why = []
    for number, fault in enumerate(scenario.faults, 1):
        step = f"fault {number} ({fault['target']} {fault.get('kind', '')})".replace(" )", ")")
        if fault.get("kind") == "slow":
            why.append(f"{step}: the chip's own I2C controller sets the pace of a transfer")
        elif fault["target"] == "supply.logic":
            why.append(f"{step}: a run on the chip does not go over a power cut; tests/chip has those")
    return why


def _too_late(limit: Mapping[str, Any], events: Sequence[Mapping[str, Any]]) -> str:
    """Whether the first `then` at or after the first `first` came within its milliseconds; words if not."""
    begun = next((n for n, event in enumerate(events) if event["name"] == limit["first"]), None)
    if begun is None:
        return f"event {limit['first']} did not occur, so nothing could come within its time"
    ended = next((event for event in events[begun:] if event["name"] == limit["then"]), None)
    if ended is None:
        return f"event {limit['then']} did not follow {limit['first']}"
    took = int(ended["ms"]) - int(events[begun]["ms"])
    if took > limit["ms"]:
        return f"{limit['then']} came {took} ms after {limit['first']}, allowed are {limit['ms']}"
    return ""


def run_one(scenario: Scenario, target: str, out: Path | None = None) -> Verdict:
    """Run one scenario on one target. Raises Interrupted on Ctrl-C."""
    if target == CHIP:
        why = not_on_chip(scenario)
        if why:
            return Verdict(scenario, target, SKIPPED, why)
    elif target not in scenario.targets:
        return Verdict(scenario, target, SKIPPED, [f"its file says targets = {scenario.targets}"])
    done = run(scenario.asked(target), out=out)
    if done.exit_status == EXIT_INTERRUPTED:
        raise Interrupted("interrupted")
    complaints = judge(scenario, done)
    return Verdict(
        scenario,
        target,
        FALLS_SHORT if complaints else OK,
        complaints,
        outcome=str(done.result["outcome"]),
        reason=str(done.result["reason"]),
        wall_s=float(done.result["wall_s"]),
        emulated_s=float(done.result["emulated_s"]),
        trace=str(done.result["trace_sha256"]),
        folder=done.folder,
    )


def run_all(
    chosen: Sequence[Scenario], targets: Sequence[str], out: Path | None = None, stream: TextIO | None = None
) -> Campaign:
    """Run each scenario on each target, say a line each, and a table at the end."""
    out_to: TextIO = stream or sys.stdout
    campaign = Campaign([])
    width = max((len(one.name) for one in chosen), default=0)
    for scenario in chosen:
        trace = ""
        for target in targets:
            try:
                verdict = run_one(scenario, target, out)
            except KeyboardInterrupt:
                campaign.interrupted = True
                print("interrupted: the payload was made safe, the rest was not run", file=out_to, flush=True)
                _table(campaign, out_to)
                return campaign
            if verdict.state == OK and trace and verdict.trace != trace and target != CHIP:
                verdict.state = FALLS_SHORT
                verdict.complaints.append(f"its trace on {target} is not the one on {targets[0]}")
            if target != CHIP:
                trace = trace or verdict.trace
            campaign.verdicts.append(verdict)
            print(_line(verdict, width), file=out_to, flush=True)
    _table(campaign, out_to)
    return campaign


def _line(verdict: Verdict, width: int) -> str:
    what = verdict.outcome
    if verdict.complaints:
        what = "; ".join(verdict.complaints)
    elif verdict.reason:
        what += f" ({verdict.reason}), {verdict.emulated_s:.0f} s emulated in {verdict.wall_s:.1f} s"
    one = verdict.scenario
    return f"{verdict.state:<11}  {one.id or '-':<5} {one.name:<{width}}  {verdict.target:<11}  {what}"


def _table(campaign: Campaign, stream: TextIO) -> None:
    if not campaign.verdicts:
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title="Scenarios", title_justify="left", header_style="bold")
    for head in ("id", "scenario", "target", "state", "outcome", "reason"):
        table.add_column(head, overflow="fold")
    style = {OK: "green", FALLS_SHORT: "bold red", SKIPPED: "yellow"}
    for one in campaign.verdicts:
        table.add_row(
            one.scenario.id,
            one.scenario.name,
            one.target,
            f"[{style[one.state]}]{one.state}[/]",
            one.outcome,
            one.reason,
        )
    console = Console(file=stream, width=None if stream.isatty() else 120)
    console.print(table)
    short = sum(one.state == FALLS_SHORT for one in campaign.verdicts)
    skipped = sum(one.state == SKIPPED for one in campaign.verdicts)
    fine = len(campaign.verdicts) - short - skipped
    print(f"{fine} as expected, {short} fall short, {skipped} skipped", file=stream, flush=True)
