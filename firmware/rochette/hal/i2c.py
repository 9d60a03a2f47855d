"""An I2C bus that counts its errors instead of raising them.

Every transfer has the bus's own time limit, so a part that holds the clock costs that much and no more. No
method but the constructor allocates while the part answers: registers are written with the register's number
as the first byte of the caller's buffer, because the stock `writeto_mem` gathers its two pieces on the heap.
"""

from machine import I2C, Pin


class Bus:
    """One I2C controller. Not to be used in an interrupt. `number`: which one, 0 or 1."""

    def __init__(self, number: int, sda_gp: int, scl_gp: int, freq_hz: int, timeout_us: int) -> None:
        """number: 0 or 1. freq_hz: up to 400_000. timeout_us: limit of one transfer."""
        self.name = "I2C{}".format(number)
        self.number = number
        self._sda_gp = sda_gp
        self._scl_gp = scl_gp
        self._freq_hz = freq_hz
        self._timeout_us = timeout_us
        self.errors = 0
        self.last_errno = 0
        self._i2c = self._open()

    def _open(self) -> I2C:
        return I2C(
            self.number,
            sda=Pin(self._sda_gp),
            scl=Pin(self._scl_gp),
            freq=self._freq_hz,
            timeout=self._timeout_us,
        )

    def reopen(self) -> None:
        """Set the controller up anew, for a bus that does not come back by itself. Allocates."""
        self._i2c = self._open()

    def read_into(self, address: int, register: int, buffer: "bytearray | memoryview") -> bool:
        """Fill `buffer` from `register` on (8-bit register number). False when the part did not answer."""
        try:
            self._i2c.readfrom_mem_into(address, register, buffer)
            return True
        except OSError as error:
            self._failed(error)
            return False

    def read_far_into(self, address: int, register: int, buffer: "bytearray | memoryview") -> bool:
        """As `read_into`, with a 16-bit register number, high byte first."""
        try:
            self._i2c.readfrom_mem_into(address, register, buffer, addrsize=16)
            return True
        except OSError as error:
            self._failed(error)
            return False

    def write(self, address: int, buffer: "bytearray | memoryview") -> bool:
        """Send `buffer`, whose first byte (or two) is the register's number."""
        try:
            self._i2c.writeto(address, buffer)
            return True
        except OSError as error:
            self._failed(error)
            return False

    def _failed(self, error: OSError) -> None:
        self.errors = (self.errors + 1) & 0x3FFFFFFF
        code = error.args[0] if error.args else 0
        self.last_errno = code if isinstance(code, int) else 0
