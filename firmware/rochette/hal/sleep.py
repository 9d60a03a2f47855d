"""The controller's sleep: everything in it stops but the timer that wakes it.

On an RP2040 `machine.lightsleep` keeps RAM and `ticks_ms`; UART, PIO, PWM and soft timers stand still, so
nothing may be driven meanwhile. A watchdog runs on, and one that fires in a sleep leaves an RP2040 stuck
until its supply is cut (MicroPython issue 17228, images up to 1.25). So a long sleep is made of short ones,
and the watchdog, set to its longest time, is fed between them.
"""

from machine import lightsleep

from rochette.hal import clock
from rochette.hal.watchdog import LONGEST_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.hal.watchdog import Watchdog

SLICE_MS = 5000
"""One piece of a sleep: well inside the watchdog's 8388 ms, with a slow crystal too."""
LONGEST_NAP_MS = 86_400_000
"""A day: far inside the half turn of the millisecond ticks."""
_REFUSALS = 10


def wait(duration_ms: int, watchdog: "Watchdog | None") -> int:
    """Wait awake, the watchdog fed: for a supply that was switched off to go. Returns the milliseconds."""
    start = clock.ticks_ms()
    waited = 0
    while waited < duration_ms:
        clock.sleep_us(10_000)
        if watchdog is not None:
            watchdog.feed()
        waited = clock.diff(clock.ticks_ms(), start)
    return waited


def nap(duration_ms: int, watchdog: "Watchdog | None") -> int:
    """Sleep for `duration_ms` (1 to LONGEST_NAP_MS). Returns the milliseconds that have passed by the timer.

    Less than asked when the controller did not sleep ten times in a row; more when it overslept. To be called
    with every output at rest. Allocates at most where the
    watchdog is set. Raises ValueError for a time out of range.
    """
    if not 1 <= duration_ms <= LONGEST_NAP_MS:
        raise ValueError("sleep of {} ms: 1 to {} are possible".format(duration_ms, LONGEST_NAP_MS))
    start = clock.ticks_ms()
    before_ms = 0
    if watchdog is not None:
        before_ms = watchdog.timeout_ms
        watchdog.set_timeout(LONGEST_MS)
    refusals = 0
    slept = 0
    while slept < duration_ms and refusals < _REFUSALS:
        wish = duration_ms - slept
        if wish > SLICE_MS:
            wish = SLICE_MS
        lightsleep(wish)
        if watchdog is not None:
            watchdog.feed()
        now = clock.diff(clock.ticks_ms(), start)
        refusals = refusals + 1 if (now - slept) * 2 < wish else 0
        slept = now
    if watchdog is not None:
        watchdog.set_timeout(before_ms)
    return slept
