"""Random commands, faults and time against the whole payload: what must hold after every step.

Faults come from nature's side (plant, e-stop loop), commands through the command service as the ground's do.
"""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

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
)
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


class PayloadMachine(RuleBasedStateMachine):
    """One payload, driven at random."""

    @initialize(seed=st.integers(1, 50), rock=st.sampled_from(("sandstone", "mudstone", "powdery")))
    def boot(self, seed, rock):
        self.rig = Rig(rock, seed=seed)
        self.payload = self.rig.boot()
        self.session = self.rig.session
        self.plant = self.session.plant
        self.asked = 0
        self.together = 0
        assert self.submit(t.CMD_SAMPLE_COMMISSION, ()) == t.COMMAND_RESULT_OK
        self.ticks(100)
        self.submit(t.CMD_SAMPLE_BRING_UP, ())
        self.ticks(4000)

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

    @rule(what=st.sampled_from(COMMANDS))
    def command(self, what):
        self.submit(*what)
        self.ticks(2)

    @rule(count=st.sampled_from((10, 200, 1500, 4000)))
    def wait(self, count):
        self.ticks(count)

    @rule(what=st.sampled_from(FAULTS), end=st.booleans())
    def fault(self, what, end):
        self.plant.fault(what[0], 0 if end else what[1])
        self.ticks(5)

    @rule()
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
        assert ids.count(t.EV_SAMPLE_STARTED) == ids.count(t.EV_SAMPLE_ENDED)
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


class SoakedMachine(PayloadMachine):
    """The same, for longer."""


TestPayloadMachine = PayloadMachine.TestCase
TestPayloadMachine.settings = _settings(12, 20)
TestSoaked = pytest.mark.soak(SoakedMachine.TestCase)
TestSoaked.settings = _settings(2000, 60)
