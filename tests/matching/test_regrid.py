"""A part of a layer on a grid is that part of the whole layer on it."""

from __future__ import annotations

import pytest
import torch

from impasto.matching import Regrid
from impasto.matching.regrid import regridded

CELLS = [((0, 3), (0, 5)), ((2, 7), (4, 9)), ((5, 9), (7, 11)), ((8, 9), (10, 11))]


@pytest.mark.parametrize(
    "source", [(9, 11), (18, 44), (36, 45), (19, 22), (37, 47), (5, 11), (4, 5), (2, 23), (3, 2)], ids=str
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_parts_are_those_of_the_whole(source, dtype):
    features = torch.rand(1, 2, *source, dtype=dtype, generator=torch.Generator().manual_seed(1))
    whole, regrid = regridded(features, (9, 11)), Regrid(source, (9, 11))
    for rows, columns in CELLS:
        (top, bottom), (left, right) = regrid.sources((rows, columns))
        assert 0 <= top < bottom <= source[0]
        assert 0 <= left < right <= source[1]
        found = regrid.part(features[..., top:bottom, left:right], (rows, columns))
        expected = whole[..., slice(*rows), slice(*columns)]
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6 if dtype == torch.float32 else 1e-14)


def test_a_part_needs_little_more_than_its_share():
    (top, bottom), (left, right) = Regrid((131, 47), (32, 11)).sources(((8, 16), (0, 11)))
    assert bottom - top <= 8 * 131 / 32 + 10
    assert (left, right) == (0, 47)
