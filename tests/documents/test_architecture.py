"""docs/architecture.md: the walk names what is there, and the map is drawn from the imports."""

from __future__ import annotations

import ast
import graphlib
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT, TEXT = ROOT / "scripts" / "draw_architecture", (ROOT / "docs" / "architecture.md").read_text("utf-8")
NAMED = sorted(set(re.findall(r"`([\w./]+\.(?:py|md)|[\w./]+/)(?:::([\w.]+))?`", TEXT)))


@pytest.fixture
def drawing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, which reads an empty package and writes another document."""
    loader = SourceFileLoader("draw_architecture", str(SCRIPT))
    spec = spec_from_loader("draw_architecture", loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "SOURCE", tmp_path / "impasto")
    monkeypatch.setattr(module, "DOCUMENT", tmp_path / "architecture.md")
    for name in ("low", "middle", "high"):
        write(tmp_path / "impasto" / name / "__init__.py", f'"""Room {name},\nwhich is wrapped.\n\nMore."""\n')
    return module


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def defined(path: Path) -> Iterator[str]:
    """Functions and classes at the top of a file, and methods as ``Class.method``."""
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
            yield from (f"{node.name}.{part.name}" for part in ast.walk(node) if isinstance(part, ast.FunctionDef))


def test_the_walk_has_ten_steps_at_most_and_each_names_a_function():
    steps = re.split(r"^\d+\. ", TEXT.partition("## The walk")[2].partition("\n## ")[0], flags=re.MULTILINE)[1:]
    assert 5 <= len(steps) <= 10
    assert all(re.search(r"`[\w/]+\.py::\w+", step) for step in steps)


@pytest.mark.parametrize(("file", "name"), NAMED, ids=lambda part: part)
def test_what_is_named_is_there(file, name):
    path = next((path for path in (ROOT / "src" / "impasto" / file, ROOT / file) if path.exists()), None)
    assert path, file
    assert not name or name in defined(path), f"{file} has no {name}"


def test_rooms_and_arrows_are_those_of_the_imports(drawing, tmp_path):
    rooms = tmp_path / "impasto"
    write(rooms / "__init__.py", "from .high import x\n")  # the package itself is no room
    write(rooms / "single.py", '"""A module."""\nfrom .low import x\n')
    write(rooms / "middle" / "deep" / "a.py", "from ...low import x\nfrom .. import other\n")
    write(rooms / "high" / "b.py", "def f():\n    from ..middle.deep import a\n    import impasto.low\n")
    write(rooms / "high" / "c.py", "from .. import single\nfrom impasto import middle\nimport os.path\n")
    graph = {"low": set(), "middle": {"low"}, "high": {"low", "middle", "single"}, "single": {"low"}}
    assert drawing.arrows() == graph
    assert drawing.reduced(graph)["high"] == {"middle", "single"}
    assert "| `middle` | Room middle, which is wrapped. | 2 | under 50 |" in drawing.drawn()


def test_rooms_that_import_each_other_are_refused(drawing, tmp_path):
    write(tmp_path / "impasto" / "low" / "a.py", "from ..high import x\n")
    write(tmp_path / "impasto" / "high" / "a.py", "from ..low import x\n")
    with pytest.raises(graphlib.CycleError):
        drawing.drawn()


def test_the_document_is_written_and_checked(drawing, tmp_path, monkeypatch, capsys):
    write(tmp_path / "architecture.md", f"Before\n{drawing.BEGIN}\nold\n{drawing.END}\nafter")
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--check"])
    assert drawing.main() == 1
    assert "out of date" in capsys.readouterr().err
    assert "old" in (tmp_path / "architecture.md").read_text("utf-8")  # a check writes nothing
    monkeypatch.setattr(sys, "argv", [str(SCRIPT)])
    assert drawing.main() == 0
    assert (tmp_path / "architecture.md").read_text("utf-8") == f"Before\n{drawing.drawn()}\nafter"
    monkeypatch.setattr(sys, "argv", [str(SCRIPT), "--check"])
    assert drawing.main() == 0


def test_the_map_is_that_of_the_code():
    done = subprocess.run([sys.executable, SCRIPT, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
