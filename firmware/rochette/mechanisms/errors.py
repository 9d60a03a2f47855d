"""Errors that a mechanism raises at the call that starts an action. tick() raises none: it ends with a
result.
"""


class MechanismBusy(Exception):
    """An action was asked of a mechanism that is still at another.

    Args: name of the mechanism, its state (number of its state enum), what was asked. Nothing was started;
    wait until `.busy` is False, or halt() it first.
    """

    def __init__(self, name: str, state: int, asked: str = "start") -> None:
        super().__init__(
            "{} is busy (state {}) and was asked to {}: nothing was started; "
            "wait until it is done, or halt it first.".format(name, state, asked)
        )
        self.name = name
        self.state = state
        self.asked = asked


class MechanismRange(ValueError):
    """An argument outside its range was given to a mechanism. Nothing was started.

    Args: name of the mechanism, name of the argument, its value, lowest and highest value allowed.
    """

    def __init__(self, name: str, argument: str, value: int, low: int, high: int) -> None:
        super().__init__(
            "{}: {} is {}, allowed are {} to {}. Nothing was started.".format(
                name, argument, value, low, high
            )
        )
        self.name = name
        self.argument = argument
        self.value = value
