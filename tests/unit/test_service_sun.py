"""The sun table: light by hour, seconds until it is light enough, unknown without a clock."""

from __future__ import annotations

from array import array
from types import SimpleNamespace

import pytest

from host_tools.emulator.plant.light import Light
from rochette import tables as t
from rochette.services.parameters import Parameters
from rochette.services.sun import UNKNOWN, Sun

DAY_S = 88775
HOUR_S = DAY_S / 24


class Clock:
    def __init__(self) -> None:
        self.valid = True
        self.second = 0

    def now_s(self) -> int:
        return self.second


def table(day_s: int = DAY_S) -> tuple[Sun, Clock, array[int]]:
    values = Parameters().values
    values[t.P_CAMERA_SUN_DAY_S] = day_s
    clock = Clock()
    return Sun(clock, values), clock, values


def test_it_is_lightest_at_noon_dark_at_night_and_the_same_on_both_sides() -> None:
    sun, clock, values = table()
    zero_s, noon_lux = values[t.P_CAMERA_SUN_ZERO_S], values[t.P_CAMERA_SUN_NOON_LUX]
    by_hour = []
    for quarter in range(96):
        clock.second = zero_s + int(quarter * HOUR_S / 4) + 1
        by_hour.append(sun.lux())
    assert by_hour[48] == max(by_hour) == noon_lux
    assert by_hour[:16] == [0] * 16 and by_hour[81:] == [0] * 15
    assert all(abs(a - b) <= 2 for a, b in zip(by_hour[49:], by_hour[47:0:-1], strict=True))
    # A sol before and after, and a mission second before that midnight.
    for sols in (-3, 1, 400):
        clock.second = zero_s + sols * DAY_S + DAY_S // 2
        assert sun.lux() == noon_lux


@pytest.mark.parametrize("depth", (300, 1000))
def test_under_a_sky_that_is_clear_or_dusty_there_is_no_less_light_than_it_says(depth: int) -> None:
    sun, clock, _ = table()
    plant = SimpleNamespace()
    geometry = {"sol_zero_epoch_s": 52617600, "sol_s": DAY_S, "latitude_mdeg": 18400}
    sky = Light(plant, geometry, depth)  # type: ignore[arg-type]
    for minute in range(0, 24 * 60, 7):
        clock.second = 52617600 + minute * DAY_S // 1440
        assert sun.lux() <= sky.lux(clock.second) + 8, f"at {minute // 60}:{minute % 60:02}"


@pytest.mark.parametrize("day_s", (3600, 86400, DAY_S, 1_000_000))
@pytest.mark.parametrize("least", (1, 80, 200))
def test_when_it_is_light_enough_is_when_it_says(day_s: int, least: int) -> None:
    sun, clock, values = table(day_s)
    for share in range(0, 100, 3):
        clock.second = values[t.P_CAMERA_SUN_ZERO_S] + day_s * share // 100
        wait_s = sun.until_s(least)
        assert 0 <= wait_s <= day_s
        assert (wait_s == 0) == (sun.lux() >= least)
        clock.second += wait_s
        assert sun.lux() >= least


def test_without_a_clock_or_under_a_sky_that_is_never_so_light_nobody_knows() -> None:
    sun, clock, values = table()
    assert sun.until_s(values[t.P_CAMERA_SUN_NOON_LUX] + 1) == UNKNOWN
    clock.valid = False
    assert sun.lux() == sun.until_s(1) == UNKNOWN
