"""Time: the only file that imports `time`.

Ticks are integers of 30 bits that wrap at 2**30 (RP2040 MicroPython: microseconds wrap after 17.9 minutes,
milliseconds after 12.4 days). Ticks are never compared or subtracted directly: `diff` and `add` know the
wrap. Two ticks may lie up to 2**29 apart, 8.9 minutes in microseconds; longer times are counted in executive
ticks or in milliseconds. Nothing here allocates; all but the sleeps may be used in an interrupt.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    # The stubs give each kind of tick a type of its own; here they are what they are on the chip: integers.
    def ticks_us() -> int:
        """Microseconds, 0 to 2**30 - 1."""
        return 0

    def ticks_ms() -> int:
        """Milliseconds, 0 to 2**30 - 1."""
        return 0

    def diff(later: int, earlier: int) -> int:
        """later - earlier over the wrap, -2**29 to 2**29 - 1, in the unit of the two."""
        return later - earlier

    def add(ticks: int, delta: int) -> int:
        """ticks + delta over the wrap. Raises OverflowError for a delta of 2**29 or more, either way."""
        return ticks + delta

    def sleep_us(us: int) -> None:
        """Wait for `us` microseconds; not at all when it is negative."""
else:
    # Bound under the project's own names, not wrapped: they are called several times a tick.
    from time import sleep_us, ticks_ms, ticks_us
    from time import ticks_add as add
    from time import ticks_diff as diff

__all__ = ("PERIOD", "add", "diff", "sleep_until_us", "sleep_us", "ticks_ms", "ticks_us")

PERIOD = 1 << 30


def sleep_until_us(deadline_us: int) -> int:
    """Sleep until the tick `deadline_us`; return at once when it has passed.

    Returns the microseconds that were left when called: negative is how late the caller was.
    """
    left = diff(deadline_us, ticks_us())
    if left > 0:
        sleep_us(left)
    return left
