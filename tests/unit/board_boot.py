"""Boots the payload of a board and asks every part who it is; on CPython and on the MicroPython VM.

Usage: micropython board_boot.py < specification.json, with the path set up as for a run. Prints one JSON
object.
"""

import json
import sys


def _drained(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value



def main():
    from host_tools.emulator.session import Session

    session = Session(json.loads(sys.stdin.readline()), None)
    session._boot()
    payload = session.payload
    for _ in range(100):
        payload.executive.step()
    said = {
        "name": session.world.board["name"],
        "mode": payload.mode.value,
        "failed": _drained(payload.check_parts()),
        "seats": payload.carousel.seats,
        "energised": session.plant.energised,
    }
    payload.stop()
    print(json.dumps(said))


main()
