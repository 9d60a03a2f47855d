"""The flash's file system as an object, where a board's start has mounted one. Never makes or formats one."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def find(root: bool) -> "Any":
    """The mounted littlefs (a `vfs.VfsLfs2`), None when there is none. Allocates.

    `root`: whether the one at "/" counts, for boards that keep files in flash. Its methods open(),
    ilistdir(), stat(), mkdir() are used as they are: on a PC the root belongs to the host.
    """
    try:
        import vfs

        mounts = vfs.mount()
    except (ImportError, TypeError):
        return None  # an image without vfs, or one whose mount() does not list what is mounted
    for entry in mounts or ():
        if type(entry[0]).__name__ == "VfsLfs2" and (root or entry[1] != "/"):
            return entry[0]
    return None
