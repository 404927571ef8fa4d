"""``python -m impasto`` is the command ``impasto``."""

from __future__ import annotations

import runpy
import subprocess
import sys

import pytest

import impasto


def test_it_is_the_command(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["impasto", "--version"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module("impasto", run_name="__main__")
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip().endswith(impasto.__version__)


def test_its_exit_code_is_that_of_the_process():
    said = subprocess.run([sys.executable, "-m", "impasto", "presets", "none-of-them"], capture_output=True, text=True)
    assert said.returncode == 2
    assert said.stderr.startswith("impasto: error: ")
