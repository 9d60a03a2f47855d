"""Why the controller started, and how to start it again."""

import machine

UNKNOWN = 0
POWER_ON = 1
WATCHDOG = 3

# Filled by `record`, which boot.py calls: later code reads it here.
cause = UNKNOWN


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


def reset() -> None:
    """Restart the controller, as at power-on but with the cause WATCHDOG. Outputs float until boot.py has
    run.
    """
    machine.reset()
