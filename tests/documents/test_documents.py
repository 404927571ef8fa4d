"""What the documents say is true: links lead somewhere, examples run, tables are those of the code."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from impasto.backbones import BACKBONES, VGG
from impasto.cli.main import main
from impasto.engine.schedule import plan_scales
from impasto.images.files.io import to_pil
from impasto.runs import run as painting
from impasto.weights import store
from impasto.weights.formats import write_weights
from impasto.weights.manifest import WEIGHTS
from synthetic import picture, random_weights

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "src").rglob("*.md")])
NAMES = [str(path.relative_to(ROOT)) for path in DOCUMENTS]
PICTURES = ("photo.jpg", "painting.jpg", "other.jpg", "a.jpg", "b.jpg")
MASKS = ("sky.png", "ground.png", "painting-sky.png", "other-mask.png")
MAPS = ("photo-map.png", "painting-map.png")
FOLDERS = ("photos", "paintings")
ELSEWHERE = ("impasto demo", "impasto resume")  # tests/demo paints it; tests/cli goes on with runs that were stopped


def text_of(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


def blocks(name: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(name), re.MULTILINE | re.DOTALL)


def prose(name: str) -> str:
    return re.sub(r"^```.*?^```", "", text_of(name), flags=re.MULTILINE | re.DOTALL)


def anchors(name: str) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", prose(name), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small pictures and, in the cache, narrow weights under the names of the real ones.

    Examples run as they stand, except for two things: every run paints one iteration at 32 px, whatever size it asks
        for, and
    the networks called vgg19 and vgg16 may be narrow.
    """

    def at_once(config: Any, size: tuple[int, int]) -> Any:
        return plan_scales(config.overlay({"size": 32, "scale_count": 1, "iterations": 1}), size)

    monkeypatch.setattr(painting, "plan_scales", at_once)
    monkeypatch.setitem(BACKBONES, "vgg19", VGG)
    monkeypatch.setitem(BACKBONES, "vgg16", VGG)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(store, "installed_file", lambda record: tmp_path / "cache" / f"{record.id}.safetensors")
    (tmp_path / "cache").mkdir()
    for record in WEIGHTS.values():
        if not record.packaged:
            shape = "VGG-16" if record.id.startswith("vgg16") else "VGG-19"
            weights = random_weights(shape=shape, normalization=record.normalization)
            write_weights(weights, tmp_path / "cache" / f"{record.id}.safetensors", {"source_hash": record.hash})
    state = {f"{name}.weight": weight for name, (weight, _) in random_weights().convolutions.items()}
    torch.save(
        {**state, **{f"{name}.bias": bias for name, (_, bias) in random_weights().convolutions.items()}}, "vgg_conv.pth"
    )
    for seed, name in enumerate(PICTURES):
        to_pil(picture(48, 64, seed)).save(tmp_path / name)
    for name in (*MASKS, *MAPS):
        half = Image.new("RGB", (64, 48), "blue" if name in MAPS else "black")
        half.paste("red" if name in MAPS else "white", (0, 24, 64, 48) if name == "ground.png" else (0, 0, 64, 24))
        half.save(tmp_path / name)
    for seed, name in enumerate(FOLDERS):
        (tmp_path / name).mkdir()
        to_pil(picture(48, 64, 7 + seed)).save(tmp_path / name / "one.jpg")
    return tmp_path


def test_the_readme_is_short():
    assert len(text_of("README.md").split()) < 900


def test_there_are_documents():
    assert {"README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/method.md", "docs/options.md"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_relative_links_lead_somewhere(name):
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(name)):
        if target.startswith(("https://", "http://")):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.exists(), f"{name} links to {target}"
        assert not anchor or anchor in anchors(str(path.resolve().relative_to(ROOT))), f"{name} links to {target}"


def test_pictures_are_small():
    for path in (ROOT / "docs" / "pictures").rglob("*.*"):
        with Image.open(path) as image:
            assert max(image.size) <= 1600
        assert path.stat().st_size < 500_000


@pytest.mark.parametrize("name", ["README.md", "docs/python.md", "docs/recipes.md"])
def test_python_examples_run(folder, name):
    code = "\n".join([*blocks(name, "python"), *table_lines(name)])
    assert code
    exec(compile(code, name, "exec"), {"__name__": "example"})


def table_lines(name: str) -> Iterator[str]:
    """The code in the last column of a table of tasks, which are numbered, or of steps, which have letters."""
    yield from re.findall(r"^\| (?:\d+|[a-z]) \|.*\| `([^`|]+)` \|$", text_of(name), re.MULTILINE)


def test_each_of_the_eleven_tasks_and_of_the_five_other_steps_has_its_line():
    assert len(list(table_lines("docs/recipes.md"))) == 11 + 5


@pytest.mark.parametrize("name", NAMES)
def test_commands_run(folder, capfd, name):
    for line in "\n".join(blocks(name, "sh")).splitlines():
        if line.startswith("impasto ") and not line.startswith(ELSEWHERE):
            code = main(shlex.split(line)[1:])
            assert code == 0, f"{line}\n{capfd.readouterr().err}"


@pytest.mark.parametrize("name", NAMES)
def test_targets_and_scripts_exist(name):
    makefile = text_of("Makefile")
    for line in "\n".join(blocks(name, "sh")).splitlines():
        if line.startswith("make "):
            assert f"\n{line.split()[1]}:" in makefile
    for script in re.findall(r"\bscripts/[\w-]+", text_of(name)):
        assert (ROOT / script).stat().st_mode & 0o111


@pytest.mark.parametrize("script", ["document_options", "document_speed"])
def test_tables_are_those_of_the_code_and_of_the_results(script):
    done = subprocess.run([sys.executable, ROOT / "scripts" / script, "--check"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_room_of_the_contract_is_described():
    contract = re.search(r"layers = \[(.*?)\]", text_of("pyproject.toml"), re.DOTALL)
    described = re.findall(r"^\| (`impasto\..*?) \|", text_of("CONTRIBUTING.md"), re.MULTILINE)
    rooms = [set(re.findall(r"impasto\.\w+", line)) for line in contract[1].strip().splitlines()]
    assert [set(re.findall(r"impasto\.\w+", line)) for line in described] == rooms
