"""PACKED telemetry of docs/wire.md: several samples of one packet as differences, turned back into F Prime's.

Each packet id has its own last values, means and chain. A frame whose chain does not follow cannot be read
until a KEY frame comes; `unpack` then says so by None, and the caller asks for one.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from host_tools.ground.packets import TELEMETRY, ChannelShape, Enumeration, Integer, PacketError, Schema

KEY, MISSION_TIME = 1, 2
_HEAD = struct.Struct(">BBBBBIB")
_ONES_MAX = 10
_STEP_MAX = 8191
TICKS_A_SECOND = 100


class _Bits:
    """Bits of a body, the most significant first."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def take(self, count: int) -> int:
        self._left -= count
        if self._left < 0:
            raise PacketError("a PACKED frame ends in the middle of a value")
        return self._number >> self._left & ((1 << count) - 1)

    def whole(self) -> int:
        return self.take(self.take(6))

    def rest_is_padding(self) -> bool:
        return self._left < 8 and self.take(self._left) == 0


@dataclass
class _Chain:
    """What one packet's next frame builds on."""

    last: list[int]
    mean: list[int]
    chain: int = -1
    fields: list[ChannelShape] = field(default_factory=list)


def _signed(z: int) -> int:
    return z >> 1 if not z & 1 else -((z + 1) >> 1)


class Unpacker:
    """Turns PACKED bodies into F Prime telemetry packets."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._chains: dict[int, _Chain] = {}
        self.dropped = 0

    def forget(self) -> None:
        """A new session: nothing can be built upon."""
        self._chains.clear()

    def unpack(self, body: bytes) -> list[bytes] | None:
        """A frame's packets; None when it builds on one that was lost. Raises PacketError for nonsense."""
        if len(body) < _HEAD.size:
            raise PacketError("a PACKED frame is too short for its head")
        number, flags, chain_number, count, period, seconds, hundredths = _HEAD.unpack_from(body)
        chain = self._chain(number)
        key = bool(flags & KEY)
        if not key and (chain.chain < 0 or chain_number != (chain.chain + 1) & 0xFF):
            chain.chain = -1
            self.dropped += 1
            return None
        bits = _Bits(body[_HEAD.size :])
        packets = []
        try:
            for sample in range(count):
                self._sample(chain, bits, key and sample == 0)
                tick = hundredths + sample * period
                time = struct.pack(
                    ">HBII",
                    2 if flags & MISSION_TIME else 1,
                    0,
                    seconds + tick // TICKS_A_SECOND,
                    tick % TICKS_A_SECOND * (1_000_000 // TICKS_A_SECOND),
                )
                packets.append(struct.pack(">HH", TELEMETRY, number) + time + _values(chain))
            if not bits.rest_is_padding():
                raise PacketError("a PACKED frame has more bits than samples")
        except PacketError:
            chain.chain = -1
            raise
        chain.chain = chain_number
        return packets

    def _chain(self, number: int) -> _Chain:
        if number not in self._chains:
            if number not in self._schema.packets:
                raise PacketError(f"telemetry packet {number} is not in this dictionary")
            channels = list(self._schema.packets[number])
            self._chains[number] = _Chain([0] * len(channels), [0] * len(channels), -1, channels)
        return self._chains[number]

    @staticmethod
    def _sample(chain: _Chain, bits: _Bits, key: bool) -> None:
        for at in range(len(chain.last)):
            if key:
                chain.last[at] = _signed(bits.whole())
                chain.mean[at] = 0
                continue
            mean = chain.mean[at]
            k = (mean >> 4).bit_length()
            ones = 0
            while ones < _ONES_MAX and bits.take(1):
                ones += 1
            z = bits.whole() if ones == _ONES_MAX else ones << k | bits.take(k)
            chain.last[at] += _signed(z)
            chain.mean[at] = mean - (mean >> 3) + min(z, _STEP_MAX)


def _values(chain: _Chain) -> bytes:
    """The last values as F Prime's packet has them."""
    out = b""
    for channel, value in zip(chain.fields, chain.last, strict=True):
        kind = channel.type.base if isinstance(channel.type, Enumeration) else channel.type
        if not isinstance(kind, Integer) or not kind.low <= value <= kind.high:
            raise PacketError(f"{value} does not fit {channel.name}")
        out += kind.pack(value)
    return out
