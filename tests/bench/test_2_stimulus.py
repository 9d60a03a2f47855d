"""What comes in is what was played, and what goes out is what was asked for: with a second Pico on the pins.

The rail stays off: nothing moves. Where an output has to be on while it is measured, the payload's side waits
until the stimulus board has made the feed's home switch, so that neither has to know how fast the other is.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

SHORTEST_NS = 1000
"""What a step driver asks for: TMC2209 100 ns, A4988 and DRV8825 1 us and 1.9 us."""
_UNTIL_MADE = """
e=time.ticks_add(time.ticks_ms(),60000)
while not d['feed_home'].made() and time.ticks_diff(e,time.ticks_ms())>0:
 time.sleep_ms(5)
 beat()
"""


def switch(rig: Any, name: str) -> dict[str, Any]:
    """The entry of a switch in the board's data."""
    if name in rig.board["pins"]:
        return dict(rig.board["pins"][name])
    return dict(rig.board["parts"]["switches"]["inputs"][name])


def duty(stimulus: Any, line: str) -> Any:
    """What the PWM on a line does, once there is one."""
    for _ in range(40):
        found = stimulus.duty(line)
        if found.period_ns:
            break
    return found


def while_on(rig: Any, stimulus: Any, code: str, measure: Any) -> Any:
    """What `measure` gives while the payload does `code`."""
    rig.ready()
    home = switch(rig, "feed_home")["active"]
    stimulus.set("feed_home", 1 - home)
    with ThreadPoolExecutor(1) as beside:
        running = beside.submit(rig.run, code + _UNTIL_MADE)
        try:
            return measure()
        finally:
            stimulus.set("feed_home", home)
            running.result()


@pytest.mark.needs("stimulus")
@pytest.mark.parametrize(
    ("axis", "steps", "rate"),
    [("feed", 3000, 2000), ("feed", -3000, 8000), ("carousel", 700, 900), ("carousel", -400, 2000)],
)
def test_step_pulses_are_exact(
    rig: Any, stimulus: Any, measured: Any, axis: str, steps: int, rate: int
) -> None:
    """A jog: as many pulses as the payload counts, the direction line the right way, none too short."""
    stimulus.zero(axis)
    made = rig.run(f"return steps(d[{axis!r}],{steps},{rate})")
    found = stimulus.count(axis)
    forward = bool(rig.board["parts"][axis]["forward_level"]) == (steps > 0)
    measured(asked=steps, made=made, high=found.high, low=found.low, shortest_ns=found.shortest_ns)
    assert (found.high, found.low) == ((abs(made), 0) if forward else (0, abs(made)))
    assert abs(made) >= abs(steps)
    assert found.shortest_ns >= SHORTEST_NS
    assert found.shortest_ns <= 1_000_000_000 // rate, "high for longer than a whole step"


@pytest.mark.needs("stimulus")
def test_step_rate(rig: Any, stimulus: Any, measured: Any) -> None:
    """1000 steps a second asked for are 1000 a second on the wire, by the stimulus board's clock."""

    def measure() -> int:
        for _ in range(400):
            if stimulus.count("feed").high + stimulus.count("feed").low > 50:
                return int(stimulus.rate("feed"))
        raise AssertionError("no step pulses came")

    stimulus.zero("feed")
    rate = while_on(rig, stimulus, "steps(d['feed'],60000,1000,d['feed_home'].made)", measure)
    measured(rate=rate)
    assert 970 <= rate <= 1030


@pytest.mark.needs("stimulus")
@pytest.mark.parametrize(("edges", "rate"), [(400, 200), (4000, 4000), (-4000, 4000), (8001, 12000)])
def test_encoder_counts_exactly(rig: Any, stimulus: Any, measured: Any, edges: int, rate: int) -> None:
    """So many edges played, so many counted, either way, up to more than the spindle's fastest."""
    look = "e=d['encoder']\ne.poll()\nreturn [e.ok,e.count]"
    # The plug that went over from the encoder to the stimulus board is no part of the count.
    stimulus.turn(4, 1000)
    ok, before = rig.run(look)
    stimulus.turn(edges, rate)
    ok, after = rig.run(look)
    measured(played=edges, counted=after - before)
    assert ok and after - before == edges


@pytest.mark.needs("stimulus")
@pytest.mark.parametrize("name", ["feed_home", "feed_bottom", "carousel_index"])
def test_switch_on_a_pin_is_seen(rig: Any, stimulus: Any, name: str) -> None:
    """Made at its active level, open at the other."""
    active = switch(rig, name)["active"]
    for level in (active, 1 - active, active):
        stimulus.set(name, level)
        assert rig.run(f"w(30)\nreturn d[{name!r}].made()") is (level == active), f"at level {level}"


@pytest.mark.needs("stimulus", "i2c")
@pytest.mark.parametrize("name", ["tube_present", "carousel_detent", "gate_closed"])
def test_switch_on_the_expander_is_seen(rig: Any, stimulus: Any, name: str) -> None:
    """The same through the expander and the bus."""
    active = switch(rig, name)["active"]
    for level in (active, 1 - active, active):
        stimulus.set(name, level)
        code = f"x=d['switches']\nchk(x)\nw(60,x)\nreturn d[{name!r}].made()"
        assert rig.run(code) is (level == active), f"at level {level}"


@pytest.mark.needs("stimulus")
def test_emergency_stop_is_seen_open(rig: Any, stimulus: Any) -> None:
    """The sense line at its open level reads open, and refuses the rail."""
    active = switch(rig, "estop_sense")["active"]
    look = "w(30)\nr=[d['estop_sense'].open(),en.on()]\nen.off()\nreturn r"
    stimulus.set("estop_sense", active)
    assert rig.run(look) == [True, False]
    stimulus.set("estop_sense", 1 - active)
    assert rig.run("w(30)\nreturn d['estop_sense'].open()") is False


@pytest.mark.needs("stimulus")
@pytest.mark.parametrize("raw", [84_000, 1_234_567, -5_000_001])
def test_load_cell_reads_what_is_played(rig: Any, stimulus: Any, measured: Any, raw: int) -> None:
    """Every bit of the word, its sign, and the weight in millinewtons that follows."""
    stimulus.load(raw)
    read, weight, zero = rig.run(
        "c=d['load_cell']\nw(300,c)\nreturn [c.raw,c.weight_mn,c.zero_raw]",
    )
    part = rig.board["parts"]["load_cell"]
    measured(played=raw, read=read, weight_mn=weight)
    assert read == raw
    assert weight == (raw - zero) * part["mn_num"] // part["mn_den"]


@pytest.mark.needs("stimulus")
@pytest.mark.parametrize(
    ("part", "permille", "line"),
    [
        ("spindle", 300, "spindle_fwd"),
        ("spindle", -250, "spindle_rev"),
        ("probe", 50, "probe_out"),
        ("sealer", -50, "sealer_lift"),
    ],
)
def test_motor_duty(rig: Any, stimulus: Any, measured: Any, part: str, permille: int, line: str) -> None:
    """The duty that was asked for is on the bridge's input, at the board's carrier frequency."""
    found = while_on(rig, stimulus, f"d[{part!r}].drive({permille})", lambda: duty(stimulus, line))
    freq = rig.board["pwm"][line]["freq_hz"]
    measured(asked=abs(permille), permille=found.permille, period_ns=found.period_ns)
    assert abs(found.permille - abs(permille)) <= 3
    assert abs(found.period_ns * freq - 1_000_000_000) <= 10_000_000
    assert stimulus.duty(line).permille == 0, "it is still on afterwards"


@pytest.mark.needs("stimulus")
@pytest.mark.parametrize(
    ("servo", "key"), [("breakoff_servo", "breakoff_centred_us"), ("gate_servo", "gate_closed_us")]
)
def test_servo_pulse(rig: Any, stimulus: Any, measured: Any, servo: str, key: str) -> None:
    """Pulse width and frame rate of a servo."""
    pulse_us = rig.board["mechanics"][key]
    found = while_on(rig, stimulus, f"d[{servo!r}].set_pulse({pulse_us})", lambda: duty(stimulus, servo))
    measured(asked_us=pulse_us, high_ns=found.high_ns, period_ns=found.period_ns)
    assert abs(found.high_ns - pulse_us * 1000) <= 5000
    assert abs(found.period_ns - 20_000_000) <= 200_000
