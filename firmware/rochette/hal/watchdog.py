"""The hardware watchdog."""

import machine
from machine import WDT

# RP2040 data sheet, section 4.7: a 24-bit counter that ticks twice a microsecond (erratum RP2040-E1).
LONGEST_MS = 8388
# WATCHDOG_CTRL by its alias that clears the bits written (RP2040 data sheet, 2.1.2 and 4.7.6; RP2350 data
# sheet, 2.1.3 and 12.9.7), and its bit ENABLE. MicroPython has no call for it.
_CTRL_CLEAR = {"rp2040": 0x4005B000, "rp2350": 0x400DB000}
_ENABLE = 1 << 30


class Watchdog:
    """Resets the chip when it is not fed in time. Once made it runs until the next reset, or until
    `let_go`."""

    def __init__(self, timeout_ms: int, mcu: str = "rp2040") -> None:
        """timeout_ms: 1 to 8388. mcu: rp2040 or rp2350. Raises ValueError otherwise."""
        if mcu not in _CTRL_CLEAR:
            raise ValueError("watchdog of '{}': rp2040 and rp2350 are known".format(mcu))
        if not 1 <= timeout_ms <= LONGEST_MS:
            raise ValueError("watchdog of {} ms: 1 to {} are possible".format(timeout_ms, LONGEST_MS))
        self.timeout_ms = timeout_ms
        self._clear = _CTRL_CLEAR[mcu]
        self._wdt = WDT(timeout=timeout_ms)

    def set_timeout(self, timeout_ms: int) -> None:
        """Another timeout from now on, 1 to 8388; it goes on running. Raises ValueError otherwise.
        Allocates."""
        if not 1 <= timeout_ms <= LONGEST_MS:
            raise ValueError("watchdog of {} ms: 1 to {} are possible".format(timeout_ms, LONGEST_MS))
        self.timeout_ms = timeout_ms
        self._wdt = WDT(timeout=timeout_ms)

    def feed(self) -> None:
        """Start the time anew. Does not allocate. Called by the executive, before it runs by the stages of
        the start, and between the pieces of a sleep."""
        self._wdt.feed()

    def let_go(self) -> None:
        """Stop it. For one case only: a person has broken in at the console, the payload is safe and stands
        still, and a reset after two seconds would throw them out again.
        """
        machine.mem32[self._clear] = _ENABLE


def for_the_start(mcu: str) -> Watchdog:
    """The watchdog at its longest time, while the payload is built. Raises ValueError for another controller
    than rp2040 and rp2350."""
    return Watchdog(LONGEST_MS, mcu)
