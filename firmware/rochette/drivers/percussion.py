"""Percussion solenoid behind a MOSFET: blows at a rate, their energy by the width of the pulse."""

from rochette.hal.pwm import Pwm

# RP2040 data sheet, section 4.5: the slowest PWM at 125 MHz is 7.5 Hz.
_SLOWEST_MHZ = 8000


class PercussionDriver:
    """mhz: blows in thousandths a second, as made: whole hertz. pulse_us: the width sent. Both 0 when off.

    Nothing but the constructor allocates.
    """

    def __init__(self, name: str, pwm: Pwm, min_mhz: int, max_mhz: int, max_pulse_us: int) -> None:
        """min_mhz: 8000 or more. max_pulse_us: at most half of the shortest period, so that the coil cools.

        Raises ValueError otherwise.
        """
        if not _SLOWEST_MHZ <= min_mhz <= max_mhz or max_mhz * max_pulse_us > 500_000_000:
            raise ValueError(
                "percussion '{}': {} to {} mHz with pulses up to {} us: 8000 mHz is the slowest, "
                "and a pulse may fill half of a period".format(name, min_mhz, max_mhz, max_pulse_us)
            )
        self.name = name
        self.mhz = 0
        self.pulse_us = 0
        self._pwm = pwm
        self._min_mhz = min_mhz
        self._max_mhz = max_mhz
        self._max_pulse_us = max_pulse_us

    def set(self, mhz: int, pulse_us: int) -> None:
        """Strike at a rate, rounded down to whole hertz and cut to the limits; 0 for either is off."""
        if mhz <= 0 or pulse_us <= 0:
            self.off()
            return
        if mhz < self._min_mhz:
            mhz = self._min_mhz
        elif mhz > self._max_mhz:
            mhz = self._max_mhz
        if pulse_us > self._max_pulse_us:
            pulse_us = self._max_pulse_us
        mhz = mhz // 1000 * 1000
        if mhz == self.mhz and pulse_us == self.pulse_us:
            return
        if mhz != self.mhz:
            # The pulse is off while the period changes: no blow is ever longer than was asked for.
            self._pwm.off()
            self._pwm.set_freq(mhz // 1000)
        self._pwm.set_pulse_us(pulse_us)
        self.mhz = mhz
        self.pulse_us = pulse_us

    def off(self) -> None:
        """No more blows. May be used in an interrupt."""
        self._pwm.off()
        self.mhz = 0
        self.pulse_us = 0

    def check(self) -> None:
        """A coil has no identity to ask for: this switches it off, and bring-up proves it by its current."""
        self.off()
