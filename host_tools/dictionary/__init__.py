"""The declarations of firmware/dictionary, in words, for the host.

`load()` reads and checks all component files and gives a `Dictionary`: events, channels, parameters, commands
and enums with their names, formats, units and prose. The board has the same facts as bare numbers in
`rochette/tables.py`, which `python -m host_tools.dictionary` writes from what is read here.
"""

from __future__ import annotations

from host_tools.dictionary.model import (
    Argument,
    Channel,
    Command,
    Dictionary,
    Enum,
    Event,
    Packet,
    Parameter,
)
from host_tools.dictionary.read import DictionaryError, load

__all__ = [
    "Argument",
    "Channel",
    "Command",
    "Dictionary",
    "DictionaryError",
    "Enum",
    "Event",
    "Packet",
    "Parameter",
    "load",
]
