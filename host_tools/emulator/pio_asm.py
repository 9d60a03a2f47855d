"""A small assembler for PIO programs written in the syntax of `rp2.asm_pio`.

Encodings are those of the RP2040 data sheet, section 3.4. The decorated function is run twice with the
assembler's words among its globals: once to learn the labels and whether side-set is optional, once to emit.
What the data sheet does not allow raises PIOASMError.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


class PIOASMError(Exception):
    """The program cannot be assembled; the text says which instruction and why."""


class Program:
    """An assembled program: its words relative to address 0, and the settings that go with it."""

    def __init__(self, name: str, settings: "dict[str, Any]") -> None:
        self.name = name
        self.words: "tuple[int, ...]" = ()
        self.wrap_target = 0
        self.wrap = 0
        self.sideset_count = 0
        self.sideset_opt = False
        self.origin = -1
        self.out_init = settings["out_init"]
        self.set_init = settings["set_init"]
        self.sideset_init = settings["sideset_init"]
        self.in_shiftdir = settings["in_shiftdir"]
        self.out_shiftdir = settings["out_shiftdir"]
        self.autopush = settings["autopush"]
        self.autopull = settings["autopull"]
        self.push_thresh = settings["push_thresh"]
        self.pull_thresh = settings["pull_thresh"]
        self.fifo_join = settings["fifo_join"]


class Operand:
    """A register, source, condition or modifier by its name; `flag` is what invert() and reverse() add to
    it.
    """

    def __init__(self, name: str, flag: int = 0) -> None:
        self.name = name
        self.flag = flag


_JMP = {"not_x": 1, "x_dec": 2, "not_y": 3, "y_dec": 4, "x_not_y": 5, "pin": 6, "not_osre": 7}
_WAIT = {"gpio": 0, "pin": 1, "irq": 2}
_IN = {"pins": 0, "x": 1, "y": 2, "null": 3, "isr": 6, "osr": 7}
_OUT = {"pins": 0, "x": 1, "y": 2, "null": 3, "pindirs": 4, "pc": 5, "isr": 6, "exec": 7}
_MOV_TO = {"pins": 0, "x": 1, "y": 2, "exec": 4, "pc": 5, "isr": 6, "osr": 7}
_MOV_FROM = {"pins": 0, "x": 1, "y": 2, "null": 3, "status": 5, "isr": 6, "osr": 7}
_SET = {"pins": 0, "x": 1, "y": 2, "pindirs": 4}
_OPERANDS = (
    "pins x y null pindirs pc isr osr exec status gpio pin not_x x_dec not_y y_dec x_not_y not_osre "
    "noblock block iffull ifempty clear"
).split(" ")
_MEMORY_WORDS = 32


def _name(operand: "Any", what: str) -> str:
    if not isinstance(operand, Operand):
        raise PIOASMError(what + ": " + repr(operand) + " is not a PIO register or condition")
    return operand.name


def _code(table: "dict[str, int]", operand: "Any", what: str) -> int:
    name = _name(operand, what)
    if name not in table:
        raise PIOASMError(
            what + ": " + name + " is not allowed here; allowed are " + " ".join(sorted(table.keys()))
        )
    if operand.flag and what != "mov source":
        raise PIOASMError(what + ": invert() and reverse() belong to the source of mov")
    return table[name]


def _count(n: int, what: str) -> int:
    if not 1 <= n <= 32:
        raise PIOASMError(what + ": bit count " + str(n) + " is not 1 to 32")
    return n & 31  # 32 is written as 0 (data sheet 3.4.4.2)


class Assembler:
    """One program on its way. The instruction methods return the assembler, so that `.side()` and `[delay]`
    follow.
    """

    def __init__(self, program: Program, sideset_bits: int) -> None:
        self._program = program
        self._bits = sideset_bits
        self._labels: "dict[str, int]" = {}
        self._words: "list[int]" = []
        self._emitting = False
        self._sides = 0
        self._this_side = False
        self._wrap: "int | None" = None
        self._target = 0
        self._opt = False

    # --- passes

    def begin(self, emitting: bool) -> None:
        """Starts a pass; the second one knows the labels and the side-set form."""
        if emitting:
            self._opt = self._bits > 0 and self._sides != len(self._words)
            if self._bits + self._opt > 5:
                raise PIOASMError("side-set takes more than 5 bits")
        self._emitting = emitting
        self._words = []
        self._sides = 0
        self._wrap = None
        self._target = 0

    def finish(self) -> None:
        """Writes the result into the program."""
        p = self._program
        p.words = tuple(self._words)
        if not p.words:
            raise PIOASMError(p.name + ": no instruction")
        if len(p.words) > _MEMORY_WORDS:
            raise PIOASMError(p.name + ": " + str(len(p.words)) + " instructions; PIO has room for 32")
        p.wrap_target = self._target
        p.wrap = len(p.words) - 1 if self._wrap is None else self._wrap
        p.sideset_count = self._bits
        p.sideset_opt = self._opt

    def _emit(self, word: int) -> "Assembler":
        self._words.append(word)
        self._this_side = False
        return self

    def __getitem__(self, cycles: int) -> "Assembler":
        return self.delay(cycles)

    def delay(self, cycles: int) -> "Assembler":
        """Adds waiting cycles to the instruction before."""
        if self._emitting:
            most = (1 << (5 - self._bits - self._opt)) - 1
            if not 0 <= cycles <= most:
                raise PIOASMError("delay " + str(cycles) + " is not 0 to " + str(most))
            self._words[-1] |= cycles << 8
        return self

    def side(self, value: int) -> "Assembler":
        """Sets the side-set pins with the instruction before."""
        if self._bits == 0:
            raise PIOASMError("side() without sideset_init")
        if self._this_side:
            raise PIOASMError("side() twice on one instruction")
        self._this_side = True
        self._sides += 1
        if self._emitting:
            if not 0 <= value < (1 << self._bits):
                raise PIOASMError("side value " + str(value) + " does not fit its bits")
            field = value << (5 - self._bits - self._opt)
            if self._opt:
                field |= 0x10
            self._words[-1] |= field << 8
        return self

    # --- directives

    def label(self, name: str) -> None:
        """Names the next instruction's address."""
        if self._emitting:
            return
        if name in self._labels:
            raise PIOASMError("label " + name + " twice")
        self._labels[name] = len(self._words)

    def wrap_target(self) -> None:
        """The next instruction is where the wrap goes."""
        self._target = len(self._words)

    def wrap(self) -> None:
        """The instruction before is the last one before the wrap."""
        if not self._words:
            raise PIOASMError("wrap() before the first instruction")
        self._wrap = len(self._words) - 1

    def word(self, value: int, label: "str | None" = None) -> "Assembler":
        """A raw instruction word, with a label's address in its low bits where one is given."""
        return self._emit(value | (0 if label is None else self._address(label)))

    def _address(self, label: str) -> int:
        if not self._emitting:
            return 0
        if label not in self._labels:
            raise PIOASMError("no label " + str(label))
        return self._labels[label]

    # --- instructions

    def nop(self) -> "Assembler":
        """mov y, y (data sheet 3.3.2)."""
        return self._emit(0xA042)

    def jmp(self, condition: "Any", label: "str | None" = None) -> "Assembler":
        """jmp(label) or jmp(condition, label)."""
        if label is None:
            return self._emit(self._address(condition))
        return self._emit(_code(_JMP, condition, "jmp") << 5 | self._address(label))

    def wait(self, polarity: int, source: "Any", index: int) -> "Assembler":
        """wait(level, gpio | pin | irq, number)."""
        if isinstance(source, _Irq):
            code = 2
        else:
            code = _code(_WAIT, source, "wait")
        if polarity not in (0, 1):
            raise PIOASMError("wait: polarity " + str(polarity))
        if not 0 <= index <= 31:
            raise PIOASMError("wait: index " + str(index))
        return self._emit(0x2000 | polarity << 7 | code << 5 | index)

    def in_(self, source: "Any", bits: int) -> "Assembler":
        """Shifts bits into ISR."""
        return self._emit(0x4000 | _code(_IN, source, "in_") << 5 | _count(bits, "in_"))

    def out(self, destination: "Any", bits: int) -> "Assembler":
        """Shifts bits out of OSR."""
        return self._emit(0x6000 | _code(_OUT, destination, "out") << 5 | _count(bits, "out"))

    def push(self, a: "Any" = None, b: "Any" = None) -> "Assembler":
        """push([iffull], [block | noblock]); blocks unless told."""
        return self._emit(0x8000 | self._fifo(a, b, "iffull"))

    def pull(self, a: "Any" = None, b: "Any" = None) -> "Assembler":
        """pull([ifempty], [block | noblock]); blocks unless told."""
        return self._emit(0x8080 | self._fifo(a, b, "ifempty"))

    def _fifo(self, a: "Any", b: "Any", conditional: str) -> int:
        word = 0x20
        for modifier in (a, b):
            if modifier is None:
                continue
            name = _name(modifier, "push/pull")
            if name == conditional:
                word |= 0x40
            elif name == "noblock":
                word &= ~0x20
            elif name != "block":
                raise PIOASMError("push/pull: " + name + " is not allowed here")
        return word

    def mov(self, destination: "Any", source: "Any") -> "Assembler":
        """Copies a register, or its complement (invert) or mirror image (reverse)."""
        to = _code(_MOV_TO, destination, "mov destination")
        return self._emit(0xA000 | to << 5 | source.flag << 3 | _code(_MOV_FROM, source, "mov source"))

    def set(self, destination: "Any", value: int) -> "Assembler":
        """Sets pins, pindirs, x or y to 0 to 31."""
        if not 0 <= value <= 31:
            raise PIOASMError("set: " + str(value) + " is not 0 to 31")
        return self._emit(0xE000 | _code(_SET, destination, "set") << 5 | value)


class _Irq:
    """The word `irq`: an instruction when called, a source in wait()."""

    def __init__(self, assembler: Assembler) -> None:
        self._assembler = assembler

    def __call__(self, a: "Any", b: "Any" = None) -> Assembler:
        """irq(number) or irq(block | noblock | clear, number); number may be rel(n)."""
        word = 0xC000
        index = a if b is None else b
        if b is not None:
            name = _name(a, "irq")
            if name == "block":
                word |= 0x20
            elif name == "clear":
                word |= 0x40
            elif name != "noblock":
                raise PIOASMError("irq: " + name + " is not allowed here")
        if not (0 <= index <= 7 or 0x10 <= index <= 0x17):
            raise PIOASMError("irq: number " + str(index))
        return self._assembler._emit(word | index)


def _invert(source: Operand) -> Operand:
    return Operand(source.name, 1)


def _reverse(source: Operand) -> Operand:
    return Operand(source.name, 2)


def _rel(index: int) -> int:
    return index | 0x10


def _vocabulary(assembler: Assembler) -> "dict[str, Any]":
    words: "dict[str, Any]" = {}
    for name in _OPERANDS:
        words[name] = Operand(name)
    words["jmp"] = assembler.jmp
    words["wait"] = assembler.wait
    words["in_"] = assembler.in_
    words["out"] = assembler.out
    words["push"] = assembler.push
    words["pull"] = assembler.pull
    words["mov"] = assembler.mov
    words["set"] = assembler.set
    words["nop"] = assembler.nop
    words["irq"] = _Irq(assembler)
    words["label"] = assembler.label
    words["word"] = assembler.word
    words["wrap"] = assembler.wrap
    words["wrap_target"] = assembler.wrap_target
    words["invert"] = _invert
    words["reverse"] = _reverse
    words["rel"] = _rel
    return words


def assemble(fn: "Callable[[], None]", settings: "dict[str, Any]") -> Program:
    """Assembles the function's body. Raises PIOASMError."""
    program = Program(fn.__name__, settings)
    side = settings["sideset_init"]
    bits = 0 if side is None else (len(side) if isinstance(side, (tuple, list)) else 1)
    assembler = Assembler(program, bits)
    words = _vocabulary(assembler)
    scope = fn.__globals__
    kept: "list[tuple[str, bool, Any]]" = []
    for name in words:
        kept.append((name, name in scope, scope.get(name)))
        scope[name] = words[name]
    try:
        assembler.begin(False)
        fn()
        assembler.begin(True)
        fn()
    finally:
        for name, was_there, value in kept:
            if was_there:
                scope[name] = value
            else:
                del scope[name]
    assembler.finish()
    return program
