"""Batches: what is drawn depends on seed and step alone, and the two crops of a pair share nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from training.pictures import PAIR_SIZE, SIZES, Source, _disjoint, _split, draw, draw_pairs

pytestmark = pytest.mark.usefixtures("small_batches")


@pytest.mark.parametrize("step", range(4))
def test_a_batch_is_a_pure_function_of_seed_and_step(step, sources):
    np.random.seed(step)  # whatever else has been drawn
    one, two, later, other = (draw(sources, *which) for which in ((5, step), (5, step), (5, step + 9), (6, step)))
    assert torch.equal(one.images, two.images)
    for name in one.rows:
        assert torch.equal(one.labels[name], two.labels[name])
        assert torch.equal(one.kinds[name], two.kinds[name])
    for different in (later, other):
        assert one.images.shape != different.images.shape or not torch.equal(one.images, different.images)


@pytest.mark.parametrize("step", range(6))
def test_every_row_of_a_batch_belongs_to_one_source_and_has_its_label(step, sources):
    batch = draw(sources, 1, step)
    count, _, height, width = batch.images.shape
    assert height == width
    assert height in SIZES
    assert torch.equal(torch.cat(list(batch.rows.values())), torch.arange(count))
    assert ("tiny" in batch.rows) == (height <= 96)  # a thumbnail is mere blur above
    for name, rows in batch.rows.items():
        assert len(rows) == len(batch.labels[name]) == len(batch.kinds[name]) >= 2
        assert set(batch.labels[name].tolist()) <= set(sources[name].labels.tolist())
    assert 0 <= batch.images.min() < batch.images.max() <= 1


def test_labels_go_with_their_pictures():
    """Pictures of one brightness each, which is their label as well."""
    shown = [np.full((100, 100, 3), 50 + 100 * k, np.uint8) for k in range(2)]
    plain = {
        name: Source(name, shown, np.arange(2), np.arange(2), 2, ("dark", "light")) for name in ("pacs", "caltech")
    }
    for step in range(4):
        batch = draw(plain, 2, step)
        for name, rows in batch.rows.items():
            bright = batch.images[rows].mean((1, 2, 3)) > 100 / 255
            assert torch.equal(bright.long(), batch.labels[name])
            assert torch.equal(bright.long(), batch.kinds[name])


def test_a_batch_of_pairs_is_a_pure_function_of_seed_and_step(sources):
    drawn = [draw_pairs(sources, 5, step) for step in range(8)]
    for step, one in enumerate(drawn):
        two = draw_pairs(sources, 5, step)
        assert torch.equal(one.first, two.first)
        assert torch.equal(one.second, two.second)
        assert one.first.shape == one.second.shape == (len(one.first), 3, PAIR_SIZE, PAIR_SIZE)
        assert not torch.equal(one.first, one.second)
    grey = [all(torch.equal(half[:, 0], half[:, 1]) for half in (batch.first, batch.second)) for batch in drawn]
    assert set(grey) == {False, True}


sides = st.integers(PAIR_SIZE, 200)


@settings(max_examples=50, deadline=None)
@given(height=sides, width=sides, seed=st.integers(0, 10_000))
def test_the_crops_of_a_pair_share_no_pixel(height, width, seed):
    """Every pixel says where it is."""
    if max(height, width) < 2 * PAIR_SIZE:
        width += PAIR_SIZE
    where = np.arange(height * width).reshape(height, width, 1)
    crops = _disjoint(where, PAIR_SIZE, np.random.default_rng(seed))
    assert [crop.shape for crop in crops] == [(PAIR_SIZE, PAIR_SIZE, 1)] * 2
    assert len(np.unique(np.stack(crops))) == 2 * PAIR_SIZE**2
    for crop in crops:  # a square of the picture as it is, or mirrored
        assert (np.diff(crop[..., 0], axis=0) == width).all()
        assert len(np.unique(np.diff(crop[..., 0], axis=1))) == 1


def test_later_paintings_and_every_so_manieth_of_the_rest_are_held_back(sources):
    expected = {"pacs": [4], "caltech": [0, 5], "tiny": [0], "imagenet": []}  # of eight; paintings are 0 and 4
    for name, back in expected.items():
        kept, found = _split(sources[name], first_held=1)
        assert found.tolist() == back
        assert sorted([*kept, *found]) == list(range(8))
    chosen = sources["pacs"].select(np.array([4, 1]))
    assert chosen.labels.tolist() == [1, 1]
    assert chosen.kinds.tolist() == [0, 1]
    assert np.array_equal(chosen.pictures[0], sources["pacs"].pictures[4])
