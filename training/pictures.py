"""Training pictures: parquet files to arrays, what is held back, and batches of crops.

A batch is a pure function of (seed, step), so a run that is resumed draws what it would have drawn.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.random import Generator
from PIL import Image
from torch import Tensor

__all__ = ["Batch", "Source", "TextureBatch", "draw", "draw_pairs", "read_sources", "read_table"]

BUDGET = 64 * 96 * 96  # px in a batch, so that every step takes the same time whatever its crops' size
SIZES = (48, 64, 64, 80, 96, 96, 112, 128, 160)  # px; the network is used at 64 to 4096 px
PAIR_SIZE = 64
SHARES = {"tiny": 0.36, "pacs": 0.3, "caltech": 0.2, "imagenet": 0.14}
FIRST_HELD_PAINTING = (
    1500  # of art_painting in file order; the network that the first one started from was never told these apart
)
_LARGEST_OF_THUMBNAILS = 96  # px; a thumbnail of 64 px is mere blur above
_RETURN_EVERY = {"caltech": 5, "tiny": 20}  # every so manieth picture is held back


@dataclass(frozen=True)
class Source:
    """Pictures of one origin, uint8 ``(H, W, 3)``; ``classes`` and ``domains`` count what ``labels`` and ``kinds``
    number."""

    name: str
    pictures: list[np.ndarray]
    labels: np.ndarray
    kinds: np.ndarray
    classes: int
    domains: tuple[str, ...]

    def select(self, chosen: np.ndarray) -> Source:
        """The pictures of the given indices, labels numbered as before."""
        pictures = [self.pictures[i] for i in chosen]
        return Source(self.name, pictures, self.labels[chosen], self.kinds[chosen], self.classes, self.domains)


@dataclass(frozen=True)
class Batch:
    """Crops ``(B, 3, s, s)`` in [0, 1], and for each source the rows that are its own with their labels and domains."""

    images: Tensor
    rows: dict[str, Tensor]
    labels: dict[str, Tensor]
    kinds: dict[str, Tensor]


@dataclass(frozen=True)
class TextureBatch:
    """Two disjoint crops of each picture at native resolution, each ``(B, 3, s, s)`` in [0, 1]."""

    first: Tensor
    second: Tensor


def read_table(files: Sequence[Path]) -> tuple[list[np.ndarray], list[str], list[str]]:
    """Pictures as uint8 RGB, labels and domains of some parquet files, in file order."""
    import pyarrow.parquet as pq

    pictures, labels, domains = [], [], []
    for file in files:
        for row in pq.read_table(file).to_pylist():
            pictures.append(np.asarray(Image.open(io.BytesIO(row["image"])).convert("RGB")))
            labels.append(row["label"])
            domains.append(row["domain"])
    return pictures, labels, domains


def read_sources(folder: Path) -> tuple[dict[str, Source], dict[str, Source]]:
    """All sources of the data folder: what is trained on, and what is held back for measuring."""
    patterns = {"tiny": "tiny-imagenet-*", "pacs": "pacs*", "caltech": "caltech101-*", "imagenet": "imagenet-samples*"}
    train, held = {}, {}
    for name, pattern in patterns.items():
        files = sorted(folder.glob(f"{pattern}.parquet"))
        if not files:
            raise SystemExit(f"training: no {pattern}.parquet in {folder}; give the folder with --data")
        source = _numbered(name, *read_table(files))
        kept, back = _split(source)
        train[name], held[name] = source.select(kept), source.select(back)
    return train, held


def _numbered(name: str, pictures: list[np.ndarray], labels: list[str], domains: list[str]) -> Source:
    classes, kinds = sorted(set(labels)), tuple(sorted(set(domains)))
    numbers = {label: number for number, label in enumerate(classes)}
    return Source(
        name,
        pictures,
        np.array([numbers[x] for x in labels]),
        np.array([kinds.index(x) for x in domains]),
        len(classes),
        kinds,
    )


def _split(source: Source, first_held: int = FIRST_HELD_PAINTING) -> tuple[np.ndarray, np.ndarray]:
    """Indices to train on and indices held back: paintings from ``first_held`` on, and every so manieth of the larger
    sources."""
    index = np.arange(len(source.pictures))
    if source.name == "pacs":
        paintings = index[source.kinds == source.domains.index("art_painting")]
        back = paintings[first_held:]
    else:
        every = _RETURN_EVERY.get(source.name, 0)
        back = index[::every] if every else index[:0]
    return np.setdiff1d(index, back), back


def draw(sources: dict[str, Source], seed: int, step: int) -> Batch:
    """A batch of every source for the classes: crops of one size, from a quarter of a picture to all of it."""
    rng = np.random.default_rng((seed, step, 0))
    size = int(rng.choice(SIZES))
    shares = {n: s for n, s in SHARES.items() if n in sources and not (n == "tiny" and size > _LARGEST_OF_THUMBNAILS)}
    count = BUDGET // size**2
    images: list[np.ndarray] = []
    rows, labels, kinds = {}, {}, {}
    for name, share in shares.items():
        chosen = rng.integers(0, len(sources[name].pictures), max(2, round(count * share / sum(shares.values()))))
        rows[name] = torch.arange(len(images), len(images) + len(chosen))
        images += [_recognisable(sources[name].pictures[i], size, rng) for i in chosen]
        labels[name] = torch.from_numpy(sources[name].labels[chosen])
        kinds[name] = torch.from_numpy(sources[name].kinds[chosen])
    return Batch(_stacked(images, _light(len(images), rng)), rows, labels, kinds)


def draw_pairs(sources: dict[str, Source], seed: int, step: int) -> TextureBatch:
    """A batch for texture: two disjoint crops of each picture, of one domain, half of the batches in grey.

    One domain, because telling a sketch from a painting is easy; grey, because the palette alone tells most paintings
    apart.
    """
    rng = np.random.default_rng((seed, step, 1))
    pictures = _one_kind(sources, rng)
    chosen = rng.choice(len(pictures), min(len(pictures), BUDGET // (2 * PAIR_SIZE**2)), replace=False)
    pairs = [_disjoint(pictures[i], PAIR_SIZE, rng) for i in chosen]
    light = _light(len(pairs), rng)
    first, second = (_stacked([pair[k] for pair in pairs], light) for k in (0, 1))
    if rng.random() < 0.5:
        first, second = (x.mean(1, keepdim=True).expand_as(x) for x in (first, second))
    return TextureBatch(first, second)


def _one_kind(sources: dict[str, Source], rng: Generator) -> list[np.ndarray]:
    kinds = ["art_painting", "art_painting", "art_painting", "cartoon", "photo", "caltech", "imagenet"]
    kind = str(rng.choice(kinds))
    if kind in sources:
        pictures = sources[kind].pictures
    else:
        pacs = sources["pacs"]
        pictures = [p for p, k in zip(pacs.pictures, pacs.kinds, strict=True) if pacs.domains[k] == kind]
    return [p for p in pictures if max(p.shape[:2]) >= 2 * PAIR_SIZE and min(p.shape[:2]) >= PAIR_SIZE]


def _recognisable(picture: np.ndarray, size: int, rng: Generator) -> np.ndarray:
    """A random part of a picture, resized to a square and mirrored half of the time."""
    height, width = picture.shape[:2]
    area, ratio = rng.uniform(0.25, 1), np.exp(rng.uniform(-0.25, 0.25))
    h = min(height, max(24.0, (height * width * area / ratio) ** 0.5))
    w = min(width, max(24.0, (height * width * area * ratio) ** 0.5))
    top, left = rng.uniform(0, height - h), rng.uniform(0, width - w)
    crop = Image.fromarray(picture).resize((size, size), Image.Resampling.BILINEAR, (left, top, left + w, top + h))
    array = np.asarray(crop)
    return array[:, ::-1] if rng.random() < 0.5 else array


def _disjoint(picture: np.ndarray, size: int, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two squares that share no pixel, side by side along the longer side and shifted freely along the other."""
    turned = picture.shape[0] > picture.shape[1]
    wide = picture.swapaxes(0, 1) if turned else picture
    gap = rng.integers(0, wide.shape[1] - 2 * size + 1)
    left = rng.integers(0, wide.shape[1] - 2 * size - gap + 1)
    tops = rng.integers(0, wide.shape[0] - size + 1, 2)
    crops = [wide[t : t + size, x : x + size] for t, x in zip(tops, (left, left + size + gap), strict=True)]
    crops = [c.swapaxes(0, 1) if turned else c for c in crops]
    if rng.random() < 0.5:
        crops = [c[:, ::-1] for c in crops]
    return crops[0], crops[1]


def _light(count: int, rng: Generator) -> Tensor:
    """A little brightness, and no other change of colour: colour is style."""
    return torch.from_numpy(rng.uniform(0.8, 1.2, (count, 1, 1, 1)).astype(np.float32))


def _stacked(images: Sequence[np.ndarray], light: Tensor) -> Tensor:
    pixels = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    return (pixels * light).clamp(0, 1)
