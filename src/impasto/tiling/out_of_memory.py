"""Where memory runs out on the way: the same work again, in tiles of half the size."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from ..errors import is_out_of_memory

__all__ = ["SMALLEST", "within_memory"]

SMALLEST = 64
"""Least side of a tile in px: below, nearly all that is computed are surroundings."""

T = TypeVar("T")


def within_memory(work: Callable[[int], T], tile_size: int, length: int, *, tileable: bool) -> tuple[T, int]:
    """What ``work`` gives for a tile size, and that tile size: the one given, or half, a quarter, ... of it.

    Args:
        work: may be called again where it ran out of memory, so it changes nothing before it is done.
        tile_size: side of the tiles in px; 0 for none.
        length: of the picture's long side, in px.
        tileable: whether the work can be done in tiles at all.

    Raises:
        whatever ``work`` raises, if it is not for memory, or tiles would have less than 64 px.
    """
    while True:
        try:
            return work(tile_size), tile_size
        except Exception as error:  # `is_out_of_memory` knows in how many ways it is told
            smaller = min(tile_size or length, length) // 2
            if not (tileable and is_out_of_memory(error) and smaller >= SMALLEST):
                raise
        tile_size = smaller
