"""Where files are kept: in RAM, or in the board's flash file system.

The seam: names(), size(name) or -1, read_into(name, offset, buffer, count) -> bytes read, save(name, buffer,
count), remove(name), free(). save() is all or nothing. OSError says that the store failed or is full.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FULL = 28  # ENOSPC
_MISSING = 2  # ENOENT


class RamFiles:
    """Files in RAM, `capacity` bytes together. For emulated targets and tests."""

    def __init__(self, capacity: int = 16384) -> None:
        self.capacity = capacity
        self._files: "dict[str, bytes]" = {}

    def names(self) -> "list[str]":
        """Names in order."""
        return sorted(self._files)

    def size(self, name: str) -> int:
        """Bytes of a file, -1 when there is none."""
        return len(self._files[name]) if name in self._files else -1

    def read_into(self, name: str, offset: int, buffer: "Any", count: int) -> int:
        """Fill buffer[:count] from `offset` on; how many bytes there were. Raises OSError for a file that is
        not there."""
        if name not in self._files:
            raise OSError(_MISSING)
        piece = self._files[name][offset : offset + count]
        buffer[: len(piece)] = piece
        return len(piece)

    def save(self, name: str, buffer: "Any", count: int) -> None:
        """Keep buffer[:count] as a file. Raises OSError(28) when it does not fit."""
        if count > self.free():
            raise OSError(_FULL)
        self._files[name] = bytes(buffer[:count])

    def remove(self, name: str) -> None:
        """Raises OSError for a file that is not there."""
        if name not in self._files:
            raise OSError(_MISSING)
        del self._files[name]

    def free(self) -> int:
        """Bytes that still fit."""
        used = 0
        for name in self._files:
            used += len(self._files[name])
        return self.capacity - used


class OsFiles:
    """Files in a folder of the board's file system (littlefs). Writing is for when nothing moves: see
    Files."""

    def __init__(self, folder: str) -> None:
        """`folder` is made when it is not there. Raises OSError when it can't be."""
        self._folder = folder
        try:
            os.mkdir(folder)
        except OSError:
            os.listdir(folder)  # it is there already, or nothing can be done: this says which
        for name in os.listdir(folder):
            if name.startswith("."):
                os.remove(self._path(name))  # a write that a power cut ended

    def _path(self, name: str) -> str:
        return self._folder + "/" + name

    def names(self) -> "list[str]":
        """Names in order."""
        return sorted([name for name in os.listdir(self._folder) if not name.startswith(".")])

    def size(self, name: str) -> int:
        """Bytes of a file, -1 when there is none."""
        try:
            return os.stat(self._path(name))[6]
        except OSError:
            return -1

    def read_into(self, name: str, offset: int, buffer: "Any", count: int) -> int:
        """Fill buffer[:count] from `offset` on; how many bytes there were. Raises OSError. Allocates."""
        with open(self._path(name), "rb") as file:
            file.seek(offset)
            return file.readinto(memoryview(buffer)[:count]) or 0

    def save(self, name: str, buffer: "Any", count: int) -> None:
        """Keep buffer[:count] as a file, by way of another name: a power cut leaves all of it or nothing.

        Raises OSError when the file system is full or fails.
        """
        draft = self._path("." + name)
        try:
            with open(draft, "wb") as file:
                file.write(memoryview(buffer)[:count])
            os.rename(draft, self._path(name))
        except OSError:
            try:
                os.remove(draft)
            except OSError:
                pass  # it was never made
            raise

    def remove(self, name: str) -> None:
        """Raises OSError for a file that is not there."""
        os.remove(self._path(name))

    def free(self) -> int:
        """Bytes that still fit."""
        found = os.statvfs(self._folder)
        return found[0] * found[3]
