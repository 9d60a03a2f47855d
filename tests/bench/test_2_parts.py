"""Do the parts answer, and with what they should? Nothing moves here."""

from __future__ import annotations

from typing import Any

import pytest

ON_BUS = (
    "switches",
    "spindle_current",
    "bus_current",
    "aux_current",
    "analogue",
    "tilt",
    "light",
    "mission_clock",
    "fram",
)


@pytest.mark.needs("i2c", "rail")
def test_rail_carries_and_switches(rig: Any, measured: Any) -> None:
    """The supply is there; the rail is off until it is switched on, and carries next to nothing then."""
    found = rig.run(
        """
b,a,s=d['bus_current'],d['aux_current'],d['spindle_current']
chk(b,a,s)
w(300,b,a,s)
r=[b.bus_mv,a.current_ma,s.current_ma]
ok=en.on()
w(400,b,a,s)
r+=[ok,b.bus_mv,a.current_ma,s.current_ma]
en.off()
w(200,b,a,s)
return r
"""
    )
    off_mv, off_aux, off_spindle, switched, on_mv, on_aux, on_spindle = found
    measured(off_mv=off_mv, on_mv=on_mv, on_aux_ma=on_aux)
    mechanics = rig.board["mechanics"]
    assert switched, "the emergency stop loop is open: close it, or look at its wire"
    assert mechanics["brown_out_mv"] < off_mv < mechanics["battery_mv"] * 12 // 10
    assert abs(off_aux) < 60 and abs(off_spindle) < 60, "current flows while the rail is off"
    assert on_mv > off_mv - 500, "the supply gives way when the rail is switched on"
    assert abs(on_aux) < 400 and abs(on_spindle) < 200, "something draws current before it is driven"


@pytest.mark.needs("i2c")
@pytest.mark.parametrize("part", ON_BUS)
def test_identity(rig: Any, part: str) -> None:
    """The part answers at its address and is what it should be."""
    assert (
        rig.run(f"d[{part!r}].check()\nreturn d[{part!r}].ok if hasattr(d[{part!r}],'ok') else True") is True
    )


@pytest.mark.needs("i2c", "feed", "servos")
def test_switches_are_plausible(rig: Any, measured: Any) -> None:
    """No two switches that exclude each other are made: a turned polarity shows here first."""
    made = rig.run(
        """
x=d['switches']
chk(x)
w(60,x)
n=list(BOARD['parts']['switches']['inputs'])+['feed_home','feed_bottom','carousel_index']
return [k for k in n if d[k].made()]
"""
    )
    measured(made=", ".join(made) or "none")
    for one, other in (("feed_home", "feed_bottom"), ("breakoff_centred", "breakoff_offset")):
        assert not (one in made and other in made), (
            f"{one} and {other} are both made: 'active' of one is turned"
        )
    for name in ("feed_stall", "camera_sync"):
        assert name not in made, f"{name} is made at rest: is its 'active' turned?"


@pytest.mark.needs("estop")
def test_emergency_stop_loop_is_closed(rig: Any) -> None:
    """The loop reads closed. That it opens is for your hand."""
    assert rig.run("return d['estop_sense'].open()") is False


@pytest.mark.needs("load_cell")
def test_load_cell_reads(rig: Any, measured: Any, bench: Any) -> None:
    """80 readings a second, quiet, and away from the ends of the range."""
    rate, low, high, mean = rig.run(
        """
c=d['load_cell']
chk(c)
n=c.samples
r=[]
e=time.ticks_add(time.ticks_ms(),1000)
while time.ticks_diff(e,time.ticks_ms())>0:
 k=c.samples
 c.poll()
 if c.samples!=k: r.append(c.raw)
 time.sleep_ms(4)
return [c.samples-n,min(r),max(r),sum(r)//len(r)]
"""
    )
    part = rig.board["parts"]["load_cell"]
    noise_mn = (high - low) * part["mn_num"] // part["mn_den"]
    measured(readings_a_second=rate, noise_mn=noise_mn)
    bench.calibration.put("load_cell.zero_raw", mean, "counts")
    assert abs(rate - part["samples_per_s"]) <= part["samples_per_s"] // 10, "is the HX711's RATE pin high?"
    assert noise_mn < 3000
    assert -8_300_000 < low and high < 8_300_000


@pytest.mark.needs("i2c")
def test_tilt_sensor_feels_one_g(rig: Any, measured: Any, bench: Any) -> None:
    """At rest the accelerometer reads one g."""
    x, y, z = rig.run("t=d['tilt']\nchk(t)\nw(200,t)\nreturn [t.x_mg,t.y_mg,t.z_mg]")
    total = int((x * x + y * y + z * z) ** 0.5)
    measured(mg=total)
    for axis, value in zip("xyz", (x, y, z), strict=True):
        bench.calibration.put(f"tilt.{axis}", value, "mg")
    assert 900 <= total <= 1100


@pytest.mark.needs("i2c", "actuators")
def test_potentiometers_are_in_range(rig: Any, measured: Any) -> None:
    """Probe and sealer read a position within their travel, both temperatures one of a room or a planet."""
    found = rig.run(
        """
a=d['analogue']
chk(a)
w(600,a)
r={}
for n in ('probe_position','sealer_position'):
 d[n].check()
 r[n]=d[n].um
for n in ('motor_temperature','ambient_temperature'):
 d[n].check()
 r[n]=d[n].mc
return r
"""
    )
    measured(**found)
    for name in ("probe_position", "sealer_position"):
        travel = rig.board["parts"][name]["travel_um"]
        assert -travel // 20 <= found[name] <= travel * 21 // 20
    for name in ("motor_temperature", "ambient_temperature"):
        assert -60_000 < found[name] < 80_000
