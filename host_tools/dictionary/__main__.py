"""`python -m host_tools.dictionary`: write what follows from the declarations; with --check, only compare.

Exit status: 0 done or up to date, 1 stale or a rule is broken (each breach is printed), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from host_tools.dictionary.generate import ROOT, check, settle, write
from host_tools.dictionary.read import DictionaryError, load


def main(arguments: list[str] | None = None) -> int:
    """Runs the command; gives the exit status."""
    parser = argparse.ArgumentParser(prog="python -m host_tools.dictionary", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; say what is stale")
    parser.add_argument("--settle", action="store_true", help="give the ids now in use for ever")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project's folder")
    options = parser.parse_args(arguments)
    try:
        words = load(options.root / "firmware" / "dictionary")
        if options.check:
            stale = check(words, options.root)
            for line in stale:
                print(line, file=sys.stderr)
            if stale:
                print("Run `make dictionary` and commit what it writes.", file=sys.stderr)
            return 1 if stale else 0
        written = write(words, options.root)
        if options.settle:
            written += settle(words, options.root)
    except DictionaryError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        print("Nothing was written. Correct the declarations in firmware/dictionary/ first.", file=sys.stderr)
        return 1
    print(
        f"{len(words.event_list)} events, {len(words.channel_list)} channels,"
        f" {len(words.parameter_list)} parameters, {len(words.command_list)} commands,"
        f" {len(words.enums)} enums. Digest {words.digest[:16]}."
    )
    for path in written:
        print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
