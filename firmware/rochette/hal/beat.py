"""A hard interrupt 200 times a second, from a state machine or from a timer."""

from rochette.hal.timer import HardTimer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

BEATS_PER_S = 200
# One instruction that takes 16 cycles: see pio_programs.beat. The slowest that a state machine can be set to
# is a 65536th of the system clock (RP2040 data sheet, section 3.5.5): 1.9 kHz at 125 MHz, 3.1 kHz at 200 MHz.
_CYCLES = 16


class Beats:
    """Calls a function in a hard interrupt, 200 times a second, between `start` and `stop`.

    The function gets the state machine or the timer as its argument and must not allocate.
    """

    def __init__(self, state_machine: int, handler: "Callable[[Any], None]") -> None:
        """state_machine: 0 to 7, one that is free and whose PIO has a word left; -1 for a hard timer."""
        self._handler = handler
        self._machine: "Any" = None
        self._timer: "HardTimer | None" = None
        if state_machine >= 0:
            from rp2 import StateMachine

            from rochette.hal.pio_programs import beat

            self._machine = StateMachine(state_machine, beat, freq=BEATS_PER_S * _CYCLES)
            self._machine.irq(handler, hard=True)

    def start(self) -> None:
        """The first beat comes within 5 ms."""
        if self._machine is not None:
            self._machine.active(1)
        elif self._timer is None:
            self._timer = HardTimer(BEATS_PER_S, self._handler)

    def stop(self) -> None:
        """No more beats."""
        if self._machine is not None:
            self._machine.active(0)
        elif self._timer is not None:
            self._timer.stop()
            self._timer = None
