"""What the tests of the chip need: Node with rp2040js, and an image. Where they are missing, a test says so
and skips.
"""

from __future__ import annotations

import pytest

from host_tools.chip import image, process, uf2
from host_tools.chip.errors import ChipError


@pytest.fixture(scope="session")
def stock() -> uf2.Image:
    """The stock image of the cache. Nothing is downloaded or built for a test."""
    try:
        process.node()
        return image.find(download=False, say=False)
    except (ChipError, uf2.ImageError) as missing:
        pytest.skip(f"the chip target is not installed here: {str(missing).splitlines()[0]}")
