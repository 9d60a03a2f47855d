"""Inventory: where each tube is and what it is, derived from the custody records and from nothing else.

One tube, one place, always: a record that would put a tube in two places, two tubes in one place, or pass a
tube on that was not verified and released, is refused before it is written. The rules are here; what the
numbers of a record mean stands in `firmware/dictionary/ledger.py`.
"""

from rochette.tables import (
    CUSTODY_RULE_ALREADY_INITIALISED,
    CUSTODY_RULE_ALREADY_SEALED,
    CUSTODY_RULE_ALREADY_STORED,
    CUSTODY_RULE_BIT_OCCUPIED,
    CUSTODY_RULE_DEBRIS,
    CUSTODY_RULE_NO_FILL,
    CUSTODY_RULE_NO_SEAL_INTENT,
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
    CUSTODY_RULE_TUBE_NOT_IN_BIT,
    CUSTODY_RULE_TUBE_NOT_IN_SEAT,
    CUSTODY_RULE_TUBE_USED,
    CUSTODY_RULE_UNKNOWN_KIND,
    FILL_STATE_OVERFILL,
    RECORD_KIND_CORED,
    RECORD_KIND_DOCKED,
    RECORD_KIND_FILL,
    RECORD_KIND_INITIALISED,
    RECORD_KIND_MARKED,
    RECORD_KIND_RELEASED,
    RECORD_KIND_SEAL_INTENT,
    RECORD_KIND_SEAL_RESULT,
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
    TUBE_MARK_DEBRIS_CLEARED,
    TUBE_MARK_DEBRIS_SEEN,
    VERDICT_PRESENT,
)

SEATS_MAX = 64
"""The carousel with most seats that the ledger can keep."""
IN_BIT = 0
"""place_of() of a tube that is in the bit; seats count from 1."""
NOWHERE = -1
"""place_of() of a tube that does not exist."""

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


class Inventory:
    """Facts derived from records in their order. check() asks, apply() takes a checked record in."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """As before the first record."""
        self.seats = 0
        self.bit_tube = 0
        self.last_sample = 0
        self.seals_taken = 0
        self._bit_seat = 0
        self._place: "list[int]" = []
        self._sample: "list[int]" = []
        self._facts: "list[int]" = []

    # Questions

    @property
    def initialised(self) -> bool:
        """Whether the first record was taken in."""
        return self.seats > 0

    def place_of(self, tube: int) -> int:
        """Seat of `tube` (1 to seats), IN_BIT, or NOWHERE when there is no such tube."""
        return self._place[tube] if 1 <= tube <= self.seats else NOWHERE

    def sample_of(self, tube: int) -> int:
        """Number of the sample in `tube`; 0 when it was never used."""
        return self._sample[tube] if 1 <= tube <= self.seats else 0

    def tube_in(self, seat: int) -> int:
        """The tube that stands in `seat`; 0 when it is empty or there is no such seat."""
        for tube in range(1, self.seats + 1):
            if self._place[tube] == seat:
                return tube if seat else 0
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

    def check(self, kind: int, tube: int, a: int = 0, b: int = 0, c: int = 0, d: int = 0) -> int:
        """The rule that a record would break (enum CustodyRule); CUSTODY_RULE_NONE when it is possible."""
        if kind == RECORD_KIND_INITIALISED:
            if self.seats:
                return CUSTODY_RULE_ALREADY_INITIALISED
            return CUSTODY_RULE_NONE if 1 <= a <= SEATS_MAX else CUSTODY_RULE_NO_SUCH_SEAT
        if not self.seats:
            return CUSTODY_RULE_NOT_INITIALISED
        if not RECORD_KIND_INITIALISED < kind <= RECORD_KIND_MARKED:
            return CUSTODY_RULE_UNKNOWN_KIND
        if not 1 <= tube <= self.seats:
            return CUSTODY_RULE_NO_SUCH_TUBE
        if kind == RECORD_KIND_TAKE_INTENT or kind == RECORD_KIND_TAKEN:
            return self._check_take(tube)
        if kind == RECORD_KIND_MARKED:
            return CUSTODY_RULE_NONE
        if not self._facts[tube] & _USED:
            return CUSTODY_RULE_NOT_CORED
        if a != self._sample[tube]:
            return CUSTODY_RULE_RELEASE_MISMATCH
        if kind == RECORD_KIND_CORED:
            return CUSTODY_RULE_NONE if self._place[tube] == IN_BIT else CUSTODY_RULE_TUBE_NOT_IN_BIT
        if kind == RECORD_KIND_DOCKED:
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
            return self._check_seal(tube)
        if kind == RECORD_KIND_SEAL_RESULT:
            return self._check_open(tube, _INTENT, CUSTODY_RULE_NO_SEAL_INTENT)
        return self._check_store(tube, b, c)

    def _check_take(self, tube: int) -> int:
        if self.bit_tube:
            return CUSTODY_RULE_BIT_OCCUPIED
        return CUSTODY_RULE_TUBE_USED if self._facts[tube] & _USED else CUSTODY_RULE_NONE

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
        if rule == CUSTODY_RULE_NONE and self._facts[tube] & _DEBRIS:
            return CUSTODY_RULE_DEBRIS
        return rule

    def _check_seal(self, tube: int) -> int:
        rule = self._check_open(tube, _PRESENT, CUSTODY_RULE_NOT_PRESENT)
        if rule != CUSTODY_RULE_NONE:
            return rule
        facts = self._facts[tube]
        if not facts & _RELEASED:
            return CUSTODY_RULE_NOT_RELEASED
        if not facts & _FILLED:
            return CUSTODY_RULE_NO_FILL
        return CUSTODY_RULE_OVERFULL if facts & _OVERFULL else CUSTODY_RULE_NONE

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
        """Take a record in that check() found possible."""
        if kind == RECORD_KIND_INITIALISED:
            self.seats = a
            self._place = [seat for seat in range(a + 1)]
            self._sample = [0] * (a + 1)
            self._facts = [0] * (a + 1)
            self._place[0] = NOWHERE
            return
        if a > self.last_sample and kind != RECORD_KIND_MARKED:
            self.last_sample = a
        if kind == RECORD_KIND_TAKEN:
            self._bit_seat = self._place[tube]
            self._place[tube] = IN_BIT
            self._sample[tube] = a
            self._facts[tube] |= _USED
            self.bit_tube = tube
        elif kind == RECORD_KIND_CORED:
            # A second hole with the same tube: what was known of the first core is no longer true.
            self._set(tube, _CORED, _PRESENT | _RELEASED | _FILLED | _OVERFULL)
        elif kind == RECORD_KIND_VERDICT:
            if b == VERDICT_PRESENT:
                self._set(tube, _PRESENT, 0)
            else:
                self._set(tube, 0, _PRESENT | _RELEASED)
        elif kind == RECORD_KIND_RELEASED:
            self._set(tube, _RELEASED, 0)
        elif kind == RECORD_KIND_DOCKED:
            self._place[tube] = b
            self.bit_tube = 0
            self._bit_seat = 0
        elif kind == RECORD_KIND_FILL:
            self._set(tube, _FILLED, _OVERFULL)
            if b == FILL_STATE_OVERFILL:
                self._set(tube, _OVERFULL, 0)
        elif kind == RECORD_KIND_SEAL_INTENT:
            self._set(tube, _INTENT, 0)
            self.seals_taken += 1
        elif kind == RECORD_KIND_SEAL_RESULT:
            self._set(tube, _SEALED if b else 0, _INTENT)
        elif kind == RECORD_KIND_STORED:
            self._set(tube, _STORED, 0)
        elif kind == RECORD_KIND_MARKED:
            if b == TUBE_MARK_DEBRIS_SEEN:
                self._set(tube, _DEBRIS, 0)
            elif b == TUBE_MARK_DEBRIS_CLEARED:
                self._set(tube, 0, _DEBRIS)

    def _set(self, tube: int, facts: int, gone: int) -> None:
        self._facts[tube] = (self._facts[tube] & ~gone) | facts
