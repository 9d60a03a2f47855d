"""Percussion: the hammer's levels, and counted pulses.

Levels 0 to 2 are rotary only. From level 3 to 20 frequency and pulse width rise evenly between their
parameters: the blow's energy goes with the pulse width. `tick()` allocates nothing; nothing here may be
called from an interrupt.
"""

from rochette.mechanisms.errors import MechanismBusy, MechanismRange
from rochette.tables import (
    EV_CORER_PULSES_GIVEN,
    P_CORER_PERCUSSION_MAX_MHZ,
    P_CORER_PERCUSSION_MAX_US,
    P_CORER_PERCUSSION_MIN_MHZ,
    P_CORER_PERCUSSION_MIN_US,
    P_CORER_PULSES_MHZ,
    P_CORER_PULSES_US,
    PERCUSSION_RESULT_HALTED,
    PERCUSSION_RESULT_NONE,
    PERCUSSION_RESULT_OK,
    PERCUSSION_STATE_HAMMERING,
    PERCUSSION_STATE_OFF,
    PERCUSSION_STATE_PULSES,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.drivers.percussion import PercussionDriver
    from rochette.services.events import Events
    from rochette.services.parameters import Parameters

TOP_LEVEL = 20
FIRST_LEVEL = 3  # the first level with percussion


class Percussion:
    """The hammer. Attributes: state (PercussionState), busy (counted pulses are being given), result
    (PercussionResult of the last counted pulses), level, mhz (frequency now, millihertz).
    """

    def __init__(self, driver: "PercussionDriver", parameters: "Parameters", events: "Events") -> None:
        self.name = "percussion"
        self._driver = driver
        self._values = parameters.values
        self._events = events
        self.state = PERCUSSION_STATE_OFF
        self.busy = False
        self.result = PERCUSSION_RESULT_NONE
        self.level = 0
        self.mhz = 0
        self._left = 0
        self._count = 0

    def set_level(self, level: int) -> None:
        """Hammer as level 0 to 20 asks; 0 to 2 are off. Raises MechanismRange, MechanismBusy during counted
        pulses.
        """
        if not 0 <= level <= TOP_LEVEL:
            raise MechanismRange("percussion", "level", level, 0, TOP_LEVEL)
        if self.busy:
            raise MechanismBusy("percussion", self.state, "change its level")
        self.level = level
        if level < FIRST_LEVEL:
            self._off()
            return
        values = self._values
        low = values[P_CORER_PERCUSSION_MIN_MHZ]
        short = values[P_CORER_PERCUSSION_MIN_US]
        share = level - FIRST_LEVEL
        span = TOP_LEVEL - FIRST_LEVEL
        self.mhz = low + (values[P_CORER_PERCUSSION_MAX_MHZ] - low) * share // span
        self._driver.set(self.mhz, short + (values[P_CORER_PERCUSSION_MAX_US] - short) * share // span)
        self.state = PERCUSSION_STATE_HAMMERING

    def pulses(self, count: int) -> None:
        """Give `count` (1 to 100) pulses, then stop; busy meanwhile, result OK. Raises MechanismRange,
        MechanismBusy.
        """
        if not 1 <= count <= 100:
            raise MechanismRange("percussion", "count", count, 1, 100)
        if self.busy:
            raise MechanismBusy("percussion", self.state, "give pulses")
        values = self._values
        self.mhz = values[P_CORER_PULSES_MHZ]
        self._driver.set(self.mhz, values[P_CORER_PULSES_US])
        # Off in the pause after the last pulse: half a period before the next one would begin. Ticks are 10
        # ms.
        # Whole periods, in ticks of 10 ms. Should the next pulse begin in the tick that ends this, it is
        # shorter than the plunger needs to reach the anvil (2 ms).
        self._left = count * 100000 // self.mhz
        self._count = count
        self.level = 0
        self.state = PERCUSSION_STATE_PULSES
        self.result = PERCUSSION_RESULT_NONE
        self.busy = True

    def off(self) -> None:
        """Stop hammering. Counted pulses that were under way end with HALTED."""
        self.halt()

    def halt(self) -> None:
        """Stop now; counted pulses end with HALTED."""
        if self.busy:
            self.busy = False
            self.result = PERCUSSION_RESULT_HALTED
        self.level = 0
        self._off()

    def tick(self) -> None:
        """Count the pulses' time. 100 Hz. Allocates nothing."""
        if self.state != PERCUSSION_STATE_PULSES:
            return
        self._left -= 1
        if self._left > 0:
            return
        self._off()
        self.busy = False
        self.result = PERCUSSION_RESULT_OK
        self._events.emit(EV_CORER_PULSES_GIVEN, self._count)

    def _off(self) -> None:
        self._driver.off()
        self.mhz = 0
        self.state = PERCUSSION_STATE_OFF
