"""A PIO state machine, instruction by instruction, after the RP2040 data sheet, sections 3.2 to 3.4.

It runs the words that the project's programs assemble to, so that their docstrings, and the emulator's models
of them, are held against the instruction set itself. Only what those programs use is here; anything else
raises.
"""

from collections import deque
from collections.abc import Callable

MASK = 0xFFFFFFFF


class PioMachine:
    """One state machine. `pins_in(cycle)` gives the input pins as a number; `edges` collects (cycle, level)
    of the set pin.
    """

    def __init__(
        self,
        words: "tuple[int, ...] | list[int]",
        wrap_target: int,
        wrap: int,
        pins_in: Callable[[int], int],
        shift_right_out: bool = False,
        push_at: int = 0,
        jmp_pin: Callable[[int], int] = lambda cycle: 0,
        pull_at: int = 32,
    ) -> None:
        self.words = list(words)
        self.wrap_target = wrap_target
        self.wrap = wrap
        self.pins_in = pins_in
        self.shift_right_out = shift_right_out
        self.push_at = push_at
        self.jmp_pin = jmp_pin
        self.pull_at = pull_at
        self.osr_count = 32  # bits that have been shifted out: empty
        self.pins = 0
        self.pc = self.x = self.y = self.isr = self.osr = 0
        self.isr_count = 0
        self.tx: deque[int] = deque()
        self.rx: deque[int] = deque()
        self.pushed_at: list[int] = []
        self.level = 0
        self.edges: list[tuple[int, int]] = []
        self.cycle = 0
        self.delay = 0

    def run(self, cycles: int) -> None:
        """Runs for so many cycles."""
        for _ in range(cycles):
            self.step()

    def step(self) -> None:
        """One cycle."""
        if self.delay:
            self.delay -= 1
        else:
            word = self.words[self.pc]
            if self._execute(word):
                self.delay = word >> 8 & 31
        self.cycle += 1

    def _next(self) -> None:
        self.pc = self.wrap_target if self.pc == self.wrap else self.pc + 1

    def _execute(self, word: int) -> bool:
        """Executes a word; False when it stalls."""
        kind = word >> 13
        a = word >> 5 & 7
        b = word & 31
        if kind == 0:
            return self._jmp(a, b)
        if kind == 1:
            assert a & 3 == 1, "wait on a pin only"
            if self.pins_in(self.cycle) >> b & 1 != a >> 2:
                return False
        elif kind == 2:
            return self._in(a, b or 32)
        elif kind == 3:
            if a == 0:
                self._out_pins(b)
                self._next()
                return True
            assert a == 5 and self.shift_right_out, "out to the program counter, low bits first"
            target = self.osr & ((1 << b) - 1)
            self.osr >>= b
            self.pc = target
            return True
        elif kind == 4:
            return self._fifo(bool(a & 4), bool(a & 1))
        elif kind == 5:
            self._mov(a, b)
        elif kind == 7:
            self._set(a, b)
        else:
            raise AssertionError(f"word {word:04x} is not known here")
        self._next()
        return True

    def _jmp(self, condition: int, address: int) -> bool:
        if condition == 0:
            taken = True
        elif condition == 2:
            taken = self.x != 0
            self.x = self.x - 1 & MASK
        elif condition == 4:
            taken = self.y != 0
            self.y = self.y - 1 & MASK
        elif condition == 5:
            taken = self.x != self.y
        elif condition == 6:
            taken = self.jmp_pin(self.cycle) == 1
        elif condition == 7:
            taken = self.osr_count < self.pull_at
        else:
            raise AssertionError(f"jmp condition {condition} is not known here")
        if taken:
            self.pc = address
        else:
            self._next()
        return True

    def _in(self, source: int, bits: int) -> bool:
        assert source == 0, "in from pins only"
        if self.push_at and self.isr_count + bits >= self.push_at and len(self.rx) == 4:
            return False
        value = self.pins_in(self.cycle) & ((1 << bits) - 1)
        self.isr = (self.isr << bits | value) & MASK
        self.isr_count += bits
        if self.push_at and self.isr_count >= self.push_at:
            self._push()
        self._next()
        return True

    def _out_pins(self, bits: int) -> None:
        self.osr_count += bits
        if self.shift_right_out:
            self.pins = self.osr & ((1 << bits) - 1)
            self.osr >>= bits
        else:
            self.pins = self.osr >> (32 - bits)
            self.osr = self.osr << bits & MASK

    def _push(self) -> None:
        self.rx.append(self.isr)
        self.pushed_at.append(self.cycle)
        self.isr = 0
        self.isr_count = 0

    def _fifo(self, pull: bool, block: bool) -> bool:
        if pull:
            self.osr_count = 0
            if self.tx:
                self.osr = self.tx.popleft()
            elif block:
                return False
            else:
                self.osr = self.x
        elif len(self.rx) < 4:
            self._push()
        elif block:
            return False
        else:
            self.isr = 0
            self.isr_count = 0
        self._next()
        return True

    def _mov(self, to: int, b: int) -> None:
        operation, source = b >> 3, b & 7
        value = {1: self.x, 2: self.y, 3: 0, 6: self.isr, 7: self.osr}[source]
        if operation == 1:
            value = ~value & MASK
        else:
            assert operation == 0
        if to == 1:
            self.x = value
        elif to == 2:
            self.y = value
        elif to == 6:
            self.isr = value
            self.isr_count = 0
        elif to == 7:
            self.osr = value
            self.osr_count = 0
        else:
            raise AssertionError(f"mov to {to} is not known here")

    def _set(self, to: int, value: int) -> None:
        if to == 1:
            self.x = value
            return
        if to == 2:
            self.y = value
            return
        assert to == 0, "set of a pin, of x or of y only"
        self.pins = value
        if value != self.level:
            self.level = value
            self.edges.append((self.cycle, value))
