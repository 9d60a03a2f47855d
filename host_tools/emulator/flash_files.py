"""The file system on the emulated flash: made, mounted as a board's start does it, kept and given back."""

from binascii import hexlify, unhexlify

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from host_tools.emulator.world import World

FOLDER = "/flash"
"""Where it is mounted; "/" is the host's own on a PC."""
_PROGRAM = 256


def prepare(world: "World", how: "str | None") -> None:
    """Give a new world's flash what `how` says: "formatted", "blank", or None for no file system."""
    world.flash_wanted = how is not None
    if how == "formatted":
        import rp2
        import vfs  # type: ignore[import-not-found]  # pyright: ignore[reportMissingImports]

        vfs.VfsLfs2.mkfs(rp2.Flash(), progsize=_PROGRAM)
    elif how not in (None, "blank"):
        raise ValueError('flash: "' + str(how) + '" is not known; "formatted", "blank" or nothing are')


def mount(world: "World") -> bool:
    """What a board's start does before boot.py: mount the flash; nothing when it can't be. Never formats."""
    if not world.flash_wanted:
        return False
    import rp2
    import vfs  # pyright: ignore[reportMissingImports]

    for _, path in list(vfs.mount() or ()):
        if path == FOLDER:
            vfs.umount(FOLDER)
    try:
        vfs.mount(vfs.VfsLfs2(rp2.Flash(), progsize=_PROGRAM), FOLDER)
    except OSError:
        return False
    return True


def keep(world: "World") -> "dict[str, str]":
    """Sectors that were ever programmed, as hexadecimal text by number."""
    kept = {}
    sectors = world.flash.sectors
    for n in range(len(sectors)):
        if sectors[n] is not None:
            kept[str(n)] = hexlify(bytes(sectors[n])).decode()
    return kept


def restore(world: "World", kept: "dict[str, Any]") -> None:
    """Give a new world's flash what another kept. Raises ValueError when it does not fit."""
    sectors = world.flash.sectors
    for n in range(len(sectors)):
        sectors[n] = None
    for key in kept:
        data = unhexlify(kept[key])
        if not 0 <= int(key) < len(sectors) or len(data) != 4096:
            raise ValueError("sector " + key + " does not fit this flash")
        sectors[int(key)] = bytearray(data)
