"""After a power cut in the middle of an acquisition: all is still, what was in hand is named, it goes on."""

from __future__ import annotations

import pytest

from rochette import tables as t
from tests.unit.payload_rig import Rig

STORE = "SAMPLE_FINISH_STORING"
RETRACT = "SAMPLE_RETRACT_BIT"
HOLD = "SAMPLE_HOLD_AGAIN"


def cut(event, delay_ms, *commands, **spec):
    """A run whose power goes `delay_ms` after `event`; `commands` (name, args) come a second after it is
    back."""
    rig = Rig(
        "sandstone",
        seed=1,
        depth_um=3000,
        faults=[{"target": "supply.logic", "kind": "off", "after_event": event, "delay_ms": delay_ms}],
        commands=[
            {"name": name, "args": args, "after_event": "RESET", "delay_ms": 1000 + 100 * n}
            for n, (name, args) in enumerate(commands)
        ],
        **spec,
    )
    return rig, rig.run()


def after_reset(rig):
    """Events from the last start on: id -> list of arguments."""
    ids = rig.ids()
    begin = len(ids) - 1 - ids[::-1].index(t.EV_SYSTEM_BOOTED)
    found = {}
    for event in rig.events[begin:]:
        found.setdefault(event["id"], []).append(event["args"])
    return found


# event, ms after it, the step the record names, whether that is certain
CUTS = (
    ("SAMPLE_STARTED", 6500, t.STEP_TAKING, 0),
    ("SAMPLE_TUBE_TAKEN", 100, t.STEP_HANGING, 1),
    ("SAMPLE_CONTACT", 3000, t.STEP_CORING, 0),
    ("SAMPLE_CORED", 120, t.STEP_BREAKING, 0),
    ("SAMPLE_BROKEN_OFF", 200, t.STEP_IN_HOLE, 1),
    ("SAMPLE_WEIGHED", 100, t.STEP_CARRIED, 1),
    ("SAMPLE_RELEASED", 10000, t.STEP_DOCKING, 0),
    ("SAMPLE_DOCKED", 100, t.STEP_OPEN_IN_SEAT, 1),
    ("SAMPLE_SEAL_DISPENSED", 100, t.STEP_SEALING, 0),
    ("SAMPLE_SEAL_ACTIVATED", 500, t.STEP_SEALED_IN_SEAT, 1),
)


@pytest.mark.parametrize(("event", "delay_ms", "step", "certain"), CUTS)
def test_what_was_in_hand_is_named_and_stays_still_until_a_command(event, delay_ms, step, certain):
    rig, result = cut(event, delay_ms)
    seen = after_reset(rig)
    assert result["resets"] == 1
    assert seen[t.EV_SAMPLE_CUT_OFF] == [[1, 1, step, certain]]
    assert t.EV_POWER_ACTUATORS_ON not in seen, "nothing moves by itself"
    tubes = rig.session.plant.tubes
    assert tubes.in_bit == 1 or tubes.in_seat[1] == 1


@pytest.mark.parametrize(("event", "delay_ms", "step", "certain"), CUTS)
def test_from_anywhere_the_tube_gets_back_into_its_seat_and_is_written_down(event, delay_ms, step, certain):
    rig, result = cut(event, delay_ms, (STORE, [1, 1]))
    payload = rig.session.payload
    tubes = rig.session.plant.tubes
    assert (tubes.in_bit, tubes.in_seat[1]) == (0, 1)
    assert payload.custody.in_hand == 0 and payload.custody.tube_in_bit == 0
    assert not payload.rail.is_on and payload.mode.value == t.MODE_IDLE
    seal = payload.ledger.seat_state(1) == t.SEAT_STATE_SEALED
    assert seal == bool(tubes.sealed[1]) == (step == t.STEP_SEALED_IN_SEAT)
    if step == t.STEP_TAKING:
        assert payload.custody.usable(1), "it was never taken"
        assert (result["outcome"], result["reason"]) == (t.OUTCOME_HELD, t.REASON_NOTHING_IN_HAND)
    else:
        assert result["outcome"] == (t.OUTCOME_SEALED if seal else t.OUTCOME_UNSEALED_STORED)
    if step == t.STEP_SEALING:
        tries = [r for r in payload.ledger.records() if r.kind == t.RECORD_KIND_SEAL_RESULT]
        # Half set or not at all: it counts as not set, and no force or travel is made up for it.
        assert [(r.b, r.c, r.d) for r in tries] == [(0, 0, 0)]
    assert payload.ledger.verify()


@pytest.mark.parametrize("event", ("SAMPLE_CONTACT", "SAMPLE_CORED", "SAMPLE_BROKEN_OFF"))
def test_the_bit_comes_out_of_the_hole_with_the_core_held(event):
    rig, result = cut(event, 100, (RETRACT, [1, 1]))
    payload = rig.session.payload
    assert (result["outcome"], result["reason"]) == (t.OUTCOME_HELD, t.REASON_BIT_RETRACTED)
    assert payload.custody.step_of(1) == t.STEP_CARRIED
    assert rig.session.plant.tubes.in_bit == 1
    kinds = [record["kind"] for record in result["custody"]]
    assert kinds.index(t.RECORD_KIND_BREAK_INTENT) < kinds.index(t.RECORD_KIND_BROKEN_OFF)
    assert kinds.index(t.RECORD_KIND_BROKEN_OFF) < kinds.index(t.RECORD_KIND_RETRACTED)
    phases = [args[0] for args in after_reset(rig)[t.EV_SAMPLE_PHASE]]
    assert t.PHASE_RETRACT in phases and payload.kit.ready, "all that moves was homed, the next one can begin"


def test_a_hold_survives_a_reset_and_its_release_goes_on_to_a_sealed_tube():
    rig, result = cut("SAMPLE_HOLD", 5)
    seen = after_reset(rig)
    assert result["outcome"] == t.OUTCOME_SEALED
    assert [args[:3] for args in seen[t.EV_SAMPLE_HOLD]] == [[1, 1, t.REASON_WAITING_FOR_RELEASE]]
    assert rig.session.plant.tubes.sealed[1]


def test_a_hold_after_a_reset_is_still_a_hold_and_a_stale_release_says_so():
    stale = ("SAMPLE_RELEASE", [7, 1])
    rig, result = cut("SAMPLE_HOLD", 5, stale, ("SAMPLE_RELEASE", [1, 2]), answer="hold")
    seen = after_reset(rig)
    assert result["outcome"] == t.OUTCOME_HELD
    assert len(seen[t.EV_SAMPLE_RELEASE_REFUSED]) == 2
    assert t.EV_POWER_ACTUATORS_ON not in seen
    assert t.EV_SAMPLE_RELEASED not in seen


def test_a_tube_that_was_docked_can_be_held_again_and_sealed():
    rig, result = cut("SAMPLE_DOCKED", 100, (HOLD, [1, 1]))
    assert result["outcome"] == t.OUTCOME_SEALED
    holds = [event["args"] for event in rig.events if event["id"] == t.EV_SAMPLE_HOLD]
    assert len(holds) == 2 and holds[0] == holds[1], "the same sample is held for the same reason"
    phases = [args[0] for args in after_reset(rig)[t.EV_SAMPLE_PHASE]]
    assert t.PHASE_RETRACT not in phases, "the bit was above everything"
    assert phases.index(t.PHASE_HOMING) < phases.index(t.PHASE_HOLD) < phases.index(t.PHASE_PROBE)
    assert t.PHASE_IMAGE_AGAIN not in phases and t.PHASE_DOCK not in phases, "the tube stands in its seat"
    assert rig.session.plant.tubes.sealed[1]


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ((STORE, [2, 1]), t.REASON_NOTHING_IN_HAND),
        ((STORE, [1, 2]), t.REASON_NOTHING_IN_HAND),
        ((RETRACT, [1, 1]), t.REASON_NOT_NOW),
    ],
)
def test_a_continuation_that_names_another_tube_or_does_not_fit_moves_nothing(command, reason):
    rig, result = cut("SAMPLE_DOCKED", 100, command)
    seen = after_reset(rig)
    assert [args[1] for args in seen[t.EV_SYSTEM_ACTIVITY_FAULT]] == [reason]
    assert t.EV_SAMPLE_ENDED not in seen and result["outcome"] == t.OUTCOME_NONE, "it is still in hand"
    assert t.EV_POWER_ACTUATORS_ON not in seen
    assert rig.session.payload.custody.step_of(1) == t.STEP_OPEN_IN_SEAT


def test_a_tube_left_in_the_bit_is_freed_by_command_and_used_again_only_in_two_steps():
    rig = Rig("powdery", seed=21, depth_um=3000)
    assert rig.run()["outcome"] == t.OUTCOME_EMPTY
    payload = rig.session.payload
    rig.session.world.attach()

    def done(opcode, *args):
        assert payload.commands.submit(opcode, args) == t.COMMAND_RESULT_OK
        while payload.activities.running:
            payload.executive.step()
        return payload.activities.last_result

    done(t.CMD_SAMPLE_ABORT) if payload.activities.running else None
    assert payload.custody.tube_in_bit == 1
    done(t.CMD_SAMPLE_FINISH_STORING, 1, 1)
    assert payload.custody.tube_in_bit == 0
    assert rig.session.plant.tubes.in_seat[1] == 1
    assert not payload.custody.usable(1)
    assert payload.ledger.seat_state(1) == t.SEAT_STATE_UNSEALED
    reuse = (1, t.TUBE_MARK_REUSED)
    assert payload.commands.submit(t.CMD_LEDGER_MARK, reuse, 1) == t.COMMAND_RESULT_NOT_ARMED
    done(t.CMD_LEDGER_MARK, 1, t.TUBE_MARK_REUSED)
    assert payload.custody.usable(1)


def test_what_hands_did_is_recorded_and_refused_when_it_cannot_be():
    rig = Rig("sandstone")
    payload = rig.commission()

    def done(opcode, *args):
        assert payload.commands.submit(opcode, args) == t.COMMAND_RESULT_OK
        while payload.activities.running:
            payload.executive.step()
        return payload.activities.last_result

    inventory = payload.ledger.inventory
    assert done(t.CMD_LEDGER_LOAD, 3, 4711, t.TUBE_KIND_WITNESS) == t.ACTIVITY_RESULT_OK
    assert inventory.serial_of(3) == 4711 and inventory.is_witness(3)
    assert done(t.CMD_LEDGER_LOAD, 4, 4711, t.TUBE_KIND_SAMPLE) == t.ACTIVITY_RESULT_FAULT
    assert done(t.CMD_LEDGER_SEALS, 2, 12) == t.ACTIVITY_RESULT_OK
    assert inventory.seals_in(2) == 12
    assert done(t.CMD_LEDGER_BIT, 4) == t.ACTIVITY_RESULT_OK
    assert inventory.bit_number == 4
    assert done(t.CMD_LEDGER_DROP, 5, 1) == t.ACTIVITY_RESULT_OK
    assert not payload.custody.tube_in_seat(5)
    assert done(t.CMD_LEDGER_MOVE, 6, 5) == t.ACTIVITY_RESULT_OK
    assert payload.ledger.place_of(6) == 5
    assert done(t.CMD_LEDGER_MOVE, 7, 5) == t.ACTIVITY_RESULT_FAULT
    assert done(t.CMD_LEDGER_MARK, 8, t.TUBE_MARK_DAMAGED) == t.ACTIVITY_RESULT_OK
    assert not payload.custody.usable(8)
    assert payload.ledger.verify()


def test_before_a_tube_is_taken_nothing_is_in_hand():
    rig, result = cut("SAMPLE_READY", 1)
    seen = after_reset(rig)
    assert result["resets"] == 1 and rig.session.payload.custody.in_hand == 0
    assert t.EV_SAMPLE_CUT_OFF not in seen and t.EV_SAMPLE_OPEN_TUBE not in seen


def test_a_core_that_is_not_broken_off_cannot_be_held_again():
    rig, result = cut("SAMPLE_CONTACT", 3000, (HOLD, [1, 1]))
    seen = after_reset(rig)
    assert [args[1] for args in seen[t.EV_SYSTEM_ACTIVITY_FAULT]] == [t.REASON_NOT_NOW]
    assert t.EV_SAMPLE_ENDED not in seen and t.EV_POWER_ACTUATORS_ON not in seen


def test_a_continuation_that_is_repeated_does_not_end_the_sample_a_second_time():
    rig, result = cut("SAMPLE_SEAL_ACTIVATED", 500, (STORE, [1, 1]))
    payload = rig.session.payload
    assert result["outcome"] == t.OUTCOME_SEALED
    rig.session.world.attach()
    ended = rig.ids().count(t.EV_SAMPLE_ENDED)
    for opcode in (t.CMD_SAMPLE_FINISH_STORING, t.CMD_SAMPLE_HOLD_AGAIN, t.CMD_SAMPLE_RETRACT_BIT):
        assert payload.commands.submit(opcode, (1, 1)) == t.COMMAND_RESULT_OK
        while payload.activities.running:
            payload.executive.step()
        assert payload.activities.last_reason == t.REASON_NOTHING_IN_HAND
    rig.session._hear_events()
    assert rig.ids().count(t.EV_SAMPLE_ENDED) == ended
    assert (payload.sample.outcome, payload.sample.number) == (t.OUTCOME_SEALED, 1)


@pytest.mark.parametrize(
    ("event", "outcome", "verdict"),
    [
        # What the weighing said went with the reset: the picture alone does not make a core PRESENT.
        ("SAMPLE_WEIGHED", t.OUTCOME_HELD, t.VERDICT_INCONCLUSIVE),
        ("SAMPLE_RELEASED", t.OUTCOME_SEALED, t.VERDICT_PRESENT),
    ],
)
def test_a_carried_core_is_looked_at_again_and_judged_where_no_verdict_was_kept(event, outcome, verdict):
    rig, result = cut(event, 5, (HOLD, [1, 1]))
    seen = after_reset(rig)
    assert result["outcome"] == outcome
    assert bool(rig.session.plant.tubes.sealed[1]) == (outcome == t.OUTCOME_SEALED)
    assert [args[0] for args in seen[t.EV_SAMPLE_PHASE]].count(t.PHASE_IMAGE_AGAIN) == 1
    verdicts = [r for r in rig.session.payload.ledger.records() if r.kind == t.RECORD_KIND_VERDICT]
    assert [record.b for record in verdicts][-1] == verdict


def test_a_tube_on_its_way_back_to_its_seat_is_held_again_without_another_look():
    rig, result = cut("SAMPLE_RELEASED", 10000, (HOLD, [1, 1]))
    phases = [args[0] for args in after_reset(rig)[t.EV_SAMPLE_PHASE]]
    assert result["outcome"] == t.OUTCOME_SEALED
    assert t.PHASE_IMAGE_AGAIN not in phases and t.PHASE_DOCK in phases


def test_a_feed_that_does_not_come_up_stops_the_recovery_with_the_tube_where_it_was():
    rig = Rig(
        "sandstone",
        seed=1,
        depth_um=3000,
        faults=[
            {"target": "supply.logic", "kind": "off", "after_event": "SAMPLE_WEIGHED", "delay_ms": 100},
            {"target": "drive.feed", "kind": "off", "after_event": "SAMPLE_GOES_ON", "delay_ms": 0},
        ],
        commands=[{"name": STORE, "args": [1, 1], "after_event": "RESET", "delay_ms": 1000}],
    )
    result = rig.run()
    payload = rig.session.payload
    assert (result["outcome"], result["reason"]) == (t.OUTCOME_FAULT, t.REASON_FEED_BRAKE)
    assert not payload.rail.is_on and payload.custody.tube_in_bit == 1
    assert rig.session.plant.tubes.in_bit == 1 and payload.ledger.verify()


def test_what_was_in_hand_is_still_known_after_another_sample_was_asked_for():
    """An acquisition between cut and continuation is refused, and leaves the tube in hand what it is."""
    rig, result = cut("SAMPLE_DOCKED", 100, ("SAMPLE_ACQUIRE", [2, 1000]), (STORE, [1, 1]))
    payload = rig.session.payload
    stored = [r for r in payload.ledger.records() if r.kind == t.RECORD_KIND_STORED]
    assert [(record.tube, record.a, record.b) for record in stored] == [(1, 1, 1)]
    assert (result["outcome"], payload.custody.in_hand) == (t.OUTCOME_UNSEALED_STORED, 0)
    assert payload.custody.usable(2), "the other tube was not touched"
