"""The same lines of Python on the emulated modules of this process and on the emulated chip, over equal
worlds.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import Any

from host_tools.chip import flash_image, session, uf2
from host_tools.chip.setup import build_world
from host_tools.emulator import loader
from tests.chip.bench import Bench

Traffic = list[tuple[str, int, int, Any]]
BOARD = "emulated"


class OnHost:
    """CPython with the emulated modules; a World of its own while the block is entered."""

    def __init__(self, seed: int = 1) -> None:
        self._seed = seed
        self.traffic: Traffic = []
        self._names: dict[str, Any] = {}
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> OnHost:
        loader.install(BOARD)
        self.world = build_world(BOARD, "sandstone", self._seed).attach()
        self._record()
        return self

    def __exit__(self, *_: object) -> None:
        for undo in reversed(self._undo):
            undo()
        self.world.detach()

    def _record(self) -> None:
        """Notes what passes on the emulated bus: the calls of `machine.I2C` that the firmware makes."""
        import machine

        i2c, traffic = machine.I2C, self.traffic
        read, write = i2c.readfrom_mem_into, i2c.writeto

        def readfrom_mem_into(self: Any, addr: int, memaddr: int, buf: Any, *, addrsize: int = 8) -> None:
            pointer = memaddr.to_bytes(addrsize // 8, "big")
            traffic.append(("write", self._bus.number, addr, pointer))
            read(self, addr, memaddr, buf, addrsize=addrsize)
            traffic.append(("read", self._bus.number, addr, len(buf)))

        def writeto(self: Any, addr: int, buf: Any, stop: bool = True) -> int:
            traffic.append(("write", self._bus.number, addr, bytes(buf)))
            return write(self, addr, buf, stop)

        def undo() -> None:
            i2c.readfrom_mem_into, i2c.writeto = read, write

        i2c.readfrom_mem_into, i2c.writeto = readfrom_mem_into, writeto
        self._undo.append(undo)

    def run(self, code: str) -> str:
        """Runs code; gives what it printed."""
        said = io.StringIO()
        with redirect_stdout(said):
            exec(compile(code, "both", "exec"), self._names)
        return said.getvalue().strip()


class OnChip(Bench):
    """The chip with the firmware in its image and the board's data in its file system."""

    def __init__(self, frozen: uf2.Image, seed: int = 1) -> None:
        files = {"board.py": session.deployed(BOARD)["board.py"]}
        super().__init__(flash_image.with_files(frozen, files), seed)
        self.traffic: Traffic = []
        self.bridge.traffic = self.traffic

    def run(self, code: str) -> str:
        """Runs code; gives what it printed, lines as on the host."""
        return super().run(code).replace("\r\n", "\n")
