"""The verdict rule over every combination of evidence, and what each piece of evidence makes of its
numbers."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rochette import tables as t
from rochette.activities.verify import Evidence

VOTES = (t.VOTE_UNKNOWN, t.VOTE_PRESENT, t.VOTE_ABSENT)


def evidence(snap, mass, image, light_ok=True):
    e = Evidence()
    e.snap, e.mass, e.image, e.light_ok = snap, mass, image, light_ok
    return e


@pytest.mark.parametrize("snap,mass,image,light", list(itertools.product(VOTES, VOTES, VOTES, (True, False))))
def test_every_combination(snap, mass, image, light):
    verdict = evidence(snap, mass, image, light).judge()
    votes = (snap, mass, image)
    if not light or image == t.VOTE_UNKNOWN:
        assert verdict == t.VERDICT_INCONCLUSIVE
    elif verdict == t.VERDICT_PRESENT:
        assert image == t.VOTE_PRESENT and t.VOTE_ABSENT not in votes and votes.count(t.VOTE_PRESENT) >= 2
    elif verdict == t.VERDICT_ABSENT:
        assert t.VOTE_PRESENT not in (mass, image) and t.VOTE_ABSENT in (mass, image)
    else:
        # Contradiction, or an image without a second witness.
        assert verdict == t.VERDICT_INCONCLUSIVE
        assert (t.VOTE_PRESENT in votes and t.VOTE_ABSENT in votes) or votes.count(t.VOTE_PRESENT) == 1


def test_a_run_without_a_fault_is_no_evidence():
    assert Evidence().judge() == t.VERDICT_INCONCLUSIVE


def test_roubion_no_mass_and_an_empty_picture_is_absent_even_when_something_snapped():
    assert evidence(t.VOTE_PRESENT, t.VOTE_ABSENT, t.VOTE_ABSENT).judge() == t.VERDICT_ABSENT


def test_montdenier_dark_picture_is_inconclusive_with_all_else_present():
    e = evidence(t.VOTE_PRESENT, t.VOTE_PRESENT, t.VOTE_UNKNOWN)
    e.note_image(2, t.VERDICT_PRESENT, 900, False, 3, 600)
    assert e.image == t.VOTE_UNKNOWN
    assert e.judge() == t.VERDICT_INCONCLUSIVE


@given(core=st.integers(-200, 400), expected=st.integers(5, 300))
def test_mass_votes(core, expected):
    e = Evidence()
    e.note_mass(core, expected, 400, 150)
    if core >= 0.4 * expected:
        assert e.mass == t.VOTE_PRESENT
    elif core <= 0.15 * expected:
        assert e.mass == t.VOTE_ABSENT
    else:
        assert e.mass == t.VOTE_UNKNOWN


@given(verdict=st.sampled_from((1, 2, 3)), confidence=st.integers(0, 1000), light=st.booleans())
def test_image_counts_only_with_light_and_confidence(verdict, confidence, light):
    e = Evidence()
    e.note_image(1, verdict, confidence, light, 100, 600)
    counted = light and confidence >= 600 and verdict != t.VERDICT_INCONCLUSIVE
    assert (e.image != t.VOTE_UNKNOWN) == counted


def test_clear_forgets_everything():
    e = evidence(t.VOTE_PRESENT, t.VOTE_PRESENT, t.VOTE_PRESENT)
    e.clear()
    assert (e.snap, e.mass, e.image, e.light_ok) == (t.VOTE_UNKNOWN, t.VOTE_UNKNOWN, t.VOTE_UNKNOWN, False)
