"""Survival beside a supply, a clock, a memory and a sleep that do as told; each call of theirs is logged."""

from __future__ import annotations

from array import array
from typing import Any

from rochette.services.calling import Calling
from rochette.services.events import FIELDS, Events
from rochette.services.mission_time import MissionTime
from rochette.services.mode import ModeKeeper
from rochette.services.stores import MemoryStore
from rochette.services.survival import Survival
from rochette.services.survival_record import RECORD_BYTES, SurvivalRecord
from rochette.tables import PARAMETER_DEFAULTS

BASE_S = 52_000_000


class Reset(Exception):
    """The controller starts anew."""


class Executive:
    """Ticks that count."""

    tick = 0

    def slept(self, duration_ms: int) -> None:
        self.tick += duration_ms // 10


class Bench:
    """`mv` is the supply; `naps` what the next sleeps do: milliseconds that pass, one a sleep, then as asked.
    `log` says who was touched, in order. `restart()` is a new start with the same memory."""

    def __init__(self, store: Any = None, **values: int) -> None:
        import rochette.tables as tables

        self.store = MemoryStore(RECORD_BYTES) if store is None else store
        self.values = array("i", PARAMETER_DEFAULTS)
        for name, value in values.items():
            self.values[getattr(tables, "P_SURVIVAL_" + name)] = value
        self.mv = 13_000
        self.measurable = True
        self.ma = 100
        self.true_s = BASE_S
        self.clock_off_s = 0
        self.clock_stopped = False
        self.naps: list[int] = []
        self.nap_mv: list[int] = []
        self.running = False
        self.log: list[str] = []
        self.restart()

    def restart(self, cause: int = 1, latch: bool = False, naps: int = 0) -> Survival:
        """The firmware's objects made anew; what it does first is done."""
        self.events = Events(256)
        self.executive = Executive()
        self.events.stamp_from(self.executive)
        self.mode = ModeKeeper(self.events)
        self.locked = False
        self.paused = False
        self.ok = True
        self.bus_mv = self.current_ma = 0
        self.taken = 0
        self.epoch_s = 0
        self.valid = self.stopped = False
        self.record = SurvivalRecord(self)
        self.calling = Calling(self.values, self.events)
        self.calling.connect(self)
        self.time = MissionTime(self.executive, Clock(self), 2024, self.events, self.values)
        self.survival = Survival(
            self.executive,
            self.events,
            self.values,
            self,
            self.time,
            self.mode,
            self.record,
            self,  # type: ignore[arg-type]
            self.calling,
            self.nap,
            self.reset,
        )
        self.survival.lock = self.lock
        self.survival.busy = lambda: self.running
        self.survival.pause = lambda paused: setattr(self, "paused", paused)
        self.survival.add_down(lambda: self.log.append("down"))
        naps += self.survival.measure_first(0)
        self.survival.begin(naps, cause, 3, latch)
        return self.survival

    # the supply's monitor

    def check(self) -> None:
        self.log.append("check")
        if not self.measurable:
            raise OSError(5)

    def measure(self) -> None:
        self.log.append("measure")
        self.ok = self.measurable
        if self.ok:
            self.bus_mv = self.mv
            self.current_ma = self.ma

    # the memory

    def read_into(self, offset: int, buffer: Any) -> None:
        self.log.append("read")
        self.store.read_into(offset, buffer)

    def write(self, offset: int, buffer: Any) -> None:
        self.log.append("write")
        self.store.write(offset, buffer)

    # heater, line, sleep, reset, actuators

    def judge(self, asleep: bool) -> None:
        self.log.append("heater")

    def beacon(self) -> None:
        self.log.append("beacon")

    def reopen(self) -> None:
        self.log.append("reopen")

    def nap(self, duration_ms: int) -> int:
        self.log.append("nap")
        slept = self.naps.pop(0) if self.naps else duration_ms
        self.true_s += slept // 1000
        if self.nap_mv:
            self.mv = self.nap_mv.pop(0)
        return slept

    def reset(self) -> None:
        raise Reset

    def lock(self, locked: bool) -> None:
        self.log.append("lock" if locked else "unlock")
        self.locked = locked

    # a second

    def second(self, times: int = 1) -> None:
        """So many seconds of the executive: what the input room reads, then the tick."""
        for _ in range(times):
            self.executive.tick += 100
            self.true_s += 1
            self.ok = self.measurable
            if self.ok:
                self.bus_mv = self.mv
                self.current_ma = self.ma
            self.time.poll()
            self.survival.tick()

    def told(self) -> list[tuple[int, ...]]:
        """The events since the start: id and arguments."""
        row = [0] * FIELDS
        found = []
        for number in range(1, self.events.count + 1):
            self.events.read(number, row)
            found.append((row[0], *row[2:]))
        return found

    def ids(self) -> list[int]:
        return [one[0] for one in self.told()]


class Clock:
    """The mission clock: the true time, and what is wrong with it."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.ok = True
        self.epoch_s = 0
        self.valid = self.stopped = False

    def poll(self) -> None:
        self.bench.log.append("clock")
        self.epoch_s = self.bench.true_s + self.bench.clock_off_s
        self.stopped = self.bench.clock_stopped
        self.valid = not self.stopped

    def set_epoch(self, seconds: int) -> None:
        self.bench.clock_off_s = seconds - self.bench.true_s
        self.bench.clock_stopped = False
        self.poll()
