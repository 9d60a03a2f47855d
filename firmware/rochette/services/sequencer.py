"""Sequences: commands in a file (as fprime-seqgen writes them), carried out one after the other.

    U32 bytes that follow this head, U32 records, U16 time base, U8 context
    record: U8 kind (0 absolute, 1 relative), U32 seconds, U32 microseconds, U32 length, command packet
    U32 CRC-32 of everything before it

A sequence is checked as a whole before its first command: length, CRC, every opcode and every argument. It is
refused while the mission clock is not valid. A relative time counts from the end of the command before; an
absolute one is mission time. Each command has to end well before the next begins; the first that does not
ends the sequence, and what it had begun ends by its own safe way out. A hazardous command needs its ARM
before it, in the sequence as anywhere.

tick() reads at most 64 bytes while it checks. It allocates when a command is carried out, and not otherwise.
"""

from rochette.services.commands import PENDING, PORT_SEQUENCE, CommandError
from rochette.services.crc import Crc32
from rochette.services.wire import PACKET_COMMAND, u16, u32
from rochette.tables import (
    CMD_SEQUENCE_BY_HAND,
    CMD_SEQUENCE_CANCEL,
    CMD_SEQUENCE_RUN,
    CMD_SEQUENCE_STEP,
    CMD_SEQUENCE_VALIDATE,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_INVALID_OPCODE,
    COMMAND_RESULT_OK,
    EV_SEQUENCE_BY_HAND,
    EV_SEQUENCE_ENDED,
    EV_SEQUENCE_INVALID,
    EV_SEQUENCE_STARTED,
    EV_SEQUENCE_STEP,
    EV_SEQUENCE_STOPPED,
    EV_SEQUENCE_VALID,
    P_SEQUENCE_COMMAND_LIMIT_S,
    P_SEQUENCE_LATE_S,
    SEQUENCE_REASON_ARGUMENT,
    SEQUENCE_REASON_CANCELLED,
    SEQUENCE_REASON_CLOCK,
    SEQUENCE_REASON_COMMAND,
    SEQUENCE_REASON_CRC,
    SEQUENCE_REASON_FAILED,
    SEQUENCE_REASON_LATE,
    SEQUENCE_REASON_LENGTH,
    SEQUENCE_REASON_MISSING,
    SEQUENCE_REASON_NONE,
    SEQUENCE_REASON_RECORD,
    SEQUENCE_REASON_SELF,
    SEQUENCE_REASON_STORE,
    SEQUENCE_REASON_TIME_BASE,
    SEQUENCE_REASON_TIMEOUT,
    SEQUENCE_STATE_CHECKING,
    SEQUENCE_STATE_HELD,
    SEQUENCE_STATE_IDLE,
    SEQUENCE_STATE_RUNNING,
    SEQUENCE_STATE_WAITING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.commands import Commands
    from rochette.services.events import Events
    from rochette.services.files import Files
    from rochette.services.mission_time import MissionTime
    from rochette.services.names import Names

_HEAD = 11
_RECORD_HEAD = 13
_PACKET_MAX = 128
_PIECE = 64
_ANY_BASE = 0xFFFF
_MISSION_BASES = (2, 3, _ANY_BASE)
_LONGEST_WAIT_S = 1_000_000
_TICKS_PER_S = 100
_TICK_MASK = 0x3FFFFFFF


class Sequencer:
    """One sequence at a time. `state` (SequenceState), `record` (the present command, from 1). While `paused`
    no command is begun."""

    def __init__(
        self,
        files: "Files",
        commands: "Commands",
        events: "Events",
        names: "Names",
        time: "MissionTime",
        values: "Any",
        executive: "Any",
        abort: "Callable[[], Any]",
    ) -> None:
        """`values`: the parameters. `abort()` ends the running activity by its safe way out."""
        self.state = SEQUENCE_STATE_IDLE
        self.record = 0
        self.by_hand = False
        self.paused = False
        self._files = files
        self._commands = commands
        self._events = events
        self._names = names
        self._time = time
        self._values = values
        self._executive = executive
        self._abort = abort
        self._name = ""
        self._command = 0
        self._records = 0
        self._length = 0
        self._offset = 0
        self._summing = False
        self._crc = Crc32()
        self._sum = bytearray(4)
        self._head = bytearray(_HEAD)
        self._buffer = bytearray(_RECORD_HEAD + _PACKET_MAX)
        self._opcode = 0
        self._args: "list[int | str]" = []
        self._due_s = -1
        self._left = 0
        self._step = False
        self._began = 0
        self._answer = PENDING
        self._waiting_for = -1
        commands.listeners.append(self._note)
        for opcode, handler in (
            (CMD_SEQUENCE_VALIDATE, self._validate),
            (CMD_SEQUENCE_RUN, self._run),
            (CMD_SEQUENCE_CANCEL, self._cancel),
            (CMD_SEQUENCE_BY_HAND, self._set_by_hand),
            (CMD_SEQUENCE_STEP, self._step_now),
        ):
            commands.handle(opcode, handler)

    # Commands

    def _validate(self, name: str) -> int:
        return self._open(name, CMD_SEQUENCE_VALIDATE)

    def _run(self, name: str) -> int:
        return self._open(name, CMD_SEQUENCE_RUN)

    def _open(self, name: str, command: int) -> int:
        if self.state != SEQUENCE_STATE_IDLE:
            raise CommandError(COMMAND_RESULT_BUSY)
        self._name = name
        self._command = command
        self._opcode = 0
        self.record = 0
        reason = self._read_head()
        if reason != SEQUENCE_REASON_NONE:
            self._events.emit(EV_SEQUENCE_INVALID, self._names.note(name), reason, 0, 0)
            raise CommandError(COMMAND_RESULT_EXECUTION, 1, reason)
        self._crc.reset()
        self._offset = 0
        self._summing = True
        self.state = SEQUENCE_STATE_CHECKING
        return PENDING

    def _read_head(self) -> int:
        """Length, number of records, time base; the reason why not (SequenceReason)."""
        head = self._head
        try:
            size = self._files.size(self._name)
            if size < 0:
                return SEQUENCE_REASON_MISSING
            if self._files.read_into(self._name, 0, head, _HEAD) != _HEAD:
                return SEQUENCE_REASON_LENGTH
        except OSError:
            return SEQUENCE_REASON_STORE
        self._length = size
        self._records = u32(head, 4)
        if u32(head, 0) != size - _HEAD or self._records < 1:
            return SEQUENCE_REASON_LENGTH
        return SEQUENCE_REASON_NONE if u16(head, 8) in _MISSION_BASES else SEQUENCE_REASON_TIME_BASE

    def _cancel(self) -> int:
        if self.state == SEQUENCE_STATE_IDLE:
            return COMMAND_RESULT_EXECUTION
        self.stop(SEQUENCE_REASON_CANCELLED)
        return COMMAND_RESULT_OK

    def _set_by_hand(self, on: int) -> None:
        self.by_hand = on == 1
        self._events.emit(EV_SEQUENCE_BY_HAND, on)
        if not self.by_hand and self.state == SEQUENCE_STATE_HELD:
            self.state = SEQUENCE_STATE_WAITING

    def _step_now(self) -> int:
        if self.state != SEQUENCE_STATE_HELD:
            return COMMAND_RESULT_EXECUTION
        self._step = True
        return COMMAND_RESULT_OK

    def stop(self, reason: int) -> None:
        """End the sequence before its next command (SequenceReason); the present command goes on."""
        if self.state == SEQUENCE_STATE_CHECKING:
            self._refuse(reason)
        elif self.state != SEQUENCE_STATE_IDLE:
            number = self._names.note(self._name)
            self._events.emit(EV_SEQUENCE_STOPPED, number, self.record, self._opcode, reason)
            self._end(COMMAND_RESULT_EXECUTION, reason)

    # One tick

    def tick(self) -> None:
        """100 Hz, in the link room."""
        state = self.state
        if state == SEQUENCE_STATE_IDLE:
            return
        if state == SEQUENCE_STATE_CHECKING:
            self._check_some()
        elif state == SEQUENCE_STATE_RUNNING:
            self._watch()
        elif self.paused:
            return
        elif state == SEQUENCE_STATE_WAITING:
            self._wait()
        elif self._step:
            self._step = False
            self._carry_out()

    # Checking

    def _check_some(self) -> None:
        try:
            reason = self._sum_some() if self._summing else self._check_record()
        except OSError:
            reason = SEQUENCE_REASON_STORE
        if reason != SEQUENCE_REASON_NONE:
            self._refuse(reason)

    def _sum_some(self) -> int:
        buffer = self._buffer
        left = self._length - 4 - self._offset
        if left > 0:
            count = self._files.read_into(self._name, self._offset, buffer, min(left, _PIECE))
            if count <= 0:
                return SEQUENCE_REASON_STORE
            self._crc.add(buffer, 0, count)
            self._offset += count
            return SEQUENCE_REASON_NONE
        found = self._files.read_into(self._name, self._length - 4, self._sum, 4)
        if found != 4 or u16(self._sum, 0) != self._crc.high or u16(self._sum, 2) != self._crc.low:
            return SEQUENCE_REASON_CRC
        self._summing = False
        self._offset = _HEAD
        return SEQUENCE_REASON_NONE

    def _check_record(self) -> int:
        if self.record == self._records:
            return self._checked()
        self.record += 1
        reason = self._read_record()
        if reason != SEQUENCE_REASON_NONE:
            return reason
        if self._opcode in (CMD_SEQUENCE_RUN, CMD_SEQUENCE_VALIDATE):
            return SEQUENCE_REASON_SELF
        result = self._commands.check(self._opcode, self._args)
        if result == COMMAND_RESULT_INVALID_OPCODE:
            return SEQUENCE_REASON_COMMAND
        return SEQUENCE_REASON_NONE if result == COMMAND_RESULT_OK else SEQUENCE_REASON_ARGUMENT

    def _read_record(self) -> int:
        """The record at _offset into _opcode, _args and its time; _offset moves behind it."""
        buffer = self._buffer
        end = self._length - 4
        if self._offset + _RECORD_HEAD > end:
            return SEQUENCE_REASON_LENGTH
        count = min(len(buffer), end - self._offset)
        if self._files.read_into(self._name, self._offset, buffer, count) != count:
            return SEQUENCE_REASON_STORE
        kind = buffer[0]
        length = u32(buffer, 9)
        if kind > 1 or length < 6 or length > _PACKET_MAX or u32(buffer, 5) > 999_999:
            return SEQUENCE_REASON_RECORD
        if _RECORD_HEAD + length > count:
            return SEQUENCE_REASON_LENGTH
        if u16(buffer, _RECORD_HEAD) != PACKET_COMMAND:
            return SEQUENCE_REASON_RECORD
        hundredths = u32(buffer, 5) // 10_000
        if kind == 0:
            self._due_s = self._time.from_tag_seconds(u16(buffer, 1), u16(buffer, 3))
            self._left = hundredths
            if self._due_s < 0:
                return SEQUENCE_REASON_RECORD
        else:
            seconds = u32(buffer, 1)
            if seconds > _LONGEST_WAIT_S:
                return SEQUENCE_REASON_RECORD
            self._due_s = -1
            self._left = seconds * _TICKS_PER_S + hundredths
        self._opcode = u32(buffer, _RECORD_HEAD + 2)
        args = self._commands.read(self._opcode, buffer, _RECORD_HEAD + 6, _RECORD_HEAD + length)
        if args is None:
            return SEQUENCE_REASON_ARGUMENT
        self._args = args
        self._offset += _RECORD_HEAD + length
        return SEQUENCE_REASON_NONE

    def _checked(self) -> int:
        if self._offset != self._length - 4:
            return SEQUENCE_REASON_LENGTH
        self._opcode = 0
        number = self._names.note(self._name)
        if self._command == CMD_SEQUENCE_VALIDATE:
            self._events.emit(EV_SEQUENCE_VALID, number, self._records)
            self._end(COMMAND_RESULT_OK, 0)
            return SEQUENCE_REASON_NONE
        self.record = 0
        if not self._time.valid:
            return SEQUENCE_REASON_CLOCK
        self._events.emit(EV_SEQUENCE_STARTED, number)
        self._offset = _HEAD
        self._next()
        return SEQUENCE_REASON_NONE

    def _refuse(self, reason: int) -> None:
        number = self._names.note(self._name)
        self._events.emit(EV_SEQUENCE_INVALID, number, reason, self.record, self._opcode & 0x3FFFFFFF)
        self._end(COMMAND_RESULT_EXECUTION, reason)

    # Running

    def _next(self) -> None:
        """The next record, or the end."""
        if self.record == self._records:
            self._events.emit(EV_SEQUENCE_ENDED, self._names.note(self._name), self._records)
            self._end(COMMAND_RESULT_OK, 0)
            return
        self.record += 1
        try:
            reason = self._read_record()
        except OSError:
            reason = SEQUENCE_REASON_STORE
        self.state = SEQUENCE_STATE_WAITING
        if reason != SEQUENCE_REASON_NONE:
            self.stop(reason)
        elif self._due_s >= 0 and self._late() > self._values[P_SEQUENCE_LATE_S]:
            self.stop(SEQUENCE_REASON_LATE)

    def _late(self) -> int:
        """Seconds by which an absolute time has passed."""
        return self._time.seconds(self._executive.tick) - self._due_s

    def _wait(self) -> None:
        if self._due_s >= 0:
            if not self._time.valid:
                self.stop(SEQUENCE_REASON_CLOCK)
                return
            tick = self._executive.tick
            ahead = self._due_s - self._time.seconds(tick)
            if ahead > 0 or (ahead == 0 and self._time.hundredths(tick) < self._left):
                return
        elif self._left > 0:
            self._left -= 1
            return
        if self.by_hand:
            self._step = False
            self.state = SEQUENCE_STATE_HELD
            return
        self._carry_out()

    def _carry_out(self) -> None:
        self._events.emit(EV_SEQUENCE_STEP, self._names.note(self._name), self.record, self._opcode)
        self.state = SEQUENCE_STATE_RUNNING
        self._began = self._executive.tick
        self._answer = PENDING
        self._waiting_for = self._opcode
        record = self.record
        self._commands.submit(self._opcode, self._args, PORT_SEQUENCE)
        if self.state == SEQUENCE_STATE_RUNNING and self.record == record:
            self._watch()

    def _note(self, opcode: int, result: int, _argument: int, _value: int, port: int) -> None:
        """A command was answered."""
        if port == PORT_SEQUENCE and opcode == self._waiting_for:
            self._waiting_for = -1
            self._answer = result

    def _watch(self) -> None:
        """The present command goes on."""
        if self._answer == PENDING:
            went_on = (self._executive.tick - self._began) & _TICK_MASK
            if went_on >= self._values[P_SEQUENCE_COMMAND_LIMIT_S] * _TICKS_PER_S:
                self._abort()
                self.stop(SEQUENCE_REASON_TIMEOUT)
            return
        if self._answer != COMMAND_RESULT_OK:
            self.stop(SEQUENCE_REASON_FAILED)
            return
        self._next()

    def _end(self, result: int, value: int) -> None:
        self.state = SEQUENCE_STATE_IDLE
        self._waiting_for = -1
        self._args = []
        command = self._command
        self._command = 0
        self._commands.complete(command, result, value)
