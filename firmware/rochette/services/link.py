"""The link: sessions, urgent frames, acknowledgements, and who may send when. docs/wire.md has every byte.

tick() runs at 100 Hz in the executive's link room: it reads what has come (bounded), carries it out at once,
then fills what room the line has, the most urgent first. STOP, ABORT, PAUSE and RESUME are obeyed where their
frame is received; there is no queue before them. A frame is never answered by an exception.

What the link carries is not its matter: packets from the ground go to `on_packet`, what goes to the ground
comes from `sources`, each asked in turn while there is room.

Nothing here allocates in a tick, but for frames with a tag and for what a packet's receiver does.
"""

from rochette.services.auth import GOOD, OLD, TRAILER_BYTES, Tags
from rochette.services.framing import CONTENT_MAX, Deframer, put, worst
from rochette.services.reliable import Receiver, Sender
from rochette.services.wire import (
    ACK,
    BYE,
    CHANNELS,
    CONTROL,
    EVENTS_AGAIN,
    FROM_PAYLOAD,
    HEADER_BYTES,
    HELLO,
    KEY,
    NO_SESSION,
    PACKET_MAX,
    QUERY,
    REFUSED,
    RELIABLE,
    RELIABLE_AT,
    STATUS,
    TAGGED,
    URGENT,
    VERSION,
    WELCOME,
    copy,
    put16,
    put32,
    same,
    u16,
    u32,
)
from rochette.tables import (
    DICTIONARY_DIGEST,
    EV_LINK_BACK,
    EV_LINK_FRAME_REFUSED,
    EV_LINK_SESSION,
    EV_LINK_URGENT,
    EV_LINK_URGENT_REFUSED,
    P_LINK_LOSS_MS,
    P_LINK_RESEND_MS,
    TAG_FAULT_COUNTER,
    TAG_FAULT_NEEDED,
    TAG_FAULT_NONE,
    TAG_FAULT_VERSION,
    TAG_FAULT_WRONG,
    URGENT_KIND_RESUME,
    URGENT_KIND_STOP,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.events import Events
    from rochette.services.link_record import LinkRecord

WINDOW = 8
"""RELIABLE frames that the ground may have out; taken in order, so this costs no memory here."""
LINE_BYTES = 1024
"""Bytes that the ground may have out, on the line and in the port's buffer."""
URGENT_DONE = 0
URGENT_NOTHING = 1
URGENT_REFUSED = 2

_RX_BYTES = 512
_TX_BYTES = 1024
_TICK_MASK = 0x3FFFFFFF
_TICK_MS = 10
_TICKS_PER_S = 100
_FLAG_LOST = 32


def _nobody(*_unused: "Any") -> int:
    """Stands where nobody has connected himself yet."""
    return 0


class Link:
    """One line to the ground.

    Connect before the first tick:
        on_packet(buffer, start, end, number)   a packet that came, in order and once
        on_doubled(number)                      a RELIABLE frame that was taken before has come again
        on_query(buffer, at, number)            the ground asks how a command stands; its session at
        buffer[at] on_again(boot, first, last)             the ground asks for events again
        on_key(packet)                          the ground asks for telemetry that stands by itself
        on_urgent(kind) -> told or -1           obey; -1: there is nothing to obey
        on_session(new)                         WELCOME will be sent; `new`: the numbers begin anew
        on_lost() -> rule, on_back()            the link was lost; is back
        put_status(buffer, at) -> at            mode, activity, flags, time tag
    `sources` and `slow_sources` are lists of functions () -> bool: each tries to send one frame by begin()
    and send(), True when it did. The slow ones come after everything else.

    Counters: taken, dropped, sent (frames). `session_open`, `lost` say how the link stands.
    """

    def __init__(
        self,
        port: "Any",
        executive: "Any",
        events: "Events",
        values: "Any",
        record: "LinkRecord",
        firmware: int,
    ) -> None:
        """`port`: read_into(buffer), write(buffer, start, count), reopen(). `values`: the parameters.
        `firmware`: its version."""
        self.on_packet: "Callable[[Any, int, int, int], Any]" = _nobody
        self.on_doubled: "Callable[[int], Any]" = _nobody
        self.on_query: "Callable[[Any, int, int], Any]" = _nobody
        self.on_again: "Callable[[int, int, int], Any]" = _nobody
        self.on_key: "Callable[[int], Any]" = _nobody
        self.on_urgent: "Callable[[int], int]" = _nobody
        self.on_session: "Callable[[bool], Any]" = _nobody
        self.on_lost: "Callable[[], int]" = _nobody
        self.on_back: "Callable[[], Any]" = _nobody
        self.put_status: "Callable[[Any, int], int]" = _nobody
        self.sources: "list[Callable[[], bool]]" = []
        self.slow_sources: "list[Callable[[], bool]]" = []
        self.sender = Sender()
        self.receiver = Receiver()
        self.record = record
        self.session = bytearray(4)
        self.session_open = False
        self.lost = False
        self.left = False
        self.taken = 0
        self.unknown = 0
        self.sent = 0
        self.needs_tag = False
        self.content = bytearray(CONTENT_MAX)
        self._port = port
        self._executive = executive
        self._events = events
        self._values = values
        self._firmware = firmware
        self._tags: "Tags | None" = None
        self._digest = bytes([int(DICTIONARY_DIGEST[n : n + 2], 16) for n in range(0, 16, 2)])
        self._deframer = Deframer()
        self._rx = bytearray(_RX_BYTES)
        self._tx = bytearray(_TX_BYTES)
        self._tx_from = 0
        self._tx_to = 0
        self._sequence = bytearray(CHANNELS)
        self._nonce = bytearray(4)
        self._about = bytearray(4)
        self._accepted = -1
        self._heard_tick = 0
        self._watching = False
        self._rule = 0
        self._lost_tick = 0
        self._lost_event = 0
        self._was_lost = False
        self._status_in = 0
        # What has to be said as soon as there is room.
        self._say_welcome = False
        self._say_ack = False
        self._say_no_session = False
        self._say_urgent = False
        self._refuse = TAG_FAULT_NONE
        self._refuse_tick = -_TICKS_PER_S
        # Whether any of these has to be said, session or not.
        self._say = False
        self._refused = 0
        self._refused_told = 0
        self._urgent = bytearray(7)
        self._urgent_result = 0
        self._urgent_told = 0
        self._ident_top = 0

    @property
    def has_key(self) -> bool:
        """Whether use_key() was called."""
        return self._tags is not None

    def use_key(self, key: bytes) -> None:
        """From now on every frame needs a tag made with `key`, and gets one. Raises ValueError for its
        length."""
        self._tags = Tags(key, self.record)
        self.needs_tag = True

    # ---- one tick

    def tick(self) -> None:
        """Read, obey, answer, send. Bounded: 512 bytes in, 1024 out, two frames of a source."""
        count = self._port.read_into(self._rx)
        if count:
            self._hear(count)
        if self._say:
            self._speak_first()
        if self.session_open:
            if self._watching:
                self._watch()
            if not self.lost and not self.left:
                self._speak()
        if self._tx_to:
            self._write()

    def _hear(self, count: int) -> None:
        rx = self._rx
        at = 0
        deframer = self._deframer
        while at < count:
            at = deframer.feed(rx, at, count)
            if deframer.length:
                self._take(deframer.content, deframer.length)

    def _speak_first(self) -> None:
        """What is said before anything else, and without a session too."""
        self._say = False
        self._send_urgent()
        self._send_welcome()
        self._send_refused()
        self._send_no_session()

    def _speak(self) -> None:
        if self._say_ack:
            self._send_ack()
        for source in self.sources:
            if source():
                source()
        if self.sender.waiting:
            self._send_reliable()
        for source in self.slow_sources:
            if source():
                source()
        self._status_in -= 1
        if self._status_in <= 0:
            self._send_status()

    def _write(self) -> None:
        start = self._tx_from
        start += self._port.write(self._tx, start, self._tx_to - start)
        if start == self._tx_to:
            start = self._tx_to = 0
        self._tx_from = start

    @property
    def dropped(self) -> int:
        """Frames that were dropped: damaged ones, and good ones that say nothing known."""
        return self._deframer.bad + self.unknown

    # ---- sending

    def room(self, length: int) -> bool:
        """Whether a frame of `length` bytes, header included, can be taken now."""
        if self._tags is not None:
            length += TRAILER_BYTES
        if self._tx_to + worst(length) <= _TX_BYTES:
            return True
        return False

    def _room_first(self, length: int) -> bool:
        """room() for what is said first: it is tried again in the next tick."""
        if self.room(length):
            return True
        self._say = True
        return False

    def begin(self, channel: int) -> int:
        """Write a header into `content`; gives the place of the body. Ask room() before."""
        content = self.content
        content[0] = FROM_PAYLOAD
        content[1] = channel
        content[2] = self._sequence[channel]
        content[3] = 0
        return HEADER_BYTES

    def send(self, length: int) -> None:
        """Send content[:length]. The tick's end puts it on the line."""
        content = self.content
        channel = content[1]
        if channel != RELIABLE:
            self._sequence[channel] = (self._sequence[channel] + 1) & 0xFF
        if self._tags is not None:
            content[0] |= TAGGED
            length = self._tags.put(content, length)
        self._tx_to = put(content, length, self._tx, self._tx_to)
        self.sent = (self.sent + 1) & 0x3FFFFFFF

    def control(self, kind: int) -> int:
        """begin() of a CONTROL frame of that kind; gives the place after the kind."""
        at = self.begin(CONTROL)
        self.content[at] = kind
        return at + 1

    # ---- receiving

    def _take(self, frame: bytearray, length: int) -> None:
        """One frame that came whole."""
        first = frame[0]
        if first >> 4 != VERSION:
            self._refuse_frame(TAG_FAULT_VERSION)
            return
        if first & 0x0E:
            self.unknown += 1  # an echo, or a flag that nobody has given a meaning
            return
        if first & TAGGED or self.needs_tag:
            length = self._judge_tag(frame, length)
            if not length:
                return
        self.taken = (self.taken + 1) & 0x3FFFFFFF
        self._heard()
        channel = frame[1]
        if channel == RELIABLE and length > RELIABLE_AT:
            self._take_reliable(frame, length)
        elif channel == URGENT and length == HEADER_BYTES + 7:
            self._take_urgent(frame)
        elif channel == CONTROL and length > HEADER_BYTES:
            self._take_control(frame, length)
        else:
            self.unknown += 1

    def _judge_tag(self, frame: bytearray, length: int) -> int:
        """Length without the trailer, 0 when the frame is refused."""
        tags = self._tags
        if not frame[0] & TAGGED:
            self._refuse_frame(TAG_FAULT_NEEDED)
            return 0
        if tags is None or length < HEADER_BYTES + TRAILER_BYTES:
            self._refuse_frame(TAG_FAULT_WRONG)
            return 0
        found = tags.judge(frame, length)
        if found == GOOD:
            return length - TRAILER_BYTES
        self._refuse_frame(TAG_FAULT_COUNTER if found == OLD else TAG_FAULT_WRONG)
        return 0

    def _refuse_frame(self, reason: int) -> None:
        self._refused = (self._refused + 1) & 0x3FFFFFFF
        tick = self._executive.tick
        if ((tick - self._refuse_tick) & _TICK_MASK) >= _TICKS_PER_S or self._refused == 1:
            self._refuse_tick = tick
            self._refuse = reason
            self._say = True
            self._events.emit(EV_LINK_FRAME_REFUSED, reason, self._refused)

    def _take_control(self, frame: bytearray, length: int) -> None:
        kind = frame[4]
        if kind == HELLO and length >= 6 and frame[5] != VERSION:
            self._refuse_frame(TAG_FAULT_VERSION)
        elif kind == HELLO and length == 14:
            self._hello(frame)
        elif kind == ACK and length == 13:
            if self._is_present(frame, 5):
                self._acknowledged(u32(frame, 9))
        elif kind == QUERY and length == 13:
            self.on_query(frame, 5, u32(frame, 9))
        elif kind == EVENTS_AGAIN and length == 15:
            self.on_again(u16(frame, 5), u32(frame, 7), u32(frame, 11))
        elif kind == KEY and length == 6:
            self.on_key(frame[5])
        elif kind == BYE and length == 9:
            if self._is_present(frame, 5):
                self._watching = False
                self.left = True
        else:
            self.unknown += 1

    def _is_present(self, frame: bytearray, at: int) -> bool:
        """Whether the session at frame[at] is the present one; the ground is told when not."""
        if self.session_open and same(frame, at, self.session, 0, 4):
            return True
        self._say_no_session = True
        self._say = True
        return False

    def _take_reliable(self, frame: bytearray, length: int) -> None:
        if not self._is_present(frame, HEADER_BYTES):
            return
        number = u16(frame, 8) << 8 | frame[2]
        self._acknowledged(u16(frame, 10) << 8 | frame[3])
        self._say_ack = True
        if number < self.receiver.expected:
            self.on_doubled(number)
        elif self.receiver.take(number):  # one that is too long is taken too, or it would come for ever
            self.on_packet(frame, RELIABLE_AT, length, number)

    def _acknowledged(self, expected: int) -> None:
        self.sender.acknowledge(expected, self._executive.tick)

    # ---- session

    def _hello(self, frame: bytearray) -> None:
        new = not self.session_open or not same(frame, 6, self._nonce, 0, 4)
        copy(frame, 10, self._about, 0, 4)
        self._accepted = self.record.command_of(u16(frame, 10), u16(frame, 12))
        if new:
            self.record.open()
            copy(frame, 6, self._nonce, 0, 4)
            put16(self.session, 0, self.record.boot)
            put16(self.session, 2, self.record.opening)
            self.session_open = True
            self.sender.reset()
            self.receiver.reset()
            self._ident_top = 0
            self._was_lost = False
            self._events.emit(EV_LINK_SESSION, self.record.opening)
        self._watching = True
        self.left = False
        self._say_welcome = True
        self._say = True
        self._say_no_session = False
        self._status_in = _TICKS_PER_S
        self.on_session(new)

    def _send_welcome(self) -> None:
        if not self._say_welcome or not self._room_first(64):
            return
        self._say_welcome = False
        content = self.content
        at = self.control(WELCOME)
        at = copy(self._nonce, 0, content, at, 4)
        at = copy(self.session, 0, content, at, 4)
        at = copy(self._about, 0, content, at, 4)
        at = put32(content, at, self._accepted)
        at = put32(content, at, self.receiver.expected)
        at = put32(content, at, self.sender.oldest)
        at = copy(self._digest, 0, content, at, 8)
        at = put16(content, at, self._firmware)
        content[at] = WINDOW
        at = put16(content, at + 1, LINE_BYTES)
        at = put16(content, at, PACKET_MAX)
        at = put32(content, at, self._values[P_LINK_LOSS_MS])
        at = put32(content, at, self._events.count)
        at = put32(content, at, self._events.oldest)
        self.send(at)

    def _send_no_session(self) -> None:
        if not self._say_no_session or not self._room_first(9):
            return
        self._say_no_session = False
        self.send(copy(self.session, 0, self.content, self.control(NO_SESSION), 4))

    def _send_refused(self) -> None:
        if self._refuse == TAG_FAULT_NONE or not self._room_first(13):
            return
        content = self.content
        at = self.control(REFUSED)
        content[at] = self._refuse
        content[at + 1] = VERSION
        at = copy(self.record.floor, 0, content, at + 2, 6)
        self._refuse = TAG_FAULT_NONE
        self.send(at)

    def _send_ack(self) -> None:
        if not self.room(13):
            return
        self._say_ack = False
        content = self.content
        at = copy(self.session, 0, content, self.control(ACK), 4)
        content[3] = self.receiver.expected & 0xFF
        self.send(put32(content, at, self.receiver.expected))

    def _send_reliable(self) -> None:
        sender = self.sender
        tick = self._executive.tick
        wait = self._values[P_LINK_RESEND_MS] // _TICK_MS
        for _ in range(2):
            number = sender.due(tick, wait)
            if not number:
                return
            length = sender.length(number)
            if not self.room(RELIABLE_AT + length):
                return
            content = self.content
            at = self.begin(RELIABLE)
            expected = self.receiver.expected
            content[2] = number & 0xFF
            content[3] = expected & 0xFF
            at = copy(self.session, 0, content, at, 4)
            at = put16(content, at, number >> 8)
            at = put16(content, at, expected >> 8)
            self.send(copy(sender.packet(number), 0, content, at, length))
            sender.sent(tick)

    def _send_status(self) -> None:
        if not self.room(36):
            return
        self._status_in = _TICKS_PER_S
        content = self.content
        at = copy(self.session, 0, content, self.control(STATUS), 4)
        at = put32(content, at, self._events.count)
        at = put32(content, at, self._events.oldest)
        end = self.put_status(content, at)
        if self._was_lost:
            content[at + 2] |= _FLAG_LOST
        self.send(end)

    # ---- calling

    def beacon(self) -> None:
        """Say who is here though nobody is heard: a STATUS, of session 0 when there was none. Nothing while a
        session stands, which has its own. Allocates nothing."""
        if not self.session_open or self.lost or self.left:
            self._send_status()

    def reopen(self) -> None:
        """Set the port up anew; what was under way on it is lost. Allocates."""
        self._port.reopen()

    # ---- urgent

    def _take_urgent(self, frame: bytearray) -> None:
        kind = frame[4]
        if not URGENT_KIND_STOP <= kind <= URGENT_KIND_RESUME:
            self.unknown += 1
            return
        none = frame[7] == 0 and frame[8] == 0 and frame[9] == 0 and frame[10] == 0
        present = self.session_open and same(frame, 7, self.session, 0, 4)
        self._say_urgent = True
        self._say = True
        if same(frame, 4, self._urgent, 0, 7):
            # The ground has not heard the answer; to stop once more does no harm.
            if kind == URGENT_KIND_STOP:
                self.on_urgent(kind)
            return
        copy(frame, 4, self._urgent, 0, 7)
        ident = u16(frame, 5)
        fresh = present and ident > self._ident_top
        if present and ident > self._ident_top:
            self._ident_top = ident
        if kind == URGENT_KIND_STOP or (kind != URGENT_KIND_RESUME and (none or present)) or fresh:
            told = self.on_urgent(kind)
            self._urgent_result = URGENT_NOTHING if told < 0 else URGENT_DONE
            self._urgent_told = told if 0 <= told < 256 else 0
            if told >= 0:
                self._events.emit(EV_LINK_URGENT, kind, told)
        else:
            self._urgent_result = URGENT_REFUSED
            self._urgent_told = 0
            self._events.emit(EV_LINK_URGENT_REFUSED, kind)
            if not present:
                self._say_no_session = True
                self._say = True

    def _send_urgent(self) -> None:
        if not self._say_urgent or not self._room_first(9):
            return
        self._say_urgent = False
        content = self.content
        at = copy(self._urgent, 0, content, self.begin(URGENT), 3)
        content[at] = self._urgent_result
        content[at + 1] = self._urgent_told
        self.send(at + 2)

    # ---- loss

    def _heard(self) -> None:
        """A valid frame came."""
        tick = self._executive.tick
        self._heard_tick = tick
        if self.lost:
            self.lost = False
            silent_s = ((tick - self._lost_tick) & _TICK_MASK) // _TICKS_PER_S
            self._events.emit(EV_LINK_BACK, silent_s, self._rule, self._lost_event)
            self.on_back()

    def _watch(self) -> None:
        """Whether the ground has been silent for too long. Only after a session was opened, not after BYE."""
        if self.lost:
            return
        silent = (self._executive.tick - self._heard_tick) & _TICK_MASK
        if silent * _TICK_MS < self._values[P_LINK_LOSS_MS]:
            return
        self.lost = True
        self._was_lost = True
        self._lost_tick = self._heard_tick
        self._lost_event = self._events.count + 1
        self._rule = self.on_lost()
