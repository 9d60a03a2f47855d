"""Power cuts in the ledger's mirror, at every erase and program of the flash, on a real littlefs. Runs on
CPython (`littlefs-python`) and on the MicroPython VM (its own `vfs.VfsLfs2`) from this one source.

The mirror is written once, on the emulated NOR flash (`NorFlash`: 4 KB sectors, 256-byte pages, a program
only clears bits), and every operation kept with what was acknowledged before it. A cut is then the flash as
it was before an operation, with a share of that operation done. After each the file system is mounted and the
mirror opened as a start does both: nothing acknowledged is gone, what is there is the ledger's, and it goes
on.
"""

import rp2
import vfs

from host_tools.emulator.nor_flash import SECTOR, NorFlash
from rochette.services.ledger import OPEN, RECORD_BYTES, Ledger
from rochette.services.ledger_mirror import FILE_RECORDS, GOOD, LedgerMirror, name_of
from rochette.services.stores import MemoryStore
from tests.campaign.custody_script import FRACTIONS, FRAM_BYTES, SEATS, steps

BATCHES = (1, 8, 3, 5, 2)
"""Records between two times at which everything is still, in turn."""


class Bench:
    """Stands around a flash where the world stands in a payload: nothing is energised, and no time passes."""

    energised = 0
    memory_writes = 0
    cut_left = 0

    def __init__(self):
        self.plant = self
        self.clock = self

    def sync(self):
        """Nothing moves."""

    hold = release = sync

    def advance(self, _us):
        """No time passes."""


class Told(NorFlash):
    """A flash that keeps a journal: (sector, offset, bytes), without bytes for an erase."""

    def __init__(self):
        super().__init__(Bench())
        self.journal = []

    def erase(self, block):
        super().erase(block)
        self.journal.append((block, 0, None))

    def program(self, block, off, buf):
        super().program(block, off, buf)
        self.journal.append((block, off, bytes(buf)))


class Device(rp2.Flash):
    """`rp2.Flash` of a flash of one's own."""

    def __init__(self, flash):
        self._flash = flash


class Still:
    """Rail, executive and events at once: everything is still, and ticks as long as one likes."""

    tick = 0

    def __init__(self):
        self.told = []

    def __call__(self):
        return True

    def emit(self, event_id, *args):
        """Note an event."""
        self.told.append(event_id)


def mount(flash):
    """As the stock image mounts it."""
    return vfs.VfsLfs2(Device(flash), progsize=256)


def open_mirror(flash, ledger):
    """The mirror as it is after a start."""
    return LedgerMirror(mount(flash), ledger, Still(), Still(), Still())


def bring_up_to_date(mirror):
    """Tick it until it has all that the ledger has."""
    for _ in range(3 * (mirror._ledger.count - mirror.count) + 8):
        mirror._time.tick += 100
        mirror.tick()


class Cuts:
    """The mirror of `tubes` acquisitions: every operation of it in `made`, as (sector, offset, bytes or None,
    records acknowledged in the flash, records in the ledger)."""

    def __init__(self, tubes):
        self.ledger = Ledger(MemoryStore(FRAM_BYTES))
        flash = Told()
        vfs.VfsLfs2.mkfs(Device(flash), progsize=256)
        self.first = copied(flash.sectors)
        flash.journal.clear()
        self.ledger.initialise(SEATS)
        mirror = open_mirror(flash, self.ledger)
        self.made = []
        self.ends = []
        script = steps(tubes)
        batch = 0
        while script:
            for step in script[: BATCHES[batch % len(BATCHES)]]:
                self.ledger.elsewhere = self.ledger.count
                self.ledger.append(*step)
                for _ in range(100):
                    self.ledger.tick()  # checkpoints
            script = script[BATCHES[batch % len(BATCHES)] :]
            batch += 1
            before = mirror.count
            bring_up_to_date(mirror)
            assert mirror.state == GOOD and mirror.count == self.ledger.count
            for block, off, data in flash.journal:
                self.made.append((block, off, data, before, self.ledger.count))
            flash.journal.clear()
            self.ends.append(mirror.count)
        self.records = read_all(mirror)

    def run(self, every=1, fractions=FRACTIONS, whole=1):
        """Make each `every`th cut; after each `whole`th everything is read and the work goes on. How many."""
        sectors = copied(self.first)
        made = 0
        cut = 0
        for block, off, data, acknowledged, kept in self.made:
            for permille in fractions:
                cut += 1
                if cut % every == 0:
                    made += 1
                    flash = Told()
                    flash.sectors = copied(sectors)
                    tear(flash.sectors, block, off, data, permille)
                    self.check(
                        "cut %d, %d permille" % (cut, permille), flash, acknowledged, kept, made % whole == 0
                    )
            tear(sectors, block, off, data, 1000)
        return made

    def pairs(self, every=1, fractions=FRACTIONS):
        """All pairs: a cut, and a second one at every operation after the start that follows, to the end of
        the script. How many."""
        sectors = copied(self.first)
        made = 0
        number = 0
        for block, off, data, _, kept in self.made:
            for permille in fractions:
                number += 1
                if number % every:
                    continue
                flash = Told()
                flash.sectors = copied(sectors)
                tear(flash.sectors, block, off, data, permille)
                made += self._second("cut %d, %d permille" % (number, permille), flash, kept, fractions)
            tear(sectors, block, off, data, 1000)
        return made

    def _second(self, name, flash, kept, fractions):
        """The script from a first cut on, cut at every operation."""
        left = copied(flash.sectors)
        ledger = Upto(self, kept)
        mirror = open_mirror(flash, ledger)
        made = 0
        for end in self.ends:
            if end < kept:
                continue
            before = mirror.count
            ledger.count = end
            bring_up_to_date(mirror)
            for block, off, data in flash.journal:
                for permille in fractions:
                    second = Told()
                    second.sectors = copied(left)
                    tear(second.sectors, block, off, data, permille)
                    self.check(
                        "%s, then up to %d, %d permille" % (name, end, permille), second, before, end, True
                    )
                    made += 1
                tear(left, block, off, data, 1000)
            flash.journal.clear()
        return made

    def check(self, name, flash, acknowledged, kept, whole):
        """What must hold after any cut."""
        ledger = Upto(self, kept)
        mirror = open_mirror(flash, ledger)  # a file system that cannot be mounted raises here
        assert mirror.state == GOOD, "%s: state %d" % (name, mirror.state)
        assert acknowledged <= mirror.count <= kept, "%s: %d records" % (name, mirror.count)
        raw = bytearray(RECORD_BYTES)
        if mirror.count:
            assert mirror.read_raw(mirror.count, raw) and ledger.has(raw), name
        if not whole:
            return
        assert read_all(mirror) == self.records[: mirror.count * RECORD_BYTES], name
        bring_up_to_date(mirror)
        assert mirror.state == GOOD and mirror.count == kept, name
        again = open_mirror(flash, ledger)
        assert again.state == GOOD and again.count == kept, name
        assert read_all(again) == self.records[: kept * RECORD_BYTES], name


class Upto:
    """The ledger as it was when it had `count` records: what a mirror asks of it."""

    state = OPEN
    oldest = 1
    busy = False
    elsewhere = 0
    archive = None

    def __init__(self, cuts, count):
        self.count = count
        self._cuts = cuts
        self.is_record = cuts.ledger.is_record

    def read_raw(self, sequence, buffer):
        """See Ledger."""
        if not 1 <= sequence <= self.count:
            return False
        buffer[:] = self._cuts.records[(sequence - 1) * RECORD_BYTES : sequence * RECORD_BYTES]
        return True

    def has(self, raw):
        """See Ledger."""
        mine = bytearray(RECORD_BYTES)
        return self.read_raw(raw[4] | raw[5] << 8, mine) and mine == raw


def read_all(mirror):
    """Every record in the files, one after the other."""
    data = b""
    for number in range((mirror.count + FILE_RECORDS - 1) // FILE_RECORDS):
        with mirror._fs.open(name_of(number + 1), "rb") as file:
            data += file.read(FILE_RECORDS * RECORD_BYTES)
    return data


def copied(sectors):
    """A flash's sectors, apart from it."""
    return [None if data is None else bytearray(data) for data in sectors]


def tear(sectors, block, off, data, permille):
    """Do a share of an operation."""
    length = SECTOR if data is None else len(data)
    done = length * permille // 1000
    old = sectors[block]
    if data is None:
        if old is not None:
            old[:done] = b"\xff" * done
        return
    if old is None:
        old = sectors[block] = bytearray(b"\xff" * SECTOR)
    for at in range(done):
        assert old[off + at] & data[at] == data[at], "programmed where it was not erased"
    old[off : off + done] = data[:done]
