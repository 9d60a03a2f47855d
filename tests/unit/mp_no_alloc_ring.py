"""Runs every state of the ring group's mechanisms with the heap locked, on the MicroPython VM: tick()
allocates nothing.

Prints a line for each mechanism with the states it went through and the number of ticks. An allocation raises
MemoryError and ends the run. The rock comes as a JSON line on stdin.
"""

import json
import sys

from micropython import heap_lock, heap_unlock
from ring_bench import RingBench

MECHANISMS = ("carousel", "probe", "sealer", "gate", "camera")


def do(bench, mechanism, order, *args):
    """One action to its end."""
    getattr(mechanism, order)(*args)
    return bench.finish(mechanism)[0]


def good_run(bench):
    """Every action, ending well."""
    carousel = bench.carousel
    results = [do(bench, carousel, "home"), do(bench, carousel, "home"), do(bench, carousel, "count")]
    results.append(do(bench, bench.gate, "open"))
    results.append(do(bench, bench.gate, "close"))
    results.append(do(bench, carousel, "go", 7, 2, 0))
    results.append(do(bench, bench.probe, "measure"))
    results.append(do(bench, bench.probe, "jog", 1500))
    results.append(do(bench, bench.probe, "jog", -800))
    results.append(do(bench, bench.probe, "retract"))
    results.append(do(bench, carousel, "go", 7, 3, 0))
    results.append(do(bench, bench.sealer, "jog", 800))
    results.append(do(bench, bench.sealer, "retract"))
    results.append(do(bench, bench.sealer, "dispense"))
    results.append(do(bench, bench.sealer, "activate"))
    results.append(do(bench, bench.sealer, "retract"))
    results.append(do(bench, bench.camera, "shoot", 40000, 500))
    results.append(do(bench, carousel, "shake"))
    results.append(do(bench, carousel, "jog", 30))
    return results


def bad_run(bench):
    """Failures: their events and stops allocate nothing either."""
    carousel = bench.carousel
    results = [do(bench, carousel, "home")]
    bench.plant.fault("carousel_lost_steps", 64)
    results.append(do(bench, carousel, "go", 12, 0, 0))
    bench.plant.fault("carousel_lost_steps", 0)
    bench.plant.fault("gate_stuck", 1)
    results.append(do(bench, bench.gate, "open"))
    bench.plant.fault("probe_jam", 1)
    results.append(do(bench, bench.probe, "measure"))
    bench.plant.fault("seal_stuck", 1)
    results.append(do(bench, bench.sealer, "dispense"))
    bench.plant.fault("camera_dead", 1)
    results.append(do(bench, bench.camera, "shoot", 40000, 500))
    return results


def lock_holds():
    """1 when the VM's lock really refuses an allocation: without that the rest would prove nothing."""
    heap_lock()
    try:
        bytearray(64)
    except MemoryError:
        return 1
    finally:
        heap_unlock()
    return 0


def main():
    print("lock", lock_holds())
    rock = json.loads(sys.stdin.readline())
    visited = {}
    for run in (good_run, bad_run):
        bench = RingBench(rock, 5, True)
        print(run.__name__, *run(bench))
        for key in bench.visited:
            visited[key] = visited.get(key, 0) + bench.visited[key]
        bench.close()
    for name in MECHANISMS:
        states = sorted(state for mechanism, state in visited if mechanism == name)
        print(name, *states)


main()
