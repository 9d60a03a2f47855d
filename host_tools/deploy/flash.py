"""Put an image onto a board in boot mode: a USB drive with an INFO_UF2.TXT, which takes a UF2 file."""

from __future__ import annotations

import os
import re
import struct
import time
from collections.abc import Iterable
from pathlib import Path

from host_tools.chip import image as images
from host_tools.chip.uf2 import BLOCK, FAMILY_RP2040, HAS_FAMILY, MAGIC_1, MAGIC_2, ImageError, read
from host_tools.deploy.errors import DeployError

INFO = "INFO_UF2.TXT"
DRIVE_S = 15.0
TAKEN_S = 20.0
# Board-ID of the drive -> chip, and the family numbers of images for it (Microsoft's list of UF2 families).
CHIPS = {
    "RPI-RP2": ("RP2040", (FAMILY_RP2040,)),
    "RP2350": ("RP2350", (0xE48BFF59, 0xE48BFF5A, 0xE48BFF57)),
}


def flash(image: Path | None, frozen: bool, drive: Path | None, port: str | None) -> str:
    """Copy the image; says what was done. Raises ImageError, PortError and DeployError, in words."""
    if image is not None and frozen:
        raise DeployError("give --image or --frozen, one of the two. Nothing was changed.")
    if port is not None:
        _into_boot_mode(port)
    target = _the_drive(drive, DRIVE_S if port is not None else 0.0)
    chip, families = chip_of(target)
    source = _image(image, frozen, chip)
    data = source.read_bytes()
    check(source, data, chip, families)
    try:
        with (target / source.name).open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        # The board restarts as soon as it has the last block, and the drive goes from under the file.
        if target.joinpath(INFO).exists():
            raise DeployError(
                f"{target}: {error.strerror or error}. The image is not whole: the board stays in boot "
                "mode. Try "
                "again."
            ) from error
    if not _gone(target):
        raise DeployError(
            f"{target} is still there {TAKEN_S:.0f} s after the copy: the board did not take the image. It "
            "stays "
            "in boot mode; unplug it, hold BOOTSEL, and try again."
        )
    return f"{source.name} is on the {chip}; it starts by itself. Next: rochette deploy"


def drives(roots: Iterable[Path] | None = None) -> list[Path]:
    """Boot drives that are mounted."""
    if roots is None:
        mounts = Path("/proc/mounts")
        listed = [line.split()[1] for line in mounts.read_text().splitlines()] if mounts.exists() else []
        unescaped = [re.sub(r"\\([0-7]{3})", lambda m: chr(int(m[1], 8)), one) for one in listed]
        roots = [Path(one) for one in unescaped] + list(Path("/Volumes").glob("*"))
    found = []
    for root in roots:
        try:
            if (root / INFO).is_file():
                found.append(root)
        except OSError:
            continue  # a mount that is not ours to look at
    return sorted(set(found))


def _the_drive(named: Path | None, wait_s: float) -> Path:
    if named is not None:
        if not (named / INFO).is_file():
            raise DeployError(
                f"--drive {named}: no {INFO} there: that is no boot drive. Nothing was changed."
            )
        return named
    end = time.monotonic() + wait_s
    while not (found := drives()) and time.monotonic() < end:
        time.sleep(0.3)
    if len(found) > 1:
        listing = "".join(f"\n  {one}" for one in found)
        raise DeployError(f"{len(found)} boot drives are here; name one with --drive.{listing}")
    if not found:
        raise DeployError(
            "no board in boot mode is here. Hold its BOOTSEL button while you plug it in; it shows as a "
            "drive, which "
            "has to be mounted. Nothing was changed."
        )
    return found[0]


def chip_of(drive: Path) -> tuple[str, tuple[int, ...]]:
    """The chip that shows this drive, and the families of images for it. Raises DeployError for another."""
    text = (drive / INFO).read_text(errors="replace")
    match = re.search(r"^Board-ID:\s*(\S+)", text, re.MULTILINE)
    board = match[1] if match else "nothing"
    if board not in CHIPS:
        raise DeployError(
            f"{drive}: it is a boot drive of {board}, not of an RP2040 or RP2350. Nothing was changed."
        )
    return CHIPS[board]


def _image(named: Path | None, frozen: bool, chip: str) -> Path:
    if named is not None:
        return named
    if chip != "RP2040":
        raise DeployError(
            f"the board has an {chip}: give its MicroPython image (board RPI_PICO2, from MicroPython's "
            "site) with "
            "--image FILE. Nothing was changed."
        )
    if frozen:
        from host_tools.chip import session

        return session.firmware_image().path
    return images.find().path


def check(source: Path, data: bytes, chip: str, families: tuple[int, ...]) -> None:
    """Raise ImageError unless every block of a UF2 image is for this chip."""
    if chip == "RP2040":
        read(source)
        return
    if len(data) < BLOCK or len(data) % BLOCK:
        raise ImageError(f"{source} is no UF2 image: it has {len(data)} bytes, not a multiple of {BLOCK}.")
    for at in range(0, len(data), BLOCK):
        first, second, flags, *_rest, family = struct.unpack_from("<8I", data, at)
        if (first, second) != (MAGIC_1, MAGIC_2):
            raise ImageError(f"{source} is no UF2 image: block {at // BLOCK} lacks the magic numbers.")
        if flags & HAS_FAMILY and family not in families:
            raise ImageError(f"{source} is for another chip (family {family:#x}); the board has an {chip}.")


def _gone(drive: Path) -> bool:
    end = time.monotonic() + TAKEN_S
    while time.monotonic() < end:
        try:
            if not (drive / INFO).exists():
                return True
        except OSError:
            return True
        time.sleep(0.2)
    return False


def _into_boot_mode(port: str) -> None:
    from host_tools.deploy import busy
    from host_tools.deploy.raw import Raw

    seen = busy.look(port)
    if not seen.prompt and (not seen.payload or seen.activity):
        raise DeployError(
            f"{port}: something runs there ({seen.activity or 'it does not say what'}). Nothing was "
            "stopped. End it "
            "first, or hold BOOTSEL while you plug the board in."
        )
    raw = Raw(port)
    try:
        raw.enter()
        raw.do(
            "import machine\nmachine.Timer(-1,mode=machine.Timer.ONE_SHOT,period=200,"
            "callback=lambda t:machine.bootloader())",
            "while it was sent into boot mode",
        )
    finally:
        raw.close()
