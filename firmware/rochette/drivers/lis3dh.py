"""LIS3DH accelerometer (STMicroelectronics DocID17530), used as a tilt sensor: 2 g, 12 bits, 100
measurements a second.
"""

from micropython import const

from rochette.drivers.i2c_part import I2cPart
from rochette.hal.i2c import Bus

_WHO_AM_I = const(0x0F)
_ID = const(0x33)
_CTRL1 = const(0x20)
_CTRL4 = const(0x23)
# 100 Hz, normal power, X, Y and Z.
_CTRL1_USED = const(0x57)
# Outputs stand still while they are read (BDU), 2 g, high resolution: 1 mg a digit (table 4).
_CTRL4_USED = const(0x88)
# The status register lies before the six output bytes; bit 7 makes the register number step (section 6.1.1).
_STATUS = const(0x27)
_STEP = const(0x80)
_FRESH = const(0x08)
# Polls without a new measurement after which the part must have lost its settings.
_STALE_POLLS = const(20)


class Lis3dh(I2cPart):
    """Acceleration of three axes: x_mg, y_mg, z_mg in thousandths of g, -2048 to 2047.

    ok is False also while no measurement has come for 20 polls, as after a loss of its supply.
    """

    MODEL = "LIS3DH"

    def __init__(self, name: str, bus: Bus, address: int) -> None:
        """address: 0x18 or 0x19. Nothing is sent yet."""
        I2cPart.__init__(self, name, bus, address)
        self.x_mg = 0
        self.y_mg = 0
        self.z_mg = 0
        self.samples = 0
        self._idle = 0
        self._one = bytearray(1)
        self._out = bytearray(2)
        self._burst = bytearray(7)

    def check(self) -> None:
        """Look that it is a LIS3DH (WHO_AM_I, section 8.6) and set it up. Raises PartAbsent or PartWrong.
        Allocates.
        """
        found = self._get(_WHO_AM_I)
        if found != _ID:
            raise self._wrong("WHO_AM_I", found, _ID)
        self._put(_CTRL4, _CTRL4_USED)
        self._put(_CTRL1, _CTRL1_USED)
        found = self._get(_CTRL1)
        if found != _CTRL1_USED:
            raise self._wrong("CTRL_REG1", found, _CTRL1_USED)
        self.samples = 0
        self._idle = 0

    def poll(self) -> None:
        """Read the last measurement. 0.25 ms of bus time. Does not allocate."""
        if self.samples == 0:
            # Before the first measurement the outputs mean nothing: only the status is asked for.
            if not self._read(_STATUS, self._one):
                return
            if not self._one[0] & _FRESH:
                self._stale()
                return
        burst = self._burst
        if not self._read(_STATUS | _STEP, burst):
            return
        if not burst[0] & _FRESH:
            self._stale()
            return
        self._idle = 0
        self.samples = (self.samples + 1) & 0x3FFFFFFF or 1
        # Twelve bits, left-justified in sixteen, low byte first.
        value = burst[1] >> 4 | burst[2] << 4
        self.x_mg = value - 4096 if value & 0x800 else value
        value = burst[3] >> 4 | burst[4] << 4
        self.y_mg = value - 4096 if value & 0x800 else value
        value = burst[5] >> 4 | burst[6] << 4
        self.z_mg = value - 4096 if value & 0x800 else value

    def _stale(self) -> None:
        if self._idle < _STALE_POLLS:
            self._idle += 1
        else:
            self.ok = False

    def _put(self, register: int, value: int) -> None:
        self._out[0] = register
        self._out[1] = value
        self._must_write(self._out)

    def _get(self, register: int) -> int:
        self._must_read(register, self._one)
        return self._one[0]
