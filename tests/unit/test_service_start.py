"""Starts and parameters over resets: counted, trusted less each time, two copies, never silently lost."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rochette.services import parameter_store, start_record
from rochette.services.events import FIELDS, Events
from rochette.services.parameter_store import ParameterStore
from rochette.services.parameters import Parameters
from rochette.services.start_record import QUICK_1, QUICK_2, StartRecord
from rochette.services.stores import MemoryStore, NoStore
from rochette.tables import (
    EV_START_PARAMETERS_FUTURE,
    EV_START_PARAMETERS_KEPT,
    EV_START_PARAMETERS_LOST,
    EV_START_PARAMETERS_NOT_KEPT,
    EV_START_PARAMETERS_READ,
    EV_START_PARAMETERS_REPAIRED,
    P_SAMPLE_CLEAR_UM,
    P_SAMPLE_SEAL_TRIES,
    P_SAMPLE_TUBE_MN,
    PARAMETER_DEFAULTS,
    PARAMETER_MAXIMA,
    TIER_BARE,
    TIER_FULL,
    TIER_NO_ACTIVITY,
)

COPIES = 2 * parameter_store.PARAMETER_COPY_BYTES


def ids(events: Events) -> list[int]:
    row = [0] * FIELDS
    found = []
    for number in range(1, events.count + 1):
        events.read(number, row)
        found.append(row[0])
    return found


class InterruptedPower(BaseException):
    pass


class CutStore(MemoryStore):
    """Loses power after a number of written bytes; -1 never."""

    left = -1

    def write(self, offset: int, buffer: bytes) -> None:
        if self.left < 0:
            super().write(offset, buffer)
            return
        kept = min(self.left, len(buffer))
        super().write(offset, bytes(buffer)[:kept])
        self.left -= kept
        if kept < len(buffer):
            raise InterruptedPower


# ---- starts ----


def test_each_early_end_trusts_less_and_only_a_command_trusts_again() -> None:
    store = MemoryStore(64)
    tiers = [StartRecord(store).tier for _ in range(QUICK_2 + 2)]
    assert tiers[:QUICK_1] == [TIER_FULL] * QUICK_1
    assert tiers[QUICK_1:QUICK_2] == [TIER_NO_ACTIVITY] * (QUICK_2 - QUICK_1)
    assert tiers[QUICK_2:] == [TIER_BARE] * 2
    settled = StartRecord(store)
    assert settled.settle() and settled.settled
    after = StartRecord(store)
    assert (after.quick, after.tier, after.starts) == (0, TIER_BARE, QUICK_2 + 4), "it does not rise"
    assert after.trust()
    assert StartRecord(store).tier == TIER_FULL


def test_a_lowered_tier_is_told_once() -> None:
    store = MemoryStore(64)
    assert [StartRecord(store).lowered for _ in range(QUICK_1 + 2)] == [False] * QUICK_1 + [True, False]


def test_starts_that_settle_are_no_quick_ones() -> None:
    store = MemoryStore(64)
    for n in range(20):
        record = StartRecord(store)
        assert (record.starts, record.quick, record.tier) == (n + 1, 0, TIER_FULL)
        record.settle()


@pytest.mark.parametrize("written", range(33))
def test_a_power_cut_while_it_is_written_loses_one_start_at_most(written: int) -> None:
    store = CutStore(64)
    for _ in range(3):
        StartRecord(store)
    store.left = written
    try:
        StartRecord(store)
    except InterruptedPower:
        pass
    store.left = -1
    assert StartRecord(store).starts in (4, 5)


def test_without_its_memory_every_start_is_trusted_and_says_so() -> None:
    record = StartRecord(NoStore(64))
    assert (record.kept, record.tier) == (False, TIER_FULL)
    assert not record.settle() and not record.trust()


# ---- parameters ----


def made(store: object, **values: int) -> tuple[Parameters, ParameterStore, Events]:
    events = Events(64)
    parameters = Parameters()
    return parameters, ParameterStore(store, parameters, events), events


def written(store: MemoryStore, *pairs: tuple[int, int]) -> Parameters:
    parameters, keeper, _ = made(store)
    for index, value in pairs:
        parameters.set(index, value)
    run(keeper)
    return parameters


def run(keeper: ParameterStore) -> None:
    for _ in range(200):
        keeper.tick()


def test_what_was_set_is_there_after_a_reset_with_its_version() -> None:
    store = MemoryStore(COPIES)
    before = written(store, (P_SAMPLE_CLEAR_UM, 6000), (P_SAMPLE_SEAL_TRIES, 4))
    after, _, events = made(store)
    assert list(after.values) == list(before.values)
    assert after.version == before.version == 2
    assert ids(events) == [EV_START_PARAMETERS_READ]


def test_a_blank_memory_gives_defaults_and_nothing_is_written_before_a_set() -> None:
    store = MemoryStore(COPIES, 255)
    parameters, keeper, events = made(store)
    run(keeper)
    assert list(parameters.values) == list(PARAMETER_DEFAULTS) and ids(events) == []
    assert set(store.data) == {255}


def test_a_piece_a_tick_and_every_parameter_fits() -> None:
    store = MemoryStore(COPIES)
    sizes: list[int] = []
    parameters, keeper, events = made(store)
    plain = store.write

    def counted(offset: int, buffer: bytes) -> None:
        sizes.append(len(buffer))
        plain(offset, buffer)

    store.write = counted  # type: ignore[method-assign]
    for index in range(len(PARAMETER_DEFAULTS)):
        value = PARAMETER_MAXIMA[index]
        parameters.set(index, value if value != PARAMETER_DEFAULTS[index] else value - 1)
    for _ in range(400):
        before = len(sizes)
        keeper.tick()
        assert len(sizes) - before <= 1
    assert max(sizes) <= 32
    assert ids(events) == [EV_START_PARAMETERS_KEPT]
    again, _, _ = made(store)
    assert list(again.values) == list(parameters.values)


@settings(max_examples=200, deadline=None)
@given(copy=st.integers(0, 1), byte=st.integers(0, 27), bit=st.integers(0, 7))
def test_one_damaged_copy_is_repaired_from_the_other(copy: int, byte: int, bit: int) -> None:
    store = MemoryStore(COPIES)
    before = written(store, (P_SAMPLE_CLEAR_UM, 6000), (P_SAMPLE_TUBE_MN, 400))
    base = copy * parameter_store.PARAMETER_COPY_BYTES
    if byte == 1 or 12 <= byte < 16:
        return  # a format is judged below; the spare bytes mean nothing
    store.data[base + byte] ^= 1 << bit
    after, keeper, events = made(store)
    assert list(after.values) == list(before.values)
    assert EV_START_PARAMETERS_REPAIRED in ids(events)
    run(keeper)
    last, _, events = made(store)
    assert list(last.values) == list(before.values)
    assert ids(events) == [EV_START_PARAMETERS_READ]


def test_both_damaged_gives_defaults_and_says_so() -> None:
    store = MemoryStore(COPIES)
    written(store, (P_SAMPLE_CLEAR_UM, 6000))
    for base in (0, parameter_store.PARAMETER_COPY_BYTES):
        store.data[base + 17] ^= 1
    kept = bytes(store.data)
    after, keeper, events = made(store)
    run(keeper)
    assert list(after.values) == list(PARAMETER_DEFAULTS)
    assert ids(events) == [EV_START_PARAMETERS_LOST]
    assert bytes(store.data) == kept
    after.set(P_SAMPLE_SEAL_TRIES, 3)
    run(keeper)
    last, _, events = made(store)
    assert last.values[P_SAMPLE_SEAL_TRIES] == 3 and ids(events) == [EV_START_PARAMETERS_READ]


def test_a_set_from_the_future_is_refused_and_not_written_over() -> None:
    store = MemoryStore(COPIES)
    written(store, (P_SAMPLE_CLEAR_UM, 6000))
    store.data[1] = 2
    kept = bytes(store.data)
    after, keeper, events = made(store)
    run(keeper)
    assert list(after.values) == list(PARAMETER_DEFAULTS)
    assert ids(events) == [EV_START_PARAMETERS_FUTURE]
    assert bytes(store.data) == kept


def test_an_unknown_or_impossible_row_is_dropped_and_the_others_are_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = MemoryStore(COPIES)
    written(store, (P_SAMPLE_CLEAR_UM, 6000), (P_SAMPLE_SEAL_TRIES, 5), (P_SAMPLE_TUBE_MN, 400))
    maxima = list(PARAMETER_MAXIMA)
    maxima[P_SAMPLE_SEAL_TRIES] = 3
    monkeypatch.setattr(parameter_store, "PARAMETER_MAXIMA", maxima)
    events = Events(16)
    after = Parameters()
    ParameterStore(store, after, events)
    assert after.values[P_SAMPLE_CLEAR_UM] == 6000
    assert after.values[P_SAMPLE_SEAL_TRIES] == PARAMETER_DEFAULTS[P_SAMPLE_SEAL_TRIES]
    row = [0] * FIELDS
    events.read(1, row)
    assert row[0] == EV_START_PARAMETERS_READ and row[3:5] == [2, 1]


@pytest.mark.parametrize("cut", [*range(0, 64, 3)])
def test_a_power_cut_at_any_byte_gives_the_old_or_the_new_set(cut: int) -> None:
    store = CutStore(COPIES)
    written(store, (P_SAMPLE_CLEAR_UM, 6000))
    parameters, keeper, _ = made(store)
    parameters.set(P_SAMPLE_CLEAR_UM, 7000)
    store.left = cut
    try:
        run(keeper)
    except InterruptedPower:
        pass
    store.left = -1
    after, keeper, events = made(store)
    assert after.values[P_SAMPLE_CLEAR_UM] in (6000, 7000)
    assert EV_START_PARAMETERS_LOST not in ids(events)
    run(keeper)
    assert ids(made(store)[2]) == [EV_START_PARAMETERS_READ]


def test_a_set_while_it_is_written_is_not_lost() -> None:
    store = MemoryStore(COPIES)
    parameters, keeper, _ = made(store)
    parameters.set(P_SAMPLE_CLEAR_UM, 6000)
    for _ in range(4):
        keeper.tick()
    parameters.set(P_SAMPLE_SEAL_TRIES, 4)
    run(keeper)
    after = made(store)[0]
    assert (after.values[P_SAMPLE_CLEAR_UM], after.values[P_SAMPLE_SEAL_TRIES]) == (6000, 4)


def test_a_memory_that_fails_is_told() -> None:
    _, _, events = made(NoStore(COPIES))
    assert ids(events) == [EV_START_PARAMETERS_NOT_KEPT]
    store = MemoryStore(COPIES)
    parameters, keeper, events = made(store)
    store.write = lambda offset, buffer: None  # type: ignore[method-assign]
    parameters.set(P_SAMPLE_CLEAR_UM, 6000)
    run(keeper)
    assert ids(events) == [EV_START_PARAMETERS_NOT_KEPT]
    assert start_record.FORMAT == parameter_store.FORMAT == 1


def test_a_memory_that_goes_away_is_told_once_and_the_next_set_tries_again() -> None:
    store = MemoryStore(COPIES)
    parameters, keeper, events = made(store)
    plain = store.write

    def gone(offset: int, buffer: bytes) -> None:
        raise OSError(5)

    store.write = gone  # type: ignore[method-assign]
    parameters.set(P_SAMPLE_CLEAR_UM, 6000)
    run(keeper)
    assert ids(events) == [EV_START_PARAMETERS_NOT_KEPT]
    store.write = plain  # type: ignore[method-assign]
    parameters.set(P_SAMPLE_CLEAR_UM, 6500)
    run(keeper)
    again, _, _ = made(store)
    assert again.values[P_SAMPLE_CLEAR_UM] == 6500


def test_without_a_memory_parameters_are_what_they_are_set_to() -> None:
    parameters, keeper, events = made(None)
    parameters.set(P_SAMPLE_CLEAR_UM, 6000)
    run(keeper)
    assert parameters.values[P_SAMPLE_CLEAR_UM] == 6000 and ids(events) == []
