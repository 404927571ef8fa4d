"""Handling of SIGINT (Ctrl-C), SIGTERM and SIGHUP during a run: the first signal stops it, the second one exits."""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

__all__ = ["GRACE", "Interrupt"]

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
GRACE = 1.5  # seconds after a signal before the present iteration is aborted


class _GivenUp(BaseException):
    """The present iteration was aborted, because it took too long after a signal."""


class Interrupt:
    """A ``with`` block in which the first signal calls ``stop`` and the second raises `SystemExit`.

    Args:
        stop: requests an end after the present iteration.
        grace: seconds after which this iteration is aborted, in a block of `bounded`.

    Attributes:
        code: exit code of the signal, 129, 130 or 143; 0 if there was none.
        gave_up: whether an iteration was aborted, so that the state of the run may be inconsistent.
    """

    def __init__(self, stop: Callable[[], None], grace: float = GRACE) -> None:
        self.code = 0
        self.gave_up = False
        self._stop, self._grace = stop, grace
        self._bounded = self._late = False
        self._timer: threading.Timer | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # only the main thread can install handlers
            handled = (number for number in SIGNALS if not _is_ignored_hangup(number))
            self._previous = {number: signal.signal(number, self._handle) for number in handled}
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """A ``with`` block of iterations that is left at most ``grace`` seconds after a signal, within an iteration if
        necessary."""
        self._bounded = True
        try:
            yield
        except _GivenUp:
            self.gave_up = True
        finally:
            self._bounded = False
            self._forget()

    def _forget(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._late = False

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._late:  # sent by our own timer
            self._late = False
            if self._bounded:
                raise _GivenUp
            return
        if self.code:
            raise SystemExit(128 + number)
        self.code = 128 + number
        self._stop()
        if self._bounded:
            self._timer = threading.Timer(self._grace, self._grow_late, (number,))
            self._timer.daemon = True
            self._timer.start()

    def _grow_late(self, number: int) -> None:
        self._late = True
        _thread.interrupt_main(signal.Signals(number))


def _is_ignored_hangup(number: signal.Signals) -> bool:
    """Whether the process was started by nohup, and has to continue when the terminal is closed."""
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN
