"""`rochette ledger` over the link: a payload's record is pulled, its memory is lost, and it gets it back."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host_tools import cli
from host_tools.ground.client import Payload
from host_tools.ground.schema import Names
from host_tools.ground.serve import PtyLine, Server
from host_tools.ledger import records
from host_tools.ledger.verify import verify
from host_tools.run import runner

LOADED = 43
"""More records than go up in one piece."""


@contextmanager
def payload_at(link: Path) -> Iterator[Server]:
    """An emulated payload as it left the workshop: its memory is blank."""
    spec = runner.make_spec(runner.Asked(rock="powdery", seed=1))
    line = PtyLine(str(link))
    server = Server(spec, "cpython", line, None)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.ended = True
        thread.join(20.0)
        line.close()


def memory_of(server: Server) -> bytes:
    return bytes(server._target._served.world.parts["fram"].memory)  # type: ignore[attr-defined]


def ledger(*words: object) -> int:
    return cli.main(["ledger", *(str(word) for word in words)])


def test_a_lost_record_comes_back_over_the_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = Names.load()
    link, mirror, again = tmp_path / "tty", tmp_path / "mirror", tmp_path / "again"
    with payload_at(link):
        with Payload.connect(str(link), names=names) as payload:
            payload.send("sample.COMMISSION", timeout_s=20)
            for tube in range(1, LOADED + 1):
                payload.send("ledger.LOAD", tube, 1000 + tube, "SAMPLE", timeout_s=20)
        assert ledger("pull", "--port", link, mirror) == 0
        assert f"{LOADED + 1} new" in capsys.readouterr().out

    foreign, broken, fewer = tmp_path / "foreign", tmp_path / "broken", tmp_path / "fewer"
    data = mirror.read_bytes()
    foreign.write_bytes(another(data, b=1))
    fewer.write_bytes(another(data, a=42))
    spoilt = bytearray(data)
    spoilt[20 * records.SIZE + 30] ^= 1
    broken.write_bytes(bytes(spoilt))

    with payload_at(link) as server:
        blank = memory_of(server)
        assert ledger("pull", "--port", link, mirror) == 1  # and the mirror is not touched by a blank one
        assert mirror.read_bytes() == data
        assert "offers no ledger" in capsys.readouterr().out
        for wrong, says in ((foreign, "1: PAYLOAD"), (fewer, "1: SEATS"), (broken, "Nothing was sent")):
            assert ledger("restore", "--port", link, wrong) == 1
            assert says in capsys.readouterr().out
        assert ledger_part(memory_of(server)) == ledger_part(blank)
        assert ledger("restore", "--port", link, mirror) == 0
        assert f"{LOADED + 1} now" in capsys.readouterr().out
        assert ledger("pull", "--port", link, again) == 0
        assert again.read_bytes() == data
        with Payload.connect(str(link), names=names) as payload:
            payload.send("ledger.LOAD", 1, 77, "WITNESS", timeout_s=20)
        assert ledger("pull", "--port", link, mirror) == 0
        assert verify(memory_of(server)).tubes[1].witness
        before = memory_of(server)
        assert ledger("restore", "--port", link, again) == 0  # an older mirror: all of it is here
        assert ledger("restore", "--port", link, foreign) == 1
        assert ledger_part(memory_of(server)) == ledger_part(before)
    assert records.read(mirror.read_bytes()).records[-1].sequence == LOADED + 2


def ledger_part(memory: bytes) -> bytes:
    """The FRAM without what else lives there and is written all the time."""
    from rochette.services import fram_map

    return memory[: fram_map.ledger_bytes(32752)]


def another(data: bytes, a: int | None = None, b: int | None = None) -> bytes:
    """The first record of a payload with other seats or another name, whole and chained."""
    from rochette.services.ledger import Ledger
    from rochette.services.stores import MemoryStore

    first = records.read(data).records[0]
    made = Ledger(MemoryStore(16_384), payload=first.b if b is None else b)
    made.initialise(first.a if a is None else a)
    export = bytearray(made.export_bytes())
    made.export_into(0, export, len(export))
    return bytes(export)
