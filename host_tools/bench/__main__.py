"""`make bench`: the same three commands that a person gives, on an emulated Pico: serve, deploy, bench."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from host_tools import cli

START_S = 600.0


def main(arguments: list[str]) -> int:
    """Serve a chip, deploy onto it twice, run the bench with `arguments`; the first status that is not 0."""
    with tempfile.TemporaryDirectory(prefix="rochette-bench-") as folder:
        log = Path(folder) / "log"
        command = [sys.executable, "-m", "host_tools.cli", "emulate", "--target", "chip"]
        with log.open("w") as out:
            served = subprocess.Popen(
                [*command, "--tcp", "0", "--pace", "max"],
                stdout=out,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
            )
        try:
            port = _port(served, log)
            for step in (["deploy"], ["deploy"], ["bench", *arguments]):
                began = time.monotonic()
                status = cli.main([step[0], "--port", port, *step[1:]])
                print(f"== {step[0]}: status {status}, {time.monotonic() - began:.1f} s", flush=True)
                if status:
                    return status
            return 0
        finally:
            served.send_signal(signal.SIGTERM)
            served.wait(30)


def _port(served: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        found = re.search(r"(socket://\S+)", log.read_text())
        if found:
            return found[1]
        if served.poll() is not None:
            break
        time.sleep(0.2)
    raise SystemExit(f"the emulated chip was not served: {log.read_text()}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
