"""Rocks as data: one TOML file a rock, loaded and checked in full. Host only; the plant gets the plain
dictionary.

`names()` lists them, `load("sandstone")` or `load("path/to/mine.toml")` gives the dictionary of integers,
words and lists that `host_tools.emulator.plant.Plant` takes, and raises RockError naming file, key, value
and bounds.
"""

import tomllib
from pathlib import Path

from host_tools import paths

FOLDER = Path(__file__).resolve().parent
CORES = ("SOLID", "PIECES", "POWDER", "LOOSE")
OUTCOMES = ("SEALED", "HELD", "EMPTY", "UNSEALED_STORED", "TARGET_TOO_HARD", "FAULT")

# key: (lowest, highest, what it is)
NUMBERS = {
    "surface_um": (20_000, 110_000, "feed position of the surface"),
    "surface_spread_um": (0, 20_000, "how far the seed moves it, either way"),
    "keep_permille": (0, 1000, "what stays in the tube on the way up"),
    "keep_spread_permille": (0, 500, "how far the seed moves that"),
    "wall_drag_mn": (0, 100_000, "drag of the bit in the hole on retract"),
    "pebbles_um": (0, 20_000, "how early docking meets pebbles after coring, 0 for none"),
    "give_um": (50, 20_000, "how far the probe sinks in before it stalls"),
    "grain": (0, 1000, "coarseness in pictures"),
}
LAYER_NUMBERS = {
    "thickness_um": (1_000, 1_000_000, "thickness of the layer"),
    "strength_kpa": (50, 1_000_000, "compressive strength"),
    "strength_spread_permille": (0, 500, "how far the seed moves strength and thresholds"),
    "threshold_mn": (0, 200_000, "weight on bit under which rotation cuts nothing"),
    "blow_threshold_uj": (0, 2_000_000, "blow energy under which percussion chips nothing"),
    "friction_permille": (50, 2_000, "friction of the bit on the rock"),
    "abrasivity": (0, 100_000, "bit wear, millionths a millimetre"),
    "choke_um": (1_000, 200_000, "advance without clearing after which cuttings choke"),
    "recovery_permille": (0, 1000, "core length for each advance"),
    "recovery_spread_permille": (0, 500, "how far the seed moves that"),
    "density": (500, 6_000, "kg/m3"),
    "tensile_kpa": (0, 100_000, "tensile strength, what snaps at break-off"),
}
EXPECTED_NUMBERS = {
    "level_min": (0, 20, "lowest level the rock settles at"),
    "level_max": (0, 20, "highest level it settles at"),
}
TOP = ("name", "doc", "core", "repeat", "colour", "layers", "expected", *NUMBERS)


class RockError(ValueError):
    """A rock file is missing or says what no rock can be; the message names file, key, value and bounds."""


def _folders() -> list[Path]:
    """Where rocks are: the team's own first."""
    own = paths.team_folder("rocks")
    return [FOLDER] if own is None else [own, FOLDER]


def names() -> list[str]:
    """Names of the rocks that ship and of the team's own, in alphabetical order."""
    return sorted({p.stem for folder in _folders() for p in folder.glob("*.toml")})


def load(name_or_path: str | Path) -> dict:
    """A rock by its name or by the path of a TOML file. Raises RockError when there is none or it is not
    sound.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        found = [file for folder in _folders() if (file := folder / f"{name_or_path}.toml").is_file()]
        path = found[0] if found else path
        if not found:
            raise RockError(
                f"no rock {str(name_or_path)!r}; there are: {', '.join(names())}. "
                "A path ending in .toml is taken as a file."
            )
    try:
        with path.open("rb") as f:
            data = tomllib.load(f)
    except FileNotFoundError:
        raise RockError(f"{path}: there is no such rock file.") from None
    except OSError as error:
        raise RockError(f"{path}: cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError:
        raise RockError(f"{path}: is not UTF-8 text.") from None
    except tomllib.TOMLDecodeError as error:
        raise RockError(f"{path}: is not TOML: {error}.") from None
    check(data, str(path))
    return data


def check(data: dict, where: str) -> None:
    """Checks a rock dictionary in full. Raises RockError for the first thing wrong, naming `where`, key,
    value and bounds.
    """
    _keys(data, TOP, where, "")
    for key in ("name", "doc"):
        if not isinstance(data[key], str) or not data[key].strip():
            raise RockError(f"{where}: {key} is {data[key]!r}; it has to be words.")
    if data["core"] not in CORES:
        raise RockError(f"{where}: core is {data['core']!r}; allowed are {', '.join(CORES)}.")
    if not isinstance(data["repeat"], bool):
        raise RockError(f"{where}: repeat is {data['repeat']!r}; it has to be true or false.")
    colour = data["colour"]
    if (
        not isinstance(colour, list)
        or len(colour) != 3
        or any(type(c) is not int or not 0 <= c <= 255 for c in colour)
    ):
        raise RockError(
            f"{where}: colour is {colour!r}; it has to be three integers of 0..255 (red, green, blue)."
        )
    _numbers(data, NUMBERS, where, "")
    layers = data["layers"]
    if not isinstance(layers, list) or not layers or not all(isinstance(layer, dict) for layer in layers):
        raise RockError(f"{where}: layers has to be one or more [[layers]] tables.")
    for i, layer in enumerate(layers, 1):
        _keys(layer, tuple(LAYER_NUMBERS), where, f"layers[{i}].")
        _numbers(layer, LAYER_NUMBERS, where, f"layers[{i}].")
    expected = data["expected"]
    if not isinstance(expected, dict):
        raise RockError(f"{where}: expected is {expected!r}; it has to be an [expected] table.")
    _keys(expected, ("outcome", "also", *EXPECTED_NUMBERS), where, "expected.")
    if expected["outcome"] not in OUTCOMES:
        raise RockError(
            f"{where}: expected.outcome is {expected['outcome']!r}; allowed are {', '.join(OUTCOMES)}."
        )
    also = expected["also"]
    if not isinstance(also, list) or any(o not in OUTCOMES for o in also):
        raise RockError(f"{where}: expected.also is {also!r}; it has to be a list of {', '.join(OUTCOMES)}.")
    _numbers(expected, EXPECTED_NUMBERS, where, "expected.")
    if expected["level_min"] > expected["level_max"]:
        raise RockError(
            f"{where}: expected.level_min is {expected['level_min']}, "
            f"above expected.level_max {expected['level_max']}."
        )


def _keys(table: dict, allowed: tuple[str, ...], where: str, prefix: str) -> None:
    for key in table:
        if key not in allowed:
            raise RockError(f"{where}: {prefix}{key} is not a key here; allowed are {', '.join(allowed)}.")
    for key in allowed:
        if key not in table:
            raise RockError(f"{where}: {prefix}{key} is missing.")


def _numbers(table: dict, bounds: dict[str, tuple[int, int, str]], where: str, prefix: str) -> None:
    for key, (low, high, what) in bounds.items():
        value = table[key]
        if type(value) is not int or not low <= value <= high:
            raise RockError(
                f"{where}: {prefix}{key} is {value!r}; {what} has to be an integer of {low}..{high}."
            )
