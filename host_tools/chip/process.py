"""The emulated chip as a child process, and the frames that go to it and come from it (see lockstep.mjs)."""

from __future__ import annotations

import json
import shutil
import signal
import struct
import subprocess
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from host_tools.chip.errors import ChipError

HERE = Path(__file__).resolve().parent
OLDEST_NODE = 20
_LIMIT = 64 * 1024 * 1024
_END_S = 5.0


def node() -> str:
    """The path of Node. Raises ChipError when there is none, or it is too old, or rp2040js is not
    installed.
    """
    program = shutil.which("node")
    if program is None:
        raise ChipError(
            f"the chip target needs Node.js {OLDEST_NODE} or later, and no 'node' is on the PATH. On "
            "Debian it is the "
            "package nodejs (with npm)."
        )
    said = subprocess.run(
        [program, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL
    ).stdout
    major = said.strip().lstrip("v").split(".")[0]
    if not major.isdigit() or int(major) < OLDEST_NODE:
        raise ChipError(
            f"the chip target needs Node.js {OLDEST_NODE} or later; {program} is {said.strip() or 'unknown'}."
        )
    if not (HERE / "node_modules" / "rp2040js").is_dir():
        _install()
    return program


def _install() -> None:
    """Install rp2040js, pinned in package-lock.json, beside this file, as `make chip` does."""
    npm = shutil.which("npm")
    if npm is None:
        raise ChipError("the chip target needs rp2040js, and no 'npm' is on the PATH to install it with.")
    done = subprocess.run(
        [npm, "ci", "--silent"], cwd=HERE, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    if done.returncode or not (HERE / "node_modules" / "rp2040js").is_dir():
        said = (done.stderr or done.stdout).strip().splitlines()
        raise ChipError(
            f"rp2040js could not be installed (npm ci in {HERE}): {said[-1] if said else 'no reason given'}"
        )


class Event(NamedTuple):
    """Something that the chip did: kind (one of the constants below), microseconds since power-on, its data,
    and the same time in nanoseconds.
    """

    kind: int
    us: int
    data: tuple[Any, ...]
    ns: float = 0.0


PAD, EDGES, SLICE, RESET, I2C_WRITE, SHIFTED, USB_OPEN, UART_SENT, I2C_READ = range(1, 10)
_LAYOUT = {
    PAD: struct.Struct("<BBbB"),
    EDGES: struct.Struct("<BII"),
    SLICE: struct.Struct("<BBIII"),
    RESET: struct.Struct("<B"),
    I2C_WRITE: struct.Struct("<BBH"),
    SHIFTED: struct.Struct("<B"),
    USB_OPEN: struct.Struct("<"),
    UART_SENT: struct.Struct("<BH"),
    I2C_READ: struct.Struct("<BBH"),
}


class Frame(NamedTuple):
    """What the chip says: kind (Q, I, H, D, C), microseconds since power-on, the events before it, and its
    payload.
    """

    kind: str
    us: int
    events: list[Event]
    rest: bytes


class ChipProcess:
    """A chip with this flash. Nothing of it is left after `close`."""

    def __init__(self, flash: bytes, seed: int, plain: bool = False) -> None:
        program = node()
        self._folder = tempfile.TemporaryDirectory(prefix="rochette-chip-")
        file = Path(self._folder.name) / "flash.bin"
        file.write_bytes(flash)
        command = [program, str(HERE / "lockstep.mjs"), "--flash", str(file), "--seed", str(seed)]
        if plain:
            command.append("--plain")
        try:
            # A group of its own: the terminal's Ctrl-C reaches only the host, which then ends the chip in
            # order.
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            self._folder.cleanup()
            raise ChipError(f"{program} does not start: {error.strerror or error}.") from error

    def send(self, kind: str, body: bytes) -> None:
        """One frame to the chip."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(struct.pack("<IB", len(body) + 1, ord(kind)) + body)
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._obituary() from None

    def receive(self) -> Frame:
        """The next frame from it. Raises ChipError when it has ended."""
        (size,) = struct.unpack("<I", self._read(4))
        if not 13 <= size <= _LIMIT:
            raise ChipError(f"the emulated chip sent a frame of {size} bytes: it is out of step.")
        body = self._read(size)
        ns, length = struct.unpack_from("<dI", body, 1)
        return Frame(chr(body[0]), int(ns // 1000), _events(body[13 : 13 + length]), body[13 + length :])

    def ask(self, kind: str, body: bytes = b"") -> Frame:
        """A frame to it, and its answer."""
        self.send(kind, body)
        return self.receive()

    def save_flash(self, file: Path) -> None:
        """Write the flash, 2 MB, to `file`."""
        self.ask("F", str(file).encode())

    def counters(self) -> dict[str, int]:
        """What has been counted since power-on."""
        counted: dict[str, int] = json.loads(self.ask("C").rest)
        return counted

    def _read(self, n: int) -> bytes:
        assert self._process.stdout is not None
        data = self._process.stdout.read(n)
        if len(data) < n:
            raise self._obituary()
        return data

    def _obituary(self) -> ChipError:
        try:
            status: int | None = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            status = None
        assert self._process.stderr is not None
        last = self._process.stderr.read().decode(errors="replace").strip() if status is not None else ""
        how = (
            f"ended with status {status}"
            if status is not None and status >= 0
            else f"was ended by signal {status}"
        )
        return ChipError(f"the emulated chip {how}{': ' + last if last else ''}")

    def close(self) -> None:
        """End it; its end of input does that at once."""
        process = self._process
        assert process.stdin is not None and process.stdout is not None and process.stderr is not None
        try:
            process.stdin.close()
        except BrokenPipeError:
            pass
        # It may be in the middle of a quantum; what it says is of no use any more.
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()
        process.stderr.close()
        self._folder.cleanup()


def _events(data: bytes) -> list[Event]:
    events = []
    at = 0
    while at < len(data):
        kind = data[at]
        (ns,) = struct.unpack_from("<d", data, at + 1)
        layout = _LAYOUT[kind]
        fields = layout.unpack_from(data, at + 9)
        at += 9 + layout.size
        if kind in (I2C_WRITE, UART_SENT):
            size = fields[-1]
            fields = (*fields[:-1], data[at : at + size])
            at += size
        events.append(Event(kind, int(ns // 1000), fields, ns))
    return events
