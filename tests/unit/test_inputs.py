"""The input room: what is read when, and how much of the bus a tick takes."""

import pytest

from rochette import tables as t
from tests.unit.payload_rig import Rig

FRAM = 0x50
# Of the two that a rod needs, one starts its next conversion in the same tick and the other has a voltage
# besides the current now and then; and one part takes its turn.
MOST_TRANSFERS = 6
# At 400 kHz: what the devices' bytes, address and register numbers included, take.
BUS_US_A_BYTE = 22.5
# The most that meets in one tick: the mission clock (its 19 registers in a row, so that time, flags and alarm
# are of one instant), a current, and the switches.
MOST_BUS_US = (22 + 5 + 9) * BUS_US_A_BYTE


class Counted:
    """Counts the transfers of one bus, the custody memory's apart, tick by tick."""

    def __init__(self, payload):
        bus = payload.drivers["switches"].bus
        self.transfers = 0
        self.count = 0
        self.read = {}
        read_into, write = bus.read_into, bus.write

        def counted_read(address, register, buffer):
            self._note(address, 3 + len(buffer))
            return read_into(address, register, buffer)

        def counted_write(address, buffer):
            self._note(address, 1 + len(buffer))
            return write(address, buffer)

        bus.read_into, bus.write = counted_read, counted_write
        self._tick = lambda: payload.executive.tick

    def _note(self, address, count):
        if address != FRAM:
            self.transfers += 1
            self.count += count
            self.read.setdefault(address, []).append(self._tick())

    def take(self):
        taken = self.transfers, self.count
        self.transfers = self.count = 0
        return taken


def test_no_tick_of_a_core_takes_more_of_the_bus_than_its_share():
    rig = Rig("sandstone", depth_um=1000)
    payload = rig.boot()
    counted = Counted(payload)
    worst = (0, 0)
    orders = [(t.CMD_SAMPLE_COMMISSION, ()), (t.CMD_SAMPLE_BRING_UP, ()), (t.CMD_SAMPLE_ACQUIRE, (1, 1000))]
    while orders or payload.activities.running:
        if not payload.activities.running:
            assert payload.commands.submit(*orders.pop(0)) == t.COMMAND_RESULT_OK
        payload.executive.step()
        taken = counted.take()
        if payload.sample.phase != t.PHASE_SELF_TEST:  # one part a tick, but each is asked many things
            worst = max(worst[0], taken[0]), max(worst[1], taken[1])
        if payload.sample.phase > t.PHASE_CORE or payload.hold.active:
            break
    assert 2 < worst[0] <= MOST_TRANSFERS
    assert worst[1] * BUS_US_A_BYTE <= MOST_BUS_US
    payload.stop()


@pytest.mark.parametrize("energised", [False, True])
def test_every_part_is_read_in_its_turn(energised):
    payload = Rig("sandstone").boot()
    counted = Counted(payload)
    if energised:
        payload.rail.on()
    for _ in range(400):
        payload.executive.step()
    for name, longest in (
        ("switches", 5), ("bus_current", 5), ("tilt", 5),
        ("spindle_current", 20), ("aux_current", 20), ("analogue", 20), ("light", 20), ("mission_clock", 101),
    ):  # fmt: skip
        ticks = counted.read[payload.drivers[name].address]
        gaps = [b - a for a, b in zip(ticks, ticks[1:], strict=False)]
        assert max(gaps) <= longest, f"{name}: {max(gaps)} ticks between two readings"
    payload.stop()


def test_a_rod_is_read_a_hundred_times_a_second():
    payload = Rig("sandstone").boot()
    for _ in range(50):
        payload.executive.step()
    payload.rail.on()
    counted = Counted(payload)
    payload.probe.measure()
    for _ in range(10):
        payload.executive.step()
        assert payload.probe.busy
    for name in ("aux_current", "analogue"):
        assert len(set(counted.read[payload.drivers[name].address])) == 10
    payload.stop()
