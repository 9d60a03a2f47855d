"""The heap: when the garbage collector runs.

A collection on a Pico takes about 20 ms, two ticks. It is done where nothing moves: while the modules are
imported (early and often, so that long-lived tables do not land between garbage: without it an import failed
with half the heap free, MicroPython 1.25 on an RP2040), after the payload is built, and whenever an activity
has ended. The ticks in between allocate nothing. On CPython, which counts references, this does nothing.
"""

import gc

IMPORT_THRESHOLD = 16_384
"""Bytes allocated between two collections while modules are imported."""

_set_threshold = getattr(gc, "threshold", None)


def while_importing() -> None:
    """Collect after each 16 kB. To be called before the large imports."""
    if _set_threshold is not None:
        _set_threshold(IMPORT_THRESHOLD)


def settle() -> None:
    """Collect now, and from now on only when the heap is used up. Takes up to 30 ms on a Pico."""
    if _set_threshold is not None:
        gc.collect()
        _set_threshold(-1)


def tidy() -> None:
    """Collect now; for when nothing moves. Takes up to 30 ms on a Pico."""
    if _set_threshold is not None:
        gc.collect()


def free() -> int:
    """Bytes of heap that are free; 0 where the interpreter does not tell. Does not allocate."""
    read = getattr(gc, "mem_free", None)
    return 0 if read is None else read()
