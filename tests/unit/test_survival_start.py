"""On the whole payload: at each start the supply is measured before a memory, a switch or an actuator."""

from __future__ import annotations

import pytest

from host_tools.boards import find
from tests.unit.payload_rig import Rig

PARTS = find.data("emulated")["parts"]
SUPPLY = PARTS["bus_current"]["address"]
CLOCK = PARTS["mission_clock"]["address"]
METHODS = (
    *("readfrom_mem_into", "readfrom_mem", "writeto_mem", "readfrom_into", "readfrom", "writeto"),
    "writevto",
)


def asked(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The addresses on the buses from now on, in order."""
    from host_tools.emulator import machine

    seen: list[int] = []

    def spied(name: str) -> None:
        inner = getattr(machine.I2C, name)

        def spy(self, address, *args, **more):
            seen.append(address)
            return inner(self, address, *args, **more)

        monkeypatch.setattr(machine.I2C, name, spy)

    for name in METHODS:
        spied(name)
    return seen


def test_a_start_asks_the_supply_first(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig()
    seen = asked(rig, monkeypatch)
    rig.boot()
    first_other = next(n for n, address in enumerate(seen) if address != SUPPLY)
    # Reset, settings, a reading of current and voltage: no other part before.
    assert first_other >= 6
    assert PARTS["fram"]["address"] in seen and PARTS["switches"]["address"] in seen


def test_a_start_on_a_low_supply_sleeps_and_asks_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    from rochette import tables as t

    rig = Rig(faults=[{"target": "plant.battery_permille", "value": 4, "at_ms": 0}])
    seen = asked(rig, monkeypatch)
    payload = rig.boot()
    told = payload.survival.record.wakes
    others = [n for n, address in enumerate(seen) if address not in (SUPPLY, CLOCK)]
    before = seen[: others[0]].count(SUPPLY)
    assert told > 0, "the supply was too low, so it slept"
    assert before >= 6 * told
    assert t.EV_SURVIVAL_STARTED_LOW in [event for event in _ids(payload)]


def _ids(payload) -> list[int]:
    from rochette.services.events import FIELDS

    row = [0] * FIELDS
    found = []
    for number in range(1, payload.events.count + 1):
        payload.events.read(number, row)
        found.append(row[0])
    return found
