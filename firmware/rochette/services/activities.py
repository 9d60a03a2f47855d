"""Activities: generators that read like the procedure.

`yield` means "next tick", `yield from` means "until that is done". Each activity owns the mechanisms it named
(a bit mask) from start to end, every wait has a deadline, an abort is an exception thrown in, and each ends
with exactly one result event, however it ends.
"""

from rochette.tables import (
    ACTIVITY_NAME_NONE,
    ACTIVITY_RESULT_ABORTED,
    ACTIVITY_RESULT_CRASHED,
    ACTIVITY_RESULT_FAULT,
    ACTIVITY_RESULT_OK,
    ACTIVITY_RESULT_STUCK,
    ACTIVITY_RESULT_TIMEOUT,
    EV_SYSTEM_ACTIVITY_ENDED,
    EV_SYSTEM_ACTIVITY_FAULT,
    EV_SYSTEM_ACTIVITY_REFUSED,
    EV_SYSTEM_ACTIVITY_STARTED,
    EV_SYSTEM_ACTIVITY_TIMEOUT,
    P_SYSTEM_ABORT_CLEANUP_MS,
    PARAMETER_DEFAULTS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Generator

    from rochette.services.events import Events
    from rochette.services.executive import Executive
    from rochette.services.parameters import Parameters

TICK_MS = 10
"""A yield is one tick of the executive."""

_TICK_MASK = 0x3FFFFFFF
_LONGEST_MS = 100_000_000  # duration in an event: 27.8 hours, far inside an int of the board


class ActivityError(Exception):
    """What ends an activity on purpose. `reason` is a value of the enum Reason."""

    def __init__(self, reason: int = 0) -> None:
        super().__init__(reason)
        self.reason = reason


class Abort(ActivityError):
    """Thrown into an activity that is told to end. It cleans up and lets this pass on."""


class Timeout(ActivityError):
    """A wait passed its deadline. `reason` says what was waited for."""


class Fault(ActivityError):
    """The activity found what its procedure does not allow to pass. `a` and `b` are details for the event."""

    def __init__(self, reason: int, a: int = 0, b: int = 0) -> None:
        super().__init__(reason)
        self.a = a
        self.b = b


def wait_until(condition: "Callable[[], Any]", limit_ms: int, what: int = 0) -> "Generator[None, None, None]":
    """Wait until condition() is true, looking once a tick. Raises Timeout(what) after `limit_ms`."""
    left = (limit_ms + TICK_MS - 1) // TICK_MS
    while not condition():
        if left <= 0:
            raise Timeout(what)
        left -= 1
        yield


def pause_ms(duration_ms: int) -> "Generator[None, None, None]":
    """Wait for `duration_ms`, rounded up to ticks."""
    for _ in range((duration_ms + TICK_MS - 1) // TICK_MS):
        yield


class Activities:
    """Runs up to `slots` activities side by side, each with mechanisms of its own.

    While `paused` no activity takes a step: what a mechanism does it brings to its end, nothing new is begun,
    and the time of waits stands still. An abort is carried out all the same. It ends with the last activity.

    on_end(name, result, reason), where set, is called after each result event. An error that is no
    ActivityError ends the activity as CRASHED, stays in `error`, and calls on_crash(); with `strict` (tests,
    emulation) it is also raised.
    """

    def __init__(
        self,
        executive: "Executive | Any",
        events: "Events",
        parameters: "Parameters | None" = None,
        slots: int = 4,
    ) -> None:
        self.strict = False
        self.paused = False
        self.error: "BaseException | None" = None
        self.on_end: "Callable[[int, int, int], Any] | None" = None
        self.on_crash: "Callable[[], Any] | None" = None
        self.last_name = ACTIVITY_NAME_NONE
        self.last_result = ACTIVITY_RESULT_OK
        self.last_reason = 0
        self.running = 0
        self._executive = executive
        self._events = events
        self._values = PARAMETER_DEFAULTS if parameters is None else parameters.values
        self._slots = slots
        self._generators: "list[Generator[Any, Any, Any] | None]" = [None] * slots
        self._names = [0] * slots
        self._masks = [0] * slots
        self._begun = [0] * slots
        self._abort: "list[Abort | None]" = [None] * slots
        self._cleanup = [-1] * slots

    def start(self, name: int, generator: "Generator[Any, Any, Any]", resources: int) -> bool:
        """Begin an activity: `name` of the enum ActivityName, `resources` a bit mask of mechanisms.

        False, with an event that names the owner, when a resource is taken or all slots are; the generator is
        closed then. It runs its first step in the next tick(). Allocates.
        """
        free = -1
        owner = self.owner(resources)
        for slot in range(self._slots):
            if self._generators[slot] is None and free < 0:
                free = slot
        if owner or free < 0:
            generator.close()
            self._events.emit(EV_SYSTEM_ACTIVITY_REFUSED, name, owner or self._names[0])
            return False
        self._generators[free] = generator
        self._names[free] = name
        self._masks[free] = resources
        self._begun[free] = self._executive.tick
        self._abort[free] = None
        self._cleanup[free] = -1
        self.running += 1
        self._events.emit(EV_SYSTEM_ACTIVITY_STARTED, name)
        return True

    def owner(self, resources: int) -> int:
        """Name of the activity that owns any of `resources`; ACTIVITY_NAME_NONE (0) when they are free."""
        for slot in range(self._slots):
            if self._generators[slot] is not None and self._masks[slot] & resources:
                return self._names[slot]
        return ACTIVITY_NAME_NONE

    def current(self) -> int:
        """Name of the activity that runs, the first when there are several; for a telemetry channel."""
        for slot in range(self._slots):
            if self._generators[slot] is not None:
                return self._names[slot]
        return ACTIVITY_NAME_NONE

    def abort(self, name: "int | None" = None, reason: int = 0) -> int:
        """Tell one activity, or all, to end by its safe way out. Returns how many were told.

        The exception is thrown in at the next tick(); after it the activity has ABORT_CLEANUP_MS for its way
        out. An activity that is on its way out already is left alone. Allocates.
        """
        told = 0
        for slot in range(self._slots):
            if self._generators[slot] is None or self._cleanup[slot] >= 0 or self._abort[slot] is not None:
                continue
            if name is None or self._names[slot] == name:
                self._abort[slot] = Abort(reason)
                told += 1
        return told

    def tick(self) -> None:
        """Run each activity by one step. Allocates nothing but what the activities do."""
        if not self.running:
            return
        for slot in range(self._slots):
            generator = self._generators[slot]
            if generator is not None:
                if self.paused and self._abort[slot] is None and self._cleanup[slot] < 0:
                    continue
                self._step(slot, generator)

    def _step(self, slot: int, generator: "Generator[Any, Any, Any]") -> None:
        try:
            abort = self._abort[slot]
            if abort is not None:
                self._abort[slot] = None
                self._cleanup[slot] = self._values[P_SYSTEM_ABORT_CLEANUP_MS] // TICK_MS
                generator.throw(abort)
            elif self._cleanup[slot] == 0:
                self._cut_off(slot, generator)
            else:
                if self._cleanup[slot] > 0:
                    self._cleanup[slot] -= 1
                next(generator)
        except StopIteration:
            aborted = self._cleanup[slot] >= 0
            self._end(slot, ACTIVITY_RESULT_ABORTED if aborted else ACTIVITY_RESULT_OK, 0)
        except BaseException as error:
            self._failed(slot, error)

    def _failed(self, slot: int, error: BaseException) -> None:
        """How an activity ended by an exception is called, and what follows."""
        if isinstance(error, Abort):
            self._end(slot, ACTIVITY_RESULT_ABORTED, error.reason)
        elif isinstance(error, Timeout):
            self._events.emit(EV_SYSTEM_ACTIVITY_TIMEOUT, self._names[slot], error.reason)
            self._end(slot, ACTIVITY_RESULT_TIMEOUT, error.reason)
        elif isinstance(error, Fault):
            self._events.emit(EV_SYSTEM_ACTIVITY_FAULT, self._names[slot], error.reason, error.a, error.b)
            self._end(slot, ACTIVITY_RESULT_FAULT, error.reason)
        elif isinstance(error, ActivityError):
            self._end(slot, ACTIVITY_RESULT_FAULT, error.reason)
        else:
            self.error = error
            self._end(slot, ACTIVITY_RESULT_CRASHED, 0)
            if self.on_crash is not None:
                self.on_crash()
            if self.strict or not isinstance(error, Exception):
                raise error

    def _cut_off(self, slot: int, generator: "Generator[Any, Any, Any]") -> None:
        """The way out took too long. The result stands whatever the generator still does about its
        closing."""
        self._end(slot, ACTIVITY_RESULT_STUCK, 0)
        try:
            generator.close()
        except Exception as error:  # it yielded or raised while closing; the result stands
            self.error = error

    def _end(self, slot: int, result: int, reason: int) -> None:
        """Release everything, then say how it ended: the one place that does."""
        name = self._names[slot]
        self._generators[slot] = None
        self._masks[slot] = 0
        self._abort[slot] = None
        self._cleanup[slot] = -1
        self.running -= 1
        if not self.running:
            self.paused = False
        self.last_name = name
        self.last_result = result
        self.last_reason = reason
        duration_ms = ((self._executive.tick - self._begun[slot]) & _TICK_MASK) * TICK_MS
        self._events.emit(EV_SYSTEM_ACTIVITY_ENDED, name, result, reason, min(duration_ms, _LONGEST_MS))
        if self.on_end is not None:
            self.on_end(name, result, reason)
