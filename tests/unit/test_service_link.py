"""The link, frame by frame: session, numbers, answers, urgent frames, events, loss, tags; docs/wire.md as
tests."""

from __future__ import annotations

import struct

import pytest

from rochette.services.answers import KEPT
from rochette.services.link import Link
from rochette.services.link_record import LinkRecord
from rochette.tables import (
    ACTIVITY_NAME_BRING_UP,
    CMD_CAROUSEL_HOME,
    CMD_FILES_SEND,
    CMD_LINK_ARM,
    CMD_LINK_PARAMETER_GET,
    CMD_LINK_TELL_DICTIONARY,
    CMD_SAMPLE_ACQUIRE,
    CMD_SYSTEM_NO_OP,
    CMD_SYSTEM_PARAMETER_SET,
    COMMAND_RESULT_BUSY,
    COMMAND_RESULT_EXECUTION,
    COMMAND_RESULT_FORMAT,
    COMMAND_RESULT_INVALID_OPCODE,
    COMMAND_RESULT_NOT_ARMED,
    COMMAND_RESULT_OK,
    COMMAND_RESULT_VALIDATION,
    COMMAND_RESULT_WRONG_STATE,
    DICTIONARY_DIGEST,
    EV_LINK_ARMED,
    EV_LINK_BACK,
    EV_LINK_DICTIONARY,
    EV_LINK_FRAME_REFUSED,
    EV_LINK_KEY_MISSING,
    EV_LINK_LOST,
    EV_LINK_MALFORMED,
    EV_LINK_PARAMETER,
    EV_LINK_PARAMETERS_DEFAULT,
    EV_LINK_SESSION,
    EV_LINK_URGENT,
    EV_LINK_URGENT_REFUSED,
    EV_SYSTEM_COMMAND_COMPLETED,
    EV_SYSTEM_COMMAND_DETAIL,
    EV_SYSTEM_COMMAND_REJECTED,
    LINK_RULE_ABORT,
    LINK_RULE_FINISH,
    LINK_RULE_PAUSE,
    LINK_RULE_STOP,
    MODE_SAFE,
    MODE_WORKING,
    P_LINK_ARM_S,
    P_LINK_LOSS_MS,
    P_LINK_PACK_SAMPLES,
    P_LINK_RULE_BRING_UP,
    P_LINK_RULE_BY_HAND,
    P_LINK_RULE_PROCEDURE,
    P_POWER_BUS_MAX_MA,
    PACKET_IDS,
    PACKET_SIZES,
    PARAMETER_DEFAULTS,
    PARAMETER_IDS,
    PARAMETER_MAXIMA,
    PARAMETER_SET,
    TAG_FAULT_COUNTER,
    TAG_FAULT_NEEDED,
    TAG_FAULT_VERSION,
    TAG_FAULT_WRONG,
    URGENT_KIND_STOP,
)
from tests.unit.ground_bench import BOARD, Bench
from tests.unit.wire_ground import (
    ABORT,
    ACK,
    BYE,
    CONTROL,
    KEY,
    PAUSE,
    RESUME,
    STOP,
    URGENT,
    Ground,
    frame,
)

KEY_A = bytes(range(32))
KEY_B = bytes(range(1, 33))


@pytest.fixture
def bench() -> Bench:
    return Bench()


@pytest.fixture
def ground(bench: Bench) -> Ground:
    ground = Ground(bench)
    ground.connect()
    return ground


def settled(ground: Ground, ticks: int = 3) -> None:
    """Hear what is on its way, then forget all of it."""
    ground.hear(ticks)
    for heard in (
        ground.events,
        ground.answers,
        ground.acks,
        ground.statuses,
        ground.urgents,
        ground.no_sessions,
    ):
        heard.clear()


# ---- session


def test_the_payload_says_nothing_before_it_is_spoken_to(bench: Bench) -> None:
    bench.tick(1000)
    assert bench.take() == b""


def test_the_handshake_tells_everything(bench: Bench) -> None:
    ground = Ground(bench)
    welcome = ground.connect()
    assert (welcome.nonce, welcome.about, welcome.accepted) == (ground.nonce, 0, 0xFFFFFFFF)
    assert (welcome.expected, welcome.next) == (1, 1)
    assert welcome.session >> 16 == bench.link.record.boot and welcome.session & 0xFFFF == 1
    assert welcome.digest.hex() == DICTIONARY_DIGEST
    assert (welcome.firmware, welcome.window, welcome.packet) == (1, 8, 320)
    assert welcome.loss == PARAMETER_DEFAULTS[P_LINK_LOSS_MS]
    assert welcome.newest == bench.events.count and welcome.oldest == 1
    assert bench.seen(EV_LINK_SESSION) == [[EV_LINK_SESSION, 1, 0, 0, 0]]


def test_a_doubled_hello_changes_nothing(bench: Bench, ground: Ground) -> None:
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    again = ground.connect()
    assert again.session == ground.session
    assert (again.expected, again.accepted) == (2, 0xFFFFFFFF)
    assert len(bench.seen(EV_LINK_SESSION)) == 1


def test_another_host_gets_another_session_and_the_old_one_is_over(bench: Bench, ground: Ground) -> None:
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    other = Ground(bench, nonce=7)
    welcome = other.connect(resume=ground.session)
    assert welcome.session == ground.session + 1
    assert (welcome.about, welcome.accepted, welcome.expected) == (ground.session, 1, 1)
    settled(other)
    ground.command(CMD_SYSTEM_NO_OP)
    other.hear()
    assert other.no_sessions == [other.session]
    assert bench.payload.done == [(CMD_SYSTEM_NO_OP,)]


def test_what_was_taken_is_known_over_a_restart_of_the_payload(bench: Bench, ground: Ground) -> None:
    for _ in range(3):
        ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    old, boot = ground.session, bench.link.record.boot
    bench.start()
    again = Ground(bench)
    welcome = again.connect(resume=old)
    assert welcome.session >> 16 == boot + 1
    assert (welcome.about, welcome.accepted) == (old, 3)
    again.answers.clear()
    again.query(3, old)
    again.query(4, old)
    again.hear()
    again.query(4, old)
    again.hear(2)
    assert [(answer.number, answer.state) for answer in again.answers] == [(4, 0), (4, 0)]
    again.query(3, old)
    again.hear()
    assert (again.answers[-1].number, again.answers[-1].state) == (3, 3)


def test_a_command_is_written_down_before_it_is_carried_out(bench: Bench, ground: Ground) -> None:
    noted = []
    handler = bench.payload._no_op
    bench.payload._no_op = None
    index = bench.commands._handlers.index(handler)
    bench.commands._handlers[index] = lambda: noted.append(bench.link.record.command)
    writes = bench.fram.writes
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    assert noted == [1] and bench.fram.writes == writes + 1


def test_a_command_that_cannot_be_written_down_is_refused(bench: Bench, ground: Ground) -> None:
    bench.fram.broken = True
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    assert ground.answers[-1].result == COMMAND_RESULT_EXECUTION
    assert bench.payload.done == []


def test_without_a_memory_nothing_is_known_of_the_session_before() -> None:
    bench = Bench()
    bench.fram.broken = True
    bench.start()
    ground = Ground(bench)
    ground.connect()
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    assert bench.payload.done == [(CMD_SYSTEM_NO_OP,)], "it can be commanded all the same"
    old = ground.session
    bench.start()
    assert Ground(bench).connect(resume=old).accepted == 0xFFFFFFFF


def test_a_torn_copy_of_the_record_leaves_the_other() -> None:
    bench = Bench()
    ground = Ground(bench)
    ground.connect()
    for _ in range(2):
        ground.command(CMD_SYSTEM_NO_OP)
        ground.hear()
    newest = 24 if bench.link.record._serial & 1 else 0
    bench.fram.data[32704 + newest + 5] ^= 0xFF
    old = ground.session
    bench.start()
    assert Ground(bench).connect(resume=old).accepted == 1


def test_the_sessions_of_one_start_are_remembered_for_a_while(bench: Bench) -> None:
    sessions = []
    for n in range(4):
        ground = Ground(bench, nonce=n + 1)
        ground.connect()
        for _ in range(n):
            ground.command(CMD_SYSTEM_NO_OP)
        ground.hear()
        sessions.append(ground.session)
    for n, session in enumerate(sessions):
        assert bench.link.record.command_of(session >> 16, session & 0xFFFF) == n
    assert bench.link.record.command_of(sessions[0] >> 16, 0) == -1


def test_bye_is_no_loss(bench: Bench, ground: Ground) -> None:
    ground.control(BYE, struct.pack(">I", ground.session))
    ground.hear()
    bench.tick(2000)
    assert bench.take() == b"" and not bench.seen(EV_LINK_LOST)
    assert ground.connect().session == ground.session, "the same host may come back to it"


# ---- numbers


def test_a_doubled_command_is_carried_out_once_and_gets_its_stored_answer(
    bench: Bench, ground: Ground
) -> None:
    ground.command(CMD_SYSTEM_PARAMETER_SET, P_POWER_BUS_MAX_MA, 7000)
    ground.hear()
    first = list(ground.answers)
    for _ in range(3):
        ground.reliable(struct.pack(">HIii", 0, CMD_SYSTEM_PARAMETER_SET, P_POWER_BUS_MAX_MA, 7000), number=1)
        ground.hear()
    assert len(bench.payload.done) == 1
    assert ground.answers == first * 4
    assert ground.acks[-1] == 2


def test_a_gap_is_not_taken_until_it_is_filled(bench: Bench, ground: Ground) -> None:
    ground.number = 1
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    assert bench.payload.done == [] and ground.acks[-1] == 1
    ground.number = 0
    ground.command(CMD_SYSTEM_NO_OP)
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    assert len(bench.payload.done) == 2 and ground.acks[-1] == 3


def test_a_number_of_an_earlier_round_is_not_taken_for_a_new_one(bench: Bench, ground: Ground) -> None:
    for _ in range(260):
        ground.command(CMD_SYSTEM_NO_OP)
        ground.hear()
    assert len(bench.payload.done) == 260
    old = struct.pack(">HI", 0, CMD_SYSTEM_NO_OP)
    ground.reliable(old, number=5)
    ground.hear()
    assert len(bench.payload.done) == 260
    ground.reliable(old, number=261)
    ground.hear()
    assert len(bench.payload.done) == 261


def test_a_frame_of_another_session_does_nothing(bench: Bench, ground: Ground) -> None:
    ground.reliable(struct.pack(">HI", 0, CMD_SYSTEM_NO_OP), number=1, session=ground.session + 1)
    ground.hear()
    assert bench.payload.done == [] and ground.no_sessions == [ground.session]


def test_an_empty_packet_is_not_taken(bench: Bench, ground: Ground) -> None:
    settled(ground)
    ground.reliable(b"", number=1)
    ground.hear()
    assert bench.link.receiver.expected == 1 and ground.events == []


def test_a_packet_that_is_too_long_is_answered_and_holds_nothing_up(bench: Bench, ground: Ground) -> None:
    """Were it only dropped, the ground would send it again for ever, and nothing behind it would pass."""
    settled(ground)
    ground.reliable(struct.pack(">HI", 0, CMD_SYSTEM_NO_OP) + bytes(330))
    ground.reliable(struct.pack(">HBIIH", 3, 1, 1, 0, 330) + bytes(330))
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear(5)
    assert bench.link.receiver.expected == 4
    assert [(a.number, a.result) for a in ground.answers] == [
        (1, COMMAND_RESULT_FORMAT),
        (3, COMMAND_RESULT_OK),
    ]
    assert [row[1:3] for row in bench.seen(EV_LINK_MALFORMED)] == [[343, 3]]


# ---- commands and their answers


@pytest.mark.parametrize(
    ("opcode", "args", "result", "argument", "value"),
    [
        (CMD_SYSTEM_NO_OP, (), COMMAND_RESULT_OK, 0, 0),
        (0x7ABC, (), COMMAND_RESULT_INVALID_OPCODE, 0, 0),
        (CMD_SYSTEM_NO_OP, (1,), COMMAND_RESULT_FORMAT, 0, 0),
        (CMD_SYSTEM_PARAMETER_SET, (1,), COMMAND_RESULT_FORMAT, 0, 0),
        (CMD_LINK_PARAMETER_GET, (0,), COMMAND_RESULT_VALIDATION, 1, 0),
        (CMD_LINK_PARAMETER_GET, (9999,), COMMAND_RESULT_VALIDATION, 1, 9999),
        (CMD_SAMPLE_ACQUIRE, (65, 2000), COMMAND_RESULT_VALIDATION, 1, 65),
        (CMD_SAMPLE_ACQUIRE, (1, 2000), COMMAND_RESULT_NOT_ARMED, 0, 0),
        (CMD_LINK_ARM, (CMD_SYSTEM_NO_OP,), COMMAND_RESULT_VALIDATION, 1, CMD_SYSTEM_NO_OP),
    ],
)
def test_each_wrong_command_has_its_own_answer(
    ground: Ground, bench: Bench, opcode: int, args: tuple[int, ...], result: int, argument: int, value: int
) -> None:
    ground.command(opcode, *args)
    ground.hear()
    answer = ground.answers[-1]
    assert (answer.session, answer.number, answer.opcode) == (ground.session, 1, opcode)
    assert (answer.state, answer.result, answer.argument, answer.value) == (2, result, argument, value)
    ended = bench.seen(EV_SYSTEM_COMMAND_COMPLETED, EV_SYSTEM_COMMAND_REJECTED)
    assert len(ended) == 1 and ended[0][1] == opcode
    assert bool(bench.seen(EV_SYSTEM_COMMAND_DETAIL)) == bool(argument or value)


def test_a_wrong_mode_is_named(bench: Bench, ground: Ground) -> None:
    bench.payload.mode.set(MODE_SAFE)
    ground.command(CMD_SAMPLE_ACQUIRE, 1, 2000)
    ground.hear()
    answer = ground.answers[-1]
    assert (answer.result, answer.argument, answer.value) == (COMMAND_RESULT_WRONG_STATE, 0, MODE_SAFE)


@pytest.mark.parametrize("packet", [b"\x00", b"\x00\x00", b"\x00\x00\x00\x00\x01"])
def test_a_packet_that_is_too_short_for_a_command_is_answered_too(
    bench: Bench, ground: Ground, packet: bytes
) -> None:
    ground.reliable(packet)
    ground.hear()
    assert bench.seen(EV_LINK_MALFORMED)[0][1:3] == [len(packet), 0]
    assert (ground.answers[-1].result if len(packet) > 1 else COMMAND_RESULT_FORMAT) == COMMAND_RESULT_FORMAT


def test_a_packet_of_another_kind_is_named(bench: Bench, ground: Ground) -> None:
    ground.reliable(b"\x00\x07 what is this")
    ground.reliable(b"\x00\x03\x09\x00\x00\x00\x00")
    ground.hear()
    assert [row[1:3] for row in bench.seen(EV_LINK_MALFORMED)] == [[15, 7], [7, 3]]


def test_a_long_command_is_answered_twice_going_on_and_ended(bench: Bench, ground: Ground) -> None:
    bench.payload.work = 20
    ground.command(CMD_CAROUSEL_HOME)
    ground.hear(5)
    assert [answer.state for answer in ground.answers] == [1]
    ground.query(1)
    ground.hear()
    assert [answer.state for answer in ground.answers] == [1, 1]
    ground.hear(30)
    assert [answer.state for answer in ground.answers] == [1, 1, 2]
    assert ground.answers[-1].result == COMMAND_RESULT_OK
    assert len(bench.seen(EV_SYSTEM_COMMAND_COMPLETED)) == 1


def test_two_commands_of_one_opcode_have_answers_of_their_own(bench: Bench, ground: Ground) -> None:
    bench.payload.work = 20
    ground.command(CMD_CAROUSEL_HOME)
    ground.command(CMD_CAROUSEL_HOME)
    ground.hear(40)
    assert [(a.number, a.state, a.result) for a in ground.answers] == [
        (1, 1, 0),
        (2, 2, COMMAND_RESULT_BUSY),
        (1, 2, COMMAND_RESULT_OK),
    ]


def test_a_command_given_beside_the_link_does_not_answer_the_links(bench: Bench, ground: Ground) -> None:
    bench.payload.work = 20
    bench.commands.submit(CMD_CAROUSEL_HOME)
    ground.command(CMD_CAROUSEL_HOME)
    ground.hear(40)
    assert [(a.number, a.state, a.result) for a in ground.answers] == [(1, 2, COMMAND_RESULT_BUSY)]


def test_so_many_answers_are_kept_and_no_more(bench: Bench, ground: Ground) -> None:
    bench.payload.work = 10_000
    ground.command(CMD_CAROUSEL_HOME)
    for _ in range(KEPT):
        ground.command(CMD_SYSTEM_NO_OP)
        ground.hear()
    ground.answers.clear()
    for number in (1, 2, 3, KEPT + 1):
        ground.query(number)
        ground.hear()
    assert [(a.number, a.state) for a in ground.answers] == [(1, 1), (2, 0), (3, 2), (KEPT + 1, 2)], (
        "a command that goes on is never forgotten"
    )


def test_a_hazardous_command_takes_two_steps(bench: Bench, ground: Ground) -> None:
    def acquire() -> int:
        ground.command(CMD_SAMPLE_ACQUIRE, 1, 2000)
        ground.hear(3)
        return ground.answers[-1].result

    assert acquire() == COMMAND_RESULT_NOT_ARMED
    ground.command(CMD_LINK_ARM, CMD_SAMPLE_ACQUIRE)
    assert acquire() == COMMAND_RESULT_OK
    assert bench.seen(EV_LINK_ARMED)[0][1:3] == [CMD_SAMPLE_ACQUIRE, PARAMETER_DEFAULTS[P_LINK_ARM_S]]
    assert acquire() == COMMAND_RESULT_NOT_ARMED, "an arming is used up"
    ground.command(CMD_LINK_ARM, CMD_SAMPLE_ACQUIRE)
    bench.payload.parameters.set(P_LINK_ARM_S, 1)
    ground.hear(120)
    assert acquire() == COMMAND_RESULT_NOT_ARMED, "and it does not wait for ever"
    ground.command(CMD_LINK_ARM, CMD_SAMPLE_ACQUIRE)
    Ground(bench, nonce=9).connect()
    ground.connect()
    assert acquire() == COMMAND_RESULT_NOT_ARMED, "nor for another session"
    assert len(bench.payload.done) == 1


def test_parameters_are_set_by_f_primes_opcodes(bench: Bench, ground: Ground) -> None:
    opcode = PARAMETER_SET + PARAMETER_IDS[P_POWER_BUS_MAX_MA]
    ground.command(opcode, 7000)
    ground.command(opcode, PARAMETER_MAXIMA[P_POWER_BUS_MAX_MA] + 1)
    ground.command(CMD_LINK_PARAMETER_GET, PARAMETER_IDS[P_POWER_BUS_MAX_MA])
    rule = PARAMETER_SET + PARAMETER_IDS[P_LINK_RULE_PROCEDURE]
    ground.command(rule, LINK_RULE_ABORT, widths="B")
    ground.command(rule, 4, widths="B")
    ground.hear(6)
    assert bench.payload.parameters.values[P_POWER_BUS_MAX_MA] == 7000
    assert bench.payload.parameters.values[P_LINK_RULE_PROCEDURE] == LINK_RULE_ABORT
    said = bench.seen(EV_LINK_PARAMETER)
    assert [row[1:3] for row in said] == [
        [PARAMETER_IDS[P_POWER_BUS_MAX_MA], 7000],
        [PARAMETER_IDS[P_POWER_BUS_MAX_MA], 7000],
        [PARAMETER_IDS[P_LINK_RULE_PROCEDURE], LINK_RULE_ABORT],
    ]
    assert [a.result for a in ground.answers] == [
        0,
        COMMAND_RESULT_VALIDATION,
        0,
        0,
        COMMAND_RESULT_VALIDATION,
    ]
    bench.payload.mode.set(MODE_WORKING)
    ground.command(opcode, 6000)
    ground.hear()
    assert ground.answers[-1].result == COMMAND_RESULT_WRONG_STATE
    bench.payload.parameters.reset()


def test_the_dictionary_is_told_when_asked_and_at_the_first_session(bench: Bench, ground: Ground) -> None:
    ground.command(CMD_LINK_TELL_DICTIONARY)
    ground.hear()
    told = bench.seen(EV_LINK_DICTIONARY)
    assert len(told) == 2
    assert "".join(f"{part:04x}" for part in told[0][1:]) == DICTIONARY_DIGEST
    assert len(bench.seen(EV_LINK_PARAMETERS_DEFAULT)) == 1


# ---- urgent frames


def test_stop_is_obeyed_from_nobody_known_and_at_once(bench: Bench) -> None:
    ground = Ground(bench)
    bench.payload.work = 1000
    bench.commands.submit(CMD_CAROUSEL_HOME)
    bench.tick(5)
    assert bench.payload.rail.is_on
    ground.urgent(STOP, 1, session=0)
    ground.hear()
    assert bench.payload.stops == 1 and not bench.payload.rail.is_on
    assert bench.payload.feed.forgotten == 1
    assert ground.urgents == [(STOP, 1, 0, 1)]
    ground.hear(2)
    assert bench.payload.activities.running == 0
    assert bench.seen(EV_LINK_URGENT) == [[EV_LINK_URGENT, URGENT_KIND_STOP, 1, 0, 0]]


def test_a_repeated_stop_stops_again_and_a_repeated_abort_is_only_answered(
    bench: Bench, ground: Ground
) -> None:
    for _ in range(3):
        ground.urgent(STOP, 1)
        ground.hear()
    assert bench.payload.stops == 3 and len(bench.seen(EV_LINK_URGENT)) == 1
    bench.payload.work = 50
    bench.commands.submit(CMD_CAROUSEL_HOME)
    ground.urgent(ABORT, 2)
    ground.hear(2)
    bench.commands.submit(CMD_CAROUSEL_HOME)
    ground.urgent(ABORT, 2)
    ground.hear(2)
    assert bench.payload.activities.running == 1, "the old frame does not end the new activity"
    assert ground.urgents[-2:] == [(ABORT, 2, 0, 1), (ABORT, 2, 0, 1)]


def test_stop_passes_a_window_full_of_commands(bench: Bench, ground: Ground) -> None:
    for _ in range(6):
        ground.command(CMD_SYSTEM_NO_OP)
    ground.urgent(STOP, 1)
    ground.hear()
    assert bench.payload.stops == 1


def test_pause_and_resume(bench: Bench, ground: Ground) -> None:
    bench.payload.work = 100
    bench.commands.submit(CMD_CAROUSEL_HOME)
    ground.hear(10)
    ground.urgent(PAUSE, 1)
    ground.hear()
    steps = bench.payload.steps
    for _ in range(10):
        ground.ack()
        ground.hear(100)
    assert bench.payload.steps == steps and bench.payload.corer.paused
    assert ground.statuses[-1][14] & 1
    ground.urgent(RESUME, 2)
    ground.hear(200)
    assert bench.payload.activities.running == 0
    assert not bench.payload.corer.paused
    assert ground.urgents == [(PAUSE, 1, 0, 1), (RESUME, 2, 0, 1)]


def test_an_abort_passes_a_pause(bench: Bench, ground: Ground) -> None:
    bench.payload.work = 1000
    bench.commands.submit(CMD_CAROUSEL_HOME)
    ground.urgent(PAUSE, 1)
    ground.hear(5)
    ground.urgent(ABORT, 2)
    ground.hear(3)
    assert bench.payload.activities.running == 0 and not bench.payload.activities.paused
    assert not bench.payload.corer.paused


def test_there_may_be_nothing_to_do(bench: Bench, ground: Ground) -> None:
    for ident, kind in enumerate((ABORT, PAUSE, RESUME), 1):
        ground.urgent(kind, ident)
        ground.hear()
    assert ground.urgents == [(ABORT, 1, 1, 0), (PAUSE, 2, 1, 0), (RESUME, 3, 1, 0)]
    assert bench.seen(EV_LINK_URGENT) == []


def test_an_old_resume_sets_nothing_in_motion(bench: Bench, ground: Ground) -> None:
    bench.payload.work = 1000
    bench.commands.submit(CMD_CAROUSEL_HOME)
    ground.urgent(PAUSE, 1)
    ground.hear()
    resume = ground.urgent(RESUME, 2)
    ground.hear()
    ground.urgent(PAUSE, 3)
    ground.hear()
    assert bench.payload.activities.paused
    bench.put(resume)
    ground.urgent(RESUME, 9, session=0)
    ground.hear()
    ground.urgent(RESUME, 10, session=ground.session - 1)
    ground.hear()
    assert bench.payload.activities.paused
    assert len(bench.seen(EV_LINK_URGENT_REFUSED)) == 3


def test_an_urgent_frame_of_an_old_session_stops_but_does_not_abort(bench: Bench, ground: Ground) -> None:
    bench.payload.work = 1000
    bench.commands.submit(CMD_CAROUSEL_HOME)
    ground.urgent(ABORT, 1, session=ground.session + 5)
    ground.hear(3)
    assert bench.payload.activities.running == 1
    ground.urgent(STOP, 2, session=ground.session + 5)
    ground.hear(3)
    assert bench.payload.activities.running == 0


@pytest.mark.parametrize(
    "body", [b"", b"\x01", struct.pack(">BHI", 0, 1, 0), struct.pack(">BHI", 5, 1, 0), bytes(9)]
)
def test_an_urgent_frame_that_says_nothing_known_is_dropped(
    bench: Bench, ground: Ground, body: bytes
) -> None:
    dropped = bench.link.dropped
    ground.send(URGENT, body)
    ground.hear()
    assert bench.link.dropped == dropped + 1 and ground.urgents == []


# ---- events


def test_events_come_once_in_order_with_their_numbers(bench: Bench, ground: Ground) -> None:
    first = bench.events.count
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear(3)
    numbers = [number for _, number, _ in ground.events]
    assert numbers == list(range(numbers[0], bench.events.count + 1)) and numbers[-1] == first + 2
    assert {boot for boot, _, _ in ground.events} == {bench.link.record.boot}
    assert ground.events[-1][2][:6] == struct.pack(">HI", 2, EV_SYSTEM_COMMAND_COMPLETED)


def test_events_are_told_again_and_gone_ones_are_named(bench: Bench, ground: Ground) -> None:
    settled(ground)
    boot = bench.link.record.boot
    ground.again(boot, 1, 3)
    ground.hear(3)
    assert [number for _, number, _ in ground.events] == [1, 2, 3]
    for _ in range(150):
        ground.command(CMD_SYSTEM_NO_OP)
        ground.hear()
    oldest = bench.events.oldest
    assert oldest > 10
    settled(ground)
    ground.again(boot, 5, oldest + 1)
    ground.hear(3)
    assert ground.gone == [(boot, 5, oldest - 1)]
    assert [number for _, number, _ in ground.events] == [oldest, oldest + 1]
    ground.again(boot + 1, 1, 9)
    ground.hear(2)
    assert ground.gone[-1] == (boot + 1, 1, 9)


def test_a_wish_for_events_that_are_not_there_yet_ends_at_the_newest(bench: Bench, ground: Ground) -> None:
    settled(ground)
    ground.again(bench.link.record.boot, 0, 0xFFFFFFFF)
    ground.hear(40)
    assert [number for _, number, _ in ground.events] == list(range(1, bench.events.count + 1))


def test_status_comes_once_a_second_and_tells_the_newest_event(bench: Bench, ground: Ground) -> None:
    ground.statuses.clear()
    for _ in range(10):
        ground.ack()
        ground.hear(100)
    assert 9 <= len(ground.statuses) <= 11
    session, newest, oldest, mode = struct.unpack(">IIIB", ground.statuses[-1][:13])
    assert (session, newest, oldest, mode) == (
        ground.session,
        bench.events.count,
        1,
        bench.payload.mode.value,
    )
    flags = ground.statuses[-1][14]
    assert flags == 8, "the mission clock is valid, nothing else"
    assert len(ground.statuses[-1]) == 12 + 3 + 11


# ---- telemetry


def test_plain_telemetry_is_one_packet_a_sample(bench: Bench, ground: Ground) -> None:
    bench.payload.parameters.set(P_LINK_PACK_SAMPLES, 0)
    ground.telemetry.clear()
    for _ in range(5):
        ground.ack()
        ground.hear(100)
    ids = [struct.unpack(">HH", packet[:4])[1] for packet in ground.telemetry]
    assert 24 <= ids.count(PACKET_IDS[0]) <= 26
    assert set(ids) == set(PACKET_IDS)
    assert ground.packed == []


def test_packed_telemetry_begins_with_key_frames_and_counts_its_chain(bench: Bench, ground: Ground) -> None:
    for _ in range(40):
        ground.ack()
        ground.hear(50)
    mine = [body for body in ground.packed if body[0] == PACKET_IDS[0]]
    assert [body[2] for body in mine] == list(range(len(mine)))
    keys = [n for n, body in enumerate(mine) if body[1] & 1]
    assert keys[:2] == [0, 16]
    assert {body[3] for body in mine} == {5} and {body[4] for body in mine} == {20}
    assert all(body[1] & 2 for body in mine)
    seconds = [int.from_bytes(body[5:9], "big") * 100 + body[9] for body in mine]
    assert {b - a for a, b in zip(seconds, seconds[1:], strict=False)} == {100}
    ground.packed.clear()
    ground.control(KEY, b"\xff")
    for _ in range(4):
        ground.ack()
        ground.hear(50)
    first = next(
        body for body in ground.packed if body[0] == PACKET_IDS[0] and not body[2] == mine[-1][2] + 1
    )
    assert first[1] & 1, "a key frame when it is asked for"


def test_telemetry_never_holds_up_what_matters(bench: Bench, ground: Ground) -> None:
    bench.port.room = 0
    for _ in range(60):
        ground.ack()
        bench.tick(100)
    ground.urgent(STOP, 1)
    bench.tick()
    assert bench.payload.stops == 1
    bench.port.room = 1 << 20
    ground.hear(5)
    assert ground.urgents == [(STOP, 1, 0, 0)]
    assert bench.ground.telemetry.dropped > 0


# ---- a lost link


def working(bench: Bench, rule: int, index: int = P_LINK_RULE_BY_HAND) -> None:
    bench.payload.parameters.set(index, rule)
    bench.payload.work = 5000
    bench.commands.submit(CMD_CAROUSEL_HOME if index == P_LINK_RULE_BY_HAND else CMD_SAMPLE_ACQUIRE, ()
                          if index == P_LINK_RULE_BY_HAND else (1, 2000))  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "running", "stops"),
    [(LINK_RULE_FINISH, 1, 0), (LINK_RULE_PAUSE, 1, 0), (LINK_RULE_ABORT, 0, 0), (LINK_RULE_STOP, 0, 1)],
)
@pytest.mark.parametrize("index", [P_LINK_RULE_BY_HAND, P_LINK_RULE_PROCEDURE])
def test_a_lost_link_is_answered_by_the_declared_rule_and_reported_on_return(
    bench: Bench, ground: Ground, rule: int, running: int, stops: int, index: int
) -> None:
    working(bench, rule, index)
    ground.ack()
    ground.hear(400)
    assert not bench.seen(EV_LINK_LOST)
    before = bench.events.count
    bench.tick(120)
    lost = bench.seen(EV_LINK_LOST)
    assert len(lost) == 1 and lost[0][1] == 5000 and lost[0][3] == rule
    assert (bench.payload.activities.running, bench.payload.stops) == (running, stops)
    assert bench.payload.activities.paused == (rule == LINK_RULE_PAUSE)
    bench.tick(1000)
    ground.events.clear()
    bench.take()
    ground.ack()
    ground.hear(3)
    back = bench.seen(EV_LINK_BACK)
    assert back[0][1:] == [15, rule, before + 1, 0]
    told = [number for _, number, _ in ground.events]
    assert told and told[-1] == bench.events.count
    assert ground.connect().session == ground.session


def test_nothing_is_lost_before_anybody_came(bench: Bench) -> None:
    working(bench, LINK_RULE_STOP)
    bench.tick(3000)
    assert not bench.seen(EV_LINK_LOST) and bench.payload.stops == 0


def test_while_the_link_is_lost_nothing_is_sent(bench: Bench, ground: Ground) -> None:
    ground.hear(600)
    bench.take()
    bench.tick(1000)
    assert bench.take() == b""
    assert len(bench.seen(EV_LINK_LOST)) == 1


def test_no_event_that_the_ring_can_hold_is_lost(bench: Bench, ground: Ground) -> None:
    settled(ground)
    seen = bench.events.count
    ground.hear(600)
    for _ in range(60):
        bench.commands.submit(CMD_SYSTEM_NO_OP)
    bench.tick(100)
    ground.ack()
    ground.hear(80)
    assert [number for _, number, _ in ground.events] == list(range(seen + 1, bench.events.count + 1))


# ---- what is none of ours


def test_the_echo_of_ones_own_frames_is_dropped(bench: Bench, ground: Ground) -> None:
    bench.put(frame(bytes((0x12, CONTROL, 0, 0, 0x81)) + bytes(50)))
    bench.put(frame(bytes((0x14, CONTROL, 0, 0, 0x05)) + bytes(4)))
    taken = bench.link.taken
    ground.hear()
    assert bench.link.taken == taken


def test_another_version_is_told_so(bench: Bench) -> None:
    ground = Ground(bench)
    bench.put(frame(bytes((0x20, CONTROL, 0, 0, 1, 2)) + bytes(8)))
    ground.hear()
    bench.tick(200)
    ground.hello(version=2)
    ground.hear()
    assert [(reason, version) for reason, version, _ in ground.refused] == [(TAG_FAULT_VERSION, 1)] * 2
    assert ground.welcomes == []


@pytest.mark.parametrize("kind", [0x00, 0x07, 0x81, 0xFF, 1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("length", [0, 1, 3, 12, 14])
def test_control_frames_of_a_wrong_kind_or_length_do_nothing(
    bench: Bench, ground: Ground, kind: int, length: int
) -> None:
    if (kind, length) in ((1, 9), (6, 1)):
        return
    before = bench.seen()
    ground.control(kind, bytes(length))
    ground.hear(2)
    assert bench.seen() == before or kind == 1
    assert bench.payload.done == []


# ---- tags


def test_with_a_key_both_sides_tag_everything() -> None:
    bench = Bench(key=KEY_A)
    ground = Ground(bench, KEY_A)
    ground.connect()
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear(200)
    assert bench.payload.done == [(CMD_SYSTEM_NO_OP,)]
    assert ground.answers[0].result == COMMAND_RESULT_OK and ground.statuses and ground.packed


def test_a_replayed_frame_is_refused_also_after_a_reset() -> None:
    bench = Bench(key=KEY_A)
    ground = Ground(bench, KEY_A)
    ground.counter = 1 << 40
    ground.connect()
    stop = ground.urgent(STOP, 1)
    ground.hear()
    assert bench.payload.stops == 1
    bench.put(stop)
    ground.hear()
    assert bench.payload.stops == 1
    assert ground.refused[-1][0] == TAG_FAULT_COUNTER
    assert bench.seen(EV_LINK_FRAME_REFUSED)[-1][1] == TAG_FAULT_COUNTER
    bench.start()
    bench.tick(100)
    bench.put(stop)
    ground.hear()
    assert bench.payload.stops == 0
    floor = int.from_bytes(ground.refused[-1][2], "big")
    assert ground.counter <= floor <= ground.counter + 4096
    ground.welcomes.clear()
    ground.hello()
    ground.hear()
    assert not ground.welcomes, "below the floor nothing is taken, not even from the right ground"
    ground.counter = floor
    ground.hello()
    ground.hear()
    assert ground.welcomes, "above it everything"


@pytest.mark.parametrize(("key", "reason"), [(None, TAG_FAULT_NEEDED), (KEY_B, TAG_FAULT_WRONG)])
def test_no_tag_and_the_wrong_key_are_refused_by_name(key: bytes | None, reason: int) -> None:
    bench = Bench(key=KEY_A)
    stranger, ground = Ground(bench, key), Ground(bench, KEY_A)
    for _ in range(50):
        stranger.hello()
        stranger.urgent(STOP, 1)
        ground.hear()
    assert bench.payload.stops == 0 and ground.welcomes == []
    assert [entry[0] for entry in ground.refused] == [reason], "once a second and not more"
    assert bench.seen(EV_LINK_FRAME_REFUSED)[0][1] == reason


def test_each_changed_bit_of_a_tagged_frame_is_found() -> None:
    bench = Bench(key=KEY_A)
    ground = Ground(bench, KEY_A)
    ground.counter = 5
    content = ground.content(URGENT, struct.pack(">BHI", STOP, 1, 0))
    for bit in range(8 * len(content)):
        forged = bytearray(content)
        forged[bit >> 3] ^= 1 << (bit & 7)
        bench.put(frame(bytes(forged)))
        bench.tick()
    assert bench.payload.stops == 0
    bench.put(frame(content))
    bench.tick()
    assert bench.payload.stops == 1


def test_a_radio_without_a_key_takes_nothing() -> None:
    bench = Bench(board={**BOARD, "link": {**BOARD["link"], "radio": True}})
    ground = Ground(bench)
    ground.hello()
    ground.urgent(STOP, 1)
    ground.hear()
    assert ground.welcomes == [] and bench.payload.stops == 0
    assert ground.refused[0][0] == TAG_FAULT_NEEDED
    assert len(bench.seen(EV_LINK_KEY_MISSING)) == 1


@pytest.mark.parametrize("text", [None, "", "no hex", "00" * 15, "00" * 65, "0" * 33])
def test_a_key_file_that_is_not_right_leaves_the_line_shut(tmp_path, text: str | None) -> None:
    path = tmp_path / "link.key"
    if text is not None:
        path.write_text(text)
    bench = Bench(board={**BOARD, "link": {**BOARD["link"], "key_file": str(path)}})
    ground = Ground(bench)
    ground.urgent(STOP, 1, session=0)
    ground.hear()
    assert bench.payload.stops == 0 and len(bench.seen(EV_LINK_KEY_MISSING)) == 1


def test_the_key_of_the_board_is_used(tmp_path) -> None:
    path = tmp_path / "link.key"
    path.write_text(KEY_A.hex()[:30] + "\n" + KEY_A.hex()[30:] + "\n")
    bench = Bench(board={**BOARD, "link": {**BOARD["link"], "key_file": str(path)}})
    assert Ground(bench, KEY_A).connect().expected == 1
    assert not bench.seen(EV_LINK_KEY_MISSING)


def test_a_counter_that_cannot_be_written_down_is_not_taken() -> None:
    bench = Bench(key=KEY_A)
    ground = Ground(bench, KEY_A)
    ground.connect()
    bench.fram.broken = True
    ground.counter += 10_000
    ground.urgent(STOP, 1)
    ground.hear()
    assert bench.payload.stops == 0


@pytest.mark.parametrize("key", [b"", bytes(15), bytes(65)])
def test_a_key_has_a_length(bench: Bench, key: bytes) -> None:
    with pytest.raises(ValueError, match="16 to 64 are possible"):
        bench.link.use_key(key)


def test_every_packet_of_the_dictionary_fits_a_plain_frame() -> None:
    assert max(PACKET_SIZES) <= 16


# ---- a line that takes nothing for a while


def blocked(bench: Bench, ground: Ground, seconds: int = 40) -> None:
    """The port takes nothing; the ground is heard all the same. In the end the transmit buffer is full."""
    bench.port.room = 0
    for _ in range(seconds):
        ground.ack()
        bench.tick(100)


def test_everything_that_matters_is_said_once_the_line_takes_it(bench: Bench, ground: Ground) -> None:
    bench.ground.files.store.save("log", bytes(3000), 3000)
    ground.command(CMD_FILES_SEND, "log")
    ground.hear(20)
    bench.payload.parameters.set(P_LINK_PACK_SAMPLES, 0)
    blocked(bench, ground)
    ground.hello(resume=ground.session)
    ground.reliable(struct.pack(">HI", 0, CMD_SYSTEM_NO_OP), number=9, session=ground.session + 1)
    ground.hello(version=9)
    ground.urgent(STOP, 1)
    ground.command(CMD_SYSTEM_NO_OP)
    bench.tick(3)
    assert bench.payload.stops == 1
    settled(ground, 1)
    ground.welcomes.clear()
    bench.port.room = 1 << 20
    ground.hear(10)
    assert ground.urgents and ground.welcomes and ground.acks and ground.answers
    assert [entry[0] for entry in ground.refused] == [TAG_FAULT_VERSION]
    assert ground.no_sessions == [ground.session]


def test_events_that_were_overwritten_before_they_could_be_sent_are_a_gap_that_can_be_asked_for(
    bench: Bench, ground: Ground
) -> None:
    settled(ground)
    first = bench.events.count + 1
    blocked(bench, ground, 10)
    for _ in range(200):
        bench.commands.submit(CMD_SYSTEM_NO_OP)
    bench.port.room = 1 << 20
    ground.hear(200)
    numbers = [number for _, number, _ in ground.events]
    assert numbers[-1] == bench.events.count
    missing = next(number for number in range(first, numbers[-1]) if number not in numbers)
    ground.again(bench.link.record.boot, missing, missing)
    ground.hear(3)
    assert (bench.link.record.boot, missing, missing) in ground.gone


def test_a_frame_that_is_not_acknowledged_is_sent_again_and_an_acknowledgement_of_nothing_is_ignored(
    bench: Bench, ground: Ground
) -> None:
    bench.ground.files.store.save("log", bytes(3000), 3000)
    ground.command(CMD_FILES_SEND, "log")
    ground.hear(10)
    lengths = [length for channel, length in ground.lengths if channel == 1]
    assert len(lengths) == 4, "the window of the payload"
    ground.ack(5000)
    ground.hear(30)
    assert len([1 for channel, _ in ground.lengths if channel == 1]) == 4
    ground.hear(30)
    assert bench.link.sender.resent == 4
    ground.ack(3)
    ground.hear(2)
    assert bench.link.sender.oldest == 3
    ground.ack(2)
    ground.hear(2)
    assert bench.link.sender.oldest == 3, "an old acknowledgement takes nothing back"


def test_an_acknowledgement_that_comes_while_frames_are_sent_again_counts(
    bench: Bench, ground: Ground
) -> None:
    bench.ground.files.store.save("log", bytes(9000), 9000)
    ground.command(CMD_FILES_SEND, "log")
    ground.hear(10)
    bench.port.room = 0
    bench.tick(60)
    ground.ack(5)
    bench.tick(1)
    assert bench.link.sender.oldest == 5


# ---- odds and ends of a session


def test_openings_that_are_used_up_take_the_next_boot_number(bench: Bench, ground: Ground) -> None:
    boot = bench.link.record.boot
    bench.link.record.opening = 0xFFFF
    other = Ground(bench, nonce=5)
    assert other.connect().session == (boot + 1) << 16 | 1
    assert bench.link.record.command_of(boot, 0xFFFF) == -1


def test_boot_numbers_are_never_zero() -> None:
    bench = Bench()
    bench.link.record.boot = 0xFFFF
    bench.link.record.save()
    bench.start()
    assert bench.link.record.boot == 1
    assert LinkRecord(None, 0).boot == 1


def test_a_board_without_room_for_the_record_forgets_over_a_restart() -> None:
    board = {**BOARD, "parts": {**BOARD["parts"], "fram": {"scratch": 32704}}}
    bench = Bench(board=board)
    ground = Ground(bench)
    ground.connect()
    ground.command(CMD_SYSTEM_NO_OP)
    ground.hear()
    bench.start()
    assert Ground(bench).connect(resume=ground.session).accepted == 0xFFFFFFFF


def test_status_tells_rail_loop_and_protection(bench: Bench, ground: Ground) -> None:
    bench.payload.rail.is_on = bench.payload.rail.estop = True
    bench.payload.responses.level = 1
    bench.payload.mission_time.valid = False
    ground.ack()
    ground.hear(120)
    assert ground.statuses[-1][14] == 2 | 4 | 16
    ground.hear(500)
    ground.ack()
    ground.hear(120)
    assert ground.statuses[-1][14] == 2 | 4 | 16 | 32, "the link was lost since the handshake"


def test_bring_up_has_a_rule_of_its_own(bench: Bench, ground: Ground) -> None:
    bench.payload.parameters.set(P_LINK_RULE_BRING_UP, LINK_RULE_STOP)
    bench.payload.activities.start(ACTIVITY_NAME_BRING_UP, bench.payload._working(), 1)
    bench.payload.work = 10_000
    ground.hear(600)
    assert bench.payload.stops == 1 and bench.seen(EV_LINK_LOST)[0][2] == ACTIVITY_NAME_BRING_UP


def test_a_lost_link_without_work_has_nothing_to_apply(bench: Bench, ground: Ground) -> None:
    ground.hear(600)
    assert bench.seen(EV_LINK_LOST)[0][2:4] == [0, LINK_RULE_FINISH]


def test_bye_and_ack_of_another_session_are_told_so(bench: Bench, ground: Ground) -> None:
    settled(ground)
    ground.control(BYE, struct.pack(">I", ground.session + 1))
    ground.hear()
    assert ground.no_sessions == [ground.session] and not bench.link.left
    before = bench.link.sender.oldest
    ground.control(ACK, struct.pack(">II", ground.session + 1, before + 1))
    ground.hear()
    assert bench.link.sender.oldest == before and len(ground.no_sessions) > 0


def test_a_frame_may_come_in_pieces(bench: Bench) -> None:
    ground = Ground(bench)
    ground.hello()
    whole = bench.port.incoming
    for at in range(len(whole)):
        bench.port.incoming = whole[at : at + 1]
        bench.tick()
    ground.hear()
    assert len(ground.welcomes) == 1


def test_a_tagged_frame_on_a_line_without_a_key_is_refused(bench: Bench) -> None:
    ground = Ground(bench)
    bench.put(frame(bytes((0x11, URGENT, 0, 0)) + struct.pack(">BHI", STOP, 1, 0) + bytes(14)))
    bench.put(frame(bytes((0x11, URGENT, 0, 0))))
    ground.hear()
    assert bench.payload.stops == 0 and ground.refused[0][0] == TAG_FAULT_WRONG


def test_one_packets_key_leaves_the_others_alone(bench: Bench, ground: Ground) -> None:
    for _ in range(7):
        ground.ack()
        ground.hear(100)
    ground.packed.clear()
    ground.control(KEY, bytes((PACKET_IDS[0],)))
    for _ in range(12):
        ground.ack()
        ground.hear(100)
    keys = [body[0] for body in ground.packed if body[1] & 1]
    assert keys == [PACKET_IDS[0]]


# ---- calling, while nobody is heard


def test_a_beacon_says_who_is_here_only_while_no_session_stands(bench: Bench) -> None:
    ground = Ground(bench)
    bench.link.beacon()
    ground.hear()
    assert [status[:4] for status in ground.statuses] == [bytes(4)], "of no session yet"
    ground.connect()
    settled(ground)
    bench.link.beacon()
    ground.hear(1)
    assert ground.statuses == [], "a session has its own"
    ground.control(BYE, struct.pack(">I", ground.session))
    settled(ground)
    bench.link.beacon()
    ground.hear(1)
    assert [status[:4] for status in ground.statuses] == [struct.pack(">I", ground.session)]


def test_a_line_that_is_lost_is_called_again(bench: Bench, ground: Ground) -> None:
    ground.hear(bench.payload.parameters.values[P_LINK_LOSS_MS] // 10 + 200)
    assert bench.link.lost
    settled(ground)
    bench.link.beacon()
    ground.hear(1)
    assert len(ground.statuses) == 1


def test_the_port_is_opened_anew(bench: Bench) -> None:
    opened = []
    bench.port.reopen = lambda: opened.append(True)
    bench.link.reopen()
    assert opened == [True]


def test_a_link_that_nobody_listens_to_takes_frames_and_does_nothing(bench: Bench, ground: Ground) -> None:
    values = bench.payload.parameters.values
    record = bench.ground._record(BOARD)
    made = Link(bench.port, bench.payload.executive, bench.events, values, record, 1)
    bench.ground.link.on_key = made.on_key
    settled(ground)
    ground.control(KEY, bytes((PACKET_IDS[0],)))
    ground.hear()
    assert ground.packed == [] and ground.refused == []
