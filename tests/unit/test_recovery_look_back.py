"""What the record alone says after a start: open tubes, the one in hand, how far it came. Nothing moves."""

from __future__ import annotations

from typing import Any

import pytest

from rochette import tables as t
from rochette.activities import recovery
from rochette.services.activities import Fault
from tests.unit.payload_rig import Rig
from tests.unit.record_bytes import told

SEATS = 43
SAMPLE = 3
DEPTH_UM, LEVEL, PEAK_MA, CORE_MN, PICTURE = 61_000, 9, 350, 180, 12


def story(tube: int, sample: int = SAMPLE, vote: int = t.VOTE_PRESENT) -> list[tuple[int, ...]]:
    """The steps of an acquisition up to a tube that stands open in its seat, one record each."""
    return [
        (t.RECORD_KIND_TAKE_INTENT, tube, sample),
        (t.RECORD_KIND_TAKEN, tube, sample, 392),
        (t.RECORD_KIND_CORE_INTENT, tube, sample, 66_000),
        (t.RECORD_KIND_CORED, tube, sample, DEPTH_UM, LEVEL),
        (t.RECORD_KIND_BREAK_INTENT, tube, sample),
        (t.RECORD_KIND_BROKEN_OFF, tube, sample, vote, PEAK_MA),
        (t.RECORD_KIND_RETRACTED, tube, sample, 500),
        (t.RECORD_KIND_VERDICT, tube, sample, t.VERDICT_PRESENT, CORE_MN, PICTURE),
        (t.RECORD_KIND_RELEASED, tube, sample, t.VERDICT_PRESENT),
        (t.RECORD_KIND_DOCK_INTENT, tube, sample, tube),
        (t.RECORD_KIND_DOCKED, tube, sample, tube),
        (t.RECORD_KIND_FILL, tube, sample, t.FILL_STATE_NOMINAL),
        (t.RECORD_KIND_SEAL_INTENT, tube, sample, 1),
        (t.RECORD_KIND_SEAL_RESULT, tube, sample, 1),
    ]


STEPS = (
    t.STEP_TAKING,
    t.STEP_HANGING,
    t.STEP_CORING,
    t.STEP_CORING,
    t.STEP_BREAKING,
    t.STEP_IN_HOLE,
    t.STEP_CARRIED,
    t.STEP_CARRIED,
    t.STEP_CARRIED,
    t.STEP_DOCKING,
    t.STEP_OPEN_IN_SEAT,
    t.STEP_OPEN_IN_SEAT,
    t.STEP_SEALING,
    t.STEP_SEALED_IN_SEAT,
)
"""What is in hand after each of them."""
CERTAIN = (t.STEP_HANGING, t.STEP_IN_HOLE, t.STEP_CARRIED, t.STEP_OPEN_IN_SEAT, t.STEP_SEALED_IN_SEAT)
VERDICT_AT, RELEASED_AT = 8, 9
"""So many records, and there is a verdict; a release."""


@pytest.fixture
def payload() -> Any:
    rig = Rig("sandstone")
    yield rig.commission()
    rig.session.end()


def keep(payload: Any, steps: list[tuple[int, ...]]) -> None:
    for step in steps:
        payload.ledger.append(*step)


@pytest.mark.parametrize("count", range(len(STEPS) + 1))
def test_what_is_in_hand_after_each_record(payload: Any, count: int) -> None:
    keep(payload, story(2)[:count])
    held = recovery.look_back(payload.kit)
    cut_off = told(payload.events, t.EV_SAMPLE_CUT_OFF)
    sample = payload.sample
    if not count:
        assert (held, cut_off, sample.number) == (False, [], 0)
        return
    step = STEPS[count - 1]
    assert cut_off == [[SAMPLE, 2, step, int(step in CERTAIN)]]
    assert held is (VERDICT_AT <= count < RELEASED_AT), "a hold is gone on with; a release was obeyed already"
    assert (sample.number, sample.tube) == (SAMPLE, 2)
    assert (sample.depth_um, sample.asked_um, sample.max_level) == (
        (DEPTH_UM, DEPTH_UM, LEVEL) if count >= 4 else (0, 0, 0)
    )
    seen = sample.evidence
    assert (seen.snap, seen.peak_ma) == ((t.VOTE_PRESENT, PEAK_MA) if count >= 6 else (t.VOTE_UNKNOWN, 0))
    judged = count >= VERDICT_AT
    assert (seen.core_mn, seen.picture) == ((CORE_MN, PICTURE) if judged else (0, 0))
    assert bool(seen.light_ok) == judged
    assert sample.verdict == (t.VERDICT_PRESENT if judged else t.VERDICT_NONE)


def test_a_tube_that_is_brought_back_without_a_release_is_not_held_again_by_itself(payload: Any) -> None:
    """FINISH_STORING was cut off: where the tube is, bit or seat, is not certain."""
    keep(payload, [*story(2)[:8], (t.RECORD_KIND_DOCK_INTENT, 2, SAMPLE, 2)])
    assert recovery.look_back(payload.kit) is False
    assert told(payload.events, t.EV_SAMPLE_CUT_OFF) == [[SAMPLE, 2, t.STEP_DOCKING, 0]]
    assert payload.sample.verdict == t.VERDICT_PRESENT


@pytest.mark.parametrize("vote", (t.VOTE_UNKNOWN, t.VOTE_ABSENT))
def test_a_snap_that_was_not_felt_is_none(payload: Any, vote: int) -> None:
    keep(payload, story(2, vote=vote)[:6])
    recovery.look_back(payload.kit)
    assert payload.sample.evidence.snap == t.VOTE_UNKNOWN


def test_every_open_tube_is_named_with_its_sample_and_seat(payload: Any) -> None:
    def stored_open(tube: int, sample: int) -> list[tuple[int, ...]]:
        return [*story(tube, sample)[:12], (t.RECORD_KIND_STORED, tube, sample, tube, t.SEAL_NONE)]

    sealed = [*story(7, 2), (t.RECORD_KIND_STORED, 7, 2, 7, t.SEAL_ACTIVATED)]
    keep(payload, [*stored_open(1, 1), *sealed, *stored_open(SEATS, SAMPLE), *story(20, 4)[:7]])
    recovery.look_back(payload.kit)
    assert told(payload.events, t.EV_SAMPLE_OPEN_TUBE) == [
        [1, 1, 1, 0],
        [20, 4, payload.custody.seat_of(20), 0],
        [SEATS, SAMPLE, SEATS, 0],
    ]


@pytest.mark.parametrize(
    ("sample", "tube"), [(SAMPLE - 1, 2), (SAMPLE + 1, 2), (SAMPLE, 1), (SAMPLE, 3), (1, 1), (SAMPLE, 44)]
)
def test_only_what_is_in_hand_can_be_gone_on_with(payload: Any, sample: int, tube: int) -> None:
    keep(payload, story(2)[:7])
    for go_on in (recovery.retract_bit, recovery.finish_storing, recovery.hold_again):
        with pytest.raises(Fault) as caught:
            next(go_on(payload.kit, sample, tube))
        assert (caught.value.reason, caught.value.a) == (t.REASON_NOTHING_IN_HAND, 2)
    assert payload.sample.number == 0 and not told(payload.events, t.EV_SAMPLE_GOES_ON)


def test_what_was_stored_is_in_nobodys_hand(payload: Any) -> None:
    keep(payload, [*story(2), (t.RECORD_KIND_STORED, 2, SAMPLE, 2, t.SEAL_ACTIVATED)])
    with pytest.raises(Fault) as caught:
        recovery.named(payload.kit, SAMPLE, 2)
    assert (caught.value.reason, caught.value.a) == (t.REASON_NOTHING_IN_HAND, 0)


def test_what_this_start_knows_of_the_sample_is_not_replaced_by_what_was_kept(payload: Any) -> None:
    keep(payload, story(2)[:7])
    assert recovery.named(payload.kit, SAMPLE, 2) == t.STEP_CARRIED
    assert payload.sample.depth_um == DEPTH_UM, "it came from the record"
    payload.sample.contact_um = 4711
    assert recovery.named(payload.kit, SAMPLE, 2) == t.STEP_CARRIED
    assert payload.sample.contact_um == 4711


@pytest.mark.parametrize("count", range(1, len(STEPS) + 1))
def test_what_can_be_done_at_each_step(payload: Any, count: int) -> None:
    """A tube that is not in the bit has no bit to retract; one that is in the hole cannot be held."""
    keep(payload, story(2)[:count])
    step = STEPS[count - 1]
    in_bit = payload.custody.tube_in_bit == 2
    holds = step in (t.STEP_CARRIED, t.STEP_DOCKING, t.STEP_OPEN_IN_SEAT)
    for go_on, can in ((recovery.retract_bit, in_bit), (recovery.hold_again, holds)):
        if can:
            next(go_on(payload.kit, SAMPLE, 2))
            assert told(payload.events, t.EV_SAMPLE_GOES_ON)[-1][:3] == [SAMPLE, 2, step]
        else:
            with pytest.raises(Fault) as caught:
                next(go_on(payload.kit, SAMPLE, 2))
            assert (caught.value.reason, caught.value.a) == (t.REASON_NOT_NOW, step)
