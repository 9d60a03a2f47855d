"""The heap once everything is built: small holes filled, large ones and the free end left. On the real VM."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from host_tools.paths import find_micropython
from rochette.hal import memory

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import gc, sys
from rochette.hal import memory
kept = [None] * {small}
small = [None] * {small}
for n in range({small}):  # one block that stays, two that go
    kept[n] = (n,)
    small[n] = (n, n, n)
large = [bytearray(32 * {blocks}) for _ in range({large})]
fence = [(n,) for n in range(10)]
top = max(id(one) for one in fence)
first = min(id(one) for one in kept)
small = None
large = None
gc.collect()
before = gc.mem_free()
if {settle}:
    memory.settle()
new = [(n,) for n in range(3000)]
print(sum(1 for one in new if first < id(one) < top), (before - gc.mem_free()) // 32)
"""


def on_vm(**how: int) -> tuple[int, int]:
    """How many of 3,000 new blocks lie between what was built, and the blocks that are gone."""
    done = subprocess.run(
        [str(find_micropython()), "-X", "heapsize=4m", "-c", SCRIPT.format(**how)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "MICROPYPATH": str(ROOT / "firmware")},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    among, gone = done.stdout.split()
    return int(among), int(gone)


@pytest.mark.micropython
def test_small_holes_are_filled_and_what_comes_next_lies_behind_them() -> None:
    assert on_vm(small=200, large=0, blocks=0, settle=0)[0] >= 350, "without it, they are taken one by one"
    among, gone = on_vm(small=200, large=0, blocks=0, settle=1)
    assert among <= 2 * memory._HOLES // 32 + 8, "only where the list of holes itself stood"
    assert 3_000 + 350 <= gone <= 6_000, "no more than the holes"


@pytest.mark.micropython
def test_a_hole_that_a_frame_fits_into_stays_free() -> None:
    among, gone = on_vm(small=200, large=1, blocks=500, settle=1)
    assert among >= 500 and gone <= 6_000


def test_where_references_are_counted_nothing_is_done() -> None:
    memory.settle()
    assert memory._filled == [None]
