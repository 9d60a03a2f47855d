"""First of all: the safe level on every output. Then the reset cause, before anything can change it."""

from board import BOARD
from rochette.hal import outputs, reset

outputs.make_safe(BOARD["pins"])
reset.record()
del BOARD  # 9 kB: whoever needs the board's data reads them anew
