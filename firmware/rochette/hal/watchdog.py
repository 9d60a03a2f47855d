"""The hardware watchdog."""

from machine import WDT

# RP2040 data sheet, section 4.7: a 24-bit counter that ticks twice a microsecond (erratum RP2040-E1).
LONGEST_MS = 8388


class Watchdog:
    """Resets the chip when it is not fed in time. Once made it runs until the next reset: it cannot be
    stopped."""

    def __init__(self, timeout_ms: int) -> None:
        """timeout_ms: 1 to 8388. Raises ValueError otherwise."""
        if not 1 <= timeout_ms <= LONGEST_MS:
            raise ValueError("watchdog of {} ms: 1 to {} are possible".format(timeout_ms, LONGEST_MS))
        self.timeout_ms = timeout_ms
        self._wdt = WDT(timeout=timeout_ms)

    def set_timeout(self, timeout_ms: int) -> None:
        """Another timeout from now on, 1 to 8388; it goes on running. Raises ValueError otherwise. Allocates."""
        if not 1 <= timeout_ms <= LONGEST_MS:
            raise ValueError("watchdog of {} ms: 1 to {} are possible".format(timeout_ms, LONGEST_MS))
        self.timeout_ms = timeout_ms
        self._wdt = WDT(timeout=timeout_ms)

    def feed(self) -> None:
        """Start the time anew. Does not allocate. Called in one place only: the executive."""
        self._wdt.feed()
