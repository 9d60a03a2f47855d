"""The sample in hand: what is known of it while an activity works on it.

The custody record (`services/ledger.py`) is the truth that survives; this is the working copy that
activities fill and telemetry shows.
"""

from rochette.activities.verify import Evidence
from rochette.tables import (
    FILL_STATE_UNKNOWN,
    OUTCOME_NONE,
    PHASE_IDLE,
    REASON_NONE,
    SEAL_NONE,
    VERDICT_NONE,
)


class Sample:
    """One sample from command to end. All fields are integers; `_um` micrometres, `_mn` millinewtons."""

    def __init__(self) -> None:
        self.number = 0
        self.phase = PHASE_IDLE
        self.tube = 0
        self.asked_um = 0
        self.evidence = Evidence()
        self._clear()

    def _clear(self) -> None:
        self.depth_um = 0
        self.max_level = 0
        self.contact_um = 0
        self.verdict = VERDICT_NONE
        self.fill = FILL_STATE_UNKNOWN
        self.fill_um = 0
        self.fill_uncertainty_um = 0
        self.seal = SEAL_NONE
        self.seal_peak_mn = 0
        self.seal_travel_um = 0
        self.outcome = OUTCOME_NONE
        self.reason = REASON_NONE
        self.hanging_mn = 0
        self.tare_mn = 0
        self.evidence.clear()

    def begin(self, number: int, tube: int, depth_um: int) -> None:
        """Start a new sample: `number` from 1, `tube` 1 to seats, `depth_um` 1000 to 76000."""
        self._clear()
        self.number = number
        self.tube = tube
        self.asked_um = depth_um
