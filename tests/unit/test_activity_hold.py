"""The hold passes only on a release that names the held sample and tube, once, and only on PRESENT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rochette import tables as t
from rochette.activities.hold import Hold
from rochette.activities.sample import Sample


class Recorder:
    def __init__(self):
        self.seen = []

    def emit(self, event, a=0, b=0, c=0, d=0):
        self.seen.append((event, a, b, c))


def holding(verdict=t.VERDICT_PRESENT):
    sample = Sample()
    sample.begin(7, 3, 66000)
    sample.verdict = verdict
    events = Recorder()
    hold = Hold(sample, events)
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
