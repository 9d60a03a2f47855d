"""Run the benchmarks and print one table: what, figure, gate, goal.

Exit status 1 when a gate is missed or a part fails.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence

from host_tools.benchmark import allocation, chip, deploy, document, link, speed, tick
from host_tools.benchmark.figures import Figure, table

PARTS: dict[str, Callable[[bool], list[Figure]]] = {
    "speed": speed.measure,
    "tick": tick.measure,
    "allocation": allocation.measure,
    "link": link.measure,
    "chip": chip.measure,
    "deploy": deploy.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure the parts asked for (all by default) and print them as one table."""
    parser = argparse.ArgumentParser(
        prog="python -m host_tools.benchmark", description="Figures of the project."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)} (all)")
    parser.add_argument("--quick", action="store_true", help="fewer ticks, a shallow core: a look, no figure")
    parser.add_argument("--document", action="store_true", help="write docs/performance.md afterwards")
    given = parser.parse_args(arguments)
    unknown = [part for part in given.parts if part not in PARTS]
    if unknown:
        parser.error(f"unknown part {unknown[0]}; allowed are {', '.join(PARTS)}")
    figures: list[Figure] = []
    notes: list[str] = []
    failed = False
    for name in given.parts or PARTS:
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            begun = time.monotonic()
            found = PARTS[name](given.quick)
            note = chip.note() if name == "chip" else ""
            notes += [note] if note else []
            figures += found
            document.keep(name, found, note, given.quick)
            print(f"{name}: took {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        except speed.BenchmarkError as error:
            print(f"{name}: {error}", file=sys.stderr)
            failed = True
    print(table(figures))
    for note in notes:
        print(f"\n{note}")
    if given.document:
        document.write()
    missed = [figure.what for figure in figures if figure.missed]
    if missed:
        print("\nGates missed: " + "; ".join(missed))
    return 1 if missed or failed else 0


if __name__ == "__main__":
    sys.exit(main())
