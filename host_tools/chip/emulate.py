"""`rochette emulate --target chip`: the emulated chip with the payload's parts on its pins, its USB port
served.

What comes over the port is what a Pico on USB says, so stock `mpremote` works on it. The chip runs no faster
than the pace asked for, real time unless said otherwise, so that the tools' time-outs mean what they mean
on a board; it falls behind when this machine is slower. SIGTERM and Ctrl-C end it in order: the flash file
is written, no process is left.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from host_tools.chip import image as images
from host_tools.chip.bridge import Bridge
from host_tools.chip.errors import ChipError
from host_tools.chip.process import ChipProcess, node
from host_tools.chip.uf2 import FILES_BYTES, FLASH_BYTES, Image, ImageError
from host_tools.ground.errors import PortError
from host_tools.ground.serve import Line, PtyLine, TcpLine
from host_tools.run.errors import UsageError
from host_tools.run.protocol import EXIT_FAULT

_SLICE_US = 5_000
_DEBT_S = 0.25  # further behind than this, the lost time is forgotten


def flash_of(image: Image, file: Path | None) -> bytes:
    """The flash to start with: the image, and the rest of the flash file when there is one.

    Raises UsageError for a file of another size. The image always comes from `image`: the file keeps the
    file system.
    """
    if file is None or not file.exists():
        return image.flash
    data = file.read_bytes()
    if len(data) != FLASH_BYTES:
        raise UsageError(
            f"--flash {file}: it has {len(data)} bytes, and the flash of a Pico has {FLASH_BYTES}. "
            "Nothing was started; "
            "the file is as it was."
        )
    return image.flash[:-FILES_BYTES] + data[-FILES_BYTES:]


BOARD = "pico"
"""What hangs on the chip's pins unless another board is named."""
STOCK = "stock"


def image_of(named: Path | None) -> Image:
    """The image: ours, with the firmware in it, built when it has to be; `stock` for MicroPython's; or a
    file.

    Where ours can't be built, the stock one, and it is said.
    """
    if named is not None:
        return images.find(None if str(named) == STOCK else named)
    from host_tools.chip import session

    try:
        return session.firmware_image()
    except ImageError as error:
        print(f"rochette: the image with the firmware in it can't be built: {error}", file=sys.stderr)
        return images.find()


class Stop:
    """Set by SIGTERM and SIGINT while it is entered."""

    def __init__(self) -> None:
        self.asked = False
        self._before: dict[int, Any] = {}

    def _ask(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def __enter__(self) -> Stop:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._before[number] = signal.signal(number, self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)


def serve(bridge: Bridge, line: Line, pace: float | None, stop: Stop) -> None:
    """Run the chip and carry bytes until `stop` is asked. `pace`: emulated seconds a second at most, None
    for no limit.
    """
    clock = bridge.world.clock
    start, origin = time.monotonic(), clock.now_us
    wait_s = 0.0
    while not stop.asked:
        typed = line.wait(wait_s)
        if typed:
            bridge.type(typed)
        if not line.full:
            bridge.run(clock.now_us + _SLICE_US)
            line.send(bytes(bridge.console))
            bridge.console.clear()
        wait_s = 0.0
        if pace is not None:
            ahead = (clock.now_us - origin) / 1e6 / pace - (time.monotonic() - start)
            wait_s = max(0.0, ahead)
            if ahead < -_DEBT_S:
                start, origin = time.monotonic(), clock.now_us


def main(args: argparse.Namespace, pace: float | None) -> int:
    """The command. Options: rock, seed, board, tcp or pty, image, flash. Raises UsageError when it can't
    start.
    """
    from host_tools.chip.setup import build_world

    try:
        node()
        image = image_of(args.image)
        flash = flash_of(image, args.flash)
        world = build_world(args.board or BOARD, args.rock, args.seed)
        line: Line = TcpLine(args.tcp) if args.tcp is not None else PtyLine(args.pty)
    except (ChipError, ImageError, PortError) as error:
        raise UsageError(f"emulate --target chip: {error}") from error
    with Stop() as stop:
        chip = None
        try:
            chip = ChipProcess(flash, args.seed)
            print(f"{image.text} on an emulated RP2040: --port {line.name}\nCtrl-C ends it.", flush=True)
            serve(Bridge(world, chip), line, pace, stop)
            if args.flash is not None:
                chip.save_flash(args.flash)
        except ChipError as error:
            print(f"rochette emulate: {error}", file=sys.stderr)
            return EXIT_FAULT
        finally:
            line.close()
            if chip is not None:
                chip.close()
    print(f"ended after {world.clock.now_us / 1e6:.1f} emulated seconds.", file=sys.stderr)
    return 0
