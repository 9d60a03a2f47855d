"""Fixtures: what is wired on the bench, as a file of commented lines ("Connect: ...") and a list of
capabilities.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path

from host_tools import paths
from host_tools.run.errors import UsageError

CAPABILITIES = {
    "i2c": "the parts on the I2C bus",
    "rail": "the switched actuator rail, with its supply",
    "estop": "the emergency stop loop, closed",
    "load_cell": "the load cell with its amplifier",
    "spindle": "spindle motor, bridge and encoder",
    "feed": "feed motor, driver and both switches",
    "carousel": "carousel motor, driver, index and detents",
    "actuators": "probe and sealer with their potentiometers",
    "servos": "break-off and gate servos with their switches",
    "camera": "camera and ring light",
    "payload": "everything: the payload can be brought up",
}
STIMULUS = "stimulus"
"""The capability that --stimulus brings, whatever the fixture; no fixture says it."""
_STIMULUS_TEXT = "a stimulus board on the payload's pins (--stimulus PORT)"
KEYS = ("doc", "wired")
_CONNECT = "# Connect: "


@dataclass(frozen=True)
class Fixture:
    """One fixture: its lines for a person, and what is wired."""

    name: str
    doc: str
    connect: tuple[str, ...]
    wired: frozenset[str]

    def missing(self, needed: tuple[str, ...]) -> list[str]:
        """What of `needed` is not wired, in words."""
        words = {**CAPABILITIES, STIMULUS: _STIMULUS_TEXT}
        return [words[one] for one in needed if one not in self.wired]

    def with_stimulus(self) -> Fixture:
        """The same with a stimulus board."""
        return replace(self, wired=self.wired | {STIMULUS})


def _folders() -> list[Path]:
    own = paths.team_folder("fixtures")
    shipped = paths.ROOT / "tests" / "bench" / "fixtures"
    return [one for one in (own, shipped) if one is not None and one.is_dir()]


def names() -> list[str]:
    """The fixtures by name."""
    return sorted({file.stem for folder in _folders() for file in folder.glob("*.toml")})


def load(name: str) -> Fixture:
    """A fixture by its name. Raises UsageError, in words, for one that is not there or not sound."""
    for folder in _folders():
        file = folder / f"{name}.toml"
        if file.is_file():
            break
    else:
        raise UsageError(f"--fixture {name}: unknown fixture. Allowed: {', '.join(names())}.")
    text = file.read_text(encoding="utf-8")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file}: is not TOML: {error}.") from error
    for key in data:
        if key not in KEYS:
            raise UsageError(f"{file}: {key} is not a key here; allowed are {', '.join(KEYS)}.")
    wired = data.get("wired")
    if not isinstance(wired, list) or any(one not in CAPABILITIES for one in wired):
        raise UsageError(f"{file}: wired is {wired!r}; a list of {', '.join(CAPABILITIES)} is allowed.")
    connect = tuple(
        line.removeprefix(_CONNECT).strip() for line in text.splitlines() if line.startswith(_CONNECT)
    )
    return Fixture(name, str(data.get("doc", "")), connect, frozenset(wired))
