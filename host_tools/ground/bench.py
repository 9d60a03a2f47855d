"""The bench of an emulated payload, over the same port: what hands and eyes do beside the link.

A payload on a real bench has people around it: they put a rock under the drill, and take the picture off the
camera. For an emulated one, frames whose first byte is none of the link's carry that, as JSON: B0 from the
ground, B2 from the bench. They never reach the emulated payload; a real one refuses them as frames of a
version that it does not know (docs/wire.md, header), and nobody else answers.

    ground -> bench   {"t": "hello"}
                      {"t": "fresh", "rock": name, "rock_data": {...}, "seed": n}    power-cycled, other rock
    bench -> ground   {"t": "here", "rock": name, "seed": n, "target": name, "ms": n}   answers both
                      {"t": "refused", "why": text}
                      {"t": "picture", "scene": {...}}                             each picture as it is taken
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

from host_tools.ground.framing import FLAG, FRAME_MAX, content_of, frame

TO_BENCH, FROM_BENCH = 0xB0, 0xB2
_FLAG = bytes((FLAG,))


def frame_of(message: Mapping[str, Any], first: int = FROM_BENCH) -> bytes:
    """A message as it crosses the wire."""
    return frame(bytes((first,)) + zlib.compress(json.dumps(message, separators=(",", ":")).encode()))


def message_of(content: bytes, first: int = FROM_BENCH) -> dict[str, Any] | None:
    """The message in a frame's content, or None when it is none."""
    if content[:1] != bytes((first,)):
        return None
    try:
        message = json.loads(zlib.decompress(content[1:]))
    except (zlib.error, ValueError):
        return None
    return message if isinstance(message, dict) else None


class Splitter:
    """Takes the bench's frames out of what comes from the ground; all else passes at once, unchanged."""

    def __init__(self) -> None:
        self._held = b""
        self._after_flag = False

    def feed(self, data: bytes) -> tuple[bytes, list[dict[str, Any]]]:
        """The bytes for the payload, and the messages for the bench."""
        data = self._held + data
        self._held = b""
        rest = b""
        messages = []
        while data:
            end = data.find(_FLAG)
            if self._after_flag and data[0] == TO_BENCH and len(data) <= FRAME_MAX:
                if end < 0:
                    self._held = data
                    break
                content = content_of(data[:end])
                message = message_of(content, TO_BENCH) if content else None
                if message is not None:
                    messages.append(message)
                    data = data[end + 1 :]
                    continue
            passed = data[: end + 1] if end >= 0 else data
            rest += passed
            data = data[len(passed) :]
            self._after_flag = end >= 0
        return rest, messages
