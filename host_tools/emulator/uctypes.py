"""`uctypes` as the firmware sees it on an RP2040: memory by its address. Two registers are emulated, the
watchdog's scratch registers 0 and 1 (RP2040 data sheet 4.7.6, RP2350 data sheet 12.9.7).

The VM has a module of this name built in, which would read the host's memory: `machine` puts this one in its
place.
"""

from host_tools.emulator import world as _world
from host_tools.emulator.errors import EmulationError

_SCRATCH0 = (0x4005800C, 0x400D800C)


def bytearray_at(addr: int, size: int) -> bytearray:
    """The bytes there: what is stored in them outlives a reset by the watchdog. On the chip a byte written
    stands in all four of its register; here only in its own, so only the first of each may be used."""
    scratch = _world.current().scratch
    if addr not in _SCRATCH0 or size > len(scratch):
        raise EmulationError("uctypes.bytearray_at(" + hex(addr) + ", " + str(size) + ") is not emulated")
    return scratch
