"""ACTUATOR_ENABLE: the one line without which no motor, servo or solenoid has power. Pulled down on the
board.
"""

from rochette.drivers.digital import DigitalOut
from rochette.drivers.estop import EStop
from rochette.hal.pins import Output


class ActuatorEnable(DigitalOut):
    """is_on: what the line was last told. Nothing but the constructor and `check` allocates."""

    def __init__(self, name: str, pin: Output, active: int, estop: "EStop | None" = None) -> None:
        """estop: the loop that must be closed before the rail may be switched on; opening it switches off at
        once.
        """
        DigitalOut.__init__(self, name, pin, active)
        self._estop = estop
        self.off()
        if estop is not None:
            estop.when_opened(self.off)

    def on(self) -> bool:
        """Give the actuators power. False, and nothing happens, while the emergency-stop loop is open."""
        estop = self._estop
        if estop is not None and estop.open():
            return False
        self.set(True)
        if estop is not None and estop.open():
            # It was opened in between, after the interrupt had seen the line off.
            self.off()
            return False
        return True

    def off(self) -> None:
        """Take the power away. May be used in an interrupt."""
        self.pin.set(1 - self.active)
        self.is_on = False
