"""What custody allows, told from a tube's side: where it is, what is in it, who let it pass.

Written apart from the firmware's inventory (which keeps bits by tube): here a tube is an object with a story,
and each kind of record has its own short check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from host_tools.ledger.records import Record

SEATS_MAX = 64
BIT = "in the bit"


def in_seat(seat: int) -> str:
    """A place in words."""
    return f"in seat {seat}"


class Broken(Exception):
    """A record that custody does not allow; the text says why."""


@dataclass
class Tube:
    """One tube. `place` in words; `sample` 0 while it was never used."""

    number: int
    place: str
    sample: int = 0
    cored: bool = False
    present: bool = False
    released: bool = False
    filled: bool = False
    overfull: bool = False
    debris: bool = False
    sealing: bool = False
    sealed: bool = False
    stored: bool = False
    intent: bool = False
    seal_tries: int = 0

    @property
    def state(self) -> str:
        """What it is, in one word or two."""
        if not self.sample:
            return "about to be taken" if self.intent else "clean"
        if self.sealed:
            return "sealed, stored" if self.stored else "sealed"
        if self.stored:
            return "open, stored"
        if self.sealing:
            return "seal half pressed, perhaps"
        return "open"


def _must(allowed: bool, why: str) -> None:
    if not allowed:
        raise Broken(why)


@dataclass
class Book:
    """All tubes as the records so far tell."""

    names: dict[int, str]
    """Number of a kind of record -> its name, from the dictionary."""
    values: dict[str, int]
    """Numbers of Verdict, FillState, Seal and TubeMark, as "Verdict.PRESENT"."""
    tubes: dict[int, Tube] = field(default_factory=dict)
    last_sample: int = 0

    def take_in(self, record: Record) -> None:
        """Take one record in. Raises Broken when it cannot be."""
        name = self.names.get(record.kind)
        _must(name is not None, f"kind {record.kind} is unknown: a newer firmware wrote it?")
        assert name is not None
        if name == "INITIALISED":
            _must(not self.tubes, "the ledger begins a second time")
            _must(1 <= record.a <= SEATS_MAX, f"{record.a} seats: 1 to {SEATS_MAX} are possible")
            self.tubes = {n: Tube(n, in_seat(n)) for n in range(1, record.a + 1)}
            return
        _must(bool(self.tubes), "the ledger does not begin with INITIALISED")
        _must(record.tube in self.tubes, f"there is no tube {record.tube}")
        step: Callable[[Tube, Record], None] | None = getattr(self, "_" + name.lower(), None)
        _must(step is not None, f"this tool does not know what {name} means: use the one of that firmware")
        assert step is not None
        step(self.tubes[record.tube], record)
        if name != "MARKED":
            self.last_sample = max(self.last_sample, record.a)

    # What is asked again and again

    def _in_bit(self) -> Tube | None:
        return next((tube for tube in self.tubes.values() if tube.place == BIT), None)

    def _in_seat(self, seat: int) -> Tube | None:
        return next((tube for tube in self.tubes.values() if tube.place == in_seat(seat)), None)

    def _same_sample(self, tube: Tube, record: Record) -> None:
        _must(bool(tube.sample), f"tube {tube.number} was never taken")
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

    # Kinds of record

    def _take_intent(self, tube: Tube, record: Record) -> None:
        _must(self._in_bit() is None, "a tube is in the bit already")
        _must(not tube.sample, f"tube {tube.number} was used already")
        tube.intent = True

    def _taken(self, tube: Tube, record: Record) -> None:
        self._take_intent(tube, record)
        _must(record.a > 0, "a sample's number is 1 or more")
        tube.intent = False
        tube.place = BIT
        tube.sample = record.a

    def _cored(self, tube: Tube, record: Record) -> None:
        self._same_sample(tube, record)
        _must(tube.place == BIT, f"tube {tube.number} is not in the bit")
        tube.cored = True
        tube.present = tube.released = tube.filled = tube.overfull = False

    def _verdict(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        _must(tube.cored, f"nothing was cored into tube {tube.number}")
        tube.present = record.b == self.values["Verdict.PRESENT"]
        if not tube.present:
            tube.released = False

    def _released(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        _must(tube.present, f"no verdict PRESENT stands for tube {tube.number}")
        _must(not tube.debris, f"debris was seen at tube {tube.number} and not cleared")
        tube.released = True

    def _docked(self, tube: Tube, record: Record) -> None:
        self._same_sample(tube, record)
        _must(tube.place == BIT, f"tube {tube.number} is not in the bit")
        _must(1 <= record.b <= len(self.tubes), f"there is no seat {record.b}")
        other = self._in_seat(record.b)
        _must(other is None, f"seat {record.b} holds tube {other.number if other else 0} already")
        tube.place = in_seat(record.b)

    def _fill(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        self._standing(tube)
        _must(tube.cored, f"nothing was cored into tube {tube.number}")
        tube.filled = True
        tube.overfull = record.b == self.values["FillState.OVERFILL"]

    def _seal_intent(self, tube: Tube, record: Record) -> None:
        self._open(tube, record)
        self._standing(tube)
        _must(tube.present, f"no verdict PRESENT stands for tube {tube.number}")
        _must(tube.released, f"no release from the ground names tube {tube.number}")
        _must(tube.filled, f"the fill of tube {tube.number} was not measured")
        _must(not tube.overfull, f"tube {tube.number} is overfull")
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
            tube.sealed == (record.c == self.values["Seal.ACTIVATED"]),
            "it says something else of the seal than the records before",
        )
        tube.stored = True

    def _marked(self, tube: Tube, record: Record) -> None:
        if record.b == self.values["TubeMark.DEBRIS_SEEN"]:
            tube.debris = True
        elif record.b == self.values["TubeMark.DEBRIS_CLEARED"]:
            tube.debris = False
