"""A bench for drivers: the emulated controller and its register-level parts over a plant that a test sets by
hand.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import board
from host_tools.emulator.world import World
from rochette.drivers.fit import fit
from rochette.hal import outputs


class BenchPlant:
    """Every quantity that a part measures or drives, as plain attributes; nothing moves by itself but the
    clock.
    """

    def __init__(self) -> None:
        # Driven by the parts.
        self.enable = False
        self.spindle_permille = 0
        self.percussion_mhz = 0
        self.percussion_pulse_us = 0
        self.feed_steps = 0
        self.carousel_steps = 0
        self.breakoff_pulse_us = 0
        self.gate_pulse_us = 0
        self.probe_permille = 0
        self.sealer_permille = 0
        self.led_permille = 0
        self.focus = False
        self.shutter = False
        # Measured by the parts.
        self.spindle_ma = 0
        self.aux_ma = 0
        self.bus_ma = 80
        self.bus_mv = 12_000
        self.encoder_count = 0
        self.load_cell_mn = 0
        self.feed_home = False
        self.feed_bottom = False
        self.feed_stall = False
        self.carousel_index = False
        self.carousel_detent = False
        self.tube_present = False
        self.breakoff_centred = False
        self.breakoff_offset = False
        self.gate_closed = False
        self.dispenser_count = False
        self.probe_um = 0
        self.sealer_um = 0
        self.tilt_x_mg = 0
        self.tilt_y_mg = 0
        self.tilt_z_mg = 1000
        self.lux = 0
        self.motor_mc = 20_000
        self.ambient_mc = 20_000
        self.box_mc = 20_000
        self.heater = False
        self.asleep = False
        self.unpowered = False
        self.logic_off = False
        self.start_s = 50_000_000
        self.epoch_s = self.start_s
        self.sync = False
        # Not 0, or the emulated world would leap over time in which a test wants the parts to be looked at.
        self.energised = 1
        self.log: list[tuple[int, int]] = []
        self.last_feed = 0

    def others_awake(self) -> bool:
        """Every grid point matters on this bench."""
        return True

    def advance(self, now_us: int) -> None:
        """The mission clock runs; changes of the feed are noted with their time."""
        self.epoch_s = self.start_s + now_us // 1_000_000
        if self.feed_steps != self.last_feed:
            self.last_feed = self.feed_steps
            self.log.append((now_us, self.feed_steps))


class Bench:
    """The world, its plant and the drivers by name."""

    def __init__(self, start_ticks_us: int) -> None:
        self.plant = BenchPlant()
        self.board: dict[str, Any] = copy.deepcopy(board.BOARD)
        self.world = World(self.board, self.plant, 1, start_ticks_us)
        self.world.attach()
        outputs.make_safe(self.board["pins"])
        self.drivers = fit(self.board)

    def wait(self, us: int) -> None:
        """Let time pass, and the plant with it."""
        self.world.clock.advance(us)
        self.world.sync()

    def unplug(self, part: str) -> Any:
        """Take a part off its bus; returns it for `plug`."""
        address = self.board["parts"][part]["address"]
        devices = self.world.buses[0].devices
        device = devices[address]
        devices[address] = None
        return device

    def plug(self, part: str, device: Any) -> None:
        """Put a part (or another one) on its bus at the address of `part`."""
        self.world.buses[0].devices[self.board["parts"][part]["address"]] = device


@contextmanager
def bench(start_ticks_us: int = 2**30 - 5_000_000) -> Iterator[Bench]:
    """A bench for the time of a test; the ticks wrap five seconds after power-on unless told otherwise."""
    made = Bench(start_ticks_us)
    try:
        yield made
    finally:
        made.world.detach()
