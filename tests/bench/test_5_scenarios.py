"""Scenarios for hardware: on the board and on the emulator, by the same code, laid side by side in the
report.
"""

from __future__ import annotations

from typing import Any

import pytest

from host_tools.bench import traces
from host_tools.bench.served import Served
from host_tools.ground.client import Payload


def both(rig: Any, bench: Any, name: str) -> traces.Trace:
    """The scenario here, and on the emulated payload of the same board."""
    scenario = getattr(traces, name)
    here = scenario(rig.payload())
    with (
        Served("--board", rig.board_name) as emulated,
        Payload.connect(emulated.port, timeout_s=30) as payload,
    ):
        trace = traces.Trace(name, here, scenario(payload))
    bench.traces.append(trace)
    return trace


@pytest.mark.needs("payload")
@pytest.mark.limit_s(600)
def test_stop_while_homing(rig: Any, bench: Any, measured: Any) -> None:
    """STOP in the middle of bring-up: the actuators are off, and it says so."""
    trace = both(rig, bench, "stop_while_homing")
    measured(here=trace.here.ended)
    for heard in (trace.here, trace.emulated):
        assert "power.ACTUATORS_ON" in heard.events and "power.ACTUATORS_OFF" in heard.events
        assert heard.events.index("power.ACTUATORS_ON") < heard.events.index("power.ACTUATORS_OFF")
    assert not rig.rail_is_on(), "the rail is on after a stop"


@pytest.mark.needs("payload")
@pytest.mark.limit_s(900)
def test_bring_up(rig: Any, bench: Any, measured: Any) -> None:
    """Every axis homes, every tube is counted, and the payload is ready."""
    trace = both(rig, bench, "bring_up")
    measured(here=trace.here.ended, emulator=trace.emulated.ended)
    assert trace.emulated.ended == "OK"
    assert trace.here.ended == "OK"
    assert "sample.READY" in trace.here.events
