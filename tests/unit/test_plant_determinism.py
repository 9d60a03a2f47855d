"""Same seed, same states: across runs, across leaps, and across CPython and the MicroPython VM."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from host_tools import rocks
from host_tools.emulator.plant import OUTPUTS, Plant
from host_tools.paths import find_micropython
from tests.unit import plant_sequence
from tests.unit.plant_sequence import Rig

ROOT = Path(__file__).resolve().parents[2]


def states(p: Plant) -> list[int]:
    return [int(getattr(p, name)) for name in OUTPUTS]


def test_a_leap_equals_stepping_for_slow_things() -> None:
    leapt = Plant(rocks.load("sandstone"), 5, {})
    stepped = Plant(rocks.load("sandstone"), 5, {})
    leapt.advance(3_600_000_000)
    for us in range(5_000, 3_600_000_001, 5_000):
        stepped.advance(us)
    a = states(leapt)
    b = states(stepped)
    warm = OUTPUTS.index("motor_mc")
    volts = OUTPUTS.index("bus_mv")
    # The ambient warms while the hour passes, which a single leap takes at its end: a fraction of a degree,
    # a few millivolts.
    assert abs(a[warm] - b[warm]) <= 1_500
    assert abs(a[volts] - b[volts]) <= 20
    for i, name in enumerate(OUTPUTS):
        if i not in (warm, volts):
            assert a[i] == b[i], name


def test_how_often_one_looks_changes_nothing() -> None:
    def drive(every_us: int) -> list[int]:
        p = Plant(rocks.load("sandstone"), 3, {})
        p.enable = True
        p.spindle_permille = 500
        p.probe_permille = 300
        for us in range(every_us, 2_000_001, every_us):
            p.advance(us)
        return [p.encoder_count, p.spindle_ma, p.load_cell_mn, p.probe_um, p.w_mrpm, p.bus_mv]

    assert drive(1_000) == drive(5_000) == drive(2_500)


def sequence(seed: int) -> str:
    rig = Rig(rocks.load("sandstone"), seed, {})
    rig.whole(5, 12_000, 7)
    return rig.hash.hexdigest()


def test_the_same_seed_runs_the_same_and_another_differently() -> None:
    assert sequence(1) == sequence(1)
    assert sequence(1) != sequence(2)


@pytest.mark.micropython
@pytest.mark.parametrize(
    ("rock", "level", "seed"), [("layered", 7, 1), ("fractured", 8, 2), ("powdery", 4, 3)]
)
def test_both_machines_see_the_same_core(rock: str, level: int, seed: int) -> None:
    spec = {"rock": rocks.load(rock), "seed": seed, "level": level, "tube": 11, "depth_um": 30_000}
    rig = Rig(spec["rock"], seed, {})
    here = plant_sequence.outcome(rig, spec)
    answer = subprocess.run(
        [str(find_micropython()), str(ROOT / "tests" / "unit" / "plant_sequence.py")],
        input=json.dumps(spec) + "\n",
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "MICROPYPATH": str(ROOT)},
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == here
