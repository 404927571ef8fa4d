"""The entry point: what costs nothing to ask, and the border that lets no traceback through."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys

import pytest
import torch

import impasto as package
from impasto.errors import WeightsError

HEAVY = {"torch", "numpy", "PIL", "scipy", "h5py", "rich", "requests", "pooch", "safetensors"}


@pytest.fixture
def broken(monkeypatch, impasto, photo, painting, out):
    """Run ``stylize`` where painting raises an exception."""

    def run(error: BaseException):
        def stylizer(*args: object, **options: object) -> None:
            raise error

        monkeypatch.setattr("impasto.api.Stylizer", stylizer)
        return impasto("stylize", photo, painting, "-o", out)

    return run


@pytest.mark.parametrize(
    "args", [["--help"], ["--version"], [], ["stylize", "--help"], ["presets"], ["stylize", "--sise", "3"]]
)
def test_what_only_tells_imports_nothing_heavy(args):
    script = "import sys; from impasto.cli.main import main; "
    script += f"main({args!r}); sys.exit(','.join({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    heavy = set(filter(None, done.stderr.splitlines()[-1:]))
    assert not {name for line in heavy for name in line.split(",")} & HEAVY


def test_the_module_is_the_command():
    done = subprocess.run([sys.executable, "-m", "impasto", "--version"], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"impasto {package.__version__}\n", "")


def test_without_arguments_it_shows_its_help(impasto):
    bare, asked = impasto(), impasto("--help")
    assert bare == asked
    assert bare.code == 0
    for command in ("stylize", "demo", "presets", "inspect", "weights"):
        assert f"  {command} " in bare.out


def test_the_process_arguments_are_the_default(monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["impasto", "--version"])
    assert importlib.import_module("impasto.cli.main").main() == 0
    assert capfd.readouterr().out == f"impasto {package.__version__}\n"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["stilize"], "impasto: error: no such command 'stilize'"),
        (["weights", "fetch"], "impasto: error: missing argument 'ID'; see 'impasto weights fetch --help'"),
        (["presets", "--names"], "impasto: error: no such option '--names'"),
        (["presets", "no-such"], "impasto: error: unknown preset 'no-such'; "),
    ],
)
def test_wrong_usage_is_one_line(impasto, args, message):
    assert impasto(*args).refused().startswith(message)


def test_errors_on_purpose_are_their_line(broken):
    said = broken(WeightsError("no weights\nhere", "fetch them"))
    assert said.refused() == "impasto: error: no weights here; fetch them"


def test_a_fault_of_ours_shows_no_traceback(broken):
    line = broken(ZeroDivisionError("division\nby zero")).refused(code=1)
    assert line.startswith("impasto: error: impasto stylize failed unexpectedly, ZeroDivisionError: division by zero; ")
    assert "please report it, with what IMPASTO_DEBUG=1 shows" in line


def test_debugging_shows_the_traceback(broken, monkeypatch):
    monkeypatch.setenv("IMPASTO_DEBUG", "1")
    said = broken(ZeroDivisionError("boom"))
    assert said.code == 1
    assert "Traceback (most recent call last)" in said.err
    assert said.err.splitlines()[-1].startswith("impasto: error: ")


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 4 bytes"),
    ],
)
def test_memory_that_runs_out(broken, error):
    assert (
        broken(error).refused() == "impasto: error: not enough memory; choose a smaller --size, or close other programs"
    )


def test_an_interrupt_before_painting(broken):
    said = broken(KeyboardInterrupt())
    assert said.code == 130
    assert said.err.strip() == "impasto: interrupted"


@pytest.mark.parametrize(("stop", "code"), [(SystemExit(143), 143), (SystemExit("why"), 1)])
def test_an_exit_becomes_its_code(broken, stop, code):
    assert broken(stop).code == code


@pytest.mark.parametrize("args", [["presets"], ["stylize", "--help"]])
def test_a_closed_pipe_is_quiet(args):
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run([sys.executable, "-m", "impasto", *args], stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")
