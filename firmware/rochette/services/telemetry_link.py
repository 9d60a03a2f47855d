"""Telemetry to the ground: each packet at its own period, plain or packed. Nothing here allocates.

With PACK_SAMPLES 0 each sample is a packet of F Prime's own; else that many samples go into a frame as
differences. A frame that finds no room is dropped: telemetry is never kept, and never holds anything up.
"""

from array import array

from rochette.services.packets import first_channel, put_telemetry
from rochette.services.packing import Packer
from rochette.services.wire import PACKED, TELEMETRY, copy
from rochette.tables import P_LINK_PACK_SAMPLES, PACKET_CHANNELS, PACKET_IDS, PACKET_PERIODS, PACKET_SIZES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from rochette.services.link import Link
    from rochette.services.mission_time import MissionTime

ALL = 0xFF
_KEY_EVERY = 16
_HEAD_BYTES = 10
_BITS_BYTES = 240
_PLAIN_HEAD = 4 + 15
_FLAG_KEY = 1
_FLAG_TIME = 2


class TelemetryDownlink:
    """Samples the telemetry row packet by packet; the packets are spread over the ticks."""

    def __init__(
        self, link: "Link", values: "Any", parameters: "Any", time: "MissionTime", executive: "Any"
    ) -> None:
        """`values`: the telemetry row. `parameters`: their values."""
        count = len(PACKET_IDS)
        self.dropped = 0
        self._link = link
        self._values = values
        self._parameters = parameters
        self._time = time
        self._executive = executive
        self._first = [first_channel(n) for n in range(count)]
        self._packers = []
        for n in range(count):
            first = self._first[n]
            self._packers.append(Packer(bytes(PACKET_CHANNELS[first : first + PACKET_SIZES[n]]), _BITS_BYTES))
        self._left = array("i", [1 + n * 3 for n in range(count)])
        self._wait = 1
        self._since = 0
        self._waiting = False
        self._begun = array("i", [0] * count)
        self._chain = bytearray(count)
        self._since_key = bytearray(count)
        self._due = bytearray(count)

    def restart(self) -> None:
        """A new session, or one that goes on: everything packed begins anew."""
        for n in range(len(self._packers)):
            self._packers[n].clear()
            self._packers[n].want_key()
            self._due[n] = 0

    def ask_key(self, packet: int) -> None:
        """The ground can't read what comes: packet `packet` (0xFF: all) begins anew."""
        for n in range(len(self._packers)):
            if packet == ALL or PACKET_IDS[n] == packet:
                self._packers[n].want_key()

    def tick(self) -> None:
        """Take the samples that are due. Once a tick, before the link's."""
        self._since += 1
        if self._since < self._wait:
            return
        samples = self._parameters[P_LINK_PACK_SAMPLES]
        since = self._since
        wait = 100
        for n in range(len(self._packers)):
            left = self._left[n] - since
            if left <= 0:
                left = PACKET_PERIODS[n]
                self._sample(n, samples)
            self._left[n] = left
            if left < wait:
                wait = left
        self._since = 0
        self._wait = wait

    def _sample(self, n: int, samples: int) -> None:
        if not samples:
            self._due[n] = 1
            self._waiting = True
            return
        packer = self._packers[n]
        if packer.samples and (packer.full or packer.samples >= samples):
            # The line has not taken the last frame in a whole period.
            self.dropped = (self.dropped + 1) & 0x3FFFFFFF
            self._chain[n] = (self._chain[n] + 1) & 0xFF
            packer.clear()
            packer.want_key()
        if not packer.samples:
            self._begun[n] = self._executive.tick
        packer.add(self._values)
        if packer.full or packer.samples >= samples:
            self._due[n] = 1
            self._waiting = True

    def send(self) -> bool:
        """A slow source of the link: one frame."""
        if not self._waiting:
            return False
        for n in range(len(self._packers)):
            if self._due[n]:
                return self._send_packed(n) if self._packers[n].samples else self._send_plain(n)
        self._waiting = False
        return False

    def _send_plain(self, n: int) -> bool:
        link = self._link
        if not link.room(_PLAIN_HEAD + 4 * PACKET_SIZES[n]):
            return False
        self._due[n] = 0
        at = link.begin(TELEMETRY)
        tick = self._executive.tick
        first = self._first[n]
        size = PACKET_SIZES[n]
        link.send(put_telemetry(link.content, at, PACKET_IDS[n], first, size, self._values, self._time, tick))
        return True

    def _send_packed(self, n: int) -> bool:
        link = self._link
        packer = self._packers[n]
        length = packer.length
        if not link.room(4 + _HEAD_BYTES + length):
            return False
        self._due[n] = 0
        content = link.content
        at = link.begin(PACKED)
        content[at] = PACKET_IDS[n]
        content[at + 1] = (_FLAG_KEY if packer.is_key else 0) | (_FLAG_TIME if self._time.valid else 0)
        content[at + 2] = self._chain[n]
        content[at + 3] = packer.samples
        content[at + 4] = PACKET_PERIODS[n]
        tick = self._begun[n]
        at = self._time.put_seconds(content, at + 5, tick)
        content[at] = self._time.hundredths(tick)
        link.send(copy(packer.bits, 0, content, at + 1, length))
        self._chain[n] = (self._chain[n] + 1) & 0xFF
        self._since_key[n] = 0 if packer.is_key else self._since_key[n] + 1
        packer.clear()
        if self._since_key[n] >= _KEY_EVERY - 1:
            packer.want_key()
        return True
