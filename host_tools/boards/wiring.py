"""The wiring of a board as a table: which pin goes where. Made from board.py, so it is what the firmware
does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.boards import find, stimulus
from host_tools.boards.chips import PHYSICAL

BEGIN = (
    "<!-- wiring: made by `rochette board wiring {name} --write`; what stands between these lines is "
    "overwritten -->"
)
END = "<!-- end of the wiring -->"
PICTURE = "wiring.svg"

_PLAIN = {
    "actuator_enable": "enable of the actuator rail's switch; 10 kOhm to GND",
    "estop_sense": "emergency stop loop: normally closed contact to GND",
    "feed_home": "feed: home switch at the top, to GND",
    "feed_bottom": "feed: limit switch at the bottom, to GND",
    "carousel_index": "carousel: hall switch of the index, open collector",
}
_MODELS = {
    "ina219": "INA219",
    "ads1115": "ADS1115",
    "mcp23017": "MCP23017",
    "lis3dh": "LIS3DH",
    "veml7700": "VEML7700",
    "ds3231": "DS3231",
    "mb85rc256v": "MB85RC256V",
}


@dataclass(frozen=True)
class Row:
    """One pin of the chip: its number, its place on the module's header (None: not brought out), its name in
    board.py, which way it goes, where to, and its quiet level."""

    gp: int
    physical: int | None
    name: str
    way: str
    to: str
    quiet: str


def rows(board: Mapping[str, Any]) -> list[Row]:
    """Every pin in use, by its number."""
    if find.is_stimulus(board):
        return _stimulus_rows(board)
    ends = _ends(board)
    found = []
    for name, pin in board["pins"].items():
        physical = PHYSICAL.get(pin["gp"]) if board["module"] != "bare" else None
        way = {"out": "out", "in": "in", "i2c": "I2C", "uart": "UART", "adc": "analogue"}[pin["dir"]]
        quiet = f"{pin['safe']} when safe" if pin["dir"] == "out" else ""
        if pin["dir"] == "in":
            quiet = f"pull {pin['pull']}"
            if name in _PLAIN:
                quiet += f", {'open' if name == 'estop_sense' else 'made'} reads {pin['active']}"
        found.append(Row(pin["gp"], physical, name, way, ends.get(name) or _PLAIN.get(name, ""), quiet))
    return sorted(found, key=lambda row: row.gp)


def _stimulus_rows(board: Mapping[str, Any]) -> list[Row]:
    found = []
    for name, pin in board["pins"].items():
        quiet = "let go" if pin["dir"] == "out" else "pull down"
        to = stimulus.end_of(board, name)
        found.append(Row(pin["gp"], PHYSICAL.get(pin["gp"]), name, pin["dir"], to, quiet))
    return sorted(found, key=lambda row: row.gp)


def _ends(board: Mapping[str, Any]) -> dict[str, str]:
    ends: dict[str, str] = {}
    for name, part in board["parts"].items():
        driver = part["driver"]
        pio = board["pio"][part["pio"]]["pins"] if "pio" in part else []
        if driver == "h_bridge":
            ends[part["forward"]] = f"{name}: H-bridge IN1, forward"
            ends[part["reverse"]] = f"{name}: H-bridge IN2, reverse"
        elif driver == "stepper":
            ends[pio[0]] = f"{name}: STEP of its driver"
            ends[part["dir"]] = f"{name}: DIR of its driver"
        elif driver == "servo":
            ends[part["pwm"]] = f"{name}: signal, {part['min_us']} to {part['max_us']} us"
        elif driver == "percussion":
            ends[part["pwm"]] = "percussion: gate of the solenoid's MOSFET; 10 kOhm to GND"
        elif driver == "led_ring":
            ends[part["pwm"]] = "led_ring: gate of the LED ring's MOSFET; 10 kOhm to GND"
        elif driver == "encoder":
            ends[pio[0]], ends[pio[1]] = "spindle encoder: channel A", "spindle encoder: channel B"
        elif driver == "hx711":
            ends[pio[0]], ends[pio[1]] = f"{name}: HX711 DOUT", f"{name}: HX711 PD_SCK"
        elif driver == "camera_trigger":
            ends[part["shutter"]] = f"{name}: opto-coupler of the shutter, 330 Ohm"
    for entry in board["i2c"]:
        bus = entry["bus"]
        ends[entry["sda"]] = f"SDA of all parts on I2C{bus}; 4.7 kOhm to 3V3"
        ends[entry["scl"]] = f"SCL of all parts on I2C{bus}; 4.7 kOhm to 3V3"
    link = board["link"]
    if link["port"] == "uart":
        ends[link["tx"]], ends[link["rx"]] = "line to the ground: its RX", "line to the ground: its TX"
    return ends


def on_buses(board: Mapping[str, Any]) -> list[tuple[int, int, str, str]]:
    """Bus, address, name and model of every part on I2C."""
    return sorted(
        (part["bus"], part["address"], name, str(_MODELS.get(part["driver"], part["driver"])))
        for name, part in board["parts"].items()
        if "bus" in part
    )


def expander_lines(board: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Pin of the expander (GPA0 to GPB7), name and meaning of each line on it."""
    found = []
    for part in board["parts"].values():
        if part["driver"] != "mcp23017":
            continue
        for name, entry in part["inputs"].items():
            found.append((entry["bit"], name, f"in, made reads {entry['active']}, pull {entry['pull']}"))
        for name, entry in part["outputs"].items():
            found.append((entry["bit"], name, f"out, {entry['safe']} when safe"))
    return [(f"GP{'AB'[bit // 8]}{bit % 8}", name, what) for bit, name, what in sorted(found)]


def analogue_lines(board: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Input of the converter, name and scale of each sensor on it."""
    found = []
    for name, part in board["parts"].items():
        if part["driver"] == "potentiometer":
            top = part["mv_at_zero"] + part["mv_span"]
            what = f"{part['mv_at_zero']} mV at 0, {top} mV at {part['travel_um'] // 1000} mm"
        elif part["driver"] == "thermistor":
            what = f"{part['mv_at_0c']} mV at 0 °C, {part['uv_per_mc']} mV/°C"
        else:
            continue
        found.append((part["channel"], name, what))
    return [(f"AIN{channel}", name, what) for channel, name, what in sorted(found)]


def table(board: Mapping[str, Any]) -> str:
    """The wiring as Markdown tables."""
    on_header = board["module"] != "bare"
    head = (
        "| GPIO | pin | name in board.py | way | goes to | at rest |"
        if on_header
        else ("| GPIO | name in board.py | way | goes to | at rest |")
    )
    lines = [head, "|" + "---|" * (head.count("|") - 1)]
    for row in rows(board):
        place = f" {row.physical} |" if on_header else ""
        lines.append(f"| GP{row.gp} |{place} `{row.name}` | {row.way} | {row.to} | {row.quiet} |")
    if find.is_stimulus(board):
        lines += [
            "",
            f"The payload is the board `{board['payload']}`. GND (pin 3, 8, 13, 18, 23, 28, 33 or 38) goes",
            "to GND of the payload; no other supply is connected: each Pico has its own USB.",
        ]
        return "\n".join(lines) + "\n"
    lines += ["", "| I2C | address | part | model |", "|---|---|---|---|"]
    lines += [
        f"| {bus} | {address:#04x} | `{name}` | {model} |" for bus, address, name, model in on_buses(board)
    ]
    lines += ["", "| expander | switch or line | |", "|---|---|---|"]
    lines += [f"| {pin} | `{name}` | {what} |" for pin, name, what in expander_lines(board)]
    lines += ["", "| converter | sensor | scale |", "|---|---|---|"]
    lines += [f"| {pin} | `{name}` | {what} |" for pin, name, what in analogue_lines(board)]
    rail = board["rail"]
    lines += ["", f"Actuator rail: {rail['mv'] / 1000:g} V, {rail['limit_ma'] / 1000:g} A.", ""]
    lines += ["| moves together | takes at most |", "|---|---|"]
    for group in rail["together"]:
        total = sum(board["parts"][name]["draw_ma"] for name in group)
        lines.append(f"| {', '.join(f'`{name}`' for name in group)} | {total} mA |")
    return "\n".join(lines) + "\n"


def section(board: Mapping[str, Any], name: str) -> str:
    """What stands between the two marks of a board's README."""
    return f"{BEGIN.format(name=name)}\n\n![Wiring]({PICTURE})\n\n{table(board)}\n{END}"


def into(readme: str, board: Mapping[str, Any], name: str) -> str:
    """`readme` with its wiring section made anew; put at its end when it has none."""
    marks = re.compile(r"<!-- wiring: made by .*?" + re.escape(END), re.DOTALL)
    fresh = section(board, name)
    if marks.search(readme):
        return marks.sub(lambda _: fresh, readme, count=1)
    return readme.rstrip() + "\n\n## Wiring\n\n" + fresh + "\n"


def write(folder: Path, board: Mapping[str, Any]) -> list[Path]:
    """Make README.md's section and the picture of a board's folder; gives the files that changed."""
    from host_tools.boards import picture

    name = str(board["name"])
    readme = folder / "README.md"
    before = readme.read_text(encoding="utf-8") if readme.exists() else f"# {name}\n"
    changed = []
    for file, text in ((readme, into(before, board, name)), (folder / PICTURE, picture.draw(board))):
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")
            changed.append(file)
    return changed
