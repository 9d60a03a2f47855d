"""What an emulated payload keeps when its power is off: its custody memory, its tubes and what is in them.

A dict of numbers, texts and lists, so that it goes through JSON. Everything else (where the carriage stands,
what the firmware had in its RAM) is found anew by bring-up, as on the real thing.
"""

from binascii import hexlify, unhexlify

from host_tools.emulator import flash_files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from host_tools.emulator.plant import Plant
    from host_tools.emulator.world import World

_TUBE_LISTS = ("in_seat", "tube_at", "seat_of", "fill_um", "core_mg", "kind", "sealed")


class KeptError(ValueError):
    """What was kept does not fit this payload; nothing of it was used."""


def keep(world: "World", plant: "Plant") -> "dict[str, Any]":
    """What this payload would still have after its power went off now."""
    tubes = plant.tubes
    kept: "dict[str, Any]" = {"seats": tubes.seats, "in_bit": tubes.in_bit}
    for name in _TUBE_LISTS:
        kept[name] = list(getattr(tubes, name))
    kept["flash"] = flash_files.keep(world)
    kept["fram"] = hexlify(bytes(world.parts["fram"].memory)).decode()
    return kept


def restore(world: "World", plant: "Plant", kept: "dict[str, Any]") -> None:
    """Give a new payload what another kept. Raises KeptError when it is of another shape."""
    tubes = plant.tubes
    if kept.get("seats") != tubes.seats:
        raise KeptError("it has {} seats, this board {}".format(kept.get("seats"), tubes.seats))
    try:
        memory = unhexlify(kept["fram"])
    except (KeyError, TypeError, ValueError):
        raise KeptError("its custody memory is missing or no hexadecimal text")
    if len(memory) != len(world.parts["fram"].memory):
        raise KeptError("its custody memory has {} bytes".format(len(memory)))
    for name in _TUBE_LISTS:
        if not isinstance(kept.get(name), list) or len(kept[name]) != tubes.seats + 1:
            raise KeptError("'{}' is missing or of another length".format(name))
    try:
        flash_files.restore(world, kept.get("flash") or {})
    except (TypeError, ValueError) as error:
        raise KeptError("its flash can't be used: " + str(error))
    for name in _TUBE_LISTS:
        setattr(tubes, name, list(kept[name]))
    tubes.in_bit = int(kept.get("in_bit", 0))
    world.parts["fram"].memory[:] = memory
