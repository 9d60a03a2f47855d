"""Sequences: checked as a whole, one command after the other, ended by the first that fails."""

from __future__ import annotations

import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rochette.tables import (
    CMD_CAROUSEL_HOME,
    CMD_LINK_ARM,
    CMD_SAMPLE_ACQUIRE,
    CMD_SEQUENCE_BY_HAND,
    CMD_SEQUENCE_CANCEL,
    CMD_SEQUENCE_RUN,
    CMD_SEQUENCE_STEP,
    CMD_SEQUENCE_VALIDATE,
    CMD_SYSTEM_NO_OP,
    CMD_SYSTEM_PARAMETER_SET,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_OK,
    EV_SEQUENCE_ENDED,
    EV_SEQUENCE_INVALID,
    EV_SEQUENCE_STARTED,
    EV_SEQUENCE_STEP,
    EV_SEQUENCE_STOPPED,
    EV_SEQUENCE_VALID,
    EV_SYSTEM_COMMAND_DISPATCHED,
    P_LINK_RULE_SEQUENCE,
    P_POWER_BUS_MAX_MA,
    P_SEQUENCE_COMMAND_LIMIT_S,
    SEQUENCE_REASON_ARGUMENT,
    SEQUENCE_REASON_CANCELLED,
    SEQUENCE_REASON_CLOCK,
    SEQUENCE_REASON_COMMAND,
    SEQUENCE_REASON_CRC,
    SEQUENCE_REASON_FAILED,
    SEQUENCE_REASON_LATE,
    SEQUENCE_REASON_LENGTH,
    SEQUENCE_REASON_LINK,
    SEQUENCE_REASON_MISSING,
    SEQUENCE_REASON_RECORD,
    SEQUENCE_REASON_SELF,
    SEQUENCE_REASON_STORE,
    SEQUENCE_REASON_TIME_BASE,
    SEQUENCE_REASON_TIMEOUT,
    SEQUENCE_STATE_HELD,
    SEQUENCE_STATE_IDLE,
    SEQUENCE_STATE_RUNNING,
    SEQUENCE_STATE_WAITING,
)
from tests.unit.ground_bench import Bench
from tests.unit.wire_ground import ABORT, PAUSE, RESUME, STOP, Ground

UNIX_2020 = 1_577_836_800


def record(opcode: int, *args: int, seconds: int = 0, micros: int = 0, kind: int = 1) -> bytes:
    packet = struct.pack(">HI", 0, opcode) + b"".join(struct.pack(">i", arg) for arg in args)
    return struct.pack(">BIII", kind, seconds, micros, len(packet)) + packet


def sequence(*records: bytes, base: int = 0xFFFF, count: int | None = None) -> bytes:
    body = b"".join(records)
    head = struct.pack(">IIHB", len(body) + 4, len(records) if count is None else count, base, 0xFF)
    return head + body + struct.pack(">I", zlib.crc32(head + body))


NO_OP = record(CMD_SYSTEM_NO_OP)
HOME = record(CMD_CAROUSEL_HOME)


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ground(bench: Bench) -> Ground:
    ground = Ground(bench)
    ground.connect()
    return ground


def put(bench: Bench, content: bytes, name: str = "a.seq") -> None:
    bench.ground.files.store.save(name, content, len(content))


def run(ground: Ground, ticks: int = 60, opcode: int = CMD_SEQUENCE_RUN, name: str = "a.seq") -> None:
    ground.command(opcode, name)
    go_on(ground, ticks)


def go_on(ground: Ground, ticks: int) -> None:
    for _ in range(ticks):
        ground.ack()
        ground.hear()


def carried(bench: Bench) -> list[int]:
    """Opcodes that the sequence carried out, by their own events."""
    return [row[1] for row in bench.seen(EV_SYSTEM_COMMAND_DISPATCHED) if row[2] == 2]


def test_the_commands_are_carried_out_in_order_and_run_is_answered_at_the_end(
    bench: Bench, ground: Ground
) -> None:
    put(bench, sequence(NO_OP, record(CMD_SYSTEM_PARAMETER_SET, P_POWER_BUS_MAX_MA, 7000), HOME, NO_OP))
    bench.payload.work = 100
    run(ground, 40)
    assert bench.ground.sequencer.state == SEQUENCE_STATE_RUNNING and bench.ground.sequencer.record == 3
    assert [(a.state) for a in ground.answers] == [1]
    go_on(ground, 150)
    assert carried(bench) == [CMD_SYSTEM_NO_OP, CMD_SYSTEM_PARAMETER_SET, CMD_CAROUSEL_HOME, CMD_SYSTEM_NO_OP]
    assert bench.payload.done[1] == (CMD_SYSTEM_PARAMETER_SET, P_POWER_BUS_MAX_MA, 7000)
    assert (ground.answers[-1].state, ground.answers[-1].result) == (2, COMMAND_RESULT_OK)
    assert len(bench.seen(EV_SEQUENCE_STARTED)) == 1 and len(bench.seen(EV_SEQUENCE_ENDED)) == 1
    assert [row[2:4] for row in bench.seen(EV_SEQUENCE_STEP)] == [
        [1, CMD_SYSTEM_NO_OP],
        [2, CMD_SYSTEM_PARAMETER_SET],
        [3, CMD_CAROUSEL_HOME],
        [4, CMD_SYSTEM_NO_OP],
    ]


def test_validate_runs_nothing(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(NO_OP, HOME))
    run(ground, opcode=CMD_SEQUENCE_VALIDATE)
    assert bench.payload.done == [] and bench.seen(EV_SEQUENCE_VALID)[0][2] == 2
    assert ground.answers[-1].result == COMMAND_RESULT_OK


def changed(content: bytes, at: int, byte: int) -> bytes:
    return content[:at] + bytes((byte,)) + content[at + 1 :]


def summed(content: bytes) -> bytes:
    """With the right CRC after a change."""
    return content[:-4] + struct.pack(">I", zlib.crc32(content[:-4]))


GOOD = sequence(NO_OP, HOME)


@pytest.mark.parametrize(
    ("content", "reason", "at"),
    [
        (None, SEQUENCE_REASON_MISSING, 0),
        (b"", SEQUENCE_REASON_LENGTH, 0),
        (GOOD[:10], SEQUENCE_REASON_LENGTH, 0),
        (GOOD[:-1], SEQUENCE_REASON_LENGTH, 0),
        (GOOD + b"x", SEQUENCE_REASON_LENGTH, 0),
        (sequence(), SEQUENCE_REASON_LENGTH, 0),
        (changed(GOOD, 20, 7), SEQUENCE_REASON_CRC, 0),
        (changed(GOOD, len(GOOD) - 1, GOOD[-1] ^ 1), SEQUENCE_REASON_CRC, 0),
        (sequence(NO_OP, base=1), SEQUENCE_REASON_TIME_BASE, 0),
        (sequence(NO_OP, record(CMD_SYSTEM_NO_OP, kind=2)), SEQUENCE_REASON_RECORD, 2),
        (sequence(record(CMD_SYSTEM_NO_OP, micros=1_000_000)), SEQUENCE_REASON_RECORD, 1),
        (sequence(record(CMD_SYSTEM_NO_OP, seconds=5_000_000)), SEQUENCE_REASON_RECORD, 1),
        (sequence(record(CMD_SYSTEM_NO_OP, seconds=5, kind=0)), SEQUENCE_REASON_RECORD, 1),
        (sequence(NO_OP, count=2), SEQUENCE_REASON_LENGTH, 2),
        (sequence(NO_OP, NO_OP, count=1), SEQUENCE_REASON_LENGTH, 1),
        (summed(changed(GOOD, 11 + 12, 200)), SEQUENCE_REASON_RECORD, 1),
        (summed(changed(GOOD, 11 + 12, 100)), SEQUENCE_REASON_LENGTH, 1),
        (summed(changed(GOOD, 11 + 12, 5)), SEQUENCE_REASON_RECORD, 1),
        (summed(changed(GOOD, 11 + 14, 3)), SEQUENCE_REASON_RECORD, 1),
        (sequence(NO_OP, record(0x7ABC)), SEQUENCE_REASON_COMMAND, 2),
        (sequence(NO_OP, record(CMD_SYSTEM_NO_OP, 1)), SEQUENCE_REASON_ARGUMENT, 2),
        (sequence(record(CMD_SAMPLE_ACQUIRE, 65, 2000)), SEQUENCE_REASON_ARGUMENT, 1),
        (sequence(NO_OP, record(CMD_SEQUENCE_RUN)), SEQUENCE_REASON_ARGUMENT, 2),
    ],
)
@pytest.mark.parametrize("opcode", [CMD_SEQUENCE_RUN, CMD_SEQUENCE_VALIDATE])
def test_a_sequence_that_is_not_right_is_refused_as_a_whole(
    bench: Bench, ground: Ground, content: bytes | None, reason: int, at: int, opcode: int
) -> None:
    if content is not None:
        put(bench, content)
    run(ground, opcode=opcode)
    assert [row[2:4] for row in bench.seen(EV_SEQUENCE_INVALID)] == [[reason, at]]
    answer = ground.answers[-1]
    assert (answer.state, answer.result, answer.value) == (2, COMMAND_RESULT_EXECUTION, reason)
    assert bench.payload.done == [] and bench.ground.sequencer.state == SEQUENCE_STATE_IDLE


def test_a_sequence_does_not_start_another(bench: Bench, ground: Ground) -> None:
    packet = struct.pack(">HIH", 0, CMD_SEQUENCE_RUN, 5) + b"a.seq"
    put(bench, sequence(struct.pack(">BIII", 1, 0, 0, len(packet)) + packet))
    run(ground)
    assert bench.seen(EV_SEQUENCE_INVALID)[0][2] == SEQUENCE_REASON_SELF


def test_none_is_run_while_the_mission_clock_is_not_valid(bench: Bench, ground: Ground) -> None:
    put(bench, GOOD)
    bench.payload.mission_time.valid = False
    run(ground, opcode=CMD_SEQUENCE_VALIDATE)
    assert ground.answers[-1].result == COMMAND_RESULT_OK
    run(ground)
    assert bench.seen(EV_SEQUENCE_INVALID)[0][2] == SEQUENCE_REASON_CLOCK
    assert bench.payload.done == []


def test_a_relative_time_counts_from_the_end_of_the_command_before(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(HOME, record(CMD_SYSTEM_NO_OP, seconds=1, micros=500_000)))
    bench.payload.work = 30
    run(ground, 10)
    ended = None
    for tick in range(400):
        ground.ack()
        ground.hear()
        if ended is None and not bench.payload.activities.running and bench.payload.steps:
            ended = tick
        if len(carried(bench)) == 2:
            break
    assert ended is not None and 149 <= tick - ended <= 152


def test_an_absolute_time_is_mission_time(bench: Bench, ground: Ground) -> None:
    time = bench.payload.mission_time
    now = time.seconds(bench.payload.executive.tick)
    put(bench, sequence(record(CMD_SYSTEM_NO_OP, seconds=now + 3 + UNIX_2020, micros=250_000, kind=0)))
    run(ground, 20)
    assert bench.ground.sequencer.state == SEQUENCE_STATE_WAITING
    while not carried(bench):
        ground.ack()
        ground.hear()
    tick = bench.payload.executive.tick - 1
    assert (time.seconds(tick), time.hundredths(tick)) == (now + 3, 25)


@pytest.mark.parametrize(("ago", "runs"), [(5, True), (12, False)])
def test_an_absolute_time_that_has_passed(bench: Bench, ground: Ground, ago: int, runs: bool) -> None:
    now = bench.payload.mission_time.seconds(bench.payload.executive.tick)
    put(bench, sequence(record(CMD_SYSTEM_NO_OP, seconds=now - ago + UNIX_2020, kind=0)))
    run(ground)
    assert bool(carried(bench)) == runs
    assert [row[4] for row in bench.seen(EV_SEQUENCE_STOPPED)] == ([] if runs else [SEQUENCE_REASON_LATE])


def test_a_clock_that_is_lost_ends_a_wait_for_an_absolute_time(bench: Bench, ground: Ground) -> None:
    now = bench.payload.mission_time.seconds(bench.payload.executive.tick)
    put(bench, sequence(record(CMD_SYSTEM_NO_OP, seconds=now + 100 + UNIX_2020, kind=0)))
    run(ground)
    bench.payload.mission_time.valid = False
    ground.hear(2)
    assert bench.seen(EV_SEQUENCE_STOPPED)[0][4] == SEQUENCE_REASON_CLOCK


def test_the_first_failure_ends_it_and_nothing_after_is_begun(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(NO_OP, HOME, NO_OP))
    bench.payload.work = 5
    bench.payload.fails = True
    run(ground)
    assert carried(bench) == [CMD_SYSTEM_NO_OP, CMD_CAROUSEL_HOME]
    assert bench.seen(EV_SEQUENCE_STOPPED)[0][2:] == [2, CMD_CAROUSEL_HOME, SEQUENCE_REASON_FAILED]
    assert (ground.answers[-1].result, ground.answers[-1].value) == (
        COMMAND_RESULT_EXECUTION,
        SEQUENCE_REASON_FAILED,
    )


def test_a_refused_command_ends_it_too(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(record(CMD_SAMPLE_ACQUIRE, 1, 2000), NO_OP))
    run(ground)
    assert bench.seen(EV_SEQUENCE_STOPPED)[0][2:] == [1, CMD_SAMPLE_ACQUIRE, SEQUENCE_REASON_FAILED]
    assert bench.payload.done == [], "a hazardous command has to be armed in a sequence as anywhere"


def test_a_sequence_arms_its_own_commands(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(record(CMD_LINK_ARM, CMD_SAMPLE_ACQUIRE), record(CMD_SAMPLE_ACQUIRE, 1, 2000)))
    run(ground)
    assert bench.payload.done == [(CMD_SAMPLE_ACQUIRE, 1, 2000)] and bench.seen(EV_SEQUENCE_ENDED)


def test_a_command_that_does_not_end_is_aborted(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(HOME, NO_OP))
    bench.payload.parameters.set(P_SEQUENCE_COMMAND_LIMIT_S, 2)
    bench.payload.work = 100_000
    run(ground, 260)
    assert bench.payload.activities.running == 0
    assert bench.seen(EV_SEQUENCE_STOPPED)[0][2:] == [1, CMD_CAROUSEL_HOME, SEQUENCE_REASON_TIMEOUT]


def test_a_command_of_the_ground_does_not_answer_the_sequences(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(HOME, NO_OP))
    bench.payload.work = 60
    run(ground, 20)
    ground.command(CMD_CAROUSEL_HOME)
    ground.hear(2)
    assert ground.answers[-1].result == COMMAND_RESULT_BUSY
    assert bench.ground.sequencer.state == SEQUENCE_STATE_RUNNING
    go_on(ground, 80)
    assert bench.seen(EV_SEQUENCE_ENDED)


def test_one_sequence_at_a_time(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(HOME, NO_OP))
    bench.payload.work = 600
    run(ground, 20)
    run(ground, 3, CMD_SEQUENCE_VALIDATE)
    assert ground.answers[-1].result == COMMAND_RESULT_BUSY


def test_cancel_begins_nothing_more_and_leaves_the_present_command(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(HOME, NO_OP))
    bench.payload.work = 60
    run(ground, 20)
    ground.command(CMD_SEQUENCE_CANCEL)
    ground.hear(2)
    assert bench.seen(EV_SEQUENCE_STOPPED)[0][4] == SEQUENCE_REASON_CANCELLED
    assert bench.payload.activities.running == 1
    go_on(ground, 80)
    assert carried(bench) == [CMD_CAROUSEL_HOME]
    ground.command(CMD_SEQUENCE_CANCEL)
    ground.hear()
    assert ground.answers[-1].result == COMMAND_RESULT_EXECUTION, "there is none to cancel"


def test_cancel_ends_a_check(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(*[NO_OP] * 50))
    run(ground, 3)
    ground.command(CMD_SEQUENCE_CANCEL)
    ground.hear(2)
    assert bench.seen(EV_SEQUENCE_INVALID)[0][2] == SEQUENCE_REASON_CANCELLED


def test_by_hand_it_waits_for_each_step(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(NO_OP, NO_OP, NO_OP))
    ground.command(CMD_SEQUENCE_STEP)
    ground.command(CMD_SEQUENCE_BY_HAND, 1)
    run(ground, 30)
    assert ground.answers[0].result == COMMAND_RESULT_EXECUTION
    assert bench.ground.sequencer.state == SEQUENCE_STATE_HELD and carried(bench) == []
    for n in (1, 2):
        ground.command(CMD_SEQUENCE_STEP)
        ground.hear(5)
        assert len(carried(bench)) == n
    ground.command(CMD_SEQUENCE_BY_HAND, 0)
    ground.hear(5)
    assert len(carried(bench)) == 3 and bench.seen(EV_SEQUENCE_ENDED)


@pytest.mark.parametrize("kind", [STOP, ABORT])
def test_stop_and_abort_end_the_sequence_with_its_command(bench: Bench, ground: Ground, kind: int) -> None:
    put(bench, sequence(HOME, NO_OP))
    bench.payload.work = 600
    run(ground, 20)
    ground.urgent(kind, 1)
    ground.hear(5)
    assert bench.payload.activities.running == 0 and bench.ground.sequencer.state == SEQUENCE_STATE_IDLE
    assert carried(bench) == [CMD_CAROUSEL_HOME]
    assert bench.seen(EV_SEQUENCE_STOPPED)[0][4] == SEQUENCE_REASON_CANCELLED


def test_a_pause_holds_between_commands_too(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(*[record(CMD_SYSTEM_NO_OP, micros=200_000)] * 5))
    run(ground, 40)
    ground.urgent(PAUSE, 1)
    ground.hear()
    done = len(carried(bench))
    go_on(ground, 200)
    assert 0 < done < 5 and len(carried(bench)) == done
    ground.urgent(RESUME, 2)
    go_on(ground, 200)
    assert len(carried(bench)) == 5


@pytest.mark.parametrize(("rule", "ends"), [(0, False), (1, True), (2, True), (3, True)])
def test_a_lost_link_ends_it_when_its_rule_says_so(
    bench: Bench, ground: Ground, rule: int, ends: bool
) -> None:
    put(bench, sequence(*[record(CMD_SYSTEM_NO_OP, seconds=3)] * 5))
    bench.payload.parameters.set(P_LINK_RULE_SEQUENCE, rule)
    run(ground, 20)
    bench.tick(2000)
    assert (len(carried(bench)) == 5) != ends
    stopped = [row[4] for row in bench.seen(EV_SEQUENCE_STOPPED)]
    assert stopped == ([SEQUENCE_REASON_LINK] if ends else [])


def test_a_file_that_changes_under_it_ends_it(bench: Bench, ground: Ground) -> None:
    put(bench, sequence(*[record(CMD_SYSTEM_NO_OP, micros=500_000)] * 5))
    run(ground, 80)
    bench.ground.files.store.remove("a.seq")
    go_on(ground, 200)
    assert bench.seen(EV_SEQUENCE_STOPPED)[0][4] == SEQUENCE_REASON_STORE
    assert bench.ground.sequencer.state == SEQUENCE_STATE_IDLE


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=120), st.booleans())
def test_no_file_raises(content: bytes, with_crc: bool) -> None:
    bench = Bench()
    if with_crc and len(content) > 15:
        content = struct.pack(">I", len(content) - 11) + content[4:8] + b"\xff\xff" + content[10:]
        content = summed(content)
    put(bench, content)
    bench.commands.strict = True
    bench.commands.submit(CMD_SEQUENCE_VALIDATE, ("a.seq",))
    for _ in range(200):
        bench.tick()
    assert bench.ground.sequencer.state == SEQUENCE_STATE_IDLE
    assert len(bench.seen(EV_SEQUENCE_VALID, EV_SEQUENCE_INVALID)) == 1
