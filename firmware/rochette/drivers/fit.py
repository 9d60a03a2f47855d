"""Builds the drivers that a board's data names: one for each part, switch and plain line, by the board's own
names.
"""

from rochette.drivers.actuator_enable import ActuatorEnable
from rochette.drivers.ads1115 import Ads1115
from rochette.drivers.analogue import Potentiometer, Thermistor
from rochette.drivers.camera_trigger import CameraTrigger
from rochette.drivers.digital import DigitalIn, DigitalOut, ExpanderIn, ExpanderOut
from rochette.drivers.ds3231 import Ds3231
from rochette.drivers.encoder import Encoder
from rochette.drivers.estop import EStop
from rochette.drivers.h_bridge import HBridge
from rochette.drivers.hx711 import Hx711
from rochette.drivers.ina219 import Ina219
from rochette.drivers.led_ring import LedRing
from rochette.drivers.lis3dh import Lis3dh
from rochette.drivers.mb85rc256v import Fram
from rochette.drivers.mcp23017 import Mcp23017
from rochette.drivers.percussion import PercussionDriver
from rochette.drivers.servo import Servo
from rochette.drivers.stepper import Stepper
from rochette.drivers.veml7700 import Veml7700
from rochette.hal.hx711_reader import Hx711Reader
from rochette.hal.i2c import Bus
from rochette.hal.pins import Input, Output
from rochette.hal.pwm import Pwm
from rochette.hal.quadrature import QuadratureCounter
from rochette.hal.stepper import StepGenerator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENABLE = "actuator_enable"
ESTOP = "estop_sense"
# Parts that are built from other parts, after them.
_LATER = ("potentiometer", "thermistor", "camera_trigger")


def fit(board: "dict[str, Any]") -> "dict[str, Any]":
    """The drivers of a board by name: its parts, its expander's switches, and every pin that no part has
    taken.

    `actuator_enable` is an ActuatorEnable that knows the loop `estop_sense`, where the board has one. Outputs
    are left safe and nothing is asked of a part yet: call each driver's `check`. Raises ValueError for data
    that do not fit, KeyError for a missing key. Allocates; once, at start.
    """
    return _Fitter(board).drivers


class _Fitter:
    def __init__(self, board: "dict[str, Any]") -> None:
        self.board = board
        self.drivers: "dict[str, Any]" = {}
        self._pins: "dict[str, Any]" = board["pins"]
        self._taken: "list[str]" = []
        self._buses: "dict[int, Bus]" = {}
        self._expander: "Mcp23017 | None" = None
        self._converter: "Ads1115 | None" = None
        for entry in board["i2c"]:
            self._buses[entry["bus"]] = Bus(
                entry["bus"],
                self._pins[entry["sda"]]["gp"],
                self._pins[entry["scl"]]["gp"],
                entry["freq_hz"],
                entry["timeout_us"],
            )
        # The order is by name, so that every run builds alike.
        names = sorted(board["parts"])
        for name in names:
            part = board["parts"][name]
            if part["driver"] not in _LATER:
                self.drivers[name] = self._build(name, part)
        self._lines()
        for name in names:
            part = board["parts"][name]
            if part["driver"] in _LATER:
                self.drivers[name] = self._build_later(name, part)

    def _build(self, name: str, part: "dict[str, Any]") -> "Any":
        driver = part["driver"]
        if driver == "h_bridge":
            return HBridge(name, self._pwm(part["forward"]), self._pwm(part["reverse"]))
        if driver == "servo":
            return Servo(name, self._pwm(part["pwm"]), part["min_us"], part["max_us"])
        if driver == "led_ring":
            return LedRing(name, self._pwm(part["pwm"]))
        if driver == "percussion":
            pwm = self._pwm(part["pwm"])
            return PercussionDriver(name, pwm, part["min_mhz"], part["max_mhz"], part["max_pulse_us"])
        if driver in ("stepper", "encoder", "hx711"):
            return self._build_counted(name, part)
        return self._build_i2c(name, part)

    def _build_counted(self, name: str, part: "dict[str, Any]") -> "Any":
        """What has a state machine."""
        pio = self.board["pio"][part["pio"]]
        gps = [self._take(pin) for pin in pio["pins"]]
        machine = pio["state_machine"]
        freq_hz = pio["freq_hz"]
        if part["driver"] == "stepper":
            return Stepper(
                name,
                StepGenerator(machine, freq_hz, gps[0]),
                Output(self._take(part["dir"]), self._pins[part["dir"]]["safe"]),
                part["forward_level"],
                part["max_steps_per_s"],
            )
        if part["driver"] == "encoder":
            return Encoder(name, QuadratureCounter(machine, freq_hz, gps[0], gps[1]))
        reader = Hx711Reader(machine, freq_hz, gps[0], gps[1])
        return Hx711(name, reader, part["mn_num"], part["mn_den"], part["zero_raw"])

    def _build_i2c(self, name: str, part: "dict[str, Any]") -> "Any":
        driver = part["driver"]
        if "bus" not in part:
            raise ValueError(
                "part '{}': there is no driver '{}'; drivers/fit.py lists them".format(name, driver)
            )
        bus = self._buses[part["bus"]]
        address = part["address"]
        if driver == "ina219":
            return Ina219(name, bus, address, part["shunt_uohm"])
        if driver == "ads1115":
            self._converter = Ads1115(name, bus, address, part["sequence"])
            return self._converter
        if driver == "mcp23017":
            return self._build_expander(name, bus, part)
        if driver == "lis3dh":
            return Lis3dh(name, bus, address)
        if driver == "veml7700":
            return Veml7700(name, bus, address)
        if driver == "ds3231":
            return Ds3231(name, bus, address, part["epoch_year"])
        if driver == "mb85rc256v":
            return Fram(name, bus, address, part["bytes"], part["scratch"])
        raise ValueError("part '{}': there is no driver '{}'; drivers/fit.py lists them".format(name, driver))

    def _build_expander(self, name: str, bus: Bus, part: "dict[str, Any]") -> Mcp23017:
        active_low = outputs = safe = latch = 0
        for switch in part["inputs"]:
            entry = part["inputs"][switch]
            if entry["active"] == 0:
                active_low |= 1 << entry["bit"]
            if switch in part["latch"]:
                latch |= 1 << entry["bit"]
        for line in part["outputs"]:
            entry = part["outputs"][line]
            outputs |= 1 << entry["bit"]
            if entry["active"] == 0:
                active_low |= 1 << entry["bit"]
            if entry["safe"] == entry["active"]:
                safe |= 1 << entry["bit"]
        expander = Mcp23017(name, bus, part["address"], active_low, outputs, safe, latch)
        for switch in sorted(part["inputs"]):
            self.drivers[switch] = ExpanderIn(switch, expander, part["inputs"][switch]["bit"])
        if "heater" in part["outputs"]:
            self.drivers["heater"] = ExpanderOut("heater", expander, part["outputs"]["heater"]["bit"])
        self._expander = expander
        return expander

    def _lines(self) -> None:
        """A driver for each pin that no part has taken."""
        estop = None
        if ESTOP in self._pins:
            entry = self._pins[ESTOP]
            estop = EStop(ESTOP, Input(self._take(ESTOP), entry["pull"]), entry["active"])
            self.drivers[ESTOP] = estop
        for name in sorted(self._pins):
            if name in self._taken:
                continue
            entry = self._pins[name]
            if entry["dir"] == "in":
                self.drivers[name] = DigitalIn(name, Input(entry["gp"], entry["pull"]), entry["active"])
            elif name == ENABLE:
                pin = Output(entry["gp"], entry["safe"])
                self.drivers[name] = ActuatorEnable(name, pin, entry["active"], estop)
            elif entry["dir"] == "out":
                self.drivers[name] = DigitalOut(name, Output(entry["gp"], entry["safe"]), entry["active"])

    def _build_later(self, name: str, part: "dict[str, Any]") -> "Any":
        if part["driver"] == "camera_trigger":
            expander = self._expander
            if expander is None:
                raise ValueError("part '{}' needs an mcp23017, and the board has none".format(name))
            entry = self.board["parts"][expander.name]
            return CameraTrigger(
                name,
                self.drivers[part["shutter"]],
                expander,
                entry["outputs"][part["focus"]]["bit"],
                entry["inputs"][part["sync"]]["bit"],
            )
        converter = self._converter
        if converter is None:
            raise ValueError("part '{}' needs an ads1115, and the board has none".format(name))
        if part["driver"] == "thermistor":
            return Thermistor(name, converter, part["channel"], part["mv_at_0c"], part["uv_per_mc"])
        return Potentiometer(
            name, converter, part["channel"], part["mv_at_zero"], part["mv_span"], part["travel_um"]
        )

    def _take(self, pin: str) -> int:
        if pin in self._taken:
            raise ValueError("pin '{}' is used by two parts of the board".format(pin))
        self._taken.append(pin)
        return self._pins[pin]["gp"]

    def _pwm(self, pin: str) -> Pwm:
        return Pwm(self._take(pin), self.board["pwm"][pin]["freq_hz"])
