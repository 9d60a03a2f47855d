"""What the activities write into the custody record, one method a step, and what they ask it.

The record itself (append-only, chained) is `services/ledger.py`; the meaning of the four numbers of each kind
stands in `firmware/dictionary/ledger.py`. A step is written over several ticks, so each method is a
generator: `yield from custody.taken(...)` goes on once the record is durable. An impossible step raises
CustodyError and writes nothing.
"""

from rochette.services.inventory import IN_BIT
from rochette.services.ledger import RECORD_BYTES, CustodyError, LedgerError, Record
from rochette.tables import (
    RECORD_KIND_BIT,
    RECORD_KIND_BREAK_INTENT,
    RECORD_KIND_BROKEN_OFF,
    RECORD_KIND_CORE_INTENT,
    RECORD_KIND_CORED,
    RECORD_KIND_DOCK_INTENT,
    RECORD_KIND_DOCKED,
    RECORD_KIND_DROPPED,
    RECORD_KIND_FILL,
    RECORD_KIND_LOADED,
    RECORD_KIND_MARKED,
    RECORD_KIND_MOVED,
    RECORD_KIND_RECOVERED,
    RECORD_KIND_RELEASED,
    RECORD_KIND_RETRACTED,
    RECORD_KIND_SEAL_INTENT,
    RECORD_KIND_SEAL_RESULT,
    RECORD_KIND_SEALS,
    RECORD_KIND_STORED,
    RECORD_KIND_TAKE_INTENT,
    RECORD_KIND_TAKEN,
    RECORD_KIND_VERDICT,
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

    @property
    def in_hand(self) -> int:
        """The tube that something was begun with and not ended, by the record; 0 for none."""
        return self._ledger.inventory.in_hand()

    def step_of(self, tube: int) -> int:
        """In the middle of what `tube` is (enum Step)."""
        return self._ledger.inventory.step_of(tube)

    def sample_of(self, tube: int) -> int:
        """Number of the sample in `tube`, 0 for none."""
        return self._ledger.inventory.sample_of(tube)

    def seat_of(self, tube: int) -> int:
        """The seat where `tube` stands, or came from when it is in the bit; 0 when it left the payload."""
        place = self._ledger.place_of(tube)
        return self._ledger.inventory.bit_seat() if place == IN_BIT else max(place, 0)

    def is_released(self, tube: int) -> bool:
        """Whether the ground has released what is in `tube`."""
        return self._ledger.inventory.is_released(tube)

    def is_open(self, tube: int) -> bool:
        """Whether `tube` is on board, was used, and has no activated seal."""
        return self._ledger.inventory.is_open(tube)

    def verdict_of(self, tube: int) -> int:
        """The last verdict on `tube` (enum Verdict)."""
        return self._ledger.inventory.verdict_of(tube)

    @property
    def seals_left(self) -> int:
        """Seals in the dispenser, by the record; SEALS_UNKNOWN when nobody has counted them."""
        return self._ledger.inventory.seals_in(1)

    def last_record(self, kind: int, tube: int, sample: int) -> "Record | None":
        """The youngest record of that kind, tube and sample that is in the store. Allocates; takes long.
        None when it is damaged: a start does not read what a checkpoint covers."""
        ledger = self._ledger
        raw = bytearray(RECORD_BYTES)
        for sequence in range(ledger.count, ledger.oldest - 1, -1):
            ledger.read_raw(sequence, raw)
            record = Record(raw)
            if record.tube == tube and record.a == sample and record.kind == kind:
                return record if ledger.is_record(raw) else None
        return None

    def usable(self, tube: int) -> bool:
        """Whether `tube` exists, is a clean, whole sample tube, and in its seat."""
        return 1 <= tube <= self._seats and self._ledger.inventory.usable(tube)

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
        yield from self.wait(self._ledger.queue(kind, tube, a, b, c, d))

    def wait(self, ticket: int) -> "Generator[None, None, None]":
        """Until the record is kept. Raises CustodyError or LedgerError when it is not."""
        ledger = self._ledger
        for _ in range(_WAIT_TICKS):
            if ledger.ended(ticket):
                break
            yield
        ledger.judge(ticket)

    def commission(self) -> "Generator[None, None, None]":
        """Begin the record: every seat holds a clean, empty tube."""
        yield from self.wait(self._ledger.queue_initialise(self._seats))

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

    def seal_intent(self, sample: int, tube: int, attempt: int, again: bool) -> "Generator[None, None, None]":
        """Before a seal is pulled out of the dispenser, or (`again`) the one on the rod is pressed again."""
        yield from self._keep(RECORD_KIND_SEAL_INTENT, tube, sample, attempt, int(again))

    def seal_result(
        self, sample: int, tube: int, activated: bool, peak_mn: int, travel_um: int
    ) -> "Generator[None, None, None]":
        """How the try ended."""
        yield from self._keep(RECORD_KIND_SEAL_RESULT, tube, sample, int(activated), peak_mn, travel_um)

    def stored(self, sample: int, tube: int, seat: int, seal: int) -> "Generator[None, None, None]":
        """The tube is stored, sealed or open as `seal` (enum Seal) says."""
        yield from self._keep(RECORD_KIND_STORED, tube, sample, seat, seal)

    def core_intent(self, sample: int, tube: int, depth_um: int) -> "Generator[None, None, None]":
        """Before the bit goes down to the rock."""
        yield from self._keep(RECORD_KIND_CORE_INTENT, tube, sample, depth_um)

    def break_intent(self, sample: int, tube: int) -> "Generator[None, None, None]":
        """Before the tube is moved off the bit's axis."""
        yield from self._keep(RECORD_KIND_BREAK_INTENT, tube, sample)

    def broken_off(self, sample: int, tube: int, snap: int, peak_ma: int) -> "Generator[None, None, None]":
        """Both switches say that the tube is off the axis."""
        yield from self._keep(RECORD_KIND_BROKEN_OFF, tube, sample, snap, peak_ma)

    def retracted(self, sample: int, tube: int, feed_um: int) -> "Generator[None, None, None]":
        """The bit is out of the hole and above the carousel."""
        yield from self._keep(RECORD_KIND_RETRACTED, tube, sample, feed_um)

    def dock_intent(self, sample: int, tube: int, seat: int) -> "Generator[None, None, None]":
        """Before the tube goes down on its seat."""
        yield from self._keep(RECORD_KIND_DOCK_INTENT, tube, sample, seat)

    def moved(self, sample: int, tube: int, seat: int, by_hand: bool) -> "Generator[None, None, None]":
        """The tube is in `seat`, 0 for the bit: found there, or put there by hand."""
        yield from self._keep(RECORD_KIND_MOVED, tube, sample, seat, int(by_hand))

    def dropped(self, tube: int, where: int) -> "Generator[None, None, None]":
        """The tube has left the payload: `where` 0 lost, 1 depot."""
        yield from self._keep(RECORD_KIND_DROPPED, tube, self.sample_of(tube), where)

    @property
    def debris_on_bit(self) -> bool:
        """Whether something was seen on the bit and not cleared."""
        return self._ledger.inventory.debris_on_bit()

    def note_debris(self, mark: int, picture: int) -> bool:
        """Ask for a mark on the bit itself to be kept, DEBRIS_SEEN or DEBRIS_CLEARED for `picture`. False
        when the record takes none: it counts until the next reset then. Does not wait."""
        try:
            self._ledger.queue(RECORD_KIND_MARKED, 0, 0, mark, picture)
        except LedgerError:
            return False
        return True

    def marked(self, tube: int, mark: int) -> "Generator[None, None, None]":
        """A remark (enum TubeMark)."""
        yield from self._keep(RECORD_KIND_MARKED, tube, self.sample_of(tube), mark)

    def loaded(self, tube: int, serial: int, kind: int) -> "Generator[None, None, None]":
        """The tube has this serial number and is of this kind (enum TubeKind)."""
        yield from self._keep(RECORD_KIND_LOADED, tube, 0, serial, kind)

    def seals(self, dispenser: int, count: int) -> "Generator[None, None, None]":
        """`dispenser` holds `count` seals."""
        yield from self._keep(RECORD_KIND_SEALS, dispenser, 0, count)

    def bit(self, number: int) -> "Generator[None, None, None]":
        """Bit `number` is on the spindle."""
        yield from self._keep(RECORD_KIND_BIT, number, 0)

    def recovered(self, sample: int, tube: int, step: int, how: int) -> "Generator[None, None, None]":
        """After a reset: in the middle of what it was (enum Step), how it goes on (enum Continuation)."""
        yield from self._keep(RECORD_KIND_RECOVERED, tube, sample, step, how)
