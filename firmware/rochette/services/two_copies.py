"""A small record in FRAM as two copies that are written in turn, each with a serial number and a CRC-32, so
that a power cut in the middle of one leaves the other.

Where each record has its numbers, and which end of them comes first, is its own business (`SERIAL_AT`,
`LITTLE`): what stands in the memory of a payload stays readable. All zero is a blank memory and no record:
its sum is not zero.
"""

from struct import pack_into, unpack_from

from rochette.services.crc import Crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SUM_BYTES = 4
# One for all records: a sum is made in one go, and never in an interrupt.
_crc = Crc32()


def newer(serial: int, than: int) -> bool:
    """Whether `serial` is the later of two serial numbers, which count modulo 2**16 or more."""
    return 0 < (serial - than) & 0xFFFF < 0x8000


def put_sum(buffer: "Any", at: int, crc: Crc32, little: bool) -> None:
    """Write the sum as it is so far: four bytes, the least significant one first when `little`, else last.
    Allocates nothing."""
    if little:
        pack_into("<HH", buffer, at, crc.low, crc.high)
    else:
        pack_into(">HH", buffer, at, crc.high, crc.low)


def has_sum(buffer: "Any", at: int, crc: Crc32, little: bool) -> bool:
    """Whether put_sum() would write what stands there. Allocates."""
    first, second = unpack_from("<HH" if little else ">HH", buffer, at)
    return (first, second) == ((crc.low, crc.high) if little else (crc.high, crc.low))


class TwoCopies:
    """Base of such a record. `store`: read_into(offset, buffer), write(offset, buffer), two copies long.

    `_copy` is one copy: the record fills it before _write(), and takes from it what _look() has found. Not to
    be used in an interrupt.
    """

    SERIAL_AT = 0
    """Where a copy has its serial number: a U16 with its upper byte first; when LITTLE a U32, lower first."""
    LITTLE = False
    FORMAT = -1
    """What the first byte of each copy is; -1: whatever the record puts there."""

    def __init__(self, store: "Any", copy_bytes: int) -> None:
        """`copy_bytes`: length of one copy, its sum at the end. Reads nothing yet."""
        self.store: "Any" = store
        self._copy = bytearray(copy_bytes)
        self._serial = 0
        self._any = False

    def _look(self, slot: int) -> bool:
        """Read copy `slot` (0 or 1). True when it is good and newer than what was found before. Raises what
        the store raises. Allocates."""
        copy = self._copy
        self.store.read_into(slot * len(copy), copy)
        if self.FORMAT >= 0 and copy[0] != self.FORMAT:
            return False
        self._add_up()
        if not has_sum(copy, len(copy) - _SUM_BYTES, _crc, self.LITTLE):
            return False
        serial = unpack_from("<I" if self.LITTLE else ">H", copy, self.SERIAL_AT)[0]
        if self._any and not newer(serial, self._serial):
            return False
        self._any = True
        self._serial = serial
        return True

    def _write(self) -> None:
        """Number `_copy`, sum it, and write it over the older copy. Raises what the store raises; then the
        next one goes to the other place. Allocates nothing."""
        copy = self._copy
        if self.LITTLE:
            self._serial = (self._serial + 1) & 0x3FFFFFFF
            pack_into("<I", copy, self.SERIAL_AT, self._serial)
        else:
            self._serial = (self._serial + 1) & 0xFFFF
            pack_into(">H", copy, self.SERIAL_AT, self._serial)
        self._add_up()
        put_sum(copy, len(copy) - _SUM_BYTES, _crc, self.LITTLE)
        self.store.write(len(copy) if self._serial & 1 else 0, copy)

    def _add_up(self) -> None:
        _crc.reset()
        _crc.add(self._copy, 0, len(self._copy) - _SUM_BYTES)
