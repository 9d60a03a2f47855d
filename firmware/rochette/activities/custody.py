"""What the activities write into the custody record, one method a step, and what they ask it.

The record itself (append-only, chained) is `services/ledger.py`; the meaning of the four numbers of each kind
stands in `firmware/dictionary/ledger.py`. An impossible step raises CustodyError and writes nothing.
"""

from rochette.services.inventory import IN_BIT
from rochette.services.ledger import CustodyError, LedgerError
from rochette.tables import (
    RECORD_KIND_CORED,
    RECORD_KIND_DOCKED,
    RECORD_KIND_FILL,
    RECORD_KIND_RELEASED,
    RECORD_KIND_SEAL_INTENT,
    RECORD_KIND_SEAL_RESULT,
    RECORD_KIND_STORED,
    RECORD_KIND_TAKE_INTENT,
    RECORD_KIND_TAKEN,
    RECORD_KIND_VERDICT,
    SEAT_STATE_EMPTY_TUBE,
    SEAT_STATE_IN_BIT,
    SEAT_STATE_NO_TUBE,
)

NOT_RECORDED = (CustodyError, LedgerError, OSError)
"""What a custody step raises when it was not recorded: impossible, the record is closed, or the memory failed."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.services.ledger import Ledger


class Custody:
    """Named steps over a `Ledger`. Every method but the questions appends one record and may raise
    CustodyError."""

    def __init__(self, ledger: "Ledger", seats: int) -> None:
        self._ledger = ledger
        self._seats = seats

    # Questions

    @property
    def commissioned(self) -> bool:
        """Whether the record has been initialised."""
        return self._ledger.initialised

    @property
    def next_sample(self) -> int:
        """Number of the next sample: one more than the highest in the record."""
        return self._ledger.last_sample + 1

    @property
    def tube_in_bit(self) -> int:
        """The tube that the record has in the bit, 0 for none."""
        for tube in range(1, self._seats + 1):
            if self._ledger.place_of(tube) == IN_BIT:
                return tube
        return 0

    def usable(self, tube: int) -> bool:
        """Whether `tube` exists, is clean, unused, and in its seat."""
        return 1 <= tube <= self._seats and self._ledger.seat_state(tube) == SEAT_STATE_EMPTY_TUBE

    def tube_in_seat(self, seat: int) -> bool:
        """Whether the record says that a tube stands in `seat` (1 to seats)."""
        return self._ledger.seat_state(seat) not in (SEAT_STATE_NO_TUBE, SEAT_STATE_IN_BIT)

    def listing(self) -> "list[dict[str, Any]]":
        """Every record as a dict, oldest first. Allocates; for reports."""
        return [record.as_dict() for record in self._ledger.records()]

    # Steps

    def commission(self) -> None:
        """Begin the record: every seat holds a clean, empty tube."""
        self._ledger.initialise(self._seats)

    def intend_take(self, sample: int, tube: int, depth_um: int) -> None:
        """Before the bit goes down on the seat."""
        self._ledger.append(RECORD_KIND_TAKE_INTENT, tube, sample, depth_um)

    def taken(self, sample: int, tube: int, hanging_mn: int) -> None:
        """The tube hangs in the bit."""
        self._ledger.append(RECORD_KIND_TAKEN, tube, sample, hanging_mn)

    def cored(self, sample: int, tube: int, depth_um: int, level: int, result: int) -> None:
        """A hole was drilled with this tube in the bit."""
        self._ledger.append(RECORD_KIND_CORED, tube, sample, depth_um, level, result)

    def verdict(self, sample: int, tube: int, verdict: int, core_mn: int, picture: int) -> None:
        """The evidence was judged."""
        self._ledger.append(RECORD_KIND_VERDICT, tube, sample, verdict, core_mn, picture)

    def released(self, sample: int, tube: int, verdict: int) -> None:
        """The ground released this sample in this tube."""
        self._ledger.append(RECORD_KIND_RELEASED, tube, sample, verdict)

    def docked(self, sample: int, tube: int, seat: int, contact_um: int) -> None:
        """The tube stands in its seat again."""
        self._ledger.append(RECORD_KIND_DOCKED, tube, sample, seat, contact_um)

    def fill(self, sample: int, tube: int, fill: int, fill_um: int, uncertainty_um: int) -> None:
        """The probe measured the fill."""
        self._ledger.append(RECORD_KIND_FILL, tube, sample, fill, fill_um, uncertainty_um)

    def seal_intent(self, sample: int, tube: int, attempt: int) -> None:
        """Before a seal is pulled from the dispenser or pressed on."""
        self._ledger.append(RECORD_KIND_SEAL_INTENT, tube, sample, attempt)

    def seal_result(self, sample: int, tube: int, activated: bool, peak_mn: int, travel_um: int) -> None:
        """How the try ended."""
        self._ledger.append(RECORD_KIND_SEAL_RESULT, tube, sample, int(activated), peak_mn, travel_um)

    def stored(self, sample: int, tube: int, seat: int, seal: int) -> None:
        """The tube is stored, sealed or open as `seal` (enum Seal) says."""
        self._ledger.append(RECORD_KIND_STORED, tube, sample, seat, seal)
