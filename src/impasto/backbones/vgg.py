"""VGG-19 and VGG-16 of any width as a frozen stack of features: only what is asked for is computed."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import groupby
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from ..config.choices import PADDINGS, registered
from ..errors import ConfigError, PictureError, WeightsError
from ..weights.manifest import Normalization
from ..weights.network import BLOCKS, SHAPES, NetworkWeights, convolution_names
from .backbone import PIXELS, LayerSpec
from .names import not_held, own_layer
from .vgg_block import POOLINGS, run_block

__all__ = ["VGG", "VGG_LAYERS", "vgg16", "vgg19"]

_WIDTHS = (64, 128, 256, 512, 512)  # channels of each block (Simonyan and Zisserman 2014, table 1)

_Border = Literal["zeros", "replicate"]

_PADDINGS: dict[str, tuple[_Border, _Border]] = registered(  # of the first convolution, of all others
    PADDINGS,
    {"zeros": ("zeros", "zeros"), "replicate": ("replicate", "zeros"), "replicate-all": ("replicate", "replicate")},
)


class VGG(nn.Module):
    """The convolutional part of VGG-19 or VGG-16 (Simonyan and Zisserman 2014), its features taken after the ReLUs.

    Args:
        weights: convolutions and the input they want; all of them, or the first ones.
        pooling: ``"max"`` as trained, or ``"avg"`` (Gatys et al. 2015, section 2).
        padding: border of the convolutions: ``"zeros"`` as trained, ``"replicate"`` on the first one only, or
            ``"replicate-all"``. Zeros stand for the mean colour: the picture is normalised first, then padded.
        device: where the network lies and computes.
        dtype: number format of the network and of its features.
        mixed: `exact` gives it in float32 whatever ``dtype`` is, for which the weights are kept beside it.

    Raises:
        ConfigError: an unknown pooling or padding.
    """

    layers: Mapping[str, LayerSpec]

    def __init__(
        self,
        weights: NetworkWeights,
        *,
        pooling: str = "max",
        padding: str = "zeros",
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
        mixed: bool = False,
    ) -> None:
        super().__init__()
        if pooling not in POOLINGS or padding not in _PADDINGS:
            known = f"pooling: {', '.join(POOLINGS)}; padding: {', '.join(_PADDINGS)}"
            raise ConfigError(f"pooling {pooling!r} with padding {padding!r} is unknown", known)
        self.wrap = "none"
        self._exact = partial(VGG, weights, pooling=pooling, padding=padding, device=device) if mixed else None
        self.layers = _layer_specs({name: weight.shape[0] for name, (weight, _) in weights.convolutions.items()})
        self.pooling = pooling
        self.normalize = _Normalize(weights.normalization, device, torch.promote_types(dtype, torch.float32))
        first, others = _PADDINGS[padding]
        self.convolutions = nn.ModuleDict()
        for name, (weight, bias) in weights.convolutions.items():
            mode = others if self.convolutions else first
            kernels = weight.to(device, dtype) if self.convolutions else _entrance(weight.to(device), dtype)
            self.convolutions[name] = _convolution(kernels, bias.to(device, dtype), mode)

    @property
    def device(self) -> torch.device:
        """Where it computes."""
        return next(self.parameters()).device

    def exact(self) -> VGG:
        """See `Backbone.exact`."""
        return self._exact().wrapped(self.wrap) if self._exact else self

    def wrapped(self, wrap: str) -> VGG:
        """See `Backbone.wrapped`."""
        other = copy.copy(self)
        other.wrap = wrap
        return other

    def forward(self, image: Tensor, layers: Iterable[str]) -> dict[str, Tensor]:
        """Features of a picture, differentiable with respect to it; nothing beyond the deepest layer is computed.

        Args:
            image: RGB, (B, 3, H, W), in [0, 1].
            layers: paper or Keras names; ``"pixels"`` is the picture itself, as given.

        Returns:
            ``{name as asked: (B, channels, H // stride, W // stride)}`` in the network's number format.

        Raises:
            ConfigError: an unknown layer, or one the weights do not hold.
            PictureError: the picture has another shape, or is too small for the deepest layer.
        """
        asked = {name: self._held(name) for name in layers}
        self._check_picture(image, set(asked.values()))
        wanted, found, features = set(asked.values()), {"pixels": image}, self._enter(image)
        for block, group in groupby(self._needed(wanted), lambda name: name[4]):
            names = list(group)
            convolutions = [cast(nn.Conv2d, self.convolutions[name]) for name in names]
            outputs = run_block(features, convolutions, None if block == "1" else self.pooling, self.wrap)
            found |= {
                layer: output for layer, output in zip(map(_layer_of, names), outputs, strict=True) if layer in wanted
            }
            features = outputs[-1]
        return {name: found[layer] for name, layer in asked.items()}

    def _held(self, name: str) -> str:
        own = own_layer(name, VGG_LAYERS)
        if own not in self.layers:
            raise not_held(name, self.layers)
        return own

    def _needed(self, layers: set[str]) -> list[str]:
        """The convolutions up to the deepest of the layers."""
        names = list(self.convolutions)
        return names[: max((k for k, name in enumerate(names, 1) if _layer_of(name) in layers), default=0)]

    def _check_picture(self, image: Tensor, layers: set[str]) -> None:
        if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
            raise PictureError(
                f"a picture of shape {tuple(image.shape)} and {image.dtype}", "give floats (B, 3, H, W) in [0, 1]"
            )
        height, width = image.shape[2:]
        for layer in layers:
            if min(height, width) < (least := self.layers[layer].stride):
                raise PictureError(
                    f"a picture of {height}x{width} px is too small for {layer}", f"give at least {least}x{least} px"
                )

    def _enter(self, image: Tensor) -> Tensor:
        """The picture as the first convolution wants it. A CPU convolves faster with channels last."""
        weight = next(self.parameters())
        layout = torch.channels_last if weight.device.type == "cpu" else torch.contiguous_format
        entered: Tensor = self.normalize(image)
        if weight.shape[1] != entered.shape[1]:
            entered = _Split.apply(entered, weight.dtype)  # type: ignore[no-untyped-call]
        return entered.to(weight.dtype).contiguous(memory_format=layout)


def vgg19(weights: NetworkWeights, **options: Any) -> VGG:
    """`VGG` in the published shape and widths, so that other networks are not taken for it.

    Raises:
        WeightsError: the weights are of VGG-16, or of a narrower or wider network.
    """
    return _published("VGG-19", weights, options)


def vgg16(weights: NetworkWeights, **options: Any) -> VGG:
    """The same for VGG-16, which has three convolutions less: relu3_4, relu4_4 and relu5_4 are not there.

    Raises:
        WeightsError: the weights are of VGG-19, or of a narrower or wider network.
    """
    return _published("VGG-16", weights, options)


def _published(shape: str, weights: NetworkWeights, options: dict[str, Any]) -> VGG:
    for (name, (weight, _)), expected in zip(
        weights.convolutions.items(), convolution_names(SHAPES[shape]), strict=False
    ):
        if name != expected:
            other = next(known for known in SHAPES if known != shape)
            use = f"give weights of {shape}, or use --backbone {other.replace('-', '').lower()}"
            raise WeightsError(f"these weights are not of {shape}: {name} stands in the place of {expected}", use)
        if weight.shape[0] != (width := _WIDTHS[int(name[4]) - 1]):
            raise WeightsError(
                f"these weights are not of {shape}: {name} has {weight.shape[0]} channels, not {width}",
                "use --backbone compact for other networks of its shape",
            )
    return VGG(weights, **options)


class _Normalize(nn.Module):
    """Picture to network input, in float32 at least, before any padding. Not folded into the first convolution: the
    zeros that pad its input would then stand for black and not for the mean colour."""

    mean: Tensor
    std: Tensor
    matrix: Tensor | None

    def __init__(self, normalization: Normalization, device: str | torch.device, dtype: torch.dtype) -> None:
        super().__init__()
        self.scale = normalization.scale
        self.reverse = normalization.order == "BGR"
        for name in ("mean", "std"):
            values = torch.tensor(getattr(normalization, name), device=device, dtype=dtype)
            self.register_buffer(name, values[:, None, None])
        mixing = normalization.matrix
        self.register_buffer("matrix", None if mixing is None else torch.tensor(mixing, device=device, dtype=dtype))

    def forward(self, image: Tensor) -> Tensor:
        pixels = image.to(self.mean)
        if self.matrix is not None:
            pixels = torch.einsum("oc,bchw->bohw", self.matrix, pixels)
        if self.reverse:
            pixels = pixels.flip(1)
        return (pixels * self.scale - self.mean) / self.std


class _Split(torch.autograd.Function):
    """A picture ``(B, 3, H, W)`` as ``(B, 9, H, W)`` in a short number format: rounded, what that left out, and rounded
    again.

    Beside the kernels of `_entrance` nothing of the picture is lost. A gradient close to an optimum is what is left of
    large parts that cancel, and a picture of 8 bits makes a fifth of it noise, which the curvature of L-BFGS is then
    made of.
    """

    @staticmethod
    def forward(ctx: Any, picture: Tensor, dtype: torch.dtype) -> Tensor:
        ctx.dtype = picture.dtype
        rounded = picture.to(dtype)
        return torch.cat([rounded, (picture - rounded).to(dtype), rounded], 1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        by_rounded, _, by_rest = gradient.to(ctx.dtype).chunk(3, 1)
        return by_rounded + by_rest, None


def _entrance(kernels: Tensor, dtype: torch.dtype) -> Tensor:
    """Kernels ``(64, 3, 3, 3)`` in a number format; in a short one for what `_Split` makes: twice rounded, and the
    rest."""
    rounded = kernels.to(dtype)
    if torch.finfo(dtype).bits >= torch.finfo(kernels.dtype).bits:
        return rounded
    return torch.cat([rounded, rounded, (kernels - rounded).to(dtype)], 1)


def _layer_of(convolution: str) -> str:
    return convolution.replace("conv", "relu")


def _layer_specs(widths: Mapping[str, int]) -> dict[str, LayerSpec]:
    """By the ``widths`` of the convolutions: each 3 x 3 sees one cell further, each 2 x 2 pooling makes cells twice as
    wide."""
    specs = {PIXELS: LayerSpec(3, 1, 0)}
    before, radius, weights = 3, 0, 0
    for name, width in widths.items():
        block, place = name.removeprefix("conv").split("_")
        stride = 2 ** (int(block) - 1)
        radius, weights = radius + stride, weights + (9 * before + 1) * width
        specs[_layer_of(name)] = LayerSpec(width, stride, radius, int(block), (f"block{block}_conv{place}",), weights)
        before = width
    return specs


VGG_LAYERS: Mapping[str, LayerSpec] = _layer_specs(
    {name: _WIDTHS[int(name[4]) - 1] for name in convolution_names(BLOCKS)}
)
"""Those of the published VGG-19; a narrower one, VGG-16, or the first convolutions alone have no others."""


def _convolution(weight: Tensor, bias: Tensor, mode: _Border) -> nn.Conv2d:
    """A frozen 3x3 convolution, made without drawing random numbers."""
    width, channels = weight.shape[:2]
    convolution = nn.Conv2d(channels, width, 3, padding=1, padding_mode=mode, device="meta")
    layout = torch.channels_last if weight.device.type == "cpu" else torch.contiguous_format
    convolution.weight = nn.Parameter(weight.contiguous(memory_format=layout), requires_grad=False)
    convolution.bias = nn.Parameter(bias, requires_grad=False)
    return convolution
