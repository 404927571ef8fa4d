from __future__ import annotations

import pytest
import torch

from impasto.errors import ConfigError
from impasto.images.resample import fit_size, resize, side_of

FILTERS = ("lanczos", "bicubic", "bilinear", "area")


def picture(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    ("size", "long_side", "expected"),
    [
        ((400, 600), 300, (200, 300)),
        ((600, 400), 300, (300, 200)),
        ((3, 5000), 512, (1, 512)),  # never vanishes
        ((1, 1), 512, (512, 512)),
        ((2, 3), 100, (67, 100)),  # 66.67 rounds, it is not cut
        ((333, 333), 64, (64, 64)),
    ],
)
def test_fit_size(size: tuple[int, int], long_side: int, expected: tuple[int, int]) -> None:
    assert fit_size(size, long_side) == expected


@pytest.mark.parametrize(
    ("side", "expected"), [("long", (200, 300)), ("short", (300, 450)), ("height", (300, 450)), ("width", (200, 300))]
)
def test_a_size_may_be_fitted_along_any_side(side: str, expected: tuple[int, int]) -> None:
    assert fit_size((400, 600), 300, side) == expected
    assert side_of(expected, side) == 300
    assert fit_size((600, 400), 300, {"height": "width", "width": "height"}.get(side, side)) == expected[::-1]


def test_a_size_may_be_fitted_by_its_number_of_pixels() -> None:
    """A picture of another shape then has as many."""
    assert fit_size((400, 600), 300, "area") == (245, 367)
    assert side_of((245, 367), "area") == 300
    assert fit_size((1000, 100), 300, "area") == (949, 95)
    assert fit_size((3, 50_000), 16, "area") == (1, 2066)  # never vanishes


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("size", [(7, 11), (40, 31), (1, 1), (20, 5)])
def test_a_constant_stays_exactly_itself(filter: str, size: tuple[int, int]) -> None:
    levels = torch.tensor([0.1, 1 / 3, 1.0]).view(1, 3, 1, 1)
    result = resize(levels.expand(1, 3, 20, 17), size, filter)
    assert result.shape == (1, 3, *size)
    assert torch.equal(result, levels.expand_as(result))


@pytest.mark.parametrize("size", [(5, 7), (13, 30), (64, 1)])
def test_area_keeps_the_mean_of_each_plane(size: tuple[int, int]) -> None:
    pixels = picture(2, 3, 23, 19)
    means = resize(pixels, size, "area").mean(dim=(2, 3))
    torch.testing.assert_close(means, pixels.mean(dim=(2, 3)), atol=1e-6, rtol=0)


def test_area_at_a_whole_ratio_is_the_mean_of_blocks() -> None:
    pixels = picture(1, 3, 12, 8)
    torch.testing.assert_close(resize(pixels, (4, 2), "area"), torch.nn.functional.avg_pool2d(pixels, (3, 4)))


def test_area_counts_parts_of_pixels() -> None:
    row = torch.tensor([0.0, 0.6, 0.9]).view(1, 1, 1, 3)
    expected = torch.tensor([(0.0 + 0.5 * 0.6) / 1.5, (0.5 * 0.6 + 0.9) / 1.5])
    torch.testing.assert_close(resize(row, (1, 2), "area").flatten(), expected)


@pytest.mark.parametrize("filter", FILTERS[:3])
def test_shrinking_does_not_alias(filter: str) -> None:
    stripes = torch.zeros(1, 3, 32, 32)
    stripes[..., ::2] = 1.0
    inner = resize(stripes, (8, 8), filter)[..., 2:-2]
    assert (inner - 0.5).abs().max() < 0.05


def test_overshoot_is_clamped() -> None:
    edge = torch.zeros(1, 1, 8, 8)
    edge[..., 4:] = 1.0
    result = resize(edge, (32, 32), "lanczos")
    assert result.min() == 0
    assert result.max() == 1


def test_precision_is_that_of_floats() -> None:
    step = 1e-5  # far below an 8-bit level
    pixels = torch.tensor([0.5, 0.5 + step]).view(1, 1, 1, 2).expand(1, 1, 2, 2)
    assert resize(pixels, (2, 4), "bilinear").unique().numel() == 4


def test_a_picture_of_that_size_comes_back_itself() -> None:
    pixels = picture(1, 3, 4, 5)
    assert resize(pixels, (4, 5)) is pixels


def test_batches_and_planes_do_not_mix() -> None:
    pixels = picture(2, 3, 6, 6)
    both = resize(pixels, (9, 4))
    assert torch.equal(both[1:, 2:], resize(pixels[1:, 2:], (9, 4)))


def test_the_type_is_kept() -> None:
    assert resize(picture(1, 3, 4, 4).to(torch.bfloat16), (2, 2)).dtype == torch.bfloat16


def test_unknown_filter_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="lanczos"):
        resize(picture(1, 3, 4, 4), (2, 2), "lancos")
