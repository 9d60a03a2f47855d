"""`vfs` for CPython: MicroPython's VfsLfs2 and mount(), made of the littlefs library.

The MicroPython VM has its own.

Only what the firmware uses: methods of the file system object, as MicroPython gives them to any mounted one.
A power cut inside the library's callbacks is kept and raised when the library has returned.
"""

import littlefs
from littlefs.context import UserContext

from host_tools.emulator.errors import EmulationError
from host_tools.emulator.world import when_attached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from host_tools.emulator.world import World

_EIO = -5
_FILE = 0x8000
_FOLDER = 0x4000

_mounts: "list[tuple[Any, str]]" = []


def _unmount_all(world: "World | None") -> None:
    """Another world is another flash."""
    _mounts.clear()


when_attached(_unmount_all)


class _Context(UserContext):
    """The library's block device: a `rp2.Flash`. No error passes through the library: it waits here."""

    def __init__(self, device: "Any") -> None:
        super().__init__(buffsize=1)
        self.device = device
        self.error: "BaseException | None" = None

    def read(self, cfg: "Any", block: int, off: int, size: int) -> bytearray:
        out = bytearray(size)
        self.device.readblocks(block, out, off)
        return out

    def _do(self, call: "Callable[[], Any]") -> int:
        if self.error is not None:
            return _EIO
        try:
            call()
        except OSError:
            return _EIO
        except BaseException as error:
            self.error = error
            return _EIO
        return 0

    def prog(self, cfg: "Any", block: int, off: int, data: bytes) -> int:
        return self._do(lambda: self.device.writeblocks(block, data, off))

    def erase(self, cfg: "Any", block: int) -> int:
        return self._do(lambda: self.device.ioctl(6, block))

    def sync(self, cfg: "Any") -> int:
        return 0


class _File:
    """An open file; what is done with it tells of a power cut."""

    def __init__(self, fs: "VfsLfs2", inner: "Any") -> None:
        self._fs = fs
        self._inner = inner

    def __enter__(self) -> "_File":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, count: int = -1) -> bytes:
        return bytes(self._fs.call(self._inner.read, count))

    def readinto(self, buffer: "Any") -> int:
        data = self._fs.call(self._inner.read, len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def write(self, data: "Any") -> int:
        return int(self._fs.call(self._inner.write, bytes(data)))

    def seek(self, offset: int, whence: int = 0) -> int:
        return int(self._fs.call(self._inner.seek, offset, whence))

    def close(self) -> None:
        try:
            self._fs.call(self._inner.close)
        finally:
            # The library has let go of the file, also when closing it failed. Its Python handle does not note
            # that, and would close it once more when it is collected, which the library answers with abort().
            setattr(self._inner, "__IOBase_closed", True)


class VfsLfs2:
    """A littlefs on a block device with 4 KB blocks and programs of 256 bytes, as the rp2 port mounts it."""

    def __init__(self, device: "Any", readsize: int = 32, progsize: int = 32, lookahead: int = 32) -> None:
        """Raises OSError when there is no file system on the device."""
        self._context = _Context(device)
        self._fs = _library(self._context, readsize, progsize, lookahead)
        self.call(self._fs.mount)

    @staticmethod
    def mkfs(device: "Any", readsize: int = 32, progsize: int = 32, lookahead: int = 32) -> None:
        """Makes an empty file system."""
        _library(_Context(device), readsize, progsize, lookahead).format()

    def call(self, what: "Callable[..., Any]", *args: "Any") -> "Any":
        """A call of the library: its errors as OSError with the number, a power cut as what it was."""
        try:
            result = what(*args)
        except littlefs.LittleFSError as error:
            self._tell()
            raise OSError(-int(error.code)) from None
        except OSError as error:
            self._tell()
            cause = error.__cause__
            code = -int(cause.code) if isinstance(cause, littlefs.LittleFSError) else error.errno
            raise OSError(-_EIO if code is None else code) from None
        self._tell()
        return result

    def _tell(self) -> None:
        error = self._context.error
        if error is not None:
            raise error

    def open(self, path: str, mode: str) -> _File:
        """Opens a file. Raises OSError with the number, as MicroPython does."""
        try:
            return _File(self, self.call(lambda: self._fs.open(path, mode, buffering=0)))
        except OSError as error:
            # The library's "a" does not make a file; MicroPython's does.
            if error.args[0] != 2 or "a" not in mode:
                raise
        return _File(self, self.call(lambda: self._fs.open(path, mode.replace("a", "x"), buffering=0)))

    def ilistdir(self, path: str = "/") -> "Iterator[tuple[str, int, int, int]]":
        """Name, kind, 0 and size of each entry."""
        for name in sorted(self.call(self._fs.listdir, path)):
            found = self.call(self._fs.stat, path.rstrip("/") + "/" + name)
            yield (name, _FOLDER if found.type == 2 else _FILE, 0, found.size)

    def stat(self, path: str) -> "tuple[int, ...]":
        """Kind and size, as os.stat."""
        found = self.call(self._fs.stat, path)
        return (_FOLDER if found.type == 2 else _FILE, 0, 0, 0, 0, 0, found.size, 0, 0, 0)

    def statvfs(self, path: str) -> "tuple[int, ...]":
        """Sizes, as os.statvfs."""
        used = self.call(lambda: self._fs.used_block_count)
        count = self._fs.block_count
        return (4096, 4096, count, count - used, count - used, 0, 0, 0, 0, 255)

    def mkdir(self, path: str) -> None:
        """Makes a folder."""
        self.call(self._fs.mkdir, path)

    def remove(self, path: str) -> None:
        """Removes a file."""
        self.call(self._fs.remove, path)

    def rename(self, old: str, new: str) -> None:
        """Renames a file over another, all or nothing."""
        self.call(self._fs.rename, old, new)


def _library(context: _Context, readsize: int, progsize: int, lookahead: int) -> "Any":
    return littlefs.LittleFS(
        context,
        mount=False,
        block_size=4096,
        block_count=context.device.ioctl(4, 0),
        read_size=readsize,
        prog_size=progsize,
        cache_size=4 * max(readsize, progsize),
        lookahead_size=lookahead,
    )


def mount(fs: "Any" = None, path: str = "") -> "list[tuple[Any, str]] | None":
    """Mounts, or without arguments lists what is mounted, as MicroPython does."""
    if fs is None:
        return list(_mounts)
    if not isinstance(fs, VfsLfs2):
        raise EmulationError("vfs.mount: only a VfsLfs2 that is made already")
    _mounts.append((fs, path))
    return None


def umount(path: str) -> None:
    """Takes a mounted file system away. Raises OSError when there is none."""
    for entry in _mounts:
        if entry[1] == path:
            _mounts.remove(entry)
            return
    raise OSError(22)
