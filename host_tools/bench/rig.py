"""The board under test: at its raw prompt, with the firmware's own drivers; and as a payload on the link."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from host_tools.deploy.errors import DeployError
from host_tools.deploy.raw import LineGone, Raw
from host_tools.ground.client import Payload
from host_tools.ground.errors import GroundError, PortError
from host_tools.run.runner import board_data

START_S = 120.0
_LASTS_S = 60
"""Of the payload's own seconds: a copy is kept after ten in which the actuators are off."""
_RAIL_ON = 2  # a flag of the payload's status (docs/wire.md)

# Built on the board once: the drivers of its own board.py, and what every step ends with. What takes long
# says so once a second (`beat`): how long it may take is counted in the board's own time. What was read
# before a step may wait in a FIFO: it is taken out by chk, before anything is made of it.
_PRELUDE = """\
import gc,json,time
from board import BOARD
from rochette.drivers.fit import fit
import machine
# A load cell's amplifier may stand in the middle of a word: a long clock pulse starts it anew (HX711,
# "Reset").
_c=machine.Pin(BOARD['pins'][BOARD['pio']['load_cell']['pins'][1]]['gp'],machine.Pin.OUT,value=1)
time.sleep_us(100)
_c.value(0)
time.sleep_ms(60)
d=fit(BOARD)
en=d['actuator_enable']
def safe():
 en.off()
 for n in ('spindle','probe','sealer'): d[n].stop()
 for n in ('feed','carousel'): d[n].stop()
 for n in ('breakoff_servo','gate_servo'): d[n].off()
 d['led_ring'].set(0)
_b=time.ticks_ms()
def beat():
 global _b
 t=time.ticks_ms()
 if time.ticks_diff(t,_b)>=1000:
  _b=t
  print('\x05',end='')
def w(ms,*ps):
 e=time.ticks_add(time.ticks_ms(),ms)
 while time.ticks_diff(e,time.ticks_ms())>0:
  for p in ps: p.poll()
  time.sleep_ms(10)
  beat()
def chk(*ps):
 for p in ps: p.check()
 time.sleep_ms(60)
 for p in ps: p.poll()
def steps(s,n,rate,until=None):
 s.reset_position(0)
 t=time.ticks_us()
 s.set_rate(rate if n>0 else -rate)
 while abs(s.position)<abs(n) and not(until and until()):
  s.tick()
  beat()
  t=time.ticks_add(t,10000)
  while time.ticks_diff(t,time.ticks_us())>0: pass
 s.stop()
 while s.moving: s.tick()
 return s.position
safe()
"""


# Before any driver is built: what boot.py has left.
_LEVELS = """\
import json,machine
from board import BOARD
o=[(n,p) for n,p in BOARD['pins'].items() if p['dir']=='out']
print(json.dumps([n for n,p in o if machine.Pin(p['gp']).value()!=p['safe']]))
"""


class DeadBoard(Exception):
    """The board does not answer any more, and did not come back: nothing that follows can be tried."""


class Rig:
    """One board on one port. `raw()` and `payload()` give it in one of its two states."""

    def __init__(self, port: str, board: str, key: str | None, power_cycle: str | None) -> None:
        self.port = port
        self.board_name = board
        self.board: dict[str, Any] = board_data(board)
        self.key = key
        self._power_cycle = power_cycle
        self._raw: Raw | None = None
        self._payload: Payload | None = None
        self._reset = False
        self._own_s = 0
        self.unsafe: list[str] = []
        """Outputs that were not at their safe level after the last start to the prompt."""

    @property
    def own_s(self) -> int:
        """Seconds of the board's own that it has told so far: as a payload in its STATUS, at the prompt by
        the beats of a step that takes long."""
        return self._own_s + (self._payload.own_s if self._payload is not None else 0)

    def _beat(self) -> None:
        self._own_s += 1

    # At the prompt

    def ready(self) -> None:
        """The prompt is there and its drivers are built: what another part of a step waits for begins now."""
        self._prompt()

    def run(self, code: str) -> Any:
        """Run code on the board, with the drivers `d` there; what it printed last, as JSON. The outputs are
        safe afterwards whatever happens. Raises DeployError for an exception there.
        """
        # A function, so that its names are gone afterwards.
        body = "\n".join(" " + line for line in code.strip("\n").split("\n"))
        try:
            whole = f"def _s():\n{body}\ntry:\n print(json.dumps(_s()))\nfinally:\n safe()\n"
            return json.loads(self._prompt().ask(whole, beat=self._beat))
        except DeployError as error:
            if not isinstance(error, LineGone):
                raise
            self.close()
            self._revive(str(error))
            raise DeployError(
                f"{error}; after a power cycle it is back. This step was not repeated."
            ) from error
        except BaseException:
            # A step that ran out of time, or a person's Ctrl-C: the step ends there, with the outputs safe.
            if self._raw is not None:
                self._raw.interrupt()
                self._raw.close()
                self._raw = None
            raise

    def _prompt(self) -> Raw:
        if self._raw is None:
            self._leave_payload()
            raw = Raw(self.port)
            try:
                raw.enter()
                # Timers and interrupts of the payload that ran end with the interpreter.
                raw.soft_reset()
                self.unsafe = json.loads(raw.ask(_LEVELS))
                raw.do(_PRELUDE, "while its drivers were built")
            except BaseException:
                raw.close()
                raise
            self._raw = raw
            self._reset = True
        return self._raw

    # As a payload

    def payload(self) -> Payload:
        """The payload on the link, started anew when the prompt was used before."""
        if self._payload is None:
            self._leave_prompt()
            self._payload = self._connect()
        return self._payload

    def _connect(self) -> Payload:
        end = time.monotonic() + START_S
        while True:
            try:
                return Payload.connect(self.port, self.key, 5.0)
            except (PortError, GroundError) as error:
                if time.monotonic() > end:
                    raise DeadBoard(f"no payload answered in {START_S:.0f} s: {error}") from error
                time.sleep(0.3)

    def rail_is_on(self) -> bool:
        """What the payload says of the rail, once a second. Raises NoAnswer when it says nothing."""
        payload = self.payload()
        payload.status = None
        # Any: the wait looks at what another thread sets.
        status: Any = payload.wait_own(lambda: payload.status, 2)
        assert status is not None, "a second of its own is over when it has told its status"
        return bool(status.flags & _RAIL_ON)

    def wait_kept(self) -> str:
        """Wait until the copy that runs is no longer on trial, so that resets count for nothing; its slot."""
        payload = self.payload()
        end = payload.own_s + _LASTS_S
        while True:
            words = payload.downlink("deployment.txt").decode().split(" ")
            if words[-1].strip() == "kept":
                return words[0]
            if payload.own_s > end:
                raise DeployError(
                    f"slot {words[0]} is still on trial after {_LASTS_S} s of its own with the actuators off"
                )
            payload.wait_own(lambda: None, 1)

    # Between the two

    def _leave_payload(self) -> None:
        if self._payload is not None:
            self._own_s += self._payload.own_s
            self._payload.close()
            self._payload = None

    def _leave_prompt(self) -> None:
        if self._raw is not None:
            try:
                if self._reset:
                    self._raw.reset()
            finally:
                self._raw.close()
                self._raw = None

    def close(self) -> None:
        """Leave the board running its payload."""
        self._leave_payload()
        try:
            self._leave_prompt()
        except DeployError:
            return

    def _revive(self, why: str) -> None:
        if self._power_cycle is None:
            raise DeadBoard(
                f"{why}. With --power-cycle COMMAND the bench can switch its supply off and on itself."
            )
        done = subprocess.run(self._power_cycle, shell=True, timeout=60, capture_output=True, text=True)
        if done.returncode:
            raise DeadBoard(
                f"{why}; and --power-cycle ended with status {done.returncode}: {done.stderr.strip()}"
            )
        self.payload()


@contextmanager
def recorded(payload: Payload, hear: Callable[[str, float, Any], None]) -> Iterator[None]:
    """While entered, `hear` gets every sampled value: channel, seconds of the payload's own clock, value."""

    listening = True

    def sampled(samples: Any) -> None:
        # The payload goes on to tell those that have heard it once.
        if listening:
            for one in samples:
                hear(one.name, one.time.ms / 1000, one.value)

    payload.on_sampled(sampled)
    try:
        yield
    finally:
        listening = False
