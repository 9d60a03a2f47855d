"""Steps that every activity is made of: wait for a mechanism, insist on its result, next phase."""

from rochette.services.activities import TICK_MS, Fault, pause_ms
from rochette.tables import (
    EV_SAMPLE_PHASE,
    EV_SAMPLE_RAIL_SETTLED,
    P_SAMPLE_RAIL_SETTLE_MS,
    REASON_E_STOP,
    REASON_GUARD,
    REASON_TIMEOUT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator

    from rochette.activities.kit import Kit


class Ending(Exception):
    """An acquisition that ends before its last step without anything being broken.

    Args: outcome (enum Outcome), reason (enum Reason).
    """

    def __init__(self, outcome: int, reason: int) -> None:
        super().__init__(outcome, reason)
        self.outcome = outcome
        self.reason = reason


def enter_phase(kit: "Kit", phase: int) -> None:
    """Say that the activity is now in `phase` (enum Phase)."""
    kit.sample.phase = phase
    kit.events.emit(EV_SAMPLE_PHASE, phase)


def power_on(kit: "Kit") -> None:
    """Switch the actuator rail on. Raises Fault(E_STOP) when the emergency-stop loop is open, Fault(GUARD)
    while the guard has latched a cause."""
    rail = kit.rail
    if not rail.on():
        if rail.guard_cause and not rail.estop:
            raise Fault(REASON_GUARD, rail.guard_cause)
        raise Fault(REASON_E_STOP)


def power_up(kit: "Kit") -> "Generator[None, None, None]":
    """Switch the actuator rail on and give the drivers their time before anything moves."""
    if kit.rail.is_on:
        return
    power_on(kit)
    settle_ms = kit.values[P_SAMPLE_RAIL_SETTLE_MS]
    yield from pause_ms(settle_ms)
    kit.events.emit(EV_SAMPLE_RAIL_SETTLED, settle_ms)


def finish(mechanism: "Any", limit_ms: int, reason: int) -> "Generator[None, None, int]":
    """Wait until `mechanism` is no longer busy and return its result.

    At the deadline the mechanism is halted in place and Fault(TIMEOUT, reason) is raised.
    """

    left = (limit_ms + TICK_MS - 1) // TICK_MS
    while mechanism.busy:
        if left <= 0:
            mechanism.halt()
            raise Fault(REASON_TIMEOUT, reason)
        left -= 1
        yield
    return mechanism.result


def insist(mechanism: "Any", limit_ms: int, ok: int, reason: int) -> "Generator[None, None, None]":
    """Wait as `finish` does; raise Fault(reason, result) unless the result is `ok`."""
    result = yield from finish(mechanism, limit_ms, reason)
    if result != ok:
        raise Fault(reason, result)
