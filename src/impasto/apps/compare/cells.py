"""The cells of a comparison: combinations of presets and option values along one or two axes, each with a config."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...api import make_config
from ...config import StylizeConfig
from ...errors import ConfigError
from ..batch import Painted
from ..jobs import Job

__all__ = ["DEFAULT", "Cell", "Tried", "label_of", "plan_cells"]

DEFAULT = "default"
"""Name that stands for no preset."""


@dataclass(frozen=True, eq=False)
class Cell(Job):
    """One way to paint the pair.

    Attributes:
        labels: of its row and its column; the first one is empty if there is only one row.
        place: (row, column), from 0.
        preset: a name; None for the defaults.
        changes: values of the options that are varied, by name.
        config: all options.
    """

    labels: tuple[str, str] = ("", "")
    place: tuple[int, int] = (0, 0)
    preset: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)
    config: StylizeConfig = field(default_factory=StylizeConfig, repr=False)

    @property
    def name(self) -> str:
        """``gatys2016, style_weight 8``."""
        return ", ".join(filter(None, self.labels))

    @property
    def stem(self) -> str:
        """The name as a file name without suffix: ``gatys2016-style_weight-8``."""
        return re.sub(r"[^\w.+]+", "-", self.name).strip("-.")


@dataclass(frozen=True, eq=False)
class Tried(Painted):
    """The result of a cell, or its error.

    Attributes:
        losses: ``scale``, ``seconds``, ``loss`` and the terms of each iteration, by name.
    """

    losses: list[dict[str, float]] = field(default_factory=list, repr=False, kw_only=True)


@dataclass(frozen=True)
class _Choice:
    """One step along an axis: a preset or the value of an option."""

    label: str = ""
    preset: str | None = None
    changes: Mapping[str, Any] = field(default_factory=dict)


def plan_cells(
    content: Any,
    styles: Sequence[Any],
    presets: Sequence[str],
    vary: Mapping[str, Sequence[Any]],
    options: Mapping[str, Any],
    keep: Path | None = None,
) -> list[Cell]:
    """Combine presets and values of options to cells.

    Args:
        content: see `compare`.
        styles: see `compare`.
        presets: see `compare`.
        vary: see `compare`.
        options: of all cells, by name.
        keep: folder for the pictures; None writes none.

    Returns:
        The cells, row by row.

    Raises:
        ConfigError: nothing is varied, or more than two things are; a preset or an option is unknown, or a value is
            out of range.
    """
    axes = [*_preset_axis(presets), *(_option_axis(name, values, options) for name, values in vary.items())]
    if not 1 <= len(axes) <= 2:
        what = "one preset" if presets else "nothing"
        problem = f"{len(axes)} things are varied" if axes else f"there is {what} to compare"
        raise ConfigError(
            problem, "give two presets or more, or values of an option, or both, or values of two options"
        )
    base = None if len(presets) != 1 else _known(presets[0])
    rows, columns = axes if len(axes) == 2 else ([_Choice()], axes[0])
    cells = []
    for y, row in enumerate(rows):
        for x, column in enumerate(columns):
            preset, changes = row.preset or column.preset or base, {**row.changes, **column.changes}
            config = make_config(None, preset, {**options, **changes})
            labels = (row.label, column.label)
            cell = Cell(
                content, tuple(styles), labels=labels, place=(y, x), preset=preset, changes=changes, config=config
            )
            cells.append(cell)
    return cells if keep is None else list(_with_files(cells, keep))


def _with_files(cells: Sequence[Cell], folder: Path) -> Iterator[Cell]:
    """The cells with output files, numbered in the order of the cells."""
    for number, cell in enumerate(cells, start=1):
        yield replace(cell, output=folder / f"{number:02}-{cell.stem}.png")


def _preset_axis(presets: Sequence[str]) -> Iterator[list[_Choice]]:
    if len(presets) > 1:
        yield [_Choice(label=name, preset=_known(name)) for name in presets]


def _known(preset: str) -> str | None:
    return None if preset == DEFAULT else preset


def _option_axis(name: str, values: Sequence[Any], options: Mapping[str, Any]) -> list[_Choice]:
    if name in options:
        raise ConfigError(f"{name} is given and varied", "leave one of them out")
    if isinstance(values, (str, bytes)) or not isinstance(values, Sequence) or not values:
        raise ConfigError(f"{name} is varied over {values!r}", "give a list of values")
    return [_Choice(label=label_of(name, value), changes={name: value}) for value in values]


def label_of(name: str, value: Any) -> str:
    """The label of a value: ``style_weight 8``."""
    return f"{name} {_text(value)}"


def _text(value: Any) -> str:
    """A value as a label: ``1:2`` for numbers, ``relu1_1 + relu2_1`` for names."""
    if isinstance(value, (list, tuple)):
        return (" + " if any(isinstance(item, str) for item in value) else ":").join(map(_text, value)) or "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
