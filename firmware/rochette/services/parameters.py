"""Parameters: the numbers a team may change, each inside the bounds of its declaration.

`values` is an array indexed by the P_ constants of tables.py; mechanisms and activities read it directly.
Only set() and reset() write it.
"""

from array import array

from rochette.tables import PARAMETER_DEFAULTS, PARAMETER_IDS, PARAMETER_MAXIMA, PARAMETER_MINIMA


class ParameterError(ValueError):
    """A value was refused; nothing was changed. Args: index, value, lowest and highest allowed."""

    def __init__(self, index: int, value: int, minimum: int, maximum: int) -> None:
        super().__init__(
            "parameter {}: {} refused, {} to {} are allowed; the old value stands".format(
                index, value, minimum, maximum
            )
        )
        self.index = index
        self.value = value
        self.minimum = minimum
        self.maximum = maximum


class Parameters:
    """All parameters, at their defaults. `version` counts changes and is written into each custody record."""

    def __init__(self) -> None:
        self.values = array("i", PARAMETER_DEFAULTS)
        self.version = 0

    def get(self, index: int) -> int:
        """The value of parameter `index` (a P_ constant). Raises ParameterError for an index that is none."""
        self._known(index, 0)
        return self.values[index]

    def set(self, index: int, value: int) -> None:
        """Change parameter `index`. Raises ParameterError and changes nothing when out of bounds."""
        self._known(index, value)
        if not PARAMETER_MINIMA[index] <= value <= PARAMETER_MAXIMA[index]:
            raise ParameterError(index, value, PARAMETER_MINIMA[index], PARAMETER_MAXIMA[index])
        if self.values[index] != value:
            self.values[index] = value
            self.version = (self.version + 1) & 0xFFFF

    def set_by_id(self, parameter_id: int, value: int) -> None:
        """Change the parameter with a global id. Raises ParameterError when there is none, or out of
        bounds."""
        if parameter_id not in PARAMETER_IDS:
            raise ParameterError(parameter_id, value, PARAMETER_IDS[0], PARAMETER_IDS[-1])
        self.set(PARAMETER_IDS.index(parameter_id), value)

    def reset(self) -> None:
        """Put every parameter back to its default."""
        for index in range(len(PARAMETER_DEFAULTS)):
            self.set(index, PARAMETER_DEFAULTS[index])

    def _known(self, index: int, value: int) -> None:
        if not 0 <= index < len(PARAMETER_DEFAULTS):
            raise ParameterError(index, value, 0, len(PARAMETER_DEFAULTS) - 1)
