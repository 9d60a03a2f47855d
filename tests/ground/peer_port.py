"""A `Peer` behind a pseudo-terminal, run by a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from host_tools.ground.serve import PtyLine
from tests.ground.peer import Peer


@contextmanager
def on_a_port(peer: Peer, link: Path) -> Iterator[threading.Lock]:
    """Serve `peer` on `link`; the lock is held while it works."""
    line = PtyLine(str(link))
    ending = threading.Event()
    lock = threading.Lock()

    def serve() -> None:
        while not ending.is_set():
            data = line.wait(0.005)
            with lock:
                peer.receive(data)
                line.send(peer.poll(time.monotonic_ns() // 1_000_000))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield lock
    finally:
        ending.set()
        thread.join(5.0)
        line.close()
