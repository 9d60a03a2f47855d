"""No driver takes memory in a tick: run on the real MicroPython VM with the heap locked, on parts that
allocate nothing.

Small integers have 63 bits on a PC's VM and 31 on the RP2040, so products are bounded by the ranges that the
drivers state, and not by this test.
"""

import os
import subprocess
from pathlib import Path

import pytest

from host_tools.paths import find_micropython

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@pytest.mark.micropython
def test_nothing_that_drivers_do_in_a_tick_allocates():
    fakes = HERE / "vm_fakes"
    path = os.pathsep.join(str(p) for p in (fakes, ROOT / "boards" / "emulated", ROOT / "firmware"))
    done = subprocess.run(
        [str(find_micropython()), str(fakes / "heap.py")],
        env={**os.environ, "MICROPYPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    bytes_taken = {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in lines}
    assert {name: count for name, count in bytes_taken.items() if count} == {}
    for expected in ("feed.tick", "load_cell.poll", "fram.write", "switches.poll, bus dead", "estop"):
        assert expected in bytes_taken
    words = last.split()
    # The parts were really asked, and really failed.
    assert int(words[1]) >= 50 and int(words[3]) >= 1000 and int(words[5]) >= 300
