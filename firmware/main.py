"""Start of the payload: read the board, build everything, run for ever."""

import board
from rochette.payload import Payload


def build() -> Payload:
    """The payload of the board that is on the path. Allocates everything that will ever be allocated."""
    return Payload(board.BOARD)


def main() -> None:
    """Build and run. Returns only by an exception, with every output safe."""
    payload = build()
    try:
        payload.run()
    finally:
        payload.stop()


if __name__ == "__main__":
    main()
