"""The spindle's speed loop on a motor in numbers, and its three ways of standing still."""

import pytest

from rochette import tables as t
from rochette.mechanisms.errors import MechanismRange
from tests.unit.corer_bench import Bench


class Motor:
    """A brushed motor: 200 rpm free and 5 A locked at full drive; torque in mA of current."""

    def __init__(self, bench):
        self.bench = bench
        self.rpm_1000 = 0
        self.load_ma = 300
        self.turn = 0
        self.locked = False
        self.encoder_dead = False
        self.short_ma = 0
        bench.nature = self.tick

    def tick(self):
        bench = self.bench
        drive = bench.bridge.permille
        current = 5 * drive - self.rpm_1000 * 5 // 200
        if drive == 0:
            current = 0
        if self.locked:
            self.rpm_1000 = 0
        else:
            load = self.load_ma if self.rpm_1000 > 0 or current > self.load_ma else current
            self.rpm_1000 = max(0, self.rpm_1000 + (current - load) * 40 // 6)
        self.turn += self.rpm_1000
        if not self.encoder_dead:
            # 2400 counts a turn, 6000 ticks a minute: 0.4 counts a tick for each turn a minute.
            bench.encoder.count = self.turn * 4 // 10000
        bench.spindle_current.current_ma = current + self.short_ma
        bench.cell.samples += 1


def running(rpm=120):
    bench = Bench()
    motor = Motor(bench)
    bench.spindle.run(rpm)
    bench.until_done(bench.spindle, 600)
    assert bench.spindle.result == t.SPINDLE_RESULT_OK
    return bench, motor


@pytest.mark.parametrize("rpm", [20, 60, 120, 170])
def test_comes_to_speed_and_stays(rpm):
    bench, _ = running(rpm)
    assert bench.spindle.state == t.SPINDLE_STATE_RUNNING and bench.spindle.running
    bench.run(100)
    most = least = bench.spindle.rpm
    for _ in range(300):
        bench.tick()
        most = max(most, bench.spindle.rpm)
        least = min(least, bench.spindle.rpm)
    assert rpm * 95 // 100 - 1 <= least and most <= rpm * 115 // 100 + 1
    assert abs(bench.spindle.rpm - rpm) <= 2


def test_starting_draws_no_stall_current():
    bench = Bench()
    Motor(bench)
    bench.spindle.run(120)
    most = 0
    while bench.spindle.busy:
        bench.tick()
        most = max(most, bench.spindle.current_ma)
    assert most < 2500


def test_a_load_step_is_taken_up():
    bench, motor = running()
    motor.load_ma = 1800
    bench.run(200)
    assert abs(bench.spindle.rpm - 120) <= 4


def test_saturation_does_not_wind_up():
    bench, motor = running(170)
    motor.load_ma = 2000  # more than full drive can turn at 170 rpm
    bench.run(500)
    assert bench.bridge.permille == 1000 and bench.spindle.rpm < 130
    motor.load_ma = 300
    peak = 0
    for _ in range(150):
        bench.tick()
        peak = max(peak, bench.spindle.rpm)
    assert peak <= 190 and abs(bench.spindle.rpm - 170) <= 4


def test_the_current_limit_holds_the_drive_back():
    bench, motor = running(170)
    bench.values[t.P_CORER_SPINDLE_LIMIT_MA] = 2000
    bench.spindle.stop()
    bench.until_done(bench.spindle, 400)
    bench.spindle.run(170)
    bench.until_done(bench.spindle, 600)
    motor.load_ma = 2600
    for _ in range(50):
        bench.tick()
    for _ in range(100):
        bench.tick()
        assert bench.spindle.current_ma <= 2600
    assert bench.spindle.rpm < 170


def test_a_spike_in_two_readings_switches_off_and_one_does_not():
    bench, motor = running()
    motor.short_ma = 7000
    bench.tick()
    motor.short_ma = 0
    bench.tick()
    assert bench.spindle.running
    motor.short_ma = 7000
    bench.run(2)
    assert not bench.spindle.running and bench.bridge.permille == 0
    assert bench.spindle.result == t.SPINDLE_RESULT_OVER_CURRENT
    assert bench.events.ids() == [t.EV_CORER_SPINDLE_OVER_CURRENT]
    assert bench.feed.state == t.FEED_STATE_IDLE and bench.stepper.given == 0


def test_jam_and_dead_encoder_have_names_of_their_own():
    bench, motor = running()
    motor.locked = True
    bench.run(100)
    assert bench.spindle.result == t.SPINDLE_RESULT_JAM and bench.bridge.permille == 0
    bench, motor = running()
    motor.encoder_dead = True
    bench.run(100)
    assert bench.spindle.result == t.SPINDLE_RESULT_ENCODER and bench.bridge.permille == 0


@pytest.mark.parametrize("load_ma", [300, 1000, 1800])
def test_a_dead_encoder_under_load_is_still_no_jam(load_ma):
    bench, motor = running()
    motor.load_ma = load_ma
    bench.run(200)
    motor.encoder_dead = True
    bench.run(100)
    assert bench.spindle.result == t.SPINDLE_RESULT_ENCODER


def test_locked_from_the_start():
    bench = Bench()
    motor = Motor(bench)
    motor.locked = True
    bench.spindle.run(60)
    bench.until_done(bench.spindle, 400)
    assert bench.spindle.result == t.SPINDLE_RESULT_JAM


def test_stop_runs_out_and_halt_is_at_once():
    bench, _ = running()
    bench.spindle.stop()
    assert bench.bridge.permille == 0 and bench.spindle.busy
    assert 5 <= bench.until_done(bench.spindle, 400) <= 100
    assert bench.spindle.result == t.SPINDLE_RESULT_OK and not bench.spindle.running
    bench, _ = running()
    bench.spindle.halt()
    assert bench.bridge.permille == 0 and not bench.spindle.busy
    assert bench.spindle.result == t.SPINDLE_RESULT_HALTED


def test_a_silent_current_sensor_switches_off():
    bench, _ = running()
    bench.spindle_current.ok = False
    bench.tick()
    assert bench.spindle.result == t.SPINDLE_RESULT_SENSOR and bench.bridge.permille == 0


def test_a_load_too_great_times_out():
    bench = Bench()
    motor = Motor(bench)
    motor.load_ma = 3000
    bench.spindle.run(150)
    bench.until_done(bench.spindle, 600)
    assert bench.spindle.result == t.SPINDLE_RESULT_TIMEOUT and bench.bridge.permille == 0


def test_the_speed_is_checked():
    for rpm in (0, 301, -5):
        with pytest.raises(MechanismRange, match="rpm"):
            Bench().spindle.run(rpm)
