"""The fault matrix: its table is whole, its faults exist, a fork is a run, and a seeded share of it ends
well."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from host_tools import dictionary, rocks
from host_tools.campaign import fault_matrix, fault_runs
from host_tools.campaign.fault_matrix import KINDS, PHASES, Cell, Expectation, Table, TableError
from host_tools.campaign.plan import Unit, run_unit
from host_tools.cli import main
from host_tools.emulator.faults import FaultInjector
from host_tools.emulator.plant import Plant
from host_tools.emulator.world import World
from host_tools.run.runner import board_data

SOAK = 1_500
SHARE = SOAK // 10
"""Cells of `make test`: a minute and a half of one core."""
PARTS = 4


def cells_of(share: float, seed: int) -> list[str]:
    return [cell.id for cell in fault_matrix.sampled(fault_matrix.table().cells(), share, seed)]


@pytest.fixture(scope="module")
def times(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> dict[str, list[int]]:
    """Two runs, six seconds: whichever of pytest's workers comes first leaves them to the others."""
    shared = tmp_path_factory.getbasetemp()
    kept = (shared if worker_id == "master" else shared.parent) / "fault-matrix-times.json"
    if not kept.is_file():
        mine = kept.with_suffix(f".{worker_id}")
        mine.write_text(json.dumps(fault_runs.timeline(1)), encoding="utf-8")
        mine.replace(kept)
    found: dict[str, list[int]] = json.loads(kept.read_text(encoding="utf-8"))
    return found


def test_every_part_of_the_board_is_in_the_table() -> None:
    board = board_data("emulated")
    parts = {name for name, part in board["parts"].items() if part["driver"] != "camera_trigger"}
    parts |= set(board["parts"]["switches"]["inputs"]) | {"camera"}
    parts |= {name for name, pin in board["pins"].items() if pin["dir"] == "in"}
    parts -= {"encoder_a", "encoder_b", "hx711_data"}  # the wires of encoder and load cell
    assert parts <= set(fault_matrix.table().parts)


def test_every_cell_has_a_fault_that_can_be_and_an_expectation() -> None:
    table = fault_matrix.table()
    board = board_data("emulated")
    world = World(board, Plant(rocks.load("sandstone"), 1, board["mechanics"]), 1)
    for cell in table.cells():
        assert table.expectation(cell) is not None, cell.id
        if cell.phase == "CORE":
            FaultInjector(world, table.faults(cell, 1000))
    assert len(table.cells()) >= SOAK


def test_reasons_and_phases_are_the_dictionarys() -> None:
    enums = dictionary.load().enums
    reasons = {name for name, _, _ in enums["Reason"].values}
    for name, part in fault_matrix.table().parts.items():
        assert set(part["reasons"]) <= reasons, name
    phases = [name for name, _, _ in enums["Phase"].values]
    assert list(PHASES) == phases[phases.index("CHECK") : phases.index("STOWED")]


def test_the_table_refuses_what_it_does_not_know() -> None:
    good = {"doc": "d", "used": ["CORE"], "fault": {"off": {}}, "expect": {"off": ["stops"]}}
    Table({"part": {"x": good}})
    for wrong, says in (
        ({"colour": 1}, "unknown key 'colour'"),
        ({"used": ["LUNCH"]}, "unknown phase 'LUNCH'"),
        ({"fault": {"odd": {}}}, "unknown kind 'odd'"),
        ({"expect": {"off": ["wins"]}}, "unknown end 'wins'"),
    ):
        with pytest.raises(TableError, match=says):
            Table({"part": {"x": {**good, **wrong}}})
    anything = {**good, "expect": {"off": ["stops", "completes", "withholds"]}}
    with pytest.raises(TableError, match="any end is allowed for 'off', and 'free' does not say why"):
        Table({"part": {"x": anything}})
    Table({"part": {"x": {**anything, "free": "it depends on the moment"}}})
    table = Table({"part": {"x": good}})
    assert table.expectation(Cell("x", "slow", "CORE")) is None
    with pytest.raises(TableError, match="does not say how it is 'slow'"):
        table.faults(Cell("x", "slow", "CORE"), 0)


def test_an_expectation_names_what_is_not_as_it_should_be() -> None:
    stop = Expectation(("stops",), frozenset({"FEED"}), "why")
    assert stop.complaint("FAULT", "FEED") == ""
    assert "expected FAULT: why" in stop.complaint("SEALED", "CORE_PRESENT_SEALED")
    assert "stopped for GATE, expected FEED" in stop.complaint("FAULT", "GATE")
    # What begins in the last phase that uses the part may come too late for it, where the table says so.
    table = fault_matrix.table()
    told = [table.expectation(Cell("spindle_current", "off", phase)) for phase in ("CORE", "BREAK_OFF")]
    assert [one.ends for one in told if one] == [("stops",), ("stops", "completes")]
    done = fault_matrix.table().expectation(Cell("encoder", "off", "STORE"))
    assert done is not None and done.complaint("SEALED", "CORE_PRESENT_SEALED") == ""
    assert done.complaint("FAULT", "SPINDLE")


def test_a_sample_is_seeded_and_touches_every_part_and_kind() -> None:
    all_cells = fault_matrix.table().cells()
    some = fault_matrix.sampled(all_cells, 0.05, 1)
    assert some == fault_matrix.sampled(all_cells, 0.05, 1) != fault_matrix.sampled(all_cells, 0.05, 2)
    assert len(some) == round(len(all_cells) * 0.05)
    assert len({(cell.part, cell.kind) for cell in some}) == len(all_cells) // len(PHASES)
    assert fault_matrix.sampled(all_cells, 1, 1) == all_cells


@pytest.mark.soak
def test_a_forked_run_is_the_run_from_the_start(times) -> None:  # type: ignore[no-untyped-def]
    ids = [
        "link.intermittent.HOLD",  # the link first, as it is a run of its own
        "load_cell.delayed.CONTACT",
        "feed.off.DOCK",
        "switches.intermittent.PROBE",
    ]
    forked = run_unit(Unit("faults", ids, {"seed": 1, "timeline": times}))
    assert [record["id"] for record in forked] == ids
    for record in (forked[0], *forked[2:]):
        cell = Cell(*record["id"].split("."))
        whole = fault_runs.run_whole(cell, 1, record["at_ms"])
        whole["wall_s"] = record["wall_s"]
        assert whole == record


@pytest.mark.soak
def test_a_cell_that_crashes_or_has_no_expectation_falls_short(times, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    cell = Cell("feed", "off", "STORE")
    with monkeypatch.context() as patched:
        patched.setattr(fault_matrix.Table, "expectation", lambda _self, _cell: None)
        (record,) = run_unit(Unit("faults", [cell.id], {"seed": 1, "timeline": times}))
    assert record["why"] == ["no expectation in the table"] and not record["ok"]
    (record,) = run_unit(Unit("faults", ["feed.odd.STORE"], {"seed": 1, "timeline": times}))
    assert not record["ok"]


@pytest.mark.soak
def test_a_cell_of_the_link_can_be_looked_at_again(tmp_path, capsys) -> None:  # type: ignore[no-untyped-def]
    assert main(["campaign", "--faults", "--only", "link.off.CORE", "--out", str(tmp_path)]) == 0
    assert "HELD (EVIDENCE_DISAGREES)" in capsys.readouterr().out
    told = [json.loads(line)["name"] for line in (tmp_path / "events.jsonl").read_text().splitlines()]
    assert "SAMPLE_CORED" in told and told[-2] == "SAMPLE_HOLD"
    (tmp_path / "file").touch()
    assert main(["campaign", "--faults", "--only", "link.off.CORE", "--out", str(tmp_path / "file")]) == 2
    assert "is no folder. Nothing was run." in capsys.readouterr().err


def _short(records: list[dict]) -> str:  # type: ignore[type-arg]
    return "\n".join(f"{record['id']}: {'; '.join(record['why'])}" for record in records if not record["ok"])


@pytest.mark.parametrize("part", range(PARTS))
def test_a_seeded_share_ends_as_expected(part, times) -> None:  # type: ignore[no-untyped-def]
    ids = cells_of(SHARE / len(fault_matrix.table().cells()), 7)
    assert len(ids) == SHARE
    by_time = sorted(ids, key=lambda name: fault_matrix.begins_ms(Cell(*name.split(".")), 1, times))
    mine = by_time[part * SHARE // PARTS : (part + 1) * SHARE // PARTS]
    records = run_unit(Unit("faults", mine, {"seed": 1, "timeline": times}))
    assert Counter(record["id"] for record in records) == Counter(mine)
    assert not _short(records)


@pytest.mark.soak
@pytest.mark.parametrize("kind", KINDS)
def test_the_matrix_ends_as_expected(kind, times) -> None:  # type: ignore[no-untyped-def]
    ids = [name for name in cells_of(SOAK / len(fault_matrix.table().cells()), 1) if f".{kind}." in name]
    assert not _short(run_unit(Unit("faults", ids, {"seed": 1, "timeline": times})))
