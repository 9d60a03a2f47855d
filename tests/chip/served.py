"""`rochette emulate --target chip` as a process, and stock `mpremote` on its port."""

from __future__ import annotations

import subprocess
import sys
from types import TracebackType

from host_tools import paths

START = [sys.executable, "-m", "host_tools.cli", "emulate", "--target", "chip"]


class Served:
    """One served chip; ended when the block is left."""

    def __init__(self, *options: str) -> None:
        if "--pty" not in options:
            options = ("--tcp", "0", *options)
        self.process = subprocess.Popen(
            [*START, *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=paths.ROOT,
            stdin=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        self.ports: list[str] = []
        self.said = ""
        for line in self.process.stdout:
            self.said += line
            if "--port " in line:
                self.ports.append(line.split("--port ")[1].strip())
            if "Ctrl-C ends it" in line:
                break
        assert self.ports, self.said

    def __enter__(self) -> Served:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            assert self.process.stdout is not None
            self.process.stdout.close()

    def mpremote(self, *arguments: str, timeout_s: float = 90) -> str:
        """What one call of mpremote said; it has to succeed."""
        done = subprocess.run(
            [sys.executable, "-m", "mpremote", "connect", self.ports[0], *arguments],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
