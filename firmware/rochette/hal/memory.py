"""The heap: when the garbage collector runs.

A collection on a Pico takes about 20 ms, two ticks. It is done where nothing moves: while the modules are
imported (early and often, so that long-lived tables do not land between garbage: without it an import failed
with half the heap free, MicroPython 1.25 on an RP2040), after the payload is built, and whenever an activity
has ended. The ticks in between allocate nothing. On CPython, which counts references, this does nothing.
"""

import gc
import sys
from array import array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

IMPORT_THRESHOLD = 16_384
"""Bytes allocated between two collections while modules are imported."""

_set_threshold = getattr(gc, "threshold", None)
_BLOCK_BYTES = 32 if sys.maxsize > 0x7FFFFFFF else 16
"""What MicroPython's heap is divided into: four words."""
_RUN = 1024
"""Free blocks in a row that count as the heap's free end."""
_USEFUL = 64
"""Free blocks in a row that the frame of a call fits into."""
_HOLES = 512
_ATTEMPTS = 20_000
_filled: "list[Any]" = [None]


def while_importing() -> None:
    """Collect after each 16 kB. To be called before the large imports."""
    if _set_threshold is not None:
        _set_threshold(IMPORT_THRESHOLD)


def settle() -> None:
    """Collect now, fill the holes, and from now on collect only when the heap is used up. Takes up to 100 ms
    on a Pico."""
    if _set_threshold is not None:
        gc.collect()
        _fill_holes()
        gc.collect()
        _set_threshold(-1)


def _fill_holes() -> None:
    """Put something for good into each small hole between what was built and the heap's free end.

    A call whose frame does not fit on the stack takes it from the heap, and looks for room from the first
    hole on: with small holes at the bottom, all that was built is looked through for each such call, up to
    0.1 ms of a tick on a Pico. The smallest thing there is, a tuple of one block, always goes into the lowest
    hole: so a first pass finds how long the holes are, and a second one fills those that no frame fits into.
    """
    lengths = array("H", bytes(2 * _HOLES))
    holes = _measure_holes(lengths)
    gc.collect()
    kept: "Any" = None
    used = 0
    for n in range(holes):
        chain: "Any" = None
        for _ in range(lengths[n] - used):
            chain = (chain,)
        used = 0
        if lengths[n] < _USEFUL and chain is not None:
            kept = (chain, kept)
            used = 1  # of the next hole
    _filled[0] = kept


def _measure_holes(lengths: "array[int]") -> int:
    """Blocks in each hole below the heap's free end, the lowest first; how many holes."""
    chain: "Any" = None
    last = run = holes = 0
    for _ in range(_ATTEMPTS):
        chain = (chain,)
        at = id(chain)
        if at - last == _BLOCK_BYTES:
            run += 1
            if run == _RUN:
                break
        else:
            if run:
                lengths[holes] = run
                holes += 1
                if holes == _HOLES:
                    break
            run = 1
        last = at
    return holes


def tidy() -> None:
    """Collect now; for when nothing moves. Takes up to 30 ms on a Pico."""
    if _set_threshold is not None:
        gc.collect()


def free() -> int:
    """Bytes of heap that are free; 0 where the interpreter does not tell. Does not allocate."""
    read = getattr(gc, "mem_free", None)
    return 0 if read is None else read()
