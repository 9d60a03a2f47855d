"""The procedure in closed loop on the emulated payload: its ends, its order, and that it never passes on
time alone."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rochette import tables as t
from tests.unit.payload_rig import Rig


def test_a_core_from_rock_to_sealed_tube_in_the_order_of_the_procedure():
    rig = Rig("sandstone", seed=3, depth_um=3000)
    result = rig.run()
    assert result["outcome"] == t.OUTCOME_SEALED
    order = [
        t.EV_SAMPLE_STARTED,
        t.EV_SAMPLE_TUBE_TAKEN,
        t.EV_SAMPLE_CONTACT,
        t.EV_SAMPLE_CORED,
        t.EV_SAMPLE_BROKEN_OFF,
        t.EV_SAMPLE_VERDICT,
        t.EV_SAMPLE_HOLD,
        t.EV_SAMPLE_RELEASED,
        t.EV_SAMPLE_DOCKED,
        t.EV_SAMPLE_FILL,
        t.EV_SAMPLE_SEAL_DISPENSED,
        t.EV_SAMPLE_SEAL_ACTIVATED,
        t.EV_SAMPLE_STORED,
        t.EV_SAMPLE_ENDED,
    ]
    seen = [e["id"] for e in rig.events if e["id"] in order]
    assert seen == order
    assert result["slips"] == 0
    kinds = [r["kind"] for r in result["custody"]]
    assert kinds == [
        t.RECORD_KIND_INITIALISED,
        t.RECORD_KIND_TAKE_INTENT,
        t.RECORD_KIND_TAKEN,
        t.RECORD_KIND_CORE_INTENT,
        t.RECORD_KIND_CORED,
        t.RECORD_KIND_BREAK_INTENT,
        t.RECORD_KIND_BROKEN_OFF,
        t.RECORD_KIND_RETRACTED,
        t.RECORD_KIND_VERDICT,
        t.RECORD_KIND_RELEASED,
        t.RECORD_KIND_DOCK_INTENT,
        t.RECORD_KIND_DOCKED,
        t.RECORD_KIND_FILL,
        t.RECORD_KIND_SEAL_INTENT,
        t.RECORD_KIND_SEAL_RESULT,
        t.RECORD_KIND_STORED,
    ]


def test_the_truth_of_the_plant_agrees_with_what_the_payload_says():
    rig = Rig("sandstone", seed=4, depth_um=3000)
    result = rig.run()
    plant = rig.session.plant
    assert result["outcome"] == t.OUTCOME_SEALED
    assert plant.tube_at[1] == "SEAT"
    assert abs(plant.depth_um - result["depth_um"]) < 400
    assert abs(plant.tubes.fill_um[1] - result["fill_um"]) < 300
    assert not plant.enable


def test_without_a_release_nothing_is_sealed_and_nothing_has_power():
    rig = Rig("sandstone", seed=3, depth_um=3000, answer="hold")
    result = rig.run()
    assert (result["outcome"], result["reason"]) == (t.OUTCOME_HELD, t.REASON_WAITING_FOR_RELEASE)
    assert result["seal"] == t.SEAL_NONE
    assert not rig.session.plant.enable


def test_an_image_without_assessment_is_inconclusive():
    rig = Rig("sandstone", seed=3, depth_um=3000, verdict="INCONCLUSIVE", answer="release")
    result = rig.run()
    assert result["verdict"] == t.VERDICT_INCONCLUSIVE
    assert result["outcome"] == t.OUTCOME_HELD
    assert t.EV_SAMPLE_RELEASE_REFUSED in rig.ids()


def test_a_used_tube_is_refused_before_anything_moves():
    rig = Rig("sandstone", seed=3, depth_um=2000)
    assert rig.run()["outcome"] == t.OUTCOME_SEALED
    payload = rig.session.payload
    rig.session.world.attach()
    assert payload.commands.submit(t.CMD_SAMPLE_ACQUIRE, (1, 2000)) == t.COMMAND_RESULT_OK
    for _ in range(3):
        payload.executive.step()
        assert not payload.rail.is_on
    assert (payload.sample.outcome, payload.sample.reason) == (t.OUTCOME_FAULT, t.REASON_TUBE_NOT_USABLE)


def test_acquire_before_bring_up_is_a_fault_and_moves_nothing():
    rig = Rig("sandstone", seed=3, depth_um=2000)
    payload = rig.commission()
    payload.commands.submit(t.CMD_SAMPLE_ACQUIRE, (1, 2000))
    payload.executive.step()
    assert payload.sample.reason == t.REASON_NOT_HOMED
    assert not payload.rail.is_on


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ticks=st.integers(1, 14000), kind=st.sampled_from(("abort", "estop", "safe")))
def test_whatever_stops_it_wherever_it_ends_once_with_the_power_off(ticks, kind):
    rig = Rig("sandstone", seed=5, depth_um=1500)
    payload = rig.commission()
    payload.commands.submit(t.CMD_SAMPLE_BRING_UP)
    while payload.activities.running:
        payload.executive.step()
    payload.commands.submit(t.CMD_SAMPLE_ACQUIRE, (2, 1500))
    for _ in range(ticks):
        payload.executive.step()
        if not payload.activities.running:
            return
    if kind == "abort":
        payload.commands.submit(t.CMD_SAMPLE_ABORT)
    elif kind == "estop":
        rig.session.world.set_estop(False)
    else:
        payload.commands.submit(t.CMD_SYSTEM_SAFE)
    for _ in range(3):
        payload.executive.step()
    rig.session.world.sync()
    assert not payload.rail.is_on
    assert not rig.session.plant.enable
    for _ in range(300):
        payload.executive.step()
    assert payload.activities.running == 0
    rig.session._hear_events()
    assert rig.ids().count(t.EV_SAMPLE_ENDED) == 1
    assert payload.sample.outcome in (t.OUTCOME_ABORTED, t.OUTCOME_FAULT)
    assert rig.session.plant.energised == 0


@pytest.mark.parametrize("tube", (44, 64))
def test_a_seat_the_board_has_not_is_refused(tube):
    rig = Rig("sandstone")
    payload = rig.commission()
    assert payload.commands.submit(t.CMD_SAMPLE_ACQUIRE, (tube, 2000)) == t.COMMAND_RESULT_VALIDATION
