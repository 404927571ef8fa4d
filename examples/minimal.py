"""Gatys et al. 2016, "Image Style Transfer Using Convolutional Neural Networks", with the public parts of Impasto.

    python examples/minimal.py photo.jpg painting.jpg out.png

The content is relu4_2 (section 2.1, equation 1), the style the Gram matrices of five layers (section 2.2, equations 3
to 5), and L-BFGS moves the pixels (section 3). `impasto stylize --preset gatys2016` does the same, and `impasto
stylize` much better.
"""

from __future__ import annotations

import sys

import torch

import impasto
from impasto.images.files.io import read_picture, save_picture
from impasto.images.resample import fit_size, resize
from impasto.losses import content_loss, gram_distance, sums

CONTENT, STYLE = "relu4_2", ("relu1_1", "relu2_1", "relu3_1", "relu4_1", "relu5_1")
STYLE_WEIGHT = 1e3  # for each unit of content; beta / alpha of the paper, with features of mean 1


def paint(content: torch.Tensor, style: torch.Tensor, iterations: int = 100, network: str = "vgg19") -> torch.Tensor:
    """A picture ``(1, 3, H, W)`` in [0, 1] that shows the content and has the style's statistics."""
    backbone = impasto.create_backbone(network)

    # What is to be kept, and what is to be met.
    target = backbone(content, [CONTENT])[CONTENT]
    grams = {layer: sums(features) for layer, features in backbone(style, STYLE).items()}

    canvas = content.clone().requires_grad_()
    solver = torch.optim.LBFGS([canvas], max_iter=iterations, history_size=10, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        solver.zero_grad()
        features = backbone(canvas, [CONTENT, *STYLE])
        kept = content_loss(features[CONTENT], target, "relative")
        met = sum(gram_distance(sums(features[layer]), gram, distance="relative") for layer, gram in grams.items())
        total = kept + STYLE_WEIGHT * met / len(STYLE)
        total.backward()
        return total

    solver.step(loss)
    return canvas.detach().clamp(0, 1)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    names, pictures = sys.argv[1:3], []
    for name in names:
        picture = read_picture(name).pixels
        pictures.append(resize(picture, fit_size((picture.shape[2], picture.shape[3]), 384)))
    save_picture(paint(*pictures), sys.argv[3])
