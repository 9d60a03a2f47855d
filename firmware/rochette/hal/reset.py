"""Why the controller started, what it was at when the watchdog ended it, and how to start it again."""

import machine
from uctypes import bytearray_at

UNKNOWN = 0
POWER_ON = 1
WATCHDOG = 3

WAITING = 0
STAGES = 240
STILL = 254
ASKED = 255
"""What stands in `trail[PLACE]` beside the number of an entry: between two ticks, a stage of the start
(STAGES and up, enum Entry), at still work, a reset that was asked for."""
PLACE = 0
SLOT = 4
"""Places in `trail`. A byte that is written to a register stands in all four bytes of it (RP2040 data sheet,
2.1.4: narrow writes to peripherals), so each has a register of its own."""

# WATCHDOG_SCRATCH0 (RP2040 data sheet, 4.7.6; RP2350 data sheet, 12.9.7). A watchdog reset leaves it alone, a
# power-on makes it 0. Numbers 4 to 7 are the boot loader's; nobody uses 0 to 3.
_SCRATCH0 = {"rp2040": 0x4005800C, "rp2350": 0x400D800C}

# Filled by `record`, which boot.py calls: later code reads it here.
cause = UNKNOWN
trail = bytearray(SLOT + 1)  # nobody's, until open_trail()


def open_trail(mcu: str) -> bytearray:
    """Two scratch registers of the watchdog as bytes: what is stored there costs what a store into any array
    costs, and outlives a reset. Raises KeyError for another controller than rp2040 and rp2350. Allocates."""
    global trail
    trail = bytearray_at(_SCRATCH0[mcu], SLOT + 1)
    return trail


def record() -> int:
    """Read the reset cause from the chip into `cause` and return it: POWER_ON, WATCHDOG or UNKNOWN.

    RP2040: a reset by `machine.reset` is made by the watchdog too, and reads as WATCHDOG.
    """
    global cause
    found = machine.reset_cause()
    if found == machine.PWRON_RESET:
        cause = POWER_ON
    elif found == machine.WDT_RESET:
        cause = WATCHDOG
    else:
        cause = UNKNOWN
    return cause


def name_nobody() -> None:
    """What comes now is a person's doing: a reset names no culprit. Does not allocate."""
    trail[PLACE] = ASKED


def reset() -> None:
    """Restart the controller, as at power-on but with the cause WATCHDOG. Outputs float until boot.py has
    run.
    """
    name_nobody()
    machine.reset()
