"""The dimensions of the emulated payload's mechanics: one dictionary of integers, the plant's default.

A board file's "mechanics" entry carries the same names; `Plant(rock, seed, geometry)` takes that entry and
fills what is missing from here. Lengths are micrometres, forces millinewtons, ring angles carousel
microsteps. Feed positions grow downward from the home switch and are the height of the bit's tip as the
carriage would carry it with a relaxed spring, so that the "z" of a carriage and of a contact compare
directly.
"""

from host_tools.emulator import micropython_shim as micropython

GEOMETRY = {
    # Carousel: positions are the pass-through hole (0) and the seats (1..N), evenly spaced.
    "seats": 43,
    "carousel_steps_per_turn": 16_000,
    "carousel_max_steps_per_s": 2_000,
    "carousel_index_steps": 40,
    "carousel_detent_steps": 60,
    "tube_sensor_steps": 60,
    # In pitches of a ring of "stations_of" positions; other rings take the nearest pitch.
    "stations": {"DRILL": 0, "CAMERA": 11, "PROBE": 18, "SEAL": 26, "DROP": 33},
    "stations_of": 44,
    "ring_clear_um": 34_000,  # with the bit above this the ring turns free of it
    # Feed: T8 lead screw of 2 mm lead, 3200 microsteps a turn.
    "feed_nm_per_step": 625,
    "feed_travel_um": 130_000,
    "feed_home_um": 0,
    "feed_bottom_um": 130_000,
    "feed_end_stop_um": 1_500,  # hard stop this far beyond either switch
    "feed_spring_mn_per_um": 20,
    "feed_backlash_um": 30,
    "feed_pullout_mn": 180_000,
    "feed_gate_block_um": 30_000,  # a closed gate stops the bit here
    "rock_surface_um": 50_000,  # a rock file may set its own; the seed spreads it
    "dock_contact_um": 40_000,
    "dock_spread_um": 300,
    "dock_force_mn": 10_000,
    # Tube and tool. Masses hang on the load cell.
    "tube_bore_um": 80_000,
    "tube_core_max_um": 76_000,
    "tube_mass_mg": 40_000,
    "tool_hang_mn": 8_800,
    "core_diameter_um": 13_000,
    "bit_diameter_um": 27_000,
    # Spindle: 12 V gearmotor, 200 rpm without load, 5 A and 2 Nm stalled; quadrature edges a turn of the bit.
    "spindle_counts_per_turn": 2_400,
    # Break-off and gate servos, pulse widths and travel times.
    "breakoff_centred_us": 1_500,
    "breakoff_offset_us": 1_100,
    "breakoff_release_us": 1_900,
    "breakoff_switch_us": 60,
    "breakoff_travel_ms": 600,
    "gate_closed_us": 1_000,
    "gate_open_us": 2_000,
    "gate_travel_ms": 800,
    # Probe: linear actuator; the tube's mouth and the bottom of its bore as the rod's tip meets them.
    "probe_mouth_um": 5_000,
    "probe_bottom_um": 85_000,
    "probe_travel_um": 86_000,
    "probe_speed_um_s": 8_000,
    "probe_free_ma": 120,
    "probe_contact_ma": 300,
    "probe_stall_ma": 700,
    # Sealer: a plunger that fetches a seal on its way down and presses it on the tube.
    "sealer_travel_um": 40_000,
    "sealer_speed_um_s": 6_000,
    "sealer_free_ma": 150,
    "sealer_mn_per_ma": 150,
    "sealer_dispense_low_um": 8_000,
    "sealer_dispense_high_um": 16_000,
    "sealer_count_um": 16_500,
    "sealer_contact_um": 30_000,
    "seals": 49,
    # Power: 12 V battery behind 200 mOhm.
    "battery_mwh": 60_000,
    "battery_mv": 12_000,
    "battery_mohm": 200,
    "base_current_ma": 80,
    # Asleep: a Pico's lightsleep (1 mA at 5 V), three INA219 (0.7 mA each), the rest of the parts at rest and
    # the converters, at the battery. The heater of the electronics' box: 2.5 W.
    "sleep_current_ma": 5,
    "heater_ma": 200,
    "brown_out_mv": 9_000,
    # Mission clock at power-on (10:30 by the sun) and the second at which sol 0 began at local midnight; a
    # sol lasts 88 775 s.
    "start_epoch_s": 1_630_493_241,
    "sol_zero_epoch_s": 1_630_454_400,
    "sol_s": 88_775,
    "latitude_mdeg": 18_400,
}


def complete(given: dict) -> dict:
    """GEOMETRY with the given entries laid over it; raises ValueError when an entry that the plant reads is
    of the wrong type.

    Names that the plant does not know are left out: a board keeps numbers there that only its firmware needs.
    """
    out = {}
    for name in GEOMETRY:
        value = given.get(name, GEOMETRY[name])
        if not isinstance(value, type(GEOMETRY[name])):
            raise ValueError("mechanics: {} is {!r}, of the wrong type for the plant.".format(name, value))
        out[name] = value
    return out


@micropython.native
def position_angle(position: int, seats: int, turn: int) -> int:
    """Angle of a ring position in microsteps, rounded to the nearest step, for 0 <= position <= seats."""
    count = seats + 1
    return (position * turn * 2 + count) // (2 * count)


def station_pitch(station: int, seats: int, stations_of: int) -> int:
    """A station given in pitches of a ring of `stations_of` positions, as a pitch of this ring."""
    return (station * (seats + 1) + stations_of // 2) // stations_of
