"""Ctrl-C, taken between two steps of the emulation and not in the middle of one.

A KeyboardInterrupt anywhere in the plant or a driver would leave a half-made step behind, so the handler
only notes the wish; the sink asks for it each time the session speaks (several times an emulated second).
While a person is asked something, nothing is half made and the wait must end at once, so then the handler
raises. A second Ctrl-C raises anywhere.
"""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType
from typing import Any

from host_tools.run.errors import Interrupted


class InterruptGate:
    """Context manager that owns SIGINT and SIGTERM while a run lasts; does nothing outside the main
    thread.
    """

    def __init__(self) -> None:
        self._wished = False
        self._waiting = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> InterruptGate:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_exc: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        again = self._wished
        self._wished = True
        if self._waiting or again:
            raise Interrupted("interrupted")

    def check(self) -> None:
        """Raise Interrupted when the person asked for the end."""
        if self._wished:
            raise Interrupted("interrupted")

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """While inside, an interrupt raises at once: a person is being asked, or we sleep."""
        self.check()
        self._waiting = True
        try:
            yield
        finally:
            self._waiting = False
