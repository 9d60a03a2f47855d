"""A hobby servo: travels towards the commanded pulse width at its own speed, holds where it is without
pulses, may be stuck.

Position is kept in nanoseconds of pulse width; current is 350 mA while it turns, 10 mA holding, 700 mA
pushing against something.
"""

from host_tools.emulator import micropython_shim as micropython

MOVE_MA = 350
HOLD_MA = 10
STUCK_MA = 700


class Servo:
    """One servo on the auxiliary rail."""

    def __init__(self, start_us: int, span_us: int, travel_ms: int) -> None:
        self._ns = start_us * 1000
        self._per_step = span_us * 5000 // travel_ms  # ns of pulse width in 5 ms
        self.pos_us = start_us
        self.stuck = False
        self.ma = 0
        self.moving = False

    @micropython.native
    def step(self, pulse_us: int) -> bool:
        """One grid step towards a pulse width (0: no pulses or no power). Returns True when the horn
        moved.
        """
        self.moving = False
        self.ma = 0
        if pulse_us <= 0:
            return False
        gap = pulse_us * 1000 - self._ns
        if gap == 0:
            self.ma = HOLD_MA
            return False
        self.moving = True
        if self.stuck:
            self.ma = STUCK_MA
            return False
        per = self._per_step
        if gap > per:
            gap = per
        elif gap < -per:
            gap = -per
        self._ns += gap
        self.pos_us = self._ns // 1000
        self.ma = MOVE_MA
        return True
