"""Retry with tiles of half the size if memory runs out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import is_out_of_memory

__all__ = ["SMALLEST", "within_memory"]

SMALLEST = 64
"""Least side of a tile in px. In smaller tiles, nearly all computation would be for the surroundings."""

T = TypeVar("T")


def within_memory(work: Callable[[int], T], tile_size: int, length: int, *, tileable: bool) -> tuple[T, int]:
    """Call a function with a tile size, and again with half of it whenever it runs out of memory.

    Args:
        work: takes a tile size in px. It may be called again after it ran out of memory, so it must not change
            anything before it returns.
        tile_size: side of the tiles in px; 0 for no tiles.
        length: long side of the picture in px.
        tileable: whether the work can be done in tiles.

    Returns:
        The result of ``work``, and the tile size that it was called with.

    Raises:
        Exception: any error of ``work`` other than lack of memory; and lack of memory if the work cannot be tiled, or
            tiles would be smaller than `SMALLEST`.
    """
    while True:
        try:
            return work(tile_size), tile_size
        except Exception as error:  # `is_out_of_memory` knows in how many ways it is told
            smaller = min(tile_size or length, length) // 2
            if not (tileable and is_out_of_memory(error) and smaller >= SMALLEST):
                raise
        tile_size = smaller
