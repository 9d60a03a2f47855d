"""What a person gets who types it wrongly: status 2, the option or argument by name, and what would be right.

Nothing of it may open a port or send anything; no traceback, whatever was typed.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
import serial

from host_tools import cli
from host_tools.ground.schema import Names
from host_tools.ground.tag import read_key
from tests.ground.peer import Peer
from tests.ground.peer_port import on_a_port

NOWHERE = "/dev/no-such-port"
# A command line: FILE is a text file, FOLDER a folder, SEQ a good sequence, NEW a name that is free.
WRONG = [
    ("send", "which command?"),
    ("send --list nonsense", "no command begins with 'nonsense'"),
    ("send no.SUCH", "no command is called no.SUCH; 'rochette send --list' names them all"),
    ("send sample.AQUIRE 1 2000", "near it: sample.ACQUIRE"),
    (
        "send sample.ACQUIRE",
        "takes 2 arguments, 0 came: sample.ACQUIRE <tube=1..64> <depth_um=",
    ),
    ("send --arm sample.ACQUIRE x 5000", "argument 1, tube: 'x' is not a whole number from 1 to 64"),
    (
        "send --arm sample.ACQUIRE 1 5",
        "argument 2, depth_um: 5 is out of bounds; allowed are 1000 to",
    ),
    ("send link.ARM sample.AQUIRE", "near it: sample.ACQUIRE"),
    ("send camera.ASSESS 1 MAYBE 5", "'MAYBE' is none of:"),
    ("send --timeout -1 system.NO_OP", "argument --timeout: '-1' is not a number of seconds above 0"),
    ("send --timeout nan system.NO_OP", "argument --timeout: 'nan'"),
    ("send --key NEW system.NO_OP", "the key cannot be read (No such file or directory)"),
    ("send --key FILE system.NO_OP", "chmod 600"),
    ("send --port= system.NO_OP", "--port: it is empty"),
    ("send --port http://x system.NO_OP", "socket://HOST:PORT"),
    ("send --port socket://127.0.0.1:99999 system.NO_OP", "not a port"),
    ("send --port FOLDER system.NO_OP", "does not open as a serial port (Is a directory)"),
    ("send --port FILE system.NO_OP", "does not open as a serial port"),
    ("watch no.CHANNEL", "no channel is called no.CHANNEL; 'rochette watch --list' names them all"),
    ("watch --for -3", "argument --for: '-3' is not a number of seconds above 0"),
    ("watch --assess maybe", "choose from 'auto', 'off'"),
    ("stop now", "unrecognized arguments: now"),
    ("abort --force", "unrecognized arguments: --force"),
    ("release", "required: SAMPLE, TUBE"),
    ("release x 1", "argument 1, sample: 'x' is not a whole number from 1 to 1000000"),
    ("release 1 99", "argument 2, tube: 99 is out of bounds; allowed are 1 to 64"),
    ("seq", "required: VERB"),
    ("seq fly", "choose from 'check', 'upload', 'run'"),
    ("seq check NEW", "cannot be read (No such file or directory)"),
    ("seq check FILE", "line 1: 'hello' is no time"),
    ("seq check BYTES", "it is not a text (UTF-8)"),
    ("seq upload --name ../x SEQ", "'../x' cannot be a file's name on the payload"),
    ("seq run --release maybe SEQ", "choose from 'auto', 'off'"),
    ("get", "required: NAME"),
    ("get ../boot.py", "'../boot.py' cannot be a file's name on the payload"),
    ("get a FOLDER", "cannot be written: give a file in a folder that is there"),
    ("get a NEW/file", "cannot be written: give a file in a folder that is there"),
    ("put NEW", "cannot be read (No such file or directory)"),
    ("put FOLDER up", "cannot be read (Is a directory)"),
    ("put FILE a/b", "'a/b' cannot be a file's name on the payload"),
    ("put FILE .hidden", "not beginning with a dot"),
    ("params no.SUCH", "no parameter is called no.SUCH; 'rochette params' names them all"),
    ("params sample.RETAKE_S x", "'x' is not a whole number from 5 to 86400 s"),
    ("params sample.RETAKE_S 1", "1 is out of bounds; allowed are 5 to 86400 s"),
    ("console --gui-port 99999", "argument --gui-port: '99999' is not a network port from 0 to 65535"),
    ("console --emulated --port x", "give --emulated or --port, one of the two"),
    ("console --rock basalt", "--rock goes with --emulated"),
    ("console --emulated --rock marble", "--rock marble: unknown rock. Allowed: basalt"),
    ("console --emulated --seed x", "argument --seed: 'x' is not a whole number from 0 to"),
    ("console --emulated --pace x", "argument --pace: 'x' is neither 'max' nor a number"),
    ("console --emulated --key NEW", "the key cannot be read"),
    ("emulate", "give --tcp PORT or --pty LINK"),
    ("emulate --tcp 99999", "argument --tcp: '99999' is not a whole number from 0 to 65535"),
    ("emulate --pty FILE", "it is there already"),
    ("emulate --pty NEW --key FILE", "chmod 600"),
    ("emulate --pty NEW --rock marble", "--rock marble: unknown rock"),
    ("run --key FILE", "--key goes with --port"),
    ("run --port x --target cpython", "--target says how to emulate a payload; with --port there is one"),
    ("key", "required: FILE"),
    ("key FILE", "it is there already, and a key is never written over"),
    ("key NEW/key", "the key cannot be written (No such file or directory)"),
    ("completion tcsh", "choose from 'bash', 'zsh', 'fish'"),
]
NO_PORT = "there is no such port. Nothing was opened."
OVER_THE_LINK = [
    "send system.NO_OP",
    "release 1 1",
    "seq upload SEQ",
    "seq run SEQ",
    "get a NEW",
    "put FILE",
    "params sample.RETAKE_S",
    "run",
]
ALWAYS = ["stop", "abort", "pause", "resume", "watch --for 0.1"]


@pytest.fixture(scope="module")
def things(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("shell")
    (folder / "file").write_text("hello world\n")
    (folder / "bytes").write_bytes(bytes(range(256)))
    (folder / "good.seq").write_text("R00:00:00 system.NO_OP\n")
    names = {"FILE": "file", "BYTES": "bytes", "SEQ": "good.seq", "NEW": "new"}
    return {"FOLDER": str(folder), **{name: str(folder / file) for name, file in names.items()}}


def typed(line: str, things: dict[str, str]) -> list[str]:
    """The words of a command line, with the names of files put in."""
    words = line.split()
    for name, file in things.items():
        words = [word.replace(name, file) for word in words]
    return words


@pytest.fixture(autouse=True)
def no_port_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROCHETTE_PORT", NOWHERE)


@pytest.mark.parametrize(("line", "words"), WRONG)
def test_wrong_use_is_named(
    line: str, words: str, things: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(typed(line, things)) == 2
    said = capsys.readouterr()
    assert words in said.err and said.err.startswith("rochette: ")
    assert "error of its own" not in said.err and NO_PORT not in said.err
    assert not Path(things["NEW"]).exists()


@pytest.mark.parametrize("line", [*OVER_THE_LINK, *ALWAYS, "console"])
def test_a_port_that_is_not_there(
    line: str, things: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*typed(line, things), "--port", NOWHERE]) == 2
    assert f"{NOWHERE}: {NO_PORT}" in capsys.readouterr().err


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Peer, str]]:
    """A payload with another dictionary."""
    one = Peer(digest=b"whatever")
    link = tmp_path_factory.mktemp("stranger") / "tty"
    with on_a_port(one, link):
        yield one, str(link)


@pytest.mark.parametrize("line", [*OVER_THE_LINK, *ALWAYS, "console"])
def test_a_port_that_another_program_holds(
    line: str, stranger: tuple[Peer, str], things: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    with serial.Serial(stranger[1], exclusive=True):
        assert cli.main([*typed(line, things), "--port", stranger[1]]) == 2
    said = capsys.readouterr().err
    assert "held by another program" in said and "Nothing was opened" in said


@pytest.mark.parametrize("line", OVER_THE_LINK)
def test_a_payload_with_another_dictionary(
    line: str, stranger: tuple[Peer, str], things: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*typed(line, things), "--port", stranger[1]]) == 2
    said = capsys.readouterr().err
    ours = Names.load().digest.hex()
    assert f"the payload's dictionary is {b'whatever'.hex()}, this host's {ours}" in said
    assert "No command was sent; stop, abort and pause still work." in said
    assert stranger[0].done == [] and not Path(things["NEW"]).exists()


def test_a_payload_with_another_dictionary_can_be_stopped(
    stranger: tuple[Peer, str], capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("stop", "abort", "pause", "resume"):
        assert cli.main([verb, "--port", stranger[1]]) == 0
        assert f"{verb.upper()}: done" in capsys.readouterr().out
    assert list(dict.fromkeys(stranger[0].urgents)) == [1, 2, 3, 4]


def test_a_new_key_is_its_owners_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["key", str(tmp_path / "one")]) == 0 and cli.main(["key", str(tmp_path / "two")]) == 0
    keys = [read_key(tmp_path / name) for name in ("one", "two")]
    assert [len(key) for key in keys] == [32, 32] and keys[0] != keys[1]
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600
    said = capsys.readouterr().out
    assert keys[0].hex() not in said and "never crosses the line" in said


def test_what_there_is_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["watch", "--list"]) == 0
    assert "feed.WEIGHT_ON_BIT" in capsys.readouterr().out.split()
    assert cli.main(["send", "--list", "sample.ACQ"]) == 0
    assert capsys.readouterr().out == "sample.ACQUIRE <tube=1..64> <depth_um=1000..76000 um>\n"
    assert cli.main(["params", "sample"]) == 0
    assert "sample.RETAKE_S" in capsys.readouterr().out
