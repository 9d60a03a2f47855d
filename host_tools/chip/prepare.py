"""What the tests of the chip target need, made before they run: `make test` calls it.

Node with rp2040js, the stock image and the one with the firmware in it. Whatever is missing and can be had
is installed or built; what can't be had is said, with what to do, and is no error: the tests that need it
say so too.
"""

from __future__ import annotations

import subprocess
import sys

from host_tools.chip import image, image_build, session
from host_tools.chip.errors import ChipError
from host_tools.chip.process import node
from host_tools.chip.uf2 import ImageError, read


def prepare() -> str:
    """Make all of it; gives what is there, in words. Raises ChipError, or ImageError, for what is not."""
    program = node()
    stock = image.stock_path()
    try:
        found = read(stock)
    except ImageError:
        found = read(image_build.build(frozen=False))
    frozen = session.firmware_image()
    return f"{program}; {found.text}, {found.path}; with the firmware: {frozen.path}"


def main() -> int:
    """The command of the Makefile; always 0."""
    try:
        print(prepare(), flush=True)
    except (ChipError, ImageError, OSError, subprocess.CalledProcessError) as missing:
        print(f"The chip target is left out of the tests: {missing}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
