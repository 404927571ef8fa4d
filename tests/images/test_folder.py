"""The pictures of a folder, and one hash for all of them."""

from __future__ import annotations

import hashlib

import pytest

from impasto.errors import PictureError
from impasto.images.folder import digest_of, joint_digest, pictures_in


@pytest.fixture
def folder(tmp_path):
    for name in ("b.PNG", "a.jpeg", ".hidden.png", "notes.txt"):
        (tmp_path / name).write_text(name)
    (tmp_path / "more").mkdir()
    return tmp_path


def test_pictures_by_name_and_nothing_else(folder):
    assert [path.name for path in pictures_in(folder)] == ["a.jpeg", "b.PNG"]


def test_a_folder_without_pictures_is_refused(folder):
    with pytest.raises(PictureError, match=r"there is no picture in the folder .*more'; known suffixes: \.png, "):
        pictures_in(folder / "more")
    with pytest.raises(PictureError, match="cannot be read: No such file"):
        pictures_in(folder / "nowhere")


def test_one_hash_for_a_file_or_a_folder(folder):
    one, two = (hashlib.sha256(name.encode()).hexdigest() for name in ("a.jpeg", "b.PNG"))
    assert digest_of(folder / "a.jpeg") == one
    assert digest_of(folder) == joint_digest([one, two])
    (folder / "notes.txt").write_text("changed")
    assert digest_of(folder) == joint_digest([one, two])
    (folder / "b.PNG").write_text("changed")
    assert digest_of(folder) != joint_digest([one, two])
