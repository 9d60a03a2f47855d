"""`micropython` for CPython: the names that firmware uses, without effect where CPython has none.

On the MicroPython VM the firmware gets the built-in module. The emulator's own files import this one as
`micropython` on both, for `@micropython.native`: the VM's compiler knows that by its text, and a function
compiled so keeps its frame off the heap, which the VM searches for room at each call.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    Function = TypeVar("Function", bound=Callable[..., Any])

_locks = 0
_opt = 0


def const(value: int) -> int:
    """The value itself."""
    return value


def native(fn: "Function") -> "Function":
    """The function itself."""
    return fn


def viper(fn: "Function") -> "Function":
    """The function itself."""
    return fn


def heap_lock() -> int:
    """Counts a lock; CPython's heap stays as it is."""
    global _locks
    _locks += 1
    return _locks


def heap_unlock() -> int:
    """Counts an unlock and returns the depth that is left. Raises RuntimeError when nothing is locked."""
    global _locks
    if _locks == 0:
        raise RuntimeError("heap_unlock() without heap_lock()")
    _locks -= 1
    return _locks


def heap_locked() -> int:
    """The depth of locking."""
    return _locks


def opt_level(level: "int | None" = None) -> "int | None":
    """Reads or sets the optimisation level, which changes nothing here."""
    global _opt
    if level is None:
        return _opt
    _opt = level
    return None


def schedule(fn: "Callable[[Any], None]", argument: "Any") -> None:
    """Calls the function at once: between two bytecodes is as soon as the chip would."""
    fn(argument)


def kbd_intr(character: int) -> None:
    """Accepted; the emulated console has no interrupt character."""
    if not isinstance(character, int):
        raise TypeError("kbd_intr() takes a character code")


def alloc_emergency_exception_buf(size: int) -> None:
    """Accepted; CPython needs no buffer for an exception."""
    if size < 0:
        raise ValueError("size must not be negative")
