"""A second Pico on the payload's pins, which plays sensors and measures pulses: data only.

boards/stimulus/README.md says how it is wired; boards/README.md explains every key.
"""

BOARD: dict = {
    "name": "stimulus",
    # No payload: it runs firmware/stimulus.
    "role": "stimulus",
    "mcu": "rp2040",
    "module": "pico",
    # The payload's board whose pins its table and picture name.
    "payload": "pico",
    # Every GPIO in use. dir: out plays, in measures. to: the pin, or the switch on the expander, of the
    # payload that it is wired to. ohm: the resistor in that wire.
    "pins": {
        "encoder_a": {"gp": 0, "dir": "out", "to": "encoder_a", "ohm": 330},
        "encoder_b": {"gp": 1, "dir": "out", "to": "encoder_b", "ohm": 330},
        "estop_sense": {"gp": 2, "dir": "out", "to": "estop_sense", "ohm": 1000},
        "carousel_index": {"gp": 3, "dir": "out", "to": "carousel_index", "ohm": 1000},
        "feed_home": {"gp": 4, "dir": "out", "to": "feed_home", "ohm": 1000},
        "feed_bottom": {"gp": 5, "dir": "out", "to": "feed_bottom", "ohm": 1000},
        "tube_present": {"gp": 6, "dir": "out", "to": "tube_present", "ohm": 1000},
        "carousel_detent": {"gp": 7, "dir": "out", "to": "carousel_detent", "ohm": 1000},
        "hx711_data": {"gp": 8, "dir": "out", "to": "hx711_data", "ohm": 330},
        "hx711_clock": {"gp": 9, "dir": "in", "to": "hx711_clock", "ohm": 330},
        "feed_step": {"gp": 10, "dir": "in", "to": "feed_step", "ohm": 330},
        "feed_dir": {"gp": 11, "dir": "in", "to": "feed_dir", "ohm": 330},
        "carousel_step": {"gp": 12, "dir": "in", "to": "carousel_step", "ohm": 330},
        "carousel_dir": {"gp": 13, "dir": "in", "to": "carousel_dir", "ohm": 330},
        "spindle_fwd": {"gp": 14, "dir": "in", "to": "spindle_fwd", "ohm": 1000},
        "spindle_rev": {"gp": 15, "dir": "in", "to": "spindle_rev", "ohm": 1000},
        "probe_out": {"gp": 16, "dir": "in", "to": "probe_out", "ohm": 1000},
        "probe_in": {"gp": 17, "dir": "in", "to": "probe_in", "ohm": 1000},
        "sealer_press": {"gp": 18, "dir": "in", "to": "sealer_press", "ohm": 1000},
        "sealer_lift": {"gp": 19, "dir": "in", "to": "sealer_lift", "ohm": 1000},
        "breakoff_servo": {"gp": 20, "dir": "in", "to": "breakoff_servo", "ohm": 1000},
        "gate_servo": {"gp": 21, "dir": "in", "to": "gate_servo", "ohm": 1000},
        "percussion": {"gp": 22, "dir": "in", "to": "percussion", "ohm": 1000},
        "actuator_enable": {"gp": 26, "dir": "in", "to": "actuator_enable", "ohm": 1000},
        "led_ring": {"gp": 27, "dir": "in", "to": "led_ring", "ohm": 1000},
        "gate_closed": {"gp": 28, "dir": "out", "to": "gate_closed", "ohm": 1000},
    },
    # Lines that are set to a level.
    "switches": [
        "estop_sense",
        "carousel_index",
        "feed_home",
        "feed_bottom",
        "tube_present",
        "carousel_detent",
        "gate_closed",
    ],
    # State machines: 0 to 3 belong to PIO0, 4 to 7 to PIO1.
    "axes": {
        "feed": {"step": "feed_step", "dir": "feed_dir", "counter": 0, "shortest": 1},
        "carousel": {"step": "carousel_step", "dir": "carousel_dir", "counter": 2, "shortest": 3},
    },
    "encoder": {"pins": ["encoder_a", "encoder_b"], "state_machine": 4},
    "load_cell": {"pins": ["hx711_data", "hx711_clock"], "state_machine": 5, "samples_per_s": 80},
    # One machine for all PWM lines, one after the other; the line that it begins with.
    "duty": {"state_machine": 6, "first": "spindle_fwd"},
}
