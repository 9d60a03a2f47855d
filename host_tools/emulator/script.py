"""Commands of a scenario: given at a time of the emulated clock, or a while after an event."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Script:
    """`entries`: list of {"name", "args", "at_ms"} or {"name", "args", "after_event", "delay_ms"}; each is
    given once."""

    def __init__(self, entries: "list[dict[str, Any]]") -> None:
        self._due: "list[list[Any]]" = []
        self._waiting: "list[dict[str, Any]]" = []
        for entry in entries:
            if "at_ms" in entry:
                self._plan(entry, int(entry["at_ms"]) * 1000)
            else:
                self._waiting.append(entry)
        self.next_us = self._next()

    def _plan(self, entry: "dict[str, Any]", us: int) -> None:
        self._due.append([us, entry["name"], tuple(entry.get("args") or ())])

    def _next(self) -> int:
        return min([due[0] for due in self._due]) if self._due else 1 << 60

    @property
    def planned(self) -> bool:
        """Whether a command is still to be given at a time that is known."""
        return len(self._due) > 0

    def on_event(self, name: str, now_us: int) -> None:
        """An event of the firmware: what waited for it falls due after its delay."""
        left = []
        for entry in self._waiting:
            if entry["after_event"] == name:
                self._plan(entry, now_us + int(entry.get("delay_ms") or 0) * 1000)
            else:
                left.append(entry)
        self._waiting = left
        self.next_us = self._next()

    def take(self, now_us: int) -> "list[list[Any]]":
        """Name and arguments of every command that is due, in the order they were written."""
        due = [entry for entry in self._due if entry[0] <= now_us]
        self._due = [entry for entry in self._due if entry[0] > now_us]
        self.next_us = self._next()
        return [entry[1:] for entry in due]
