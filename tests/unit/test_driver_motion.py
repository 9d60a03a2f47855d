"""What moves: bridge, stepper, servo, percussion, LED ring, enable line and stop loop."""

import pytest

from rochette.drivers.actuator_enable import ActuatorEnable
from rochette.drivers.percussion import PercussionDriver
from rochette.drivers.servo import Servo
from rochette.drivers.stepper import Stepper
from rochette.hal.pins import Output
from tests.unit.driver_rig import bench


def tick(b, stepper, ticks: int) -> None:
    """Ticks of 10 ms, as the executive makes them."""
    clock = b.world.clock
    for _ in range(ticks):
        start = clock.now_us
        stepper.tick()
        b.wait(start + 10_000 - clock.now_us)


def test_bridge_drives_both_ways_and_is_cut_to_full_scale():
    with bench() as b:
        spindle = b.drivers["spindle"]
        spindle.drive(600)
        assert b.plant.spindle_permille == 600
        spindle.drive(-250)
        assert b.plant.spindle_permille == -250
        spindle.drive(5000)
        assert b.plant.spindle_permille == 1000 == spindle.permille
        spindle.stop()
        assert b.plant.spindle_permille == 0 == spindle.permille


def test_bridge_never_drives_both_sides_at_once():
    with bench() as b:
        spindle = b.drivers["spindle"]
        forward = b.world.line_by_name["spindle_fwd"]
        reverse = b.world.line_by_name["spindle_rev"]
        both = []
        part = b.world.parts["spindle"]
        update = part.update

        def look():
            both.append(forward.duty_ns > 0 and reverse.duty_ns > 0)
            update()

        forward.pwm_sink = reverse.pwm_sink = look
        for permille in (300, -300, 1000, -1000, 0, -1, 1):
            spindle.drive(permille)
        assert both and not any(both)


@pytest.mark.parametrize("rate", [1, 7, 99, 100, 101, 333, 3200, 12_345, 19_999, 20_000])
def test_stepper_makes_exactly_the_steps_of_its_rate(rate):
    with bench() as b:
        feed = b.drivers["feed"]
        feed.set_rate(rate)
        tick(b, feed, 200)
        assert feed.position == 2 * rate
        feed.stop()
        b.wait(25_000)
        assert b.plant.feed_steps == feed.position
        assert feed.late == 0


def test_stepper_is_exact_over_the_wrap_of_the_ticks():
    with bench(start_ticks_us=2**30 - 100_000) as b:
        feed = b.drivers["feed"]
        feed.set_rate(16_000)
        tick(b, feed, 30)
        feed.stop()
        b.wait(25_000)
        assert not feed.moving
        assert b.plant.feed_steps == feed.position == 4800


def test_stepper_reverses_only_when_the_motor_stands_and_loses_no_step():
    with bench() as b:
        feed = b.drivers["feed"]
        wrong = []
        line = b.world.line_by_name["feed_dir"]
        turn = line.sink

        def watch(level):
            if b.drivers["feed"].moving:
                wrong.append(level)
            turn(level)

        line.sink = watch
        for rate in (20_000, -20_000, 5000, -1, 12_000, -12_000):
            feed.set_rate(rate)
            tick(b, feed, 7)
        feed.stop()
        b.wait(30_000)
        assert not wrong
        assert b.plant.feed_steps == feed.position


def test_stepper_that_is_ticked_too_early_refuses_rather_than_blocks_and_stays_exact():
    with bench() as b:
        feed = b.drivers["feed"]
        feed.set_rate(20_000)
        start = b.world.clock.now_us
        for _ in range(10):
            feed.tick()
        assert b.world.clock.now_us - start < 1000, "tick must not wait"
        assert feed.late > 0
        b.wait(50_000)
        assert b.plant.feed_steps == feed.position == 200 * (10 - feed.late)


def test_stepper_stop_leaves_only_what_is_queued():
    with bench() as b:
        feed = b.drivers["feed"]
        feed.set_rate(20_000)
        tick(b, feed, 5)
        feed.stop()
        position = feed.position
        tick(b, feed, 5)
        assert feed.position == position == b.plant.feed_steps
        feed.reset_position(0)
        assert feed.position == 0


def test_stepper_bounds_its_rate():
    with bench() as b:
        ring = b.drivers["carousel"]
        ring.set_rate(99_999)
        assert ring.rate == 2000
        ring.set_rate(-99_999)
        assert ring.rate == -2000
        with pytest.raises(ValueError, match="1 to 20000"):
            Stepper("x", ring._generator, Output(11, 0), 1, 20_001)


def test_servo_keeps_within_its_travel_and_goes_off():
    with bench() as b:
        gate = b.drivers["gate_servo"]
        gate.set_pulse(1500)
        assert b.plant.gate_pulse_us == 1500
        gate.set_pulse(5000)
        assert b.plant.gate_pulse_us == 2100 == gate.pulse_us
        gate.set_pulse(0)
        assert b.plant.gate_pulse_us == 900
        gate.off()
        assert b.plant.gate_pulse_us == 0 == gate.pulse_us
        with pytest.raises(ValueError, match="500 to 2500"):
            Servo("x", gate._pwm, 400, 2000)


def test_percussion_strikes_within_its_limits():
    with bench() as b:
        hammer = b.drivers["percussion"]
        hammer.set(25_900, 6000)
        assert (b.plant.percussion_mhz, b.plant.percussion_pulse_us) == (25_000, 6000)
        assert (hammer.mhz, hammer.pulse_us) == (25_000, 6000)
        hammer.set(90_000, 60_000)
        assert (b.plant.percussion_mhz, b.plant.percussion_pulse_us) == (30_000, 12_000)
        hammer.set(1, 100)
        assert b.plant.percussion_mhz == 10_000
        hammer.set(0, 5000)
        assert (b.plant.percussion_mhz, hammer.mhz, hammer.pulse_us) == (0, 0, 0)
        with pytest.raises(ValueError, match="half of a period"):
            PercussionDriver("x", hammer._pwm, 10_000, 30_000, 20_000)


def test_percussion_never_sends_a_longer_pulse_while_its_rate_changes():
    with bench() as b:
        hammer = b.drivers["percussion"]
        seen = []
        line = b.world.line_by_name["percussion"]
        update = b.world.parts["percussion"].update

        def look():
            update()
            seen.append(b.plant.percussion_pulse_us)

        line.pwm_sink = look
        for mhz in (30_000, 10_000, 20_000, 10_000):
            hammer.set(mhz, 7000)
        assert max(seen) == 7000


def test_led_ring():
    with bench() as b:
        ring = b.drivers["led_ring"]
        ring.set(400)
        assert b.plant.led_permille == 400
        ring.set(4000)
        assert b.plant.led_permille == 1000
        ring.set(-1)
        assert b.plant.led_permille == 0 == ring.permille


def test_actuator_enable_needs_a_closed_loop():
    with bench() as b:
        enable = b.drivers["actuator_enable"]
        assert not b.plant.enable and not enable.is_on
        assert enable.on()
        assert b.plant.enable and enable.is_on
        enable.off()
        assert not b.plant.enable and not enable.is_on
        b.world.set_estop(False)
        assert b.drivers["estop_sense"].open()
        assert not enable.on()
        assert not enable.is_on and not b.plant.enable


def test_opening_the_loop_takes_the_enable_line_away_by_interrupt():
    with bench() as b:
        enable = b.drivers["actuator_enable"]
        estop = b.drivers["estop_sense"]
        assert enable.on()
        b.world.set_estop(False)
        assert not enable.is_on
        assert b.world.line_by_name["actuator_enable"].level == 0
        assert estop.opened == 1
        b.world.set_estop(True)
        assert not enable.is_on, "a loop that closes again gives no power by itself"
        assert not b.plant.enable
        assert enable.on() and b.plant.enable


def test_actuator_enable_without_a_loop():
    with bench() as b:
        enable = ActuatorEnable("actuator_enable", Output(0, 0), 1)
        assert enable.on()
        assert b.plant.enable
        enable.check()
