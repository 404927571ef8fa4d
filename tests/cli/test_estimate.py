"""``impasto estimate``, and the line that a run begins with."""

from __future__ import annotations

import re

import pytest
from tiny import TINY

from impasto.cli.estimate import forecast_line
from impasto.runs.forecast import Forecast

LINE = r"32 x 21 px: about \d\.\d GB of memory and \d+:\d\d of painting"


def test_an_estimate_paints_nothing(impasto, photo, painting, out):
    said = impasto("estimate", photo, painting, *TINY)
    assert said.code == 0
    assert re.fullmatch(LINE + "\n", said.out)
    assert said.err == ""
    assert list(out.parent.iterdir()) == []


def test_what_was_measured_is_not_measured_again(impasto, photo, painting, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_CACHE", str(tmp_path / "cache"))
    first = impasto("estimate", photo, painting, *TINY).out
    kept = tmp_path / "cache" / "trials.json"
    known = kept.read_bytes()  # with the moments at which it was measured
    assert impasto("estimate", photo, painting, *TINY).out == first
    assert (
        impasto("estimate", photo, painting, *TINY, "--size", "24", "--iterations", "3").code == 0
    )  # it depends on neither
    assert kept.read_bytes() == known


def test_a_run_begins_with_it(impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *TINY)
    assert re.fullmatch(LINE, said.err.splitlines()[0])


def test_memory_decides_the_tiles(impasto, photo, painting):
    flags = (*TINY, "--size", "1500", "--objective", "gram")
    lines = [impasto("estimate", photo, painting, *flags, "--memory", amount).out for amount in ("100GB", "1100MB")]
    assert "tiles" not in lines[0]
    assert re.search(r"in tiles of \d+ px", lines[1])
    refused = impasto("estimate", photo, painting, *flags, "--memory", "1MB").refused()
    least = re.fullmatch(r".*; give it --memory ([01]\.\dGB)", refused)[1]
    assert "in tiles of" in impasto("estimate", photo, painting, *flags, "--memory", least).out
    assert "it takes auto, or an amount" in impasto("estimate", photo, painting, *flags, "--memory", "much").refused()


@pytest.mark.parametrize(
    ("tile_size", "expected"),
    [(0, "of memory and 2:05 of painting"), (512, "of memory, in tiles of 512 px, and 2:05 of painting")],
)
def test_what_it_says(tile_size, expected):
    assert (
        forecast_line(Forecast((1536, 2048), 3_141_000_000, 125.0, tile_size))
        == f"2048 x 1536 px: about 3.1 GB {expected}"
    )


def test_more_than_the_usual_limit_is_explained(impasto, photo, painting):
    flags = (*TINY, "--size", "6000", "--scale-count", "1", "--objective", "neighbours")
    said = impasto("estimate", photo, painting, *flags, "--memory", "auto")
    explained = "(with less it cannot be painted at this size)" in said.out
    assert explained or "try --size" in said.refused()  # where a machine has no more
    assert "with less" not in impasto("estimate", photo, painting, *TINY).out
