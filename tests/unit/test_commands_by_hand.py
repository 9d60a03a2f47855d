"""Every mechanism by hand on the whole emulated payload: jog, home and self-test, each with one answer."""

from __future__ import annotations

import pytest

from host_tools.dictionary import load
from host_tools.emulator.faults import FaultInjector
from rochette import tables as t
from tests.unit.payload_rig import Rig

ANSWERS = (t.EV_SYSTEM_COMMAND_COMPLETED, t.EV_SYSTEM_COMMAND_REJECTED)


class Hand:
    """A payload that was brought up, and commands given one after the other."""

    def __init__(self) -> None:
        self.rig = Rig()
        self.payload = self.rig.boot()
        self.plant = self.rig.session.plant
        assert self.give(t.CMD_SAMPLE_COMMISSION) == t.EV_SYSTEM_COMMAND_COMPLETED
        assert self.give(t.CMD_SAMPLE_BRING_UP) == t.EV_SYSTEM_COMMAND_COMPLETED

    def step(self, ticks: int = 1) -> None:
        for _ in range(ticks):
            self.payload.executive.step()
            if self.payload.events.count != self.rig.session._events_seen:
                self.rig.session._hear_events()

    def give(self, opcode: int, *args: int) -> int:
        """Carry it out to its end; its one answer (an event's id)."""
        payload = self.payload
        self.rig.events.clear()
        payload.commands.submit(opcode, args)
        for _ in range(12_000):
            self.step()
            if not payload.activities.running and not payload.commands.pending(opcode):
                break
        answers = [one["id"] for one in self.rig.events if one["id"] in ANSWERS and one["args"][0] == opcode]
        assert len(answers) == 1, "exactly one answer"
        assert not payload.rail.is_on and self.plant.energised == 0
        return answers[0]

    def ids(self) -> list[int]:
        return self.rig.ids()


@pytest.fixture(scope="module")
def hand():
    one = Hand()
    yield one
    one.payload.stop()
    one.rig.session.world.detach()


BY_HAND = (
    (t.CMD_FEED_SELF_TEST, ()),
    (t.CMD_CORER_SELF_TEST, ()),
    (t.CMD_CAROUSEL_SELF_TEST, ()),
    (t.CMD_PROBE_SELF_TEST, ()),
    (t.CMD_SEALER_SELF_TEST, ()),
    (t.CMD_GATE_SELF_TEST, ()),
    (t.CMD_CAMERA_SELF_TEST, ()),
    (t.CMD_SYSTEM_SELF_TEST, ()),
    (t.CMD_FEED_JOG, (2000, 1000)),
    (t.CMD_FEED_HOME, ()),
    (t.CMD_CORER_SPIN, (60, 2)),
    (t.CMD_CORER_PERCUSS, (3,)),
    (t.CMD_CORER_TURN_CAM, (t.CAM_POSITION_OFFSET,)),
    (t.CMD_CORER_TURN_CAM, (t.CAM_POSITION_RELEASE,)),
    (t.CMD_CORER_TURN_CAM, (t.CAM_POSITION_CENTRED,)),
    (t.CMD_CORER_CENTRE, ()),
    (t.CMD_CAROUSEL_JOG, (40,)),
    (t.CMD_CAROUSEL_HOME, ()),
    (t.CMD_PROBE_JOG, (3000,)),
    (t.CMD_PROBE_JOG, (-2000,)),
    (t.CMD_PROBE_RETRACT, ()),
    (t.CMD_SEALER_JOG, (900,)),
    (t.CMD_SEALER_JOG, (-500,)),
    (t.CMD_SEALER_RETRACT, ()),
    (t.CMD_GATE_OPEN, ()),
    (t.CMD_GATE_CLOSE, ()),
    (t.CMD_CAMERA_SHOOT, (40_000, 500)),
)


@pytest.mark.parametrize(("opcode", "args"), BY_HAND, ids=[f"{one[0]:x}{one[1]}" for one in BY_HAND])
def test_each_by_hand_command_is_carried_out(hand: Hand, opcode: int, args: tuple[int, ...]) -> None:
    assert hand.give(opcode, *args) == t.EV_SYSTEM_COMMAND_COMPLETED
    assert hand.payload.mode.value == t.MODE_IDLE


def test_every_mechanism_has_a_jog_a_home_and_a_self_test() -> None:
    """A gate and a camera have two ends, or none: theirs are called by what they do."""
    words = load()
    names = {"CMD_" + command.full_name for command in words.command_list}
    for component, jog, home in (
        ("FEED", "JOG", "HOME"),
        ("CORER", "SPIN", "CENTRE"),
        ("CAROUSEL", "JOG", "HOME"),
        ("PROBE", "JOG", "RETRACT"),
        ("SEALER", "JOG", "RETRACT"),
        ("GATE", "OPEN", "CLOSE"),
        ("CAMERA", "SHOOT", "HALT"),
    ):
        assert {f"CMD_{component}_{what}" for what in (jog, home, "HALT", "SELF_TEST")} <= names


def test_nobody_is_left_without_a_handler(hand: Hand) -> None:
    assert hand.payload.commands.unhandled() == []


def test_moves_happen(hand: Hand) -> None:
    hand.give(t.CMD_PROBE_RETRACT)
    before = hand.plant.probe.um
    hand.give(t.CMD_PROBE_JOG, 4000)
    assert 3500 < hand.plant.probe.um - before < 4500
    hand.give(t.CMD_PROBE_RETRACT)
    hand.give(t.CMD_SEALER_RETRACT)
    before = hand.plant.sealer.um
    hand.give(t.CMD_SEALER_JOG, 800)
    assert 500 < hand.plant.sealer.um - before < 1300
    hand.give(t.CMD_SEALER_RETRACT)


def test_a_rod_by_hand_stops_at_what_it_meets(hand: Hand) -> None:
    hand.give(t.CMD_PROBE_RETRACT)
    hand.plant.fault("probe_jam", 1)
    assert hand.give(t.CMD_PROBE_JOG, 5000) == t.EV_SYSTEM_COMMAND_REJECTED
    assert t.EV_PROBE_JAM in hand.ids()
    hand.plant.fault("probe_jam", 0)
    assert hand.give(t.CMD_PROBE_RETRACT) == t.EV_SYSTEM_COMMAND_COMPLETED


def test_the_ram_takes_no_seal_by_hand(hand: Hand) -> None:
    hand.give(t.CMD_SEALER_RETRACT)
    dispensed = hand.payload.sealer.dispensed
    assert hand.give(t.CMD_SEALER_JOG, 20_000) == t.EV_SYSTEM_COMMAND_REJECTED
    assert hand.payload.sealer.retracted and hand.payload.sealer.dispensed == dispensed


def test_a_taken_mechanism_is_busy_and_the_first_command_goes_on(hand: Hand) -> None:
    payload = hand.payload
    payload.commands.submit(t.CMD_CAROUSEL_COUNT, ())
    hand.step(100)
    for opcode, args in ((t.CMD_CAROUSEL_COUNT, ()), (t.CMD_FEED_SELF_TEST, ()), (t.CMD_PROBE_JOG, (500,))):
        hand.rig.events.clear()
        result = payload.commands.submit(opcode, args)
        hand.step()
        assert result in (t.COMMAND_RESULT_BUSY, t.COMMAND_RESULT_WRONG_STATE)
        assert sum(one["id"] in ANSWERS for one in hand.rig.events) == 1
    while payload.activities.running:
        hand.step()
    assert t.EV_SYSTEM_COMMAND_COMPLETED in hand.ids()


@pytest.mark.parametrize(
    ("bus", "opcode", "part"),
    [("analogue", t.CMD_PROBE_SELF_TEST, t.PART_ADS1115), ("light", t.CMD_CAMERA_SELF_TEST, t.PART_VEML7700)],
)
def test_a_part_that_does_not_answer_fails_the_test_of_what_needs_it(
    hand: Hand, bus: str, opcode: int, part: int
) -> None:
    fault = {"target": f"bus.{bus}", "kind": "off", "for_ms": 400}
    fault["at_ms"] = hand.rig.session.world.clock.now_us // 1000 + 1
    FaultInjector(hand.rig.session.world, [fault])
    hand.step(5)
    assert hand.give(opcode) == t.EV_SYSTEM_COMMAND_REJECTED
    absent = [one["args"][0] for one in hand.rig.events if one["id"] == t.EV_SYSTEM_PART_ABSENT]
    assert absent == [part] and t.EV_SYSTEM_SELF_TEST_FAILED in hand.ids()
    hand.step(100)
    assert hand.give(t.CMD_GATE_SELF_TEST) == t.EV_SYSTEM_COMMAND_COMPLETED
    assert hand.give(opcode) == t.EV_SYSTEM_COMMAND_COMPLETED
