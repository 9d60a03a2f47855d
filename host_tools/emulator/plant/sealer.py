"""The sealer: a plunger that pulls a seal out of the dispenser on its way down and presses it on the tube.

Force against travel, in millinewtons and micrometres:
- dispensing, 8 to 16 mm without a seal on the plunger: 15 N rising in a straight line to a pull-out peak of
  24-38 N at 15 mm, then nothing;
- a seal that sticks: the force goes on rising, 12 N a millimetre, until the drive can do no more;
- pressing, from 30 mm: 45 N a millimetre up to the activation force (113-124 N, so 2.5 to 2.8 mm after
  contact), there the ring snaps over: the force falls to 40 % and rises again, 120 N a millimetre;
- without a seal the bare plunger meets the rim 1.2 mm later and hard, 400 N a millimetre; without a tube
  there is nothing.
Current is the free current and 1 mA for each 150 mN. A drive of p thousandths can push 0.16 N for each.
"""

from host_tools.emulator import micropython_shim as micropython

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.plant.noise import Stream

PUSH_MN_PER_PERMILLE = 160
ACTIVATED = 1  # truth of a tube: a seal sits on it and has snapped over


class Sealer:
    """Plunger, dispenser and the force between them and the tube."""

    def __init__(self, geometry: dict, stream: "Stream") -> None:
        self._stream = stream
        self._limit = geometry["sealer_travel_um"] * 1000
        self._speed = geometry["sealer_speed_um_s"]
        self._free_ma = geometry["sealer_free_ma"]
        self._mn_per_ma = geometry["sealer_mn_per_ma"]
        self._low = geometry["sealer_dispense_low_um"]
        self._high = geometry["sealer_dispense_high_um"]
        self._count = geometry["sealer_count_um"]
        self._contact = geometry["sealer_contact_um"]
        self._nm = 0
        self.um = 0
        self.ma = 0
        self.force_mn = 0
        self.carried = False
        self.passed = False  # the count switch: a seal went by in this stroke
        self.left = geometry["seals"]
        self.stuck = False
        self.missing = False
        self.tube_there = False
        self.over_um = 0  # what stands out of the tube
        self.blocked = False  # something that is no tube mouth lies under the plunger
        self.sealed_now = False  # set when a seal snapped on; the plant takes it down
        self._peak_mn = stream.within(31_000, 7_000)
        self._snap_mn = stream.within(118_500, 5_500)
        self._snapped = False

    def _force(self, um: int) -> int:
        if (
            not self.carried
            and not self.missing
            and self.left > 0
            and self._low <= um
            and not self._fetched(um)
        ):
            if self.stuck:
                return 15_000 + (um - self._low) * 12
            return 15_000 + (self._peak_mn - 15_000) * (um - self._low) // (self._high - 1_000 - self._low)
        if self.blocked:
            deep = um - (self._contact - 1_000)
            return deep * 400 if deep > 0 else 0
        if not self.tube_there:
            return 0
        if self.over_um > 0:
            deep = um - (self._contact - self.over_um)
            return deep * 400 if deep > 0 else 0
        if not self.carried:
            deep = um - (self._contact + 1_200)
            return deep * 400 if deep > 0 else 0
        deep = um - self._contact
        if deep <= 0:
            return 0
        if not self._snapped:
            return deep * 45
        turn = self._snap_mn // 45
        return self._snap_mn * 2 // 5 + (deep - turn) * 120 if deep > turn else deep * 18

    def _fetched(self, um: int) -> bool:
        # The seal leaves the dispenser at the peak, a millimetre before the zone's end.
        if self.stuck:
            return False
        if um >= self._high - 1_000:
            self.carried = True
            self.left -= 1
            return True
        return False

    @micropython.native
    def step(self, permille: int) -> None:
        """One grid step under a drive of -1000..1000 (+ presses)."""
        if permille == 0:
            self.ma = 0
            self.force_mn = 0
            return
        nm = self._nm
        if permille < 0:
            nm += self._speed * 5 * permille // 1000
            self.force_mn = 0
            self.ma = self._free_ma
            if nm <= 0:
                nm = 0
                self.ma = self._free_ma * 4
        else:
            can = permille * PUSH_MN_PER_PERMILLE
            force = self._force(nm // 1000)
            if (
                self.carried
                and not self._snapped
                and self.tube_there
                and force >= self._snap_mn
                and self.over_um <= 0
            ):
                self._snapped = True
                self.sealed_now = True
                nm += 400_000
                force = self._force(nm // 1000)
            if force < can:
                move = self._speed * 5 * permille // 1000
                nm += move * (can - force) // can + 200
            else:
                force = can
            if nm >= self._limit:
                nm = self._limit
                force = can
            self.force_mn = force
            self.ma = self._free_ma + force // self._mn_per_ma
        self._nm = nm
        um = nm // 1000
        self.um = um
        if self.carried and um >= self._count:
            self.passed = True
        elif um < self._low:
            self.passed = False
        if permille < 0 and self._snapped and um < self._contact - 500:
            # The seal stays on the tube; the next one will differ a little.
            self._snapped = False
            self.carried = False
            self._peak_mn = self._stream.within(31_000, 7_000)
            self._snap_mn = self._stream.within(118_500, 5_500)
