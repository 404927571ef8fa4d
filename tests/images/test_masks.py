"""Soft masks: what they are read from, what is refused, how they are brought to a size and reduced to cells."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import Image

from impasto.errors import PictureError
from impasto.images.masks import Mask, read_mask, reduced, resized_mask

LEFT = np.arange(12) < 4 + np.zeros((8, 1))


def half(height: int, width: int) -> torch.Tensor:
    """1 in the left half, ``(1, 1, height, width)``."""
    return (torch.arange(width) < width // 2).float().expand(1, 1, height, width).contiguous()


def test_transparency_counts_before_greys(tmp_path):
    Image.fromarray(np.dstack([np.full((8, 12), 90, np.uint8)] * 3 + [LEFT.astype(np.uint8) * 255])).save(
        tmp_path / "mask.png"
    )
    mask = read_mask(tmp_path / "mask.png")
    assert torch.equal(mask.values[0, 0], torch.from_numpy(LEFT).float())
    assert (mask.name, len(mask.sha256), mask.color) == (str(tmp_path / "mask.png"), 64, "")


@pytest.mark.parametrize("kind", ["grey", "opaque", "bool", "float"])
def test_greys_are_as_soft_as_they_are(kind, tmp_path):
    levels = np.linspace(0, 255, 96).astype(np.uint8).reshape(8, 12)
    given = {
        "grey": Image.fromarray(levels),
        "opaque": Image.fromarray(np.dstack([levels] * 3 + [np.full_like(levels, 255)])),
        "float": levels / 255,
        "bool": levels > 100,
    }[kind]
    expected = levels > 100 if kind == "bool" else levels / 255
    torch.testing.assert_close(read_mask(given).values[0, 0], torch.from_numpy(expected).float())


def test_a_mask_is_returned_as_it_is():
    mask = Mask(half(4, 4))
    assert read_mask(mask) is mask


def test_a_picture_with_colours_is_no_mask():
    with pytest.raises(PictureError, match=r"the mask 'array' has colours; .* a map of colours"):
        read_mask(np.dstack([LEFT * 1.0, LEFT * 0.5, LEFT * 0.0]))


def test_a_mask_that_is_black_is_empty():
    with pytest.raises(PictureError, match="the mask 'array' is empty; paint the region white, or opaque"):
        read_mask(np.full((8, 12), 0.001))


@pytest.mark.parametrize("size", [(8, 12), (16, 24), (80, 120), (81, 120), (3, 4)])
def test_a_mask_fits_what_has_its_proportions(size):
    Mask(half(8, 12)).fit(size, "photo.jpg")


@pytest.mark.parametrize("size", [(12, 8), (80, 100), (90, 120), (300, 512)])
def test_a_mask_of_other_proportions_is_refused(size):
    with pytest.raises(
        PictureError, match=rf"mask 'array' is 120 x 80 px, and its picture 'photo.jpg' {size[1]} x {size[0]} px;"
    ):
        Mask(half(80, 120)).fit(size, "photo.jpg")


@pytest.mark.parametrize("size", [(24, 32), (48, 64), (70, 93), (128, 171)])
@pytest.mark.parametrize("reach", [0, 1, 3, 4])
def test_farther_from_an_edge_than_it_is_soft_a_mask_is_exact(size, reach):
    found = Mask(half(48, 64)).at(size, reach)
    sure = reach + int(np.ceil(max(1, size[1] / 64))) + 1
    middle = size[1] // 2
    assert torch.equal(found[..., : middle - sure], torch.ones(1, 1, size[0], middle - sure))
    assert not found[..., middle + sure :].any()
    assert (found.diff(dim=3) <= 0).all()
    assert found.sum().item() == pytest.approx(size[0] * size[1] / 2, rel=0.03)


def test_an_edge_is_as_soft_as_it_is_asked_to_be():
    soft = Mask(half(32, 64)).at((32, 64), 4)[0, 0, 16]
    assert ((soft > 0) & (soft < 1)).sum() == 8
    assert soft[31] + soft[32] == pytest.approx(1, abs=0.01)


def test_cells_have_the_mean_of_their_pixels():
    mask = torch.arange(24.0).reshape(1, 1, 4, 6) / 24
    assert torch.equal(resized_mask(mask, (4, 6)), mask)
    torch.testing.assert_close(resized_mask(mask, (2, 3)), torch.nn.functional.avg_pool2d(mask, 2))


@pytest.mark.parametrize(("stride", "radius"), [(1, 0), (1, 2), (2, 4), (4, 10), (8, 22)])
def test_cells_that_see_beyond_a_part_do_not_count_for_it(stride, radius):
    """By brute force: a cell counts if every pixel it sees, its own and those within the radius, lies in the part."""
    found = reduced(half(64, 128), stride, radius)[0, 0]
    for column in range(128 // stride):
        right = min(127, stride * (column + 1) - 1 + radius)
        assert (found[:, column] == float(right < 64)).all()


def test_soft_masks_count_by_the_least_of_what_is_seen():
    slope = torch.linspace(1, 0, 65)[None, None, None, :].expand(1, 1, 16, 65).contiguous()
    found = reduced(slope[..., :64], 2, 4, least=0.1)[0, 0, 0]
    for column in range(32):
        assert found[column] == slope[0, 0, 0, min(63, 2 * column + 5)]


def test_a_thin_part_is_seen_as_if_the_layer_saw_less_far():
    thin = torch.zeros(1, 1, 32, 64)
    thin[..., 20:36] = 1  # 16 px: nothing is left of it with a radius of 30 or 15, 2 px with 7, 10 px with 3
    found = reduced(thin, 1, 30)[0, 0, 16]
    assert found.nonzero().flatten().tolist() == list(range(23, 33))
    assert reduced(thin, 8, 30).sum() * 64 >= thin.sum() / 4


@pytest.mark.parametrize("size", [(48, 48), (45, 61), (16, 17)])
@pytest.mark.parametrize("stride", [1, 2, 4, 8, 16])
def test_weights_are_on_the_layers_grid_and_never_all_nothing(size, stride):
    dot = torch.zeros(1, 1, *size)
    dot[..., 7:9, 9:11] = 0.5
    for mask in (dot, torch.ones(1, 1, *size)):
        found = reduced(mask, stride, 5 * stride)
        assert found.shape[2:] == (size[0] // stride, size[1] // stride)
        assert found.sum() > 0
        assert found.max() <= 1
