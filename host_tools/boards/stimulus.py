"""The stimulus board: what its board.py may hold, and where each of its wires goes on the payload."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from host_tools.boards import find
from host_tools.boards.chips import CHIPS, INSIDE, PHYSICAL, PIO_WORDS, STATE_MACHINES
from host_tools.boards.schema import OneOf, Whole, Word

_TOP = (
    "name", "role", "mcu", "module", "payload", "pins", "switches", "axes", "encoder", "load_cell", "duty",
)  # fmt: skip
_PIN: dict[str, Whole | OneOf | Word] = {
    "gp": Whole(0, 29),
    "dir": OneOf(("in", "out")),
    "to": Word(),
    "ohm": Whole(100, 10_000),
}
_PIO0 = Whole(0, STATE_MACHINES - 1)
_PIO1 = Whole(STATE_MACHINES, 2 * STATE_MACHINES - 1)

Wrong = tuple[str, Any, str]
"""Option, value, and what is allowed."""


@cache
def program_words() -> dict[str, int]:
    """How many instructions each of its PIO programs takes."""
    from host_tools.emulator import loader

    loader.install()
    from stimulus.hal import pio_programs

    names = ("count_steps", "shortest_high", "play_states", "play_hx711", "measure_duty")
    return {name: len(getattr(pio_programs, name).words) for name in names}


def wrong(board: Mapping[str, Any]) -> list[Wrong]:
    """Everything wrong with it; [] for a sound one."""
    found: list[Wrong] = []
    for key in board:
        if key not in _TOP:
            found.append((key, board[key], f"unknown key; known here are {', '.join(_TOP)}"))
    for key in _TOP:
        if key not in board:
            found.append((key, "missing", "this key has to be there"))
    if found:
        return found
    if board["mcu"] not in CHIPS:
        found.append(("mcu", board["mcu"], f"one of {', '.join(CHIPS)} is allowed"))
    if board["payload"] not in find.names():
        found.append(("payload", board["payload"], f"one of {', '.join(find.names())} is allowed"))
        return found
    found += _pins(board)
    return found or _uses(board) + _programs()


def _pins(board: Mapping[str, Any]) -> list[Wrong]:
    found: list[Wrong] = []
    known = far_ends(find.data(board["payload"]))
    taken: dict[int, str] = {}
    for name, pin in board["pins"].items():
        where = f"pins.{name}"
        if set(pin) != set(_PIN):
            found.append((where, pin, f"these keys have to be there: {', '.join(_PIN)}"))
            continue
        for key, kind in _PIN.items():
            if allowed := kind.wrong(pin[key]):
                found.append((f"{where}.{key}", pin[key], f"{allowed} is allowed"))
        gp = pin["gp"]
        if gp in taken:
            found.append((f"{where}.gp", f"GP{gp}", f"that pin is used by {taken[gp]} already"))
        elif gp not in PHYSICAL:
            inside = INSIDE.get(gp, "no pin")
            why = f"a {board['module']} does not bring it out: it is {inside}"
            found.append((f"{where}.gp", f"GP{gp}", why))
        taken.setdefault(gp, name)
        if pin["to"] not in known:
            found.append((f"{where}.to", pin["to"], f"the payload has {', '.join(known)}"))
        elif known[pin["to"]][1] == pin["dir"]:
            both = "drive it" if pin["dir"] == "out" else "listen"
            why = f"the payload's {pin['to']} goes that way too: both would {both}"
            found.append((f"{where}.dir", pin["dir"], why))
    return found


def _uses(board: Mapping[str, Any]) -> list[Wrong]:
    found: list[Wrong] = []
    pins = board["pins"]

    def pin(option: str, name: Any, way: str) -> None:
        if name not in pins or pins[name]["dir"] != way:
            names = ", ".join(one for one in pins if pins[one]["dir"] == way)
            found.append((option, name, f"one of the pins that go {way} is allowed: {names}"))

    for n, name in enumerate(board["switches"]):
        pin(f"switches[{n}]", name, "out")
    machines: dict[int, str] = {}

    def machine(option: str, number: Any, kind: Whole) -> None:
        if allowed := kind.wrong(number):
            found.append((option, number, f"{allowed} is allowed"))
        elif number in machines:
            found.append((option, number, f"that state machine is used by {machines[number]} already"))
        machines.setdefault(number, option)

    for axis, entry in board["axes"].items():
        for key in ("step", "dir"):
            pin(f"axes.{axis}.{key}", entry[key], "in")
        for key in ("counter", "shortest"):
            machine(f"axes.{axis}.{key}", entry[key], _PIO0)
    for key in ("encoder", "load_cell", "duty"):
        machine(f"{key}.state_machine", board[key]["state_machine"], _PIO1)
    a, b = board["encoder"]["pins"]
    for name in (a, b):
        pin("encoder.pins", name, "out")
    data, clock = board["load_cell"]["pins"]
    pin("load_cell.pins[0]", data, "out")
    pin("load_cell.pins[1]", clock, "in")
    pin("duty.first", board["duty"]["first"], "in")
    if not found and pins[b]["gp"] != pins[a]["gp"] + 1:
        found.append((f"pins.{b}.gp", f"GP{pins[b]['gp']}", f"GP{pins[a]['gp'] + 1} is allowed: B follows A"))
    return found


def _programs() -> list[Wrong]:
    found: list[Wrong] = []
    words = program_words()
    blocks = (("count_steps", "shortest_high"), ("play_states", "play_hx711", "measure_duty"))
    for block, names in enumerate(blocks):
        total = sum(words[name] for name in names)
        if total > PIO_WORDS:
            found.append((f"PIO{block}", total, f"its programs have room for {PIO_WORDS} instructions"))
    return found


def far_ends(payload: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """Each pin and switch of a payload's board that a wire can go to: where it is, and which way it goes."""
    ends = {}
    for name, pin in payload["pins"].items():
        if pin["dir"] in ("in", "out"):
            place = PHYSICAL.get(pin["gp"]) if payload["module"] != "bare" else None
            ends[name] = (f"GP{pin['gp']}" + (f" (pin {place})" if place else ""), pin["dir"])
    for part in payload["parts"].values():
        if part["driver"] == "mcp23017":
            for name, entry in part["inputs"].items():
                bit = entry["bit"]
                ends[name] = (f"GP{'AB'[bit // 8]}{bit % 8} of the expander", "in")
    return ends


def end_of(board: Mapping[str, Any], name: str) -> str:
    """Where the wire of a pin goes, in words."""
    pin = board["pins"][name]
    place, _ = far_ends(find.data(board["payload"]))[pin["to"]]
    ohm = pin["ohm"]
    through = f"{ohm // 1000} kOhm" if ohm % 1000 == 0 else f"{ohm} Ohm"
    return f"payload: {place}, {pin['to']}, through {through}"
