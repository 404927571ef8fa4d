"""One resident network and styles for many canvases: what previews and films are painted with."""

from __future__ import annotations

import pytest
import torch

import impasto
from impasto.api import Begin
from impasto.matching import Search
from impasto.styles import PictureStyle
from synthetic import DEVICE, picture

pytestmark = pytest.mark.bits

FRAMES = [picture(40, 48, seed) for seed in (1, 2, 3)]
STYLE = picture(36, 44, 9)
TINY = {"backbone": "compact", "precision": "float32", "device": DEVICE, "size": 48, "scale_count": 1, "iterations": 3}


def finished(run) -> impasto.Result:
    for _ in run:
        pass
    return run.result()


@pytest.mark.parametrize("options", [{"objective": "gram"}, {}, {"color": "match"}], ids=str)
def test_it_paints_what_single_runs_paint(options):
    session = impasto.Stylizer(**TINY, **options).session(STYLE)
    for frame in FRAMES:
        alone = impasto.stylize(frame, STYLE, **TINY, **options)
        assert torch.equal(finished(session.iterate(frame)).pixels, alone.pixels)


def test_styles_are_analysed_once_and_the_network_is_loaded_once(monkeypatch):
    stylizer, seen = impasto.Stylizer(**TINY), []
    session, at = stylizer.session([STYLE]), PictureStyle.at
    monkeypatch.setattr(PictureStyle, "at", lambda *given: seen.append(given[1]) or at(*given))
    monkeypatch.setattr("impasto.weights.store.Store.load", lambda *_: pytest.fail("loaded again"))
    for frame in FRAMES:
        finished(session.iterate(frame))
    assert len(seen) == 1


def test_frames_follow_each_other_without_searching_again(monkeypatch):
    session = impasto.Stylizer(**TINY, neighbour_refresh=100).session(STYLE)
    colors = session.colors(FRAMES[0])
    first = session.iterate(FRAMES[0], Begin(colors=colors))
    shown = finished(first)
    assert torch.equal(
        shown.pixels, finished(session.iterate(FRAMES[0])).pixels
    )  # the first frame's colours are its own
    monkeypatch.setattr(Search, "find", lambda *_: pytest.fail("searched"))
    second = session.iterate(FRAMES[0], Begin(carry=first.carry(), colors=colors, finest=1))
    warm = finished(second)
    assert next(iter(second.last.terms.values())) >= 0
    assert (warm.pixels - shown.pixels).abs().mean() < (FRAMES[0] - shown.pixels).abs().mean()


def test_runs_of_a_session_may_take_turns():
    session = impasto.Stylizer(**TINY, objective="gram").session(STYLE)
    runs = [session.iterate(frame) for frame in FRAMES]
    for _ in range(3):
        for run in runs:
            next(run)
    for frame, run in zip(FRAMES, runs, strict=True):
        assert torch.equal(finished(run).pixels, finished(session.iterate(frame)).pixels)
