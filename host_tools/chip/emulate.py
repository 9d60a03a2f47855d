"""`rochette emulate --target chip`: the emulated chip with the payload's parts on its pins, its USB port
served.

What comes over the port is what a Pico on USB says, so stock `mpremote` works on it. `--firmware` puts the
payload's firmware on it, which runs as it does on a board; its line to the ground, a UART, is served on a
port of its own (`--link-tcp`, `--link-pty`), with the bench beside it (ground/bench.py). The chip runs no
faster than the pace asked for, real time unless said otherwise, so that the tools' time-outs mean what they
mean on a board; it falls behind when this machine is slower. SIGTERM and Ctrl-C end it in order: the flash
file is written, no process is left.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

from host_tools.boards import find
from host_tools.chip import flash_image
from host_tools.chip import image as images
from host_tools.chip.bridge import Bridge
from host_tools.chip.errors import ChipError
from host_tools.chip.process import ChipProcess, node
from host_tools.chip.session import deployed, firmware_image
from host_tools.chip.uf2 import FILES_BYTES, FLASH_BYTES, Image, ImageError
from host_tools.emulator import loader
from host_tools.emulator.errors import EmulationError
from host_tools.ground import bench
from host_tools.ground.errors import PortError
from host_tools.ground.serve import Line, PtyLine, TcpLine
from host_tools.run.errors import UsageError
from host_tools.run.protocol import CHIP, EXIT_FAULT

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


BOARD, EMULATED = "pico", "emulated"
"""What hangs on the chip's pins unless another board is named: without, and with the firmware from the start.
"""
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


class Ground:
    """The line to the ground, and the bench beside it: what it is told is which rock is there, and it shows
    each picture that was taken.
    """

    def __init__(self, bridge: Bridge, line: Line, rock: str, seed: int) -> None:
        self._bridge = bridge
        self._line = line
        self._rock = rock
        self._seed = seed
        self._splitter = bench.Splitter()
        self._notes: list[bytes] = []
        self._clean = True
        self._pictures = 0

    def carry(self) -> None:
        """Both ways, once. Bytes that the other end is too slow for wait."""
        received, messages = self._splitter.feed(self._line.wait(0.0))
        self._notes += [bench.frame_of(self._answer(message)) for message in messages]
        if received:
            self._bridge.write_line(received)
        scenes = self._bridge.world.plant.pictures
        for number in range(self._pictures, len(scenes)):
            scene = dict(scenes[number], no=number + 1)
            self._notes.append(bench.frame_of({"t": "picture", "scene": scene}))
        self._pictures = len(scenes)
        if self._line.full:
            return
        data = self._bridge.read_line()
        if data:
            self._clean = data.endswith(b"\x7e")
            self._line.send(data)
        elif self._notes and self._clean:
            # Never in the middle of a frame of the payload's.
            for note in self._notes:
                self._line.send(note)
            self._notes.clear()
        else:
            self._line.send(b"")

    def _answer(self, message: Mapping[str, Any]) -> dict[str, Any]:
        if message.get("t") == "hello":
            ms = self._bridge.world.clock.now_us // 1000
            return {"t": "here", "rock": self._rock, "seed": self._seed, "target": CHIP, "ms": ms}
        if message.get("t") == "fresh":
            why = "the rock under the emulated chip is the one that it was started with (--rock, --seed)"
            return {"t": "refused", "why": why}
        return {"t": "refused", "why": f"the bench knows hello and fresh, not {json.dumps(message.get('t'))}"}


class Stimulus:
    """A stimulus board on the payload's pins, with its own firmware, and its own port."""

    def __init__(self, bridge: Bridge, line: Line) -> None:
        loader.install()
        from host_tools.emulator.stimulus_bench import StimulusBench

        self._bridge = bridge
        self._line = line
        self._bench = StimulusBench(bridge.world, find.data(find.STIMULUS))
        bridge.encoder_count = self._bench.encoder_count

    def carry(self) -> None:
        """Both ways, once, and its clock up to the payload's."""
        self._bench.cable.type(self._line.wait(0.0))
        self._bench.run_to(self._bridge.world.clock.now_us)
        self._line.send(self._bench.cable.read())


def serve(
    bridge: Bridge,
    line: Line,
    pace: float | None,
    stop: Stop,
    ground: Ground | None = None,
    stimulus: Stimulus | None = None,
) -> None:
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
        if ground is not None:
            ground.carry()
        if stimulus is not None:
            stimulus.carry()
        wait_s = 0.0
        if pace is not None:
            ahead = (clock.now_us - origin) / 1e6 / pace - (time.monotonic() - start)
            wait_s = max(0.0, ahead)
            if ahead < -_DEBT_S:
                start, origin = time.monotonic(), clock.now_us


def _line(tcp: int | None, pty: str | None) -> Line | None:
    if tcp is not None:
        return TcpLine(tcp)
    return PtyLine(pty) if pty is not None else None


def _flash(args: argparse.Namespace) -> tuple[str, bytes]:
    """What is on the chip, in words, and its flash."""
    if not args.firmware:
        image = image_of(args.image)
        return image.text, flash_of(image, args.flash)
    if args.image is not None:
        raise UsageError(
            "emulate: --image and --firmware: the firmware comes with the image that it is built into "
            "('make image-frozen'). Give one of the two."
        )
    image = firmware_image()
    if args.flash is None or not args.flash.exists():
        # As `deploy` leaves a board: main.py runs by itself after boot.py.
        image = replace(image, flash=flash_image.with_files(image, deployed(args.board)))
    return f"{image.text} with the firmware", flash_of(image, args.flash)


def main(args: argparse.Namespace, pace: float | None) -> int:
    """The command. Options: rock, seed, board, tcp or pty, link_tcp or link_pty, stimulus_tcp, image or
    firmware, flash. Raises UsageError when it can't start.
    """
    from host_tools.chip.setup import build_world

    if args.link_tcp is not None and args.link_pty is not None:
        raise UsageError("emulate: give --link-tcp PORT or --link-pty LINK, not both.")
    # The emulated board's line to the ground is a UART, that of a Pico its USB port.
    args.board = args.board or (EMULATED if args.firmware or args.link_tcp or args.link_pty else BOARD)
    lines: list[Line] = []
    played: Line | None = None
    try:
        node()
        text, flash = _flash(args)
        world = build_world(args.board, args.rock, args.seed)
        line = _line(args.tcp, args.pty)
        assert line is not None
        lines.append(line)
        link = _line(args.link_tcp, args.link_pty)
        if link is not None:
            lines.append(link)
            if (world.board.get("link") or {}).get("port") != "uart":
                raise UsageError(
                    f"emulate: the board '{args.board}' has no UART for the ground's line: it is its USB "
                    "port. Leave --link-tcp and --link-pty out."
                )
        if args.stimulus_tcp is not None:
            played = TcpLine(args.stimulus_tcp)
            lines.append(played)
    except (ChipError, ImageError, PortError, UsageError) as error:
        for one in lines:
            one.close()
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"emulate --target chip: {error}") from error
    with Stop() as stop:
        chip = None
        try:
            chip = ChipProcess(flash, args.seed)
            bridge = Bridge(world, chip)
            ground = None if link is None else Ground(bridge, link, args.rock, args.seed)
            stimulus = None if played is None else Stimulus(bridge, played)
            print(f"{text} on an emulated RP2040: --port {line.name}", flush=True)
            if link is not None:
                print(f"the line to the ground: --port {link.name}", flush=True)
            if played is not None:
                print(f"the stimulus board on its pins: --stimulus {played.name}", flush=True)
            print("Ctrl-C ends it.", flush=True)
            serve(bridge, line, pace, stop, ground, stimulus)
            if args.flash is not None:
                chip.save_flash(args.flash)
        except (ChipError, EmulationError) as error:
            print(f"rochette emulate: {error}", file=sys.stderr)
            return EXIT_FAULT
        finally:
            for one in lines:
                one.close()
            if chip is not None:
                chip.close()
    print(f"ended after {world.clock.now_us / 1e6:.1f} emulated seconds.", file=sys.stderr)
    return 0
