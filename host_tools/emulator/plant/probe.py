"""The fill probe: a rod on a linear actuator that runs into the tube until it meets what is inside.

Speed falls and current rises as the rod presses: from the free current at touch to the stall current after
the "give" of what it touches (hard rock gives 0.3 mm, powder several millimetres), in a straight line. Stall
current scales with drive as 250 mA + 450 mA at full drive: gear friction makes even a slow rod bite.
Positions are kept in nanometres.
"""

from host_tools.emulator import micropython_shim as micropython


class Probe:
    """Rod position and current."""

    def __init__(self, geometry: dict) -> None:
        self._limit = geometry["probe_travel_um"] * 1000
        self._speed = geometry["probe_speed_um_s"]  # um/s equals nm a millisecond
        self._free_ma = geometry["probe_free_ma"]
        self._stall_ma = geometry["probe_stall_ma"]
        self._nm = 0
        self.um = 0
        self.ma = 0
        self.jam = False
        self.touch_um = geometry["probe_travel_um"]
        self.give_um = 300

    @micropython.native
    def step(self, permille: int) -> None:
        """One grid step under a drive of -1000..1000 (+ extends)."""
        if permille == 0:
            self.ma = 0
            return
        strength = permille if permille > 0 else -permille
        stall = 250 + (self._stall_ma - 250) * strength // 1000
        if self.jam:
            self.ma = stall
            return
        move = self._speed * 5 * permille // 1000
        self.ma = self._free_ma
        nm = self._nm
        if permille > 0:
            deep = nm - self.touch_um * 1000
            if deep > 0:
                give = self.give_um * 1000
                if deep >= give:
                    move = 0
                    self.ma = stall
                else:
                    move = move * (give - deep) // give
                    if move < 1000:
                        move = 1000  # the last tenth creeps rather than never arriving
                    self.ma = self._free_ma + (stall - self._free_ma) * deep // give
        nm += move
        if nm < 0:
            nm = 0
            self.ma = stall
        elif nm > self._limit:
            nm = self._limit
            self.ma = stall
        self._nm = nm
        self.um = nm // 1000
