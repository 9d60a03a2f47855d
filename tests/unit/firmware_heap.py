"""How much heap the firmware takes for itself, the emulator apart. Runs on the MicroPython VM.

Everything of the emulator is imported and built first, and the heap measured; then the firmware is imported
from its
sources and the payload built. Prints one JSON object: bytes after import, after building, and after a bring-
up.
"""

import gc
import json
import sys


def used() -> int:
    gc.collect()
    gc.collect()
    return gc.mem_alloc()


def main() -> None:
    import time  # noqa: F401

    import machine  # noqa: F401
    import rp2  # noqa: F401

    import board
    import host_tools.emulator.session as session_module

    asked = json.loads(sys.stdin.readline())
    rock_data = asked["rock_data"]
    session = session_module.Session({"rock_data": rock_data, "seed": 1, "board": "emulated"}, None)
    plant = session_module.Plant(rock_data, 1, board.BOARD["mechanics"])
    world = session_module.World(board.BOARD, plant, 1)
    world.attach()
    world.clock.advance(100_000)
    world.sync()
    before = used()
    import boot  # noqa: F401
    import main as firmware

    imported = used()
    payload = firmware.build()
    built = used()
    assert payload.commands.submit(asked["commission"]) == 0
    while payload.activities.running:
        payload.executive.step()
    assert payload.commands.submit(asked["bring_up"]) == 0
    while payload.activities.running:
        payload.executive.step()
    assert payload.ready
    after = used()
    assert session is not None
    print(json.dumps({"imported": imported - before, "built": built - before, "after": after - before}))


main()
