"""`rochette console`: the stock F Prime ground system on a payload, in a browser; all of it ends together.

Children run in process groups of their own, so that one Ctrl-C ends this program, and this program ends them.
"""

from __future__ import annotations

import contextlib
import importlib.util
import math
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from host_tools.ground.errors import GroundError
from host_tools.ground.schema import DICTIONARY
from host_tools.run.errors import UsageError

HOST = "127.0.0.1"
GUI_PORT = 5000
UPLINK_PIECE = 200
START_S = 60.0
YAMCS_PAGE = "http://127.0.0.1:8090/"
YAMCS_START_S = 180.0
YAMCS_HINT = (
    "Install it beside this program: python -m pip install 'fprime-yamcs==0.2.4' (it brings Yamcs, which is"
    " under the AGPL, and a Java)."
)
HINTS = """\
Charts: choose 'Earth Received Time' as Time, for a payload's clock is not this machine's.
What moves or commits hardware takes two commands: link.ARM with the opcode that the page says of it, then it
itself. --arm sends the first by itself."""
ORDERS = ("stop", "abort", "pause", "resume")
ORDERS_HINT = "Type stop, abort, pause or resume here: the page has no button for it. Ctrl-C ends all of it."
_ORDER_S = 8.0
_END_S = 8.0

Order = Callable[[str], str]


class Child:
    """A program in a process group of its own, its output in a file."""

    def __init__(self, name: str, command: Sequence[str], log: Path, cwd: Path | None = None) -> None:
        self.name = name
        self.log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                cwd=cwd,
                # Yamcs's launcher calls programs that were installed beside this Python.
                env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            )

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process.poll() is not None

    def check(self) -> None:
        """Raise GroundError when it has ended by itself; the text has the end of what it wrote."""
        if self.ended:
            lines = self.log.read_text(errors="replace").strip().splitlines()
            last = "".join(f"\n  {line}" for line in lines[-8:])
            raise GroundError(f"{self.name} ended by itself, with status {self._process.returncode}.{last}")

    def signal(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def end(self) -> None:
        """End it and everything that it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, number)
            limit = time.monotonic() + (_END_S if number == signal.SIGTERM else 2.0)
            while time.monotonic() < limit and self._group_lives():
                time.sleep(0.05)
            if not self._group_lives():
                break
        self._process.wait(2.0)

    def _group_lives(self) -> bool:
        self._process.poll()
        try:
            os.killpg(self._process.pid, 0)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def free_port(wanted: int) -> int:
    """`wanted`, when nobody has it, else any free port of this machine."""
    for number in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, number))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise GroundError("no free network port on this machine.")


def rochette(*arguments: str) -> list[str]:
    """The command line that runs this program again."""
    return [sys.executable, "-m", "host_tools.cli", *arguments]


def orders_of(folder: Path) -> Path:
    """The socket on which a ground system's adapter takes orders."""
    return folder / "orders"


def give_order(folder: Path, word: str) -> str:
    """Have the adapter of the ground system in `folder` stop, abort, pause or resume; its answer in words."""
    answers = folder / "answers"
    answers.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as own:
        own.bind(str(answers))
        own.settimeout(_ORDER_S)
        try:
            own.sendto(word.encode(), str(orders_of(folder)))
            return own.recv(1024).decode()
        except OSError:
            return f"{word.upper()}: the ground system did not answer. Use the emergency stop."


def gds_command(
    port: str, folder: Path, gui_port: int, key: str | None, arm: bool, gui: bool = True
) -> list[str]:
    """The command line of the stock ground system on a payload's port. Its files and logs lie in `folder`."""
    command = [
        sys.executable,
        "-m",
        "fprime_gds.executables.run_deployment",
        "-n",
        "--dictionary",
        str(DICTIONARY),
    ]
    command += ["--communication-selection", "rochette", "--rochette-port", port]
    command += ["--framing-selection", "rochette", "--rochette-pictures", str(folder / "pictures")]
    command += ["--rochette-key", key] if key else []
    command += ["--rochette-arm"] if arm else []
    command += ["--rochette-orders", str(orders_of(folder))]
    command += ["--gui", "html" if gui else "none", "--gui-addr", HOST, "--gui-port", str(gui_port)]
    command += ["--skip-browser-open"]
    command += ["--no-clear-history", "--logs", str(folder / "logs"), "--log-directly"]
    command += ["--file-storage-directory", str(folder / "files")]
    command += ["--file-uplink-chunk-size", str(UPLINK_PIECE), "--zmq-transport", *zmq_transport(folder)]
    return command


def zmq_transport(folder: Path) -> tuple[str, str]:
    """The two addresses over which the parts of one ground system talk: a second system needs its own."""
    return f"ipc://{folder}/to-gds", f"ipc://{folder}/from-gds"


def wait_for_page(address: str, children: Sequence[Child], timeout_s: float = START_S) -> None:
    """Wait until the web page answers. Raises GroundError when a child ends, or in time nothing answers."""
    limit = time.monotonic() + timeout_s
    while time.monotonic() < limit:
        for child in children:
            child.check()
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise GroundError(f"{address} did not answer in {timeout_s:.0f} s.")


@contextlib.contextmanager
def emulated(folder: Path, *options: str) -> Iterator[str]:
    """An emulated payload in a process of its own; gives its port."""
    link = folder / "payload"
    child = Child(
        "the emulated payload", rochette("emulate", "--pty", str(link), *options), folder / "payload.log"
    )
    try:
        limit = time.monotonic() + START_S
        while not link.exists():
            child.check()
            if time.monotonic() > limit:
                raise GroundError(f"the emulated payload did not start in {START_S:.0f} s.")
            time.sleep(0.05)
        yield str(link)
    finally:
        child.end()


@contextlib.contextmanager
def ground_system(
    port: str, folder: Path, gui_port: int = GUI_PORT, key: str | None = None, arm: bool = False
) -> Iterator[tuple[str, Child, Order]]:
    """The stock ground system on `port`; gives the address of its page, and what takes orders."""
    number = free_port(gui_port)
    child = Child("fprime-gds", gds_command(port, folder, number, key, arm), folder / "gds.log", folder)
    try:
        address = f"http://{HOST}:{number}/"
        wait_for_page(address, [child])
        yield address, child, lambda word: give_order(folder, word)
    finally:
        child.end()


def require_yamcs() -> None:
    """Raise UsageError when Yamcs is not installed."""
    if importlib.util.find_spec("fprime_yamcs") is None:
        raise UsageError(f"console: Yamcs is not installed. {YAMCS_HINT} Nothing was started.")


@contextlib.contextmanager
def yamcs(port: str, folder: Path, key: str | None = None) -> Iterator[tuple[str, Child, Order]]:
    """Yamcs on `port`, over the CCSDS bridge; gives the address of its page, and what takes orders."""
    from host_tools.ground.ccsds import Bridge
    from host_tools.ground.client import Payload
    from host_tools.ground.vision import Vision

    with contextlib.ExitStack() as stack:
        payload = stack.enter_context(Payload.connect(port, key, START_S, rejoin_s=math.inf))
        payload.look_at_pictures(Vision(folder / "pictures"))
        bridge = Bridge(payload)
        stack.callback(bridge.close)
        command = [sys.executable, "-m", "fprime_yamcs", "-n", "--dictionary", str(DICTIONARY)]
        command += ["--communication-selection", "tcp-fast-client", "--tcp-fast-address", HOST]
        command += ["--tcp-fast-port", str(bridge.number), "--logs", str(folder / "logs"), "--log-directly"]
        child = Child("fprime-yamcs", command, folder / "yamcs.log", folder)
        stack.callback(child.end)
        wait_for_page(YAMCS_PAGE, [child], YAMCS_START_S)
        yield YAMCS_PAGE, child, lambda word: payload.urgent(word.upper())


def _listen(order: Order, seconds: float) -> bool:
    """Carry out what is typed in this time; whether more may come."""
    if os.isatty(0) and os.tcgetpgrp(0) != os.getpgrp():
        time.sleep(seconds)  # in the background: reading would stop this program
        return True
    if not select.select([0], [], [], seconds)[0]:
        return True
    typed = os.read(0, 1024).decode(errors="replace")
    for word in typed.lower().split():
        if word not in ORDERS:
            print(f"'{word}' is none of these. {ORDERS_HINT}", flush=True)
            continue
        try:
            print(order(word), flush=True)
        except GroundError as error:
            print(error, flush=True)
    return bool(typed)


def run(
    port: str | None,
    emulate: Sequence[str],
    gui_port: int,
    key: str | None,
    arm: bool,
    with_yamcs: bool = False,
) -> int:
    """Start everything, print the address, stay until Ctrl-C. `port` None: an emulated payload."""

    def end(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    # SIGINT too: a shell that starts us in the background has it ignored.
    before = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    keep = Path(tempfile.mkdtemp(prefix="rochette-console-"))
    try:
        with contextlib.ExitStack() as stack:
            where = port if port is not None else stack.enter_context(emulated(keep, *emulate))
            system = "Yamcs (a minute)" if with_yamcs else "F Prime's ground system (some ten seconds)"
            print(f"starting {system} ...", file=sys.stderr, flush=True)
            if with_yamcs:
                address, child, order = stack.enter_context(yamcs(where, keep, key))
            else:
                address, child, order = stack.enter_context(ground_system(where, keep, gui_port, key, arm))
            print(f"console: {address}  (payload on {where}; files, pictures and logs in {keep})", flush=True)
            print(ORDERS_HINT if with_yamcs else f"{HINTS}\n{ORDERS_HINT}", flush=True)
            listening = sys.stdin is not None
            while True:
                child.check()
                if listening:
                    listening = _listen(order, 0.5)
                else:
                    time.sleep(0.5)
    except KeyboardInterrupt:
        print("console ended.", file=sys.stderr)
        return 0
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
