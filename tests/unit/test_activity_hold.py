"""The hold passes only on a release that names the held sample and tube, once, and only on PRESENT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rochette import tables as t
from rochette.activities.hold import Hold
from rochette.activities.sample import Sample


class Record:
    """Custody, as far as the hold asks it: it keeps marks on the bit, or does not."""

    def __init__(self):
        self.debris_on_bit = False
        self.takes = True
        self.marks = []

    def note_debris(self, mark, picture):
        if self.takes:
            self.marks.append((mark, picture))
            self.debris_on_bit = mark == t.TUBE_MARK_DEBRIS_SEEN
        return self.takes


class Recorder:
    def __init__(self):
        self.seen = []

    def emit(self, event, a=0, b=0, c=0, d=0):
        self.seen.append((event, a, b, c))


def holding(verdict=t.VERDICT_PRESENT, record=None):
    sample = Sample()
    sample.begin(7, 3, 66000)
    sample.verdict = verdict
    events = Recorder()
    hold = Hold(sample, record or Record(), events)
    hold.enter()
    return hold, events


def test_right_release_passes_without_a_complaint():
    hold, events = holding()
    assert hold.release(7, 3)
    assert hold.released
    assert events.seen == []


@given(sample=st.integers(1, 20), tube=st.integers(1, 43))
def test_any_other_name_is_refused_and_says_what_is_held(sample, tube):
    hold, events = holding()
    if (sample, tube) == (7, 3):
        return
    assert not hold.release(sample, tube)
    assert not hold.released
    assert events.seen == [(t.EV_SAMPLE_RELEASE_REFUSED, 7, 3, t.VERDICT_PRESENT)]


@pytest.mark.parametrize("verdict", (t.VERDICT_NONE, t.VERDICT_ABSENT, t.VERDICT_INCONCLUSIVE))
def test_no_release_without_present(verdict):
    hold, events = holding(verdict)
    assert not hold.release(7, 3)
    assert events.seen[0][0] == t.EV_SAMPLE_RELEASE_REFUSED


def test_a_repeated_release_after_the_hold_does_nothing():
    hold, events = holding()
    assert hold.release(7, 3)
    hold.leave()
    assert not hold.release(7, 3)
    assert not hold.released
    assert events.seen == [(t.EV_SAMPLE_RELEASE_REFUSED, 0, 0, t.VERDICT_PRESENT)]


def test_a_release_given_before_a_retake_does_not_count_afterwards():
    hold, _ = holding()
    assert hold.release(7, 3)
    hold.enter()
    assert not hold.released


def test_retake_only_while_holding():
    hold, _ = holding()
    assert hold.ask_retake() and hold.retake
    hold.leave()
    assert not hold.ask_retake() and not hold.retake


def test_debris_on_the_bit_blocks_the_release_stands_in_the_record_and_outlives_a_reset():
    record = Record()
    hold, events = holding(record=record)
    assert hold.flag(4) == t.COMMAND_RESULT_OK
    assert not hold.release(7, 3)
    after_reset, _ = holding(record=record)
    assert not after_reset.release(7, 3), "the flag is the record's, not the memory's"
    assert after_reset.clear_flag() == t.COMMAND_RESULT_OK
    assert after_reset.release(7, 3)
    assert [mark for mark, _ in record.marks] == [t.TUBE_MARK_DEBRIS_SEEN, t.TUBE_MARK_DEBRIS_CLEARED]
    assert record.marks[0] == (t.TUBE_MARK_DEBRIS_SEEN, 4)
    assert [seen[0] for seen in events.seen] == [t.EV_SAMPLE_INSPECTION_FLAGGED, t.EV_SAMPLE_RELEASE_REFUSED]


def test_a_flag_that_the_record_does_not_take_is_in_force_and_says_that_it_was_not_kept():
    record = Record()
    record.takes = False
    hold, _ = holding(record=record)
    assert hold.flag(4) == t.COMMAND_RESULT_EXECUTION
    assert not hold.release(7, 3)
    assert hold.clear_flag() == t.COMMAND_RESULT_EXECUTION
    assert hold.release(7, 3)
    assert hold.clear_flag() == t.COMMAND_RESULT_EXECUTION, "nothing is flagged"


def test_a_retake_waits_for_the_sun_by_the_mission_clock():
    """By the table it is night, and light enough in an hour of its short day; the light itself is back soon,
    and is not looked at before."""
    from tests.unit.payload_rig import Rig

    rig = Rig(
        "mudstone",
        depth_um=1500,
        hold_s=1500,
        answer="hold",
        faults=[
            {"target": "plant.led_dead", "value": 1, "at_ms": 1},
            {"target": "plant.no_sun", "value": 1, "after_event": "SAMPLE_BROKEN_OFF", "for_ms": 30000},
        ],
    )
    rig.session._boot()
    payload = rig.session.payload
    now_s = payload.drivers["mission_clock"].epoch_s
    payload.parameters.set(t.P_CAMERA_SUN_DAY_S, 3600)
    payload.parameters.set(t.P_CAMERA_SUN_ZERO_S, now_s - 400)  # light enough 1200 s after midnight
    rig.session.finish()
    planned = [event for event in rig.events if event["id"] == t.EV_SAMPLE_RETAKE_PLANNED]
    pictures = [event["ms"] for event in rig.events if event["id"] == t.EV_CAMERA_PICTURE_TAKEN]
    wait_s = planned[0]["args"][2]
    assert 300 < wait_s < 800, "longer than a look at the light every minute"
    after = [ms for ms in pictures if ms > planned[0]["ms"]]
    assert after and 0 <= after[0] - planned[0]["ms"] - wait_s * 1000 < 5000
