"""What must hold at the end of every run, whatever failed: held against the plant, not against what the
firmware says of itself."""

from __future__ import annotations

from typing import Any

from host_tools.ledger.rules import BIT, GONE
from host_tools.ledger.verify import Verified, verify


def end_is_safe(plant: Any, world: Any) -> list[str]:
    """Nothing moves and the actuators' supply is off."""
    wrong = []
    if plant.energised:
        wrong.append(f"not safe: actuators still energised (mask {plant.energised:#x})")
    if world.actuator_enable:
        wrong.append("not safe: ACTUATOR_ENABLE is still on")
    return wrong


def custody_is_true(plant: Any, found: Verified, working_on: int = 0) -> list[str]:
    """The ledger is whole, allowed, and tells of every tube what is true. `working_on` is a tube that was
    being moved when the run ended: it may be one step ahead of its record, whose intent then stands."""
    wrong = [f"ledger: {fault}" for fault in found.faults]
    tubes = plant.tubes
    for number, tube in found.tubes.items():
        truly = tubes.tube_at[number]
        place = BIT if tubes.in_bit == number else f"in seat {tubes.seat_of[number]}"
        if tube.sealed and not tubes.sealed[number]:
            wrong.append(f"tube {number} is sealed by the record and open in truth")
        if tube.sealed and tubes.fill_um[number] <= 0:
            wrong.append(f"tube {number} is sealed by the record and holds no core")
        if number == working_on:
            continue
        if tube.place == GONE and truly not in ("SEAT", "BIT"):
            continue
        if truly not in ("SEAT", "BIT"):
            wrong.append(f"tube {number} is {tube.place} by the record and {truly} in truth")
        elif place != tube.place:
            wrong.append(f"tube {number} is {tube.place} by the record and {place} in truth")
    places = [tubes.in_seat.count(n) + (tubes.in_bit == n) for n in range(1, tubes.seats + 1)]
    wrong += [f"tube {n} is in {count} places" for n, count in enumerate(places, 1) if count > 1]
    return wrong


def ledger_of(world: Any) -> Verified:
    """The host's verification of what stands in the payload's memory."""
    return verify(bytes(world.parts["fram"].memory))
