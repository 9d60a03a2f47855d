"""The declarations: rules are held, products are up to date, words come out right."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from host_tools import paths
from host_tools.dictionary import DictionaryError, load
from host_tools.dictionary.__main__ import main
from host_tools.dictionary.generate import check, merge_registry, registry_of, settle, tables_text, write
from host_tools.dictionary.model import upper_snake

HEAD = 'COMPONENT = "{name}"\nBASE = {base}\n'

GOOD = """
ENUMS = [{"name": "TestResult", "doc": "", "values": [("OK", 0, "fine"), ("BAD_ONE", 3, "not fine")]},
         {"name": "Mode", "doc": "", "values": [("IDLE", 0, "idle"), ("BUSY", 2, "busy")]}]
EVENTS = [{"name": "FOUND", "id": 1, "severity": "ACTIVITY_HI", "format": "Found {at_um} um, {result}",
           "args": [("at_um", "I32"), ("result", "TestResult")]},
          {"name": "LOST", "id": 2, "severity": "WARNING_HI", "format": "Lost", "args": [],
           "cause": "gone", "action": "look"}]
CHANNELS = [{"name": "WEIGHT", "id": 1, "type": "I32", "unit": "mN", "show": "{:.1f} N", "divide": 1000,
             "yellow": (0, 5), "red": (-1, 9), "doc": ""}]
PARAMETERS = [{"name": "LIMIT_MN", "id": 9, "unit": "mN", "default": 5, "min": 1, "max": 9, "doc": ""},
              {"name": "FIRST", "id": 1, "unit": "", "default": 0, "min": 0, "max": 1, "doc": ""}]
COMMANDS = [{"name": "GO", "id": 1, "states": ["BUSY"], "doc": "Goes.",
             "args": [{"name": "how", "type": "TestResult", "unit": "", "doc": ""},
                      {"name": "far_um", "type": "U32", "min": 3, "max": 7, "unit": "um", "doc": ""}]},
            {"name": "STOP", "id": 2, "states": ["ANY"], "doc": "Stops.", "args": []}]
"""


def declare(root: Path, text: str, name: str = "test", base: str = "0x100") -> Path:
    folder = root / "firmware" / "dictionary"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.py").write_text(HEAD.format(name=name, base=base) + text, encoding="utf-8")
    return folder


def problems(root: Path, text: str) -> str:
    with pytest.raises(DictionaryError) as caught:
        load(declare(root, text))
    return str(caught.value)


def test_tables_hold_constants_and_parallel_tuples(tmp_path: Path) -> None:
    words = load(declare(tmp_path, GOOD))
    found = {
        node.targets[0].id: ast.literal_eval(node.value)  # type: ignore[attr-defined]
        for node in ast.parse(tables_text(words)).body
        if isinstance(node, ast.Assign)
    }
    assert found["EV_TEST_FOUND"] == 0x101
    assert found["EVENT_IDS"] == (0x101, 0x102)
    assert found["EVENT_SEVERITIES"] == b"\x05\x02"
    assert found["TEST_RESULT_BAD_ONE"] == 3
    assert (found["P_TEST_FIRST"], found["P_TEST_LIMIT_MN"]) == (0, 1), "dense, in the order of ids"
    assert found["PARAMETER_IDS"] == (0x101, 0x109)
    assert found["PARAMETER_DEFAULTS"] == (0, 5)
    assert found["COMMAND_MODES"] == (1 << 2, 1 << 0 | 1 << 2)
    assert found["COMMAND_FIRST_ARGUMENT"] == (0, 2)
    assert (found["ARGUMENT_MINIMA"], found["ARGUMENT_MAXIMA"]) == ((0, 3), (3, 7))


def test_words_are_spoken_with_labels_and_units(tmp_path: Path) -> None:
    words = load(declare(tmp_path, GOOD))
    assert words.say(0x101, (1500, 3, 0, 0)) == "Found 1500 um, BAD_ONE"
    assert words.say(0x101, (1500, 7, 0, 0)) == "Found 1500 um, TestResult(7)"
    assert "does not know" in words.say(0x999, ())
    assert words.show_channel(0, 12345) == "12.3 N"
    assert words.event_named("TEST_LOST").severity_number == 2
    with pytest.raises(KeyError, match="near it: TEST_LOST"):
        words.event_named("TEXT_LOST")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('"id": 2, "severity"', '"id": 1, "severity"'),
            "LOST: id 0x101 belongs to TEST_FOUND already",
        ),
        (
            ('"default": 5', '"default": 12'),
            "LIMIT_MN: key 'default' is 12; its bounds are 1 to 9",
        ),
        (('"min": 1, "max": 9', '"min": 9, "max": 1'), "min must not be above max"),
        (('"name": "FOUND"', '"name": "found"'), "must be UPPER_SNAKE"),
        (("{at_um} um, {result}", "{result}, {at_um} um"), "it must name each of 'args' once, in order"),
        (("{at_um} um", "{nothing} um"), "'nothing'"),
        (('("at_um", "I32")', '("at_um", "F32")'), "'F32'; it must be I32, U32 or a declared enum"),
        (('[("at_um", "I32")', '[("a","I32"),("b","I32"),("c","I32"),("at_um", "I32")'), "at most 4"),
        (('"ACTIVITY_HI"', '"LOUD"'), "allowed are FATAL, WARNING_HI"),
        (('"action": "look"', '"action": ""'), "key 'action' is ''; it must be a non-empty text"),
        (('"states": ["BUSY"]', '"states": ["ASLEEP"]'), "'ASLEEP'; allowed are IDLE, BUSY"),
        (('"unit": "mN", "default"', '"colour": "mN", "default"'), "key 'colour' is unknown"),
        (('"BAD_ONE", 3', '"BAD_ONE", 0'), "value BAD_ONE is 0, which has a name already"),
        (('"yellow": (0, 5)', '"yellow": (0, 50)'), "must lie inside 'red'"),
        (('"id": 9', '"id": 256'), "key 'id' is 256; its bounds are 1 to 255"),
        (("\nENUMS", "\nimport os\nENUMS"), "imports nothing"),
        (('"show": "{:.1f} N"', '"show": "N"'), "it must hold one {}"),
    ],
)
def test_a_broken_rule_is_named(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    assert change[0] in GOOD
    assert said in problems(tmp_path, GOOD.replace(*change))


def test_ids_of_one_component_stop_before_the_next(tmp_path: Path) -> None:
    declare(tmp_path, "", name="next", base="0x110")
    assert "its bounds are 1 to 15" in problems(tmp_path, GOOD.replace('"id": 9', '"id": 16'))


def test_settled_ids_are_never_given_to_another_name(tmp_path: Path) -> None:
    words = load(declare(tmp_path, GOOD))
    assert settle(words, tmp_path) != []
    assert settle(words, tmp_path) == []
    renamed = load(declare(tmp_path, GOOD.replace('"FOUND"', '"SEEN"')))
    with pytest.raises(DictionaryError, match="id 0x101 was given to TEST_FOUND for ever.*such as 0x"):
        write(renamed, tmp_path)
    moved = load(declare(tmp_path, GOOD.replace('"id": 9', '"id": 8')))
    with pytest.raises(DictionaryError, match="its id is 0x108, but it was given 0x109 for ever"):
        write(moved, tmp_path)


def test_the_registry_keeps_what_is_gone(tmp_path: Path) -> None:
    words = load(declare(tmp_path, GOOD))
    merged = merge_registry(words, {"events": {"TEST_OLD": 0x1FF}})
    assert merged["events"] == {"TEST_OLD": 0x1FF, "TEST_FOUND": 0x101, "TEST_LOST": 0x102}
    assert registry_of(words)["commands"] == {"TEST_GO": 0x101, "TEST_STOP": 0x102}


def test_check_says_in_words_what_is_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = load(declare(tmp_path, GOOD))
    assert any("is missing" in line for line in check(words, tmp_path))
    write(words, tmp_path)
    assert check(words, tmp_path) == []
    assert main(["--check", "--root", str(tmp_path)]) == 0
    changed = GOOD.replace('"default": 5', '"default": 6').replace('"name": "LOST"', '"name": "GONE"')
    declare(tmp_path, changed)
    assert main(["--check", "--root", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "lacks EV_TEST_GONE = 258" in said
    assert "has EV_TEST_LOST = 258, not declared any more" in said
    assert "says PARAMETER_DEFAULTS = (0, 5), declared is (0, 6)" in said
    assert main(["--root", str(tmp_path)]) == 0
    assert main(["--check", "--root", str(tmp_path)]) == 0


def test_a_broken_declaration_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    declare(tmp_path, GOOD.replace('"default": 5', '"default": 50'))
    assert main(["--root", str(tmp_path)]) == 1
    assert "Nothing was written" in capsys.readouterr().err
    assert not (tmp_path / "firmware" / "rochette").exists()


def test_prose_does_not_change_the_digest_and_bounds_do(tmp_path: Path) -> None:
    digest = load(declare(tmp_path, GOOD)).digest
    assert load(declare(tmp_path, GOOD.replace("gone", "lost"))).digest == digest
    assert load(declare(tmp_path, GOOD.replace('"max": 7', '"max": 8'))).digest != digest


def test_enum_names_become_constants() -> None:
    assert upper_snake("FeedResult") == "FEED_RESULT"
    assert upper_snake("Mode") == "MODE"


def test_the_projects_own_products_are_up_to_date() -> None:
    assert check(load()) == []


def test_the_projects_own_events_can_all_be_said() -> None:
    words = load()
    for event in words.event_list:
        assert words.say(event.id, (0, 0, 0, 0))
    for channel in words.channel_list:
        assert words.show_channel(channel.index, 1)


# ---- nothing is declared that the firmware does not know ----


CALL_TABLE = re.compile(r"SURVIVAL_CALL\d_")
"""A table of parameters, read by row from the first one on (calling.py)."""


def used_names() -> set[str]:
    """Every name and attribute that the firmware's modules write, tables.py apart."""
    found = set()
    for path in (paths.FIRMWARE / "rochette").rglob("*.py"):
        if path.name == "tables.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Name):
                found.add(node.id)
            elif isinstance(node, ast.Attribute):
                found.add(node.attr)
    return found


def test_every_event_is_said_and_every_parameter_is_read_somewhere() -> None:
    dictionary = load()
    used = used_names()
    # A monitor's limit is read by its row in the table, not by its name.
    limits = {row.limit for row in dictionary.monitor_list}
    unsaid = [e.full_name for e in dictionary.event_list if f"EV_{e.full_name}" not in used]
    unread = [
        p.full_name
        for number, p in enumerate(dictionary.parameter_list)
        if f"P_{p.full_name}" not in used and number not in limits and not CALL_TABLE.match(p.full_name)
    ]
    assert not unsaid and not unread
