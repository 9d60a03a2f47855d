"""Random commands and hands in the carousel, against a model of where each tube is: one tube, one place.

Hands take a tube out, swap two, fill a seat; the payload sees only what its sensors see when it counts.
Whatever is commanded after that, the record never has a tube in two places or two in one, no tube is used
twice, and a seat that does not fit the record stops the work.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from host_tools.campaign import truths
from host_tools.ledger.rules import GONE
from rochette import tables as t
from tests.unit.payload_rig import Rig

SEATS = 43
TUBE = st.integers(1, 5)


class CustodyMachine(RuleBasedStateMachine):
    """One payload, its record, and hands that nobody told it of."""

    @initialize()
    def boot(self) -> None:
        self.rig: Any = Rig("mudstone", seed=1)
        self.payload = self.rig.boot()
        self.session = self.rig.session
        self.tubes = self.session.plant.tubes
        self.touched: set[int] = set()
        self.sampled: dict[int, int] = {}
        self.do(t.CMD_SAMPLE_COMMISSION)
        self.do(t.CMD_SAMPLE_BRING_UP)
        assert self.payload.ready

    def do(self, opcode: int, *args: int) -> None:
        """A command, and time until it has ended."""
        payload = self.payload
        payload.commands.submit(opcode, args)
        for _ in range(60_000):
            payload.executive.step()
            if payload.camera.picture_no != self.session._pictures_seen:
                self.session._look()
            if payload.hold.active or not payload.activities.running:
                break
        self.session._hear_events()

    # Hands

    def _hands(self) -> None:
        self.session.plant.tubes_moved()

    @rule(seat=TUBE)
    def take_out(self, seat: int) -> None:
        tube = self.tubes.in_seat[seat]
        if tube:
            self.tubes.in_seat[seat] = 0
            self.tubes.tube_at[tube] = "NONE"
            self.touched.add(seat)
            self._hands()

    @rule(a=TUBE, b=TUBE)
    def swap(self, a: int, b: int) -> None:
        one, other = self.tubes.in_seat[a], self.tubes.in_seat[b]
        if one and other and a != b:
            self.tubes.in_seat[a], self.tubes.in_seat[b] = other, one
            self.tubes.seat_of[one], self.tubes.seat_of[other] = b, a
            self.touched |= {a, b}
            self._hands()

    @rule(seat=TUBE)
    def put_back(self, seat: int) -> None:
        away = [n for n in range(1, 6) if self.tubes.tube_at[n] == "NONE"]
        if away and not self.tubes.in_seat[seat] and self.tubes.in_bit != away[0]:
            self.tubes.in_seat[seat] = away[0]
            self.tubes.tube_at[away[0]] = "SEAT"
            self.tubes.seat_of[away[0]] = seat
            self.touched.add(seat)
            self._hands()

    # The ground

    @rule()
    def bring_up(self) -> None:
        missing = [seat for seat in range(1, 6) if not self.tubes.in_seat[seat]]
        recorded = [seat for seat in range(1, 6) if self.payload.custody.tube_in_seat(seat)]
        self.do(t.CMD_SAMPLE_BRING_UP)
        if any(seat in recorded for seat in missing) and not self.payload.custody.tube_in_bit:
            assert not self.payload.ready, "a missing tube was not seen by the count"

    @rule(tube=TUBE, seat=st.integers(1, 6))
    def told_of_a_move(self, tube: int, seat: int) -> None:
        self.do(t.CMD_LEDGER_MOVE, tube, seat)

    @rule(tube=TUBE)
    def told_of_a_loss(self, tube: int) -> None:
        self.do(t.CMD_LEDGER_DROP, tube, 0)

    @rule(tube=TUBE, serial=st.integers(0, 3))
    def told_of_a_serial(self, tube: int, serial: int) -> None:
        self.do(t.CMD_LEDGER_LOAD, tube, serial, 0)

    @precondition(lambda self: self.payload.ready)
    @rule(tube=TUBE)
    def try_to_take(self, tube: int) -> None:
        before = self.session.plant.tubes.in_seat[tube]
        usable = self.payload.custody.usable(tube)
        self.do(t.CMD_SAMPLE_ACQUIRE, tube, 1_000)
        if not usable:
            assert self.tubes.in_seat[tube] == before, "an unusable tube was moved"
        self.do(t.CMD_SAMPLE_ABORT)

    # What always holds

    @invariant()
    def one_tube_one_place(self) -> None:
        if not hasattr(self, "payload"):
            return
        found = truths.ledger_of(self.session.world)
        assert found.good, found.faults
        standing = [tube.place for tube in found.tubes.values() if tube.place != GONE]
        assert len(standing) == len(set(standing)), standing
        for tube in found.tubes.values():
            if tube.used:
                assert self.sampled.setdefault(tube.number, tube.sample) == tube.sample, "used twice"
        assert not self.session.plant.energised or self.payload.activities.running

    def teardown(self) -> None:
        if hasattr(self, "session"):
            self.session.end()


class SoakedCustody(CustodyMachine):
    """The same, for longer."""


def _settings(examples: int, steps: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


TestCustodyMachine = CustodyMachine.TestCase
TestCustodyMachine.settings = _settings(2, 8)
TestSoaked = pytest.mark.soak(SoakedCustody.TestCase)
TestSoaked.settings = _settings(500, 40)
