"""Runs on the MicroPython VM: every state of the corer's mechanisms is ticked with the heap locked.

Ends with "0 bytes"; a tick that allocates raises MemoryError and the exit status is 1.
"""

import gc

import micropython

from rochette import tables as t
from rochette.tables import (
    CORER_STATE_IDLE,
    FEED_STATE_IDLE,
    SPINDLE_STATE_OFF,
)
from tests.unit.corer_bench import CENTRED_BIT, OFFSET_BIT, Bench, Ground


class Mute:
    """Takes events and keeps only their number: nothing is allocated."""

    def __init__(self):
        self.count = 0

    def emit(self, event_id, a=0, b=0, c=0, d=0):
        if event_id < 0 or a > 2**30 or b > 2**30 or c > 2**30 or d > 2**30:
            raise ValueError("an argument leaves the small integers")
        self.count += 1


seen = {}
ticks = 0


def note(mechanism, state):
    key = mechanism.name, state
    seen[key] = seen.get(key, 0) + 1


def tick(bench):
    """A tick with the heap locked around every mechanism; nature plays unlocked."""
    global ticks
    bench.nature()
    state = (bench.feed.state, bench.spindle.state, bench.percussion.state, bench.breakoff.state)
    more = (bench.weigher.state, bench.corer.state)
    # The lock is what forbids it; counting walks over the whole heap, so every eighth tick is counted too.
    counted = ticks & 7 == 0
    allocated = gc.mem_alloc() if counted else 0
    micropython.heap_lock()
    try:
        bench.feed.tick()
        bench.spindle.tick()
        bench.percussion.tick()
        bench.breakoff.tick()
        bench.tilt.tick()
        bench.weigher.tick()
        bench.corer.tick()
    finally:
        micropython.heap_unlock()
    if counted and gc.mem_alloc() - allocated > 64:  # the two numbers themselves may be on the heap
        raise MemoryError("a tick allocated")
    bench.stepper.tick()
    ticks += 1
    note(bench.feed, state[0])
    note(bench.spindle, state[1])
    note(bench.percussion, state[2])
    note(bench.breakoff, state[3])
    note(bench.weigher, more[0])
    note(bench.corer, more[1])


def until(bench, mechanism, most=40000):
    for _ in range(most):
        if not mechanism.busy:
            return
        tick(bench)
    raise AssertionError(mechanism.name + " is still busy")


def new(**given):
    bench = Bench(Mute())
    ground = Ground(bench, **given)
    return bench, ground


def ready(sink_um_s):
    bench, ground = new()
    bench.feed.home()
    until(bench, bench.feed)
    bench.feed.seek_contact(44000, 58000, 8000)
    until(bench, bench.feed)
    bench.tilt.baseline()
    ground.sink_um_s = sink_um_s
    return bench, ground


def whole_core():
    bench, ground = ready(90)
    bench.corer.core(9000)
    until(bench, bench.corer)
    assert bench.corer.result == t.CORER_RESULT_DEPTH_REACHED, bench.corer.result
    bench.feed.retract_to(3000)
    until(bench, bench.feed)
    bench.percussion.pulses(5)
    until(bench, bench.percussion)
    bench.weigher.weigh(32)
    until(bench, bench.weigher)


def pause():
    bench, _ = ready(90)
    bench.corer.core(9000)
    for _ in range(3000):
        tick(bench)
    bench.corer.paused = True
    for _ in range(3000):
        tick(bench)
    assert bench.corer.state == t.CORER_STATE_PAUSED
    bench.corer.paused = False
    until(bench, bench.corer)
    assert bench.corer.result == t.CORER_RESULT_DEPTH_REACHED, bench.corer.result


def hard():
    bench, _ = ready(0)
    bench.corer.core(9000)
    until(bench, bench.corer)
    assert bench.corer.result == t.CORER_RESULT_TARGET_TOO_HARD


def soft():
    bench, _ = ready(9000)
    bench.corer.core(9000)
    until(bench, bench.corer)
    assert bench.corer.result == t.CORER_RESULT_RUNAWAY_SOFT


def brake():
    bench, ground = ready(70)
    bench.corer.core(9000)
    for _ in range(2000):
        tick(bench)
    ground.brake = True
    ground.stalls = False
    until(bench, bench.corer)
    assert bench.corer.result == t.CORER_RESULT_FEED_BRAKE


def slip():
    bench, ground = ready(70)
    bench.corer.core(9000)
    for _ in range(2000):
        tick(bench)
    bench.accelerometer.x_mg = 30
    until(bench, bench.corer)
    assert bench.corer.result == t.CORER_RESULT_SLIP


def jam():
    bench, ground = ready(70)
    bench.corer.core(9000)
    nature = bench.nature
    held = [0]

    def stuck():
        before = bench.encoder.count
        nature()
        if bench.corer.state == t.CORER_STATE_CORING:
            held[0] += 1
            if held[0] > 100:
                bench.encoder.count = before
                bench.spindle_current.current_ma = min(3000, 5 * bench.bridge.permille)
        else:
            held[0] = 0

    bench.nature = stuck
    until(bench, bench.corer)
    assert bench.corer.result == t.CORER_RESULT_SPINDLE_JAM, bench.corer.result


def faults_of_the_feed():
    for name in ("home_dead", "home_stuck", "brake"):
        bench, ground = new()
        setattr(ground, name, True)
        bench.feed.home()
        until(bench, bench.feed)
        assert bench.feed.result != t.FEED_RESULT_OK
    bench, ground = new(start_um=-200)
    bench.feed.home()
    until(bench, bench.feed)
    bench.feed.move_to(60000)
    for _ in range(200):
        tick(bench)
    bench.feed.halt()
    until(bench, bench.feed)
    assert bench.feed.result == t.FEED_RESULT_HALTED


def cam():
    bench, _ = new()
    nature = bench.nature
    place = [1500]

    def turn():
        nature()
        goal = bench.horn.pulse_us
        if goal:
            place[0] += max(-7, min(7, goal - place[0]))
        bench.aux_current.current_ma = 900 if 1150 < place[0] < 1300 else 350
        bench.expander.put(CENTRED_BIT, abs(place[0] - 1500) < 60)
        bench.expander.put(OFFSET_BIT, abs(place[0] - 1100) < 60)

    bench.nature = turn
    for action in (bench.breakoff.offset, bench.breakoff.release, bench.breakoff.centre):
        action()
        until(bench, bench.breakoff)
        assert bench.breakoff.confirmed


for scene in (whole_core, pause, hard, soft, brake, slip, jam, faults_of_the_feed, cam):
    gc.collect()
    scene()
    print(scene.__name__, "done")

missing = []
for name in dir(t):
    for prefix, mechanism in (
        ("CORER_STATE_", "corer"),
        ("FEED_STATE_", "feed"),
        ("SPINDLE_STATE_", "spindle"),
        ("PERCUSSION_STATE_", "percussion"),
        ("BREAK_OFF_STATE_", "breakoff"),
        ("WEIGHER_STATE_", "weigher"),
    ):
        if name.startswith(prefix) and (mechanism, getattr(t, name)) not in seen:
            missing.append(name)
assert not missing, missing
assert CORER_STATE_IDLE == FEED_STATE_IDLE == SPINDLE_STATE_OFF == 0
print(len(seen), "states,", ticks, "ticks, 0 bytes")
