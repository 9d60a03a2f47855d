"""The break-off cam: nothing counts but its switches; a snap is told from a free and a stiff turn."""

import pytest

from rochette import tables as t
from rochette.mechanisms.errors import MechanismBusy
from tests.unit.corer_bench import CENTRED_BIT, OFFSET_BIT, Bench


class Cam:
    """400 us of pulse width in 0.6 s; 350 mA under way, 10 mA at rest; a core adds up to `core_ma`."""

    def __init__(self, bench, core_ma=0, snaps_at_us=1130):
        self.bench = bench
        self.us = 1500
        self.core_ma = core_ma
        self.snaps_at_us = snaps_at_us
        self.stuck = False
        self.offset_dead = False
        bench.nature = self.tick

    def tick(self):
        bench = self.bench
        goal = bench.horn.pulse_us
        gap = goal - self.us if goal else 0
        current = 0 if not goal else 350 if gap else 10
        if self.stuck and gap:
            current = 700
        elif gap:
            self.us += max(-7, min(7, gap))
            if goal == 1100 and 1350 > self.us > self.snaps_at_us:
                current += min(self.core_ma, self.core_ma * (1350 - self.us) // 100)
        bench.aux_current.current_ma = current
        bench.expander.put(CENTRED_BIT, abs(self.us - 1500) <= 60)
        bench.expander.put(OFFSET_BIT, abs(self.us - 1100) <= 60 and not self.offset_dead)


def turned(core_ma=0, snaps_at_us=1130):
    bench = Bench()
    cam = Cam(bench, core_ma, snaps_at_us)
    bench.tick()
    bench.breakoff.offset()
    bench.until_done(bench.breakoff, 400)
    return bench, cam


@pytest.mark.parametrize("core_ma", [450, 700, 1150])
def test_a_core_that_snaps_leaves_its_signature(core_ma):
    bench, _ = turned(core_ma)
    cam = bench.breakoff
    assert cam.result == t.BREAK_OFF_RESULT_OK and cam.confirmed and cam.position == t.CAM_POSITION_OFFSET
    assert cam.signature and cam.peak_ma == 350 + core_ma and cam.drop_ma == core_ma
    assert bench.horn.pulse_us == 0  # the cam holds by itself


@pytest.mark.parametrize("core_ma", [0, 20, 200])
def test_an_empty_or_powdery_tube_leaves_none(core_ma):
    bench, _ = turned(core_ma)
    assert bench.breakoff.confirmed and not bench.breakoff.signature


def test_a_stiff_cam_that_only_arrives_is_no_snap():
    bench, _ = turned(800, snaps_at_us=0)
    assert bench.breakoff.confirmed and not bench.breakoff.signature and bench.breakoff.peak_ma == 1150


def test_centre_and_release():
    bench, cam = turned()
    bench.breakoff.centre()
    bench.until_done(bench.breakoff, 400)
    assert bench.breakoff.position == t.CAM_POSITION_CENTRED and abs(cam.us - 1500) <= 0
    assert not bench.breakoff.signature
    bench.breakoff.release()
    ticks = bench.until_done(bench.breakoff, 400)
    assert bench.breakoff.position == t.CAM_POSITION_RELEASE and cam.us == 1900
    assert ticks >= bench.values[t.P_CORER_BREAK_OFF_TRAVEL_MS] // 10


def test_no_turn_passes_on_time_alone():
    for fault in ("stuck", "offset_dead"):
        bench = Bench()
        cam = Cam(bench)
        setattr(cam, fault, True)
        bench.tick()
        bench.breakoff.offset()
        bench.until_done(bench.breakoff, 400)
        assert bench.breakoff.result == t.BREAK_OFF_RESULT_NOT_CONFIRMED
        assert not bench.breakoff.confirmed and bench.horn.pulse_us == 0
        assert bench.events.ids() == [t.EV_CORER_BREAK_OFF_NOT_CONFIRMED]


def test_both_switches_made_confirm_nothing():
    bench, _ = turned()
    bench.nature = bench.still
    bench.expander.put(CENTRED_BIT, True)
    bench.expander.put(OFFSET_BIT, True)
    bench.breakoff.centre()
    bench.until_done(bench.breakoff, 400)
    assert bench.breakoff.result == t.BREAK_OFF_RESULT_NOT_CONFIRMED


def test_halt_and_busy():
    bench = Bench()
    Cam(bench)
    bench.breakoff.offset()
    bench.run(20)
    with pytest.raises(MechanismBusy):
        bench.breakoff.centre()
    bench.breakoff.halt()
    assert bench.breakoff.result == t.BREAK_OFF_RESULT_HALTED and bench.horn.pulse_us == 0
    assert bench.breakoff.position == t.CAM_POSITION_UNKNOWN and not bench.breakoff.confirmed
