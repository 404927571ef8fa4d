"""Neural style transfer as the public tutorials write it: what the speed of Impasto is compared with.

Float32, contiguous, one `nn.Sequential` with the losses as modules between its layers, autograd through all of it, and
`torch.optim.LBFGS` on the clipped pixels (after A. Jacq, PyTorch tutorials, "Neural Transfer Using PyTorch"). Its
layers are the paper's: five Gram matrices and one content layer. It knows nothing of Impasto but the form of the
weights.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from impasto.weights.network import NetworkWeights

STYLE_LAYERS = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT_LAYER = "conv4_2"
STYLE_WEIGHT, CONTENT_WEIGHT = 1e6, 1.0


class Normalization(nn.Module):
    """To the mean and deviation that torchvision's networks want."""

    def __init__(self) -> None:
        super().__init__()
        self.mean = torch.tensor([0.485, 0.456, 0.406])[:, None, None]
        self.std = torch.tensor([0.229, 0.224, 0.225])[:, None, None]

    def forward(self, image: Tensor) -> Tensor:
        return (image - self.mean) / self.std


def gram_matrix(features: Tensor) -> Tensor:
    """Divided by the number of elements."""
    batch, channels, height, width = features.shape
    flat = features.view(batch * channels, height * width)
    return torch.mm(flat, flat.t()) / (batch * channels * height * width)


class ContentLoss(nn.Module):
    """Remembers its loss and passes the features on."""

    def __init__(self, target: Tensor) -> None:
        super().__init__()
        self.target, self.loss = target.detach(), torch.zeros(())

    def forward(self, features: Tensor) -> Tensor:
        self.loss = F.mse_loss(features, self.target)
        return features


class StyleLoss(nn.Module):
    """The same for Gram matrices."""

    def __init__(self, target_features: Tensor) -> None:
        super().__init__()
        self.target, self.loss = gram_matrix(target_features).detach(), torch.zeros(())

    def forward(self, features: Tensor) -> Tensor:
        self.loss = F.mse_loss(gram_matrix(features), self.target)
        return features


class PlainLoop:
    """The model of one content and one style picture ``(1, 3, H, W)`` of one size, and its loop."""

    def __init__(self, weights: NetworkWeights, content: Tensor, style: Tensor, pooling: str = "max") -> None:
        self.model = nn.Sequential(Normalization())
        self.contents: list[ContentLoss] = []
        self.styles: list[StyleLoss] = []
        for name, (kernels, biases) in weights.convolutions.items():
            if name.endswith("_1") and name != "conv1_1":
                self.model.append(nn.MaxPool2d(2) if pooling == "max" else nn.AvgPool2d(2))
            convolution = nn.Conv2d(kernels.shape[1], kernels.shape[0], 3, padding=1)
            convolution.load_state_dict({"weight": kernels, "bias": biases})
            self.model.append(convolution)
            self.model.append(nn.ReLU(inplace=False))
            if name == CONTENT_LAYER:
                self.contents.append(ContentLoss(self.model(content)))
                self.model.append(self.contents[-1])
            if name in STYLE_LAYERS:
                self.styles.append(StyleLoss(self.model(style)))
                self.model.append(self.styles[-1])
            if name == STYLE_LAYERS[-1]:
                break
        self.model.eval().requires_grad_(requires_grad=False)

    def loss(self, image: Tensor) -> Tensor:
        self.model(image)
        style = torch.stack([module.loss for module in self.styles]).sum()
        content = torch.stack([module.loss for module in self.contents]).sum()
        return STYLE_WEIGHT * style + CONTENT_WEIGHT * content

    def iterate(self, start: Tensor) -> Iterator[tuple[float, Tensor]]:
        """The loss of each evaluation, and the picture after it, for ever."""
        image = start.clone().requires_grad_()
        optimizer = torch.optim.LBFGS([image], max_iter=1, max_eval=1, tolerance_grad=0, tolerance_change=0)

        def closure() -> Tensor:
            with torch.no_grad():
                image.clamp_(0, 1)
            optimizer.zero_grad()
            loss = self.loss(image)
            loss.backward()
            return loss

        while True:
            loss = optimizer.step(closure)
            yield loss.item(), image.detach().clamp(0, 1)
