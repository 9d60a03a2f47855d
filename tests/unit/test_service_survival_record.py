"""The record of survival: two copies in turn, so that a cut at any byte leaves the old one or the new one."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rochette.services.stores import MemoryStore
from rochette.services.survival_record import COPY_BYTES, RECORD_BYTES, SurvivalRecord

NAMES = ("state", "reason", "resets", "time_invalid", "wakes", "missed", "refused", "asleep_s")
NAMES += ("energy_mwh", "last_s")
COUNT = st.integers(0, 0x3FFFFFFF)


class PowerGone(BaseException):
    pass


class CutStore(MemoryStore):
    """Loses power after `left` written bytes; -1 never."""

    left = -1

    def write(self, offset: int, buffer: bytes) -> None:
        if self.left < 0:
            super().write(offset, buffer)
            return
        super().write(offset, bytes(buffer)[: self.left])
        raise PowerGone


def told(record: SurvivalRecord) -> tuple[int, ...]:
    return tuple(getattr(record, name) for name in NAMES)


def read(store: MemoryStore) -> SurvivalRecord:
    record = SurvivalRecord(store)
    record.load()
    return record


@settings(max_examples=60, deadline=None)
@given(
    st.tuples(st.integers(0, 3), st.integers(0, 0xFFFF), st.integers(0, 255), st.booleans(), *[COUNT] * 6)
)
def test_what_is_saved_is_read(values: tuple[int, ...]) -> None:
    store = MemoryStore(RECORD_BYTES)
    record = SurvivalRecord(store)
    for name, value in zip(NAMES, values, strict=True):
        setattr(record, name, value)
    assert record.save()
    again = read(store)
    assert again.found and told(again) == values


@pytest.mark.parametrize("saves", [1, 2, 3])
def test_a_cut_at_each_byte_leaves_the_old_one_or_the_new_one(saves: int) -> None:
    for left in range(COPY_BYTES + 1):
        store = CutStore(RECORD_BYTES)
        record = SurvivalRecord(store)
        for number in range(1, saves + 1):
            record.wakes = number
            record.save()
        store.left = left
        record.wakes = saves + 1
        with pytest.raises(PowerGone):
            record.save()
        store.left = -1
        assert read(store).wakes in ((saves, saves + 1) if left == COPY_BYTES else (saves,))


@settings(max_examples=80, deadline=None)
@given(st.integers(0, RECORD_BYTES * 8 - 1), st.integers(1, 4))
def test_a_flipped_bit_costs_one_copy_at_most(bit: int, saves: int) -> None:
    store = MemoryStore(RECORD_BYTES)
    record = SurvivalRecord(store)
    for number in range(1, saves + 1):
        record.wakes = 10 * number
        record.save()
    one = bytearray(1)
    store.read_into(bit // 8, one)
    one[0] ^= 1 << bit % 8
    store.write(bit // 8, one)
    assert read(store).wakes in ({10, 0} if saves == 1 else {10 * saves, 10 * (saves - 1)})


@pytest.mark.parametrize("fill", [0, 0xFF, 0x5A])
def test_a_blank_or_strange_memory_is_no_record(fill: int) -> None:
    assert not read(MemoryStore(RECORD_BYTES, fill)).found


def test_the_serial_number_may_wrap() -> None:
    store = MemoryStore(RECORD_BYTES)
    record = SurvivalRecord(store)
    record._serial = 0xFFFD
    for number in range(1, 6):
        record.wakes = number
        record.save()
        assert read(store).wakes == number


def test_a_store_that_fails_is_said_and_tried_again() -> None:
    class Broken(MemoryStore):
        broken = True

        def write(self, offset: int, buffer: bytes) -> None:
            if self.broken:
                raise OSError(5)
            super().write(offset, buffer)

    store = Broken(RECORD_BYTES)
    record = SurvivalRecord(store)
    assert not record.save() and record.volatile
    store.broken = False
    assert record.save() and not record.volatile
    assert SurvivalRecord(None).save()
