"""The dimensions of the emulated payload's mechanics: one flat dictionary of integers, the plant's default.

A board file's "mechanics" entry carries the same names; `Plant(rock, seed, geometry)` takes that entry and fills what is missing from here.
Lengths are micrometres, forces millinewtons, angles carousel microsteps. Feed positions grow downward from the home switch and are the height of
the bit's tip as the carriage would carry it with a relaxed spring, so that "z" of a carriage and "z" of a contact compare directly.
"""

GEOMETRY = {
    # Carousel: positions are the pass-through hole (0) and the seats (1..N), evenly spaced.
    "seats": 43,
    "carousel_steps_per_turn": 16_000,
    "carousel_max_steps_per_s": 2_000,
    "carousel_max_steps_per_s2": 40_000,
    "carousel_align_steps": 60,  # a detent, the tube sensor and a docking all hold within this of a position
    "carousel_index_steps": 40,
    # Stations, in pitches of a ring of 44 positions; other rings take the nearest pitch: (station * (N + 1) + 22) // 44.
    "station_drill": 0,
    "station_camera": 11,
    "station_probe": 18,
    "station_seal": 26,
    "station_drop": 33,
    # Feed: T8 lead screw of 2 mm lead, 3200 microsteps a turn.
    "feed_nm_per_step": 625,
    "feed_travel_um": 130_000,
    "feed_end_stop_um": 1_500,  # hard stop this far beyond either switch
    "feed_backlash_um": 30,
    "feed_pullout_mn": 180_000,
    "feed_max_steps_per_s": 20_000,
    "spring_mn_per_um": 20,
    "contact_window_low_um": 44_000,
    "contact_window_high_um": 58_000,
    "surface_um": 50_000,  # a rock file may set its own; the seed spreads it
    "dock_um": 40_000,
    "dock_spread_um": 300,
    "dock_window_low_um": 38_500,
    "dock_window_high_um": 41_500,
    "dock_force_mn": 10_000,
    "gate_z_um": 30_000,  # a closed gate stops the bit here
    "ring_clear_um": 34_000,  # above this the ring turns free of the bit
    "core_depth_um": 66_000,
    "core_depth_max_um": 76_000,
    # Tube and tool. Masses hang on the load cell.
    "tube_bore_um": 80_000,
    "tube_core_max_um": 76_000,
    "tube_mass_mg": 40_000,
    "tool_hang_mn": 8_800,
    "core_diameter_um": 13_000,
    "bit_diameter_um": 27_000,
    # Spindle: 12 V gearmotor, 200 rpm without load, 5 A and 2 Nm stalled; quadrature edges a turn of the bit.
    "encoder_counts_per_turn": 1_200,
    "spindle_no_load_rpm": 200,
    "spindle_stall_ma": 5_000,
    # Break-off and gate servos, pulse widths.
    "breakoff_centred_us": 1_500,
    "breakoff_offset_us": 1_100,
    "breakoff_release_us": 1_900,
    "breakoff_window_us": 60,
    "breakoff_us_per_s": 667,
    "gate_closed_us": 1_000,
    "gate_open_us": 2_000,
    "gate_us_per_s": 1_250,
    # Probe: linear actuator; the tube's mouth and the bottom of its bore as the rod's tip sees them.
    "probe_mouth_um": 5_000,
    "probe_bottom_um": 85_000,
    "probe_limit_um": 86_000,
    "probe_um_per_s": 8_000,
    "probe_free_ma": 120,
    "probe_contact_ma": 300,
    "probe_stall_ma": 700,
    # Sealer: plunger that fetches a seal on its way down and presses it on the tube.
    "sealer_limit_um": 40_000,
    "sealer_um_per_s": 6_000,
    "sealer_free_ma": 150,
    "sealer_mn_per_ma": 150,
    "sealer_dispense_from_um": 8_000,
    "sealer_dispense_to_um": 16_000,
    "sealer_count_um": 16_500,
    "sealer_contact_um": 30_000,
    "seals": 49,
    # Power: 12 V battery behind 200 mOhm.
    "battery_mwh": 60_000,
    "battery_mv": 12_600,
    "battery_mohm": 200,
    "regulator_ma": 80,
    "brown_out_mv": 9_000,
    # Mission clock at power-on and the second at which sol 0 began (local midnight); a sol lasts 88 775 s.
    "start_epoch_s": 1_630_493_241,
    "sol_zero_epoch_s": 1_630_454_400,
    "sol_s": 88_775,
    "latitude_mdeg": 18_400,
}


def complete(given: dict) -> dict:
    """GEOMETRY with the given entries laid over it. Raises ValueError when a given entry of a known name is not an integer.

    Names that the plant does not know are left out: a board may keep numbers there that only its firmware needs.
    """
    out = {}
    for name in GEOMETRY:
        value = given.get(name, GEOMETRY[name])
        if not isinstance(value, int):
            raise ValueError("mechanics: {} is {!r}, but the plant needs an integer.".format(name, value))
        out[name] = value
    return out


def positions(seats: int) -> int:
    """Number of ring positions: the pass-through hole and the seats."""
    return seats + 1


def position_angle(position: int, seats: int, turn: int) -> int:
    """Angle of a ring position in microsteps, rounded to the nearest step, for 0 <= position <= seats."""
    count = seats + 1
    return (position * turn * 2 + count) // (2 * count)


def station_pitch(station: int, seats: int) -> int:
    """A station given in pitches of a 44-position ring, as a pitch of this ring."""
    return (station * (seats + 1) + 22) // 44
