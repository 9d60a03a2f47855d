"""The RP2040 board's NOR flash as `rp2.Flash` shows it: 4096-byte sectors, 256-byte pages.

Erasing sets a sector to 0xff, programming can only clear bits (Winbond W25Q16JV data sheet, 8.2.13 and
8.2.15; times are its typical ones). On the RP2040 both run with all interrupts off. The project's rule is
that neither happens while an actuator is energised.
"""

from host_tools.emulator.errors import EmulationError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from host_tools.emulator.world import World

SECTOR = 4096
PAGE = 256
# A Pico has 2 MB, of which the stock image leaves 1408 KB to the file system.
SECTORS = 352
_ERASE_US = 45_000
_PROGRAM_US = 400
_READ_NS_PER_BYTE = 50
_EIO = 5


class NorFlash:
    """The part of the flash that belongs to files. Sectors that were never written take no memory here."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.sectors: "list[bytearray | None]" = [None] * SECTORS
        self.erases = 0
        self.programs = 0
        # Faults: every operation fails; two bytes of each page are lost (programmed as zeros); none ends.
        self.failing = False
        self.spoiling = False
        self.hanging = False

    def _range(self, block: int, off: int, n: int) -> None:
        if block < 0 or off < 0 or block * SECTOR + off + n > SECTORS * SECTOR:
            raise EmulationError("flash block %d offset %d length %d is outside the flash" % (block, off, n))

    def _still(self, what: str) -> None:
        self.world.sync()
        mask = self.world.plant.energised
        if mask:
            raise EmulationError(
                "flash is %s while actuators are energised (mask 0x%02x): stop them first, or use the FRAM"
                % (what, mask)
            )

    def _busy(self, us: int) -> None:
        # The flash cannot be read meanwhile, so no interrupt handler runs.
        self.world.clock.hold()
        self.world.clock.advance(us)
        self.world.clock.release()

    def read(self, block: int, off: int, buf: "bytearray | memoryview") -> None:
        """Fills the buffer from a block's offset on."""
        n = len(buf)
        self._range(block, off, n)
        self.world.clock.advance(1 + n * _READ_NS_PER_BYTE // 1000)
        at = block * SECTOR + off
        i = 0
        while i < n:
            data = self.sectors[at // SECTOR]
            start = at % SECTOR
            take = SECTOR - start
            if take > n - i:
                take = n - i
            if data is None:
                k = i
                while k < i + take:
                    buf[k] = 0xFF
                    k += 1
            else:
                buf[i : i + take] = data[start : start + take]
            i += take
            at += take

    def erase(self, block: int) -> None:
        """Erases one sector. Raises EmulationError while an actuator is energised."""
        self._range(block, 0, SECTOR)
        self._still("erased")
        self._may_fail()
        self.erases += 1
        world = self.world
        world.memory_writes += 1
        if world.cut_left:
            done = world.torn(SECTOR)
            if done >= 0:
                data = self.sectors[block]
                if data is not None:
                    for i in range(done):
                        data[i] = 0xFF
                world.cut_off()
        self.sectors[block] = None
        self._busy(_ERASE_US)

    def program(self, block: int, off: int, buf: "bytes | bytearray | memoryview") -> None:
        """Programs whole pages. Raises EmulationError while an actuator is energised, off a page, or without
        an erase.
        """
        n = len(buf)
        self._range(block, off, n)
        if off % PAGE or n % PAGE:
            raise EmulationError("flash is programmed in whole pages of 256 bytes, not %d at %d" % (n, off))
        self._still("programmed")
        self._may_fail()
        world = self.world
        world.memory_writes += 1
        if world.cut_left:
            done = world.torn(n)
            if done >= 0:
                self._put(block * SECTOR + off, buf, done)
                world.cut_off()
        self._put(block * SECTOR + off, buf, n)
        self.programs += n // PAGE
        self._busy(n // PAGE * _PROGRAM_US)

    def _may_fail(self) -> None:
        if self.hanging:
            self.world.hang()
        if self.failing:
            raise OSError(_EIO)

    def _put(self, at: int, buf: "bytes | bytearray | memoryview", n: int) -> None:
        if self.spoiling:
            spoilt = bytearray(buf)
            for page in range(0, n, PAGE):
                spoilt[page] = 0
                spoilt[page + 64] = 0
            buf = spoilt
        i = 0
        while i < n:
            sector = at // SECTOR
            data = self.sectors[sector]
            if data is None:
                data = bytearray(b"\xff" * SECTOR)
                self.sectors[sector] = data
            start = at % SECTOR
            take = SECTOR - start
            if take > n - i:
                take = n - i
            k = 0
            while k < take:
                new = buf[i + k]
                if data[start + k] & new != new:
                    raise EmulationError("flash sector %d is programmed where it was not erased" % sector)
                data[start + k] = new
                k += 1
            i += take
            at += take
