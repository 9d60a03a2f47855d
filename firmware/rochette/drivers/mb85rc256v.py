"""MB85RC256V ferroelectric memory (Fujitsu DS501-00017): 32 KB that a power cut does not lose and writing
does not wear.
"""

import micropython
from micropython import const

from rochette.drivers.i2c_part import I2cPart
from rochette.hal.i2c import Bus

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Generator, Union

    Readable = Union[bytes, bytearray, memoryview]

# Section "Device ID": read with the part's address at the reserved address 0xF8 (0x7C in 7 bits).
_ID_ADDRESS = const(0x7C)
_ID_WANTED = const(0x00A510)
# One transfer moves at most this much, so that it stays below 1 ms on the bus.
_CHUNK = const(32)
_TRIES = const(3)
_SCRATCH_BYTES = const(8)
# 0x55 and 0xAA, each byte with its place in it: every bit goes both ways, and no two bytes are the same.
_PATTERNS = (b"\x55\x54\x57\x56\x51\x50\x53\x52", b"\xaa\xab\xa8\xa9\xae\xaf\xac\xad")


def ptr8(buffer: "Any") -> "Any":
    """Viper's cast to bytes; outside of viper the buffer itself."""
    return buffer


@micropython.viper
def _copy(source, start: int, target, at: int, count: int):  # type: ignore[no-untyped-def]
    # A loop of Python over 32 bytes would take longer on the board than the bus does.
    from_ = ptr8(source)
    to = ptr8(target)
    n = 0
    while n < count:
        to[at + n] = from_[start + n]
        n += 1


class Fram(I2cPart):
    """A memory of `size` bytes. The last thing written before a power cut is there or not, byte by byte.

    Transfers here are not polls: they try three times and then raise.
    """

    MODEL = "MB85RC256V"

    def __init__(self, name: str, bus: Bus, address: int, size: int, scratch: int) -> None:
        """scratch: address of eight bytes that the self-test may use. Raises ValueError when they do not
        fit.
        """
        I2cPart.__init__(self, name, bus, address)
        if not 0 <= scratch <= size - _SCRATCH_BYTES:
            raise ValueError(
                "MB85RC256V '{}': eight bytes at {} are not within {}".format(name, scratch, size)
            )
        self.size = size
        self.scratch = scratch
        # Two address bytes and a chunk, for both ways; views of every length, so that no transfer makes one.
        self._piece = bytearray(2 + _CHUNK)
        whole = memoryview(self._piece)
        self._views = tuple([whole[:n] for n in range(2 + _CHUNK + 1)])

    def check(self) -> None:
        """check_steps() at once: for before the first tick, it takes 4 ms. Raises PartAbsent or PartWrong."""
        for _ in self.check_steps(0):
            pass

    def check_steps(self, step_us: int) -> "Generator[None, None, None]":
        """Look that it is an MB85RC256V, and that eight scratch bytes take and keep what is written, then
        restore them. A yield, of whatever length, after each transfer or two: on the board one takes half a
        millisecond, all of them more than a tick may.

        Raises PartAbsent or PartWrong. Allocates.
        """
        identity = bytearray(3)
        keep = bytearray(_SCRATCH_BYTES)
        self.read_into(self.scratch, keep)
        if not self.bus.read_into(_ID_ADDRESS, self.address << 1, identity):
            raise self._absent()
        found = identity[0] << 16 | identity[1] << 8 | identity[2]
        if found != _ID_WANTED:
            raise self._wrong("device ID", found, _ID_WANTED)
        yield
        back = bytearray(_SCRATCH_BYTES)
        try:
            for pattern in _PATTERNS:
                self.write(self.scratch, pattern)
                self.read_into(self.scratch, back)
                if back != pattern:
                    for n in range(_SCRATCH_BYTES):
                        if back[n] != pattern[n]:
                            raise self._wrong("address {}".format(self.scratch + n), back[n], pattern[n])
                yield
        finally:
            self.write(self.scratch, keep)

    def read_into(self, address: int, buffer: "bytearray | memoryview") -> None:
        """Fill `buffer` from `address` on. Raises ValueError beyond the end, PartAbsent. Does not allocate
        otherwise.

        About 25 us a byte: the bus.
        """
        length = len(buffer)
        if address < 0 or address + length > self.size:
            raise ValueError("MB85RC256V: beyond the end of the memory")
        done = 0
        piece = self._piece
        while done < length:
            count = length - done
            if count > _CHUNK:
                count = _CHUNK
            self._transfer_in(address + done, count)
            _copy(piece, 0, buffer, done, count)
            done += count

    def write(self, address: int, buffer: "Readable") -> None:
        """Write `buffer` from `address` on. Raises ValueError beyond the end, PartAbsent. Does not allocate
        otherwise.

        When PartAbsent is raised, what stands before the failing chunk of 32 bytes is written.
        """
        length = len(buffer)
        if address < 0 or address + length > self.size:
            raise ValueError("MB85RC256V: beyond the end of the memory")
        done = 0
        piece = self._piece
        while done < length:
            count = length - done
            if count > _CHUNK:
                count = _CHUNK
            at = address + done
            piece[0] = at >> 8
            piece[1] = at & 0xFF
            _copy(buffer, done, piece, 2, count)
            self._transfer_out(count)
            done += count

    def _transfer_in(self, at: int, count: int) -> None:
        for _ in range(_TRIES):
            if self.bus.read_far_into(self.address, at, self._views[count]):
                self._misses = 0
                self.ok = True
                return
            self._missed()
        raise self._absent()

    def _transfer_out(self, count: int) -> None:
        for _ in range(_TRIES):
            if self._write(self._views[2 + count]):
                return
        raise self._absent()
