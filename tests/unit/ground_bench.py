"""The ground's side of the payload on a bench: real services, no plant, a port that is two byte strings.

Runs on CPython and on the MicroPython VM. `tick()` is 10 ms; a restart keeps the FRAM and nothing else.
"""

import sys

from rochette import ground as ground_module
from rochette.services.activities import Activities
from rochette.services.commands import PENDING, Commands
from rochette.services.events import FIELDS, Events
from rochette.services.mission_time import MissionTime
from rochette.services.mode import ModeKeeper
from rochette.services.parameters import Parameters
from rochette.services.responses import Responses
from rochette.services.telemetry import Telemetry
from rochette.tables import (
    ACTIVITY_NAME_ACQUIRE,
    ACTIVITY_NAME_OPERATE,
    ACTIVITY_RESULT_OK,
    CMD_CAROUSEL_HOME,
    CMD_SAMPLE_ACQUIRE,
    CMD_SYSTEM_NO_OP,
    CMD_SYSTEM_PARAMETER_SET,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_OK,
    MODE_IDLE,
    TIER_FULL,
)

BOARD = {
    "pins": {},
    "parts": {"fram": {"scratch": 32752}, "mission_clock": {"epoch_year": 2020}},
    "link": {
        "port": "bench",
        "radio": False,
        "key_file": None,
        "files": {"folder": None, "ram_bytes": 16384, "longest": 4096},
    },
}


class Port:
    """What the firmware takes for a serial port."""

    def __init__(self):
        self.incoming = b""
        self.outgoing = b""
        self.room = 1 << 20

    def read_into(self, buffer):
        count = min(len(buffer), len(self.incoming))
        buffer[:count] = self.incoming[:count]
        self.incoming = self.incoming[count:]
        return count

    def write(self, buffer, start, count):
        count = min(count, self.room)
        self.outgoing += bytes(buffer[start : start + count])
        return count


class Memory:
    """An FRAM, which can be told to fail."""

    def __init__(self):
        self.data = bytearray(32768)
        self.broken = False
        self.writes = 0

    def read_into(self, address, buffer):
        if self.broken:
            raise OSError(5)
        buffer[:] = self.data[address : address + len(buffer)]

    def write(self, address, buffer):
        if self.broken:
            raise OSError(5)
        self.writes += 1
        self.data[address : address + len(buffer)] = buffer


class MissionClock:
    def __init__(self):
        self.epoch_s = 217_385_358  # 2026-11-21 00:42:38 in seconds from 2020
        self.valid = True
        self.ok = True
        self.stopped = False

    def poll(self):
        """The test sets `epoch_s` by hand: there is no part to ask."""
        return None


class Executive:
    def __init__(self, tick):
        self.tick = tick


class Rail:
    def __init__(self):
        self.is_on = False
        self.estop = False


class Feed:
    def __init__(self):
        self.forgotten = 0

    def forget_position(self):
        self.forgotten += 1


class Carousel:
    def __init__(self):
        self.moved_by_hand = False


class Corer:
    def __init__(self):
        self.paused = False


class Payload:
    """What ground.Ground needs of a payload. `done` lists what commands were carried out, with arguments."""

    def __init__(self, fram, board=None, tick=(1 << 30) - 500):
        self.board = BOARD if board is None else board
        self.drivers = {"fram": fram}
        self.executive = Executive(tick)
        self.events = Events(256, self.executive)
        self.parameters = Parameters()
        self.mode = ModeKeeper(self.events)
        self.commands = Commands(self.events, self.mode)
        self.commands.strict = True
        self.activities = Activities(self.executive, self.events, self.parameters)
        self.activities.strict = True
        self.activities.on_end = self._ended
        self.responses = Responses(self.events)
        self.telemetry = Telemetry()
        self.rail = Rail()
        self.feed = Feed()
        self.corer = Corer()
        self.carousel = Carousel()
        self.tier = TIER_FULL
        self.clock = MissionClock()
        self.mission_time = MissionTime(self.executive, self.clock, 2020)
        self.mission_time.poll()
        self.stops = 0
        self.done = []
        self.steps = 0
        self.work = 0
        self.fails = False
        self._opcode = 0
        self.commands.handle(CMD_SYSTEM_NO_OP, self._no_op)
        self.commands.handle(CMD_SYSTEM_PARAMETER_SET, self._set)
        self.commands.handle(CMD_SAMPLE_ACQUIRE, self._acquire)
        self.commands.handle(CMD_CAROUSEL_HOME, self._home)
        self.mode.set(MODE_IDLE)

    def stop(self):
        self.stops += 1
        self.rail.is_on = False

    def _no_op(self):
        self.done.append((CMD_SYSTEM_NO_OP,))

    def _set(self, index, value):
        self.done.append((CMD_SYSTEM_PARAMETER_SET, index, value))

    def _acquire(self, tube, depth_um):
        self.done.append((CMD_SAMPLE_ACQUIRE, tube, depth_um))
        return self._start(CMD_SAMPLE_ACQUIRE, ACTIVITY_NAME_ACQUIRE)

    def _home(self):
        self.done.append((CMD_CAROUSEL_HOME,))
        return self._start(CMD_CAROUSEL_HOME, ACTIVITY_NAME_OPERATE)

    def _start(self, opcode, name):
        if not self.activities.start(name, self._working(), 1):
            return COMMAND_RESULT_BUSY
        self._opcode = opcode
        return PENDING

    def _working(self):
        self.rail.is_on = True
        try:
            for _ in range(self.work):
                self.steps += 1
                yield
        finally:
            self.rail.is_on = False

    def _ended(self, _name, result, _reason):
        ok = result == ACTIVITY_RESULT_OK and not self.fails
        self.commands.complete(self._opcode, COMMAND_RESULT_OK if ok else COMMAND_RESULT_EXECUTION)


def _no_chance():
    return 0x1234


class Bench:
    """A payload with its ground's side, that can be restarted."""

    def __init__(self, board=None, tick=(1 << 30) - 500, key=None):
        self.fram = Memory()
        self.board = board
        self.key = key
        self.start(tick)

    def start(self, tick=1):
        """Power on: everything new but the FRAM."""
        self.port = Port()
        payload = self.payload = Payload(self.fram, self.board, tick)
        # For this one only: the next test may want the real ones.
        real = ground_module.open_port, ground_module.chance
        ground_module.open_port, ground_module.chance = self._port, _no_chance
        try:
            self.ground = ground_module.Ground(payload, payload.board, 1)
        finally:
            ground_module.open_port, ground_module.chance = real
        payload.ground = self.ground
        if self.key is not None:
            self.ground.link.use_key(self.key)
        self.events = payload.events
        self.link = self.ground.link
        self.commands = payload.commands

    def _port(self, _wiring, _pins):
        return self.port

    def tick(self, count=1):
        """`count` ticks of the executive: activities, then the link room."""
        payload = self.payload
        for _ in range(count):
            payload.activities.tick()
            self.ground.tick()
            payload.executive.tick = (payload.executive.tick + 1) & 0x3FFFFFFF

    def put(self, data):
        """Bytes from the ground."""
        self.port.incoming += data

    def take(self):
        """Bytes that have come since."""
        data = self.port.outgoing
        self.port.outgoing = b""
        return data

    def seen(self, *kinds):
        """The events of some ids, as [id, a, b, c, d]; of all without any."""
        rows = []
        for number in range(self.events.oldest, self.events.count + 1):
            row = [0] * FIELDS
            if self.events.read(number, row) and (not kinds or row[0] in kinds):
                rows.append([row[0]] + row[2:])
        return rows


IS_VM = sys.implementation.name == "micropython"
