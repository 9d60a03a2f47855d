"""Hobby servo: the width of a pulse, 50 times a second, is the position."""

from rochette.hal.pwm import Pwm


class Servo:
    """pulse_us: the pulse width that is sent, 0 when none is. Nothing but the constructor allocates."""

    def __init__(self, name: str, pwm: Pwm, min_us: int, max_us: int) -> None:
        """min_us, max_us: ends of its travel, within 500 to 2500. Raises ValueError otherwise. No pulses
        yet.
        """
        if not 500 <= min_us < max_us <= 2500:
            raise ValueError(
                "servo '{}': pulses {} to {} us are not within 500 to 2500".format(name, min_us, max_us)
            )
        self.name = name
        self.pulse_us = 0
        self._pwm = pwm
        self._min_us = min_us
        self._max_us = max_us

    def set_pulse(self, pulse_us: int) -> None:
        """Go to a position; a width beyond the ends is cut to them."""
        if pulse_us < self._min_us:
            pulse_us = self._min_us
        elif pulse_us > self._max_us:
            pulse_us = self._max_us
        if pulse_us != self.pulse_us:
            self._pwm.set_pulse_us(pulse_us)
            self.pulse_us = pulse_us

    def off(self) -> None:
        """No more pulses: the servo holds by friction alone. May be used in an interrupt."""
        self._pwm.off()
        self.pulse_us = 0

    def check(self) -> None:
        """A servo has no identity to ask for: this switches its pulses off, and bring-up proves it by its
        switches.
        """
        self.off()
