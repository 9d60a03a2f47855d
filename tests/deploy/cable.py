"""A cable that can be pulled."""

from __future__ import annotations

import select
import socket
import threading


class Cable:
    """A TCP port that leads to another, and is pulled as soon as `at` has gone towards the board."""

    def __init__(self, port: str, at: bytes) -> None:
        host, number = port.removeprefix("socket://").split(":")
        self._far = (host, int(number))
        self._at = at
        self._gone = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = f"socket://127.0.0.1:{self._listener.getsockname()[1]}"
        self.pulled = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self.pulled.is_set():
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            with near, socket.create_connection(self._far) as far:
                self._carry(near, far)

    def _carry(self, near: socket.socket, far: socket.socket) -> None:
        while True:
            ready, _, _ = select.select([near, far], [], [], 30)
            for one in ready:
                data = one.recv(4096)
                if not data:
                    return
                if one is near:
                    self._gone = self._gone[-len(self._at) :] + data
                    if self._at in self._gone:
                        self.pulled.set()
                        return
                (far if one is near else near).sendall(data)

    def close(self) -> None:
        """Take it away."""
        self.pulled.set()
        self._listener.close()
