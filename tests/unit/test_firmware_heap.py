"""The firmware's own heap on the MicroPython VM stays within a Pico's, the emulator apart."""

import json
import os
import subprocess

import pytest

from host_tools import inline, paths, rocks
from host_tools.deploy import files
from host_tools.run.targets import vm_path
from rochette import tables as t

# A Pico has about 236,000 bytes of heap at start (MicroPython 1.26, RPI_PICO), and its words are half as
# wide as this
# VM's, so that lists, dicts, objects and the machine's own tables take about half as much there. A Pico
# gets the firmware frozen, its code and tables in flash (docs/chip.md has what is free there); from sources
# all of it together just fills the heap, and this says when it would not even start.
PICO_HEAP = 236_000
BUDGET = 2 * PICO_HEAP
# What a bring-up may leave behind: the records and results it makes, no leak.
GROWTH = 16_000


@pytest.mark.micropython
def test_the_firmware_fits_a_picos_heap(tmp_path):
    """Measured as it goes onto a board: with the dictionary's numbers in the code (host_tools/inline.py)."""
    vm = str(paths.find_micropython())
    inline.write(tmp_path)
    (tmp_path / "board.py").write_text(files.board_text("emulated"))
    asked = {
        "rock_data": rocks.load("sandstone"),
        "commission": t.CMD_SAMPLE_COMMISSION,
        "bring_up": t.CMD_SAMPLE_BRING_UP,
    }
    path = vm_path("emulated").replace(str(paths.FIRMWARE), str(tmp_path))
    path = path.replace(str(paths.BOARDS / "emulated"), str(tmp_path))
    done = subprocess.run(
        [vm, "-X", "heapsize=16M", str(paths.ROOT / "tests/unit/firmware_heap.py")],
        input=json.dumps(asked) + "\n",
        env=dict(os.environ, MICROPYPATH=path),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    heap = json.loads(done.stdout.splitlines()[-1])
    print(heap)
    assert 100_000 < heap["built"] <= BUDGET, heap
    assert heap["after"] - heap["built"] <= GROWTH, heap
