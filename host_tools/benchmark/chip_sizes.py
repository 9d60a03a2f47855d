"""What each module of the firmware takes: compiled to be loaded (.mpy, into RAM), and frozen into the image
(flash).
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from host_tools import paths, sizes
from host_tools.benchmark.figures import Figure
from host_tools.chip import image_build
from host_tools.chip.uf2 import FILES_BYTES, FLASH_BYTES, Image

KB = 1024


def measure(image: Image) -> list[Figure]:
    """The sums, the image, and a figure for each module."""
    path = image_build.sizes_path()
    if not path.exists():
        image_build.build(frozen=True)
    frozen: dict[str, int] = json.loads(path.read_text())
    compiled = mpy_sizes()
    used = len(image.flash[:-FILES_BYTES].rstrip(b"\xff"))
    figures = [
        Figure("firmware as .mpy, all modules", sum(compiled.values()) / KB, "KB"),
        Figure("firmware frozen, all modules", sum(frozen.values()) / KB, "KB"),
        Figure("image with MicroPython, of the 640 KB before the file system", used / KB, "KB"),
        Figure("flash of the file system", FILES_BYTES / KB, f"KB of {FLASH_BYTES // KB}"),
    ]
    for name in sorted(compiled):
        figures.append(Figure(f"  {name}: .mpy", compiled[name], "bytes"))
        figures.append(Figure(f"  {name}: frozen", frozen.get(name, 0), "bytes"))
    return figures


def mpy_sizes() -> dict[str, int]:
    """Bytes of each module of the firmware's packages, compiled for the RP2040."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "out.mpy"
        for source in sizes.payload_sources():
            relative = source.relative_to(paths.FIRMWARE)
            if relative.parts[0] == "rochette":
                name = Path(*relative.parts[1:]).with_suffix("").as_posix()
                found[name] = sizes.compile_file(source, relative.as_posix(), target)
    return found
