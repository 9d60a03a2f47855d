"""UF2 images for the RP2040: reading one, checking it, and writing one from an ELF file.

UF2 is blocks of 512 bytes, each with magic numbers, an address and up to 476 bytes (Microsoft's description
of the format). The MicroPython version is read from the banner that every image carries.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path

MAGIC_1 = 0x0A324655
MAGIC_2 = 0x9E5D5157
MAGIC_END = 0x0AB16F30
FAMILY_RP2040 = 0xE48BFF56
FAMILIES = {0xE48BFF57: "RP2350 or absolute", 0xE48BFF59: "RP2350 (Arm)", 0xE48BFF5A: "RP2350 (RISC-V)"}
HAS_FAMILY = 0x2000
NOT_MAIN_FLASH = 1
BLOCK = 512
PAGE = 256
FLASH = 0x10000000
FLASH_BYTES = 2 * 1024 * 1024
FILES_BYTES = 1408 * 1024
"""The file system's share of a Pico's flash, at its end (MicroPython, ports/rp2/boards/RPI_PICO)."""

OLDEST = (1, 25)
"""The oldest MicroPython that the firmware is held to."""

_BANNER = re.compile(rb"MicroPython v(\d+)\.(\d+)(?:\.(\d+))?([-a-z0-9.]*) on (\d{4}-\d\d-\d\d)")


class ImageError(Exception):
    """The image can't be used; the text says why, and what to do."""


@dataclass(frozen=True)
class Image:
    """A checked image: 2 MB of flash as the image leaves it, 0xff where it says nothing."""

    path: Path
    flash: bytes
    version: tuple[int, int, int]
    date: str

    @property
    def text(self) -> str:
        """`MicroPython 1.25.0 (2025-04-15)`."""
        return f"MicroPython {'.'.join(map(str, self.version))} ({self.date})"


def read(path: Path) -> Image:
    """Read and check an image. Raises ImageError: no file, no UF2, another chip, no MicroPython, too old."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ImageError(f"{path}: {error.strerror or error}.") from error
    if len(data) < BLOCK or len(data) % BLOCK:
        raise ImageError(f"{path} is no UF2 image: it has {len(data)} bytes, not a multiple of {BLOCK}.")
    flash = bytearray(b"\xff" * FLASH_BYTES)
    used = 0
    for at in range(0, len(data), BLOCK):
        first, second, flags, address, size, _no, _of, family = struct.unpack_from("<8I", data, at)
        (end,) = struct.unpack_from("<I", data, at + 508)
        if (first, second, end) != (MAGIC_1, MAGIC_2, MAGIC_END):
            raise ImageError(f"{path} is no UF2 image: block {at // BLOCK} lacks the magic numbers.")
        if flags & NOT_MAIN_FLASH:
            continue
        if flags & HAS_FAMILY and family != FAMILY_RP2040:
            name = FAMILIES.get(family, f"family {family:#x}")
            raise ImageError(
                f"{path} is for another chip: {name}. An image for RP2040 (board RPI_PICO) is needed."
            )
        if size > 476 or not FLASH <= address <= FLASH + FLASH_BYTES - size:
            raise ImageError(
                f"{path}: block {at // BLOCK} lies at {address:#x}, outside a Pico's 2 MB of flash."
            )
        flash[address - FLASH : address - FLASH + size] = data[at + 32 : at + 32 + size]
        used += 1
    if not used:
        raise ImageError(f"{path} has nothing for the flash.")
    return _checked(path, bytes(flash))


def _checked(path: Path, flash: bytes) -> Image:
    banner = _BANNER.search(flash)
    if banner is None:
        raise ImageError(f"{path} is for RP2040, but no MicroPython: its banner is missing.")
    version = (int(banner[1]), int(banner[2]), int(banner[3] or 0))
    if version[:2] < OLDEST:
        raise ImageError(
            f"{path} is MicroPython {'.'.join(map(str, version))}; the oldest supported is "
            f"{'.'.join(map(str, OLDEST))}. `make image` builds one that will do."
        )
    if any(flash[FLASH_BYTES - FILES_BYTES :].strip(b"\xff")):
        raise ImageError(
            f"{path} reaches into the file system's part of the flash: it is not for board RPI_PICO."
        )
    return Image(path, flash, version, banner[5].decode())


def from_elf(elf: bytes) -> bytes:
    """The UF2 image of a little-endian 32-bit ELF file's loadable segments. Raises ImageError for another
    file.
    """
    if elf[:6] != b"\x7fELF\x01\x01":
        raise ImageError("the build gave no little-endian 32-bit ELF file.")
    (offset,) = struct.unpack_from("<I", elf, 28)
    size, count = struct.unpack_from("<HH", elf, 42)
    pages: dict[int, bytearray] = {}
    for i in range(count):
        kind, start, _virtual, address, in_file, _memory, _flags, _align = struct.unpack_from(
            "<8I", elf, offset + i * size
        )
        if kind != 1 or not in_file or not FLASH <= address < FLASH + FLASH_BYTES:
            continue
        for n, byte in enumerate(elf[start : start + in_file]):
            at = address + n
            pages.setdefault(at & -PAGE, bytearray(PAGE))[at % PAGE] = byte
    out = bytearray()
    for n, at in enumerate(sorted(pages)):
        head = struct.pack("<8I", MAGIC_1, MAGIC_2, HAS_FAMILY, at, PAGE, n, len(pages), FAMILY_RP2040)
        out += head + bytes(pages[at]).ljust(476, b"\0") + struct.pack("<I", MAGIC_END)
    return bytes(out)
