"""Where a tube is: commanded, sensed, recorded; any mismatch stops the work and names the seat. Also: a
dispenser without seals."""

from __future__ import annotations

from typing import Any

import pytest

from rochette import tables as t
from rochette.services.ledger import Ledger
from tests.unit.payload_rig import Rig

DEPTH_UM = 1000


def commissioned(**spec: Any) -> Any:
    """A payload that waits for its bring-up; the rig gives the commands of a run when it is stepped."""
    rig = Rig("sandstone", depth_um=DEPTH_UM, **spec)
    rig.commission()
    return rig


def told(rig: Any, event_id: int) -> list[list[int]]:
    return [event["args"] for event in rig.events if event["id"] == event_id]


def until(rig: Any, event_id: int) -> None:
    """Step until it is told."""
    session = rig.session
    while not told(rig, event_id):
        session.step()
        assert not session.ended


def stopped(rig: Any) -> tuple[int, int]:
    """To the end: reason and detail of the stop, with nothing energised and the ring where it was."""
    session = rig.session
    before = session.plant.carousel_steps
    while not session.ended:
        session.step()
    assert session.plant.carousel_steps == before, "the ring was turned"
    assert session.plant.energised == 0 and not session.payload.rail.is_on
    [(_, reason, detail, _)] = told(rig, t.EV_SAMPLE_STOPPED)
    assert told(rig, t.EV_SAMPLE_ENDED)[-1][1] == t.OUTCOME_FAULT
    return reason, detail


def put(rig: Any, tube: int, seat: int) -> None:
    """Hands put a tube into a seat; 0 takes away what stands there."""
    tubes = rig.session.plant.tubes
    was = tubes.in_seat[seat]
    if was:
        tubes.tube_at[was] = "NONE"
    if tube:
        tubes.in_seat[tubes.seat_of[tube]] = 0
        tubes.tube_at[tube] = "SEAT"
        tubes.seat_of[tube] = seat
    tubes.in_seat[seat] = tube
    rig.session.plant.tubes_moved()


def test_a_tube_in_the_seat_that_has_just_been_emptied_stops_the_ring_before_it_turns() -> None:
    rig = commissioned(tube=4)
    until(rig, t.EV_SAMPLE_TUBE_TAKEN)
    put(rig, 9, 4)
    assert stopped(rig) == (t.REASON_TUBE_UNEXPECTED, 4)
    assert told(rig, t.EV_SAMPLE_SEAT_MISMATCH) == [[4, 1, 0, 0]]


def test_a_seat_that_is_empty_at_an_arrival_is_named() -> None:
    rig = commissioned(tube=4)
    until(rig, t.EV_SAMPLE_READY)
    put(rig, 0, 4)
    session = rig.session
    while not session.ended:
        session.step()
    assert [row[1:3] for row in told(rig, t.EV_SAMPLE_STOPPED)] == [[t.REASON_TUBE_MISSING, 4]]
    assert told(rig, t.EV_SAMPLE_SEAT_MISMATCH) == [[4, 0, 1, 0]]


def test_the_count_at_bring_up_names_the_first_seat_that_disagrees() -> None:
    rig = commissioned()
    put(rig, 0, 7)
    put(rig, 0, 30)
    session = rig.session
    while not session.ended:
        session.step()
    assert told(rig, t.EV_SAMPLE_SEAT_MISMATCH) == [[7, 0, 1, 0]]
    assert not session.payload.ready


def test_after_a_power_cut_the_count_comes_before_anything_is_touched() -> None:
    """At resume: the tube hangs in the bit, and hands have filled its seat meanwhile."""
    rig = commissioned(
        tube=4,
        faults=[
            {"target": "supply.logic", "kind": "off", "after_event": "SAMPLE_TUBE_TAKEN", "delay_ms": 100}
        ],
        commands=[
            {"name": "SAMPLE_FINISH_STORING", "args": [1, 4], "after_event": "RESET", "delay_ms": 1000}
        ],
    )
    session = rig.session
    while not session.resets:
        session.step()
    put(rig, 9, 4)
    while not session.ended:
        session.step()
    # Seat 4 has a tube and the record none; seat 9 the other way round: the first one is named.
    assert told(rig, t.EV_SAMPLE_SEAT_MISMATCH) == [[4, 1, 0, 0]]
    assert [row[1:3] for row in told(rig, t.EV_SAMPLE_STOPPED)] == [[t.REASON_TUBE_UNEXPECTED, 4]]
    assert session.plant.tubes.in_bit == 4, "the tube was put on another"


@pytest.mark.parametrize(
    ("recorded", "stuck", "reason", "seal", "tries"),
    [
        (0, False, t.REASON_NO_SEALS, t.SEAL_NONE, 0),
        (1, True, t.REASON_SEAL_NOT_DISPENSED, t.SEAL_FAILED, 1),
    ],
)
def test_an_empty_dispenser_leaves_the_tube_open_in_its_seat_and_says_so(
    recorded: int, stuck: bool, reason: int, seal: int, tries: int
) -> None:
    faults = [{"target": "plant.seal_missing", "kind": "set", "value": 1, "at_ms": 1}] if stuck else []
    rig = commissioned(tube=4, faults=faults)
    payload = rig.session.payload
    assert payload.commands.submit(t.CMD_LEDGER_SEALS, (1, recorded)) == t.COMMAND_RESULT_OK
    while payload.activities.running:
        payload.executive.step()
    result = rig.session.finish()
    assert (result["outcome"], result["reason"]) == (t.OUTCOME_UNSEALED_STORED, reason)
    assert payload.ledger.seat_state(4) == t.SEAT_STATE_UNSEALED and payload.custody.is_open(4)
    assert not rig.session.plant.tubes.sealed[4]
    kinds = [record.kind for record in payload.ledger.records()]
    assert kinds.count(t.RECORD_KIND_SEAL_INTENT) == tries
    assert kinds[-1] == t.RECORD_KIND_STORED and payload.custody.in_hand == 0
    assert payload.custody.seals_left == 0
    assert told(rig, t.EV_SAMPLE_STORED) == [[4, 4, seal, 0]]


def test_a_seal_that_hangs_on_the_rod_is_pressed_again_and_counted_once() -> None:
    """Hands hold the tube away from the dispenser's last seal: it is pressed on nothing, then on the tube."""
    rig = commissioned(tube=4)
    payload = rig.session.payload
    assert payload.commands.submit(t.CMD_LEDGER_SEALS, (1, 1)) == t.COMMAND_RESULT_OK
    while payload.activities.running:
        payload.executive.step()
    until(rig, t.EV_SAMPLE_SEAL_DISPENSED)
    put(rig, 0, 4)
    until(rig, t.EV_SAMPLE_SEAL_FAILED)
    put(rig, 4, 4)
    result = rig.session.finish()
    assert result["outcome"] == t.OUTCOME_SEALED and rig.session.plant.tubes.sealed[4]
    tries = [r for r in payload.ledger.records() if r.kind == t.RECORD_KIND_SEAL_INTENT]
    assert [(record.b, record.c) for record in tries] == [(1, 0), (2, 1)]
    assert payload.custody.seals_left == 0 and payload.ledger.inventory.seals_taken == 1
    assert Ledger(payload.ledger._store).inventory.seals_taken == 1
