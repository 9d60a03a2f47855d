"""MB85RC256V ferroelectric memory, 32 KB (Fujitsu DS501-00017, "Command" and "Device ID").

Two address bytes; the top bit is ignored; addresses roll over at the end; a write is finished when its stop
is sent. The device ID is read through the reserved address 0xF8 (7 bits: 0x7C): write the part's own address
byte, restart, read three bytes: 0x00 0xA5 0x10 (Fujitsu, 256 Kbit).
"""

from host_tools.emulator.devices.base import I2cPart
from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.world import World

_ID = b"\x00\xa5\x10"
ID_ADDRESS = 0x7C


class Mb85rc256v(I2cPart):
    """The memory; `memory` may be looked at, kept for the next power-on, or spoiled by a test."""

    pointer_bits = 16

    def __init__(self, world: "World", name: str, address: int, size: int) -> None:
        I2cPart.__init__(self, world, name, address)
        if size != 32768:
            raise EmulationError(name + ": an MB85RC256V has 32768 bytes, not " + str(size))
        self.memory = bytearray(size)
        self.writes = 0

    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Reads from an address on."""
        at = reg & 0x7FFF
        n = len(buf)
        memory = self.memory
        if n <= 16:
            # Byte by byte: a slice would allocate on the MicroPython VM.
            i = 0
            while i < n:
                buf[i] = memory[at + i & 0x7FFF]
                i += 1
        elif at + n <= 0x8000:
            buf[:] = memory[at : at + n]
        else:
            first = 0x8000 - at
            buf[:first] = memory[at:]
            buf[first:] = memory[: n - first]
        self.pointer = at + n & 0x7FFF

    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """Writes from an address on; every byte counts as written at once."""
        at = reg & 0x7FFF
        n = len(buf)
        self.writes += 1
        world = self.world
        world.memory_writes += 1
        if world.cut_left:
            done = world.torn(n)
            if done >= 0:
                for i in range(done):
                    self.memory[at + i & 0x7FFF] = buf[i]
                world.cut_off()
        if at + n <= 0x8000:
            self.memory[at : at + n] = buf
        else:
            first = 0x8000 - at
            self.memory[at:] = buf[:first]
            self.memory[: n - first] = buf[first:]
        self.pointer = at + n & 0x7FFF


class FramId(I2cPart):
    """What answers at the reserved address: the identity of the memory whose address byte is written to
    it.
    """

    def __init__(self, memory: Mb85rc256v) -> None:
        I2cPart.__init__(self, memory.world, memory.name + " ID", ID_ADDRESS)
        self._memory = memory

    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """`reg` is the memory's address byte. Raises OSError(5) when no memory has it."""
        if reg >> 1 != self._memory.address:
            raise OSError(5)
        if len(buf) > 3:
            raise EmulationError(self.text() + ": the device ID is three bytes")
        buf[:] = _ID[: len(buf)]

    def answers(self) -> bool:
        """No part: only the memory's second address."""
        return False
