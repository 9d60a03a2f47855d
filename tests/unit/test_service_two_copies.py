"""What stands in the FRAM of a payload that was built earlier is read, and written as it always was.

The bytes below were written by the three records when each had copies of its own.
"""

from __future__ import annotations

import pytest

from rochette.services.link_record import LinkRecord
from rochette.services.start_record import StartRecord
from rochette.services.stores import MemoryStore
from rochette.services.survival_record import SurvivalRecord
from rochette.services.two_copies import newer
from rochette.tables import TIER_NO_ACTIVITY

LINK = bytes.fromhex(
    "0004123400020000000100000000070000000000f33d7355000312340001010203010000000007000000000022b314aa"
)
SURVIVAL = bytes.fromhex(
    "000202010300012c00000002000000020000000300011170000000053fffffff893de739"
    "000102010300012c00000001000000020000000300011170000000053fffffffe10b5ca9"
)
START = bytes.fromhex(
    "0106010006000000060000000000000000000000000000000000000021be9fee"
    "010501000500000005000000000000000000000000000000000000000077bcaa"
)


def kept(data: bytes) -> MemoryStore:
    store = MemoryStore(len(data))
    store.write(0, data)
    return store


def test_a_link_record_of_old_is_read_and_written_as_ever() -> None:
    record = LinkRecord(kept(LINK), 0x55)
    assert (record.before_boot, record.before_opening, record.before_command) == (0x1234, 2, 0)
    assert (record.boot, bytes(record.floor)) == (0x1235, bytes((1, 0, 0, 0, 0, 7)))
    store = MemoryStore(len(LINK))
    again = LinkRecord(store, 0x1234)
    again.floor[0], again.floor[5] = 1, 7
    assert again.open() and again.note_command(0x010203) and again.open()
    assert bytes(store.data) == LINK


def test_a_survival_record_of_old_is_read_and_written_as_ever() -> None:
    record = SurvivalRecord(kept(SURVIVAL))
    assert record.load()
    assert (record.wakes, record.missed, record.refused) == (2, 2, 3)
    assert (record.state, record.reason, record.resets, record.time_invalid) == (2, 300, 3, True)
    assert (record.asleep_s, record.energy_mwh, record.last_s) == (70000, 5, 0x3FFFFFFF)
    store = MemoryStore(len(SURVIVAL))
    record.store = store
    record._serial = 0
    for record.wakes in (1, 2):
        assert record.save()
    assert bytes(store.data) == SURVIVAL


def test_a_start_record_of_old_is_read_and_written_as_ever() -> None:
    record = StartRecord(kept(START))
    assert (record.starts, record.quick, record.tier) == (7, 6, TIER_NO_ACTIVITY)
    store = MemoryStore(len(START))
    for _ in range(6):
        StartRecord(store)
    assert bytes(store.data) == START


def test_a_start_record_of_another_format_is_not_taken() -> None:
    data = bytearray(START)
    data[0] = 2  # its newer copy; the sum does not matter
    assert StartRecord(kept(bytes(data))).starts == 6


@pytest.mark.parametrize(
    "serial, than, later",
    [
        (1, 0, True),
        (0, 1, False),
        (5, 5, False),
        (0, 0xFFFF, True),
        (0xFFFF, 0, False),
        (0x10000, 0xFFFF, True),
    ],
)
def test_serial_numbers_count_round(serial: int, than: int, later: bool) -> None:
    assert newer(serial, than) is later
