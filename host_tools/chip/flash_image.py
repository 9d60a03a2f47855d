"""The file system of a Pico's flash, built here: littlefs as MicroPython's rp2 port mounts it.

ports/rp2/modules/_boot.py mounts `rp2.Flash` with programs of 256 bytes; the area is the last 1408 KB of 2
MB, in blocks of 4 KB. Built directly it takes a fraction of a second; over the USB port it would take
minutes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from littlefs import LittleFS

from host_tools.chip.uf2 import FILES_BYTES, Image

_BLOCK = 4096
_PROGRAM = 256
_LOOKAHEAD = 32
_VERSION = 0x0002_0000  # written by every littlefs that MicroPython has had


def with_files(image: Image, files: Mapping[str, bytes]) -> bytes:
    """The whole flash, 2 MB: the image, and a file system with these files (names without a leading
    slash).
    """
    system = LittleFS(
        block_size=_BLOCK,
        block_count=FILES_BYTES // _BLOCK,
        read_size=_LOOKAHEAD,
        prog_size=_PROGRAM,
        cache_size=_PROGRAM,
        lookahead_size=_LOOKAHEAD,
        disk_version=_VERSION,
    )
    for name in sorted(files):
        folder = PurePosixPath(name).parent
        if str(folder) != ".":
            system.makedirs(str(folder), exist_ok=True)
        with system.open(name, "wb") as file:
            file.write(files[name])
    return image.flash[:-FILES_BYTES] + bytes(system.context.buffer)
