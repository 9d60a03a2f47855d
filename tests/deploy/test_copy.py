"""What goes into a copy, and the boot drive."""

from __future__ import annotations

import struct
import threading
import time
from pathlib import Path

import pytest

from host_tools.chip.uf2 import FAMILY_RP2040, FLASH, HAS_FAMILY, MAGIC_1, MAGIC_2, MAGIC_END, ImageError
from host_tools.deploy import files, flash
from host_tools.deploy.errors import DeployError

BANNER = b"MicroPython v1.25.0 on 2025-05-04; Raspberry Pi Pico with RP2040"


def test_an_image_with_the_same_sources_leaves_three_files() -> None:
    copy = files.make("pico", files.FROZEN, "mark", files.own_modules())
    assert sorted(copy.files) == ["board.mpy", "boot.mpy", "main.mpy"]
    assert copy.differs == []
    head, *lines = copy.manifest().decode().splitlines()
    assert head == f"{copy.digest} pico frozen mark"
    assert lines == [f"{files.hashed(data)} {len(data)} {name}" for name, data in sorted(copy.files.items())]


def test_modules_that_differ_come_with_what_they_need_in_order() -> None:
    present = files.own_modules()
    present["rochette/mechanisms/feed.py"] = "00000000"
    present.pop("rochette/hal/pins.py")
    copy = files.make("pico", files.FROZEN, "mark", present)
    assert copy.differs == ["rochette/hal/pins.py", "rochette/mechanisms/feed.py"]
    assert "over/rochette/mechanisms/feed.mpy" in copy.files and "over/rochette/hal/pins.mpy" in copy.files
    assert copy.files["first"].decode().splitlines()[0] == "+ rochette.hal.pins", "boot.py needs it"
    order = copy.files["order"].decode().splitlines()
    assert order[-1] == "+ rochette.mechanisms.feed"
    assert order.index("- rochette.mechanisms.axis") < len(order) - 1
    assert [line for line in order if line.startswith("+")] == ["+ rochette.mechanisms.feed"]


def test_a_package_file_that_differs_asks_for_a_new_image() -> None:
    present = files.own_modules() | {"rochette/hal/__init__.py": "00000000"}
    with pytest.raises(DeployError, match="rochette flash --frozen"):
        files.make("pico", files.FROZEN, "mark", present)


def test_a_copy_for_a_stock_image_has_everything() -> None:
    copy = files.make("pico2", files.MPY)
    names = {name.replace(".mpy", ".py") for name in copy.files}
    assert names == {*files.inlined(), "board.py"} - {files.LOADER}
    assert not [name for name in names if "stimulus" in name], "that is another board's program"
    source = files.make("pico2", files.PY)
    assert source.digest != copy.digest
    namespace: dict[str, object] = {}
    exec(source.files["board.py"], namespace)
    assert namespace["BOARD"]["name"] == "pico2"  # type: ignore[index]


def uf2(family: int, data: bytes = BANNER) -> bytes:
    head = struct.pack("<8I", MAGIC_1, MAGIC_2, HAS_FAMILY, FLASH + 256, len(data), 0, 1, family)
    return head + data.ljust(476, b"\0") + struct.pack("<I", MAGIC_END)


def drive(folder: Path, board: str) -> Path:
    folder.mkdir()
    (folder / flash.INFO).write_text(f"UF2 Bootloader v3.0\r\nModel: Raspberry Pi\r\nBoard-ID: {board}\r\n")
    return folder


def test_an_image_goes_onto_the_drive_which_then_goes_away(tmp_path: Path) -> None:
    target = drive(tmp_path / "RPI-RP2", "RPI-RP2")
    image = tmp_path / "image.uf2"
    image.write_bytes(uf2(FAMILY_RP2040))
    assert flash.drives([tmp_path / "nothing", target]) == [target]

    def board() -> None:
        end = time.monotonic() + 10
        while time.monotonic() < end:
            file = target / image.name
            if file.exists() and file.stat().st_size == 512:
                (target / flash.INFO).unlink()
                return
            time.sleep(0.01)

    thread = threading.Thread(target=board)
    thread.start()
    said = flash.flash(image, False, target, None)
    thread.join()
    assert "RP2040" in said and (target / image.name).read_bytes() == image.read_bytes()


def test_a_drive_or_image_that_does_not_fit_is_refused_in_words(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.uf2"
    wrong.write_bytes(uf2(0xE48BFF59))
    right = tmp_path / "right.uf2"
    right.write_bytes(uf2(FAMILY_RP2040))
    pico = drive(tmp_path / "pico", "RPI-RP2")
    pico2 = drive(tmp_path / "pico2", "RP2350")
    other = drive(tmp_path / "other", "SAMD21")
    with pytest.raises(ImageError, match="another chip: RP2350"):
        flash.flash(wrong, False, pico, None)
    with pytest.raises(ImageError, match="another chip"):
        flash.flash(right, False, pico2, None)
    with pytest.raises(DeployError, match="SAMD21"):
        flash.flash(right, False, other, None)
    with pytest.raises(DeployError, match="no INFO_UF2.TXT"):
        flash.flash(right, False, tmp_path, None)
    with pytest.raises(DeployError, match="RPI_PICO2"):
        flash.flash(None, False, pico2, None)
    assert sorted(file.name for file in pico.iterdir()) == [flash.INFO], "nothing was written"
