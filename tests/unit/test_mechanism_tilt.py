"""The tilt watch against exact geometry."""

import math

import pytest

from rochette.mechanisms.tilt import square_root
from tests.unit.corer_bench import Bench


def lean(bench, x_mdeg, y_mdeg, gravity_mg=1000):
    x = math.radians(x_mdeg / 1000)
    y = math.radians(y_mdeg / 1000)
    bench.accelerometer.x_mg = round(gravity_mg * math.sin(x))
    bench.accelerometer.y_mg = round(gravity_mg * math.sin(y) * math.cos(x))
    bench.accelerometer.z_mg = round(gravity_mg * math.cos(x) * math.cos(y))


def based(x_mdeg=0, y_mdeg=0, gravity_mg=1000):
    bench = Bench()
    lean(bench, x_mdeg, y_mdeg, gravity_mg)
    bench.tilt.baseline()
    assert bench.tilt.busy and not bench.tilt.ready
    bench.run(200)
    assert bench.tilt.ready and not bench.tilt.busy and bench.tilt.change_mdeg <= 60
    return bench


@pytest.mark.parametrize("start", [(0, 0), (7000, -4000), (-15000, 12000)])
@pytest.mark.parametrize("change_mdeg", [300, 500, 1000, 3000, 8000])
def test_measures_the_angle(start, change_mdeg):
    bench = based(*start)
    lean(bench, start[0] + change_mdeg, start[1])
    bench.run(300)
    # Whole milligees are 57 mdeg each; the small-angle rule adds 0.5 % at 10 degrees.
    assert abs(bench.tilt.change_mdeg - change_mdeg) <= 110 + change_mdeg * 4 // 100


def test_works_in_martian_gravity():
    bench = based(gravity_mg=379)
    lean(bench, 2000, 0, 379)
    bench.run(300)
    assert abs(bench.tilt.change_mdeg - 2000) <= 200


def test_a_step_is_seen_to_two_thirds_in_a_quarter_second():
    bench = based()
    lean(bench, 1500, 0)
    bench.run(25)
    assert bench.tilt.change_mdeg >= 850


def test_vibration_along_gravity_is_no_tilt():
    bench = based(500, 500)
    for tick in range(400):
        bench.accelerometer.z_mg = 1000 + (40 if tick % 2 else -40)
        bench.tick()
        assert bench.tilt.change_mdeg <= 120


def test_costs_nothing_and_says_nothing_without_a_baseline():
    bench = Bench()
    lean(bench, 5000, 0)
    bench.run(100)
    assert bench.tilt.change_mdeg == 0 and not bench.tilt.ready


def test_a_silent_sensor_is_told():
    bench = based()
    bench.accelerometer.ok = False
    bench.run(10)
    assert not bench.tilt.ok


@pytest.mark.parametrize("guess", [1, 50, 32768])
def test_square_root(guess):
    for number in (0, 1, 2, 3, 4, 15, 16, 17, 999_999, 1_000_000, 2**29, 2**30 - 1):
        assert square_root(number, guess) == math.isqrt(number)


@pytest.mark.parametrize(
    ("gravity_mg", "good"), [(0, False), (240, False), (260, True), (1480, True), (1520, False)]
)
def test_a_baseline_that_is_no_gravity_is_none(gravity_mg, good):
    """What a sensor makes up has a mean of nearly nothing, and a change from that says nothing."""
    bench = Bench()
    lean(bench, 3000, 0, gravity_mg)
    bench.tilt.baseline()
    bench.run(200)
    assert (bench.tilt.ready, bench.tilt.ok, bench.tilt.busy) == (good, good, False)
    lean(bench, 3000, 0)
    bench.tilt.baseline()
    bench.run(200)
    assert bench.tilt.ready and bench.tilt.ok, "the next one may be good"
