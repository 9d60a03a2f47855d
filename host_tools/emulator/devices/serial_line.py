"""The serial line between the payload and whoever is at its other end: bytes, each at its time.

Both ways a byte takes ten bits of the line's speed. What the chip has not read in time is lost once its
receive buffer is full, as on a line without handshake; `overruns` counts it. The far end is a pair of calls,
`host_write` and `host_read`: no wall clock, no thread.
"""

from host_tools.emulator.devices.line_trouble import Trouble
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from host_tools.emulator.world import World

_BITS_US = 10_000_000  # ten bits a byte, in bit-microseconds
# UART number -> its transmit and receive pins (RP2040 data sheet, table 2).
PINS = (((0, 12, 16, 28), (1, 13, 17, 29)), ((4, 8, 20, 24), (5, 9, 21, 25)))


class SerialLine:
    """One UART's wires and buffers. Closed until the firmware opens it."""

    _in: "Trouble | None" = None
    _out: "Trouble | None" = None

    def __init__(self, world: "World", uart: int, tx_gp: int, rx_gp: int) -> None:
        if not 0 <= uart <= 1 or tx_gp not in PINS[uart][0] or rx_gp not in PINS[uart][1]:
            raise EmulationError(
                "board: link on UART(%d) cannot be on GP%d and GP%d" % (uart, tx_gp, rx_gp)
            )
        self.clock = world.clock
        self.uart = uart
        self.tx_gp = tx_gp
        self.rx_gp = rx_gp
        self.overruns = 0
        self.connected = True
        self.deaf = False
        self.close()

    def close(self) -> None:
        """Chip reset: what is in the chip's buffers is gone."""
        self.baud = 0
        self._rx_room = 0
        self._tx_room = 0
        self._coming = b""
        self._coming_from = 0
        self._received = b""
        self._leaving = b""
        self._leaving_from = 0
        self._left = b""

    def open(self, baud: int, rx_bytes: int, tx_bytes: int) -> None:
        """What `machine.UART` sets up."""
        self.close()
        self.baud = baud
        self._rx_room = rx_bytes
        self._tx_room = tx_bytes

    # --- the far end

    def host_write(self, data: bytes) -> None:
        """The far end sends: the bytes come in one after the other from now on. Lost while the line is closed
        or unplugged, or the chip asleep.
        """
        if not self.baud or not self.connected or self.deaf:
            return
        self._arrive()
        if self._in is None:
            self._come(data)
        else:
            self._in.put(data, self.clock.now_us)
            self._come(self._in.due(self.clock.now_us))

    def _come(self, data: bytes) -> None:
        if not self._coming:
            self._coming_from = self.clock.now_us
        self._coming += bytes(data)

    def host_read(self) -> bytes:
        """Everything that has reached the far end since the last call."""
        self._depart()
        data = self._left
        self._left = b""
        if self._out is not None:
            self._out.put(data, self.clock.now_us)
            data = self._out.due(self.clock.now_us)
        return data

    def disturb(self, kind: str, value: int, lcg: "Any") -> None:
        """Both directions are in trouble from now on (line_trouble.py); `kind` "" ends it. What the trouble
        held back is lost with it."""
        self._arrive()
        self._depart()
        now_us = self.clock.now_us
        self._in = Trouble(kind, value, lcg, now_us) if kind else None
        self._out = Trouble(kind, value, lcg, now_us) if kind else None

    def unplug(self) -> None:
        """Pull the plug: what is under way is gone, nothing passes until `plug`."""
        self.connected = False
        self._coming = b""

    def plug(self) -> None:
        """Put the plug back."""
        self.connected = True

    # --- the chip

    def _arrive(self) -> None:
        if not self._coming:
            return
        now = self.clock.now_us
        count = (now - self._coming_from) * self.baud // _BITS_US
        if count <= 0:
            return
        if count >= len(self._coming):
            count = len(self._coming)
            self._coming_from = now
        else:
            self._coming_from += count * _BITS_US // self.baud
        self._take(self._coming[:count])
        self._coming = self._coming[count:]

    def _take(self, data: bytes) -> None:
        taken = min(len(data), self._rx_room - len(self._received))
        self.overruns += len(data) - taken
        self._received += data[:taken]

    def _depart(self) -> None:
        if not self._leaving:
            return
        now = self.clock.now_us
        count = (now - self._leaving_from) * self.baud // _BITS_US
        if count <= 0:
            return
        if count >= len(self._leaving):
            count = len(self._leaving)
            self._leaving_from = now
        else:
            self._leaving_from += count * _BITS_US // self.baud
        if self.connected:
            self._left += self._leaving[:count]
        self._leaving = self._leaving[count:]

    def waiting(self) -> int:
        """Bytes that the chip can read now."""
        if self._coming:
            self._arrive()
        if self._in is not None:
            self._take(self._in.due(self.clock.now_us))  # on their way for longer than a byte takes
        return len(self._received)

    def read_into(self, buffer: "Any", count: int) -> int:
        """Move up to `count` received bytes into `buffer`; how many there were."""
        count = min(count, self.waiting())
        if count:
            buffer[:count] = self._received[:count]
            self._received = self._received[count:]
        return count

    def send(self, data: "Any") -> int:
        """Put bytes into the transmit buffer; how many it took."""
        self._depart()
        count = min(len(data), self._tx_room - len(self._leaving))
        if count <= 0:
            return 0
        if not self._leaving:
            self._leaving_from = self.clock.now_us
        self._leaving += bytes(data[:count])
        if self._in is not None and self._in.kind == "wrong":
            self._come(bytes(data[:count]))
        return count

    def all_sent_us(self) -> int:
        """When the last byte that waits now will have reached the far end."""
        self._depart()
        if not self._leaving:
            return self.clock.now_us
        return self._leaving_from + (len(self._leaving) * _BITS_US + self.baud - 1) // self.baud

    def sending(self) -> int:
        """Bytes that wait to be sent."""
        self._depart()
        return len(self._leaving)
