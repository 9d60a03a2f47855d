"""Battery, bus voltage under load, solar input and brown-out. Millivolts, milliamperes, microwatt-hours.

Open-circuit voltage falls by 1.2 V in a straight line from full to empty (a lead or LiFePO4 pack's working
stretch), and below a fifth of its charge by another 12 mV a thousandth: the knee of a LiFePO4 pack, whose
cells rest at 3.2 V with a fifth left and at 2.5 V empty. The terminal voltage is that less current times
internal resistance (Ohm). The actuator rail drops out below `brown_out_mv` and returns a volt above it: an
undervoltage lockout with hysteresis.

An empty pack is disconnected by its protection circuit and comes back with RECONNECT_PERMILLE of charge.
Without it, and below LOGIC_MIN_MV, the 5 V converter and so the electronics are off; the panel charges all
the same.

Panel: 30 W under a zenith sun without dust. Dust that lies on it takes its share off (Opportunity's panels
passed 0.5 to 0.9 of the light). Into the storm of 2018 Opportunity went with 645 Wh a sol under an optical
depth of about 0.6, and had 22 Wh left of them under 10.8 four sols later (L. Crumpler, field report of sol
5114; L. David, 13 June 2018, after JPL): a factor of 29. Sky and panel here give a factor of 22 for those two
skies, and 29 when a quarter more of dust has come down on the panel.
"""

from host_tools.emulator import micropython_shim as micropython

SOLAR_MW = 30_000  # panel under a zenith sun without dust
DROOP_MV = 1_200
KNEE_PERMILLE = 200
KNEE_MV = 12  # a thousandth of charge, below the knee
LOGIC_MIN_MV = 6_500  # input that a 5 V step-down converter needs
RECONNECT_PERMILLE = 20


class Power:
    """The battery and the bus it feeds."""

    def __init__(self, geometry: dict, charge_permille: int) -> None:
        self._full_uwh = geometry["battery_mwh"] * 1000
        self._mv = geometry["battery_mv"]
        self._mohm = geometry["battery_mohm"]
        self._low_mv = geometry["brown_out_mv"]
        self.charge_uwh = self._full_uwh * charge_permille // 1000
        self.sag_mv = 0  # extra sag by fault
        self.panel_loss_permille = 0  # dust that lies on the panel
        self.brown_out = False
        self.disconnected = False
        self.logic_off = False
        self.in_uwh = 0  # all that the panel has given since power-on
        self._frac_uws = 0
        self._in_frac_uws = 0

    def charge_permille(self) -> int:
        """State of charge in thousandths."""
        return self.charge_uwh * 1000 // self._full_uwh

    def set_charge(self, permille: int) -> None:
        """Sets the state of charge, thousandths."""
        self.charge_uwh = self._full_uwh * permille // 1000
        self._protect()

    def _protect(self) -> None:
        """The pack's protection circuit."""
        if self.charge_uwh <= 0:
            self.disconnected = True
        elif self.disconnected and self.charge_permille() >= RECONNECT_PERMILLE:
            self.disconnected = False

    @micropython.native
    def bus_mv(self, load_ma: int) -> int:
        """Bus voltage under a load."""
        if self.disconnected:
            return 0
        open_mv = self._mv + DROOP_MV // 2 - DROOP_MV * (self._full_uwh - self.charge_uwh) // self._full_uwh
        short_uwh = self._full_uwh * KNEE_PERMILLE // 1000 - self.charge_uwh
        if short_uwh > 0:
            open_mv -= short_uwh * KNEE_MV * 1000 // self._full_uwh
        mv = open_mv - load_ma * self._mohm // 1000 - self.sag_mv
        return mv if mv > 0 else 0

    @micropython.native
    def check(self, mv: int) -> bool:
        """Undervoltage lockout of the actuator rail, with hysteresis. Returns True while the rail is out."""
        if mv < self._low_mv:
            self.brown_out = True
        elif mv >= self._low_mv + 1000:
            self.brown_out = False
        self.logic_off = mv < LOGIC_MIN_MV
        return self.brown_out

    def advance(self, seconds: int, load_ma: int, sun_permille: int) -> None:
        """Takes the load's energy out of the battery and puts the panel's in, over whole seconds."""
        sun_mw = SOLAR_MW * sun_permille // 1000 * (1000 - self.panel_loss_permille) // 1000
        total = sun_mw * 1000 * seconds + self._in_frac_uws
        self.in_uwh += total // 3600
        self._in_frac_uws = total % 3600
        net_mw = sun_mw - load_ma * self.bus_mv(load_ma) // 1000
        total = net_mw * 1000 * seconds + self._frac_uws
        self.charge_uwh += total // 3600
        self._frac_uws = total % 3600
        if self.charge_uwh > self._full_uwh:
            self.charge_uwh = self._full_uwh
        if self.charge_uwh < 0:
            self.charge_uwh = 0
        self._protect()
