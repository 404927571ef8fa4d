import numpy as np
import pytest
import torch

from impasto.losses import content_loss

FORMS = {
    "mean": lambda f, t: ((f - t) ** 2).mean(),
    "sum": lambda f, t: ((f - t) ** 2).sum(),
    "half-sum": lambda f, t: ((f - t) ** 2).sum() / 2,
    "sqrt": lambda f, t: ((f - t) ** 2).sum() / (2 * np.sqrt(f.shape[1]) * np.sqrt(f.shape[2] * f.shape[3])),
    "relative": lambda f, t: ((f - t) ** 2).sum() / (t**2).sum(),
}


def pair():
    generator = torch.Generator().manual_seed(1)
    return torch.rand((1, 5, 6, 7), generator=generator).double(), torch.rand(
        (1, 5, 6, 7), generator=generator
    ).double()


@pytest.mark.parametrize("form", FORMS)
def test_value_and_gradient(form):
    features, target = pair()
    assert content_loss(features, target, form).item() == pytest.approx(
        FORMS[form](features.numpy(), target.numpy()), rel=1e-12
    )
    assert torch.autograd.gradcheck(lambda f: content_loss(f, target, form), features.requires_grad_(True))


def test_relative_has_no_unit():
    features, target = pair()
    assert torch.allclose(
        content_loss(features, target, "relative"), content_loss(255 * features, 255 * target, "relative")
    )


def test_half_precision_is_summed_in_float32():
    ones = torch.ones((1, 64, 64, 64), dtype=torch.bfloat16)
    assert content_loss(ones, 0 * ones, "sum").item() == 64**3
