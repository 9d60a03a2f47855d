"""A link that is not USB: every frame of both sides is signed, end to end."""

from __future__ import annotations

import contextlib
import secrets
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from host_tools import cli, paths
from host_tools.emulator.world import WDT_RESET
from host_tools.ground.client import Payload
from host_tools.ground.console import rochette
from host_tools.ground.errors import LinkError
from host_tools.ground.link import OVER, Ears, Link
from host_tools.ground.schema import Names
from host_tools.ground.served import Served
from host_tools.ground.tag import Tag, read_key
from host_tools.run import runner


@pytest.fixture(scope="module")
def names() -> Names:
    return Names.load()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return written(tmp_path / "key", secrets.token_hex(32))


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


@contextlib.contextmanager
def served(key: Path, target: str) -> Iterator[str]:
    command = [*rochette("emulate"), "--tcp", "0", "--pace", "max", "--key", str(key), "--target", target]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=paths.ROOT
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().split("--port ")[1].strip()
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.mark.parametrize("target", ["cpython", pytest.param("micropython", marks=pytest.mark.micropython)])
def test_only_who_has_the_key_is_listened_to(target: str, key: Path, names: Names, tmp_path: Path) -> None:
    other = written(tmp_path / "other", secrets.token_hex(32))
    with served(key, target) as port:
        for _ in range(2):  # a second client goes on above the first one's counter
            with Payload.connect(port, key, names=names, timeout_s=20) as payload:
                payload.send("system.NO_OP", timeout_s=20)
                assert payload.stop().startswith("STOP")
        with pytest.raises(LinkError, match="the key of this host is not its key"):
            Payload.connect(port, other, names=names, timeout_s=3)
        with pytest.raises(LinkError, match="wants every frame signed: give its key with --key FILE"):
            Payload.connect(port, names=names, timeout_s=20)
        with Payload.connect(port, key, names=names, timeout_s=20) as payload:
            payload.send("system.NO_OP", timeout_s=20)


def test_a_key_for_a_payload_without_one_is_named(names: Names, key: Path, tmp_path: Path) -> None:
    from host_tools.ground.console import emulated

    refused = pytest.raises(LinkError, match="refuses to talk|no key")
    with emulated(tmp_path, "--pace", "max") as port, refused:
        Payload.connect(port, key, names=names, timeout_s=5)


@pytest.mark.parametrize(
    ("text", "mode", "words"),
    [("00" * 8, 0o600, "16 to 64 bytes"), ("xyz", 0o600, "hexadecimal"), ("00" * 32, 0o644, "chmod 600")],
)
def test_a_key_that_is_none_is_refused_before_anything_is_opened(
    text: str, mode: int, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path / "bad", text, mode)
    for command in (
        ["emulate", "--pty", str(tmp_path / "tty"), "--key", str(path)],
        ["send", "--port", str(tmp_path / "tty"), "--key", str(path), "system.NO_OP"],
    ):
        assert cli.main(command) in (2, 4)
        assert words in capsys.readouterr().err


class Air:
    """An emulated payload with a key and a ground, and everything that crosses between them."""

    def __init__(self, key: Path) -> None:
        spec = runner.make_spec(runner.Asked(rock="sandstone", seed=1))
        spec["key_file"] = str(key)
        self.served = Served(spec)
        self.served.start()
        self.key = read_key(key)
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.ms = 0
        self.link = self.ground()

    def ground(self) -> Link:
        return Link(Ears(), nonce=secrets.randbits(32), tag=Tag(self.key))

    def run(self, ms: int) -> None:
        for _ in range(0, ms, 10):
            data = self.link.poll(self.ms)
            if data:
                self.up.append(data)
            told = self.served.slice(1, data)
            self.ms += 10
            self.down.append(told["tx"])
            self.link.receive(told["tx"], self.ms)

    def counted(self) -> tuple[int, int]:
        link = self.served.payload.ground.link
        return link.taken, self.served.payload.ground.link.record.command


def test_a_replay_after_a_reset_does_nothing_and_the_key_never_crosses(names: Names, key: Path) -> None:
    air = Air(key)
    try:
        sent = air.link.send(names.packet(names.command("system.NO_OP"), []))
        air.run(2000)
        assert sent.state == OVER
        everything = list(air.up)
        air.served._restart(WDT_RESET)
        before = air.counted()
        for data in everything * 2:
            air.served.slice(2, data)
        assert air.counted() == before, "a replayed frame was taken after the reset"
        assert not air.served.payload.ground.link.session_open
        heard = b"".join(air.down)
        replayed = air.ground()
        replayed.poll(air.ms)
        replayed.receive(heard, air.ms + 10)
        assert not replayed.up, "a WELCOME of another time opened a session"
        sent = air.link.send(names.packet(names.command("system.NO_OP"), []))
        air.run(12_000)
        assert sent.state == OVER, "the ground is let in again, above the floor"
        for crossed in (b"".join(air.up), b"".join(air.down)):
            for form in (air.key, air.key.hex().encode(), air.key[:16]):
                assert form not in crossed
    finally:
        air.served.stop()
