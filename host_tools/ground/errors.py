"""What can go wrong between the ground and a payload, each in words: what happened, what state, what next."""

from __future__ import annotations


class GroundError(Exception):
    """The ground could not do what was asked; the text says why. The base of the others. Exit status 4."""


class PortError(GroundError):
    """The port does not exist, may not be opened, belongs to another program, or went away."""


class BadKey(GroundError):
    """The file that is given as a link's key is none, or others may read it. Nothing was sent."""


class LinkError(GroundError):
    """Nothing understandable came back: no payload there, another protocol version, or a wrong key."""


class NoAnswer(LinkError):
    """The other side stopped answering. What was on its way may have been carried out, or not."""


class WrongDictionary(GroundError):
    """The payload's dictionary is not this host's: commands would mean something else over there."""


class UnknownName(GroundError):
    """A command, channel, event or parameter that the dictionary does not have. Nothing was sent."""


class BadArgument(GroundError):
    """An argument is missing, extra, unreadable or out of its bounds. Nothing was sent."""


class CommandFailed(GroundError):
    """The payload answered that it did not do it. `result` is the name of the answer, such as WRONG_STATE."""

    def __init__(self, message: str, result: str) -> None:
        super().__init__(message)
        self.result = result


class TransferFailed(GroundError):
    """A file did not arrive whole; nothing was left behind under its name."""


class SequenceError(GroundError):
    """A sequence file cannot be read or breaks a rule; the text names file and line. Nothing was sent."""
