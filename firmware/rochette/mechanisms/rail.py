"""The actuator rail: one line that powers every actuator, and the emergency-stop loop that outranks it.

The loop is hardware: with it open no actuator has power, whatever the firmware commands. The firmware reads
the
loop so that it knows, drops its own line as well, and does not come back on by itself when the loop closes.

Beside the loop stands the guard (hal/guard.py), a hard interrupt that watches while the rail is on. What it
tripped on is told here, and stays latched until clear_guard().
"""

from rochette.tables import (
    EV_POWER_ACTUATORS_OFF,
    EV_POWER_ACTUATORS_ON,
    EV_POWER_ESTOP_CLOSED,
    EV_POWER_ESTOP_OPENED,
    EV_POWER_GUARD_CLEARED,
    EV_POWER_GUARD_NOT_CLEARED,
    EV_POWER_GUARD_TRIPPED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.actuator_enable import ActuatorEnable
    from rochette.drivers.estop import EStop
    from rochette.hal.guard import Guard
    from rochette.services.events import Events


class Rail:
    """ACTUATOR_ENABLE with the e-stop loop read beside it. `estop` is True while the loop is open.

    `locked`: whoever set it keeps the rail off; on() refuses.
    """

    def __init__(
        self, enable: "ActuatorEnable", loop: "EStop", events: "Events", guard: "Guard | None" = None
    ) -> None:
        self._enable = enable
        self._loop = loop
        self._events = events
        self._guard = guard
        self.estop = False
        self.locked = False
        if guard is not None:
            enable.guarded_by(guard)

    @property
    def is_on(self) -> bool:
        """Whether the line is commanded on."""
        return self._enable.is_on

    def on(self) -> bool:
        """Switch the rail on. False, and it stays off, while it is locked, the e-stop loop open
        or the guard latched."""
        if self.locked or self._loop.open():
            self.off()
            return False
        if not self._enable.is_on:
            if not self._enable.on():
                return False
            self._events.emit(EV_POWER_ACTUATORS_ON)
        return not self.guard_cause

    def off(self) -> None:
        """Switch the rail off. Does not allocate."""
        if self._enable.is_on:
            self._enable.off()
            self._enable.rest()
            self._events.emit(EV_POWER_ACTUATORS_OFF)

    @property
    def guard_cause(self) -> int:
        """What the guard has latched (enum GuardCause), 0 for nothing."""
        return 0 if self._guard is None else self._guard.tripped

    def clear_guard(self) -> bool:
        """Command GUARD_CLEAR. False, with an event that says what is still there, when it stays latched."""
        guard = self._guard
        cause = self.guard_cause
        if guard is None or not cause:
            return True
        if not guard.clear():
            self._events.emit(EV_POWER_GUARD_NOT_CLEARED, cause)
            return False
        self._events.emit(EV_POWER_GUARD_CLEARED, cause)
        return True

    def tick(self) -> bool:
        """Read the loop and the guard, 100 times a second; True when the power was taken away since.

        An open loop drops the line at once and latches it off. Does not allocate.
        """
        lost = False
        guard = self._guard
        if guard is not None and self._enable.is_on:
            guard.look()
            cause = guard.tripped
            if cause:
                self.off()
                self._events.emit(EV_POWER_GUARD_TRIPPED, cause, guard.state[1], guard.state[2])
                lost = True
        return self._read_loop() or lost

    def _read_loop(self) -> bool:
        is_open = self._loop.open()
        if is_open == self.estop:
            return False
        self.estop = is_open
        if is_open:
            self.off()
            self._events.emit(EV_POWER_ESTOP_OPENED)
        else:
            self._events.emit(EV_POWER_ESTOP_CLOSED)
        return is_open
