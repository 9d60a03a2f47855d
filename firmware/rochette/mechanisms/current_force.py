"""Force on the bit by the spindle's current: what the feed feels while the load cell is out of use.

A bit that turns and touches takes more torque, and the current shows it. The current of turning in the air
is taken as the zero each time before the bit goes down (Feed.seek_contact); what comes above it counts as
force at FEEL_MN_PER_A millinewtons an ampere. That is ordinary rock's: on the slipperiest that is known the
true force is a third more, which FEEL_MAX_MN leaves room for, on rough rock it is less. A spindle that stands
tells nothing: then there is no force, and nobody may rest on that.

It has the load cell's attributes, so the feed rules by it as by the cell. Worked out when it is asked for,
once a tick; nothing allocates, and nothing here may be called from an interrupt.
"""

from array import array

from rochette.tables import P_FEED_FEEL_MN_PER_A

TYPE_CHECKING = False
if TYPE_CHECKING:
    from rochette.mechanisms.spindle import Spindle
    from rochette.services.executive import Executive
    from rochette.services.parameters import Parameters

_RING = 8  # readings that are averaged: 80 ms


class CurrentForce:
    """`weight_mn`: force on the bit. `samples` counts the ticks."""

    def __init__(self, spindle: "Spindle", executive: "Executive", parameters: "Parameters") -> None:
        self._spindle = spindle
        self._executive = executive
        self._values = parameters.values
        self._ring = array("i", [0] * _RING)
        self._at = 0
        self._sum = 0
        self._known = 0
        self._tick = -1
        self._zero_mn = 0

    @property
    def samples(self) -> int:
        """There is a new one each tick."""
        return self._executive.tick

    @property
    def weight_mn(self) -> int:
        """Force, mN; 0 while the spindle stands or has just begun to turn."""
        self._look()
        if self._known < _RING:
            return 0
        return self._sum // _RING * self._values[P_FEED_FEEL_MN_PER_A] // 1000 - self._zero_mn

    def take_zero(self, weight_mn: int) -> None:
        """What reads `weight_mn` now is no force."""
        self._zero_mn += weight_mn

    def _look(self) -> None:
        tick = self._executive.tick
        if tick == self._tick:
            return
        self._tick = tick
        spindle = self._spindle
        if not spindle.running:
            self._known = 0
            self._zero_mn = 0
            return
        if not self._known:
            self._sum = 0
            for at in range(_RING):
                self._ring[at] = 0
        at = self._at
        current_ma = abs(spindle.current_ma)
        self._sum += current_ma - self._ring[at]
        self._ring[at] = current_ma
        self._at = (at + 1) % _RING
        if self._known < _RING:
            self._known += 1
