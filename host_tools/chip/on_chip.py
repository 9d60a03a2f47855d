"""What runs on the emulated chip beside the firmware in a run: steps it, tells its state, answers questions.

The firmware is the same as on a board; this file is put into the chip's file system, imported as `on_chip`,
and does what the host does itself on the other targets. Records on the serial port are RECORD, a kind, a
length (16 bits) and integers of 32 bits, little-endian, or JSON for an answer:

    M  a look at the payload, LOOKS a second and whenever something changed: the integers of `_look`
    E  an event: tick, id, four arguments
    A  the answer to a question: JSON, [true, value] or [false, error]

A question is a line of Python on standard input: `p` is the payload, `remember` keeps a name. It is answered
between two ticks. Whatever else is said on the port is somebody's print.
"""

import gc
import json
import select
import struct
import sys
import time
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

RECORD = 0x1E
TICKS_A_LOOK = 5
LOOK = "<30i"
EVENT = "<6i"


class Console:
    """Built once, after the payload: what it needs later is allocated here."""

    def __init__(self, payload: "Any", profile: "Any" = None) -> None:
        """`profile`: a tick_profile.TickProfile that wants to hear of each tick."""
        self._payload = payload
        self._profile = profile
        self._out = sys.stdout.buffer
        self._look_record = bytearray(4 + struct.calcsize(LOOK))
        self._event_record = bytearray(4 + struct.calcsize(EVENT))
        self._head(self._look_record, "M")
        self._head(self._event_record, "E")
        self._event = array("i", bytes(24))
        self._told = 0
        self._serial = -1
        self._running = False
        self._pictures = 0
        self._next = 0
        self._names: "dict[str, Any]" = {"p": payload, "gc": gc, "profile": profile, "own": 0}
        # How long the ticks take: from the end of the executive's sleep to the end of its step.
        self._sleep = payload.executive._sleep_until
        payload.executive._sleep_until = self._slept
        self._woke = 0
        self._worst = 0
        self._sum = 0
        self._ticks = 0
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def _head(self, record: bytearray, kind: str) -> None:
        record[0] = RECORD
        record[1] = ord(kind)
        record[2] = (len(record) - 4) & 0xFF
        record[3] = (len(record) - 4) >> 8

    def _slept(self, due_us: int) -> int:
        left = self._sleep(due_us)
        self._woke = time.ticks_us()  # type: ignore[attr-defined]  # MicroPython
        return left

    def run(self) -> None:
        """Step for ever."""
        executive = self._payload.executive
        step = executive.step
        try:
            while True:
                step()
                took = time.ticks_diff(time.ticks_us(), self._woke)  # type: ignore[attr-defined]
                took -= executive.still_us  # done between two ticks, with nothing energised: counted apart
                self._sum += took
                self._ticks += 1
                if took > self._worst:
                    self._worst = took
                if self._profile is not None:
                    self._profile.end_tick(self._payload.sample.phase)
                self._tell()
                for _ in self._poll.ipoll(0):  # type: ignore[attr-defined]  # MicroPython
                    self._answer()
        finally:
            self._payload.stop()

    def _tell(self) -> None:
        p = self._payload
        events = p.events
        changed = False
        while self._told < events.count:
            self._told += 1
            changed = True
            if events.read(self._told, self._event):
                e = self._event
                struct.pack_into(EVENT, self._event_record, 4, e[1], e[0], e[2], e[3], e[4], e[5])
                self._out.write(self._event_record)
        if (
            changed
            or p.executive.tick >= self._next
            or p.hold.serial != self._serial
            or p.activities.running != self._running
            or p.camera.picture_no != self._pictures
        ):
            self._next = p.executive.tick + TICKS_A_LOOK
            self._serial = p.hold.serial
            self._running = p.activities.running
            self._pictures = p.camera.picture_no
            self._look()

    def _look(self) -> None:
        p = self._payload
        slips = p.executive.slips
        struct.pack_into(
            LOOK,
            self._look_record,
            4,
            p.executive.tick,
            slips[0] + slips[1] + slips[2] + slips[3],
            p.sample.phase,
            p.feed.state,
            p.feed.z_um,
            p.feed.weight_mn,
            p.corer.state,
            p.corer.level,
            p.corer.depth_um,
            p.corer.rop_um_s,
            p.carousel.state,
            p.carousel.sensed,
            p.spindle.current_ma,
            p.spindle.rpm,
            p.camera.lux,
            p.camera.picture_no,
            p.bus.bus_mv,
            p.aux.current_ma,
            p.tilt.change_mdeg,
            1 if p.hold.active else 0,
            p.hold.serial,
            1 if p.activities.running else 0,
            1 if p.ready else 0,
            p.sample.number,
            p.sample.tube,
            p.events.count,
            p.mode.mode if hasattr(p.mode, "mode") else 0,
            self._worst,
            self._sum,
            self._ticks,
        )
        self._worst = 0
        self._sum = 0
        self._ticks = 0
        self._out.write(self._look_record)

    def _answer(self) -> None:
        line = sys.stdin.readline()
        try:
            value = eval(line, self._names)
            if hasattr(value, "__next__") or type(value).__name__ in ("array", "bytearray", "memoryview"):
                value = list(value)
            if value is not None and not isinstance(value, (int, bool, str, list, tuple, dict)):
                value = {"object": type(value).__name__}
            text = json.dumps([True, value])
        except Exception as error:
            text = json.dumps([False, repr(error)])
        data = text.encode()
        self._out.write(bytes((RECORD, ord("A"), len(data) & 0xFF, len(data) >> 8)))
        self._out.write(data)


def run(profiled: bool = False, own_bytes: int = 0) -> None:
    """Build the payload and run it until the power goes. `profiled`: with the time of every entry taken.

    `own_bytes`: what importing this file took of the heap. It and what stands beside the payload are no part
    of the firmware: the name `own` in a question is their sum.
    """
    import main  # the firmware's: this file is read on the host too, where it may not be on the path

    payload = main.build()
    profile = None
    if profiled:
        import tick_profile  # type: ignore[import-not-found]  # beside this file on the chip

        profile = tick_profile.TickProfile(payload.executive)
    gc.collect()
    before = gc.mem_free()  # type: ignore[attr-defined]  # MicroPython
    console = Console(payload, profile)
    gc.collect()
    console._names["own"] = own_bytes + before - gc.mem_free()  # type: ignore[attr-defined]
    console.run()
