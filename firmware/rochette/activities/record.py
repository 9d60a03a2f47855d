"""Custody records made by command: commissioning, and what hands did. Nothing moves."""

from rochette.activities.custody import NOT_RECORDED
from rochette.services.activities import Fault
from rochette.tables import REASON_CUSTODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def commission(kit: "Kit") -> "Generator[None, None, None]":
    """Begin the record: every seat holds a clean, empty tube. Raises Fault(CUSTODY) when it was not kept."""
    yield from record(kit.custody.commission())


def record(step: "Generator[None, None, None]") -> "Generator[None, None, None]":
    """Have one step of `Custody` recorded. Raises Fault(CUSTODY) when it cannot be, or was not kept."""
    try:
        yield from step
    except NOT_RECORDED:
        raise Fault(REASON_CUSTODY)
