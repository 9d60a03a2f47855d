"""Faults where nature puts them: in the plant, on pins, in registers, on buses, in the supply, at the e-stop
loop.

A fault is a dictionary of plain values:

    {"target": "pin.feed_home", "kind": "stuck", "value": 1, "at_ms": 12000, "for_ms": 500}
    {"target": "plant.feed_brake", "value": 1, "after_event": "CORER_CORING_STARTED", "delay_ms": 3000}

| target | kinds | value |
|---|---|---|
| `plant.<name>` | `set` (may be left out) | as the plant's README says |
| `pin.<pin or switch>` | `stuck`, `intermittent`, `inverted` | level 0 or 1; wrong readings in 1000; none |
| | `slow`, `delayed` | renewed only every so many ms; so many ms late |
| | `hangs` | none; whoever reads or writes the pin itself never comes back |
| `sensor.<part>`, `drive.<part>` | the seven of signals.py | as it says there |
| `register.<part>.<number>` | `stuck`, `offset`, `garbage` | value; what is added; none |
| `bus.i2c<number>`, `bus.<part>` | `off`, `garbage`, `slow` | none; none; microseconds a transfer |
| | `intermittent`, `deaf` | transfers of 1000 that nobody answers; none: what is written is lost |
| | `hangs` | none; a transfer with the part never ends |
| `fifo.<state machine>` | `hangs` | none; whoever puts or gets a word never comes back, until the reset |
| `serial.line` | the seven of devices/line_trouble.py | as it says there |
| | `hangs` | none; whoever reads or writes the line never comes back |
| `supply.actuator` | `off`, `sag` | none; millivolts |
| `supply.logic` | `off` | none; the power comes back after `for_ms`, 1 s without it |
| `supply.logic` | `cut_at_write` | which write from then on (FRAM, flash program or erase; 1 is the next) |
| `clock.<part>` | `jump`, `set`, `stopped`, `coin_cell` | seconds; mission second; none; none: the cell is
empty | | `sleep.chip` | `refused`, `hangs`, `late` | none; none; milliseconds, once, with the watchdog at
rest (RP2350) | | `chip.reset` | `watchdog`, `run`, `soft` | none |
| `flash` | `fail`, `wrong` | none; programs and erases fail, or bytes of what is programmed are lost |
| | `hangs` | none; a program or an erase never ends |
| `estop.loop` | `off` (the loop opens) | none |

With `cut_at_write` the power goes in the middle of that write, when `torn_permille` of it is done (500).
`at_ms` counts from power-on. `for_ms` ends the fault (a plant fault is then set to 0); without it the fault
stays. Everything random comes from the world's seed.
"""

from host_tools.emulator import signals
from host_tools.emulator.devices import line_trouble
from host_tools.emulator.devices.ds3231 import Ds3231
from host_tools.emulator.devices.mcp23017 import Mcp23017
from host_tools.emulator.errors import FaultError, PinReset, PowerLoss, SoftReset, WatchdogReset

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from host_tools.emulator.devices.base import I2cPart
    from host_tools.emulator.pins import Line
    from host_tools.emulator.world import Bus, World

_KEYS = ("target", "kind", "value", "torn_permille", "at_ms", "after_event", "delay_ms", "for_ms")
_KINDS = {
    "plant": ("set",),
    "pin": ("stuck", "intermittent", "inverted", "slow", "delayed", "hangs"),
    "sensor": signals.KINDS,
    "drive": signals.KINDS,
    "register": ("stuck", "offset", "garbage"),
    "bus": ("off", "garbage", "slow", "intermittent", "deaf", "hangs"),
    "fifo": ("hangs",),
    "serial.line": line_trouble.KINDS + ("hangs",),
    "supply.actuator": ("off", "sag"),
    "supply.logic": ("off", "cut_at_write"),
    "clock": ("jump", "set", "stopped", "coin_cell"),
    "sleep.chip": ("refused", "hangs", "late"),
    "chip.reset": ("watchdog", "run", "soft"),
    "flash": ("fail", "wrong", "hangs"),
    "estop.loop": ("off",),
}
_VALUELESS = (
    "off",
    "garbage",
    "deaf",
    "inverted",
    "watchdog",
    "run",
    "soft",
    "fail",
    "wrong",
    "stopped",
    "coin_cell",
    "refused",
    "hangs",
)
_VALUELESS_OF = {
    "sensor": signals.VALUELESS,
    "drive": signals.VALUELESS,
    "serial": line_trouble.VALUELESS + ("hangs",),
}
_EIO = 5
_ETIMEDOUT = 110


class Lcg:
    """A small generator whose products stay in 62 bits: the same numbers on every VM."""

    def __init__(self, seed: int) -> None:
        self._state = (seed * 2654435761 + 12345) & 0x7FFFFFFF

    def below(self, n: int) -> int:
        """0 to n - 1, for n up to 65536."""
        self._state = (self._state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._state >> 15) * n >> 16


class _Register:
    def __init__(self, number: int, kind: str, value: int) -> None:
        self.number = number
        self.kind = kind
        self.value = value


class FaultyPart:
    """Stands in a part's place on its bus while the part, its registers or its wires have faults."""

    def __init__(self, bus: "Bus", inner: "I2cPart", lcg: Lcg, hang: "Callable[[], Any]") -> None:
        """`hang()` never returns."""
        self.bus = bus
        self._hang = hang
        self.hung = 0
        self.inner = inner
        self.address = inner.address
        self.pointer_bits = inner.pointer_bits
        self._lcg = lcg
        self.off = 0
        self.garbage = 0
        self.deaf = 0
        self.slow_us = 0
        self.missed_permille = 0
        self.registers: "list[_Register]" = []

    def faulty(self) -> bool:
        """Whether anything is left."""
        for trouble in (self.off, self.garbage, self.deaf, self.slow_us, self.missed_permille, self.hung):
            if trouble > 0:
                return True
        return len(self.registers) > 0

    def text(self) -> str:
        """The part's name and address."""
        return self.inner.text()

    def answers(self) -> bool:
        """Whether the address is acknowledged."""
        return self.off == 0 and self.inner.answers()

    def _wire(self) -> None:
        if self.hung:
            self._hang()
        if self.off or (self.missed_permille and self._lcg.below(1000) < self.missed_permille):
            raise OSError(_EIO)
        if self.slow_us:
            clock = self.inner.clock
            if self.slow_us > self.bus.timeout_us:
                clock.advance(self.bus.timeout_us)
                raise OSError(_ETIMEDOUT)
            clock.advance(self.slow_us)

    def _spoil(self, reg: int, buf: "bytearray | memoryview") -> None:
        n = len(buf)
        if self.garbage:
            for i in range(n):
                buf[i] = self._lcg.below(256)
        inner = self.inner
        for fault in self.registers:
            if inner.reg_bytes == 2:
                if reg == fault.number and n == 2:
                    little = inner.little_endian
                    value = buf[0] | buf[1] << 8 if little else buf[0] << 8 | buf[1]
                    value = self._changed(fault, value, 0xFFFF)
                    buf[0] = value & 0xFF if little else value >> 8
                    buf[1] = value >> 8 if little else value & 0xFF
            else:
                i = fault.number - reg
                if 0 <= i < n:
                    buf[i] = self._changed(fault, buf[i], 0xFF)

    def _changed(self, fault: _Register, value: int, mask: int) -> int:
        if fault.kind == "stuck":
            return fault.value & mask
        if fault.kind == "offset":
            return value + fault.value & mask
        return self._lcg.below(mask + 1)

    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """As the part's, with the faults."""
        self._wire()
        self.inner.mem_read(reg, buf)
        # Bit 7 of a sub-address is no part of the register's number on the one part that has byte registers
        # below 128
        # and a burst bit; the others have no register there.
        self._spoil(reg & 0x7F if self.pointer_bits == 8 else reg, buf)

    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """As the part's, with the faults of its wires."""
        self._wire()
        if not self.deaf:
            self.inner.mem_write(reg, buf)

    def raw_read(self, buf: "bytearray | memoryview") -> None:
        """As the part's, with the faults."""
        self._wire()
        reg = self.inner.pointer
        self.inner.raw_read(buf)
        self._spoil(reg & 0x7F if self.pointer_bits == 8 else reg, buf)

    def raw_write(self, buf: "bytes | bytearray | memoryview") -> None:
        """As the part's, with the faults of its wires."""
        self._wire()
        self.inner.raw_write(buf[: self.inner.pointer_bits // 8] if self.deaf else buf)


class _Stuck:
    def __init__(self, level: int) -> None:
        self._level = level

    def level(self, true_level: int) -> int:
        return self._level


class _Intermittent:
    def __init__(self, permille: int, lcg: Lcg) -> None:
        self._permille = permille
        self._lcg = lcg

    def level(self, true_level: int) -> int:
        return true_level ^ 1 if self._lcg.below(1000) < self._permille else true_level


def _inverted(true_level: int) -> int:
    """A switch wired the other way round."""
    return true_level ^ 1


class Fault:
    """One fault of the list: checked when made, then begun and ended by the injector."""

    def __init__(self, injector: "FaultInjector", number: int, data: "dict[str, Any]") -> None:
        self._injector = injector
        self._world = injector.world
        where = "fault " + str(number)
        for key in sorted(data.keys()):
            if key not in _KEYS:
                raise FaultError(where + ": unknown key " + str(key) + "; allowed are " + ", ".join(_KEYS))
        if "target" not in data:
            raise FaultError(where + ": target is missing")
        self.target: str = data["target"]
        where += " (" + self.target + ")"
        parts = self.target.split(".")
        group = parts[0]
        name = self.target if group in ("supply", "estop", "chip", "sleep", "serial") else group
        if name not in _KINDS:
            raise FaultError(
                where + ": unknown target; allowed are plant.NAME, pin.NAME, sensor.NAME, drive.NAME, "
                "register.PART.NUMBER, bus.NAME, fifo.NAME, supply.actuator, supply.logic, estop.loop, "
                "chip.reset, flash, clock.PART, sleep.chip, serial.line"
            )
        kinds = _KINDS[name]
        self.kind: str = data.get("kind", kinds[0] if len(kinds) == 1 else "")
        if self.kind not in kinds:
            raise FaultError(where + ": unknown kind '" + self.kind + "'; allowed are " + ", ".join(kinds))
        self.value = 0
        if self.kind not in _VALUELESS_OF.get(group, _VALUELESS):
            if "value" not in data:
                raise FaultError(where + ": kind " + self.kind + " needs a value")
            self.value = _whole(data, "value", where, -(1 << 31), 1 << 31)
        self.after_event: "str | None" = data.get("after_event")
        if (self.after_event is None) == ("at_ms" not in data):
            raise FaultError(where + ": exactly one of at_ms and after_event is needed")
        self.at_ms = _whole(data, "at_ms", where, 0, 1 << 40) if "at_ms" in data else -1
        if "delay_ms" in data and self.after_event is None:
            raise FaultError(where + ": delay_ms goes with after_event only")
        self.delay_ms = _whole(data, "delay_ms", where, 0, 1 << 40) if "delay_ms" in data else 0
        self.for_ms = _whole(data, "for_ms", where, 1, 1 << 40) if "for_ms" in data else -1
        self.torn_permille = (
            _whole(data, "torn_permille", where, 0, 1000) if "torn_permille" in data else 500
        )
        if "torn_permille" in data and self.kind != "cut_at_write":
            raise FaultError(where + ": torn_permille goes with cut_at_write only")
        if self.kind == "cut_at_write" and self.value < 1:
            raise FaultError(where + ": value is the number of a write, 1 for the next")
        self.begun = False
        self._lines: "list[Line]" = []
        self._part: "FaultyPart | None" = None
        self._parts: "list[tuple[Bus, I2cPart]]" = []
        self._register: "_Register | None" = None
        self._machine: "Any" = None
        self._number = -1
        self._expander: "Mcp23017 | None" = None
        self._bit = 0
        self._disturbance: "signals.Disturbance | None" = None
        self._find(parts, where)

    def _find(self, parts: "list[str]", where: str) -> None:
        """Looks the target up now, so that a misspelt scenario fails before the run."""
        world = self._world
        group = parts[0]
        if group == "plant":
            if len(parts) != 2:
                raise FaultError(where + ": write plant.NAME")
        elif group == "pin":
            name = ".".join(parts[1:])
            if self.kind == "stuck" and self.value not in (0, 1):
                raise FaultError(where + ": a pin is stuck at 0 or 1")
            if self.kind == "intermittent" and not 0 <= self.value <= 1000:
                raise FaultError(where + ": value is flips in 1000 readings, 0 to 1000")
            if name in world.line_by_name:
                self._lines.append(world.line_by_name[name])
                return
            known = sorted(world.line_by_name.keys())
            if self.kind == "hangs":
                raise FaultError(where + ": the chip has no such pin; it has " + ", ".join(known))
            for part in sorted(world.parts.keys()):
                spec = world.board["parts"].get(part, {})
                if isinstance(world.parts[part], Mcp23017):
                    if name in spec["inputs"]:
                        self._expander = world.parts[part]
                        self._bit = spec["inputs"][name]["bit"]
                        return
                    known.extend(sorted(spec["inputs"].keys()))
            raise FaultError(where + ": no such pin; there are " + ", ".join(known))
        elif group == "fifo":
            machines = world.board["pio"]
            if len(parts) != 2 or parts[1] not in machines:
                raise FaultError(where + ": no such state machine; there are " + ", ".join(sorted(machines)))
            self._number = machines[parts[1]]["state_machine"]
        elif group == "sensor" or group == "drive":
            self._find_signal(group == "drive", ".".join(parts[1:]), where)
        elif group == "serial":
            if self.kind in ("slow", "delayed") and not 1 <= self.value <= 60_000:
                raise FaultError(where + ": value is bytes a second, or milliseconds, 1 to 60000")
            if self.kind == "intermittent" and not 0 <= self.value <= 1000:
                raise FaultError(where + ": value is pieces of 1000 that are gone, 0 to 1000")
        elif group == "clock":
            self._parts = [self._one(".".join(parts[1:]), where)]
            if not isinstance(self._parts[0][1], Ds3231):
                raise FaultError(where + ": this part is no clock")
            if self.kind == "set" and not 0 <= self.value < 1 << 30:
                raise FaultError(where + ": value is a mission second, 0 to 2**30 - 1")
        elif self.target == "sleep.chip":
            if self.kind == "late" and not 1 <= self.value <= 1 << 30:
                raise FaultError(where + ": value is milliseconds, 1 to 2**30")
        elif group == "register":
            if len(parts) != 3:
                raise FaultError(where + ": write register.PART.NUMBER")
            self._parts = [self._one(parts[1], where)]
            if parts[2][:2] == "0x":
                number = int(parts[2][2:], 16)
            elif parts[2].isdigit():
                number = int(parts[2])
            else:
                raise FaultError(where + ": the register's number is decimal, or hexadecimal with 0x")
            self._register = _Register(number, self.kind, self.value)
        elif group == "bus":
            name = ".".join(parts[1:])
            for bus in world.buses:
                if bus.name == name:
                    for device in bus.devices:
                        if device is not None:
                            self._parts.append((bus, _true_part(device)))
                    return
            self._parts = [self._one(name, where)]
            if self.kind == "slow" and self.value < 0:
                raise FaultError(where + ": value is microseconds a transfer")

    def _find_signal(self, drives: bool, name: str, where: str) -> None:
        world = self._world
        table = signals.DRIVES if drives else signals.SENSORS
        known = [one for one in sorted(table.keys()) if one in world.parts or one in world.sensors]
        if not drives and "encoder" in world.board["parts"]:
            known.append("encoder")
        if name not in known:
            raise FaultError(where + ": no such part here; there are " + ", ".join(known))
        if self.kind in ("slow", "delayed") and not 1 <= self.value <= 60_000:
            raise FaultError(where + ": value is milliseconds, 1 to 60000")
        if self.kind == "intermittent" and not 0 <= self.value <= 1000:
            raise FaultError(where + ": value is pieces of 1000 that are gone, 0 to 1000")
        self._disturbance = signals.Disturbance(world, name, drives, self.kind, self.value)

    def _one(self, name: str, where: str) -> "tuple[Bus, I2cPart]":
        world = self._world
        known = []
        for bus in world.buses:
            known.append(bus.name)
            for device in bus.devices:
                if device is not None:
                    part = _true_part(device)
                    if part.name == name:
                        return bus, part
                    known.append(part.name)
        raise FaultError(where + ": no such part or bus; there are " + ", ".join(known))

    # --- begin and end

    def begin(self) -> None:
        """The fault is there from now on."""
        if self.begun:
            return
        self.begun = True
        self._world.sync()
        if self.for_ms >= 0 and self.target not in ("supply.logic", "chip.reset"):
            self._world.clock.at(self._world.clock.now_us + self.for_ms * 1000, self.end)
        self._apply(True)

    def end(self) -> None:
        """The fault is gone."""
        if not self.begun:
            return
        self._world.sync()
        self.begun = False
        self._apply(False)

    def _apply(self, on: bool) -> None:
        world = self._world
        group = self.target.split(".")[0]
        if group == "plant":
            world.plant.fault(self.target.split(".")[1], self.value if on else 0)
        elif group == "pin":
            self._apply_pin(on)
        elif self._disturbance is not None:
            if on:
                self._disturbance.begin()
            else:
                self._disturbance.end()
        elif group == "register" or group == "bus":
            for bus, part in self._parts:
                self._apply_part(bus, part, on)
        elif self.target == "estop.loop":
            world.set_estop(not on)
        elif group == "clock":
            self._apply_clock(self._parts[0][1], on)
        elif group == "sleep":
            self._apply_sleep(on)
        elif group == "fifo":
            # The firmware makes a new one at each start: a reset ends it.
            if on:
                self._machine = world.machines[self._number]
            if self._machine is None:
                raise FaultError(self.target + ": the firmware has not made this state machine yet")
            _hang(world, self._machine, ("put", "get"), on)
        elif group == "serial":
            if world.serial is None:
                raise FaultError("serial.line: this board has no serial line that is emulated")
            if self.kind == "hangs":
                _hang(world, world.serial, ("waiting", "read_into", "send"), on)
            else:
                world.serial.disturb(self.kind if on else "", self.value, self._injector.lcg)
        elif self.target == "supply.logic":
            world.off_us = self.for_ms * 1000 if self.for_ms >= 0 else 1_000_000
            if self.kind == "cut_at_write":
                world.cut_left = self.value
                world.cut_permille = self.torn_permille
                return
            raise PowerLoss("the logic supply is gone (fault supply.logic)")
        elif self.target == "chip.reset":
            if self.kind == "watchdog":
                raise WatchdogReset("the watchdog was not fed (fault chip.reset)")
            if self.kind == "soft":
                raise SoftReset("the interpreter was restarted (fault chip.reset)")
            raise PinReset("the RUN pin was pulled low (fault chip.reset)")
        elif self.target == "flash":
            if self.kind == "fail":
                world.flash.failing = on
            elif self.kind == "hangs":
                world.flash.hanging = on
            else:
                world.flash.spoiling = on
        elif self.kind == "sag":
            world.plant.fault("supply_sag_mv", self.value if on else 0)
        else:
            world.supply_on = not on
            world.set_enable()

    def _apply_clock(self, part: "Any", on: bool) -> None:
        if self.kind == "stopped":
            part.stand(on)
        elif self.kind == "coin_cell":
            part.coin_cell = not on
        elif on and self.kind == "jump":
            part.jump(self.value)
        elif on:
            part.jump(self.value - part.mission_s())

    def _apply_sleep(self, on: bool) -> None:
        world = self._world
        if self.kind == "refused":
            world.sleep_refused = on
        elif self.kind == "hangs":
            world.sleep_hangs = on
        else:
            world.oversleep_ms = self.value if on else 0

    def _apply_pin(self, on: bool) -> None:
        if self.kind == "hangs":
            _hang(self._world, self._lines[0], ("read", "write"), on)
            return
        level: "Callable[[int], int] | None" = None
        if on and self.kind == "stuck":
            level = _Stuck(self.value).level
        elif on and self.kind == "inverted":
            level = _inverted
        elif on and self.kind in ("slow", "delayed"):
            level = signals.Signal(
                self._world, "level", self.kind, self.value, 0, 1, self._level_now()
            ).out
        elif on:
            level = _Intermittent(self.value, self._injector.lcg).level
        for line in self._lines:
            line.set_fault(level)
        if self._expander is not None:
            self._expander.force(self._bit, level)

    def _level_now(self) -> int:
        """Where the pin stands as the fault begins."""
        if self._expander is not None:
            return self._expander.level(self._bit)
        line = self._lines[0]
        return line.source() if line.source is not None else line.level

    def _apply_part(self, bus: "Bus", part: "I2cPart", on: bool) -> None:
        device = bus.devices[part.address]
        if not isinstance(device, FaultyPart):
            device = FaultyPart(bus, part, self._injector.lcg, self._world.hang)
            bus.devices[part.address] = device
        step = 1 if on else -1
        if self._register is not None:
            if on:
                device.registers.append(self._register)
            else:
                device.registers.remove(self._register)
        elif self.kind == "off":
            device.off += step
        elif self.kind == "garbage":
            device.garbage += step
        elif self.kind == "deaf":
            device.deaf += step
        elif self.kind == "hangs":
            device.hung += step
        elif self.kind == "intermittent":
            device.missed_permille += step * self.value
        else:
            device.slow_us += step * self.value
        if not device.faulty():
            bus.devices[part.address] = part


def _true_part(device: "Any") -> "I2cPart":
    return device.inner if isinstance(device, FaultyPart) else device


def _hang(world: "World", where: "Any", names: "tuple[str, ...]", on: bool) -> None:
    """Have the methods `names` of `where` never return, or give it its own again. Only what the firmware
    calls by them: the plant and the interrupts' edges look at the line in other ways."""

    def hang(*_args: object) -> None:
        world.hang()

    for name in names:
        if on:
            setattr(where, name, hang)
        else:
            delattr(where, name)


def _whole(data: "dict[str, Any]", key: str, where: str, low: int, high: int) -> int:
    value = data[key]
    if isinstance(value, bool) and key == "value":
        value = 1 if value else 0
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise FaultError(where + ": " + key + " must be a whole number from " + str(low) + " to " + str(high))
    return value


class FaultInjector:
    """Injects the faults of a scenario into a world at their times. Raises FaultError for one that cannot
    be.
    """

    def __init__(self, world: "World", faults: "list[dict[str, Any]]") -> None:
        self.world = world
        self.lcg = Lcg(world.seed)
        self.faults: "list[Fault]" = []
        self._waiting: "list[Fault]" = []
        self.add(faults)

    def add(self, faults: "list[dict[str, Any]]") -> None:
        """More faults. Raises FaultError for one that cannot be; those before it are there."""
        for data in faults:
            fault = Fault(self, len(self.faults) + 1, data)
            self.faults.append(fault)
            if fault.after_event is not None:
                self._waiting.append(fault)
            else:
                self.world.clock.at(fault.at_ms * 1000, fault.begin)

    def on_event(self, name: str) -> None:
        """Tells that an event of this name happened: the faults that wait for it begin, once."""
        i = 0
        while i < len(self._waiting):
            fault = self._waiting[i]
            if fault.after_event == name:
                del self._waiting[i]
                self.world.clock.at(self.world.clock.now_us + fault.delay_ms * 1000, fault.begin)
            else:
                i += 1
