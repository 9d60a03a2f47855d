"""The stimulus board beside an emulated payload: its own firmware on its own emulated pins, wired to the
payload's.

What it drives is what the payload sees: the plug of the part itself is out, as boards/stimulus/README.md asks
for. What it lets go is as the payload's own parts have it. It acts on pins and on nothing else of the
payload, and has a clock of its own, which `run_to` brings up to the payload's.
"""

from host_tools.emulator.devices.mcp23017 import Mcp23017
from host_tools.emulator.errors import EmulationError
from host_tools.emulator.pins import ALT, OUT, Line
from host_tools.emulator.stimulus_models import PlayModel
from host_tools.emulator.world import World, attached

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_PASS_US = 500
"""A pass of the board's main loop, at most."""
_OURS = "stimulus_"
_PLANTLESS: "dict[str, Any]" = {"i2c": [], "parts": {}, "link": None}


class _Nothing:
    """In the plant's place: the board has no mechanics."""

    enable = False
    energised = 0
    shutter = False
    logic_off = False
    unpowered = False
    asleep = False
    focus = False

    def advance(self, us: int) -> None:
        """Nothing moves."""

    def others_awake(self) -> bool:
        """Nothing does."""
        return False


class Cable:
    """The board's USB port, from inside as rochette/hal/serial_port.py has it; `type` and `read` are the far
    end.
    """

    def __init__(self) -> None:
        self._typed = b""
        self._said = b""

    def type(self, data: bytes) -> None:
        """Bytes for the board."""
        self._typed += data

    def read(self) -> bytes:
        """What it has said since the last call."""
        said = self._said
        self._said = b""
        return said

    def read_into(self, buffer: bytearray) -> int:
        """See UsbPort."""
        count = min(len(buffer), len(self._typed))
        buffer[:count] = self._typed[:count]
        self._typed = self._typed[count:]
        return count

    def write(self, buffer: bytearray, start: int, count: int) -> int:
        """See UsbPort."""
        self._said += bytes(buffer[start : start + count])
        return count

    def reopen(self) -> None:
        """See UsbPort."""


class StimulusBench:
    """The board on the pins of `payload`. `cable` is its USB port."""

    def __init__(self, payload: World, board: "dict[str, Any]") -> None:
        """board: boards/stimulus/board.py's. Raises EmulationError for a wire to a pin that the payload's
        board does not have.
        """
        self.payload = payload
        self.cable = Cable()
        data = dict(_PLANTLESS)
        # Under names of its own: the payload's would be wired to a plant.
        data["pins"] = {_OURS + name: {"gp": board["pins"][name]["gp"]} for name in board["pins"]}
        self.world = World(data, _Nothing(), 0, start_ticks_us=0)
        for name in sorted(board["pins"]):
            self._wire(self.world.line_by_name[_OURS + name], board["pins"][name]["to"])
        self._a = self.world.line_by_name[_OURS + board["encoder"]["pins"][0]]
        self._player: "PlayModel | None" = None
        self._machine = board["encoder"]["state_machine"]
        self._base = 0
        self.world.clock.advance(payload.clock.now_us)
        before = self._attach()
        try:
            from stimulus.program import Stimulus

            port: "Any" = self.cable
            self.program = Stimulus(board, port)
        finally:
            self._back(before)

    def run_to(self, us: int) -> None:
        """Run its main loop until its clock is there."""
        clock = self.world.clock
        before = self._attach()
        try:
            while clock.now_us < us:
                self.program.poll()
                left = us - clock.now_us
                if left > 0:
                    clock.advance(min(left, _PASS_US))
        finally:
            self._back(before)
        self.encoder_count()

    def encoder_count(self) -> int:
        """The count at the payload's encoder lines: the plant's, or what is played from where the plant stood
        when the playing began.
        """
        model = self._played()
        if model is not self._player:
            # Begun or ended: the count goes on from there.
            now = self.payload.plant.encoder_count
            if self._player is None and model is not None:
                self._base += now
            elif model is None and self._player is not None:
                self._base += self._player.count - now
            elif self._player is not None:
                self._base += self._player.count
            self._player = model
        if model is None:
            return self._base + self.payload.plant.encoder_count
        model.run_to(self.payload.clock.now_us)
        return self._base + model.count

    def _played(self) -> "PlayModel | None":
        machine = self.world.machines[self._machine]
        if machine is None or not isinstance(machine.model, PlayModel):
            return None
        return machine.model if self._a.mode == ALT else None

    def _attach(self) -> "World | None":
        before = attached()
        self.world.attach()
        return before

    def _back(self, before: "World | None") -> None:
        self.world.detach()
        if before is not None:
            before.attach()

    # --- wires

    def _wire(self, line: Line, to: str) -> None:
        """Connect a pin of the stimulus board to a pin, or to a switch of the expander, of the payload."""
        payload = self.payload
        line.needs_pull = 0
        line.of_plant = False
        line.sink = _ignore
        if to in payload.line_by_name:
            far = payload.line_by_name[to]
            self.world.wired[line.gp] = far
            if far.source is None:
                line.source = _driven(far)
                return
            line.source = far.source
            if far.axis is None and to not in ("encoder_a", "encoder_b"):
                far.source = _either(line, far.source)
            return
        bit = self._expander_bit(to)
        self.world.wired[line.gp] = None
        expander, number = bit
        line.source = lambda: expander.level(number)
        expander.force(number, lambda level: line.level if line.mode == OUT else level)

    def _expander_bit(self, switch: str) -> "tuple[Mcp23017, int]":
        payload = self.payload
        for name in sorted(payload.parts.keys()):
            part = payload.parts[name]
            if isinstance(part, Mcp23017):
                inputs = payload.board["parts"][name]["inputs"]
                if switch in inputs:
                    return part, inputs[switch]["bit"]
        raise EmulationError("the stimulus board is wired to " + switch + ", which this payload has not")


def _ignore(level: int) -> None:
    """The payload's side looks at the line when it needs its level."""


def _driven(far: Line) -> "Callable[[], int]":
    def level() -> int:
        if far.mode == OUT:
            return far.level
        if far.duty_ns and far.pwm_freq:
            period_ns = 1_000_000_000 // far.pwm_freq
            return 1 if far.world.clock.now_us * 1000 % period_ns < far.duty_ns else 0
        return 0

    return level


def _either(line: Line, own: "Callable[[], int]") -> "Callable[[], int]":
    return lambda: line.level if line.mode == OUT else own()
