"""The first signal asks the run to stop, the second ends the process, and handlers are put back."""

from __future__ import annotations

import signal
import threading
import time

import pytest

from impasto.cli.interrupt import Interrupt


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_asks_and_the_second_ends(number, code):
    asked = []
    with Interrupt(lambda: asked.append(1)) as interrupt:
        assert interrupt.code == 0
        signal.raise_signal(number)
        assert (asked, interrupt.code) == ([1], code)
        with pytest.raises(SystemExit) as ended:
            signal.raise_signal(number)
    assert ended.value.code == code
    assert asked == [1]


def test_handlers_are_put_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Interrupt(lambda: None):
        assert signal.getsignal(signal.SIGINT) is not before[0]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def test_other_threads_install_nothing():
    before, seen = signal.getsignal(signal.SIGINT), []

    def work() -> None:
        with Interrupt(lambda: None):
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


def test_an_iteration_that_goes_on_is_given_up():
    asked = []
    with Interrupt(lambda: asked.append(1), grace=0.1) as interrupt:
        began = time.monotonic()
        with interrupt.bounded():
            signal.raise_signal(signal.SIGINT)
            while time.monotonic() < began + 60:
                time.sleep(0.01)
        assert time.monotonic() < began + 30
    assert (asked, interrupt.code, interrupt.gave_up) == ([1], 130, True)


def test_one_that_ends_in_time_is_not():
    with Interrupt(lambda: None, grace=0.05) as interrupt:
        with interrupt.bounded():
            signal.raise_signal(signal.SIGTERM)
        time.sleep(0.2)  # what comes then, as writing the picture, is not disturbed
    assert (interrupt.code, interrupt.gave_up) == (143, False)
