"""The tag: who may speak on a link that is not USB.

Every frame then ends in a counter that only grows and a tag over header, body and counter, made with a key
that both sides have and that never crosses the line. A frame that is replayed has an old counter; one that is
forged has a wrong tag; one that is sent back has the wrong direction in its header.

The key's file holds 16 to 64 bytes as hexadecimal digits. It must belong to its user alone.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
import time
from pathlib import Path

from host_tools.ground.errors import BadKey

COUNTER_BYTES = 6
TAG_BYTES = 8
TRAILER_BYTES = COUNTER_BYTES + TAG_BYTES
KEY_MIN, KEY_MAX = 16, 64
NEW_KEY_BYTES = 32
_EPOCH_2020_MS = 1_577_836_800_000


class Tag:
    """One side's use of a key."""

    def __init__(self, key: bytes, counter: int | None = None) -> None:
        """`counter` is the last one used; by default milliseconds since 2020, above any used before."""
        if not KEY_MIN <= len(key) <= KEY_MAX:
            raise BadKey(f"a key has {KEY_MIN} to {KEY_MAX} bytes, this one has {len(key)}.")
        self._key = key
        self._sent = time.time_ns() // 1_000_000 - _EPOCH_2020_MS if counter is None else counter
        self._heard = -1

    def put(self, content: bytes) -> bytes:
        """Header and body with their trailer."""
        self._sent += 1
        counted = content + self._sent.to_bytes(COUNTER_BYTES, "big")
        return counted + self._of(counted)

    def take(self, content: bytes) -> bytes | None:
        """Header and body of what came; None: no trailer, a wrong tag, or a counter that is not new."""
        counted, tag = content[:-TAG_BYTES], content[-TAG_BYTES:]
        if len(content) < TRAILER_BYTES or not hmac.compare_digest(self._of(counted), tag):
            return None
        counter = int.from_bytes(counted[-COUNTER_BYTES:], "big")
        if counter <= self._heard:
            return None
        self._heard = counter
        return counted[:-COUNTER_BYTES]

    def jump(self, floor: int) -> None:
        """The payload takes only counters above `floor`."""
        self._sent = max(self._sent, floor)

    def _of(self, counted: bytes) -> bytes:
        return hmac.new(self._key, counted, hashlib.sha256).digest()[:TAG_BYTES]


def read_key(path: Path | str) -> bytes:
    """The key in a file. Raises BadKey when it is not one, or when others may read it."""
    where = Path(path)
    try:
        mode = where.stat().st_mode
        text = where.read_text(encoding="ascii")
    except OSError as error:
        raise BadKey(f"{path}: the key cannot be read ({error.strerror}). Nothing was sent.") from error
    except UnicodeDecodeError:
        raise BadKey(f"{path}: a key is written in hexadecimal digits. Nothing was sent.") from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise BadKey(f"{path}: others than you may read this key: chmod 600 {path}. Nothing was sent.")
    try:
        key = bytes.fromhex("".join(text.split()))
    except ValueError:
        raise BadKey(f"{path}: a key is written in hexadecimal digits. Nothing was sent.") from None
    if not KEY_MIN <= len(key) <= KEY_MAX:
        raise BadKey(
            f"{path}: a key has {KEY_MIN} to {KEY_MAX} bytes, this one {len(key)}. Nothing was sent."
        )
    return key


def new_key(path: Path | str) -> None:
    """Make a key in a file that its owner alone may read. Raises BadKey; an old file stays as it is."""
    try:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(secrets.token_hex(NEW_KEY_BYTES) + "\n")
    except FileExistsError:
        raise BadKey(f"{path}: it is there already, and a key is never written over.") from None
    except OSError as error:
        raise BadKey(f"{path}: the key cannot be written ({error.strerror}).") from error
