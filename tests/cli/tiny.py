"""Flags for short runs and, with the light network, for those of a tenth of a second; pictures for them, and what they
said."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from synthetic import DEVICE

SHORT = ("--size", "32", "--iterations", "2", "--precision", "float32", "--device", DEVICE)
TINY = (*SHORT, "--backbone", "compact")


@dataclass(frozen=True)
class Said:
    """What a run of the command line left: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    def refused(self, code: int = 2) -> str:
        """The one line of an error."""
        assert self.code == code, self
        assert self.out == ""
        assert self.err.startswith("impasto: error: ")
        assert self.err.endswith("\n")
        assert self.err.count("\n") == 1
        return self.err.strip()


def paint_picture(path: Path, size: tuple[int, int] = (48, 32), seed: int = 0) -> Path:
    """A picture of coarse coloured blocks, (width, height)."""
    blocks = np.random.default_rng(seed).integers(0, 255, (4, 6, 3), dtype=np.uint8)
    Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC).save(path)
    return path
