import numpy as np
import pytest
import torch

from impasto.losses import cosine_loss, split_loss
from impasto.matching import columns, grid_columns, hypercolumns, nearest, sparse


def random(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)).double()


def test_hypercolumns_stack_layers_divided_by_their_channels():
    maps = {"a": random(1, 3, 4, 6), "b": random(1, 2, 4, 6, seed=1)}
    columns = hypercolumns(maps, {"a": 4, "b": 4}, (4, 6))
    assert columns.shape == (24, 5)
    torch.testing.assert_close(columns[7, :3], maps["a"][0, :, 1, 1] / 3)
    torch.testing.assert_close(columns[7, 3:], maps["b"][0, :, 1, 1] / 2)


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 6, 8, 16])
@pytest.mark.parametrize("size", [(16, 24), (19, 27), (48, 49)])
def test_hypercolumns_keep_a_constant_at_every_stride(stride, size):
    grid, cells = (size[0] // 4, size[1] // 4), [side // stride for side in size]
    columns = hypercolumns({"a": torch.full((1, 2, *cells), 0.6).double()}, {"a": stride}, grid)
    torch.testing.assert_close(columns, torch.full((grid[0] * grid[1], 2), 0.3).double())


def test_nearest_is_the_best_centred_cosine_whatever_the_block():
    query, bank = random(50, 6), random(70, 6, seed=1)
    q, b = query.numpy() - query.numpy().mean(0), bank.numpy() - bank.numpy().mean(0)
    cosines = (q / np.linalg.norm(q, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    for block in (7, 50, 1000):
        np.testing.assert_array_equal(nearest(query, bank, block=block), cosines.argmax(1))


def test_nearest_of_itself_is_itself():
    bank = random(40, 6)
    assert nearest(bank, bank).tolist() == list(range(40))


def test_cosine_loss():
    a, b = random(9, 5) - 0.3, random(9, 5, seed=1)
    x, y = a.numpy(), b.numpy()
    expected = (1 - (x * y).sum(1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1)).mean()
    wanted = torch.nn.functional.normalize(b, dim=1)
    assert cosine_loss([a[:, :2], a[:, 2:]], wanted).item() == pytest.approx(expected, rel=1e-12)
    assert cosine_loss([3 * wanted], wanted).abs().item() < 1e-12
    parts = tuple(part.clone().requires_grad_(True) for part in (a[:, :2], a[:, 2:]))
    assert torch.autograd.gradcheck(lambda *p: cosine_loss(p, wanted), parts)


def test_factors_of_the_parts_are_those_of_their_vectors():
    a, wanted = random(9, 5) - 0.3, torch.nn.functional.normalize(random(9, 5, seed=1), dim=1)
    factors = torch.tensor([0.5, 0.5, 3.0, 3.0, 3.0])
    found = cosine_loss([a[:, :2], a[:, 2:]], wanted, factors=[0.5, 3.0])
    torch.testing.assert_close(found, cosine_loss([a * factors], wanted))


def test_short_numbers_differ_by_their_rounding():
    """Each product is off by 2^-9 at most, and so is each direction; what they sum to is no further away."""
    a, wanted = random(60, 512).float(), torch.nn.functional.normalize(random(60, 512, seed=1).float(), dim=1)
    short, exact = a.bfloat16().requires_grad_(), a.bfloat16().float().requires_grad_()
    found, expected = cosine_loss([short], wanted), cosine_loss([exact], wanted.bfloat16().float())
    found.backward(), expected.backward()
    assert found.dtype == torch.float32
    assert abs(found - expected).item() < 2**-8
    assert (short.grad - exact.grad).norm() < 2**-5 * exact.grad.norm()  # along and across nearly cancel here


def test_a_position_without_features_has_a_finite_gradient():
    a = torch.zeros((3, 4), requires_grad=True)
    cosine_loss([a], torch.nn.functional.normalize(torch.ones((3, 4)), dim=1)).backward()
    assert a.grad.isfinite().all()


def test_the_gradient_reaches_every_layer():
    maps = {"fine": random(1, 2, 9, 10).requires_grad_(True), "coarse": random(1, 2, 2, 3, seed=2).requires_grad_(True)}
    wanted = torch.nn.functional.normalize(random(20, 4, seed=3), dim=1)

    def loss(fine, coarse):
        return cosine_loss([grid_columns(fine, 2, (4, 5)), grid_columns(coarse, 8, (4, 5))], wanted, factors=[0.5, 2])

    assert torch.autograd.gradcheck(loss, tuple(maps.values()))


def test_split_loss_looks_for_the_nearest_and_takes_both_means_away():
    ours, bank = random(9, 5) - 0.3, random(30, 5, seed=1)
    q, b = ours.numpy() - ours.numpy().mean(0), bank.numpy() - bank.numpy().mean(0)
    cosines = (q / np.linalg.norm(q, axis=1, keepdims=True)) @ (b / np.linalg.norm(b, axis=1, keepdims=True)).T
    assert split_loss(ours, bank).item() == pytest.approx((1 - cosines.max(1)).mean())
    assert split_loss(3 * bank + 1, bank).item() == pytest.approx(0, abs=1e-12)


def test_the_gradient_of_split_loss_is_that_of_its_differences():
    ours, bank = (random(9, 5) - 0.3).requires_grad_(), random(30, 5, seed=1)
    assert torch.autograd.gradcheck(lambda x: split_loss(x, bank), ours, eps=1e-7, atol=1e-5)


def test_a_small_layer_is_taken_whole():
    features = random(1, 3, 20, 127)
    assert torch.equal(sparse(features, 5), features)
    torch.testing.assert_close(columns(features)[127 + 4], features[0, :, 1, 4])


@pytest.mark.parametrize("size", [(128, 200), (200, 192), (256, 130)])
def test_parts_of_a_large_layer_take_turns_until_each_place_was_there(size):
    """Each part is spread over the picture, and has some 64 places along its long side."""
    places = torch.arange(size[0] * size[1]).reshape(1, 1, *size).double()
    step = max(size) // 64
    parts = [sparse(places, turn) for turn in range(step**2)]
    seen = torch.cat([part.flatten() for part in parts])
    assert torch.equal(seen.sort().values, places.flatten())
    assert all(64 <= max(part.shape) < 128 for part in parts)
    assert torch.equal(sparse(places, step**2), parts[0])


def test_a_narrow_layer_has_places_in_every_part():
    assert all(sparse(random(1, 2, 3, 900), turn).numel() for turn in range(300))
