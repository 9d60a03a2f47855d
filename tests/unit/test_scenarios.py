"""Scenario files are read, checked with line and key, run and judged. The runs here are made-up ones."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from host_tools import cli, scenarios
from host_tools.run import runner
from host_tools.run.protocol import EXIT_INTERRUPTED
from rochette import tables as t
from rochette.services.ledger import Ledger
from rochette.services.stores import MemoryStore

GOOD = """\
id = "X13"
doc = '''
a short: one spike
'''
rock = "sandstone"
seed = 4

[[fault]]
target = "plant.spindle_short_ma"
value = 7000
after_event = "CORER_CORING_STARTED"
for_ms = 100

[[limit]]
never_together = ["SPINDLE", "CAROUSEL"]

[expect]
outcome = "FAULT"
reason = "OVER_CURRENT"
must_events = ["SAMPLE_STOPPED"]
must_not_events = ["SAMPLE_CORED"]
result.seal = "NONE"

[expect.safe]
detected = "CORER_SPINDLE_OVER_CURRENT"
by = "POWER_ACTUATORS_OFF"
ms = 100

[[expect.tube]]
number = 1
place = "in the bit"
certain = false
"""


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "one.toml"
    path.write_text(text)
    return path


def test_a_file_becomes_what_is_asked(tmp_path: Path) -> None:
    one = scenarios.load(write(tmp_path, GOOD))
    asked = one.asked("micropython")
    assert (one.name, one.id, one.doc) == ("one", "X13", "a short: one spike")
    assert (asked.rock, asked.seed, asked.depth_mm, asked.release) == ("sandstone", 4, 8, "auto")
    assert asked.target == "micropython"
    assert asked.faults[0]["target"] == "plant.spindle_short_ma"
    assert asked.limits == [{"never_together": ["SPINDLE", "CAROUSEL"]}]
    json.dumps(runner.make_spec(asked))


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("seed = 4", "seeed = 4", 6, ["'seeed' is unknown", "seed"]),
        ("seed = 4", 'seed = "four"', 6, ["seed = 'four'", "whole number"]),
        ("seed = 4", "seed = true", 6, ["seed = True", "whole number"]),
        ('"sandstone"', '"sandcastle"', 5, ["rock = 'sandcastle'", "basalt"]),
        ("value = 7000", "volue = 7000", 10, ["'volue' is unknown in [fault[1]]", "value"]),
        ("plant.spindle_short_ma", "plant.spindel", 9, ["plant.spindel", "plant.spindle_jam"]),
        ("plant.spindle_short_ma", "memory.x", 9, ["memory.x", "plant.NAME"]),
        ("CORER_CORING_STARTED", "CORER_CORING_BEGAN", 11, ["CORER_CORING_BEGAN", "CORER_CORING_STARTED"]),
        ("for_ms = 100", "for_ms = -1", 12, ["for_ms = -1", "whole number"]),
        ("for_ms = 100", "at_ms = 100", 8, ["both at_ms and after_event"]),
        ('"CAROUSEL"', '"KETTLE"', 15, ["KETTLE", "CAROUSEL"]),
        ('outcome = "FAULT"', 'outcome = "FINE"', 18, ["FINE", "SEALED"]),
        ('"OVER_CURRENT"', '"TIRED"', 19, ["TIRED", "OVER_CURRENT"]),
        ('"SAMPLE_STOPPED"', '"SAMPLE_SLEPT"', 20, ["SAMPLE_SLEPT", "SAMPLE_STOPPED"]),
        ('result.seal = "NONE"', 'result.seel = "NONE"', 22, ["'seel' is unknown", "seal"]),
        ('result.seal = "NONE"', "result.seal = [1]", 22, ["expect.result.seal", "min"]),
        ('by = "POWER_ACTUATORS_OFF"', 'by = "DARK"', 26, ["DARK", "an event"]),
        ("ms = 100\n\n[[expect", "cause = 2\nms = 100\n\n[[expect", 27, ["cause = 2", "[[fault]]"]),
        ('"in the bit"', '"in the box"', 31, ["in the box", "in the bit", "in seat 1"]),
        ("certain = false", "certain = 0", 32, ["certain = 0", "true or false"]),
        ("certain = false", "sure = false", 32, ["'sure' is unknown", "certain"]),
    ],
)
def test_what_is_wrong_is_named_with_line_and_key(
    old: str, new: str, line: int, words: list[str], tmp_path: Path
) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(scenarios.ScenarioError) as refused:
        scenarios.load(path)
    said = str(refused.value)
    assert f"one.toml, line {line}: " in said
    for word in words:
        assert word in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rock = ", "is not TOML"),
        ('doc = "x"\nrock = "basalt"\n', "'expect' is missing"),
        ('doc = "x"\nrock = "basalt"\n[expect]\n', "no outcome"),
    ],
)
def test_what_is_missing_is_named(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(scenarios.ScenarioError, match=words):
        scenarios.load(write(tmp_path, text))


def test_a_key_too_many_at_the_end_of_any_file_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in scenarios.files():
        path = write(tmp_path, file.read_text() + '\nnonsense_key = "x"\n')
        assert cli.main(["scenario", "run", str(path)]) == 2
        assert "nonsense_key" in capsys.readouterr().err


def test_the_shipped_ones_cover_the_rocks_and_the_first_faults() -> None:
    from host_tools import rocks

    shipped = scenarios.load_all()
    assert {one.rock for one in shipped} == set(rocks.names())
    assert {f"X{n}" for n in (1, 2, 3, 8, 9, 10, 12, 13, 14)} <= {one.id for one in shipped}
    for one in shipped:
        if one.id:
            assert one.expect["tube"], f"{one.name} says nothing of its tube"
            assert one.expect["safe"], f"{one.name} has no time limit"
        assert one.expect["must_events"], f"{one.name} looks at no event"
        assert one.limits, f"{one.name} holds no limit"
    identities = [one.id for one in shipped if one.id]
    assert len(identities) == len(set(identities))


def test_names_ids_and_paths_find_a_scenario() -> None:
    by_name, by_id = scenarios.find("x14-feed-brake"), scenarios.find("x14")
    assert by_name.path == by_id.path == scenarios.find(str(by_name.path)).path


# ---- judging ----

STEPS = (
    (t.RECORD_KIND_TAKE_INTENT, 1, 1, 8_000, 0, 0),
    (t.RECORD_KIND_TAKEN, 1, 1, 392, 0, 0),
    (t.RECORD_KIND_CORE_INTENT, 1, 1, 8_000, 0, 0),
    (t.RECORD_KIND_CORED, 1, 1, 8_000, 9, 0),
)


def custody(steps: int = 3) -> bytes:
    """A payload's memory after so many steps with tube 1."""
    store = MemoryStore(4096)
    ledger = Ledger(store)
    ledger.initialise(5)
    for step in STEPS[:steps]:
        ledger.append(*step)
    return bytes(store.data)


LEDGER = custody()


def done(**changes: Any) -> runner.Done:
    names = changes.pop("events", ["SAMPLE_STOPPED"])
    names = ["CORER_SPINDLE_OVER_CURRENT", "POWER_ACTUATORS_OFF", *names]
    events = [{"name": name, "ms": 40 * n} for n, name in enumerate(names)]
    result = {"outcome": "FAULT", "reason": "OVER_CURRENT", "seal": "NONE", "fill_um": 7_900, **changes}
    return runner.Done({"reason_text": "", **result}, events, 4, ledger=LEDGER)


@pytest.fixture
def scenario(tmp_path: Path) -> scenarios.Scenario:
    return scenarios.load(write(tmp_path, GOOD))


def test_as_expected(scenario: scenarios.Scenario) -> None:
    assert scenarios.judge(scenario, done()) == []


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"outcome": "SEALED"}, "outcome SEALED (OVER_CURRENT), expected FAULT"),
        ({"reason": "SLIP"}, "reason SLIP, expected OVER_CURRENT"),
        ({"seal": "ACTIVATED"}, "seal is ACTIVATED, expected NONE"),
        ({"events": []}, "event SAMPLE_STOPPED did not occur"),
        ({"events": ["SAMPLE_STOPPED", "SAMPLE_CORED"]}, "event SAMPLE_CORED occurred"),
        ({"limits_broken": ["SPINDLE and CAROUSEL"]}, "limit broken: SPINDLE and CAROUSEL"),
        ({"refused": "command 3"}, "a command was refused: command 3"),
    ],
)
def test_what_falls_short_is_said(
    change: dict[str, Any], complaint: str, scenario: scenarios.Scenario
) -> None:
    assert scenarios.judge(scenario, done(**change)) == [complaint]


def test_the_tube_is_where_the_record_says(scenario: scenarios.Scenario) -> None:
    ended = done()
    ended.ledger = custody(4)
    assert scenarios.judge(scenario, ended) == [
        "by the custody record tube 1 has certain = True, expected False"
    ]
    ended.ledger = custody(0)
    assert "tube 1 has place = 'in seat 1'" in scenarios.judge(scenario, ended)[0]
    ended.ledger = LEDGER[:150] + b"\xff" + LEDGER[151:]
    assert scenarios.judge(scenario, ended)[0].startswith("custody record: "), "it must be whole"
    ended.ledger = None
    assert scenarios.judge(scenario, ended) == ["the payload's memory was not read at the end"]


def test_what_is_safe_too_late_falls_short(scenario: scenarios.Scenario) -> None:
    scenario.expect["safe"]["ms"] = 39
    late = "safe 40 ms after CORER_SPINDLE_OVER_CURRENT, allowed are 39"
    assert scenarios.judge(scenario, done()) == [late]


def test_a_crash_is_never_the_fault_that_was_expected(scenario: scenarios.Scenario) -> None:
    crashed = done(reason=runner.TARGET_FAILED, reason_text="the emulation stopped")
    assert scenarios.judge(scenario, crashed) == ["the emulation stopped"]


def test_bounds_of_a_field(scenario: scenarios.Scenario) -> None:
    scenario.expect["result"] = {"fill_um": {"min": 7_000, "max": 8_000}}
    assert scenarios.judge(scenario, done()) == []
    scenario.expect["result"] = {"fill_um": {"min": 8_000}}
    assert scenarios.judge(scenario, done()) == ["fill_um is 7900, expected 8000 to any"]


# ---- running ----


def play(monkeypatch: pytest.MonkeyPatch, results: dict[str, runner.Done]) -> list[str]:
    ran: list[str] = []

    def run(asked: runner.Asked, out: Path | None = None) -> runner.Done:
        ran.append(asked.target)
        return results[asked.target]

    monkeypatch.setattr(scenarios, "run", run)
    return ran


def finished(trace: str = "aa", **changes: Any) -> runner.Done:
    return done(wall_s=1.0, emulated_s=300, trace_sha256=trace, **changes)


def test_both_targets_a_line_each_and_a_table(
    scenario: scenarios.Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, {"cpython": finished(), "micropython": finished()})
    out = io.StringIO()
    campaign = scenarios.run_all([scenario], ["cpython", "micropython"], stream=out)
    assert campaign.exit_status == 0
    lines = out.getvalue().splitlines()
    assert lines[0].startswith("ok") and "cpython" in lines[0]
    assert lines[1].startswith("ok") and "micropython" in lines[1]
    assert lines[-1] == "2 as expected, 0 fall short, 0 skipped"


def test_one_that_falls_short_fails_the_lot(
    scenario: scenarios.Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, {"cpython": finished(outcome="SEALED")})
    out = io.StringIO()
    campaign = scenarios.run_all([scenario], ["cpython"], stream=out)
    assert campaign.exit_status == 1
    assert out.getvalue().startswith("FALLS SHORT")
    assert campaign.as_data()["scenarios"][0]["complaints"] == [
        "outcome SEALED (OVER_CURRENT), expected FAULT"
    ]


def test_traces_that_differ_fall_short(scenario: scenarios.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, {"cpython": finished("aa"), "micropython": finished("bb")})
    campaign = scenarios.run_all([scenario], ["cpython", "micropython"], stream=io.StringIO())
    assert [one.state for one in campaign.verdicts] == [scenarios.OK, scenarios.FALLS_SHORT]


def test_a_target_that_the_file_does_not_name_is_said_to_be_skipped(
    scenario: scenarios.Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario.targets = ["cpython"]
    ran = play(monkeypatch, {"cpython": finished()})
    out = io.StringIO()
    campaign = scenarios.run_all([scenario], ["cpython", "micropython"], stream=out)
    assert ran == ["cpython"]
    assert campaign.verdicts[1].state == scenarios.SKIPPED
    assert "targets = ['cpython']" in out.getvalue()


def test_ctrl_c_ends_the_lot(scenario: scenarios.Scenario, monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted = finished(outcome=None, reason="INTERRUPTED")
    interrupted.exit_status = EXIT_INTERRUPTED
    play(monkeypatch, {"cpython": interrupted})
    out = io.StringIO()
    campaign = scenarios.run_all([scenario, scenario], ["cpython"], stream=out)
    assert campaign.exit_status == EXIT_INTERRUPTED
    assert campaign.verdicts == []
    assert "interrupted" in out.getvalue()


def test_the_chip_runs_what_is_marked_for_it_and_says_what_it_skips(tmp_path: Path) -> None:
    unmarked = scenarios.load(write(tmp_path, GOOD))
    verdict = scenarios.run_one(unmarked, "chip")
    assert (verdict.state, verdict.complaints) == (
        scenarios.SKIPPED,
        ["its file is not marked for the chip (chip = true)"],
    )
    marked = GOOD.replace("seed = 4", "seed = 4\nchip = true")
    assert scenarios.not_on_chip(scenarios.load(write(tmp_path, marked))) == []
    slow = marked.replace("plant.spindle_short_ma", "bus.fram").replace("value", 'kind = "slow"\nvalue')
    verdict = scenarios.run_one(scenarios.load(write(tmp_path, slow)), "chip")
    assert verdict.state == scenarios.SKIPPED
    assert "fault 1 (bus.fram slow)" in verdict.complaints[0]
    assert [one.name for one in scenarios.load_all() if one.chip]
    with pytest.raises(scenarios.ScenarioError, match="chip = 1"):
        scenarios.load(write(tmp_path, GOOD.replace("seed = 4", "seed = 4\nchip = 1")))
