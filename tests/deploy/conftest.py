"""What the tests on the emulated chip need before they begin."""

from __future__ import annotations

import pytest

from host_tools.chip import process, session
from host_tools.chip.errors import ChipError
from host_tools.chip.uf2 import ImageError


@pytest.fixture(scope="session")
def chip_target() -> None:
    """Node.js and the image with the firmware in it, which is built when the sources have changed since."""
    try:
        process.node()
        session.firmware_image()
    except (ChipError, ImageError) as missing:
        pytest.skip(f"the chip target is not installed here: {str(missing).splitlines()[0]}")
