"""`scripts/gpu-check` does on this processor, at tiny sizes, what it will do on a graphics card; what fails costs
itself alone."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "scripts" / "gpu-check"
BROKEN = """
import os, sys, time
from pathlib import Path
from gpu.parts import Part, check

def fails(setup):
    setup.tell("before", 1)
    raise ValueError("no such thing")

def hangs(setup):
    setup.tell("before", 2)
    time.sleep(600)

def attempts(setup):
    setup.attempt("one", lambda: 1 / 0)
    setup.attempt("two", lambda: {"within": False})
    setup.attempt("three", lambda: {"within": True})

def told(setup):
    setup.tell("before", 3)
    os._exit(7)

if __name__ == "__main__":
    import gpu.parts
    gpu.parts._LEAST, gpu.parts._GRACE = 0.0, 0.1
    shares = {fails: 1, hangs: 1 / 60, attempts: 1, told: 1}  # some 5 s of 10 minutes, and far more than others need
    parts = [Part(work.__name__, share, work) for work, share in shares.items()]
    sys.exit(check(parts, "cpu", 600.0, Path(sys.argv[1]), {"head": True}, tiny=True))
"""


@pytest.fixture
def script() -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("gpu_check", str(SCRIPT))
    spec = importlib.util.spec_from_loader("gpu_check", loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT / "benchmarks")])}


@pytest.mark.slow
def test_it_runs_on_this_processor(tmp_path):
    file = tmp_path / "gpu-cpu.json"
    command = [sys.executable, SCRIPT, "--device", "cpu", "--minutes", "20", "--output", file]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(file.read_text())
    assert (report["device"], report["tiny"]) == ("cpu", True)
    assert {part["state"] for part in report["parts"].values()} == {"done"}
    found = {name: part["found"] for name, part in report["parts"].items()}
    assert set(found["paintings"]) == {
        "the first run",
        *(f"{kind} {size}" for kind in ("default", "neural-style") for size in (512, 1024, 2048, 4096)),
    }
    assert found["recovery"]["in tiles from the start"]["tile_size"] == 32
    assert found["losses"]["default"]["float32"] == {"loss": 0, "gradient": 0}  # the same device
    assert found["resuming"]["from cpu to cpu"] == {"apart": 0, "steps": 6, "within": True}


def test_a_part_that_fails_hangs_or_breaks_costs_itself_alone(tmp_path):
    file = tmp_path / "gpu-broken.json"
    done = subprocess.run([sys.executable, "-c", BROKEN, file], env=environment(), capture_output=True, text=True)
    report = json.loads(file.read_text())
    parts = report["parts"]
    assert (done.returncode, report["head"]) == (0, True)  # not all were done
    assert {name: part["state"] for name, part in parts.items()} == {
        "fails": "failed: error",
        "hangs": "cut off",
        "attempts": "failed: one, two",
        "told": "ended with 7",
    }
    assert "no such thing" in parts["fails"]["found"]["error"]
    assert "ZeroDivisionError" in parts["attempts"]["found"]["one"]["error"]
    assert [part["found"].get("before") for part in parts.values()] == [1, 2, None, 3]


def test_wheels_are_taken_for_what_is_not_there(script, tmp_path):
    for name in ("torch-2.6.0-cp312-none-any.whl", "nobody_has_this-1.0-py3-none-any.whl", "notes.txt"):
        (tmp_path / name).touch()
    assert [file.name for file in script.missing(tmp_path)] == ["nobody_has_this-1.0-py3-none-any.whl"]


def test_impasto_says_its_version_where_it_is_not_installed(script, tmp_path):
    script.introduce(tmp_path)
    (found,) = metadata.distributions(name="impasto", path=[str(tmp_path)])
    assert found.version == metadata.version("impasto")
