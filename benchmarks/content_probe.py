"""What is in the picture? A linear classifier on the content layer's frozen features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from pictures import batches
from torch import Tensor

from impasto.backbones import Backbone

EVERY = 5  # every fifth picture is held out, and every fifth of the others chooses the decay
DECAYS = (1e-5, 1e-4, 1e-3, 1e-2)
STEPS = 100
SLOPE = 1e-7  # of the loss along each number that is fitted, where a fit ends


class Probe(NamedTuple):
    """Scores of all classes, as a linear map of standardised features."""

    mean: Tensor
    deviation: Tensor
    weight: Tensor
    bias: Tensor

    def scores(self, features: Tensor) -> Tensor:
        """``(N, C)`` features to ``(N, classes)``."""
        return (features - self.mean) / self.deviation @ self.weight + self.bias


class Accuracy(NamedTuple):
    """Shares of pictures whose highest score is that of their own class: of all pictures, and the mean over classes."""

    top1: float
    class_mean: float


@torch.no_grad()
def pooled(network: Backbone, pictures: Tensor, layer: str) -> Tensor:
    """``(N, C)`` float32 means over positions, of ``(N, 3, S, S)`` uint8 pictures."""
    return torch.cat([network(part, [layer])[layer].float().mean((2, 3)) for part in batches(pictures)])


def fit(features: Tensor, labels: Tensor, classes: int, decay: float) -> Probe:
    """Logistic regression by L-BFGS: mean cross entropy plus ``decay`` / 2 times the squares of the weights.

    It ends where no slope is larger than `SLOPE`, or after `STEPS` steps.
    """
    mean, deviation = features.mean(0), features.std(0).clamp_min(1e-6)
    inputs = (features - mean) / deviation
    weight = inputs.new_zeros(features.shape[1], classes, requires_grad=True)
    bias = inputs.new_zeros(classes, requires_grad=True)
    solver = torch.optim.LBFGS(
        [weight, bias], max_iter=STEPS, tolerance_grad=SLOPE, tolerance_change=0, line_search_fn="strong_wolfe"
    )

    def loss() -> Tensor:
        solver.zero_grad()
        value = F.cross_entropy(inputs @ weight + bias, labels) + decay / 2 * weight.square().sum()
        value.backward()
        return value

    solver.step(loss)
    return Probe(mean, deviation, weight.detach(), bias.detach())


def accuracy(scores: Tensor, labels: Tensor) -> Accuracy:
    """Of ``(N, classes)`` scores; a class without a picture does not count."""
    right = (scores.argmax(1) == labels).float()
    members = F.one_hot(labels, scores.shape[1]).float()
    pictures = members.sum(0)
    return Accuracy(float(right.mean()), float(((right @ members) / pictures)[pictures > 0].mean()))


def numbered(labels: Sequence[str]) -> Tensor:
    """``(N,)``: each label's place among the sorted labels."""
    places = {label: place for place, label in enumerate(sorted(set(labels)))}
    return torch.tensor([places[label] for label in labels])


def probe(features: Tensor, labels: Tensor) -> dict[str, float]:
    """Accuracy on every fifth picture after fitting to the others, whose own fifth picture each chooses the decay."""
    classes, held = int(labels.max()) + 1, torch.arange(len(labels)) % EVERY == 0
    seen, names = features[~held], labels[~held]
    choosing = torch.arange(len(seen)) % EVERY == 0

    def chosen_by(decay: float) -> float:
        trial = fit(seen[~choosing], names[~choosing], classes, decay)
        return accuracy(trial.scores(seen[choosing]), names[choosing]).class_mean

    decay = max(DECAYS, key=chosen_by)
    found = accuracy(fit(seen, names, classes, decay).scores(features[held]), labels[held])
    return {"top1": found.top1, "class_mean": found.class_mean, "decay": decay}
