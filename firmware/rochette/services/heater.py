"""The heater rule: warm enough to live, never so warm that the night empties the battery.

On below a temperature, off a band above it; the temperature is lower while the payload is in survival (the
helicopter Ingenuity's was taken from -15 down to -40 degrees C in May 2022, when heating had emptied its
battery night after night). Below HEATER_MIN_MV the heater stays off, whatever the cold: the mission clock and
the wake-ups outrank the parts' comfort. A sensor that does not answer means off.
"""

from rochette.tables import (
    EV_SURVIVAL_HEATER,
    EV_SURVIVAL_HEATER_INHIBITED,
    P_SURVIVAL_HEATER_BAND_MC,
    P_SURVIVAL_HEATER_MIN_MV,
    P_SURVIVAL_HEATER_ON_MC,
    P_SURVIVAL_HEATER_SURVIVAL_MC,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

    from rochette.services.events import Events


class Heater:
    """`on`: commanded on. `switch(on)` returns whether the switch took it; None where no heater is fitted."""

    def __init__(
        self,
        switch: "Callable[[bool], bool] | None",
        sensor: "Any",
        bus: "Any",
        values: "Any",
        events: "Events",
    ) -> None:
        """`sensor`: temperature_mc, ok. `bus`: bus_mv, ok. `values`: the parameters."""
        self.on = False
        self._switch = switch
        self._sensor = sensor
        self._bus = bus
        self._values = values
        self._events = events
        self._inhibited = False

    def judge(self, survival: bool) -> None:
        """Look at temperature and supply as they were read last, and switch. At each wake-up, and once a
        second awake. Allocates nothing."""
        if self._switch is None:
            return
        values = self._values
        limit_mc = values[P_SURVIVAL_HEATER_SURVIVAL_MC if survival else P_SURVIVAL_HEATER_ON_MC]
        if self.on:
            limit_mc += values[P_SURVIVAL_HEATER_BAND_MC]
        sensor = self._sensor
        bus = self._bus
        wanted = sensor.ok and sensor.temperature_mc < limit_mc
        allowed = bus.ok and bus.bus_mv >= values[P_SURVIVAL_HEATER_MIN_MV]
        if wanted and not allowed:
            if not self._inhibited:
                self._inhibited = True
                self._events.emit(
                    EV_SURVIVAL_HEATER_INHIBITED,
                    sensor.temperature_mc,
                    bus.bus_mv,
                    values[P_SURVIVAL_HEATER_MIN_MV],
                )
        elif not wanted:
            self._inhibited = False
        self._set(wanted and allowed)

    def _set(self, on: bool) -> None:
        switch = self._switch
        if on == self.on or switch is None:
            return
        if switch(on):
            self.on = on
            self._events.emit(EV_SURVIVAL_HEATER, int(on), self._sensor.temperature_mc, self._bus.bus_mv)
