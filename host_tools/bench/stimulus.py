"""The stimulus board from the host: one line asked, one line answered, each with its checksum."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass

from host_tools import paths
from host_tools.boards import find
from host_tools.deploy.errors import DeployError
from host_tools.deploy.raw import Raw
from host_tools.ground.errors import PortError
from host_tools.ground.port import open_port

ANSWER_S = 20.0
"""The board answers within half a second of its own; an emulated one may be far behind real time."""
_TRIES = 3
_WRONG_SUM = "no the line came with a wrong checksum"

FILES = (
    "rochette/__init__.py",
    "rochette/hal/__init__.py",
    "rochette/hal/clock.py",
    "rochette/hal/pins.py",
    "rochette/hal/serial_port.py",
)
"""What of the payload's firmware is on it beside firmware/stimulus."""
_START = b"from stimulus.main import main\n\nmain()\n"


class StimulusError(Exception):
    """The stimulus board said no, or nothing."""


@dataclass(frozen=True)
class Pulses:
    """Step pulses by the level of the direction line, and the shortest time that the step line was high."""

    high: int
    low: int
    shortest_ns: int


@dataclass(frozen=True)
class Duty:
    """A PWM: its share in thousandths, its high time and its period; both 0 when nothing moved."""

    permille: int
    high_ns: int
    period_ns: int


def crc16(data: bytes) -> int:
    """CRC-16/CCITT-FALSE, as firmware/stimulus/lines.py has it."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    return crc


class Stimulus:
    """The board on a port. Raises PortError when it can't be opened, StimulusError when it does not answer.

    What was measured last is in `heard`: the answers, by the question.
    """

    def __init__(self, port: str) -> None:
        self.name = port
        self.heard: dict[str, str] = {}
        self._got = b""
        self._port = open_port(port)
        try:
            self._port.write(b"\r\n")
            if not self.ask("hello").startswith("stimulus "):
                raise StimulusError(f"{port}: this is no stimulus board")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the port."""
        self._port.close()

    # Lines

    def ask(self, text: str) -> str:
        """What it answers, without its "ok". Raises StimulusError for a no, in the board's own words."""
        for _ in range(_TRIES):
            self._port.write(f"{text}*{crc16(text.encode()):04X}\n".encode())
            answer = self._answer(text)
            if answer is None or answer.startswith(_WRONG_SUM):
                continue  # one of the two was garbled on its way
            if not answer.startswith("ok"):
                raise StimulusError(f"{self.name}: '{text}': {answer}")
            self.heard[text] = answer.removeprefix("ok").strip()
            return self.heard[text]
        raise StimulusError(f"{self.name}: '{text}': no whole answer in {_TRIES} tries")

    def _answer(self, text: str) -> str | None:
        """The next answer; None for one whose checksum is wrong."""
        end = time.monotonic() + ANSWER_S
        while b"\n" not in self._got:
            left = end - time.monotonic()
            if left <= 0:
                raise StimulusError(
                    f"{self.name}: '{text}': no answer in {ANSWER_S:.0f} s. Is it the stimulus board, with "
                    f"its program on it (rochette stimulus put --port {self.name})?"
                )
            self._got += self._port.read(left)
        line, self._got = self._got.split(b"\n", 1)
        said, star, checksum = line.strip().rpartition(b"*")
        return said.decode("ascii", "replace") if star and checksum == b"%04X" % crc16(said) else None

    def _numbers(self, text: str) -> list[int]:
        return [int(number) for number in re.findall(r"-?\d+", self.ask(text))]

    # What it can do

    def set(self, line: str, level: int) -> None:
        """Drive the line of a switch."""
        self.ask(f"set {line} {level}")

    def let(self, what: str = "all") -> None:
        """Let go of a line, `load`, `turn` or everything."""
        self.ask(f"let {what}")

    def read(self, line: str) -> int:
        """The level of a measured line."""
        return self._numbers(f"read {line}")[-1]

    def turn(self, edges: int, rate: int) -> None:
        """Play the encoder, and wait for its end, as long as there is progress."""
        self.ask(f"turn {edges} {rate}")
        gone, seen = "", time.monotonic()
        while not (turned := self.ask("turned")).endswith("at rest"):
            if turned != gone:
                gone, seen = turned, time.monotonic()
            elif time.monotonic() - seen > ANSWER_S:
                raise StimulusError(
                    f"{self.name}: {edges} edges at {rate} a second: no further than '{turned}' in "
                    f"{ANSWER_S:.0f} s"
                )
            time.sleep(0.02)

    def load(self, raw: int) -> None:
        """Play the load cell."""
        self.ask(f"load {raw}")

    def zero(self, axis: str) -> None:
        """Count from here."""
        self.ask(f"zero {axis}")

    def count(self, axis: str) -> Pulses:
        """Pulses since `zero`."""
        return Pulses(*self._numbers(f"count {axis}"))

    def rate(self, axis: str) -> int:
        """Pulses a second, over a tenth of one."""
        return self._numbers(f"rate {axis}")[-1]

    def duty(self, line: str) -> Duty:
        """What a PWM does."""
        return Duty(*self._numbers(f"duty {line}"))


# ---- its program -------------------------------------------------------------------------------------------


def program() -> dict[str, bytes]:
    """What lies in the stimulus board's file system, by name."""
    found = {name: (paths.FIRMWARE / name).read_bytes() for name in FILES}
    for file in sorted((paths.FIRMWARE / "stimulus").rglob("*.py")):
        found[file.relative_to(paths.FIRMWARE).as_posix()] = file.read_bytes()
    found["board.py"] = (find.folder_of(find.STIMULUS) / "board.py").read_bytes()
    found["main.py"] = _START
    return found


def put(port: str) -> int:
    """Copy the program onto the board with a stock MicroPython on this port, compare, and start it; how many
    bytes. Raises DeployError, PortError.
    """
    files = program()
    raw = Raw(port)
    try:
        raw.enter()
        raw.soft_reset()
        if raw.survey()["slot"]:
            raise DeployError(
                f"{port}: a payload is on this board. Nothing was changed; give the other one's port."
            )
        raw.tools()
        for name, data in files.items():
            raw.do(f"_k({'/' + name!r}.rsplit('/',1)[0])", f"while the folder of {name} was made")
            raw.send("/" + name, data, lambda _: None)
        names = ["/" + name for name in files]
        from host_tools.deploy.files import hashed

        wrong = [n for n, h in zip(names, raw.hashes(names), strict=True) if h != hashed(files[n[1:]])]
        if wrong:
            raise DeployError(f"{port}: {', '.join(wrong)} came out different. Put it there again.")
        raw.reset()
    finally:
        raw.close()
    return sum(map(len, files.values()))


def waiting_for(port: str, seconds: float = ANSWER_S) -> Stimulus:
    """The board on a port that is only coming up. Raises PortError or StimulusError when it does not."""
    end = time.monotonic() + seconds
    while True:
        try:
            return Stimulus(port)
        except (PortError, StimulusError):
            if time.monotonic() > end:
                raise
            time.sleep(0.5)
