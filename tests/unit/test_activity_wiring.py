"""The check of the wiring: what is alive and the wrong way round is found, and the wire is named."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools import dictionary
from rochette import tables as t
from tests.unit.payload_rig import Rig

EMPTY = 2
WIRES = {number: label for label, number, _ in dictionary.load().enums["Wire"].values}


def put_together(*faults: dict[str, Any], empty: int = EMPTY) -> tuple[Rig, Any]:
    """A payload whose wires are as `faults` say from the start, a tube taken out of one seat."""
    rig = Rig(faults=[{"at_ms": 0, **fault} for fault in faults])
    payload = rig.commission()
    if empty:
        rig.session.plant.tubes.in_seat[empty] = 0
    return rig, payload


def check(rig: Rig, payload: Any, seat: int = EMPTY) -> str:
    """Carry it out; the wire that it names, "" when it passed."""
    assert payload.commands.submit(t.CMD_SAMPLE_CHECK_WIRING, (seat,)) == t.COMMAND_RESULT_OK
    for _ in range(20_000):
        payload.executive.step()
        if not payload.activities.running:
            break
    rig.session._hear_events()
    assert not payload.activities.running and not payload.rail.is_on
    if t.EV_SAMPLE_WIRING_PASSED in rig.ids():
        return ""
    named = [event["args"][0] for event in rig.events if event["id"] == t.EV_SAMPLE_WIRE_WRONG]
    assert len(named) == 1, rig.ids()
    return WIRES[named[0]]


def test_a_payload_put_together_rightly_passes_and_can_be_brought_up() -> None:
    rig, payload = put_together()
    assert check(rig, payload) == ""
    assert payload.mode.value == t.MODE_IDLE and payload.kit.wire == 0
    assert not payload.ready, "it is no bring-up"


@pytest.mark.parametrize(
    ("fault", "wire"),
    [
        ({"target": "register.spindle_current.1", "kind": "offset", "value": 400}, "SPINDLE_CURRENT"),
        ({"target": "register.aux_current.1", "kind": "offset", "value": 1000}, "AUX_CURRENT"),
        ({"target": "register.bus_current.1", "kind": "offset", "value": 800}, "BUS_CURRENT"),
        ({"target": "register.bus_current.1", "kind": "stuck", "value": 0}, "BUS_CURRENT"),
        ({"target": "pin.feed_home", "kind": "inverted"}, "FEED_HOME"),
        ({"target": "pin.feed_bottom", "kind": "inverted"}, "FEED_SWITCHES"),
        ({"target": "pin.feed_dir", "kind": "inverted"}, "FEED_HOME"),
        ({"target": "pin.breakoff_centred", "kind": "inverted"}, "BREAK_OFF_SWITCHES"),
        ({"target": "pin.breakoff_offset", "kind": "inverted"}, "BREAK_OFF_SWITCHES"),
        ({"target": "pin.gate_closed", "kind": "inverted"}, "GATE_SWITCH"),
        # What counts is there once the firmware has made it.
        ({"target": "sensor.encoder", "kind": "wrong", "value": 0, "at_ms": 250}, "ENCODER_DIRECTION"),
        ({"target": "pin.carousel_dir", "kind": "inverted"}, "CAROUSEL_DIRECTION"),
        ({"target": "pin.tube_present", "kind": "inverted"}, "TUBE_SENSOR"),
        ({"target": "sensor.load_cell", "kind": "wrong", "value": 20_000}, "LOAD_CELL"),
        pytest.param(
            {"target": "pin.carousel_index", "kind": "stuck", "value": 1},
            "CAROUSEL_INDEX",
            marks=pytest.mark.soak,
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else f"{one['target']}-{one['kind']}",
)
def test_what_is_the_wrong_way_round_is_named_and_bring_up_refused(fault: dict[str, Any], wire: str) -> None:
    rig, payload = put_together(fault)
    assert check(rig, payload) == wire
    assert payload.commands.submit(t.CMD_SAMPLE_BRING_UP) == t.COMMAND_RESULT_OK
    for _ in range(20):
        payload.executive.step()
    rig.session._hear_events()
    assert not payload.activities.running and not payload.ready
    assert t.EV_SAMPLE_WIRE_STILL_WRONG in rig.ids()
    assert payload.mode.value == t.MODE_STOPPED


@pytest.mark.soak
def test_a_mirrored_ring_looks_right_while_every_seat_looks_alike() -> None:
    rig, payload = put_together({"target": "pin.carousel_dir", "kind": "inverted"}, empty=0)
    assert payload.commands.submit(t.CMD_SAMPLE_BRING_UP) == t.COMMAND_RESULT_OK
    for _ in range(6000):
        payload.executive.step()
        if not payload.activities.running:
            break
    assert payload.ready, "so bring-up alone can't tell: that is what the empty seat is for"


@pytest.mark.soak
def test_another_seat_than_the_one_that_was_said_is_told() -> None:
    rig, payload = put_together(empty=5)
    assert check(rig, payload, seat=7) == "TUBE_SENSOR"


@pytest.mark.parametrize("seat", [0, 22, 44])
def test_a_seat_that_can_tell_nothing_is_refused(seat: int) -> None:
    _, payload = put_together()
    assert payload.commands.submit(t.CMD_SAMPLE_CHECK_WIRING, (seat,)) == t.COMMAND_RESULT_VALIDATION
