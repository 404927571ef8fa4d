"""What the network is asked while it is trained: which class, which kind of picture, and which picture a crop came
from."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import DEPTHS
from .pictures import Batch, Source

__all__ = ["Tasks"]

_SMOOTHING = 0.1
_TEMPERATURE = 0.1
_EMBEDDING = 128


class Tasks(nn.Module):
    """Linear heads on the trunk's features.

    Classes read the mean of the last layer. Kinds (photograph, painting, cartoon, sketch) and texture read means and
    standard deviations of every block, which is what style is told by when pictures are painted.
    """

    def __init__(self, widths: tuple[int, ...], sources: dict[str, Source]) -> None:
        super().__init__()
        self.classes = nn.ModuleDict({name: nn.Linear(widths[-1], source.classes) for name, source in sources.items()})
        statistics = 2 * sum(widths)
        self.norm = nn.BatchNorm1d(statistics, affine=False)
        self.embedding = nn.Linear(statistics, _EMBEDDING)
        self.kinds = nn.Linear(statistics, len(sources["pacs"].domains))

    def recognise(self, features: dict[str, Tensor], batch: Batch) -> dict[str, Tensor]:
        """Cross entropies of each source's classes, and of the kinds of PACS."""
        pooled = features[f"relu5_{DEPTHS[-1]}"].float().mean((2, 3))
        losses = {
            name: F.cross_entropy(self.classes[name](pooled[rows]), batch.labels[name], label_smoothing=_SMOOTHING)
            for name, rows in batch.rows.items()
        }
        rows = batch.rows["pacs"]
        seen = self.norm(_statistics(features))[rows]
        losses["kind"] = 0.3 * F.cross_entropy(self.kinds(seen), batch.kinds["pacs"], label_smoothing=_SMOOTHING)
        return losses

    def match(self, features: dict[str, Tensor]) -> Tensor:
        """InfoNCE (van den Oord et al. 2018, equation 4) both ways: both halves of the batch are crops of the same
        pictures."""
        embedded = F.normalize(self.embedding(self.norm(_statistics(features))), dim=1)
        first, second = embedded.chunk(2)
        cosines = first @ second.T / _TEMPERATURE
        wanted = torch.arange(len(first))
        return (F.cross_entropy(cosines, wanted) + F.cross_entropy(cosines.T, wanted)) / 2


def _statistics(features: dict[str, Tensor]) -> Tensor:
    """Mean and standard deviation of every channel of every block's last layer, ``(B, 2 * channels)``."""
    parts = []
    for value in features.values():
        wide = value.float()
        parts += [wide.mean((2, 3)), (wide.var((2, 3), unbiased=False) + 1e-4).sqrt()]
    return torch.cat(parts, 1)
