"""One direction of a serial line that is in trouble: what becomes of the bytes on their way.

off           nothing comes through                                                            no value
stuck         the wire stays low: nothing comes through, and whoever listens hears one byte of zeros
garbage       each byte is another one
wrong         the two wires touch: what is sent comes back too (SerialLine does that)
slow          so many bytes a second pass; 4096 wait at most, what comes then is lost          bytes a second
delayed       everything comes so many ms late                                                 ms
intermittent  nothing comes through in so many of 1000 pieces of 20 ms, taken at random        pieces

The emulated time and a seeded generator decide, not how often one looks.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KINDS = ("off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")
VALUELESS = ("off", "stuck", "garbage", "wrong")
SLOT_US = 20_000
_WAITING_MAX = 4096


class Trouble:
    """Bytes in by put(), out by due(); both are told the time in microseconds."""

    def __init__(self, kind: str, value: int, lcg: "Any", now_us: int) -> None:
        """`lcg`: below(n) gives 0 to n - 1."""
        self.kind = kind
        self._value = value
        self._lcg = lcg
        self._waiting: "list[tuple[int, bytes]]" = []  # when each piece is due
        self._coming = b"\x00" if kind == "stuck" else b""
        self._slot = -1
        self._gone = False
        self._free_us = now_us  # a slow line: when the byte that passes now has passed

    def put(self, data: bytes, now_us: int) -> None:
        """Bytes that were sent."""
        kind = self.kind
        if not data or kind in ("off", "stuck"):
            return
        if kind == "garbage":
            self._coming += bytes([self._lcg.below(256) for _ in data])
        elif kind == "delayed":
            self._waiting.append((now_us + self._value * 1000, bytes(data)))
        elif kind == "slow":
            if self._free_us < now_us:
                self._free_us = now_us
            waiting = (self._free_us - now_us) * self._value // 1_000_000
            for byte in data[: max(0, _WAITING_MAX - waiting)]:
                self._free_us += 1_000_000 // self._value
                self._waiting.append((self._free_us, bytes([byte])))
        elif kind != "intermittent" or not self._is_gone(now_us):
            self._coming += bytes(data)

    def due(self, now_us: int) -> bytes:
        """What has come through by now."""
        data = self._coming
        self._coming = b""
        while self._waiting and self._waiting[0][0] <= now_us:
            data += self._waiting.pop(0)[1]
        return data

    def _is_gone(self, now_us: int) -> bool:
        slot = now_us // SLOT_US
        if self._slot < 0:
            self._slot = slot - 1
        while self._slot < slot:  # one draw for each piece of time, looked at or not
            self._slot += 1
            self._gone = self._lcg.below(1000) < self._value
        return self._gone
