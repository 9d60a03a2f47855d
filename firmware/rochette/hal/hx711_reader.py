"""Readings of an HX711, clocked out by a state machine as they become ready."""

from machine import Pin
from rp2 import StateMachine

from rochette.hal.pio_programs import hx711


class Hx711Reader:
    """One load cell amplifier. `available` and `read` do not allocate."""

    def __init__(self, state_machine: int, freq_hz: int, data_gp: int, clock_gp: int) -> None:
        """state_machine: 0 to 3 (PIO0). freq_hz: 100_000 to 5_000_000, so that a clock pulse is 0.4 to 20
        us. Raises ValueError otherwise.
        """
        if not 100_000 <= freq_hz <= 5_000_000:
            raise ValueError("HX711 at {} Hz: 100000 to 5000000 are allowed".format(freq_hz))
        self._sm = StateMachine(
            state_machine,
            hx711,
            freq=freq_hz,
            in_base=Pin(data_gp, Pin.IN, Pin.PULL_UP),
            set_base=Pin(clock_gp),
        )
        self._sm.active(1)

    def available(self) -> int:
        """Readings that wait, 0 to 4."""
        return self._sm.rx_fifo()

    def read(self) -> int:
        """The oldest waiting reading, -2**23 to 2**23 - 1. Blocks when none is `available`."""
        word = self._sm.get()
        return word - 0x1000000 if word & 0x800000 else word
