"""Random commands, faults and time against the whole payload: what must hold after every step.

Faults come from nature's side (plant, e-stop loop), commands through the command service as the ground's do.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from rochette import tables as t
from tests.unit.payload_rig import Rig

SPINDLE, CAROUSEL, SEALER, PROBE = 1, 8, 128, 64
NEVER_TOGETHER = (SPINDLE | CAROUSEL | SEALER, PROBE | CAROUSEL, SPINDLE | PROBE)
COMMANDS = (
    (t.CMD_SAMPLE_BRING_UP, ()),
    (t.CMD_SAMPLE_ACQUIRE, (1, 1200)),
    (t.CMD_SAMPLE_ACQUIRE, (2, 1500)),
    (t.CMD_SAMPLE_ACQUIRE, (43, 1000)),
    (t.CMD_SAMPLE_ABORT, ()),
    (t.CMD_SAMPLE_RETAKE, ()),
    (t.CMD_SAMPLE_RELEASE, (1, 1)),
    (t.CMD_SAMPLE_RELEASE, (1, 2)),
    (t.CMD_FEED_HOME, ()),
    (t.CMD_FEED_JOG, (3000, 2000)),
    (t.CMD_CAROUSEL_HOME, ()),
    (t.CMD_CAROUSEL_GO, (5, 0)),
    (t.CMD_CAROUSEL_SHAKE, ()),
    (t.CMD_GATE_OPEN, ()),
    (t.CMD_GATE_CLOSE, ()),
    (t.CMD_PROBE_MEASURE, ()),
    (t.CMD_PROBE_RETRACT, ()),
    (t.CMD_SEALER_DISPENSE, ()),
    (t.CMD_SEALER_RETRACT, ()),
    (t.CMD_CORER_CENTRE, ()),
    (t.CMD_CORER_PERCUSS, (5,)),
    (t.CMD_CORER_SPIN, (100, 3)),
    (t.CMD_CORER_TURN_CAM, (t.CAM_POSITION_OFFSET,)),
    (t.CMD_CORER_HALT, ()),
    (t.CMD_FEED_HALT, ()),
    (t.CMD_PROBE_JOG, (5000,)),
    (t.CMD_SEALER_JOG, (1000,)),
    (t.CMD_SYSTEM_SELF_TEST, ()),
    (t.CMD_CAMERA_SHOOT, (40000, 500)),
    (t.CMD_SYSTEM_NO_OP, ()),
    (t.CMD_SYSTEM_SAFE, ()),
    (t.CMD_POWER_GUARD_CLEAR, ()),
    (t.CMD_SAMPLE_RETRACT_BIT, (1, 1)),
    (t.CMD_SAMPLE_FINISH_STORING, (1, 1)),
    (t.CMD_SAMPLE_HOLD_AGAIN, (1, 1)),
)
BEGUN = (0, 1500, 3500, 5000, 6500, 8000, 9500, 11000, 12500, 14000, 16000, 18000, 20000)
"""Ticks that an acquisition has run, with a release at its hold, before anything random comes."""
FAULTS = (
    ("spindle_jam", 1),
    ("spindle_short_ma", 9000),
    ("encoder_dead", 1),
    ("feed_brake", 1),
    ("rock_grip_mn", 200000),
    ("slip", 1500),
    ("carousel_lost_steps", 400),
    ("breakoff_stuck", 1),
    ("gate_stuck", 1),
    ("probe_jam", 1),
    ("seal_stuck", 1),
    ("led_dead", 1),
)


WAITS = (10, 20, 50, 50, 100, 100, 200, 300, 400, 600, 800, 1500)
STEPS = (
    *(("command", what) for what in COMMANDS),
    *(("wait", ticks) for ticks in WAITS),
    *(("fault", (name, value)) for name, value in FAULTS),
    *(("fault", (name, 0)) for name, _ in FAULTS),
    ("estop", None),
    *(("mend", None) for _ in range(3)),
)
"""All alike in likelihood: the e-stop seldom, and faults end, or nothing would ever go on."""
PARTS = 20
MILLION = 1_000_000
EXAMPLE_STEPS = 500


class PayloadMachine(RuleBasedStateMachine):
    """One payload, driven at random. `steps`: of all of them so far."""

    steps = 0

    @initialize(
        seed=st.integers(1, 50),
        rock=st.sampled_from(("sandstone", "mudstone", "powdery")),
        begun=st.sampled_from(BEGUN),
    )
    def boot(self, seed, rock, begun):
        self.rig = Rig(rock, seed=seed)
        self.payload = self.rig.boot()
        self.session = self.rig.session
        self.plant = self.session.plant
        self.asked = 0
        self.together = 0
        assert self.submit(t.CMD_SAMPLE_COMMISSION, ()) == t.COMMAND_RESULT_OK
        self.ticks(100)
        self.submit(t.CMD_SAMPLE_BRING_UP, ())
        for _ in range(100):
            self.ticks(100)
            if self.payload.kit.ready and not self.payload.activities.running:
                break
        if begun:
            assert self.payload.kit.ready
            self.submit(t.CMD_SAMPLE_ACQUIRE, (1, 1200))
        while begun > 0:
            self.ticks(min(begun, 500))
            begun -= 500
            if self.payload.mode.value == t.MODE_HOLD:
                self.submit(t.CMD_SAMPLE_RELEASE, (1, 1))

    def submit(self, opcode, args):
        self.asked += 1
        return self.payload.commands.submit(opcode, args)

    def ticks(self, count):
        payload, plant = self.payload, self.plant
        for _ in range(count):
            payload.executive.step()
            energised = plant.energised
            for mask in NEVER_TOGETHER:
                both = energised & mask
                assert not both & (both - 1), f"energised together: {both:#x}"
            if payload.events.count - self.session._events_seen > 100:
                self.session._hear_events()
            if payload.camera.picture_no != self.session._pictures_seen:
                self.session._look()
                self.asked += 1

    @rule(step=st.sampled_from(STEPS))
    def step(self, step):
        PayloadMachine.steps += 1
        kind, what = step
        if kind == "command":
            self.submit(*what)
            self.ticks(2)
        elif kind == "wait":
            self.ticks(what)
        elif kind == "fault":
            self.plant.fault(*what)
            self.ticks(5)
        elif kind == "mend":
            for name, _ in FAULTS:
                self.plant.fault(name, 0)
            self.submit(t.CMD_POWER_GUARD_CLEAR, ())
            self.ticks(2)
        else:
            self.press_estop()

    def press_estop(self):
        self.session.world.set_estop(False)
        assert not self.plant.enable  # the loop is hardware: at once
        self.ticks(2)
        assert not self.payload.rail.is_on
        self.ticks(300)
        assert self.payload.activities.running == 0
        assert self.plant.energised == 0
        self.session.world.set_estop(True)
        self.ticks(3)
        assert not self.payload.rail.is_on  # it does not come back on by itself

    @invariant()
    def one_tube_one_place(self):
        if not hasattr(self, "plant"):
            return
        tubes = self.plant.tubes
        for tube in range(1, tubes.seats + 1):
            places = tubes.in_seat.count(tube) + (tubes.in_bit == tube) + (tubes.tube_at[tube] == "DROPPED")
            assert places == 1, f"tube {tube} is in {places} places"
        standing = [seat for seat in range(1, tubes.seats + 1) if self.payload.custody.tube_in_seat(seat)]
        assert len(standing) + bool(self.payload.custody.tube_in_bit) == tubes.seats

    @invariant()
    def no_power_without_an_activity(self):
        if hasattr(self, "payload") and not self.payload.activities.running:
            assert not self.payload.rail.is_on

    def teardown(self):
        if not hasattr(self, "payload"):
            return
        self.submit(t.CMD_SAMPLE_ABORT, ())
        self.ticks(400)
        self.session._hear_events()
        ids = self.rig.ids()
        assert self.payload.activities.running == 0
        assert ids.count(t.EV_SYSTEM_ACTIVITY_STARTED) == ids.count(t.EV_SYSTEM_ACTIVITY_ENDED)
        begun = ids.count(t.EV_SAMPLE_STARTED) + ids.count(t.EV_SAMPLE_GOES_ON)
        assert begun == ids.count(t.EV_SAMPLE_ENDED), "each sample that is begun or goes on ends once"
        answers = ids.count(t.EV_SYSTEM_COMMAND_COMPLETED) + ids.count(t.EV_SYSTEM_COMMAND_REJECTED)
        assert answers == self.asked, "each command gets exactly one answer"
        self.session.world.detach()


def _settings(examples, steps):
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


TestPayloadMachine = PayloadMachine.TestCase
TestPayloadMachine.settings = _settings(8, 60)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(PARTS))
def test_a_million_steps(part: int, record_property) -> None:  # type: ignore[no-untyped-def]
    """Three minutes a part; each run takes other ones."""
    before = PayloadMachine.steps
    wanted = MILLION // PARTS
    # boot() counts as a step too, and is none of ours. Now and then Hypothesis ends an example early.
    for examples in (wanted // EXAMPLE_STEPS, *([1] * 20)):
        run_state_machine_as_test(PayloadMachine, settings=_settings(examples, 1 + EXAMPLE_STEPS))
        if PayloadMachine.steps - before >= wanted:
            break
    steps = PayloadMachine.steps - before
    record_property("steps", steps)
    assert steps >= wanted
