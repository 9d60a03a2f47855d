"""One unit as a program: its JSON on standard input, the records' JSON on standard output."""

import sys

from host_tools.campaign.plan import run_json


def main() -> None:
    """Read, run, write."""
    sys.stdout.write(run_json(sys.stdin.read()))


if __name__ == "__main__":
    main()
