"""Start of the payload: read the board, build everything, run for ever."""

import sys

from rochette.hal import interpreter, memory

interpreter.check()
memory.while_importing()

from rochette.payload import Payload  # noqa: E402  (the heap has to be told first)


def build() -> Payload:
    """The payload of the board that is on the path. Allocates everything that will ever be allocated."""
    payload = Payload(_board())
    memory.settle()
    return payload


def _board() -> dict:
    """The board's data, for this one use: nothing keeps them, for they take 7 kB of the heap of a Pico."""
    import board

    del sys.modules["board"]
    return board.BOARD


def main() -> None:
    """Build and run. Returns only by an exception, with every output safe."""
    payload = build()
    try:
        payload.run()
    finally:
        payload.stop()


if __name__ == "__main__":
    main()
