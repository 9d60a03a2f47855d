"""Answers: how each of the last commands from the ground stands, by the number of the frame that brought it.

F Prime's events name an opcode; two commands of one opcode look alike in them. An answer names the frame, can
be asked for, and is what a doubled command gets instead of being carried out again. docs/wire.md, "Commands
and their answers".
"""

from array import array

from rochette.services.commands import PORT_LINK
from rochette.services.wire import ANSWER, PACKET_COMMAND, UNKNOWN, copy, put32, same, u16, u32
from rochette.tables import COMMAND_RESULT_EXECUTION, COMMAND_RESULT_FORMAT, EV_LINK_MALFORMED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.services.commands import Commands
    from rochette.services.events import Events
    from rochette.services.link import Link

KEPT = 16
NOT_KNOWN = 0
GOING_ON = 1
ENDED = 2
BEFORE_RESTART = 3
"""States of a command in an ANSWER."""

_FRAME_BYTES = 4 + 1 + 4 + 4 + 4 + 1 + 1 + 1 + 4
_COMMAND_MIN = 6
_OPCODE_MAX = 0x3FFFFFFF


class Answers:
    """Takes command packets from the link, and answers. Nothing allocates but what a command does."""

    def __init__(self, link: "Link", commands: "Commands", events: "Events") -> None:
        self._link = link
        self._commands = commands
        self._events = events
        self._sessions = bytearray(4 * KEPT)
        self._numbers = array("i", [0] * KEPT)
        self._opcodes = array("i", [0] * KEPT)
        self._states = bytearray(KEPT)
        self._results = bytearray(KEPT)
        self._arguments = bytearray(KEPT)
        self._values = array("i", [0] * KEPT)
        self._due = bytearray(KEPT)
        self._waiting = False
        self._at = 0
        self._current = -1
        # A question about a command that is not kept.
        self._asked = False
        self._asked_session = bytearray(4)
        self._asked_number = 0
        self._asked_state = NOT_KNOWN
        commands.listeners.append(self.note)

    # Commands

    def take(self, buffer: "Any", start: int, end: int, number: int) -> None:
        """Carry out the command packet buffer[start:end] that came in frame `number`: once, whatever
        happens."""
        slot = self._open(number)
        if end - start < _COMMAND_MIN:
            self._events.emit(EV_LINK_MALFORMED, end - start, u16(buffer, start) if end - start > 1 else 0)
            self._close(slot, COMMAND_RESULT_FORMAT, 0, 0)
            return
        commands = self._commands
        opcode = u32(buffer, start + 2)
        self._opcodes[slot] = min(opcode, _OPCODE_MAX)
        self._current = slot
        args = commands.read(opcode, buffer, start + _COMMAND_MIN, end)
        if args is None:
            commands.reject(opcode, COMMAND_RESULT_FORMAT, PORT_LINK)
        elif not self._link.record.note_command(number):
            # What can't be written down could be carried out twice over a reset.
            commands.reject(opcode, COMMAND_RESULT_EXECUTION, PORT_LINK)
        else:
            commands.submit(opcode, args, PORT_LINK)
        self._current = -1
        self._due[slot] = 1
        self._waiting = True

    def is_command(self, buffer: "Any", start: int, end: int) -> bool:
        """Whether buffer[start:end] calls itself a command packet."""
        return end - start >= 2 and u16(buffer, start) == PACKET_COMMAND

    def note(self, opcode: int, result: int, argument: int, value: int, port: int) -> None:
        """A command was answered; the link's are noted."""
        if port != PORT_LINK:
            return
        slot = self._current
        if slot >= 0 and self._opcodes[slot] == min(opcode, _OPCODE_MAX) and self._states[slot] == GOING_ON:
            self._close(slot, result, argument, value)
            return
        for slot in range(KEPT):
            if self._states[slot] == GOING_ON and self._opcodes[slot] == opcode and slot != self._current:
                self._close(slot, result, argument, value)
                return

    def _open(self, number: int) -> int:
        slot = self._at
        for _ in range(KEPT):  # a command that goes on keeps its place
            if self._states[slot] != GOING_ON:
                break
            slot = (slot + 1) % KEPT
        self._at = (slot + 1) % KEPT
        copy(self._link.session, 0, self._sessions, 4 * slot, 4)
        self._numbers[slot] = number
        self._opcodes[slot] = 0
        self._states[slot] = GOING_ON
        self._results[slot] = 0
        self._arguments[slot] = 0
        self._values[slot] = 0
        return slot

    def _close(self, slot: int, result: int, argument: int, value: int) -> None:
        self._states[slot] = ENDED
        self._results[slot] = result
        self._arguments[slot] = argument & 0xFF
        self._values[slot] = value
        self._due[slot] = 1
        self._waiting = True

    # Questions

    def doubled(self, number: int) -> None:
        """The frame of that number has come again: say once more how it stands."""
        slot = self._find(self._link.session, 0, number)
        if slot >= 0:
            self._due[slot] = 1
            self._waiting = True

    def query(self, buffer: "Any", at: int, number: int) -> None:
        """The ground asks how command `number` of the session at buffer[at] stands."""
        slot = self._find(buffer, at, number)
        self._waiting = True
        if slot >= 0:
            self._due[slot] = 1
            return
        record = self._link.record
        boot = u16(buffer, at)
        accepted = record.command_of(boot, u16(buffer, at + 2))
        copy(buffer, at, self._asked_session, 0, 4)
        self._asked_number = number
        restarted = boot != record.boot and accepted != UNKNOWN and 0 < number <= accepted
        self._asked_state = BEFORE_RESTART if restarted else NOT_KNOWN
        self._asked = True

    def _find(self, session: "Any", at: int, number: int) -> int:
        for slot in range(KEPT):
            if self._states[slot] and self._numbers[slot] == number:
                if same(session, at, self._sessions, 4 * slot, 4):
                    return slot
        return -1

    # Sending

    def send(self) -> bool:
        """A source of the link."""
        if not self._waiting or not self._link.room(_FRAME_BYTES):
            return False
        if self._asked:
            self._asked = False
            self._put(self._asked_session, 0, self._asked_number, 0, self._asked_state, 0, 0, 0)
            return True
        for slot in range(KEPT):
            if self._due[slot]:
                self._due[slot] = 0
                self._put(
                    self._sessions,
                    4 * slot,
                    self._numbers[slot],
                    self._opcodes[slot],
                    self._states[slot],
                    self._results[slot],
                    self._arguments[slot],
                    self._values[slot],
                )
                return True
        self._waiting = False
        return False

    def _put(
        self,
        session: "Any",
        at: int,
        number: int,
        opcode: int,
        state: int,
        result: int,
        argument: int,
        value: int,
    ) -> None:
        link = self._link
        content = link.content
        end = copy(session, at, content, link.control(ANSWER), 4)
        end = put32(content, end, number)
        end = put32(content, end, opcode)
        content[end] = state
        content[end + 1] = result
        content[end + 2] = argument
        link.send(put32(content, end + 3, value))
