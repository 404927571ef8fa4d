"""The contact sheet of a comparison, and its report in numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

from PIL import Image

from ...figures.contact_sheet import contact_sheet, margin_of, stack, type_size
from ...figures.loss_curves import Curve, Legend, Page, draw_curves
from .cells import Cell, Tried

__all__ = ["PICTURE_SIDE", "describe", "lay_out"]

PICTURE_SIDE = 320  # px of a picture on a sheet
_MOST_ACROSS = 5  # pictures in a row, if the columns have no meaning
SCHEMA = 1

Shown = tuple[str, Image.Image | None]
"""A caption, and a picture or None."""


def lay_out(
    pair: Sequence[Shown], cells: Sequence[Cell], tried: Sequence[Tried], *, title: str, cell: int, curves: bool
) -> Image.Image:
    """Lay out the contact sheet of a comparison.

    Args:
        pair: captions and pictures of the content and the styles.
        cells: all cells.
        tried: results of the first ones of them.
        title: above the sheet.
        cell: long side of each picture in px.
        curves: whether losses are drawn.

    Returns:
        An RGB image.
    """
    pictures, captions = [_picture(each) for each in tried], [_figures(each) for each in tried]
    left = len(cells) - len(tried)
    shown = list(zip([*captions, *["not painted"] * left], [*pictures, *[None] * left], strict=True))
    rows, columns = _labels(cells)
    if len(rows) > 1:
        sheets = [_page(pair, len(pair), cell, title=title)]
        sheets.append(_page(shown, len(columns), cell, row_labels=rows, column_labels=columns))
    else:
        labelled = [(f"{label}\n{caption}", picture) for label, (caption, picture) in zip(columns, shown, strict=True)]
        sheets = [_page([*pair, *labelled], _across(len(pair) + len(cells)), cell, title=title)]
    if curves and any(each.losses for each in tried):
        sheets.append(_curves(cells, tried, max(sheet.width for sheet in sheets), cell))
    return stack(sheets, cell)


def describe(pair: Sequence[str], cells: Sequence[Cell], tried: Sequence[Tried]) -> dict[str, Any]:
    """The report of a comparison, for JSON.

    Args:
        pair: names of the content and the styles.
        cells: all cells.
        tried: results of the first ones of them.

    Returns:
        A JSON object.
    """
    content, *styles = pair
    done = [_entry(cell, each) for cell, each in zip(cells, tried, strict=False)]
    return {
        "schema": SCHEMA,
        "impasto": metadata.version("impasto"),
        "content": content,
        "styles": styles,
        "cells": done,
    }


def _entry(cell: Cell, tried: Tried) -> dict[str, Any]:
    row, column = cell.place
    about = {"label": cell.name, "row": row, "column": column, "preset": cell.preset, "changes": dict(cell.changes)}
    if tried.result is None:
        return {**about, "error": str(tried.error), "curve": columns_of(tried.losses)}
    picture = str(cell.output) if cell.output else None
    return {**about, "picture": picture, "record": tried.result.record, "curve": columns_of(tried.losses)}


def columns_of(rows: Sequence[Mapping[str, float]]) -> dict[str, list[float | None]]:
    """Transpose rows to columns.

    Args:
        rows: values by name.

    Returns:
        For each name the values of all rows; None for a value that is missing or not finite.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [_finite(row.get(name, math.nan)) for row in rows] for name in names}


def _finite(value: float) -> float | None:
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _page(shown: Sequence[Shown], across: int, size: int, **labels: Any) -> Image.Image:
    """A sheet of captioned pictures, ``across`` in a row."""
    lines = [shown[start : start + across] for start in range(0, len(shown), across)]
    captions = [[caption for caption, _ in line] for line in lines]
    return contact_sheet([[picture for _, picture in line] for line in lines], captions=captions, cell=size, **labels)


def _across(count: int) -> int:
    """Number of pictures in a row, such that all rows are about equally long."""
    return math.ceil(count / math.ceil(count / _MOST_ACROSS))


def _labels(cells: Sequence[Cell]) -> tuple[list[str], list[str]]:
    rows, columns = ({cell.place[axis]: cell.labels[axis] for cell in cells} for axis in (0, 1))
    return list(rows.values()), list(columns.values())


def _picture(tried: Tried) -> Image.Image | None:
    return tried.result.image if tried.result else None


def _figures(tried: Tried) -> str:
    """The caption of a cell: ``3.2 s, loss 0.234``, or why there is no picture."""
    if tried.result is None:
        return f"failed: {tried.error}"
    record = tried.result.record
    facts = [f"{record['seconds']:.1f} s"]
    if "total" in record["losses"]:
        facts.append(f"loss {record['losses']['total']:.4g}")
    if tried.result.reason != "finished":
        facts.append(tried.result.reason)
    return ", ".join(facts)


def _curves(cells: Sequence[Cell], tried: Sequence[Tried], width: int, size: int) -> Image.Image:
    rows, columns = _labels(cells)
    curves = [Curve(cell.place, _drawn(each.losses)) for cell, each in zip(cells, tried, strict=False)]
    ordered = all(_is_number(list(cell.changes.values())[-1:]) for cell in cells)
    return draw_curves(curves, Legend(columns, rows, ordered), Page(width, margin_of(size), type_size(size)))


def _drawn(losses: Sequence[Mapping[str, float]]) -> dict[str, list[float | None]]:
    return {name: values for name, values in columns_of(losses).items() if name not in ("scale", "seconds")}


def _is_number(values: Sequence[Any]) -> bool:
    return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values) and bool(values)
