"""Faults of a quantity on its way: from the plant to the part that measures it, or from a drive to the plant.

A part that is disturbed gets a `View` in the plant's place. All passes through it but one or a few
attributes, which go through a `Signal` each. Kinds, and what `value` means:

off           nothing comes through: 0; what is counted in steps or edges stands still      none
stuck         stays what it was when the fault began; a drive goes on as it was last told     none
garbage       anything within the quantity's range, anew every 20 ms; counts jump about       none
wrong         a drive goes the wrong way, a measured value is off by `value`; steps and edges are so many
              thousandths too many, with 0 they go the wrong way
slow          is renewed only every `value` ms
delayed       comes `value` ms late
intermittent  is gone (as with off) for `value` of 1000 pieces of 20 ms, taken at random

All randomness comes from the world's seed and from the emulated time, not from how often one looks.
"""

from host_tools.emulator.pio_models import QuadratureModel

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from host_tools.emulator.world import World

KINDS = ("off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")
VALUELESS = ("off", "stuck", "garbage")
SLOT_MS = 20
_COUNTED = ("feed_steps", "carousel_steps", "encoder_count")
_TWO_WAYS = ("spindle_permille", "probe_permille", "sealer_permille")

# What can be measured: name of a part -> the plant's attributes it measures. Range of its garbage.
SENSORS = {
    "spindle_current": (("spindle_ma", "bus_mv"), -500, 8000),
    "bus_current": (("bus_ma", "bus_mv"), 0, 14000),
    "aux_current": (("aux_ma", "bus_mv"), -100, 3000),
    "probe_position": (("probe_um",), 0, 86000),
    "sealer_position": (("sealer_um",), 0, 40000),
    "motor_temperature": (("motor_mc",), -40000, 125000),
    "ambient_temperature": (("ambient_mc",), -40000, 125000),
    "load_cell": (("load_cell_mn",), -50000, 200000),
    "encoder": (("encoder_count",), -300, 300),
    "tilt": (("tilt_x_mg", "tilt_y_mg", "tilt_z_mg"), -1000, 1000),
    "light": (("lux",), 0, 60000),
    "mission_clock": (("epoch_s",), 0, 1 << 29),
}
# What can be driven: name of a part -> the plant's attributes it sets. Range of its garbage.
DRIVES = {
    "spindle": (("spindle_permille",), -1000, 1000),
    "percussion": (("percussion_mhz",), 0, 30000),
    "feed": (("feed_steps",), -40, 40),
    "carousel": (("carousel_steps",), -40, 40),
    "breakoff_servo": (("breakoff_pulse_us",), 900, 2100),
    "gate_servo": (("gate_pulse_us",), 900, 2100),
    "probe": (("probe_permille",), -1000, 1000),
    "sealer": (("sealer_permille",), -1000, 1000),
    "led_ring": (("led_permille",), 0, 1000),
    "camera": (("shutter", "focus"), 0, 1),
}


def mixed(seed: int, number: int) -> int:
    """31 bits that look random, for one number. The same on every VM."""
    x = (seed * 2654435761 + number * 40503 + 12345) & 0x7FFFFFFF
    x ^= x >> 15
    x = x * 73244475 & 0x7FFFFFFF
    x ^= x >> 13
    x = x * 73244475 & 0x7FFFFFFF
    return x ^ x >> 16


class Signal:
    """One quantity under a fault: out(true value) is what arrives. `now` is where it stood at the start."""

    def __init__(
        self,
        world: "World",
        attribute: str,
        kind: str,
        value: int,
        low: int,
        high: int,
        now: int,
        drives: bool = False,
        nth: int = 0,
    ) -> None:
        """`nth`: which of its part's quantities this is, as each has a noise of its own."""
        self._clock = world.clock
        self._drives = drives
        self._seed = world.seed + len(attribute) + 7919 * nth
        self.attribute = attribute
        self._kind = kind
        self._value = value
        self._low = low
        self._span = high - low + 1
        self._counted = attribute in _COUNTED
        self._start = now
        self._last = now
        self._out = now
        self.sent: "Any" = now
        self._renewed_us = world.clock.now_us
        # For a delay: times and values, oldest first.
        self._times: "list[int]" = []
        self._values: "list[int]" = []

    def out(self, value: int) -> int:
        """What arrives now, when `value` is what is sent."""
        kind = self._kind
        change = value - self._last
        self._last = value
        if kind == "off":
            return self._start if self._counted else 0
        if kind == "stuck":
            return self._start
        if kind == "wrong":
            return self._wrong(value)
        slot = self._clock.now_us // (SLOT_MS * 1000)
        if kind == "garbage":
            return self._garbage(value, change, slot)
        if kind == "intermittent":
            gone = mixed(self._seed, slot) % 1000 < self._value
            if self._counted:
                self._out += 0 if gone else change
                return self._out
            return 0 if gone else value
        if kind == "slow":
            if self._clock.now_us - self._renewed_us >= self._value * 1000:
                self._renewed_us = self._clock.now_us
                self._out = value
            return self._out
        return self._late(value)

    def _wrong(self, value: int) -> int:
        if self._counted and self._value:
            return self._start + (value - self._start) * (1000 + self._value) // 1000
        if self._counted:
            return self._start - (value - self._start)
        if self.attribute in _TWO_WAYS:
            return -value
        # A servo, hammer or lamp that is told nothing does nothing; a sensor is off all the time.
        return value + self._value if value or not self._drives else 0

    def _garbage(self, value: int, change: int, slot: int) -> int:
        noise = self._low + mixed(self._seed, slot) % self._span
        if self.attribute == "encoder_count":
            return value + noise
        if self._counted:
            # The driver takes some pulses twice and misses others.
            self._out += change * (mixed(self._seed, slot) % 3)
            return self._out
        return noise

    def _late(self, value: int) -> int:
        times = self._times
        now = self._clock.now_us
        if not times or now > times[-1]:
            times.append(now)
            self._values.append(value)
        else:
            self._values[-1] = value
        due = now - self._value * 1000
        passed = 0
        while passed < len(times) and times[passed] <= due:
            passed += 1
        if passed:
            self._out = self._values[passed - 1]
            del times[: passed - 1]
            del self._values[: passed - 1]
        return self._out


class View:
    """The plant as a disturbed part sees it, or as it reaches the plant: some attributes go through
    signals."""

    def __init__(self, plant: "Any", signals: "list[Signal]", drives: bool) -> None:
        object.__setattr__(self, "_plant", plant)
        object.__setattr__(self, "_signals", {signal.attribute: signal for signal in signals})
        object.__setattr__(self, "_drives", drives)

    def __getattr__(self, name: str) -> "Any":
        value = getattr(self._plant, name)
        if not self._drives and name in self._signals:
            return self._signals[name].out(value)
        return value

    def __setattr__(self, name: str, value: "Any") -> None:
        if self._drives and name in self._signals:
            # What is sent is kept here; the watcher below brings it to the plant, now and later.
            self._signals[name].sent = value
            value = _fitting(value, self._signals[name].out(int(value)))
        setattr(self._plant, name, value)


def _fitting(like: "Any", value: int) -> "Any":
    return value != 0 if isinstance(like, bool) else value


class Disturbance:
    """A fault on one part's quantities, from begin() to end()."""

    def __init__(self, world: "World", name: str, drives: bool, kind: str, value: int) -> None:
        self._world = world
        self._name = name
        self._drives = drives
        self._kind = kind
        self._value = value
        self._parts: "list[Any]" = []
        self._signals: "list[Signal]" = []
        self._plant: "Any" = world.plant

    def begin(self) -> None:
        """Put the view in the plant's place."""
        world = self._world
        attributes, low, high = (DRIVES if self._drives else SENSORS)[self._name]
        if self._name == "encoder":
            # Its part is the state machine that counts.
            for machine in world.machines:
                if machine is not None and isinstance(machine.model, QuadratureModel):
                    self._parts.append(machine.model)
        elif self._name in world.sensors:
            self._parts.append(world.sensors[self._name])
        else:
            self._parts.append(world.parts[self._name])
        for nth, attribute in enumerate(attributes):
            # The supply that a current sensor sees beside its current is told wrong only with a dead or mad
            # part.
            if attribute == "bus_mv" and self._kind == "wrong":
                continue
            now = getattr(self._plant, attribute)
            signal = Signal(
                world, attribute, self._kind, self._value, low, high, int(now), self._drives, nth
            )
            signal.sent = now
            self._signals.append(signal)
        view = View(self._plant, self._signals, self._drives)
        for part in self._parts:
            part.plant = view
        world.watchers.append(self)
        self.grid(world.clock.now_us)

    def end(self) -> None:
        """All passes as it should; what a drive was told last reaches the plant."""
        for part in self._parts:
            part.plant = self._plant
        if self in self._world.watchers:
            self._world.watchers.remove(self)
        if self._drives:
            for signal in self._signals:
                setattr(self._plant, signal.attribute, signal.sent)
        self._parts = []
        self._signals = []

    def grid(self, us: int) -> None:
        """Called at each step of the plant: a late, slow or torn drive changes between two commands too, and
        a sensor's history has to be seen to be told late."""
        for signal in self._signals:
            if self._drives:
                value = _fitting(signal.sent, signal.out(int(signal.sent)))
                if getattr(self._plant, signal.attribute) != value:
                    setattr(self._plant, signal.attribute, value)
            else:
                signal.out(int(getattr(self._plant, signal.attribute)))
