"""Images and flash: what is taken, what is refused and in which words. Needs neither Node nor an image."""

from __future__ import annotations

import shutil
import socket
import struct
from pathlib import Path

import pytest
from littlefs import LittleFS

from host_tools import cli
from host_tools.chip import flash_image, image, image_build, prepare, uf2
from host_tools.chip.emulate import flash_of
from host_tools.run.errors import UsageError

BANNER = b"MicroPython v1.25.0 on 2025-05-04; Raspberry Pi Pico with RP2040"


def block(data: bytes, address: int = uf2.FLASH, family: int = uf2.FAMILY_RP2040) -> bytes:
    head = struct.pack("<8I", uf2.MAGIC_1, uf2.MAGIC_2, uf2.HAS_FAMILY, address, len(data), 0, 1, family)
    return head + data.ljust(476, b"\0") + struct.pack("<I", uf2.MAGIC_END)


def written(folder: Path, data: bytes) -> Path:
    path = folder / "image.uf2"
    path.write_bytes(data)
    return path


def test_a_stock_image_is_read(tmp_path: Path) -> None:
    found = uf2.read(written(tmp_path, block(BANNER, uf2.FLASH + 256)))
    assert found.version == (1, 25, 0)
    assert found.text == "MicroPython 1.25.0 (2025-05-04)"
    assert found.flash[256 : 256 + len(BANNER)] == BANNER
    assert found.flash[:256] == b"\xff" * 256 and len(found.flash) == uf2.FLASH_BYTES


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "no UF2"),
        (b"x" * 512, "magic"),
        (b"x" * 700, "not a multiple"),
        (block(BANNER, family=0xE48BFF59), "another chip: RP2350 (Arm)"),
        (block(BANNER, family=0x12345678), "another chip: family 0x12345678"),
        (block(b"nothing of interest"), "no MicroPython"),
        (block(BANNER.replace(b"1.25", b"1.22")), "oldest supported is 1.25"),
        (block(BANNER, uf2.FLASH + uf2.FLASH_BYTES - 4), "outside a Pico's 2 MB"),
    ],
)  # fmt: skip
def test_an_unfit_image_is_refused_in_words(tmp_path: Path, data: bytes, words: str) -> None:
    with pytest.raises(uf2.ImageError) as caught:
        uf2.read(written(tmp_path, data))
    assert words in str(caught.value)


def test_an_image_over_the_file_system_is_refused(tmp_path: Path) -> None:
    data = block(BANNER) + block(b"code", uf2.FLASH + uf2.FLASH_BYTES - 4096)
    with pytest.raises(uf2.ImageError, match="file system"):
        uf2.read(written(tmp_path, data))


def test_without_an_image_the_ways_to_get_one_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROCHETTE_CACHE", str(tmp_path))
    monkeypatch.delenv(image.ENVIRONMENT, raising=False)
    with pytest.raises(uf2.ImageError) as caught:
        image.find(download=False)
    assert "make image" in str(caught.value) and "--image" in str(caught.value)


def test_an_elf_file_becomes_an_image(tmp_path: Path) -> None:
    head = (
        b"\x7fELF\x01\x01".ljust(28, b"\0") + struct.pack("<I", 52) + b"\0" * 10 + struct.pack("<HH", 32, 1)
    )
    segment = struct.pack("<8I", 1, 84, 0, uf2.FLASH + 300, len(BANNER), len(BANNER), 0, 0)
    elf = head.ljust(52, b"\0") + segment + BANNER
    found = uf2.read(written(tmp_path, uf2.from_elf(elf)))
    assert found.flash[300 : 300 + len(BANNER)] == BANNER
    with pytest.raises(uf2.ImageError):
        uf2.from_elf(b"no elf")


def test_files_are_where_micropython_mounts_them(tmp_path: Path) -> None:
    found = uf2.read(written(tmp_path, block(BANNER)))
    flash = flash_image.with_files(found, {"boot.py": b"x = 1\n", "lib/a.mpy": b"M" * 5000})
    assert len(flash) == uf2.FLASH_BYTES
    system = LittleFS(block_size=4096, block_count=uf2.FILES_BYTES // 4096, prog_size=256, mount=False)
    system.context.buffer[:] = flash[-uf2.FILES_BYTES :]
    system.mount()
    with system.open("lib/a.mpy", "rb") as file:
        assert file.read() == b"M" * 5000


def test_a_flash_file_of_another_size_is_refused_and_kept(tmp_path: Path) -> None:
    found = uf2.read(written(tmp_path, block(BANNER)))
    file = tmp_path / "flash.bin"
    file.write_bytes(b"short")
    with pytest.raises(UsageError, match="2097152"):
        flash_of(found, file)
    assert file.read_bytes() == b"short"
    file.write_bytes(b"\x11" * uf2.FLASH_BYTES)
    flash = flash_of(found, file)
    assert flash[: len(BANNER)] == BANNER and flash[-1] == 0x11


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--target", "chip", "--tcp", "0", "--pty", "x"), "one of the two"),
        (("--target", "chip", "--tcp", "0", "--link-tcp", "0", "--link-pty", "x"), "not both"),
        (("--target", "chip", "--tcp", "0", "--firmware", "--image", "x.uf2"), "Give one of the two"),
        (("--target", "chip", "--tcp", "0", "--image", "no-such.uf2"), "no-such.uf2"),
        (("--target", "chip", "--tcp", "70000"), "'70000'"),
        (("--tcp", "0", "--firmware"), "--firmware goes with --target chip, not with cpython"),
        (("--tcp", "0", "--link-tcp", "0"), "--link-tcp goes with --target chip"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    options: tuple[str, ...],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("host_tools.chip.emulate.node", lambda: "node")
    assert cli.main(["emulate", *options]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize("command", [["run"], ["scenario", "run", "X13"], ["emulate", "--tcp", "0"]])
def test_without_node_every_command_says_what_to_install(
    command: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert cli.main([*command, "--target", "chip"]) == 2
    said = capsys.readouterr().err
    assert "Node.js 20 or later" in said and "nodejs" in said


def test_an_old_node_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    node = tmp_path / "node"
    node.write_text("#!/bin/sh\necho v16.20.2\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert cli.main(["run", "--target", "chip"]) == 2
    assert "v16.20.2" in capsys.readouterr().err


def test_a_build_that_is_no_build_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not on Debian: words instead of a build, and `make test` goes on without the chip."""
    monkeypatch.setenv("ROCHETTE_CACHE", str(tmp_path))
    monkeypatch.setattr(shutil, "which", lambda name: None if name == "dpkg-query" else f"/usr/bin/{name}")
    monkeypatch.setattr("host_tools.chip.prepare.node", lambda: "node")
    assert prepare.main() == 0
    said = capsys.readouterr().err
    assert "left out of the tests" in said and "no Debian" in said


def test_a_download_that_fails_is_said_with_the_other_ways(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ROCHETTE_CACHE", str(tmp_path))
    monkeypatch.delenv(image.ENVIRONMENT, raising=False)
    # Nothing listens there: the port was given back.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setattr(image, "DOWNLOAD", f"http://127.0.0.1:{free.getsockname()[1]}/x.uf2")
    assert cli.main(["image"]) == 2
    said = capsys.readouterr().err
    assert "No download" in said and "make image" in said and "--image FILE" in said


def test_a_download_is_kept_and_found_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source = written(tmp_path, block(BANNER))
    monkeypatch.setenv("ROCHETTE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv(image.ENVIRONMENT, raising=False)
    monkeypatch.setattr(image, "DOWNLOAD", source.as_uri())
    assert cli.main(["image"]) == 0
    first = capsys.readouterr().out
    source.unlink()
    assert cli.main(["image"]) == 0
    assert capsys.readouterr().out == first
    assert str(image.stock_path()) in first and "sha256" in first


def test_sizes_of_frozen_modules_are_read_from_the_symbols() -> None:
    said = (
        "10000100 00000010 r const_qstr_table_data_rochette_hal_pins\n"
        "10000200 00000020 t fun_data_rochette_hal_pins_rochette_slash_hal_slash_pins_dot_py\n"
        "10000300 00000004 t fun_data_rochette_hal_pio_programs_stepper\n"
        "10000400 00000040 T main\n"
        "         U rochette\n"
    )
    assert image_build.frozen_sizes(said) == {"hal/pins": 0x30, "hal/pio_programs": 4}
