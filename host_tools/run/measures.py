"""Numbers in words: integers whose name ends in a unit become what a person reads (66012 um -> "66.01 mm").

The firmware counts in small units so that it needs no floats; people read millimetres, newtons and amperes.
The one place where that turning round is done.
"""

from __future__ import annotations

# Ending of the name: (divisor, decimals, unit). The longest ending that fits counts.
_UNITS: dict[str, tuple[float, int, str]] = {
    "_um_s": (1000 / 60, 2, "mm/min"),
    "_um": (1000, 2, "mm"),
    "_mm": (1, 1, "mm"),
    "_mn": (1000, 1, "N"),
    "_ma": (1000, 2, "A"),
    "_mv": (1000, 2, "V"),
    "_us": (1000, 1, "ms"),
    "_ms": (1000, 1, "s"),
    "_s": (1, 1, "s"),
    "_mdeg": (1000, 2, "°"),
    "_permille": (10, 0, "%"),
    "_rpm": (1, 0, "rpm"),
    "_mc": (1000, 1, "°C"),
    "_mhz": (1000, 1, "Hz"),
    "_mass_mg": (1000, 2, "g"),
    "mass_mg": (1000, 2, "g"),
    "_mg": (1000, 2, "g"),
    "_uah": (1000, 1, "mAh"),
}
_BY_LENGTH = sorted(_UNITS, key=len, reverse=True)


def unit_of(name: str) -> tuple[float, int, str, str]:
    """(divisor, decimals, unit, the name without its unit) of a quantity such as `weight_mn`; unit "" when
    it has none.
    """
    low = name.lower()
    for ending in _BY_LENGTH:
        if low.endswith(ending):
            divisor, decimals, unit = _UNITS[ending]
            bare = name[: -len(ending)] if ending.startswith("_") else name[: -len("_mg")]
            return divisor, decimals, unit, bare or name
    return 1, 0, "", name


def show(name: str, value: object) -> str:
    """A value as a person reads it, with its unit taken from the ending of its name."""
    if value is None:
        return "not measured"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        divisor, decimals, unit, _ = unit_of(name)
        if not unit:
            return f"{value:g}" if isinstance(value, float) else str(value)
        if unit == "N" and abs(value) < 10_000:
            decimals = 2  # the weight of a core is a fifth of a newton
        text = f"{value / divisor:.{decimals}f}"
        return text + ("" if unit == "°" else " ") + unit
    if isinstance(value, (list, tuple)):
        return ", ".join(show(name, one) for one in value) or "none"
    if isinstance(value, dict):
        return (
            ", ".join(f"{label(str(key))} {show(str(key), one)}" for key, one in sorted(value.items()))
            or "none"
        )
    return str(value)


def label(name: str) -> str:
    """The name of a quantity as words: `max_weight_mn` -> "max weight"."""
    return unit_of(name)[3].replace("_", " ").strip()


def clock(ms: int | float) -> str:
    """Mission time since power-on: 83_500 -> "1:23.5", 3_723_000 -> "1:02:03.0"."""
    tenths = int(ms) // 100
    minutes, rest = divmod(tenths, 600)
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest // 10:02d}.{rest % 10}"
    return f"{hours}:{minutes:02d}:{seconds}" if hours else f"{minutes}:{seconds}"
