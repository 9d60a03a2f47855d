"""The bytes of a ledger: header, records, CRC and chain. Knows nothing of what a record means."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

SIZE = 64
MARK = 0xA5
MAGIC = b"RCHLEDG1"
FORMAT = 1
_FIELDS = struct.Struct("<BBBBIIIHHiiii16x8sI")


@dataclass(frozen=True)
class Record:
    """One record, as its bytes say."""

    sequence: int
    kind: int
    tube: int
    tick: int
    epoch_s: int
    firmware: int
    parameters: int
    a: int
    b: int
    c: int
    d: int
    chain: bytes
    raw: bytes = field(repr=False, default=b"")


@dataclass(frozen=True)
class Damage:
    """Something that cannot be trusted. `place` counts records from 1; 0 is the header."""

    place: int
    text: str


@dataclass
class Image:
    """What stands in the bytes of a ledger. `records` are those before the first damage; `torn` is the place
    of a record whose writing was cut off and that never counted, 0 for none."""

    records: list[Record]
    damages: list[Damage]
    blank: bool = False
    torn: int = 0
    capacity: int = 0

    @property
    def identity(self) -> str:
        """Which ledger it is: the chain value of its first record, as hexadecimal text; "" without one."""
        return self.records[0].chain.hex() if self.records else ""


def read(data: bytes) -> Image:
    """Take a ledger's bytes apart: an FRAM's whole content, or a header and its records. Raises nothing:
    what is wrong stands in `damages`."""
    return _Reader(data).image


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.image = Image([], [])
        places = len(data) // SIZE
        if not places:
            self._damaged(0, f"{len(data)} bytes are no ledger: its header alone has {SIZE}")
            return
        head = data[:SIZE]
        if head[:8] != MAGIC or not _crc_fits(head):
            # The header's first byte is written last: with none, and no record, nothing was ever begun.
            if head[0] in (0, 255) and not self._marked_from(1, places):
                self.image.blank = True
            else:
                self._damaged(0, "the header is damaged, or this is no custody ledger")
            return
        (self.image.capacity,) = struct.unpack_from("<I", head, 8)
        self._records(min(places, self.image.capacity + 1))

    def _damaged(self, place: int, text: str) -> None:
        self.image.damages.append(Damage(place, text))

    def _marked_from(self, place: int, places: int) -> int:
        """The first place from `place` on that has a finished record's mark, 0 for none."""
        return next((at for at in range(place, places) if self._data[at * SIZE] == MARK), 0)

    def _records(self, places: int) -> None:
        chain = bytes(8)
        for place in range(1, places):
            raw = self._data[place * SIZE : (place + 1) * SIZE]
            if raw[0] != MARK:
                after = self._marked_from(place + 1, places)
                if after:
                    self._damaged(
                        place,
                        f"record {place} is not there, but record {after} is: something in between is lost",
                    )
                elif raw.strip(b"\x00") and raw.strip(b"\xff"):
                    self.image.torn = place
                return
            record = self._record(place, raw, chain)
            if record is None:
                return
            chain = record.chain
            self.image.records.append(record)

    def _record(self, place: int, raw: bytes, before: bytes) -> Record | None:
        _, form, kind, tube, sequence, tick, epoch, firmware, parameters, a, b, c, d, chain, crc = (
            _FIELDS.unpack(raw)
        )
        checks: tuple[tuple[bool, Callable[[], str]], ...] = (
            (form == FORMAT, lambda: f"format {form}, and this tool knows {FORMAT}: a newer ledger?"),
            (crc == zlib.crc32(raw[1:60]), lambda: "its CRC is wrong: bytes of it were changed"),
            (sequence == place, lambda: f"it says that it is record {sequence}"),
            (
                chain == hashlib.sha256(before + raw[1:52]).digest()[:8],
                lambda: "the chain is broken: it does not follow the record before it",
            ),
        )
        for good, text in checks:
            if not good:
                self._damaged(place, f"record {place}: {text()}")
                return None
        return Record(sequence, kind, tube, tick, epoch, firmware, parameters, a, b, c, d, chain, raw)


def _crc_fits(raw: bytes) -> bool:
    return int.from_bytes(raw[60:64], "little") == zlib.crc32(raw[1:60])


def trimmed(data: bytes) -> bytes:
    """Header and whole records of a good image, and nothing after them: what a mirror keeps."""
    return data[: (len(read(data).records) + 1) * SIZE]
