"""What was deployed, told to the ground; and the end of a new copy's trial (firmware/slots.py).

The file is one line: slot, digest, board, image, and "kept" or "trial".

A start has lasted when the payload has run LASTED_S with the actuators off. Then /slot is written once: a new
copy is the payload's own from there on. Nothing is written where no copy is on trial.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable

FILE = "deployment.txt"
"""The file that the ground gets it by."""
LASTED_S = 10
_STATE = "/slot"


class Deployment:
    """Reads /slot and the manifest once, at start. `tick` once a second. Without a deployment it is empty."""

    def __init__(self, still: "Callable[[], bool]", root: str = "") -> None:
        """`still` tells whether the actuators are off. Allocates."""
        self._still = still
        self._root = root
        self._seconds = 0
        words = _text(root + _STATE).split()
        self.slot = words[0] if words else ""
        self.on_trial = len(words) == 3
        head = _text(root + "/slots/" + self.slot + "/manifest").split("\n")[0].split() if words else []
        digest, board = (head[0], head[1]) if len(head) > 1 else ("-", "-")
        line = "{} {} {} {} ".format(self.slot or "-", digest, board, image())
        self._kept = bytes(line + "kept\n", "utf8")
        self._line = bytes(line + "trial\n", "utf8") if self.on_trial else self._kept

    def size(self) -> int:
        """Bytes of the file."""
        return len(self._line)

    def read_into(self, offset: int, buffer: "Any", count: int) -> int:
        """Put the file's bytes from `offset` into `buffer`; how many there were."""
        done = 0
        while done < count and offset + done < len(self._line):
            buffer[done] = self._line[offset + done]
            done += 1
        return done

    def tick(self) -> None:
        """Once a second. Writes to flash once, at rest, when a copy on trial has lasted."""
        if not self.on_trial or not self._still():
            return
        self._seconds += 1
        if self._seconds >= LASTED_S:
            self.on_trial = False
            self._line = self._kept
            with open(self._root + _STATE + ".new", "w") as file:
                file.write(self.slot)
            os.rename(self._root + _STATE + ".new", self._root + _STATE)


def image() -> str:
    """The image's own mark, when the firmware is in it; "stock" otherwise."""
    try:
        import rochette_image  # type: ignore[import-not-found]  # only in an image of ours
    except ImportError:
        return "stock"
    return rochette_image.MARK


def _text(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except OSError:
        return ""
