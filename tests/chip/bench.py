"""A stock image on the emulated chip with the payload's parts on its pins, spoken to by its raw REPL."""

from __future__ import annotations

from host_tools.chip.bridge import Bridge
from host_tools.chip.process import ChipProcess
from host_tools.chip.setup import build_world

LONGEST_US = 20_000_000


class Bench:
    """One chip, booted to its raw REPL."""

    def __init__(self, flash: bytes, seed: int = 1) -> None:
        self.world = build_world("emulated", "sandstone", seed)
        self.chip = ChipProcess(flash, seed)
        self.bridge = Bridge(self.world, self.chip)
        while not self.bridge.usb_open:
            self.bridge.run(self.world.clock.now_us + 5_000)
        self.bridge.type(b"\r\x03\x03")
        self.until(b">>> ")
        self.bridge.type(b"\r\x01")
        self.until(b"CTRL-B to exit\r\n>")

    def until(self, mark: bytes) -> bytes:
        """Runs until `mark` was said; gives what came before it."""
        console = self.bridge.console
        end = self.world.clock.now_us + LONGEST_US
        while mark not in console:
            assert self.world.clock.now_us < end, f"no {mark!r}; said: {bytes(console[-300:])!r}"
            self.bridge.run(self.world.clock.now_us + 5_000)
        at = console.index(mark)
        said = bytes(console[:at])
        del console[: at + len(mark)]
        return said

    def run(self, code: str) -> str:
        """Runs code on the chip; gives what it printed."""
        self.bridge.type(code.encode() + b"\x04")
        self.until(b"OK")
        said = self.until(b"\x04").decode().strip()
        error = self.until(b"\x04").decode()
        self.until(b">")
        assert not error, error
        return said

    def wait(self, us: int) -> None:
        """Lets emulated time pass."""
        self.bridge.run(self.world.clock.now_us + us)

    def close(self) -> None:
        """No process is left."""
        self.chip.close()
