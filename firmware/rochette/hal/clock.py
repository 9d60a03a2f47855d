"""Time: the only file that imports `time`.

Ticks are integers of 30 bits that wrap at 2**30 (RP2040 MicroPython: microseconds wrap after 17.9 minutes,
milliseconds after 12.4 days). Ticks are never compared or subtracted directly: `diff` and `add` know the
wrap. Two ticks may lie up to 2**29 apart, 8.9 minutes in microseconds; longer times are counted in executive
ticks or in milliseconds. Nothing here allocates; all but the sleeps may be used in an interrupt.
"""

from time import sleep_us, ticks_add, ticks_diff, ticks_ms, ticks_us

__all__ = ("PERIOD", "add", "diff", "sleep_until_us", "sleep_us", "ticks_ms", "ticks_us")

PERIOD = 1 << 30


def diff(later: int, earlier: int) -> int:
    """later - earlier over the wrap, -2**29 to 2**29 - 1, in the unit of the two."""
    return ticks_diff(later, earlier)


def add(ticks: int, delta: int) -> int:
    """ticks + delta over the wrap. Raises OverflowError for a delta outside -2**29 to 2**29 - 1."""
    return ticks_add(ticks, delta)


def sleep_until_us(deadline_us: int) -> int:
    """Sleep until the tick `deadline_us`; return at once when it has passed.

    Returns the microseconds that were left when called: negative is how late the caller was.
    """
    left = ticks_diff(deadline_us, ticks_us())
    if left > 0:
        sleep_us(left)
    return left
