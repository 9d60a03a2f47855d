"""Events, parameters, telemetry."""

from __future__ import annotations

from array import array

import pytest

from rochette.services.events import FIELDS, Events
from rochette.services.mode import ModeKeeper
from rochette.services.parameters import ParameterError, Parameters
from rochette.services.telemetry import Telemetry
from rochette.tables import (
    CH_SYSTEM_MODE,
    CH_SYSTEM_SLIPS,
    CHANNEL_IDS,
    EV_SYSTEM_BOOTED,
    EV_SYSTEM_MODE_CHANGED,
    MODE_IDLE,
    MODE_STARTING,
    P_POWER_BUS_MAX_MA,
    PARAMETER_DEFAULTS,
    PARAMETER_IDS,
    PARAMETER_MAXIMA,
    PARAMETER_MINIMA,
)


class Ticker:
    tick = 77


def test_an_event_is_read_back_with_tick_and_numbers() -> None:
    events = Events(16, Ticker())
    events.emit(EV_SYSTEM_BOOTED, -1, 2, -(2**31), 2**31 - 1)
    row = array("i", [0] * FIELDS)
    assert events.read(1, row)
    assert list(row) == [EV_SYSTEM_BOOTED, 77, -1, 2, -(2**31), 2**31 - 1]
    assert not events.read(2, row), "not there yet"


def test_the_ring_keeps_the_newest_and_says_what_is_gone() -> None:
    events = Events(16)
    row = [0] * FIELDS
    for number in range(1, 41):
        events.emit(EV_SYSTEM_BOOTED, number)
        assert events.oldest == max(1, number - 15)
    assert not events.read(24, row)
    for number in range(25, 41):
        assert events.read(number, row)
        assert row[2] == number


@pytest.mark.parametrize("ring", [0, 15, 17, 100, 8192])
def test_a_ring_is_a_power_of_two(ring: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        Events(ring)


def test_parameters_start_at_their_defaults_inside_their_bounds() -> None:
    parameters = Parameters()
    assert list(parameters.values) == list(PARAMETER_DEFAULTS)
    for index, value in enumerate(PARAMETER_DEFAULTS):
        assert PARAMETER_MINIMA[index] <= value <= PARAMETER_MAXIMA[index]
        assert parameters.get(index) == value


def test_a_value_out_of_bounds_changes_nothing() -> None:
    parameters = Parameters()
    index = P_POWER_BUS_MAX_MA
    for value in (PARAMETER_MINIMA[index] - 1, PARAMETER_MAXIMA[index] + 1):
        with pytest.raises(ParameterError, match="the old value stands"):
            parameters.set(index, value)
    for wrong in (-1, len(PARAMETER_DEFAULTS)):
        with pytest.raises(ParameterError):
            parameters.set(wrong, 0)
    assert list(parameters.values) == list(PARAMETER_DEFAULTS)
    assert parameters.version == 0


def test_changes_are_counted_and_can_be_taken_back() -> None:
    parameters = Parameters()
    index = P_POWER_BUS_MAX_MA
    parameters.set_by_id(PARAMETER_IDS[index], PARAMETER_MAXIMA[index])
    parameters.set(index, PARAMETER_MAXIMA[index])
    assert parameters.version == 1, "the same value again is no change"
    parameters.reset()
    assert parameters.values[index] == PARAMETER_DEFAULTS[index]
    assert parameters.version == 2
    with pytest.raises(ParameterError):
        parameters.set_by_id(1, 0)


def test_channels_are_sampled_at_their_rate() -> None:
    telemetry, value = Telemetry(), [5]
    telemetry.channel(CH_SYSTEM_MODE, lambda: value[0], 20)
    telemetry.channel(CH_SYSTEM_SLIPS, lambda: -value[0], 1)
    telemetry.sample(20)
    assert (telemetry.values[CH_SYSTEM_MODE], telemetry.values[CH_SYSTEM_SLIPS]) == (5, 0)
    value[0] = 6
    telemetry.sample(1)
    assert (telemetry.values[CH_SYSTEM_MODE], telemetry.values[CH_SYSTEM_SLIPS]) == (5, -6)
    telemetry.sample_all()
    assert telemetry.values[CH_SYSTEM_MODE] == 6
    assert len(telemetry.unfilled()) == len(CHANNEL_IDS) - 2
    with pytest.raises(ValueError, match="getter already"):
        telemetry.channel(CH_SYSTEM_MODE, lambda: 0)
    with pytest.raises(ValueError, match="no channel"):
        telemetry.channel(len(CHANNEL_IDS), lambda: 0)
    with pytest.raises(ValueError, match="100, 20, 5 and 1"):
        telemetry.channel(CH_SYSTEM_SLIPS, lambda: 0, 3)


def test_the_mode_says_each_change_once() -> None:
    events = Events(16)
    mode = ModeKeeper(events)
    mode.set(MODE_IDLE)
    mode.set(MODE_IDLE)
    row = [0] * FIELDS
    assert events.count == 1
    events.read(1, row)
    assert row[0] == EV_SYSTEM_MODE_CHANGED
    assert row[2:4] == [MODE_STARTING, MODE_IDLE]
    assert mode.get() == MODE_IDLE


def test_the_channels_of_a_rate_are_spread_over_its_period() -> None:
    telemetry, read = Telemetry(), []
    for index in range(33):
        telemetry.channel(index, lambda index=index: read.append(index) or 0, 5)
    for index in range(33, 40):
        telemetry.channel(index, lambda index=index: read.append(index) or 0, 1)
    a_tick = []
    for _ in range(200):
        before = len(read)
        telemetry.tick()
        a_tick.append(len(read) - before)
    assert max(a_tick) <= 3
    for index in range(40):
        assert read.count(index) == (10 if index < 33 else 2)
    assert read[:2] == [0, 33] or read[:3] == [0, 1, 33]  # in the order of declaring


def test_a_channel_may_be_an_attribute() -> None:
    class Part:
        um = 7

        @property
        def made(self) -> bool:
            return True

    telemetry = Telemetry()
    telemetry.attribute(3, Part(), "um", 100)
    telemetry.attribute(4, Part(), "made", 100)
    telemetry.tick()
    assert list(telemetry.values[3:5]) == [7, 1]
    with pytest.raises(ValueError, match="already"):
        telemetry.attribute(3, Part(), "um", 5)
