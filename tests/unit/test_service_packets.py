"""F Prime's packets, byte for byte as its ground system has them; time tags; names in events."""

from __future__ import annotations

import struct

import pytest

from rochette.services import packets
from rochette.services.mission_time import MissionTime
from rochette.services.names import Names, good_name
from rochette.tables import (
    CHANNEL_WIDTHS,
    COMMAND_OPCODES,
    EV_FILES_STORED,
    EV_SYSTEM_ACTIVITY_ENDED,
    EV_SYSTEM_COMMAND_COMPLETED,
    EV_SYSTEM_COMMAND_DISPATCHED,
    EV_SYSTEM_COMMAND_REJECTED,
    EVENT_IDS,
    PACKET_CHANNELS,
    PACKET_IDS,
    PACKET_SIZES,
)


class Executive:
    tick = 0


class Clock:
    def __init__(self, epoch_s: int, valid: bool = True) -> None:
        self.epoch_s = epoch_s
        self.valid = valid
        self.ok = True
        self.stopped = not valid
        self.polls = 0

    def poll(self) -> None:
        self.polls += 1


def mission_time(epoch_s: int, valid: bool = True, tick: int = 0) -> MissionTime:
    executive = Executive()
    executive.tick = tick
    time = MissionTime(executive, Clock(epoch_s, valid), 2020)
    time.poll()
    return time


UNIX_2020 = 1_577_836_800
# The time of the golden vectors: 6B00EB0E and 123456 microseconds, here to the hundredth.
GOLDEN_S = 0x6B00EB0E - UNIX_2020
GOLDEN_TAG = bytes.fromhex("0002006b00eb0e0001d4c0")


def written(put, *args) -> bytes:
    buffer = bytearray(400)
    end = put(buffer, 0, *args)
    return bytes(buffer[:end])


def test_the_time_tag_is_f_primes() -> None:
    time = mission_time(GOLDEN_S)
    assert written(time.put_tag, 12) == GOLDEN_TAG


def test_the_time_tag_counts_from_the_start_while_the_clock_is_not_valid() -> None:
    time = mission_time(0, valid=False)
    assert written(time.put_tag, 12_345) == bytes.fromhex("0001000000007b0006ddd0")


@pytest.mark.parametrize("epoch_s", [0, 1, 0x1EFF, 0x1F00, 0xFFFF, 0x10000, 217_385_358, 2**30 - 1])
def test_seconds_since_1970_are_right_over_every_carry(epoch_s: int) -> None:
    time = mission_time(epoch_s)
    seconds = int.from_bytes(written(time.put_seconds, 0), "big")
    assert seconds == epoch_s + UNIX_2020
    assert time.from_tag_seconds(seconds >> 16, seconds & 0xFFFF) == epoch_s


def test_time_goes_on_between_polls_and_before_them_and_over_the_wrap_of_ticks() -> None:
    time = mission_time(1000, tick=(1 << 30) - 150)
    assert [time.seconds((tick + (1 << 30) - 150) & 0x3FFFFFFF) for tick in (0, 99, 100, 250)] == [
        1000,
        1000,
        1001,
        1002,
    ]
    assert time.seconds((1 << 30) - 250) == 999
    assert time.hundredths((1 << 30) - 150 + 42) == 42


def test_a_clock_that_jumps_is_believed_no_more_and_one_that_beats_beside_ours_is() -> None:
    time = mission_time(1000)
    clock, executive = time._clock, time._executive
    executive.tick, clock.epoch_s = 100, 1002  # read a moment after its second began
    time.poll()
    assert time.seconds(100) == 1001
    clock.epoch_s = 5000
    time.poll()
    assert not time.valid and time.seconds(100) == 1
    clock.epoch_s = 1002  # back by itself: it may show anything now
    time.poll()
    assert not time.valid


def test_the_answers_of_commands_are_f_primes_bytes() -> None:
    time, names = mission_time(GOLDEN_S), Names()
    record = [EV_SYSTEM_COMMAND_COMPLETED, 12, 0x200, 0, 0, 0]
    assert written(packets.put_event, record, time, names) == bytes.fromhex(
        "0002" + f"{EV_SYSTEM_COMMAND_COMPLETED:08x}"
    ) + GOLDEN_TAG + bytes.fromhex("00000200")
    record = [EV_SYSTEM_COMMAND_DISPATCHED, 12, 0x200, 1, 0, 0]
    assert written(packets.put_event, record, time, names)[17:] == bytes.fromhex("0000020000000001")
    record = [EV_SYSTEM_COMMAND_REJECTED, 12, 0x200, 2, 3, 4]
    assert written(packets.put_event, record, time, names)[17:] == bytes.fromhex("0000020002"), (
        "OpCodeError has the opcode and one byte"
    )


def test_an_event_has_its_arguments_in_their_own_widths() -> None:
    record = [EV_SYSTEM_ACTIVITY_ENDED, 12, 2, 3, 33, -5]
    packet = written(packets.put_event, record, mission_time(0), Names())
    assert packet[17:] == bytes((2, 3, 33)) + struct.pack(">i", -5)


def test_an_event_tells_a_name_as_long_as_it_is_known() -> None:
    names = Names()
    number = names.note("core-01.seq")
    record = [EV_FILES_STORED, 0, number, 1000, 0x1234, 0xFFFF]
    packet = written(packets.put_event, record, mission_time(0), names)
    assert packet[17:] == b"\x00\x0bcore-01.seq" + struct.pack(">iii", 1000, 0x1234, 0xFFFF)
    for n in range(32):
        names.note(f"other-{n}")
    assert written(packets.put_event, record, mission_time(0), names)[17:20] == b"\x00\x01?"


def test_an_event_that_the_dictionary_does_not_have_goes_without_arguments() -> None:
    assert len(written(packets.put_event, [0x7777, 0, 1, 2, 3, 4], mission_time(0), Names())) == 17


def test_every_event_fits_a_frame() -> None:
    names = Names()
    number = names.note("x" * 24)
    for event in EVENT_IDS:
        assert len(written(packets.put_event, [event, 0] + [number] * 4, mission_time(0), names)) <= 121


def test_telemetry_is_f_primes_packetized_form() -> None:
    values = [-1 - n for n in range(len(CHANNEL_WIDTHS))]
    packet = written(
        packets.put_telemetry,
        PACKET_IDS[0],
        packets.first_channel(0),
        PACKET_SIZES[0],
        values,
        mission_time(GOLDEN_S),
        12,
    )
    assert packet[:4] == bytes((0, 4, 0, PACKET_IDS[0]))
    assert packet[4:15] == GOLDEN_TAG
    expected = b""
    for channel in PACKET_CHANNELS[: PACKET_SIZES[0]]:
        expected += (
            struct.pack(">i", values[channel])
            if CHANNEL_WIDTHS[channel] == 4
            else bytes((values[channel] & 0xFF,))
        )
    assert packet[15:] == expected
    assert packets.first_channel(len(PACKET_IDS)) == len(PACKET_CHANNELS)


@pytest.mark.parametrize(
    ("widths", "data", "values"),
    [
        (b"\x04\x01", b"\xff\xff\xff\xfe\x07", [-2, 7]),
        (b"\x00", b"\x00\x03abc", ["abc"]),
        (b"\x00", b"\x00\x00", [""]),
        (b"\x00\x04", b"\x00\x02a\xff\x00\x00\x00\x01", ["a?", 1]),
        (b"", b"", []),
        (b"", b"\x00", None),
        (b"\x04", b"\x00\x00\x00", None),
        (b"\x04", b"\x00\x00\x00\x00\x00", None),
        (b"\x01", b"", None),
        (b"\x00", b"\x00", None),
        (b"\x00", b"\x00\x04abc", None),
        (b"\x00", b"\xff\xffabc", None),
    ],
)
def test_arguments_are_read_or_refused(widths: bytes, data: bytes, values: object) -> None:
    assert packets.read_values(data, 0, len(data), widths, 0, len(widths)) == values


def test_a_place_is_found_by_halving() -> None:
    for place, opcode in enumerate(COMMAND_OPCODES):
        assert packets.place_of(COMMAND_OPCODES, opcode) == place
    assert packets.place_of(COMMAND_OPCODES, 0) == -1
    assert packets.place_of(COMMAND_OPCODES, 1 << 31) == -1
    assert packets.place_of((), 5) == -1


@pytest.mark.parametrize("name", ["a", "core-01.seq", "A_b.C", "x" * 24, "0"])
def test_good_names(name: str) -> None:
    assert good_name(name)


@pytest.mark.parametrize(
    "name", ["", ".", ".hidden", "a/b", "../x", "a\\b", "x" * 25, "a b", "a\n", "é", 5, None]
)
def test_bad_names(name: object) -> None:
    assert not good_name(name)


def test_a_name_that_is_noted_again_keeps_its_number() -> None:
    names = Names()
    assert names.note("a") == names.note("a") == 1
    assert names.note("b") == 2
    assert names.note("a") == 3
    assert names.text(1) == b"a" and names.text(0) == b"?" and names.text(4) == b"?"
