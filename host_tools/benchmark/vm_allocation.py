"""The hot path with the heap locked: runs on the MicroPython VM only.

Reads one JSON line on standard input, {"ticks": n, "specs": [specification, ...]}, and runs the
specifications one after the other, over and over with other seeds, until the mechanisms have ticked n times.
Every tick of every mechanism runs with the heap locked, in the whole payload, so one byte that is asked for
ends the run. Prints a line a state, `MECHANISM state N: 0 bytes in M ticks`, or `MECHANISM state N:
allocates` and exits with status 1.

The emulated parts may allocate, the firmware may not: while a driver speaks to an emulated part the heap is
open.
"""

# isort: off
from host_tools.emulator import room  # before anything that stays

# isort: on
import json
import sys

import micropython  # pyright: ignore[reportMissingImports]  # the VM's own

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

MECHANISMS = (
    ("feed", "Feed"),
    ("spindle", "Spindle"),
    ("percussion", "Percussion"),
    ("breakoff", "BreakOff"),
    ("tilt", "Tilt"),
    ("weigher", "Weigher"),
    ("corer", "Corer"),
    ("carousel", "Carousel"),
    ("probe", "Probe"),
    ("sealer", "Sealer"),
    ("gate", "Gate"),
    ("camera", "Camera"),
)


class Allocated(Exception):
    """A tick asked for memory: the mechanism and its state."""


class Bus:
    """Opens the heap while an emulated part hears something over its bus.

    What it allocates is not the firmware's.
    """

    def __init__(self) -> None:
        self.locked = False

    def open(self, i2c: "Any") -> None:
        """Do so for the writes of the emulated I2C class. Fixed arguments: *args would allocate a tuple."""
        writeto = i2c.writeto
        writeto_mem = i2c.writeto_mem

        def open_writeto(self: "Any", addr: int, buf: "Any", stop: bool = True) -> int:
            if not bus.locked:
                return writeto(self, addr, buf, stop)
            micropython.heap_unlock()
            try:
                return writeto(self, addr, buf, stop)
            finally:
                micropython.heap_lock()

        def open_writeto_mem(self: "Any", addr: int, memaddr: int, buf: "Any") -> None:
            if not bus.locked:
                return writeto_mem(self, addr, memaddr, buf)
            micropython.heap_unlock()
            try:
                return writeto_mem(self, addr, memaddr, buf)
            finally:
                micropython.heap_lock()

        i2c.writeto = open_writeto
        i2c.writeto_mem = open_writeto_mem


bus = Bus()


class Watch:
    """Counts the ticks of each state of one mechanism class and runs each with the heap locked."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.total = 0
        self.states: "dict[int, int]" = {}

    def wrap(self, tick: "Callable[[Any], Any]") -> "Callable[[Any], Any]":
        """Give `tick` with the heap locked around it. Raises Allocated."""

        def locked(mechanism: "Any") -> None:
            state = getattr(mechanism, "state", 0)
            self.states[state] = self.states.get(state, 0) + 1
            self.total += 1
            bus.locked = True
            micropython.heap_lock()
            try:
                tick(mechanism)
            except MemoryError as error:
                micropython.heap_unlock()
                sys.print_exception(error)  # type: ignore[attr-defined]  # MicroPython's own
                raise Allocated(self.name, state)
            micropython.heap_unlock()
            bus.locked = False

        return locked


class QuietSink:
    """A ground that sees every core, releases it, and says nothing."""

    def columns(self, names: "list[str]") -> None:
        """Column names are not looked at."""

    def event(self, event: "dict[str, Any]") -> None:
        """Events are not looked at."""

    def telemetry(self, row: "list[int]") -> None:
        """Telemetry is not looked at."""

    def picture(self, scene: "dict[str, Any]") -> "dict[str, Any]":
        """Every picture shows a core."""
        return {"no": scene["no"], "verdict": "PRESENT", "confidence_permille": 900}

    def hold(self, evidence: "dict[str, Any]") -> "dict[str, Any]":
        """Go on."""
        return {"answer": "release", "sample": evidence["sample"], "tube": evidence["tube"]}


def watch_all() -> "list[Watch]":
    """Put a watch around the tick of every mechanism class."""
    watches = []
    for module, name in MECHANISMS:
        kind = getattr(__import__("rochette.mechanisms." + module, None, None, (name,)), name)
        watch = Watch(module)
        kind.tick = watch.wrap(kind.tick)
        watches.append(watch)
    return watches


def main() -> None:
    """Run until the mechanisms have ticked as often as asked between them, each of them at least once, and
    print what was seen. One that is idle is passed over by the executive, and has no ticks."""
    import machine  # pyright: ignore[reportMissingImports]  # the emulated one

    from host_tools.emulator.session import Session

    bus.open(machine.I2C)
    asked = json.loads(sys.stdin.readline())
    watches = watch_all()
    rounds = 0
    while sum([w.total for w in watches]) < asked["ticks"] or min([w.total for w in watches]) == 0:
        for spec in asked["specs"]:
            spec["seed"] += rounds
            session = Session(spec, QuietSink())
            session.begin()
            room.open_up()
            session.finish()
        rounds += 1
    for watch in watches:
        for state in sorted(watch.states):
            print("{} state {}: 0 bytes in {} ticks".format(watch.name, state, watch.states[state]))


if __name__ == "__main__":
    try:
        main()
    except Allocated as found:
        print("{} state {}: allocates".format(found.args[0], found.args[1]))
        sys.exit(1)
