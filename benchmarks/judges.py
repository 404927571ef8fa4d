"""Judges of finished pictures that no optimiser here ever sees: style as patch distributions, content as edges, crisp
strokes.

python benchmarks/judges.py CONTENT STYLE PICTURE [PICTURE ...]
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.images.files.io import read_picture
from impasto.images.resample import fit_size, resize

PATCH, SCALES, DIRECTIONS, SAMPLES, EDGE_RANGE = 7, 4, 256, 1024, 0.5
BLOCK, LOW, SEEN = (
    16,
    0.1,
    512,
)  # px of a block, which quantile of the blocks, px of the long side at which strokes are judged
LUMA = torch.tensor([0.299, 0.587, 0.114])[None, :, None, None]


def style_ratio(picture: Tensor, content: Tensor, style: Tensor) -> float:
    """Distance of the picture to the style over that of the content to the style: 0 is the style itself, 1 no style at
    all."""
    return sliced_distance(picture, style) / sliced_distance(content, style)


def sliced_distance(one: Tensor, two: Tensor) -> float:
    """Sliced Wasserstein-2 distance of 7 x 7 colour patches, mean over four scales."""
    total = 0.0
    for _ in range(SCALES):
        total += _sliced(one, two) ** 0.5
        one, two = F.avg_pool2d(one, 2), F.avg_pool2d(two, 2)
    return total / SCALES


def _sliced(one: Tensor, two: Tensor) -> float:
    generator = torch.Generator().manual_seed(0)
    directions = F.normalize(torch.randn((DIRECTIONS, 3, PATCH, PATCH), generator=generator).flatten(1), dim=1)
    curves = [F.conv2d(x, directions.reshape(-1, 3, PATCH, PATCH))[0].flatten(1) for x in (one, two)]
    a, b = (_quantiles(c[:, :: max(1, c.shape[1] // 100_000)]) for c in curves)
    return float((a - b).square().mean())


def _quantiles(values: Tensor) -> Tensor:
    """Of each row, `SAMPLES` of them, as `torch.quantile` gives; NumPy sorts several times faster and is most of a
    judgement."""
    ordered = torch.from_numpy(np.sort(values.numpy(), axis=1))
    places = torch.linspace(0, ordered.shape[1] - 1, SAMPLES, dtype=torch.float64)
    below = places.long().clamp(max=ordered.shape[1] - 2)
    return ordered[:, below].lerp(ordered[:, below + 1], (places - below).float())


def content_score(picture: Tensor, content: Tensor) -> float:
    """Structural similarity (Wang et al. 2004, Gaussian window of 11) of luminance edges: 1 is the content itself."""
    a, b = (_edges((x * LUMA).sum(1, keepdim=True)) for x in (picture, content))
    bell = torch.exp(-(torch.arange(11.0) - 5).square() / (2 * 1.5**2))
    window = (bell[:, None] * bell)[None, None] / bell.sum().square()
    (ma, mb), c1, c2 = (F.conv2d(x, window) for x in (a, b)), (0.01 * EDGE_RANGE) ** 2, (0.03 * EDGE_RANGE) ** 2
    va, vb, vab = (
        F.conv2d(x * y, window) - mx * my for x, y, mx, my in ((a, a, ma, ma), (b, b, mb, mb), (a, b, ma, mb))
    )
    similarity = (2 * ma * mb + c1) * (2 * vab + c2) / ((ma * ma + mb * mb + c1) * (va + vb + c2))
    return float(similarity.mean())


def _edges(luminance: Tensor) -> Tensor:
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])[None, None] / 8
    return (F.conv2d(luminance, sobel).square() + F.conv2d(luminance, sobel.transpose(2, 3)).square()).sqrt()


def crispness(picture: Tensor) -> tuple[float, float]:
    """Median and lowest decile, over blocks of 16 px, of the local energy of strokes: RMS of the Laplacian of
    luminance.

    Grain counts as strokes, so it is no measure of beauty: read it beside the picture.
    """
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])[None, None]
    energy = F.avg_pool2d(F.conv2d((picture * LUMA).sum(1, keepdim=True), kernel).square(), BLOCK).sqrt().flatten()
    return float(energy.median()), float(energy.quantile(LOW))


def crispness_ratio(picture: Tensor, style: Tensor) -> tuple[float, float]:
    """`crispness` of the picture over that of the style, both with a long side of 512 px: 1 where strokes are as
    crisp."""
    ours, theirs = (crispness(resize(x, fit_size((x.shape[2], x.shape[3]), SEEN))) for x in (picture, style))
    return ours[0] / theirs[0], ours[1] / theirs[1]


class Verdict(NamedTuple):
    """What the judges say of a picture: lower style is nearer to the style, higher content nearer to the content."""

    style: float
    content: float
    median: float
    low: float


def judge(picture: str | Path, content: str | Path, style: str | Path) -> Verdict:
    """The judges on a file; content and style are resized to the picture's long side."""
    painted = read_picture(picture).pixels
    size = (painted.shape[2], painted.shape[3])
    plain = resize(read_picture(content).pixels, size)
    model = read_picture(style).pixels
    model = resize(model, fit_size((model.shape[2], model.shape[3]), max(size)))
    return Verdict(style_ratio(painted, plain, model), content_score(painted, plain), *crispness_ratio(painted, model))


if __name__ == "__main__":
    content, style, *pictures = sys.argv[1:]
    for name in pictures:
        found = judge(name, content, style)
        print(
            f"{name}: style {found.style:.3f} (lower is nearer), content {found.content:.3f} (higher is nearer), "
            "crispness "
            f"of the style's {found.median:.2f} (median), {found.low:.2f} (lowest decile)"
        )
