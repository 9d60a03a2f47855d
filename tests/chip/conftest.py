"""What the tests of the chip need: Node with rp2040js, and an image. Where they are missing, a test says so
and skips.
"""

from __future__ import annotations

import pytest

from host_tools.chip import image, process, session, uf2
from host_tools.chip.errors import ChipError


@pytest.fixture(scope="session")
def stock() -> uf2.Image:
    """The stock image of the cache. Nothing is downloaded or built for a test: `make chip-images` is for
    that.
    """
    try:
        process.node()
        return image.find(download=False, say=False)
    except (ChipError, uf2.ImageError) as missing:
        pytest.skip(f"the chip target is not installed here: {str(missing).splitlines()[0]}")


@pytest.fixture(scope="session")
def frozen(stock: uf2.Image) -> uf2.Image:
    """The image with the firmware in it, built when the sources have changed since."""
    try:
        return session.firmware_image()
    except (ChipError, uf2.ImageError) as missing:
        pytest.skip(f"no image with the firmware here: {str(missing).splitlines()[0]}")
