"""How far a layer sees: the radius its specification gives, the one its gradient shows, and where most of the gradient
lies."""

from __future__ import annotations

import torch
from torch import Tensor

from impasto.backbones import Backbone

MOST = 0.9


def measure_fields(network: Backbone, pictures: Tensor) -> dict[str, dict[str, int]]:
    """For each layer, in px beyond the pixels of a cell: ``radius`` as given, ``reached`` by any gradient, and
    ``most``, which holds nine tenths of it (the effective receptive field of Luo et al. 2016).

    ``pictures`` are ``(B, 3, S, S)`` in [0, 1], large enough that the middle cell sees no border.
    """
    image, names = pictures.clone().requires_grad_(), [name for name in network.layers if name != "pixels"]
    features, found = network(image, names), {}
    for name in names:
        spec = network.layers[name]
        cell = image.shape[2] // spec.stride // 2
        features[name][:, :, cell, cell].float().sum().backward(retain_graph=True)
        spread = _by_distance(image.grad.abs().sum((0, 1)), cell * spec.stride, spec.stride)
        image.grad = None
        within = spread.cumsum(0) / spread.sum()
        found[name] = {
            "radius": spec.radius,
            "reached": int(spread.nonzero().max()),
            "most": int((within < MOST).sum()),
        }
    return found


def _by_distance(gradient: Tensor, start: int, stride: int) -> Tensor:
    """Sums of an ``(S, S)`` map over the squares of pixels just as far from those of the cell."""
    place = torch.arange(len(gradient))
    away = torch.maximum((start - place).clamp_min(0), (place - (start + stride - 1)).clamp_min(0))
    distance = torch.maximum(away[:, None], away)
    return torch.zeros(int(distance.max()) + 1).index_add_(0, distance.flatten(), gradient.flatten())
