"""Resets and power cuts of the emulated payload: the firmware starts again, memories and tubes stay."""

from __future__ import annotations

import pytest

from host_tools.emulator.errors import FaultError
from host_tools.emulator.session import SessionError
from rochette import tables as t
from tests.unit.payload_rig import Rig


def run(*faults, **spec):
    rig = Rig("sandstone", seed=1, depth_um=2000, faults=list(faults), **spec)
    return rig, rig.run()


@pytest.mark.parametrize(
    ("fault", "off_us"),
    [
        ({"target": "supply.logic", "kind": "off", "for_ms": 5000}, 5_000_000),
        ({"target": "chip.reset", "kind": "watchdog"}, 0),
        ({"target": "chip.reset", "kind": "run"}, 0),
        ({"target": "chip.reset", "kind": "soft"}, 0),
    ],
)
def test_the_firmware_starts_again_with_the_outputs_off_and_the_tubes_where_they_were(fault, off_us):
    rig = Rig("sandstone", seed=1, depth_um=2000, faults=[dict(fault, after_event="SAMPLE_CONTACT")])
    session = rig.session
    seen = []
    restart = session._restart

    def watched(reset):
        before = (list(session.plant.tubes.in_seat), session.plant.tubes.in_bit, session.world.clock.now_us)
        energised = session.plant.energised
        restart(reset)
        session.world.sync()
        seen.append((before, energised, session.plant.energised, session.world.clock.now_us))

    session._restart = watched
    result = rig.run()
    assert result["resets"] == 1
    (before, energised, after, now_us) = seen[0]
    assert energised and not after, "something was on, and nothing is"
    assert (session.plant.tubes.in_seat, session.plant.tubes.in_bit) == before[:2]
    assert session.plant.tubes.in_bit == 1
    assert now_us - before[2] >= off_us
    assert rig.ids().count(t.EV_SYSTEM_BOOTED) == 2
    kinds = [record["kind"] for record in result["custody"]]
    assert kinds[:3] == [t.RECORD_KIND_INITIALISED, t.RECORD_KIND_TAKE_INTENT, t.RECORD_KIND_TAKEN]


def test_the_same_run_with_a_reset_has_the_same_trace_again():
    fault = {"target": "chip.reset", "kind": "watchdog", "at_ms": 40000}
    again = {"name": "SAMPLE_BRING_UP", "after_event": "RESET", "delay_ms": 500}
    traces = {run(fault, commands=[again])[1]["trace_sha256"] for _ in range(2)}
    assert len(traces) == 1


@pytest.mark.parametrize("torn", (0, 250, 500, 750, 1000))
def test_a_power_cut_in_the_middle_of_a_write_leaves_that_share_of_it(torn):
    cut = {
        "target": "supply.logic",
        "kind": "cut_at_write",
        "value": 4,
        "torn_permille": torn,
        "after_event": "SAMPLE_READY",
    }
    rig, result = run(cut)
    assert result["resets"] == 1
    # The fourth write after bring-up is the first half of TAKEN, its first byte a zero.
    at = rig.session.payload.ledger._offset(3)
    memory = bytes(rig.session.world.parts["fram"].memory[at : at + 64])
    done = 32 * torn // 1000
    assert memory[:done].rstrip(b"\0") != b"" or torn == 0
    assert not any(memory[done:])
    assert [record["kind"] for record in result["custody"]][-1] == t.RECORD_KIND_TAKE_INTENT


def test_power_that_goes_again_and_again_ends_the_run_in_words():
    with pytest.raises(SessionError, match="more than 3 resets"):
        cuts = [{"target": "chip.reset", "kind": "run", "at_ms": 1000 * n} for n in range(1, 6)]
        run(*cuts, max_resets=3)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"target": "chip.reset", "kind": "hammer", "at_ms": 1}, "watchdog, run, soft"),
        ({"target": "supply.logic", "kind": "cut_at_write", "at_ms": 1}, "needs a value"),
        ({"target": "supply.logic", "kind": "cut_at_write", "value": 0, "at_ms": 1}, "1 for the next"),
        ({"target": "supply.logic", "kind": "off", "torn_permille": 5, "at_ms": 1}, "cut_at_write only"),
    ],
)
def test_a_fault_that_cannot_be_is_refused(fault, words):
    with pytest.raises(FaultError, match=words):
        run(fault)


def file_system():
    import vfs

    return next(fs for fs, path in vfs.mount() if path == "/flash")


def test_files_on_the_flash_outlive_a_power_cut_and_go_with_what_is_kept():
    from host_tools.emulator import flash_files
    from host_tools.emulator.errors import PowerLoss
    from host_tools.emulator.kept import keep

    rig = Rig("sandstone", flash="formatted")
    rig.boot()
    world = rig.session.world
    fs = file_system()
    with fs.open("/one", "ab") as file:
        file.write(b"a" * 600)
    world.cut_left = 1
    world.cut_permille = 500
    with pytest.raises(PowerLoss):
        with fs.open("/one", "ab") as file:
            file.write(b"b" * 600)
    with pytest.raises(PowerLoss):
        fs.stat("/one")  # there is no power until it comes back
    world.power_cycle()
    assert flash_files.mount(world)
    assert file_system().stat("/one")[6] == 600
    kept = keep(world, rig.session.plant)
    other = Rig("sandstone", flash="blank", kept=kept)
    other.boot()
    with file_system().open("/one", "rb") as file:
        assert file.read() == b"a" * 600


def test_a_flash_without_a_file_system_is_not_formatted():
    rig = Rig("sandstone", flash="blank")
    rig.boot()
    assert rig.session.world.flash.erases == rig.session.world.flash.programs == 0
    import vfs

    assert vfs.mount() == []


def test_a_flash_that_fails_says_so_and_one_that_loses_bits_does():
    rig = Rig("sandstone", flash="formatted", faults=[{"target": "flash", "kind": "fail", "at_ms": 1}])
    rig.boot()
    with pytest.raises(OSError):
        file_system().mkdir("/more")
    rig = Rig("sandstone", flash="formatted", faults=[{"target": "flash", "kind": "wrong", "at_ms": 1}])
    rig.boot()
    with pytest.raises(OSError):
        file_system().mkdir("/more")


def quick(count):
    """So many watchdog resets, two seconds apart."""
    return [{"target": "chip.reset", "kind": "watchdog", "at_ms": 2000 * n} for n in range(1, count + 1)]


def tier_after(resets, *commands):
    rig = Rig("sandstone", faults=quick(resets), commands=list(commands))
    return rig, rig.run()


@pytest.mark.parametrize(
    ("resets", "tier", "mode"),
    [(2, t.TIER_FULL, t.MODE_IDLE), (4, t.TIER_NO_ACTIVITY, t.MODE_IDLE), (9, t.TIER_BARE, t.MODE_SAFE)],
)
def test_quick_resets_lower_the_tier_and_the_barest_still_talks(resets, tier, mode):
    rig, result = tier_after(resets)
    payload = rig.session.payload
    assert (payload.tier, payload.mode.value) == (tier, mode)
    rig.session.world.attach()
    assert payload.commands.submit(t.CMD_SYSTEM_NO_OP) == t.COMMAND_RESULT_OK
    assert payload.custody.commissioned == (tier != t.TIER_BARE)
    bring_up = payload.commands.submit(t.CMD_SAMPLE_BRING_UP)
    assert bring_up == (t.COMMAND_RESULT_WRONG_STATE if tier == t.TIER_BARE else t.COMMAND_RESULT_OK)
    assert rig.ids().count(t.EV_START_TIER_LOWERED) == (0, 1, 2)[tier]


def test_the_way_up_is_by_command_and_the_record_was_not_touched_meanwhile():
    trust = {"name": "START_TRUST", "at_ms": 30000}
    restart = {"name": "START_RESTART", "at_ms": 31000}
    rig, result = tier_after(9, trust, restart)
    payload = rig.session.payload
    assert result["resets"] == 10
    assert payload.tier == t.TIER_FULL and payload.mode.value == t.MODE_IDLE
    assert payload.custody.commissioned
    assert payload.ledger.count == 1
    row = [event["args"][0] for event in rig.events if event["id"] == t.EV_SYSTEM_BOOTED]
    assert row[0] == t.RESET_CAUSE_POWER_ON and row[-1] == t.RESET_CAUSE_WATCHDOG


def test_a_lower_tier_holds_nothing_by_itself_and_says_what_was_cut_off():
    hold = {"target": "chip.reset", "kind": "watchdog", "after_event": "SAMPLE_HOLD"}
    resets = [dict(hold, delay_ms=50 + 2000 * n) for n in range(6)]
    rig = Rig("sandstone", depth_um=2000, faults=resets, answer="hold")
    result = rig.run()
    payload = rig.session.payload
    assert result["resets"] == 6
    assert payload.tier == t.TIER_NO_ACTIVITY and not payload.hold.active
    assert payload.custody.in_hand == 1
    assert rig.ids().count(t.EV_SAMPLE_CUT_OFF) == 6


def test_parameters_outlive_a_power_cut():
    cut = {"target": "supply.logic", "kind": "off", "at_ms": 30000}
    rig = Rig("sandstone", faults=[cut])
    payload = rig.commission()
    assert payload.commands.submit(t.CMD_SYSTEM_PARAMETER_SET, (t.P_SAMPLE_SEAL_TRIES, 4)) == 0
    for _ in range(100):
        payload.executive.step()
    from host_tools.emulator.kept import keep

    kept = keep(rig.session.world, rig.session.plant)
    other = Rig("sandstone", kept=kept)
    assert other.boot().parameters.values[t.P_SAMPLE_SEAL_TRIES] == 4
