"""`make bench`: the three commands that a person gives, on an emulated Pico with an
emulated stimulus board on its pins: serve, deploy, bench."""

from __future__ import annotations

import sys
import time

from host_tools import cli
from host_tools.bench.served import served_chip


def main(arguments: list[str]) -> int:
    """Serve a chip, deploy onto it twice, run the bench with `arguments`; the first status that is not 0."""
    with served_chip("--stimulus-tcp", "0") as served:
        stimulus = ("--stimulus", served.stimulus)
        for name, *more in (["deploy"], ["deploy"], ["bench", *stimulus, *arguments]):
            began = time.monotonic()
            status = cli.main([name, "--port", served.port, *more])
            print(f"== {name}: status {status}, {time.monotonic() - began:.1f} s", flush=True)
            if status:
                return status
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
