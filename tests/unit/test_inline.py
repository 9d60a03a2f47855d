"""Numbers in place of names: the same firmware, smaller; the trace is the proof."""

import ast
import json
import os
import shutil
import subprocess

import pytest

from host_tools import hot, inline, paths, rocks, sizes
from host_tools.run.targets import vm_command

KNOWN = {
    inline.TABLES: {"A_ONE": 1, "A_LESS": -5, "P_X": 7},
    "rochette.services.wire": {"ACK": 2, "PACKET_MAX": 320},
    "rochette.hal.guard": {"HEART": 4},
}


@pytest.mark.parametrize(
    "source,expected",
    [
        ("from rochette.tables import A_ONE\nx = A_ONE\n", "pass\nx = 1\n"),
        (
            "from rochette.tables import A_ONE, TUPLE\nx = (A_ONE, TUPLE)\n",
            "from rochette.tables import TUPLE\nx = (1, TUPLE)\n",
        ),
        (
            "from rochette.tables import (\n    A_LESS,\n    P_X,\n)\ny = 3 - A_LESS + v[P_X]\n",
            "pass\n\n\n\ny = 3 - (-5) + v[7]\n",
        ),
        (
            "from rochette import tables as t\nx = t.P_X + t.TUPLE[0]\n",
            "from rochette import tables as t\nx = 7 + t.TUPLE[0]\n",
        ),
        (
            "from rochette.tables import P_X\nx = self.P_X + P_X\n# P_X\n'P_X'\n",
            "pass\nx = self.P_X + 7\n# P_X\n'P_X'\n",
        ),
        ("x = A_ONE\n", "x = A_ONE\n"),
        ("from elsewhere import ACK\nx = ACK\n", "from elsewhere import ACK\nx = ACK\n"),
        (
            "from rochette.services.wire import ACK, PACKET_MAX as most, u16\nx = u16(ACK, most)\n",
            "from rochette.services.wire import u16\nx = u16(2, 320)\n",
        ),
        (
            "from rochette.hal import clock, guard\nx = guard.HEART, self.guard.HEART, guard.note\n",
            "from rochette.hal import clock, guard\nx = 4, self.guard.HEART, guard.note\n",
        ),
        (
            "from rochette.tables import P_X\nHERE = P_X + 1\nclass A:\n    here = HERE\n",
            "pass\n\nclass A:\n    here = 8\n",
        ),
        ("MARK = 1\nclass A:\n    MARK = MARK\n", "MARK = 1\nclass A:\n    MARK = MARK\n"),
        ("MARK = 1\nf(MARK=2)\n", "MARK = 1\nf(MARK=2)\n"),
    ],
)
def test_only_imported_numbers_and_a_files_own_are_replaced(source, expected):
    assert inline.inline(source, KNOWN) == expected


@pytest.mark.parametrize(
    "source,expected",
    [
        ("T = 1\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n    import x\ny = 2\n", "\n\n\n\ny = 2\n"),
        (
            "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    a = 1\nelse:\n    a = 2\n",
            "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    a = 1\nelse:\n    a = 2\n",
        ),
        (
            "import micropython\n@micropython.viper\ndef f(): pass\n",
            "\n@micropython.viper\ndef f(): pass\n",
        ),
        ("import micropython\nmicropython.kbd_intr(3)\n", "import micropython\nmicropython.kbd_intr(3)\n"),
        ("from micropython import const, kbd_intr\n", "from micropython import kbd_intr\n"),
        (
            "from micropython import const\nX = const(f())\n",
            "from micropython import const\nX = const(f())\n",
        ),
    ],
)
def test_names_that_only_the_host_looks_at_are_gone(source, expected):
    assert inline.inline(source, {}) == expected


def test_tables_keep_their_tuples():
    tables = 'X = 1\nNAME = "abc"\nT = (\n    1, 2,\n)\n'
    assert inline.numbers(tables) == {"X": 1}
    assert inline.inline_tables(tables) == 'NAME = "abc"\nT = (\n    1, 2,\n)\n'


@pytest.mark.parametrize(
    "source,numbers",
    [
        ("_A = 2\n_B = _A * 3 + 1\nC = 5\nx = _B\n", {"_A": 2, "_B": 7, "C": 5}),
        ("from micropython import const\n_A = const(-4)\n", {"_A": -4}),
        ("_A = 1\ndef f():\n    global _A\n    _A = 2\n", {}),
        ("_A = 'x'\n_b = 3\n_A_LIST = (1, 2)\n", {}),
    ],
)
def test_a_files_own_numbers_are_put_in_place(source, numbers):
    assert inline.own_numbers(ast.parse(source), {}) == numbers
    out = inline.inline(source, {})
    for name in numbers:
        assert name not in out
    if "_B" in numbers:
        assert out == "\n\n\nx = 7\n"


def test_what_hot_names_is_there_and_can_be_machine_code():
    for name, functions in hot.FUNCTIONS.items():
        source = (paths.FIRMWARE / name).read_text(encoding="utf-8")
        assert inline.make_native(source, functions).count(inline.NATIVE) == len(functions)
    with pytest.raises(ValueError, match="no function Payload.gone"):
        inline.make_native("class Payload:\n    def there(self): pass\n", ["Payload.gone"])
    with pytest.raises(ValueError, match="generator"):
        inline.make_native("def steps():\n    yield\n", ["steps"])


def _varint(data, at):
    value = 0
    while True:
        byte = data[at]
        at += 1
        value = value << 7 | byte & 127
        if byte < 128:
            return value, at


def test_no_file_with_machine_code_has_more_names_than_it_can_reach(tmp_path):
    """A .mpy begins: "M", version, architecture, bits of a small int, number of names, of objects."""
    inline.write(tmp_path, native=True)
    compiled = tmp_path / "compiled.mpy"
    most = 0
    for name in hot.FUNCTIONS:
        sizes.compile_file(tmp_path / name, name, compiled)
        data = compiled.read_bytes()
        assert data[:1] == b"M"
        names, at = _varint(data, 4)
        objects, _ = _varint(data, at)
        assert max(names, objects) <= hot.MOST_NAMES, f"{name}: {names} names, {objects} objects"
        most = max(most, names)
    assert most > 50


@pytest.mark.micropython
def test_the_inlined_firmware_gives_the_same_trace_and_is_smaller(tmp_path):
    assert inline.write(tmp_path) == len(list(sizes.payload_sources()))
    spec = {
        "rock": "sandstone", "rock_data": rocks.load("sandstone"), "seed": 5, "tube": 1, "depth_um": 1000,
        "release": "never", "board": "emulated",
    }  # fmt: skip
    compiled = tmp_path / "compiled.mpy"
    before = sum(sizes.compile_file(p, p.name, compiled) for p in sizes.payload_sources())
    after = sum(sizes.compile_file(p, p.name, compiled) for p in sizes.payload_sources(tmp_path))
    assert after < before * 85 // 100, f"{before} bytes before, {after} after"
    inline.write(tmp_path, native=True)  # as in an image; the VM has a native emitter of its own
    # The session that drives the run reads numbers by name; the firmware under test does not any more.
    shutil.copy(paths.FIRMWARE / "rochette" / "tables.py", tmp_path / "rochette" / "tables.py")
    traces = []
    for firmware in (paths.FIRMWARE, tmp_path):
        path = ":".join(
            str(p)
            for p in (paths.ROOT / "host_tools/emulator", paths.BOARDS / "emulated", firmware, paths.ROOT)
        )
        vm = subprocess.Popen(
            vm_command(paths.find_micropython()),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ, MICROPYPATH=path),
        )  # fmt: skip
        assert vm.stdin is not None and vm.stdout is not None
        with vm:
            vm.stdin.write(json.dumps(spec) + "\n")
            vm.stdin.flush()
            for line in vm.stdout:
                assert line.startswith("{"), line + vm.stdout.read()
                message = json.loads(line)
                if message["t"] == "picture":
                    vm.stdin.write('{"verdict": "PRESENT", "confidence_permille": 900}\n')
                elif message["t"] == "hold":
                    vm.stdin.write('{"answer": "hold"}\n')
                elif message["t"] == "result":
                    traces.append(message["result"]["trace_sha256"])
                vm.stdin.flush()
    assert len(traces) == 2 and traces[0] == traces[1]
