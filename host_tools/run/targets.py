"""The places where a session runs: this Python, or the real MicroPython VM as a program of its own.

Both get the same specification and speak to the same sink, so that nothing above this file knows which one
it is.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
import time
import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

from host_tools import paths
from host_tools.boards import find
from host_tools.run.errors import Interrupted, RunError, UsageError
from host_tools.run.protocol import CHIP, RUN_TARGETS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from host_tools.run.interrupts import InterruptGate
    from host_tools.run.protocol import Sink

HEAP = "64M"
# A session speaks several times an emulated second; this much silence of the wall clock means that it hangs.
SILENCE_S = 300.0
_END_S = 5.0
_STDERR_LINES = 60
KEPT = "The run folder has what came before, and error.txt where it happened."


def require(target: str) -> None:
    """UsageError when `target` is unknown or not installed; the text says how to get it."""
    if target not in RUN_TARGETS:
        raise UsageError(f"--target {target}: unknown target. Allowed: {', '.join(RUN_TARGETS)}.")
    try:
        paths.check_project()
        if target == "micropython":
            paths.find_micropython()
        elif target == CHIP:
            _require_chip()
    except paths.MissingPart as missing:
        raise UsageError(f"--target {target}: {missing}") from missing


def _require_chip() -> None:
    """Node, and the image with the firmware in it, which is built when it is not in the cache."""
    from host_tools.chip import session
    from host_tools.chip.errors import ChipError
    from host_tools.chip.uf2 import ImageError

    try:
        session.require()
    except (ChipError, ImageError) as error:
        raise UsageError(f"--target chip: {error}") from error


def run_session(target: str, spec: Mapping[str, Any], sink: Sink, gate: InterruptGate) -> dict[str, Any]:
    """Run one session to its end and give its result. RunError when the target failed; Interrupted on
    Ctrl-C.
    """
    if target == "cpython":
        return run_cpython(spec, sink)
    if target == CHIP:
        return run_chip(spec, sink, gate)
    return run_micropython(spec, sink, gate)


def run_cpython(spec: Mapping[str, Any], sink: Sink) -> dict[str, Any]:
    """Run the session in this process."""
    from host_tools.emulator import loader

    loader.install(str(spec["board"]))
    from host_tools.emulator.session import Session

    return _in_words(lambda: Session(dict(spec), sink).run())


def run_chip(spec: Mapping[str, Any], sink: Sink, gate: InterruptGate) -> dict[str, Any]:
    """Run the session with the firmware on the emulated RP2040."""
    from host_tools.emulator import loader

    loader.install(str(spec["board"]))
    from host_tools.chip import session

    return _in_words(lambda: session.run_chip(spec, sink, gate))


def _in_words(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `run` gives; its errors as RunError, an interrupt as Interrupted."""
    try:
        return run()
    except Interrupted:
        raise
    except KeyboardInterrupt as stop:
        raise Interrupted("interrupted") from stop
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        raise RunError(
            f"the emulation stopped: {type(error).__name__}: {error} ({os.path.basename(last.filename)}, "
            f"line {last.lineno}). {KEPT}",
            traceback.format_exc(),
        ) from error


def vm_command(vm: Path) -> list[str]:
    """The command line of the MicroPython program that runs a session."""
    return [str(vm), "-X", "heapsize=" + HEAP, str(paths.HOST / "host_tools" / "emulator" / "vm_main.py")]


def vm_path(board: str) -> str:
    """MICROPYPATH: the emulated modules first, so that `import machine` finds them."""
    parts = (paths.HOST / "host_tools" / "emulator", find.folder_of(board), paths.FIRMWARE, paths.HOST)
    return ":".join(str(part) for part in parts)


def run_micropython(
    spec: Mapping[str, Any], sink: Sink, gate: InterruptGate, command: list[str] | None = None
) -> dict[str, Any]:
    """Run the session on the MicroPython VM, a child process that speaks JSON lines. `command` replaces it
    in tests.
    """
    if command is None:
        command = vm_command(paths.find_micropython())
    child = _Child(command, dict(os.environ, MICROPYPATH=vm_path(str(spec["board"]))))
    try:
        child.tell(dict(spec))
        return _converse(child, sink, gate)
    except KeyboardInterrupt:
        child.interrupt()
        raise
    finally:
        child.end()


def _converse(child: _Child, sink: Sink, gate: InterruptGate) -> dict[str, Any]:
    while True:
        line = child.hear(gate)
        if line is None:
            raise child.obituary()
        try:
            message = json.loads(line)
            kind = message["t"]
        except (ValueError, KeyError, TypeError):
            # A line that is no message is someone's print: worth showing when the child dies, harmless
            # otherwise.
            child.note(line)
            continue
        if kind == "telemetry":
            sink.telemetry(message["row"])
        elif kind == "event":
            sink.event(message)
        elif kind == "columns":
            sink.columns(message["names"])
        elif kind == "picture":
            child.tell(sink.picture(message["scene"]))
        elif kind == "hold":
            child.tell(sink.hold(message["evidence"]))
        elif kind == "result":
            result = message.get("result")
            return result if isinstance(result, dict) else {k: v for k, v in message.items() if k != "t"}
        elif kind == "error":
            raise RunError(
                f"the emulation stopped: {message.get('message', 'no reason given')}. {KEPT}", child.tail()
            )
        else:
            raise RunError(f"the MicroPython VM sent a message of unknown kind '{kind}'. The run was ended.")


class _Child:
    """The VM as a process: its lines come through a bounded queue, so that a slow reader slows it down."""

    def __init__(self, command: list[str], env: dict[str, str]) -> None:
        try:
            # A group of its own: the terminal's Ctrl-C reaches only the host, which then ends the session in
            # order.
            self._process = subprocess.Popen(
                command,
                env=env,
                cwd=paths.ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise RunError(
                f"{command[0]} does not start: {error.strerror or error}. Nothing was run."
            ) from error
        self._lines: queue.Queue[str | None] = queue.Queue(maxsize=2000)
        self._notes: deque[str] = deque(maxlen=_STDERR_LINES)
        self._closing = False
        self._threads = [
            threading.Thread(target=self._read_out, daemon=True),
            threading.Thread(target=self._read_err, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _read_out(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            while not self._closing:
                try:
                    self._lines.put(line, timeout=0.2)
                    break
                except queue.Full:
                    continue
        while not self._closing:
            try:
                self._lines.put(None, timeout=0.2)
                return
            except queue.Full:
                continue

    def _read_err(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._notes.append(line.rstrip())

    def note(self, line: str) -> None:
        self._notes.append(line.rstrip())

    def tell(self, message: Mapping[str, Any]) -> None:
        """One JSON line to the child; a child that has died is noticed at the next hear()."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(message, separators=(",", ":")) + "\n")
            self._process.stdin.flush()
        except (BrokenPipeError, ValueError):
            return

    def hear(self, gate: InterruptGate) -> str | None:
        """The child's next line, None when it has ended. Raises Interrupted, and RunError after too long a
        silence.
        """
        limit = time.monotonic() + SILENCE_S
        while True:
            gate.check()
            try:
                return self._lines.get(timeout=0.1)
            except queue.Empty:
                if time.monotonic() > limit:
                    raise RunError(
                        f"the MicroPython VM said nothing for {SILENCE_S:.0f} s and was ended. {KEPT}",
                        self.tail(),
                    ) from None

    def tail(self) -> str:
        """The end of what the child wrote beside the protocol."""
        return "\n".join(self._notes)

    def obituary(self) -> RunError:
        """Why there is no result: exit status or signal, and the last line it wrote."""
        try:
            status = self._process.wait(_END_S)
        except subprocess.TimeoutExpired:
            status = None
        for thread in self._threads:
            thread.join(1.0)
        if status is None:
            how = "closed its output without a result"
        elif status < 0:
            how = f"was killed by signal {-status} ({signal.Signals(-status).name})"
        else:
            how = f"ended with status {status} and without a result"
        last = f"; it said last: {self._notes[-1].strip()}" if self._notes else ""
        return RunError(f"the MicroPython VM {how}{last}. {KEPT}", self.tail())

    def interrupt(self) -> None:
        """Tell the session to make the payload safe and end; a few seconds are given for it."""
        self._closing = True
        self._close_stdin()
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            try:
                self._process.wait(_END_S)
            except subprocess.TimeoutExpired:
                self._process.kill()

    def end(self) -> None:
        """Nothing of the child is left afterwards."""
        self._closing = True
        self._close_stdin()
        try:
            # After the result the child has only its own tidying up to do.
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for thread in self._threads:
            thread.join(1.0)
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()

    def _close_stdin(self) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.close()
        except (BrokenPipeError, ValueError):
            return
