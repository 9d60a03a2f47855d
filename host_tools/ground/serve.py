"""`rochette emulate`: an emulated payload behind a port, as a board would be behind its own.

The firmware's own link talks; this file only carries bytes, and decides how fast emulated time goes:

    pace N      N emulated seconds a second
    pace max    as fast as this machine can while the payload works or is talked to; in real time while it
                waits for the ground, so that nobody is timed out by a machine, and no core is burnt

Nothing of that is visible to the payload: its trace depends on the bytes that come and the tick they come at.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import termios
import time
import tty
from binascii import hexlify, unhexlify
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from host_tools import paths
from host_tools.ground import bench
from host_tools.ground.errors import GroundError, PortError
from host_tools.ground.vision import developed
from host_tools.run.targets import vm_command, vm_path

TICK_MS = 10
_BURST = 10  # ticks in a slice at full speed: short against a person's patience, long against its overhead
_LINGER = 30  # ticks at full speed after the last byte came: time for an answer to be made and sent
_IDLE_TICKS = 2
_CATCH_UP = 50  # ticks at most in one slice at a given pace
_BEHIND_S = 1.0  # a machine that is this far behind its pace gives up catching up
_QUEUE_MAX = 65_536
_AHEAD_MS = 1500  # the ground answers every STATUS, one an emulated second
_GRACE_S = 0.02  # a slice waits this long for somebody who is being left behind
_TALKING_S = 10.0
_START_S = 60.0


# ---- the payload, in this process or on the MicroPython VM -------------------------------------------------


class Target(Protocol):
    """A payload that runs in slices."""

    def slice(self, ticks: int, received: bytes) -> Mapping[str, Any]:
        """See `Served.slice`."""
        ...

    def stop(self) -> None:
        """Power off and let go; a second time does nothing."""
        ...


class InProcess:
    """The payload on this Python."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        from host_tools.emulator import loader

        loader.install(str(spec["board"]))
        loader.forget_firmware()
        from host_tools.ground.served import Served

        self._served: Any = Served(dict(spec), developed)
        self._served.start()
        self.slice = self._served.slice

    def stop(self) -> None:
        """See Target."""
        served, self._served = self._served, None
        if served is not None:
            served.stop()


class OnMicroPython:
    """The payload on the MicroPython VM, a child process."""

    def __init__(self, spec: Mapping[str, Any]) -> None:
        program = Path(__file__).with_name("vm_serve.py")
        command = [*vm_command(paths.find_micropython())[:-1], str(program)]
        self._child = subprocess.Popen(
            command,
            env=dict(os.environ, MICROPYPATH=vm_path(str(spec["board"]))),
            cwd=paths.ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            start_new_session=True,  # the terminal's Ctrl-C is for us: we end it in good order
        )
        self._ask(dict(spec))

    def slice(self, ticks: int, received: bytes) -> Mapping[str, Any]:
        """See Target."""
        told = self._ask({"ticks": ticks, "rx": hexlify(received).decode()})
        told["tx"] = unhexlify(told["tx"])
        return told

    def _tell(self, message: Mapping[str, Any]) -> None:
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(message, separators=(",", ":")) + "\n")
            self._child.stdin.flush()
        except (BrokenPipeError, ValueError):
            raise self._died([]) from None

    def _ask(self, message: Mapping[str, Any]) -> dict[str, Any]:
        assert self._child.stdout is not None
        self._tell(message)
        said: list[str] = []
        while True:
            line = self._child.stdout.readline()
            if not line:
                raise self._died(said)
            if not line.startswith("{"):
                said.append(line.strip())
                continue
            told: dict[str, Any] = json.loads(line)
            if "develop" not in told:
                return told
            self._tell({"picture": hexlify(developed(told["develop"])).decode()})

    def _died(self, said: list[str]) -> GroundError:
        self.stop()
        last = f"; it said last: {said[-1]}" if said else ""
        return GroundError(f"the MicroPython VM ended with status {self._child.returncode}{last}.")

    def stop(self) -> None:
        """See Target."""
        assert self._child.stdin is not None and self._child.stdout is not None
        try:
            self._child.stdin.close()
        except (BrokenPipeError, ValueError):
            self._child.kill()
        try:
            self._child.wait(5.0)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._child.stdout.close()


TARGETS: dict[str, type[InProcess] | type[OnMicroPython]] = {
    "cpython": InProcess,
    "micropython": OnMicroPython,
}


# ---- the port ---------------------------------------------------------------------------------------------


class Line(Protocol):
    """Our end of the port. `name` is how the other end is opened."""

    name: str

    def wait(self, timeout_s: float) -> bytes:
        """Bytes that have come, at once when there are some, else b"" after `timeout_s`."""
        ...

    def send(self, data: bytes) -> None:
        """Queue bytes; with nobody at the other end they are dropped, as by a USB port nobody has open."""
        ...

    @property
    def full(self) -> bool:
        """Whether the other end is too slow for what we send."""
        ...

    def pull(self) -> None:
        """As if the cable were pulled out: the port is gone for whoever has it open."""
        ...

    def plug(self) -> None:
        """The port is there again, under the same name. Raises PortError."""
        ...

    def close(self) -> None:
        """Take the port away."""
        ...


class PtyLine:
    """A pseudo-terminal, with a symbolic link of the asked name to it."""

    def __init__(self, link: str) -> None:
        self.name = link
        self._link = Path(link)
        self._out = b""
        self._master = -1
        self._poll = select.poll()
        self.plug()

    def plug(self) -> None:
        """See Line."""
        if self._link.is_symlink() and not self._link.exists():
            self._link.unlink()  # left behind by one that was killed
        master, slave = os.openpty()
        tty.setraw(master, termios.TCSANOW)
        tty.setraw(slave, termios.TCSANOW)
        target = os.ttyname(slave)
        # Closed, so that the kernel tells us when nobody has the other end open.
        os.close(slave)
        os.set_blocking(master, False)
        try:
            self._link.symlink_to(target)
        except OSError as error:
            os.close(master)
            there = isinstance(error, FileExistsError)
            hint = "it is there already; another payload may be using it" if there else error.strerror
            raise PortError(f"--pty {self.name}: {hint}. Nothing was started.") from error
        self._master = master

    def pull(self) -> None:
        """See Line."""
        if self._master < 0:
            return
        self._poll = select.poll()
        os.close(self._master)
        self._master = -1
        self._out = b""
        if self._link.is_symlink():
            self._link.unlink()

    def _events(self, timeout_s: float) -> int:
        self._poll.register(self._master, select.POLLIN | (select.POLLOUT if self._out else 0))
        found = self._poll.poll(int(timeout_s * 1000))
        return found[0][1] if found else 0

    def wait(self, timeout_s: float) -> bytes:
        """See Line."""
        if self._master < 0:
            time.sleep(timeout_s)
            return b""
        events = self._events(timeout_s)
        if events & select.POLLIN:
            try:
                return os.read(self._master, 4096)
            except OSError:
                return b""
        if events & select.POLLHUP:
            self._out = b""
            time.sleep(timeout_s)  # nobody is there; poll would come back at once
        elif events & select.POLLOUT:
            self._flush()
        return b""

    def send(self, data: bytes) -> None:
        """See Line."""
        if self._master < 0:
            return
        if data:
            if self._events(0) & select.POLLHUP:
                self._out = b""
                return
            self._out = (self._out + data)[-_QUEUE_MAX * 4 :]
        self._flush()

    def _flush(self) -> None:
        try:
            while self._out:
                self._out = self._out[os.write(self._master, self._out[:4096]) :]
        except OSError:  # full for now, or nobody there
            return

    @property
    def full(self) -> bool:
        """See Line."""
        return len(self._out) > _QUEUE_MAX

    def close(self) -> None:
        """See Line."""
        self.pull()


class TcpLine:
    """A TCP port of this machine alone, for one client at a time."""

    def __init__(self, number: int) -> None:
        self._number = number
        self._client: socket.socket | None = None
        self._out = b""
        self._listener: socket.socket | None = None
        self.plug()

    def plug(self) -> None:
        """See Line."""
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", self._number))
        except OSError as error:
            listener.close()
            raise PortError(
                f"--tcp {self._number}: the port cannot be had ({error.strerror}). Another program may be"
                " using it. Nothing was started."
            ) from error
        listener.listen(2)
        self._listener = listener
        self._number = int(listener.getsockname()[1])
        self.name = f"socket://127.0.0.1:{self._number}"

    def pull(self) -> None:
        """See Line."""
        self._hang_up()
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def wait(self, timeout_s: float) -> bytes:
        """See Line."""
        if self._listener is None:
            time.sleep(timeout_s)
            return b""
        readers = [self._listener] + ([self._client] if self._client else [])
        writers = [self._client] if self._client and self._out else []
        ready, _, _ = select.select(readers, writers, [], timeout_s)
        knocking = self._listener in ready
        # All of it before a new client is let in: the one before may just have gone.
        data = self._read(to_the_end=knocking) if self._client in ready or knocking else b""
        if knocking:
            self._accept(self._listener)
        self._flush()
        return data

    def _read(self, to_the_end: bool) -> bytes:
        """What the client has sent; notices when it has gone."""
        data = b""
        while self._client is not None:
            try:
                piece = self._client.recv(4096)
            except BlockingIOError:
                break
            except OSError:
                piece = b""
            data += piece
            if not piece:
                self._hang_up()
            elif not to_the_end:
                break
        return data

    def _accept(self, listener: socket.socket) -> None:
        client, _ = listener.accept()
        if self._client is not None:
            client.close()  # a port belongs to one program
            return
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._client = client

    def _hang_up(self) -> None:
        if self._client is not None:
            self._client.close()
        self._client = None
        self._out = b""

    def send(self, data: bytes) -> None:
        """See Line."""
        if self._client is not None:
            self._out = (self._out + data)[-_QUEUE_MAX * 4 :]
            self._flush()

    def _flush(self) -> None:
        try:
            while self._out and self._client is not None:
                self._out = self._out[self._client.send(self._out[:4096]) :]
        except BlockingIOError:
            return
        except OSError:
            self._hang_up()

    @property
    def full(self) -> bool:
        """See Line."""
        return len(self._out) > _QUEUE_MAX

    def close(self) -> None:
        """See Line."""
        self.pull()


# ---- the loop ---------------------------------------------------------------------------------------------


class Server:
    """Carries bytes between a line and a payload, and lets emulated time pass."""

    def __init__(self, spec: Mapping[str, Any], target: str, line: Line, pace: float | None) -> None:
        self._spec = dict(spec)
        self._target_name = target
        self._line = line
        self._pace = pace
        self._bench = bench.Splitter()
        self._target: Target = TARGETS[target](self._spec)
        self._base_s = time.monotonic()
        self._base_ms = 0
        self.ms = 0
        self._busy = False
        self._linger = 0
        self._heard_ms = 0
        self._heard_s = -_TALKING_S
        self._clean = True
        self._notes: list[bytes] = []
        self._plugged = True
        self.plugged = True
        """Whether the cable is to be in; changed at any time, obeyed before the next slice."""
        self.ended = False

    def run(self) -> None:
        """Serve until `ended` is set."""
        try:
            while not self.ended:
                self.step()
        finally:
            self._target.stop()

    def step(self) -> None:
        """Wait for bytes as long as the pace allows, then one slice."""
        if self.plugged != self._plugged:
            self._move_cable()
        received = self._line.wait(self._wait_s())
        if received:
            self._linger = _LINGER
            self._heard_ms, self._heard_s = self.ms, time.monotonic()
            received = self._to_bench(received)
        ticks = self._ticks(bool(received))
        if not ticks:
            return
        told = self._target.slice(ticks, received)
        self.ms = told["ms"]
        self._busy = bool(told["busy"])
        self._linger = max(0, self._linger - ticks)
        for scene in told["pictures"]:
            self._notes.append(bench.frame_of({"t": "picture", "scene": scene}))
        self._send(told["tx"])

    def _move_cable(self) -> None:
        """Pull the cable, or plug it in. What the payload has on the line is lost, as it is on a real one."""
        self._plugged = self.plugged
        if self._plugged:
            self._line.plug()
        else:
            self._line.pull()
            self._clean = False  # a frame may have been cut; the next one ends it
        print("the line was " + ("plugged in" if self._plugged else "pulled"), file=sys.stderr, flush=True)

    def _fast(self) -> bool:
        return self._pace is None and (self._busy or self._linger > 0)

    def _outrunning(self) -> bool:
        """Whether somebody talks with us and is being left behind by emulated time: the link would count as
        lost because this machine is fast.
        """
        talking = time.monotonic() - self._heard_s < _TALKING_S
        return talking and self.ms - self._heard_ms > _AHEAD_MS

    def _due_ms(self) -> float:
        return self._base_ms + (time.monotonic() - self._base_s) * 1000 * (self._pace or 1.0)

    def _wait_s(self) -> float:
        if self._line.full:
            return 0.05
        if self._fast():
            return _GRACE_S if self._outrunning() else 0.0
        ahead_ms = self.ms + _IDLE_TICKS * TICK_MS - self._due_ms()
        return min(0.1, max(0.0, ahead_ms / 1000 / (self._pace or 1.0)))

    def _ticks(self, talked: bool) -> int:
        """Ticks of the next slice."""
        if self._line.full:
            return 0  # the other end reads slower than we run: emulated time waits for it
        if self._fast():
            self._base_s, self._base_ms = time.monotonic(), self.ms
            return _BURST
        due = int(self._due_ms() - self.ms) // TICK_MS
        if due * TICK_MS > _BEHIND_S * 1000 * (self._pace or 1.0):
            self._base_s, self._base_ms = time.monotonic(), self.ms
            due = _CATCH_UP
        return max(1 if talked else 0, min(due, _CATCH_UP))

    def _send(self, data: bytes) -> None:
        """The payload's bytes, and the bench's frames where none of the payload's is cut in two."""
        if data:
            self._clean = data.endswith(b"\x7e")
        self._line.send(data)
        if self._notes and self._clean and self._plugged:
            for note in self._notes:
                self._line.send(note)
            self._notes.clear()

    def _to_bench(self, received: bytes) -> bytes:
        """What is for the bench goes there; the rest is the payload's."""
        rest, messages = self._bench.feed(received)
        for message in messages:
            self._notes.append(bench.frame_of(self._asked(message)))
        return rest

    def _asked(self, message: Mapping[str, Any]) -> dict[str, Any]:
        kind = message.get("t")
        if kind == "fresh":
            try:
                self._fresh(message)
            except (GroundError, ValueError, KeyError, TypeError) as error:
                return {"t": "refused", "why": str(error)}
        elif kind != "hello":
            return {"t": "refused", "why": f"the bench knows hello and fresh, not {kind!r}"}
        return {
            "t": "here",
            "rock": self._spec["rock"],
            "seed": self._spec["seed"],
            "target": self._target_name,
            "ms": self.ms,
        }

    def _fresh(self, message: Mapping[str, Any]) -> None:
        """Another rock under the drill: a payload as it left the workshop, powered on."""
        spec = dict(self._spec)
        for key in ("rock", "rock_data", "seed", "faults"):
            if key in message:
                spec[key] = message[key]
        self._target.stop()
        self._target = TARGETS[self._target_name](spec)
        self._spec = spec
        self.ms = 0
        self._heard_ms = 0
        self._busy = False
        self._clean = True
        self._base_s, self._base_ms = time.monotonic(), 0


@contextmanager
def _ending(server: Server) -> Iterator[None]:
    """Ctrl-C and a request to end stop the loop between two slices; SIGUSR1 pulls the cable, or plugs it in.
    """

    def end(_number: int, _frame: FrameType | None) -> None:
        server.ended = True

    def move_cable(_number: int, _frame: FrameType | None) -> None:
        server.plugged = not server.plugged

    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGUSR1] = signal.signal(signal.SIGUSR1, move_cable)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def serve(spec: Mapping[str, Any], target: str, line: Line, pace: float | None) -> int:
    """Serve on `line` until the process is asked to end. Gives the exit status."""
    try:
        server = Server(spec, target, line, pace)
        with _ending(server):
            print(
                f"emulated payload on {target}, rock {spec['rock']}, seed {spec['seed']}: "
                f"--port {line.name}\nCtrl-C ends it.",
                flush=True,
            )
            server.run()
        print(f"ended after {server.ms / 1000:.1f} emulated seconds; actuators off.", file=sys.stderr)
    finally:
        line.close()
    return 0
