"""docs/faults.md: what went wrong on Mars and on benches, and what happens here, from the scenarios' runs.

`python -m host_tools.faults_page` runs each scenario that has a number of the catalogue and writes the page;
nothing in it is written by hand. What went wrong and what is injected come from the scenario's file, all else
from its run.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from host_tools import paths, scenario_ends, scenarios
from host_tools.ledger.verify import verify
from host_tools.run.runner import Done, run
from host_tools.run.words import Words
from host_tools.scenarios import Scenario

PAGE = paths.ROOT / "docs" / "faults.md"
TICK_MS = 10

HEAD = """\
# What goes wrong

Written by `make faults-page` from the runs of the scenarios in `tests/scenarios/`: do not edit.
`rochette scenario run X8` runs one again; `make test` runs all of them, X1 to X26 and the bench on both
targets, and holds each against its limits.

X1 to X26 are what went wrong with sampling systems and rovers on Mars, B1 to B5 what went wrong on benches.
*Unseen* is the emulated time from the cause until the event that found it ("-" where the cause has no moment
of its own: it was there from the start, or lies in the rock). *Safe after* is the time from that event until
the one that says so, mostly POWER_ACTUATORS_OFF; both are told at the end of a tick, so 0 means in the same
tick of 10 ms. *Allowed* is what the scenario allows for it. The tube is as the custody record tells it, read
from the payload's memory at the end and checked by the host's own rules.

"""

_QUIET = (
    *("SYSTEM_COMMAND_DISPATCHED", "SYSTEM_COMMAND_COMPLETED", "SYSTEM_COMMAND_REJECTED", "SAMPLE_PHASE"),
    *("SYSTEM_ACTIVITY_STARTED", "SYSTEM_ACTIVITY_ENDED", "SYSTEM_ACTIVITY_FAULT", "SAMPLE_ENDED"),
    "LINK_PARAMETERS_DEFAULT",
)
"""Said of every command and every activity: no answer to a fault."""
_MOST_EVENTS = 7


@dataclass(frozen=True)
class Row:
    """One scenario and what came of it."""

    scenario: Scenario
    safe: scenario_ends.Safe
    found: str
    answer: str
    end: str
    tube: str


def catalogue() -> list[Scenario]:
    """The scenarios that the page is about: X first, then those of the benches."""
    numbered = [one for one in scenarios.load_all() if one.id]
    benches = sorted((one for one in numbered if one.id[0] == "B"), key=lambda one: one.id)
    return [one for one in numbered if one.id[0] == "X"] + benches


def look(scenario: Scenario, done: Done, words: Words) -> Row:
    """What the page says of a run. ValueError, in words, for one that is not as its scenario demands."""
    complaints = scenarios.judge(scenario, done)
    safe = scenario_ends.measure(scenario.expect["safe"], scenario.faults, done.events)
    if complaints or safe is None or done.ledger is None:
        raise ValueError(f"{scenario.name}: {'; '.join(complaints) or 'was never found, or not made safe'}")
    at = next(
        n
        for n, event in enumerate(done.events)
        if event["name"] == scenario.expect["safe"]["detected"] and int(event["ms"]) == safe.found_ms
    )
    record = verify(done.ledger)
    reason = str(done.result["reason"])
    end = str(done.result["outcome"])
    if end == "NONE":
        end = "still open"
    if reason != "NONE":
        end += f" ({reason}: {words.reason(reason)})"
    return Row(
        scenario,
        safe,
        str(done.events[at].get("text", "")),
        _answer(scenario, done.events[at + 1 :], safe),
        f"{end}; mode {done.result['mode']}",
        scenario_ends.tube_words(record.tubes[scenario.tube], record.debris_on_bit),
    )


def _answer(scenario: Scenario, after: Sequence[Mapping[str, Any]], safe: scenario_ends.Safe) -> str:
    """What the payload did then: the events until it was safe, and those that the scenario demands."""
    wanted = set(scenario.expect["must_events"])
    names: list[str] = []
    for event in after:
        name = str(event["name"])
        if name in names or (name in _QUIET and name != scenario.expect["safe"]["by"]):
            continue
        if int(event["ms"]) <= safe.safe_ms or name in wanted:
            names.append(name)
    if len(names) > _MOST_EVENTS:
        demanded = {*wanted, scenario.expect["safe"]["by"]}
        names = [name for name in names if name in demanded][:_MOST_EVENTS]
    return ", ".join(names) or "nothing is done, and nothing needs to be"


def duration(ms: int | None) -> str:
    """A time for a person: 0, 120 ms, 4.2 s, 3.1 h."""
    if ms is None:
        return "-"
    if ms < 1000:
        return f"{ms} ms" if ms else "0"
    seconds = ms / 1000
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def cause(scenario: Scenario) -> str:
    """What is injected, in words; the rock where nothing is."""
    parts = []
    for fault in scenario.faults:
        text = str(fault["target"])
        if "kind" in fault:
            text += " " + str(fault["kind"])
        if "value" in fault:
            text += f" = {fault['value']}"
        if "after_event" in fault:
            delay = int(fault.get("delay_ms", 0))
            text += f", {duration(delay)} after " if delay else ", at "
            text += str(fault["after_event"])
        elif fault.get("at_ms"):
            text += f", at {duration(int(fault['at_ms']))}"
        if "for_ms" in fault:
            text += f", for {duration(int(fault['for_ms']))}"
        parts.append(text)
    if len(parts) > 1 and len({one["target"] for one in scenario.faults}) == 1:
        parts = [f"{scenario.faults[0]['target']}, {len(parts)} times, first {parts[0].split(', ', 1)[-1]}"]
    if parts:
        return "; ".join(parts)
    return f"the rock: {scenario.rock}" if not scenario.commands else "the commands"


def page(rows: Sequence[Row]) -> str:
    """The whole page."""
    lines = [
        HEAD,
        "| | scenario | found by | unseen | safe after | allowed | tube at the end |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        one, safe = row.scenario, row.scenario.expect["safe"]
        lines.append(
            f"| {one.id} | [{one.name}](../tests/scenarios/{one.path.name}) | {safe['detected']} "
            f"| {duration(row.safe.unseen_ms)} | {duration(row.safe.took_ms)} | {duration(safe['ms'])} "
            f"| {row.tube} |"
        )
    for row in rows:
        one = row.scenario
        lines += [
            "",
            f"## {one.id}: {one.name}",
            "",
            one.doc,
            "",
            f"- Cause: {cause(one)}",
            f"- Detection: {one.expect['safe']['detected']}: {row.found}",
            f"- Response: {row.answer}",
            f"- End: {row.end}",
        ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run them all and write the page; 1 when one is not as its scenario demands, and nothing is written."""
    words = Words.load()
    rows = []
    for scenario in catalogue():
        try:
            rows.append(look(scenario, run(scenario.asked("cpython")), words))
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{scenario.id:<5} {scenario.name}", flush=True)
    PAGE.write_text(page(rows), encoding="utf-8")
    print(f"{PAGE.relative_to(paths.ROOT)}: {len(rows)} scenarios")
    return 0


if __name__ == "__main__":
    sys.exit(main())
