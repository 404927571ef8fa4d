"""Ctrl-C, SIGTERM and SIGHUP while a run paints: the first asks it to stop and keeps the picture, the second ends at
once."""

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
GRACE = 1.5  # seconds that an iteration may go on after a signal before it is given up


class _GivenUp(BaseException):
    """The iteration that was running when a signal came takes too long."""


class Interrupt:
    """A ``with`` block in which the first signal calls ``stop`` and the second raises `SystemExit`.

    Args:
        stop: asks for an end after the iteration that is running.
        grace: seconds that this iteration has, inside `bounded`.

    Attributes:
        code: the exit code of the signal that came, 129, 130 or 143; 0 while none has.
        gave_up: whether an iteration was given up: what it had begun to change is neither as before nor as after it.
    """

    def __init__(self, stop: Callable[[], None], grace: float = GRACE) -> None:
        self.code = 0
        self.gave_up = False
        self._stop, self._grace = stop, grace
        self._bounded = self._late = False
        self._timer: threading.Timer | None = None
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Interrupt:
        if threading.current_thread() is threading.main_thread():  # the only one that may install handlers
            heard = (number for number in SIGNALS if not _is_ignored_hangup(number))
            self._previous = {number: signal.signal(number, self._handle) for number in heard}
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    @contextmanager
    def bounded(self) -> Iterator[None]:
        """A ``with`` block of iterations that ends soon after a signal, if need be in the middle of one."""
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
        if self._late:  # our own timer, and no second signal
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
    """Whether somebody started us with nohup, so that we go on when the terminal is closed."""
    return number.name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN
