"""The ring group (carousel, probe, sealer, gate, camera) on the real emulator: world, plant, drivers,
services.

Runs on CPython and on the MicroPython VM. No activities and no executive: `run` plays inputs, mechanisms and
outputs in the executive's order, ten milliseconds a tick.
"""

from array import array

import board
from host_tools.emulator.plant import Plant
from host_tools.emulator.world import World

TICK_US = 10_000


class Source:
    """Stands in for the executive where events take their tick from."""

    def __init__(self):
        self.tick = 0


class RingBench:
    """One emulated payload with the ring group on it. Attributes: world, plant, the mechanisms, `clear` (bit
    clear).
    """

    def __init__(self, rock, seed=1):
        self.board = board.BOARD
        self.plant = Plant(rock, seed, self.board["mechanics"])
        self.world = World(self.board, self.plant, seed).attach()
        self.clear = True
        self.source = Source()
        self._build()

    def _build(self):
        # Imported once a world is attached: the hal touches the machine.
        from rochette.drivers.fit import fit
        from rochette.hal.outputs import make_safe
        from rochette.mechanisms.camera import Camera
        from rochette.mechanisms.carousel import Carousel
        from rochette.mechanisms.gate import Gate
        from rochette.mechanisms.probe import Probe
        from rochette.mechanisms.sealer import Sealer
        from rochette.services.events import Events
        from rochette.services.parameters import Parameters

        make_safe(self.board["pins"])
        drivers = fit(self.board)
        mechanics = self.board["mechanics"]
        aux = drivers["aux_current"]
        self.drivers = drivers
        self.polled = [drivers["switches"], drivers["analogue"], aux, drivers["light"]]
        for part in self.polled:
            part.check()
        self.stepper = drivers["carousel"]
        self.events = Events()
        self.events.stamp_from(self.source)
        self.parameters = Parameters()
        seam = (self.parameters, self.events)
        self.carousel = Carousel(
            self.stepper,
            drivers["carousel_index"],
            drivers["carousel_detent"],
            drivers["tube_present"],
            self.board["seats"],
            mechanics,
            self.parameters,
            self.events,
            self.is_clear,
        )
        self.probe = Probe(drivers["probe"], drivers["probe_position"], aux, mechanics, *seam)
        self.sealer = Sealer(
            drivers["sealer"], drivers["sealer_position"], aux, drivers["dispenser_count"], *seam
        )
        self.gate = Gate(drivers["gate_servo"], drivers["gate_closed"], *seam)
        self.camera = Camera(drivers["camera"], drivers["led_ring"], drivers["light"], *seam)
        self.mechanisms = [self.carousel, self.probe, self.sealer, self.gate, self.camera]
        # The parts have to finish their first measurements before they can be read.
        self.world.clock.advance(50_000)
        drivers["actuator_enable"].on()
        self.wait(300)

    def is_clear(self):
        """What the carousel asks before and during a move."""
        return self.clear

    def tick(self):
        """One tick: inputs, mechanisms, outputs, then the rest of the ten milliseconds."""
        self.source.tick += 1
        for part in self.polled:
            part.poll()
        for mechanism in self.mechanisms:
            mechanism.tick()
        self.stepper.tick()
        clock = self.world.clock
        clock.advance(TICK_US - clock.now_us % TICK_US)

    def wait(self, ms):
        """Let time pass."""
        for _ in range(ms // 10):
            self.tick()

    def finish(self, mechanism, limit_ms=60_000):
        """Tick until the mechanism is done; returns its result and the time it took in milliseconds."""
        for n in range(limit_ms // 10):
            if not mechanism.busy:
                return mechanism.result, n * 10
            self.tick()
        raise AssertionError("{} is still busy in state {}".format(mechanism.name, mechanism.state))

    def seen(self, since=0):
        """Events after number `since`, as tuples (id, a, b, c, d)."""
        row = array("i", [0] * 6)
        out = []
        for number in range(since + 1, self.events.count + 1):
            if self.events.read(number, row):
                out.append((row[0], row[2], row[3], row[4], row[5]))
        return out

    def close(self):
        """Give the machine back."""
        self.world.detach()
