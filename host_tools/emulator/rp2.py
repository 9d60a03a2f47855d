"""`rp2` as the firmware sees it: the PIO assembler, state machines of the project's own programs, and the
flash.
"""

from host_tools.emulator import micropython_shim as micropython
from host_tools.emulator import pio_asm as _asm
from host_tools.emulator import pio_models as _models
from host_tools.emulator import world as _world
from host_tools.emulator.errors import EmulationError
from host_tools.emulator.pio_asm import PIOASMError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from host_tools.emulator.pins import Line

__all__ = ["DMA", "PIO", "PIOASMError", "Flash", "StateMachine", "asm_pio"]

_PROGRAM_WORDS = 32
_FOR_EVER_US = 10_000_000


class PIO:
    """Constants, and the program memory of one PIO block."""

    IN_LOW = 0
    IN_HIGH = 1
    OUT_LOW = 2
    OUT_HIGH = 3
    SHIFT_LEFT = 0
    SHIFT_RIGHT = 1
    JOIN_NONE = 0
    JOIN_TX = 1
    JOIN_RX = 2
    IRQ_SM0 = 256
    IRQ_SM1 = 512
    IRQ_SM2 = 1024
    IRQ_SM3 = 2048

    def __init__(self, number: int) -> None:
        if number not in (0, 1):
            raise ValueError("PIO(" + str(number) + ") doesn't exist")
        self._number = number

    def add_program(self, program: "_asm.Program") -> None:
        """Loads a program. Raises OSError(12) when there is no room."""
        _load(self._number, program)

    def remove_program(self, program: "_asm.Program | None" = None) -> None:
        """Removes one program or all."""
        programs = _world.current().pio_programs[self._number]
        if program is None:
            del programs[:]
            return
        i = 0
        while i < len(programs):
            if programs[i][0] is program:
                del programs[i]
                return
            i += 1

    def state_machine(
        self, number: int, program: "_asm.Program | None" = None, *args: "Any", **kwargs: "Any"
    ) -> "StateMachine":
        """State machine 0 to 3 of this block."""
        if program is None:
            raise EmulationError("PIO.state_machine without a program is not emulated")
        return StateMachine(4 * self._number + number, program, *args, **kwargs)

    def irq(self, handler: "Any" = None, trigger: int = 0, hard: bool = False) -> None:
        """Not modelled: no program of the project raises one. Raises EmulationError."""
        raise EmulationError("PIO interrupts are not emulated")


def _load(pio: int, program: "_asm.Program") -> int:
    """The program's address: that of the copy that is loaded already, or the highest place that is free, as
    the SDK does.
    """
    programs = _world.current().pio_programs[pio]
    used = 0
    for entry in programs:
        if entry[0] is program:
            return entry[1]
        used |= ((1 << len(entry[0].words)) - 1) << entry[1]
    n = len(program.words)
    at = _PROGRAM_WORDS - n
    while at >= 0:
        if not used & ((1 << n) - 1) << at:
            programs.append((program, at))
            return at
        at -= 1
    raise OSError(12)


def asm_pio(
    *,
    out_init: "Any" = None,
    set_init: "Any" = None,
    sideset_init: "Any" = None,
    side_pindir: bool = False,
    in_shiftdir: int = PIO.SHIFT_LEFT,
    out_shiftdir: int = PIO.SHIFT_LEFT,
    autopush: bool = False,
    autopull: bool = False,
    push_thresh: int = 32,
    pull_thresh: int = 32,
    fifo_join: int = PIO.JOIN_NONE,
) -> "Callable[[Callable[[], None]], _asm.Program]":
    """Decorator: assembles the function. Raises PIOASMError."""
    if side_pindir:
        raise EmulationError("asm_pio(side_pindir=True) is not emulated")
    settings = {
        "out_init": out_init,
        "set_init": set_init,
        "sideset_init": sideset_init,
        "in_shiftdir": in_shiftdir,
        "out_shiftdir": out_shiftdir,
        "autopush": autopush,
        "autopull": autopull,
        "push_thresh": push_thresh,
        "pull_thresh": pull_thresh,
        "fifo_join": fifo_join,
    }

    def decorate(fn: "Callable[[], None]") -> "_asm.Program":
        return _asm.assemble(fn, settings)

    return decorate


def asm_pio_encode(instruction: str, sideset_count: int = 0, sideset_opt: bool = False) -> int:
    """Not emulated: no code of the project encodes single instructions. Raises EmulationError."""
    raise EmulationError("asm_pio_encode is not emulated")


def _gp(pin: "Any") -> "Line | None":
    if pin is None:
        return None
    line = getattr(pin, "_line", None)
    if line is None:
        raise EmulationError("a state machine's pin must be a machine.Pin")
    return line


class StateMachine:
    """One of the eight state machines, with one of the project's programs on it."""

    def __init__(self, number: int, program: "_asm.Program", freq: int = -1, **kwargs: "Any") -> None:
        if not 0 <= number <= 7:
            raise ValueError("StateMachine(" + str(number) + ") doesn't exist")
        self._world = _world.current()
        self._clock = self._world.clock
        self._number = number
        self.model: "_models.Model" = None  # type: ignore[assignment]
        self._buffer: "Any" = None
        self._signed = False
        self._mask = 0xFFFFFFFF
        self.init(program, freq, **kwargs)

    def init(
        self,
        program: "_asm.Program",
        freq: int = -1,
        *,
        in_base: "Any" = None,
        out_base: "Any" = None,
        set_base: "Any" = None,
        jmp_pin: "Any" = None,
        sideset_base: "Any" = None,
        in_shiftdir: "int | None" = None,
        out_shiftdir: "int | None" = None,
        push_thresh: "int | None" = None,
        pull_thresh: "int | None" = None,
    ) -> None:
        """Loads and sets up, stopped, FIFOs empty. Raises EmulationError for what is not modelled."""
        world = self._world
        if sideset_base is not None:
            raise EmulationError("none of the modelled programs uses sideset_base")
        for given, own, what in (
            (in_shiftdir, program.in_shiftdir, "in_shiftdir"),
            (out_shiftdir, program.out_shiftdir, "out_shiftdir"),
            (push_thresh, program.push_thresh, "push_thresh"),
            (pull_thresh, program.pull_thresh, "pull_thresh"),
        ):
            if given is not None and given != own:
                raise EmulationError("StateMachine " + what + " differs from the program's own setting")
        if freq == -1:
            divider = 256
        else:
            divider = _models.SYS_HZ * 256 // freq if freq > 0 else 0
        # Divider 1 to 65536, eight fractional bits (RP2040 data sheet 3.5.5).
        if not 256 <= divider <= 65536 * 256:
            raise ValueError("freq out of range")
        _load(self._number // 4, program)
        if world.machines[self._number] is not None:
            world.machines[self._number].model.stop_for_good()
        in_line = _gp(in_base)
        set_line = _gp(set_base)
        out_line = _gp(out_base)
        jmp_line = _gp(jmp_pin)
        if jmp_line is None and out_line is None:
            self.model = _models.model_for(world, self._number, program, divider, in_line, set_line)
        else:
            # What plays and measures on the pins of another board.
            from host_tools.emulator import stimulus_models

            self.model = stimulus_models.model_for(
                world, self._number, program, divider, in_line, jmp_line, out_line
            )
        world.machines[self._number] = self
        for line in (set_line, out_line):
            if line is not None:
                line.to_pio()

    def active(self, value: "bool | int | None" = None) -> bool:
        """Reads or sets whether it runs."""
        model = self.model
        if value is not None and bool(value) != model.active:
            self._world.sync()
            model.activate(bool(value))
        return model.active

    def restart(self) -> None:
        """Back to the program's start; the FIFOs are kept."""
        self.model.restart()

    def exec(self, instruction: "str | int") -> None:
        """Executes an instruction that the model knows. Raises EmulationError for another, and for text."""
        if not isinstance(instruction, int):
            raise EmulationError("StateMachine.exec of text is not emulated: give the instruction's word")
        self.model.execute(instruction)

    def irq(
        self, handler: "Callable[[Any], None] | None" = None, trigger: int = 1, hard: bool = False
    ) -> None:
        """Calls the handler with this state machine at its own interrupt flag. Only hard, for the emulated
        program does not wait for a scheduler.
        """
        if trigger != 1:
            raise EmulationError("StateMachine.irq: trigger " + str(trigger) + " is not emulated, only 1")
        if handler is None:
            self.model.on_irq(None)
            return
        if not hard:
            raise EmulationError("StateMachine.irq: only hard interrupts are emulated")
        if self._world.lock_heap_in_interrupts:
            from host_tools.emulator.machine import _locked

            handler = _locked(handler)
        call = handler
        self.model.on_irq(lambda: call(self))

    @micropython.native
    def put(self, value: "Any", shift: int = 0) -> None:
        """Writes a word, or each item of a buffer; waits while the FIFO is full.

        Raises EmulationError when it would wait for ever.
        """
        if not isinstance(value, int):
            for item in value:
                self.put(item, shift)
            return
        model = self.model
        if model.tx_level() >= 4:
            self._wait(model.tx_level, 3)
        model.put(value << shift & 0xFFFFFFFF)

    def _wait(self, level: "Callable[[], int]", below: int) -> None:
        end = self._clock.now_us + _FOR_EVER_US
        while level() > below:
            if self._clock.now_us >= end:
                raise EmulationError(
                    "StateMachine.put waits for ever: the FIFO is full and nothing takes its words"
                )
            self._clock.advance(5)

    @micropython.native
    def get(self, buf: "Any" = None, shift: int = 0) -> "int | Any":
        """Reads a word, or fills a buffer; waits while the FIFO is empty.

        Raises EmulationError when it would wait for ever.
        """
        if buf is None:
            return self._take() >> shift
        if buf is not self._buffer:
            self._learn(buf)
        i = 0
        n = len(buf)
        while i < n:
            word = self._take() >> shift & self._mask
            if self._signed and word > self._mask >> 1:
                word -= self._mask + 1
            buf[i] = word
            i += 1
        return buf

    @micropython.native
    def _take(self) -> int:
        model = self.model
        if model.rx_level() == 0:
            end = self._clock.now_us + _FOR_EVER_US
            while model.rx_level() == 0:
                if self._clock.now_us >= end or not model.active:
                    raise EmulationError("StateMachine.get waits for ever: no word comes")
                self._clock.advance(1)
        return model.get()

    def _learn(self, buf: "Any") -> None:
        """Finds a buffer's item size and whether it is signed (arrays do not tell on the MicroPython VM)."""
        kept = buf[0]
        size = len(bytes(buf)) // len(buf)
        self._mask = (1 << (8 * size)) - 1
        top = 1 << (8 * size - 1)
        try:
            buf[0] = top
            self._signed = buf[0] < 0
        except OverflowError:
            self._signed = True
        buf[0] = kept
        self._buffer = buf

    @micropython.native
    def rx_fifo(self) -> int:
        """Words waiting to be read. Costs a microsecond, so that a busy wait ends."""
        self._poll()
        return self.model.rx_level()

    @micropython.native
    def tx_fifo(self) -> int:
        """Words waiting to be taken by the program. Costs a microsecond."""
        self._poll()
        return self.model.tx_level()

    @micropython.native
    def _poll(self) -> None:
        c = self._clock
        t = c.now_us + 1
        c.now_us = t
        if t >= c.next_us:
            c.run_due()


class DMA:
    """Not there. Raises EmulationError."""

    def __init__(self) -> None:
        raise EmulationError("rp2.DMA is not emulated")


class Flash:
    """The flash's file area as a block device with the extended interface, as the stock image mounts it."""

    def __init__(self) -> None:
        self._flash = _world.current().flash

    def readblocks(self, block: int, buf: "bytearray | memoryview", off: int = 0) -> None:
        """Reads."""
        self._flash.read(block, off, buf)

    def writeblocks(
        self, block: int, buf: "bytes | bytearray | memoryview", off: "int | None" = None
    ) -> None:
        """Without an offset erases and programs whole blocks; with one only programs.

        Raises EmulationError while an actuator is energised.
        """
        if off is None:
            n = (len(buf) + 4095) // 4096
            i = 0
            while i < n:
                self._flash.erase(block + i)
                i += 1
            off = 0
        self._flash.program(block, off, buf)

    def ioctl(self, op: int, argument: int) -> "int | None":
        """1 init, 2 deinit, 3 sync, 4 number of blocks, 5 block size, 6 erase a block. Others raise
        EmulationError.
        """
        if op in (1, 2, 3, 6):
            if op == 6:
                self._flash.erase(argument)
            return 0
        if op == 4:
            return len(self._flash.sectors)
        if op == 5:
            return 4096
        raise EmulationError("Flash.ioctl(" + str(op) + ") does not exist")
