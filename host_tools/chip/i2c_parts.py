"""The parts on a bus, a byte at a time: the chip's controller does not know how long a read will be.

The parts themselves answer whole reads (host_tools/emulator/devices). A part with 16-bit registers gives
both bytes of one register; one with 8-bit registers is read byte by byte, its address stepping on by
itself, as their data sheets say (LIS3DH section 6.1.1, MCP23017 section 3.2.1, DS3231 "Address pointer",
MB85RC256V "Sequential read"). What a part measures in the course of one read is what it had at the start:
time stands at the transfer's start for it.
"""

from __future__ import annotations

from typing import Any

from host_tools.emulator.devices.lis3dh import Lis3dh
from host_tools.emulator.devices.mb85rc256v import FramId
from host_tools.emulator.errors import EmulationError

_ID_BYTES = 3
_STEPS = 0x80  # the bit of a LIS3DH's sub-address that lets it step on


class Reading:
    """One read from `part`: `start` gives the bytes known at once, or None when nothing answers; `more` the
    next.
    """

    def __init__(self, device: Any) -> None:
        # A part with a fault has another thing in its place on the bus, which spoils what it says.
        self._device = device
        self._part = getattr(device, "inner", device)
        self._register = self._part.pointer
        self._given = 0

    def start(self) -> bytes | None:
        """The bytes that are known at once; None when the part does not answer."""
        part = self._part
        if self._register < 0:
            raise EmulationError(part.text() + " is read before its register pointer was written")
        size = _ID_BYTES if isinstance(part, FramId) else part.reg_bytes
        buffer = bytearray(size)
        try:
            self._device.mem_read(self._register, buffer)
        except OSError:
            return None
        self._given = size
        return bytes(buffer)

    def more(self) -> bytes:
        """One byte more than were given."""
        part = self._part
        if part.reg_bytes != 1 or isinstance(part, FramId):
            raise EmulationError(part.text() + ": more than one register is read at once")
        if isinstance(part, Lis3dh) and not self._register & _STEPS:
            raise EmulationError(part.text() + ": several bytes are read without the sub-address's bit 7")
        buffer = bytearray(1)
        self._device.mem_read(self._register + self._given, buffer)
        self._given += 1
        return bytes(buffer)
