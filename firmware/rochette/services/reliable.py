"""Numbers of frames that must arrive, in order, once: the sending side of the payload.

Frames are kept until they are acknowledged; when the oldest has waited too long all of them go out again. The
receiving side needs no more than one number, the one it expects next: docs/wire.md, "Reliable".
"""

from rochette.services.wire import NUMBER_MAX, PACKET_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_TICK_MASK = 0x3FFFFFFF


class Sender:
    """Up to `slots` unacknowledged packets. Allocates nothing after the constructor."""

    def __init__(self, slots: int = 4) -> None:
        self.slots = slots
        self.resent = 0
        self._packets = [bytearray(PACKET_MAX) for _ in range(slots)]
        self._lengths = [0] * slots
        self.reset()

    def reset(self) -> None:
        """A new session: what was not acknowledged is dropped, numbers begin at 1."""
        self.oldest = 1
        self.next = 1
        self._unsent = 1
        self._never_sent = 1
        self._waits_from = 0

    @property
    def waiting(self) -> int:
        """Packets that are not acknowledged yet."""
        return self.next - self.oldest

    @property
    def full(self) -> bool:
        """Whether offer() would find no place; also when the numbers of a session are used up."""
        return self.next - self.oldest >= self.slots or self.next >= NUMBER_MAX

    def buffer(self) -> bytearray:
        """Where the next packet is to be written, at most PACKET_MAX bytes. Only while it is not full."""
        return self._packets[self.next % self.slots]

    def offer(self, length: int) -> None:
        """The packet in buffer(), `length` bytes, is to be sent. Only while it is not full."""
        self._lengths[self.next % self.slots] = length
        self.next += 1

    def acknowledge(self, expected: int, tick: int) -> None:
        """The other side has everything below `expected`. What was never sent can't be acknowledged."""
        if self.oldest < expected <= self._never_sent:
            self.oldest = expected
            self._waits_from = tick
            if self._unsent < expected:
                self._unsent = expected

    def due(self, tick: int, resend_ticks: int) -> int:
        """The number that is to be sent now, 0 for none. After `resend_ticks` without an acknowledgement all
        are due again."""
        if self._unsent > self.oldest and ((tick - self._waits_from) & _TICK_MASK) >= resend_ticks:
            self.resent = (self.resent + self._unsent - self.oldest) & 0x3FFFFFFF
            self._unsent = self.oldest
        if self._unsent < self.next:
            return self._unsent
        return 0

    def sent(self, tick: int) -> None:
        """The packet that due() named has gone out."""
        if self._unsent == self.oldest:
            self._waits_from = tick
        self._unsent += 1
        if self._unsent > self._never_sent:
            self._never_sent = self._unsent

    def packet(self, number: int) -> bytearray:
        """The packet of an unacknowledged number."""
        return self._packets[number % self.slots]

    def length(self, number: int) -> int:
        """Its length in bytes."""
        return self._lengths[number % self.slots]


class Receiver:
    """The receiving side: `expected` is the one number that is taken."""

    def __init__(self) -> None:
        self.expected = 1

    def reset(self) -> None:
        """A new session."""
        self.expected = 1

    def take(self, number: "Any") -> bool:
        """Whether the frame of that number is the one; it is expected no more then."""
        if number != self.expected:
            return False
        self.expected += 1
        return True
