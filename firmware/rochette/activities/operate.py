"""Operate: one mechanism by hand. Jogs, homes and single steps for bring-up and for the bench.

The rail is on for as long as the mechanism is busy and not a tick longer. The mechanism's own limits and
interlocks hold as they do in a procedure.
"""

from rochette.activities.steps import finish, power_on, power_up
from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.services.activities import Fault
from rochette.tables import (
    EV_SYSTEM_SELF_TEST_FAILED,
    EV_SYSTEM_SELF_TEST_PASSED,
    P_SAMPLE_MOVE_LIMIT_MS,
    REASON_OPERATION,
    REASON_SELF_TEST,
    SPINDLE_RESULT_OK,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator

    from rochette.activities.kit import Kit

_TICKS_PER_S = 100


def operate(
    kit: "Kit", mechanism: "Any", begin: "Callable[..., None]", ok: int, args: "tuple[int, ...]" = ()
) -> "Generator[None, None, None]":
    """Switch the rail on, call `begin(*args)`, wait until `mechanism` is done; Fault(OPERATION, result)
    unless `ok`."""
    yield from power_up(kit)
    try:
        try:
            begin(*args)
        except (MechanismBusy, MechanismRange):
            raise Fault(
                REASON_OPERATION
            )  # it refused: busy, out of range or interlocked; its own event says which
        result = yield from finish(mechanism, 4 * kit.values[P_SAMPLE_MOVE_LIMIT_MS], REASON_OPERATION)
        if result != ok:
            raise Fault(REASON_OPERATION, result)
    finally:
        mechanism.halt()
        kit.rail.off()


def spin(kit: "Kit", rpm: int, seconds: int) -> "Generator[None, None, None]":
    """Turn the spindle at `rpm` for `seconds`, then let it run out; Fault(OPERATION, result) if it fails."""
    spindle = kit.spindle
    limit_ms = kit.values[P_SAMPLE_MOVE_LIMIT_MS]
    power_on(kit)
    try:
        spindle.run(rpm)
        result = yield from finish(spindle, limit_ms, REASON_OPERATION)
        for _ in range(seconds * _TICKS_PER_S):
            if result != SPINDLE_RESULT_OK:
                raise Fault(REASON_OPERATION, result)
            yield
            result = spindle.result
        spindle.stop()
        yield from finish(spindle, limit_ms, REASON_OPERATION)
    finally:
        spindle.halt()
        kit.rail.off()


def self_test(kit: "Kit", parts: "tuple[int, ...]") -> "Generator[None, None, None]":
    """Ask `parts` (enum Part) who they are, one a tick; nothing moves. Fault(SELF_TEST, how many failed)."""
    failed = 0
    for part in parts:
        if not kit.check_part(part):
            failed += 1
        yield
    if failed:
        kit.events.emit(EV_SYSTEM_SELF_TEST_FAILED, failed, len(parts))
        raise Fault(REASON_SELF_TEST, failed)
    kit.events.emit(EV_SYSTEM_SELF_TEST_PASSED, len(parts))
