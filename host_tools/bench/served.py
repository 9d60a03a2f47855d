"""An emulated payload on a TCP port of this machine, served by the command that a person would give."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

START_S = 600.0
_END_S = 30.0


class Served:
    """`rochette emulate --tcp 0 --pace max` with more options, until `close`. `port`: where it is reached;
    `stimulus`: where its stimulus board is; `link`: its line to the ground, where that is another one; ""
    without one.

    Raises RuntimeError, with what it said, when it does not start.
    """

    def __init__(self, *options: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="rochette-served-")
        self._log = log = Path(self._folder.name) / "log"
        command = [sys.executable, "-m", "host_tools.cli", "emulate", "--tcp", "0", "--pace", "max"]
        with log.open("w") as out:
            self._process = subprocess.Popen(
                [*command, *options],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        end = time.monotonic() + START_S
        while time.monotonic() < end and self._process.poll() is None:
            said = log.read_text()
            if "Ctrl-C ends it" in said and (found := re.search(r"--port (socket://[\w.]+:\d+)", said)):
                self.port = found[1]
                played = re.search(r"--stimulus (socket://[\w.]+:\d+)", said)
                self.stimulus = played[1] if played else ""
                ground = re.search(r"line to the ground: --port (socket://[\w.]+:\d+)", said)
                self.link = ground[1] if ground else ""
                return
            time.sleep(0.05)
        said = log.read_text().strip()
        self.close()
        raise RuntimeError(f"the emulated payload was not served: {said}")

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """No process is left. One that ended by itself has had a reason, and it is told."""
        if self._process.poll() is not None:
            print(f"the emulated payload ended by itself: {self._log.read_text().strip()}", file=sys.stderr)
        else:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._folder.cleanup()


def served_chip(*options: str) -> Served:
    """The same with the firmware on the emulated chip."""
    return Served("--target", "chip", *options)
