"""The plant's physics: orders of magnitude, directions, conservation, and what the mechanisms can run
into.
"""

import pytest

from host_tools import rocks
from host_tools.emulator.plant import FAULTS, GEOMETRY, INPUTS, OUTPUTS, Plant, feed, noise
from host_tools.emulator.plant.light import exp_neg_permille, sin_permille
from host_tools.emulator.plant.spindle import blow_uj
from tests.unit.plant_sequence import Rig

SANDSTONE = rocks.load("sandstone")


def rig(rock: str = "sandstone", seed: int = 1, **geometry: int) -> Rig:
    return Rig(rocks.load(rock), seed, geometry)


def spun(permille: int, ms: int = 2_000) -> Plant:
    r = rig()
    r.p.spindle_permille = permille
    r.wait(ms)
    return r.p


def coring(
    rock: str,
    weight_mn: int,
    rpm: int = 120,
    mhz: int = 0,
    pulse_us: int = 0,
    seconds: int = 20,
    seed: int = 1,
) -> tuple[Rig, int]:
    """A rig that cores under steady weight, and the rate of progress of its last half, um/s."""
    r = rig(rock, seed)
    p = r.p
    r.ground()
    p.percussion_mhz = mhz
    p.percussion_pulse_us = pulse_us
    p.spindle_permille = 600
    r.carriage_to(70_000, weight_mn)
    begun = 0
    for k in range(seconds * 100):
        p.feed_steps += max(-60, min(60, (weight_mn - p.force_mn) // 200))
        p.spindle_permille = max(0, min(1000, p.spindle_permille + (rpm * 1000 - p.w_mrpm) // 4_000))
        r.wait(10)
        if k == seconds * 50:
            begun = p.hole_nm
    return r, (p.hole_nm - begun) // (seconds * 500)


def test_every_input_and_output_is_there_and_an_integer() -> None:
    p = rig().p
    for name in INPUTS + OUTPUTS:
        assert isinstance(getattr(p, name), int), name


def test_spindle_without_load_turns_at_200_rpm_both_ways() -> None:
    forward = spun(1000)
    assert 190_000 <= forward.w_mrpm <= 210_000
    assert 200 <= forward.spindle_ma <= 450
    back = spun(-1000)
    assert -210_000 <= back.w_mrpm <= -190_000
    assert back.encoder_count < 0 < forward.encoder_count
    assert 200 <= back.spindle_ma <= 450


def test_encoder_counts_match_the_turns() -> None:
    p = spun(1000, 60_000)
    turns = p.turn // 12_000_000
    assert 190 <= turns <= 210
    assert p.encoder_count // GEOMETRY["spindle_counts_per_turn"] == turns


def test_a_jammed_spindle_draws_its_stall_current() -> None:
    r = rig()
    r.p.fault("spindle_jam", 1)
    r.p.spindle_permille = 1000
    r.wait(500)
    assert r.p.w_mrpm == 0
    assert 4_500 <= r.p.spindle_ma <= 5_400


def test_a_spindle_that_is_switched_off_coasts_to_rest_and_draws_nothing() -> None:
    r = rig()
    r.p.spindle_permille = 1000
    r.wait(2_000)
    r.p.spindle_permille = 0
    r.wait(20)
    assert r.p.w_mrpm > 100_000
    assert r.p.spindle_ma == 0
    r.wait(2_000)
    assert r.p.w_mrpm == 0


def test_more_weight_speed_or_percussion_is_more_progress() -> None:
    by_weight = [coring("sandstone", w)[1] for w in (35_000, 50_000, 70_000, 90_000)]
    assert by_weight == sorted(by_weight) and len(set(by_weight)) == 4
    by_speed = [coring("sandstone", 60_000, rpm)[1] for rpm in (60, 100, 150)]
    assert by_speed == sorted(by_speed) and len(set(by_speed)) == 3
    by_blows = [coring("basalt", 70_000, 120, 20_000, us)[1] for us in (3_000, 6_000, 12_000)]
    assert by_blows == sorted(by_blows) and len(set(by_blows)) == 3


def test_cutting_spends_the_rocks_specific_energy() -> None:
    # Mechanical work of the bit over the rock ground away: never less than the compressive strength, and of
    # its order.
    r, rop = coring("mudstone", 50_000)
    watts_milli = r.p.motor_ma * 2 // 5 * r.p.w_mrpm // 9_549
    mj_per_mm3 = watts_milli * 1_000 // (439 * rop)
    strength = r.p.rock.layers[0].strength_kpa // 1000
    assert strength < mj_per_mm3 < strength * 40


@pytest.mark.parametrize(
    ("rock", "weight", "mhz", "pulse", "low", "high"),
    [
        ("basalt", 75_000, 22_000, 8_300, 28, 70),
        ("sandstone", 56_000, 14_000, 4_800, 30, 65),
        ("mudstone", 43_000, 0, 0, 30, 60),
        ("too-hard", 90_000, 30_000, 12_000, 0, 2),
        ("regolith", 40_000, 0, 0, 400, 20_000),
    ],
)
def test_rates_of_progress_at_the_proper_level(
    rock: str, weight: int, mhz: int, pulse: int, low: int, high: int
) -> None:
    for seed in (1, 2, 3):
        seconds = 4 if rock == "regolith" else 20
        r, rop = coring(rock, weight, 120, mhz, pulse, seconds, seed)
        assert low <= rop <= high
        if rock not in ("regolith", "too-hard"):
            assert 800 <= r.p.motor_ma <= 2_500


def test_cuttings_choke_and_a_peck_clears_them() -> None:
    r, _ = coring("mudstone", 46_000, seconds=60)
    p = r.p
    free_ma = p.motor_ma
    for _ in range(20_000):
        p.feed_steps += max(-60, min(60, (46_000 - p.force_mn) // 200))
        p.spindle_permille = max(0, min(1000, p.spindle_permille + (120_000 - p.w_mrpm) // 4_000))
        r.wait(10)
        if p.hole_nm - p.clear_nm > 11_000_000:
            break
    assert p.motor_ma > free_ma * 13 // 10
    r.carriage_to(p.hole_nm // 1000 - 4_000)
    r.wait(300)
    assert p.clear_nm == p.hole_nm


def test_hard_rock_wears_the_bit() -> None:
    r, _ = coring("basalt", 80_000, 120, 24_000, 9_000, 60)
    assert r.p.wear_ppm > Plant(rocks.load("basalt"), 1, {}).wear_ppm
    assert r.p.sharp_permille < 1000


def test_the_stepper_loses_steps_above_its_pull_out_force() -> None:
    r = rig()
    r.ring_to(0, "DRILL")  # the gate is closed: the bit meets it at 30 mm
    r.carriage_to(30_000)
    for _ in range(300):
        r.p.feed_steps += 100
        r.wait(10)
    assert r.p.force_mn == GEOMETRY["feed_pullout_mn"]
    assert r.p.feed_stall
    assert r.p.bit_z_um == GEOMETRY["feed_gate_block_um"]
    r.wait(500)
    assert not r.p.feed_stall


def test_backlash_is_taken_up_on_reversal() -> None:
    r = rig()
    r.p.feed_steps += 1_000
    r.wait(100)
    z = r.p.carriage_nm
    r.p.feed_steps -= 48
    r.wait(100)
    assert r.p.carriage_nm == z
    r.p.feed_steps -= 48
    r.wait(100)
    assert r.p.carriage_nm == z - 30_000


def test_end_stops_hold_the_carriage_and_home_is_made_there() -> None:
    r = rig()
    for _ in range(200):
        r.p.feed_steps -= 160
        r.wait(10)
    assert r.p.carriage_z_um == -GEOMETRY["feed_end_stop_um"]
    assert r.p.feed_home
    assert r.p.feed_stall
    r.p.fault("feed_home_dead", 1)
    assert not r.p.feed_home


def test_a_brake_keeps_the_carriage() -> None:
    r = rig()
    r.p.fault("feed_brake", 1)
    z = r.p.carriage_nm
    r.p.feed_steps += 5_000
    r.wait(500)
    assert r.p.carriage_nm == z
    assert r.p.energised & 4 == 0


def test_a_gripped_bit_pulls_the_cell_negative_and_stalls_the_feed() -> None:
    r, _ = coring("sandstone", 60_000, 120, 14_000, 4_800, 20)
    r.p.spindle_permille = 0
    r.wait(1_000)
    r.p.fault("rock_grip_mn", 400_000)
    for _ in range(200):
        r.p.feed_steps -= 160
        r.wait(10)
    assert r.p.force_mn == -GEOMETRY["feed_pullout_mn"]
    assert r.p.feed_stall
    assert r.p.bit_nm == r.p.hole_nm
    assert r.p.load_cell_mn < -180_000
    r.p.fault("rock_grip_mn", 0)
    r.p.feed_steps -= 1_600
    r.wait(100)
    assert r.p.bit_nm < r.p.hole_nm


def test_a_slip_steps_the_tilt_and_jumps_the_force() -> None:
    r, _ = coring("sandstone", 60_000, 120, 0, 0, 10)
    x = r.p.tilt_x_mg
    force = r.p.force_mn
    r.p.fault("slip", 1_000)
    r.wait(20)
    assert 12 <= r.p.tilt_x_mg - x <= 24
    assert r.p.force_mn - force > 40_000


def test_ring_follows_good_steps_and_loses_some_when_driven_too_fast() -> None:
    r = rig()
    a = r.p.ring.angle
    r.ring_to(20, "DRILL")
    assert r.p.ring.slip_steps == 0
    assert r.p.ring.position_at(0) == 20
    assert r.p.carousel_steps == r.p.ring.angle - a
    r.p.carousel_steps += 4_000  # in one instant
    r.wait(1_000)
    assert r.p.ring.slip_steps != 0
    assert r.p.ring.slip_steps % 64 == 0
    assert r.p.ring.angle - a == r.p.carousel_steps - r.p.ring.slip_steps


def test_lost_steps_by_fault_are_lost_once() -> None:
    r = rig()
    r.ring_to(3, "DRILL")
    r.p.fault("carousel_lost_steps", 200)
    r.ring_to(9, "DRILL")
    assert r.p.ring.slip_steps == 200


def test_index_and_detents_over_a_turn() -> None:
    r = rig(seed=2, seats=12)
    made = 0
    detents = 0
    last_index = r.p.carousel_index
    last_detent = r.p.carousel_detent
    for _ in range(1_600):
        r.p.carousel_steps += 10
        r.wait(10)
        if r.p.carousel_index and not last_index:
            made += 1
        if r.p.carousel_detent and not last_detent:
            detents += 1
        last_index = r.p.carousel_index
        last_detent = r.p.carousel_detent
    assert made == 1
    assert detents == 13


def test_the_bit_in_the_hole_holds_the_ring() -> None:
    r, _ = coring("sandstone", 60_000, 120, 0, 0, 5)
    a = r.p.ring.angle
    r.p.carousel_steps += 300
    r.wait(500)
    assert r.p.ring.angle == a
    assert r.p.ring.slip_steps != 0


def test_a_tube_has_one_place_all_along() -> None:
    r = rig()
    p = r.p
    r.take(5)
    assert p.tubes.in_bit == 5
    assert p.tube_at[5] == "BIT"
    assert not p.tube_present
    assert p.tubes.in_seat[5] == 0
    light = p.load_cell_mn
    r.carriage_to(15_000)
    r.dock(5)
    assert p.tube_at[5] == "SEAT"
    assert p.tubes.in_seat[5] == 5
    assert p.tube_present
    assert 300 <= p.load_cell_mn - light <= 480  # 40 g less on the cell
    assert sorted(p.tubes.in_seat[1:]) == list(range(1, 44))


def test_a_release_in_the_air_drops_the_tube() -> None:
    r = rig()
    r.take(5)
    r.carriage_to(15_000)
    r.cam(1900)
    assert r.p.tube_at[5] == "DROPPED"
    assert r.p.tubes.in_bit == 0


def test_break_off_peaks_on_rock_and_not_on_powder_or_nothing() -> None:
    peaks = {}
    for rock, level in (("basalt", 14), ("sandstone", 7), ("powdery", 4)):
        r = rig(rock)
        r.take(2)
        r.ground()
        r.core(20_000, level)
        r.peak_aux_ma = 0
        r.cam(1100)
        peaks[rock] = r.peak_aux_ma
        assert r.p.breakoff_offset and not r.p.breakoff_centred
    assert peaks["basalt"] > peaks["sandstone"] > 900
    assert peaks["basalt"] <= 1_550
    assert peaks["powdery"] < 450
    r = rig()
    r.cam(1100)
    assert 300 <= r.peak_aux_ma <= 400


def test_a_core_that_is_not_settled_falls_out_when_the_cam_is_centred_in_the_air() -> None:
    r = rig()
    r.take(2)
    r.ground()
    r.core(20_000, 7)
    r.cam(1100)
    r.carriage_to(15_000)
    assert r.p.core_um > 17_000
    r.cam(1500)
    assert r.p.tubes.fill_um[2] == 0


def test_probe_sees_the_fill_and_the_bottom() -> None:
    r = rig()
    r.ring_to(7, "PROBE")
    assert -400 <= r.measure() <= 0
    r.p.tubes.fill_um[7] = 30_000
    r.p.tubes.kind[7] = "SOLID"
    r.p.tubes_moved()
    assert 29_600 <= r.measure() <= 30_000
    r.p.fault("probe_jam", 1)
    r.p.probe_permille = 1000
    r.wait(1_000)
    assert r.p.probe_um == 0
    assert r.p.aux_ma >= 700


def test_seal_forces_and_count() -> None:
    r = rig()
    r.ring_to(7, "SEAL")
    p = r.p
    p.sealer_permille = 1000
    pull = 0
    press = 0
    contact = 0
    for _ in range(1_500):
        r.wait(10)
        if p.sealer.um < 16_000:
            pull = max(pull, p.sealer.force_mn)
        elif not p.tubes.sealed[7]:
            press = max(press, p.sealer.force_mn)
            contact = p.sealer.um
        if p.sealer.um > 17_000:
            assert p.dispenser_count
        if p.tubes.sealed[7]:
            break
    assert 15_000 <= pull <= 40_000
    assert 105_000 <= press <= 126_000
    assert contact - 30_000 >= 1_500
    assert p.sealer.left == GEOMETRY["seals"] - 1
    p.sealer_permille = -1000
    r.wait(7_000)
    assert p.sealer_um == 0
    assert not p.sealer.carried


def test_a_stuck_seal_resists_and_a_missing_one_does_not() -> None:
    for name, low, high in (("seal_stuck", 41_000, 200_000), ("seal_missing", 0, 0)):
        r = rig()
        r.ring_to(7, "SEAL")
        r.p.fault(name, 1)
        r.p.sealer_permille = 1000
        peak = 0
        for _ in range(300):
            r.wait(10)
            if r.p.sealer.um < 20_000:
                peak = max(peak, r.p.sealer.force_mn)
        assert low <= peak <= high, name
        assert not r.p.dispenser_count


def test_gate_switch_and_stuck_gate() -> None:
    r = rig()
    assert r.p.gate_closed
    r.p.gate_pulse_us = 2000
    r.wait(400)
    assert not r.p.gate_closed
    r.wait(600)
    assert r.p.gate.pos_us == 2000
    r.p.fault("gate_stuck", 1)
    r.p.gate_pulse_us = 1000
    r.wait(1_500)
    assert not r.p.gate_closed


def test_camera_sync_comes_after_the_exposure_and_a_scene_with_it() -> None:
    r = rig()
    r.ring_to(7, "CAMERA")
    seen = []
    r.p.focus = True
    r.wait(300)
    r.p.shutter = True
    r.wait(100)
    assert not r.p.sync and not r.p.pictures
    r.p.shutter = False
    for _ in range(40):
        r.us += 5_000
        r.p.advance(r.us)
        seen.append(r.p.sync)
    assert seen.count(True) == 2
    assert r.p.sync_count == 1
    scene = r.p.pictures[0]
    assert (scene["subject"], scene["tube"], scene["exposure_us"], scene["focused"]) == (
        "TUBE",
        7,
        100_000,
        1,
    )
    assert all(isinstance(v, (int, str, list)) for v in scene.values())
    r.p.fault("camera_dead", 1)
    r.shoot(100, 0)
    assert r.p.sync_count == 1


def test_pebbles_come_up_with_the_bit_and_shaking_clears_them() -> None:
    r = rig("pebble-laden")
    r.take(5)
    r.ground()
    r.core(12_000, 7)
    r.retract()
    p = r.p
    r.ring_to(5, "DRILL")
    r.carriage_to(46_000, 12_000)
    assert p.under == feed.PEBBLE
    assert 9_000 <= p.dock_um - p.bit_z_um <= 11_000
    r.carriage_to(15_000)
    for _ in range(14):
        for way in (1, -1):
            for _ in range(20):
                p.carousel_steps += 8 * way
                r.wait(10)
    assert p.pebble_um == 0


def test_sine_and_exponential_are_near_the_true_ones() -> None:
    for mdeg, true in (
        (0, 0),
        (30_000, 500),
        (90_000, 1000),
        (150_000, 500),
        (210_000, -500),
        (-45_000, -707),
    ):
        assert abs(sin_permille(mdeg) - true) <= 3
    for x, true in ((0, 1000), (500, 606), (1_000, 368), (3_000, 50)):
        assert abs(exp_neg_permille(x) - true) <= 40


def test_the_sun_rises_and_sets_and_dust_dims_it() -> None:
    p = rig().p
    zero = GEOMETRY["sol_zero_epoch_s"]
    hour = GEOMETRY["sol_s"] // 24
    day = [p.light.lux(zero + h * hour) for h in range(25)]
    assert day[0] == 0 and day[3] == 0 and day[21] == 0
    assert max(day) == day[12] > 200
    assert day[7] < day[9] < day[12] > day[15] > day[17]
    assert 65_000 <= p.light.sun_mdeg(zero + 12 * hour) <= 75_000
    p.fault("dust", 5_000)
    assert p.light.lux(zero + 12 * hour) < day[12] // 2
    p.fault("no_sun", 1)
    assert p.light.lux(zero + 12 * hour) == 0


def test_load_pulls_the_bus_down_and_a_sag_drops_the_rail() -> None:
    r = rig()
    idle = r.p.bus_mv
    r.p.fault("spindle_jam", 1)
    r.p.spindle_permille = 1000
    r.wait(500)
    assert 800 <= idle - r.p.bus_mv <= 1_200
    r.p.fault("supply_sag_mv", 3_000)
    r.wait(300)
    assert r.p.brown_out
    assert r.p.motor_ma == 0
    r.p.fault("supply_sag_mv", 0)
    r.wait(300)
    assert not r.p.brown_out


def test_the_winding_warms_under_load_and_cools_at_rest() -> None:
    r, _ = coring("sandstone", 60_000, seconds=60)
    hot = r.p.motor_mc
    assert hot > r.p.ambient_mc + 500
    r.p.spindle_permille = 0
    r.wait(1_800_000)
    assert abs(r.p.motor_mc - r.p.ambient_mc) < 1_000


def test_nothing_moves_without_the_rail() -> None:
    r = rig()
    r.p.enable = False
    z = r.p.carriage_nm
    a = r.p.ring.angle
    r.p.spindle_permille = 1000
    r.p.probe_permille = 1000
    r.p.feed_steps += 1_000
    r.p.carousel_steps += 1_000
    r.p.gate_pulse_us = 2000
    r.wait(2_000)
    assert (r.p.carriage_nm, r.p.ring.angle, r.p.w_mrpm, r.p.probe_um) == (z, a, 0, 0)
    assert r.p.gate_closed
    assert r.p.energised == 0


def test_energised_names_what_is_driven() -> None:
    r = rig()
    p = r.p
    assert p.energised == 0
    p.spindle_permille = 1
    p.sealer_permille = -1
    p.gate_pulse_us = 1000
    assert p.energised == 1 | 32 | 128
    p.spindle_permille = 0
    p.sealer_permille = 0
    p.gate_pulse_us = 0
    p.feed_steps += 1
    assert p.energised == 4
    r.wait(40)
    assert p.energised == 4
    r.wait(60)
    assert p.energised == 0


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_can_be_set_and_taken_back(name: str) -> None:
    r = rig()
    r.p.fault(name, 1)
    r.wait(100)
    if name != "tube_missing":
        r.p.fault(name, 0)
    r.wait(100)
    assert isinstance(r.p.load_cell_mn, int)


def test_an_unknown_fault_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match=r"no plant fault 'gremlin'; there are: spindle_jam, "):
        rig().p.fault("gremlin", 1)
    with pytest.raises(ValueError, match="seat 99"):
        rig().p.fault("tube_missing", 99)


def test_a_geometry_of_the_wrong_type_is_refused() -> None:
    with pytest.raises(ValueError, match="feed_travel_um is 'long'"):
        Plant(SANDSTONE, 1, {"feed_travel_um": "long"})


def test_noise_has_its_size_and_streams_are_apart() -> None:
    values = noise.table(7, "x", 1021, 100)
    rms2 = sum(v * v for v in values) // len(values)
    assert 90 * 90 <= rms2 <= 110 * 110
    assert abs(sum(values)) // len(values) <= 10
    assert noise.mix(1, "a") != noise.mix(1, "b") != noise.mix(2, "b")
    s = noise.Stream(3, "below")
    assert {s.below(6) for _ in range(200)} == set(range(6))


def test_blows_need_a_long_enough_pulse_and_saturate() -> None:
    assert blow_uj(2_000) == 0
    gains = [blow_uj(us + 1_000) - blow_uj(us) for us in (2_000, 5_000, 9_000)]
    assert gains == sorted(gains, reverse=True)
    assert 200_000 <= blow_uj(12_000) <= 300_000


def test_fresh_ground_differs_and_starts_whole() -> None:
    r, _ = coring("sandstone", 60_000, seconds=5)
    assert r.p.depth_um > 0
    first = r.p.rock.surface_um
    r.p.spindle_permille = 0
    r.carriage_to(15_000)
    r.p.new_target()
    assert r.p.depth_um == 0
    assert r.p.rock.surface_um != first
