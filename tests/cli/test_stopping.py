"""Ctrl-C and SIGTERM keep the picture painted so far; asked twice, the command ends at once."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest
from tiny import TINY

from impasto.cli.progress import PlainReport
from impasto.images.files.io import read_picture, read_record
from impasto.objective.objective import Objective


def test_ctrl_c_in_a_process_of_its_own(photo, painting, out):
    args = ["stylize", photo, painting, "-o", out, *TINY, "--iterations", "1000000"]
    with subprocess.Popen([sys.executable, "-m", "impasto", *args], stdout=-1, stderr=-1, text=True) as process:
        assert process.stderr.readline().startswith("32 x 21 px: about ")
        assert process.stderr.readline().startswith("scale 1/1")
        process.send_signal(signal.SIGINT)
        told, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "stopped at iteration" in told.splitlines()[0]
    assert "Traceback" not in errors
    assert read_picture(out).pixels.shape == (1, 3, 21, 32)
    assert json.loads(read_record(out))["reason"] == "stopped"


@pytest.fixture
def signalled(monkeypatch, impasto, photo, painting, out):
    """Run ``stylize`` with signals that come at the second iteration."""

    def run(*numbers: signal.Signals):
        def show(self: PlainReport, progress) -> None:
            if progress.step == 2:
                for number in numbers:
                    signal.raise_signal(number)

        monkeypatch.setattr(PlainReport, "show", show)
        monkeypatch.setattr(PlainReport, "say", lambda self, line: None)
        return impasto("stylize", photo, painting, "-o", out, *TINY, "--iterations", "50")

    return run


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_keeps_the_picture(signalled, out, number, code):
    said = signalled(number)
    assert (said.code, said.err) == (code, "")
    assert said.out.splitlines()[0].endswith("stopped at iteration 2 of 50, scale 1 of 1")
    record = json.loads(read_record(out))
    assert (record["reason"], record["iterations"]) == ("stopped", 2)


def test_the_second_signal_ends_at_once(signalled, out):
    said = signalled(signal.SIGINT, signal.SIGINT)
    assert (said.code, said.out, said.err) == (130, "", "")
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("step", [1, 3])
def test_an_iteration_without_an_end_is_given_up(step, impasto, photo, painting, out, monkeypatch):
    """The picture is that of the iteration before, and so is the checkpoint, if there is one; else it begins anew."""
    real, done = Objective.value_and_grad, []

    def endless(self, canvas):
        done.append(1)
        if len(done) == step:
            signal.raise_signal(signal.SIGINT)
            while True:
                time.sleep(0.01)
        return real(self, canvas)

    monkeypatch.setattr(Objective, "value_and_grad", endless)
    said = impasto("stylize", photo, painting, "-o", out, *TINY, "--iterations", "50", "--objective", "gram", "--quiet")
    assert said.code == 130
    assert json.loads(read_record(out))["iterations"] == step - 1
    monkeypatch.setattr(Objective, "value_and_grad", real)
    assert impasto("resume", out.with_name("out.png.checkpoint")).code == 0
