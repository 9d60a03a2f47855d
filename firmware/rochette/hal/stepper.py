"""Step pulses from a state machine: counted segments, exact to the step."""

from machine import Pin
from rp2 import StateMachine

from rochette.hal.pio_programs import stepper

# What the program needs besides the two waits of a step, and to fetch a segment: see pio_programs.stepper.
STEP_OVERHEAD = 5
SEGMENT_OVERHEAD = 3
# The TX FIFO holds four words; a segment is two.
_FIFO_WORDS = 4
_SEGMENT_WORDS = 2


class StepGenerator:
    """One step pin. No method but the constructor allocates."""

    def __init__(self, state_machine: int, freq_hz: int, step_gp: int) -> None:
        """state_machine: 0 to 3 (PIO0). freq_hz: cycles a second. step_gp: the pin of the pulses."""
        self.freq_hz = freq_hz
        self._sm = StateMachine(state_machine, stepper, freq=freq_hz, set_base=Pin(step_gp))
        self._sm.active(1)

    def room(self) -> bool:
        """True when a whole segment fits, so that `queue` does not block."""
        return self._sm.tx_fifo() <= _FIFO_WORDS - _SEGMENT_WORDS

    def queue(self, steps: int, half: int) -> int:
        """Queue `steps` (1 or more) steps of 2 * half + 5 cycles each (half 1 or more); returns the cycles
        it takes.

        Blocks while there is no `room`.
        """
        self._sm.put(steps - 1)
        self._sm.put(half - 1)
        return SEGMENT_OVERHEAD + steps * (2 * half + STEP_OVERHEAD)
