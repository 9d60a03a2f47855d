"""The five programs of the stimulus board for the RP2040's programmable input/output blocks (PIO).

Written as rochette/hal/pio_programs.py is, and with the same meaning of "Seen from outside". Where each
lives: `count_steps` (7 words) and `shortest_high` (9) twice each on PIO0, `play_states` (7), `play_hx711`
(10) and `measure_duty` (12) on PIO1.
"""

from rp2 import PIO, asm_pio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rp2.asm_pio import (
        block,
        invert,
        isr,
        jmp,
        label,
        mov,
        noblock,
        not_osre,
        null,
        osr,
        out,
        pin,
        pins,
        pull,
        push,
        set,
        wait,
        wrap,
        wrap_target,
        x,
        x_dec,
        y,
        y_dec,
    )


@asm_pio()
def count_steps():
    """Counts rising edges of a step line, apart for each level of the direction line.

    The input pin is the step line, the jump pin the direction line. X is less by one for each pulse with the
    direction high, Y for each with it low. The processor sets and reads both by instructions that it has
    executed (`exec`): each of the two is whole at every instruction.

    Seen from outside: each rising edge counts once, by the direction's level two cycles later; high and low
    times of 4 cycles are enough.
    """
    wrap_target()
    label("next")
    wait(0, pin, 0)
    wait(1, pin, 0)
    jmp(pin, "high")
    jmp(y_dec, "next")
    jmp("next")
    label("high")
    # A jump on X happens only when X was not zero, the decrement always.
    jmp(x_dec, "next")
    jmp("next")
    wrap()


@asm_pio()
def shortest_high():
    """Keeps the shortest time that a line was high.

    Input pin and jump pin are the line. OSR is the shortest so far in passes of three cycles; all ones: none
    yet. A pulse counts down from it in Y: at zero it is no shorter one, and the rest is waited for. The
    processor sets and reads OSR by `exec`.

    Seen from outside: a high time of n cycles is n / 3 passes, rounded up. Low times of 5 cycles are enough.
    """
    wrap_target()
    label("begin")
    wait(0, pin, 0)
    mov(y, osr)
    mov(x, invert(null))
    wait(1, pin, 0)
    label("pass")
    jmp(y_dec, "on")
    # As long as the shortest already: wait for its end.
    jmp("begin")
    label("on")
    jmp(x_dec, "still")
    label("still")
    jmp(pin, "pass")
    mov(osr, invert(x))
    wrap()


@asm_pio(
    out_init=[PIO.OUT_LOW, PIO.OUT_LOW],
    out_shiftdir=PIO.SHIFT_RIGHT,
    pull_thresh=24,
)
def play_states():
    """Puts states on two pins, each for the same time: an encoder that turns.

    The first word after a (re)start is how long a state lasts; each one that follows holds twelve states of
    two bits, first the lowest.

    Seen from outside: a state lasts first word + 4 cycles, the last of the twelve one more; with the FIFO
    empty the pins stay at the last state.
    """
    pull(block)
    mov(x, osr)
    wrap_target()
    pull(block)
    label("state")
    out(pins, 2)
    mov(y, x)
    label("hold")
    jmp(y_dec, "hold")
    jmp(not_osre, "state")
    wrap()


@asm_pio(out_init=PIO.OUT_HIGH, set_init=PIO.OUT_HIGH, out_shiftdir=PIO.SHIFT_LEFT)
def play_hx711():
    """Shifts a word of 24 bits out on DOUT as an HX711 does, most significant bit first.

    The out and set pin is DOUT, the input pin PD_SCK. The word stands in the upper 24 bits.

    Seen from outside: a word makes DOUT low; each of 24 rising edges of the clock puts a bit on it, one to
    two cycles later; the 25th makes it high until the next word.
    """
    wrap_target()
    pull(block)
    set(pins, 0)
    set(y, 23)
    label("bit")
    wait(1, pin, 0)
    out(pins, 1)
    wait(0, pin, 0)
    jmp(y_dec, "bit")
    wait(1, pin, 0)
    set(pins, 1)
    wait(0, pin, 0)
    wrap()


@asm_pio()
def measure_duty():
    """Measures high and low time of a line, one period after the other.

    Input pin and jump pin are the line.

    Seen from outside: from a low line on, each period that begins with a rising edge gives two words, the
    high and the low time, in passes of two cycles; every other period is left out. A full FIFO loses words.
    """
    wrap_target()
    wait(0, pin, 0)
    mov(x, invert(null))
    wait(1, pin, 0)
    label("high")
    jmp(x_dec, "high_on")
    label("high_on")
    jmp(pin, "high")
    mov(isr, invert(x))
    push(noblock)
    mov(x, invert(null))
    label("low")
    jmp(pin, "end")
    jmp(x_dec, "low")
    label("end")
    mov(isr, invert(x))
    push(noblock)
    wrap()
