"""The training's pictures, whole tables and what it holds back, and squares of them as batches."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

sys.path.append(str(Path(__file__).resolve().parents[1]))  # training/ lies beside this folder, and is not installed
from training.pictures import FIRST_HELD_PAINTING, read_table

BATCH = 32

__all__ = ["FIRST_HELD_PAINTING", "batches", "middle", "read", "stacked"]


def read(folder: Path, pattern: str) -> tuple[list[np.ndarray], list[str], list[str]]:
    """Pictures ``(H, W, 3)`` uint8, labels and domains of the parquet files that match, in file order."""
    files = sorted(folder.glob(f"{pattern}.parquet"))
    if not files:
        raise SystemExit(f"there is no {pattern}.parquet in {folder}; name the folder with --data")
    return read_table(files)


def middle(picture: np.ndarray, side: int) -> np.ndarray:
    """The square in the middle at native resolution; a picture that is smaller is enlarged until it fits."""
    height, width = picture.shape[:2]
    if min(height, width) < side:
        size = tuple(max(side, round(x * side / min(height, width))) for x in (width, height))
        return middle(np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)), side)
    top, left = (height - side) // 2, (width - side) // 2
    return picture[top : top + side, left : left + side]


def stacked(pictures: list[np.ndarray]) -> Tensor:
    """Squares of one size as ``(B, 3, S, S)`` uint8."""
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2).contiguous()


def batches(pictures: Tensor) -> Iterator[Tensor]:
    """``(B, 3, S, S)`` in [0, 1], a few at a time."""
    for part in pictures.split(BATCH):
        yield part.float() / 255
