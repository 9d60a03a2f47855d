"""A line between two ends of the link that loses, doubles, swaps, damages and delays, by a seed."""

from __future__ import annotations

import random


class Line:
    """One direction. Each chunk written is a packet of bytes to mistreat; `permille` of each kind of harm."""

    def __init__(self, seed: int, permille: int = 0, text: bool = False) -> None:
        self._random = random.Random(seed)
        self._permille = permille
        self._text = text
        self._flying: list[tuple[int, int, bytes]] = []
        self._count = 0
        self._old: list[bytes] = []
        self.harmed = 0

    def write(self, data: bytes, now_ms: int) -> None:
        """Frames in; each meets its fate."""
        for frame in _frames(data):
            self._old = [*self._old[-30:], frame]
            delay = 5
            copies = [frame]
            if self._hit():
                copies = []  # lost
            if self._hit():
                copies = copies * 2  # doubled
            if self._hit():
                delay += self._random.randrange(5, 200)  # overtaken by others
            if self._hit() and copies:
                at = self._random.randrange(len(frame))
                copies[0] = frame[:at] + bytes((self._random.randrange(256),)) + frame[at + 1 :]
            if self._hit():
                copies.append(self._random.choice(self._old))  # replayed
            if self._text and self._hit():
                copies.append(b"\r\n>>> Traceback\r\n")
            for copy in copies:
                self._count += 1
                self._flying.append((now_ms + delay, self._count, copy))

    def _hit(self) -> bool:
        hit = self._random.randrange(1000) < self._permille
        self.harmed += hit
        return hit

    def read(self, now_ms: int) -> bytes:
        """What arrives by now, in the order it arrives."""
        due = sorted(entry for entry in self._flying if entry[0] <= now_ms)
        self._flying = [entry for entry in self._flying if entry[0] > now_ms]
        return b"".join(entry[2] for entry in due)


def _frames(data: bytes) -> list[bytes]:
    return [b"\x7e" + part + b"\x7e" for part in data.split(b"\x7e") if part]
