import numpy as np
import pytest
import scipy.linalg
import torch

from impasto.losses import (
    Sums,
    blend,
    gram_distance,
    mean_std_distance,
    moments_distance,
    sums,
    sums_gradient,
    wasserstein_distance,
)


def features(seed, channels=4, height=6, width=7):
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn((channels, channels), generator=generator).double()
    noise = torch.randn((channels, height * width), generator=generator).double()
    return (mixing @ noise + 0.5).reshape(1, channels, height, width)


def flat(tensor):
    return tensor.detach().numpy().reshape(tensor.shape[1], -1)


def as_sums(array):
    return sums(torch.from_numpy(array).reshape(1, array.shape[0], 1, -1))


def gradcheck(distance, seed=3):
    target = sums(features(2))
    return torch.autograd.gradcheck(lambda f: distance(sums(f), target), features(seed).requires_grad_(True))


def test_sums_are_counts_sums_and_products():
    f = features(1)
    stats, x = sums(f), flat(f)
    assert stats.positions.item() == 42
    np.testing.assert_allclose(stats.first, x.sum(1))
    np.testing.assert_allclose(stats.second, x @ x.T)
    np.testing.assert_allclose(stats.covariance, np.cov(x, bias=True))


def test_sums_add_over_tiles():
    f = features(1)
    whole, parts = sums(f), sums(f[..., :3]) + sums(f[..., 3:])
    for ours, theirs in zip(parts, whole, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_mask_of_zeros_and_ones_selects_positions():
    f = features(1)
    mask = torch.zeros((1, 1, 6, 7)).double()
    mask[..., :3] = 1
    for ours, theirs in zip(sums(f, mask), sums(f[..., :3]), strict=True):
        torch.testing.assert_close(ours, theirs)


def test_a_soft_mask_weights_positions():
    f, half = features(1), torch.full((1, 1, 6, 7), 0.5).double()
    torch.testing.assert_close(sums(f, half).moment, sums(f).moment)
    assert sums(f, half).positions.item() == 21


@pytest.mark.parametrize("masked", [False, True])
def test_the_gradient_of_sums_is_that_of_its_differences(masked):
    mask = torch.rand((1, 1, 6, 7), generator=torch.Generator().manual_seed(1)).double() if masked else None
    assert torch.autograd.gradcheck(lambda f: tuple(sums(f, mask)[1:]), features(3).requires_grad_(True))


def test_the_gradient_of_sums_in_half_precision_is_near():
    half, target = features(3, channels=16).bfloat16(), sums(features(2, channels=16).float())
    gradients = []
    for leaf in (half.clone(), half.float()):
        moments_distance(sums(leaf.requires_grad_(True)), target).backward()
        gradients.append(leaf.grad)
    assert gradients[0].dtype == torch.bfloat16
    assert (gradients[0] - gradients[1]).norm() <= 0.01 * gradients[1].norm()


def test_sums_of_something_else_are_refused():
    with pytest.raises(TypeError):
        sums(features(1)) + 1


GRAMS = {
    ("positions", "mean"): lambda g, h, c, n, m: ((g / n - h / m) ** 2).mean(),
    ("elements", "mean"): lambda g, h, c, n, m: ((g / n / c - h / m / c) ** 2).mean(),
    ("elements", "sum"): lambda g, h, c, n, m: ((g / n / c - h / m / c) ** 2).sum(),
    ("none", "mean"): lambda g, h, c, n, m: ((g - h) ** 2).mean(),
    ("none", "gatys"): lambda g, h, c, n, m: ((g - h) ** 2).sum() / (4 * c**2 * n**2),
    ("positions", "gatys"): lambda g, h, c, n, m: ((g / n - h / m) ** 2).sum() / (4 * c**2),
    ("positions", "mean-c2"): lambda g, h, c, n, m: ((g / n - h / m) ** 2).mean() / c**2,
    ("positions", "relative"): lambda g, h, c, n, m: ((g / n - h / m) ** 2).sum() / ((h / m) ** 2).sum(),
}


@pytest.mark.parametrize(("normalization", "distance"), GRAMS)
def test_gram_distance(normalization, distance):
    x, y = features(3), features(2, height=5, width=4)
    gx, gy = flat(x) @ flat(x).T, flat(y) @ flat(y).T
    expected = GRAMS[normalization, distance](gx, gy, 4, 42, 20)
    ours = gram_distance(sums(x), sums(y), normalization=normalization, distance=distance)
    assert ours.item() == pytest.approx(expected, rel=1e-12)
    assert gradcheck(lambda s, t: gram_distance(s, t, normalization=normalization, distance=distance))


def test_gatys_without_normalisation_is_the_papers_formula_for_equal_sizes():
    x, y = sums(features(3)), sums(features(2))
    ours = gram_distance(x, y, normalization="none", distance="gatys")
    torch.testing.assert_close(ours, gram_distance(x, y, normalization="positions", distance="gatys"))


@pytest.mark.parametrize("distance", ["mean", "sum", "relative"])
def test_mean_std_distance(distance):
    x, y = flat(features(3)), flat(features(2))
    scale = {"mean": (4, 4), "sum": (1, 1), "relative": ((y.mean(1) ** 2).sum(), y.var(1).sum())}[distance]
    expected = ((x.mean(1) - y.mean(1)) ** 2).sum() / scale[0] + ((x.std(1) - y.std(1)) ** 2).sum() / scale[1]
    assert mean_std_distance(as_sums(x), as_sums(y), distance=distance).item() == pytest.approx(expected, rel=1e-10)
    assert gradcheck(lambda s, t: mean_std_distance(s, t, distance=distance))


def test_a_dead_channel_has_a_finite_gradient():
    f = features(3)
    f[:, 0] = 0
    f.requires_grad_(True)
    mean_std_distance(sums(f), sums(features(2))).backward()
    assert f.grad.isfinite().all()


@pytest.mark.parametrize("distance", ["mean", "sum", "relative"])
def test_moments_distance(distance):
    x, y = flat(features(3)), flat(features(2))
    gx, gy = x @ x.T / 42, y @ y.T / 42
    scale = {"mean": (4, 16), "sum": (1, 1), "relative": ((y.mean(1) ** 2).sum(), (gy**2).sum())}[distance]
    expected = ((x.mean(1) - y.mean(1)) ** 2).sum() / scale[0] + ((gx - gy) ** 2).sum() / scale[1]
    assert moments_distance(as_sums(x), as_sums(y), distance=distance).item() == pytest.approx(expected, rel=1e-12)
    assert gradcheck(lambda s, t: moments_distance(s, t, distance=distance))


@pytest.mark.parametrize("distance", ["mean", "sum", "relative"])
def test_wasserstein_distance(distance):
    x, y = flat(features(3)), flat(features(2))
    eye = 1e-4 * np.eye(4)
    sx, sy = np.cov(x, bias=True) + eye, np.cov(y, bias=True) + eye
    root = scipy.linalg.sqrtm(sy)
    expected = ((x.mean(1) - y.mean(1)) ** 2).sum() + np.trace(sx + sy - 2 * scipy.linalg.sqrtm(root @ sx @ root).real)
    expected /= {"mean": 4, "sum": 1, "relative": (y.mean(1) ** 2).sum() + np.trace(sy)}[distance]
    assert wasserstein_distance(as_sums(x), as_sums(y), distance=distance).item() == pytest.approx(expected, rel=1e-8)
    assert gradcheck(lambda s, t: wasserstein_distance(s, t, distance=distance))


def test_wasserstein_in_float32_is_exact_where_covariances_are_singular():
    """As at a coarse scale, where a deep layer has fewer positions than channels."""
    ours, theirs = features(3, channels=40, height=4, width=4), sums(features(2, channels=40, height=4, width=4))
    wide, narrow = ours.clone().requires_grad_(True), ours.float().requires_grad_(True)
    expected = wasserstein_distance(sums(wide), theirs)
    found = wasserstein_distance(sums(narrow), Sums(*(part.float() for part in theirs)))
    expected.backward()
    found.backward()
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert (narrow.grad - wide.grad).norm() <= 1e-3 * wide.grad.norm()


def test_wasserstein_between_fewer_positions_than_channels_is_finite():
    f = features(3, channels=8, height=1, width=3).requires_grad_(True)
    loss = wasserstein_distance(sums(f), sums(features(2, channels=8, height=1, width=2)))
    loss.backward()
    assert loss.isfinite()
    assert f.grad.isfinite().all()


@pytest.mark.parametrize(
    "distance",
    [
        lambda s, t: gram_distance(s, t),
        lambda s, t: mean_std_distance(s, t),
        lambda s, t: moments_distance(s, t),
        lambda s, t: wasserstein_distance(s, t),
    ],
)
def test_equal_statistics_have_no_distance_and_order_of_positions_does_not_matter(distance):
    f = features(3)
    shuffled = f.flatten(2)[:, :, torch.randperm(42, generator=torch.Generator().manual_seed(0))].reshape(f.shape)
    assert distance(sums(shuffled), sums(f)).abs().item() < 1e-10
    assert distance(sums(features(2)), sums(f)).item() > 1e-3


def test_a_blend_is_midway_whatever_the_sizes():
    one, two = sums(features(1)), sums(features(2, height=10, width=3))
    middle = blend([one, two], [3, 1])
    torch.testing.assert_close(middle.mean, 0.75 * one.mean + 0.25 * two.mean)
    torch.testing.assert_close(middle.moment, 0.75 * one.moment + 0.25 * two.moment)


def test_a_blend_of_one_is_itself():
    one = sums(features(1))
    for ours, theirs in zip(blend([one], [0.3]), one, strict=True):
        torch.testing.assert_close(ours, theirs)


def test_half_precision_is_summed_in_float32():
    stats = sums(torch.ones((1, 2, 64, 64), dtype=torch.bfloat16))
    assert isinstance(stats, Sums)
    assert stats.second.dtype == torch.float32
    assert stats.second[0, 1].item() == 4096


@pytest.mark.parametrize("masked", [False, True])
def test_what_is_pulled_back_is_the_gradient_of_the_sums(masked):
    generator = torch.Generator().manual_seed(7)
    maps = torch.rand(1, 4, 5, 6, dtype=torch.float64, generator=generator).requires_grad_()
    weight = torch.rand(1, 1, 5, 6, dtype=torch.float64, generator=generator) if masked else None
    stats = sums(maps, weight)
    slope = Sums(*(torch.rand(part.shape, dtype=torch.float64, generator=generator) for part in stats))
    (expected,) = torch.autograd.grad((stats.first, stats.second), maps, (slope.first, slope.second))
    torch.testing.assert_close(sums_gradient(maps.detach(), slope, weight), expected)
