"""Runs on the MicroPython VM: everything that the drivers do in a tick, with the heap locked.

Prints one line a driver and call: its name, and the bytes it took from the heap, -1 when it needed the locked
heap. The fakes of this folder, the board and the firmware are on MICROPYPATH.
"""

import gc

import machine
import micropython
import rp2

from board import BOARD
from rochette.drivers.fit import fit

ROUNDS = 50


def calls(parts):
    """(name, function of one number) for all that mechanisms call in a tick."""

    def fram_write(n):
        parts["fram"].write(n, DATA)

    def fram_read(n):
        parts["fram"].read_into(n, ROOM)

    def camera(n):
        c = parts["camera"]
        c.focus(n & 1 == 0)
        c.shutter(n & 1 == 0)
        c.took_latched()
        return c.sync

    def feed(n):
        f = parts["feed"]
        f.set_rate(n * 700 - 17000)
        f.tick()
        return f.moving

    def enable(n):
        if n & 1:
            parts["actuator_enable"].on()
        else:
            parts["actuator_enable"].off()

    def estop(n):
        parts["estop_sense"]._interrupt(None)
        return parts["estop_sense"].open()

    def position(n):
        p = parts["probe_position"]
        return p.ok and p.um

    def temperature(n):
        t = parts["motor_temperature"]
        return t.ok and t.mc

    def switches(n):
        parts["gate_closed"].made()
        parts["gate_closed"].changed()
        return parts["feed_home"].made()

    def zero(n):
        parts["load_cell"].set_zero(n)
        parts["encoder"].zero()

    found = []
    for name in sorted(parts):
        if hasattr(parts[name], "poll"):
            found.append((name + ".poll", polled(parts[name])))
    found.append(("fram.write", fram_write))
    found.append(("fram.read_into", fram_read))
    found.append(("camera", camera))
    found.append(("feed.tick", feed))
    found.append(("spindle.drive", lambda n: parts["spindle"].drive(n * 40 - 1000)))
    found.append(("spindle.stop", lambda n: parts["spindle"].stop()))
    found.append(("gate_servo", lambda n: parts["gate_servo"].set_pulse(900 + n * 20)))
    found.append(("percussion", lambda n: parts["percussion"].set(n * 800, n * 200)))
    found.append(("led_ring", lambda n: parts["led_ring"].set(n * 20)))
    found.append(("actuator_enable", enable))
    found.append(("estop", estop))
    found.append(("position", position))
    found.append(("temperature", temperature))
    found.append(("switches", switches))
    found.append(("zero", zero))
    return found


def polled(driver):
    return lambda n: driver.poll()


def measure(call):
    """Bytes that ROUNDS calls take; -1 when one of them needed the heap while it was locked."""
    call(0)
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    micropython.heap_lock()
    try:
        for n in range(ROUNDS):
            call(n)
    except MemoryError:
        return -1
    finally:
        micropython.heap_unlock()
        after = gc.mem_alloc()
        gc.enable()
    return after - before


DATA = bytearray(40)
ROOM = bytearray(40)
drivers = fit(BOARD)
drivers["light"]._configured = True
for fill in (0, 0x19, 0xFF):
    machine.I2C.fill = fill
    rp2.StateMachine.value = fill << 16 | fill
    rp2.StateMachine.always = fill == 0x19
    for label, function in calls(drivers):
        print(label, measure(function))
transfers = machine.I2C.transfers
machine.I2C.dead = True
for name in sorted(drivers):
    if hasattr(drivers[name], "poll"):
        print(name + ".poll, bus dead", measure(polled(drivers[name])))
print("samples", drivers["load_cell"].samples, "transfers", transfers, "errors", drivers["tilt"].bus.errors)
