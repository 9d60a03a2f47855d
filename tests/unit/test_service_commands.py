"""Commands: ranges, modes, exactly one answer each."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rochette.services.commands import PENDING, CommandError, Commands
from rochette.services.events import FIELDS, Events
from rochette.services.mode import ModeKeeper
from rochette.services.parameters import Parameters
from rochette.tables import (
    CMD_SAMPLE_ACQUIRE,
    CMD_SYSTEM_NO_OP,
    CMD_SYSTEM_PARAMETER_SET,
    COMMAND_OPCODES,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_INVALID_OPCODE,
    COMMAND_RESULT_OK,
    COMMAND_RESULT_VALIDATION,
    COMMAND_RESULT_WRONG_STATE,
    EV_SYSTEM_COMMAND_COMPLETED,
    EV_SYSTEM_COMMAND_DISPATCHED,
    EV_SYSTEM_COMMAND_REJECTED,
    MODE_IDLE,
    MODE_WORKING,
    P_POWER_BUS_MAX_MA,
    PARAMETER_MAXIMA,
)

ANSWERS = (EV_SYSTEM_COMMAND_COMPLETED, EV_SYSTEM_COMMAND_REJECTED)


class Bench:
    def __init__(self) -> None:
        self.events = Events(256)
        self.mode = ModeKeeper(self.events)
        self.mode.set(MODE_IDLE)
        self.commands = Commands(self.events, self.mode)

    def seen(self, *kinds: int) -> list[list[int]]:
        rows = []
        for number in range(1, self.events.count + 1):
            row = [0] * FIELDS
            assert self.events.read(number, row)
            if row[0] in kinds:
                rows.append([row[0], *row[2:]])
        return rows

    def answers(self) -> list[list[int]]:
        return self.seen(*ANSWERS)


def test_a_command_is_carried_out_with_its_arguments_and_answered() -> None:
    bench, got = Bench(), []
    bench.commands.handle(CMD_SAMPLE_ACQUIRE, lambda tube, depth_um: got.append((tube, depth_um)))
    assert bench.commands.submit(CMD_SAMPLE_ACQUIRE, (3, 66_000)) == COMMAND_RESULT_OK
    assert got == [(3, 66_000)]
    assert bench.seen(EV_SYSTEM_COMMAND_DISPATCHED) == [
        [EV_SYSTEM_COMMAND_DISPATCHED, CMD_SAMPLE_ACQUIRE, 0, 0, 0]
    ]
    assert bench.answers() == [[EV_SYSTEM_COMMAND_COMPLETED, CMD_SAMPLE_ACQUIRE, 0, 0, 0]]


@pytest.mark.parametrize(
    ("args", "argument", "value"),
    [((), 0, 0), ((1,), 0, 1), ((1, 66_000, 3), 0, 3), ((0, 66_000), 1, 0), ((1, 76_001), 2, 76_001)],
)
def test_wrong_arguments_are_named(args: tuple[int, ...], argument: int, value: int) -> None:
    bench, got = Bench(), []
    bench.commands.handle(CMD_SAMPLE_ACQUIRE, lambda tube, depth_um: got.append(tube))
    assert bench.commands.submit(CMD_SAMPLE_ACQUIRE, args) == COMMAND_RESULT_VALIDATION
    assert got == []
    head = [EV_SYSTEM_COMMAND_REJECTED, CMD_SAMPLE_ACQUIRE, COMMAND_RESULT_VALIDATION]
    assert bench.answers() == [[*head, argument, value]]


def test_a_command_is_refused_in_the_wrong_mode_which_is_named() -> None:
    bench = Bench()
    bench.commands.handle(CMD_SAMPLE_ACQUIRE, lambda tube, depth_um: None)
    bench.mode.set(MODE_WORKING)
    assert bench.commands.submit(CMD_SAMPLE_ACQUIRE, (3, 66_000)) == COMMAND_RESULT_WRONG_STATE
    assert bench.answers()[0][2:] == [COMMAND_RESULT_WRONG_STATE, 0, MODE_WORKING]


def test_what_nobody_knows_or_carries_out_is_refused() -> None:
    bench = Bench()
    assert bench.commands.submit(0x7FFF, ()) == COMMAND_RESULT_INVALID_OPCODE
    assert bench.commands.submit(CMD_SYSTEM_NO_OP, ()) == COMMAND_RESULT_INVALID_OPCODE
    assert CMD_SYSTEM_NO_OP in bench.commands.unhandled()
    with pytest.raises(ValueError, match="not declared"):
        bench.commands.handle(0x7FFF, lambda: None)
    bench.commands.handle(CMD_SYSTEM_NO_OP, lambda: None)
    with pytest.raises(ValueError, match="handler already"):
        bench.commands.handle(CMD_SYSTEM_NO_OP, lambda: None)
    assert len(bench.answers()) == 2


def test_a_long_command_is_answered_when_it_ends_and_only_once() -> None:
    bench = Bench()
    bench.commands.handle(CMD_SYSTEM_NO_OP, lambda: PENDING)
    assert bench.commands.submit(CMD_SYSTEM_NO_OP) == COMMAND_RESULT_OK
    assert bench.answers() == []
    assert bench.commands.pending(CMD_SYSTEM_NO_OP)
    assert bench.commands.submit(CMD_SYSTEM_NO_OP) == COMMAND_RESULT_BUSY
    assert bench.commands.complete(CMD_SYSTEM_NO_OP, COMMAND_RESULT_EXECUTION, 12)
    assert not bench.commands.complete(CMD_SYSTEM_NO_OP)
    assert [row[2:] for row in bench.answers()] == [
        [COMMAND_RESULT_BUSY, 0, 0],
        [COMMAND_RESULT_EXECUTION, 0, 12],
    ]
    assert bench.commands.submit(CMD_SYSTEM_NO_OP) == COMMAND_RESULT_OK


def test_a_handler_that_ends_its_own_command_gives_one_answer() -> None:
    bench = Bench()

    def at_once() -> int:
        bench.commands.complete(CMD_SYSTEM_NO_OP)
        return PENDING

    bench.commands.handle(CMD_SYSTEM_NO_OP, at_once)
    bench.commands.submit(CMD_SYSTEM_NO_OP)
    assert len(bench.answers()) == 1
    assert not bench.commands.pending(CMD_SYSTEM_NO_OP)


def test_refusals_and_errors_of_a_handler() -> None:
    bench, parameters = Bench(), Parameters()
    bench.commands.handle(CMD_SYSTEM_PARAMETER_SET, parameters.set)
    too_much = PARAMETER_MAXIMA[P_POWER_BUS_MAX_MA] + 1
    assert (
        bench.commands.submit(CMD_SYSTEM_PARAMETER_SET, (P_POWER_BUS_MAX_MA, too_much))
        == COMMAND_RESULT_VALIDATION
    )

    def broken() -> None:
        raise RuntimeError("defect")

    bench.commands.handle(CMD_SYSTEM_NO_OP, broken)
    assert bench.commands.submit(CMD_SYSTEM_NO_OP) == COMMAND_RESULT_EXECUTION
    assert isinstance(bench.commands.error, RuntimeError)
    bench.commands.strict = True
    with pytest.raises(RuntimeError, match="defect"):
        bench.commands.submit(CMD_SYSTEM_NO_OP)
    assert len(bench.answers()) == 3

    def refusing(tube: int, depth_um: int) -> None:
        raise CommandError(COMMAND_RESULT_BUSY, 1, tube)

    bench.commands.handle(CMD_SAMPLE_ACQUIRE, refusing)
    assert bench.commands.submit(CMD_SAMPLE_ACQUIRE, (4, 5000)) == COMMAND_RESULT_BUSY
    assert bench.answers()[-1][2:] == [COMMAND_RESULT_BUSY, 1, 4]


@given(
    st.lists(
        st.tuples(
            st.one_of(st.sampled_from(COMMAND_OPCODES), st.integers(-(2**40), 2**40)),
            st.lists(st.integers(-(2**40), 2**40) | st.integers(0, 100), max_size=5),
            st.sampled_from([None, PENDING, COMMAND_RESULT_EXECUTION]),
        ),
        max_size=20,
    )
)
def test_any_stream_gets_exactly_one_answer_each(stream: list[tuple[int, list[int], int | None]]) -> None:
    bench = Bench()
    outcome: list[int | None] = [None]
    for opcode in COMMAND_OPCODES:
        bench.commands.handle(opcode, lambda *args: outcome[0])
    for opcode, args, outcome[0] in stream:
        bench.commands.submit(opcode, args)
    waiting = [opcode for opcode in COMMAND_OPCODES if bench.commands.pending(opcode)]
    assert len(bench.answers()) + len(waiting) == len(stream)
    for opcode in waiting:
        assert bench.commands.complete(opcode)
    assert len(bench.answers()) == len(stream)
