"""Start of the stimulus board: build the program on this board's pins, run it on the USB port for ever."""

import board
from rochette.hal.serial_port import UsbPort
from stimulus.program import Stimulus


def main() -> None:
    """Returns only by an exception; Ctrl-C leads to the prompt."""
    Stimulus(board.BOARD, UsbPort()).run()
