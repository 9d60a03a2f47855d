"""What all parts on I2C share: the register pointer behind plain reads and writes."""

from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.world import World


class I2cPart:
    """A part whose first written byte is its register pointer. `mem_read` and `mem_write` are what each part
    defines.

    `reg_bytes` and `little_endian` describe a register for the fault injector; `pointer_bits` the width of
    the pointer.
    """

    pointer_bits = 8
    reg_bytes = 1
    little_endian = False

    def __init__(self, world: "World", name: str, address: int) -> None:
        self.world = world
        self.clock = world.clock
        self.plant = world.plant
        self.name = name
        self.address = address
        self.pointer = -1

    def power_on(self) -> None:
        """The supply came back: what does not survive it is as the data sheet says. A memory and a clock with
        a battery keep all but their pointer.
        """
        self.pointer = -1

    def mem_read(self, reg: int, buf: "bytearray | memoryview") -> None:
        """Fills the buffer from the register on. Raises EmulationError for a register the part does not
        have.
        """
        raise EmulationError(self.text() + " cannot be read")

    def mem_write(self, reg: int, buf: "bytes | bytearray | memoryview") -> None:
        """Writes from the register on. Raises EmulationError for what the part does not have or does not
        allow.
        """
        raise EmulationError(self.text() + " cannot be written")

    def raw_write(self, buf: "bytes | bytearray | memoryview") -> None:
        """A plain write: pointer, then data."""
        n = 1 if self.pointer_bits == 8 else 2
        if len(buf) < n:
            if len(buf) == 0:
                return
            raise EmulationError(self.text() + ": the address takes two bytes")
        self.pointer = buf[0] if n == 1 else buf[0] << 8 | buf[1]
        if len(buf) > n:
            self.mem_write(self.pointer, buf[n:])

    def raw_read(self, buf: "bytearray | memoryview") -> None:
        """A plain read from the pointer on. Raises EmulationError when no pointer was ever written."""
        if self.pointer < 0:
            raise EmulationError(self.text() + " is read before its register pointer was written")
        self.mem_read(self.pointer, buf)

    def answers(self) -> bool:
        """Whether the part acknowledges its address."""
        return True

    def no_register(self, reg: int, what: str) -> EmulationError:
        """The error for a register that is not there."""
        return EmulationError(self.text() + " has no register 0x%02x to %s" % (reg, what))

    def text(self) -> str:
        """The part's name and address, for messages."""
        return self.name + " (0x%02x)" % self.address


def word(buf: "bytes | bytearray | memoryview", part: I2cPart) -> int:
    """A written 16-bit register, most significant byte first. Raises EmulationError unless two bytes were
    written.
    """
    if len(buf) != 2:
        raise EmulationError(part.text() + ": a register takes two bytes, not " + str(len(buf)))
    return buf[0] << 8 | buf[1]
