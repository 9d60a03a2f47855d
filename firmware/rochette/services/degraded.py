"""Degraded modes: part of the hardware is out of use, the rest goes on working, with limits of its own.

Which modes are on stands in the parameter DEGRADED, one bit each, so that it is kept over resets like any
parameter. While one is on, the mode that would be IDLE is DEGRADED.

    ROTARY_ONLY      no percussion: coring stays at the levels without it, the core is not settled by
                     pulses; commands that only hammer are refused
    FEED_LOCKED      the carriage stays where it is: all that would move it is refused
    RAM_ONLY         nothing can be recorded: all that moves a tube is refused, its custody would be lost
    NO_LIGHT_SENSOR  the light of a picture is the sun table's (services/sun.py), the ring light counts not
    NO_LOAD_CELL     force on the bit is told by the spindle's current (mechanisms/current_force.py), with
                     less weight; nothing is weighed, and what rests on weighing alone is refused

A mode is switched on and off by command, or on by a monitor's response. An activity keeps the rules that it
began with: a mode that a response asks for while one runs is in force when it has ended.
"""

from rochette.tables import (
    CMD_CORER_PERCUSS,
    CMD_FEED_CALIBRATE,
    CMD_FEED_HOME,
    CMD_FEED_JOG,
    CMD_SAMPLE_ACQUIRE,
    CMD_SAMPLE_BRING_UP,
    CMD_SAMPLE_CHECK_WIRING,
    CMD_SAMPLE_CLEAR_RING,
    CMD_SAMPLE_COMMISSION,
    CMD_SAMPLE_DROP_TUBE,
    CMD_SAMPLE_FINISH_STORING,
    CMD_SAMPLE_HOLD_AGAIN,
    CMD_SAMPLE_RETRACT_BIT,
    CMD_SAMPLE_SHAKE_BIT,
    CMD_SAMPLE_SWEEP_BORE,
    CMD_SAMPLE_TIP_OVER,
    COMMAND_RESULT_OK,
    DEGRADED_FEED_LOCKED,
    DEGRADED_NO_LOAD_CELL,
    DEGRADED_RAM_ONLY,
    DEGRADED_ROTARY_ONLY,
    EV_SYSTEM_DEGRADED,
    EV_SYSTEM_DEGRADED_REFUSED,
    EV_SYSTEM_DEGRADING,
    MODE_DEGRADED,
    MODE_IDLE,
    P_SYSTEM_DEGRADED,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

    from rochette.services.events import Events
    from rochette.services.mode import ModeKeeper
    from rochette.services.parameters import Parameters

ROTARY_ONLY = 1 << DEGRADED_ROTARY_ONLY
NO_LOAD_CELL = 1 << DEGRADED_NO_LOAD_CELL
"""Their bits in the parameter; those who do something else then look at it themselves."""

_REFUSED = (
    (DEGRADED_ROTARY_ONLY, (CMD_CORER_PERCUSS, CMD_SAMPLE_SHAKE_BIT)),
    (
        DEGRADED_FEED_LOCKED,
        (
            CMD_FEED_HOME,
            CMD_FEED_JOG,
            CMD_SAMPLE_BRING_UP,
            CMD_SAMPLE_CHECK_WIRING,
            CMD_SAMPLE_ACQUIRE,
            CMD_SAMPLE_CLEAR_RING,
            CMD_SAMPLE_SWEEP_BORE,
            CMD_SAMPLE_TIP_OVER,
            CMD_SAMPLE_DROP_TUBE,
            CMD_SAMPLE_RETRACT_BIT,
            CMD_SAMPLE_FINISH_STORING,
        ),
    ),
    (
        DEGRADED_RAM_ONLY,
        (
            CMD_SAMPLE_COMMISSION,
            CMD_SAMPLE_ACQUIRE,
            CMD_SAMPLE_DROP_TUBE,
            CMD_SAMPLE_RETRACT_BIT,
            CMD_SAMPLE_FINISH_STORING,
            CMD_SAMPLE_HOLD_AGAIN,
            CMD_SAMPLE_CLEAR_RING,
        ),
    ),
    (
        DEGRADED_NO_LOAD_CELL,
        (
            CMD_FEED_CALIBRATE,
            CMD_FEED_JOG,
            CMD_SAMPLE_CHECK_WIRING,
            CMD_SAMPLE_CLEAR_RING,
            CMD_SAMPLE_DROP_TUBE,
            CMD_SAMPLE_SHAKE_BIT,
            CMD_SAMPLE_TIP_OVER,
        ),
    ),
)


class Degraded:
    """Which modes are on, and what they refuse. Looking allocates nothing.

    busy() says whether an activity runs.
    """

    def __init__(
        self,
        parameters: "Parameters",
        mode: "ModeKeeper",
        events: "Events",
        busy: "Callable[[], int]",
    ) -> None:
        self._parameters = parameters
        self._mode = mode
        self._events = events
        self._activity_runs = busy
        self._due = 0
        mode.degraded = self.get

    def get(self) -> int:
        """The modes that are on, a bit each."""
        on: int = self._parameters.values[P_SYSTEM_DEGRADED]
        return on

    def announce(self) -> None:
        """At a start: say which modes were kept."""
        if self.get():
            self._events.emit(EV_SYSTEM_DEGRADED, self.get())

    def command(self, which: int, on: int) -> int:
        """Command DEGRADE: switch one mode (enum Degraded) on or off; the others stay."""
        value = self.get()
        self._set(value | 1 << which if on else value & ~(1 << which))
        return COMMAND_RESULT_OK

    def enter(self, which: int, monitor: int) -> None:
        """The response of `monitor` (enum Monitor): one mode more. At once, or when no activity runs any
        more. Does not allocate."""
        bit = 1 << which
        if (self.get() | self._due) & bit:
            return
        self._events.emit(EV_SYSTEM_DEGRADING, monitor, which)
        self._due |= bit
        self.settle()

    def settle(self) -> None:
        """Put in force what a response has asked for, unless an activity runs. Called when one has ended."""
        if self._due and not self._activity_runs():
            due = self._due
            self._due = 0
            self._set(self.get() | due)

    def _set(self, value: int) -> None:
        self._parameters.set(P_SYSTEM_DEGRADED, value)
        self._events.emit(EV_SYSTEM_DEGRADED, value)
        if self._mode.value in (MODE_IDLE, MODE_DEGRADED):
            self._mode.set(MODE_IDLE)

    def refuses(self, opcode: int) -> int:
        """The modes, as their bits, if one that is on does not allow `opcode`, told by an event; 0 when it is
        allowed."""
        value = self.get()
        if value:
            for which, opcodes in _REFUSED:
                if value & 1 << which and opcode in opcodes:
                    self._events.emit(EV_SYSTEM_DEGRADED_REFUSED, which, opcode)
                    return value
        return 0
