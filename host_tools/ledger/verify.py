"""Verification of a ledger: its bytes, its chain, and whether custody allows what it tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from host_tools.ledger import records
from host_tools.ledger.records import Image
from host_tools.ledger.rules import Book, Broken, Tube
from host_tools.run.errors import UsageError


@dataclass
class Verified:
    """What verification found. `faults` in words, none when all is good; `notes` are worth knowing and no
    fault."""

    image: Image
    tubes: dict[int, Tube]
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    in_hand: int = 0
    debris_on_bit: bool = False

    @property
    def good(self) -> bool:
        """Whether the ledger is whole and everything in it is allowed."""
        return not self.faults

    @property
    def last_sequence(self) -> int:
        """Number of the last record that is whole; 0 without one."""
        return self.image.records[-1].sequence if self.image.records else 0

    def summary(self) -> str:
        """One sentence."""
        count = len(self.image.records)
        if self.faults:
            return f"NOT good: {self.faults[0]}"
        if self.image.blank:
            return "blank: no ledger was begun"
        states: dict[str, int] = {}
        for tube in self.tubes.values():
            states[tube.state] = states.get(tube.state, 0) + 1
        if self.image.first > 1:
            return (
                f"good as far as it goes: records {self.image.first} to {self.last_sequence}, chain unbroken"
            )
        kinds = ", ".join(f"{number} {state}" for state, number in sorted(states.items()))
        return f"good: {count} records, chain unbroken; {len(self.tubes)} tubes: {kinds}"


def verify(data: bytes) -> Verified:
    """Verify a ledger's bytes. Raises nothing: what is wrong stands in `faults`."""
    image = records.read(data)
    names, values = _dictionary()
    book = Book(names, values)
    faults = [damage.text for damage in image.damages]
    if faults and image.records:
        faults.append(f"the {len(image.records)} records before it are whole; nothing after it is trusted")
    notes = []
    if image.torn:
        notes.append(f"the writing of record {image.torn} was cut off; it never counted")
    if image.first > 1:
        notes.append(
            f"begins with record {image.first}: bytes and chain are checked, the custody rules where the "
            f"mirror has the whole history"
        )
        return Verified(image, {}, faults, notes)
    for record in image.records:
        try:
            book.take_in(record)
        except Broken as broken:
            name = names.get(record.kind, str(record.kind))
            faults.append(f"record {record.sequence} ({name}, tube {record.tube}): {broken}")
            break
    return Verified(image, book.tubes, faults, notes, book.in_hand, book.debris_on_bit)


_KNOWN: list[tuple[dict[int, str], dict[str, str]]] = []


def _dictionary() -> tuple[dict[int, str], dict[str, str]]:
    """Kinds of record by number, and the values that decide, from the dictionary's declarations."""
    if not _KNOWN:
        from host_tools import dictionary

        enums = dictionary.load().enums
        values = {
            f"{enum}.{number}": label
            for enum in ("Verdict", "FillState", "Seal", "TubeMark")
            for label, number, _ in enums[enum].values
        }
        _KNOWN.append(({number: label for label, number, _ in enums["RecordKind"].values}, values))
    return _KNOWN[0]


def follows(before: bytes, after: bytes) -> str:
    """Why the ledger `after` is no continuation of `before`; "" when it is."""
    return records.follows(records.read(before), records.read(after))


def joined(before: bytes, after: bytes) -> bytes:
    """The mirror `before` brought up to date from `after`, which follows it."""
    return records.joined(records.read(before), records.read(after))


def load(path: Path) -> bytes:
    """A ledger's bytes from a file: a mirror, an FRAM's content, or the payload that `rochette run --payload`
    keeps. Raises UsageError in words."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error}).") from error
    if data[:1] == b"{":
        try:
            kept: Mapping[str, Any] = json.loads(data)
            return bytes.fromhex(kept["fram"])
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(
                f"{path}: neither a ledger nor what 'rochette run --payload' keeps: {error}."
            ) from error
    if len(data) < records.SIZE:
        raise UsageError(f"{path}: {len(data)} bytes are no ledger; its header alone has {records.SIZE}.")
    return data
