"""Every key that a board.py can have, with its bounds. check.py walks it; the numbers mean what they mean in
boards/README.md and, for `mechanics`, in boards/emulated/board.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from host_tools.boards.chips import CHIPS, MODULES, PWM_MIN_HZ


@dataclass(frozen=True)
class Whole:
    """An integer from `low` to `high`."""

    low: int
    high: int

    def wrong(self, value: Any) -> str:
        """What is allowed instead of `value`; "" when it is fine."""
        if type(value) is int and self.low <= value <= self.high:
            return ""
        return f"a whole number from {self.low} to {self.high}"


@dataclass(frozen=True)
class OneOf:
    """One of some values."""

    values: tuple[Any, ...]

    def wrong(self, value: Any) -> str:
        """See Whole."""
        # 1 == True: a level is a number.
        if any(value == one and type(value) is type(one) for one in self.values):
            return ""
        return "one of " + ", ".join(map(repr, self.values))


@dataclass(frozen=True)
class Word:
    """A word, not empty."""

    def wrong(self, value: Any) -> str:
        """See Whole."""
        return "" if isinstance(value, str) and value.strip() else "a word"


@dataclass(frozen=True)
class Maybe:
    """Something, or None."""

    inner: Whole | Word

    def wrong(self, value: Any) -> str:
        """See Whole."""
        words = self.inner.wrong(value)
        return f"{words}, or None" if words and value is not None else ""


@dataclass(frozen=True)
class Words:
    """A list of words."""

    fewest: int = 0

    def wrong(self, value: Any) -> str:
        """See Whole."""
        if isinstance(value, list) and len(value) >= self.fewest and all(isinstance(v, str) for v in value):
            return ""
        return f"a list of names{f', at least {self.fewest}' if self.fewest else ''}"


Kind = Whole | OneOf | Word | Maybe | Words
LEVEL = OneOf((0, 1))
GPIO_MAX = max(chip.gpios for chip in CHIPS.values()) - 1

TOP: dict[str, Kind | None] = {
    "name": Word(),
    "mcu": OneOf(tuple(CHIPS)),
    "module": OneOf(MODULES),
    "seats": Whole(2, 64),
    "watchdog_ms": Whole(100, 8388),
    "sleep": OneOf(("lightsleep", "latch")),
    # None: a table of its own, below.
    "guard": None,
    "pins": None,
    "link": None,
    "pwm": None,
    "i2c": None,
    "pio": None,
    "rail": None,
    "parts": None,
    "mechanics": None,
}

PIN: dict[str, Kind] = {
    "gp": Whole(0, GPIO_MAX),
    "dir": OneOf(("out", "in", "i2c", "uart", "adc")),
    "safe": OneOf((0, 1, None)),
    "active": LEVEL,
    "pull": OneOf(("up", "down", None)),
}

GUARD: dict[str, Kind] = {
    "state_machine": Whole(-1, max(chip.state_machines for chip in CHIPS.values()) - 1),
    "heartbeat_ms": Whole(20, 1000),
    # No INA219 reads more than 320 mV over its shunt; 100 A is no bench supply's.
    "spindle_ma": Whole(100, 100_000),
    "aux_ma": Whole(100, 100_000),
    "bus_ma": Whole(100, 100_000),
    "home_grace_ms": Whole(0, 2000),
}

LINK: dict[str, Kind | None] = {
    "port": OneOf(("usb", "uart")),
    "radio": OneOf((True, False)),
    "key_file": Maybe(Word()),
    "files": None,
}
LINK_UART: dict[str, Kind] = {
    "uart": Whole(0, 1),
    "tx": Word(),
    "rx": Word(),
    "baud": Whole(1200, 3_000_000),
    "rx_bytes": Whole(32, 32_766),
    "tx_bytes": Whole(32, 32_766),
}
LINK_FILES: dict[str, Kind] = {
    "folder": Maybe(Word()),
    "ram_bytes": Whole(0, 65_536),
    "longest": Whole(64, 65_536),
}

PWM: dict[str, Kind] = {"freq_hz": Whole(PWM_MIN_HZ, 100_000)}

I2C: dict[str, Kind] = {
    "bus": Whole(0, 1),
    "sda": Word(),
    "scl": Word(),
    # 400 kHz is the fastest that every part on the bus takes (DS3231, LIS3DH, VEML7700).
    "freq_hz": Whole(10_000, 400_000),
    "timeout_us": Whole(100, 50_000),
}

PIO: dict[str, Kind] = {
    "program": OneOf(("stepper", "quadrature", "hx711")),
    "state_machine": Whole(0, max(chip.state_machines for chip in CHIPS.values()) - 1),
    "freq_hz": Whole(2_000, 125_000_000),
    "pins": Words(1),
}

RAIL: dict[str, Kind | None] = {"mv": Whole(3_000, 48_000), "limit_ma": Whole(100, 60_000), "together": None}

DRAW: dict[str, Kind] = {"draw_ma": Whole(1, 30_000)}
"""What each part on the switched rail has: the most that it takes from it, by its own limit."""

_BUS: dict[str, Kind] = {"bus": Whole(0, 1)}
DRIVERS: dict[str, dict[str, Kind | None]] = {
    "h_bridge": {"forward": Word(), "reverse": Word(), **DRAW},
    "stepper": {
        "pio": Word(),
        "dir": Word(),
        "forward_level": LEVEL,
        "max_steps_per_s": Whole(1, 20_000),
        **DRAW,
    },
    "servo": {"pwm": Word(), "min_us": Whole(500, 2_500), "max_us": Whole(500, 2_500), **DRAW},
    "percussion": {
        "pwm": Word(),
        "min_mhz": Whole(8_000, 60_000),
        "max_mhz": Whole(8_000, 60_000),
        "max_pulse_us": Whole(100, 50_000),
        **DRAW,
    },
    "led_ring": {"pwm": Word(), **DRAW},
    "encoder": {"pio": Word()},
    "hx711": {
        "pio": Word(),
        "samples_per_s": OneOf((10, 80)),
        "mn_num": Whole(1, 60),
        "mn_den": Whole(1, 32_767),
        "zero_raw": Whole(-8_388_608, 8_388_607),
    },
    "ina219": {**_BUS, "address": Whole(0x40, 0x4F), "shunt_uohm": Whole(1_000, 1_000_000)},
    "ads1115": {**_BUS, "address": Whole(0x48, 0x4B), "channels": None, "sequence": None},
    "mcp23017": {
        **_BUS,
        "address": Whole(0x20, 0x27),
        "inputs": None,
        "outputs": None,
        "latch": Words(),
    },
    "lis3dh": {**_BUS, "address": Whole(0x18, 0x19)},
    "veml7700": {**_BUS, "address": Whole(0x10, 0x10)},
    "ds3231": {**_BUS, "address": Whole(0x68, 0x68), "epoch_year": Whole(2000, 2099)},
    "mb85rc256v": {
        **_BUS,
        "address": Whole(0x50, 0x57),
        "bytes": Whole(32_768, 32_768),
        "scratch": Whole(1_024, 32_760),
    },
    "potentiometer": {
        "channel": Whole(0, 3),
        "mv_at_zero": Whole(0, 4_095),
        "mv_span": Whole(-4_095, 4_095),
        "travel_um": Whole(1_000, 300_000),
    },
    "thermistor": {"channel": Whole(0, 3), "mv_at_0c": Whole(0, 4_095), "uv_per_mc": Whole(1, 100)},
    "camera_trigger": {"shutter": Word(), "focus": Word(), "sync": Word()},
}
EXPANDER_IN: dict[str, Kind] = {"bit": Whole(0, 15), "active": LEVEL, "pull": OneOf(("up", None))}
EXPANDER_OUT: dict[str, Kind] = {"bit": Whole(0, 15), "active": LEVEL, "safe": OneOf((0, 1, None))}

MOVES = ("h_bridge", "stepper", "servo", "percussion", "led_ring")
"""Drivers of parts that take their power from the switched rail."""

# What the firmware builds a payload of (firmware/rochette/payload.py): the name, and the driver that it has.
PARTS = {
    "spindle": "h_bridge",
    "probe": "h_bridge",
    "sealer": "h_bridge",
    "percussion": "percussion",
    "encoder": "encoder",
    "feed": "stepper",
    "carousel": "stepper",
    "breakoff_servo": "servo",
    "gate_servo": "servo",
    "led_ring": "led_ring",
    "load_cell": "hx711",
    "spindle_current": "ina219",
    "bus_current": "ina219",
    "aux_current": "ina219",
    "analogue": "ads1115",
    "probe_position": "potentiometer",
    "sealer_position": "potentiometer",
    "motor_temperature": "thermistor",
    "ambient_temperature": "thermistor",
    "switches": "mcp23017",
    "tilt": "lis3dh",
    "light": "veml7700",
    "mission_clock": "ds3231",
    "fram": "mb85rc256v",
    "camera": "camera_trigger",
}
LINES = {
    "actuator_enable": "out",
    "estop_sense": "in",
    "feed_home": "in",
    "feed_bottom": "in",
    "carousel_index": "in",
}
"""Pins that no part names, and which way they go."""
SWITCHES = (
    "breakoff_centred",
    "breakoff_offset",
    "gate_closed",
    "dispenser_count",
    "tube_present",
    "feed_stall",
    "carousel_detent",
    "camera_sync",
)

_UM = Whole(0, 1_000_000)
_US = Whole(500, 2_500)
MECHANICS: dict[str, Kind | None] = {
    "seats": Whole(2, 64),
    "feed_nm_per_step": Whole(10, 100_000),
    "feed_travel_um": Whole(10_000, 1_000_000),
    "feed_end_stop_um": Whole(0, 20_000),
    "feed_backlash_um": Whole(0, 2_000),
    "feed_pullout_mn": Whole(1_000, 2_000_000),
    "feed_home_um": _UM,
    "feed_bottom_um": _UM,
    "feed_spring_mn_per_um": Whole(1, 10_000),
    "rock_surface_um": _UM,
    "dock_contact_um": _UM,
    "dock_spread_um": Whole(0, 20_000),
    "dock_force_mn": Whole(100, 500_000),
    "feed_gate_block_um": _UM,
    "ring_clear_um": _UM,
    "depth_max_um": Whole(1_000, 500_000),
    "tube_bore_um": Whole(1_000, 500_000),
    "tube_core_max_um": Whole(1_000, 500_000),
    "tube_mass_mg": Whole(100, 5_000_000),
    "tool_hang_mn": Whole(0, 500_000),
    "core_diameter_um": Whole(1_000, 200_000),
    "bit_diameter_um": Whole(1_000, 200_000),
    "spindle_counts_per_turn": Whole(4, 1_000_000),
    "breakoff_centred_us": _US,
    "breakoff_offset_us": _US,
    "breakoff_release_us": _US,
    "breakoff_switch_us": Whole(1, 500),
    "breakoff_travel_ms": Whole(10, 60_000),
    "carousel_steps_per_turn": Whole(100, 1_000_000),
    "carousel_max_steps_per_s": Whole(1, 20_000),
    "carousel_index_steps": Whole(1, 10_000),
    "carousel_detent_steps": Whole(1, 10_000),
    "tube_sensor_steps": Whole(1, 10_000),
    "stations": None,
    "stations_of": Whole(2, 65),
    "probe_travel_um": Whole(1_000, 500_000),
    "probe_mouth_um": _UM,
    "probe_bottom_um": _UM,
    "probe_speed_um_s": Whole(10, 500_000),
    "probe_free_ma": Whole(1, 20_000),
    "probe_contact_ma": Whole(1, 20_000),
    "probe_stall_ma": Whole(1, 20_000),
    "sealer_travel_um": Whole(1_000, 500_000),
    "sealer_speed_um_s": Whole(10, 500_000),
    "sealer_free_ma": Whole(1, 20_000),
    "sealer_mn_per_ma": Whole(1, 10_000),
    "sealer_dispense_low_um": _UM,
    "sealer_dispense_high_um": _UM,
    "sealer_count_um": _UM,
    "sealer_contact_um": _UM,
    "seals": Whole(0, 1_000),
    "gate_closed_us": _US,
    "gate_open_us": _US,
    "gate_travel_ms": Whole(10, 60_000),
    "battery_mv": Whole(3_000, 48_000),
    "battery_mwh": Whole(100, 10_000_000),
    "battery_mohm": Whole(0, 10_000),
    "base_current_ma": Whole(0, 5_000),
    "sleep_current_ma": Whole(0, 1000),
    "heater_ma": Whole(0, 5000),
    "brown_out_mv": Whole(1_000, 48_000),
    "start_epoch_s": Whole(0, 2**30 - 1),
    "sol_zero_epoch_s": Whole(0, 2**30 - 1),
    "sol_s": Whole(60, 10_000_000),
    "latitude_mdeg": Whole(-90_000, 90_000),
}
STATIONS = ("DRILL", "CAMERA", "PROBE", "SEAL", "DROP")

# lower key, higher key, why: in `mechanics`.
ORDER = (
    ("feed_home_um", "ring_clear_um", "the ring turns free above the rock"),
    ("ring_clear_um", "dock_contact_um", "a bit that is clear of the ring cannot touch a tube's collar"),
    ("dock_contact_um", "feed_bottom_um", "a tube has to be met before the bottom switch"),
    ("rock_surface_um", "feed_bottom_um", "the rock has to be met before the bottom switch"),
    ("feed_bottom_um", "feed_travel_um", "the bottom switch lies within the travel"),
    ("tube_core_max_um", "tube_bore_um", "the core has to fit the tube"),
    ("depth_max_um", "tube_core_max_um", "what is cored has to fit the tube"),
    ("core_diameter_um", "bit_diameter_um", "the core stands inside the bit"),
    ("probe_mouth_um", "probe_bottom_um", "a tube's mouth is above its bottom"),
    ("probe_bottom_um", "probe_travel_um", "the probe has to reach a tube's bottom"),
    ("probe_free_ma", "probe_contact_ma", "contact is told from free motion by current"),
    ("probe_contact_ma", "probe_stall_ma", "a stall is told from contact by current"),
    ("sealer_dispense_low_um", "sealer_dispense_high_um", "the dispenser's window"),
    ("sealer_contact_um", "sealer_travel_um", "the sealer has to reach the tube"),
    ("brown_out_mv", "battery_mv", "the battery has to be above the brown-out level"),
)
