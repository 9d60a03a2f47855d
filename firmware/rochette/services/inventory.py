"""Inventory: where each tube is and what it is, derived from the custody records and from nothing else.

One tube, one place, always: a record that would put a tube in two places, two tubes in one place, or pass a
tube on that was not verified and released, is refused before it is written. The rules are here; what the
numbers of a record mean stands in `firmware/dictionary/ledger.py`.
"""

from array import array
from struct import pack_into, unpack_from

from rochette.tables import (
    CUSTODY_RULE_ALREADY_INITIALISED,
    CUSTODY_RULE_ALREADY_SEALED,
    CUSTODY_RULE_ALREADY_STORED,
    CUSTODY_RULE_BIT_OCCUPIED,
    CUSTODY_RULE_DAMAGED,
    CUSTODY_RULE_DEBRIS,
    CUSTODY_RULE_NO_FILL,
    CUSTODY_RULE_NO_SEAL_INTENT,
    CUSTODY_RULE_NO_SEALS,
    CUSTODY_RULE_NO_SUCH_MARK,
    CUSTODY_RULE_NO_SUCH_SEAT,
    CUSTODY_RULE_NO_SUCH_TUBE,
    CUSTODY_RULE_NONE,
    CUSTODY_RULE_NOT_CORED,
    CUSTODY_RULE_NOT_INITIALISED,
    CUSTODY_RULE_NOT_PRESENT,
    CUSTODY_RULE_NOT_RELEASED,
    CUSTODY_RULE_OVERFULL,
    CUSTODY_RULE_RELEASE_MISMATCH,
    CUSTODY_RULE_SEAL_DISAGREES,
    CUSTODY_RULE_SEAT_OCCUPIED,
    CUSTODY_RULE_SERIAL_TWICE,
    CUSTODY_RULE_TUBE_GONE,
    CUSTODY_RULE_TUBE_NOT_IN_BIT,
    CUSTODY_RULE_TUBE_NOT_IN_SEAT,
    CUSTODY_RULE_TUBE_USED,
    CUSTODY_RULE_UNKNOWN_KIND,
    FILL_STATE_OVERFILL,
    RECORD_KIND_BIT,
    RECORD_KIND_BREAK_INTENT,
    RECORD_KIND_BROKEN_OFF,
    RECORD_KIND_CORE_INTENT,
    RECORD_KIND_CORED,
    RECORD_KIND_DOCK_INTENT,
    RECORD_KIND_DOCKED,
    RECORD_KIND_DROPPED,
    RECORD_KIND_FILL,
    RECORD_KIND_INITIALISED,
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
    SEAL_ACTIVATED,
    SEAT_STATE_EMPTY_TUBE,
    SEAT_STATE_HELD_OPEN,
    SEAT_STATE_IN_BIT,
    SEAT_STATE_NO_TUBE,
    SEAT_STATE_SEALED,
    SEAT_STATE_UNSEALED,
    STEP_BREAKING,
    STEP_CARRIED,
    STEP_CORING,
    STEP_DOCKING,
    STEP_HANGING,
    STEP_IN_HOLE,
    STEP_NOTHING,
    STEP_OPEN_IN_SEAT,
    STEP_SEALED_IN_SEAT,
    STEP_SEALING,
    STEP_TAKING,
    TUBE_MARK_DAMAGED,
    TUBE_MARK_DEBRIS_CLEARED,
    TUBE_MARK_DEBRIS_SEEN,
    TUBE_MARK_REUSED,
    TUBE_MARK_TRIED_AGAIN,
    VERDICT_ABSENT,
    VERDICT_INCONCLUSIVE,
    VERDICT_NONE,
    VERDICT_PRESENT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SEATS_MAX = 64
"""The carousel with most seats that the ledger can keep."""
IN_BIT = 0
"""place_of() of a tube that is in the bit; seats count from 1."""
NOWHERE = -1
"""place_of() of a tube that does not exist or has left the payload."""
DISPENSERS = 7
"""Seal dispensers, counted from 1."""
BITS = 9
"""Bits, counted from 1."""
SEALS_UNKNOWN = 255
"""seals_in() of a dispenser that nobody has counted."""
SEALS_MAX = 254
SERIAL_MAX = 0x3FFFFFFF
TUBE_BYTES = 16
"""What a checkpoint keeps of a tube."""
HEAD_BYTES = 44
"""What a checkpoint keeps beside the tubes."""

# Facts about a tube, one bit each.
_USED = 1
_CORED = 2
_PRESENT = 4
_RELEASED = 8
_FILLED = 16
_OVERFULL = 32
_INTENT = 64
_SEALED = 128
_STORED = 256
_DEBRIS = 512
_TAKING = 1024
_CORING = 2048
_BREAKING = 4096
_BROKEN = 8192
_OUT = 16384
_DOCKING = 32768
_DAMAGED = 65536
_REUSED = 131072
_WITNESS = 262144
_ABSENT = 524288
_INCONCLUSIVE = 1048576
# What a tube that is emptied for another use keeps.
_FOR_EVER = _REUSED | _DAMAGED | _WITNESS
_JUDGED = _PRESENT | _ABSENT | _INCONCLUSIVE | _RELEASED


class Inventory:
    """Facts derived from records in their order. check() asks, apply() takes a checked record in."""

    def __init__(self) -> None:
        self._place = array("i", [NOWHERE] * (SEATS_MAX + 1))
        self._sample = array("i", [0] * (SEATS_MAX + 1))
        self._facts = array("i", [0] * (SEATS_MAX + 1))
        self._serial = array("i", [0] * (SEATS_MAX + 1))
        self._seals = bytearray(DISPENSERS + 1)
        self.clear()

    def clear(self) -> None:
        """As before the first record. Allocates nothing."""
        self.seats = 0
        self.payload = 0
        self.bit_tube = 0
        self.bit_number = 0
        self.last_sample = 0
        self.seals_taken = 0
        self.working_tube = 0
        self._bit_seat = 0
        for tube in range(SEATS_MAX + 1):
            self._place[tube] = NOWHERE
            self._sample[tube] = 0
            self._facts[tube] = 0
            self._serial[tube] = 0
        for dispenser in range(DISPENSERS + 1):
            self._seals[dispenser] = SEALS_UNKNOWN

    # Questions

    @property
    def initialised(self) -> bool:
        """Whether the first record was taken in."""
        return self.seats > 0

    def place_of(self, tube: int) -> int:
        """Seat of `tube` (1 to seats), IN_BIT, or NOWHERE when there is no such tube on board."""
        return self._place[tube] if 1 <= tube <= self.seats else NOWHERE

    def sample_of(self, tube: int) -> int:
        """Number of the sample in `tube`; 0 when it was never used."""
        return self._sample[tube] if 1 <= tube <= self.seats else 0

    def serial_of(self, tube: int) -> int:
        """Serial number of `tube`, 0 when it was never told."""
        return self._serial[tube] if 1 <= tube <= self.seats else 0

    def is_witness(self, tube: int) -> bool:
        """Whether `tube` is a witness tube."""
        return 1 <= tube <= self.seats and bool(self._facts[tube] & _WITNESS)

    def seals_in(self, dispenser: int) -> int:
        """Seals left in `dispenser` (1 to 7); SEALS_UNKNOWN when nobody has counted them."""
        return self._seals[dispenser] if 1 <= dispenser <= DISPENSERS else 0

    def bit_seat(self) -> int:
        """The seat that the tube in the bit came from; 0 when there is none."""
        return self._bit_seat

    def tube_in(self, seat: int) -> int:
        """The tube that stands in `seat`; 0 when it is empty or there is no such seat."""
        if seat < 1:
            return 0
        for tube in range(1, self.seats + 1):
            if self._place[tube] == seat:
                return tube
        return 0

    def seat_state(self, seat: int) -> int:
        """What `seat` holds (enum SeatState). NO_TUBE also for a seat that does not exist."""
        tube = self.tube_in(seat)
        if not tube:
            return SEAT_STATE_IN_BIT if self.bit_tube and seat == self._bit_seat else SEAT_STATE_NO_TUBE
        facts = self._facts[tube]
        if facts & _SEALED:
            return SEAT_STATE_SEALED
        if facts & _STORED:
            return SEAT_STATE_UNSEALED
        return SEAT_STATE_HELD_OPEN if facts & _USED else SEAT_STATE_EMPTY_TUBE

    def usable(self, tube: int) -> bool:
        """Whether `tube` is a clean, whole sample tube in its seat, and nothing is known to be half done
        with it."""
        if not 1 <= tube <= self.seats or self._place[tube] < 1:
            return False
        return not self._facts[tube] & (_USED | _DAMAGED | _WITNESS | _TAKING)

    def is_open(self, tube: int) -> bool:
        """Whether `tube` is on board, was used, and has no activated seal."""
        if not 1 <= tube <= self.seats or self._place[tube] == NOWHERE:
            return False
        return self._facts[tube] & (_USED | _SEALED) == _USED

    def is_released(self, tube: int) -> bool:
        """Whether the ground has released the core in `tube`."""
        return 1 <= tube <= self.seats and bool(self._facts[tube] & _RELEASED)

    def is_overfull(self, tube: int) -> bool:
        """Whether the fill in `tube` is known to be too high."""
        return 1 <= tube <= self.seats and bool(self._facts[tube] & _OVERFULL)

    def debris_on_bit(self) -> bool:
        """Whether something was seen on the bit and not cleared; tube 0 stands for the bit itself."""
        return bool(self._facts[0] & _DEBRIS)

    def verdict_of(self, tube: int) -> int:
        """The last verdict on `tube` (enum Verdict)."""
        facts = self._facts[tube] if 1 <= tube <= self.seats else 0
        if facts & _PRESENT:
            return VERDICT_PRESENT
        if facts & _ABSENT:
            return VERDICT_ABSENT
        return VERDICT_INCONCLUSIVE if facts & _INCONCLUSIVE else VERDICT_NONE

    def in_hand(self) -> int:
        """The tube that something was begun with and not ended; 0 for none."""
        return self.working_tube

    def step_of(self, tube: int) -> int:
        """In the middle of what `tube` is (enum Step)."""
        if tube != self.working_tube or not 1 <= tube <= self.seats:
            return STEP_NOTHING
        facts = self._facts[tube]
        if self._place[tube] == IN_BIT:
            if facts & _DOCKING:
                return STEP_DOCKING
            if facts & _OUT:
                return STEP_CARRIED
            if facts & _BROKEN:
                return STEP_IN_HOLE
            if facts & _BREAKING:
                return STEP_BREAKING
            return STEP_CORING if facts & _CORING else STEP_HANGING
        if not facts & _USED:
            return STEP_TAKING
        if facts & _SEALED:
            return STEP_SEALED_IN_SEAT
        return STEP_SEALING if facts & _INTENT else STEP_OPEN_IN_SEAT

    def check(self, kind: int, tube: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
        """The rule that a record would break (enum CustodyRule); CUSTODY_RULE_NONE when it is possible."""
        if kind == RECORD_KIND_INITIALISED:
            if self.seats:
                return CUSTODY_RULE_ALREADY_INITIALISED
            return CUSTODY_RULE_NONE if 1 <= a <= SEATS_MAX else CUSTODY_RULE_NO_SUCH_SEAT
        if not self.seats:
            return CUSTODY_RULE_NOT_INITIALISED
        if not RECORD_KIND_INITIALISED < kind <= RECORD_KIND_BREAK_INTENT:
            return CUSTODY_RULE_UNKNOWN_KIND
        if kind == RECORD_KIND_SEALS:
            good = 1 <= tube <= DISPENSERS and 0 <= b <= SEALS_MAX
            return CUSTODY_RULE_NONE if good else CUSTODY_RULE_NO_SEALS
        if kind == RECORD_KIND_BIT:
            return CUSTODY_RULE_NONE if 1 <= tube <= BITS else CUSTODY_RULE_NO_SUCH_TUBE
        if tube == 0 and kind == RECORD_KIND_MARKED:
            on_bit = b == TUBE_MARK_DEBRIS_SEEN or b == TUBE_MARK_DEBRIS_CLEARED
            return CUSTODY_RULE_NONE if on_bit else CUSTODY_RULE_NO_SUCH_MARK
        if not 1 <= tube <= self.seats:
            return CUSTODY_RULE_NO_SUCH_TUBE
        if self._place[tube] == NOWHERE:
            return CUSTODY_RULE_TUBE_GONE
        if kind == RECORD_KIND_TAKE_INTENT or kind == RECORD_KIND_TAKEN:
            return self._check_take(tube)
        if kind == RECORD_KIND_LOADED:
            return self._check_loaded(tube, b)
        if kind == RECORD_KIND_MARKED:
            return self._check_mark(tube, b)
        if kind == RECORD_KIND_MOVED:
            return self._check_moved(tube, b)
        if kind == RECORD_KIND_DROPPED or kind == RECORD_KIND_RECOVERED:
            return CUSTODY_RULE_NONE
        if not self._facts[tube] & _USED:
            return CUSTODY_RULE_NOT_CORED
        if a != self._sample[tube]:
            return CUSTODY_RULE_RELEASE_MISMATCH
        if self._only_in_bit(kind):
            return CUSTODY_RULE_NONE if self._place[tube] == IN_BIT else CUSTODY_RULE_TUBE_NOT_IN_BIT
        if kind == RECORD_KIND_DOCKED or kind == RECORD_KIND_DOCK_INTENT:
            return self._check_dock(tube, b)
        if kind == RECORD_KIND_VERDICT:
            return self._check_open(tube, _CORED, CUSTODY_RULE_NOT_CORED)
        if kind == RECORD_KIND_RELEASED:
            return self._check_release(tube)
        if self._place[tube] == IN_BIT:  # all that is left is done in a seat
            return CUSTODY_RULE_TUBE_NOT_IN_SEAT
        if kind == RECORD_KIND_FILL:
            return self._check_open(tube, _CORED, CUSTODY_RULE_NOT_CORED)
        if kind == RECORD_KIND_SEAL_INTENT:
            return self._check_seal(tube, c)
        if kind == RECORD_KIND_SEAL_RESULT:
            return self._check_open(tube, _INTENT, CUSTODY_RULE_NO_SEAL_INTENT)
        return self._check_store(tube, b, c)

    def _only_in_bit(self, kind: int) -> bool:
        return (
            kind == RECORD_KIND_CORED
            or kind == RECORD_KIND_CORE_INTENT
            or kind == RECORD_KIND_BREAK_INTENT
            or kind == RECORD_KIND_BROKEN_OFF
            or kind == RECORD_KIND_RETRACTED
        )

    def _check_take(self, tube: int) -> int:
        if self.bit_tube:
            return CUSTODY_RULE_BIT_OCCUPIED
        if self._facts[tube] & (_DAMAGED | _WITNESS):
            return CUSTODY_RULE_DAMAGED
        return CUSTODY_RULE_TUBE_USED if self._facts[tube] & _USED else CUSTODY_RULE_NONE

    def _check_loaded(self, tube: int, serial: int) -> int:
        if self._facts[tube] & _USED:
            return CUSTODY_RULE_TUBE_USED
        if not 1 <= serial <= SERIAL_MAX:
            return CUSTODY_RULE_NO_SUCH_TUBE
        for other in range(1, self.seats + 1):
            if other != tube and self._serial[other] == serial:
                return CUSTODY_RULE_SERIAL_TWICE
        return CUSTODY_RULE_NONE

    def _check_mark(self, tube: int, mark: int) -> int:
        if not TUBE_MARK_DEBRIS_SEEN <= mark <= TUBE_MARK_TRIED_AGAIN:
            return CUSTODY_RULE_NO_SUCH_MARK
        if mark == TUBE_MARK_TRIED_AGAIN:
            return CUSTODY_RULE_NONE if self._place[tube] == IN_BIT else CUSTODY_RULE_TUBE_NOT_IN_BIT
        if mark == TUBE_MARK_REUSED:
            if self._facts[tube] & _SEALED:
                return CUSTODY_RULE_ALREADY_SEALED
            if self._place[tube] == IN_BIT:
                return CUSTODY_RULE_TUBE_NOT_IN_SEAT
        return CUSTODY_RULE_NONE

    def _check_moved(self, tube: int, seat: int) -> int:
        if seat == IN_BIT:
            free = not self.bit_tube or self.bit_tube == tube
            return CUSTODY_RULE_NONE if free else CUSTODY_RULE_BIT_OCCUPIED
        if not 1 <= seat <= self.seats:
            return CUSTODY_RULE_NO_SUCH_SEAT
        there = self.tube_in(seat)
        return CUSTODY_RULE_SEAT_OCCUPIED if there and there != tube else CUSTODY_RULE_NONE

    def _check_dock(self, tube: int, seat: int) -> int:
        if self._place[tube] != IN_BIT:
            return CUSTODY_RULE_TUBE_NOT_IN_BIT
        if not 1 <= seat <= self.seats:
            return CUSTODY_RULE_NO_SUCH_SEAT
        return CUSTODY_RULE_SEAT_OCCUPIED if self.tube_in(seat) else CUSTODY_RULE_NONE

    def _check_open(self, tube: int, needed: int, rule: int) -> int:
        """Neither sealed nor stored, and the fact `needed` is there, else `rule`."""
        facts = self._facts[tube]
        if facts & _SEALED:
            return CUSTODY_RULE_ALREADY_SEALED
        if facts & _STORED:
            return CUSTODY_RULE_ALREADY_STORED
        return CUSTODY_RULE_NONE if facts & needed else rule

    def _check_release(self, tube: int) -> int:
        rule = self._check_open(tube, _PRESENT, CUSTODY_RULE_NOT_PRESENT)
        if rule == CUSTODY_RULE_NONE and (self._facts[tube] | self._facts[0]) & _DEBRIS:
            return CUSTODY_RULE_DEBRIS
        return rule

    def _check_seal(self, tube: int, again: int) -> int:
        rule = self._check_open(tube, _PRESENT, CUSTODY_RULE_NOT_PRESENT)
        if rule != CUSTODY_RULE_NONE:
            return rule
        facts = self._facts[tube]
        if not facts & _RELEASED:
            return CUSTODY_RULE_NOT_RELEASED
        if not facts & _FILLED:
            return CUSTODY_RULE_NO_FILL
        if facts & _OVERFULL:
            return CUSTODY_RULE_OVERFULL
        return CUSTODY_RULE_NONE if again or self._seals[1] else CUSTODY_RULE_NO_SEALS

    def _check_store(self, tube: int, seat: int, seal: int) -> int:
        facts = self._facts[tube]
        if facts & _STORED:
            return CUSTODY_RULE_ALREADY_STORED
        if self._place[tube] != seat:
            return CUSTODY_RULE_TUBE_NOT_IN_SEAT
        if bool(facts & _SEALED) != (seal == SEAL_ACTIVATED):
            return CUSTODY_RULE_SEAL_DISAGREES
        return CUSTODY_RULE_NONE

    # Records

    def apply(self, kind: int, tube: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> None:
        """Take a record in that check() found possible. Allocates nothing."""
        if kind == RECORD_KIND_INITIALISED:
            self.seats = a
            self.payload = b
            for seat in range(1, a + 1):
                self._place[seat] = seat
            return
        if kind == RECORD_KIND_SEALS:
            self._seals[tube] = b
            return
        if kind == RECORD_KIND_BIT:
            self.bit_number = tube
            return
        if kind == RECORD_KIND_LOADED:
            self._serial[tube] = b
            self._set(tube, _WITNESS if c else 0, _WITNESS)
            return
        if kind == RECORD_KIND_MARKED:
            self._mark(tube, b)
            return
        if a > self.last_sample:
            self.last_sample = a
        if kind == RECORD_KIND_MOVED:
            self._move(tube, a, b)
        elif kind == RECORD_KIND_DROPPED:
            self._leave_bit(tube)
            self._place[tube] = NOWHERE
            self._done_with(tube)
        elif kind <= RECORD_KIND_STORED:
            self._apply_step(kind, tube, a, b, c)
        elif kind == RECORD_KIND_CORE_INTENT:
            self._set(tube, _CORING, _BREAKING | _BROKEN | _OUT | _DOCKING)
        elif kind == RECORD_KIND_BREAK_INTENT:
            self._set(tube, _BREAKING, 0)
        elif kind == RECORD_KIND_BROKEN_OFF:
            self._set(tube, _BROKEN, 0)
        elif kind == RECORD_KIND_RETRACTED:
            self._set(tube, _OUT, 0)
        elif kind == RECORD_KIND_DOCK_INTENT:
            self._set(tube, _DOCKING, 0)

    def _apply_step(self, kind: int, tube: int, a: int, b: int, c: int) -> None:
        if kind == RECORD_KIND_TAKE_INTENT:
            self._set(tube, _TAKING, 0)
            self._sample[tube] = a
            self.working_tube = tube
        elif kind == RECORD_KIND_TAKEN:
            self._move(tube, a, IN_BIT)
        elif kind == RECORD_KIND_CORED:
            # A second hole with the same tube: what was known of the first core is no longer true.
            self._set(tube, _CORED, _JUDGED | _FILLED | _OVERFULL)
        elif kind == RECORD_KIND_VERDICT:
            if b == VERDICT_PRESENT:
                self._set(tube, _PRESENT, _ABSENT | _INCONCLUSIVE)
            else:
                self._set(tube, _ABSENT if b == VERDICT_ABSENT else _INCONCLUSIVE, _JUDGED)
        elif kind == RECORD_KIND_RELEASED:
            self._set(tube, _RELEASED, 0)
        elif kind == RECORD_KIND_DOCKED:
            self._move(tube, a, b)
        elif kind == RECORD_KIND_FILL:
            self._set(tube, _FILLED, _OVERFULL)
            if b == FILL_STATE_OVERFILL:
                self._set(tube, _OVERFULL, 0)
        elif kind == RECORD_KIND_SEAL_INTENT:
            self._set(tube, _INTENT, 0)
            if not c:  # else the seal that hangs on the rod already is pressed again
                self.seals_taken += 1
                if self._seals[1] != SEALS_UNKNOWN:
                    self._seals[1] -= 1
        elif kind == RECORD_KIND_SEAL_RESULT:
            self._set(tube, _SEALED if b else 0, _INTENT)
        else:
            self._set(tube, _STORED, _INTENT)
            self._done_with(tube)

    def _mark(self, tube: int, mark: int) -> None:
        if mark == TUBE_MARK_DEBRIS_SEEN:
            self._set(tube, _DEBRIS, 0)
        elif mark == TUBE_MARK_DEBRIS_CLEARED:
            self._set(tube, 0, _DEBRIS)
        elif mark == TUBE_MARK_DAMAGED:
            self._set(tube, _DAMAGED, 0)
        elif mark == TUBE_MARK_TRIED_AGAIN:
            self._set(tube, _REUSED, 0)
        elif mark == TUBE_MARK_REUSED:
            self._facts[tube] = (self._facts[tube] & _FOR_EVER) | _REUSED
            self._sample[tube] = 0
            self._done_with(tube)

    def _move(self, tube: int, sample: int, place: int) -> None:
        if place == IN_BIT:
            if self._place[tube] != IN_BIT:
                self._bit_seat = self._place[tube]
            self._place[tube] = IN_BIT
            self._sample[tube] = sample
            self._set(tube, _USED, _TAKING | _DOCKING)
            self.bit_tube = tube
            self.working_tube = tube
            return
        self._leave_bit(tube)
        self._place[tube] = place
        self._set(tube, 0, _TAKING | _DOCKING)
        if not self._facts[tube] & _USED:
            self._done_with(tube)

    def _leave_bit(self, tube: int) -> None:
        if self.bit_tube == tube:
            self.bit_tube = 0
            self._bit_seat = 0

    def _done_with(self, tube: int) -> None:
        if self.working_tube == tube:
            self.working_tube = 0

    def _set(self, tube: int, facts: int, gone: int) -> None:
        self._facts[tube] = (self._facts[tube] & ~gone) | facts

    # Checkpoints

    def put_head(self, raw: "Any", at: int) -> None:
        """Write all but the tubes into HEAD_BYTES of `raw`. Allocates nothing."""
        pack_into(
            "<BBBBiiiii",
            raw,
            at,
            self.seats,
            self.bit_tube,
            self._bit_seat,
            self.working_tube,
            self.payload,
            self.bit_number,
            self.last_sample,
            self.seals_taken,
            0,
        )
        for dispenser in range(DISPENSERS + 1):
            raw[at + 24 + dispenser] = self._seals[dispenser]
        for n in range(32, HEAD_BYTES):
            raw[at + n] = 0

    def take_head(self, raw: "Any", at: int) -> None:
        """Take in what put_head() wrote."""
        head = unpack_from("<BBBBiiii", raw, at)
        self.seats = min(head[0], SEATS_MAX)
        self.bit_tube = head[1]
        self._bit_seat = head[2]
        self.working_tube = head[3]
        self.payload = head[4]
        self.bit_number = head[5]
        self.last_sample = head[6]
        self.seals_taken = head[7]
        for dispenser in range(DISPENSERS + 1):
            self._seals[dispenser] = raw[at + 24 + dispenser]

    def put_tube(self, tube: int, raw: "Any", at: int) -> None:
        """Write what is known of `tube` (0 to SEATS_MAX) into TUBE_BYTES of `raw`. Allocates nothing."""
        pack_into(
            "<iiii", raw, at, self._place[tube], self._facts[tube], self._sample[tube], self._serial[tube]
        )

    def take_tube(self, tube: int, raw: "Any", at: int) -> None:
        """Take in what put_tube() wrote."""
        row = unpack_from("<iiii", raw, at)
        self._place[tube] = row[0]
        self._facts[tube] = row[1]
        self._sample[tube] = row[2]
        self._serial[tube] = row[3]
