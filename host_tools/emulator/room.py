"""Room on the MicroPython VM for what comes and goes, below what stays. For the programs that run there.

The VM looks for room from the lowest place that was given back on, and a call gives its frame back: what
comes and goes has to lie below what stays, or each allocation passes over all of that (a run took eight
times as long). So a piece is taken when this module is imported, which has to be before all else, and given
back when all is built. Meanwhile nothing is collected: five megabytes come in, nearly all of them stay, and
the firmware's own threshold, which a board needs there, would have them looked through some hundred times
(1.3 s).

On CPython this does nothing.
"""

import gc

BYTES = 4_000_000

_set_threshold = getattr(gc, "threshold", None)
_room = [bytearray(BYTES)] if _set_threshold else []

if _set_threshold:
    gc.disable()


def open_up() -> None:
    """All is built: give the room back, and collect from now on when three quarters of it are used up."""
    if _set_threshold:
        gc.enable()
        _room.clear()
        gc.collect()
        _set_threshold(BYTES * 3 // 4)
