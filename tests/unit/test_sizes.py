"""Every file of the firmware is compiled for the RP2040 and listed; one that does not compile is named."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from host_tools import paths, sizes


def test_everything_that_goes_onto_the_board_is_compiled() -> None:
    names = {path.relative_to(paths.FIRMWARE).as_posix() for path in sizes.sources()}
    assert {"boot.py", "main.py", "rochette/tables.py", "rochette/activities/acquire.py"} <= names
    assert not [name for name in names if name.startswith("dictionary/")]


def test_the_compiled_file_is_for_the_rp2040(tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("import micropython\n@micropython.native\ndef f(a: int) -> int:\n    return a + 1\n")
    size = sizes.compile_file(source, "a.py", tmp_path / "out" / "a.mpy")
    compiled = (tmp_path / "out" / "a.mpy").read_bytes()
    assert size == len(compiled)
    assert compiled[0:1] == b"M"
    # MicroPython docs, "MicroPython .mpy files": byte 2 carries the architecture in bits 2 to 5; armv6m is 4.
    assert compiled[2] >> 2 & 0xF == 4


def test_a_file_that_does_not_compile_is_named(tmp_path: Path) -> None:
    source = tmp_path / "bad.py"
    source.write_text("def f(:\n")
    with pytest.raises(subprocess.CalledProcessError) as caught:
        sizes.compile_file(source, "bad.py", tmp_path / "bad.mpy")
    assert "SyntaxError" in caught.value.stderr


def test_a_bad_firmware_fails_with_the_compilers_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(paths, "FIRMWARE", tmp_path / "firmware")
    monkeypatch.setattr(
        sizes, "sources", lambda: [tmp_path / "firmware" / "good.py", tmp_path / "firmware" / "bad.py"]
    )
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "good.py").write_text("a = 1\n")
    (tmp_path / "firmware" / "bad.py").write_text("a = = 1\n")
    assert sizes.main() == 1
    said = capsys.readouterr()
    assert "good.py" in said.out
    assert "firmware/bad.py does not compile for armv6m" in said.err
    assert "SyntaxError" in said.err


def test_no_firmware_at_all_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "ROOT", tmp_path)
    monkeypatch.setattr(sizes, "sources", lambda: [])
    assert sizes.main() == 1
