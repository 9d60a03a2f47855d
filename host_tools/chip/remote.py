"""The payload on the chip, as the session sees it: what it tells all the time stands here, the rest is
asked for.

`Payload` has the attributes that the firmware's has. Those of `on_chip.LOOK` are ordinary attributes,
renewed with each look; any other is a question over the serial port, which takes emulated time like any
other traffic.
"""

from __future__ import annotations

import json
import struct
from array import array
from collections.abc import Callable
from typing import Any

from host_tools.chip.bridge import Bridge
from host_tools.chip.errors import ChipError
from host_tools.chip.on_chip import EVENT, LOOK, RECORD
from host_tools.emulator.world import GRID_US

_LOOKED_AT = (
    "executive.tick", "executive.slip_sum", "sample.phase", "feed.state", "feed.z_um", "feed.weight_mn",
    "corer.state", "corer.level", "corer.depth_um", "corer.rop_um_s", "carousel.state", "carousel.sensed",
    "spindle.current_ma", "spindle.rpm", "camera.lux", "camera.picture_no", "bus.bus_mv", "aux.current_ma",
    "tilt.change_mdeg", "hold.active", "hold.serial", "activities.running", "ready",
    "sample.number", "sample.tube", "events.told", "mode.value",
    "tick_worst_us", "tick_sum_us", "tick_count",
)  # fmt: skip
_ANSWER_US = 20_000_000
_SILENCE_US = 10_000_000


class Remote:
    """A part of the payload by its path; attributes that nobody has set here are asked for."""

    def __init__(self, ask: Callable[[str], Any], path: str) -> None:
        self.__dict__["_ask"] = ask
        self.__dict__["_path"] = path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        path = f"{self._path}.{name}"
        value = self._ask(path)
        return Remote(self._ask, path) if isinstance(value, dict) and "object" in value else value

    def __setattr__(self, name: str, value: Any) -> None:
        # What the session sets (strictness, an outcome that it knows better) is for the firmware too.
        self._ask(f"setattr({self._path}, {name!r}, {value!r})")

    def __call__(self, *arguments: Any) -> Any:
        return self._ask(f"{self._path}({', '.join(map(repr, arguments))})")


class Events:
    """The events told so far, numbered from 1."""

    def __init__(self) -> None:
        self.records: list[tuple[int, ...]] = []

    @property
    def count(self) -> int:
        """How many there were."""
        return len(self.records)

    def read(self, number: int, record: array[int]) -> bool:
        """As the firmware's: id, tick, four arguments."""
        tick, event_id, *arguments = self.records[number - 1]
        for i, value in enumerate((event_id, tick, *arguments)):
            record[i] = value
        return True


class Payload(Remote):
    """The whole of it. `step` lets the chip run until its next look."""

    def __init__(self, bridge: Bridge, each: Callable[[], None]) -> None:
        """`each` is called at every grid point of the plant."""
        super().__init__(self._question, "p")
        parts = {name.split(".")[0] for name in _LOOKED_AT if "." in name}
        for part in sorted(parts):
            self.__dict__[part] = Remote(self._question, f"p.{part}")
        state = self.__dict__
        state["_bridge"] = bridge
        state["_each"] = each
        state["events"] = Events()
        state["_unread"] = bytearray()
        state["_answers"] = []
        state["_looks"] = 0
        state["notes"] = bytearray()
        state["ticks"] = {}
        state["slip_sum"] = 0
        state["executive"].__dict__["step"] = self.step
        state["executive"].__dict__["slips"] = [0, 0, 0, 0]

    def step(self) -> None:
        """Run until the next look has come. Raises ChipError when none comes."""
        seen = self._looks
        clock = self._bridge.world.clock
        end = clock.now_us + _SILENCE_US
        while self._looks == seen:
            self._run(end, "told nothing")

    def _run(self, end: int, what: str) -> None:
        clock = self._bridge.world.clock
        if clock.now_us > end:
            said = bytes(self.notes[-600:]).decode(errors="replace").strip()
            raise ChipError(
                f"the firmware on the chip has {what} for {_SILENCE_US // 1_000_000} s; it said last: {said}"
            )
        if self._bridge.resets:
            raise ChipError("the chip was reset in the middle of the run")
        self._bridge.run(clock.now_us + GRID_US)
        self._each()
        self._hear()

    def ask(self, text: str) -> Any:
        """What the Python expression `text` gives on the chip; `p` is the payload. Raises ChipError."""
        return self._question(text)

    def _question(self, text: str) -> Any:
        self._bridge.type(text.encode() + b"\n")
        end = self._bridge.world.clock.now_us + _ANSWER_US
        while not self._answers:
            self._run(end, "not answered")
        ok, value = self._answers.pop(0)
        if not ok:
            raise ChipError(f"the firmware on the chip could not answer '{text}': {value}")
        return value

    def _hear(self) -> None:
        unread = self._unread
        unread += self._bridge.console
        self._bridge.console.clear()
        while unread:
            if unread[0] != RECORD:
                at = unread.find(RECORD)
                at = len(unread) if at < 0 else at
                self.notes.extend(unread[:at])
                del unread[:at]
                continue
            if len(unread) < 4 or len(unread) < 4 + (size := unread[2] | unread[3] << 8):
                return
            self._record(chr(unread[1]), bytes(unread[4 : 4 + size]))
            del unread[: 4 + size]

    def _record(self, kind: str, data: bytes) -> None:
        if kind == "E":
            self.events.records.append(struct.unpack(EVENT, data))
        elif kind == "A":
            self._answers.append(json.loads(data))
        elif kind == "M":
            self.__dict__["_looks"] += 1
            for name, value in zip(_LOOKED_AT, struct.unpack(LOOK, data), strict=True):
                if "." in name:
                    part, attribute = name.split(".")
                    self.__dict__[part].__dict__[attribute] = value
                else:
                    self.__dict__[name] = value
            self.executive.slips[0] = self.executive.slip_sum
            worst, total, count = self.ticks.get(self.sample.phase, (0, 0, 0))
            # How long the control ticks took, by the phase they were in.
            self.ticks[self.sample.phase] = (
                max(worst, self.tick_worst_us),
                total + self.tick_sum_us,
                count + self.tick_count,
            )

    def heap_free(self) -> int:
        """Bytes of the heap that the firmware leaves free once the garbage is collected: what is free, and
        what on_chip.py itself takes beside it. Holds the firmware up for some 30 ms.
        """
        return int(self._question("gc.collect() or gc.mem_free() + own"))

    def stop(self) -> None:
        """As the firmware's. A chip that has ended needs no stopping."""
        try:
            self._question("p.stop()")
        except ChipError:
            return
