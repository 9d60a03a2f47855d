"""State machines that play and measure: a thin cover of each program, as rochette/hal has them.

Nothing but the constructors, `DutyMeter.begin` and reading a count beyond 2**30 allocates, and nothing waits.
"""

from array import array

from machine import Pin
from rp2 import StateMachine

from stimulus.hal.pio_programs import count_steps, measure_duty, play_hx711, play_states, shortest_high

SYS_NS = 8
"""Nanoseconds of a cycle at 125 MHz, which MicroPython starts with."""

# Instructions that are executed from outside (RP2040 data sheet, section 3.4).
_SET_X_0 = 0xE020
_SET_Y_0 = 0xE040
_MOV_ISR_X = 0xA0C1
_MOV_ISR_Y = 0xA0C2
_MOV_ISR_OSR = 0xA0C7
_MOV_OSR_ONES = 0xA0EB
_PUSH_NOBLOCK = 0x8000

_PASS_CYCLES = 3
_DUTY_CYCLES = 2
_STATE_OVERHEAD = 4
_PLAY_HZ = 2_000_000
_DEPTH = 4
MOST_RATE = 20_000
"""Edges a second that the encoder is played at, at most: what the main loop has words for."""


class StepCounter:
    """Pulses of a step line, counted apart for each level of the direction line."""

    def __init__(self, state_machine: int, step_gp: int, dir_gp: int) -> None:
        """state_machine: 0 to 3 (PIO0)."""
        self._sm = StateMachine(
            state_machine,
            count_steps,
            in_base=Pin(step_gp, Pin.IN, Pin.PULL_DOWN),
            jmp_pin=Pin(dir_gp, Pin.IN, Pin.PULL_DOWN),
        )
        self._word = array("i", [0])
        self.high = 0
        self.low = 0
        self.zero()
        self._sm.active(1)

    def zero(self) -> None:
        """From here on."""
        self._sm.exec(_SET_X_0)
        self._sm.exec(_SET_Y_0)

    def read(self) -> bool:
        """Fetch the counts into `high` and `low`; False when the state machine did not answer."""
        sm = self._sm
        sm.exec(_MOV_ISR_X)
        sm.exec(_PUSH_NOBLOCK)
        if not sm.rx_fifo():
            return False
        sm.get(self._word)
        self.high = -self._word[0]
        sm.exec(_MOV_ISR_Y)
        sm.exec(_PUSH_NOBLOCK)
        if not sm.rx_fifo():
            return False
        sm.get(self._word)
        self.low = -self._word[0]
        return True


class ShortestHigh:
    """The shortest time that a line was high."""

    def __init__(self, state_machine: int, gp: int) -> None:
        """state_machine: 0 to 3 (PIO0)."""
        line = Pin(gp, Pin.IN, Pin.PULL_DOWN)
        self._sm = StateMachine(state_machine, shortest_high, in_base=line, jmp_pin=line)
        self._word = array("i", [0])
        self.zero()
        self._sm.active(1)

    def zero(self) -> None:
        """None yet."""
        self._sm.exec(_MOV_OSR_ONES)

    def read(self) -> int:
        """Nanoseconds, to 8 of them more or less; 0 when there was no pulse."""
        sm = self._sm
        sm.exec(_MOV_ISR_OSR)
        sm.exec(_PUSH_NOBLOCK)
        if not sm.rx_fifo():
            return 0
        sm.get(self._word)
        passes = self._word[0]
        return 0 if passes < 0 else (passes * _PASS_CYCLES - 1) * SYS_NS


class StatePlayer:
    """Two pins that go through states of two bits at a rate."""

    def __init__(self, state_machine: int, a_gp: int) -> None:
        """state_machine: 4 to 7 (PIO1). The second pin is the next one. Both are low at first."""
        self._sm = StateMachine(state_machine, play_states, freq=_PLAY_HZ, out_base=Pin(a_gp))
        self._sm.active(1)

    def start(self, rate: int) -> None:
        """A new rate, 1 to MOST_RATE states a second. Call it only when all has been played."""
        self._sm.restart()
        self._sm.put(_PLAY_HZ // rate - _STATE_OVERHEAD)

    def room(self) -> bool:
        """True when a word fits."""
        return self._sm.tx_fifo() < _DEPTH

    def waiting(self) -> int:
        """Words that have not begun."""
        return self._sm.tx_fifo()

    def put(self, word: int) -> None:
        """Twelve states, the first in the two lowest bits. Only when there is `room`."""
        self._sm.put(word)


class Hx711Player:
    """DOUT of an HX711, by the clock that the payload gives."""

    def __init__(self, state_machine: int, data_gp: int, clock_gp: int) -> None:
        """state_machine: 4 to 7 (PIO1)."""
        self._number = state_machine
        self._data_gp = data_gp
        self._clock = Pin(clock_gp, Pin.IN, Pin.PULL_DOWN)
        self._sm = StateMachine(
            state_machine, play_hx711, out_base=Pin(data_gp), set_base=Pin(data_gp), in_base=self._clock
        )

    def start(self) -> None:
        """Drive DOUT, and begin with a new word. Allocates."""
        self._sm.init(
            play_hx711, out_base=Pin(self._data_gp), set_base=Pin(self._data_gp), in_base=self._clock
        )
        self._sm.active(1)

    def stop(self) -> None:
        """Let go of DOUT. Allocates."""
        self._sm.active(0)
        Pin(self._data_gp, Pin.IN, Pin.PULL_UP)

    def free(self) -> bool:
        """True when no word waits behind the one that is out."""
        return self._sm.tx_fifo() == 0

    def put(self, word: int) -> None:
        """The next conversion, 24 bits."""
        self._sm.put(word, 8)


class DutyMeter:
    """High and low time of one line at a time."""

    def __init__(self, state_machine: int, gp: int) -> None:
        """state_machine: 4 to 7 (PIO1). gp: a line to begin with."""
        self._line = Pin(gp, Pin.IN, Pin.PULL_DOWN)
        self._sm = StateMachine(state_machine, measure_duty, in_base=self._line, jmp_pin=self._line)
        self._word = array("i", [0])
        self.high_ns = 0
        self.low_ns = 0

    def begin(self, gp: int) -> None:
        """Measure this line. Allocates."""
        self._line = Pin(gp, Pin.IN, Pin.PULL_DOWN)
        self._sm.active(0)
        # Periods of the line before; four words are the FIFO.
        for _ in range(4):
            if self._sm.rx_fifo():
                self._sm.get(self._word)
        self._sm.init(measure_duty, in_base=self._line, jmp_pin=self._line)
        self._sm.active(1)

    def done(self) -> bool:
        """True when a whole period was measured; `high_ns` and `low_ns` have it then."""
        if self._sm.rx_fifo() < 2:
            return False
        self._sm.active(0)
        self._sm.get(self._word)
        self.high_ns = self._word[0] * _DUTY_CYCLES * SYS_NS
        self._sm.get(self._word)
        # Three instructions between the two, and the jump at the end.
        self.low_ns = (self._word[0] + 2) * _DUTY_CYCLES * SYS_NS
        return True

    def give_up(self) -> int:
        """No edge came; the level of the line."""
        self._sm.active(0)
        return self._line.value()
