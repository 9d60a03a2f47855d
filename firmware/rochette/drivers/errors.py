"""What can be wrong with a part, said so that a person with a screwdriver knows where to look."""


class PartError(OSError):
    """A part cannot be used. `part`: its name on the board. Raised by `check` and explicit transfers, never
    by `poll`. An OSError, so that a service that is handed a part as its store sees an input/output error.
    """

    def __init__(self, part: str, text: str) -> None:
        super().__init__(text)
        self.part = part


class PartAbsent(PartError):
    """Nothing answers where the part should be."""


class PartWrong(PartError):
    """Something answers, but it is not the part, or it does not do as it is told."""


def absent(model: str, part: str, bus: str, address: int) -> PartAbsent:
    """The error for a part on I2C that does not answer. Allocates."""
    return PartAbsent(
        part,
        "{} '{}' does not answer on {} at 0x{:02x}: "
        "check its supply, SDA and SCL, and its address pins".format(model, part, bus, address),
    )


def wrong(model: str, part: str, bus: str, address: int, what: str, found: int, wanted: int) -> PartWrong:
    """The error for a part on I2C whose register `what` reads `found` instead of `wanted`. Allocates."""
    return PartWrong(
        part,
        "{} '{}' on {} at 0x{:02x}: {} reads 0x{:x}, 0x{:x} was expected: "
        "another part has this address, or it is damaged; the part is not used".format(
            model, part, bus, address, what, found, wanted
        ),
    )
