"""Stores: a flat piece of memory that survives, as the ledger sees it.

The seam is two methods: read_into(offset, buffer) and write(offset, buffer), and one number, `size`. Both
raise StoreError outside the piece and OSError when the part does not answer.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


_NO_DEVICE = 19


class StoreError(Exception):
    """An access outside the store; nothing was read or written."""


def _inside(name: str, offset: int, length: int, size: int) -> None:
    if offset < 0 or offset + length > size:
        raise StoreError("{}: {} bytes at {} lie outside its {} bytes".format(name, length, offset, size))


class MemoryStore:
    """A store in RAM: for tests, and for a payload whose FRAM is absent, which must declare itself
    volatile."""

    def __init__(self, size: int, fill: int = 0) -> None:
        """`size` bytes, each `fill` at first: 0 as a blank FRAM, 255 as a blank EEPROM."""
        self.size = size
        self.data = bytearray(size)
        if fill:
            for at in range(size):
                self.data[at] = fill

    def read_into(self, offset: int, buffer: "Any") -> None:
        """Fill `buffer` from `offset` on."""
        _inside("memory store", offset, len(buffer), self.size)
        buffer[:] = self.data[offset : offset + len(buffer)]

    def write(self, offset: int, buffer: "Any") -> None:
        """Write `buffer` at `offset`."""
        _inside("memory store", offset, len(buffer), self.size)
        self.data[offset : offset + len(buffer)] = buffer


class FramStore:
    """A piece of an FRAM. FRAM needs no erase and no wait, so it may be written while motors run."""

    def __init__(self, fram: "Any", base: int = 0, size: int = 32768) -> None:
        """`fram` has read_into(address, buffer) and write(address, buffer); MB85RC256V holds 32768 bytes."""
        self.size = size
        self._fram = fram
        self._base = base

    def read_into(self, offset: int, buffer: "Any") -> None:
        """Fill `buffer` from `offset` on. Raises OSError when the part does not answer."""
        _inside("FRAM store", offset, len(buffer), self.size)
        self._fram.read_into(self._base + offset, buffer)

    def write(self, offset: int, buffer: "Any") -> None:
        """Write `buffer` at `offset`. Raises OSError when the part does not answer."""
        _inside("FRAM store", offset, len(buffer), self.size)
        self._fram.write(self._base + offset, buffer)


class NoStore:
    """A store that is not to be touched: it never answers."""

    def __init__(self, size: int) -> None:
        """`size`: of the store it stands for."""
        self.size = size

    def read_into(self, offset: int, buffer: "Any") -> None:
        """Raises OSError."""
        raise OSError(_NO_DEVICE)

    def write(self, offset: int, buffer: "Any") -> None:
        """Raises OSError."""
        raise OSError(_NO_DEVICE)
