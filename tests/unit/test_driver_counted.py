"""Encoder, load cell, and the plain switches and lines."""

import pytest

from rochette.drivers.digital import DigitalIn, DigitalOut
from rochette.drivers.errors import PartAbsent, PartWrong
from rochette.drivers.hx711 import Hx711
from rochette.hal.pins import Input, Output
from tests.unit.driver_rig import bench


def test_encoder_counts_from_where_the_shaft_stood():
    with bench() as b:
        encoder = b.drivers["encoder"]
        encoder.check()
        b.plant.encoder_count = 2400
        b.wait(10_000)
        encoder.poll()
        assert encoder.count == 2400
        encoder.zero()
        assert encoder.count == 0
        b.plant.encoder_count = 2390
        b.wait(10_000)
        encoder.poll()
        assert encoder.count == -10


def test_encoder_whose_state_machine_is_silent_is_noticed(monkeypatch):
    with bench() as b:
        encoder = b.drivers["encoder"]
        model = b.world.machines[4].model
        put = model.put
        monkeypatch.setattr(model, "put", lambda word: None)
        for _ in range(3):
            assert encoder.ok
            encoder.poll()
        assert not encoder.ok and encoder.errors == 3
        with pytest.raises(PartWrong, match="encoder 'encoder'"):
            encoder.check()
        monkeypatch.setattr(model, "put", put)
        encoder.poll()
        assert encoder.ok


def test_hx711_weighs_and_tares():
    with bench() as b:
        cell = b.drivers["load_cell"]
        cell.check()
        assert cell.ok
        b.plant.load_cell_mn = 65_432
        b.wait(40_000)
        cell.poll()
        assert cell.weight_mn == 65_432
        cell.set_zero(cell.raw)
        assert cell.weight_mn == 0
        b.plant.load_cell_mn = 55_432
        b.wait(40_000)
        cell.poll()
        assert cell.weight_mn == -10_000


def test_hx711_gives_eighty_samples_a_second_over_the_wrap():
    with bench(start_ticks_us=2**30 - 500_000) as b:
        cell = b.drivers["load_cell"]
        cell.check()
        before = cell.samples
        for _ in range(100):
            b.wait(10_000)
            cell.poll()
            assert cell.ok
        assert 79 <= cell.samples - before <= 81


def test_hx711_at_an_end_of_its_range_is_not_ok():
    with bench() as b:
        cell = b.drivers["load_cell"]
        cell.check()
        for force in (900_000, -900_000):
            b.plant.load_cell_mn = force
            b.wait(40_000)
            cell.poll()
            assert not cell.ok
            b.plant.load_cell_mn = 0
            b.wait(40_000)
            cell.poll()
            assert cell.ok


def test_hx711_that_falls_silent_is_noticed_within_a_few_conversions():
    with bench() as b:
        cell = b.drivers["load_cell"]
        cell.check()
        b.world.machines[2].active(0)
        for _ in range(4):
            b.wait(10_000)
            cell.poll()
        assert cell.ok, "four conversions' time has not passed"
        for _ in range(3):
            b.wait(10_000)
            cell.poll()
        assert not cell.ok


def test_hx711_check_gives_up_at_its_deadline():
    with bench() as b:
        cell = b.drivers["load_cell"]
        b.world.machines[2].active(0)
        start = b.world.clock.now_us
        with pytest.raises(PartAbsent, match="HX711 'load_cell' gives no readings: check its supply"):
            cell.check()
        assert 800_000 <= b.world.clock.now_us - start < 820_000


def test_hx711_refuses_a_scale_that_would_overflow():
    with bench() as b, pytest.raises(ValueError, match="1 to 60"):
        Hx711("x", b.drivers["load_cell"]._reader, 100, 1, 0)


@pytest.mark.parametrize("name", ["feed_home", "feed_bottom", "carousel_index"])
def test_switches_are_made_when_they_are_made(name):
    with bench() as b:
        switch = b.drivers[name]
        switch.check()
        assert not switch.made()
        setattr(b.plant, name, True)
        b.wait(10_000)
        assert switch.made()


def test_polarity_is_the_boards():
    with bench() as b:
        assert DigitalIn("home", Input(18, "up"), 1).made()
        shutter = DigitalOut("shutter", Output(28, 1), 0)
        shutter.set(True)
        assert not b.plant.shutter and shutter.is_on
        shutter.set(False)
        assert b.plant.shutter


def test_a_shorted_output_is_named(monkeypatch):
    with bench() as b:
        shutter = b.drivers["camera_shutter"]
        shutter.check()
        monkeypatch.setattr(shutter.pin, "get", lambda: 1)
        with pytest.raises(PartWrong, match="'camera_shutter' on GP28 reads 1 while it is driven to 0"):
            shutter.check()


def test_every_driver_has_a_name_and_a_check():
    with bench() as b:
        for name, driver in b.drivers.items():
            assert driver.name == name
            assert callable(driver.check)


def test_fit_refuses_a_pin_that_two_parts_want_and_a_driver_that_does_not_exist():
    from rochette.drivers.fit import fit

    with bench() as b:
        b.board["parts"]["gate_servo"]["pwm"] = "breakoff_servo"
        with pytest.raises(ValueError, match="'breakoff_servo' is used by two parts"):
            fit(b.board)
        b.board["parts"]["gate_servo"] = {"driver": "rocket"}
        with pytest.raises(ValueError, match="there is no driver 'rocket'"):
            fit(b.board)
