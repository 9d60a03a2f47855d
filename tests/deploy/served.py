"""A served chip for tests, as `rochette emulate --target chip` serves it, and a cable that can be pulled."""

from __future__ import annotations

import re
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

START_S = 180.0


class ServedChip:
    """One emulated Pico on a TCP port of this machine."""

    def __init__(self, log: Path, *options: str) -> None:
        self._log = log.open("w")
        command = [
            sys.executable,
            "-m",
            "host_tools.cli",
            "emulate",
            "--target",
            "chip",
            "--tcp",
            "0",
            "--pace",
            "max",
        ]
        self._process = subprocess.Popen(
            [*command, *options], stdout=self._log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL
        )
        end = time.monotonic() + START_S
        while time.monotonic() < end:
            found = re.search(r"--port (\S+)", log.read_text())
            if found:
                self.port = found[1]
                return
            assert self._process.poll() is None, log.read_text()
            time.sleep(0.1)
        raise AssertionError(f"the chip was not served in {START_S:.0f} s: {log.read_text()}")

    def close(self) -> None:
        """No process is left."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        self._log.close()


class Cable:
    """A TCP port that leads to another, and can be pulled after so many bytes towards the board."""

    def __init__(self, port: str, pull_after: int) -> None:
        host, number = port.removeprefix("socket://").split(":")
        self._far = (host, int(number))
        self._left = pull_after
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self.pulled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.pulled.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with near, socket.create_connection(self._far) as far:
                self._carry(near, far)

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([near, far], [], [], 30)
            for one in ready:
                data = one.recv(4096)
                if not data:
                    return
                if one is near:
                    self._left -= len(data)
                    if self._left < 0:
                        self.pulled.set()
                        return
                (far if one is near else near).sendall(data)

    def close(self) -> None:
        """Take it away."""
        self.pulled.set()
        self._listener.close()
