"""Does each axis move, the right way, and only that one? Slowly, 5 % where it is a motor."""

from __future__ import annotations

from typing import Any

import pytest

FIVE_PERCENT = 50


@pytest.mark.needs("spindle")
def test_encoder_is_still_at_rest(rig: Any) -> None:
    """The encoder answers, and counts nothing while the spindle stands."""
    assert rig.run("e=d['encoder']\nchk(e)\nw(100,e)\ne.zero()\nw(400,e)\nreturn [e.ok,e.count]") == [
        True,
        0,
    ]


@pytest.mark.needs("rail", "spindle", "i2c")
def test_spindle_turns_the_way_it_is_told(rig: Any, measured: Any) -> None:
    """From 5 % up until it turns: forward counts up, reverse down, the current stays below the limit."""
    forward, at, current, reverse = rig.run(
        f"""
s,e,c=d['spindle'],d['encoder'],d['spindle_current']
chk(c)
en.on()
w(100,e,c)
e.zero()
p={FIVE_PERCENT}
m=0
while p<=400 and abs(e.count)<100:
 s.drive(p)
 w(300,e,c)
 m=max(m,abs(c.current_ma))
 p+=50
f=e.count
s.stop()
w(1200,e,c)
e.zero()
s.drive(50-p)
w(600,e,c)
return [f,p-50,m,e.count]
"""
    )
    measured(permille=at, counts=forward, most_ma=current)
    assert forward >= 100, (
        "it does not turn at 40 %: encoder or bridge; or it turns backwards (negative counts)"
    )
    assert reverse < 0, "reverse counts up: an input of the bridge is not connected"
    assert current < rig.board["parts"]["spindle"]["draw_ma"]


@pytest.mark.needs("rail", "feed")
def test_feed_finds_its_home_switch(rig: Any, measured: Any) -> None:
    """Upwards until the home switch is made, off it again, and back: both times at the same place."""
    gone, released, again = rig.run(
        """
f=d['feed']
h=d['feed_home'].made
g=BOARD['mechanics']['feed_nm_per_step']
en.on()
w(50)
a=0 if h() else steps(f,-135000000//g,4000,h)
b=steps(f,5000000//g,1000,lambda:not h())
c=steps(f,-5000000//g,1000,h)
return [a,b,c] if h() else [a,b,0]
"""
    )
    step_um = rig.board["mechanics"]["feed_nm_per_step"] / 1000
    measured(travelled_um=round(-gone * step_um), switch_um=round(released * step_um))
    assert again, "the home switch was not found: does the feed go down when it is told up ('forward_level')?"
    assert released * step_um < 4500, "the switch does not let go: its 'active' is turned, or it is stuck"
    assert abs(released + again) * step_um < 200, (
        "it is not made where it lets go: a loose switch, or lost steps"
    )


@pytest.mark.needs("rail", "feed", "load_cell")
def test_feed_steps_are_counted_and_free(rig: Any, measured: Any) -> None:
    """2 mm down and up again: every step was made in time, no stall, no force on the load cell."""
    down, up, late, force = rig.run(
        """
f,c=d['feed'],d['load_cell']
n=2000000//BOARD['mechanics']['feed_nm_per_step']
en.on()
chk(c)
z=c.weight_mn
a=steps(f,n,2000)
w(100,c)
m=abs(c.weight_mn-z)
b=steps(f,-n,2000)
return [a,b,f.late,m]
"""
    )
    measured(steps=down, force_mn=force)
    assert down == -up and late == 0
    assert force < 8000, "the bit touches something, or the carriage binds"


@pytest.mark.needs("rail", "carousel", "i2c")
def test_carousel_passes_detents(rig: Any, measured: Any) -> None:
    """Three pitches on: the detent switch is made and left about three times. The feed is up, from the step
    before.
    """
    changes, made = rig.run(
        """
k,x=d['carousel'],d['switches']
chk(x)
m=BOARD['mechanics']
n=3*m['carousel_steps_per_turn']//(m['seats']+1)
en.on()
w(50,x)
q=d['carousel_detent'].made()
c=0
def look():
 nonlocal c,q
 x.poll()
 p=d['carousel_detent'].made()
 if p!=q: c+=1
 q=p
 return False
g=steps(k,n,400,look)
return [c,g]
"""
    )
    measured(changes=changes, steps=made)
    assert 4 <= changes <= 8, "the ring does not turn, or the detent switch does not see it"


@pytest.mark.needs("rail", "actuators", "i2c")
@pytest.mark.parametrize("part", ["probe", "sealer"])
def test_actuator_at_five_percent(rig: Any, measured: Any, part: str) -> None:
    """5 % upwards for half a second: the current stays small, and it never moves the wrong way."""
    before, after, current = rig.run(
        f"""
a,c,m=d['analogue'],d['aux_current'],d[{part!r}]
chk(a)
chk(c)
en.on()
w(400,a,c)
b=d[{part + "_position"!r}].um
m.drive({-FIVE_PERCENT})
t=0
for i in range(5):
 w(100,a,c)
 t=max(t,abs(c.current_ma))
m.stop()
w(200,a,c)
return [b,d[{part + "_position"!r}].um,t]
"""
    )
    measured(moved_um=after - before, most_ma=current)
    assert after - before < 500, "it went down when it was told up: its two inputs are exchanged"
    assert current < rig.board["parts"][part]["draw_ma"]


@pytest.mark.needs("rail", "servos", "i2c")
@pytest.mark.parametrize(
    ("servo", "pulse", "switch"),
    [
        ("breakoff_servo", "breakoff_centred_us", "breakoff_centred"),
        ("gate_servo", "gate_closed_us", "gate_closed"),
    ],
)
def test_servo_reaches_its_switch(rig: Any, servo: str, pulse: str, switch: str) -> None:
    """Driven to its place, the servo makes its switch."""
    made = rig.run(
        f"""
x=d['switches']
chk(x)
en.on()
d[{servo!r}].set_pulse(BOARD['mechanics'][{pulse!r}])
for i in range(40):
 w(50,x)
 if d[{switch!r}].made(): return True
return False
"""
    )
    assert made, f"{switch} is not made: pulse, cam or the switch's 'active'"
