"""Which of the two copies of the firmware starts. Deployed as /boot.py, so MicroPython runs it before all
else.

A copy is a folder, /slots/a or /slots/b. The file /slot says which one starts:

    a            it starts
    b 1 a        b is on trial, one start of it has begun; a takes its place after the third that did not last

Outputs are made safe by the copy's own boot.py before anything is written. A start has lasted when the
payload has run for a while at rest (services/deployment.py). Records, parameters and files are not in here:
nothing of them is touched.
"""

import os
import sys

STARTS = 3
_STATE = "/slot"


def read(root: str = "") -> "list[str]":
    """The words of /slot; [] when there is none."""
    try:
        with open(root + _STATE) as file:
            return file.read().split()
    except OSError:
        return []


def write(words: str, root: str = "") -> None:
    """Put `words` into /slot, whole or not at all: written beside it, then renamed."""
    with open(root + _STATE + ".new", "w") as file:
        file.write(words)
    os.rename(root + _STATE + ".new", root + _STATE)


def start(root: str = "") -> str:
    """Choose a copy, make the outputs safe, count the start. Gives its letter; "" for none."""
    words = read(root)
    if not words:
        return ""
    slot = words[0]
    trial = len(words) == 3
    if trial and int(words[1]) >= STARTS:
        slot = words[2]
        trial = False
    try:
        _enter(root, slot)
    except Exception as error:
        # Not even its first lines run: the other copy, at once.
        if not trial:
            raise
        print("slot", slot, "does not start:", repr(error))
        _leave(root, slot)
        slot = words[2]
        trial = False
        _enter(root, slot)
    if trial:
        write("{} {} {}".format(slot, int(words[1]) + 1, words[2]), root)
    elif len(words) == 3:
        print("back to slot", slot)
        write(slot, root)
    return slot


def _folder(root: str, slot: str) -> str:
    return root + "/slots/" + slot


def _enter(root: str, slot: str) -> None:
    folder = _folder(root, slot)
    sys.path.insert(0, folder)
    load(folder, "first")
    import boot  # noqa: F401  (the copy's own: its module-level code makes the outputs safe)

    load(folder, "order")


def _leave(root: str, slot: str) -> None:
    sys.path.remove(_folder(root, slot))
    for name in list(sys.modules):
        if name in ("boot", "board", "main", "rochette") or name.startswith("rochette."):
            del sys.modules[name]


def load(folder: str, listing: str) -> None:
    """Import what stands in a copy beside an image that has the rest.

    A package is looked for in one place only. So a module that the copy has in place of the image's is
    imported by name here, with its package pointed at the copy for that moment; what it imports stands before
    it in the list and is there already. A line is `+ name` for the copy's, `- name` for the image's.
    The copy's stand under `over/`: a folder of the package's own name would hide the image's.
    """
    try:
        with open(folder + "/" + listing) as file:
            lines = file.read().split("\n")
    except OSError:
        return
    for line in lines:
        if not line:
            continue
        name = line[2:]
        parts = name.split(".")
        package = _import(".".join(parts[:-1]))
        if line[0] == "+":
            image = package.__path__
            package.__path__ = _path(image, folder + "/over/" + "/".join(parts[:-1]))
            try:
                _import(name)
            finally:
                package.__path__ = image
        else:
            _import(name)


def _path(like: object, path: str) -> object:
    # A text on MicroPython, a list on CPython.
    return path if isinstance(like, str) else [path]


def _import(name: str) -> "object":
    __import__(name)
    return sys.modules[name]


if __name__ == "__main__":
    start()
