"""The bytes of a ledger: header, records, CRC and chain. Knows nothing of what a record means.

They come in two shapes. A memory's content is the header, two checkpoints (where there is room for them),
then a ring in which record n stands in place (n - 1) % places. An export, which is what the payload sends
and a mirror keeps, is the header and then records one after the other.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field

SIZE = 64
MARK = 0xA5
MAGICS = (b"RCHLEDG1", b"RCHLEDG2")
FORMAT = 1
CHECKPOINT_MARK = 0xC5
CHECKPOINT_BYTES = 64 + 66 * 16
_FEW = 163
"""A memory with fewer places than this has no room for checkpoints."""
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
    """Something that cannot be trusted. `place` is a record's number; 0 is the header."""

    place: int
    text: str


@dataclass
class Image:
    """What stands in the bytes of a ledger. `records` follow each other, up to the first damage; `torn` is
    the number of a record whose writing was cut off and that never counted, 0 for none."""

    records: list[Record]
    damages: list[Damage]
    blank: bool = False
    torn: int = 0
    header: bytes = b""

    @property
    def first(self) -> int:
        """Number of the first record that is here; 1 where the whole history is, 0 without one."""
        return self.records[0].sequence if self.records else 0

    @property
    def identity(self) -> str:
        """Which ledger it is: the chain value of record 1, as hexadecimal text; "" where that is not here."""
        return self.records[0].chain.hex() if self.first == 1 else ""

    def export(self) -> bytes:
        """Header and records, as a mirror keeps them."""
        return self.header + b"".join(record.raw for record in self.records)


def read(data: bytes) -> Image:
    """Take a ledger's bytes apart: a memory's whole content or an export. Raises nothing: what is wrong
    stands in `damages`."""
    image = Image([], [])
    if len(data) < SIZE:
        image.damages.append(Damage(0, f"{len(data)} bytes are no ledger: its header alone has {SIZE}"))
        return image
    head = data[:SIZE]
    if head[:8] not in MAGICS or not _crc_fits(head):
        # The header's first byte is written last: with none, and no record, nothing was ever begun.
        marked = any(data[at] in (MARK, CHECKPOINT_MARK) for at in range(SIZE, len(data) - SIZE + 1, 32))
        if head[0] in (0, 255) and not marked:
            image.blank = True
        else:
            image.damages.append(Damage(0, "the header is damaged, or this is no custody ledger"))
        return image
    image.header = head
    (places,) = struct.unpack_from("<I", head, 8)
    ring = _ring(data, places)
    if ring:
        _read_ring(image, data[ring : ring + places * SIZE], data[SIZE:ring])
    else:
        _read_export(image, data)
    return image


def _ring(data: bytes, places: int) -> int:
    """Where the ring of a memory's content begins; 0 for an export."""
    if data[:8] == MAGICS[0] or places < 1:
        return 0
    if places <= _FEW - 2 * CHECKPOINT_BYTES // SIZE:
        # No checkpoints: an export of a longer history is longer than the memory.
        return SIZE if 0 <= len(data) - (places + 1) * SIZE < SIZE else 0
    ring = SIZE + 2 * CHECKPOINT_BYTES
    # Where a memory has its first checkpoint, an export has its first record.
    return ring if ring + places * SIZE <= len(data) and data[SIZE] != MARK else 0


def _read_export(image: Image, data: bytes) -> None:
    places = len(data) // SIZE
    (expected,) = struct.unpack_from("<I", data, SIZE + 4) if places > 1 and data[SIZE] == MARK else (1,)
    chain: bytes | None = bytes(8) if expected == 1 else None
    for place in range(1, places):
        raw = data[place * SIZE : (place + 1) * SIZE]
        if raw[0] != MARK:
            after = next((at for at in range(place + 1, places) if data[at * SIZE] == MARK), 0)
            if after:
                image.damages.append(
                    Damage(
                        place,
                        f"record {expected} is not there, but {expected + after - place} is: what is in "
                        f"between is lost",
                    )
                )
            elif raw.strip(b"\x00") and raw.strip(b"\xff"):
                image.torn = expected
            return
        if not _take(image, raw, expected, chain):
            return
        chain = image.records[-1].chain
        expected += 1


def _read_ring(image: Image, ring: bytes, checkpoints: bytes) -> None:
    places = len(ring) // SIZE
    slots = [ring[at * SIZE : (at + 1) * SIZE] for at in range(places)]
    numbers = [int.from_bytes(raw[4:8], "little") if raw[0] == MARK else 0 for raw in slots]
    last = max(numbers)
    first = max(1, last - places + 1)
    following = last % places
    if slots[following][0] != MARK:
        # The oldest was about to be written over.
        first = max(first, last - places + 2)
        if slots[following].strip(b"\x00") and slots[following].strip(b"\xff"):
            image.torn = last + 1
    for place, number in enumerate(numbers):
        belongs = last - (last - 1 - place) % places if last else 0
        if number and (number - 1) % places != place:
            image.damages.append(Damage(number, f"record {number} stands where it does not belong"))
            return
        if belongs >= first and place != following and number != belongs:
            image.damages.append(
                Damage(belongs, f"record {belongs} is not there, but {last} is: what is in between is lost")
            )
            return
    chain: bytes | None = bytes(8) if first == 1 else None
    for number in range(first, last + 1):
        if not _take(image, slots[(number - 1) % places], number, chain):
            return
        chain = image.records[-1].chain
    _check_checkpoints(image, checkpoints)


def _check_checkpoints(image: Image, checkpoints: bytes) -> None:
    """A checkpoint that knows a record which is not there: the end of the ledger is gone."""
    by_number = {record.sequence: record for record in image.records}
    last = image.records[-1].sequence if image.records else 0
    for at in range(0, len(checkpoints), CHECKPOINT_BYTES):
        body = checkpoints[at : at + CHECKPOINT_BYTES]
        crc = zlib.crc32(body[SIZE:], zlib.crc32(body[1:60]))
        if (
            len(body) < CHECKPOINT_BYTES
            or body[0] != CHECKPOINT_MARK
            or crc != int.from_bytes(body[60:64], "little")
        ):
            continue  # cut off while it was written, or never: the other one counts
        number = int.from_bytes(body[4:8], "little")
        if number > last:
            image.damages.append(
                Damage(last + 1, f"records {last + 1} to {number} are gone: a checkpoint knows of them")
            )
        elif number in by_number and by_number[number].chain != body[8:16]:
            image.damages.append(Damage(number, f"record {number} is another one than its checkpoint knows"))


def _take(image: Image, raw: bytes, number: int, before: bytes | None) -> bool:
    """Check one record and take it in; `before` is the chain value before it, None where that is not here."""
    _, form, kind, tube, sequence, tick, epoch, firmware, parameters, a, b, c, d, chain, crc = _FIELDS.unpack(
        raw
    )
    link = chain if before is None else hashlib.sha256(before + raw[1:52]).digest()[:8]
    for good, text in (
        (form == FORMAT, f"format {form}, and this tool knows {FORMAT}: a newer ledger?"),
        (crc == zlib.crc32(raw[1:60]), "its CRC is wrong: bytes of it were changed"),
        (sequence == number, f"it says that it is record {sequence}"),
        (chain == link, "the chain is broken: it does not follow the record before it"),
    ):
        if not good:
            image.damages.append(Damage(number, f"record {number}: {text}"))
            return False
    image.records.append(
        Record(sequence, kind, tube, tick, epoch, firmware, parameters, a, b, c, d, chain, raw)
    )
    return True


def _crc_fits(raw: bytes) -> bool:
    return int.from_bytes(raw[60:64], "little") == zlib.crc32(raw[1:60])


def follows(before: Image, after: Image) -> str:
    """Why the ledger `after` is no continuation of `before`; "" when it is."""
    if not before.records:
        return ""
    known, last = len(before.records), before.records[-1].sequence
    if not after.records:
        return f"it has no records, and the mirror has {known}: the payload's memory was wiped"
    if before.identity and after.identity and before.identity != after.identity:
        return (
            f"it is another payload's ledger, or a new one: it begins with {after.identity}, the mirror with "
            f"{before.identity}"
        )
    mine = {record.sequence: record for record in before.records}
    for record in after.records:
        if record.sequence in mine and record.raw != mine[record.sequence].raw:
            return f"record {record.sequence} is another one than in the mirror: history was rewritten"
    if after.records[-1].sequence < last:
        return f"it ends with record {after.records[-1].sequence}, the mirror with {last}: it was set back"
    if after.first > last + 1:
        return (
            f"it begins with record {after.first}, the mirror ends with {last}: what is between is lost here"
        )
    if after.first == last + 1:
        raw = after.records[0].raw
        if hashlib.sha256(before.records[-1].chain + raw[1:52]).digest()[:8] != after.records[0].chain:
            return f"record {after.first} does not follow the mirror's last: it is another payload's ledger"
    return ""


def joined(before: Image, after: Image) -> bytes:
    """The export that has both, when `after` follows `before`."""
    if not before.records:
        return after.export()
    last = before.records[-1].sequence
    return before.export() + b"".join(record.raw for record in after.records if record.sequence > last)
