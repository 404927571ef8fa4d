"""The test suite on the device, as far as its time goes."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from .parts import Setup

ROOT = Path(__file__).resolve().parents[2]
WORKERS = 8  # each has a context of its own on the device, which takes half a GB
FEW = "tests/losses/test_content.py"  # for a dry run
_LINES = 60  # of the end of what it said


def suite(setup: Setup) -> None:
    """Tests that need a package which is not there are told as errors of collection; the others run."""
    command = [sys.executable, "-m", "pytest", "--device", setup.device, "-m", "not slow", "-p", "no:cacheprovider"]
    command += ["--continue-on-collection-errors", "--tb=line", "-rfE"]
    if importlib.util.find_spec("xdist") and not setup.tiny:
        command += ["-n", str(min(WORKERS, os.cpu_count() or 1))]
    with tempfile.TemporaryFile("w+") as said:
        process = subprocess.Popen([*command, *([FEW] if setup.tiny else [])], cwd=ROOT, stdout=said, stderr=said)
        try:
            state = f"exit code {process.wait(max(1.0, setup.left))}"
        except subprocess.TimeoutExpired:
            process.kill()  # its workers end when it does
            process.wait()
            state = "cut off"
        said.seek(0)
        lines = said.read().splitlines()
    setup.tell("state", state)
    setup.tell("summary", {"said": lines[-_LINES:], "within": state == "exit code 0"})
