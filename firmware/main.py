"""Start of the payload: read the board, build everything, run for ever."""

from rochette.hal import interpreter, memory

interpreter.check()
memory.while_importing()

import board  # noqa: E402  (the heap has to be told first)
from rochette.payload import Payload  # noqa: E402


def build() -> Payload:
    """The payload of the board that is on the path. Allocates everything that will ever be allocated."""
    payload = Payload(board.BOARD)
    memory.settle()
    return payload


def main() -> None:
    """Build and run. Returns only by an exception, with every output safe."""
    payload = build()
    try:
        payload.run()
    finally:
        payload.stop()


if __name__ == "__main__":
    main()
