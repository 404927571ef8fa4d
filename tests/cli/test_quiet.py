"""What ``--quiet`` leaves: errors, and nothing else."""

from __future__ import annotations

import pytest
from tiny import TINY


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("stylize", "nowhere.png", "nowhere.png", "-o", "out.png"), "there is no file 'nowhere.png'"),
        (("stylize", "nowhere.png", "-o", "out.png"), "give the STYLE picture"),
        (("demo", "-o", "/dev/null"), "cannot make the folder '/dev/null'"),
        (("weights", "fetch", "vgg19"), "no weights are called 'vgg19'"),
    ],
)
def test_errors_are_printed(impasto, args, message):
    assert message in impasto(*args, "--quiet").refused()


def test_a_run_that_fails_on_the_way_says_so(impasto, monkeypatch, photo, painting, out):
    def fails(*_: object) -> None:
        raise RuntimeError("the network caught fire")

    monkeypatch.setattr("impasto.api.Result.save", fails)
    line = impasto("stylize", photo, painting, "-o", out, *TINY, "--quiet").refused(1)
    assert "the network caught fire" in line
