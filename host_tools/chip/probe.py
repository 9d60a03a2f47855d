"""The emulated chip alone on a bench: no parts, no plant; pins driven and watched to the nanosecond.

For measurements and comparisons. Code goes in by the raw REPL; `edges` puts levels on input pins at given
times; what the chip did meanwhile comes back as events with their times (process.py). Nothing answers on
its buses.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from host_tools.chip.errors import ChipError
from host_tools.chip.process import PAD, USB_OPEN, ChipProcess, Event

Edge = tuple[int, int, float]
"""Pin, level, nanoseconds since power-on."""

MS = 1_000_000.0
_FN_SIO = 5
_REFUSED = b"\x00"


class Probe:
    """One chip with this flash, at its raw REPL. Raises ChipError when it does not come up."""

    def __init__(self, flash: bytes, seed: int = 1) -> None:
        self.chip = ChipProcess(flash, seed)
        self.ns = 0.0
        self.console = bytearray()
        self._typed = bytearray()
        try:
            while not any(event.kind == USB_OPEN for event in self.go(5 * MS)):
                self._before(5_000)
            self.go(50 * MS)
            self.type(b"\r\x03\x03")
            self.until(b">>> ")
            self.type(b"\r\x01")
            self.until(b"CTRL-B to exit\r\n>")
        except BaseException:
            self.close()
            raise

    def _before(self, ms: float) -> None:
        if self.ns > ms * MS:
            raise ChipError(f"the chip on the bench did not answer; it said: {bytes(self.console[-300:])!r}")

    def type(self, data: bytes) -> None:
        """Bytes for the serial port; they go there with the next `go`."""
        self._typed += data

    def go(self, ns: float, edges: Sequence[Edge] = ()) -> list[Event]:
        """Run for so long; gives what the chip did. Raises ChipError when it has halted."""
        body = bytearray(struct.pack("<dBH", self.ns + ns, 0, len(edges)))
        for pin, level, at in edges:
            body += struct.pack("<BBd", pin, level, at)
        body += struct.pack("<BHBH", 0, 0, 0, 0) + self._typed
        self._typed.clear()
        self.chip.send("G", bytes(body))
        events: list[Event] = []
        while True:
            frame = self.chip.receive()
            events += frame.events
            if frame.kind != "I":
                break
            self.chip.send("A", _REFUSED)
        self.ns = max(self.ns + ns, frame.us * 1000.0)
        if frame.kind == "H":
            raise ChipError(f"the emulated chip has stopped: {frame.rest.decode()}")
        self.console += frame.rest
        return events

    def until(self, mark: bytes, ms: float = 60_000) -> bytes:
        """Run until `mark` was said; gives what came before it."""
        end = self.ns + ms * MS
        while mark not in self.console:
            self._before(end / MS)
            self.go(2 * MS)
        at = self.console.index(mark)
        said = bytes(self.console[:at])
        del self.console[: at + len(mark)]
        return said

    def start(self, code: str) -> None:
        """Begin to run code; `end` waits for its end, which code that runs for ever does not have."""
        self.type(code.encode() + b"\x04")
        self.until(b"OK")

    def end(self) -> str:
        """Wait until it has ended; gives what it printed. Raises ChipError with its traceback."""
        said = self.until(b"\x04").decode().strip()
        error = self.until(b"\x04").decode()
        self.until(b">")
        if error:
            raise ChipError(f"the code on the bench failed: {error.strip()}")
        return said

    def run(self, code: str) -> str:
        """Run code to its end; gives what it printed."""
        self.start(code)
        return self.end()

    def close(self) -> None:
        """No process is left."""
        self.chip.close()


def driven(events: Sequence[Event], pin: int, level: int) -> float | None:
    """When the core first drove `pin` to `level`, nanoseconds; None when it did not."""
    for event in events:
        if event.kind == PAD and event.data[0] == pin and event.data[1] == _FN_SIO and event.data[2] == level:
            return event.ns
    return None
