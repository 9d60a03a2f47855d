"""The weigher: an average of steady readings with the carriage still, or a reason why not."""

import pytest

from rochette import tables as t
from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from tests.unit.corer_bench import Bench, Ground


def readings(bench, values):
    """The cell gives these weights over and over, four in five ticks."""
    state = [0, 0]

    def nature():
        state[0] += 1
        if state[0] % 5:
            bench.cell.weight_mn = values[state[1] % len(values)]
            bench.cell.samples += 1
            state[1] += 1

    bench.nature = nature


def test_averages_new_readings_only():
    bench = Bench()
    readings(bench, [-9200, -9180, -9220, -9200])
    bench.weigher.weigh(64)
    ticks = bench.until_done(bench.weigher, 400)
    assert bench.weigher.result == t.WEIGHER_RESULT_OK
    assert (bench.weigher.mean_mn, bench.weigher.spread_mn) == (-9200, 40)
    # 0.5 s to settle, then 64 readings at 80 a second.
    assert 125 <= ticks <= 135
    assert bench.events.last(t.EV_CORER_WEIGHED)[:3] == (-9200, 40, 64)


def test_a_core_is_a_difference():
    bench = Bench()
    readings(bench, [-9192])
    bench.weigher.weigh(16)
    bench.until_done(bench.weigher, 400)
    before = bench.weigher.mean_mn
    readings(bench, [-9192 - 232])
    bench.weigher.weigh(16)
    bench.until_done(bench.weigher, 400)
    assert before - bench.weigher.mean_mn == 232


def test_a_swing_is_unsteady():
    bench = Bench()
    readings(bench, [-9000, -9400])
    bench.weigher.weigh(32)
    bench.until_done(bench.weigher, 400)
    assert bench.weigher.result == t.WEIGHER_RESULT_UNSTEADY
    assert bench.events.ids() == [t.EV_CORER_WEIGH_FAILED]


def test_a_silent_cell():
    bench = Bench()
    bench.nature = lambda: None
    bench.weigher.weigh(32)
    assert bench.until_done(bench.weigher, 400) <= 25
    assert bench.weigher.result == t.WEIGHER_RESULT_SENSOR


def test_a_carriage_that_moves():
    bench = Bench()
    Ground(bench)
    bench.feed.jog(2000, 1000)
    bench.weigher.weigh(32)
    bench.until_done(bench.weigher, 400)
    assert bench.weigher.result == t.WEIGHER_RESULT_MOVED


def test_bounds_busy_and_halt():
    bench = Bench()
    for samples in (1, 1025):
        with pytest.raises(MechanismRange):
            bench.weigher.weigh(samples)
    bench.weigher.weigh(10)
    with pytest.raises(MechanismBusy):
        bench.weigher.weigh(10)
    bench.weigher.halt()
    assert bench.weigher.result == t.WEIGHER_RESULT_HALTED and not bench.weigher.busy
