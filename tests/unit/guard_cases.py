"""The guard, on the whole emulated payload: each cause at the hardware's side, on CPython and on the VM.

Usage on the VM: micropython guard_cases.py < specification.json; one line a case, then "done".
Interrupts run under a locked heap there, as on the chip: one that allocates raises MemoryError.
"""

import json
import sys

if sys.implementation.name == "micropython":
    import machine as _machine  # noqa: F401  (the emulated one, before the firmware looks for it)

from host_tools.emulator.session import Session


class Bench:
    """A payload that was built and has not moved; `events` as they come."""

    def __init__(self, spec, **more):
        spec = dict(spec)
        spec.update(more)
        self.names = {}
        self.session = Session(spec, self)
        self.session._boot()
        self.payload = self.session.payload
        self.world = self.session.world
        self.world.lock_heap_in_interrupts = True
        self.plant = self.session.plant
        self.guard = self.payload.guard
        # Built while the lock was not there yet: hand the interrupts over again.
        self.guard._beats._machine.irq(self.guard._beat, hard=True)
        self.payload.drivers["actuator_enable"].guarded_by(self.guard)
        self.seen = 0

    def columns(self, _names):
        """Not looked at."""

    def steps(self, count):
        for _ in range(count):
            self.payload.executive.step()

    def events(self, event_id):
        """Arguments of the events of this id since the last call."""
        from array import array

        record = array("i", [0] * 6)
        found = []
        events = self.payload.events
        while self.seen < events.count:
            self.seen += 1
            if events.read(self.seen, record) and record[0] == event_id:
                found.append((record[2], record[3], record[4]))
        return found

    def power_on(self):
        assert self.payload.rail.on()
        assert self.plant.enable
        self.steps(2)
        assert self.plant.enable

    def until_off(self, limit_us, work=None):
        """Microseconds until the actuators have no power; the executive stands still."""
        clock = self.world.clock
        start = clock.now_us
        while self.plant.enable and clock.now_us - start < limit_us:
            clock.advance(50)
            if work is not None:
                work()
        return clock.now_us - start

    def close(self):
        self.world.detach()


def tripped(bench, cause):
    """The event that names the cause; then the latch holds until it is cleared."""
    from rochette import tables as t

    payload = bench.payload
    assert not bench.plant.enable
    bench.steps(1)
    found = bench.events(t.EV_POWER_GUARD_TRIPPED)
    assert [one[0] for one in found] == [cause], found
    assert not payload.rail.is_on and payload.rail.guard_cause == cause
    assert not payload.rail.on() and not bench.plant.enable
    return found[0]


def cleared(bench):
    from rochette import tables as t

    payload = bench.payload
    assert payload.commands.submit(t.CMD_POWER_GUARD_CLEAR) == t.COMMAND_RESULT_OK
    assert payload.rail.guard_cause == 0 and not bench.plant.enable
    bench.power_on()
    payload.rail.off()


def refused(bench):
    from rochette import tables as t

    assert bench.payload.commands.submit(t.CMD_POWER_GUARD_CLEAR) == t.COMMAND_RESULT_EXECUTION
    assert bench.payload.rail.guard_cause and bench.events(t.EV_POWER_GUARD_NOT_CLEARED)


def case_a_healthy_executive_is_left_alone(spec):
    bench = Bench(spec)
    bench.power_on()
    bench.steps(300)
    assert bench.plant.enable and bench.guard.tripped == 0
    beats = bench.guard.state[3]
    assert 590 <= beats <= 610, beats
    bench.payload.rail.off()
    bench.steps(100)
    assert bench.guard.state[3] - beats <= 2, "no beats while the rail is off"
    return bench


def case_a_stuck_executive(spec):
    from rochette import tables as t

    bench = Bench(spec)
    bench.power_on()
    took = bench.until_off(200_000)
    assert 50_000 <= took <= 75_000, took
    _, value, limit = tripped(bench, t.GUARD_CAUSE_HEARTBEAT)
    assert value > limit == 60
    cleared(bench)
    return bench


def _in_place_of_the_first(executive, entry):
    slot = executive._slot
    table = executive._schedule[slot]
    changed = ((table[0][0], entry),) + table[1:]
    executive._schedule = executive._schedule[:slot] + (changed,) + executive._schedule[slot + 1 :]


def case_an_entry_that_hangs(spec):
    from rochette import tables as t
    from rochette.hal import clock

    bench = Bench(spec)
    bench.power_on()
    at = []

    def hangs(_tick=bench.payload.inputs.tick):
        begun = bench.world.clock.now_us
        while bench.world.clock.now_us - begun < 150_000:
            clock.ticks_us()
            if not bench.plant.enable and not at:
                at.append(bench.world.clock.now_us - begun)

    _in_place_of_the_first(bench.payload.executive, hangs)
    bench.steps(1)
    assert at and at[0] <= 65_000, at
    tripped(bench, t.GUARD_CAUSE_HEARTBEAT)
    return bench


def case_an_error_in_a_room(spec):
    bench = Bench(spec)
    bench.power_on()

    def breaks():
        raise OSError(5)

    _in_place_of_the_first(bench.payload.executive, breaks)
    try:
        bench.steps(1)
    except OSError:
        assert not bench.plant.enable
        return bench
    raise AssertionError("the error was swallowed")


def _short(spec, sensor, part, cause, register_value):
    bench = Bench(spec)
    bench.power_on()
    world = bench.world
    from host_tools.emulator.faults import FaultInjector

    now_ms = world.clock.now_us // 1000
    FaultInjector(
        world,
        [
            {
                "target": "register." + part + ".1",
                "kind": "stuck",
                "value": register_value,
                "at_ms": now_ms + 1,
            }
        ],
    )
    world.clock.advance(2_000)
    bench.payload.drivers[part].poll()
    begun = world.clock.now_us
    took = bench.until_off(50_000)
    assert took <= 5_100, took
    assert world.clock.now_us - begun <= 5_100
    _, value, limit = tripped(bench, cause)
    assert value > limit, (value, limit)
    refused(bench)
    world.buses[0].devices[bench.payload.drivers[part].address] = world.parts[part]
    bench.payload.drivers[part].poll()
    cleared(bench)
    return bench


def case_over_current_spindle(spec):
    return _short(spec, 0, "spindle_current", 4, 15_000)


def case_over_current_aux(spec):
    return _short(spec, 1, "aux_current", 5, 0x7FFF)


def case_over_current_bus(spec):
    return _short(spec, 2, "bus_current", 6, 15_000)


def case_over_current_backwards_counts_too(spec):
    bench = Bench(spec)
    bench.power_on()
    from rochette.hal.guard import note

    note(bench.guard.state, 0, -9_600)
    assert bench.until_off(20_000) <= 5_100
    tripped(bench, 4)
    return bench


def case_a_current_at_the_limit_is_allowed(spec):
    from rochette.hal.guard import note

    bench = Bench(spec)
    bench.power_on()
    for _ in range(5):
        note(bench.guard.state, 0, 9_500)
        bench.steps(1)
    assert bench.plant.enable and not bench.guard.tripped
    note(bench.guard.state, 0, 9_501)
    assert bench.until_off(20_000) <= 5_100
    return bench


def case_the_bottom_switch_by_its_pin(spec):
    bench = Bench(spec)
    bench.power_on()
    payload = bench.payload
    payload.feed.jog(20_000, 2_000)
    bench.steps(20)
    assert bench.guard.state[6] > 0 and payload.feed.busy
    line = bench.world.line_by_name["feed_bottom"]
    begun = bench.world.clock.now_us

    def made(_level):
        return 0

    line.set_fault(made)
    took = bench.until_off(20_000)
    assert took <= 5_100, took
    assert bench.world.clock.now_us - begun <= 5_100
    tripped(bench, 2)
    assert not payload.feed.busy and not payload.feed.homed
    bench.steps(3)
    # It is not driven down any more: that was the cause.
    cleared(bench)
    return bench


def case_the_home_switch_has_its_grace(spec):
    bench = Bench(spec)
    bench.power_on()
    bench.guard.state[6] = -1000
    line = bench.world.line_by_name["feed_home"]

    def made(_level):
        return 0

    line.set_fault(made)
    clock = bench.world.clock
    begun = clock.now_us
    while bench.plant.enable and clock.now_us - begun < 500_000:
        clock.advance(5_000)
        bench.guard.alive()
        bench.guard.state[6] = -1000
    assert 300_000 <= clock.now_us - begun <= 315_000, clock.now_us - begun
    tripped(bench, 3)
    return bench


def case_the_emergency_stop(spec):
    from rochette import tables as t

    bench = Bench(spec)
    bench.power_on()
    line = bench.world.line_by_name["actuator_enable"]
    begun = bench.world.clock.now_us
    bench.world.set_estop(False)
    assert line.level == 0 and bench.world.clock.now_us - begun <= 10
    tripped(bench, t.GUARD_CAUSE_E_STOP)
    refused(bench)
    bench.world.set_estop(True)
    bench.steps(2)
    assert not bench.plant.enable, "closing the loop switches nothing on"
    cleared(bench)
    return bench


def case_the_emergency_stop_at_rest_latches_nothing(spec):
    bench = Bench(spec)
    bench.world.set_estop(False)
    bench.steps(2)
    assert bench.payload.rail.estop and not bench.payload.rail.on()
    bench.world.set_estop(True)
    bench.steps(2)
    assert bench.payload.rail.guard_cause == 0
    bench.power_on()
    return bench


def case_a_guard_that_is_silent(spec):
    bench = Bench(spec)
    bench.power_on()
    # The state machine stands still, as after a stray write to its block.
    bench.world.machines[3].model.activate(False)
    for _ in range(20):
        if not bench.plant.enable:
            break
        bench.steps(1)
    assert not bench.plant.enable
    from rochette import tables as t

    assert [one[0] for one in bench.events(t.EV_POWER_GUARD_TRIPPED)] == [t.GUARD_CAUSE_SILENT]
    return bench


def case_the_first_cause_stays(spec):
    from rochette.hal.guard import note

    bench = Bench(spec)
    bench.power_on()
    note(bench.guard.state, 1, 3_200)
    assert bench.until_off(20_000) <= 5_100
    bench.world.clock.advance(200_000)
    assert bench.guard.tripped == 5, "the heartbeat came later"
    return bench


def case_an_activity_ends_with_its_reason(spec):
    from rochette import tables as t
    from rochette.hal.guard import note

    bench = Bench(spec)
    payload = bench.payload
    payload.commands.submit(t.CMD_SAMPLE_COMMISSION)
    bench.steps(1000)
    assert payload.commands.submit(t.CMD_SAMPLE_BRING_UP) == t.COMMAND_RESULT_OK
    for _ in range(400):
        bench.steps(1)
        if payload.rail.is_on:
            break
    assert payload.rail.is_on and payload.activities.running == 1
    note(bench.guard.state, 2, 13_000)
    bench.world.clock.advance(5_000)
    bench.steps(3)
    ended = bench.events(t.EV_SYSTEM_ACTIVITY_ENDED)
    assert ended and ended[-1][0] == t.ACTIVITY_NAME_BRING_UP and ended[-1][2] == t.REASON_GUARD, ended
    assert not payload.activities.running and not payload.ready
    # And it does not start again before it is cleared.
    assert payload.commands.submit(t.CMD_SAMPLE_BRING_UP) == t.COMMAND_RESULT_OK
    bench.steps(400)
    ended = bench.events(t.EV_SYSTEM_ACTIVITY_ENDED)
    assert ended and ended[-1][2] == t.REASON_GUARD, ended
    return bench


def case_a_hard_timer_where_there_is_no_state_machine(spec):
    from rochette.hal.guard import HEARTBEAT, Guard
    from rochette.hal.pins import Output

    bench = Bench(spec)
    guard = Guard(Output(0, 0), 1, -1, 50)
    bench.world.line_by_name["actuator_enable"].write(1)
    assert guard.arm() and bench.plant.enable
    took = bench.until_off(200_000)
    assert 50_000 <= took <= 60_000 and guard.tripped == HEARTBEAT, took
    assert not guard.arm()
    assert not guard.clear(), "not while it watches"
    guard.disarm()
    assert guard.clear() and guard.arm()
    guard.disarm()
    return bench


def case_bad_numbers(_spec):
    from rochette.hal.guard import Guard
    from rochette.hal.pins import Output

    bench = Bench(_spec)
    for arguments, says in (
        ((Output(0, 0), 1, -1, 10), "20 to 1000"),
        ((Output(0, 0), 1, -1, 1001), "20 to 1000"),
        ((Output(0, 0), 1, -1, 50, (0,)), "1 mA or more"),
        ((Output(0, 0), 1, -1, 50, (1, 2, 3, 4)), "up to 3"),
    ):
        try:
            Guard(*arguments)
        except ValueError as error:
            assert says in str(error), error
        else:
            raise AssertionError(arguments)
    return bench


CASES = sorted(name for name in globals() if name.startswith("case_"))


def main():
    spec = json.loads(sys.stdin.readline())
    for name in CASES:
        globals()[name](spec).close()
        print(name)
    print("done")


if __name__ == "__main__":
    main()
