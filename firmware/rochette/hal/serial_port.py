"""The line to the ground as a port of bytes: a UART, or the USB port that the REPL is on too.

Both have the same methods and neither ever waits for the other side:

    read_into(buffer) -> int                  bytes that were there, at most len(buffer)
    write(buffer, start, count) -> int        bytes taken of buffer[start : start + count]
    reopen()                                  set up anew, where that is possible

Nothing here allocates after the constructor. Not for interrupts.
"""

import select
import sys

from machine import UART, Pin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_USB_CHUNK = 64  # a full-speed USB packet
_USB_READ = 128  # bytes a call: each costs a poll and a read, about 20 us together


class UartPort:
    """A UART of the chip. Its own buffers take what comes and goes between two calls."""

    def __init__(self, number: int, baud: int, tx_gp: int, rx_gp: int, rx_bytes: int, tx_bytes: int) -> None:
        """rx_bytes, tx_bytes: 32 to 32766. Raises ValueError for pins that this UART can't have."""
        self._settings = (number, baud, tx_gp, rx_gp, rx_bytes, tx_bytes)
        self._uart: "Any" = None
        self.reopen()

    def reopen(self) -> None:
        """Set the UART up anew, as at the start. Allocates."""
        number, baud, tx_gp, rx_gp, rx_bytes, tx_bytes = self._settings
        self._uart = UART(
            number, baud, tx=Pin(tx_gp), rx=Pin(rx_gp), rxbuf=rx_bytes, txbuf=tx_bytes, timeout=0
        )

    def read_into(self, buffer: "bytearray") -> int:
        """Bytes that were there, at most len(buffer)."""
        uart = self._uart
        if not uart.any():
            return 0
        return uart.readinto(buffer) or 0

    def write(self, buffer: "bytearray", start: int, count: int) -> int:
        """How many bytes of buffer[start : start + count] the transmit buffer took."""
        return self._uart.write(buffer, start, count) or 0


class UsbPort:
    """The USB serial port, by way of stdin and stdout.

    Ctrl-C stays what it is: byte 03 never stands in a frame, so one that comes is a hand at the keyboard.
    stdout is asked before each packet whether it takes any; where a host has the port open and doesn't read,
    a packet that fits only in part waits for MicroPython's own limit, once, and the port is full from then
    on.
    """

    def __init__(self) -> None:
        self._stdin: "Any" = sys.stdin.buffer
        self._stdout: "Any" = sys.stdout.buffer
        self._readable: "Any" = select.poll()
        self._readable.register(sys.stdin, select.POLLIN)
        self._writable: "Any" = select.poll()
        self._writable.register(sys.stdout, select.POLLOUT)
        self._one = bytearray(1)

    def reopen(self) -> None:
        """Nothing: the host sets up a USB port."""

    def read_into(self, buffer: "bytearray") -> int:
        """Bytes that were there, at most len(buffer) and 128."""
        most = len(buffer)
        if most > _USB_READ:
            most = _USB_READ
        count = 0
        while count < most and self._is(self._readable):
            self._stdin.readinto(self._one)
            buffer[count] = self._one[0]
            count += 1
        return count

    def write(self, buffer: "bytearray", start: int, count: int) -> int:
        """How many bytes of buffer[start : start + count] went out: whole USB packets, and the rest of it."""
        sent = 0
        while sent < count and self._is(self._writable):
            part = count - sent
            if part > _USB_CHUNK:
                part = _USB_CHUNK
            sent += self._stdout.write(buffer, start + sent, part) or 0
        return sent

    def _is(self, poll: "Any") -> bool:
        # Bytecode, with a jump back: there the VM raises what a Ctrl-C has asked for, before the characters
        # after it are read. In machine code they were taken for the ground's, and mpremote waited for the
        # prompt that it had asked for with them.
        ready = False
        for _ in poll.ipoll(0):
            ready = True
        return ready


def open_port(link: "dict[str, Any]", pins: "dict[str, dict[str, Any]]") -> "UartPort | UsbPort":
    """The port that a board's `link` names, on its `pins`. Raises ValueError for another `port`."""
    if link["port"] == "uart":
        return UartPort(
            link["uart"],
            link["baud"],
            pins[link["tx"]]["gp"],
            pins[link["rx"]]["gp"],
            link["rx_bytes"],
            link["tx_bytes"],
        )
    if link["port"] == "usb":
        return UsbPort()
    raise ValueError("board: link port '{}': 'usb' and 'uart' are possible".format(link["port"]))
