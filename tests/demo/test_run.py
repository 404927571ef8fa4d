"""The tour, with a painter that only remembers what it was asked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from impasto.demo import PAINTINGS, PAIRS, PHOTOGRAPHS, paint_demo, run
from impasto.demo import pictures as paintings
from impasto.errors import ConfigError, OutputError

TWO = (("cat", "waves"), ("coffee", "flow"))


@dataclass(frozen=True)
class FakeResult:
    image: Image.Image

    def save(self, path: Path) -> None:
        self.image.save(path)


class Painter:
    """Remembers what it was asked to paint."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str, int]] = []

    def __call__(self, content: Path, style: Path, *, size: int) -> FakeResult:
        assert content.exists() and style.exists()
        self.calls.append((content.name, style.name, size))
        return FakeResult(Image.new("RGB", (size, size * 3 // 4), (200, 30 * len(self.calls), 90)))


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Painter:
    """The painter; style pictures are made small, so that they take no time."""
    for name, painting in PAINTINGS.items():
        monkeypatch.setitem(
            paintings.PAINTINGS, name, replace(painting, paint=lambda: Image.new("RGB", (64, 50), "teal"))
        )
    return Painter()


def test_paints_each_pair_from_the_files_it_wrote(asked: Painter, tmp_path: Path) -> None:
    paint_demo(tmp_path, size=40, pairs=TWO, paint=asked)
    assert asked.calls == [("content-cat.png", "style-waves.png", 40), ("content-coffee.png", "style-flow.png", 40)]


def test_returns_every_file_it_wrote_and_no_other(asked: Painter, tmp_path: Path) -> None:
    folder = tmp_path / "new" / "out"
    written = paint_demo(folder, size=40, paint=asked)
    assert len(asked.calls) == len(PAIRS)
    assert sorted(written) == sorted(folder.iterdir())
    assert {f"{content}-{style}.png" for content, style in PAIRS} < {path.name for path in written}
    assert written[-1].name == "contact-sheet.png"


def test_default_pairs_are_known_and_cross_contents_with_styles() -> None:
    contents, styles = ({pair[i] for pair in PAIRS} for i in (0, 1))
    assert contents <= PHOTOGRAPHS.keys()
    assert styles <= PAINTINGS.keys()
    assert len(PAIRS) == len(contents) * len(styles)


def test_origins_tell_of_every_input(asked: Painter, tmp_path: Path) -> None:
    paint_demo(tmp_path, size=40, pairs=TWO, paint=asked)
    text = (tmp_path / "ORIGINS.txt").read_text(encoding="utf-8")
    inputs = [path.name for path in tmp_path.iterdir() if path.name.startswith(("content-", "style-"))]
    assert len(inputs) == 4
    assert all(f"{name}\n  title " in text for name in inputs)
    for word in ("Stéfan van der Walt", "CC0-1.0", "skimage.data.coffee", "Breakers at dawn", "painted by"):
        assert word in text


def test_sheet_has_styles_above_contents_beside_and_gaps_where_nothing_was_painted(
    asked: Painter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []

    def contact_sheet(rows: list[list[Image.Image | None]], **labels: Any) -> Image.Image:
        seen.append((rows, labels))
        return Image.new("RGB", (30, 20))

    monkeypatch.setattr(run, "contact_sheet", contact_sheet)
    paint_demo(tmp_path, size=40, pairs=TWO, paint=asked)
    ((rows, labels),) = seen
    assert [[cell and cell.size for cell in row] for row in rows] == [
        [None, (64, 50), (64, 50)],
        [(400, 300), (40, 30), None],
        [(533, 400), None, (40, 30)],
    ]
    assert labels["column_labels"] == ["", "Breakers at dawn", "Three suns"]
    assert labels["row_labels"] == ["", "Chelsea the cat", "Coffee cup"]


def test_says_what_comes_next(asked: Painter, tmp_path: Path) -> None:
    lines: list[str] = []
    paint_demo(tmp_path, size=40, pairs=TWO, on_progress=lines.append, paint=asked)
    assert lines == [
        "painting style-waves.png, Breakers at dawn",
        "painting style-flow.png, Three suns",
        "painting cat-waves.png, 1 of 2",
        "painting coffee-flow.png, 2 of 2",
    ]


@pytest.mark.parametrize("pair", [("dog", "flow"), ("cat", "starry")])
def test_unknown_names_are_refused_before_anything_is_written(
    pair: tuple[str, str], asked: Painter, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="unknown"):
        paint_demo(tmp_path / "out", pairs=[pair], paint=asked)
    assert not asked.calls
    assert not (tmp_path / "out").exists()


def test_a_file_where_the_folder_should_be(asked: Painter, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"cannot make the folder .*; choose another one"):
        paint_demo(tmp_path / "out", pairs=TWO, paint=asked)
    assert (tmp_path / "out").read_text(encoding="utf-8") == "mine"


def test_a_sheet_that_cannot_be_written_is_found_before_anything_is_painted(asked: Painter, tmp_path: Path) -> None:
    (tmp_path / "contact-sheet.png").mkdir()
    with pytest.raises(OutputError, match=r"contact-sheet\.png"):
        paint_demo(tmp_path, pairs=TWO, paint=asked)
    assert not asked.calls
