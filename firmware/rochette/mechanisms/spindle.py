"""Spindle: speed loop on encoder counts, current watched, three ways of standing still told apart.

The loop is a PI controller in integers with a feed-forward of the motor's no-load speed, at 100 Hz on the
counts of the last 40 ms. A current above the limit holds the drive back; a current above the trip level in
consecutive readings is taken for a short and switches the spindle off at once, without moving anything else.
No counts while driven: a current near the locked-rotor current for that drive (stall current x drive, a
brushed motor without back-EMF) is a JAM; much less means that the rotor turns and the ENCODER is silent.

`tick()` allocates nothing; nothing here may be called from an interrupt. Only one direction of turning is
used: the bit's.
"""

from array import array

from rochette.mechanisms.errors import MechanismRange
from rochette.tables import (
    EV_CORER_SPINDLE_ENCODER_SILENT,
    EV_CORER_SPINDLE_JAMMED,
    EV_CORER_SPINDLE_OVER_CURRENT,
    EV_CORER_SPINDLE_SENSOR_SILENT,
    EV_CORER_SPINDLE_TOO_SLOW,
    P_CORER_SPINDLE_BAND_PERMILLE,
    P_CORER_SPINDLE_JAM_PERMILLE,
    P_CORER_SPINDLE_KI,
    P_CORER_SPINDLE_KP,
    P_CORER_SPINDLE_LIMIT_MA,
    P_CORER_SPINDLE_NO_LOAD_RPM,
    P_CORER_SPINDLE_RAMP_RPM_S,
    P_CORER_SPINDLE_STALL_MA,
    P_CORER_SPINDLE_START_MS,
    P_CORER_SPINDLE_STILL_MS,
    P_CORER_SPINDLE_STILL_PERMILLE,
    P_CORER_SPINDLE_TRIP_COUNT,
    P_CORER_SPINDLE_TRIP_MA,
    SPINDLE_RESULT_ENCODER,
    SPINDLE_RESULT_HALTED,
    SPINDLE_RESULT_JAM,
    SPINDLE_RESULT_NONE,
    SPINDLE_RESULT_OK,
    SPINDLE_RESULT_OVER_CURRENT,
    SPINDLE_RESULT_SENSOR,
    SPINDLE_RESULT_TIMEOUT,
    SPINDLE_STATE_FAULT,
    SPINDLE_STATE_OFF,
    SPINDLE_STATE_RUNNING,
    SPINDLE_STATE_STARTING,
    SPINDLE_STATE_STOPPING,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.encoder import Encoder
    from rochette.drivers.h_bridge import HBridge
    from rochette.drivers.ina219 import Ina219
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

_TICK_MS = 10
_RING = 4  # ticks over which the speed is taken
# Counts in the ring times this, over the counts of a turn, are tenths of a turn a minute.
_TENTHS_PER_MINUTE = 10 * 60 * 100 // _RING
_STOP_TICKS = 300
_FULL = 1000
_CEILING_STEP = 8  # permille a tick: the drive comes back this fast after a current above the limit
_SCALE = 1000  # the integral is kept in 1/1000 permille


class Spindle:
    """The spindle. Attributes: state (SpindleState), busy (coming to speed or running out), running (it is
    driven), result (SpindleResult of the last action, NONE while it is busy; a fault while running also lands
    there), rpm_tenths (speed in tenths of a turn a minute), wanted_rpm, drive_permille.
    """

    def __init__(
        self,
        bridge: "HBridge",
        encoder: "Encoder",
        current: "Ina219",
        mechanics: "dict[str, int]",
        parameters: "Parameters",
        events: "Events",
    ) -> None:
        """mechanics: the board's spindle_counts_per_turn."""
        self.name = "spindle"
        self._bridge = bridge
        self._encoder = encoder
        self._current = current
        self._events = events
        self._values = parameters.values
        self._counts_per_turn = mechanics["spindle_counts_per_turn"]
        self.state = SPINDLE_STATE_OFF
        self.busy = False
        self.running = False
        self.result = SPINDLE_RESULT_NONE
        self.rpm_tenths = 0
        self.wanted_rpm = 0
        self.drive_permille = 0
        self._ring = array("i", [0] * _RING)
        self._at = 0
        self._sum = 0
        self._last = 0
        self._reference = 0
        self._integral = 0
        self._ceiling = _FULL
        self._over = 0
        self._still = 0
        self._ticks = 0
        self._kp = 0
        self._ki = 0
        self._ramp = 0
        self._no_load = 1
        self._limit_ma = 0
        self._trip_ma = 0
        self._trip_count = 0
        self._still_ticks = 0
        self._still_permille = 0

    @property
    def rpm(self) -> int:
        """Speed in turns a minute, rounded down."""
        return self.rpm_tenths // 10

    @property
    def current_ma(self) -> int:
        """Current of the last reading."""
        return self._current.current_ma

    def run(self, rpm: int) -> None:
        """Come to `rpm` (1 to 300) and hold it; busy until it is there. While running this changes the speed.

        Results: OK (at speed; goes on running), JAM, ENCODER, OVER_CURRENT, TIMEOUT, SENSOR: the spindle is
        then off. Raises MechanismRange. Allocates nothing.
        """
        if not 1 <= rpm <= 300:
            raise MechanismRange("spindle", "rpm", rpm, 1, 300)
        values = self._values
        self.wanted_rpm = rpm
        if self.state == SPINDLE_STATE_RUNNING:
            return
        self._kp = values[P_CORER_SPINDLE_KP]
        self._ki = values[P_CORER_SPINDLE_KI]
        self._ramp = values[P_CORER_SPINDLE_RAMP_RPM_S] * 10 // 100
        self._no_load = values[P_CORER_SPINDLE_NO_LOAD_RPM] * 10
        self._limit_ma = values[P_CORER_SPINDLE_LIMIT_MA]
        self._trip_ma = values[P_CORER_SPINDLE_TRIP_MA]
        self._trip_count = values[P_CORER_SPINDLE_TRIP_COUNT]
        self._still_ticks = values[P_CORER_SPINDLE_STILL_MS] // _TICK_MS
        self._still_permille = values[P_CORER_SPINDLE_STILL_PERMILLE]
        self._ticks = values[P_CORER_SPINDLE_START_MS] // _TICK_MS
        if not self.running:
            self._last = self._encoder.count
            for index in range(_RING):
                self._ring[index] = 0
            self._sum = 0
            self.rpm_tenths = 0
            self._reference = 0
            self._integral = 0
            self._ceiling = _FULL
        self._over = 0
        self._still = 0
        self.result = SPINDLE_RESULT_NONE
        self.state = SPINDLE_STATE_STARTING
        self.busy = True
        self.running = True

    def stop(self) -> None:
        """Drive off; busy until it has run out (3 s at most). Result OK. Allocates nothing."""
        if self.state == SPINDLE_STATE_OFF or self.state == SPINDLE_STATE_FAULT:
            self.state = SPINDLE_STATE_OFF
            self.result = SPINDLE_RESULT_OK
            return
        self._off()
        self.state = SPINDLE_STATE_STOPPING
        self.result = SPINDLE_RESULT_NONE
        self.busy = True
        self._ticks = _STOP_TICKS

    def halt(self) -> None:
        """Drive off now. Result HALTED when it was driven or running out; a fault's result is kept. Allocates
        nothing.
        """
        self._off()
        if self.running or self.busy:
            self.result = SPINDLE_RESULT_HALTED
        if self.state != SPINDLE_STATE_FAULT:
            self.state = SPINDLE_STATE_OFF
        self.busy = False
        self.running = False

    def tick(self) -> None:
        """Measure, watch, drive. 100 Hz, after the inputs were polled. Allocates nothing."""
        state = self.state
        if state == SPINDLE_STATE_OFF or state == SPINDLE_STATE_FAULT:
            return
        # Speed: counts of the last 40 ms.
        count = self._encoder.count
        step = count - self._last
        self._last = count
        ring = self._ring
        at = self._at
        self._sum += step - ring[at]
        ring[at] = step
        self._at = (at + 1) % _RING
        speed = self._sum * _TENTHS_PER_MINUTE // self._counts_per_turn
        self.rpm_tenths = speed
        if state == SPINDLE_STATE_STOPPING:
            self._tick_stopping()
            return
        # Current: a short goes off at once.
        sensor = self._current
        current = sensor.current_ma
        if current < 0:
            current = -current
        if current > self._trip_ma:
            self._over += 1
            if self._over >= self._trip_count:
                self._events.emit(EV_CORER_SPINDLE_OVER_CURRENT, current, self._trip_ma)
                self._fault(SPINDLE_RESULT_OVER_CURRENT)
                return
        else:
            self._over = 0
        if not sensor.ok:
            self._events.emit(EV_CORER_SPINDLE_SENSOR_SILENT)
            self._fault(SPINDLE_RESULT_SENSOR)
            return
        # Standing still though driven. One edge to and fro is a rotor that trembles.
        if -2 < self._sum < 2 and self.drive_permille >= self._still_permille:
            self._still += 1
            if self._still >= self._still_ticks:
                self._stands_still(current)
                return
        else:
            self._still = 0
        # Speed loop. The wanted speed is approached by the ramp.
        wanted = self.wanted_rpm * 10
        reference = self._reference
        if reference < wanted:
            reference += self._ramp
            if reference > wanted:
                reference = wanted
        elif reference > wanted:
            reference -= self._ramp
            if reference < wanted:
                reference = wanted
        self._reference = reference
        error = reference - speed
        integral = self._integral
        drive = reference * _FULL // self._no_load + error * self._kp // 1000 + integral // _SCALE
        ceiling = self._ceiling
        if current > self._limit_ma:
            ceiling = self.drive_permille * self._limit_ma // current
            self._ceiling = ceiling
        elif ceiling < _FULL:
            ceiling += _CEILING_STEP
            self._ceiling = ceiling
        # The integral runs only inside the limits of the drive, or back into them.
        if drive > ceiling:
            drive = ceiling
            if error < 0:
                self._integral = integral + error * self._ki // 100
        elif drive < 0:
            drive = 0
            if error > 0:
                self._integral = integral + error * self._ki // 100
        else:
            self._integral = integral + error * self._ki // 100
        self.drive_permille = drive
        self._bridge.drive(drive)
        if state == SPINDLE_STATE_STARTING:
            self._tick_starting(speed, current)

    def _tick_starting(self, speed: int, current: int) -> None:
        wanted = self.wanted_rpm * 10
        band = wanted * self._values[P_CORER_SPINDLE_BAND_PERMILLE] // 1000
        if self._reference == wanted and wanted - band <= speed <= wanted + band:
            self.state = SPINDLE_STATE_RUNNING
            self.result = SPINDLE_RESULT_OK
            self.busy = False
            return
        self._ticks -= 1
        if self._ticks < 0:
            self._events.emit(EV_CORER_SPINDLE_TOO_SLOW, self.wanted_rpm, speed // 10, current)
            self._fault(SPINDLE_RESULT_TIMEOUT)

    def _tick_stopping(self) -> None:
        self._ticks -= 1
        if -2 < self._sum < 2 or self._ticks < 0:
            self.state = SPINDLE_STATE_OFF
            self.result = SPINDLE_RESULT_OK
            self.busy = False
            self.running = False
            self.rpm_tenths = 0

    def _stands_still(self, current: int) -> None:
        drive = self.drive_permille
        values = self._values
        locked = values[P_CORER_SPINDLE_STALL_MA] * drive // _FULL
        if current * 1000 >= locked * values[P_CORER_SPINDLE_JAM_PERMILLE]:
            self._events.emit(EV_CORER_SPINDLE_JAMMED, current, drive)
            self._fault(SPINDLE_RESULT_JAM)
        else:
            self._events.emit(EV_CORER_SPINDLE_ENCODER_SILENT, drive, current)
            self._fault(SPINDLE_RESULT_ENCODER)

    def _fault(self, result: int) -> None:
        self._off()
        self.state = SPINDLE_STATE_FAULT
        self.result = result
        self.busy = False
        self.running = False

    def _off(self) -> None:
        self._bridge.stop()
        self.drive_permille = 0
