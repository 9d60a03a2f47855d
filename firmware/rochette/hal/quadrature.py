"""Edges of a quadrature encoder, counted by a state machine that misses none."""

from array import array

from machine import Pin
from rp2 import StateMachine

from rochette.hal.pio_programs import quadrature

# Any word that differs from the count is a request (see pio_programs.quadrature); this bit makes it differ.
_REQUEST = 1 << 29
# An answer takes 16 cycles, under 10 us at any frequency above 1.6 MHz; asking for the FIFO's level takes
# longer.
_TRIES = 16


class QuadratureCounter:
    """Counts four edges a line; A leading B counts up. `read` does not allocate.

    After 2**30 counts in one direction (37 hours at 8000 counts a second) the count passes the small
    integers of the RP2040 and `read` begins to allocate.
    """

    def __init__(self, state_machine: int, freq_hz: int, a_gp: int, b_gp: int) -> None:
        """state_machine: 4 to 7; the program fills PIO1. b_gp must be a_gp + 1. Raises ValueError
        otherwise.
        """
        if b_gp != a_gp + 1:
            raise ValueError("encoder channels are on GP{} and GP{}: B must follow A".format(a_gp, b_gp))
        Pin(b_gp, Pin.IN, Pin.PULL_UP)
        self._sm = StateMachine(
            state_machine, quadrature, freq=freq_hz, in_base=Pin(a_gp, Pin.IN, Pin.PULL_UP)
        )
        self._word = array("i", [0])
        self.count = 0
        self._sm.active(1)
        # The count at the start is not known, but it can equal only one of two words.
        if not self._ask(1):
            self._ask(2)

    def read(self) -> bool:
        """Fetch the count into `count`. False when the state machine did not answer; `count` is then the
        last.
        """
        return self._ask(self.count ^ _REQUEST)

    def _ask(self, word: int) -> bool:
        sm = self._sm
        buffer = self._word
        # An answer that came too late for its own request must not be taken for the one to this.
        for _ in range(4):
            if not sm.rx_fifo():
                break
            sm.get(buffer)
        if sm.tx_fifo():
            return False
        sm.put(word)
        for _ in range(_TRIES):
            if sm.rx_fifo():
                sm.get(buffer)
                self.count = buffer[0]
                return True
        return False
