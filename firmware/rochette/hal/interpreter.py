"""Which MicroPython the firmware is held to."""

import sys

OLDEST = (1, 25)
"""The oldest that the firmware is tested on (the emulated chip)."""


def check() -> None:
    """Raise RuntimeError, in words, on a MicroPython that is too old; for the start, when the outputs are
    safe and nothing was built. CPython passes. Allocates when it raises only.
    """
    found = sys.implementation
    if found.name == "micropython" and (found.version[0], found.version[1]) < OLDEST:
        raise RuntimeError(
            "MicroPython {}.{} is too old for this firmware: {}.{} or later is needed (make flash puts "
            "one on the board). The outputs are safe and nothing was started.".format(
                found.version[0], found.version[1], OLDEST[0], OLDEST[1]
            )
        )
