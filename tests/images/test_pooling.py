"""Average pooling and its gradient are PyTorch's."""

from __future__ import annotations

import pytest
import torch

from impasto.images.pooling import average_pooled


@pytest.mark.parametrize("size", [(8, 12), (9, 15), (4, 7)])
@pytest.mark.parametrize("factor", [1, 2, 4])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_values_and_gradients_are_those_of_average_pooling(size, factor, layout):
    given = torch.rand(2, 3, *size, dtype=torch.float64).contiguous(memory_format=layout)
    ours, theirs = given.clone().requires_grad_(), given.clone().requires_grad_()
    found, expected = average_pooled(ours, factor), torch.nn.functional.avg_pool2d(theirs, factor)
    torch.testing.assert_close(found, expected)
    slope = torch.rand_like(expected)
    found.backward(slope), expected.backward(slope)
    torch.testing.assert_close(ours.grad, theirs.grad)
