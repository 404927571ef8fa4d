import numpy as np
import pytest
import torch
import torch.nn.functional as F

from impasto.losses import tile_variation, total_variation


def canvas(height=5, width=6):
    return torch.rand((1, 3, height, width), generator=torch.Generator().manual_seed(4)).double()


def differences(x):
    return x[..., :, 1:] - x[..., :, :-1], x[..., 1:, :] - x[..., :-1, :]


def nine_point(x):
    p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
    total, height, width = 0.0, x.shape[2], x.shape[3]
    for dy, dx, weight in ((0, 1, 2 / 3), (1, 0, 2 / 3)):
        moved = p[..., 1 + dy : 1 + dy + height, 1 + dx : 1 + dx + width]
        total += weight * ((moved - x) ** 2).mean()
    falling, rising = p[..., 1:, 1:] - p[..., :-1, :-1], p[..., 1:, :-1] - p[..., :-1, 1:]
    return total + ((falling**2).mean() + (rising**2).mean()) / 6


FORMS = {
    "l1-sum": lambda x: sum(np.abs(d).sum() for d in differences(x)),
    "l1-mean": lambda x: sum(np.abs(d).mean() for d in differences(x)),
    "l2-sum": lambda x: sum((d**2).sum() for d in differences(x)),
    "l2-mean": lambda x: sum((d**2).mean() for d in differences(x)),
    "nine-point": nine_point,
}


@pytest.mark.parametrize("form", FORMS)
def test_value_and_gradient(form):
    x = canvas()
    assert total_variation(x, form).item() == pytest.approx(FORMS[form](x.numpy()), rel=1e-12)
    assert torch.autograd.gradcheck(lambda c: total_variation(c, form), x.requires_grad_(True))


@pytest.mark.parametrize("form", FORMS)
def test_a_constant_has_none_and_a_constant_added_changes_none(form):
    assert total_variation(torch.full((1, 3, 4, 4), 0.3), form).item() == 0
    torch.testing.assert_close(total_variation(canvas() + 0.2, form), total_variation(canvas(), form))


@pytest.mark.parametrize("form", FORMS)
def test_a_single_row_is_finite(form):
    assert total_variation(canvas(1, 6), form).isfinite()


@pytest.mark.parametrize("form", ["l1-sum", "l1-mean", "l2-sum", "l2-mean", "nine-point"])
def test_what_tiles_add_is_that_of_the_canvas(form):
    canvas = torch.rand(1, 3, 9, 7, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    padded, parts = F.pad(canvas, (1, 1, 1, 1), mode="replicate"), []
    for top, bottom in ((0, 4), (4, 9)):
        for left, right in ((0, 3), (3, 5), (5, 7)):
            around = padded[..., top : bottom + 2, left : right + 2]
            parts.append(tile_variation(around, form, (9, 7), (bottom == 9, right == 7)))
    assert sum(parts).item() == pytest.approx(total_variation(canvas, form).item(), rel=1e-12)
