"""F Prime's packets, written and read in place: events, telemetry, and the arguments of commands.

Formats are those of F Prime 4.x as its ground system has them (docs/wire.md, "Packets inside"). An enum is
one byte, where its values allow it; the widths stand in tables.py. Writing allocates nothing.
"""

from rochette.services.wire import (
    PACKET_EVENT,
    PACKET_TELEMETRY,
    copy,
    i32,
    put16,
    put32,
    u16,
)
from rochette.tables import (
    ARGUMENT_WIDTHS,
    CHANNEL_WIDTHS,
    COMMAND_ARGUMENTS,
    COMMAND_FIRST_ARGUMENT,
    EVENT_ARGUMENTS,
    EVENT_IDS,
    EVENT_WIDTHS,
    PACKET_CHANNELS,
    PACKET_SIZES,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.services.mission_time import MissionTime
    from rochette.services.names import Names

_ONE_BYTE = 1
_NAME = 2


def place_of(table: "Any", number: int) -> int:
    """Where `number` stands in a table in rising order; -1 when it does not. Allocates nothing."""
    low = 0
    high = len(table) - 1
    while low <= high:
        middle = (low + high) >> 1
        found = table[middle]
        if found == number:
            return middle
        if found < number:
            low = middle + 1
        else:
            high = middle - 1
    return -1


def put_event(buffer: "Any", at: int, record: "Any", time: "MissionTime", names: "Names") -> int:
    """Write the event packet of one record of the ring (id, tick, four numbers); gives the place after it.

    At most 121 bytes. An id that the dictionary does not have is written without arguments.
    """
    event = record[0]
    at = put16(buffer, at, PACKET_EVENT)
    at = put32(buffer, at, event)
    at = time.put_tag(buffer, at, record[1])
    place = place_of(EVENT_IDS, event)
    if place < 0:
        return at
    widths = EVENT_WIDTHS[place]
    for n in range(EVENT_ARGUMENTS[place]):
        value = record[2 + n]
        kind = widths >> 2 * n & 3
        if kind == _ONE_BYTE:
            buffer[at] = value & 0xFF
            at += 1
        elif kind == _NAME:
            text = names.text(value)
            at = put16(buffer, at, len(text))
            at = copy(text, 0, buffer, at, len(text))
        else:
            at = put32(buffer, at, value)
    return at


def first_channel(packet: int) -> int:
    """Where the channels of telemetry packet number `packet` (its place, from 0) begin in PACKET_CHANNELS."""
    first = 0
    for n in range(packet):
        first += PACKET_SIZES[n]
    return first


def put_telemetry(
    buffer: "Any",
    at: int,
    packet_id: int,
    first: int,
    size: int,
    values: "Any",
    time: "MissionTime",
    tick: int,
) -> int:
    """Write a packetized telemetry packet of `size` channels from PACKET_CHANNELS[first] on; gives the place
    after it."""
    at = put16(buffer, at, PACKET_TELEMETRY)
    at = put16(buffer, at, packet_id)
    at = time.put_tag(buffer, at, tick)
    for n in range(first, first + size):
        channel = PACKET_CHANNELS[n]
        value = values[channel]
        if CHANNEL_WIDTHS[channel] == 1:
            buffer[at] = value & 0xFF
            at += 1
        else:
            at = put32(buffer, at, value)
    return at


def read_arguments(buffer: "Any", at: int, end: int, command: int) -> "list[int | str] | None":
    """The arguments of the command at place `command` of COMMAND_OPCODES; None when buffer[at:end] is not
    exactly that.

    A name is given as text, letters that no name has as "?". Allocates.
    """
    first = COMMAND_FIRST_ARGUMENT[command]
    return read_values(buffer, at, end, ARGUMENT_WIDTHS, first, COMMAND_ARGUMENTS[command])


def read_values(
    buffer: "Any", at: int, end: int, widths: "Any", first: int, count: int
) -> "list[int | str] | None":
    """`count` values of the widths widths[first:] (4, 1, or 0 for a name); None unless they fill
    buffer[at:end]."""
    values: "list[int | str]" = []
    for n in range(first, first + count):
        width = widths[n]
        length = u16(buffer, at) if width == 0 and at + 2 <= end else 0
        if at + (width or 2) + length > end:
            return None
        if width == 4:
            values.append(i32(buffer, at))
        elif width == 1:
            values.append(buffer[at])
        else:
            text = ""
            for letter in range(at + 2, at + 2 + length):
                code = buffer[letter]
                text += chr(code) if 0x20 < code < 0x7F else "?"
            values.append(text)
        at += (width or 2) + length
    return values if at == end else None
