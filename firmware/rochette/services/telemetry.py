"""Telemetry: one integer a channel, sampled at the channel's rate into one array.

`values` is indexed by the CH_ constants of tables.py. The payload tells how to read each channel; whoever
sends or records takes the array as it is.
"""

from array import array

from rochette.tables import CHANNEL_IDS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Callable

_RATES = (100, 20, 5, 1)


class Telemetry:
    """The latest value of each channel. A channel without a getter stays 0; unfilled() names them."""

    def __init__(self) -> None:
        self.values = array("i", [0] * len(CHANNEL_IDS))
        self.samples = 0
        self._getters: "tuple[list[Callable[[], int]], ...]" = ([], [], [], [])
        self._places: "tuple[array[int], ...]" = (array("h"), array("h"), array("h"), array("h"))
        self._filled = bytearray(len(CHANNEL_IDS))

    def channel(self, index: int, getter: "Callable[[], int]", rate_hz: int = 20) -> None:
        """Read channel `index` (a CH_ constant) by `getter()`, bound once, at `rate_hz` (100, 20, 5 or 1).

        Raises ValueError for an unknown channel or rate, or a channel that has its getter already.
        """
        if not 0 <= index < len(CHANNEL_IDS):
            raise ValueError("no channel {}: 0 to {} are possible".format(index, len(CHANNEL_IDS) - 1))
        if rate_hz not in _RATES:
            raise ValueError(str(rate_hz) + " Hz for a channel: 100, 20, 5 and 1 are possible")
        if self._filled[index]:
            raise ValueError("channel " + str(index) + " has its getter already")
        group = _RATES.index(rate_hz)
        self._getters[group].append(getter)
        self._places[group].append(index)
        self._filled[index] = 1

    def unfilled(self) -> "list[int]":
        """Ids of the channels that nobody reads. Allocates."""
        return [CHANNEL_IDS[index] for index in range(len(CHANNEL_IDS)) if not self._filled[index]]

    def sample(self, rate_hz: int) -> None:
        """Read the channels of one rate. Allocates nothing but what the getters do."""
        if rate_hz == 20:
            self._sample(1)
        elif rate_hz == 5:
            self._sample(2)
        elif rate_hz == 1:
            self._sample(3)
        else:
            self._sample(0)

    def sample_100(self) -> None:
        """sample(100), for the executive."""
        self._sample(0)

    def sample_20(self) -> None:
        """sample(20), for the executive."""
        self._sample(1)

    def sample_5(self) -> None:
        """sample(5), for the executive."""
        self._sample(2)

    def sample_1(self) -> None:
        """sample(1), for the executive."""
        self._sample(3)

    def sample_all(self) -> None:
        """Read every channel now."""
        for group in range(4):
            self._sample(group)

    def _sample(self, group: int) -> None:
        values = self.values
        places = self._places[group]
        at = 0
        for getter in self._getters[group]:
            values[places[at]] = getter()
            at += 1
        self.samples = (self.samples + 1) & 0x3FFFFFFF
