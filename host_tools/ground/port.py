"""The bytes' way to a payload, opened by name: a serial device, a pseudo-terminal, or socket://HOST:PORT.

A port belongs to one program at a time. Both sides of that are kept here: a port that we open is locked, and
one that another program holds is reported with that program's name.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from host_tools.ground.errors import PortError

AUTO = "auto"
BAUD = 115_200
CONNECT_S = 5.0
_WRITE_S = 10.0

# USB vendor and product numbers of MicroPython's serial port (Raspberry Pi's and MicroPython's own lists).
USB_IDS = {
    (0x2E8A, 0x0005): "MicroPython on RP2040 or RP2350",
    (0xF055, 0x9800): "MicroPython board",
    (0xF055, 0x9802): "MicroPython board",
}
USB_BOOTLOADERS = {(0x2E8A, 0x0003): "RP2040", (0x2E8A, 0x000F): "RP2350"}


@dataclass(frozen=True)
class Found:
    """A board on a USB port."""

    device: str
    what: str
    serial_number: str

    def __str__(self) -> str:
        return f"{self.device}  {self.what}" + (f"  {self.serial_number}" if self.serial_number else "")


class Port:
    """An open port: a descriptor to read and write, and what closes it. Failures are PortErrors in words."""

    def __init__(self, name: str, fd: int, close: Callable[[], object]) -> None:
        self.name = name
        self._fd = fd
        self._close = close
        self._open = True
        self._writing = threading.Lock()

    def read(self, timeout_s: float, wake: int | None = None) -> bytes:
        """What has come: at once when there is something, else b"" after `timeout_s`.

        A byte on the descriptor `wake` ends the wait too; it is taken.
        """
        if not self._open:
            raise self.gone("it was closed")
        try:
            watched = [self._fd] if wake is None else [self._fd, wake]
            ready, _, _ = select.select(watched, [], [], max(0.0, timeout_s))
            if wake in ready and wake is not None:
                os.read(wake, 64)
            if self._fd not in ready:
                return b""
            data = os.read(self._fd, 4096)
        except (OSError, ValueError) as error:
            raise self.gone(error) from error
        if not data:
            # Readable, yet without bytes: the device was unplugged, or the emulated payload has ended.
            raise self.gone()
        return data

    def write(self, data: bytes) -> None:
        """Send everything. Raises PortError when the port went away or takes nothing for ten seconds."""
        with self._writing:
            if not self._open:
                raise self.gone("it was closed")
            left = memoryview(data)
            limit = time.monotonic() + _WRITE_S
            try:
                while left:
                    _, ready, _ = select.select([], [self._fd], [], 0.2)
                    if ready:
                        left = left[os.write(self._fd, left) :]
                        limit = time.monotonic() + _WRITE_S
                    elif time.monotonic() > limit:
                        raise PortError(
                            f"{self.name}: it took no bytes for {_WRITE_S:.0f} s. Is the payload running?"
                        )
            except (OSError, ValueError) as error:
                raise self.gone(error) from error

    def close(self) -> None:
        """Let go of the port; a second time does nothing."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError):
                self._close()

    def gone(self, why: object = None) -> PortError:
        """The error that says that the other end has gone."""
        detail = f" ({why})" if why else ""
        return PortError(
            f"{self.name}: the port went away{detail}. What the payload does now follows its own rule for a "
            "lost link; plug it in again and reconnect."
        )


def open_port(name: str) -> Port:
    """Open a port by its name: `auto`, a device, a link to one, or socket://HOST:PORT. Raises PortError."""
    if name == AUTO:
        name = the_only_board().device
    if "://" in name:
        return _open_socket(name)
    return _open_serial(name)


def _open_socket(name: str) -> Port:
    parts = urlsplit(name)
    try:
        number = parts.port
    except ValueError:
        number = None
    if parts.scheme != "socket" or not parts.hostname or not number:
        raise PortError(
            f"{name}: not a port. A network port is written socket://HOST:PORT. Nothing was opened."
        )
    try:
        connection = socket.create_connection((parts.hostname, number), CONNECT_S)
    except OSError as error:
        raise PortError(
            f"{name}: nobody answers there ({error.strerror or error}). Is 'rochette emulate --tcp {number}' "
            "running? Nothing was opened."
        ) from error
    connection.setblocking(False)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Port(name, connection.fileno(), connection.close)


def _open_serial(name: str) -> Port:
    import serial

    if not name:
        raise PortError("--port: it is empty; give a device, socket://HOST:PORT or auto. Nothing was opened.")
    if not os.path.exists(name):
        boards = "".join(f"\n  {board}" for board in find_boards())
        raise PortError(
            f"{name}: there is no such port. Nothing was opened."
            + (f" Boards found:{boards}" if boards else " No board was found on a USB port either.")
        )
    try:
        device = serial.Serial(name, BAUD, timeout=0, exclusive=True)
    except (OSError, ValueError) as error:
        raise _why_not(name, error) from error
    return Port(name, device.fileno(), device.close)


def _why_not(name: str, error: Exception) -> PortError:
    number = getattr(error, "errno", None)
    text = str(error)
    if number in (errno.EAGAIN, errno.EBUSY) or "exclusively lock" in text:
        others = holders(name)
        who = f"held by another program: {', '.join(others)}" if others else "held by another program"
        return PortError(f"{name}: {who}. End it, or give another port. Nothing was opened.")
    if number in (errno.EACCES, errno.EPERM):
        return PortError(
            f"{name}: you may not open it. On Linux, serial ports belong to the group 'dialout': "
            "'sudo usermod -aG dialout $USER', then log in again. Nothing was opened."
        )
    why = os.strerror(number) if isinstance(number, int) else "it is none"
    return PortError(f"{name}: it does not open as a serial port ({why}). Nothing was opened.")


def holders(name: str) -> list[str]:
    """Who has this device open, as "program (process N)". Linux only; [] where that cannot be told."""
    try:
        device = os.stat(name).st_rdev
    except OSError:
        return []
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        if int(entry.name) == os.getpid():
            continue
        try:
            handles = list((entry / "fd").iterdir())
            if any(_is_device(handle, device) for handle in handles):
                found.append(f"{(entry / 'comm').read_text().strip()} (process {entry.name})")
        except OSError:
            continue  # it ended, or belongs to somebody else
    return found


def _is_device(handle: Path, device: int) -> bool:
    try:
        return os.readlink(handle).startswith("/dev/") and os.stat(handle).st_rdev == device != 0
    except OSError:
        return False


def find_boards() -> list[Found]:
    """Boards on USB ports that run MicroPython, by their USB numbers, in the order of their devices."""
    from serial.tools import list_ports

    found = []
    for entry in list_ports.comports():
        what = USB_IDS.get((entry.vid, entry.pid))
        if what is not None:
            found.append(Found(entry.device, what, entry.serial_number or ""))
    return sorted(found, key=lambda one: one.device)


def the_only_board() -> Found:
    """The one board that is plugged in. Raises PortError when there is none, or more than one."""
    boards = find_boards()
    if len(boards) == 1:
        return boards[0]
    if boards:
        listing = "".join(f"\n  {board}" for board in boards)
        raise PortError(f"--port auto: {len(boards)} boards are here; give the port of one.{listing}")
    waiting = _in_bootloader()
    if waiting:
        raise PortError(
            f"--port auto: a {waiting} is here in its boot loader (a USB drive) and runs no firmware. Put "
            "MicroPython on it first."
        )
    raise PortError(
        "--port auto: no board with MicroPython was found on a USB port. Plug one in, give its port, or "
        "start an emulated payload: rochette emulate --pty LINK"
    )


def _in_bootloader() -> str:
    """The chip of a board that shows its boot loader, a USB drive without a port; "" for none. Linux only."""
    for vendor in Path("/sys/bus/usb/devices").glob("*/idVendor"):
        try:
            pair = (int(vendor.read_text(), 16), int((vendor.parent / "idProduct").read_text(), 16))
        except (OSError, ValueError):
            continue
        if pair in USB_BOOTLOADERS:
            return USB_BOOTLOADERS[pair]
    return ""
