"""The hammer's levels and counted pulses."""

import pytest

from rochette import tables as t
from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from tests.unit.corer_bench import Bench


def test_levels_rise_evenly_from_rotary_only_to_full():
    bench = Bench()
    before = (0, 0)
    for level in range(21):
        bench.percussion.set_level(level)
        now = (bench.hammer.mhz, bench.hammer.pulse_us)
        if level < 3:
            assert now == (0, 0) and bench.percussion.state == t.PERCUSSION_STATE_OFF
        else:
            assert now[0] > before[0] and now[1] > before[1]
        before = now
    values = bench.values
    assert before == (values[t.P_CORER_PERCUSSION_MAX_MHZ], values[t.P_CORER_PERCUSSION_MAX_US])
    bench.percussion.set_level(3)
    assert bench.hammer.mhz == values[t.P_CORER_PERCUSSION_MIN_MHZ]
    assert bench.hammer.pulse_us == values[t.P_CORER_PERCUSSION_MIN_US]


@pytest.mark.parametrize("mhz", [10000, 20000, 25000])
@pytest.mark.parametrize("count", [1, 5, 12])
def test_counted_pulses_last_whole_periods(count, mhz):
    bench = Bench()
    bench.values[t.P_CORER_PULSES_MHZ] = mhz
    bench.percussion.pulses(count)
    ticks = 0
    while bench.percussion.busy:
        assert bench.hammer.mhz == mhz and bench.hammer.pulse_us == bench.values[t.P_CORER_PULSES_US]
        bench.tick()
        ticks += 1
    # `count` periods, short by less than a tick.
    assert 0 <= count * 1_000_000 - ticks * 10 * mhz < 10 * mhz
    assert bench.percussion.result == t.PERCUSSION_RESULT_OK and bench.hammer.mhz == 0
    assert bench.events.last(t.EV_CORER_PULSES_GIVEN)[0] == count


def test_halt_ends_counted_pulses():
    bench = Bench()
    bench.percussion.pulses(5)
    bench.run(10)
    with pytest.raises(MechanismBusy):
        bench.percussion.set_level(5)
    bench.percussion.halt()
    assert bench.percussion.result == t.PERCUSSION_RESULT_HALTED and bench.hammer.pulse_us == 0
    assert not bench.percussion.busy


def test_bounds():
    bench = Bench()
    for call, value in (("set_level", 21), ("set_level", -1), ("pulses", 0), ("pulses", 101)):
        with pytest.raises(MechanismRange):
            getattr(bench.percussion, call)(value)
