"""A session with the firmware on the emulated chip: the same steps, commands, pictures, holds and result as
on the other targets (host_tools/emulator/session.py), with the payload behind the chip's serial port.

The trace is one record a look instead of one a tick, and events come a look later at most; it is the same
for the same image, seed and rock, and not comparable with the trace of another target.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from host_tools import paths, sizes
from host_tools.boards import find
from host_tools.chip import flash_image, image_build, profile, uf2
from host_tools.chip.bridge import Bridge
from host_tools.chip.errors import ChipError
from host_tools.chip.process import ChipProcess, node
from host_tools.chip.remote import Payload
from host_tools.chip.setup import world_of
from host_tools.emulator.faults import FaultInjector
from host_tools.emulator.kept import restore
from host_tools.emulator.limits import Limits
from host_tools.emulator.session import Session
from host_tools.run.runner import board_data

if TYPE_CHECKING:
    from host_tools.run.interrupts import InterruptGate
    from host_tools.run.protocol import Sink

_START_US = 10_000_000
ON_CHIP = Path(__file__).with_name("on_chip.py")
TICK_PROFILE = Path(__file__).with_name("tick_profile.py")


def firmware_image() -> uf2.Image:
    """The frozen image of the present sources: from the cache, else built. Raises ImageError."""
    path = image_build.frozen_path()
    return uf2.read(path if path.exists() else image_build.build(frozen=True))


def files(board: str) -> dict[str, bytes]:
    """What lies in the chip's file system: boot.py as it is, and the rest compiled.

    main.py is a module here, not run by itself: `on_chip` imports it.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.mpy"

        def compiled(source: Path) -> bytes:
            try:
                sizes.compile_file(source, source.name, out)
            except subprocess.CalledProcessError as error:
                raise ChipError(f"{source} does not compile: {error.stderr.strip()}") from error
            return out.read_bytes()

        return {
            "boot.py": (paths.FIRMWARE / "boot.py").read_bytes(),
            "main.mpy": compiled(paths.FIRMWARE / "main.py"),
            "board.mpy": compiled(find.folder_of(board) / "board.py"),
            "on_chip.mpy": compiled(ON_CHIP),
            "tick_profile.mpy": compiled(TICK_PROFILE),
        }


def deployed(board: str) -> dict[str, bytes]:
    """What lies in a payload's file system beside the frozen firmware, as sources: boot.py, main.py and the
    board, so that it boots, builds itself and runs. Raises UsageError for a board that is not here.
    """
    board_data(board)
    return {
        "boot.py": (paths.FIRMWARE / "boot.py").read_bytes(),
        "main.py": (paths.FIRMWARE / "main.py").read_bytes(),
        "board.py": (paths.BOARDS / board / "board.py").read_bytes(),
    }


class ChipSession(Session):
    """Runs one specification on the chip."""

    def __init__(self, spec: dict[str, Any], sink: Sink, gate: InterruptGate | None = None) -> None:
        super().__init__(spec, sink)
        self._gate = gate
        self._chip: ChipProcess | None = None
        self.still = [0, 0]
        """Pieces of still work that were done, and the longest in microseconds: no part of a tick."""
        self.entries: dict[str, Any] = {}
        """With "profile" in the specification: what profile.read() gives."""
        self._until_phase = int(spec.get("until_phase", 1 << 30))
        self.heap_free = 0
        """Bytes free after start, everything built and the first tick run."""

    def _boot(self) -> None:
        spec = self._spec
        self.world = world_of(spec)
        self.plant = self.world.plant
        self.world.attach()
        if spec.get("kept"):
            restore(self.world, self.plant, spec["kept"])
        self.faults = FaultInjector(self.world, list(spec.get("faults") or ()))
        self.limits = Limits(list(spec.get("limits") or ()))
        image = firmware_image()
        flash = flash_image.with_files(image, files(str(spec["board"])))
        self._chip = ChipProcess(flash, int(spec["seed"]))
        bridge = Bridge(self.world, self._chip)
        self._start(bridge)
        self.payload = Payload(bridge, self._at_grid)
        self.payload.step()
        self.heap_free = self.payload.heap_free()
        self.payload.activities.strict = True
        self.payload.commands.strict = True
        self._prepare()

    def _start(self, bridge: Bridge) -> None:
        """From power-on to the prompt, and the program there."""
        clock = self.world.clock
        typed = False
        while b">>> " not in bridge.console:
            if clock.now_us > _START_US:
                raise ChipError(
                    f"no prompt from MicroPython; it said: {bytes(bridge.console).decode(errors='replace')}"
                )
            bridge.run(clock.now_us + 5_000)
            if bridge.usb_open and not typed:
                bridge.type(b"\r")
                typed = True
        bridge.console.clear()
        profiled = bool(self._spec.get("profile"))
        # What the file itself takes of the heap is no part of the firmware: it says how much that is.
        bridge.type(
            "import gc; gc.collect(); own = gc.mem_free(); import on_chip; gc.collect(); "
            f"on_chip.run({profiled}, own - gc.mem_free())\r".encode()
        )

    def result(self) -> dict[str, Any]:
        """As on the other targets, with what was measured on the chip beside it."""
        if self._spec.get("profile"):
            self.entries = profile.read(self.payload)
        self.still = [int(self.payload.ask(f"p.executive.still_{name}")) for name in ("count", "worst_us")]
        return super().result()

    def _at_grid(self) -> None:
        """Limits are looked at oftener than the firmware ticks."""
        self.limits.check(self.plant.energised, self.world.clock.now_us)

    def _after_step(self) -> None:
        if self._gate is not None:
            self._gate.check()
        if self.payload.sample.phase >= self._until_phase:
            self._ended = True
        super()._after_step()

    def close(self) -> None:
        """Nothing of the chip is left."""
        if self._chip is not None:
            self._chip.close()


def require() -> None:
    """Raise ChipError or ImageError when the chip target can't run here; builds the image when it has to."""
    node()
    firmware_image()


def run_chip(spec: Mapping[str, Any], sink: Sink, gate: InterruptGate | None = None) -> dict[str, Any]:
    """Run a session to its end and give its result, with what the chip said of the firmware under "chip"."""
    session = ChipSession(dict(spec), sink, gate)
    try:
        result = session.run()
        result["chip"] = {
            "heap_free": session.heap_free,
            "still_work": {"count": session.still[0], "worst_us": session.still[1]},
            "tick_us": {
                str(phase): {"worst": worst, "mean": total // max(count, 1)}
                for phase, (worst, total, count) in sorted(session.payload.ticks.items())
            },
        }
        if session.entries:
            result["chip"]["entries"] = session.entries
    finally:
        session.close()
    return result
