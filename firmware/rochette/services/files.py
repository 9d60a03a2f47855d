"""Files to and from the ground in F Prime's file packets.

The line under them loses, doubles and reorders nothing within a session; what is checked here is that the
pieces are one file: numbers and offsets without a gap, length, F Prime's (CFDP's) checksum. A file from the
ground is collected in RAM and written in one go once nothing moves, because a write to flash stops the
processor for longer than a tick; only then is it reported. So no hole is ever reported as a finished file.

Packets (docs/wire.md): descriptor U16 3, kind U8, number U32, then
    START 0: size U32, source and destination, each U8 length and text
    DATA 1: offset U32, length U16, bytes        END 2: checksum U32        CANCEL 3
"""

import micropython

from rochette.services.commands import PENDING, CommandError
from rochette.services.crc import Crc32, ptr8
from rochette.services.names import good_name
from rochette.services.wire import PACKET_FILE, copy, put16, put32, u16, u32
from rochette.tables import (
    CMD_FILES_CANCEL,
    CMD_FILES_LIST,
    CMD_FILES_REMOVE,
    CMD_FILES_SEND,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_OK,
    EV_FILES_LIST_END,
    EV_FILES_LISTED,
    EV_FILES_NOT_RECEIVED,
    EV_FILES_NOT_SENT,
    EV_FILES_RECEIVED,
    EV_FILES_REFUSED,
    EV_FILES_REMOVED,
    EV_FILES_SENT,
    EV_FILES_STORED,
    FILE_REASON_BUSY,
    FILE_REASON_CANCELLED,
    FILE_REASON_EXISTS,
    FILE_REASON_GAP,
    FILE_REASON_LINK,
    FILE_REASON_MISSING,
    FILE_REASON_NAME,
    FILE_REASON_NONE,
    FILE_REASON_NOT_STARTED,
    FILE_REASON_READ_ONLY,
    FILE_REASON_SIZE,
    FILE_REASON_SPACE,
    FILE_REASON_STORE,
    FILE_REASON_SUM,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.commands import Commands
    from rochette.services.events import Events
    from rochette.services.names import Names
    from rochette.services.reliable import Sender

START = 0
DATA = 1
END = 2
CANCEL = 3
"""Kinds of file packets."""

PIECE_BYTES = 256
"""Bytes of a file in a DATA packet to the ground."""
_HEAD = 7  # descriptor, kind, number
_DATA_HEAD = _HEAD + 6
_SHOWN = 24


@micropython.viper
def _add_high(data, start: int, count: int, offset: int) -> int:  # type: ignore[no-untyped-def]
    source = ptr8(data)
    total = 0
    n = 0
    while n < count:
        place = (offset + n) & 3
        if place == 0:
            total += int(source[start + n]) << 8
        elif place == 1:
            total += int(source[start + n])
        n += 1
    return total


@micropython.viper
def _add_low(data, start: int, count: int, offset: int) -> int:  # type: ignore[no-untyped-def]
    source = ptr8(data)
    total = 0
    n = 0
    while n < count:
        place = (offset + n) & 3
        if place == 2:
            total += int(source[start + n]) << 8
        elif place == 3:
            total += int(source[start + n])
        n += 1
    return total


class CfdpSum:
    """CFDP's modular checksum (CCSDS 727.0-B, 4.2.2): big-endian words aligned to the file's offsets, summed.

    Kept as two halves of 16 bits; pieces may come at any offset. Allocates nothing.
    """

    def __init__(self) -> None:
        self.high = 0
        self.low = 0

    def reset(self) -> None:
        """Before the first piece."""
        self.high = 0
        self.low = 0

    def add(self, data: "Any", start: int, count: int, offset: int) -> None:
        """Take in data[start : start + count], which stands at `offset` of the file. At most 4096 bytes."""
        low = self.low + _add_low(data, start, count, offset)
        self.high = (self.high + _add_high(data, start, count, offset) + (low >> 16)) & 0xFFFF
        self.low = low & 0xFFFF


class Files:
    """File transfers and file commands. One transfer a direction, one command that takes time, at once."""

    def __init__(
        self,
        store: "Any",
        sender: "Sender",
        events: "Events",
        names: "Names",
        still: "Callable[[], bool]",
        room: int = 4096,
    ) -> None:
        """`store`: see file_store. `still()`: whether nothing moves. `room`: longest file from the ground."""
        self.store = store
        self.work = False
        self.error: "Exception | None" = None
        self.done = 0
        self._sender = sender
        self._events = events
        self._names = names
        self._still = still
        self._commands: "Commands | None" = None
        self._offered: "dict[str, tuple[Callable[[], int], Callable[[int, Any, int], int]]]" = {}
        # From the ground.
        self._room = bytearray(room)
        self._taking = False
        self._saving = False
        self._passing = False
        self._up_name = ""
        self._up_size = 0
        self._up_done = 0
        self._up_number = 0
        self._up_sum = CfdpSum()
        self._up_crc = Crc32()
        # To the ground.
        self._sending = False
        self._down_name = ""
        self._down_text = b""
        self._down_size = 0
        self._down_done = 0
        self._down_number = 0
        self._down_last = 0
        self._down_sum = CfdpSum()
        self._down_crc = Crc32()
        self._down_over = False
        self._down_cancelled = False
        # Listing and removing.
        self._listing: "list[str]" = []
        self._list_at = -1
        self._list_offset = 0
        self._list_files = 0
        self._list_crc = Crc32()
        self._removing = ""
        self._piece = bytearray(PIECE_BYTES)

    def serve(self, commands: "Commands") -> None:
        """Register the handlers."""
        self._commands = commands
        commands.handle(CMD_FILES_SEND, self._send)
        commands.handle(CMD_FILES_LIST, self._list)
        commands.handle(CMD_FILES_REMOVE, self._remove)
        commands.handle(CMD_FILES_CANCEL, self._cancel)

    def offer(
        self, name: str, size: "Callable[[], int]", read_into: "Callable[[int, Any, int], int]"
    ) -> None:
        """A file that the payload makes when it is asked for: size(), read_into(offset, buffer, count) ->
        count.

        Can be listed and sent, not written or removed. Raises ValueError for a bad name.
        """
        if not good_name(name):
            raise ValueError("'{}' is no name for a file: {}".format(name, "1 to 24 of a-z A-Z 0-9 . _ -"))
        self._offered[name] = (size, read_into)

    # Reading, whatever the file is

    def size(self, name: str) -> int:
        """Bytes of a file, -1 when there is none."""
        offered = self._offered.get(name)
        return self.store.size(name) if offered is None else offered[0]()

    def read_into(self, name: str, offset: int, buffer: "Any", count: int) -> int:
        """Fill buffer[:count] from `offset` on; how many bytes there were. Raises OSError."""
        offered = self._offered.get(name)
        if offered is None:
            return self.store.read_into(name, offset, buffer, count)
        return offered[1](offset, buffer, count)

    # One tick

    def tick(self) -> None:
        """While `work`: a piece each way, a piece of a listing, a write to the store at most.

        Before the link's tick.
        """
        if self._saving and self._still():
            self._save()
        if self._removing and self._still():
            self._remove_now()
        if self._list_at >= 0:
            self._list_some()
        if self._sending:
            self._send_some()
        self.work = self._saving or self._sending or self._list_at >= 0 or self._removing != ""

    def restart(self) -> None:
        """A new session: what was under way is given up, for the other side has."""
        if self._taking:
            self._not_received(FILE_REASON_LINK)
        self._passing = False
        if self._sending:
            self._not_sent(FILE_REASON_LINK)

    # From the ground

    def take(self, packet: "Any", start: int, end: int) -> bool:
        """A file packet from the ground; False when it is none that can be read."""
        if end - start < _HEAD:
            return False
        kind = packet[start + 2]
        number = u32(packet, start + 3)
        if kind == START and end - start >= _HEAD + 6:
            self._take_start(packet, start + _HEAD, end)
        elif kind == DATA and end - start >= _DATA_HEAD:
            self._take_data(packet, start + _HEAD, end, number)
        elif kind == END and end - start == _HEAD + 4:
            self._take_end(packet, start + _HEAD, number)
        elif kind == CANCEL and end - start == _HEAD:
            if self._taking:
                self._not_received(FILE_REASON_CANCELLED)
            self._passing = False
        else:
            return False
        return True

    def _take_start(self, packet: "Any", at: int, end: int) -> None:
        size = u32(packet, at)
        source = packet[at + 4]
        at += 5 + source
        if at >= end or at + 1 + packet[at] != end:
            self._refuse_start("?", FILE_REASON_NAME, 0)
            return
        name = "".join([chr(code) if 0x20 < code < 0x7F else "?" for code in packet[at + 1 : end]])
        if self._taking or self._saving:
            reason = FILE_REASON_BUSY
        elif not good_name(name):
            reason = FILE_REASON_NAME
        elif name in self._offered:
            reason = FILE_REASON_READ_ONLY
        else:
            reason = self._may_store(name, size)
        if reason != FILE_REASON_NONE:
            self._refuse_start(name, reason, 0)
            return
        self._taking = True
        self._passing = False
        self._up_name = name
        self._up_size = size
        self._up_done = 0
        self._up_number = 0
        self._up_sum.reset()
        self._up_crc.reset()
        self.done = 0

    def _may_store(self, name: str, size: int) -> int:
        try:
            if self.store.size(name) >= 0:
                return FILE_REASON_EXISTS
            if size > len(self._room) or size > self.store.free():
                return FILE_REASON_SPACE
        except OSError as error:
            self.error = error
            return FILE_REASON_STORE
        return FILE_REASON_NONE

    def _refuse_start(self, name: str, reason: int, at: int) -> None:
        """Nothing is taken; the pieces that follow are passed over without a word."""
        if not self._taking:
            self._passing = True
        self._events.emit(EV_FILES_NOT_RECEIVED, self._names.note(name[:_SHOWN]), reason, at)

    def _take_data(self, packet: "Any", at: int, end: int, number: int) -> None:
        if not self._taking:
            self._not_started()
            return
        offset = u32(packet, at)
        count = u16(packet, at + 4)
        at += 6
        if number != self._up_number + 1 or offset != self._up_done:
            self._not_received(FILE_REASON_GAP)
        elif at + count != end or offset + count > self._up_size:
            self._not_received(FILE_REASON_SIZE)
        else:
            copy(packet, at, self._room, offset, count)
            self._up_sum.add(packet, at, count, offset)
            self._up_crc.add(packet, at, count)
            self._up_number = number
            self._up_done += count
            self.done = self._up_done

    def _take_end(self, packet: "Any", at: int, number: int) -> None:
        if not self._taking:
            self._not_started()
            self._passing = False
            return
        if number != self._up_number + 1:
            self._not_received(FILE_REASON_GAP)
        elif self._up_done != self._up_size:
            self._not_received(FILE_REASON_SIZE)
        elif u16(packet, at) != self._up_sum.high or u16(packet, at + 2) != self._up_sum.low:
            self._not_received(FILE_REASON_SUM)
        else:
            self._taking = False
            self._saving = True
            self.work = True
            return
        self._passing = False

    def _not_started(self) -> None:
        if not self._passing:
            self._passing = True
            self._events.emit(EV_FILES_NOT_RECEIVED, 0, FILE_REASON_NOT_STARTED, 0)

    def _not_received(self, reason: int) -> None:
        self._taking = False
        self._passing = True
        number = self._names.note(self._up_name)
        self._events.emit(EV_FILES_NOT_RECEIVED, number, reason, self._up_done)

    def _save(self) -> None:
        self._saving = False
        name = self._up_name
        number = self._names.note(name)
        try:
            self.store.save(name, self._room, self._up_size)
        except OSError as error:
            self.error = error
            full = error.args and error.args[0] == 28
            reason = FILE_REASON_SPACE if full else FILE_REASON_STORE
            self._events.emit(EV_FILES_NOT_RECEIVED, number, reason, self._up_done)
            return
        crc = self._up_crc
        self._events.emit(EV_FILES_STORED, number, self._up_size, crc.high, crc.low)
        self._events.emit(EV_FILES_RECEIVED, number)

    # To the ground

    def _send(self, name: str) -> int:
        if self._sending:
            self._events.emit(EV_FILES_REFUSED, self._names.note(name), FILE_REASON_BUSY)
            raise CommandError(COMMAND_RESULT_BUSY)
        size = self._known(name)
        self._sending = True
        self.work = True
        self._down_name = name
        self._down_text = name.encode()
        self._down_size = size
        self._down_done = 0
        self._down_number = 0
        self._down_over = False
        self._down_cancelled = False
        self._down_sum.reset()
        self._down_crc.reset()
        self.done = 0
        return PENDING

    def _known(self, name: str) -> int:
        """Size of a file. Raises CommandError, after an event, when there is none."""
        try:
            size = self.size(name)
        except OSError as error:
            self.error = error
            size = -1
        if size < 0:
            self._events.emit(EV_FILES_REFUSED, self._names.note(name), FILE_REASON_MISSING)
            raise CommandError(COMMAND_RESULT_EXECUTION, 1, FILE_REASON_MISSING)
        return size

    def _send_some(self) -> None:
        sender = self._sender
        if self._down_over:
            if sender.oldest > self._down_last:
                self._sent()
            return
        if sender.full:
            return
        if self._down_cancelled:
            self._give_up(FILE_REASON_CANCELLED)
            return
        buffer = sender.buffer()
        at = put16(buffer, 0, PACKET_FILE)
        if self._down_number == 0:
            buffer[at] = START
            at = put32(buffer, at + 1, 0)
            at = put32(buffer, at, self._down_size)
            name = self._down_text
            for _ in range(2):
                buffer[at] = len(name)
                at = copy(name, 0, buffer, at + 1, len(name))
        elif self._down_done < self._down_size:
            at = self._put_data(buffer, at)
            if not at:
                return
        else:
            buffer[at] = END
            at = put32(buffer, at + 1, self._down_number)
            at = put16(buffer, at, self._down_sum.high)
            at = put16(buffer, at, self._down_sum.low)
            self._down_over = True
            self._down_last = sender.next
        self._down_number += 1
        sender.offer(at)

    def _put_data(self, buffer: bytearray, at: int) -> int:
        """Write a DATA packet; 0 when the file could not be read, or has changed its length."""
        left = self._down_size - self._down_done
        want = left if left < PIECE_BYTES else PIECE_BYTES
        piece = self._piece
        try:
            count = self.read_into(self._down_name, self._down_done, piece, want)
        except OSError as error:
            self.error = error
            self._give_up(FILE_REASON_STORE)
            return 0
        if count <= 0:
            self._give_up(FILE_REASON_SIZE)
            return 0
        buffer[at] = DATA
        at = put32(buffer, at + 1, self._down_number)
        at = put32(buffer, at, self._down_done)
        at = put16(buffer, at, count)
        at = copy(piece, 0, buffer, at, count)
        self._down_sum.add(piece, 0, count, self._down_done)
        self._down_crc.add(piece, 0, count)
        self._down_done += count
        self.done = self._down_done
        return at

    def _sent(self) -> None:
        self._sending = False
        number = self._names.note(self._down_name)
        crc = self._down_crc
        self._events.emit(EV_FILES_SENT, number, self._down_size, crc.high, crc.low)
        self._complete(CMD_FILES_SEND, COMMAND_RESULT_OK, 0)

    def _give_up(self, reason: int) -> None:
        """Tell the other side too."""
        buffer = self._sender.buffer()
        at = put16(buffer, 0, PACKET_FILE)
        buffer[at] = CANCEL
        self._sender.offer(put32(buffer, at + 1, self._down_number))
        self._not_sent(reason)

    def _not_sent(self, reason: int) -> None:
        self._sending = False
        self._events.emit(EV_FILES_NOT_SENT, self._names.note(self._down_name), reason, self._down_done)
        self._complete(CMD_FILES_SEND, COMMAND_RESULT_EXECUTION, reason)

    def _complete(self, opcode: int, result: int, value: int) -> None:
        if self._commands is not None:
            self._commands.complete(opcode, result, value)

    # Listing, removing, cancelling

    def _list(self) -> int:
        try:
            self._listing = self.store.names()
        except OSError as error:
            self.error = error
            raise CommandError(COMMAND_RESULT_EXECUTION, 0, FILE_REASON_STORE)
        for name in sorted(self._offered):
            self._listing.append(name)
        self._list_at = 0
        self._list_offset = 0
        self._list_files = 0
        self._list_crc.reset()
        self.work = True
        return PENDING

    def _list_some(self) -> None:
        """A piece of the present file; an event when it is through."""
        if self._list_at >= len(self._listing):
            self._list_at = -1
            self._listing = []
            self._events.emit(EV_FILES_LIST_END, self._list_files, self.free())
            self._complete(CMD_FILES_LIST, COMMAND_RESULT_OK, 0)
            return
        name = self._listing[self._list_at]
        try:
            count = self.read_into(name, self._list_offset, self._piece, PIECE_BYTES)
        except OSError as error:
            self.error = error
            self._events.emit(EV_FILES_REFUSED, self._names.note(name), FILE_REASON_STORE)
            count = -1
        if count > 0:
            self._list_crc.add(self._piece, 0, count)
            self._list_offset += count
            return
        if count == 0:
            self._list_files += 1
            crc = self._list_crc
            number = self._names.note(name)
            self._events.emit(EV_FILES_LISTED, number, self._list_offset, crc.high, crc.low)
        self._list_at += 1
        self._list_offset = 0
        self._list_crc.reset()

    def free(self) -> int:
        """Bytes that the store still takes; 0 when it does not answer."""
        try:
            return self.store.free()
        except OSError as error:
            self.error = error
            return 0

    def _remove(self, name: str) -> int:
        if name in self._offered:
            self._events.emit(EV_FILES_REFUSED, self._names.note(name), FILE_REASON_READ_ONLY)
            raise CommandError(COMMAND_RESULT_EXECUTION, 1, FILE_REASON_READ_ONLY)
        self._known(name)
        self._removing = name
        self.work = True
        return PENDING

    def _remove_now(self) -> None:
        name = self._removing
        self._removing = ""
        number = self._names.note(name)
        try:
            self.store.remove(name)
        except OSError as error:
            self.error = error
            self._events.emit(EV_FILES_REFUSED, number, FILE_REASON_STORE)
            self._complete(CMD_FILES_REMOVE, COMMAND_RESULT_EXECUTION, FILE_REASON_STORE)
            return
        self._events.emit(EV_FILES_REMOVED, number)
        self._complete(CMD_FILES_REMOVE, COMMAND_RESULT_OK, 0)

    def _cancel(self) -> int:
        if self._taking:
            self._not_received(FILE_REASON_CANCELLED)
        if self._sending and self._down_over:
            self._not_sent(FILE_REASON_CANCELLED)
        elif self._sending:
            self._down_cancelled = True  # the ground is told as soon as there is a place for it
        return COMMAND_RESULT_OK
