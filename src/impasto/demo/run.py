"""The tour of ``impasto demo``: contents and styles written, each pair painted, all of it on one contact sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image

from ..api import Result, stylize
from ..figures.contact_sheet import contact_sheet
from ..files import make_folder
from ..images.files.io import check_output, read_picture, save_picture, write_text
from .origins import describe_origins
from .photographs import PHOTOGRAPHS, read_photograph
from .pictures import PAINTINGS, find_painting

__all__ = ["PAIRS", "SIZE", "paint_demo"]

# Together these decide how long the demo takes.
SIZE = 288
PAIRS = tuple((content, style) for content in ("cat", "coffee") for style in ("flow", "mosaic", "waves"))


def paint_demo(
    folder: Path,
    *,
    size: int = SIZE,
    pairs: Sequence[tuple[str, str]] = PAIRS,
    on_progress: Callable[[str], None] = lambda line: None,
    paint: Callable[..., Result] = stylize,
) -> list[Path]:
    """Paint the demo into ``folder``, which is made if missing; files of the same names are replaced.

    Args:
        folder: gets ``content-NAME.png``, ``style-NAME.png``, ``ORIGINS.txt``, ``CONTENT-STYLE.png`` for each pair, and
            ``contact-sheet.png``.
        size: long side of each painted pair, in px.
        pairs: names in `PHOTOGRAPHS` and in `PAINTINGS`.
        on_progress: called with a line that says what is painted next.
        paint: paints a pair, given as `impasto.stylize` takes them.

    Returns:
        The files, in the order they were written.

    Raises:
        ConfigError: a name is unknown.
        ImpastoError: scikit-image, which has the photographs, is not installed.
        OutputError: a file cannot be written.
    """
    contents = {name: read_photograph(name) for name, _ in pairs}
    recipes = {name: find_painting(name) for _, name in pairs}
    make_folder(folder)
    check_output(folder / "contact-sheet.png")  # before any is painted
    styles = {}
    for name, recipe in recipes.items():
        on_progress(f"painting {_style_file(name)}, {recipe.origin.title}")
        styles[name] = recipe.paint()
    written = _write_inputs(folder, contents, styles)
    painted = {}
    for number, (content, style) in enumerate(pairs, start=1):
        path = folder / f"{content}-{style}.png"
        on_progress(f"painting {path.name}, {number} of {len(pairs)}")
        result = paint(folder / _content_file(content), folder / _style_file(style), size=size)
        result.save(path)
        written.append(path)
        painted[content, style] = result.image
    return [*written, _write_sheet(folder, contents, styles, painted)]


def _content_file(name: str) -> str:
    return f"content-{name}.png"


def _style_file(name: str) -> str:
    return f"style-{name}.png"


def _write_inputs(folder: Path, contents: Mapping[str, Image.Image], styles: Mapping[str, Image.Image]) -> list[Path]:
    """Contents, styles, and the note of their origins."""
    images = {_content_file(name): image for name, image in contents.items()}
    images |= {_style_file(name): image for name, image in styles.items()}
    origins = {_content_file(name): PHOTOGRAPHS[name].origin for name in contents}
    origins |= {_style_file(name): PAINTINGS[name].origin for name in styles}
    for name, image in images.items():
        _save(image, folder / name)
    write_text(folder / "ORIGINS.txt", describe_origins(origins))
    return [*(folder / name for name in images), folder / "ORIGINS.txt"]


def _write_sheet(
    folder: Path,
    contents: Mapping[str, Image.Image],
    styles: Mapping[str, Image.Image],
    painted: Mapping[tuple[str, str], Image.Image],
) -> Path:
    """Styles along the top, contents down the left, what was painted of both where they meet."""
    rows = [[image, *(painted.get((content, style)) for style in styles)] for content, image in contents.items()]
    column_labels = ["", *(PAINTINGS[style].origin.title for style in styles)]
    row_labels = ["", *(PHOTOGRAPHS[content].origin.title for content in contents)]
    sheet = contact_sheet([[None, *styles.values()], *rows], column_labels=column_labels, row_labels=row_labels)
    _save(sheet, folder / "contact-sheet.png")
    return folder / "contact-sheet.png"


def _save(image: Image.Image, path: Path) -> None:
    save_picture(read_picture(image, name=path.name).pixels, path)
