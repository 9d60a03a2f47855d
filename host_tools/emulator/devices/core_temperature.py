"""The chip's own temperature sensor, input 4 of its converter (RP2040 data sheet section 4.9.5)."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CHANNEL = 4


def code_of(plant: "Any") -> int:
    """What the converter makes of it, 12 bits: 706 mV at 27 degrees Celsius, -1.721 mV a degree, of 3.3 V."""
    uv = 706_000 - (plant.ambient_mc - 27_000) * 1721 // 1000
    code: int = uv * 4096 // 3_300_000
    return code
