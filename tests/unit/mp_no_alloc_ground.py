"""Runs on the real MicroPython VM: the ground's side of a tick with the heap locked, whatever the link does.

Usage: micropython mp_no_alloc_ground.py. An allocation under a locked heap raises MemoryError.
"""

import gc
import struct

import micropython

from rochette.services import framing
from rochette.services.wire import ACK, BYE, EVENTS_AGAIN, HELLO, KEY, QUERY
from rochette.tables import (
    CMD_CAROUSEL_HOME,
    CMD_FILES_SEND,
    EV_SYSTEM_BOOTED,
    P_LINK_PACK_SAMPLES,
    P_LINK_RULE_BY_HAND,
)
from tests.unit.ground_bench import Bench


class Port:
    """Gives prepared bytes, takes everything; allocates nothing."""

    def __init__(self):
        self.data = b""
        self.at = 0
        self.sent = 0

    def read_into(self, buffer):
        count = min(len(buffer), len(self.data) - self.at)
        for n in range(count):
            buffer[n] = self.data[self.at + n]
        self.at += count
        return count

    def write(self, _buffer, _start, count):
        self.sent += count
        return count


def frame(channel, body, sequence=0, acknowledged=0):
    content = bytes((0x10, channel, sequence & 0xFF, acknowledged & 0xFF)) + body
    out = bytearray(framing.worst(len(content)))
    return bytes(out[: framing.put(content, len(content), out, 0)])


def control(kind, body=b""):
    return frame(0, bytes((kind,)) + body)


def locked(name, bench, ticks, data=b""):
    """Let `data` come in while `ticks` pass under a locked heap."""
    bench.port.data = data
    bench.port.at = 0
    sent = bench.port.sent
    tick = bench.ground.tick
    executive = bench.payload.executive
    gc.collect()
    micropython.heap_lock()
    try:
        for _ in range(ticks):
            tick()
            executive.tick = (executive.tick + 1) & 0x3FFFFFFF
    finally:
        micropython.heap_unlock()
    assert bench.port.at == len(data), name
    print(name, bench.port.sent - sent)


def main():
    bench = Bench()
    bench.port = Port()
    bench.link._port = bench.port
    payload = bench.payload
    values = payload.parameters.values
    locked("silent", bench, 300)
    hello = control(HELLO, struct.pack(">BII", 1, 0x1A2B3C4D, 0))
    bench.port.data = hello
    bench.ground.tick()  # opening a session tells the dictionary, which allocates
    session = bytes(bench.link.session)
    ack = control(ACK, session + struct.pack(">I", 1))
    locked("hello again", bench, 3, hello)
    locked("packed telemetry and status", bench, 490, ack)
    for n in range(60):
        values[P_LINK_PACK_SAMPLES] = 5 + n % 20
        for place in range(len(payload.telemetry.values)):
            payload.telemetry.values[place] = (place * 7919 + n * 104729) % 2000000 - 1000000
        locked("packed, values that jump", bench, 40, ack)
    values[P_LINK_PACK_SAMPLES] = 0
    locked("plain telemetry", bench, 400, ack)
    for n in range(200):
        bench.events.emit(EV_SYSTEM_BOOTED, n)
    locked("events", bench, 100, ack)
    again = control(EVENTS_AGAIN, struct.pack(">HII", bench.link.record.boot, 1, 300))
    locked("events again", bench, 100, ack + again)
    locked(
        "questions", bench, 10, control(QUERY, session + struct.pack(">I", 5)) + control(KEY, b"\xff") + ack
    )
    urgent = b""
    for kind in (1, 2, 3, 4):
        urgent += frame(5, struct.pack(">BH", kind, kind) + session)
    locked("urgent frames", bench, 10, urgent + urgent)
    locked(
        "text and damaged frames", bench, 60, b"Traceback\r\n" * 50 + hello[:-3] + ack[5:] + bytes(2000) + ack
    )
    doubled = frame(1, session + struct.pack(">HH", 0, 0) + struct.pack(">HI", 0, 5), 200, 1)
    locked("frames out of order", bench, 10, doubled * 5)
    content = bytearray(3000)
    bench.ground.files.store.save("log", content, 3000)
    bench.commands.submit(CMD_FILES_SEND, ("log",))
    store = bench.ground.files.store
    store.read_into = None  # what the store itself allocates is its own
    bench.ground.files.store = Still(content)
    for expected in range(1, 14):  # the event at the end notes the file's name, which allocates
        locked("a file", bench, 6, control(ACK, session + struct.pack(">I", expected)))
    locked("resending", bench, 300, ack)
    payload.work = 10000
    values[P_LINK_RULE_BY_HAND] = 1
    bench.commands.submit(CMD_CAROUSEL_HOME)
    locked("the link is lost, the work paused", bench, 700)
    assert payload.activities.paused
    locked("the link is back", bench, 20, ack)
    locked("bye", bench, 20, control(BYE, session))
    print("done")


class Still:
    """A store of one file that allocates nothing."""

    def __init__(self, content):
        self._content = content

    def size(self, _name):
        return len(self._content)

    def read_into(self, _name, offset, buffer, count):
        count = min(count, len(self._content) - offset)
        for n in range(count):
            buffer[n] = self._content[offset + n]
        return count


main()
