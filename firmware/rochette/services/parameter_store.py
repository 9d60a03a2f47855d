"""Parameters over a reset: two copies in the FRAM, each with version and CRC, written one after the other.

A copy, little-endian: 0 mark 0x9A (written last), 1 format 1, 2 rows u16, 4 version u16, 6 serial u16,
8 CRC-32 over the rows and then bytes 1 to 7, 12 zeros, 16 rows of six bytes: id u16, value i32. Only what
differs from its default is kept, so a new default reaches every payload that did not change it.

Rules: the newest good copy counts; a damaged one is written anew from it, and that is said. Both damaged:
defaults, said. A row whose id is not known any more, or whose value lies outside its present bounds, is
dropped, counted and said; the others are taken (that is the whole migration). A newer format is refused:
defaults, said, and nothing is written until a parameter is set.
"""

import struct

from rochette.services.crc import Crc32
from rochette.services.fram_map import PARAMETER_COPY_BYTES
from rochette.services.packets import place_of
from rochette.services.two_copies import has_sum, newer, put_sum
from rochette.tables import (
    EV_START_PARAMETERS_FUTURE,
    EV_START_PARAMETERS_KEPT,
    EV_START_PARAMETERS_LOST,
    EV_START_PARAMETERS_NOT_KEPT,
    EV_START_PARAMETERS_READ,
    EV_START_PARAMETERS_REPAIRED,
    PARAMETER_DEFAULTS,
    PARAMETER_IDS,
    PARAMETER_MAXIMA,
    PARAMETER_MINIMA,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

MARK = 0x9A
FORMAT = 1
HEAD_BYTES = 16
ROW_BYTES = 6
_ROWS_A_PIECE = 5
_LOOKED_AT = 40  # parameters a tick: about a millisecond on the board
_ROOM = (PARAMETER_COPY_BYTES - HEAD_BYTES) // ROW_BYTES

# What a copy is found to be.
_BLANK = 0
_GOOD = 1
_BAD = 2
_FUTURE = 3

_IDLE = -1


class ParameterStore:
    """Reads the parameters when made; tick() writes them when they were changed, a piece a tick."""

    def __init__(self, store: "Any", parameters: "Parameters", events: "Events") -> None:
        """`store`: read_into(offset, buffer), write(offset, buffer), two copies long; None keeps nothing."""
        self._store = store
        self._parameters = parameters
        self._events = events
        self._head = bytearray(HEAD_BYTES)
        self._row = bytearray(_ROWS_A_PIECE * ROW_BYTES)
        self._views = [memoryview(self._row)[: n * ROW_BYTES] for n in range(_ROWS_A_PIECE + 1)]
        self._mark = bytearray(1)
        self._crc = Crc32()
        self._serial = 0
        self._seen = 0
        self._slot = 0
        self._left = 0
        self._at = _IDLE
        self._place = 0
        self._rows = 0
        if store is not None:
            try:
                self._read()
            except OSError:
                self._give_up()
        self._seen = parameters.version

    # Reading

    def _read(self) -> None:
        found = [self._look(0), self._look(1)]
        serials = [entry[1] for entry in found]
        states = [entry[0] for entry in found]
        if _FUTURE in states:
            self._events.emit(EV_START_PARAMETERS_FUTURE, serials[states.index(_FUTURE)], FORMAT)
            return
        if _GOOD not in states:
            if _BAD in states:
                self._events.emit(EV_START_PARAMETERS_LOST)
            return
        slot = int(states[1] == _GOOD and (states[0] != _GOOD or newer(serials[1], serials[0])))
        self._take(slot)
        self._serial = serials[slot]
        other = 1 - slot
        if states[other] != _GOOD or serials[other] != serials[slot]:
            self._events.emit(EV_START_PARAMETERS_REPAIRED, other)
            self._slot = other
            self._left = 1
            self._at = 0
            self._serial -= 1  # the same set, so it keeps its serial

    def _look(self, slot: int) -> "tuple[int, int]":
        """What a copy is, and its serial (of a future one its format)."""
        head = self._head
        base = slot * PARAMETER_COPY_BYTES
        self._store.read_into(base, head)
        if head[0] != MARK:
            return (_BAD if any(byte not in (0, 255) for byte in head) else _BLANK), 0
        if head[1] > FORMAT:
            return _FUTURE, head[1]
        rows = struct.unpack_from("<H", head, 2)[0]
        if head[1] != FORMAT or rows > _ROOM:
            return _BAD, 0
        crc = self._crc
        crc.reset()
        row = memoryview(self._row)[:ROW_BYTES]
        for n in range(rows):
            self._store.read_into(base + HEAD_BYTES + n * ROW_BYTES, row)
            crc.add(self._row, 0, ROW_BYTES)
        crc.add(head, 1, 7)
        good = has_sum(head, 8, crc, True)
        return (_GOOD if good else _BAD), struct.unpack_from("<H", head, 6)[0]

    def _take(self, slot: int) -> None:
        base = slot * PARAMETER_COPY_BYTES
        self._store.read_into(base, self._head)
        rows, version = struct.unpack_from("<HH", self._head, 2)
        row = memoryview(self._row)[:ROW_BYTES]
        dropped = 0
        for n in range(rows):
            self._store.read_into(base + HEAD_BYTES + n * ROW_BYTES, row)
            parameter_id, value = struct.unpack_from("<Hi", self._row, 0)
            index = place_of(PARAMETER_IDS, parameter_id)
            if index < 0 or not PARAMETER_MINIMA[index] <= value <= PARAMETER_MAXIMA[index]:
                dropped += 1
            else:
                self._parameters.values[index] = value
        self._parameters.version = version
        self._events.emit(EV_START_PARAMETERS_READ, version, rows - dropped, dropped)

    # Writing

    def tick(self) -> None:
        """When something was set: one transfer of at most 32 bytes. Allocates nothing. To be called each
        tick."""
        if self._at == _IDLE:
            if self._parameters.version == self._seen or self._store is None:
                return
            self._seen = self._parameters.version
            self._slot = 0
            self._left = 2
            self._at = 0
        elif self._parameters.version != self._seen:
            # Set again meanwhile: the copy that is being written starts anew, the other was not touched.
            self._seen = self._parameters.version
            self._left = 2
            self._at = 0
        try:
            self._step()
        except OSError:
            self._give_up()

    def _step(self) -> None:
        base = self._slot * PARAMETER_COPY_BYTES
        at = self._at
        if at == 0:
            self._mark[0] = 0
            self._store.write(base, self._mark)
            self._place = 0
            self._rows = 0
            self._crc.reset()
            self._at = 1
        elif at == 1:
            count = self._fill()
            if count:
                self._store.write(base + HEAD_BYTES + self._rows * ROW_BYTES, self._views[count])
                self._crc.add(self._row, 0, count * ROW_BYTES)
                self._rows += count
            if self._place >= len(PARAMETER_DEFAULTS):
                self._at = 2
        elif at == 2:
            self._make_head()
            self._store.write(base, self._head)
            self._at = 3
        elif at == 3:
            self._mark[0] = MARK
            self._store.write(base, self._mark)
            self._at = 4
        else:
            self._store.read_into(base, self._mark)
            if self._mark[0] != MARK:
                self._give_up()
                return
            self._left -= 1
            self._slot = 1 - self._slot
            if self._left:
                self._serial -= 1  # both copies of a set have one serial
                self._at = 0
            else:
                self._at = _IDLE
                self._events.emit(EV_START_PARAMETERS_KEPT, self._seen, self._rows)

    def _make_head(self) -> None:
        """The head, its mark not set, after all rows."""
        head = self._head
        self._serial = (self._serial + 1) & 0xFFFF
        for at in range(HEAD_BYTES):
            head[at] = 0
        struct.pack_into("<BBHHH", head, 0, 0, FORMAT, self._rows, self._seen, self._serial)
        self._crc.add(head, 1, 7)
        put_sum(head, 8, self._crc, True)

    def _fill(self) -> int:
        """The next rows from `_place` on into the piece, looking at a few parameters; how many rows."""
        count = 0
        values = self._parameters.values
        last = min(self._place + _LOOKED_AT, len(PARAMETER_DEFAULTS))
        while count < _ROWS_A_PIECE and self._place < last:
            index = self._place
            self._place += 1
            if values[index] != PARAMETER_DEFAULTS[index]:
                struct.pack_into("<Hi", self._row, count * ROW_BYTES, PARAMETER_IDS[index], values[index])
                count += 1
        return count

    def _give_up(self) -> None:
        self._at = _IDLE
        self._seen = self._parameters.version
        self._events.emit(EV_START_PARAMETERS_NOT_KEPT)
