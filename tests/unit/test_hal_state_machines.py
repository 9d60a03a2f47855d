"""Step generator, quadrature counter and HX711 reader on the emulated state machines."""

import pytest

from rochette.hal.hx711_reader import Hx711Reader
from rochette.hal.quadrature import QuadratureCounter
from tests.unit.driver_rig import bench


def test_step_generator_tells_its_cycles_and_the_steps_come_in_that_time():
    with bench() as b:
        generator = b.drivers["feed"]._generator
        b.wait(5000)
        start = b.world.clock.now_us
        cycles = generator.queue(200, 47)
        assert cycles == 3 + 200 * 99
        b.wait(cycles // 2 - (b.world.clock.now_us - start) - 60)
        b.world.steppers[1 if b.world.steppers[0].attribute != "feed_steps" else 0].run_to(
            b.world.clock.now_us
        )
        assert 0 < b.plant.feed_steps < 200
        b.wait(5000)
        assert b.plant.feed_steps == 200


def test_step_generator_has_room_for_the_two_segments_after_the_one_in_progress():
    with bench() as b:
        generator = b.drivers["feed"]._generator
        for _ in range(3):
            assert generator.room()
            generator.queue(10, 900)
            b.wait(50)
        assert not generator.room()
        b.wait(10_000)
        assert generator.room()


def test_quadrature_counter_follows_and_needs_its_channels_side_by_side():
    with bench() as b:
        counter = b.drivers["encoder"]._counter
        b.plant.encoder_count = -12_345
        b.wait(10_000)
        assert counter.read()
        assert counter.count == -12_345
        with pytest.raises(ValueError, match="B must follow A"):
            QuadratureCounter(5, 10_000_000, 6, 8)


def test_quadrature_counter_answers_at_every_count_that_could_be_mistaken_for_a_request():
    with bench() as b:
        counter = b.drivers["encoder"]._counter
        for count in (1, 2, -1, 0, 1 << 28, (1 << 29) - 1, 1 << 29, (1 << 29) + 1, 1 << 28, -7, 0):
            b.plant.encoder_count = count
            b.wait(10_000)
            assert counter.read(), count
            assert counter.count == count


def test_a_counter_that_starts_at_a_request_word_still_learns_its_count():
    with bench() as b:
        b.world.machines[4].model._offset = -1
        counter = QuadratureCounter(4, 10_000_000, 6, 7)
        assert counter.count in (0, 1)
        b.plant.encoder_count = 5
        b.wait(10_000)
        assert counter.read()


def test_hx711_reader_gives_signed_readings_and_limits_its_clock():
    with bench() as b:
        reader = b.drivers["load_cell"]._reader
        b.wait(100_000)
        while reader.available():
            reader.read()
        b.plant.load_cell_mn = -10_000
        b.wait(30_000)
        while reader.available():
            last = reader.read()
        assert last == 84_000 - 200_000
        with pytest.raises(ValueError, match="100000 to 5000000"):
            Hx711Reader(2, 10_000, 26, 27)
