"""Ctrl-C, SIGTERM and SIGHUP while a run paints: the first asks it to stop and keeps the picture, the second ends at once."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

__all__ = ["Interrupt"]

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupt:
    """A ``with`` block in which the first signal calls ``stop`` and the second raises `SystemExit`.

    Attributes:
        code: the exit code of the signal that came, 129, 130 or 143; 0 while none has.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self.code = 0
        self._stop = stop
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # the only one that may install handlers
            heard = (number for number in SIGNALS if not _is_ignored_hangup(number))
            self._previous = {number: signal.signal(number, self._handle) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.code:
            raise SystemExit(128 + number)
        self.code = 128 + number
        self._stop()


def _is_ignored_hangup(number: signal.Signals) -> bool:
    """Whether somebody started us with nohup, so that we go on when the terminal is closed."""
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN
