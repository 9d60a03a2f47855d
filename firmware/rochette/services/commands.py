"""Commands: the one door for whatever the ground asks.

Table-driven: number and range of arguments and the modes in which a command is allowed come from tables.py.
Each submitted command gets exactly one answer event: COMPLETED, or REJECTED with the reason. One that takes
long is answered when its activity ends.

A command comes by a port: 0 the payload itself and whoever holds it in his hands (a test, a scenario), 1 the
link, 2 a sequence. A hazardous one that comes by the link or in a sequence takes two steps: ARM names its
opcode, then it is accepted once, within ARM_S.

Opcodes from PARAMETER_SET on set the parameter of that id (F Prime's NAME_PRM_SET).
"""

from rochette.services.names import good_name
from rochette.services.packets import place_of, read_arguments, read_values
from rochette.tables import (
    ARGUMENT_MAXIMA,
    ARGUMENT_MINIMA,
    ARGUMENT_WIDTHS,
    CMD_SYSTEM_PARAMETER_SET,
    COMMAND_ARGUMENTS,
    COMMAND_FIRST_ARGUMENT,
    COMMAND_HAZARDOUS,
    COMMAND_MODES,
    COMMAND_OPCODES,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_INVALID_OPCODE,
    COMMAND_RESULT_NOT_ARMED,
    COMMAND_RESULT_OK,
    COMMAND_RESULT_VALIDATION,
    COMMAND_RESULT_WRONG_STATE,
    EV_LINK_ARMED,
    EV_LINK_PARAMETER,
    EV_SYSTEM_COMMAND_COMPLETED,
    EV_SYSTEM_COMMAND_DETAIL,
    EV_SYSTEM_COMMAND_DISPATCHED,
    EV_SYSTEM_COMMAND_REJECTED,
    FILE_REASON_NAME,
    P_LINK_ARM_S,
    PARAMETER_IDS,
    PARAMETER_MAXIMA,
    PARAMETER_MINIMA,
    PARAMETER_SAVE,
    PARAMETER_SET,
    PARAMETER_WIDTHS,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.events import Events
    from rochette.services.mode import ModeKeeper
    from rochette.services.parameters import Parameters

PORT_LOCAL = 0
PORT_LINK = 1
PORT_SEQUENCE = 2

PENDING = -1
"""A handler returns this when the command goes on; complete() answers it later."""

_EVENT_MAX = 0x7FFFFFFF
_TICK_MASK = 0x3FFFFFFF
_TICKS_PER_S = 100


def _nobody(_opcode: int) -> int:
    """Stands where nothing is out of use."""
    return 0


class CommandError(Exception):
    """A handler refuses: `result` (enum CommandResult), `argument` counted from 1 or 0, `value` for the
    event."""

    def __init__(self, result: int, argument: int = 0, value: int = 0) -> None:
        super().__init__(result, argument, value)
        self.result = result
        self.argument = argument
        self.value = value


class Commands:
    """Checks, dispatches, answers. A handler takes the arguments as integers (a name as text) and returns
    None or COMMAND_RESULT_OK when done, PENDING when it goes on, or another CommandResult when it failed.

    Each of `listeners` is called with every answer: opcode, result, argument, value, and the port by which
    the command came. `fault_argument` and `fault_value` say what check() found wrong.
    """

    def __init__(self, events: "Events", mode: "ModeKeeper") -> None:
        self.strict = False
        self.error: "Exception | None" = None
        self.listeners: "list[Callable[[int, int, int, int, int], None]]" = []
        self.fault_argument = 0
        self.fault_value = 0
        self._events = events
        self._mode = mode
        self._parameters: "Parameters | None" = None
        self._executive: "Any" = None
        self._handlers: "list[Any]" = [None] * len(COMMAND_OPCODES)
        self._pending = bytearray(len(COMMAND_OPCODES))
        self._ports = bytearray(len(COMMAND_OPCODES))
        self._armed = -1
        self._armed_tick = 0
        self.refuses: "Callable[[int], int]" = _nobody

    def serve_parameters(self, parameters: "Parameters", executive: "Any") -> None:
        """From now on parameters are set by opcode. `executive.tick` is the time by which an arming
        expires."""
        self._parameters = parameters
        self._executive = executive

    def handle(self, opcode: int, handler: "Callable[..., int | None]", *given: "Any") -> None:
        """`handler(*given, *arguments)` carries out `opcode` (a CMD_ constant). Raises ValueError when
        undeclared or handled already. `given` costs a third of the heap that a closure over it would.
        """
        at = place_of(COMMAND_OPCODES, opcode)
        if at < 0:
            raise ValueError("command {} is not declared in the dictionary".format(opcode))
        if self._handlers[at] is not None:
            raise ValueError("command {} has its handler already".format(opcode))
        self._handlers[at] = (handler, given) if given else handler

    def unhandled(self) -> "list[int]":
        """Opcodes that are declared and that nobody carries out. Allocates."""
        return [COMMAND_OPCODES[at] for at in range(len(COMMAND_OPCODES)) if self._handlers[at] is None]

    # Asking

    def read(self, opcode: int, buffer: "Any", at: int, end: int) -> "list[int | str] | None":
        """The arguments of `opcode` in a command packet's buffer[at:end]; None when they are not its own.

        An opcode that is not known gives an empty list: check() names it. Allocates.
        """
        place = place_of(COMMAND_OPCODES, opcode)
        if place >= 0:
            return read_arguments(buffer, at, end, place)
        parameter = self._parameter_of(opcode)
        return read_values(buffer, at, end, PARAMETER_WIDTHS, parameter, 1) if parameter >= 0 else []

    def check(self, opcode: int, args: "Any") -> int:
        """Whether the command is known and its arguments are in range (CommandResult); nothing is carried
        out.

        Modes and arming are not looked at: they are what they are when the command comes.
        """
        self.fault_argument = 0
        self.fault_value = 0
        at = place_of(COMMAND_OPCODES, opcode)
        if at < 0:
            parameter = self._parameter_of(opcode)
            if parameter < 0:
                return COMMAND_RESULT_INVALID_OPCODE
            return self._check_range(args, PARAMETER_WIDTHS, PARAMETER_MINIMA, PARAMETER_MAXIMA, parameter, 1)
        if self._handlers[at] is None:
            return COMMAND_RESULT_INVALID_OPCODE
        first = COMMAND_FIRST_ARGUMENT[at]
        count = COMMAND_ARGUMENTS[at]
        return self._check_range(args, ARGUMENT_WIDTHS, ARGUMENT_MINIMA, ARGUMENT_MAXIMA, first, count)

    def _check_range(
        self, args: "Any", widths: "Any", minima: "Any", maxima: "Any", first: int, count: int
    ) -> int:
        if len(args) != count:
            self.fault_value = len(args)
            return COMMAND_RESULT_VALIDATION
        for n in range(count):
            if widths[first + n] == 0:
                if not good_name(args[n]):
                    self.fault_argument = n + 1
                    self.fault_value = FILE_REASON_NAME
                    return COMMAND_RESULT_VALIDATION
            elif not minima[first + n] <= args[n] <= maxima[first + n]:
                self.fault_argument = n + 1
                self.fault_value = args[n]
                return COMMAND_RESULT_VALIDATION
        return COMMAND_RESULT_OK

    def pending(self, opcode: int) -> bool:
        """Whether the command goes on and was not yet answered."""
        at = place_of(COMMAND_OPCODES, opcode)
        return at >= 0 and bool(self._pending[at])

    # Carrying out

    def submit(self, opcode: int, args: "Any" = (), port: int = PORT_LOCAL) -> int:
        """Check and carry out a command. Returns a CommandResult; OK also when it goes on. Allocates."""
        result = self.check(opcode, args)
        if result != COMMAND_RESULT_OK:
            return self._reject(opcode, result, self.fault_argument, self.fault_value, port)
        parameter = self._parameter_of(opcode)
        at = place_of(COMMAND_OPCODES, CMD_SYSTEM_PARAMETER_SET if parameter >= 0 else opcode)
        if not COMMAND_MODES[at] & (1 << self._mode.value):
            return self._reject(opcode, COMMAND_RESULT_WRONG_STATE, 0, self._mode.value, port)
        if parameter >= 0:
            return self._set_parameter(opcode, parameter, args[0], port)
        degraded = self.refuses(opcode)
        if degraded:
            return self._reject(opcode, COMMAND_RESULT_WRONG_STATE, 0, degraded, port)
        handler = self._handlers[at]
        if self._pending[at] or handler is None:
            return self._reject(opcode, COMMAND_RESULT_BUSY, 0, 0, port)
        if port != PORT_LOCAL and COMMAND_HAZARDOUS[at] and not self._disarm(opcode):
            return self._reject(opcode, COMMAND_RESULT_NOT_ARMED, 0, 0, port)
        self.error = None
        self._events.emit(EV_SYSTEM_COMMAND_DISPATCHED, opcode, port)
        self._pending[at] = 1
        self._ports[at] = port
        result, argument, value = self._carry_out(handler, args)
        if result == PENDING:
            return COMMAND_RESULT_OK
        self._answer(at, result, argument, value)
        if self.strict and self.error is not None:
            raise self.error
        return result

    def _carry_out(self, handler: "Any", args: "Any") -> "tuple[int, int, int]":
        try:
            if isinstance(handler, tuple):
                result = handler[0](*handler[1], *args)
            else:
                result = handler(*args)
        except CommandError as error:
            return error.result, error.argument, error.value
        except ValueError:  # a value that only the handler can judge, such as a parameter's bounds
            last = args[-1] if args else 0
            return COMMAND_RESULT_VALIDATION, len(args), last if isinstance(last, int) else 0
        except Exception as error:
            self.error = error
            return COMMAND_RESULT_EXECUTION, 0, 0
        return COMMAND_RESULT_OK if result is None else result, 0, 0

    def _parameter_of(self, opcode: int) -> int:
        """Which parameter `opcode` sets; -1 when it sets none."""
        if self._parameters is None or not PARAMETER_SET < opcode < PARAMETER_SAVE:
            return -1
        return place_of(PARAMETER_IDS, opcode - PARAMETER_SET)

    def _set_parameter(self, opcode: int, parameter: int, value: int, port: int) -> int:
        self._events.emit(EV_SYSTEM_COMMAND_DISPATCHED, opcode, port)
        self._parameters.set(parameter, value)  # type: ignore[union-attr]
        self._events.emit(EV_LINK_PARAMETER, PARAMETER_IDS[parameter], value)
        self._events.emit(EV_SYSTEM_COMMAND_COMPLETED, opcode)
        self._tell(opcode, COMMAND_RESULT_OK, 0, 0, port)
        return COMMAND_RESULT_OK

    # Arming

    def arm(self, opcode: int) -> None:
        """First step of a hazardous command, the handler of ARM. Raises CommandError for one that needs
        none."""
        at = place_of(COMMAND_OPCODES, opcode)
        if at < 0 or not COMMAND_HAZARDOUS[at] or self._parameters is None:
            raise CommandError(COMMAND_RESULT_VALIDATION, 1, opcode)
        self._armed = opcode
        self._armed_tick = self._executive.tick
        self._events.emit(EV_LINK_ARMED, opcode, self._parameters.values[P_LINK_ARM_S])

    def disarm(self) -> None:
        """Nothing is armed any more: a stop, an abort, a new session."""
        self._armed = -1

    def _disarm(self, opcode: int) -> bool:
        """Use up the arming. True when it was for `opcode` and in time."""
        armed = self._armed
        self._armed = -1
        if armed != opcode or self._parameters is None:
            return False
        waited = (self._executive.tick - self._armed_tick) & _TICK_MASK
        return waited <= self._parameters.values[P_LINK_ARM_S] * _TICKS_PER_S

    # Answering

    def complete(self, opcode: int, result: int = COMMAND_RESULT_OK, value: int = 0) -> bool:
        """Answer a command that was PENDING. False when none of that opcode waits for its answer."""
        at = place_of(COMMAND_OPCODES, opcode)
        if at < 0 or not self._pending[at]:
            return False
        self._answer(at, result, 0, value)
        return True

    def reject(self, opcode: int, result: int, port: int) -> int:
        """Answer a command that could not even be read; gives `result`."""
        return self._reject(opcode, result, 0, 0, port)

    def _answer(self, at: int, result: int, argument: int, value: int) -> None:
        """The one answer of a command that was dispatched. A second one is not given."""
        if self._pending[at]:
            self._pending[at] = 0
            if result == COMMAND_RESULT_OK:
                self._events.emit(EV_SYSTEM_COMMAND_COMPLETED, COMMAND_OPCODES[at])
                self._tell(COMMAND_OPCODES[at], result, argument, value, self._ports[at])
            else:
                self._reject(COMMAND_OPCODES[at], result, argument, value, self._ports[at])

    def _reject(self, opcode: int, result: int, argument: int, value: int, port: int) -> int:
        # What came from outside may not fit an event; what does not fit is shown as the nearest that does.
        shown = max(0, min(opcode, _EVENT_MAX))
        value = max(-_EVENT_MAX, min(value, _EVENT_MAX))
        if argument or value:
            self._events.emit(EV_SYSTEM_COMMAND_DETAIL, shown, argument, value)
        self._events.emit(EV_SYSTEM_COMMAND_REJECTED, shown, result, argument, value)
        self._tell(opcode, result, argument, value, port)
        return result

    def _tell(self, opcode: int, result: int, argument: int, value: int, port: int) -> None:
        for listener in self.listeners:
            listener(opcode, result, argument, value, port)
