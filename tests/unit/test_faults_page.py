"""docs/faults.md is of the scenarios that stand; no scenario runs here."""

from __future__ import annotations

import pytest

from host_tools import faults_page, scenario_ends
from host_tools.ledger.rules import Tube
from host_tools.run.runner import Done
from host_tools.scenarios import Scenario

PAGE = faults_page.PAGE.read_text(encoding="utf-8")
CATALOGUE = faults_page.catalogue()


def test_every_row_of_the_catalogue_has_a_scenario() -> None:
    here = {one.id.rstrip("abcdefgh") for one in CATALOGUE}
    assert {f"X{n}" for n in range(1, 27)} | {f"B{n}" for n in range(1, 6)} <= here


@pytest.mark.parametrize("scenario", CATALOGUE, ids=lambda one: one.name)
def test_the_page_tells_of_each_scenario_what_its_file_says(scenario: Scenario) -> None:
    safe = scenario.expect["safe"]
    assert f"| {scenario.id} | [{scenario.name}](../tests/scenarios/{scenario.path.name}) |" in PAGE
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {scenario.id} |"))
    assert safe["detected"] in row
    assert f"| {faults_page.duration(safe['ms'])} |" in row
    section = PAGE.split(f"\n## {scenario.id}: {scenario.name}\n")[1].split("\n## ")[0]
    assert scenario.doc in section, "run 'make faults-page'"
    assert f"- Cause: {faults_page.cause(scenario)}\n" in section
    for tube in scenario.expect["tube"]:
        if tube["number"] == scenario.tube:
            assert f"| {tube['place']}, {tube['state']}" in row


def test_the_page_tells_of_nothing_else() -> None:
    ids = [line.split("|")[1].strip() for line in PAGE.splitlines() if line.startswith(("| X", "| B"))]
    assert ids == [one.id for one in CATALOGUE]


@pytest.mark.parametrize(
    ("ms", "words"),
    [(None, "-"), (0, "0"), (90, "90 ms"), (5_640, "5.6 s"), (600_000, "10.0 min"), (9_008_015, "2.5 h")],
)
def test_times_in_words(ms: int | None, words: str) -> None:
    assert faults_page.duration(ms) == words


# ---- what a run is held against ----

EVENTS = [
    {"name": "SAMPLE_CONTACT", "ms": 1000},
    {"name": "FEED_BRAKE", "ms": 1500},
    {"name": "POWER_ACTUATORS_OFF", "ms": 1900},
    {"name": "FEED_BRAKE", "ms": 3010},
    {"name": "POWER_ACTUATORS_OFF", "ms": 3050},
]
FAULT = {"target": "plant.feed_brake", "after_event": "SAMPLE_CONTACT", "delay_ms": 2000}
SAFE = {"detected": "FEED_BRAKE", "by": "POWER_ACTUATORS_OFF", "ms": 40}


def test_the_time_to_safe_counts_from_what_found_this_cause() -> None:
    safe = scenario_ends.measure(SAFE, [FAULT], EVENTS)
    assert safe is not None
    assert (safe.began_ms, safe.unseen_ms, safe.took_ms) == (3000, 10, 40), "not the event before the cause"
    from_the_start = scenario_ends.measure(SAFE, [{"target": "plant.feed_brake", "at_ms": 0}], EVENTS)
    assert from_the_start is not None
    assert (from_the_start.unseen_ms, from_the_start.took_ms) == (None, 400)


def test_what_is_late_is_said() -> None:
    assert scenario_ends.safe_complaints(SAFE, [FAULT], EVENTS) == []
    assert "safe 40 ms after" in scenario_ends.safe_complaints({**SAFE, "ms": 39}, [FAULT], EVENTS)[0]
    unseen = scenario_ends.safe_complaints({**SAFE, "found_ms": 9}, [FAULT], EVENTS)
    assert "10 ms after the cause" in unseen[0]
    assert "never safe" in scenario_ends.safe_complaints(SAFE, [FAULT], EVENTS[:4])[0]


def test_the_record_is_read_from_the_bytes() -> None:
    assert "was not read" in scenario_ends.custody_complaints([{"number": 1}], None)[0]
    assert scenario_ends.custody_complaints([], None) == []
    blank = scenario_ends.custody_complaints([{"number": 1, "place": "in seat 1"}], bytes(32768))
    assert blank == ["the custody record knows no tube 1"]
    torn = scenario_ends.custody_complaints([], b"RCHLEDG2" + b"\xff" * 4000)
    assert torn and torn[0].startswith("custody record: ")


def test_an_intent_that_has_no_end_is_uncertain() -> None:
    assert scenario_ends.certain(Tube(1, "in the bit", used=True, doing="carried"))
    for doing in ("taking", "coring", "breaking", "docking"):
        assert not scenario_ends.certain(Tube(1, "in the bit", used=True, doing=doing))
    half = Tube(1, "in seat 1", used=True, doing="in its seat", sealing=True)
    assert not scenario_ends.certain(half)
    assert "sealing not known to have ended" in scenario_ends.tube_words(half)


def test_a_run_that_falls_short_is_no_row() -> None:
    scenario = CATALOGUE[0]
    done = Done({"outcome": "SEALED", "reason": "NONE", "reason_text": ""}, [], 0)
    with pytest.raises(ValueError, match=scenario.name):
        faults_page.look(scenario, done, None)  # type: ignore[arg-type]
