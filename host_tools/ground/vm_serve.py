"""The served payload as a program on the MicroPython VM: one JSON object a line, in and out.

    host -> VM   the specification, once
    VM -> host   {"started": 1}
    host -> VM   {"ticks": n, "rx": "hex"}
    VM -> host   what `Served.slice` gives, "tx" in hex

Emulated time stands still between two slices. End of input means that the host has gone: the actuators are
switched off and the program ends.
"""

# isort: off
from host_tools.emulator import room  # before anything that stays

# isort: on
import json
import sys
from binascii import hexlify, unhexlify


def main() -> None:
    """Serve until standard input ends."""
    from host_tools.ground.served import Served

    line = sys.stdin.readline()
    if not line:
        return
    served = Served(json.loads(line))
    served.start()
    room.open_up()
    print(json.dumps({"started": 1}))
    try:
        while True:
            line = sys.stdin.readline()
            if not line:
                return
            asked = json.loads(line)
            told = served.slice(asked["ticks"], unhexlify(asked["rx"]))
            told["tx"] = hexlify(told["tx"]).decode()
            print(json.dumps(told))
    finally:
        served.stop()


if __name__ == "__main__":
    main()
