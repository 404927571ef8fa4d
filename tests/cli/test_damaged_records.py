"""Records edited by hand, on the command line."""

from __future__ import annotations

import json

import pytest
from tiny import TINY


@pytest.fixture
def record(impasto, photo, painting, out):
    """A record as `--record` wrote it, and the file it is in."""
    path = out.with_suffix(".json")
    assert impasto("stylize", photo, painting, "-o", out, *TINY, "--record", path).code == 0
    return json.loads(path.read_text("utf-8")), path


def test_damage_is_told_in_one_line(impasto, record, out):
    told, path = record
    path.write_text(json.dumps({**told, "content": "photo.png"}), "utf-8")
    expected = (
        "impasto: error: the run record is damaged at 'content'; give a picture or a JSON file that impasto wrote"
    )
    assert impasto("stylize", "--from", path, "-o", out.with_name("again.png")).refused() == expected
    assert impasto("inspect", path).refused() == expected


def test_a_record_without_its_pixels_hash_is_repeated(impasto, record, out):
    told, path = record
    del told["pixels_sha256"]
    path.write_text(json.dumps(told), "utf-8")
    said = impasto("stylize", "--from", path, "-o", out.with_name("again.png"))
    assert (said.code, said.out.splitlines()[-1].split(":")[0]) == (0, f"the pixels are not those of {path}")
