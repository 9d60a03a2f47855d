"""A link on a port: one thread that carries bytes, and the ways to wait for what comes of them."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from host_tools.ground import bench, wire
from host_tools.ground.errors import LinkError, NoAnswer, PortError
from host_tools.ground.link import Ears, Link, Sent, Urgent
from host_tools.ground.port import Port
from host_tools.ground.tag import Tag

_Got = TypeVar("_Got")
_TURN_S = 0.02
_AGAIN_S = 0.3
_REFUSALS = {
    wire.REFUSED_VERSION: "it speaks version {version} of the link, this host version 1; update the older",
    wire.REFUSED_TAG_NEEDED: "it wants every frame signed: give its key with --key FILE",
    wire.REFUSED_TAG_WRONG: "the key of this host is not its key",
}


class Connection:
    """Runs a `Link` on a `Port`. May be called from any thread; `ears` is called from the link's own.

    A port that goes away is opened again by `reopen()` for `rejoin_s`, and the session goes on: what was sent
    is not sent twice, what was missed is asked for. After that, or without `reopen`, `failure` says so.
    """

    def __init__(
        self,
        port: Port,
        ears: Ears,
        tag: Tag | None = None,
        history: bool = False,
        reopen: Callable[[], Port] | None = None,
        rejoin_s: float = 0.0,
    ) -> None:
        self.port = port
        self._reopen = reopen
        self._rejoin_s = rejoin_s
        self._ears = ears
        self.link = Link(ears, int.from_bytes(os.urandom(4), "big"), tag, history)
        self._changed = threading.Condition()
        self._extra: list[bytes] = []
        self._waked, self._wake = os.pipe()
        os.set_blocking(self._wake, False)
        self._ending = False
        self.failure: PortError | None = None
        self._thread = threading.Thread(target=self._run, name="ground link", daemon=True)

    def start(self) -> None:
        """Begin: HELLO goes out at once."""
        self._thread.start()

    def close(self) -> None:
        """Leave on purpose and let go of the port; a second time does nothing."""
        if not self._ending:
            self._ending = True
            if self._thread.is_alive() and self._thread is not threading.current_thread():
                self._thread.join(2.0)
            for end in (self._waked, self._wake):
                os.close(end)
        self.port.close()

    # Waiting

    def wait(self, get: Callable[[], _Got | None], timeout_s: float | None) -> _Got | None:
        """Wait until `get()` gives something, looked at each time anything came. None after `timeout_s`.

        Raises PortError when the port goes away meanwhile.
        """
        limit = None if timeout_s is None else time.monotonic() + timeout_s
        with self._changed:
            while True:
                got = get()
                if got is not None:
                    return got
                if self.failure is not None:
                    raise self.failure
                left = None if limit is None else limit - time.monotonic()
                if left is not None and left <= 0:
                    return None
                # Never for long: a signal handler of Python runs only between two waits.
                self._changed.wait(0.2 if left is None else min(left, 0.2))

    def wait_up(self, timeout_s: float) -> wire.Welcome:
        """Wait for the handshake. Raises LinkError, with what was heard instead, when it does not come."""
        link = self.link

        def got() -> wire.Welcome | bool | None:
            return link.welcome if link.up else True if link.refused else None

        found = self.wait(got, timeout_s)
        if isinstance(found, wire.Welcome):
            return found
        raise LinkError(f"{self.port.name}: {self._why_not(timeout_s)} Nothing was sent.")

    def _why_not(self, timeout_s: float) -> str:
        refusal = getattr(self._ears, "refusal", None)
        if self.link.refused and refusal:
            reason, version = refusal
            words = _REFUSALS.get(reason, f"reason {reason}").format(version=version)
            return f"the payload refuses to talk: {words}."
        counts = self.link.counts
        if counts.untagged:
            return "the payload answers unsigned: it has no key. Leave --key out, or put the key on it."
        if counts.mistagged:
            return "its answers are not signed with this key: the key of this host is not its key."
        if counts.heard:
            return "a payload is there, but did not finish the handshake."
        if counts.text:
            return f"no payload answered in {timeout_s:.0f} s, only text came. Is a prompt (REPL) open there?"
        return f"no payload answered in {timeout_s:.0f} s. Is its firmware running?"

    # Sending

    def send(self, packet: bytes) -> Sent:
        """Give a packet to the link."""
        with self._changed:
            sent = self.link.send(packet)
        self._hurry()
        return sent

    def urgent(self, kind: int) -> Urgent:
        """Send STOP, ABORT, PAUSE or RESUME now."""
        with self._changed:
            one = self.link.urgent(kind)
        self._hurry()
        return one

    def ask_key(self) -> None:
        """Have packed telemetry begin anew."""
        with self._changed:
            self.link.ask_key()

    def to_bench(self, message: Mapping[str, Any]) -> None:
        """Say something to the emulator's bench."""
        with self._changed:
            self._extra.append(bench.frame_of(message, bench.TO_BENCH))
        self._hurry()

    def wait_done(self, sent: Sent, timeout_s: float | None) -> Sent:
        """Wait until nothing more will become of `sent`. Raises NoAnswer after `timeout_s`."""
        if self.wait(lambda: sent if sent.done else None, timeout_s) is None:
            raise NoAnswer(f"{self.port.name}: no answer in {timeout_s:g} s; the payload may still do it.")
        return sent

    # The thread

    def _now_ms(self) -> int:
        return time.monotonic_ns() // 1_000_000

    def _run(self) -> None:
        while not self._ending:
            try:
                self._carry()
            except PortError as error:
                if not self._come_back(error):
                    return

    def _carry(self) -> None:
        """Carry bytes until the end."""
        while not self._ending:
            with self._changed:
                out = self.link.poll(self._now_ms()) + b"".join(self._extra)
                self._extra.clear()
            if out:
                self.port.write(out)
            data = self.port.read(_TURN_S, self._waked)
            if data:
                with self._changed:
                    self.link.receive(data, self._now_ms())
                    self._changed.notify_all()
        self.port.write(self.link.bye())

    def _come_back(self, error: PortError) -> bool:
        """The port went away: wait for it to be there again. False when it stays away."""
        if self._ending:
            return False
        self.port.close()
        with self._changed:
            self.link.cut(str(error))
            self._changed.notify_all()
        limit = time.monotonic() + self._rejoin_s
        while self._reopen is not None and not self._ending and time.monotonic() < limit:
            time.sleep(_AGAIN_S)
            with contextlib.suppress(PortError):
                self.port = self._reopen()
                return True
        with self._changed:
            if not self._ending:
                self.failure = error
            self._changed.notify_all()
        return False

    def _hurry(self) -> None:
        """Have the thread look at once. A full pipe wakes it as well."""
        with contextlib.suppress(OSError):
            os.write(self._wake, b"!")


