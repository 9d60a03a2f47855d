"""Rocks: those that ship load and hold what the plant needs; a broken file is refused by file, key, value
and bounds.
"""

from pathlib import Path

import pytest

from host_tools import rocks
from host_tools.emulator.plant import Plant

ALL = {
    "basalt": "SEALED",
    "fractured": "SEALED",
    "layered": "SEALED",
    "mudstone": "SEALED",
    "pebble-laden": "FAULT",
    "powdery": "EMPTY",
    "regolith": "EMPTY",
    "sandstone": "SEALED",
    "too-hard": "TARGET_TOO_HARD",
}


def test_nine_rocks_ship_with_their_outcomes() -> None:
    assert {name: rocks.load(name)["expected"]["outcome"] for name in rocks.names()} == ALL


@pytest.mark.parametrize("name", sorted(ALL))
def test_a_rock_is_named_like_its_file_and_feeds_a_plant(name: str) -> None:
    data = rocks.load(name)
    assert data["name"] == name
    plant = Plant(data, 4, {})
    assert 44_000 <= plant.surface_nm // 1000 <= 58_000
    assert plant.rock.layers[0].strength_kpa > 0


def test_the_seed_varies_a_rock_within_its_spread() -> None:
    data = rocks.load("sandstone")
    layer = data["layers"][0]
    strengths = [Plant(data, seed, {}).rock.layers[0].strength_kpa for seed in range(60)]
    surfaces = [Plant(data, seed, {}).rock.surface_um for seed in range(60)]
    low = layer["strength_kpa"] * (1000 - layer["strength_spread_permille"]) // 1000
    high = layer["strength_kpa"] * (1000 + layer["strength_spread_permille"]) // 1000
    assert low <= min(strengths) < layer["strength_kpa"] < max(strengths) <= high
    assert 46_000 <= min(surfaces) < 50_000 < max(surfaces) <= 54_000


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("basalt", 92, 100),
        ("sandstone", 90, 100),
        ("mudstone", 85, 98),
        ("layered", 80, 95),
        ("fractured", 45, 80),
        ("powdery", 0, 4),
    ],
)
def test_recovery_stays_in_its_band(name: str, low: int, high: int) -> None:
    data = rocks.load(name)
    for seed in range(60):
        rock = Plant(data, seed, {}).rock
        keep = rock.keep_permille if rock.kind == "POWDER" else 1000
        assert low <= rock.core_um(66_000) * keep // 660_000 <= high


def write(path: Path, old: str, new: str) -> Path:
    text = (rocks.FOLDER / "sandstone.toml").read_text()
    assert old in text
    file = path / "mine.toml"
    file.write_text(text.replace(old, new))
    return file


def test_a_rock_of_ones_own_loads_by_path(tmp_path: Path) -> None:
    file = write(tmp_path, 'name = "sandstone"', 'name = "mine"')
    assert rocks.load(file)["name"] == "mine"
    assert rocks.load(str(file))["grain"] == rocks.load("sandstone")["grain"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("grain = 520", "grain = 1520", ["grain is 1520", "0..1000"]),
        ("grain = 520", "grain = 5.5", ["grain is 5.5", "integer"]),
        ("grain = 520", "grain = true", ["grain is True", "integer"]),
        ("grain = 520", "grian = 520", ["grian is not a key here", "grain"]),
        ("density = 2250", "", ["layers[1].density is missing"]),
        ("density = 2250", "density = 1", ["layers[1].density is 1", "500..6000"]),
        ("[188, 138, 98]", "[188, 138]", ["colour", "three integers"]),
        ('core = "SOLID"', 'core = "SOFT"', ["core is 'SOFT'", "POWDER"]),
        ('outcome = "SEALED"', 'outcome = "FINE"', ["expected.outcome is 'FINE'", "TARGET_TOO_HARD"]),
        ("also = []", 'also = ["LOST"]', ["expected.also", "LOST"]),
        ("level_min = 4", "level_min = 10", ["expected.level_min is 10", "level_max 9"]),
        ("repeat = false", "repeat = 0", ["repeat is 0", "true or false"]),
        ('doc = "Medium', 'doc = "" #', ["doc is ''", "words"]),
        ("[[layers]]", "[layers]", ["layers", "[[layers]]"]),
        ("name =", "name ==", ["not TOML"]),
    ],
)
def test_a_broken_file_is_refused_in_words(tmp_path: Path, old: str, new: str, words: list[str]) -> None:
    file = write(tmp_path, old, new)
    with pytest.raises(rocks.RockError) as caught:
        rocks.load(file)
    for word in [str(file), *words]:
        assert word in str(caught.value)


def test_an_unknown_rock_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(rocks.RockError, match="no rock 'granite'; there are: basalt, fractured"):
        rocks.load("granite")
    with pytest.raises(rocks.RockError, match="no such rock file"):
        rocks.load(tmp_path / "none.toml")
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(rocks.RockError, match="not UTF-8"):
        rocks.load(tmp_path / "bytes.toml")
