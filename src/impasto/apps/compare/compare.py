"""Comparison of one pair painted in several ways; each network is loaded once."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...api import Run, Stylizer
from ...config import StylizeConfig
from ...engine.progress import Progress
from ...errors import StyleError
from ...figures.loss_curves import require_matplotlib
from ...files import above, check_overwrites, check_replaced, is_json
from ...images.files.io import Picture, check_output, check_writable, read_picture, save_picture, to_pil, write_text
from ...runs.outputs import files_read
from ...runs.record import record_text
from ...styles import SHORTEST, Style, needed, needed_of_styles, parts_of, read_style
from ..batch import Paint, attempt
from .cells import Cell, Tried, label_of, plan_cells
from .sheet import PICTURE_SIDE, Shown, describe, lay_out

if TYPE_CHECKING:
    import PIL.Image

__all__ = ["Comparison", "compare"]


class Comparison(Iterator[Tried]):
    """An iterator that paints one cell after another, and makes a sheet of the painted ones.

    Args:
        content: of the pair.
        styles: of the pair.
        cells: all cells, row by row.
        painted: paints them.
        title: what they have in common.

    Attributes:
        tried: results so far.
    """

    def __init__(
        self,
        content: Picture,
        styles: Sequence[Style],
        cells: Sequence[Cell],
        painted: Iterator[Tried],
        title: str = "",
    ) -> None:
        self.content, self.styles, self.cells, self.title = content, styles, cells, title
        self.tried, self._painted = list[Tried](), painted

    def __next__(self) -> Tried:
        self.tried.append(next(self._painted))
        return self.tried[-1]

    def finish(self) -> Comparison:
        """Paint all remaining cells; returns this comparison."""
        for _ in self:
            pass
        return self

    def sheet(self, *, cell: int = PICTURE_SIDE, curves: bool = True) -> PIL.Image.Image:
        """The contact sheet: the pair, each cell with its label, seconds and final loss, and the curves of the losses.

        Args:
            cell: long side of each picture on it, in px.
            curves: whether losses are drawn, by matplotlib.

        Raises:
            ImpastoError: matplotlib is not installed.
        """
        return lay_out(self._pair(), self.cells, self.tried, title=self.title, cell=cell, curves=curves)

    def _pair(self) -> list[Shown]:
        pair: list[Shown] = [(f"content\n{_file(self.content)}", to_pil(self.content.pixels))]
        for number, style in enumerate(self.styles, start=1):
            role = "style" if len(self.styles) == 1 else f"style {number}"
            pair.append((f"{role}\n{_file(style)}", _picture_of(style)))
        return pair

    def report(self) -> dict[str, Any]:
        """What the sheet shows in numbers, for JSON: of each cell the run record, with seconds and losses, and its
        curve."""
        return describe([self.content.name, *(style.name for style in self.styles)], self.cells, self.tried)

    def save(
        self, path: str | os.PathLike[str], *, cell: int = PICTURE_SIDE, curves: bool = True, quality: int = 95
    ) -> None:
        """Write the `sheet`, and the `report` beside it under the same name with the suffix ``.json``.

        Raises:
            OutputError: one of them cannot be written, or would replace a picture that goes in.
        """
        self.check(path, curves=curves)
        save_picture(read_picture(self.sheet(cell=cell, curves=curves)).pixels, path, quality=quality)
        write_text(Path(path).with_suffix(".json"), record_text(self.report()) + "\n")

    def check(self, path: str | os.PathLike[str], *, curves: bool = True) -> None:
        """Raise the errors of `save` before anything is painted; arguments as of `save`."""
        if curves:
            require_matplotlib()
        check_output(path)
        numbers = Path(path).with_suffix(".json")
        check_writable(numbers)
        check_replaced(numbers, lambda there: is_json(there, ("schema", "cells")), "comparison")
        kept = [cell.output for cell in self.cells if cell.output]
        given = [self.content.name, *(style.name for style in self.styles)]
        check_overwrites([path, numbers, *kept], files_read(given, *(cell.config for cell in self.cells)))


def compare(
    content: Any,
    styles: Any,
    *,
    presets: Sequence[str] = (),
    vary: Mapping[str, Sequence[Any]] | None = None,
    keep: str | os.PathLike[str] | None = None,
    paint: Paint | None = None,
    **options: Any,
) -> Comparison:
    """Paint one pair in several ways: several presets, several values of one option or of two, or presets by values.

    Args:
        content: as of `stylize`.
        styles: one or a list, which are mixed in every picture.
        presets: names; ``default`` is none. A single one is what values are varied on.
        vary: values of options, as in ``{"style_weight": [1, 8, 64]}``. The first thing varied makes the rows of the
            sheet, the second its columns; presets come first.
        keep: folder for the single pictures, made if missing; each carries its record, as those of `stylize` do.
        paint: called with each cell and its run, to iterate over it, as of `batch`.
        options: single options of `StylizeConfig` for all cells, on top of presets.

    Returns:
        An iterator that paints. What is wrong with one cell is told in its ``error``, and the next one follows.

    Raises:
        ConfigError, PictureError, WeightsError, DeviceError, OutputError: at once, before anything is painted.
    """
    mixed = styles if isinstance(styles, (list, tuple)) else [styles]
    cells = plan_cells(content, mixed, presets, vary or {}, options, None if keep is None else Path(keep))
    stylizers = _stylizers(cells)
    for stylizer in stylizers:
        parts_of(stylizer.config, len(mixed))
    read = partial(_read_pair, content, mixed, {})
    picture, known = read(max((stylizer.config for stylizer in stylizers), key=lambda config: config.size))
    if keep is not None:
        check_output(above(Path(keep)) / "01.png")
    title = ", ".join([*presets[:1][len(presets) - 1 :], *(label_of(name, value) for name, value in options.items())])
    return Comparison(picture, known, cells, _paint_all(cells, stylizers, read, paint), title)


def _read_pair(
    content: Any, styles: Sequence[Any], read: dict[Any, tuple[Picture, list[Style]]], config: StylizeConfig
) -> tuple[Picture, list[Style]]:
    """Read content and styles as a run with ``config`` does. ``read`` caches them by their sizes."""
    sizes = needed(config), needed_of_styles(config)
    if sizes not in read:
        picture = read_picture(content, name="content", least=SHORTEST, within=sizes[0])
        read[sizes] = picture, [read_style(style, sizes[1]) for style in styles]
    return read[sizes]


def _file(source: Picture | Style) -> str:
    """File name without folders; empty if the source is not a file."""
    return "" if source.name == "array" else Path(source.name).name


def _picture_of(style: Style) -> PIL.Image.Image | None:
    """The picture of a style; None if it has statistics only."""
    try:
        return to_pil(style.picture())
    except StyleError:
        return None


def _stylizers(cells: Sequence[Cell]) -> list[Stylizer]:
    """A stylizer for each cell; cells with the same network share it."""
    stylizers: list[Stylizer] = []
    for cell in cells:
        stylizers.append(Stylizer(config=cell.config, preset=cell.preset, others=stylizers))
    return stylizers


def _paint_all(
    cells: Sequence[Cell],
    stylizers: Sequence[Stylizer],
    read: Callable[[StylizeConfig], tuple[Picture, list[Style]]],
    paint: Paint | None,
) -> Iterator[Tried]:
    for cell, stylizer in zip(cells, stylizers, strict=True):
        losses: list[dict[str, float]] = []
        painted = attempt(cell, partial(_NotedRun, losses, *read(stylizer.config), stylizer), paint)
        yield Tried(painted.job, painted.result, painted.error, losses=losses)


class _NotedRun(Run):
    """A run that appends its losses to a list."""

    def __init__(
        self, losses: list[dict[str, float]], content: Picture, styles: Sequence[Style], stylizer: Stylizer
    ) -> None:
        super().__init__(content, styles, stylizer)
        self._losses = losses

    def __next__(self) -> Progress:
        progress = super().__next__()
        self._losses.append(
            {"scale": progress.scale, "seconds": progress.seconds, "loss": progress.loss, **progress.terms}
        )
        return progress
