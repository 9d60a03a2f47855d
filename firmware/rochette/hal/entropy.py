"""A number that nobody could have known: from the chip's ring oscillator, by way of os.urandom."""

from os import urandom


def chance() -> int:
    """0 to 65535, another one at each start. Allocates."""
    two = urandom(2)
    return two[0] << 8 | two[1]
