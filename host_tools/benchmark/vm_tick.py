"""The cost of a tick, measured inside the target: runs on CPython and on the MicroPython VM.

Reads one JSON line on standard input, {"steps": n, "spec": specification or null}, and prints one JSON line:
"executive_ns", what a tick of the executive costs with ENTRIES entries that do nothing; and, with a
specification, "phases": for each phase of the procedure [phase, ticks, microseconds of the wall clock],
firmware and emulated payload together. The wall clock is read here only; nothing of the run can see it.
"""

# isort: off
from host_tools.emulator import room  # before anything that stays

# isort: on
import json
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

ENTRIES = ((100, 16), (20, 8), (5, 4), (1, 4))
"""Rate in hertz, number of entries: about what the payload has."""

if sys.implementation.name == "micropython":
    # The u asks for the VM's own clock, not for the emulated one on the path.
    import utime  # pyright: ignore[reportMissingImports]  (there is none on the host)

    def wall_us() -> int:
        """Microseconds of the wall clock, from an arbitrary start."""
        return utime.time_ns() // 1000
else:
    import time

    def wall_us() -> int:
        """Microseconds of the wall clock, from an arbitrary start."""
        return time.perf_counter_ns() // 1000


class StillClock:
    """A clock for an executive alone: every sleep ends at once and on time."""

    def __init__(self) -> None:
        self._now = 0

    def ticks_us(self) -> int:
        """The present, microseconds."""
        return self._now

    def add(self, ticks: int, delta: int) -> int:
        """ticks + delta over the wrap."""
        return (ticks + delta) & 0x3FFFFFFF

    def diff(self, later: int, earlier: int) -> int:
        """later - earlier; nothing is late here."""
        return later - earlier

    def sleep_until_us(self, deadline: int) -> int:
        """Be there."""
        self._now = deadline
        return 0


def nothing() -> None:
    """An entry that costs what a call costs."""


class TimingSink:
    """Hears a session and notes what the wall clock says, by phase.

    Looks like a ground that sees every core.
    """

    def __init__(self) -> None:
        self.phases: "dict[int, list[int]]" = {}
        self._columns: "list[str]" = []
        self._phase = -1
        self._ms = 0
        self._us = wall_us()

    def columns(self, names: "list[str]") -> None:
        """Column names."""
        self._columns = names

    def event(self, event: "dict[str, Any]") -> None:
        """Events are not looked at."""

    def telemetry(self, row: "list[int]") -> None:
        """A row: the time since the last belongs to the phase it had."""
        now = wall_us()
        ms = row[self._columns.index("time_ms")]
        spent = self.phases.setdefault(self._phase, [0, 0])
        spent[0] += (ms - self._ms) // 10
        spent[1] += now - self._us
        self._phase = row[self._columns.index("phase")]
        self._ms = ms
        self._us = now

    def picture(self, scene: "dict[str, Any]") -> "dict[str, Any]":
        """Every picture shows a core."""
        return {"no": scene["no"], "verdict": "PRESENT", "confidence_permille": 900}

    def hold(self, evidence: "dict[str, Any]") -> "dict[str, Any]":
        """Go on."""
        return {"answer": "release", "sample": evidence["sample"], "tube": evidence["tube"]}


def executive_ns(steps: int) -> int:
    """Nanoseconds of the wall clock for one tick of an executive whose entries do nothing."""
    from rochette.services.executive import MECHANISMS, Executive

    executive = Executive(StillClock())
    for rate_hz, count in ENTRIES:
        for number in range(count):
            executive.add(MECHANISMS, "entry " + str(rate_hz) + " " + str(number), nothing, rate_hz)
    for _ in range(100):
        executive.step()
    begun = wall_us()
    for _ in range(steps):
        executive.step()
    return (wall_us() - begun) * 1000 // steps


def main() -> None:
    """Measure what standard input asks for and print it."""
    asked = json.loads(sys.stdin.readline())
    spec = asked["spec"]
    if sys.implementation.name != "micropython":
        from host_tools.emulator import loader

        loader.install(spec["board"] if spec else "emulated")
    answer: "dict[str, Any]" = {"executive_ns": executive_ns(asked["steps"])}
    if spec:
        from host_tools.emulator.session import Session

        sink = TimingSink()
        session = Session(spec, sink)
        session.begin()
        room.open_up()
        session.finish()
        answer["phases"] = [[phase, spent[0], spent[1]] for phase, spent in sorted(sink.phases.items())]
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
