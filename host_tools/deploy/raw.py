"""A board's raw prompt, through mpremote's transport: stop what runs, look, copy, compare, swap, reset."""

from __future__ import annotations

import ast
import json
import struct
import time
from binascii import b2a_base64
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import Any

from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from host_tools.deploy.errors import DeployError

BAUD = 115_200
_QUIET_S = 30
"""A flash erase, the board's own hashing, a soft reset: all far below a second of the board's own; an
emulated board on a busy machine may take thirty of ours for that."""
_SILENT_S = 120
"""The same for code that takes longer and says by a BEAT, about once in a second of its own, that it goes on.
"""
BEAT = b"\x05"
_CHUNK = 1024

# MicroPython's documentation says that a watchdog cannot be stopped. The RP2040's and RP2350's own can be
# paused, by the ENABLE bit of its CTRL register (data sheets, 4.7.6 and 12.9.7); a payload that was stopped
# would otherwise reset the chip two seconds later, in the middle of a copy.
_PAUSE_WATCHDOG = """\
import machine,sys
_w=0x400d8000 if 'RP2350' in sys.implementation._machine else 0x40058000
machine.mem32[_w+0x3000]=1<<30
"""

_SURVEY = """\
import gc,json,os,sys
gc.collect()
def _t(p):
 try:
  with open(p) as f: return f.read()
 except OSError: return ''
try:
 import rochette_image as _i
 _m,_l=_i.MARK,_i.MODULES
except ImportError: _m,_l='stock',''
_v=os.statvfs('/')
print(json.dumps({'version':list(sys.implementation.version[:3]),'machine':sys.implementation._machine,
'mpy':getattr(sys.implementation,'_mpy',0),'image':_m,'slot':_t('/slot'),'free':_v[0]*_v[3],'block':_v[0],
'heap':gc.mem_free(),'modules':_l,'a':_t('/slots/a/manifest'),'b':_t('/slots/b/manifest')}))
"""

_TOOLS = """\
import hashlib,os
from binascii import a2b_base64 as _d,hexlify as _x
def _h(p):
 h=hashlib.sha256()
 b=bytearray(512)
 try:
  with open(p,'rb') as f:
   while True:
    n=f.readinto(b)
    if not n: break
    h.update(memoryview(b)[:n])
 except OSError: return ''
 return _x(h.digest())[:16].decode()
def _k(p):
 s=''
 for q in p.split('/')[1:]:
  s+='/'+q
  try: os.mkdir(s)
  except OSError: pass
def _rm(p):
 try: os.remove(p)
 except OSError: pass
def _cp(p,q):
 b=bytearray(512)
 with open(p,'rb') as f:
  with open(q,'wb') as g:
   while True:
    n=f.readinto(b)
    if not n: break
    g.write(memoryview(b)[:n])
def _ls(p):
 r=[]
 try: l=list(os.ilistdir(p))
 except OSError: return r
 for e in l:
  q=p+'/'+e[0]
  if e[1]&0x4000: r+=_ls(q)
  else: r.append(q)
 return r
"""


class LineGone(DeployError):
    """The board stopped answering in the middle."""


class Raw:
    """An open raw prompt. Everything that goes wrong with the line is a LineGone."""

    def __init__(self, port: str) -> None:
        with self._in_words("while it was opened"):
            self._transport = SerialTransport(port, BAUD, exclusive=True, timeout=_QUIET_S)

    @contextmanager
    def _in_words(self, when: str) -> Any:
        try:
            yield
        except TransportExecError as error:
            last = error.error_output.strip().splitlines()
            raise DeployError(f"the board could not do it, {when}: {last[-1] if last else error}") from error
        except (TransportError, SerialException, OSError, struct.error, IndexError, AssertionError) as error:
            raise LineGone(
                f"the board stopped answering {when} ({str(error) or type(error).__name__})"
            ) from error

    def enter(self) -> None:
        """Stop what runs, and keep its watchdog from resetting the chip meanwhile."""
        with self._in_words("while what runs was stopped"):
            self._transport.enter_raw_repl(soft_reset=False, timeout_overall=_QUIET_S)
            self._exec(_PAUSE_WATCHDOG)

    def soft_reset(self) -> None:
        """A fresh interpreter, with boot.py run and nothing else."""
        with self._in_words("while MicroPython started anew"):
            self._transport.enter_raw_repl(soft_reset=True, timeout_overall=_QUIET_S)

    def survey(self) -> dict[str, Any]:
        """What the board is and has."""
        with self._in_words("while it was looked at"):
            return dict(json.loads(self._exec(_SURVEY)))

    def tools(self) -> None:
        """Put the helpers for what follows there."""
        with self._in_words("while the copy was prepared"):
            self._exec(_TOOLS)

    def call(self, expression: str, when: str) -> Any:
        """The value of an expression there."""
        with self._in_words(when):
            return ast.literal_eval(self._exec(f"print(repr({expression}))").decode().strip())

    def ask(
        self,
        code: str,
        when: str = "in the middle of a step",
        beat: Callable[[], object] = lambda: None,
    ) -> str:
        """Run code there; what it printed. `beat` is called for each BEAT in that, which is left out."""
        said = bytearray()

        def hear(one: bytes) -> None:
            if one == BEAT:
                beat()
            else:
                said.extend(one)

        with self._in_words(when):
            _, error = self._transport.exec_raw(code, timeout=_SILENT_S, data_consumer=hear)
            if error:
                raise TransportExecError(1, error.decode(errors="replace"))
        return said.rstrip(b"\x04").decode(errors="replace").strip()

    def _exec(self, code: str) -> bytes:
        said, error = self._transport.exec_raw(code, timeout=_QUIET_S)
        if error:
            raise TransportExecError(1, error.decode(errors="replace"))
        return bytes(said)

    def do(self, code: str, when: str) -> None:
        """Run code there."""
        with self._in_words(when):
            self._exec(code)

    def send(self, path: str, data: bytes, sent: Callable[[int], object]) -> None:
        """Write a file; `sent` is told how many bytes went."""
        when = f"while {path} was copied"
        with self._in_words(when):
            self._exec(f"_f=open({path!r},'wb')\n_w=_f.write")
            for at in range(0, len(data), _CHUNK):
                part = data[at : at + _CHUNK]
                self._exec(f"_w(_d({b2a_base64(part, newline=False)!r}))")
                sent(len(part))
            self._exec("_f.close()")

    def hashes(self, paths: Iterable[str], when: str = "while the copy was compared") -> list[str]:
        """The hash of each file there; "" for one that is not there."""
        found: list[str] = []
        listed = list(paths)
        for at in range(0, len(listed), 8):
            found += self.call(f"[_h(p) for p in {listed[at : at + 8]!r}]", when)
        return found

    def interrupt(self) -> None:
        """Ctrl-C to whatever runs there."""
        with self._in_words("while it was interrupted"):
            self._transport.serial.write(b"\r\x03")
        time.sleep(0.2)

    def reset(self) -> None:
        """Start the board as at power-on."""
        with self._in_words("while it was reset"):
            self._transport.exec_raw_no_follow("import machine\nmachine.reset()")
        time.sleep(0.1)

    def close(self) -> None:
        """Let go of the port, whatever state it is in."""
        # pyserial's socket:// closes its socket only when it can shut it down, which it can't when the other
        # end has gone.
        left = getattr(self._transport.serial, "_socket", None)
        try:
            self._transport.close()
        except (OSError, SerialException):
            return
        finally:
            if left is not None:
                left.close()
