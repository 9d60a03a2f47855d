"""The firmware on the emulated chip. Times on it are optimistic: it has no XIP cache misses, code runs from
flash as fast as from RAM. Every figure is emulated time, so it is the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable

from host_tools.benchmark import chip_core, chip_entries, chip_latency, chip_pulses, chip_sizes, chip_start
from host_tools.benchmark.figures import Figure
from host_tools.benchmark.speed import BenchmarkError
from host_tools.chip import session
from host_tools.chip.errors import ChipError
from host_tools.chip.process import node
from host_tools.chip.uf2 import ImageError

NOTE = (
    "Times on the emulated chip (125 MHz, MicroPython {version}) have no XIP cache misses in them: code runs "
    "from flash as fast as from RAM, so a real RP2040 is slower. They are emulated time, the same on every "
    "machine."
)


def note() -> str:
    """What has to stand wherever these figures are quoted."""
    return NOTE.format(version=".".join(map(str, session.firmware_image().version)))


def measure(quick: bool) -> list[Figure]:
    """Sizes, start, latencies, pulses, and a core. Raises BenchmarkError where the chip target is missing."""
    try:
        node()
        image = session.firmware_image()
    except (ChipError, ImageError) as missing:
        raise BenchmarkError(f"the chip target is not installed here: {missing}") from missing
    figures: list[Figure] = []
    pieces: tuple[Callable[[], list[Figure]], ...] = (
        lambda: chip_sizes.measure(image),
        lambda: chip_start.measure(image, quick),
        lambda: chip_latency.measure(image.flash, quick),
        lambda: chip_pulses.measure(image.flash, quick),
        lambda: chip_core.measure(quick),
        lambda: chip_entries.measure(quick),
    )
    for piece in pieces:
        try:
            figures += piece()
        except ChipError as error:
            raise BenchmarkError(str(error)) from error
    return figures
