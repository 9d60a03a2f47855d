"""A bench for the corer's mechanisms: drivers as plain objects, either scripted or joined to the plant.

Runs on CPython and on the MicroPython VM. Ticks are 10 ms; nothing here knows a wall clock.
"""

from array import array

from rochette.mechanisms.breakoff import BreakOff
from rochette.mechanisms.corer import Corer
from rochette.mechanisms.feed import Feed
from rochette.mechanisms.percussion import Percussion
from rochette.mechanisms.spindle import Spindle
from rochette.mechanisms.tilt import Tilt
from rochette.mechanisms.weigher import Weigher
from rochette.tables import PARAMETER_DEFAULTS

MECHANICS = {
    "feed_nm_per_step": 625,
    "feed_travel_um": 130000,
    "feed_spring_mn_per_um": 20,
    "spindle_counts_per_turn": 2400,
    "depth_max_um": 76000,
}

STALL_BIT = 5
CENTRED_BIT = 0
OFFSET_BIT = 1


class Stepper:
    """Counts the steps of each tick."""

    def __init__(self):
        self.position = 0
        self.rate = 0
        self.fastest = 0
        self.given = 0  # steps since power-on, which reset_position does not change

    def set_rate(self, rate):
        self.rate = rate

    def stop(self):
        self.rate = 0

    def reset_position(self, steps):
        self.position = steps

    def tick(self):
        rate = self.rate
        if rate % 100:
            raise ValueError("the axis gives whole steps a tick")
        self.position += rate // 100
        self.given += rate // 100
        if rate < 0:
            rate = -rate
        if rate > self.fastest:
            self.fastest = rate


class Switch:
    def __init__(self):
        self.on = False

    def made(self):
        return self.on


class Expander:
    def __init__(self):
        self.levels = 0

    def made(self, bit):
        return self.levels >> bit & 1 == 1

    def put(self, bit, on):
        self.levels = self.levels | 1 << bit if on else self.levels & ~(1 << bit)


class LoadCell:
    def __init__(self):
        self.weight_mn = 0
        self.samples = 0
        self.ok = True

    def calibrate(self, zero_raw, gain_permyriad):
        """The bench's weights are true as they are."""
        assert (zero_raw, gain_permyriad) == (0, 10_000)


class Bridge:
    def __init__(self):
        self.permille = 0

    def drive(self, permille):
        self.permille = permille

    def stop(self):
        self.permille = 0


class Encoder:
    def __init__(self):
        self.count = 0
        self.ok = True


class Current:
    def __init__(self):
        self.current_ma = 0
        self.ok = True


class Hammer:
    def __init__(self):
        self.mhz = 0
        self.pulse_us = 0

    def set(self, mhz, pulse_us):
        self.mhz = mhz
        self.pulse_us = pulse_us

    def off(self):
        self.mhz = 0
        self.pulse_us = 0


class Horn:
    """A servo."""

    def __init__(self):
        self.pulse_us = 0

    def set_pulse(self, pulse_us):
        self.pulse_us = pulse_us

    def off(self):
        self.pulse_us = 0


class Accelerometer:
    def __init__(self):
        self.x_mg = 0
        self.y_mg = 0
        self.z_mg = 1000
        self.ok = True


class Events:
    """Keeps every event: (id, a, b, c, d)."""

    def __init__(self):
        self.list = []

    def emit(self, event_id, a=0, b=0, c=0, d=0):
        self.list.append((event_id, a, b, c, d))

    def ids(self):
        return [event[0] for event in self.list]

    def last(self, event_id):
        for event in reversed(self.list):
            if event[0] == event_id:
                return event[1:]
        raise AssertionError("event 0x{:x} was not emitted".format(event_id))


class Parameters:
    def __init__(self):
        self.values = array("i", PARAMETER_DEFAULTS)


class Bench:
    """All mechanisms of the corer over scripted drivers. `nature` is the world's turn in a tick."""

    def __init__(self, events=None):
        self.stepper = Stepper()
        self.home = Switch()
        self.bottom = Switch()
        self.expander = Expander()
        self.cell = LoadCell()
        self.bridge = Bridge()
        self.encoder = Encoder()
        self.spindle_current = Current()
        self.aux_current = Current()
        self.hammer = Hammer()
        self.horn = Horn()
        self.accelerometer = Accelerometer()
        self.events = events if events is not None else Events()
        self.parameters = Parameters()
        self.values = self.parameters.values
        self.feed = Feed(
            self.stepper,
            self.home,
            self.bottom,
            self.expander,
            STALL_BIT,
            self.cell,
            MECHANICS,
            self.parameters,
            self.events,
        )
        self.spindle = Spindle(
            self.bridge, self.encoder, self.spindle_current, MECHANICS, self.parameters, self.events
        )
        self.percussion = Percussion(self.hammer, self.parameters, self.events)
        self.breakoff = BreakOff(
            self.horn, self.expander, CENTRED_BIT, OFFSET_BIT, self.aux_current, self.parameters, self.events
        )
        self.tilt = Tilt(self.accelerometer, self.parameters)
        self.weigher = Weigher(self.cell, self.feed, self.parameters, self.events)
        self.corer = Corer(
            self.feed, self.spindle, self.percussion, self.tilt, MECHANICS, self.parameters, self.events
        )
        self.nature = self.still
        self.ticks = 0

    def still(self):
        """Nothing happens but that the load cell goes on reading."""
        self.cell.samples += 1

    def tick(self):
        """One 10 ms tick in the executive's order: inputs, mechanisms, outputs."""
        self.nature()
        self.feed.tick()
        self.spindle.tick()
        self.percussion.tick()
        self.breakoff.tick()
        self.tilt.tick()
        self.weigher.tick()
        self.corer.tick()
        self.stepper.tick()
        self.ticks += 1

    def run(self, ticks):
        for _ in range(ticks):
            self.tick()

    def until_done(self, mechanism, most):
        """Ticks until the mechanism is not busy; returns the ticks it took. Fails after `most` ticks."""
        for count in range(most):
            if not mechanism.busy:
                return count
            self.tick()
        raise AssertionError("still busy after {} ticks, state {}".format(most, mechanism.state))


class Ground:
    """A spring, a floor that the bit can sink into, end switches: a nature for Bench with plain rules.

    floor_um: where the bit touches. sink_um_s: how fast the floor gives way at 60 N; it begins at 20 N.
    """

    def __init__(self, bench, start_um=5000, floor_um=50000):
        self.bench = bench
        self.carriage_nm = start_um * 1000
        self.seen = 0
        self.floor_nm = floor_um * 1000
        self.sink_um_s = 0
        self.brake = False
        self.pull_mn = 0
        self.grip_from_um = 1 << 20
        self.home_dead = False
        self.home_stuck = False
        self.stalls = True
        self.count = 0
        self.hang_mn = -8800
        bench.nature = self.tick

    def tick(self):
        bench = self.bench
        step = bench.stepper.given - self.seen
        self.seen += step
        stall = False
        if self.brake:
            stall = self.stalls and step != 0
        else:
            self.carriage_nm += step * 625
        if self.carriage_nm < -1500000:
            self.carriage_nm = -1500000
            stall = True
        weight = (self.carriage_nm - self.floor_nm) // 1000 * 20
        if weight > 0:
            if weight > 20000:
                self.floor_nm += self.sink_um_s * 10 * (weight - 20000) // 40000
        else:
            weight = 0
            if self.carriage_nm < self.grip_from_um * 1000 and self.pull_mn:
                weight = -min(self.pull_mn, (self.grip_from_um - self.carriage_nm // 1000) * 20)
        bench.cell.weight_mn = weight + self.hang_mn
        self.count += 1
        if self.count % 5:
            bench.cell.samples += 1
        bench.home.on = (self.carriage_nm <= 0 and not self.home_dead) or self.home_stuck
        bench.bottom.on = self.carriage_nm >= 130000000
        bench.expander.put(STALL_BIT, stall)
        # A spindle that follows its drive at once: 200 rpm at full drive, 80 counts a tick.
        bench.encoder.count += bench.bridge.permille * 80 // 1000
        bench.spindle_current.current_ma = bench.bridge.permille


class PlantNature:
    """Joins a Bench to the emulated plant without electronics: truths read, inputs written once a tick."""

    def __init__(self, bench, plant):
        self.bench = bench
        self.plant = plant
        self.now_us = 0
        self.count = 0
        bench.nature = self.tick

    def tick(self):
        bench = self.bench
        plant = self.plant
        plant.spindle_permille = bench.bridge.permille
        plant.percussion_mhz = bench.hammer.mhz
        plant.percussion_pulse_us = bench.hammer.pulse_us
        plant.feed_steps = bench.stepper.given
        plant.breakoff_pulse_us = bench.horn.pulse_us
        self.now_us += 10000
        plant.advance(self.now_us)
        self.count += 1
        if self.count % 5:
            bench.cell.samples += 1
            bench.cell.weight_mn = plant.load_cell_mn
        bench.encoder.count = plant.encoder_count
        bench.spindle_current.current_ma = plant.spindle_ma
        bench.aux_current.current_ma = plant.aux_ma
        bench.home.on = plant.feed_home
        bench.bottom.on = plant.feed_bottom
        bench.accelerometer.x_mg = plant.tilt_x_mg
        bench.accelerometer.y_mg = plant.tilt_y_mg
        bench.accelerometer.z_mg = plant.tilt_z_mg
        bench.expander.put(STALL_BIT, plant.feed_stall)
        bench.expander.put(CENTRED_BIT, plant.breakoff_centred)
        bench.expander.put(OFFSET_BIT, plant.breakoff_offset)


def plant_bench(rock, seed, mechanics):
    """A Bench over the plant with the gate open and the hole under the bit: (bench, plant)."""
    from host_tools.emulator.plant.plant import Plant

    bench = Bench()
    plant = Plant(rock, seed, mechanics)
    nature = PlantNature(bench, plant)
    plant.enable = True
    plant.gate_pulse_us = 2000
    turn = -plant.ring_angle % mechanics["carousel_steps_per_turn"]
    for _ in range(200):
        if plant.carousel_steps < turn:
            plant.carousel_steps += min(10, turn - plant.carousel_steps)
        nature.tick()
    while plant.carousel_steps < turn:
        plant.carousel_steps += min(10, turn - plant.carousel_steps)
        nature.tick()
    for _ in range(100):
        nature.tick()
    plant.gate_pulse_us = 0
    nature.tick()
    return bench, plant
