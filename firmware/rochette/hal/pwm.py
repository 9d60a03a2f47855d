"""Pulse width modulation on one pin."""

from machine import PWM, Pin


class Pwm:
    """One PWM output, off after construction. No method but the constructor allocates.

    The two pins of a slice (gp // 2 % 8) share one frequency (RP2040 data sheet, section 4.5); the board's
    data must not ask for two. The slowest carrier at 125 MHz is 8 Hz.
    """

    def __init__(self, gp: int, freq_hz: int) -> None:
        """gp: GPIO number. freq_hz: carrier, 8 to 1_000_000."""
        self.gp = gp
        self.freq_hz = freq_hz
        self._pwm = PWM(Pin(gp), freq=freq_hz, duty_u16=0)

    def set_permille(self, permille: int) -> None:
        """Duty 0 to 1000; the caller bounds it."""
        self._pwm.duty_u16(permille * 65535 // 1000)

    def set_pulse_us(self, pulse_us: int) -> None:
        """Pulse width 0 to 1_000_000 us, shorter than a period."""
        self._pwm.duty_ns(pulse_us * 1000)

    def set_freq(self, freq_hz: int) -> None:
        """New carrier, whole hertz. Set the duty again afterwards."""
        self._pwm.freq(freq_hz)
        self.freq_hz = freq_hz

    def off(self) -> None:
        """Low from now on."""
        self._pwm.duty_u16(0)
