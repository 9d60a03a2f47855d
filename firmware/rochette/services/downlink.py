"""Events to the ground: each once and in order, and again when asked for. Nothing here allocates.

The ring of events is the only queue: nothing that fits into it is lost by a link that was down.
"""

from array import array

from rochette.services.events import FIELDS
from rochette.services.packets import put_event
from rochette.services.wire import EVENT, GONE, put16, put32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.services.events import Events
    from rochette.services.link import Link
    from rochette.services.mission_time import MissionTime
    from rochette.services.names import Names

_FRAME_BYTES = 4 + 6 + 121
_GONE_BYTES = 4 + 1 + 10


class EventDownlink:
    """Follows the ring. `next` is the number of the event that goes out next."""

    def __init__(self, link: "Link", events: "Events", time: "MissionTime", names: "Names") -> None:
        self.next = 1
        self._link = link
        self._events = events
        self._time = time
        self._names = names
        self._record = array("i", [0] * FIELDS)
        self._again = 1
        self._again_last = 0
        self._gone_first = 1
        self._gone_last = 0
        self._gone_boot = 0

    def restart(self) -> None:
        """A new session: what is older the ground asks for."""
        self.next = self._events.count + 1
        self._again = self._gone_first = 1
        self._again_last = self._gone_last = 0

    def ask(self, boot: int, first: int, last: int) -> None:
        """The ground wants events `first` to `last` of `boot` again. A later wish replaces an earlier one."""
        events = self._events
        if last > events.count:
            last = events.count
        if boot != self._link.record.boot:
            self._gone_boot, self._gone_first, self._gone_last = boot, first, max(first, last)
            return
        if first < 1:
            first = 1
        self._again = first
        self._again_last = last

    def send(self) -> bool:
        """A source of the link: one frame."""
        events = self._events
        if self.next > events.count and self._again > self._again_last and self._gone_first > self._gone_last:
            return False
        link = self._link
        if not link.room(_FRAME_BYTES):
            return False
        if self._gone_last >= self._gone_first:
            content = link.content
            at = put16(content, link.control(GONE), self._gone_boot)
            at = put32(content, at, self._gone_first)
            at = put32(content, at, self._gone_last)
            self._gone_last = 0
            self._gone_first = 1
            link.send(at)
            return True
        oldest = events.oldest
        if self._again <= self._again_last:
            if self._again < oldest:
                # Overwritten before it could be sent again.
                self._gone_boot = link.record.boot
                self._gone_first = self._again
                self._gone_last = min(self._again_last, oldest - 1)
                self._again = self._gone_last + 1
                return True
            self._put(self._again)
            self._again += 1
            return True
        if self.next < oldest:
            self.next = oldest  # the ground sees the gap by the number
        self._put(self.next)
        self.next += 1
        return True

    def _put(self, number: int) -> None:
        self._events.read(number, self._record)
        link = self._link
        content = link.content
        at = put16(content, link.begin(EVENT), link.record.boot)
        at = put32(content, at, number)
        link.send(put_event(content, at, self._record, self._time, self._names))
