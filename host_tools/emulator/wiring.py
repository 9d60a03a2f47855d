"""Builds the parts that a board names and connects them to the plant: which part measures or drives what.

The names are the board's names of pins, parts and switches. A part or pin that is not known here raises
EmulationError, so a board never has a part that silently does nothing.
"""

from host_tools.emulator.devices.ads1115 import Ads1115, LinearSensor
from host_tools.emulator.devices.camera import Camera
from host_tools.emulator.devices.ds3231 import Ds3231
from host_tools.emulator.devices.h_bridge import HBridge
from host_tools.emulator.devices.hx711 import Hx711
from host_tools.emulator.devices.ina219 import Ina219
from host_tools.emulator.devices.lis3dh import Lis3dh
from host_tools.emulator.devices.mb85rc256v import ID_ADDRESS, FramId, Mb85rc256v
from host_tools.emulator.devices.mcp23017 import Mcp23017
from host_tools.emulator.devices.pulses import LedRing, Percussion, Servo
from host_tools.emulator.devices.serial_line import SerialLine
from host_tools.emulator.devices.stepper import StepperAxis
from host_tools.emulator.devices.usb_line import UsbLine
from host_tools.emulator.devices.veml7700 import Veml7700
from host_tools.emulator.errors import EmulationError
from host_tools.emulator.nor_flash import NorFlash
from host_tools.emulator.pins import PULL_DOWN, PULL_UP, Line

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from host_tools.emulator.world import World

# Board's name of a part, or of a switch -> the plant's attribute.
_BRIDGES = {"spindle": "spindle_permille", "probe": "probe_permille", "sealer": "sealer_permille"}
_AXES = {"feed": "feed_steps", "carousel": "carousel_steps"}
_SERVOS = {"breakoff_servo": "breakoff_pulse_us", "gate_servo": "gate_pulse_us"}
_CURRENTS = {"spindle_current": "spindle_ma", "bus_current": "bus_ma", "aux_current": "aux_ma"}
_SENSORS = {
    "probe_position": "probe_um",
    "sealer_position": "sealer_um",
    "motor_temperature": "motor_mc",
    "ambient_temperature": "ambient_mc",
}
_SWITCHES = {
    "breakoff_centred": "breakoff_centred",
    "breakoff_offset": "breakoff_offset",
    "gate_closed": "gate_closed",
    "dispenser_count": "dispenser_count",
    "tube_present": "tube_present",
    "feed_stall": "feed_stall",
    "feed_home": "feed_home",
    "feed_bottom": "feed_bottom",
    "carousel_index": "carousel_index",
    "carousel_detent": "carousel_detent",
    "camera_sync": "sync",
}
# Entries of `parts` that are only names for what other entries wire.
_ABSTRACT = ("camera_trigger",)


def need(part: "dict[str, Any]", key: str, name: str) -> "Any":
    """A part's key. Raises EmulationError naming what is missing."""
    if key not in part:
        raise EmulationError("board: part " + name + " has no " + key)
    return part[key]


def build(world: "World") -> None:
    """Fills the world from its board. Raises EmulationError for what is not known or wired twice."""
    board = world.board
    pins = board["pins"]
    for name in sorted(pins.keys()):
        gp = pins[name]["gp"]
        if world.lines[gp] is not None:
            raise EmulationError(
                "board: GP" + str(gp) + " is used by " + name + " and " + world.lines[gp].name
            )
        line = Line(world, gp, name)
        world.lines[gp] = line
        world.line_by_name[name] = line
        if name in _SWITCHES:
            _switch(world, line, pins[name])
    _direct(world)
    for entry in board["i2c"]:
        _bus(world, entry)
    link = board.get("link")
    if link is not None and link["port"] == "uart":
        by_name = world.line_by_name
        world.serial = SerialLine(world, link["uart"], by_name[link["tx"]].gp, by_name[link["rx"]].gp)
    elif link is not None and link["port"] == "usb":
        world.serial = UsbLine(world)
    names = sorted(board["parts"].keys())
    for name in names:
        _part(world, name, board["parts"][name])
    for name in names:
        _sensor(world, name, board["parts"][name])
    world.flash = NorFlash(world)


def _switch(world: "World", line: Line, spec: "dict[str, Any]") -> None:
    plant = world.plant
    attribute = _SWITCHES[line.name]
    active = spec["active"]
    line.source = _source(plant, attribute, active)
    # The guard reads it besides, 200 times a second, while the carriage moves towards it.
    line.unhurried = line.name == "feed_bottom"
    pull = spec["pull"]
    line.needs_pull = PULL_UP if pull == "up" else PULL_DOWN if pull == "down" else 0


def _source(plant: "Any", attribute: str, active: int) -> "Callable[[], int]":
    if active:
        return lambda: 1 if getattr(plant, attribute) else 0
    return lambda: 0 if getattr(plant, attribute) else 1


def _direct(world: "World") -> None:
    """The lines that are wired to no part of the list: enable, e-stop loop, shutter, encoder."""
    by_name = world.line_by_name
    if "actuator_enable" in by_name:
        active = world.board["pins"]["actuator_enable"]["active"]

        def enable(level: int) -> None:
            world.actuator_enable = level == active
            world.set_enable()

        by_name["actuator_enable"].sink = enable
    if "estop_sense" in by_name:
        line = by_name["estop_sense"]
        # Normally closed: the closed loop pulls the line down, open (pressed, or a broken wire) leaves it to
        # the pull-up.
        line.source = lambda: 0 if world.estop_closed else 1
        line.of_plant = False
        line.needs_pull = PULL_UP
    camera = Camera(world)
    world.parts["camera"] = camera
    if "camera_shutter" in by_name:
        by_name["camera_shutter"].sink = camera.shutter
    if "encoder_a" in by_name:
        plant = world.plant
        # Gray code, A leading B counts up: 00, 01, 11, 10 as B A.
        by_name["encoder_a"].source = lambda: 1 if 1 <= plant.encoder_count & 3 <= 2 else 0
        by_name["encoder_b"].source = lambda: plant.encoder_count >> 1 & 1


def _bus(world: "World", entry: "dict[str, Any]") -> None:
    from host_tools.emulator.world import Bus

    sda = world.line_by_name[entry["sda"]]
    scl = world.line_by_name[entry["scl"]]
    bus = Bus("i2c" + str(entry["bus"]), entry["bus"], sda.gp, scl.gp, entry["freq_hz"])
    world.buses.append(bus)


def _on_bus(world: "World", part: "dict[str, Any]", name: str, device: "Any") -> None:
    for bus in world.buses:
        if bus.number == need(part, "bus", name):
            if bus.devices[device.address] is not None:
                raise EmulationError("board: address of " + device.text() + " is used twice on " + bus.name)
            bus.devices[device.address] = device
            world.parts[name] = device
            return
    raise EmulationError("board: part " + name + " is on a bus that the board does not have")


def _line(world: "World", part: "dict[str, Any]", key: str, name: str) -> Line:
    pin = need(part, key, name)
    if pin not in world.line_by_name:
        raise EmulationError(
            "board: part " + name + " is on pin " + str(pin) + ", which the board does not have"
        )
    return world.line_by_name[pin]


def _of(table: "dict[str, str]", name: str) -> str:
    if name not in table:
        raise EmulationError(
            "board: the plant has nothing for part " + name + "; known: " + " ".join(sorted(table.keys()))
        )
    return table[name]


def _part(world: "World", name: str, part: "dict[str, Any]") -> None:
    driver = need(part, "driver", name)
    if driver == "h_bridge":
        forward = _line(world, part, "forward", name)
        world.parts[name] = HBridge(world, forward, _line(world, part, "reverse", name), _of(_BRIDGES, name))
    elif driver == "percussion":
        world.parts[name] = Percussion(world, _line(world, part, "pwm", name))
    elif driver == "servo":
        world.parts[name] = Servo(world, _line(world, part, "pwm", name), _of(_SERVOS, name))
    elif driver == "led_ring":
        world.parts[name] = LedRing(world, _line(world, part, "pwm", name))
    elif driver == "stepper":
        pins = world.board["pio"][need(part, "pio", name)]["pins"]
        step = world.line_by_name[pins[0]]
        axis = StepperAxis(
            world, step, _line(world, part, "dir", name), need(part, "forward_level", name), _of(_AXES, name)
        )
        world.steppers.append(axis)
        world.parts[name] = axis
    elif driver == "encoder":
        # Wired in _direct; the PIO model reads the count.
        pass
    elif driver == "hx711":
        pins = world.board["pio"][need(part, "pio", name)]["pins"]
        cell = Hx711(
            world, name, need(part, "samples_per_s", name), part["mn_num"], part["mn_den"], part["zero_raw"]
        )
        world.line_by_name[pins[0]].source = cell.data_level
        world.line_by_name[pins[0]].axis = cell
        world.line_by_name[pins[1]].sink = cell.clock_level
        world.parts[name] = cell
    elif driver == "ina219":
        device = Ina219(world, name, part["address"], need(part, "shunt_uohm", name), _of(_CURRENTS, name))
        _on_bus(world, part, name, device)
    elif driver == "ads1115":
        _on_bus(world, part, name, Ads1115(world, name, part["address"]))
    elif driver == "mcp23017":
        _expander(world, name, part)
    elif driver == "lis3dh":
        _on_bus(world, part, name, Lis3dh(world, name, part["address"]))
    elif driver == "veml7700":
        _on_bus(world, part, name, Veml7700(world, name, part["address"]))
    elif driver == "ds3231":
        _on_bus(world, part, name, Ds3231(world, name, part["address"], need(part, "epoch_year", name)))
    elif driver == "mb85rc256v":
        memory = Mb85rc256v(world, name, part["address"], need(part, "bytes", name))
        _on_bus(world, part, name, memory)
        for bus in world.buses:
            if bus.number == part["bus"] and bus.devices[ID_ADDRESS] is None:
                bus.devices[ID_ADDRESS] = FramId(memory)
    elif driver not in _ABSTRACT and driver not in ("potentiometer", "thermistor"):
        raise EmulationError("board: part " + name + " has driver " + str(driver) + ", which is not emulated")


def _sensor(world: "World", name: str, part: "dict[str, Any]") -> None:
    """Analogue sensors, once the converter is there."""
    driver = part["driver"]
    if driver == "potentiometer":
        sensor = LinearSensor(
            world,
            _of(_SENSORS, name),
            need(part, "mv_at_zero", name) * 1000,
            need(part, "mv_span", name) * 1000,
            need(part, "travel_um", name),
        )
    elif driver == "thermistor":
        sensor = LinearSensor(
            world, _of(_SENSORS, name), part["mv_at_0c"] * 1000, need(part, "uv_per_mc", name), 1
        )
    else:
        return
    for other in sorted(world.parts.keys()):
        converter = world.parts[other]
        if isinstance(converter, Ads1115):
            if converter.inputs[part["channel"]] is not None:
                raise EmulationError("board: " + name + " is wired to a channel that is taken")
            converter.inputs[part["channel"]] = sensor.uv
            world.sensors[name] = sensor
            return
    raise EmulationError("board: " + name + " needs an ADS1115, and the board has none")


def _heater(world: "World", active: int) -> "Callable[[int], None]":
    def heat(level: int) -> None:
        world.sync()
        world.plant.heater = level == active

    return heat


def _expander(world: "World", name: str, part: "dict[str, Any]") -> None:
    device = Mcp23017(world, name, part["address"])
    inputs = need(part, "inputs", name)
    for switch in sorted(inputs.keys()):
        spec = inputs[switch]
        device.wire_input(spec["bit"], _of(_SWITCHES, switch), spec["active"], spec["pull"] == "up")
    outputs = need(part, "outputs", name)
    for output in sorted(outputs.keys()):
        if output == "camera_focus":
            device.wire_output(outputs[output]["bit"], world.parts["camera"].focus)
        elif output == "heater":
            device.wire_output(outputs[output]["bit"], _heater(world, outputs[output]["active"]))
        else:
            raise EmulationError("board: " + name + " output " + output + " is not emulated")
    _on_bus(world, part, name, device)
    world.watchers.append(device)
