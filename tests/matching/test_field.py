"""Fields of matches: places and rows, coherence, other sizes, and the picture that the matches vote for."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from impasto.matching import CELL, Field, coherent, enlarged, voted
from impasto.matching.nearest import centred
from synthetic import picture

TURNED = ((3, 4), (4, 3), (3, 4))  # a picture of 3 x 4 cells and two of its turns
COUNT = 36

sides = st.integers(1, 9)
sizes = st.tuples(sides, sides)
banks = st.lists(sizes, min_size=1, max_size=4)


def cells(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def random_field(grid: tuple[int, int], grids: tuple[tuple[int, int], ...], seed: int = 0) -> Field:
    generator = torch.Generator().manual_seed(seed)
    return Field(torch.randint(sum(map(cells, grids)), (cells(grid),), generator=generator), grid, tuple(grids))


def identity(grid: tuple[int, int]) -> Field:
    return Field(torch.arange(cells(grid)), grid, (grid,))


# Places


def test_a_row_is_a_place_in_one_of_the_grids():
    field = Field(torch.tensor([0, 5, 11, 12, 17, 35]), (2, 3), TURNED)
    assert [part.tolist() for part in field.places()] == [[0, 0, 0, 1, 1, 2], [0, 1, 2, 0, 1, 2], [0, 1, 3, 0, 2, 3]]


def test_rows_and_places_are_inverse():
    field = Field(torch.arange(COUNT), (6, 6), TURNED)
    assert torch.equal(field.rows_at(*field.places()), field.rows)


def test_a_place_outside_of_its_own_grid_has_no_row():
    """(2, 3) is inside of the first grid, and (3, 2) of the second one alone."""
    number = torch.tensor([0, 1, 0, 1, 0, 0])
    y, x = torch.tensor([2, 2, 3, 3, -1, 0]), torch.tensor([3, 3, 2, 2, 0, -1])
    assert Field(torch.zeros(1).long(), (1, 1), TURNED).rows_at(number, y, x).tolist() == [11, -1, -1, 23, -1, -1]


# Coherence

SIDE, WRONG, CENTRE = 8, 63, 14  # the wrong match lies in the last corner; position (2, 2) of a grid of 6 x 6


def planted() -> tuple[Field, Field, torch.Tensor, torch.Tensor]:
    """A canvas that shows a part of the style, but for one position that looks more like another place, by 0.2."""
    bank = torch.eye(SIDE * SIDE)
    window = torch.arange(SIDE * SIDE).reshape(SIDE, SIDE)[1:7, 1:7].flatten()
    query = bank[window].clone()
    query[CENTRE] = 0.6 * bank[window[CENTRE]] + 0.8 * bank[WRONG]
    rows = window.clone()
    rows[CENTRE] = WRONG
    grids = ((SIDE, SIDE),)
    return Field(rows, (6, 6), grids), Field(window, (6, 6), grids), query, bank


def test_without_a_bonus_nothing_changes():
    field = random_field((4, 5), TURNED)
    query, bank = torch.rand(20, 6), torch.rand(COUNT, 6)
    assert torch.equal(coherent(field, centred(query), centred(bank), 0.0).rows, field.rows)


@pytest.mark.parametrize(("bonus", "heals"), [(0.06, True), (0.04, False)])
def test_four_neighbours_outweigh_a_cosine_that_is_larger_by_less_than_four_times_the_bonus(bonus, heals):
    field, whole, query, bank = planted()
    found = coherent(field, centred(query), centred(bank), bonus)
    assert torch.equal(found.rows, whole.rows if heals else field.rows)
    assert (found.grid, found.grids) == (field.grid, field.grids)


def test_what_is_whole_stays_whole():
    _, whole, query, bank = planted()
    assert torch.equal(coherent(whole, centred(query), centred(bank), 0.06).rows, whole.rows)


def test_a_position_joins_the_neighbour_that_looks_more_like_it():
    """Without any bonus to speak of: proposals are also compared by themselves."""
    _, whole, query, bank = planted()
    rows = whole.rows.clone()
    rows[0] = WRONG
    assert torch.equal(coherent(Field(rows, (6, 6), whole.grids), centred(query), centred(bank), 1e-6).rows, whole.rows)


@pytest.mark.parametrize(
    ("last", "first"),
    [((0, 2, 3), (1, 0, 0)), ((0, 0, 3), (0, 1, 0)), ((1, 3, 2), (2, 0, 0))],
    ids=["next turn", "next line", "last turn"],
)
def test_nothing_continues_a_match_at_the_border_of_its_picture(last, first):
    """Two positions side by side. What one of them looks like is the row beside the other one's, beyond the border."""
    last, first, at_left, at_right = (row_of(*place) for place in (last, first, (0, 2, 0), (1, 1, 2)))
    assert first == last + 1
    for rows, looks in (([last, at_left], [last, first]), ([at_right, first], [last, first])):
        field = Field(torch.tensor(rows), (1, 2), TURNED)
        assert coherent(field, centred(torch.eye(COUNT)[looks]), centred(torch.eye(COUNT)), 0.5).rows.tolist() == rows


def row_of(number: int, y: int, x: int) -> int:
    return int(random_field((1, 1), TURNED).rows_at(torch.tensor(number), torch.tensor(y), torch.tensor(x)))


@settings(max_examples=40, deadline=None)
@given(grid=sizes, grids=banks, bonus=st.floats(1e-3, 2), seed=st.integers(0, 99))
def test_coherent_rows_are_rows_of_the_bank_and_come_out_the_same_twice(grid, grids, bonus, seed):
    field, generator = random_field(grid, grids, seed), torch.Generator().manual_seed(seed)
    query = torch.rand(cells(grid), 4, generator=generator)
    bank = torch.rand(sum(map(cells, grids)), 4, generator=generator)
    before = field.rows.clone()
    one, two = (
        coherent(field, centred(query), centred(bank), bonus),
        coherent(field, centred(query), centred(bank), bonus),
    )
    assert one.rows.shape == field.rows.shape
    assert 0 <= one.rows.min() <= one.rows.max() < len(bank)
    assert torch.equal(one.rows, two.rows)
    assert torch.equal(field.rows, before)


# Other sizes


@given(grid=sizes, grids=banks, seed=st.integers(0, 99))
def test_on_the_same_grids_a_field_stays_as_it_is(grid, grids, seed):
    field = random_field(grid, grids, seed)
    same = enlarged(field, grid, grids)
    assert torch.equal(same.rows, field.rows)
    assert (same.grid, same.grids) == (grid, tuple(grids))


@given(old=sizes, new=sizes)
def test_a_picture_matched_to_itself_still_is_at_any_size(old, new):
    assert torch.equal(enlarged(identity(old), new, [new]).rows, identity(new).rows)


def test_a_shift_is_twice_as_far_at_twice_the_size():
    style, canvas = torch.arange(80).reshape(8, 10), torch.arange(320).reshape(16, 20)
    field = Field(style[2:6, 3:9].flatten(), (4, 6), ((8, 10),))
    assert torch.equal(enlarged(field, (8, 12), [(16, 20)]).rows, canvas[4:12, 6:18].flatten())


@settings(max_examples=60, deadline=None)
@given(
    data=st.data(),
    grid=sizes,
    grids=banks,
    new=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    seed=st.integers(0, 99),
)
def test_matches_stay_in_their_picture_at_any_size(data, grid, grids, new, seed):
    field = random_field(grid, grids, seed)
    others = data.draw(
        st.lists(st.tuples(st.integers(1, 20), st.integers(1, 20)), min_size=len(grids), max_size=len(grids))
    )
    found = enlarged(field, new, others)
    assert found.rows.shape == (cells(new),)
    assert 0 <= found.rows.min() <= found.rows.max() < sum(map(cells, others))
    above, left = ([(2 * i + 1) * was // (2 * now) for i in range(now)] for was, now in zip(grid, new, strict=True))
    parents = field.places()[0].reshape(grid)[above][:, left]
    assert torch.equal(found.places()[0], parents.flatten())


# Voting


@pytest.mark.parametrize("size", [(16, 24), (4, 4), (12, 4)])
def test_a_picture_matched_to_itself_votes_for_itself(size):
    style = picture(*size, 5)
    torch.testing.assert_close(voted(identity((size[0] // CELL, size[1] // CELL)), [style]), style)


def test_a_shift_votes_for_the_part_that_it_shows():
    style = picture(32, 40, 6)
    rows = torch.arange(80).reshape(8, 10)[2:6, 3:9].flatten()
    torch.testing.assert_close(voted(Field(rows, (4, 6), ((8, 10),)), [style]), style[..., 8:24, 12:36])


def test_the_votes_are_a_gaussian_mean_of_the_patches():
    """Against loops over every match and every pixel around it."""
    styles = [picture(8, 12, 1), picture(12, 8, 2)]
    field = random_field((2, 3), ((2, 3), (3, 2)), 4)
    total, weights = torch.zeros(3, 16, 20), torch.zeros(16, 20)
    bell = [2.718281828459045 ** (-((k - 5.5) ** 2) / (2 * 2.5**2)) for k in range(12)]
    for place, (number, y, x) in enumerate(zip(*(part.tolist() for part in field.places()), strict=True)):
        padded = F.pad(styles[number], (4, 4, 4, 4), mode="replicate")[0]
        top, left = 4 * (place // 3), 4 * (place % 3)
        for down in range(12):
            for right in range(12):
                weight = bell[down] * bell[right]
                total[:, top + down, left + right] += weight * padded[:, 4 * y + down, 4 * x + right]
                weights[top + down, left + right] += weight
    torch.testing.assert_close(voted(field, styles)[0], (total / weights)[:, 4:12, 4:16])


@settings(max_examples=25, deadline=None)
@given(
    grid=sizes,
    sides=st.lists(st.tuples(st.integers(4, 23), st.integers(4, 23)), min_size=1, max_size=3),
    seed=st.integers(0, 99),
)
def test_votes_keep_to_the_colours_of_the_style(grid, sides, seed):
    """At sides that are no multiples of 4 as well: a picture is seen at the size of its grid."""
    field = random_field(grid, tuple((height // CELL, width // CELL) for height, width in sides), seed)
    found = voted(field, [picture(*size, seed + k).round() for k, size in enumerate(sides)])
    assert found.shape == (1, 3, CELL * grid[0], CELL * grid[1])
    assert -1e-6 <= found.min() <= found.max() <= 1 + 1e-6
    constant = torch.tensor([0.2, 0.5, 1.0])[:, None, None]
    same = voted(field, [constant.expand(1, 3, *size) for size in sides])
    torch.testing.assert_close(same, constant.expand_as(same[0])[None])


def test_every_position_votes_with_its_own_picture():
    """The left half is matched to a dark picture, the right half to a light one; patches reach a cell across the
    seam."""
    grids = ((2, 2), (3, 2))
    rows = torch.tensor([[0, 1, 2, 3, 4, 5, 6, 7]] * 2)
    found = voted(Field(rows.flatten(), (2, 8), grids), [torch.full((1, 3, 8, 8), 0.2), torch.full((1, 3, 12, 8), 0.8)])
    torch.testing.assert_close(found[..., :12], torch.full((1, 3, 8, 12), 0.2))
    torch.testing.assert_close(found[..., 20:], torch.full((1, 3, 8, 12), 0.8))
    across = found[0, 0, 0, 12:20]
    assert (across.diff() > 0).all()


def test_votes_are_the_same_in_strips():
    pictures = [torch.rand(1, 3, 28, 24, dtype=torch.float64), torch.rand(1, 3, 24, 28, dtype=torch.float64)]
    field = Field(torch.randint(84, (63,), generator=torch.Generator().manual_seed(3)), (9, 7), ((7, 6), (6, 7)))
    whole = voted(field, pictures)
    for patches in (1, 14, 30):
        torch.testing.assert_close(voted(field, pictures, at_once=patches), whole)
