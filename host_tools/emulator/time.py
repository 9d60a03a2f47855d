"""`time` as the firmware sees it: MicroPython's names on the world's virtual clock.

Found as `time` on the MicroPython VM by the path; on CPython the loader gives it to `rochette.hal.clock`
alone. No wall clock: `time()`, `localtime()` and the rest raise, as the payload's time of day is its DS3231.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator import world as _world
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.clock import Clock
    from host_tools.emulator.world import World

_MASK = 0x3FFFFFFF
_HALF = 0x20000000


class _NoClock:
    def __getattr__(self, name: str) -> int:
        raise EmulationError("time is read before a World is attached: call World(...).attach() first")


_clock: "Clock" = _NoClock()  # type: ignore[assignment]


def _attached(world: "World | None") -> None:
    global _clock
    _clock = _NoClock() if world is None else world.clock  # type: ignore[assignment]


_world.when_attached(_attached)


@micropython.native
def ticks_us() -> int:
    """Microseconds, wrapping at 2**30; costs 1 us."""
    # Clock.ticks_us written out: this is called several times a tick.
    c = _clock
    t = c.now_us + 1
    c.now_us = t
    if t >= c.next_us:
        c.run_due()
        t = c.now_us
    return (t + c.start) & _MASK


@micropython.native
def ticks_ms() -> int:
    """Milliseconds, wrapping at 2**30; costs 1 us."""
    return _clock.ticks_ms()


def ticks_cpu() -> int:
    """As `ticks_us`: the emulated processor has no finer counter."""
    return _clock.ticks_us()


@micropython.native
def ticks_diff(end: int, start: int) -> int:
    """`end - start` over the wrap, -2**29 .. 2**29 - 1."""
    return ((end - start + _HALF) & _MASK) - _HALF


@micropython.native
def ticks_add(ticks: int, delta: int) -> int:
    """`ticks + delta` over the wrap. Raises OverflowError for a delta of half the period or more, as the chip
    does.
    """
    if delta >= _HALF or delta <= -_HALF:
        raise OverflowError("ticks interval overflow")
    return (ticks + delta) & _MASK


@micropython.native
def sleep_us(us: int) -> None:
    """Lets microseconds pass."""
    _clock.sleep_us(us)


def sleep_ms(ms: int) -> None:
    """Lets milliseconds pass."""
    _clock.sleep_us(ms * 1000)


def sleep(s: int) -> None:
    """Lets whole seconds pass; a float raises TypeError, as there are none in this emulator."""
    if not isinstance(s, int):
        raise TypeError("sleep() takes whole seconds here; use sleep_ms or sleep_us")
    _clock.sleep_us(s * 1_000_000)


def time_ns() -> int:
    """Not there: the payload's time of day comes from its DS3231. Raises EmulationError."""
    raise EmulationError("time.time_ns() is not emulated: the time of day is the DS3231's")


def time() -> int:
    """Not there: see `time_ns`. Raises EmulationError."""
    raise EmulationError("time.time() is not emulated: the time of day is the DS3231's")
