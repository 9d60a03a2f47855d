"""The emulated payload's wiring, parts and dimensions: data only. boards/README.md explains every key."""

BOARD: dict = {
    "name": "emulated",
    "mcu": "rp2040",
    # Which of the chip's pins are within reach: "pico" and "pico2" have a header, "bare" is the chip itself.
    "module": "bare",
    "seats": 43,
    "watchdog_ms": 2000,
    # How all but the mission clock is switched off: "lightsleep" (the controller sleeps by its own timer), or
    # "latch" (the clock's alarm output holds the supply on: clearing the alarm switches it off).
    "sleep": "lightsleep",
    # The hard interrupt that watches while the rail is on: its state machine (-1: a hard timer, from
    # MicroPython 1.26), the longest time without a tick, and currents that no part may ever draw (the
    # sensors end at 32 A and 3.2 A): above the mechanisms' own limits, which name a fault better.
    # home_grace_ms: what stopping at the home switch takes.
    "guard": {
        "state_machine": 3,
        "heartbeat_ms": 60,
        "spindle_ma": 9500,
        "aux_ma": 3100,
        "bus_ma": 12000,
        "home_grace_ms": 300,
    },
    # Every GPIO in use. dir: out, in, i2c. safe: the level that does no harm (outputs). active: the level
    # that means "made", "on" or "open" in the name's own sense. pull: up, down or None (inputs).
    "pins": {
        "actuator_enable": {"gp": 0, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "estop_sense": {"gp": 1, "dir": "in", "safe": None, "active": 1, "pull": "up"},
        "spindle_fwd": {"gp": 2, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "spindle_rev": {"gp": 3, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "i2c_sda": {"gp": 4, "dir": "i2c", "safe": None, "active": 1, "pull": "up"},
        "i2c_scl": {"gp": 5, "dir": "i2c", "safe": None, "active": 1, "pull": "up"},
        "encoder_a": {"gp": 6, "dir": "in", "safe": None, "active": 1, "pull": "up"},
        "encoder_b": {"gp": 7, "dir": "in", "safe": None, "active": 1, "pull": "up"},
        "feed_step": {"gp": 8, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "feed_dir": {"gp": 9, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "carousel_step": {"gp": 10, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "carousel_dir": {"gp": 11, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "breakoff_servo": {"gp": 12, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "gate_servo": {"gp": 13, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "probe_out": {"gp": 14, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "probe_in": {"gp": 15, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "led_ring": {"gp": 16, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "carousel_index": {"gp": 17, "dir": "in", "safe": None, "active": 0, "pull": "up"},
        "feed_home": {"gp": 18, "dir": "in", "safe": None, "active": 0, "pull": "up"},
        "feed_bottom": {"gp": 19, "dir": "in", "safe": None, "active": 0, "pull": "up"},
        "sealer_press": {"gp": 20, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "sealer_lift": {"gp": 21, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "percussion": {"gp": 22, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "hx711_data": {"gp": 26, "dir": "in", "safe": None, "active": 1, "pull": "up"},
        "hx711_clock": {"gp": 27, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "camera_shutter": {"gp": 28, "dir": "out", "safe": 0, "active": 1, "pull": None},
        "link_tx": {"gp": 24, "dir": "uart", "safe": None, "active": 1, "pull": None},
        "link_rx": {"gp": 25, "dir": "uart", "safe": None, "active": 1, "pull": "up"},
    },
    # The line to the ground. rx_bytes and tx_bytes: buffers of the UART. radio: every frame needs a tag.
    # key_file: where the board keeps the key, None for none.
    # files: in a folder of the board's flash, or in RAM; the longest that the ground may send.
    "link": {
        "port": "uart",
        "uart": 1,
        "tx": "link_tx",
        "rx": "link_rx",
        "baud": 921600,
        "rx_bytes": 2048,
        "tx_bytes": 1024,
        "radio": False,
        "key_file": None,
        "files": {"folder": None, "ram_bytes": 16384, "longest": 2560},
    },
    # Carrier frequency of each output that is a PWM; the two outputs of a slice (gp // 2 % 8) share one.
    "pwm": {
        "spindle_fwd": {"freq_hz": 20000},
        "spindle_rev": {"freq_hz": 20000},
        "breakoff_servo": {"freq_hz": 50},
        "gate_servo": {"freq_hz": 50},
        "probe_out": {"freq_hz": 20000},
        "probe_in": {"freq_hz": 20000},
        "led_ring": {"freq_hz": 1000},
        "sealer_press": {"freq_hz": 20000},
        "sealer_lift": {"freq_hz": 20000},
        "percussion": {"freq_hz": 10},
    },
    "i2c": [
        {"bus": 0, "sda": "i2c_sda", "scl": "i2c_scl", "freq_hz": 400000, "timeout_us": 3000},
    ],
    # State machines: 0 to 3 belong to PIO0, 4 to 7 to PIO1, which the quadrature program fills alone.
    "pio": {
        "feed": {"program": "stepper", "state_machine": 0, "freq_hz": 2000000, "pins": ["feed_step"]},
        "carousel": {"program": "stepper", "state_machine": 1, "freq_hz": 2000000, "pins": ["carousel_step"]},
        "load_cell": {
            "program": "hx711",
            "state_machine": 2,
            "freq_hz": 1000000,
            "pins": ["hx711_data", "hx711_clock"],
        },
        "encoder": {
            "program": "quadrature",
            "state_machine": 4,
            "freq_hz": 10000000,
            "pins": ["encoder_a", "encoder_b"],
        },
    },
    # The switched actuator rail: what it can carry, and which parts ever draw from it at the same time.
    "rail": {
        "mv": 12000,
        "limit_ma": 8500,
        "together": [
            ["spindle", "percussion", "feed"],
            ["breakoff_servo", "feed", "spindle"],
            ["carousel", "feed", "led_ring"],
            ["probe", "carousel"],
            ["sealer", "carousel"],
            ["gate_servo", "feed"],
        ],
    },
    # draw_ma: the most that a part takes from the rail, by its own limit or that of its driver.
    "parts": {
        "spindle": {
            "driver": "h_bridge",
            "forward": "spindle_fwd",
            "reverse": "spindle_rev",
            "draw_ma": 5000,
        },
        "probe": {"driver": "h_bridge", "forward": "probe_out", "reverse": "probe_in", "draw_ma": 1000},
        "sealer": {
            "driver": "h_bridge",
            "forward": "sealer_press",
            "reverse": "sealer_lift",
            "draw_ma": 1500,
        },
        "percussion": {
            "driver": "percussion",
            "pwm": "percussion",
            "min_mhz": 10000,
            "max_mhz": 30000,
            "max_pulse_us": 12000,
            "draw_ma": 2500,
        },
        "encoder": {"driver": "encoder", "pio": "encoder"},
        "feed": {
            "driver": "stepper",
            "pio": "feed",
            "dir": "feed_dir",
            "forward_level": 1,
            "max_steps_per_s": 20000,
            "draw_ma": 900,
        },
        "carousel": {
            "driver": "stepper",
            "pio": "carousel",
            "dir": "carousel_dir",
            "forward_level": 1,
            "max_steps_per_s": 2000,
            "draw_ma": 700,
        },
        "breakoff_servo": {
            "driver": "servo",
            "pwm": "breakoff_servo",
            "min_us": 900,
            "max_us": 2100,
            "draw_ma": 800,
        },
        "gate_servo": {
            "driver": "servo",
            "pwm": "gate_servo",
            "min_us": 900,
            "max_us": 2100,
            "draw_ma": 800,
        },
        "led_ring": {"driver": "led_ring", "pwm": "led_ring", "draw_ma": 300},
        # weight_mn = (raw - zero_raw) * mn_num // mn_den: 20 counts for a millinewton.
        "load_cell": {
            "driver": "hx711",
            "pio": "load_cell",
            "samples_per_s": 80,
            "mn_num": 1,
            "mn_den": 20,
            "zero_raw": 84000,
        },
        "spindle_current": {"driver": "ina219", "bus": 0, "address": 0x40, "shunt_uohm": 10000},
        "bus_current": {"driver": "ina219", "bus": 0, "address": 0x41, "shunt_uohm": 10000},
        "aux_current": {"driver": "ina219", "bus": 0, "address": 0x44, "shunt_uohm": 100000},
        # sequence: the order of conversions, one a poll; the two position sensors come more often.
        "analogue": {
            "driver": "ads1115",
            "bus": 0,
            "address": 0x48,
            "channels": {
                "probe_position": 0,
                "sealer_position": 1,
                "motor_temperature": 2,
                "ambient_temperature": 3,
            },
            "sequence": [0, 1, 0, 1, 2, 0, 1, 0, 1, 3],
        },
        # mv = mv_at_zero + position * mv_span / travel_um
        "probe_position": {
            "driver": "potentiometer",
            "channel": 0,
            "mv_at_zero": 100,
            "mv_span": 3000,
            "travel_um": 86000,
        },
        "sealer_position": {
            "driver": "potentiometer",
            "channel": 1,
            "mv_at_zero": 100,
            "mv_span": 3000,
            "travel_um": 40000,
        },
        # MCP9700A, a linear active thermistor: 500 mV at 0 degrees Celsius, 10 mV a degree.
        "motor_temperature": {"driver": "thermistor", "channel": 2, "mv_at_0c": 500, "uv_per_mc": 10},
        "ambient_temperature": {"driver": "thermistor", "channel": 3, "mv_at_0c": 500, "uv_per_mc": 10},
        # Bits 0 to 7 are port A, 8 to 15 port B. latch: inputs whose short changes are kept by the part
        # itself.
        "switches": {
            "driver": "mcp23017",
            "bus": 0,
            "address": 0x20,
            "inputs": {
                "breakoff_centred": {"bit": 0, "active": 0, "pull": "up"},
                "breakoff_offset": {"bit": 1, "active": 0, "pull": "up"},
                "gate_closed": {"bit": 2, "active": 0, "pull": "up"},
                "dispenser_count": {"bit": 3, "active": 0, "pull": "up"},
                "tube_present": {"bit": 4, "active": 0, "pull": "up"},
                "feed_stall": {"bit": 5, "active": 0, "pull": "up"},
                "carousel_detent": {"bit": 6, "active": 0, "pull": "up"},
                "camera_sync": {"bit": 7, "active": 0, "pull": "up"},
            },
            "outputs": {
                "camera_focus": {"bit": 8, "active": 1, "safe": 0},
                "heater": {"bit": 9, "active": 1, "safe": 0},
            },
            "latch": ["camera_sync", "dispenser_count"],
        },
        "tilt": {"driver": "lis3dh", "bus": 0, "address": 0x18},
        "light": {"driver": "veml7700", "bus": 0, "address": 0x10},
        # epoch_year: the year whose first second is mission second 0; seconds stay below 2**30 for 34 years.
        "mission_clock": {"driver": "ds3231", "bus": 0, "address": 0x68, "epoch_year": 2020},
        "fram": {"driver": "mb85rc256v", "bus": 0, "address": 0x50, "bytes": 32768, "scratch": 32752},
        "camera": {
            "driver": "camera_trigger",
            "shutter": "camera_shutter",
            "focus": "camera_focus",
            "sync": "camera_sync",
        },
    },
    # Lengths in um, forces in mN, angles in carousel microsteps.
    "mechanics": {
        # What the payload draws asleep, and its heater.
        "sleep_current_ma": 5,
        "heater_ma": 200,
        # The same number as above: the mechanics stand alone where they are simulated.
        "seats": 43,
        # Feed: z grows downwards from the home switch (made at z <= feed_home_um; the bottom switch at
        # z >= feed_bottom_um).
        "feed_nm_per_step": 625,
        "feed_travel_um": 130000,
        "feed_end_stop_um": 1500,
        "feed_backlash_um": 30,
        "feed_pullout_mn": 180000,
        "feed_home_um": 0,
        "feed_bottom_um": 130000,
        "feed_spring_mn_per_um": 20,
        # Where the bit's tip may meet the rock, and where a tube's collar in its seat.
        "rock_surface_um": 50000,
        "dock_contact_um": 40000,
        "dock_spread_um": 300,
        "dock_force_mn": 10000,
        # A closed gate stops the bit; above ring_clear_um the ring turns free of it.
        "feed_gate_block_um": 30000,
        "ring_clear_um": 34000,
        "depth_max_um": 76000,
        # Bit, tube and what hangs on the load cell (1 mg weighs 9.81 uN).
        "tube_bore_um": 80000,
        "tube_core_max_um": 76000,
        "tube_mass_mg": 40000,
        "tool_hang_mn": 8800,
        "core_diameter_um": 13000,
        "bit_diameter_um": 27000,
        # Spindle: encoder edges, all four of each line, for a turn of the bit.
        "spindle_counts_per_turn": 2400,
        # Break-off cam: pulse widths, reach of its switches, time from one to the next.
        "breakoff_centred_us": 1500,
        "breakoff_offset_us": 1100,
        "breakoff_release_us": 1900,
        "breakoff_switch_us": 60,
        "breakoff_travel_ms": 600,
        # Carousel: position 0 is the hole, 1 to seats are the seats, evenly spaced.
        "carousel_steps_per_turn": 16000,
        "carousel_max_steps_per_s": 2000,
        "carousel_index_steps": 40,
        "carousel_detent_steps": 60,
        "tube_sensor_steps": 60,
        # Stations in position pitches of a ring of 44; another ring takes (station * positions + 22) // 44.
        "stations": {"DRILL": 0, "CAMERA": 11, "PROBE": 18, "SEAL": 26, "DROP": 33},
        "stations_of": 44,
        # Probe: travel from its upper end.
        "probe_travel_um": 86000,
        "probe_mouth_um": 5000,
        "probe_bottom_um": 85000,
        "probe_speed_um_s": 8000,
        "probe_free_ma": 120,
        "probe_contact_ma": 300,
        "probe_stall_ma": 700,
        # Sealer: travel from its upper end; current above the free current is force.
        "sealer_travel_um": 40000,
        "sealer_speed_um_s": 6000,
        "sealer_free_ma": 150,
        "sealer_mn_per_ma": 150,
        "sealer_dispense_low_um": 8000,
        "sealer_dispense_high_um": 16000,
        "sealer_count_um": 16500,
        "sealer_contact_um": 30000,
        "seals": 49,
        # Gate: pulse widths and time from one to the other.
        "gate_closed_us": 1000,
        "gate_open_us": 2000,
        "gate_travel_ms": 800,
        # Power: the battery, the resistance of its leads, what the electronics draw.
        "battery_mv": 12600,
        "battery_mwh": 60000,
        "battery_mohm": 200,
        "base_current_ma": 80,
        "brown_out_mv": 9000,
        # Sky: the mission second of power-on, that of the first local midnight, the length of a day, the
        # latitude.
        "start_epoch_s": 52656441,
        "sol_zero_epoch_s": 52617600,
        "sol_s": 88775,
        "latitude_mdeg": 18400,
    },
}
