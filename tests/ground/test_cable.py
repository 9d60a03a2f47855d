"""The cable is pulled in the middle of drilling and plugged in again; three samples while nobody watches."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host_tools import cli
from host_tools.ground.client import Payload
from host_tools.ground.console import Child, rochette
from host_tools.ground.packets import Told
from host_tools.ground.release import Releaser
from host_tools.ground.schema import Names
from host_tools.ground.vision import Vision


@pytest.fixture(scope="module")
def names() -> Names:
    return Names.load()


def until(what: Callable[[], object], seconds: float) -> None:
    limit = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < limit, "it did not come to that"
        time.sleep(0.02)


@contextlib.contextmanager
def served(folder: Path, *options: str) -> Iterator[tuple[Child, str]]:
    """An emulated payload, and the name of its port."""
    link = folder / "payload"
    child = Child("the payload", rochette("emulate", "--pty", str(link), *options), folder / "payload.log")
    try:
        until(link.exists, 60)
        yield child, str(link)
    finally:
        child.end()


@pytest.mark.parametrize("target", ["cpython", pytest.param("micropython", marks=pytest.mark.ground)])
def test_the_line_is_pulled_in_the_middle_of_drilling_and_plugged_in_again(
    target: str, names: Names, tmp_path: Path
) -> None:
    """By its rule (FINISH) the core comes to its end; nothing is lost, nothing is done twice."""
    told: list[Told] = []
    notes: list[str] = []

    def named(name: str) -> list[Told]:
        return [one for one in told if one.name == name]

    options = ("--pace", "max", "--rock", "mudstone", "--target", target)
    with (
        served(tmp_path, *options) as (child, link),
        Payload.connect(link, names=names, timeout_s=60, history=True, rejoin_s=60) as payload,
    ):
        payload.on_told(told.append)
        payload.on_noted(notes.append)
        payload.look_at_pictures(Vision())
        payload.on_told(Releaser(payload).hear)
        payload.send("sample.COMMISSION", timeout_s=30)
        payload.send("sample.BRING_UP", timeout_s=120)
        payload.send("link.ARM", names.command("sample.ACQUIRE").opcode, timeout_s=30)
        command, sent = payload.submit("sample.ACQUIRE", 2, 12_000)
        until(lambda: named("corer.CORING_STARTED"), 120)
        began = time.monotonic()
        payload.wait_own(lambda: None, 10)
        ten_s = time.monotonic() - began
        child.signal(signal.SIGUSR1)
        until(lambda: not Path(link).is_symlink(), 60)
        assert payload.connection is not None
        until(lambda: not payload.connection or not payload.connection.link.up, 10)
        # More than the link's time-out in its own time: with nobody there it runs no slower than before.
        time.sleep(max(1.0, 2 * ten_s))
        assert not sent.done
        child.signal(signal.SIGUSR1)
        payload.finish(command, sent, 300)
        payload.hear_out()
    assert any("went away" in note for note in notes) and "the link is up again" in notes
    assert not any("gone" in note and "events" in note for note in notes), "no event was lost"
    lost, back = named("link.LOST")[0], named("link.BACK")[0]
    assert (lost.values["activity"], lost.values["rule"]) == ("ACQUIRE", "FINISH")
    assert back.values["rule"] == "FINISH"
    assert [len(named(f"sample.{what}")) for what in ("STARTED", "CORED", "RELEASED", "STORED")] == [1] * 4
    log = (tmp_path / "payload.log").read_text()
    assert "the line was pulled" in log and "the line was plugged in" in log


SEQUENCE = """; three samples, and nobody watches
R00:00:00 link.ARM sample.COMMISSION
R00:00:00 sample.COMMISSION
R00:00:01 sample.BRING_UP
R00:00:01 link.ARM sample.ACQUIRE
R00:00:00 sample.ACQUIRE 1, 3000
R00:00:03 link.ARM sample.ACQUIRE
R00:00:00 sample.ACQUIRE 2, 3000
R00:00:03 link.ARM sample.ACQUIRE
R00:00:00 sample.ACQUIRE 3, 3000
"""


def test_a_sequence_of_three_samples_runs_unattended(
    names: Names, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = tmp_path / "three.seq"
    text.write_text(SEQUENCE)
    with served(tmp_path, "--pace", "max", "--rock", "sandstone") as (_, link):
        command = ["seq", "run", "--port", link, "--assess", "auto", "--release", "auto", str(text)]
        assert cli.main(command) == 0, capsys.readouterr().err
    out = capsys.readouterr().out
    # What the payload says about it may come after that, from another thread.
    assert "three.bin: ended" in out.splitlines()
    assert out.count("sample.RELEASED") == 3 and out.count("sample.STORED") == 3
    for tube in (1, 2, 3):
        assert f"tube {tube}" in out
