"""What the activities write into the custody record, one method a step, and what they ask it.

The record itself (append-only, chained) is `services/ledger.py`; the meaning of the four numbers of each kind
stands in `firmware/dictionary/ledger.py`. A step is written over several ticks, so each method is a
generator: `yield from custody.taken(...)` goes on once the record is durable. An impossible step raises
CustodyError and writes nothing.
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

_WAIT_TICKS = 1000
"""A record takes 8 ticks; the queue holds 8. After ten seconds something else is wrong."""

NOT_RECORDED = (CustodyError, LedgerError, OSError)
"""What a custody step that was not recorded raises: impossible, record closed, or memory failed."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator

    from rochette.services.ledger import Ledger


class Custody:
    """Named steps over a `Ledger`. Every method but the questions is a generator that ends when its record
    is durable; it raises CustodyError for a step that cannot be, LedgerError for one that was not kept."""

    def __init__(self, ledger: "Ledger", seats: int) -> None:
        self._ledger = ledger
        self._seats = seats

    # Questions

    @property
    def commissioned(self) -> bool:
        """Whether the record has been initialised."""
        return self._ledger.initialised

    @property
    def can_begin(self) -> bool:
        """Whether there is a blank memory in which the record can be begun."""
        return self._ledger.can_begin

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

    def _keep(
        self, kind: int, tube: int, a: int, b: int = 0, c: int = 0, d: int = 0
    ) -> "Generator[None, None, None]":
        yield from self._wait(self._ledger.queue(kind, tube, a, b, c, d))

    def _wait(self, ticket: int) -> "Generator[None, None, None]":
        """Until the record is kept. Raises CustodyError or LedgerError when it is not."""
        ledger = self._ledger
        for _ in range(_WAIT_TICKS):
            if ledger.ended(ticket):
                break
            yield
        ledger.judge(ticket)

    def commission(self) -> "Generator[None, None, None]":
        """Begin the record: every seat holds a clean, empty tube."""
        yield from self._wait(self._ledger.queue_initialise(self._seats))

    def intend_take(self, sample: int, tube: int, depth_um: int) -> "Generator[None, None, None]":
        """Before the bit goes down on the seat."""
        yield from self._keep(RECORD_KIND_TAKE_INTENT, tube, sample, depth_um)

    def taken(self, sample: int, tube: int, hanging_mn: int) -> "Generator[None, None, None]":
        """The tube hangs in the bit."""
        yield from self._keep(RECORD_KIND_TAKEN, tube, sample, hanging_mn)

    def cored(
        self, sample: int, tube: int, depth_um: int, level: int, result: int
    ) -> "Generator[None, None, None]":
        """A hole was drilled with this tube in the bit."""
        yield from self._keep(RECORD_KIND_CORED, tube, sample, depth_um, level, result)

    def verdict(
        self, sample: int, tube: int, verdict: int, core_mn: int, picture: int
    ) -> "Generator[None, None, None]":
        """The evidence was judged."""
        yield from self._keep(RECORD_KIND_VERDICT, tube, sample, verdict, core_mn, picture)

    def released(self, sample: int, tube: int, verdict: int) -> "Generator[None, None, None]":
        """The ground released this sample in this tube."""
        yield from self._keep(RECORD_KIND_RELEASED, tube, sample, verdict)

    def docked(self, sample: int, tube: int, seat: int, contact_um: int) -> "Generator[None, None, None]":
        """The tube stands in its seat again."""
        yield from self._keep(RECORD_KIND_DOCKED, tube, sample, seat, contact_um)

    def fill(
        self, sample: int, tube: int, fill: int, fill_um: int, uncertainty_um: int
    ) -> "Generator[None, None, None]":
        """The probe measured the fill."""
        yield from self._keep(RECORD_KIND_FILL, tube, sample, fill, fill_um, uncertainty_um)

    def seal_intent(self, sample: int, tube: int, attempt: int) -> "Generator[None, None, None]":
        """Before a seal is pulled from the dispenser or pressed on."""
        yield from self._keep(RECORD_KIND_SEAL_INTENT, tube, sample, attempt)

    def seal_result(
        self, sample: int, tube: int, activated: bool, peak_mn: int, travel_um: int
    ) -> "Generator[None, None, None]":
        """How the try ended."""
        yield from self._keep(RECORD_KIND_SEAL_RESULT, tube, sample, int(activated), peak_mn, travel_um)

    def stored(self, sample: int, tube: int, seat: int, seal: int) -> "Generator[None, None, None]":
        """The tube is stored, sealed or open as `seal` (enum Seal) says."""
        yield from self._keep(RECORD_KIND_STORED, tube, sample, seat, seal)
