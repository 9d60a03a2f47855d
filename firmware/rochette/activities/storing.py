"""Storing: the tube stays in its seat, verified, and the record says how it is stored."""

from rochette.activities.moves import turn_to
from rochette.activities.steps import enter_phase
from rochette.tables import (
    CAROUSEL_STATION_DRILL,
    EV_SAMPLE_STORED,
    PHASE_STORE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Generator

    from rochette.activities.kit import Kit


def store(kit: "Kit") -> "Generator[None, None, None]":
    """Leave the tube in its seat, verified by sensor and detent, and write down how it is stored."""
    sample = kit.sample
    enter_phase(kit, PHASE_STORE)
    yield from turn_to(kit, sample.tube, CAROUSEL_STATION_DRILL, True)
    yield from kit.custody.stored(sample.number, sample.tube, sample.tube, sample.seal)
    kit.events.emit(EV_SAMPLE_STORED, sample.tube, sample.tube, sample.seal)
    kit.rail.off()
