"""Commands: the one door for whatever the ground asks.

Table-driven: number and range of arguments and the modes in which a command is allowed come from tables.py.
Each submitted command gets exactly one answer event: COMPLETED, or REJECTED with the reason. One that takes
long is answered when its activity ends.
"""

from rochette.tables import (
    ARGUMENT_MAXIMA,
    ARGUMENT_MINIMA,
    COMMAND_ARGUMENTS,
    COMMAND_FIRST_ARGUMENT,
    COMMAND_MODES,
    COMMAND_OPCODES,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_INVALID_OPCODE,
    COMMAND_RESULT_OK,
    COMMAND_RESULT_VALIDATION,
    COMMAND_RESULT_WRONG_STATE,
    EV_SYSTEM_COMMAND_COMPLETED,
    EV_SYSTEM_COMMAND_DISPATCHED,
    EV_SYSTEM_COMMAND_REJECTED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.events import Events
    from rochette.services.mode import ModeKeeper

PENDING = -1
"""A handler returns this when the command goes on; complete() answers it later."""

_EVENT_MAX = 0x7FFFFFFF


class CommandError(Exception):
    """A handler refuses: `result` (enum CommandResult), `argument` counted from 1 or 0, `value` for the
    event."""

    def __init__(self, result: int, argument: int = 0, value: int = 0) -> None:
        super().__init__(result, argument, value)
        self.result = result
        self.argument = argument
        self.value = value


class Commands:
    """Checks, dispatches, answers. A handler takes the arguments as integers and returns None or
    COMMAND_RESULT_OK when done, PENDING when it goes on, or another CommandResult when it failed."""

    def __init__(self, events: "Events", mode: "ModeKeeper") -> None:
        self.strict = False
        self.error: "Exception | None" = None
        self._events = events
        self._mode = mode
        self._handlers: "list[Callable[..., int | None] | None]" = [None] * len(COMMAND_OPCODES)
        self._pending = bytearray(len(COMMAND_OPCODES))

    def handle(self, opcode: int, handler: "Callable[..., int | None]") -> None:
        """`handler` carries out `opcode` (a CMD_ constant). Raises ValueError when undeclared or handled
        already."""
        at = self._place(opcode)
        if at < 0:
            raise ValueError("command {} is not declared in the dictionary".format(opcode))
        if self._handlers[at] is not None:
            raise ValueError("command {} has its handler already".format(opcode))
        self._handlers[at] = handler

    def unhandled(self) -> "list[int]":
        """Opcodes that are declared and that nobody carries out. Allocates."""
        return [COMMAND_OPCODES[at] for at in range(len(COMMAND_OPCODES)) if self._handlers[at] is None]

    def submit(self, opcode: int, args: "Any" = ()) -> int:
        """Check and carry out a command. Returns a CommandResult; OK also when it goes on. Allocates."""
        at = self._place(opcode)
        if at < 0:
            return self._reject(opcode, COMMAND_RESULT_INVALID_OPCODE, 0, 0)
        handler = self._handlers[at]
        if handler is None:
            return self._reject(opcode, COMMAND_RESULT_INVALID_OPCODE, 0, 0)
        if len(args) != COMMAND_ARGUMENTS[at]:
            return self._reject(opcode, COMMAND_RESULT_VALIDATION, 0, len(args))
        first = COMMAND_FIRST_ARGUMENT[at]
        for n in range(len(args)):
            if not ARGUMENT_MINIMA[first + n] <= args[n] <= ARGUMENT_MAXIMA[first + n]:
                return self._reject(opcode, COMMAND_RESULT_VALIDATION, n + 1, args[n])
        if not COMMAND_MODES[at] & (1 << self._mode.value):
            return self._reject(opcode, COMMAND_RESULT_WRONG_STATE, 0, self._mode.value)
        if self._pending[at]:
            return self._reject(opcode, COMMAND_RESULT_BUSY, 0, 0)
        self.error = None
        self._events.emit(EV_SYSTEM_COMMAND_DISPATCHED, opcode)
        self._pending[at] = 1
        result, argument, value = self._carry_out(handler, args)
        if result == PENDING:
            return COMMAND_RESULT_OK
        self._answer(at, result, argument, value)
        if self.strict and self.error is not None:
            raise self.error
        return result

    def _carry_out(self, handler: "Callable[..., int | None]", args: "Any") -> "tuple[int, int, int]":
        try:
            result = handler(*args)
        except CommandError as error:
            return error.result, error.argument, error.value
        except ValueError:  # a value that only the handler can judge, such as a parameter's bounds
            return COMMAND_RESULT_VALIDATION, len(args), args[-1] if args else 0
        except Exception as error:
            self.error = error
            return COMMAND_RESULT_EXECUTION, 0, 0
        return COMMAND_RESULT_OK if result is None else result, 0, 0

    def complete(self, opcode: int, result: int = COMMAND_RESULT_OK, value: int = 0) -> bool:
        """Answer a command that was PENDING. False when none of that opcode waits for its answer."""
        at = self._place(opcode)
        if at < 0 or not self._pending[at]:
            return False
        self._answer(at, result, 0, value)
        return True

    def pending(self, opcode: int) -> bool:
        """Whether the command goes on and was not yet answered."""
        at = self._place(opcode)
        return at >= 0 and bool(self._pending[at])

    def _answer(self, at: int, result: int, argument: int, value: int) -> None:
        """The one answer of a command that was dispatched. A second one is not given."""
        if self._pending[at]:
            self._pending[at] = 0
            if result == COMMAND_RESULT_OK:
                self._events.emit(EV_SYSTEM_COMMAND_COMPLETED, COMMAND_OPCODES[at])
            else:
                self._reject(COMMAND_OPCODES[at], result, argument, value)

    def _reject(self, opcode: int, result: int, argument: int, value: int) -> int:
        # What came from outside may not fit an event; what does not fit is shown as the nearest that does.
        opcode = max(0, min(opcode, _EVENT_MAX))
        value = max(-_EVENT_MAX, min(value, _EVENT_MAX))
        self._events.emit(EV_SYSTEM_COMMAND_REJECTED, opcode, result, argument, value)
        return result

    def _place(self, opcode: int) -> int:
        for at in range(len(COMMAND_OPCODES)):
            if COMMAND_OPCODES[at] == opcode:
                return at
        return -1
