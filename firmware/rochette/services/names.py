"""Names of files in events: the ring of events keeps integers, so a name is noted here and kept as a number.

The last 32 names stand. An event that is asked for again after that many others shows "?" for its file.
"""

_KEPT = 32
LONGEST = 24
"""Longest name, in characters of one byte each."""


def good_name(name: "object") -> bool:
    """Whether `name` is 1 to 24 of letters, digits, '.', '_' and '-', not beginning with a dot: no path."""
    if not isinstance(name, str) or not 1 <= len(name) <= LONGEST or name[0] == ".":
        return False
    for letter in name:
        if not ("a" <= letter <= "z" or "A" <= letter <= "Z" or "0" <= letter <= "9" or letter in "._-"):
            return False
    return True


class Names:
    """Name by number. Numbers count from 1 on and are not given twice."""

    def __init__(self) -> None:
        self.count = 0
        self._names: "list[bytes]" = [b"?"] * _KEPT

    def note(self, name: str) -> int:
        """Keep `name`, cut to what an event can carry; gives its number. A name noted last keeps its number.
        Allocates.
        """
        text = name.encode()[:LONGEST]
        if self.count and self._names[self.count % _KEPT] == text:
            return self.count
        self.count += 1
        self._names[self.count % _KEPT] = text
        return self.count

    def text(self, number: int) -> bytes:
        """The name that has `number`; b"?" when it is not kept any more. Allocates nothing."""
        if number < 1 or number > self.count or self.count - number >= _KEPT:
            return b"?"
        return self._names[number % _KEPT]
