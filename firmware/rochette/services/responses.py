"""Responses: the few things that fault protection does.

hold(): stop everything where it is. safe(): end the activities and take the power off the actuators. Both run
a table of steps that the payload hands in. Neither ever releases a tube or a bit, retracts, or moves
anything: a step only stops, switches off or writes down. Each step runs even when one before it failed.
"""

from rochette.tables import EV_SYSTEM_RESPONSE_HOLD, EV_SYSTEM_RESPONSE_SAFE, EV_SYSTEM_RESPONSE_STEP_FAILED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.events import Events

NOMINAL = 0
HELD = 1
SAFED = 2


class Responses:
    """`level` is NOMINAL, HELD or SAFED; it rises by itself and falls only by clear()."""

    def __init__(self, events: "Events") -> None:
        self.level = NOMINAL
        self.reason = 0
        self.failures = 0
        self.error: "Exception | None" = None
        self._events = events
        self._hold: "list[Callable[[], Any]]" = []
        self._safe: "list[Callable[[], Any]]" = []

    def add_hold(self, step: "Callable[[], Any]") -> None:
        """`step()` is part of hold(), after those added before. Bind it once; it must be harmless when
        repeated."""
        self._hold.append(step)

    def add_safe(self, step: "Callable[[], Any]") -> None:
        """`step()` is part of safe(), after those added before."""
        self._safe.append(step)

    def hold(self, reason: int) -> None:
        """Stop in place. The steps run at every call, the event comes once. Allocates nothing when all goes
        well."""
        if self.level < HELD:
            self.level = HELD
            self.reason = reason
            self._events.emit(EV_SYSTEM_RESPONSE_HOLD, reason)
        self._run(self._hold, HELD)

    def safe(self, reason: int) -> None:
        """Make safe. The steps run at every call, the event comes once."""
        if self.level < SAFED:
            self.level = SAFED
            self.reason = reason
            self._events.emit(EV_SYSTEM_RESPONSE_SAFE, reason)
        self._run(self._safe, SAFED)

    def clear(self) -> None:
        """Back to NOMINAL, by command of the ground; nothing is switched on."""
        self.level = NOMINAL
        self.reason = 0

    def _run(self, steps: "list[Callable[[], Any]]", response: int) -> None:
        at = 0
        for step in steps:
            at += 1
            try:
                step()
            except Exception as error:
                self.failures += 1
                self.error = error
                self._events.emit(EV_SYSTEM_RESPONSE_STEP_FAILED, at, response)
