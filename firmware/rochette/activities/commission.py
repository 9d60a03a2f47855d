"""Commissioning: the custody record of a blank payload is begun, by command and in no other way."""

from rochette.activities.custody import NOT_RECORDED
from rochette.services.activities import Fault
from rochette.tables import REASON_CUSTODY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def commission(kit: "Kit") -> "Generator[None, None, None]":
    """Begin the record: every seat holds a clean, empty tube. Raises Fault(CUSTODY) when it was not kept."""
    try:
        yield from kit.custody.commission()
    except NOT_RECORDED:
        raise Fault(REASON_CUSTODY)
