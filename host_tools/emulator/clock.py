"""The virtual clock: integer microseconds from power-on, and what is due when.

Time passes only when the firmware reads the time, polls, sleeps or uses a bus; nothing here looks at a real
clock. Events are kept in a linked list in order of time, those of one time in the order they were asked for;
there are only a handful (timers, watchdog, grid, faults), so a walk is cheaper than a heap and nothing is
allocated to queue one again.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

TICKS_MASK = 0x3FFFFFFF
NEVER = 1 << 60


class Event:
    """One thing to be done at one time. Made by `Clock.at`; may be queued again by its owner with
    `Clock.queue`.
    """

    __slots__ = ("us", "fn", "next", "queued", "interrupt")

    def __init__(self, fn: "Callable[[], None]", interrupt: bool) -> None:
        self.us = 0
        self.fn = fn
        self.next: "Event | None" = None
        self.queued = False
        self.interrupt = interrupt


class Clock:
    """Virtual time. `now_us` counts from power-on and never wraps; what the firmware sees wraps at 2**30.

    The start value puts the first wrap of `ticks_us` and `ticks_ms` a few seconds after power-on, so that
    every run crosses both.
    """

    def __init__(self, start_ticks_us: int) -> None:
        self.now_us = 0
        self.start = start_ticks_us
        # Milliseconds start so that they wrap at the same moment as the microseconds do.
        self.start_ms = (TICKS_MASK + 1) - (TICKS_MASK + 1 - start_ticks_us) // 1000
        self.next_us = NEVER
        self.held = 0
        self._head: "Event | None" = None
        self._firing = False

    # --- what the firmware sees

    @micropython.native
    def ticks_us(self) -> int:
        """Microseconds, wrapping at 2**30. Costs one microsecond, so that a busy wait ends."""
        t = self.now_us + 1
        self.now_us = t
        if t >= self.next_us:
            self.run_due()
            t = self.now_us
        return (t + self.start) & TICKS_MASK

    @micropython.native
    def ticks_ms(self) -> int:
        """Milliseconds, wrapping at 2**30. Costs one microsecond."""
        t = self.now_us + 1
        self.now_us = t
        if t >= self.next_us:
            self.run_due()
            t = self.now_us
        return (t // 1000 + self.start_ms) & TICKS_MASK

    @micropython.native
    def sleep_us(self, us: int) -> None:
        """Lets `us` microseconds pass; a negative time is none, as on the real thing."""
        if us > 0:
            self.advance(us)

    # --- what the emulator uses

    @micropython.native
    def advance(self, us: int) -> None:
        """Lets `us` microseconds pass and does what falls due in them, in order, each at its own time."""
        t = self.now_us + us
        if t < self.next_us:
            self.now_us = t
        else:
            self._run(t)

    def run_due(self) -> None:
        """Does what is due by now (after `now_us` was moved directly)."""
        self._run(self.now_us)

    def at(self, us: int, fn: "Callable[[], None]", interrupt: bool = False) -> Event:
        """Calls `fn` at `us` (absolute, from power-on; at the next chance when that has passed). Returns the
        handle for `cancel`.

        `interrupt` marks what waits while interrupts are switched off.
        """
        event = Event(fn, interrupt)
        self.queue(event, us)
        return event

    @micropython.native
    def queue(self, event: Event, us: int) -> None:
        """Queues an event object that is not in the queue, without allocating.

        Raises EmulationError when it is queued already.
        """
        if event.queued:
            raise EmulationError("event is queued already: cancel it first")
        # A time that has passed stays what it is: a periodic timer held up by a flash write makes up for it,
        # as the
        # chip's does.
        event.us = us
        event.queued = True
        before = None
        e = self._head
        while e is not None and e.us <= us:
            before = e
            e = e.next
        event.next = e
        if before is None:
            self._head = event
            self.next_us = us
        else:
            before.next = event

    @micropython.native
    def cancel(self, event: Event) -> bool:
        """Takes an event out of the queue; returns whether it was there."""
        if not event.queued:
            return False
        before = None
        e = self._head
        while e is not None and e is not event:
            before = e
            e = e.next
        if before is None:
            self._head = event.next
            self.next_us = NEVER if self._head is None else self._head.us
        else:
            before.next = event.next
        event.queued = False
        event.next = None
        return True

    def hold(self) -> None:
        """Holds interrupts back (interrupts off, or a flash operation). Counts, so it nests."""
        self.held += 1

    def release(self) -> None:
        """Undoes one `hold`; what fell due meanwhile happens now.

        Raises EmulationError when nothing is held.
        """
        if self.held == 0:
            raise EmulationError("interrupts are enabled more often than they were disabled")
        self.held -= 1
        if self.held == 0 and self.now_us >= self.next_us:
            self._run(self.now_us)

    @micropython.native
    def _first(self) -> "Event | None":
        """The first event that may happen: with interrupts off, those that are none (watchdog, faults) still
        do.
        """
        e = self._head
        if self.held:
            while e is not None and e.interrupt:
                e = e.next
        return e

    @micropython.native
    def _run(self, target: int) -> None:
        if self._firing:
            # In a handler: time passes, and what falls due waits until the handler has returned, as with one
            # interrupt priority on the chip.
            if target > self.now_us:
                self.now_us = target
            return
        self._firing = True
        try:
            e = self._first()
            while e is not None and e.us <= target:
                if e is self._head:
                    self._head = e.next
                    e.next = None
                    e.queued = False
                    self.next_us = NEVER if self._head is None else self._head.us
                else:
                    self.cancel(e)
                if e.us > self.now_us:
                    self.now_us = e.us
                e.fn()
                if self.now_us > target:
                    target = self.now_us
                e = self._first()
        finally:
            self._firing = False
        if target > self.now_us:
            self.now_us = target
