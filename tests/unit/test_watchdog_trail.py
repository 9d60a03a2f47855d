"""Whatever hangs, wherever it waits: the watchdog resets, the actuators are off before that, and the culprit
is named after the start. The hang is at the wait itself: a transfer that never ends, a pin never read.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from host_tools import dictionary, paths
from host_tools.boards import find
from host_tools.emulator.errors import MachineReset, WatchdogReset
from host_tools.emulator.world import World
from rochette import tables as t
from rochette.hal import reset
from rochette.services.executive import _Always
from tests.unit.payload_rig import Rig

ENTRIES = {number: label for label, number, _ in dictionary.load().enums["Entry"].values}

WAITS = (
    # What hangs, from when on (bring-up begins at 335 ms, its self test ends at 515, homing follows), and who
    # is the first to wait for it then. Between them: each room that has a wait; telemetry has none.
    ("bus.switches", 1500, "INPUTS"),
    ("bus.spindle_current", 400, "INPUTS"),
    ("bus.bus_current", 1500, "INPUTS"),
    ("bus.aux_current", 1500, "INPUTS"),
    ("bus.analogue", 1500, "INPUTS"),
    ("bus.tilt", 1500, "INPUTS"),
    ("bus.light", 420, "INPUTS"),
    ("bus.mission_clock", 1500, "INPUTS"),
    ("pin.estop_sense", 1500, "RAIL"),
    ("pin.carousel_index", 20000, "CAROUSEL"),
    ("bus.fram", 430, "ACTIVITIES"),
    ("pin.feed_dir", 450, "FEED_STEPS"),
    ("serial.line", 1500, "LINK"),
    ("fifo.load_cell", 1500, "INPUTS"),
    ("fifo.encoder", 400, "INPUTS"),
    ("fifo.feed", 1500, "FEED_STEPS"),
    ("fifo.carousel", 20000, "CAROUSEL_STEPS"),
    ("bus.fram", 250, "LEDGER"),
    # Read in the guard's own interrupt, which comes between two ticks: nobody of the executive is at it, and
    # only the watchdog is left.
    ("pin.feed_bottom", 1500, "WAITING"),
)


class Seen:
    """Which entry of the executive ran when it hung, told from the program's own stack."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.entries: list[str] = []
        self.power: list[bool] = []
        inner = World.hang
        seen = self

        def hang(world: World) -> None:
            seen.entries.append(_running())
            try:
                inner(world)
            finally:
                seen.power.append(world.actuator_enable)

        monkeypatch.setattr(World, "hang", hang)


def _running() -> str:
    frame: Any = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "_run_slot":
            owner = frame.f_locals["entry"]
            return _name(frame.f_locals["self"], owner)
        if frame.f_code.co_name == "_do_still_work":
            return "STILL_WORK"
        frame = frame.f_back
    return "WAITING"


def _name(executive: Any, entry: Any) -> str:
    named: str = next(one[1] for one in executive._entries if one[2] == entry)
    return named.upper().replace(" ", "_")


def test_the_dictionary_has_the_entries_that_there_are() -> None:
    payload = Rig().boot()
    names = ["WAITING", *(name.upper().replace(" ", "_") for name in payload.executive.names())]
    assert [ENTRIES[n] for n in range(len(names))] == names
    stages = {t.ENTRY_START_DRIVERS + n for n in range(5)}
    assert min(stages) == reset.STAGES and set(ENTRIES) == {*range(len(names)), *stages, reset.STILL}


def test_the_page_has_the_table_that_runs() -> None:
    page = (paths.ROOT / "docs" / "watchdog.md").read_text(encoding="utf-8")
    executive = Rig().boot().executive
    rooms = ("inputs", "monitors", "mechanisms", "activities", "outputs", "telemetry", "link", "idle")
    for number, (room, name, _, period, _, owner) in enumerate(executive._entries, 1):
        rate = "each tick" if period == 1 else f"each {period} ticks"
        if owner is not _Always:
            rate += " while it is busy"
        assert f"| {number} | {name} | {rooms[room]} | {rate} |" in page
    board = find.data("emulated")
    assert f"{board['guard']['heartbeat_ms']} ms, {board['guard']['heartbeat_ms'] // 10} ticks" in page
    assert f"{board['watchdog_ms'] // 1000} s, {board['watchdog_ms'] // 10} ticks" in page


def test_a_trail_tells_of_each_entry_in_each_tick() -> None:
    payload = Rig().boot()
    executive = payload.executive
    executive.start()
    for slot in range(100):
        for position, (_, entry) in enumerate(executive._schedule[slot], 1):
            number = executive.at_trail(slot, position)
            assert executive._entries[number - 1][2] == entry
        assert executive.at_trail(slot, len(executive._schedule[slot]) + 1) == 0
        assert executive.at_trail(slot, 0) == 0


@pytest.mark.parametrize(("target", "at_ms", "culprit"), WAITS)
def test_a_hang_ends_in_a_reset_and_the_culprit_is_named(
    target: str, at_ms: int, culprit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = Seen(monkeypatch)
    rig = Rig(
        faults=[{"target": target, "kind": "hangs", "at_ms": at_ms, "for_ms": 1000}],
        until={"event": "START_HUNG", "delay_ms": 50},
        max_s=60,
    )
    result = rig.run()
    assert result["resets"] == 1
    told = [event for event in rig.events if event["id"] == t.EV_START_HUNG]
    assert len(told) == 1
    assert [ENTRIES[told[0]["args"][0]]] == seen.entries == [culprit]
    if culprit != "WAITING":
        assert seen.power == [False], "the guard has taken the power long before the watchdog resets"


@pytest.mark.parametrize(
    ("target", "stage"),
    [
        ("pin.feed_dir", "START_DRIVERS"),
        ("bus.bus_current", "START_SUPPLY"),
        ("bus.mission_clock", "START_PARTS"),
        ("bus.fram", "START_KEPT"),
        ("bus.spindle_current", "START_PARTS"),
        ("bus.tilt", "START_PARTS"),
    ],
)
def test_a_hang_before_the_first_tick_ends_in_a_reset_and_the_stage_is_named(target: str, stage: str) -> None:
    rig = Rig(
        faults=[{"target": target, "kind": "hangs", "at_ms": 0, "for_ms": 8000}],
        until={"event": "START_HUNG", "delay_ms": 50},
        max_s=60,
    )
    result = rig.run()
    assert result["resets"] == 1
    told = [event for event in rig.events if event["id"] == t.EV_START_HUNG]
    assert [ENTRIES[event["args"][0]] for event in told] == [stage]
    assert t.EV_SYSTEM_BOOTED in rig.ids() and not rig.session.world.actuator_enable


def test_flash_that_never_ends_its_write_is_named() -> None:
    rig = Rig(flash="formatted", faults=[{"target": "flash", "kind": "hangs", "at_ms": 200, "for_ms": 3000}])
    payload = rig.commission()
    with pytest.raises(WatchdogReset) as hung:
        for _ in range(1000):
            payload.executive.step()
    rig.session._restart(hung.value)
    rig.session._hear_events()
    told = [ENTRIES[event["args"][0]] for event in rig.events if event["id"] == t.EV_START_HUNG]
    assert told == ["LEDGER_MIRROR"]
    assert not rig.session.world.actuator_enable


def test_a_person_who_breaks_the_start_off_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    rig.boot()
    import main

    def broken(*_args: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(main, "Payload", broken)
    sys.modules["board"] = rig.session._board
    with pytest.raises(KeyboardInterrupt):
        main.build(True)
    world = rig.session.world
    assert world.watchdog is None or world.watchdog._event is None, "it was let go"
    assert world.scratch[reset.PLACE + 0] == reset.ASKED


def test_a_reset_that_was_asked_for_names_nobody() -> None:
    rig = Rig()
    payload = rig.boot()
    with pytest.raises(MachineReset) as asked:
        payload.commands.submit(t.CMD_START_RESTART)
    rig.session._restart(asked.value)
    assert rig.session.world.reset_cause == reset.WATCHDOG
    assert t.EV_START_HUNG not in rig.ids()


def test_power_that_goes_names_nobody() -> None:
    rig = Rig(
        faults=[{"target": "supply.logic", "kind": "off", "at_ms": 1500}],
        until={"event": "LEDGER_OPENED", "delay_ms": 50},
        max_s=60,
    )
    assert rig.run()["resets"] == 1
    assert t.EV_START_HUNG not in rig.ids()
    assert bytes(rig.session.world.scratch)[1:4] == bytes(3)


def test_an_error_that_ends_the_tick_names_its_entry() -> None:
    """What raises leaves its tick, the watchdog is not fed any more, and the trail stands."""
    payload = Rig().boot()

    def fails() -> None:
        raise RuntimeError("broken")

    executive = payload.executive
    number = executive.names().index("free space")
    room, name, _, period, phase, owner = executive._entries[number]
    executive._entries[number] = (room, name, fails, period, phase, owner)
    with pytest.raises(RuntimeError):
        for _ in range(200):
            executive.step()
    trail = payload.executive._trail
    assert executive.at_trail(trail[reset.SLOT], trail[reset.PLACE]) == number + 1


def test_still_work_is_told_apart() -> None:
    payload = Rig().boot()
    trail = payload.executive._trail
    found: list[int] = []
    payload.executive.when_still(lambda: found.append(trail[reset.PLACE]))
    for _ in range(3):
        payload.executive.step()
    assert found == [reset.STILL] and trail[reset.PLACE] == 0
