"""ACTUATOR_ENABLE: the one line without which no motor, servo or solenoid has power. Pulled down on the
board.
"""

from rochette.drivers.digital import DigitalOut
from rochette.drivers.estop import EStop
from rochette.hal.pins import Output

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.hal.guard import Guard


class ActuatorEnable(DigitalOut):
    """is_on: what the line was last told. Nothing but the constructor and `check` allocates."""

    def __init__(self, name: str, pin: Output, active: int, estop: "EStop | None" = None) -> None:
        """estop: the loop that must be closed before the rail may be switched on; opening it switches off at
        once.
        """
        DigitalOut.__init__(self, name, pin, active)
        self._estop = estop
        self._guard: "Guard | None" = None
        self.off()
        if estop is not None:
            estop.when_opened(self.off)

    def guarded_by(self, guard: "Guard") -> None:
        """From now on the line is only on while `guard` watches, and the loop's interrupt is the guard's."""
        self._guard = guard
        if self._estop is not None:
            self._estop.when_opened(guard.estop_opened)

    def on(self) -> bool:
        """Give the actuators power. False, and nothing happens, while the emergency-stop loop is open or the
        guard has latched a cause. Allocates.
        """
        estop = self._estop
        if estop is not None and estop.open():
            return False
        guard = self._guard
        if guard is not None and not guard.arm():
            return False
        self.set(True)
        if (estop is not None and estop.open()) or (guard is not None and guard.tripped):
            # It was opened in between, after the interrupt had seen the line off.
            self.off()
            self.rest()
            return False
        return True

    def rest(self) -> None:
        """The line is off and stays off for now: the guard may rest. Not for an interrupt."""
        if self._guard is not None:
            self._guard.disarm()

    def off(self) -> None:
        """Take the power away. May be used in an interrupt."""
        self.pin.set(1 - self.active)
        self.is_on = False
