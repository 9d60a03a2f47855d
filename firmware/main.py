"""Start of the payload: read the board, build everything, run for ever."""

import sys

from rochette.hal import interpreter, memory, reset
from rochette.hal.watchdog import for_the_start

interpreter.check()
memory.while_importing()

from rochette.payload import Payload  # noqa: E402  (the heap has to be told first)


def build(watched: bool = False) -> Payload:
    """The payload of the board that is on the path. Allocates everything that will ever be allocated.

    watched: the watchdog runs meanwhile, at its longest time, started anew by each stage: what hangs before
    the executive runs is reset too, and named. Not for a person at the console, who may take longer.
    """
    board = _board()
    watchdog = for_the_start(board["mcu"]) if watched else None
    try:
        payload = Payload(board, watchdog)
    except KeyboardInterrupt:
        if watchdog is not None:
            reset.name_nobody()
            watchdog.let_go()
        raise
    del board
    memory.settle()
    return payload


def _board() -> dict:
    """The board's data, for this one use: nothing keeps them, for they take 9 kB of the heap of a Pico."""
    import board

    del sys.modules["board"]
    return board.BOARD


def main() -> None:
    """Build and run. Returns only by an exception, with every output safe."""
    payload = build(True)
    try:
        payload.run()
    finally:
        payload.stop()


if __name__ == "__main__":
    main()
