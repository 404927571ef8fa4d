"""Loss curves: one panel for each term, one line for each run, by matplotlib, which is an optional dependency."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from ..errors import ImpastoError

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["Curve", "Legend", "Page", "draw_curves", "require_matplotlib"]

_DPI = 100
_DASHES = ("solid", "dashed", "dotted", "dashdot", (0, (6, 1, 1, 1, 1, 1)), (0, (1, 3)))


@dataclass(frozen=True)
class Curve:
    """The losses of one run.

    Attributes:
        place: (row, column) in the comparison: the column chooses the colour, the row the dash pattern.
        losses: for each term one value per iteration; None where it was not finite.
    """

    place: tuple[int, int]
    losses: Mapping[str, Sequence[float | None]]


@dataclass(frozen=True)
class Legend:
    """The labels of the runs.

    Attributes:
        columns: one label for each column.
        rows: one label for each row, if there are several.
        ordered: whether the columns are steps of a quantity, so that their colours are steps of a color map.
    """

    columns: Sequence[str]
    rows: Sequence[str] = ()
    ordered: bool = False


@dataclass(frozen=True)
class Page:
    """The page that a figure is drawn on; all lengths are in px.

    Attributes:
        width: of the page.
        margin: white border on each side.
        type_size: font size.
    """

    width: int
    margin: int
    type_size: int

    @property
    def inner(self) -> int:
        """Width in px without the margins."""
        return self.width - 2 * self.margin


def require_matplotlib() -> None:
    """Check that `draw_curves` can be used, before anything is painted.

    Raises:
        ImpastoError: matplotlib is not installed.
    """
    if importlib.util.find_spec("matplotlib") is None:
        hint = "install it: pip install 'impasto[plot]', or leave curves out"
        raise ImpastoError("loss curves need matplotlib", hint)


def draw_curves(curves: Sequence[Curve], legend: Legend, page: Page) -> Image.Image:
    """Plot every term that is not always 0 against the iteration, on a logarithmic axis.

    Args:
        curves: at least one.
        legend: the labels of the runs.
        page: width, margin and font size; the height follows from the number of terms.

    Returns:
        An RGB image of the page's width.

    Raises:
        ImpastoError: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    names, png = _terms(curves), BytesIO()
    across = max(1, min(len(names), page.inner // (16 * page.type_size)))
    down = math.ceil(len(names) / across)
    height = round(page.inner / across * 0.7) * down + 5 * page.type_size
    with rc_context(
        {"font.size": page.type_size * 72 / _DPI * 0.9, "axes.spines.top": False, "axes.spines.right": False}
    ):
        figure = Figure(figsize=(page.inner / _DPI, height / _DPI), dpi=_DPI, layout="constrained")
        panels = list(figure.subplots(down, across, squeeze=False).flat)
        colors = _colors(len(legend.columns), legend.ordered)
        for name, axes in zip(names, panels, strict=False):
            _draw_panel(axes, name, curves, colors)
        for axes in panels[len(names) :]:
            axes.set_axis_off()
        key = _key(legend, colors)
        beside = max(1, page.inner // (page.type_size * (5 + max(len(line.get_label()) for line in key) // 2)))
        figure.legend(handles=key, loc="outside lower center", ncols=min(beside, len(key)), frameon=False)
        figure.savefig(png, format="png")
    drawn = Image.open(png).convert("RGB")
    paper = Image.new("RGB", (page.width, drawn.height + 2 * page.margin), "white")
    paper.paste(drawn, (page.margin, page.margin))
    return paper


def _terms(curves: Sequence[Curve]) -> list[str]:
    """The terms to be plotted, the loss first; only the loss if it has one term."""
    names = dict.fromkeys(name for curve in curves for name in curve.losses)
    used = [name for name in names if any(any(curve.losses.get(name, ())) for curve in curves)]
    return ["loss"] if len(used) <= 2 else used


def _draw_panel(axes: Axes, name: str, curves: Sequence[Curve], colors: Sequence[Any]) -> None:
    for curve in curves:
        row, column = curve.place
        values = [math.nan if value is None else value for value in curve.losses.get(name, ())]
        axes.plot(range(1, len(values) + 1), values, color=colors[column], linestyle=_dash(row), linewidth=1.3)
    axes.set_yscale("log")
    axes.set_title("loss" if name == "loss" else f"{name}, weighted")
    axes.set_xlabel("iteration")
    axes.grid(alpha=0.25)


def _dash(row: int) -> Any:
    return _DASHES[row % len(_DASHES)]


def _colors(count: int, ordered: bool) -> list[Any]:
    """Steps of a color map if the columns are ordered or more than ten; distinct colours otherwise."""
    from matplotlib import colormaps

    if not ordered and count <= 10:
        return [colormaps["tab10"](index) for index in range(count)]
    return [colormaps["viridis"](0.9 * index / max(1, count - 1)) for index in range(count)]


def _key(legend: Legend, colors: Sequence[Any]) -> list[Any]:
    from matplotlib.lines import Line2D

    columns = [Line2D([], [], color=color, label=label) for color, label in zip(colors, legend.columns, strict=True)]
    rows = [Line2D([], [], color="0.4", linestyle=_dash(row), label=label) for row, label in enumerate(legend.rows)]
    return [*columns, *rows] if len(legend.rows) > 1 else columns
