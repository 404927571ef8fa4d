"""One block of a frozen VGG, with its backward pass written out: only the picture has a gradient.

What autograd keeps and does for each operation is more than that takes. A ReLU's mask is read from its own output, so
the outputs are all that is kept; gradients are masked and added in place; what average pooling took together is handed
back by nearest-neighbour enlargement, and a border is folded back onto what it was taken from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input

from ..config import choices
from ..images.periodic import bordered, folded
from ..images.pooling import spread

__all__ = ["POOLINGS", "run_block"]

POOLINGS: dict[str, Callable[[Tensor, int], Tensor]] = choices.registered(
    choices.POOLINGS, {"max": functional.max_pool2d, "avg": functional.avg_pool2d}
)


def run_block(
    features: Tensor, convolutions: Sequence[nn.Conv2d], pooling: str | None, wrap: str = "none"
) -> tuple[Tensor, ...]:
    """The features after each convolution and its ReLU, differentiable once with respect to ``features``.

    Args:
        features: ``(B, C, H, W)``.
        convolutions: frozen, 3 x 3, each with a border of one cell that is zero or replicated.
        pooling: a name of `POOLINGS`, 2 x 2 before the first convolution; None for the first block.
        wrap: axes along which the features go on over their border, see `images.periodic`.
    """
    outputs: tuple[Tensor, ...] = _Block.apply(features, convolutions, pooling, wrap)  # type: ignore[no-untyped-call]
    return outputs


class _Block(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, features: Tensor, convolutions: Sequence[nn.Conv2d], pooling: str | None, wrap: str
    ) -> tuple[Tensor, ...]:
        outputs, last = [], features if pooling is None else POOLINGS[pooling](features, 2)
        for convolution in convolutions:
            last = functional.relu_(_convolved(last, convolution, wrap))
            outputs.append(last)
        ctx.convolutions, ctx.pooling, ctx.wrap, ctx.size = convolutions, pooling, wrap, features.shape
        ctx.save_for_backward(*outputs, *([features] if pooling == "max" else []))
        ctx.set_materialize_grads(False)
        return tuple(outputs)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, None, None, None]:
        outputs = ctx.saved_tensors
        flow: Tensor | None = None
        for convolution, output, tapped in reversed(list(zip(ctx.convolutions, outputs, gradients, strict=False))):
            masked = _masked(flow, tapped, output)
            flow = None if masked is None else _through_convolution(masked, convolution, ctx.wrap)
        if flow is not None and ctx.pooling == "avg":
            flow = spread(flow, 2, (ctx.size[2], ctx.size[3]))
        elif flow is not None and ctx.pooling == "max":
            flow = _through_maximum(flow, outputs[-1])
        return flow, None, None, None


def _masked(flow: Tensor | None, tapped: Tensor | None, output: Tensor) -> Tensor | None:
    """The sum of both gradients where the ReLU was open. ``flow`` is ours and may be changed, ``tapped`` is not."""
    if flow is None:
        return None if tapped is None else _where_open(tapped, output)
    if tapped is not None:
        flow += tapped
    if (
        flow.stride() != output.stride()
    ):  # without its border it has gaps, which the next convolution would have to close
        return _where_open(flow, output)
    torch.ops.aten.threshold_backward.grad_input(flow, output, 0, grad_input=flow)
    return flow


def _where_open(gradient: Tensor, output: Tensor) -> Tensor:
    masked: Tensor = torch.ops.aten.threshold_backward(gradient, output, 0)
    return masked


def _convolved(features: Tensor, convolution: nn.Conv2d, wrap: str) -> Tensor:
    if wrap == "none":
        return cast(Tensor, convolution(features))
    return functional.conv2d(
        bordered(features, 1, wrap, convolution.padding_mode), convolution.weight, convolution.bias
    )


def _through_convolution(gradient: Tensor, convolution: nn.Conv2d, wrap: str) -> Tensor:
    batch, _, height, width = gradient.shape
    border = 2 if wrap != "none" or convolution.padding_mode == "replicate" else 0
    size = (batch, convolution.in_channels, height + border, width + border)
    pulled: Tensor = conv2d_input(size, convolution.weight, gradient, padding=0 if border else 1)  # type: ignore[no-untyped-call]
    return folded(pulled, 1, wrap, convolution.padding_mode) if border else pulled


def _through_maximum(gradient: Tensor, pooled: Tensor) -> Tensor:
    """Which were the largest is found again: indices of 64 bits would take more room than the features themselves."""
    _, places = torch.ops.aten.max_pool2d_with_indices(pooled, [2, 2], [2, 2])
    pulled: Tensor = torch.ops.aten.max_pool2d_with_indices_backward(
        gradient, pooled, [2, 2], [2, 2], [0, 0], [1, 1], False, places
    )
    return pulled
