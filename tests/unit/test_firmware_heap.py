"""The firmware's own heap on the MicroPython VM stays within a Pico's, the emulator apart."""

import json
import os
import subprocess

import pytest

from host_tools import inline, paths, rocks
from host_tools.deploy import files
from host_tools.run.targets import vm_path
from rochette import tables as t

# A Pico has about 236,000 bytes of heap at start (MicroPython 1.26, RPI_PICO), and gets the firmware frozen:
# its code runs from flash (docs/chip.md), and tests/chip holds the 100 kB that must be free there. What is
# measured here is what lives in RAM either way: the objects that are built once. This VM's words are twice as
# wide, so they take about half as much there.
BUILT = 2 * 60_000
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
    assert 20_000 < heap["built"] - heap["imported"] <= BUILT, heap
    assert heap["after"] - heap["built"] <= GROWTH, heap
