"""Hold a board against the schema, the chip's data sheet and what the firmware needs.

Every finding names the option by its path in board.py, its value and what is allowed: nothing is found only
when the smoke comes. What the firmware itself checks at start is a part of this.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from host_tools.boards import find, schema, stimulus
from host_tools.boards.chips import (
    ADC_FIRST,
    ADC_LAST,
    CHIPS,
    INSIDE,
    PHYSICAL,
    PIO_WORDS,
    STATE_MACHINES,
    UART_RX,
    UART_TX,
    Chip,
    i2c_pins,
    pwm_channel,
    pwm_slice,
)

# Values that are said without quotes: they are no text of board.py.
_PLAIN = re.compile(r"missing$|GP\d+|0x[0-9a-f]{2}$|\d+ mA$")


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with a board."""

    option: str
    value: str
    bound: str

    def __str__(self) -> str:
        return (
            f"{self.option} is {self.value}: {self.bound}" if self.value else f"{self.option}: {self.bound}"
        )


def check(board: Mapping[str, Any], folder: str | None = None) -> list[Finding]:
    """Everything wrong with a board; [] for a sound one. `folder`: the name that it has to have."""
    if find.is_stimulus(board):
        return [Finding(option, _said(value), bound) for option, value, bound in stimulus.wrong(board)]
    return _Check(board, folder).run()


def _said(value: Any) -> str:
    return value if isinstance(value, str) and _PLAIN.match(value) else repr(value)


@cache
def program_words() -> dict[str, int]:
    """How many instructions each PIO program of the firmware takes, as its assembler counts them."""
    from host_tools.emulator import loader

    loader.install()
    from rochette.hal import pio_programs

    return {
        name: len(getattr(pio_programs, name).words) for name in ("stepper", "quadrature", "hx711", "beat")
    }


class _Check:
    def __init__(self, board: Mapping[str, Any], folder: str | None) -> None:
        self.board = board
        self.folder = folder
        self.found: list[Finding] = []
        self.chip: Chip = CHIPS.get(str(board.get("mcu")), CHIPS["rp2040"])
        # Who uses a pin, by the pin's name.
        self.users: dict[str, list[str]] = {}

    def bad(self, option: str, value: Any, bound: str) -> None:
        self.found.append(Finding(option, _said(value), bound))

    def run(self) -> list[Finding]:
        self._shape()
        if self.found:
            # Further rules would stumble over what is missing; first things first.
            return self.found
        self._pins()
        self._pwm()
        self._i2c()
        self._uart()
        self._pio()
        self._parts()
        self._needed()
        self._used()
        self._mechanics()
        self._rail()
        return self.found

    # Shape: keys, kinds and bounds

    def _table(self, where: str, table: Any, keys: Mapping[str, schema.Kind | None]) -> bool:
        """Whether `table` is one, with exactly these keys, each within its bounds."""
        if not isinstance(table, dict):
            self.bad(where, table, "a dictionary has to stand here")
            return False
        before = len(self.found)
        for key, value in table.items():
            path = f"{where}.{key}" if where else str(key)
            if key not in keys:
                near = difflib.get_close_matches(str(key), list(keys), 1)
                hint = f" (did you mean '{near[0]}'?)" if near else ""
                self.bad(path, value, f"unknown key{hint}; known here are {', '.join(keys)}")
                continue
            kind = keys[key]
            if kind is not None and (allowed := kind.wrong(value)):
                self.bad(path, value, f"{allowed} is allowed")
        for key, kind in keys.items():
            if key not in table:
                path = f"{where}.{key}" if where else key
                self.bad(path, "missing", self._why_needed(key, kind))
        return len(self.found) == before

    @staticmethod
    def _why_needed(key: str, kind: schema.Kind | None) -> str:
        allowed = f"; {kind.wrong(object())}" if kind is not None else ""
        if key == "safe":
            return f"every pin says its safe level{allowed}"
        if key.startswith("max_") or key in ("draw_ma", "limit_ma"):
            return f"a part that moves has to have its limit{allowed}"
        return f"this key has to be there{allowed}"

    def _shape(self) -> None:
        board = self.board
        if not self._table("", board, schema.TOP):
            return
        if self.folder is not None and board["name"] != self.folder:
            self.bad("name", board["name"], f"the folder's name is allowed, '{self.folder}'")
        for name, pin in self._each("pins"):
            self._table(f"pins.{name}", pin, schema.PIN)
        self._table("guard", board["guard"], schema.GUARD)
        self._shape_link()
        for name, entry in self._each("pwm"):
            self._table(f"pwm.{name}", entry, schema.PWM)
        if not isinstance(board["i2c"], list):
            self.bad("i2c", board["i2c"], "a list of buses has to stand here")
        else:
            for n, entry in enumerate(board["i2c"]):
                self._table(f"i2c[{n}]", entry, schema.I2C)
        for name, entry in self._each("pio"):
            self._table(f"pio.{name}", entry, schema.PIO)
        self._shape_rail()
        for name, part in self._each("parts"):
            self._shape_part(name, part)
        if self._table("mechanics", board["mechanics"], schema.MECHANICS):
            stations = {name: schema.Whole(0, 64) for name in schema.STATIONS}
            self._table("mechanics.stations", board["mechanics"]["stations"], stations)

    def _each(self, table: str) -> Iterable[tuple[str, Any]]:
        entries = self.board[table]
        if isinstance(entries, dict):
            return list(entries.items())
        self.bad(table, entries, "a dictionary has to stand here")
        return []

    def _shape_link(self) -> None:
        link = self.board["link"]
        keys = dict(schema.LINK)
        if isinstance(link, dict) and link.get("port") == "uart":
            keys.update(schema.LINK_UART)
        if self._table("link", link, keys):
            self._table("link.files", link["files"], schema.LINK_FILES)

    def _shape_rail(self) -> None:
        rail = self.board["rail"]
        if not self._table("rail", rail, schema.RAIL):
            return
        groups = rail["together"]
        if not isinstance(groups, list) or not groups:
            self.bad("rail.together", groups, "a list of lists: parts that move at the same time")
            return
        for n, group in enumerate(groups):
            if allowed := schema.Words(1).wrong(group):
                self.bad(f"rail.together[{n}]", group, f"{allowed} is allowed")

    def _shape_part(self, name: str, part: Any) -> None:
        where = f"parts.{name}"
        if not isinstance(part, dict) or part.get("driver") not in schema.DRIVERS:
            value = part.get("driver", "missing") if isinstance(part, dict) else part
            self.bad(f"{where}.driver", value, f"one of {', '.join(schema.DRIVERS)} is allowed")
            return
        driver = part["driver"]
        keys: dict[str, schema.Kind | None] = {"driver": schema.Word(), **schema.DRIVERS[driver]}
        if not self._table(where, part, keys):
            return
        if driver == "mcp23017":
            for kind, shape in (("inputs", schema.EXPANDER_IN), ("outputs", schema.EXPANDER_OUT)):
                if not isinstance(part[kind], dict):
                    self.bad(f"{where}.{kind}", part[kind], "a dictionary has to stand here")
                    continue
                for line, entry in part[kind].items():
                    self._table(f"{where}.{kind}.{line}", entry, shape)
        elif driver == "ads1115":
            channels, sequence = part["channels"], part["sequence"]
            if not isinstance(channels, dict):
                self.bad(f"{where}.channels", channels, "a dictionary has to stand here")
            elif self._table(f"{where}.channels", channels, {key: schema.Whole(0, 3) for key in channels}):
                used = sorted(channels.values())
                if not isinstance(sequence, list) or sorted(set(sequence)) != used:
                    self.bad(f"{where}.sequence", sequence, f"a list with each of the channels {used}")

    # Pins

    def _gp(self, pin: str) -> int:
        gp: int = self.board["pins"][pin]["gp"]
        return gp

    def _pins(self) -> None:
        by_gp: dict[int, str] = {}
        for name, pin in self.board["pins"].items():
            where = f"pins.{name}"
            gp = pin["gp"]
            if gp >= self.chip.gpios:
                self.bad(
                    f"{where}.gp", gp, f"0 to {self.chip.gpios - 1} are the GPIO of the {self.chip.name}"
                )
            elif self.board["module"] != "bare" and gp not in PHYSICAL:
                self.bad(
                    f"{where}.gp",
                    f"GP{gp}",
                    f"a {self.board['module']} does not bring it out: it is {INSIDE[gp]}",
                )
            if gp in by_gp:
                self.bad(f"{where}.gp", f"GP{gp}", f"that pin is used by {by_gp[gp]} already")
            by_gp.setdefault(gp, name)
            if pin["dir"] == "out":
                if pin["safe"] not in (0, 1):
                    self.bad(f"{where}.safe", pin["safe"], "an output has to have a safe level, 0 or 1")
                elif pin["safe"] == pin["active"]:
                    self.bad(
                        f"{where}.safe",
                        pin["safe"],
                        f"{1 - pin['active']} is allowed: at its active level it would be on from the start",
                    )
            elif pin["dir"] == "in" and pin["pull"] is None:
                self.bad(
                    f"{where}.pull", None, "'up' or 'down' is allowed: without a pull a broken wire floats"
                )
            elif pin["dir"] == "adc" and not ADC_FIRST <= gp <= ADC_LAST:
                self.bad(
                    f"{where}.gp",
                    f"GP{gp}",
                    f"GP{ADC_FIRST} to GP{ADC_LAST} have the ADC of the {self.chip.name}",
                )

    def _pin(self, option: str, name: Any, directions: tuple[str, ...], user: str) -> bool:
        """Whether `name` is a pin that goes one of these ways; notes who uses it."""
        pin = self.board["pins"].get(name)
        if pin is None:
            self.bad(
                option, name, f"one of the pins of this board is allowed: {', '.join(self.board['pins'])}"
            )
            return False
        self.users.setdefault(name, []).append(user)
        if pin["dir"] not in directions:
            allowed = " or ".join(f"'{one}'" for one in directions)
            self.bad(f"pins.{name}.dir", pin["dir"], f"{allowed} is allowed for {user}")
            return False
        return True

    # PWM

    def _pwm(self) -> None:
        taken: dict[tuple[int, str], str] = {}
        carrier: dict[int, str] = {}
        for name, entry in self.board["pwm"].items():
            if not self._pin(f"pwm.{name}", name, ("out",), f"pwm.{name}"):
                continue
            self.users[name].pop()  # a PWM is no user of its own: the part is
            gp = self._gp(name)
            number, channel = pwm_slice(gp), pwm_channel(gp)
            other = taken.get((number, channel))
            if other is not None:
                self.bad(
                    f"pwm.{name}",
                    f"GP{gp}",
                    f"it is output {channel} of PWM slice {number}, as GP{self._gp(other)} ({other}) is: "
                    "both would do the same",
                )
                continue
            taken[number, channel] = name
            first = carrier.setdefault(number, name)
            freq = self.board["pwm"][first]["freq_hz"]
            if entry["freq_hz"] != freq:
                self.bad(
                    f"pwm.{name}.freq_hz",
                    entry["freq_hz"],
                    f"{freq} is allowed: GP{gp} and GP{self._gp(first)} ({first}) are the two outputs of "
                    f"PWM slice {number}, which has one frequency",
                )

    # Buses

    def _i2c(self) -> None:
        seen: set[int] = set()
        for n, entry in enumerate(self.board["i2c"]):
            bus = entry["bus"]
            if bus in seen:
                self.bad(f"i2c[{n}].bus", bus, "each bus stands here once")
            seen.add(bus)
            for line in ("sda", "scl"):
                option = f"i2c[{n}].{line}"
                if self._pin(option, entry[line], ("i2c",), f"i2c{bus}"):
                    allowed = i2c_pins(bus, line, self.chip.gpios)
                    gp = self._gp(entry[line])
                    if gp not in allowed:
                        pins = ", ".join(f"GP{one}" for one in allowed)
                        self.bad(
                            option,
                            f"GP{gp} ({entry[line]})",
                            f"{line.upper()} of I2C{bus} can be on {pins}",
                        )
        taken: dict[tuple[int, int], str] = {}
        for name, part in self.board["parts"].items():
            if "bus" not in part:
                continue
            if part["bus"] not in seen:
                self.bad(f"parts.{name}.bus", part["bus"], f"the buses of this board are {sorted(seen)}")
            other = taken.setdefault((part["bus"], part["address"]), name)
            if other != name:
                self.bad(
                    f"parts.{name}.address",
                    f"{part['address']:#04x}",
                    f"on I2C{part['bus']} that address belongs to {other} already",
                )

    def _uart(self) -> None:
        link = self.board["link"]
        if link["port"] != "uart":
            return
        number = link["uart"]
        for line, table in (("tx", UART_TX), ("rx", UART_RX)):
            if self._pin(f"link.{line}", link[line], ("uart",), "link"):
                gp = self._gp(link[line])
                if gp not in table[number]:
                    pins = ", ".join(f"GP{one}" for one in table[number])
                    self.bad(
                        f"link.{line}",
                        f"GP{gp} ({link[line]})",
                        f"{line.upper()} of UART{number} can be on {pins}",
                    )

    # PIO

    def _pio(self) -> None:
        machines: dict[int, str] = {}
        programs: dict[int, dict[str, str]] = {}
        words = program_words()
        for name, entry in self.board["pio"].items():
            where = f"pio.{name}"
            number = entry["state_machine"]
            last = self.chip.state_machines - 1
            if number > last:
                self.bad(
                    f"{where}.state_machine",
                    number,
                    f"0 to {last} are allowed: the {self.chip.name} has {self.chip.pio_blocks} PIO blocks of "
                    f"{STATE_MACHINES}",
                )
                continue
            other = machines.setdefault(number, name)
            if other != name:
                self.bad(f"{where}.state_machine", number, f"that state machine belongs to {other} already")
            programs.setdefault(number // STATE_MACHINES, {}).setdefault(entry["program"], name)
            self._pio_pins(where, entry)
        self._guard(machines, programs)
        for block, used in programs.items():
            total = sum(words[program] for program in used)
            if total > PIO_WORDS:
                parts = ", ".join(f"{program} {words[program]}" for program in used)
                last_name = list(used.values())[-1]
                self.bad(
                    f"pio.{last_name}.state_machine" if last_name != "guard" else "guard.state_machine",
                    (self.board["pio"].get(last_name) or self.board["guard"])["state_machine"],
                    f"PIO{block} holds {PIO_WORDS} instructions, and these programs take {total} ({parts}): "
                    "another block is allowed",
                )

    def _guard(self, machines: dict[int, str], programs: dict[int, dict[str, str]]) -> None:
        """The guard's interrupt has a state machine of its own, and sensors that can read its limits."""
        guard = self.board["guard"]
        number = guard["state_machine"]
        if number >= 0:
            if number in machines:
                other = machines[number]
                self.bad("guard.state_machine", number, f"that state machine belongs to {other} already")
            elif number > self.chip.state_machines - 1:
                self.bad("guard.state_machine", number, f"0 to {self.chip.state_machines - 1} are allowed")
            else:
                programs.setdefault(number // STATE_MACHINES, {}).setdefault("beat", "guard")
        for key, name in (
            ("spindle_ma", "spindle_current"),
            ("aux_ma", "aux_current"),
            ("bus_ma", "bus_current"),
        ):
            part = self.board["parts"].get(name, {})
            most_ma = 320_000_000 // part["shunt_uohm"] if part.get("shunt_uohm") else 0
            if most_ma and guard[key] >= most_ma:
                self.bad(
                    f"guard.{key}", guard[key], f"below {most_ma} is allowed: {name} reads no more than that"
                )

    def _pio_pins(self, where: str, entry: Mapping[str, Any]) -> None:
        directions = {"stepper": ("out",), "quadrature": ("in", "in"), "hx711": ("in", "out")}
        wanted = directions[entry["program"]]
        pins = entry["pins"]
        if len(pins) != len(wanted):
            self.bad(f"{where}.pins", pins, f"{entry['program']} takes {len(wanted)}")
            return
        sound = [
            self._pin(f"{where}.pins[{n}]", pin, (way,), where)
            for n, (pin, way) in enumerate(zip(pins, wanted, strict=True))
        ]
        if all(sound) and entry["program"] == "quadrature" and self._gp(pins[1]) != self._gp(pins[0]) + 1:
            self.bad(
                f"{where}.pins[1]",
                f"GP{self._gp(pins[1])} ({pins[1]})",
                f"GP{self._gp(pins[0]) + 1} is allowed: channel B is on the pin after channel A",
            )
        # 25 pulses, each 2 cycles high: 0.2 to 50 us (HX711 data sheet, "Serial interface").
        if entry["program"] == "hx711" and not 40_000 <= entry["freq_hz"] <= 10_000_000:
            self.bad(f"{where}.freq_hz", entry["freq_hz"], "40000 to 10000000 is allowed for an HX711")

    # Parts

    def _parts(self) -> None:
        for name, part in self.board["parts"].items():
            where = f"parts.{name}"
            for key in ("forward", "reverse", "pwm"):
                if key in part:
                    self._takes_pwm(f"{where}.{key}", part[key], where)
            if "pio" in part:
                self._takes_pio(f"{where}.pio", part["pio"], part["driver"])
            if "dir" in part:
                self._pin(f"{where}.dir", part["dir"], ("out",), where)
            for low, high in (("min_us", "max_us"), ("min_mhz", "max_mhz")):
                if low in part and part[low] > part[high]:
                    self.bad(f"{where}.{low}", part[low], f"at most {high}, {part[high]}, is allowed")
            if part["driver"] == "camera_trigger":
                self._camera(where, part)
            elif part["driver"] == "mcp23017":
                self._expander(where, part)
            elif part["driver"] == "potentiometer":
                self._potentiometer(where, part)

    def _takes_pwm(self, option: str, pin: Any, user: str) -> None:
        if self._pin(option, pin, ("out",), user) and pin not in self.board["pwm"]:
            self.bad(option, pin, f"a pin with an entry in 'pwm' is allowed: {', '.join(self.board['pwm'])}")

    def _takes_pio(self, option: str, name: Any, driver: str) -> None:
        entry = self.board["pio"].get(name)
        program = {"encoder": "quadrature"}.get(driver, driver)
        if entry is None or entry["program"] != program:
            fit = [one for one, other in self.board["pio"].items() if other["program"] == program]
            self.bad(option, name, f"an entry of 'pio' with program '{program}' is allowed: {', '.join(fit)}")

    def _camera(self, where: str, part: Mapping[str, Any]) -> None:
        self._pin(f"{where}.shutter", part["shutter"], ("out",), where)
        for key, kind in (("focus", "outputs"), ("sync", "inputs")):
            lines = [
                line
                for other in self.board["parts"].values()
                if other["driver"] == "mcp23017"
                for line in other[kind]
            ]
            if part[key] not in lines:
                self.bad(
                    f"{where}.{key}",
                    part[key],
                    f"one of the expander's {kind} is allowed: {', '.join(lines)}",
                )

    def _expander(self, where: str, part: Mapping[str, Any]) -> None:
        bits: dict[int, str] = {}
        for kind in ("inputs", "outputs"):
            for line, entry in part[kind].items():
                other = bits.setdefault(entry["bit"], line)
                if other != line:
                    self.bad(
                        f"{where}.{kind}.{line}.bit", entry["bit"], f"that bit is used by {other} already"
                    )
                if kind == "outputs" and entry["safe"] not in (0, 1):
                    self.bad(
                        f"{where}.outputs.{line}.safe", entry["safe"], "an output has to have a safe level"
                    )
                elif kind == "outputs" and entry["safe"] == entry["active"]:
                    self.bad(
                        f"{where}.outputs.{line}.safe",
                        entry["safe"],
                        f"{1 - entry['active']} is allowed: at its active level it would be on at once",
                    )
        for line in part["latch"]:
            if line not in part["inputs"]:
                self.bad(f"{where}.latch", line, f"inputs are allowed: {', '.join(part['inputs'])}")

    def _potentiometer(self, where: str, part: Mapping[str, Any]) -> None:
        top = part["mv_at_zero"] + part["mv_span"]
        if not 0 <= top <= 4_095 or part["mv_span"] == 0:
            self.bad(
                f"{where}.mv_span",
                part["mv_span"],
                f"from mv_at_zero {part['mv_at_zero']} it has to stay within 0 to 4095 mV, and move",
            )

    def _needed(self) -> None:
        parts = self.board["parts"]
        for name, driver in schema.PARTS.items():
            if name not in parts:
                self.bad(f"parts.{name}", "missing", f"the firmware needs it, with driver '{driver}'")
            elif parts[name]["driver"] != driver:
                self.bad(f"parts.{name}.driver", parts[name]["driver"], f"'{driver}' is allowed")
        for name in parts:
            if name not in schema.PARTS:
                near = difflib.get_close_matches(name, list(schema.PARTS), 1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                self.bad(
                    f"parts.{name}", parts[name]["driver"], f"the firmware knows no part of that name{hint}"
                )
        for name, way in schema.LINES.items():
            if name not in self.board["pins"]:
                self.bad(f"pins.{name}", "missing", f"the firmware needs it, with dir '{way}'")
            else:
                self._pin(f"pins.{name}", name, (way,), "the firmware")
        switches = parts.get("switches", {}).get("inputs", {})
        for name in schema.SWITCHES:
            if name not in switches:
                self.bad(f"parts.switches.inputs.{name}", "missing", "the firmware needs that switch")
        estop = self.board["pins"].get("estop_sense")
        if estop and (estop["pull"], estop["active"]) not in (("up", 1), ("down", 0)):
            self.bad(
                "pins.estop_sense.active",
                estop["active"],
                "the pull has to lead to the active level: a broken wire must read as a pressed button",
            )

    def _used(self) -> None:
        for name, pin in self.board["pins"].items():
            users = self.users.get(name, [])
            if len(users) > 1:
                self.bad(
                    f"pins.{name}", f"GP{pin['gp']}", f"one user is allowed, and it has {' and '.join(users)}"
                )
            elif not users:
                self.bad(
                    f"pins.{name}", f"GP{pin['gp']}", "nothing uses it: take it out, or name it in a part"
                )
        taken = {
            part[key]
            for part in self.board["parts"].values()
            for key in ("forward", "reverse", "pwm")
            if key in part
        }
        for name in self.board["pwm"]:
            if name in self.board["pins"] and name not in taken:
                self.bad(f"pwm.{name}", "missing", "no part uses that PWM: take it out, or name it in a part")
        machines = {part["pio"] for part in self.board["parts"].values() if "pio" in part}
        for name in self.board["pio"]:
            if name not in machines:
                self.bad(f"pio.{name}", "missing", "no part uses that state machine: take it out, or name it")

    # Mechanics and power

    def _mechanics(self) -> None:
        mechanics = self.board["mechanics"]
        if mechanics["seats"] != self.board["seats"]:
            self.bad(
                "mechanics.seats",
                mechanics["seats"],
                f"the board's own number is allowed, {self.board['seats']}",
            )
        for low, high, why in schema.ORDER:
            if mechanics[low] > mechanics[high]:
                self.bad(
                    f"mechanics.{low}",
                    mechanics[low],
                    f"at most {high}, {mechanics[high]}, is allowed: {why}",
                )
        rate = mechanics["carousel_max_steps_per_s"]
        limit = self.board["parts"].get("carousel", {}).get("max_steps_per_s", rate)
        if rate > limit:
            self.bad(
                "mechanics.carousel_max_steps_per_s",
                rate,
                f"at most parts.carousel.max_steps_per_s, {limit}, is allowed",
            )
        for name, place in mechanics["stations"].items():
            if place >= mechanics["stations_of"]:
                self.bad(
                    f"mechanics.stations.{name}",
                    place,
                    f"below stations_of, {mechanics['stations_of']}, is allowed",
                )

    def _rail(self) -> None:
        rail = self.board["rail"]
        draws = {
            name: part["draw_ma"]
            for name, part in self.board["parts"].items()
            if part["driver"] in schema.MOVES
        }
        named: set[str] = set()
        for n, group in enumerate(rail["together"]):
            for name in group:
                if name not in draws:
                    self.bad(f"rail.together[{n}]", name, f"parts that move are allowed: {', '.join(draws)}")
            named.update(group)
            total = sum(draws.get(name, 0) for name in group)
            if total > rail["limit_ma"]:
                parts = ", ".join(f"{name} {draws[name]}" for name in group if name in draws)
                self.bad(
                    f"rail.together[{n}]",
                    f"{total} mA",
                    f"at most rail.limit_ma, {rail['limit_ma']} mA, is allowed ({parts})",
                )
        for name in draws:
            if name not in named:
                self.bad("rail.together", name, "each part that moves has to stand in one of the lists")
        # The shunt of the supply's own meter has to take what the rail can carry: 320 mV at most (INA219).
        shunt = self.board["parts"].get("bus_current", {}).get("shunt_uohm")
        if shunt and rail["limit_ma"] * shunt // 1000 > 320_000:
            self.bad(
                "rail.limit_ma",
                rail["limit_ma"],
                f"at most {320_000_000 // shunt} mA can be measured over a shunt of {shunt} micro-ohms",
            )
