"""Rod: a linear actuator with a potentiometer, whose force shows in the current of the auxiliary rail.

Probe and sealer are made of one each. The rail is shared with the servos, so current counts above what the
rail draws at rest, read just before a stroke. `tick()` allocates nothing; not for interrupts.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.analogue import Potentiometer
    from rochette.drivers.h_bridge import HBridge
    from rochette.drivers.ina219 import Ina219


class Rod:
    """Drive, position and current of one linear actuator.

    bridge: its H-bridge (+ extends); pot: its position sensor; aux: current sensor of the auxiliary rail.

    Attributes, read only: `um` (position from the retracted end), `above_ma` (rail current above rest),
    `drive_permille`, `driven_ticks` (since the drive was last switched), `still_ticks` (time without travel
    while driven), `sensor_ok`.
    """

    def __init__(self, bridge: "HBridge", pot: "Potentiometer", aux: "Ina219") -> None:
        self._bridge = bridge
        self._pot = pot
        self._aux = aux
        self.um = 0
        self.above_ma = 0
        self.drive_permille = 0
        self.driven_ticks = 0
        self.still_ticks = 0
        self.sensor_ok = False
        self._still_um = 100
        self._mark_um = 0
        self._rest_ma = 0
        self._rest_sum = 0
        self._rest_count = 0

    def read(self) -> None:
        """Take position and current from the drivers' last readings. Allocates nothing."""
        self.um = self._pot.um
        self.above_ma = self._aux.current_ma - self._rest_ma
        self.sensor_ok = self._pot.ok and self._aux.ok

    @property
    def rest_ma(self) -> int:
        """The rail's resting current, milliamperes, as it was read last. Allocates nothing."""
        return self._rest_ma

    def begin_rest(self) -> None:
        """Begin to read the rail's resting current; the drive is off."""
        self.stop()
        self._rest_sum = 0
        self._rest_count = 0

    def rest(self) -> None:
        """One more reading of the resting current; the mean counts."""
        self._rest_sum += self._aux.current_ma
        self._rest_count += 1
        self._rest_ma = self._rest_sum // self._rest_count

    def drive(self, permille: int, still_um: int) -> None:
        """Drive at `permille` (-1000 to 1000, + extends); less travel than `still_um` counts as standing."""
        self._still_um = still_um
        self.drive_permille = permille
        self.driven_ticks = 0
        self.still_ticks = 0
        self._mark_um = self.um
        self._bridge.drive(permille)

    def stop(self) -> None:
        """Drive off; the screw holds the rod where it is."""
        self.drive_permille = 0
        self._bridge.stop()

    def tick(self) -> None:
        """Read, and watch for travel. 100 Hz while its mechanism is busy. Allocates nothing."""
        self.read()
        self.driven_ticks += 1
        travel = self.um - self._mark_um
        if travel >= self._still_um or travel <= -self._still_um:
            self._mark_um = self.um
            self.still_ticks = 0
        else:
            self.still_ticks += 1
