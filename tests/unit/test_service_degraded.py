"""Degraded modes: announced, kept over a start, with limits; what one does not allow is refused in words."""

from __future__ import annotations

import pytest

from host_tools.emulator.errors import WatchdogReset
from rochette import tables as t
from tests.unit.payload_rig import Rig

ON = {
    t.DEGRADED_ROTARY_ONLY: (t.CMD_CORER_PERCUSS, t.CMD_SAMPLE_SHAKE_BIT),
    t.DEGRADED_FEED_LOCKED: (t.CMD_FEED_HOME, t.CMD_FEED_JOG, t.CMD_SAMPLE_BRING_UP, t.CMD_SAMPLE_ACQUIRE),
    t.DEGRADED_RAM_ONLY: (t.CMD_SAMPLE_COMMISSION, t.CMD_SAMPLE_ACQUIRE, t.CMD_SAMPLE_DROP_TUBE),
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
    assert payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (3, 1)) == t.COMMAND_RESULT_VALIDATION
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
