"""What all parts on I2C have in common: a name, an address, and three misses before they are given up."""

from rochette.drivers.errors import PartAbsent, PartWrong, absent, wrong
from rochette.hal.i2c import Bus

# A single lost transfer is noise; three in a row, at any poll rate, is a part that has gone.
MISSES = 3


class I2cPart:
    """Base of the drivers of parts on I2C.

    ok: False once MISSES transfers in a row have failed, True again with the first that succeeds; measured
    values stay as they were last. errors: failed transfers since power-on, modulo 2**30.
    """

    MODEL = "part"

    def __init__(self, name: str, bus: Bus, address: int) -> None:
        """name: as in the board's data. address: 7 bits, 0x08 to 0x77."""
        self.name = name
        self.bus = bus
        self.address = address
        self.ok = True
        self.errors = 0
        self._misses = 0

    def _read(self, register: int, buffer: bytearray) -> bool:
        if self.bus.read_into(self.address, register, buffer):
            self._misses = 0
            self.ok = True
            return True
        self._missed()
        return False

    def _write(self, buffer: "bytearray | memoryview") -> bool:
        if self.bus.write(self.address, buffer):
            self._misses = 0
            self.ok = True
            return True
        self._missed()
        return False

    def _missed(self) -> None:
        self.errors = (self.errors + 1) & 0x3FFFFFFF
        self._misses += 1
        if self._misses >= MISSES:
            self._misses = MISSES
            self.ok = False

    def _must_read(self, register: int, buffer: bytearray) -> None:
        if not self._read(register, buffer):
            raise self._absent()

    def _must_write(self, buffer: "bytearray | memoryview") -> None:
        if not self._write(buffer):
            raise self._absent()

    def _absent(self) -> PartAbsent:
        self.ok = False
        self._misses = MISSES
        return absent(self.MODEL, self.name, self.bus.name, self.address)

    def _wrong(self, what: str, found: int, wanted: int) -> PartWrong:
        self.ok = False
        self._misses = MISSES
        return wrong(self.MODEL, self.name, self.bus.name, self.address, what, found, wanted)
