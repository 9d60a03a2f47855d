"""The safe level on every output, before anything else happens."""

from rochette.hal.pins import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FIRST = "actuator_enable"


def make_safe(pins: "dict[str, dict[str, Any]]") -> int:
    """Drive each output of the board's `pins` to its safe level, ACTUATOR_ENABLE first; return how many
    there are.

    A pin that was a PWM or belonged to a state machine becomes a plain output by this. Raises ValueError
    when an output has no safe level of 0 or 1, after all the others have been made safe. Allocates; not for
    an interrupt.
    """
    done = 0
    missing = ""
    names = sorted(pins)
    if FIRST in pins:
        names.remove(FIRST)
        names.insert(0, FIRST)
    for name in names:
        pin = pins[name]
        if pin["dir"] != "out":
            continue
        if pin["safe"] not in (0, 1):
            missing = name
            continue
        Output(pin["gp"], pin["safe"])
        done += 1
    if missing:
        raise ValueError(
            "output '{}' has no safe level: the other outputs are safe, this one floats; "
            "set its 'safe' to 0 or 1 in board.py".format(missing)
        )
    return done
