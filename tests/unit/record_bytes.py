"""Custody records and events as bytes and rows, for tests: a record's sum made good, what an event said."""

from __future__ import annotations

import zlib

from rochette.services.events import FIELDS, Events

CRC_AT = 60


def sealed(raw: bytearray, at: int = 0) -> bytearray:
    """The record at `at`, with a sum that fits whatever it says now."""
    raw[at + CRC_AT : at + CRC_AT + 4] = zlib.crc32(raw[at + 1 : at + CRC_AT]).to_bytes(4, "little")
    return raw


def told(events: Events, event_id: int) -> list[list[int]]:
    """The four numbers of each event of that kind, the oldest first."""
    row = [0] * FIELDS
    return [row[2:] for n in range(1, events.count + 1) if events.read(n, row) and row[0] == event_id]
