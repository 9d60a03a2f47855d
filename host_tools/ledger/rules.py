"""What custody allows, told from a tube's side: where it is, what is in it, who let it pass.

Written apart from the firmware's inventory (which keeps bits by tube): here a tube is an object with a story,
and each kind of record has its own short check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from host_tools.ledger.records import Record

SEATS_MAX = 64
DISPENSERS = 7
BITS = 9
BIT = "in the bit"
GONE = "gone from the payload"


def in_seat(seat: int) -> str:
    """A place in words."""
    return f"in seat {seat}"


class Broken(Exception):
    """A record that custody does not allow; the text says why."""


@dataclass
class Core:
    """What is known of the core in a tube; anew with every hole."""

    cored: bool = False
    verdict: str = ""
    released: bool = False
    filled: bool = False
    overfull: bool = False


@dataclass
class Tube:
    """One tube. `place` in words; `doing` what was begun with it and not ended."""

    number: int
    place: str
    sample: int = 0
    used: bool = False
    core: Core = field(default_factory=Core)
    doing: str = ""
    debris: bool = False
    damaged: bool = False
    witness: bool = False
    reused: bool = False
    sealing: bool = False
    sealed: bool = False
    stored: bool = False
    serial: int = 0
    seal_tries: int = 0

    @property
    def state(self) -> str:
        """What it is, in a word or two."""
        if self.place == GONE:
            return "gone"
        if not self.used:
            if self.doing:
                return "about to be taken"
            return "damaged" if self.damaged else "witness" if self.witness else "clean"
        if self.sealed:
            return "sealed, stored" if self.stored else "sealed"
        if self.stored:
            return "open, stored"
        if self.sealing:
            return "seal half pressed, perhaps"
        return "open"

    @property
    def done(self) -> bool:
        """Whether nothing is left to be done with it but to keep it."""
        return self.stored or self.place == GONE


def _must(allowed: bool, why: str) -> None:
    if not allowed:
        raise Broken(why)


@dataclass
class Book:
    """All tubes as the records so far tell."""

    names: dict[int, str]
    """Number of a kind of record -> its name, from the dictionary."""
    values: dict[str, str]
    """"Verdict.1" -> "PRESENT", and so on, for Verdict, FillState, Seal and TubeMark."""
    tubes: dict[int, Tube] = field(default_factory=dict)
    last_sample: int = 0
    in_hand: int = 0
    """The tube that something was begun with and not ended; 0 for none."""
    seals: dict[int, int] = field(default_factory=dict)
    bit: int = 0
    debris_on_bit: bool = False
    """Something was seen on the bit and not cleared: no sample is released."""

    def take_in(self, record: Record) -> None:
        """Take one record in. Raises Broken when it cannot be."""
        name = self.names.get(record.kind, "")
        _must(bool(name), f"kind {record.kind} is unknown: a newer firmware wrote it?")
        if name == "INITIALISED":
            _must(not self.tubes, "the ledger begins a second time")
            _must(1 <= record.a <= SEATS_MAX, f"{record.a} seats: 1 to {SEATS_MAX} are possible")
            self.tubes = {n: Tube(n, in_seat(n)) for n in range(1, record.a + 1)}
            return
        _must(bool(self.tubes), "the ledger does not begin with INITIALISED")
        if name == "SEALS":
            _must(
                1 <= record.tube <= DISPENSERS and 0 <= record.b <= 254,
                "no such dispenser or number of seals",
            )
            self.seals[record.tube] = record.b
            return
        if name == "BIT":
            _must(1 <= record.tube <= BITS, f"there is no bit {record.tube}")
            self.bit = record.tube
            return
        if name == "MARKED" and record.tube == 0:
            mark = self._label("TubeMark", record.b)
            _must(mark in ("DEBRIS_SEEN", "DEBRIS_CLEARED"), f"mark {record.b} cannot stand for the bit")
            self.debris_on_bit = mark == "DEBRIS_SEEN"
            return
        _must(record.tube in self.tubes, f"there is no tube {record.tube}")
        tube = self.tubes[record.tube]
        _must(tube.place != GONE, f"tube {tube.number} has left the payload")
        step: Callable[[Tube, Record], None] | None = getattr(self, "_" + name.lower(), None)
        _must(step is not None, f"this tool does not know what {name} means: use the one of that firmware")
        assert step is not None
        step(tube, record)
        if name not in ("MARKED", "LOADED"):
            self.last_sample = max(self.last_sample, record.a)

    # What is asked again and again

    def _label(self, enum: str, value: int) -> str:
        return self.values.get(f"{enum}.{value}", "")

    def _in_bit(self) -> Tube | None:
        return next((tube for tube in self.tubes.values() if tube.place == BIT), None)

    def _in_seat(self, seat: int) -> Tube | None:
        return next((tube for tube in self.tubes.values() if tube.place == in_seat(seat)), None)

    def _same_sample(self, tube: Tube, record: Record) -> None:
        _must(tube.used, f"tube {tube.number} was never taken")
        _must(
            record.a == tube.sample,
            f"names sample {record.a}, and tube {tube.number} holds sample {tube.sample}",
        )

    def _open(self, tube: Tube, record: Record) -> None:
        self._same_sample(tube, record)
        _must(not tube.sealed, f"tube {tube.number} is sealed already")
        _must(not tube.stored, f"tube {tube.number} is stored already")

    def _standing(self, tube: Tube) -> None:
        _must(tube.place != BIT, f"tube {tube.number} is in the bit, and this is done in a seat")

    def _hanging(self, tube: Tube, record: Record) -> None:
        self._same_sample(tube, record)
        _must(tube.place == BIT, f"tube {tube.number} is not in the bit")

    def _free(self, seat: int, tube: Tube) -> None:
        _must(1 <= seat <= len(self.tubes), f"there is no seat {seat}")
        other = self._in_seat(seat)
        _must(other in (None, tube), f"seat {seat} holds tube {other.number if other else 0} already")

    def _finished(self, tube: Tube) -> None:
        tube.doing = ""
        if self.in_hand == tube.number:
            self.in_hand = 0

    # Kinds of record: from the seat to the rock

    def _take_intent(self, tube: Tube, record: Record) -> None:
        self._may_take(tube)
        tube.doing = "taking"
        tube.sample = record.a
        self.in_hand = tube.number

    def _may_take(self, tube: Tube) -> None:
        _must(self._in_bit() is None, "a tube is in the bit already")
        _must(not tube.damaged and not tube.witness, f"tube {tube.number} is damaged or a witness")
        _must(not tube.used, f"tube {tube.number} was used already")

    def _taken(self, tube: Tube, record: Record) -> None:
        self._may_take(tube)
        self._into_bit(tube, record.a)

    def _into_bit(self, tube: Tube, sample: int) -> None:
        tube.place = BIT
        tube.sample = sample
        tube.used = True
        if tube.doing in ("", "taking", "docking"):
            tube.doing = "hanging"
        self.in_hand = tube.number

    def _core_intent(self, tube: Tube, record: Record) -> None:
        self._hanging(tube, record)
        tube.doing = "coring"

    def _cored(self, tube: Tube, record: Record) -> None:
        self._hanging(tube, record)
        tube.core = Core(cored=True)

    def _break_intent(self, tube: Tube, record: Record) -> None:
        self._hanging(tube, record)
        tube.doing = "breaking"

    def _broken_off(self, tube: Tube, record: Record) -> None:
        self._hanging(tube, record)
        tube.doing = "in the hole"

    def _retracted(self, tube: Tube, record: Record) -> None:
        self._hanging(tube, record)
        tube.doing = "carried"

    def _verdict(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        _must(tube.core.cored, f"nothing was cored into tube {tube.number}")
        tube.core.verdict = self._label("Verdict", record.b)
        if tube.core.verdict != "PRESENT":
            tube.core.released = False

    def _released(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        _must(tube.core.verdict == "PRESENT", f"no verdict PRESENT stands for tube {tube.number}")
        _must(not tube.debris, f"debris was seen at tube {tube.number} and not cleared")
        _must(not self.debris_on_bit, "debris was seen on the bit and not cleared")
        tube.core.released = True

    # From the bit to the store

    def _dock_intent(self, tube: Tube, record: Record) -> None:
        self._hanging(tube, record)
        self._free(record.b, tube)
        tube.doing = "docking"

    def _docked(self, tube: Tube, record: Record) -> None:
        self._hanging(tube, record)
        self._free(record.b, tube)
        tube.place = in_seat(record.b)
        tube.doing = "in its seat"

    def _fill(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        self._standing(tube)
        _must(tube.core.cored, f"nothing was cored into tube {tube.number}")
        tube.core.filled = True
        tube.core.overfull = self._label("FillState", record.b) == "OVERFILL"

    def _seal_intent(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        self._standing(tube)
        core = tube.core
        _must(core.verdict == "PRESENT", f"no verdict PRESENT stands for tube {tube.number}")
        _must(core.released, f"no release from the ground names tube {tube.number}")
        _must(core.filled, f"the fill of tube {tube.number} was not measured")
        _must(not core.overfull, f"tube {tube.number} is overfull")
        left = None if record.c else self.seals.get(1)  # c: the seal on the rod, pressed again
        _must(left is None or left > 0, "the dispenser holds no seal")
        if left is not None:
            self.seals[1] = left - 1
        tube.sealing = True
        tube.seal_tries += 1

    def _seal_result(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        self._standing(tube)
        _must(tube.sealing, f"no seal was announced for tube {tube.number}")
        tube.sealing = False
        tube.sealed = bool(record.b)

    def _stored(self, tube: Tube, record: Record) -> None:
        self._same_sample(tube, record)
        self._standing(tube)
        _must(not tube.stored, f"tube {tube.number} is stored already")
        _must(
            tube.place == in_seat(record.b), f"tube {tube.number} stands {tube.place}, not in seat {record.b}"
        )
        _must(
            tube.sealed == (self._label("Seal", record.c) == "ACTIVATED"),
            "it says something else of the seal than the records before",
        )
        tube.stored = True
        tube.sealing = False
        self._finished(tube)

    # What hands did, and what was found

    def _moved(self, tube: Tube, record: Record) -> None:
        if record.b == 0:
            other = self._in_bit()
            _must(other in (None, tube), "a tube is in the bit already")
            self._into_bit(tube, record.a)
            return
        self._free(record.b, tube)
        was_in_bit = tube.place == BIT
        tube.place = in_seat(record.b)
        if not tube.used:
            self._finished(tube)
        elif was_in_bit:
            tube.doing = "in its seat"

    def _dropped(self, tube: Tube, record: Record) -> None:
        tube.place = GONE
        self._finished(tube)

    def _recovered(self, tube: Tube, record: Record) -> None:
        """It tells how work went on; what came of it stands in the records after it."""

    def _loaded(self, tube: Tube, record: Record) -> None:
        _must(not tube.used, f"tube {tube.number} was used already")
        _must(1 <= record.b <= 0x3FFFFFFF, f"{record.b} is no serial number")
        twins = [one.number for one in self.tubes.values() if one.serial == record.b and one is not tube]
        _must(not twins, f"tube {twins[0] if twins else 0} has serial number {record.b} already")
        tube.serial = record.b
        tube.witness = bool(record.c)

    def _marked(self, tube: Tube, record: Record) -> None:
        mark = self._label("TubeMark", record.b)
        _must(bool(mark), f"there is no mark {record.b}")
        if mark in ("DEBRIS_SEEN", "DEBRIS_CLEARED"):
            tube.debris = mark == "DEBRIS_SEEN"
        elif mark == "DAMAGED":
            tube.damaged = True
        elif mark == "TRIED_AGAIN":
            _must(tube.place == BIT, f"tube {tube.number} is not in the bit")
            tube.reused = True
        elif mark == "REUSED":
            _must(not tube.sealed, f"tube {tube.number} is sealed already")
            self._standing(tube)
            place, number, serial = tube.place, tube.number, tube.serial
            damaged, witness = tube.damaged, tube.witness
            self._finished(tube)
            tube.__init__(  # type: ignore[misc]
                number, place, serial=serial, damaged=damaged, witness=witness, reused=True
            )
