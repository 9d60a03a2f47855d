"""The actuator rail: one line that powers every actuator, and the emergency-stop loop that outranks it.

The loop is hardware: with it open no actuator has power, whatever the firmware commands. The firmware reads
the
loop so that it knows, drops its own line as well, and does not come back on by itself when the loop closes.
"""

from rochette.tables import (
    EV_POWER_ACTUATORS_OFF,
    EV_POWER_ACTUATORS_ON,
    EV_POWER_ESTOP_CLOSED,
    EV_POWER_ESTOP_OPENED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.actuator_enable import ActuatorEnable
    from rochette.drivers.estop import EStop
    from rochette.services.events import Events


class Rail:
    """ACTUATOR_ENABLE with the e-stop loop read beside it. `estop` is True while the loop is open.

    `locked`: whoever set it keeps the rail off; on() refuses.
    """

    def __init__(self, enable: "ActuatorEnable", loop: "EStop", events: "Events") -> None:
        self._enable = enable
        self._loop = loop
        self._events = events
        self.estop = False
        self.locked = False

    @property
    def is_on(self) -> bool:
        """Whether the line is commanded on."""
        return self._enable.is_on

    def on(self) -> bool:
        """Switch the rail on. False, and it stays off, while the e-stop loop is open."""
        if self.locked or self._loop.open():
            self.off()
            return False
        if not self._enable.is_on:
            self._enable.on()
            self._events.emit(EV_POWER_ACTUATORS_ON)
        return True

    def off(self) -> None:
        """Switch the rail off. Does not allocate."""
        if self._enable.is_on:
            self._enable.off()
            self._events.emit(EV_POWER_ACTUATORS_OFF)

    def tick(self) -> None:
        """Read the loop, 100 times a second; an open loop drops the line at once and latches it off.

        Does not allocate.
        """
        is_open = self._loop.open()
        if is_open == self.estop:
            return
        self.estop = is_open
        if is_open:
            self.off()
            self._events.emit(EV_POWER_ESTOP_OPENED)
        else:
            self._events.emit(EV_POWER_ESTOP_CLOSED)
