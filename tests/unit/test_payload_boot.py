"""The payload starts whatever answers and whatever does not; bring-up is what refuses."""

import pytest

from rochette import tables as t
from tests.unit.payload_rig import Rig

PARTS = (
    "spindle_current",
    "bus_current",
    "aux_current",
    "analogue",
    "switches",
    "tilt",
    "light",
    "mission_clock",
    "fram",
)


def off(part):
    return {"target": "bus." + part, "kind": "off", "value": 0, "at_ms": 0}


@pytest.mark.parametrize("part", PARTS)
def test_it_starts_without_one_part_and_bring_up_names_it(part):
    rig = Rig("sandstone", faults=[off(part)])
    payload = rig.boot()
    assert payload.mode.value == t.MODE_IDLE
    if payload.commands.submit(t.CMD_SAMPLE_COMMISSION) == t.COMMAND_RESULT_OK:
        while payload.activities.running:
            payload.executive.step()
    assert payload.commands.submit(t.CMD_SAMPLE_BRING_UP) == t.COMMAND_RESULT_OK
    for _ in range(20):
        payload.executive.step()
    rig.session._hear_events()
    assert payload.activities.running == 0
    assert not payload.ready
    assert not payload.rail.is_on
    assert t.EV_SYSTEM_PART_ABSENT in rig.ids()
    assert payload.mode.value == t.MODE_STOPPED


def test_without_its_memory_there_is_no_custody_and_no_sample():
    rig = Rig("sandstone", faults=[off("fram")])
    payload = rig.boot()
    assert payload.commands.submit(t.CMD_SAMPLE_COMMISSION) == t.COMMAND_RESULT_EXECUTION
    assert not payload.custody.commissioned
