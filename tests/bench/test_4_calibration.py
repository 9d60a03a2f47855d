"""The constants of this payload: measured, kept, and held against the last time."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.needs("rail", "spindle", "i2c")
def test_spindle_without_load(rig: Any, measured: Any, bench: Any) -> None:
    """Speed and current at 30 % and 60 %, nothing in the way."""
    found = rig.run(
        """
s,e,c=d['spindle'],d['encoder'],d['spindle_current']
chk(c)
en.on()
r=[]
for p in (300,600):
 s.drive(p)
 w(1500,e,c)
 e.zero()
 t=0
 for i in range(10):
  w(100,e,c)
  t+=c.current_ma
 r+=[e.count,t//10]
return r
"""
    )
    turn = rig.board["mechanics"]["spindle_counts_per_turn"]
    for permille, counts, current in ((300, *found[:2]), (600, *found[2:])):
        bench.calibration.put(f"spindle.rpm_at_{permille}", counts * 60 // turn, "rpm")
        bench.calibration.put(f"spindle.ma_at_{permille}", current, "mA")
    measured(rpm=found[2] * 60 // turn, ma=found[3])
    assert found[2] > found[0] > 0, "more drive, more speed"


@pytest.mark.needs("rail", "feed")
def test_home_switch_repeats(rig: Any, measured: Any, bench: Any) -> None:
    """The home switch is found four times; how far apart."""
    places = rig.run(
        """
f=d['feed']
h=d['feed_home'].made
g=BOARD['mechanics']['feed_nm_per_step']
en.on()
r=[]
z=0
for i in range(4):
 steps(f,3000000//g,1000,lambda:not h())
 steps(f,200000//g,1000)
 r.append(steps(f,-5000000//g,400,h))
return r[1:]
"""
    )
    spread_um = (max(places) - min(places)) * rig.board["mechanics"]["feed_nm_per_step"] // 1000
    bench.calibration.put("feed.home_spread", spread_um, "um")
    measured(spread_um=spread_um)
    assert spread_um < 100


@pytest.mark.needs("i2c")
def test_light_at_rest(rig: Any, measured: Any, bench: Any) -> None:
    """The ambient light of this bench."""
    lux = rig.run("l=d['light']\nchk(l)\nw(200,l)\nreturn l.lux if l.valid else -1")
    measured(lux=lux)
    bench.calibration.put("light.ambient", lux, "lux")
    assert lux >= 0
