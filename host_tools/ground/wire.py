"""The numbers and layouts of docs/wire.md, as the ground speaks and hears them."""

from __future__ import annotations

import struct
from dataclasses import dataclass

VERSION = 1
FROM_GROUND = VERSION << 4
FROM_PAYLOAD = FROM_GROUND | 2
TAGGED = 1
HEADER_BYTES = 4
CHECK_BYTES = 4
CONTENT_MAX = 384
"""Longest content of a frame, its check included."""

CONTROL, RELIABLE, EVENT, TELEMETRY, PACKED, URGENT = range(6)

HELLO, ACK, EVENTS_AGAIN, QUERY, BYE, KEY = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
WELCOME, STATUS, ANSWER, GONE, NO_SESSION, REFUSED = 0x81, 0x82, 0x83, 0x84, 0x85, 0x86

STOP, ABORT, PAUSE, RESUME = 1, 2, 3, 4
URGENT_NAMES = {"STOP": STOP, "ABORT": ABORT, "PAUSE": PAUSE, "RESUME": RESUME}
URGENT_RESULTS = ("done", "nothing to do", "refused")

NOT_KNOWN, GOING_ON, ENDED, TAKEN_BEFORE_RESTART = 0, 1, 2, 3
REFUSED_VERSION, REFUSED_TAG_NEEDED, REFUSED_TAG_WRONG, REFUSED_COUNTER = 1, 2, 3, 4

NO_MEMORY = 0xFFFFFFFF
"""`accepted` of a WELCOME that does not know what became of the commands of the session it is about."""

NUMBER_LAST = 0xFFFF00
"""The ground opens a new session before it numbers a frame like this."""

ALL_PACKETS = 0xFF

# Milliseconds, from the last table of docs/wire.md.
HELLO_MS = 500
RESEND_MS = 300
RESEND_MAX_MS = 2400
RESEND_TRIES = 8
URGENT_MS = 100
LIFE_MS = 500  # the payload wants one a second

PAUSED, RAIL_ON, ESTOP_OPEN, CLOCK_VALID, PROTECTED, LINK_WAS_LOST = (1 << bit for bit in range(6))

_HELLO = struct.Struct(">BBII")
_WELCOME = struct.Struct(">IIIIII8sHBHHIII")
_STATUS = struct.Struct(">IIIBBBHBII")
_ANSWER = struct.Struct(">IIIBBBi")
_REFUSED = struct.Struct(">BB6s")
_PAIR = struct.Struct(">II")
_GONE = struct.Struct(">HII")
_URGENT = struct.Struct(">BHI")
_URGENT_ANSWER = struct.Struct(">BHBB")
_RELIABLE = struct.Struct(">IHH")
_EVENT = struct.Struct(">HI")


class WireError(ValueError):
    """A frame whose length does not fit its kind. It is dropped and counted."""


@dataclass(frozen=True)
class Welcome:
    """The payload's half of the handshake."""

    nonce: int
    session: int
    about: int
    accepted: int
    expected: int
    next: int
    digest: bytes
    firmware: int
    window: int
    line: int
    packet: int
    loss_ms: int
    newest: int
    oldest: int

    @property
    def boot(self) -> int:
        """The payload's boot number: events are numbered anew with each."""
        return self.session >> 16


@dataclass(frozen=True)
class Status:
    """What the payload says once a second."""

    session: int
    newest: int
    oldest: int
    mode: int
    activity: int
    flags: int
    time_base: int
    time_context: int
    seconds: int
    microseconds: int


@dataclass(frozen=True)
class Answer:
    """How a command stands."""

    session: int
    number: int
    opcode: int
    state: int
    result: int
    argument: int
    value: int


@dataclass(frozen=True)
class UrgentAnswer:
    """What became of a STOP, ABORT, PAUSE or RESUME."""

    kind: int
    ident: int
    result: int
    told: int


def _unpack(layout: struct.Struct, body: bytes) -> tuple[int, ...]:
    if len(body) != layout.size:
        raise WireError(f"{len(body)} bytes where {layout.size} belong")
    return layout.unpack(body)


def hello(nonce: int, session: int) -> bytes:
    """Body of HELLO."""
    return _HELLO.pack(HELLO, VERSION, nonce, session)


def session_number(kind: int, session: int, number: int) -> bytes:
    """Body of ACK and QUERY."""
    return bytes((kind,)) + _PAIR.pack(session, number)


def bye(session: int) -> bytes:
    """Body of BYE."""
    return struct.pack(">BI", BYE, session)


def events_again(boot: int, first: int, last: int) -> bytes:
    """Body of EVENTS_AGAIN."""
    return bytes((EVENTS_AGAIN,)) + _GONE.pack(boot, first, last)


def key(packet: int) -> bytes:
    """Body of KEY: which PACKED telemetry should start anew."""
    return bytes((KEY, packet))


def urgent(kind: int, ident: int, session: int) -> bytes:
    """Body of an URGENT frame."""
    return _URGENT.pack(kind, ident, session)


def reliable(session: int, number: int, expected: int, packet: bytes) -> bytes:
    """Body of a RELIABLE frame; the low bytes of both numbers stand in its header."""
    return _RELIABLE.pack(session, number >> 8, expected >> 8) + packet


def read_reliable(header: bytes, body: bytes) -> tuple[int, int, int, bytes]:
    """Session, number, expected and packet of a RELIABLE frame."""
    if len(body) < _RELIABLE.size:
        raise WireError("a RELIABLE frame without its numbers")
    session, high, expected_high = _RELIABLE.unpack_from(body)
    return session, high << 8 | header[2], expected_high << 8 | header[3], body[_RELIABLE.size :]


def read_event(body: bytes) -> tuple[int, int, bytes]:
    """Boot, number and packet of an EVENT frame."""
    if len(body) < _EVENT.size:
        raise WireError("an EVENT frame without its number")
    boot, number = _EVENT.unpack_from(body)
    return boot, number, body[_EVENT.size :]


def read_welcome(body: bytes) -> Welcome:
    """WELCOME without its kind."""
    return Welcome(*_unpack(_WELCOME, body))  # type: ignore[arg-type]


def read_status(body: bytes) -> Status:
    """STATUS without its kind."""
    return Status(*_unpack(_STATUS, body))


def read_answer(body: bytes) -> Answer:
    """ANSWER without its kind."""
    return Answer(*_unpack(_ANSWER, body))


def read_pair(body: bytes) -> tuple[int, int]:
    """Session and number of an ACK, without its kind."""
    session, number = _unpack(_PAIR, body)
    return session, number


def read_gone(body: bytes) -> tuple[int, int, int]:
    """Boot, first and last of GONE, without its kind."""
    boot, first, last = _unpack(_GONE, body)
    return boot, first, last


def read_no_session(body: bytes) -> int:
    """The session that holds, of NO_SESSION without its kind."""
    if len(body) != 4:
        raise WireError("NO_SESSION has another length")
    return int.from_bytes(body, "big")


def read_refused(body: bytes) -> tuple[int, int, int]:
    """Reason, version and counter's floor of REFUSED, without its kind."""
    if len(body) != _REFUSED.size:
        raise WireError("REFUSED has another length")
    reason, version, floor = _REFUSED.unpack(body)
    return reason, version, int.from_bytes(floor, "big")


def read_urgent(body: bytes) -> UrgentAnswer:
    """The payload's URGENT frame."""
    return UrgentAnswer(*_unpack(_URGENT_ANSWER, body))
