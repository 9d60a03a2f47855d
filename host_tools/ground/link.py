"""The ground's end of the reliable link of docs/wire.md, without threads, ports or clocks.

Bytes that came go in by `receive`, bytes to send come out of `poll`; both are told the time in milliseconds.
So one and the same code runs behind a port, inside F Prime's ground system, and in a test that loses every
third frame. What is heard is told to an `Ears`.

What it promises: a command is carried out once or not at all, in the order it was given; when neither can be
known, the command's state says so, and it is not sent again.
"""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.ground import wire
from host_tools.ground.framing import Deframer, frame
from host_tools.ground.tag import TRAILER_BYTES, Tag

WAITING, SENT, TAKEN, OVER, UNKNOWN, DROPPED = "waiting", "sent", "taken", "over", "unknown", "dropped"
"""States of what was given to send. OVER: answered (a command), or arrived (a file packet). UNKNOWN: it may
have been carried out. DROPPED: it was not, and will not be."""

COMMAND_PACKET = b"\x00\x00"
SILENCE_MS = 3000
"""Without a frame for this long the link is tried anew; STATUS comes once a second of the payload's own."""
SILENCE_MAX_MS = 96_000
"""A payload that was there all along and only slow, an emulated one on a busy machine, is left twice the time
after each silence, up to this: a handshake every three of our seconds would keep it from ever telling how it
is."""
_SECONDS_MISSED = 3
_QUERY_MS = 2000
_AGAIN_MS = 300
_EVENTS_HELD = 1024
_URGENT_TRIES = 100
_FORGOTTEN = "its end is not known any more"


@dataclass
class Sent:
    """A packet given to the link, and what became of it."""

    packet: bytes
    state: str = WAITING
    session: int = 0
    number: int = 0
    result: int = 0
    argument: int = 0
    value: int = 0
    why: str = ""
    """For UNKNOWN and DROPPED: why."""
    asked_ms: int = 0
    framed: int = 0

    @property
    def is_command(self) -> bool:
        """Whether an answer comes, beside the acknowledgement."""
        return self.packet.startswith(COMMAND_PACKET)

    @property
    def done(self) -> bool:
        """Whether nothing more will become of it."""
        return self.state in (OVER, UNKNOWN, DROPPED)


@dataclass
class Urgent:
    """A STOP, ABORT, PAUSE or RESUME on its way. `result`: None until answered; -1: nobody answered."""

    kind: int
    ident: int
    due_ms: int = 0
    tries: int = 0
    result: int | None = None
    told: int = 0


class Ears:
    """What the link tells. Every method may be overridden; here each lets it pass."""

    def on_up(self, welcome: wire.Welcome, fresh: bool) -> None:
        """The handshake is done; `fresh` when a new session began and nothing of the one before goes on."""

    def on_down(self, why: str) -> None:
        """Nothing was heard for a while; the link keeps trying."""

    def on_refused(self, reason: int, version: int) -> None:
        """The payload will not talk: wire.REFUSED_VERSION, _TAG_NEEDED or _TAG_WRONG."""

    def on_status(self, status: wire.Status) -> None:
        """The payload's sign of life."""

    def on_event(self, boot: int, number: int, packet: bytes) -> None:
        """An F Prime event packet: each once, in order."""

    def on_events_lost(self, boot: int, first: int, last: int) -> None:
        """These events will not come: the payload's ring has overwritten them."""

    def on_telemetry(self, packet: bytes) -> None:
        """An F Prime telemetry packet."""

    def on_packed(self, body: bytes) -> None:
        """A PACKED frame's body."""

    def on_packet(self, packet: bytes) -> None:
        """A packet that came reliably: a file's."""

    def on_text(self, text: bytes) -> None:
        """What stood between two frames: console text."""

    def on_bench(self, content: bytes) -> None:
        """A frame of the emulator's bench, which is no part of the link (bench.py)."""


@dataclass
class Counts:
    """Frames, for a report."""

    heard: int = 0
    sent: int = 0
    resent: int = 0
    dropped: int = 0
    untagged: int = 0
    mistagged: int = 0
    """Frames with a tag that is another key's, or an old one."""
    text: int = 0
    """Bytes between frames."""


class Link:
    """See the module. `nonce` is drawn anew for each Link; `history`: all events that the ring still has."""

    def __init__(self, ears: Ears, nonce: int, tag: Tag | None = None, history: bool = False) -> None:
        self._ears = ears
        self._nonce = nonce & 0xFFFFFFFF
        self._tag = tag
        self._history = history
        self._deframer = Deframer()
        self._out = bytearray()
        self._now = 0
        self.counts = Counts()
        # the session
        self.up = False
        self.session = 0
        self.welcome: wire.Welcome | None = None
        self.status: wire.Status | None = None
        self.refused = False
        self._hello_ms = 0
        self._heard_ms = 0
        self._silence_ms = SILENCE_MS
        self._went_silent = False
        self._status_ms: int | None = None
        # reliable, up
        self._queue: list[Sent] = []
        self._unacknowledged: list[Sent] = []
        self._next = 1
        self._sent_ms = 0
        self._timeout_ms = wire.RESEND_MS
        self._tries = 0
        self._open: list[Sent] = []  # commands that were taken and not answered
        # reliable, down
        self._expected = 1
        self._owe_ack = False
        self._ack_ms = 0
        # urgent
        self._urgents: list[Urgent] = []
        self._ident = 0
        # events
        self._boot = -1
        self._last_event = 0
        self._held: dict[int, bytes] = {}
        self._newest = 0
        self._gap_ms: int | None = None
        self._key_ms = 0
        self._sequences = [0] * 6

    # What the user of the link does

    def send(self, packet: bytes) -> Sent:
        """Give a packet to be sent, in order, once."""
        sent = Sent(packet)
        self._queue.append(sent)
        return sent

    def urgent(self, kind: int) -> Urgent:
        """Send STOP, ABORT, PAUSE or RESUME past everything else, until it is answered."""
        self._ident = (self._ident + 1) & 0xFFFF
        one = Urgent(kind, self._ident)
        self._urgents.append(one)
        return one

    def ask_key(self, packet: int = wire.ALL_PACKETS) -> None:
        """Have PACKED telemetry begin anew; at most once in a while."""
        if self.up and self._now - self._key_ms >= _AGAIN_MS:
            self._key_ms = self._now
            self._control(wire.key(packet))

    def bye(self) -> bytes:
        """Leave on purpose: the bytes that say so."""
        if self.session:
            self._control(wire.bye(self.session))
        self.up = False
        return self._take_out()

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be sent or acknowledged."""
        return not self._queue and not self._unacknowledged

    @property
    def heard_all(self) -> bool:
        """Whether every event that the payload is known to have told was passed on, or is lost for good."""
        return self.up and self._newest <= self._last_event

    @property
    def room(self) -> bool:
        """Whether another packet would leave soon: for those who send files."""
        return len(self._queue) < 4

    def cut(self, why: str) -> None:
        """The line itself is gone. The session is gone on with when there is one again."""
        self._deframer = Deframer()
        self._out.clear()
        if self.up:
            self._go_down(why)
        self._hello_ms = 0

    # Bytes

    def receive(self, data: bytes, now_ms: int) -> None:
        """Take bytes as they came off the line, in any pieces. Never raises for what they are."""
        self._now = now_ms
        for content in self._deframer.feed(data):
            try:
                self._take(content)
            except wire.WireError:
                self.counts.dropped += 1
        text = self._deframer.take_text()
        if text:
            self.counts.text += len(text)
            self._ears.on_text(text)

    def poll(self, now_ms: int) -> bytes:
        """What is to be sent now. Call it after `receive`, and at least every 20 ms."""
        self._now = now_ms
        self._poll_urgents()
        if self.up and now_ms - self._heard_ms > self._silence_ms:
            self._go_down(f"nothing was heard for {self._silence_ms / 1000:g} s")
            self._went_silent = True
        if not self.up:
            if not self.refused and now_ms >= self._hello_ms:
                self._hello_ms = now_ms + wire.HELLO_MS
                self._control(wire.hello(self._nonce, self.session))
            return self._take_out()
        self._resend()
        self._fill_window()
        self._ask_how_they_ended()
        self._ask_missing_events()
        if self._owe_ack or now_ms - self._ack_ms >= wire.LIFE_MS:
            self._owe_ack = False
            self._ack_ms = now_ms
            self._control(wire.session_number(wire.ACK, self.session, self._expected))
        return self._take_out()

    def _take_out(self) -> bytes:
        out = bytes(self._out)
        self._out.clear()
        return out

    def _put(self, channel: int, sequence: int, acknowledged: int, body: bytes) -> int:
        """Queue a frame for the line; its length there."""
        head = wire.FROM_GROUND | (wire.TAGGED if self._tag else 0)
        content = bytes((head, channel, sequence & 0xFF, acknowledged & 0xFF)) + body
        framed = frame(self._tag.put(content) if self._tag else content)
        self._out += framed
        self.counts.sent += 1
        return len(framed)

    def _count_up(self, channel: int) -> int:
        self._sequences[channel] = (self._sequences[channel] + 1) & 0xFF
        return self._sequences[channel]

    def _control(self, body: bytes) -> None:
        acknowledged = self._expected if body[0] == wire.ACK else 0
        self._put(wire.CONTROL, self._count_up(wire.CONTROL), acknowledged, body)

    # Frames

    def _take(self, content: bytes) -> None:
        if content[0] & 0xF0 != wire.FROM_GROUND:
            self._ears.on_bench(content)
            return
        whole = self._unwrap(content)
        if whole is None:
            self.counts.dropped += 1
            return
        header, body = whole[: wire.HEADER_BYTES], whole[wire.HEADER_BYTES :]
        self._heard_ms = self._now
        self.counts.heard += 1
        channel = header[1]
        if channel == wire.CONTROL:
            self._on_control(body)
        elif channel == wire.RELIABLE:
            self._on_reliable(*wire.read_reliable(header, body))
        elif channel == wire.EVENT:
            self._on_event(*wire.read_event(body))
        elif channel == wire.TELEMETRY:
            self._ears.on_telemetry(body)
        elif channel == wire.PACKED:
            self._ears.on_packed(body)
        elif channel == wire.URGENT:
            self._on_urgent(wire.read_urgent(body))
        else:
            self.counts.dropped += 1

    def _unwrap(self, content: bytes) -> bytes | None:
        """Header and body of a frame that is for us and that we believe, else None."""
        if len(content) < wire.HEADER_BYTES or len(content) + wire.CHECK_BYTES > wire.CONTENT_MAX:
            return None
        if content[0] & ~wire.TAGGED != wire.FROM_PAYLOAD:
            return None  # our own frame, come back
        tagged = bool(content[0] & wire.TAGGED)
        if self._tag is not None:
            if not tagged:
                self.counts.untagged += 1
                return None
            found = self._tag.take(content)
            self.counts.mistagged += found is None
            return found
        if not tagged:
            return content
        # Without a key nothing tagged can be believed; only that a tag is needed is worth hearing.
        plain = content[:-TRAILER_BYTES]
        refusal = plain[1:2] == bytes((wire.CONTROL,)) and plain[4:5] == bytes((wire.REFUSED,))
        return plain if refusal else None

    def _on_control(self, body: bytes) -> None:
        kind, rest = body[0] if body else 0, body[1:]
        if kind == wire.WELCOME:
            self._on_welcome(wire.read_welcome(rest))
        elif kind == wire.ACK:
            session, expected = wire.read_pair(rest)
            if session == self.session:
                self._acknowledge(expected)
        elif kind == wire.STATUS:
            self._on_status(wire.read_status(rest))
        elif kind == wire.ANSWER:
            self._on_answer(wire.read_answer(rest))
        elif kind == wire.GONE:
            self._on_gone(*wire.read_gone(rest))
        elif kind == wire.NO_SESSION:
            if wire.read_no_session(rest) != self.session and self.up:
                self._go_down("the payload has begun anew")
        elif kind == wire.REFUSED:
            self._on_refused(*wire.read_refused(rest))
        else:
            self.counts.dropped += 1

    def _on_refused(self, reason: int, version: int, floor: int) -> None:
        if reason == wire.REFUSED_COUNTER and self._tag is not None:
            self._tag.jump(floor)
            self._hello_ms = 0
            return
        if reason == wire.REFUSED_VERSION and version == wire.VERSION:
            return  # not this link's frame: one for the bench, at a payload that has none
        self.refused = True
        self._ears.on_refused(reason, version)

    # Session

    def _go_down(self, why: str) -> None:
        self.up = False
        self._hello_ms = 0
        self._went_silent = False
        self._status_ms = None
        self._ears.on_down(why)

    def _on_welcome(self, welcome: wire.Welcome) -> None:
        if self.up or welcome.nonce != self._nonce or not welcome.session:
            return
        if welcome.about != self.session:
            return  # it answers a HELLO of another time: what it says of our commands is not true any more
        fresh = welcome.session != self.session
        if fresh:
            self._begin_session(welcome)
            self._silence_ms = SILENCE_MS
        else:
            self._acknowledge(welcome.expected)
            if self._went_silent:
                self._silence_ms = min(2 * self._silence_ms, SILENCE_MAX_MS)
        self.welcome = welcome
        self.up = True
        self.refused = False
        self._tries = 0
        self._timeout_ms = wire.RESEND_MS
        self._sent_ms = self._now - self._timeout_ms  # what is still out goes again at once
        self._owe_ack = True
        self._begin_events(welcome)
        self._ears.on_up(welcome, fresh)

    def _begin_session(self, welcome: wire.Welcome) -> None:
        """Both sides count from 1 again. What was on its way is sorted by what the payload knows of it."""
        old = self.session
        again: list[Sent] = []
        for sent in self._unacknowledged:
            if not sent.is_command:
                self._end(sent, DROPPED, "the payload began anew in the middle of the transfer")
            elif welcome.accepted == wire.NO_MEMORY:
                self._end(sent, UNKNOWN, "the payload began anew and does not know whether it took it")
            elif sent.number <= welcome.accepted:
                sent.state = TAKEN
                self._open.append(sent)
            else:
                sent.state = WAITING
                again.append(sent)
        if old:
            for sent in self._queue:
                if not sent.is_command:
                    self._end(sent, DROPPED, "the payload began anew in the middle of the transfer")
        self._queue = again + [sent for sent in self._queue if not sent.done]
        self._unacknowledged = []
        for sent in self._open:
            sent.asked_ms = 0
        self.session = welcome.session
        self._next = 1
        self._expected = 1
        self._ident = 0 if not self._urgents else self._ident

    @staticmethod
    def _end(sent: Sent, state: str, why: str = "") -> None:
        sent.state = state
        sent.why = why

    def _on_status(self, status: wire.Status) -> None:
        if status.session != self.session:
            if self.up:
                self._go_down("the payload has begun anew")
            return
        self.status = status
        if self._status_ms is not None:
            # As fast as it is now: three of its seconds, and no less than three of ours.
            missed = _SECONDS_MISSED * (self._now - self._status_ms)
            self._silence_ms = max(SILENCE_MS, min(self._silence_ms, missed))
        self._status_ms = self._now
        self._newest = max(self._newest, status.newest)
        # An answer to each sign of life: however fast the payload's time runs, it hears us in time.
        self._owe_ack = True
        self._ears.on_status(status)

    # Reliable

    def _acknowledge(self, expected: int) -> None:
        """Everything below `expected` has arrived; what was never sent cannot have."""
        if expected > self._next or not self._unacknowledged or expected <= self._unacknowledged[0].number:
            return
        while self._unacknowledged and self._unacknowledged[0].number < expected:
            sent = self._unacknowledged.pop(0)
            if sent.done:
                continue
            if sent.is_command:
                sent.state = TAKEN
                sent.asked_ms = self._now
                self._open.append(sent)
            else:
                self._end(sent, OVER)
        self._sent_ms = self._now
        self._timeout_ms = wire.RESEND_MS
        self._tries = 0

    def _on_reliable(self, session: int, number: int, expected: int, packet: bytes) -> None:
        if not self.up or session != self.session:
            self.counts.dropped += 1
            return
        self._acknowledge(expected)
        self._owe_ack = True
        if number != self._expected or not packet:
            self.counts.dropped += 1
            return
        self._expected += 1
        self._ears.on_packet(packet)

    def _resend(self) -> None:
        if not self._unacknowledged or self._now - self._sent_ms < self._timeout_ms:
            return
        if self._tries >= wire.RESEND_TRIES:
            self._go_down(f"a frame was sent {self._tries} times and not acknowledged")
            return
        self._tries += 1
        self._timeout_ms = min(self._timeout_ms * 2, wire.RESEND_MAX_MS)
        for sent in self._unacknowledged:
            self._put_reliable(sent)
            self.counts.resent += 1
        self._sent_ms = self._now

    def _fill_window(self) -> None:
        assert self.welcome is not None
        if not self.up:
            return
        on_the_line = sum(sent.framed for sent in self._unacknowledged)
        while self._queue and len(self._unacknowledged) < self.welcome.window:
            if self._next >= wire.NUMBER_LAST:
                self._nonce = (self._nonce + 1) & 0xFFFFFFFF  # another nonce opens another session
                self._go_down("the numbers of this session are used up")
                return
            sent = self._queue[0]
            size = len(sent.packet) + 2 * wire.HEADER_BYTES + 10
            if self._unacknowledged and on_the_line + size > self.welcome.line:
                return
            self._queue.pop(0)
            if len(sent.packet) > self.welcome.packet:
                why = f"{len(sent.packet)} bytes; the payload takes {self.welcome.packet} at most"
                self._end(sent, DROPPED, why)
                continue
            if not self._unacknowledged:
                self._sent_ms = self._now
            sent.session, sent.number, sent.state = self.session, self._next, SENT
            self._next += 1
            self._unacknowledged.append(sent)
            on_the_line += self._put_reliable(sent)

    def _put_reliable(self, sent: Sent) -> int:
        body = wire.reliable(self.session, sent.number, self._expected, sent.packet)
        sent.framed = self._put(wire.RELIABLE, sent.number, self._expected, body)
        return sent.framed

    # Answers

    def _on_answer(self, answer: wire.Answer) -> None:
        for sent in (*self._open, *self._unacknowledged):
            if sent.session == answer.session and sent.number == answer.number and not sent.done:
                break
        else:
            return
        if answer.state == wire.ENDED:
            sent.result, sent.argument, sent.value = answer.result, answer.argument, answer.value
            self._end(sent, OVER)
        elif answer.state == wire.TAKEN_BEFORE_RESTART:
            self._end(sent, UNKNOWN, f"the payload restarted after it took it, and {_FORGOTTEN}")
        elif answer.state == wire.NOT_KNOWN and sent.state == TAKEN:
            self._end(sent, UNKNOWN, f"the payload took it, and {_FORGOTTEN}")
        self._open = [one for one in self._open if not one.done]

    def _ask_how_they_ended(self) -> None:
        for sent in self._open:
            if self._now - sent.asked_ms >= _QUERY_MS:
                sent.asked_ms = self._now
                self._control(wire.session_number(wire.QUERY, sent.session, sent.number))

    # Urgent

    def _poll_urgents(self) -> None:
        for one in self._urgents:
            if one.result is None and self._now >= one.due_ms:
                if one.tries >= _URGENT_TRIES:
                    one.result = -1
                    continue
                one.tries += 1
                one.due_ms = self._now + wire.URGENT_MS
                body = wire.urgent(one.kind, one.ident, self.session)
                self._put(wire.URGENT, self._count_up(wire.URGENT), 0, body)
        self._urgents = [one for one in self._urgents if one.result is None]

    def _on_urgent(self, answer: wire.UrgentAnswer) -> None:
        for one in self._urgents:
            if one.kind == answer.kind and one.ident == answer.ident:
                one.result, one.told = answer.result, answer.told

    # Events

    def _begin_events(self, welcome: wire.Welcome) -> None:
        if welcome.boot != self._boot:
            # The first payload heard tells what comes from now on, unless its history is wanted; one that
            # restarted while we were there tells everything since.
            whole = self._history or self._boot >= 0
            self._boot = welcome.boot
            self._last_event = max(0, welcome.oldest - 1) if whole else welcome.newest
            self._held.clear()
            self._newest = 0
        self._newest = max(self._newest, welcome.newest)
        self._gap_ms = 0 if self._newest > self._last_event else None

    def _on_event(self, boot: int, number: int, packet: bytes) -> None:
        if not self.up or boot != self._boot or number <= self._last_event:
            self.counts.dropped += 1
            return
        self._newest = max(self._newest, number)
        if len(self._held) < _EVENTS_HELD:
            self._held[number] = packet
        self._tell_events()

    def _tell_events(self) -> None:
        while self._last_event + 1 in self._held:
            self._last_event += 1
            self._ears.on_event(self._boot, self._last_event, self._held.pop(self._last_event))

    def _on_gone(self, boot: int, first: int, last: int) -> None:
        if boot != self._boot or not first <= self._last_event + 1 <= last:
            return
        missing = self._last_event + 1
        last = min(last, max(self._newest, missing))
        for number in [n for n in self._held if n <= last]:
            del self._held[number]
        self._ears.on_events_lost(boot, missing, last)
        self._last_event = last
        self._tell_events()

    def _ask_missing_events(self) -> None:
        """Events come in order; what has not come a moment after a later one was seen is asked for."""
        if self._newest <= self._last_event:
            self._gap_ms = None
            return
        if self._gap_ms is None:
            self._gap_ms = self._now
        elif self._now - self._gap_ms >= _AGAIN_MS or self._gap_ms == 0:
            self._gap_ms = self._now
            last = min(self._held, default=self._newest + 1) - 1
            self._control(wire.events_again(self._boot, self._last_event + 1, last))
