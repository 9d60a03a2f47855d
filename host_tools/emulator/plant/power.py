"""Battery, bus voltage under load, solar input and brown-out. Millivolts, milliamperes, microwatt-hours.

Open-circuit voltage falls by 1.2 V in a straight line from full to empty (a lead or LiFePO4 pack's working
stretch); the terminal voltage is that less current times internal resistance (Ohm). The actuator rail drops
out below `brown_out_mv` and returns a volt above it: an undervoltage lockout with hysteresis.
"""

SOLAR_MW = 30_000  # panel under a zenith sun without dust
DROOP_MV = 1_200


class Power:
    """The battery and the bus it feeds."""

    def __init__(self, geometry: dict, charge_permille: int) -> None:
        self._full_uwh = geometry["battery_mwh"] * 1000
        self._mv = geometry["battery_mv"]
        self._mohm = geometry["battery_mohm"]
        self._low_mv = geometry["brown_out_mv"]
        self.charge_uwh = self._full_uwh * charge_permille // 1000
        self.sag_mv = 0  # extra sag by fault
        self.brown_out = False
        self._frac_uws = 0

    def charge_permille(self) -> int:
        """State of charge in thousandths."""
        return self.charge_uwh * 1000 // self._full_uwh

    def set_charge(self, permille: int) -> None:
        """Sets the state of charge, thousandths."""
        self.charge_uwh = self._full_uwh * permille // 1000

    def bus_mv(self, load_ma: int) -> int:
        """Bus voltage under a load."""
        open_mv = self._mv + DROOP_MV // 2 - DROOP_MV * (self._full_uwh - self.charge_uwh) // self._full_uwh
        mv = open_mv - load_ma * self._mohm // 1000 - self.sag_mv
        if self.charge_uwh <= 0:
            return 0
        return mv if mv > 0 else 0

    def check(self, mv: int) -> bool:
        """Undervoltage lockout of the actuator rail, with hysteresis. Returns True while the rail is out."""
        if mv < self._low_mv:
            self.brown_out = True
        elif mv >= self._low_mv + 1000:
            self.brown_out = False
        return self.brown_out

    def advance(self, seconds: int, load_ma: int, sun_permille: int) -> None:
        """Takes the load's energy out of the battery and puts the panel's in, over whole seconds."""
        net_mw = SOLAR_MW * sun_permille // 1000 - load_ma * self.bus_mv(load_ma) // 1000
        total = net_mw * 1000 * seconds + self._frac_uws
        self.charge_uwh += total // 3600
        self._frac_uws = total % 3600
        if self.charge_uwh > self._full_uwh:
            self.charge_uwh = self._full_uwh
        if self.charge_uwh < 0:
            self.charge_uwh = 0
