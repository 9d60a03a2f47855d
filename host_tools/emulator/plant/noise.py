"""Seeded integer randomness: a stream for each purpose, so that one more draw in one place changes nothing
in another.

Streams are xorshift32 (Marsaglia, "Xorshift RNGs", Journal of Statistical Software 8(14), 2003, triple 13,
17, 5), seeded by FNV-1a over the purpose's name and finished by MurmurHash3's mixer. Noise of the 5 ms grid
is not drawn but looked up by the number of the grid point: then a leap over quiet time and stepping through
it read the same values.
"""


def mix(seed: int, purpose: str) -> int:
    """A 32-bit starting state, never 0, from a seed (any integer) and the name of what the stream is for."""
    h = 2166136261
    for ch in purpose:
        h = ((h ^ (ord(ch) & 0xFF)) * 16777619) & 0xFFFFFFFF
    for shift in (0, 8, 16, 24, 32, 40, 48, 56):
        h = ((h ^ ((seed >> shift) & 0xFF)) * 16777619) & 0xFFFFFFFF
    h ^= h >> 16
    h = (h * 0x85EBCA6B) & 0xFFFFFFFF
    h ^= h >> 13
    h = (h * 0xC2B2AE35) & 0xFFFFFFFF
    h ^= h >> 16
    return h or 0x9E3779B9


class Stream:
    """A reproducible stream of random integers for one purpose."""

    def __init__(self, seed: int, purpose: str) -> None:
        self._s = mix(seed, purpose)

    def bits(self) -> int:
        """The next 32 bits."""
        s = self._s
        s ^= (s << 13) & 0xFFFFFFFF
        s ^= s >> 17
        s ^= (s << 5) & 0xFFFFFFFF
        self._s = s
        return s

    def below(self, n: int) -> int:
        """An integer of 0..n-1, for n >= 1."""
        return (self.bits() * n) >> 32

    def within(self, centre: int, spread: int) -> int:
        """An integer of centre-spread..centre+spread, likelier near the middle (the mean of two draws)."""
        if spread <= 0:
            return centre
        return centre - spread + (self.below(2 * spread + 1) + self.below(2 * spread + 1)) // 2

    def scaled(self, value: int, permille: int) -> int:
        """value varied by up to +- permille thousandths of itself."""
        return value * self.within(1000, permille) // 1000


def table(seed: int, purpose: str, size: int, rms: int) -> "list[int]":
    """`size` bell-shaped values with about the given root mean square: each is the scaled sum of four
    uniform draws.

    Four draws of -512..511 sum to a standard deviation of 591.
    """
    stream = Stream(seed, purpose)
    out = []
    for _ in range(size):
        b = stream.bits()
        total = (b & 1023) + ((b >> 10) & 1023) + ((b >> 20) & 1023) + (stream.bits() >> 22) - 2046
        out.append(total * rms // 591)
    return out
