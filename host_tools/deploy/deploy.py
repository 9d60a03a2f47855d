"""Deployment, step by step. Nothing on the board is in pieces at any moment: see the folder's README."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from host_tools.boards import check, find
from host_tools.boards.chips import CHIPS
from host_tools.chip.uf2 import OLDEST
from host_tools.deploy import busy, files
from host_tools.deploy.errors import DeployError
from host_tools.deploy.files import FROZEN, MPY, PY, Copy
from host_tools.deploy.raw import LineGone, Raw
from host_tools.ground.client import Payload
from host_tools.ground.errors import GroundError, PortError, WrongDictionary
from host_tools.ground.port import AUTO, the_only_board

START_S = 120.0
"""A payload is there 3 s after power-on; an emulated chip on a busy machine may take ten times as long."""
HEAP_BYTES = 40_000
"""Free heap below which the interpreter is started anew before the copy."""
_SPARE_BLOCKS = 8
_MPY_VERSION = 6

Say = Callable[[str], object]
Bar = Callable[[int, int], object]
"""Told bytes sent, and all bytes."""


@dataclass
class Done:
    """What a deployment did."""

    board: str
    form: str
    slot: str
    image: str
    sent: list[str] = field(default_factory=list)
    sent_bytes: int = 0
    kept: int = 0
    """Files that were there already, in this copy or the other."""
    seconds: float = 0.0
    copied_s: float = 0.0
    """Until it was swapped in; the rest is the payload's start."""
    restarted: bool = False

    @property
    def nothing(self) -> bool:
        """Whether everything was there already."""
        return not self.restarted


@dataclass
class Asked:
    """What was asked for."""

    port: str = AUTO
    board: str | None = None
    form: str | None = None
    key: str | None = None
    stop: bool = False


def deploy(asked: Asked, say: Say, bar: Bar) -> Done:
    """Deploy. Raises UsageError, PortError or DeployError, in words that say what state the board is in."""
    began = time.monotonic()
    port = the_only_board().device if asked.port == AUTO else asked.port
    seen = busy.look(port, asked.key, lambda deployed: _unchanged(asked, deployed) is not None)
    done = _unchanged(asked, seen.deployed)
    if done is None:
        _may_stop(seen, asked.stop)
        done = _Work(asked, port, say, bar).run()
        done.copied_s = time.monotonic() - began
        _await_start(port, asked, done, say)
    done.seconds = time.monotonic() - began
    return done


def _may_stop(seen: busy.Look, stop: bool) -> None:
    if stop or seen.prompt or (seen.payload and not seen.activity):
        return
    if seen.payload:
        raise DeployError(
            f"the payload is at work ({seen.activity}). Nothing was stopped or changed. Wait for its end, "
            "or end it: "
            "rochette abort; then deploy again."
        )
    raise DeployError(
        "a program runs on the board that answers neither as a prompt nor as a payload on this port. It "
        "may be "
        "a payload whose line to the ground is another one, and it may be drilling. Nothing was stopped. "
        "When "
        "you know that it may be: --stop."
    )


def _unchanged(asked: Asked, deployed: busy.Deployed) -> Done | None:
    """The result when the payload that runs is just what would be deployed, unstopped; else None."""
    if deployed.board not in find.names() or asked.form not in (None, FROZEN):
        return None
    from host_tools.chip import image_build

    if deployed.image != image_build.sources_hash() or asked.board not in (None, deployed.board):
        return None
    if check.check(find.data(deployed.board)):
        return None
    copy = files.make(deployed.board, FROZEN, deployed.image)
    if copy.digest != deployed.digest:
        return None
    return Done(copy.board, FROZEN, deployed.slot, deployed.image, kept=len(copy.files))


class _Work:
    """The part that has the prompt."""

    def __init__(self, asked: Asked, port: str, say: Say, bar: Bar) -> None:
        self.asked = asked
        self.port = port
        self.say = say
        self.bar = bar
        self.running = ""
        """The copy that starts when all goes wrong from here on."""

    def run(self) -> Done:
        raw = Raw(self.port)
        try:
            raw.enter()
            return self._deploy(raw)
        except LineGone as error:
            keeps = f"slot {self.running} starts" if self.running else "no payload starts"
            raise DeployError(
                f"{error}. What was there is as it was: at the next power-on {keeps}. Plug it in and "
                "deploy again; "
                "it goes on where it stopped."
            ) from error
        finally:
            raw.close()

    def _deploy(self, raw: Raw) -> Done:
        found = raw.survey()
        if found["heap"] < HEAP_BYTES:
            raw.soft_reset()
            found = raw.survey()
        state = found["slot"].split()
        self.running = state[-1] if len(state) == 3 else state[0] if state else ""
        chip = self._chip(found)
        copy = self._copy(found, chip)
        active = state[0] if state else ""
        self.say(
            f"{found['machine']}, MicroPython {'.'.join(map(str, found['version']))}, image {found['image']}"
        )
        done = Done(copy.board, copy.form, active, copy.image, kept=len(copy.files))
        if active and _head(found[active]) == copy.digest:
            return self._restart(raw, done)
        # The copy that does not run, or did not last: never the one to fall back to.
        target = "b" if self.running == "a" else "a"
        done.slot = target
        raw.tools()
        self._fill(raw, copy, target, found, done)
        self._swap(raw, target)
        return self._restart(raw, done)

    def _restart(self, raw: Raw, done: Done) -> Done:
        raw.reset()
        done.restarted = True
        return done

    # What is there, and what it takes

    def _chip(self, found: dict[str, Any]) -> str:
        fits = [mcu for mcu, chip in CHIPS.items() if found["machine"].endswith(chip.machine)]
        if not fits:
            raise DeployError(
                f"that is a {found['machine']}: the firmware runs on "
                f"{' and '.join(c.name for c in CHIPS.values())}. "
                "Nothing was changed."
            )
        if tuple(found["version"][:2]) < OLDEST or found["mpy"] & 0xFF != _MPY_VERSION:
            raise DeployError(
                f"MicroPython {'.'.join(map(str, found['version']))} is on the board; "
                f"{'.'.join(map(str, OLDEST))} or later (with .mpy version {_MPY_VERSION}) is needed. Put "
                "another "
                "image on it: rochette flash. Nothing was changed."
            )
        return fits[0]

    def _copy(self, found: dict[str, Any], mcu: str) -> Copy:
        name = self.asked.board or _board_of(found) or {"rp2040": "pico", "rp2350": "pico2"}[mcu]
        board = find.data(name)
        if find.is_stimulus(board):
            raise DeployError(
                f"'{name}' is the stimulus board, which takes no payload: rochette stimulus put --port "
                f"{self.asked.port}. Nothing was changed."
            )
        wrong = check.check(board)
        if wrong:
            raise DeployError(
                f"the board '{name}' has {len(wrong)} faults, the first: {wrong[0]}. 'rochette board check "
                f"{name}' "
                "lists them. Nothing was changed."
            )
        if board["mcu"] != mcu:
            raise DeployError(
                f"the board '{name}' has a {CHIPS[board['mcu']].name}, and this is a {CHIPS[mcu].name}. "
                "Nothing was "
                "changed. Give another with --board."
            )
        ours = found["image"] != "stock"
        form = self.asked.form or (FROZEN if ours else MPY)
        if form == FROZEN and not ours:
            raise DeployError(
                "--frozen: a stock MicroPython image is on the board, which has not the firmware in it. "
                "Put ours "
                "on it: rochette flash --frozen. Nothing was changed."
            )
        if form in (MPY, PY) and mcu == "rp2040":
            raise DeployError(
                f"{'--' + form if self.asked.form else 'a stock MicroPython image is on the board'}: an "
                "RP2040 "
                f"has not the RAM to run the firmware from files ({found['heap'] // 1000} KB free, about "
                "180 KB of "
                "code, over 100 KB of data). Put the image that has it in flash on the board: rochette flash "
                "--frozen, or make image-frozen and make flash. Nothing was changed."
                if not ours
                else f"--{form}: an RP2040 has not the RAM to run the firmware from files; the image on it "
                "has the "
                "code in flash. Deploy without that option: what differs goes beside it. Nothing was changed."
            )
        if form != FROZEN:
            return files.make(name, form, found["image"])
        modules = dict(line.split(" ") for line in found["modules"].splitlines())
        return files.make(name, form, found["image"], modules)

    # The copy

    def _fill(self, raw: Raw, copy: Copy, slot: str, found: dict[str, Any], done: Done) -> None:
        folder, other = f"/slots/{slot}", f"/slots/{'b' if slot == 'a' else 'a'}"
        wanted = {f"{folder}/{name}": data for name, data in sorted(copy.files.items())}
        when = "while the copy was prepared"
        raw.do(f"_k('/slots')\n_k({folder!r})\n_rm({folder + '/manifest'!r})", when)
        listed = raw.call(f"_ls({folder!r})", when)
        there = dict(zip(listed, raw.hashes(listed, when), strict=True))
        for path in listed:
            if path not in wanted:
                raw.do(f"_rm({path!r})", when)
        missing = {path: data for path, data in wanted.items() if there.get(path) != files.hashed(data)}
        self._room(missing, there, found)
        elsewhere = _manifest(found[other[-1]])
        total = sum(map(len, missing.values()))
        gone = 0

        def sent(count: int) -> None:
            nonlocal gone
            gone += count
            self.bar(gone, total)

        for parent in sorted({path.rsplit("/", 1)[0] for path in missing}):
            raw.do(f"_k({parent!r})", when)
        for path, data in missing.items():
            name = path[len(folder) + 1 :]
            if elsewhere.get(name) == files.hashed(data):
                raw.do(f"_cp({other + '/' + name!r},{path!r})", f"while {name} was copied")
                sent(len(data))
            else:
                raw.send(path, data, sent)
                done.sent.append(name)
                done.sent_bytes += len(data)
        done.kept = len(wanted) - len(done.sent)
        for path, has in zip(missing, raw.hashes(missing), strict=True):
            if has != files.hashed(missing[path]):
                raise DeployError(
                    f"{path} reads back as something else than was sent. The copy is not used: slot "
                    f"{self.running or 'none'} starts as before. Deploy again; if it stays so, the flash "
                    "is worn."
                )
        self._root(raw)
        raw.send(f"{folder}/manifest", copy.manifest(), lambda _count: None)

    def _room(self, missing: dict[str, bytes], there: dict[str, str], found: dict[str, Any]) -> None:
        block = found["block"]
        # Each file takes whole blocks; what is replaced is counted as if it stayed, as it does until it is
        # done.
        needed = sum((len(data) // block + 1) * block for data in missing.values()) + _SPARE_BLOCKS * block
        if needed > found["free"]:
            raise DeployError(
                f"no space: {needed // 1024} KB are needed and {found['free'] // 1024} KB are free on the "
                "board. "
                "Remove files of your own (mpremote fs ls); records and slots are left alone. What was "
                "there is as "
                "it was."
            )

    def _root(self, raw: Raw) -> None:
        """The board's own boot.py and main.py, when they differ; each replaced by one rename."""
        loader = files.inlined()[files.LOADER].encode()
        for path, data in (("/boot.py", loader), ("/main.py", files.START.encode())):
            if raw.hashes([path])[0] != files.hashed(data):
                raw.send(path + ".new", data, lambda _count: None)
                raw.do(f"import os\nos.rename({path + '.new'!r},{path!r})", f"while {path} was replaced")

    def _swap(self, raw: Raw, target: str) -> None:
        state = f"{target} 0 {self.running}" if self.running else target
        raw.send("/slot.new", state.encode(), lambda _count: None)
        raw.do("import os\nos.rename('/slot.new','/slot')", "while the copies were swapped")


def _head(manifest: str) -> str:
    return manifest.split(" ", 1)[0] if manifest else ""


def _manifest(text: str) -> dict[str, str]:
    """Name -> hash."""
    found = {}
    for line in text.splitlines()[1:]:
        digest, _size, name = line.split(" ", 2)
        found[name] = digest
    return found


def _board_of(found: dict[str, Any]) -> str | None:
    """The board that was deployed last."""
    state = found["slot"].split()
    head = found[state[0]].split("\n")[0].split(" ") if state else []
    return head[1] if len(head) == 4 and head[1] in find.names() else None


def _await_start(port: str, asked: Asked, done: Done, say: Say) -> None:
    """Wait for the payload, and compare dictionaries."""
    if find.data(done.board)["link"]["port"] != "usb":
        say("its line to the ground is a UART: look at it there with 'rochette watch'")
        return
    end = time.monotonic() + START_S
    failure: Exception | None = None
    while time.monotonic() < end:
        try:
            with Payload.connect(port, asked.key, 5.0):
                return
        except WrongDictionary as error:
            raise DeployError(f"deployed, and it started, but {error}") from error
        except (PortError, GroundError) as error:
            failure = error
            time.sleep(0.3)
    raise DeployError(
        f"slot {done.slot} was deployed but no payload answers {START_S:.0f} s after the reset "
        f"({failure}). After "
        "three starts that do not last the board goes back to the other copy by itself. 'mpremote connect "
        f"{port}' shows what it says."
    )
