"""The four programs that run on the RP2040's programmable input/output blocks (PIO).

Instruction set, timing and the loader's rule are those of the RP2040 data sheet, chapter 3. The syntax is
that of `rp2.asm_pio`, so a stock MicroPython assembles these functions as they stand. All times are in
cycles of the state machine's own clock, which the user of a program sets.

Where each lives: `stepper` (10 words), `hx711` (8 words) and `beat` (1 word) share PIO0; `quadrature`
fills PIO1 alone (32 words).

An emulator may recognise a program by its assembled words and model what it does instead of running it; the
sentences below beginning with "Seen from outside" are the whole of what such a model has to do.
"""

from rp2 import PIO, asm_pio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rp2.asm_pio import (
        block,
        in_,
        invert,
        irq,
        isr,
        jmp,
        label,
        mov,
        noblock,
        osr,
        out,
        pc,
        pin,
        pins,
        pull,
        push,
        rel,
        set,
        wait,
        wrap,
        wrap_target,
        x,
        x_dec,
        x_not_y,
        y,
        y_dec,
    )


@asm_pio(set_init=PIO.OUT_LOW)
def stepper():
    """Emits whole steps on one pin, as many and as fast as two words from the TX FIFO say.

    Words, alternating: (steps - 1), (half - 1); steps >= 1, half >= 1.

    Seen from outside: `pull` stalls while the FIFO is empty, with the pin low. A segment of `steps` steps
    costs 3 cycles to fetch and then for each step: the pin goes high for half + 2 cycles (set, mov, half
    times jmp) and low for half + 3 cycles (set, mov, half times jmp, jmp). So

        cycles of a step    = 2 * half + 5
        cycles of a segment = 3 + steps * (2 * half + 5)

    and the first rising edge comes 3 cycles after the first word was there (if the second was there in time).
    A segment in progress has left the FIFO, so four words hold the two segments that follow it.
    """
    wrap_target()
    pull(block)
    mov(x, osr)
    pull(block)
    label("step")
    set(pins, 1)
    mov(y, osr)
    label("high")
    jmp(y_dec, "high")
    set(pins, 0)
    mov(y, osr)
    label("low")
    jmp(y_dec, "low")
    jmp(x_dec, "step")
    wrap()


@asm_pio(in_shiftdir=PIO.SHIFT_LEFT, out_shiftdir=PIO.SHIFT_RIGHT)
def quadrature():
    """Counts every edge of two encoder channels (four counts a line), and tells the count when asked.

    Channel A is the first input pin, channel B the next; A leading B counts up. The state is B * 2 + A, the
    index of the jump table is (old state * 4 + new state), taken from the last four bits that were shifted
    into ISR. A jump over two states at once (both channels changed) counts nothing.

    The table has to sit at address 0, because `out(pc, 4)` jumps to an absolute address. MicroPython gives a
    program no fixed origin, but its loader takes the highest place that is free: a program of exactly 32
    words can only sit at 0. That is why the last word spells out a jump that the wrap would have done as
    well.

    X is the count, 32 bits, two's complement. `pull(noblock)` with an empty FIFO copies X to OSR; so a word
    that differs from X is a request, and a word that happens to equal X is not seen. The host therefore asks
    with the last count it knows, bit 29 inverted.

    Seen from outside: the count follows the edges; each word put to the TX FIFO that differs from the count
    is answered by one word, the count, in the RX FIFO, at most 16 cycles later. A pass takes 3 cycles to
    look for a request, 3 to sample, 1 in the table, and 0 for no edge, 1 or 2 for down, 3 for up: 7 to 10
    cycles, and 5 more when it answers. So edges at least 16 cycles apart are counted, each exactly once. A
    start with a channel high counts that as edges: the host takes the first answer as its zero.
    """
    jmp("next")  # 00 -> 00
    jmp("up")  # 00 -> 01
    jmp("down")  # 00 -> 10
    jmp("next")  # 00 -> 11, not possible in one step
    jmp("down")  # 01 -> 00
    jmp("next")  # 01 -> 01
    jmp("next")  # 01 -> 10, not possible in one step
    jmp("up")  # 01 -> 11
    jmp("up")  # 10 -> 00
    jmp("next")  # 10 -> 01, not possible in one step
    jmp("next")  # 10 -> 10
    jmp("down")  # 10 -> 11
    jmp("next")  # 11 -> 00, not possible in one step
    jmp("down")  # 11 -> 01
    jmp("up")  # 11 -> 10
    jmp("next")  # 11 -> 11
    # There is no increment: the complement of a decremented complement is one more.
    label("up")
    mov(x, invert(x))
    jmp(x_dec, "up_end")
    label("up_end")
    mov(x, invert(x))
    wrap_target()
    label("next")
    pull(noblock)
    mov(y, osr)
    jmp(x_not_y, "answer")
    label("sample")
    in_(pins, 2)
    mov(osr, isr)
    out(pc, 4)
    # ISR holds the channels' history, so it is kept in Y while the count passes through it.
    label("answer")
    mov(y, isr)
    mov(isr, x)
    push(noblock)
    mov(isr, y)
    jmp("sample")
    # Both ways lead to "next": a jump on X happens only when X was not zero, the decrement always.
    label("down")
    jmp(x_dec, "next")
    jmp("next")
    wrap()


@asm_pio(set_init=PIO.OUT_LOW, in_shiftdir=PIO.SHIFT_LEFT, autopush=True, push_thresh=24)
def hx711():
    """Reads the 24 bits of an HX711, most significant first, whenever it says that a conversion is ready.

    The input pin is the part's DOUT, the set pin its PD_SCK. 25 pulses: 24 bits, and one that asks for
    channel A at a gain of 128 next (HX711 data sheet, "Serial interface", table 3).

    Seen from outside: waits for DOUT low, then clocks; each bit is taken with the clock low, one cycle after
    the falling edge. A pulse is 2 cycles high and 3 low, the 25th 2 high and 5 low (and the first rises 2
    cycles after DOUT was seen low). The word is pushed with the 24th bit, 2 + 24 * 5 - 1 = 121 cycles after
    the start; a reading takes 2 + 24 * 5 + 7 = 129 cycles. With four words waiting in the RX FIFO the
    program stalls at the 24th bit, clock low: a clock that is held high for 60 us would switch the part off.
    At 1 MHz a pulse is 2 us (0.2 to 50 us are allowed).
    """
    wrap_target()
    wait(0, pin, 0)
    set(x, 23)
    label("bit")
    set(pins, 1)[1]
    set(pins, 0)
    in_(pins, 1)
    jmp(x_dec, "bit")
    set(pins, 1)[1]
    # DOUT rises after the 25th pulse; the pause keeps the wait above from seeing the old level.
    set(pins, 0)[4]
    wrap()


@asm_pio()
def beat():
    """Raises the state machine's own interrupt flag every 16 cycles, for ever: a hard interrupt at a
    sixteenth of the state machine's frequency, whatever the processor does.

    Seen from outside: the flag is raised in the first cycle after the start and every 16 cycles from then
    on; while the state machine is stopped the rest of the 16 cycles waits.
    """
    wrap_target()
    irq(rel(0))[15]
    wrap()
