"""A custody script as the payload writes it, and a store that tells of every write: what cuts are made in.

Runs on CPython and on the MicroPython VM.
"""

from rochette.services.ledger import Ledger
from rochette.services.stores import MemoryStore
from rochette.tables import (
    FILL_STATE_NOMINAL,
    RECORD_KIND_BREAK_INTENT,
    RECORD_KIND_BROKEN_OFF,
    RECORD_KIND_CORE_INTENT,
    RECORD_KIND_CORED,
    RECORD_KIND_DOCK_INTENT,
    RECORD_KIND_DOCKED,
    RECORD_KIND_FILL,
    RECORD_KIND_RELEASED,
    RECORD_KIND_RETRACTED,
    RECORD_KIND_SEAL_INTENT,
    RECORD_KIND_SEAL_RESULT,
    RECORD_KIND_STORED,
    RECORD_KIND_TAKE_INTENT,
    RECORD_KIND_TAKEN,
    RECORD_KIND_VERDICT,
    SEAL_ACTIVATED,
    VERDICT_PRESENT,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Step = tuple[int, int, int, int, int, int]

SEATS = 43
FRACTIONS = (0, 250, 500, 750, 1000)
FRAM_BYTES = 32704
"""What the emulated board gives the ledger of its FRAM."""


def steps(tubes: int) -> "list[Step]":
    """Every record of `tubes` acquisitions, without the first: kind, tube, a, b, c, d."""
    made: "list[Step]" = []
    for tube in range(1, tubes + 1):
        made += [
            (RECORD_KIND_TAKE_INTENT, tube, tube, 66_000, 0, 0),
            (RECORD_KIND_TAKEN, tube, tube, 392, 0, 0),
            (RECORD_KIND_CORE_INTENT, tube, tube, 66_000, 0, 0),
            (RECORD_KIND_CORED, tube, tube, 66_000, 9, 0),
            (RECORD_KIND_BREAK_INTENT, tube, tube, 0, 0, 0),
            (RECORD_KIND_BROKEN_OFF, tube, tube, 1, 350, 0),
            (RECORD_KIND_RETRACTED, tube, tube, 500, 0, 0),
            (RECORD_KIND_VERDICT, tube, tube, VERDICT_PRESENT, 200, 3),
            (RECORD_KIND_RELEASED, tube, tube, VERDICT_PRESENT, 0, 0),
            (RECORD_KIND_DOCK_INTENT, tube, tube, tube, 0, 0),
            (RECORD_KIND_DOCKED, tube, tube, tube, 40_000, 0),
            (RECORD_KIND_FILL, tube, tube, FILL_STATE_NOMINAL, 61_000, 500),
            (RECORD_KIND_SEAL_INTENT, tube, tube, 1, 0, 0),
            (RECORD_KIND_SEAL_RESULT, tube, tube, 1, 120_000, 1_700),
            (RECORD_KIND_STORED, tube, tube, tube, SEAL_ACTIVATED, 0),
        ]
    return made


class Told(MemoryStore):
    """A store that keeps a journal of its writes."""

    def __init__(self, size: int = FRAM_BYTES) -> None:
        super().__init__(size)
        self.journal: "list[tuple[int, bytes]]" = []

    def write(self, offset: int, buffer: bytes) -> None:
        self.journal.append((offset, bytes(buffer)))
        super().write(offset, buffer)


def written(script: "list[Step]", size: int = FRAM_BYTES) -> "list[tuple[int, bytes, int]]":
    """Every write of the script in order: offset, bytes, and how many records were acknowledged before it.
    What is written over counts as standing elsewhere too."""
    store = Told(size)
    ledger = Ledger(store)
    made: "list[tuple[int, bytes, int]]" = []

    def note(acknowledged: int) -> None:
        made.extend((offset, data, acknowledged) for offset, data in store.journal)
        store.journal.clear()

    def settle(acknowledged: int) -> None:
        # A checkpoint is written in the ticks between two records.
        for _ in range(400):
            ledger.tick()
        note(acknowledged)

    ledger.initialise(SEATS)
    note(0)
    for number, step in enumerate(script, 1):
        ledger.elsewhere = ledger.count
        ledger.append(*step)
        note(number)
        settle(number + 1)
    return made


def cuts(
    script: "list[Step]", every: int = 1, fractions: "tuple[int, ...]" = FRACTIONS, size: int = FRAM_BYTES
) -> "Iterator[tuple[str, bytes, int]]":
    """The store after a cut at every write (or each `every`th) with each share of it done: a name, the
    bytes, the records acknowledged before."""
    image = bytearray(size)
    for number, (offset, data, acknowledged) in enumerate(written(script, size)):
        if number % every == 0:
            for permille in fractions:
                torn = bytearray(image)
                done = len(data) * permille // 1000
                torn[offset : offset + done] = data[:done]
                yield f"write {number}, {permille} permille", bytes(torn), acknowledged
        image[offset : offset + len(data)] = data
