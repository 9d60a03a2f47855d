"""Degraded modes: announced, kept over a start, with limits; what one does not allow is refused in words."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.emulator.errors import WatchdogReset
from host_tools.run import custody
from rochette import tables as t
from rochette.activities.moves import NOT_WEIGHED
from tests.unit.payload_rig import Rig

ON = {
    t.DEGRADED_ROTARY_ONLY: (t.CMD_CORER_PERCUSS, t.CMD_SAMPLE_SHAKE_BIT),
    t.DEGRADED_FEED_LOCKED: (t.CMD_FEED_HOME, t.CMD_FEED_JOG, t.CMD_SAMPLE_BRING_UP, t.CMD_SAMPLE_ACQUIRE),
    t.DEGRADED_RAM_ONLY: (t.CMD_SAMPLE_COMMISSION, t.CMD_SAMPLE_ACQUIRE, t.CMD_SAMPLE_DROP_TUBE),
    t.DEGRADED_NO_LIGHT_SENSOR: (),
    t.DEGRADED_NO_LOAD_CELL: (t.CMD_FEED_JOG, t.CMD_SAMPLE_SHAKE_BIT, t.CMD_SAMPLE_DROP_TUBE),
}
ARGS = {
    t.CMD_CORER_PERCUSS: (5,),
    t.CMD_FEED_JOG: (1000, 500),
    t.CMD_SAMPLE_ACQUIRE: (1, 8000),
    t.CMD_SAMPLE_DROP_TUBE: (1,),
}


def told(rig: Rig) -> list[tuple[int, list[int]]]:
    rig.session._hear_events()
    return [(event["id"], list(event["args"])) for event in rig.events]


@pytest.mark.parametrize("mode", sorted(ON))
def test_what_a_mode_does_not_allow_is_refused_in_words_and_nothing_starts(mode: int) -> None:
    rig = Rig()
    payload = rig.boot()
    assert payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (mode, 1)) == t.COMMAND_RESULT_OK
    assert payload.mode.value == t.MODE_DEGRADED
    assert payload.degraded.get() == 1 << mode
    for opcode in ON[mode]:
        result = payload.commands.submit(opcode, ARGS.get(opcode, ()))
        assert result == t.COMMAND_RESULT_WRONG_STATE
        assert payload.activities.running == 0
        refused = [args for event, args in told(rig) if event == t.EV_SYSTEM_DEGRADED_REFUSED]
        assert refused[-1][:2] == [mode, opcode]
    assert not payload.rail.is_on
    assert payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (mode, 0)) == t.COMMAND_RESULT_OK
    assert (payload.mode.value, payload.degraded.get()) == (t.MODE_IDLE, 0)


@pytest.mark.parametrize("mode", sorted(ON))
def test_what_it_allows_is_done(mode: int) -> None:
    rig = Rig()
    payload = rig.boot()
    payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (mode, 1))
    assert payload.commands.submit(t.CMD_GATE_CLOSE) == t.COMMAND_RESULT_OK
    for _ in range(400):
        payload.executive.step()
    assert payload.mode.value == t.MODE_DEGRADED, "back where it was, not to IDLE"
    assert t.EV_GATE_CLOSED in [event for event, _ in told(rig)]


def test_two_modes_are_two_bits_and_one_that_does_not_exist_is_refused() -> None:
    payload = Rig().boot()
    payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (t.DEGRADED_FEED_LOCKED, 1))
    payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (t.DEGRADED_ROTARY_ONLY, 1))
    assert payload.degraded.get() == 3
    payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (t.DEGRADED_FEED_LOCKED, 0))
    assert payload.degraded.get() == 1
    assert payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (5, 1)) == t.COMMAND_RESULT_VALIDATION
    assert payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (0, 2)) == t.COMMAND_RESULT_VALIDATION


def test_a_mode_is_kept_over_a_reset_and_told_again() -> None:
    rig = Rig()
    payload = rig.boot()
    payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (t.DEGRADED_RAM_ONLY, 1))
    for _ in range(300):
        payload.executive.step()
    rig.session._restart(WatchdogReset("the test's"))
    again = rig.session.payload
    assert again.degraded.get() == 1 << t.DEGRADED_RAM_ONLY
    assert again.mode.value == t.MODE_DEGRADED
    assert [args[0] for event, args in told(rig) if event == t.EV_SYSTEM_DEGRADED][-1] == 4


def degraded(mode: int, rock: str = "mudstone", depth_um: int = 2000, **spec: Any) -> Rig:
    """A payload at its first tick with one mode in force, and a core commanded."""
    rig = Rig(rock, seed=1, depth_um=depth_um, **spec)
    rig.session._boot()
    rig.session.payload.parameters.set(t.P_SYSTEM_DEGRADED, 1 << mode)
    return rig


def test_without_the_load_cell_a_core_is_drilled_by_current_and_the_record_tells_of_no_weight() -> None:
    no_cell = {"target": "pin.hx711_data", "kind": "stuck", "value": 1, "at_ms": 1}
    rig = degraded(t.DEGRADED_NO_LOAD_CELL, faults=[no_cell], answer="hold")
    plant = rig.session.plant
    pressed = []
    payload = rig.session.payload
    payload.executive.add(0, "scale", lambda: pressed.append(plant.force_mn), 100)
    result = rig.session.finish()
    # Image alone is not enough for PRESENT: mass and snap are silent, and nobody guesses.
    assert (result["outcome"], result["verdict"]) == (t.OUTCOME_HELD, t.VERDICT_INCONCLUSIVE)
    assert 1900 <= plant.depth_um <= 4500 and result["max_level"] <= 2
    # In force: the weight never came near to what is drilled with by the cell.
    assert 10_000 < max(pressed) < 70_000
    kept = {record["kind"]: record for record in result["custody"]}
    assert NOT_WEIGHED == custody.NOT_WEIGHED, "the host knows what stands there"
    assert kept[t.RECORD_KIND_TAKEN]["b"] == kept[t.RECORD_KIND_VERDICT]["c"] == NOT_WEIGHED
    assert t.EV_SAMPLE_WEIGHED not in rig.ids() and rig.ids().count(t.EV_SAMPLE_NOT_WEIGHED) >= 3
    # The tube goes back into its seat by current, too.
    rig.session.world.attach()
    assert payload.commands.submit(t.CMD_SAMPLE_ABORT, ()) == t.COMMAND_RESULT_OK
    step(payload)
    assert payload.commands.submit(t.CMD_SAMPLE_FINISH_STORING, (1, 1)) == t.COMMAND_RESULT_OK
    step(payload)
    assert payload.ledger.seat_state(1) == t.SEAT_STATE_UNSEALED and plant.tubes.in_seat[1] == 1


def step(payload: Any) -> None:
    while payload.activities.running:
        payload.executive.step()


def test_without_the_load_cell_a_pebble_is_met_by_current_and_nothing_is_pressed_on() -> None:
    rig = degraded(t.DEGRADED_NO_LOAD_CELL, faults=[{"target": "plant.pebble", "value": 8000, "at_ms": 1}])
    plant = rig.session.plant
    pressed = []
    rig.session.payload.executive.add(0, "scale", lambda: pressed.append(plant.force_mn), 100)
    result = rig.session.finish()
    assert (result["outcome"], result["reason"]) == (t.OUTCOME_FAULT, t.REASON_EARLY_CONTACT)
    assert max(pressed) < 40_000


@pytest.mark.parametrize("sun", (1, 0))
def test_without_the_light_sensor_a_picture_counts_by_sun_table_and_clock_or_not_at_all(sun: int) -> None:
    faults: list[dict[str, Any]] = [{"target": "bus.light", "kind": "off", "at_ms": 1}]
    if not sun:
        faults.append({"target": "clock.mission_clock", "kind": "stopped", "at_ms": 1})
    rig = degraded(t.DEGRADED_NO_LIGHT_SENSOR, depth_um=1500, faults=faults, answer="hold")
    result = rig.session.finish()
    if sun:
        assert (result["outcome"], result["verdict"]) == (t.OUTCOME_HELD, t.VERDICT_PRESENT)
    else:
        assert (result["outcome"], result["reason"]) == (t.OUTCOME_FAULT, t.REASON_CAMERA)
        assert t.EV_CAMERA_NO_LIGHT_SENSOR in rig.ids()


@pytest.mark.parametrize(
    ("fault", "mode"),
    [
        ({"target": "bus.light", "kind": "off"}, t.DEGRADED_NO_LIGHT_SENSOR),
        ({"target": "pin.hx711_data", "kind": "stuck", "value": 1}, t.DEGRADED_NO_LOAD_CELL),
    ],
)
def test_a_part_that_is_lost_after_bring_up_enters_its_mode(fault: dict[str, Any], mode: int) -> None:
    rig = brought_up(fault)
    payload = rig.session.payload
    for _ in range(400):
        payload.executive.step()
    assert (payload.degraded.get(), payload.mode.value) == (1 << mode, t.MODE_DEGRADED)
    entered = [args for event, args in told(rig) if event == t.EV_SYSTEM_DEGRADING]
    assert [args[1] for args in entered] == [mode], "once, and no other"


def brought_up(fault: dict[str, Any]) -> Rig:
    """A payload that was brought up; its part fails then."""
    rig = Rig("mudstone", faults=[{**fault, "after_event": "SAMPLE_READY", "delay_ms": 100}])
    payload = rig.commission()
    assert payload.commands.submit(t.CMD_SAMPLE_BRING_UP) == t.COMMAND_RESULT_OK
    while payload.activities.running:
        payload.executive.step()
        rig.session._hear_events()
    rig.session._hear_events()
    assert payload.kit.ready
    return rig


def test_before_bring_up_a_missing_part_is_named_and_no_mode_begins() -> None:
    rig = Rig("mudstone", faults=[{"target": "bus.light", "kind": "off", "at_ms": 1}])
    payload = rig.boot()
    for _ in range(500):
        payload.executive.step()
    assert payload.degraded.get() == 0
    assert t.EV_SYSTEM_DEGRADING not in [event for event, _ in told(rig)]


def test_a_record_that_takes_nothing_any_more_is_ram_only_once_the_activity_has_ended() -> None:
    rig = Rig(
        "mudstone",
        depth_um=1500,
        faults=[{"target": "bus.fram", "kind": "off", "after_event": "SAMPLE_CONTACT"}],
    )
    result = rig.run()
    assert (result["outcome"], result["reason"]) == (t.OUTCOME_FAULT, t.REASON_CUSTODY)
    payload = rig.session.payload
    rig.session.world.attach()
    for _ in range(100):
        payload.executive.step()
    assert payload.degraded.get() == 1 << t.DEGRADED_RAM_ONLY
    assert payload.commands.submit(t.CMD_SAMPLE_FINISH_STORING, (1, 1)) == t.COMMAND_RESULT_WRONG_STATE


def test_rotary_only_never_hammers_and_still_takes_a_core_of_soft_rock() -> None:
    rig = Rig("regolith", seed=1, depth_um=2000)
    rig.session._boot()
    payload = rig.session.payload
    payload.parameters.set(t.P_SYSTEM_DEGRADED, 1 << t.DEGRADED_ROTARY_ONLY)
    hammered = []
    inner = payload.drivers["percussion"].set
    payload.drivers["percussion"].set = lambda *args: (hammered.append(args), inner(*args))
    result = rig.session.finish()
    assert result["max_level"] <= 2
    assert not hammered
    assert t.EV_SAMPLE_CORED in rig.ids()
    assert t.EV_CORER_PULSES_GIVEN not in rig.ids()


@pytest.mark.soak
def test_rotary_only_gives_up_on_hard_rock_at_its_own_top_level() -> None:
    rig = Rig("basalt", seed=1, depth_um=2000)
    rig.session._boot()
    payload = rig.session.payload
    payload.parameters.set(t.P_SYSTEM_DEGRADED, 1 << t.DEGRADED_ROTARY_ONLY)
    result = rig.session.finish()
    assert (result["outcome"], result["max_level"]) == (t.OUTCOME_TARGET_TOO_HARD, 2)
