"""What can go wrong with the chip target, in words."""


class ChipError(Exception):
    """The emulated chip can't be started, or has stopped; the text says why and what to do."""
