"""The load cell in two points: what it reads after, what is refused; kept over a start."""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.emulator.errors import WatchdogReset
from rochette import tables as t
from tests.unit.payload_rig import Rig

HANGS_MN = -8800
"""The tool hangs in the cell; the board's mechanics say how heavy it is."""
ROCK_MN = 10000


def rig_with(offset_mn: int = 0, counts_a_mn: int = 20) -> tuple[Rig, Any]:
    """A payload whose cell is off by `offset_mn` and gives other counts than the board's data say."""
    rig = Rig("sandstone", seed=2)
    payload = rig.boot()
    rig.session.world.parts["load_cell"].den = counts_a_mn
    rig.session.plant.cell_offset_mn = offset_mn
    for _ in range(30):
        payload.executive.step()
    return rig, payload


def calibrate(payload: Any, point: int, force_mn: int) -> int:
    assert payload.commands.submit(t.CMD_FEED_CALIBRATE, (point, force_mn)) == t.COMMAND_RESULT_OK
    for _ in range(2000):
        payload.executive.step()
        if not payload.activities.running:
            break
    assert not payload.rail.is_on and not payload.activities.running
    return int(payload.activities.last_result)


def kept(payload: Any) -> tuple[int, int]:
    values = payload.parameters.values
    return values[t.P_FEED_CELL_ZERO], values[t.P_FEED_CELL_GAIN]


def refused(rig: Rig) -> list[list[int]]:
    rig.session._hear_events()
    return [event["args"] for event in rig.events if event["id"] == t.EV_FEED_CALIBRATION_REFUSED]


@pytest.mark.parametrize(("offset_mn", "counts_a_mn"), [(0, 20), (900, 20), (-2500, 23), (400, 15)])
def test_after_zero_and_span_a_third_weight_reads_right_and_so_it_does_after_a_start(
    offset_mn: int, counts_a_mn: int
) -> None:
    rig, payload = rig_with(offset_mn, counts_a_mn)
    payload.kit.ready = True
    assert calibrate(payload, t.CALIBRATION_POINT_ZERO, HANGS_MN) == t.ACTIVITY_RESULT_OK
    assert not payload.ready, "the tare is the old one's: bring up again"
    assert calibrate(payload, t.CALIBRATION_POINT_CHECK, HANGS_MN) == t.ACTIVITY_RESULT_OK
    rig.session.plant.fault("bit_load_mn", ROCK_MN)
    assert calibrate(payload, t.CALIBRATION_POINT_SPAN, HANGS_MN - ROCK_MN) == t.ACTIVITY_RESULT_OK
    assert kept(payload)[1] == pytest.approx(10000 * 20 / counts_a_mn, rel=0.004)
    rig.session.plant.fault("bit_load_mn", ROCK_MN // 2)
    assert calibrate(payload, t.CALIBRATION_POINT_CHECK, HANGS_MN - ROCK_MN // 2) == t.ACTIVITY_RESULT_OK
    assert not refused(rig)
    before = kept(payload)
    for _ in range(200):
        payload.executive.step()
    rig.session._restart(WatchdogReset("the test's"))
    again = rig.session.payload
    assert kept(again) == before
    for _ in range(30):
        again.executive.step()
    assert calibrate(again, t.CALIBRATION_POINT_CHECK, HANGS_MN - ROCK_MN // 2) == t.ACTIVITY_RESULT_OK


def test_what_would_be_wrong_is_refused_with_its_bounds_and_nothing_is_changed() -> None:
    rig, payload = rig_with()
    assert calibrate(payload, t.CALIBRATION_POINT_SPAN, -20000) == t.ACTIVITY_RESULT_FAULT
    assert refused(rig)[-1][:2] == [t.CALIBRATION_FAULT_NOT_ZEROED, -20000]
    assert calibrate(payload, t.CALIBRATION_POINT_ZERO, HANGS_MN) == t.ACTIVITY_RESULT_OK
    before = kept(payload)
    assert calibrate(payload, t.CALIBRATION_POINT_SPAN, HANGS_MN - 1999) == t.ACTIVITY_RESULT_FAULT
    assert refused(rig)[-1] == [t.CALIBRATION_FAULT_WEIGHTS_CLOSE, -1999, -2000, 2000]
    # Nobody has hung a weight on; or it pulls up what ought to hang.
    assert calibrate(payload, t.CALIBRATION_POINT_SPAN, HANGS_MN - ROCK_MN) == t.ACTIVITY_RESULT_FAULT
    assert refused(rig)[-1][0] == t.CALIBRATION_FAULT_SPAN_FAR
    rig.session.plant.fault("bit_load_mn", ROCK_MN)
    assert calibrate(payload, t.CALIBRATION_POINT_SPAN, HANGS_MN + ROCK_MN) == t.ACTIVITY_RESULT_FAULT
    assert refused(rig)[-1][0] == t.CALIBRATION_FAULT_SPAN_FAR and refused(rig)[-1][2:] == [5000, 20000]
    assert calibrate(payload, t.CALIBRATION_POINT_CHECK, HANGS_MN) == t.ACTIVITY_RESULT_FAULT
    assert refused(rig)[-1][0] == t.CALIBRATION_FAULT_OFF
    assert refused(rig)[-1][1] == pytest.approx(-ROCK_MN, abs=50)
    assert kept(payload) == before
    too_far = payload.parameters.values[t.P_FEED_CELL_ZERO]
    assert payload.commands.submit(t.CMD_FEED_CALIBRATE, (0, 150_001)) == t.COMMAND_RESULT_VALIDATION
    assert payload.commands.submit(t.CMD_FEED_CALIBRATE, (3, 0)) == t.COMMAND_RESULT_VALIDATION
    assert payload.parameters.values[t.P_FEED_CELL_ZERO] == too_far


def test_a_cell_that_swings_or_is_silent_is_not_calibrated() -> None:
    rig = Rig(
        "sandstone",
        faults=[{"target": "pin.hx711_data", "kind": "stuck", "value": 1, "at_ms": 1000}],
    )
    payload = rig.boot()
    for _ in range(120):
        payload.executive.step()
    assert calibrate(payload, t.CALIBRATION_POINT_ZERO, 0) == t.ACTIVITY_RESULT_FAULT
    assert kept(payload) == (0, 10000)
    payload.commands.submit(t.CMD_SYSTEM_DEGRADE, (t.DEGRADED_NO_LOAD_CELL, 1))
    assert payload.commands.submit(t.CMD_FEED_CALIBRATE, (0, 0)) == t.COMMAND_RESULT_WRONG_STATE
