"""The ring group (carousel, probe, sealer, gate, camera) on the real emulator: world, plant, drivers,
services.

Runs on CPython and on the MicroPython VM. No activities and no executive: `run` plays inputs, mechanisms and
outputs in the executive's order, ten milliseconds a tick.
"""

from array import array

from micropython import heap_lock, heap_unlock

import board
from host_tools.emulator.plant import Plant
from host_tools.emulator.world import World

TICK_US = 10_000


class Source:
    """Stands in for the executive where events take their tick from."""

    def __init__(self):
        self.tick = 0


class Deferred:
    """Takes the orders of a mechanism and passes them on when told to: so that its tick can run with the heap
    locked while the emulator behind the drivers may allocate. Stands in for bridge, servo, ring light, camera
    trigger and the index input.
    """

    def __init__(self, driver):
        self.driver = driver
        self.orders = [None] * 4
        self.values = [0] * 4
        self.level = False

    def _note(self, slot, value):
        self.orders[slot] = True
        self.values[slot] = value

    def drive(self, permille):
        self._note(0, permille)

    def stop(self):
        self._note(0, 0)

    def set_pulse(self, us):
        self._note(1, us)

    def off(self):
        self._note(1, 0)

    def set(self, permille):
        self._note(2, permille)

    def focus(self, on):
        self._note(3, on)

    def shutter(self, on):
        self._note(0, on)

    def made(self):
        return self.level

    @property
    def sync(self):
        return self.driver.sync

    def took_latched(self):
        return self.driver.took_latched()

    def sample(self):
        """Read the input, outside the lock."""
        if hasattr(self.driver, "made"):
            self.level = self.driver.made()

    def flush(self):
        """Pass the orders on, outside the lock."""
        driver = self.driver
        for slot in range(4):
            if not self.orders[slot]:
                continue
            self.orders[slot] = None
            value = self.values[slot]
            if slot == 3:
                driver.focus(value)
            elif slot == 2:
                driver.set(value)
            elif slot == 1:
                driver.set_pulse(value) if value else driver.off()
            elif hasattr(driver, "shutter"):
                driver.shutter(value)
            else:
                driver.drive(value)


class RingBench:
    """One emulated payload with the ring group on it. Attributes: world, plant, the mechanisms, `clear` (bit
    clear).
    """

    def __init__(self, rock, seed=1, locked=False):
        self.locked = locked
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
        self.deferred = []
        if self.locked:
            for name in ("probe", "sealer", "gate_servo", "led_ring", "camera", "carousel_index"):
                drivers[name] = Deferred(drivers[name])
                self.deferred.append(drivers[name])
        self.visited = {}
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
        for deferred in self.deferred:
            deferred.sample()
        for mechanism in self.mechanisms:
            if not self.locked:
                mechanism.tick()
                continue
            self.visited[mechanism.name, mechanism.state] = (
                self.visited.get((mechanism.name, mechanism.state), 0) + 1
            )
            heap_lock()
            try:
                mechanism.tick()
            finally:
                heap_unlock()
        for deferred in self.deferred:
            deferred.flush()
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
