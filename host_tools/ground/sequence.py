"""Sequences: commands in a text file, as `fprime-seqgen` reads them, compiled and checked.

    ; a comment
    R00:00:00 cmdDisp.CMD_NO_OP
    A2027-123T12:00:00 feed.HOME
    R00:10:00 link.ARM sample.ACQUIRE
    R00:00:01.5 sample.ACQUIRE 3, 66000

R is the time since the command before, hours:minutes:seconds; A a time of day, year-day of the year. What
moves or commits hardware stands right after its arming, within ARM_S. The binary is F Prime's: U32 length of
what follows the head, U32 count, U16 time base (FFFF: any), U8 context (FF: any); a record is U8 kind (0
absolute, 1 relative), U32 seconds, U32 microseconds, U32 length, command packet; at the end the CRC-32 of all
before it.
"""

from __future__ import annotations

import calendar
import re
import shlex
import struct
from binascii import crc32
from dataclasses import dataclass
from pathlib import Path

from host_tools.ground.errors import GroundError, SequenceError
from host_tools.ground.files import NAME_MAX
from host_tools.ground.schema import ARM, Names

ABSOLUTE, RELATIVE = 0, 1
_RELATIVE = re.compile(r"R(\d{1,3}):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?")
_ABSOLUTE = re.compile(r"A(\d{4})-(\d{1,3})T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,6}))?")


@dataclass(frozen=True)
class Step:
    """One command of a sequence."""

    line: int
    text: str
    kind: int
    seconds: int
    microseconds: int
    packet: bytes
    hazardous: bool


def read(path: Path | str, names: Names) -> list[Step]:
    """The steps of a text file. Raises SequenceError with every line that is wrong."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise SequenceError(f"{path}: cannot be read ({error.strerror}). Nothing was sent.") from error
    except UnicodeDecodeError:
        raise SequenceError(f"{path}: it is not a text (UTF-8). Nothing was sent.") from None
    steps, wrong = [], []
    for number, line in enumerate(lines, 1):
        text = line.split(";", 1)[0].strip() if '"' not in line else line.strip()
        if not text or text.startswith(";"):
            continue
        try:
            steps.append(_step(number, text, names))
            _must_be_armed(steps, names)
        except GroundError as error:
            wrong.append(f"{path}, line {number}: {str(error).replace(' Nothing was sent.', '')}")
    if wrong:
        raise SequenceError("\n".join(wrong) + "\nNothing was sent.")
    if not steps:
        raise SequenceError(f"{path}: there is no command in it. Nothing was sent.")
    return steps


def _step(number: int, text: str, names: Names) -> Step:
    when, _, rest = text.partition(" ")
    kind, seconds, microseconds = _time(when)
    name, _, arguments = rest.strip().partition(" ")
    if not name:
        raise SequenceError("a time without a command")
    command = names.command(name)
    packet = names.packet(command, _arguments(arguments))
    return Step(number, text, kind, seconds, microseconds, packet, names.hazardous(command))


def _must_be_armed(steps: list[Step], names: Names) -> None:
    """A hazardous command that would be refused in the middle of the night is refused here."""
    step = steps[-1]
    if not step.hazardous:
        return
    name = step.text.split()[1]
    (opcode,) = struct.unpack_from(">I", step.packet, 2)
    arming = names.packet(names.command(ARM), [opcode])
    if len(steps) < 2 or steps[-2].packet != arming:
        raise SequenceError(f"{name} moves or commits hardware: the line before it must be {ARM} {name}")
    limit = names.parameter("link.ARM_S").default
    if step.kind == ABSOLUTE or step.seconds >= limit:
        raise SequenceError(f"{name} must follow its arming within {limit} s: let {ARM} wait instead")


def _arguments(text: str) -> list[str]:
    """Arguments, parted by commas; a text with a comma in it stands in quotes."""
    if not text.strip():
        return []
    splitter = shlex.shlex(text, posix=True)
    splitter.whitespace = ","
    splitter.whitespace_split = True
    splitter.commenters = ""
    try:
        return [part.strip() for part in splitter]
    except ValueError as error:
        raise SequenceError(f"arguments that cannot be read ({error})") from None


def _time(text: str) -> tuple[int, int, int]:
    found = _RELATIVE.fullmatch(text)
    if found:
        hours, minutes, seconds = (int(part) for part in found.groups()[:3])
        return RELATIVE, hours * 3600 + minutes * 60 + seconds, _micro(found[4])
    found = _ABSOLUTE.fullmatch(text)
    if found:
        year, day, hours, minutes, seconds = (int(part) for part in found.groups()[:5])
        if not 1 <= day <= 365 + calendar.isleap(year):
            raise SequenceError(f"'{text}': year {year} has no day {day}")
        start = calendar.timegm((year, 1, 1, 0, 0, 0))
        return ABSOLUTE, start + (day - 1) * 86400 + hours * 3600 + minutes * 60 + seconds, _micro(found[6])
    raise SequenceError(f"'{text}' is no time; it is written R00:00:01.5, or A2027-123T12:00:00")


def _micro(text: str | None) -> int:
    return int((text or "0").ljust(6, "0"))


def compiled(steps: list[Step]) -> bytes:
    """The binary of a sequence."""
    records = b"".join(
        struct.pack(">BIII", step.kind, step.seconds, step.microseconds, len(step.packet)) + step.packet
        for step in steps
    )
    whole = struct.pack(">IIHB", len(records) + 4, len(steps), 0xFFFF, 0xFF) + records
    return whole + struct.pack(">I", crc32(whole))


def name_for(path: Path | str) -> str:
    """The name of the binary on the payload: `drill.seq` becomes `drill.bin`."""
    stem = re.sub(r"[^A-Za-z0-9_-]", "_", Path(path).stem)[: NAME_MAX - 4]
    return f"{stem or 'sequence'}.bin"
