"""Ctrl-C and SIGTERM while a run paints: the first asks it to stop and keeps the picture, the second ends at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Interrupt"]

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """A ``with`` block in which the first signal calls ``stop`` and the second raises `SystemExit`.

    Attributes:
        code: the exit code of the signal that came, 130 or 143; 0 while none has.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self.code = 0
        self._stop = stop
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # the only one that may install handlers
            self._previous = {number: signal.signal(number, self._handle) for number in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.code:
            raise SystemExit(128 + number)
        self.code = 128 + number
        self._stop()
