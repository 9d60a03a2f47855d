"""A headless Chromium, driven over its DevTools protocol by a WebSocket of forty lines."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


def program() -> str | None:
    """The Chromium of this machine."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Page:
    """One page. `run` gives what an expression of JavaScript gives."""

    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        assert parts.hostname and parts.port
        self._socket = socket.create_connection((parts.hostname, parts.port), 10)
        self._socket.settimeout(30)
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._bytes = b""
        while b"\r\n\r\n" not in self._bytes:
            self._bytes += self._socket.recv(4096)
        self._bytes = self._bytes.split(b"\r\n\r\n", 1)[1]
        self._count = 0

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()

    def _take(self, size: int) -> bytes:
        while len(self._bytes) < size:
            more = self._socket.recv(65536)
            assert more, "the browser has gone"
            self._bytes += more
        taken, self._bytes = self._bytes[:size], self._bytes[size:]
        return taken

    def _message(self) -> dict[str, Any]:
        text = b""
        while True:
            first, second = self._take(2)
            size = second & 0x7F
            if size == 126:
                (size,) = struct.unpack(">H", self._take(2))
            elif size == 127:
                (size,) = struct.unpack(">Q", self._take(8))
            text += self._take(size)
            if first & 0x80:
                return json.loads(text)

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        self._count += 1
        data = json.dumps({"id": self._count, "method": method, "params": params}).encode()
        mask = os.urandom(4)
        head = struct.pack(">BBH", 0x81, 0x80 | 126, len(data))
        self._socket.sendall(head + mask + bytes(byte ^ mask[n & 3] for n, byte in enumerate(data)))
        while True:
            message = self._message()
            if message.get("id") == self._count:
                assert "error" not in message, message
                return message["result"]

    def run(self, expression: str) -> Any:
        """Evaluate JavaScript; a promise is awaited."""
        found = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def until(self, expression: str, seconds: float = 20.0) -> Any:
        """Evaluate until it gives something true."""
        limit = time.monotonic() + seconds
        while True:
            value = self.run(expression)
            if value or time.monotonic() > limit:
                assert value, f"never true: {expression}"
                return value
            time.sleep(0.2)

    def picture(self, path: Path) -> None:
        """What it looks like, as a PNG."""
        path.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))


@contextlib.contextmanager
def opened(address: str, folder: Path) -> Iterator[Page]:
    """A page at `address` in a browser of its own; nothing of it is left."""
    chromium = program()
    assert chromium is not None
    command = [chromium, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += ["--remote-debugging-port=0", f"--user-data-dir={folder / 'browser'}", "--no-first-run"]
    command += ["--window-size=1500,1100", "--disable-background-networking", "about:blank"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        told = folder / "browser" / "DevToolsActivePort"
        limit = time.monotonic() + 30
        while not told.exists() or len(told.read_text().splitlines()) < 2:
            assert process.poll() is None and time.monotonic() < limit, "chromium did not start"
            time.sleep(0.1)
        number = told.read_text().splitlines()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{number}/json", timeout=10) as listing:
            target = next(one for one in json.load(listing) if one["type"] == "page")
        page = Page(target["webSocketDebuggerUrl"])
        page.ask("Page.enable")
        page.ask("Page.navigate", url=address)
        yield page
        page.close()
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
