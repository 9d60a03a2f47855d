"""The USB serial port as the line to the ground: what MicroPython offers of it as sys.stdin and sys.stdout.

hal/serial_port.py is the one file of the firmware that speaks to them. `stand_in` gives that file this port
in place of the interpreter's own, whose streams belong to the program that runs the emulation. Bytes pass at
the rate of a full-speed port; the far end is the same pair of calls as that of SerialLine.
"""

from host_tools.emulator.devices.serial_line import SerialLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from host_tools.emulator.world import World

_RATE = 6_000_000  # ten "bits" a byte: 600 kB/s, what a full-speed bulk endpoint carries in practice
_RX_BYTES = 512  # MicroPython's input ring buffer on rp2
_TX_BYTES = 256  # TinyUSB's transmit buffer on rp2
POLLIN = 1
POLLOUT = 4


class UsbLine(SerialLine):
    """The port. It is there from power-on; a chip reset empties it."""

    def __init__(self, world: "World") -> None:
        self.clock = world.clock
        self.uart = -1
        self.tx_gp = -1
        self.rx_gp = -1
        self.overruns = 0
        self.connected = True
        self.deaf = False
        self.stdin = Stream(self)
        self.stdout = Stream(self)
        self.close()

    def poll(self) -> "Poll":
        """What `select.poll()` gives; asking for it opens the port."""
        if not self.baud:
            self.open(_RATE, _RX_BYTES, _TX_BYTES)
        return Poll(self)

    def room(self) -> int:
        """Bytes that the transmit buffer takes now."""
        return self._tx_room - self.sending()

    def stand_in(self, serial_port: "Any") -> None:
        """Put this port under `rochette.hal.serial_port`: its `sys` and its `select`."""
        serial_port.sys = self
        serial_port.select = self

    POLLIN = POLLIN
    POLLOUT = POLLOUT


class Stream:
    """One of the two streams; `buffer` is its binary side, itself."""

    def __init__(self, line: UsbLine) -> None:
        self._line = line
        self.buffer = self

    def readinto(self, into: bytearray) -> int:
        """Fill `into` with what has come; how many bytes."""
        return self._line.read_into(into, len(into))

    def write(self, data: "Any", start: int, count: int) -> int:
        """Send data[start : start + count]; how many bytes were taken."""
        return self._line.send(bytes(data[start : start + count]))


class Poll:
    """select.poll of one stream."""

    def __init__(self, line: UsbLine) -> None:
        self._line = line
        self._kind = 0

    def register(self, _stream: Stream, kind: int) -> None:
        """Watch for POLLIN or POLLOUT."""
        self._kind = kind

    def ipoll(self, _timeout_ms: int) -> "list[tuple[object, int]]":
        """One entry when it is so now."""
        if self._kind == POLLIN:
            ready = self._line.waiting() > 0
        else:
            ready = self._line.room() > 0
        return [(self._line, self._kind)] if ready else []
