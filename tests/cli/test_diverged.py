"""Runs that diverge: their best canvas is written, one line says what to try, and the exit code is not that of
success."""

from __future__ import annotations

import json

import pytest
import torch
from tiny import TINY

from impasto.images.files.io import read_record
from impasto.objective.objective import Objective, Report

MESSAGE = "the loss kept growing; try a smaller --step-size, or --precision float32"


@pytest.fixture(autouse=True)
def broken(monkeypatch) -> None:
    def nothing(self, canvas):
        return Report(float("nan"), {"content": float("nan"), "style": 0.0, "tv": 0.0}), torch.zeros_like(canvas)

    monkeypatch.setattr(Objective, "value_and_grad", nothing)


def last_line(out) -> str:
    return f"impasto: error: {out} is no finished picture, but the best canvas of a run that diverged: {MESSAGE}"


def test_stylize(impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *TINY, "--iterations", "20")
    assert said.code == 1
    assert said.err.splitlines()[-1] == last_line(out)
    assert json.loads(read_record(out))["losses"] == {"style": 0.0, "tv": 0.0}
    assert not out.with_name(f"{out.name}.checkpoint").exists()


def test_it_is_said_where_errors_alone_are_asked_for(impasto, photo, painting, out):
    said = impasto("stylize", photo, painting, "-o", out, *TINY, "--iterations", "20", "--quiet")
    assert (said.code, said.out, said.err) == (1, "", f"{last_line(out)}\n")


def test_texture(impasto, painting, out):
    said = impasto("texture", painting, "-o", out, *TINY, "--iterations", "20")
    assert (said.code, said.err.splitlines()[-1]) == (1, last_line(out))


def test_batch_counts_it_by_itself(impasto, photo, painting, out):
    said = impasto("batch", photo, "--style", painting, "-o", out, *TINY, "--iterations", "20")
    assert (said.code, said.out.splitlines()[-1]) == (1, "0 painted, 1 diverged")
    assert said.err.splitlines()[-1] == last_line(out)


def test_compare_shows_it_and_says_so(impasto, photo, painting, out):
    flags = ("--vary", "seed=1,2", "--no-curves", *TINY, "--iterations", "20")
    said = impasto("compare", photo, painting, "-o", out, *flags)
    assert said.code == 1
    assert said.out.splitlines()[-2].startswith("0 painted, 2 diverged") or "2 diverged" in said.out
    assert out.exists()
