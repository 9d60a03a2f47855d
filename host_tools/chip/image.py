"""`rochette image`: find a stock MicroPython image for the RP2040, or say how to get one.

In this order: the file that was named, the one that was built or downloaded before, MicroPython's own site.
An image is checked before it is used: container, chip, MicroPython and its version. Building one is `make
image` (image_build.py).
"""

from __future__ import annotations

import hashlib
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path

from host_tools.chip import cache
from host_tools.chip.uf2 import OLDEST, Image, ImageError, read

ENVIRONMENT = "ROCHETTE_IMAGE"
DOWNLOAD = "https://micropython.org/resources/firmware/RPI_PICO-20250415-v1.25.0.uf2"
"""The release that the firmware is developed against."""
SECONDS = 15

HOW_TO_GET_ONE = f"""\
Get a MicroPython image for the Raspberry Pi Pico (RPI_PICO, {".".join(map(str, OLDEST))} or later), in any
of these ways:
  make image               builds it from Debian's source packages (about a minute)
  --image FILE             one that you have, or {ENVIRONMENT}=FILE in the environment
  {DOWNLOAD}"""


def stock_path() -> Path:
    """Where `make image` and the download put the stock image."""
    return cache.folder() / "images" / "RPI_PICO.uf2"


def find(named: Path | None = None, *, download: bool = True, say: bool = True) -> Image:
    """The image to use, checked. Raises ImageError when there is none, or when the one named is unfit.

    A cached image that is unfit is said and passed over; a network that is not there too.
    """
    if named is None and os.environ.get(ENVIRONMENT):
        named = Path(os.environ[ENVIRONMENT])
    if named is not None:
        return read(named)
    cached = stock_path()
    if cached.exists():
        try:
            return read(cached)
        except ImageError as error:
            _say(say, f"The image in the cache is passed over: {error}")
    if download:
        try:
            return _fetch(cached)
        except (OSError, urllib.error.URLError, ImageError) as error:
            reason = getattr(error, "reason", None) or error
            _say(say, f"No download from MicroPython's site ({reason}).")
    raise ImageError(f"No MicroPython image is here.\n{HOW_TO_GET_ONE}")


def _say(wanted: bool, text: str) -> None:
    if wanted:
        print(f"rochette: {text}", file=sys.stderr)


def _fetch(target: Path) -> Image:
    with urllib.request.urlopen(DOWNLOAD, timeout=SECONDS) as answer:
        data = answer.read(8 * 1024 * 1024)
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    part.write_bytes(data)
    try:
        read(part)
    except ImageError:
        part.unlink()
        raise
    part.replace(target)
    return read(target)


def show(named: Path | None, *, download: bool) -> int:
    """The command: print where the image is, what it is and its hash. Raises ImageError."""
    image = find(named, download=download)
    digest = hashlib.sha256(image.path.read_bytes()).hexdigest()
    print(f"{image.path}\n{image.text}, sha256 {digest}")
    return 0
