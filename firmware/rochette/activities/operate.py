"""Operate: one mechanism by hand. Jogs, homes and single steps for bring-up and for the bench.

The rail is on for as long as the mechanism is busy and not a tick longer. The mechanism's own limits and
interlocks hold as they do in a procedure.
"""

from rochette.activities.steps import finish, power_up
from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.services.activities import Fault
from rochette.tables import P_SAMPLE_MOVE_LIMIT_MS, REASON_OPERATION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator

    from rochette.activities.kit import Kit


def operate(
    kit: "Kit", mechanism: "Any", begin: "Callable[[], None]", ok: int
) -> "Generator[None, None, None]":
    """Switch the rail on, call `begin()`, wait until `mechanism` is done; Fault(OPERATION, result) unless
    `ok`."""
    yield from power_up(kit)
    try:
        try:
            begin()
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
