"""The feed over scripted drivers: trajectories, contact, weight on bit, and each fault by its own name."""

import pytest

from rochette import tables as t
from rochette.mechanisms.errors import MechanismBusy
from tests.unit.corer_bench import STALL_BIT, Bench, Ground


def homed(floor_um=50000):
    bench = Bench()
    ground = Ground(bench, floor_um=floor_um)
    bench.feed.home()
    bench.until_done(bench.feed, 3000)
    assert bench.feed.result == t.FEED_RESULT_OK
    return bench, ground


def on_the_rock(weight_mn=60000, ticks=1000):
    bench, ground = homed()
    bench.feed.seek_contact(44000, 58000, 8000)
    bench.until_done(bench.feed, 3000)
    assert bench.feed.result == t.FEED_RESULT_OK
    bench.feed.hold_weight(weight_mn)
    bench.run(ticks)
    return bench, ground


class TestHome:
    def test_takes_the_edge_of_the_switch_as_datum_and_the_hanging_tool_as_zero_weight(self):
        bench, ground = homed()
        feed = bench.feed
        assert feed.homed and not feed.busy and feed.state == t.FEED_STATE_IDLE
        # The edge is found at 500 um/s: 5 um a tick, and the last steps asked for are 20 ms late at most.
        assert abs(feed.z_um - ground.carriage_nm // 1000) <= 15
        assert feed.tare_mn == ground.hang_mn and feed.weight_mn == 0

    def test_starts_on_the_switch(self):
        bench = Bench()
        ground = Ground(bench, start_um=-300)
        bench.feed.home()
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_OK
        assert abs(bench.feed.z_um - ground.carriage_nm // 1000) <= 15

    def test_a_switch_that_never_releases_is_named(self):
        bench = Bench()
        ground = Ground(bench)
        ground.home_stuck = True  # or its polarity is the wrong way round
        bench.feed.home()
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_HOME_SWITCH and not bench.feed.homed
        assert 5000 <= bench.events.last(t.EV_FEED_HOME_SWITCH_STUCK)[0] <= 5100
        assert ground.carriage_nm // 1000 <= 5000 + 5200

    def test_a_dead_switch_is_not_a_brake(self):
        bench = Bench()
        ground = Ground(bench)
        ground.home_dead = True
        bench.feed.home()
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_ENCODER
        assert bench.events.ids() == [t.EV_FEED_SENSORS_DISAGREE]

    @pytest.mark.parametrize("stalls", [True, False])
    def test_a_brake_is_named_with_and_without_a_stall_output(self, stalls):
        bench = Bench()
        ground = Ground(bench)
        ground.brake = True
        ground.stalls = stalls
        bench.feed.home()
        bench.until_done(bench.feed, 6000)
        assert bench.feed.result == t.FEED_RESULT_BRAKE
        assert bench.events.ids() == [t.EV_FEED_BRAKE]

    def test_homing_again_tells_of_lost_steps(self):
        bench, ground = homed()
        bench.feed.move_to(5000)
        bench.until_done(bench.feed, 1000)
        ground.carriage_nm -= 2_000_000
        bench.feed.home()
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_OK
        assert 1980 <= bench.events.last(t.EV_FEED_STEPS_LOST)[0] <= 2020


class TestMove:
    @pytest.mark.parametrize("z_um", [1, 777, 5000, 34567, 40000])
    @pytest.mark.parametrize("speed_um_s", [100, 3999, 10000])
    def test_arrives_exactly_within_its_limits(self, z_um, speed_um_s):
        bench, _ = homed()
        start = bench.stepper.position
        bench.stepper.fastest = 0
        ramps = []
        bench.feed.move_to(z_um, speed_um_s)
        before = 0
        while bench.feed.busy:
            bench.tick()
            ramps.append(abs(bench.stepper.rate - before))
            before = bench.stepper.rate
        assert bench.feed.result == t.FEED_RESULT_OK
        assert bench.stepper.position == z_um * 1000 // 625 != start
        assert bench.stepper.fastest <= speed_um_s * 1000 // 625 + 100
        # Beyond the start-stop rate (6400) only the ramp (192 a tick) changes it, in whole steps.
        assert max(ramps) <= 6400 + 192 + 100

    def test_a_long_move_takes_the_time_of_its_trapezoid(self):
        bench, _ = homed()
        bench.feed.move_to(40000, 10000)
        ticks = bench.until_done(bench.feed, 3000)
        # From 4 to 10 mm/s at 12 mm/s2 takes 0.5 s and 3.5 mm; (40 - 7) / 10 s between; 40 ms to settle.
        assert 400 <= ticks <= 450

    def test_up_and_down_ends_where_it_began(self):
        bench, ground = homed()
        bench.feed.move_to(0)
        bench.until_done(bench.feed, 3000)
        bench.tick()
        place = ground.carriage_nm
        for z_um in (20000, 3, 12345, 0):
            bench.feed.move_to(z_um)
            bench.until_done(bench.feed, 3000)
        bench.tick()
        assert ground.carriage_nm == place and bench.stepper.position == 0

    def test_out_of_travel_is_refused_by_its_result(self):
        bench, _ = homed()
        for z_um in (-1, 130001):
            bench.feed.move_to(z_um)
            assert not bench.feed.busy and bench.feed.result == t.FEED_RESULT_LIMIT

    def test_unhomed_is_refused_but_may_jog(self):
        bench = Bench()
        Ground(bench)
        bench.feed.move_to(1000)
        assert bench.feed.result == t.FEED_RESULT_NOT_HOMED and not bench.feed.busy
        bench.feed.jog(1000, 2000)
        bench.until_done(bench.feed, 1000)
        assert bench.feed.result == t.FEED_RESULT_OK and bench.stepper.position == 1600

    def test_a_busy_feed_refuses(self):
        bench, _ = homed()
        bench.feed.move_to(5000)
        with pytest.raises(MechanismBusy, match="feed is busy"):
            bench.feed.move_to(6000)

    def test_a_force_in_the_way_stops_it(self):
        bench, ground = homed(floor_um=30000)
        bench.feed.move_to(40000, 8000)
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_OBSTRUCTED
        # 15 N are met at 8 mm/s; from there it slows down five times as hard as usual: 0.53 mm more.
        assert ground.carriage_nm // 1000 <= 30750 + 80 + 80 + 650

    def test_a_dead_load_cell_stops_it(self):
        bench, _ = homed()
        bench.feed.move_to(40000)
        bench.run(50)
        bench.nature = lambda: None
        bench.until_done(bench.feed, 60)
        assert bench.feed.result == t.FEED_RESULT_SENSOR

    def test_a_home_switch_that_closes_under_way_is_a_contradiction(self):
        bench, ground = homed()
        bench.feed.move_to(20000)
        bench.run(200)
        ground.home_stuck = True
        bench.until_done(bench.feed, 60)
        assert bench.feed.result == t.FEED_RESULT_ENCODER and not bench.feed.homed

    def test_a_brake_on_the_home_switch_is_seen_without_a_stall_output(self):
        bench, ground = homed()
        ground.brake = True
        ground.stalls = False
        bench.feed.move_to(20000)
        bench.until_done(bench.feed, 600)
        assert bench.feed.result == t.FEED_RESULT_BRAKE

    def test_halt_stops_at_once_when_slow_and_soon_when_fast(self):
        bench, _ = homed()
        bench.feed.move_to(20000, 3000)
        bench.run(50)
        bench.feed.halt()
        assert not bench.feed.busy and bench.feed.result == t.FEED_RESULT_HALTED and bench.stepper.rate == 0
        bench.feed.move_to(60000, 10000)
        bench.run(150)
        bench.feed.halt()
        assert bench.feed.busy
        assert bench.until_done(bench.feed, 100) <= 20
        assert bench.feed.result == t.FEED_RESULT_HALTED and bench.feed.homed


class TestContact:
    def test_finds_the_bit_not_the_carriage(self):
        bench, ground = homed()
        bench.feed.seek_contact(44000, 58000, 8000)
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_OK
        assert abs(bench.feed.contact_um - 50000) <= 15
        # 8 N are 400 um of spring; a reading later and the queued steps are 20 um more.
        assert 50400 <= ground.carriage_nm // 1000 <= 50440

    def test_early_contact_puts_no_more_force_on(self):
        bench, ground = homed(floor_um=30000)
        bench.feed.seek_contact(38500, 41500, 14000)
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_EARLY_CONTACT
        assert abs(bench.feed.contact_um - 30000) <= 15
        bench.run(5)
        # 3 N are noticed at 4 mm/s, which adds 0.8 N a tick for a reading, a tick and the queue.
        assert bench.feed.weight_mn <= 3000 + 4 * 800

    def test_nothing_there(self):
        bench, ground = homed(floor_um=70000)
        bench.feed.seek_contact(44000, 58000, 8000)
        bench.until_done(bench.feed, 6000)
        assert bench.feed.result == t.FEED_RESULT_NO_CONTACT
        assert 58000 <= ground.carriage_nm // 1000 <= 58100

    def test_refuses_to_call_a_pressed_bit_free(self):
        bench, _ = on_the_rock(20000)
        bench.feed.halt()
        bench.feed.seek_contact(44000, 58000, 8000)
        bench.until_done(bench.feed, 100)
        assert bench.feed.result == t.FEED_RESULT_OBSTRUCTED


class TestHoldWeight:
    def test_reaches_and_keeps_the_weight_without_overshoot(self):
        bench, _ = on_the_rock(60000, 0)
        most = 0
        for _ in range(1000):
            bench.tick()
            most = max(most, bench.feed.weight_mn)
        assert 59500 <= bench.feed.weight_mn <= 60500
        assert most <= 61500

    @pytest.mark.parametrize("sink_um_s", [20, 50, 200])
    def test_follows_a_sinking_floor(self, sink_um_s):
        bench, ground = on_the_rock(60000)
        ground.sink_um_s = sink_um_s
        bench.run(1000)
        assert abs(bench.feed.weight_mn - 60000) <= 1500
        assert abs(bench.feed.progress_um_s - sink_um_s) <= 4 + sink_um_s // 20
        assert abs(bench.feed.bit_um - ground.floor_nm // 1000) <= 10 + sink_um_s // 20

    def test_another_weight_needs_no_new_start(self):
        bench, _ = on_the_rock(60000)
        bench.feed.hold_weight(90000)
        bench.run(600)
        assert 89000 <= bench.feed.weight_mn <= 91000 and bench.feed.busy

    def test_overload_stops(self):
        bench, ground = on_the_rock(60000)
        ground.floor_nm -= 5_000_000
        bench.run(5)
        assert bench.feed.result == t.FEED_RESULT_OVERLOAD and not bench.feed.busy

    @pytest.mark.parametrize("stalls", [True, False])
    def test_a_brake_is_named(self, stalls):
        bench, ground = on_the_rock(60000)
        ground.sink_um_s = 60
        ground.brake = True
        ground.stalls = stalls
        bench.until_done(bench.feed, 4000)
        assert bench.feed.result == t.FEED_RESULT_BRAKE

    def test_soft_ground_is_no_brake(self):
        bench, ground = on_the_rock(60000)
        ground.sink_um_s = 4000
        bench.run(800)
        assert bench.feed.busy and bench.feed.progress_um_s > 800

    def test_the_bottom_switch_ends_it(self):
        bench, ground = on_the_rock(60000)
        ground.sink_um_s = 2000
        bench.until_done(bench.feed, 10000)
        assert bench.feed.result == t.FEED_RESULT_LIMIT
        assert abs(bench.feed.z_um - 130000) < 200


class TestRetract:
    def test_comes_up_free(self):
        bench, _ = on_the_rock()
        bench.feed.halt()
        bench.feed.retract_to(5000)
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_OK and bench.stepper.position == 8000

    def test_the_rocks_grip_holds_everything(self):
        bench, ground = on_the_rock()
        bench.feed.halt()
        ground.grip_from_um = 50000
        ground.pull_mn = 100000
        bench.feed.retract_to(5000)
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_STALLED and bench.feed.homed
        place = ground.carriage_nm
        bench.run(100)
        assert abs(ground.carriage_nm - place) <= 61_000  # what was queued: 3 mm/s for 20 ms
        position, pull = bench.events.last(t.EV_FEED_STALLED)[:2]
        assert 60000 <= pull <= 64000 and 46000 <= position <= 47100

    def test_a_stall_with_pull_is_the_rock_and_without_is_the_brake(self):
        for pull, result in ((20000, t.FEED_RESULT_STALLED), (0, t.FEED_RESULT_BRAKE)):
            bench, ground = on_the_rock()
            bench.feed.halt()
            ground.grip_from_um = 50000
            ground.pull_mn = pull
            bench.feed.retract_to(5000)
            bench.run(200)
            tick = bench.nature

            def stalled(bench=bench, tick=tick):
                tick()
                bench.expander.put(STALL_BIT, True)

            bench.nature = stalled
            bench.until_done(bench.feed, 10)
            assert bench.feed.result == result

    def test_a_force_that_remains(self):
        bench, ground = on_the_rock()
        bench.feed.halt()
        ground.grip_from_um = 50000
        ground.pull_mn = 9000
        bench.feed.retract_to(5000)
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_DRILL_LOADED
        assert bench.events.last(t.EV_FEED_DRILL_LOADED)[:2] == (5000, -9000)

    def test_a_weight_that_stays_is_a_brake(self):
        bench, ground = on_the_rock()
        bench.feed.halt()
        ground.brake = True
        ground.stalls = False
        bench.feed.retract_to(5000)
        bench.until_done(bench.feed, 3000)
        assert bench.feed.result == t.FEED_RESULT_BRAKE


def test_losing_power_loses_the_position():
    bench, _ = homed()
    bench.feed.move_to(40000)
    bench.run(50)
    bench.feed.forget_position()
    assert not bench.feed.busy and not bench.feed.homed and bench.stepper.rate == 0
