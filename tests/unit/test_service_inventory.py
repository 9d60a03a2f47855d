"""Every rule of custody and every answer of the inventory, one by one."""

from __future__ import annotations

import pytest

from rochette import tables as t
from rochette.services.inventory import (
    BITS,
    DISPENSERS,
    HEAD_BYTES,
    IN_BIT,
    NOWHERE,
    SEALS_MAX,
    SEALS_UNKNOWN,
    SEATS_MAX,
    SERIAL_MAX,
    TUBE_BYTES,
    Inventory,
)

SEATS = 5
Step = tuple[int, ...]

TAKE_INTENT = (t.RECORD_KIND_TAKE_INTENT, 2, 7)
TAKEN = (t.RECORD_KIND_TAKEN, 2, 7, 392)
CORE_INTENT = (t.RECORD_KIND_CORE_INTENT, 2, 7, 66_000)
CORED = (t.RECORD_KIND_CORED, 2, 7, 66_000, 9)
BREAK_INTENT = (t.RECORD_KIND_BREAK_INTENT, 2, 7)
BROKEN_OFF = (t.RECORD_KIND_BROKEN_OFF, 2, 7, 1, 350)
RETRACTED = (t.RECORD_KIND_RETRACTED, 2, 7, 500)
PRESENT = (t.RECORD_KIND_VERDICT, 2, 7, t.VERDICT_PRESENT)
ABSENT = (t.RECORD_KIND_VERDICT, 2, 7, t.VERDICT_ABSENT)
UNCLEAR = (t.RECORD_KIND_VERDICT, 2, 7, t.VERDICT_INCONCLUSIVE)
RELEASED = (t.RECORD_KIND_RELEASED, 2, 7, t.VERDICT_PRESENT)
DOCK_INTENT = (t.RECORD_KIND_DOCK_INTENT, 2, 7, 2)
DOCKED = (t.RECORD_KIND_DOCKED, 2, 7, 2)
FILL = (t.RECORD_KIND_FILL, 2, 7, t.FILL_STATE_NOMINAL)
OVERFILL = (t.RECORD_KIND_FILL, 2, 7, t.FILL_STATE_OVERFILL)
SEAL_INTENT = (t.RECORD_KIND_SEAL_INTENT, 2, 7, 1)
ACTIVATED = (t.RECORD_KIND_SEAL_RESULT, 2, 7, 1)
NOT_ACTIVATED = (t.RECORD_KIND_SEAL_RESULT, 2, 7, 0)
STORED = (t.RECORD_KIND_STORED, 2, 7, 2, t.SEAL_ACTIVATED)
STORED_OPEN = (t.RECORD_KIND_STORED, 2, 7, 2, t.SEAL_FAILED)
DROPPED = (t.RECORD_KIND_DROPPED, 2, 7, 1)

TO_THE_BIT = (TAKE_INTENT, TAKEN)
TO_THE_HOLE = (*TO_THE_BIT, CORE_INTENT, CORED, BREAK_INTENT, BROKEN_OFF)
CARRIED = (*TO_THE_HOLE, RETRACTED, PRESENT, RELEASED)
IN_SEAT = (*CARRIED, DOCK_INTENT, DOCKED, FILL)
PRESSED_AGAIN = (t.RECORD_KIND_SEAL_INTENT, 2, 7, 2, 1)
SEALED = (*IN_SEAT, SEAL_INTENT, ACTIVATED)


def mark(tube: int, what: int) -> Step:
    return (t.RECORD_KIND_MARKED, tube, 0, what)


def after(*steps: Step, seats: int = SEATS) -> Inventory:
    """The inventory after steps that are all possible."""
    inventory = Inventory()
    for step in ((t.RECORD_KIND_INITIALISED, 0, seats, 99), *steps):
        assert inventory.check(*step) == t.CUSTODY_RULE_NONE, step
        inventory.apply(*step)
    return inventory


def test_before_the_first_record_there_is_nothing() -> None:
    inventory = Inventory()
    assert not inventory.initialised and inventory.place_of(1) == NOWHERE
    assert inventory.check(*TAKEN) == t.CUSTODY_RULE_NOT_INITIALISED
    for seats, rule in (
        (0, t.CUSTODY_RULE_NO_SUCH_SEAT),
        (1, t.CUSTODY_RULE_NONE),
        (SEATS_MAX, t.CUSTODY_RULE_NONE),
        (SEATS_MAX + 1, t.CUSTODY_RULE_NO_SUCH_SEAT),
    ):
        assert inventory.check(t.RECORD_KIND_INITIALISED, 0, seats) == rule
    begun = after()
    assert (begun.seats, begun.payload, begun.initialised) == (SEATS, 99, True)
    assert begun.check(t.RECORD_KIND_INITIALISED, 0, SEATS) == t.CUSTODY_RULE_ALREADY_INITIALISED


@pytest.mark.parametrize(
    ("before", "step", "rule"),
    [
        # kinds and tubes that there are none of
        ((), (t.RECORD_KIND_INITIALISED - 1, 1), t.CUSTODY_RULE_UNKNOWN_KIND),
        ((), (t.RECORD_KIND_BREAK_INTENT + 1, 1), t.CUSTODY_RULE_UNKNOWN_KIND),
        ((), (t.RECORD_KIND_TAKEN, 0, 7), t.CUSTODY_RULE_NO_SUCH_TUBE),
        ((), (t.RECORD_KIND_TAKEN, SEATS + 1, 7), t.CUSTODY_RULE_NO_SUCH_TUBE),
        ((), (t.RECORD_KIND_TAKEN, SEATS, 7), t.CUSTODY_RULE_NONE),
        ((DROPPED,), TAKEN, t.CUSTODY_RULE_TUBE_GONE),
        # seals and bits
        ((), (t.RECORD_KIND_SEALS, 0, 0, 5), t.CUSTODY_RULE_NO_SEALS),
        ((), (t.RECORD_KIND_SEALS, 1, 0, 0), t.CUSTODY_RULE_NONE),
        ((), (t.RECORD_KIND_SEALS, 1, 0, -1), t.CUSTODY_RULE_NO_SEALS),
        ((), (t.RECORD_KIND_SEALS, DISPENSERS, 0, SEALS_MAX), t.CUSTODY_RULE_NONE),
        ((), (t.RECORD_KIND_SEALS, 1, 0, SEALS_MAX + 1), t.CUSTODY_RULE_NO_SEALS),
        ((), (t.RECORD_KIND_SEALS, 1, 0, 255), t.CUSTODY_RULE_NO_SEALS),  # the number that says "unknown"
        ((), (t.RECORD_KIND_SEALS, DISPENSERS + 1, 0, 5), t.CUSTODY_RULE_NO_SEALS),
        ((), (t.RECORD_KIND_BIT, 0), t.CUSTODY_RULE_NO_SUCH_TUBE),
        ((), (t.RECORD_KIND_BIT, 1), t.CUSTODY_RULE_NONE),
        ((), (t.RECORD_KIND_BIT, BITS), t.CUSTODY_RULE_NONE),
        ((), (t.RECORD_KIND_BIT, BITS + 1), t.CUSTODY_RULE_NO_SUCH_TUBE),
        # taking
        (TO_THE_BIT, (t.RECORD_KIND_TAKEN, 3, 8), t.CUSTODY_RULE_BIT_OCCUPIED),
        (TO_THE_BIT, (t.RECORD_KIND_TAKE_INTENT, 3, 8), t.CUSTODY_RULE_BIT_OCCUPIED),
        ((mark(2, t.TUBE_MARK_DAMAGED),), TAKEN, t.CUSTODY_RULE_DAMAGED),
        (((t.RECORD_KIND_LOADED, 2, 0, 9, 1),), TAKEN, t.CUSTODY_RULE_DAMAGED),
        (IN_SEAT, (t.RECORD_KIND_TAKE_INTENT, 2, 8), t.CUSTODY_RULE_TUBE_USED),
        # loading
        (IN_SEAT, (t.RECORD_KIND_LOADED, 2, 0, 9, 0), t.CUSTODY_RULE_TUBE_USED),
        ((), (t.RECORD_KIND_LOADED, 2, 0, 0, 0), t.CUSTODY_RULE_NO_SUCH_TUBE),
        ((), (t.RECORD_KIND_LOADED, 2, 0, 1, 0), t.CUSTODY_RULE_NONE),
        ((), (t.RECORD_KIND_LOADED, 2, 0, SERIAL_MAX, 0), t.CUSTODY_RULE_NONE),
        ((), (t.RECORD_KIND_LOADED, 2, 0, SERIAL_MAX + 1, 0), t.CUSTODY_RULE_NO_SUCH_TUBE),
        (
            ((t.RECORD_KIND_LOADED, 1, 0, 9, 0),),
            (t.RECORD_KIND_LOADED, 2, 0, 9, 0),
            t.CUSTODY_RULE_SERIAL_TWICE,
        ),
        (
            ((t.RECORD_KIND_LOADED, 5, 0, 9, 0),),
            (t.RECORD_KIND_LOADED, 2, 0, 9, 0),
            t.CUSTODY_RULE_SERIAL_TWICE,
        ),
        (((t.RECORD_KIND_LOADED, 2, 0, 9, 0),), (t.RECORD_KIND_LOADED, 2, 0, 9, 1), t.CUSTODY_RULE_NONE),
        # marks
        ((), mark(2, t.TUBE_MARK_DEBRIS_SEEN - 1), t.CUSTODY_RULE_NO_SUCH_MARK),
        ((), mark(2, t.TUBE_MARK_DEBRIS_SEEN), t.CUSTODY_RULE_NONE),
        ((), mark(2, t.TUBE_MARK_DAMAGED), t.CUSTODY_RULE_NONE),
        ((), mark(2, t.TUBE_MARK_TRIED_AGAIN), t.CUSTODY_RULE_TUBE_NOT_IN_BIT),
        (TO_THE_BIT, mark(2, t.TUBE_MARK_TRIED_AGAIN), t.CUSTODY_RULE_NONE),
        (TO_THE_BIT, mark(3, t.TUBE_MARK_TRIED_AGAIN), t.CUSTODY_RULE_TUBE_NOT_IN_BIT),
        ((), mark(2, t.TUBE_MARK_TRIED_AGAIN + 1), t.CUSTODY_RULE_NO_SUCH_MARK),
        # marks on the bit itself
        ((), mark(0, t.TUBE_MARK_DEBRIS_SEEN), t.CUSTODY_RULE_NONE),
        ((), mark(0, t.TUBE_MARK_DEBRIS_CLEARED), t.CUSTODY_RULE_NONE),
        ((), mark(0, t.TUBE_MARK_DAMAGED), t.CUSTODY_RULE_NO_SUCH_MARK),
        ((), mark(0, t.TUBE_MARK_REUSED), t.CUSTODY_RULE_NO_SUCH_MARK),
        ((), mark(0, t.TUBE_MARK_TRIED_AGAIN), t.CUSTODY_RULE_NO_SUCH_MARK),
        ((), mark(0, 0), t.CUSTODY_RULE_NO_SUCH_MARK),
        ((), (t.RECORD_KIND_DROPPED, 0, 0, 0), t.CUSTODY_RULE_NO_SUCH_TUBE),
        (SEALED, mark(2, t.TUBE_MARK_REUSED), t.CUSTODY_RULE_ALREADY_SEALED),
        (SEALED, mark(2, t.TUBE_MARK_DAMAGED), t.CUSTODY_RULE_NONE),
        (TO_THE_BIT, mark(2, t.TUBE_MARK_REUSED), t.CUSTODY_RULE_TUBE_NOT_IN_SEAT),
        (TO_THE_BIT, mark(2, t.TUBE_MARK_DEBRIS_SEEN), t.CUSTODY_RULE_NONE),
        (IN_SEAT, mark(2, t.TUBE_MARK_REUSED), t.CUSTODY_RULE_NONE),
        # hands
        ((), (t.RECORD_KIND_MOVED, 2, 0, IN_BIT), t.CUSTODY_RULE_NONE),
        (TO_THE_BIT, (t.RECORD_KIND_MOVED, 2, 7, IN_BIT), t.CUSTODY_RULE_NONE),
        (TO_THE_BIT, (t.RECORD_KIND_MOVED, 3, 0, IN_BIT), t.CUSTODY_RULE_BIT_OCCUPIED),
        ((), (t.RECORD_KIND_MOVED, 2, 0, -1), t.CUSTODY_RULE_NO_SUCH_SEAT),
        ((), (t.RECORD_KIND_MOVED, 2, 0, SEATS + 1), t.CUSTODY_RULE_NO_SUCH_SEAT),
        ((), (t.RECORD_KIND_MOVED, 2, 0, 2), t.CUSTODY_RULE_NONE),
        ((), (t.RECORD_KIND_MOVED, 2, 0, 3), t.CUSTODY_RULE_SEAT_OCCUPIED),
        (((t.RECORD_KIND_DROPPED, 1, 0, 0),), (t.RECORD_KIND_MOVED, 2, 0, 1), t.CUSTODY_RULE_NONE),
        (((t.RECORD_KIND_DROPPED, 5, 0, 0),), (t.RECORD_KIND_MOVED, 2, 0, 5), t.CUSTODY_RULE_NONE),
        ((), DROPPED, t.CUSTODY_RULE_NONE),
        ((), (t.RECORD_KIND_RECOVERED, 2, 7, 1, 1), t.CUSTODY_RULE_NONE),
        # what needs a sample, and this one
        ((TAKE_INTENT,), CORED, t.CUSTODY_RULE_NOT_CORED),
        (TO_THE_BIT, (t.RECORD_KIND_CORED, 2, 8), t.CUSTODY_RULE_RELEASE_MISMATCH),
        (TO_THE_BIT, (t.RECORD_KIND_CORED, 2, 6), t.CUSTODY_RULE_RELEASE_MISMATCH),
        # what is done in the bit only
        *[(IN_SEAT, step, t.CUSTODY_RULE_TUBE_NOT_IN_BIT) for step in (CORE_INTENT, CORED, BREAK_INTENT)],
        *[(IN_SEAT, step, t.CUSTODY_RULE_TUBE_NOT_IN_BIT) for step in (BROKEN_OFF, RETRACTED)],
        *[(IN_SEAT, step, t.CUSTODY_RULE_TUBE_NOT_IN_BIT) for step in (DOCK_INTENT, DOCKED)],
        (CARRIED, (t.RECORD_KIND_DOCKED, 2, 7, 0), t.CUSTODY_RULE_NO_SUCH_SEAT),
        (CARRIED, (t.RECORD_KIND_DOCKED, 2, 7, SEATS + 1), t.CUSTODY_RULE_NO_SUCH_SEAT),
        (CARRIED, (t.RECORD_KIND_DOCKED, 2, 7, 3), t.CUSTODY_RULE_SEAT_OCCUPIED),
        (CARRIED, (t.RECORD_KIND_DOCK_INTENT, 2, 7, 1), t.CUSTODY_RULE_SEAT_OCCUPIED),
        # verdict and release
        (TO_THE_BIT, PRESENT, t.CUSTODY_RULE_NOT_CORED),
        (SEALED, PRESENT, t.CUSTODY_RULE_ALREADY_SEALED),
        ((*IN_SEAT, STORED_OPEN), PRESENT, t.CUSTODY_RULE_ALREADY_STORED),
        ((*TO_THE_HOLE, ABSENT), RELEASED, t.CUSTODY_RULE_NOT_PRESENT),
        ((*TO_THE_HOLE, PRESENT, UNCLEAR), RELEASED, t.CUSTODY_RULE_NOT_PRESENT),
        ((*TO_THE_HOLE, PRESENT, mark(2, t.TUBE_MARK_DEBRIS_SEEN)), RELEASED, t.CUSTODY_RULE_DEBRIS),
        ((*TO_THE_HOLE, ABSENT, mark(2, t.TUBE_MARK_DEBRIS_SEEN)), RELEASED, t.CUSTODY_RULE_NOT_PRESENT),
        ((*TO_THE_HOLE, PRESENT, mark(0, t.TUBE_MARK_DEBRIS_SEEN)), RELEASED, t.CUSTODY_RULE_DEBRIS),
        ((mark(0, t.TUBE_MARK_DEBRIS_SEEN), *TO_THE_HOLE, PRESENT), RELEASED, t.CUSTODY_RULE_DEBRIS),
        (
            (*TO_THE_HOLE, PRESENT, mark(0, t.TUBE_MARK_DEBRIS_SEEN), mark(0, t.TUBE_MARK_DEBRIS_CLEARED)),
            RELEASED,
            t.CUSTODY_RULE_NONE,
        ),
        ((*TO_THE_HOLE, PRESENT, mark(3, t.TUBE_MARK_DEBRIS_SEEN)), RELEASED, t.CUSTODY_RULE_NONE),
        # what is done in a seat only
        *[
            (CARRIED, step, t.CUSTODY_RULE_TUBE_NOT_IN_SEAT)
            for step in (FILL, SEAL_INTENT, ACTIVATED, STORED)
        ],
        ((*TO_THE_BIT, DOCKED), FILL, t.CUSTODY_RULE_NOT_CORED),
        ((*TO_THE_HOLE, DOCKED, FILL), SEAL_INTENT, t.CUSTODY_RULE_NOT_PRESENT),
        ((*TO_THE_HOLE, PRESENT, DOCKED, FILL), SEAL_INTENT, t.CUSTODY_RULE_NOT_RELEASED),
        ((*CARRIED, DOCKED), SEAL_INTENT, t.CUSTODY_RULE_NO_FILL),
        ((*CARRIED, DOCKED, OVERFILL), SEAL_INTENT, t.CUSTODY_RULE_OVERFULL),
        ((*CARRIED, DOCKED, OVERFILL, FILL), SEAL_INTENT, t.CUSTODY_RULE_NONE),
        (((t.RECORD_KIND_SEALS, 1, 0, 0), *IN_SEAT), SEAL_INTENT, t.CUSTODY_RULE_NO_SEALS),
        (((t.RECORD_KIND_SEALS, 1, 0, 1), *IN_SEAT), SEAL_INTENT, t.CUSTODY_RULE_NONE),
        (((t.RECORD_KIND_SEALS, 1, 0, 1), *IN_SEAT, SEAL_INTENT), SEAL_INTENT, t.CUSTODY_RULE_NO_SEALS),
        (((t.RECORD_KIND_SEALS, 2, 0, 0), *IN_SEAT), SEAL_INTENT, t.CUSTODY_RULE_NONE),
        (IN_SEAT, ACTIVATED, t.CUSTODY_RULE_NO_SEAL_INTENT),
        (
            ((t.RECORD_KIND_SEALS, 1, 0, 1), *IN_SEAT, SEAL_INTENT, NOT_ACTIVATED),
            PRESSED_AGAIN,
            t.CUSTODY_RULE_NONE,
        ),
        (
            ((t.RECORD_KIND_SEALS, 1, 0, 1), *IN_SEAT, SEAL_INTENT, NOT_ACTIVATED),
            SEAL_INTENT,
            t.CUSTODY_RULE_NO_SEALS,
        ),
        ((*IN_SEAT, SEAL_INTENT, NOT_ACTIVATED), ACTIVATED, t.CUSTODY_RULE_NO_SEAL_INTENT),
        (SEALED, SEAL_INTENT, t.CUSTODY_RULE_ALREADY_SEALED),
        # storing
        ((*SEALED, STORED), STORED, t.CUSTODY_RULE_ALREADY_STORED),
        (SEALED, (t.RECORD_KIND_STORED, 2, 7, 3, t.SEAL_ACTIVATED), t.CUSTODY_RULE_TUBE_NOT_IN_SEAT),
        (SEALED, STORED_OPEN, t.CUSTODY_RULE_SEAL_DISAGREES),
        (IN_SEAT, STORED, t.CUSTODY_RULE_SEAL_DISAGREES),
        (IN_SEAT, (t.RECORD_KIND_STORED, 2, 7, 2, t.SEAL_NONE), t.CUSTODY_RULE_NONE),
    ],
)
def test_a_step_is_allowed_or_refused_by_this_rule(before: tuple[Step, ...], step: Step, rule: int) -> None:
    assert after(*before).check(*step) == rule


@pytest.mark.parametrize(
    ("before", "step"),
    [
        ((), t.STEP_NOTHING),
        ((TAKE_INTENT,), t.STEP_TAKING),
        (TO_THE_BIT, t.STEP_HANGING),
        ((*TO_THE_BIT, CORE_INTENT), t.STEP_CORING),
        (TO_THE_HOLE[:4], t.STEP_CORING),
        (TO_THE_HOLE[:5], t.STEP_BREAKING),
        (TO_THE_HOLE, t.STEP_IN_HOLE),
        ((*TO_THE_HOLE, RETRACTED), t.STEP_CARRIED),
        ((*CARRIED, DOCK_INTENT), t.STEP_DOCKING),
        ((*CARRIED, DOCK_INTENT, DOCKED), t.STEP_OPEN_IN_SEAT),
        ((*IN_SEAT, SEAL_INTENT), t.STEP_SEALING),
        ((*IN_SEAT, SEAL_INTENT, NOT_ACTIVATED), t.STEP_OPEN_IN_SEAT),
        (SEALED, t.STEP_SEALED_IN_SEAT),
        ((*SEALED, STORED), t.STEP_NOTHING),
        ((*CARRIED, DROPPED), t.STEP_NOTHING),
        ((*IN_SEAT, mark(2, t.TUBE_MARK_REUSED)), t.STEP_NOTHING),
        # A second hole with the same tube: it is in the ground again.
        ((*TO_THE_HOLE, RETRACTED, CORE_INTENT), t.STEP_CORING),
        ((*TO_THE_HOLE, RETRACTED, DOCK_INTENT, CORE_INTENT), t.STEP_CORING),
        # An intent to take that came to nothing.
        ((TAKE_INTENT, (t.RECORD_KIND_MOVED, 2, 7, 2)), t.STEP_NOTHING),
        ((TAKE_INTENT, (t.RECORD_KIND_MOVED, 2, 7, IN_BIT)), t.STEP_HANGING),
        ((*CARRIED, DOCK_INTENT, (t.RECORD_KIND_MOVED, 2, 7, 2)), t.STEP_OPEN_IN_SEAT),
        ((*CARRIED, DOCK_INTENT, (t.RECORD_KIND_MOVED, 2, 7, IN_BIT)), t.STEP_CARRIED),
    ],
)
def test_in_the_middle_of_what_it_is(before: tuple[Step, ...], step: int) -> None:
    inventory = after(*before)
    assert inventory.step_of(2) == step
    assert inventory.in_hand() == (0 if step == t.STEP_NOTHING else 2)
    for other in (-1, 0, 1, 3, SEATS + 1):
        assert inventory.step_of(other) == t.STEP_NOTHING


def test_places_of_a_tube_and_what_seats_hold() -> None:
    inventory = after(*TO_THE_BIT)
    assert [inventory.place_of(tube) for tube in range(SEATS + 2)] == [NOWHERE, 1, IN_BIT, 3, 4, 5, NOWHERE]
    assert (inventory.bit_tube, inventory.bit_seat()) == (2, 2)
    assert [inventory.tube_in(seat) for seat in (-1, 0, 1, 2, 5, 6)] == [0, 0, 1, 0, 5, 0]
    assert inventory.seat_state(2) == t.SEAT_STATE_IN_BIT
    assert inventory.seat_state(SEATS + 1) == t.SEAT_STATE_NO_TUBE
    moved = after(*TO_THE_BIT, (t.RECORD_KIND_MOVED, 2, 7, IN_BIT), (t.RECORD_KIND_MOVED, 2, 7, 2))
    assert (moved.bit_tube, moved.bit_seat(), moved.place_of(2)) == (0, 0, 2)
    # Another tube is moved while this one hangs in the bit.
    other = after(*TO_THE_BIT, (t.RECORD_KIND_DROPPED, 1, 0, 0), (t.RECORD_KIND_MOVED, 3, 0, 1))
    assert (other.bit_tube, other.bit_seat(), other.place_of(3), other.working_tube) == (2, 2, 1, 2)
    gone = after(*CARRIED, DROPPED)
    assert (gone.place_of(2), gone.bit_tube, gone.bit_seat()) == (NOWHERE, 0, 0)
    assert gone.seat_state(2) == t.SEAT_STATE_NO_TUBE
    states = [(IN_SEAT, t.SEAT_STATE_HELD_OPEN), (SEALED, t.SEAT_STATE_SEALED)]
    states += [((*SEALED, STORED), t.SEAT_STATE_SEALED), ((*IN_SEAT, STORED_OPEN), t.SEAT_STATE_UNSEALED)]
    for steps, state in (*states, ((), t.SEAT_STATE_EMPTY_TUBE)):
        assert after(*steps).seat_state(2) == state


def test_what_is_known_of_a_tube() -> None:
    sealed = after((t.RECORD_KIND_LOADED, 3, 0, 4711, 1), (t.RECORD_KIND_LOADED, 4, 0, 12, 0), *SEALED)
    assert [sealed.sample_of(tube) for tube in (0, 1, 2, SEATS + 1)] == [0, 0, 7, 0]
    assert [sealed.serial_of(tube) for tube in (0, 2, 3, 4, SEATS + 1)] == [0, 0, 4711, 12, 0]
    assert [sealed.is_witness(tube) for tube in (0, 2, 3, 4, SEATS + 1)] == [False, False, True, False, False]
    assert [sealed.usable(tube) for tube in range(7)] == [False, True, False, False, True, True, False]
    assert [sealed.is_open(tube) for tube in range(7)] == [False] * 7
    assert [sealed.is_released(tube) for tube in (0, 1, 2, SEATS + 1)] == [False, False, True, False]
    assert sealed.last_sample == 7
    opened = after(*IN_SEAT)
    assert [opened.is_open(tube) for tube in (0, 1, 2, SEATS + 1)] == [False, False, True, False]
    assert not after(*IN_SEAT, DROPPED).is_open(2) and after(*TO_THE_BIT).is_open(2)
    full = after(*CARRIED, DOCKED, OVERFILL)
    assert [full.is_overfull(tube) for tube in (0, 1, 2, SEATS + 1)] == [False, False, True, False]
    assert not after(TAKE_INTENT).usable(2) and not after(mark(2, t.TUBE_MARK_DAMAGED)).usable(2)
    assert not after(*TO_THE_BIT).usable(2) and not after(DROPPED).usable(2)
    # Loaded again as a sample tube, it is no witness any more.
    again = after((t.RECORD_KIND_LOADED, 3, 0, 1, 1), (t.RECORD_KIND_LOADED, 3, 0, 1, 0))
    assert not again.is_witness(3) and again.usable(3)


def test_the_last_verdict_stands_and_a_new_hole_takes_it_away() -> None:
    for last, verdict in (
        (PRESENT, t.VERDICT_PRESENT),
        (ABSENT, t.VERDICT_ABSENT),
        (UNCLEAR, t.VERDICT_INCONCLUSIVE),
    ):
        for first in (PRESENT, ABSENT, UNCLEAR):
            assert after(*TO_THE_HOLE, first, last).verdict_of(2) == verdict
    assert after(*TO_THE_HOLE).verdict_of(2) == t.VERDICT_NONE
    judged = after(*CARRIED)
    assert [judged.verdict_of(tube) for tube in (0, 1, SEATS + 1)] == [t.VERDICT_NONE] * 3
    assert not after(*CARRIED, ABSENT).is_released(2)
    for judgement in (ABSENT, UNCLEAR):
        again = after(*TO_THE_HOLE, judgement, CORE_INTENT, CORED)
        assert again.verdict_of(2) == t.VERDICT_NONE, "of another core nothing is known yet"
    second = after(*CARRIED, CORE_INTENT, CORED)
    assert second.verdict_of(2) == t.VERDICT_NONE and not second.is_released(2)
    filled = after(*CARRIED, DOCKED, OVERFILL, (t.RECORD_KIND_MOVED, 2, 7, IN_BIT), CORE_INTENT, CORED)
    assert not filled.is_overfull(2)


def test_a_tube_that_is_emptied_is_as_new_but_for_what_stays() -> None:
    reused = after(*IN_SEAT, mark(2, t.TUBE_MARK_REUSED))
    assert reused.usable(2) and reused.sample_of(2) == 0 and reused.in_hand() == 0
    assert reused.seat_state(2) == t.SEAT_STATE_EMPTY_TUBE
    damaged = after(mark(2, t.TUBE_MARK_DAMAGED), mark(2, t.TUBE_MARK_REUSED))
    assert not damaged.usable(2)
    witness = after((t.RECORD_KIND_LOADED, 2, 0, 4711, 1), mark(2, t.TUBE_MARK_REUSED))
    assert witness.is_witness(2) and not witness.usable(2), "a witness is never drilled with"
    cleared = after(
        *TO_THE_HOLE, PRESENT, mark(2, t.TUBE_MARK_DEBRIS_SEEN), mark(2, t.TUBE_MARK_DEBRIS_CLEARED)
    )
    assert cleared.check(*RELEASED) == t.CUSTODY_RULE_NONE
    inventory = after(*IN_SEAT)
    before = everything(inventory)
    inventory.apply(*mark(2, t.TUBE_MARK_TRIED_AGAIN + 1))  # as a ledger that was never checked could ask
    assert everything(inventory) == before
    # The mark of a way that was cleared stays for ever, and changes nothing else.
    again = after(*TO_THE_BIT, mark(2, t.TUBE_MARK_TRIED_AGAIN))
    assert again.step_of(2) == t.STEP_HANGING and again.sample_of(2) == 7
    emptied = (DOCKED, mark(2, t.TUBE_MARK_REUSED))
    assert everything(after(*CARRIED, mark(2, t.TUBE_MARK_TRIED_AGAIN), *emptied)) == everything(
        after(*CARRIED, *emptied)
    )
    # A tube that was used before can always be told from one that never was, in what is kept of it.
    kept = [bytearray(TUBE_BYTES) for _ in range(3)]
    after().put_tube(2, kept[0], 0)
    reused.put_tube(2, kept[1], 0)
    after(*IN_SEAT, mark(2, t.TUBE_MARK_REUSED), mark(2, t.TUBE_MARK_REUSED)).put_tube(2, kept[2], 0)
    assert kept[0] != kept[1] == kept[2]
    # What sits on the bit is no tube's.
    dirty = after(*TO_THE_BIT, mark(0, t.TUBE_MARK_DEBRIS_SEEN))
    assert dirty.debris_on_bit() and not after(*TO_THE_BIT).debris_on_bit()
    dirty.apply(*mark(0, t.TUBE_MARK_DEBRIS_CLEARED))
    assert everything(dirty) == everything(after(*TO_THE_BIT))
    # A mark does not name a sample, and does not become the youngest one.
    assert after((t.RECORD_KIND_MARKED, 2, 50, t.TUBE_MARK_DEBRIS_SEEN)).last_sample == 0


def test_seals_are_counted_down_and_the_bit_is_noted() -> None:
    plain = after(*SEALED)
    assert plain.seals_taken == 1 and plain.seals_in(1) == SEALS_UNKNOWN
    assert [plain.seals_in(n) for n in (0, DISPENSERS, DISPENSERS + 1)] == [0, SEALS_UNKNOWN, 0]
    counted = after(
        (t.RECORD_KIND_SEALS, 1, 0, 3), *IN_SEAT, SEAL_INTENT, NOT_ACTIVATED, SEAL_INTENT, ACTIVATED
    )
    assert (counted.seals_in(1), counted.seals_taken) == (1, 2)
    assert after((t.RECORD_KIND_BIT, 4)).bit_number == 4
    # Seals and bits are no samples.
    assert after((t.RECORD_KIND_SEALS, 1, 90, 3), (t.RECORD_KIND_BIT, 4, 80)).last_sample == 0


def test_a_recovery_changes_nothing_but_a_core_that_was_moved_back_does() -> None:
    one = after(*TO_THE_HOLE)
    other = after(*TO_THE_HOLE, (t.RECORD_KIND_RECOVERED, 2, 7, 3, 1))
    assert everything(one) == everything(other)


def everything(inventory: Inventory) -> bytes:
    """All that a checkpoint keeps."""
    raw = bytearray(HEAD_BYTES + (SEATS_MAX + 1) * TUBE_BYTES)
    inventory.put_head(raw, 0)
    for tube in range(SEATS_MAX + 1):
        inventory.put_tube(tube, raw, HEAD_BYTES + tube * TUBE_BYTES)
    return bytes(raw)


def test_a_checkpoint_gives_everything_back() -> None:
    told = after(
        (t.RECORD_KIND_SEALS, 1, 0, 3),
        (t.RECORD_KIND_SEALS, DISPENSERS, 0, 200),
        (t.RECORD_KIND_BIT, 4),
        (t.RECORD_KIND_LOADED, 3, 0, SERIAL_MAX, 1),
        (t.RECORD_KIND_DROPPED, 5, 0, 0),
        *SEALED,
        STORED,
        (t.RECORD_KIND_TAKE_INTENT, 4, 9),
        (t.RECORD_KIND_TAKEN, 4, 9),
        mark(4, t.TUBE_MARK_TRIED_AGAIN),
        mark(0, t.TUBE_MARK_DEBRIS_SEEN),
    )
    raw = everything(told)
    back = Inventory()
    back.take_head(raw, 0)
    for tube in range(SEATS_MAX + 1):
        back.take_tube(tube, raw, HEAD_BYTES + tube * TUBE_BYTES)
    assert everything(back) == raw
    assert (back.seats, back.payload, back.bit_tube, back.bit_seat()) == (SEATS, 99, 4, 4)
    assert (back.bit_number, back.last_sample, back.seals_taken) == (4, 9, 1)
    assert back.debris_on_bit()
    assert back.seals_in(DISPENSERS) == 200 and back.in_hand() == 4 and back.place_of(5) == NOWHERE
    # Bytes that no inventory wrote do not lead out of the arrays.
    back.take_head(b"\xff" * HEAD_BYTES, 0)
    assert back.seats == SEATS_MAX
    back.clear()
    assert everything(back) == everything(Inventory())


@pytest.mark.parametrize("tube", (1, SEATS))
def test_the_first_and_the_last_tube_are_like_any_other(tube: int) -> None:
    def with_it(*steps: Step) -> Inventory:
        own_seat = (t.RECORD_KIND_DOCK_INTENT, t.RECORD_KIND_DOCKED, t.RECORD_KIND_STORED)
        told = []
        for kind, _, a, *rest in steps:
            told.append((kind, tube, a, *([tube, *rest[1:]] if kind in own_seat else rest)))
        return after(*told)

    loaded = after((t.RECORD_KIND_LOADED, tube, 0, 4711, 1))
    assert loaded.is_witness(tube) and loaded.serial_of(tube) == 4711 and not loaded.usable(tube)
    assert after().usable(tube) and after().place_of(tube) == tube and after().tube_in(tube) == tube
    hanging = with_it(*TO_THE_BIT)
    assert (hanging.step_of(tube), hanging.bit_tube, hanging.bit_seat()) == (t.STEP_HANGING, tube, tube)
    assert hanging.sample_of(tube) == 7 and hanging.is_open(tube) and not hanging.is_released(tube)
    assert with_it(*CARRIED).verdict_of(tube) == t.VERDICT_PRESENT and with_it(*CARRIED).is_released(tube)
    assert with_it(*CARRIED, DOCKED, OVERFILL).is_overfull(tube)
    stored = with_it(*SEALED, STORED)
    assert stored.seat_state(tube) == t.SEAT_STATE_SEALED and not stored.is_open(tube)
    assert stored.place_of(tube) == tube and stored.in_hand() == 0


def test_in_a_full_row_of_seats_an_empty_one_is_empty() -> None:
    inventory = after((t.RECORD_KIND_DROPPED, SEATS_MAX, 0, 1), seats=SEATS_MAX)
    assert [inventory.tube_in(seat) for seat in (1, SEATS_MAX - 1, SEATS_MAX)] == [1, SEATS_MAX - 1, 0]
    assert inventory.tube_in(SEATS_MAX + 1) == 0
