"""The notebook runs, and what lies in the repository shows its pictures without being run."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "examples" / "quickstart.ipynb"


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def pictures(cell: dict[str, Any]) -> int:
    return sum("image/jpeg" in output.get("data", {}) for output in cell["outputs"])


def drawn(cell: dict[str, Any]) -> int:
    """How many pictures the cell's code draws, outside of functions."""
    return len(re.findall(r"^(?:plt\.show|show)\(", "".join(cell["source"]), re.MULTILINE))


@pytest.fixture(scope="module")
def executed(tmp_path_factory) -> list[dict[str, Any]]:
    """The code cells after a run at the smallest size: a cell that fails is an error of the script."""
    target = tmp_path_factory.mktemp("notebook") / "executed.ipynb"
    environment = {**os.environ, "NOTEBOOK_SIZE": "32", "NOTEBOOK_STEPS": "2", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, ROOT / "scripts" / "execute_notebook", target]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return code_cells(target)


def test_every_cell_runs_and_draws_what_it_should(executed):
    assert [pictures(cell) for cell in executed] == [drawn(cell) for cell in executed]
    assert sum(map(drawn, executed)) >= 10


def test_what_is_kept_was_made_by_these_cells_in_order(executed):
    kept = code_cells(NOTEBOOK)
    assert [cell["execution_count"] for cell in kept] == list(range(1, len(kept) + 1))
    assert [[output["output_type"] for output in cell["outputs"]] for cell in kept] == [
        [output["output_type"] for output in cell["outputs"]] for cell in executed
    ]


def test_what_is_kept_is_small_and_shows_anywhere():
    assert NOTEBOOK.stat().st_size < 1_500_000
    for cell in code_cells(NOTEBOOK):
        assert pictures(cell) == drawn(cell)
        for output in cell["outputs"]:
            assert output["output_type"] in ("stream", "display_data")
            assert output.get("name") != "stderr"
            assert set(output.get("data", {})) <= {"image/jpeg", "text/plain"}
            text = "".join([*output.get("text", ""), *output.get("data", {}).get("text/plain", "")])
            assert not re.search(r"/(home|root|tmp|usr|opt|work|Users|var)/|[A-Z]:\\", text)
