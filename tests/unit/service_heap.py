"""Runs on the real MicroPython VM: what services do every tick, with the heap locked; a line a check.

Usage: micropython service_heap.py FIRMWARE_FOLDER. An allocation under a locked heap raises MemoryError.
"""

import gc
import sys
import time

import micropython

sys.path.insert(0, sys.argv[1])

from rochette.services import executive as rooms
from rochette.services.activities import Activities, pause_ms, wait_until
from rochette.services.events import FIELDS, Events
from rochette.services.executive import Executive
from rochette.services.mode import ModeKeeper
from rochette.services.monitors import ABOVE, Monitors
from rochette.services.parameters import Parameters
from rochette.services.responses import Responses
from rochette.services.telemetry import Telemetry
from rochette.tables import (
    ACTIVITY_NAME_ACQUIRE,
    CH_POWER_BUS_CURRENT,
    CH_SYSTEM_MODE,
    EV_POWER_BUS_OVER_CURRENT,
    EV_SYSTEM_BOOTED,
    MODE_IDLE,
    MODE_WORKING,
    P_POWER_BUS_MAX_MA,
)


class Clock:
    """Virtual time near its wrap; each tick is late now and then."""

    def __init__(self):
        self.late_us = 5

    def ticks_us(self):
        return (1 << 30) - 20_000

    def add(self, ticks, delta):
        return (ticks + delta) & 0x3FFFFFFF

    def diff(self, later, earlier):
        return later - earlier

    def sleep_until_us(self, deadline):
        return self.late_us


class Part:
    """Gives values to monitors and channels."""

    def __init__(self):
        self.current_ma = 0
        self.ok = True

    def read(self):
        return self.current_ma

    def fresh(self):
        return self.ok


def locked(name, run, times):
    """Run `run()` `times` times with the heap locked."""
    gc.collect()
    micropython.heap_lock()
    try:
        begun = time.ticks_us()
        for _ in range(times):
            run()
        spent = time.ticks_diff(time.ticks_us(), begun)
    finally:
        micropython.heap_unlock()
    print(name, "ns", spent * 1000 // times)


def main():
    clock = Clock()
    part = Part()
    executive = Executive(clock)
    events = Events(64, executive)
    parameters = Parameters()
    mode = ModeKeeper(events)
    responses = Responses(events)
    responses.add_hold(part.fresh)
    responses.add_safe(part.fresh)
    monitors = Monitors(events, parameters)
    for _ in range(8):
        monitors.add(
            part.read,
            ABOVE,
            P_POWER_BUS_MAX_MA,
            3,
            EV_POWER_BUS_OVER_CURRENT,
            responses.hold,
            6,
            part.fresh,
            4,
            True,
        )
    telemetry = Telemetry()
    telemetry.channel(CH_SYSTEM_MODE, mode.get, 20)
    telemetry.channel(CH_POWER_BUS_CURRENT, part.read, 100)
    activities = Activities(executive, events, parameters)
    row = [0] * FIELDS

    def emit():
        events.emit(EV_SYSTEM_BOOTED, -(2**29), 2**29, 3, 4)

    def read():
        if not events.read(events.count, row):
            raise ValueError("event " + str(events.count) + " is not there")

    def swing():
        # From good to bad to stale and back, so that every branch of a monitor runs.
        part.current_ma = 0 if part.current_ma else 20_000
        for _ in range(6):
            monitors.tick()
        part.ok = not part.ok

    def change():
        mode.set(MODE_WORKING if mode.value == MODE_IDLE else MODE_IDLE)

    def respond():
        responses.clear()
        responses.hold(3)
        responses.safe(4)

    locked("emit", emit, 2000)
    locked("read", read, 2000)
    locked("monitors", monitors.tick, 2000)
    locked("monitors swinging", swing, 500)
    locked("telemetry", telemetry.sample_all, 2000)
    locked("mode", change, 1000)
    locked("responses", respond, 1000)
    if responses.failures or not events.count:
        raise ValueError("a response failed under the locked heap")

    def long_job():
        yield from wait_until(part.never, 10_000_000, 1)

    part.never = lambda: False
    activities.start(ACTIVITY_NAME_ACQUIRE, long_job(), 1)
    activities.tick()
    locked("activities", activities.tick, 2000)
    if activities.last_name or activities.running != 1:
        raise ValueError("the activity ended under the locked heap")

    executive.set_events(events)
    executive.set_watchdog(part.fresh)
    names = ("inputs", "monitors", "mechanisms", "activities", "outputs", "telemetry", "link", "idle")
    for room in range(8):
        executive.add(room, names[room], part.fresh, 100)
    executive.step()
    locked("step idle", executive.step, 2000)

    whole = Executive(clock)
    whole.set_events(events)
    whole.add(rooms.MONITORS, "monitors", monitors.tick, 100)
    whole.add(rooms.ACTIVITIES, "activities", activities.tick, 100)
    whole.add(rooms.TELEMETRY, "telemetry", telemetry.tick, 100)
    whole.add(rooms.IDLE, "slips", whole.report_slips, 1)
    whole.step()
    locked("step whole", whole.step, 2000)
    clock.late_us = -25_000
    locked("step late", whole.step, 500)
    if not whole.slips[0] or not whole.missed:
        raise ValueError("late ticks were not counted")
    for _ in pause_ms(30):
        pass
    print("done")


main()
